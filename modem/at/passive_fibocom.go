package at

// fibocom is what only modems of Fibocom may be sent.
var fibocom = passive{
	questions: []asks{
		{`+XMCI=0 +XMCI=1`, "Fibocom L8xx: reads the cells"},
	},
}
