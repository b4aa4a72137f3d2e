package hostile

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// Scenario is a modem for the emulator that takes itself for a Quectel EG25 and prints the forms wherever it can: in what it is, in answers,
// in lines that nobody asked for, before and behind rows of cells, after escapes and control characters, in lines that do not end. It
// prints all of them within the time given in milliseconds.
func Scenario(r *rand.Rand, forms []Form, milliseconds int) string {
	var b strings.Builder
	var lines []string   // that come by themselves
	var whole [][]string // in answers, where no other line comes between those of one form
	for _, f := range forms {
		of := frame(r, f)
		if whole = append(whole, of); len(of) == 1 {
			lines = append(lines, of...)
		}
	}
	some := func(n int) (all []string) {
		for range n {
			all = append(all, whole[r.IntN(len(whole))]...)
		}
		return all
	}
	answer := func(command string, text ...string) {
		fmt.Fprintf(&b, "answer %s bytes %s\n", command, strconv.QuoteToASCII("\r\r\n"+strings.Join(text, "\r\n")+"\r\n\r\nOK\r\n"))
	}
	b.WriteString("model hostile\nanswer AT+CPIN?\n  +CPIN: READY\nanswer AT+CGMI\n  Quectel\n")
	answer("AT+CGMM", "EG25 "+oneLine(r, forms))
	answer("AT+CGMR", "EG25GGBR07A08M2G "+oneLine(r, forms))
	answer("ATI", append([]string{"Quectel", "EG25"}, some(20)...)...)
	for i, command := range []string{`AT+QENG="servingcell"`, `AT+QENG="neighbourcell"`, "AT+COPS?", "AT+QNWINFO", "AT+CSQ", "AT+QCSQ", "AT+QSPN"} {
		row := []string{`+QENG: "servingcell","NOCONN","LTE","FDD",272,03,A81A02,101,1300,3,5,5,1234,-96,-11,-65,12,30`, `+QENG: "neighbourcell intra","LTE",1300,102,-14,-99,-67,-,-,-,-,-,-`,
			`+COPS: 0,2,"27203",7`, `+QNWINFO: "FDD LTE","27203","LTE BAND 3",1300`, "+CSQ: 20,99", `+QCSQ: "LTE",-65,-96,120,-11`, `+QSPN: "X","X","",0,"27203"`}[i]
		answer(command, slices.Concat(some(4), []string{row}, some(4), []string{"\x1b[2J\x1b]0;" + oneLine(r, forms) + "\a"})...)
	}
	step := max(1, milliseconds/max(1, len(lines)/8))
	for i, line := range lines {
		if i%8 == 0 {
			fmt.Fprintf(&b, "at %dms\n", 500+i/8*step)
		}
		fmt.Fprintf(&b, "urc %s\n", line)
		switch i % 97 {
		case 13: // a line that does not end
			fmt.Fprintf(&b, "urc %s\n", strings.Repeat(oneLine(r, forms)+"; ", 9000/20))
		case 31:
			fmt.Fprintf(&b, "flood 50 +XFLOOD: %s\n", oneLine(r, forms))
		case 57:
			fmt.Fprintf(&b, "garbage %d\n", 1+r.IntN(64))
		case 79: // a row that is too long, one that is too short
			fmt.Fprintf(&b, "urc +QENG: \"servingcell\"%s,%s\nurc +CEREG: 2,\n", strings.Repeat(",1", 60), oneLine(r, forms))
		}
	}
	return b.String()
}

// frames are lines around a form, with escapes and control characters where %s has none.
var frames = []string{"%s", `+XID: "%s"`, "^ZZSIM: %s,1", "Device %s", "\a%s\b", "\x1b[31m%s\x1b[0m", `+QIND: "x","%s"`, "RDY %s"}

// frame is a form in a line; the lines of a form that has several.
func frame(r *rand.Rand, f Form) []string {
	line := f.Text
	if !f.Whole {
		line = strings.Replace(frames[r.IntN(len(frames))], "%s", line, 1)
	}
	return slices.DeleteFunc(strings.Split(line, "\r\n"), func(l string) bool { return strings.TrimSpace(l) == "" })
}

// oneLine is one of the forms that fits into a line of anything.
func oneLine(r *rand.Rand, forms []Form) string {
	for {
		if f := forms[r.IntN(len(forms))]; !f.Loose && !f.Whole && !strings.ContainsAny(f.Text, "\r\n\t") {
			return f.Text
		}
	}
}
