package main

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/modem/dialect"
	"vigie/words"
)

func TestAsked(t *testing.T) {
	quectel := &cell.Source{Model: "EC25", Firmware: "EC25EFAR06A01M4G"}
	for line, want := range map[string]string{
		`+QENG: "servingcell","NOCONN","LTE","FDD",272,03,2B0A104,101,1300,3,5,5,1234,-96,-11,-62,12`: `AT+QENG="servingcell"`,
		`+QENG: "neighbourcell intra","LTE",1300,102,-13,-101,-70,0,20,7,2,16,20`:                     `AT+QENG="neighbourcell"`,
		`+CEREG: 3,1,"1234","02B0A104",7`:                                                             "AT+CEREG?",
		`+CEREG: 1,"1234","02B0A104",7`:                                                               "", // unasked
		`RING`:                                                                                        "",
		`+UNKNOWN: 1`:                                                                                 "",
		``:                                                                                            "",
	} {
		command, why := asked(quectel, line)
		require.Equal(t, want, command, line)
		require.Equal(t, want != "", why != "", line)
	}
	command, _ := asked(nil, `+CEREG: 3,1`)
	require.Empty(t, command)
}

// No entry of the catalogue is left over; that none is missing is a test of modem/dialect.
func TestAskedInFrench(t *testing.T) {
	printed := map[string]bool{}
	for _, d := range dialect.All() {
		for _, c := range slices.Concat(d.Serving, d.Around, d.Position, dialect.Once, d.Surveys) {
			printed[c.Why] = true
		}
	}
	for _, why := range words.Keys("modem") {
		require.True(t, printed[why], "words/modem.json has %q, which no command is asked for", why)
	}
	_, ok := inLanguage("fr", "the network detached the modem.")
	require.True(t, ok)
}
