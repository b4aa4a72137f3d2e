package at

// telit is what only modems of Telit may be sent.
var telit = passive{
	questions: []asks{
		{`#RFSTS #SERVINFO`, "Telit: reads the serving cell"},
		{`#MONI`, "Telit: reads the cells that #MONI=n chose"},
		{`#CEERNET`, "Telit: reads the last cause that the network gave"},
	},
	switches: []reporting{
		{"#MONI=", "0 1 2 3 4 5 6 7", "Telit: which cells #MONI prints"},
	},
	surveys: []asks{
		{`#CSURV #CSURVC`, "Telit: scans for cells"},
	},
}
