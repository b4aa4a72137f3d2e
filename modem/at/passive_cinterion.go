package at

// cinterion is what only modems of Cinterion may be sent.
var cinterion = passive{
	questions: []asks{
		{`^SMONI`, "Cinterion: reads the serving cell"},
		{`^SMONP`, "Cinterion: reads the neighbour cells"},
		{`^MONI`, "Cinterion: reads the serving cell (2G modules)"},
		{`^SMONC`, "Cinterion: reads the serving and neighbour cells (2G modules)"},
	},
}
