// Package at talks to a modem in AT commands, and to nobody else.
//
// A dialect declares the commands that it needs as values (command.go). They are gathered in one List, which checks each
// of them again, without believing the dialect, against a fence of what is passive (list.go, fence.go, passive*.go). A
// Session owns a port and writes what is on its List, one command at a time, each with a deadline (session.go,
// exchange.go). What the modem prints becomes lines (lexer.go), loses whatever tells who the subscriber or the device is
// (redact.go, scrub.go), and is handed to the command that asked or to whoever takes unsolicited lines. Fields splits a
// line at its commas (fields.go); ReadTranscript splits recorded text into commands and answers (transcript.go).
//
// The package refuses to send what is not on the List, whoever asks: no call, no message, no change of network, band,
// radio, SIM, memory or USB configuration, no question for an identity. It refuses to let a line out before it is
// redacted, to guess the place of a line, and to make a whole line of a cut one. It knows no modem family beyond the tables
// of passive*.go and fence.go, opens no device, starts no program and never asks the time of day.
package at
