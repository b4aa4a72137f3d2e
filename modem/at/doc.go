// Package at speaks AT commands with a modem.
//
// A dialect declares the commands that it needs as values (command.go). A List collects them, and checks each against a fence
// that does not trust the dialect and admits only what is passive (list.go, fence.go, passive*.go). A Session owns a port and
// writes what is on its List, one command at a time, each with a deadline (session.go, exchange.go). It splits what the modem
// prints into lines (lexer.go), strips identities of the subscriber and of the device (redact.go, scrub.go), and attributes
// each line to the pending command or to the unsolicited lines. Fields splits a line at its commas (fields.go); ReadTranscript
// splits recorded text into commands and answers (transcript.go).
//
// The package refuses to send what is not on the List: no call, no message, no change of network, band, radio, SIM, memory or
// USB configuration, no query for an identity. It refuses to return a line that is not redacted, to attribute a line by its
// position, and to complete a line that was cut off. It knows no modem family beyond the tables of passive*.go and fence.go,
// opens no device, starts no program and never asks the time of day.
package at
