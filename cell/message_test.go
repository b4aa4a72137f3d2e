package cell

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestWriteMessage(t *testing.T) {
	m := Message{
		Frame: 26, RAT: LTE, Layer: RRC, Channel: "BCCH-DL-SCH", Direction: Down, PCI: Some[uint16](0), ARFCN: Some[uint32](66486), Log: 0xB0C0,
		Time: time.Date(2026, 6, 1, 0, 0, 2, 600e6, time.UTC), Name: "systemInformation",
		Fields: MessageFields{SIBs: []int{3, 5}, ServingPriority: Some(0), EUTRA: []LayerOffer{{6300, Some(4)}, {100, Opt[int]{}}}, UTRA: []LayerOffer{}},
		Leaves: []string{},
	}
	require.Equal(t, `{"kind":"message","frame":26,"rat":"LTE","layer":"rrc","channel":"BCCH-DL-SCH","direction":"down","pci":0,"arfcn":66486,"log":"b0c0",`+
		`"time":"2026-06-01T00:00:02.600Z","message":"systemInformation","fields":{"sibs":[3,5],"serving_priority":0,"eutra":[[6300,4],[100,null]],"utra":[]},"leaves":[]}`,
		string(AppendRecord(nil, &m)))
	require.Equal(t, `{"kind":"message","rat":"LTE","layer":"nas","fields":{"ciphered":true}}`,
		string(AppendRecord(nil, &Message{RAT: LTE, Layer: NAS, Fields: MessageFields{Ciphered: true}})))
}

// Every field that is set is written, under a name of its own, and read again; none that is not.
func TestEveryMessageFieldIsWritten(t *testing.T) {
	require.Equal(t, "{}", string(AppendMessageFields(nil, &MessageFields{})))
	names := map[string]string{}
	kind := reflect.TypeFor[MessageFields]()
	for i := range kind.NumField() {
		var f MessageFields
		switch p := reflect.ValueOf(&f).Elem().Field(i).Addr().Interface().(type) {
		case *Opt[int]:
			*p = Some(0)
		case *Opt[bool]:
			*p = Some(false)
		case *Opt[uint16]:
			*p = Some[uint16](0)
		case *Opt[uint32]:
			*p = Some[uint32](0)
		case *Opt[Band]:
			*p = Some[Band](0)
		case *string:
			*p = "x"
		case *bool:
			*p = true
		case *[]int:
			*p = []int{}
		case *[]string:
			*p = []string{}
		case *[]LayerOffer:
			*p = []LayerOffer{}
		default:
			t.Fatalf("%s: a type that this test does not know", kind.Field(i).Name)
		}
		if kind.Field(i).Name == "PLMNs" {
			f.PLMNs = []string{"001-01"}
		}
		back := readOne(t, &Message{Layer: NAS, Time: time.Unix(0, 0).UTC(), Fields: f}).(*Message)
		require.Equal(t, f, back.Fields, "%s is read as it was written", kind.Field(i).Name)
		var got map[string]any
		require.NoError(t, json.Unmarshal(AppendMessageFields(nil, &f), &got))
		require.Len(t, got, 1, kind.Field(i).Name)
		for name := range got {
			if other, taken := names[name]; taken && name != "identity" { // alternative of RRC or number of NAS: never both
				t.Errorf("%s and %s are both written as %q", other, kind.Field(i).Name, name)
			}
			names[name] = kind.Field(i).Name
		}
	}
}

// readOne writes a record and reads it again.
func readOne(t require.TestingT, r Record) Record {
	line := AppendRecord(nil, r)
	require.True(t, json.Valid(line), "%s", line)
	in := NewReader(bytes.NewReader(line), "x")
	in.OnSkip = func(e *LineError) { require.NoError(t, e, "%s", line) }
	got, err := in.Next()
	require.NoError(t, err)
	require.Empty(t, in.Counts().BadValues, "%s", line)
	require.Empty(t, in.Counts().UnknownKeys, "%s", line)
	return got
}

// Whatever a message or a broadcast can hold can be written and read back the same.
func TestSignallingRoundTripProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, b := drawMessage(t), drawBroadcast(t)
		require.Equal(t, m, readOne(t, m))
		require.Equal(t, b, readOne(t, b))
		require.Equal(t, m, Clone(m))
		require.Equal(t, b, Clone(b))
	})
}

func drawTime(t *rapid.T) time.Time {
	return time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "s"), rapid.Int64Range(0, 999999999).Draw(t, "ns")).UTC()
}

