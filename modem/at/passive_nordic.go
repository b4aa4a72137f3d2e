package at

// nordic is what only modems of Nordic may be sent.
var nordic = passive{
	questions: []asks{
		{`%XMONITOR`, "Nordic: reads the serving cell"},
		{`%NCELLMEAS %NCELLMEAS=1 %NCELLMEAS=2`, "Nordic: measures the neighbour cells, without leaving the serving one"},
	},
	switches: []reporting{
		{"%CESQ=", "0 1", "Nordic: reports of signal quality"},
		{"+CNEC=", "0 8 16 24", "Nordic: reports of EMM and ESM causes (TS 27.007 9.1B)"},
		{"%MDMEV=", "0 1", "Nordic: reports of what the modem searches"},
	},
	surveys: []asks{
		{`%NCELLMEAS=3 %NCELLMEAS=4 %NCELLMEAS=5`, "Nordic: searches for cells beyond the neighbours"},
	},
}
