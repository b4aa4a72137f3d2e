package at

// zte is what only modems of ZTE may be sent.
var zte = passive{
	questions: []asks{
		{`+ZRSSI +ZSINR`, "ZTE: reads the levels of the serving cell"},
	},
}
