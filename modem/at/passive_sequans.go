package at

// sequans is what only modems of Sequans may be sent.
var sequans = passive{
	questions: []asks{
		{`+SQNMONI=0 +SQNMONI=7 +SQNMONI=9`, "Sequans: reads the serving and neighbour cells"},
	},
}
