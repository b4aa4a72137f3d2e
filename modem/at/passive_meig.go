package at

// meig is what only modems of MeiG may be sent.
var meig = passive{
	questions: []asks{
		{`+CELLINFO +CELLINFO=3 +SGCELLINFO +SGCELLINFOEX +PSRAT`, "MeiG: reads the cells"},
	},
}