// drawList is nil, empty or has values.
func drawList[T any](t *rapid.T, g *rapid.Generator[T], name string) []T {
	if !rapid.Bool().Draw(t, name+" known") {
		return nil
	}
	return append([]T{}, rapid.SliceOfN(g, 0, 3).Draw(t, name)...)
}

var (
	aPLMN   = rapid.StringMatching(`[0-9]{3}-[0-9]{2,3}`)
	aLabel  = rapid.StringMatching(`[A-Za-z0-9-]{0,20}`)
	aNumber = rapid.IntRange(0, 1000)
	anOffer = rapid.Custom(func(t *rapid.T) LayerOffer {
		return LayerOffer{aNumber.Draw(t, "channel"), opt(t, rapid.IntRange(0, 7), "priority")}
	})
	aCarrier = rapid.Custom(func(t *rapid.T) Carrier {
		return Carrier{rapid.SampledFrom([]RAT{GSM, UMTS, LTE, NR}).Draw(t, "rat"), rapid.Uint32Range(0, 3279165).Draw(t, "arfcn"), opt(t, rapid.Uint8Range(0, 7), "priority")}
	})
)

func drawMessage(t *rapid.T) *Message {
	m := &Message{Time: drawTime(t), Sensor: rapid.String().Draw(t, "sensor"), Frame: rapid.IntRange(0, 1<<31-1).Draw(t, "frame"),
		RAT: LTE, Layer: rapid.SampledFrom([]Layer{RRC, NAS}).Draw(t, "layer"), Channel: aLabel.Draw(t, "channel"),
		Direction: rapid.SampledFrom([]Direction{"", Down, Up}).Draw(t, "direction"), PCI: opt(t, rapid.Uint16Range(0, 503), "pci"),
		ARFCN: opt(t, rapid.Uint32Range(0, 3279165), "arfcn"), Log: rapid.Uint16().Draw(t, "log"), Name: aLabel.Draw(t, "name"),
		Count: rapid.IntRange(0, 1<<31-1).Draw(t, "count"), Payload: drawList(t, rapid.Byte(), "payload")}
	f := reflect.ValueOf(&m.Fields).Elem()
	for i := range f.NumField() {
		name := f.Type().Field(i).Name
		switch p := f.Field(i).Addr().Interface().(type) {
		case *Opt[int]:
			*p = opt(t, rapid.IntRange(0, 7), name)
		case *Opt[bool]:
			*p = opt(t, rapid.Bool(), name)
		case *Opt[uint16]:
			*p = opt(t, rapid.Uint16(), name)
		case *Opt[uint32]:
			*p = opt(t, rapid.Uint32Range(0, 3279165), name)
		case *Opt[Band]:
			*p = opt(t, rapid.Map(rapid.Uint16Range(0, 4096), func(n uint16) Band { return Band(n) }), name)
		case *string:
			*p = aLabel.Draw(t, name)
		case *bool:
			*p = rapid.Bool().Draw(t, name)
		case *[]int:
			*p = drawList(t, rapid.IntRange(0, 255), name)
		case *[]string:
			*p = drawList(t, aPLMN, name)
		case *[]LayerOffer:
			*p = drawList(t, anOffer, name)
		}
	}
	if m.Fields.QRxLevMin.known {
		m.Fields.QRxLevMin.value *= -20
	}
	if m.Fields.InitialIdentity != "" { // one key for both
		m.Fields.IdentityType = Opt[int]{}
	}
	return m
}

func drawBroadcast(t *rapid.T) *Broadcast {
	number := func(name string) Opt[int] { return opt(t, aNumber, name) }
	b := &Broadcast{Time: drawTime(t), Sensor: rapid.String().Draw(t, "sensor"), RAT: LTE, ARFCN: opt(t, rapid.Uint32Range(0, 3279165), "arfcn"),
		PCI: opt(t, rapid.Uint16Range(0, 503), "pci"), PLMNs: drawList(t, aPLMN, "plmns"),
		Area: opt(t, rapid.Map(rapid.Uint32Range(0, 1<<16-1), func(v uint32) Area { return Area(v) }), "area"), CellID: opt(t, rapid.Uint64Range(0, 1<<28-1), "id"),
		Band: opt(t, rapid.Map(rapid.Uint16Range(0, 256), func(v uint16) Band { return Band(v) }), "band"), Barred: opt(t, rapid.Bool(), "barred"),
		Reselect: opt(t, rapid.Bool(), "reselect"), CSG: opt(t, rapid.Bool(), "csg"), QRxLevMin: opt(t, rapid.IntRange(-140, -44), "level"),
		SICount: number("si"), ValueTag: number("tag"), SIBs: drawList(t, rapid.IntRange(1, 30), "sibs"), Priority: opt(t, rapid.Uint8Range(0, 7), "priority"),
		Carriers: drawList(t, aCarrier, "carriers"), Neighbours: drawList(t, rapid.IntRange(0, 503), "neighbours")}
	if changed := rapid.SliceOfN(aLabel, 0, 3).Draw(t, "changed"); len(changed) > 0 {
		b.Changed = changed
	}
	return b
}

