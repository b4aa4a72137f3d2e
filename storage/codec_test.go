package storage_test

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
	"vigie/storage/storagetest"
)

func roundTrip(t require.TestingT, r cell.Record) cell.Record {
	got, err := storage.RoundTrip(r)
	require.NoError(t, err)
	return got
}

func TestRecordsComeBackEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := storagetest.Record().Draw(t, "record")
		require.Equal(t, r, roundTrip(t, r))
	})
}

func TestEventsComeBackEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := storagetest.Event().Draw(t, "event")
		got, err := storage.DecodeEvent(storage.EncodeEvent(&e))
		require.NoError(t, err)
		require.Equal(t, e, got)
	})
}

// Phrases come back too, and what has none is stored as it always was.
func TestPhrasesComeBackEqual(t *testing.T) {
	arg := rapid.Custom(func(t *rapid.T) analyzer.Arg {
		a := analyzer.Arg{Kind: rapid.SampledFrom(append([]analyzer.ArgKind{"later"}, analyzer.ArgKinds...)).Draw(t, "kind"), Text: storagetest.Text().Draw(t, "text"),
			Number: rapid.Float64().Draw(t, "number"), Hidden: rapid.Bool().Draw(t, "hidden")}
		if rapid.Bool().Draw(t, "has a cell") {
			a.Cell = cell.Cell{RAT: cell.LTE, ID: cell.Some(rapid.Uint64().Draw(t, "id")), Area: cell.Some[cell.Area](0)}
		}
		return a
	})
	phrases := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) analyzer.Phrase {
		return analyzer.Phrase{Format: storagetest.Text().Draw(t, "format"), Args: rapid.SliceOfN(arg, 1, 3).Draw(t, "args")}
	}), 1, 3)
	rapid.Check(t, func(t *rapid.T) {
		e := storagetest.Event().Draw(t, "event")
		require.EqualValues(t, 1, storage.EncodeEvent(&e)[0])
		e.Phrases = phrases.Draw(t, "phrases")
		for i := range e.Findings {
			e.Findings[i].Phrases = phrases.Draw(t, "phrases of a finding")
		}
		got, err := storage.DecodeEvent(storage.EncodeEvent(&e))
		require.NoError(t, err)
		require.Equal(t, e, got)
	})
}

// Every field that package cell or analyzer has, or will ever have, must be stored: storagetest.Fill sets all of them.
func TestNoFieldIsForgotten(t *testing.T) {
	for _, r := range []cell.Record{&cell.Observation{}, &cell.Gap{}, &cell.Health{}, &cell.Clock{}, &cell.Source{}, &cell.Message{}, &cell.Broadcast{}} {
		storagetest.Fill(t, r)
		require.Equal(t, r, roundTrip(t, r))
	}
	var e analyzer.Event
	storagetest.Fill(t, &e)
	got, err := storage.DecodeEvent(storage.EncodeEvent(&e))
	require.NoError(t, err)
	require.Equal(t, e, got)
}

func TestFloatsComeBackBitForBit(t *testing.T) {
	for _, f := range []float64{0, math.Copysign(0, -1), -96, -10.5, 0.1, 51.9356123, -8.3881, 1.0 / 3, 1e300, math.Inf(1), math.Inf(-1), math.NaN(), math.SmallestNonzeroFloat64, 1 << 60} {
		got := storage.RoundTripFloat(f)
		require.Equal(t, math.Float64bits(f), math.Float64bits(got), "%v", f)
	}
}

func TestTimeKeysKeepTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := storagetest.Time().Draw(t, "a"), storagetest.Time().Draw(t, "b")
		ka, exact := storage.TimeKey(a)
		kb, _ := storage.TimeKey(b)
		if a.Before(b) {
			require.LessOrEqual(t, ka, kb)
		}
		if exact {
			require.Equal(t, a, storage.KeyTime(ka))
		}
	})
}

func FuzzDecodeRecord(f *testing.F) {
	for i, r := range storagetest.Day(40) {
		f.Add(storage.EncodeRecord(nil, r), uint8(storage.KindOf(r)), int64(i))
	}
	f.Fuzz(func(t *testing.T, b []byte, kind uint8, key int64) {
		r, err := storage.DecodeRecord(b, storage.Kinds(kind), "s", key)
		if err != nil {
			return
		}
		again := roundTrip(t, r)
		if !reflect.DeepEqual(r, again) && !strings.Contains(fmt.Sprintf("%+v", r), "NaN") {
			t.Fatalf("%+v\n%+v", r, again)
		}
	})
}

func FuzzDecodeEvent(f *testing.F) {
	for _, e := range storagetest.Events(3) {
		f.Add(storage.EncodeEvent(&e))
	}
	f.Fuzz(func(t *testing.T, b []byte) { _, _ = storage.DecodeEvent(b) })
}

func TestRawLinesComeBackEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.OneOf(rapid.SampledFrom([]string{"", "+QENG: \"servingcell\",\"NOCONN\",\"LTE\",\"FDD\",272,03,A80000,101", "a\nb\x00\xff"}), rapid.String())
		some := rapid.SliceOfN(line, 1, 5)
		b := storage.NewBase(1, new(storage.Base).Renewed(some.Draw(t, "base")))
		b = storage.NewBase(2, b.Renewed(some.Draw(t, "newer")))
		lines := some.Draw(t, "lines")
		p, _ := b.AppendDelta(nil, lines)
		got, err := b.Lines(p)
		require.NoError(t, err)
		require.Equal(t, lines, got)
	})
}

func TestRawLinesBoundaries(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 1<<16)
	b := storage.NewBase(1, new(storage.Base).Renewed([]string{long, long}))
	require.LessOrEqual(t, b.Size(), storage.MaxBase)
	for _, lines := range [][]string{{long}, {""}, {"", ""}, {long[:storage.MaxBase]}, {long[:storage.MaxDelta]}, {"abc"}} {
		p, _ := b.AppendDelta(nil, lines)
		got, err := b.Lines(p)
		require.NoError(t, err)
		require.Equal(t, lines, got)
	}
	p, poor := b.AppendDelta(nil, []string{long[:4000]})
	require.False(t, poor)
	require.Less(t, len(p), 40)
}

func FuzzRawLines(f *testing.F) {
	b := storage.NewBase(1, new(storage.Base).Renewed([]string{`+QENG: "servingcell","NOCONN","LTE","FDD",272,03,A80000,101`}))
	p, _ := b.AppendDelta(nil, []string{`+QENG: "servingcell","NOCONN","LTE","FDD",272,05,A80000,17`, "OK"})
	f.Add(p)
	f.Fuzz(func(t *testing.T, p []byte) {
		lines, err := b.Lines(p)
		if err != nil {
			return
		}
		q, _ := b.AppendDelta(nil, lines)
		again, err := b.Lines(q)
		require.NoError(t, err)
		require.Equal(t, lines, again)
	})
}
