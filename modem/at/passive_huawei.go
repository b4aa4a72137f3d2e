package at

// huawei is what only modems of Huawei may be sent.
var huawei = passive{
	questions: []asks{
		{`^MONSC ^MONSSC ^CSERSSI`, "Huawei: reads the serving cells"},
		{`^MONNC`, "Huawei: reads the neighbour cells"},
		{`^SYSINFO ^SYSINFOEX`, "Huawei, ZTE: reads the service state"},
	},
	switches: []reporting{
		{"^CURC=", "0 1", "Huawei: whether unsolicited lines are printed"},
	},
}
