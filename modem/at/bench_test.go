package at

import (
	"strings"
	"testing"
)

// reply is what a modem prints for the serving cell and its neighbours.
const reply = "AT+QENG=\"servingcell\"\r\r\n" +
	"+QENG: \"servingcell\",\"NOCONN\",\"LTE\",\"FDD\",222,01,4940206,427,1350,3,5,5,BFF,-93,-11,-61,11,7,50,-\r\n\r\nOK\r\n" +
	"AT+QENG=\"neighbourcell\"\r\r\n" +
	"+QENG: \"neighbourcell intra\",\"LTE\",275,280,-14,-99,-67,-,-,-,-,-,-\r\n" +
	"+QENG: \"neighbourcell intra\",\"LTE\",275,34,-20,-105,-76,-,-,-,-,-,-\r\n" +
	"+QENG: \"neighbourcell inter\",\"LTE\",1350,240,-18,-95,-68,-,-,-,-,-\r\n" +
	"+QENG: \"neighbourcell inter\",\"LTE\",1350,427,-14,-94,-69,-,-,-,-,-\r\n\r\nOK\r\n"

// BenchmarkFields splits the fields of a serving cell and four neighbours.
func BenchmarkFields(b *testing.B) {
	lines := strings.FieldsFunc(reply, func(r rune) bool { return r == '\r' || r == '\n' })
	room := make([]string, 0, 32)
	b.ReportAllocs()
	b.SetBytes(int64(len(reply)))
	for b.Loop() {
		for _, line := range lines {
			_, room = Fields(room[:0], line)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "replies/s")
}

// BenchmarkLexer makes lines of the same bytes and classifies them.
func BenchmarkLexer(b *testing.B) {
	var x lexer
	known := func(p string) bool { return p == "+QENG" }
	b.ReportAllocs()
	b.SetBytes(int64(len(reply)))
	for b.Loop() {
		x.feed([]byte(reply), func(line string) {
			split(line, known, func(piece string) { classify(piece, &serving) })
		})
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "replies/s")
}

// BenchmarkScrub looks for identities in them and finds none.
func BenchmarkScrub(b *testing.B) {
	lines := strings.FieldsFunc(reply, func(r rune) bool { return r == '\r' || r == '\n' })
	b.ReportAllocs()
	b.SetBytes(int64(len(reply)))
	for b.Loop() {
		for _, line := range lines {
			if _, n := Scrub(line); n != 0 {
				b.Fatal(line)
			}
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "replies/s")
}

// BenchmarkReadTranscript splits recorded text.
func BenchmarkReadTranscript(b *testing.B) {
	const replies = 1000
	text := strings.Repeat(reply, replies)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if got, err := ReadTranscript(strings.NewReader(text)); err != nil || len(got) != 2*replies {
			b.Fatal(len(got), err)
		}
	}
	b.ReportMetric(replies*float64(b.N)/b.Elapsed().Seconds(), "replies/s")
}

// BenchmarkDo asks a modem that answers at once, through all goroutines of a session.
func BenchmarkDo(b *testing.B) {
	m := newFakeModem(scripted(map[string]string{serving.Text: saRow + "\r\n\r\nOK\r\n"}))
	m.echo = "\r\r\n"
	s := NewSession(m, testList(b), Options{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Do(b.Context(), serving); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