// What makes no sense is absent and counted; a line that lacks what its kind needs is skipped.
func TestBadSignallingKeepsWhatIsGood(t *testing.T) {
	in := strings.Join([]string{
		`{"kind":"message","time":"2026-11-23T20:00:00Z","rat":"5G","layer":"rrc","channel":"DL DCCH","direction":"sideways","pci":504,"log":"b0c00","message":"<b>","count":-1,"payload":"zz","leaves":["a=1"],` +
			`"fields":{"plmns":["310-410","310150123456789",7],"tac":65536,"eea":1.5,"identity":"imsi","heard":[1,-1,"x"],"utra":[[1,2,3],[],4,[9]],"ciphered":1,"novel":{}}}`,
		`{"kind":"message","time":"2026-11-23T20:00:01Z"}`,
		`{"kind":"broadcast","time":"2026-11-23T20:00:02Z","arfcn":5}`,
		`{"kind":"broadcast","time":"2026-11-23T20:00:03Z","rat":"LTE","pci":700,"area":70000,"cell_id":1000000000,"carriers":[["LTE",6300,9],["CDMA",1,1],["GSM"],7],"changed":"area"}`,
		`{"kind":"gap","time":"2026-11-23T20:00:04Z","payload":"00","layer":"rrc"}`,
		`{"kind":"broadcast","rat":"LTE"}`,
	}, "\n")
	r := NewReader(strings.NewReader(in), "x")
	var skipped []int
	r.OnSkip = func(e *LineError) { skipped = append(skipped, e.Line) }
	recs := readAll(t, r)
	require.Equal(t, []int{2, 3, 6}, skipped)
	require.Equal(t, &Message{Time: time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC), Layer: RRC, PCI: Some[uint16](504), Fields: MessageFields{PLMNs: []string{"310-410"},
		InitialIdentity: "imsi", Heard: []int{1}, UTRA: []LayerOffer{{1, Some(2)}, {9, Opt[int]{}}}}}, recs[0], "without a RAT any PCI may be")
	require.Equal(t, &Broadcast{Time: time.Date(2026, 11, 23, 20, 0, 3, 0, time.UTC), RAT: LTE, Carriers: []Carrier{{LTE, 6300, Opt[uint8]{}}}}, recs[1])
	require.Equal(t, map[string]int{"leaves": 1, "novel": 1, "payload": 1, "layer": 1}, r.Counts().UnknownKeys)
	require.Equal(t, map[string]int{"rat": 1, "channel": 1, "direction": 1, "log": 1, "message": 1, "count": 1, "payload": 1, "plmns": 2, "tac": 1, "eea": 1, "heard": 2, "utra": 3,
		"ciphered": 1, "pci": 1, "area": 1, "cell_id": 1, "carriers": 5, "changed": 1}, r.Counts().BadValues)
}

func TestLongPayloadIsAbsent(t *testing.T) {
	line := func(n int) string {
		return `{"kind":"message","time":"2026-11-23T20:00:00Z","layer":"rrc","payload":"` + strings.Repeat("00", n) + `"}`
	}
	for n, want := range map[int]int{MaxPayload: MaxPayload, MaxPayload + 1: 0} {
		r := NewReader(strings.NewReader(line(n)), "x")
		require.Len(t, readAll(t, r)[0].(*Message).Payload, want)
		require.Equal(t, want == 0, r.Counts().BadValues["payload"] == 1)
	}
}

// A broadcast names its cell as an observation would.
func TestCellOfBroadcast(t *testing.T) {
	b := &Broadcast{RAT: LTE, ARFCN: Some[uint32](1300), PCI: Some[uint16](101), PLMNs: []string{"001-01", "001-02"}, Area: Some(Area(4660)),
		CellID: Some[uint64](11016962), Band: Some(Band(3)), Priority: Some[uint8](5)}
	require.Equal(t, Cell{RAT: LTE, MCC: "001", MNC: "01", ARFCN: Some[uint32](1300), PCI: Some[uint16](101), Area: Some(Area(4660)),
		ID: Some[uint64](11016962), Band: Some(Band(3)), Priority: Some[uint8](5)}, b.Cell())
	require.Equal(t, Cell{RAT: LTE}, (&Broadcast{RAT: LTE, Band: Some(Band(999))}).Cell(), "a band that is none is not known")
}
