package at

// sierra is what only modems of Sierra Wireless may be sent.
var sierra = passive{
	questions: []asks{
		{`+KCELL=0`, "Sierra HL: reads the serving and neighbour cells"},
	},
}
