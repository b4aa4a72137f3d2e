// Package emulator is a modem on a pseudo-terminal, or on a line in memory. It answers AT commands from recorded transcripts and from scenario
// files, and misbehaves as scenarios say: silence, garbage, slow and broken-up answers, lost characters, floods of
// unsolicited lines, unplugging and coming back under another name. Tests use it to show that nothing is lost and
// that nothing but the listed commands is ever written; `vigie demo` uses it to show Vigie without a modem.
//
// It knows nothing of radio: everything that it prints is in the scenario. It records what it received and printed.
//
// # Scenario files
//
// A scenario is text, one directive per line. Directives before the first "at" hold from the start; those after an "at" take
// effect at that time. Lines indented by blanks belong to the answer above them. Lines that begin with # are comments.
// (The text on the right below explains the directive, and is not part of it.)
//
//	model EC25                      what it is, for people
//	echo off                        does not echo commands (it does otherwise)
//	echo-end "\r\n"                 what it prints after an echo; "\r\r\n" otherwise, as Qualcomm's firmware does
//
//	answer AT+QENG="servingcell"    how it answers a command from now on: the lines, then the final result
//	  +QENG: "servingcell","NOCONN","LTE","FDD",272,03,A81A02,101,1300,3,5,5,1234,-96,-11,-65,12,30
//	  OK                            (left out, it is OK)
//	answer AT+COPS? when +COPS=3,2  the answer while a setting has that value
//	  +COPS: 0,2,"27203",7
//	answer AT+GMR bytes "\r\r\nEC25EFAR06A06M4G\r\n\r\nOK\r\n"   exactly these bytes after the echo
//	transcript quectel/eg25.txt     the answers recorded in a file, byte for byte; see Transcript
//
//	setting +CSCON 0 of 0 1         a reporting switch, its value and the values it takes: AT+CSCON=1
//	register +CEREG 1,"04D2","0A81A02",7    what AT+CEREG? says after n, in the shape that n asks for;
//	register +CEREG 3,"04D2","0A81A02",7 cause 0,15    a change is also told unsolicited where n asks for that
//
//	at 90s                          scenario time, counted from the start
//	note the attack begins          told to Options.Note
//	urc +QIND: "csq",20,99          an unsolicited line
//	flood 500 +QIND: "csq",20,99    many of them at once
//	delay 300ms                     how long it takes over every answer from now on
//	chunk 7 2ms                     answers come in pieces of 7 bytes, 2 ms apart; "chunk 0" ends that
//	lose 200                        one character in 200 is lost, on the average; "lose 0" ends that
//	corrupt 10                      one character in 10 is another one; "corrupt 0" ends that
//	garbage 64                      64 random bytes
//	silence 30s                     hears and says nothing for so long
//	unplug 5s                       is pulled out, and back after so long
//
// In the lines of an answer {+CSCON} is replaced by the value of a setting, and {n} by how often the command was answered
// before. Recorded bytes begin with the end of the echo; with "echo off" it is replaced by CR LF. A command without an answer
// gets ERROR. The times of "at", "silence" and "unplug" run Options.Speed times faster than the clock; those of "delay" and
// "chunk" do not, because the collector that waits for them has real timeouts.
package emulator
