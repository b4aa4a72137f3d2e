package at

// unisoc is what only modems of Unisoc and ASR may be sent.
var unisoc = passive{
	questions: []asks{
		{`+CCED=0,1 +CCED=0,2`, "Unisoc: reads the serving and neighbour cells"},
	},
	switches: []reporting{
		{"+EEMOPT=", "0 1", "Unisoc: whether +EEMGINFO? prints cells"},
	},
}
