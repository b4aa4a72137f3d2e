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

// FuzzRegistration reads a registration line of any domain, asked for or not. Who owns the line and who reads it agree.
func FuzzRegistration(f *testing.F) {
	names := []string{"+CREG", "+CGREG", "+CEREG", "+C5GREG"}
	for _, s := range []string{`2,1,"2B2A","1F2D3D",7`, `1,84CD,00D30173`, `2,0,00,0`, `1, 2, 0002, 00000110, 7`, `3,,,,0,15`, `2,1,000B,2816, B, C2816`,
		`5,"FFFE"`, `2,1, 1F00, 20 ,79D903 ,7`, `2,"7725","0138E000",7,0,0,"11100000","11100000"`, `“2”,1`, `2,5,\"2A1B\",6`} {
		f.Add(uint8(0), s)
		f.Add(uint8(7), s)
	}
	f.Fuzz(func(t *testing.T, what uint8, columns string) {
		name := names[what%4]
		line, command := name+": "+columns, ""
		if what&4 != 0 {
			command = name + "?"
		}
		x := generic.Decode([]Answer{{Command: command, Lines: []string{line}}})
		sane(t, &x.Observation)
		n, reply := registrationReply(line)
		if reply != ownsRegistration(line) || reply && (len(n) != 1 || n > "5") {
			t.Fatalf("%q: a reply with n %q", line, n)
		}
	})
}
