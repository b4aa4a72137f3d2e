package at

// quectel is what only modems of Quectel may be sent.
var quectel = passive{
	questions: []asks{
		{`+QENG="servingcell"`, "Quectel: reads the serving cell"},
		{`+QENG="neighbourcell"`, "Quectel: reads the neighbour cells"},
		{`+QENG=0`, "Quectel, NB-IoT modules: reads the serving cell"},
		{`+QENG=1`, "Quectel, NB-IoT modules: reads the neighbour cells"},
		{`+NUESTATS +NUESTATS=CELL`, "Quectel, NB-IoT modules: reads the cells"},
		{`+QNWCFG="nr5g_meas_info"`, "Quectel: reads the NR cells measured"},
		{`+QNWINFO`, "Quectel: reads the network, band and channel"},
		{`+QCAINFO`, "Quectel: reads the carriers in use"},
		{`+QSPN`, "Quectel: reads the operator's name and PLMN"},
		{`+QCSQ`, "Quectel: reads the signal quality of the RAT in use"},
		{`+QRSRP +QRSRQ +QSINR`, "Quectel: reads a level at each antenna"},
		{`+QNWPREFCFG="mode_pref" +QNWPREFCFG="nr5g_disable_mode"`, "Quectel: reads which RATs the modem may use"},
		{`+QCFG="nwscanmode" +QCFG="servicedomain"`, "Quectel: reads which RATs and domains the modem may use"},
		{`+QGPSLOC=0 +QGPSLOC=1 +QGPSLOC=2`, "Quectel: reads the position where GNSS is already on"},
	},
	switches: []reporting{
		{`+QNWCFG="nr5g_meas_info",`, "0 1", "Quectel: whether the NR cells measured are printed"},
		{"+QENG=", "0,0 0,1 1,0 1,1", "Quectel, GSM modules: which cells +QENG? prints"},
	},
	surveys: []asks{
		{`+QSCAN=1 +QSCAN=2 +QSCAN=3 +QSCAN=1,1 +QSCAN=2,1 +QSCAN=3,1`, "Quectel: scans for LTE and NR cells"},
		{`+QOPS`, "Quectel: scans for cells, by operator"},
	},
}
