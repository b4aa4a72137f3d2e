package influx_test

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	protocol "github.com/influxdata/line-protocol"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
	"vigie/storage/influx"
	"vigie/storage/storagetest"
)

func lines(o influx.Options, entries ...storage.Entry) []string {
	o.FullRate = true
	return influx.Lines(o, entries)
}

func TestPoints(t *testing.T) {
	at := time.Date(2026, 11, 23, 20, 0, 0, 123456789, time.UTC)
	for _, c := range []struct {
		name  string
		entry storage.Entry
		want  []string
	}{
		{"a round of asking", storage.Entry{Seq: 1234567, Record: &cell.Observation{Time: at, Sensor: "roof 1", State: cell.Idle,
			Serving: &cell.Cell{RAT: cell.LTE, MCC: "272", MNC: "3", Area: cell.Some(cell.Area(4660)), ID: cell.Some(uint64(11016962)), PCI: cell.Some(uint16(101)),
				Band: cell.Some(cell.Band(3)), RSRP: cell.Some(cell.DBm(-96)), SINR: cell.Some(cell.DB(12.5))},
			Neighbours:   []cell.Cell{{RAT: cell.LTE, PCI: cell.Some(uint16(44)), RSRP: cell.Some(cell.DBm(-101))}, {RAT: cell.GSM, RSSI: cell.Some(cell.DBm(-88)), Priority: cell.Some(uint8(0))}},
			Secondary:    []cell.Cell{{RAT: cell.NR, PCI: cell.Some(uint16(940)), Band: cell.Some(cell.Band(78))}},
			Registration: []cell.Registration{{Domain: cell.EPS, Status: cell.Some(uint8(3)), CauseType: cell.Some(uint8(0)), Cause: cell.Some(uint16(15))}},
			Position:     &cell.Position{Lat: 51.9, Lon: -8.4}, Raw: []string{"+QENG: ..."},
		}}, []string{
			`serving,band=3,plmn=272-03,rat=LTE,sensor=roof\ 1 state="idle",generation=4i,mcc="272",mnc="3",area=4660i,cell_id=11016962i,pci=101i,level=-96,rsrp=-96,sinr=12.5,neighbours=2i 1795464000123234567`,
			`neighbour,rat=LTE,role=neighbour,row=0,sensor=roof\ 1 pci=44i,level=-101,rsrp=-101 1795464000123234567`,
			`neighbour,rat=GSM,role=neighbour,row=1,sensor=roof\ 1 level=-88,rssi=-88,priority=0i 1795464000123234567`,
			`neighbour,band=78,rat=NR,role=secondary,row=0,sensor=roof\ 1 pci=940i 1795464000123234567`,
			`registration,domain=eps,sensor=roof\ 1 status=3i,registered=false,cause_type=0i,cause=15i 1795464000123234567`,
		}},
		{"no service", storage.Entry{Seq: 7, Record: &cell.Observation{Time: at, Sensor: "a", State: cell.NoService}}, []string{`serving,sensor=a state="no_service" 1795464000123000007`}},
		{"neighbours asked, and none", storage.Entry{Seq: 7, Record: &cell.Observation{Time: at, Neighbours: []cell.Cell{}}}, []string{`serving neighbours=0i 1795464000123000007`}},
		{"nothing but raw lines", storage.Entry{Seq: 7, Record: &cell.Observation{Time: at, Raw: []string{"x"}}}, nil},
		{"a row of a sweep", storage.Entry{Seq: 7, Record: &cell.Observation{Time: at, Survey: true, Serving: &cell.Cell{RAT: cell.GSM, ARFCN: cell.Some(uint32(62))}}},
			[]string{`neighbour,rat=GSM,role=survey,row=0 arfcn=62i 1795464000123000007`}},
		{"a network and a band that do not exist are no tags", storage.Entry{Seq: 7, Record: &cell.Observation{Time: at, Serving: &cell.Cell{RAT: cell.LTE, MCC: "001", MNC: `01\`, Band: cell.Some(cell.Band(4711))}}},
			[]string{`serving,rat=LTE generation=4i,mcc="001",mnc="01\\" 1795464000123000007`}},
		{"numbers that no server takes", storage.Entry{Seq: 7, Record: &cell.Observation{Time: at, Serving: &cell.Cell{RAT: cell.LTE, ID: cell.Some(uint64(math.MaxUint64)), RSRP: cell.Some(cell.DBm(math.NaN())), SINR: cell.Some(cell.DB(math.Inf(1))), TA: cell.Some(uint16(0))}}},
			[]string{`serving,rat=LTE generation=4i,ta=0i 1795464000123000007`}},
		{"one domain twice", storage.Entry{Seq: 7, Record: &cell.Observation{Time: at, Registration: []cell.Registration{{Domain: "x", Status: cell.Some(uint8(1))}, {Domain: "y", Status: cell.Some(uint8(2))}}}},
			[]string{`registration,domain=other status=1i,registered=true 1795464000123000007`, `registration,domain=other status=2i,registered=false 1795464000124000007`}},
		{"health", storage.Entry{Seq: 7, Record: &cell.Health{Time: at, Sensor: "a", Reason: "decode_reject", Detail: "a \"strange\"\nline \u202e", Count: 3}},
			[]string{`health,sensor=a reason="decode_reject",detail="a \"strange\"line ",count=3i 1795464000123000007`}},
		{"clock", storage.Entry{Seq: 7, Record: &cell.Clock{Time: at, Sensor: "a", Offset: 1500 * time.Millisecond}}, []string{`health,sensor=a reason="clock",offset_s=1.5 1795464000123000007`}},
		{"message", storage.Entry{Seq: 7, Record: &cell.Message{Time: at, Sensor: "a", RAT: cell.LTE, Layer: cell.NAS, Channel: "EMM", Direction: cell.Down, Name: "identity-request", Count: 2,
			Payload: []byte{7, 0x55, 1}, Fields: cell.MessageFields{Security: cell.Some(0), IdentityType: cell.Some(1)}}},
			[]string{`message,layer=nas,sensor=a name="identity-request",channel="EMM",direction="down",count=2i,fields="{\"security\":0,\"identity\":1}" 1795464000123000007`}},
		{"broadcast", storage.Entry{Seq: 7, Record: &cell.Broadcast{Time: at, Sensor: "a", RAT: cell.LTE, ARFCN: cell.Some(uint32(1300)), PCI: cell.Some(uint16(101)), PLMNs: []string{"001-01", "001-02"},
			Area: cell.Some(cell.Area(1)), CellID: cell.Some(uint64(2)), Barred: cell.Some(false), SICount: cell.Some(1), Priority: cell.Some(uint8(5)), Carriers: []cell.Carrier{}, Neighbours: []int{3}, Changed: []string{"area", "barred"}}},
			[]string{`broadcast,rat=LTE,sensor=a plmns="001-01 001-02",area=1i,cell_id=2i,pci=101i,arfcn=1300i,barred=false,si_count=1i,serving_priority=5i,carriers=0i,neighbours=1i,changed="area barred" 1795464000123000007`}},
		{"a source is told in no point", storage.Entry{Seq: 7, Record: &cell.Source{Sensor: "a"}}, nil},
	} {
		require.Equal(t, c.want, append([]string(nil), lines(influx.Options{}, c.entry)...), c.name)
	}
	l := lines(influx.Options{Positions: true}, storage.Entry{Seq: 1, Record: &cell.Observation{Time: at, State: cell.Idle, Position: &cell.Position{Lat: 51.9, Lon: -8.4, Speed: cell.Some(0.5)}}})
	require.Equal(t, []string{`serving state="idle",lat=51.9,lon=-8.4,speed_mps=0.5 1795464000123000001`}, l)
}

// A gap and an event are one point from first to last: a later form is written over an earlier one.
func TestPointsOfWhatGrows(t *testing.T) {
	key := func(l string) string {
		series, rest := cutUnescaped(l)
		return series + rest[strings.LastIndexByte(rest, ' '):]
	}
	g := &cell.Gap{Time: storagetest.Start, Sensor: "a", Reason: "unplugged"}
	ended := *g
	ended.Until = g.Time.Add(90 * time.Second)
	open, closed := lines(influx.Options{}, storage.Entry{Seq: 5, Record: g}), lines(influx.Options{}, storage.Entry{Seq: 9, Record: &ended})
	require.Equal(t, key(open[0]), key(closed[0]))
	require.Contains(t, open[0], `open=true`)
	require.Contains(t, closed[0], `open=false,until="2026-11-23T20:01:30Z",duration_s=90`)

	e := storagetest.Events(1)[0]
	first := lines(influx.Options{}, storage.Entry{Seq: 5, Event: &e})
	grown := e
	grown.Severity, grown.State, grown.Last, grown.Opened = analyzer.High, analyzer.Closed, e.Last.Add(time.Hour), e.Opened.Add(time.Minute)
	grown.Findings = append([]analyzer.Finding{{Rule: "earlier", First: e.First}}, e.Findings...)
	last := lines(influx.Options{}, storage.Entry{Seq: 900, Event: &grown})
	var keys []string
	for _, l := range last {
		keys = append(keys, key(l))
	}
	for _, l := range first {
		require.Contains(t, keys, key(l))
	}
	require.Len(t, last, len(first)+1)
}

// What happens in one tick of one sensor stays apart.
func TestTieBreaker(t *testing.T) {
	at := storagetest.Start
	var entries []storage.Entry
	for i := range int64(5000) {
		entries = append(entries, storage.Entry{Seq: 1 + i, Record: &cell.Observation{Time: at.Add(time.Duration(i % 7)), Sensor: "a", State: cell.Idle, Serving: &cell.Cell{RAT: cell.LTE, PCI: cell.Some(uint16(i % 500))}}})
	}
	entries = append(entries, storage.Entry{Seq: 6000, Record: &cell.Observation{Time: at, Sensor: "a", Neighbours: make([]cell.Cell, 100)}})
	for i := range entries[5000].Record.(*cell.Observation).Neighbours {
		entries[5000].Record.(*cell.Observation).Neighbours[i] = cell.Cell{RAT: cell.LTE, PCI: cell.Some(uint16(i))}
	}
	evs := storagetest.Events(200)
	for i := range evs {
		evs[i].First = at
		for k := range evs[i].Findings {
			evs[i].Findings[k].First = at
		}
		entries = append(entries, storage.Entry{Seq: int64(7000 + i), Event: &evs[i]})
	}
	seen := map[string]bool{}
	all := lines(influx.Options{}, entries...)
	for _, l := range all {
		series, rest := cutUnescaped(l)
		seen[series+rest[strings.LastIndexByte(rest, ' '):]] = true
	}
	require.Len(t, seen, len(all))
	require.Len(t, all, 5000+1+100+200*3)
}

// Whatever a record holds, each point is one line that a parser of the protocol reads as we meant it: explicit time, tags
// from a closed set, finite numbers.
func TestPointsAreHygienic(t *testing.T) {
	closed := map[string]*regexp.Regexp{
		"band": regexp.MustCompile(`^[1-9]\d{0,3}$`), "rat": regexp.MustCompile(`^(GSM|UMTS|LTE|NR)$`), "plmn": regexp.MustCompile(`^\d{3}-\d{2,3}$`),
		"role": regexp.MustCompile(`^(neighbour|secondary|survey)$`), "row": regexp.MustCompile(`^([12]?\d|3[01])$`), "domain": regexp.MustCompile(`^(cs|ps|eps|5gs|other)$`),
		"layer":  regexp.MustCompile(`^(rrc|nas)$`),
		"sensor": regexp.MustCompile(`^[^\\\x00-\x1f]*$`), "rule": regexp.MustCompile(`^[^\\\x00-\x1f]*$`),
	}
	check := func(t *rapid.T, all []string) {
		for _, l := range all {
			require.NotContains(t, l, "\n")
			metrics, err := protocol.NewParser(protocol.NewMetricHandler()).Parse([]byte(l))
			require.NoError(t, err, l)
			require.Len(t, metrics, 1, l)
			m := metrics[0]
			require.NotEmpty(t, m.FieldList())
			require.Equal(t, l[strings.LastIndexByte(l, ' ')+1:], strconv.FormatInt(m.Time().UnixNano(), 10))
			for _, tag := range m.TagList() {
				require.Contains(t, closed, tag.Key)
				require.Regexp(t, closed[tag.Key], tag.Value)
			}
			for _, f := range m.FieldList() {
				switch v := f.Value.(type) {
				case float64:
					require.False(t, math.IsNaN(v) || math.IsInf(v, 0))
				case string:
					require.NotEmpty(t, v)
				}
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		o := influx.Options{Positions: rapid.Bool().Draw(t, "positions")}
		check(t, lines(o, storage.Entry{Seq: rapid.Int64().Draw(t, "seq"), Record: storagetest.Record().Draw(t, "record")}))
		e := storagetest.Event().Draw(t, "event")
		check(t, lines(o, storage.Entry{Seq: 1, Event: &e}))
	})
}

// The event is read back whole from its field json, whatever its texts hold.
func TestEventIsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := storagetest.Event().Draw(t, "event")
		for _, text := range []*string{&e.ID, &e.Summary} { // JSON cannot hold what is not UTF-8
			*text = strings.ToValidUTF8(*text, "\uFFFD")
		}
		for _, l := range lines(influx.Options{}, storage.Entry{Seq: 1, Event: &e}) {
			if !strings.HasPrefix(l, "event") || math.IsInf(e.Score, 0) {
				continue
			}
			metrics, err := protocol.NewParser(protocol.NewMetricHandler()).Parse([]byte(l))
			require.NoError(t, err)
			for _, f := range metrics[0].FieldList() {
				if f.Key == "json" {
					back, err := storage.EventFromJSON(f.Value.(string))
					require.NoError(t, err)
					require.Equal(t, e.ID, back.ID)
					require.Equal(t, e.Summary, back.Summary)
					require.Equal(t, len(e.Findings), len(back.Findings))
					require.Equal(t, len(e.Cells), len(back.Cells))
				}
			}
		}
	})
}

func TestKnownPLMN(t *testing.T) {
	for printed, want := range map[cell.PLMN]string{
		{MCC: "272", MNC: "03"}: "272-03", {MCC: "272", MNC: "3"}: "272-03", {MCC: "310", MNC: "260"}: "310-260", {MCC: "310", MNC: "26"}: "310-026",
		{MCC: "208", MNC: "01"}: "208-01", {MCC: "404", MNC: "10"}: "404-10",
		{MCC: "001", MNC: "01"}: "", {MCC: "1", MNC: "1"}: "", {MCC: "999", MNC: "99"}: "", {MCC: "272", MNC: "99"}: "", {MCC: "272"}: "", {}: "", {MCC: "272", MNC: "03\\"}: "",
	} {
		require.Equal(t, want, influx.KnownPLMN(printed), "%q", printed)
	}
}

// By default what changes is sent, and one sample a minute of what does not; events always.
func TestSamples(t *testing.T) {
	at := storagetest.Start
	var entries []storage.Entry
	put := func(r cell.Record) { entries = append(entries, storage.Entry{Seq: int64(len(entries) + 1), Record: r}) }
	for i := range 300 { // five minutes; a change of cell in the third
		pci := uint16(1)
		if i >= 130 && i < 140 {
			pci = 2
		}
		o := &cell.Observation{Time: at.Add(time.Duration(i) * time.Second), Sensor: "a", State: cell.Idle, Serving: &cell.Cell{RAT: cell.LTE, PCI: cell.Some(pci), RSRP: cell.Some(cell.DBm(-90 - i%20))}}
		if i%5 == 2 {
			o.Neighbours = []cell.Cell{{RAT: cell.LTE, PCI: cell.Some(uint16(9))}}
		}
		put(o)
		if i == 200 || i == 201 || i == 210 {
			put(&cell.Observation{Time: o.Time, Sensor: "a", Registration: []cell.Registration{{Domain: cell.EPS, Status: cell.Some(uint8(1 + i/205))}}})
		}
	}
	e := storagetest.Events(1)[0]
	entries = append(entries, storage.Entry{Seq: 999, Event: &e})
	count := map[string]int{}
	for _, l := range influx.Lines(influx.Options{}, entries) {
		count[strings.SplitN(l, ",", 2)[0]]++
	}
	require.Equal(t, map[string]int{
		"serving":      5 + 5 + 2, // the minutes, those with neighbours, there and back
		"neighbour":    5,
		"registration": 2, // first and changed
		"event":        1, "finding": 2,
	}, count)
}

// docs/influxdb.md names every measurement, tag and field, with its type, and none that is not there.
func TestSchemaIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/influxdb.md")
	require.NoError(t, err)
	documented := map[string]string{} // "measurement name" -> type
	measurement := ""
	row := regexp.MustCompile("^\\| `([a-z_]+)` \\| (tag|integer|float|text|boolean) \\|")
	for _, l := range strings.Split(string(text), "\n") {
		if name, ok := strings.CutPrefix(l, "### `"); ok {
			measurement = strings.TrimSuffix(name, "`")
		}
		if m := row.FindStringSubmatch(l); m != nil {
			documented[measurement+" "+m[1]] = m[2]
		}
	}
	found := map[string]string{}
	see := func(all []string) {
		for _, l := range all {
			metrics, err := protocol.NewParser(protocol.NewMetricHandler()).Parse([]byte(l))
			require.NoError(t, err)
			for _, tag := range metrics[0].TagList() {
				found[metrics[0].Name()+" "+tag.Key] = "tag"
			}
			for _, f := range metrics[0].FieldList() {
				kind := map[string]string{"int64": "integer", "float64": "float", "string": "text", "bool": "boolean"}[fmt.Sprintf("%T", f.Value)]
				key := metrics[0].Name() + " " + f.Key
				if was, ok := found[key]; ok {
					require.Equal(t, was, kind, "the type of %s is not fixed", key)
				}
				found[key] = kind
			}
		}
	}
	var e analyzer.Event
	storagetest.Fill(t, &e)
	e.Severity, e.Findings = analyzer.High, storagetest.Events(1)[0].Findings // severities are but four
	see(lines(influx.Options{}, storage.Entry{Seq: 1, Event: &e}))
	for _, r := range []cell.Record{&cell.Observation{}, &cell.Gap{}, &cell.Health{}, &cell.Clock{}, &cell.Message{}, &cell.Broadcast{}} { // of every field that there is
		storagetest.Fill(t, r)
		if o, ok := r.(*cell.Observation); ok {
			o.Survey = false
		}
		if m, ok := r.(*cell.Message); ok {
			m.Layer = cell.RRC // there are but two
		}
		see(lines(influx.Options{Positions: true}, storage.Entry{Seq: 1, Record: r}))
	}
	see(lines(influx.Options{}, storage.Entry{Seq: 1, Record: &cell.Observation{Time: storagetest.Start, Serving: &cell.Cell{RAT: cell.LTE, MCC: "272", MNC: "03", Band: cell.Some(cell.Band(3))},
		Neighbours: []cell.Cell{{RAT: cell.LTE, Band: cell.Some(cell.Band(3)), MCC: "272"}}}}))
	require.Equal(t, sorted(documented), sorted(found))
}

func sorted(m map[string]string) (list []string) {
	for k, v := range m {
		list = append(list, k+": "+v)
	}
	slices.Sort(list)
	return list
}
