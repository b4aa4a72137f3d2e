package dialect

import (
	"strings"
	"testing"

	"vigie/modem/at"
)

// One reply is a serving row or a typical answer about neighbours; a round of this benchmark decodes two.
var benchRound = []Answer{
	{Command: `+QENG="servingcell"`, Final: "OK", Lines: []string{
		`+QENG: "servingcell","NOCONN","LTE","FDD",222,01,4940206,427,1350,3,5,5,BFF,-93,-11,-61,11,7,50,-`}},
	{Command: `+QENG="neighbourcell"`, Final: "OK", Lines: []string{
		`+QENG: "neighbourcell intra","LTE",1350,427,-11,-93,-61,-20,23,4,12,10,62`,
		`+QENG: "neighbourcell intra","LTE",1350,188,-12,-105,-75,-20,23,4,12,10,62`,
		`+QENG: "neighbourcell inter","LTE",1501,-,-,-,-,-,-,0,10,7`,
		`+QENG: "neighbourcell inter","LTE",3250,34,-17,-104,-78,-20,19,0,16,5`,
		`+QENG: "neighbourcell","WCDMA",10713,3,16,2,-,-,-,-`}},
}

func BenchmarkDecodeQuectel(b *testing.B) {
	d := For(Ident{Manufacturer: "Quectel", Model: "RM520N-GL"})
	b.ReportAllocs()
	for b.Loop() {
		d.Decode(benchRound)
	}
	b.ReportMetric(2*float64(b.N)/b.Elapsed().Seconds(), "replies/s")
}

func BenchmarkDecodeGeneric(b *testing.B) {
	round := []Answer{
		{Command: "+CEREG?", Final: "OK", Lines: []string{`+CEREG: 3,1,"1F00","79D903",7`}},
		{Command: "+COPS?", Final: "OK", Lines: []string{`+COPS: 0,2,"26201",7`}},
		{Command: "+CESQ", Final: "OK", Lines: []string{`+CESQ: 99,99,255,255,20,45`}},
	}
	b.ReportAllocs()
	for b.Loop() {
		generic.Decode(round)
	}
	b.ReportMetric(float64(len(round))*float64(b.N)/b.Elapsed().Seconds(), "replies/s")
}

// benchTranscript decodes what a transcript holds, answer by answer, as a session hands it over.
func benchTranscript(b *testing.B, d *Dialect, path string) {
	for _, x := range transcripts(b) {
		if x.path != "testdata/"+path {
			continue
		}
		exchanges, err := at.ReadTranscript(strings.NewReader(x.input), everything(true)...)
		if err != nil {
			b.Fatal(err)
		}
		var round []Answer
		for _, e := range exchanges {
			round = append(round, Answer{Command: e.Command, Lines: e.Lines, Final: e.Final})
		}
		b.ReportAllocs()
		for b.Loop() {
			d.Decode(round)
		}
		b.ReportMetric(float64(len(round))*float64(b.N)/b.Elapsed().Seconds(), "replies/s")
		return
	}
	b.Fatal("no transcript " + path)
}

func BenchmarkDecodeSimcom(b *testing.B) {
	benchTranscript(b, simcom, "simcom/sim7906-cpsi-cmgrmi.txtar")
}
func BenchmarkDecodeTelit(b *testing.B) { benchTranscript(b, telit, "telit/lm960-round.txtar") }
func BenchmarkDecodeSierra(b *testing.B) {
	benchTranscript(b, sierra, "sierra/em7455-aggregation.txtar")
}
func BenchmarkDecodeCinterion(b *testing.B) {
	benchTranscript(b, cinterion, "cinterion/ehs6-neighbours.txtar")
}
func BenchmarkDecodeFoxconn(b *testing.B) { benchTranscript(b, foxconn, "foxconn/t99w175.txtar") }
func BenchmarkDecodeSequans(b *testing.B) {
	benchTranscript(b, sequans, "sequans/sqnmoni-singtel.txtar")
}
