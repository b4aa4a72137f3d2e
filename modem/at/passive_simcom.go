package at

// simcom is what only modems of SIMCom may be sent.
var simcom = passive{
	questions: []asks{
		{`+CCINFO`, "SIMCom: reads the serving and neighbour cells (SIM5320)"},
		{`+CMGRMI=4`, "SIMCom: reads the LTE cells in detail (SIM7600, SIM7906)"},
		{`+CGPSINFO +CGNSINF +CGNSSINFO`, "SIMCom: reads the position where GNSS is already on"},
	},
	switches: []reporting{
		{"+CENG=", "0 1 2 3 0,0 0,1 1,0 1,1 2,0 2,1 3,0 3,1", "SIMCom: which cells +CENG? prints"},
		{"+CNSMOD=", "0 1", "SIMCom: reports of the RAT in use"},
		{"+CNETCI=", "0 1", "SIMCom: reports of the cells heard"},
	},
	surveys: []asks{
		{`+CNETSCAN`, "SIMCom: scans for GSM cells"},
	},
}
