package air

import (
	"testing"

	"vigie/air/uper"
	"vigie/cell"
)

// mix is how often each message occurs in an hour of real logs, about.
var mix = []struct {
	of    string
	times int
}{{"paging", 60}, {"measurement", 8}, {"handover", 2}, {"reconfiguration", 18}, {"SIB1", 13}, {"SIB5 to SIB7", 10}, {"SIB3 and SIB4", 6}, {"request", 6}, {"security", 6}, {"release to 3G", 6}}

// BenchmarkDecodeRRC reads one message of the mix.
func BenchmarkDecodeRRC(b *testing.B) {
	type message struct {
		channel string
		payload []byte
	}
	var all []message
	bytes := 0
	for _, m := range mix {
		c := rrcCases[m.of]
		payload := encoded(b, c.message)
		for range m.times {
			all = append(all, message{c.message.Channel, payload})
			bytes += len(payload)
		}
	}
	for name, tree := range map[string]bool{"fields": false, "tree": true} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(bytes / len(all)))
			i := 0
			for b.Loop() {
				m := cell.Message{Channel: all[i].channel}
				if err := DecodeRRC(&m, all[i].payload, tree); err != nil {
					b.Fatal(err)
				}
				i = (i + 1) % len(all)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
		})
	}
}

// BenchmarkRRCTable is what the first RRC message costs more than the others.
func BenchmarkRRCTable(b *testing.B) {
	for b.Loop() {
		s, err := uper.Parse(rrcTable)
		if err != nil {
			b.Fatal(err)
		}
		s.Mark(secretRRC)
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N), "ms/start")
}
