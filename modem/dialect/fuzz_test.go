package dialect

import (
	"strings"
	"testing"
)

func FuzzGeneric(f *testing.F) { fuzz(f, generic) }
func FuzzQuectel(f *testing.F) { fuzz(f, quectel) }
func FuzzSimcom(f *testing.F)  { fuzz(f, simcom) }
func FuzzTelit(f *testing.F)   { fuzz(f, telit) }
func FuzzSierra(f *testing.F)  { fuzz(f, sierra) }
func FuzzFoxconn(f *testing.F) { fuzz(f, foxconn) }
func FuzzSequans(f *testing.F) { fuzz(f, sequans) }

func FuzzCinterion(f *testing.F) { fuzz(f, cinterion) }

// fuzz feeds lines to one dialect as an answer to any of its commands, as unsolicited lines, and with the last line cut.
func fuzz(f *testing.F, d *Dialect) {
	cmds := []string{""}
	for _, c := range everything(true) {
		cmds = append(cmds, c.Text)
	}
	for _, x := range transcripts(f) {
		f.Add(uint8(0), false, x.input)
		for line := range strings.Lines(x.input) {
			f.Add(uint8(1), true, strings.TrimRight(line, "\r\n"))
		}
	}
	f.Fuzz(func(t *testing.T, command uint8, cut bool, text string) {
		a := Answer{Command: cmds[int(command)%len(cmds)], Lines: strings.Split(text, "\n"), Final: "OK", cut: cut}
		x := d.Decode([]Answer{a})
		sane(t, &x.Observation)
		for i := range x.Sweep {
			sane(t, &x.Sweep[i])
		}
		rows := strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune("+^#!% ", c) }) // glued rows, words of tables
		if len(x.Rejects) > len(a.Lines)+len(rows) {
			t.Fatalf("%d rejects for %d lines", len(x.Rejects), len(a.Lines))
		}
	})
}
