package at

// ublox is what only modems of u-blox may be sent.
var ublox = passive{
	switches: []reporting{
		{"+UCGED=", "0 2 3 5", "u-blox: which cells +UCGED? prints"},
		{"+UCELLINFO=", "0 1", "u-blox: reports of the cells heard"},
		{"+UREG=", "0 1", "u-blox: reports of the RAT in use"},
	},
}
