package analyzer_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/analyzer/rules"
	"vigie/cell"
)

// tour drives over n cells, three times over each, a minute per stay, and then comes to others.
func tour(n int, others ...uint64) []cell.Record {
	recs := []cell.Record{&cell.Source{Sensor: "bag", Mode: cell.Mobile, Reports: cell.Some(cell.FieldRAT | cell.FieldMCC | cell.FieldMNC | cell.FieldArea | cell.FieldCellID | cell.FieldPosition)}}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	stay := func(id uint64) {
		for range 6 {
			recs = append(recs, &cell.Observation{Sensor: "bag", Time: at, State: cell.Idle, Serving: &cell.Cell{RAT: cell.LTE, MCC: "272", MNC: "03",
				Area: cell.Some(cell.Area(7)), ID: cell.Some(id)}, Position: &cell.Position{Lat: 51.9, Lon: -8.4}})
			at = at.Add(10 * time.Second)
		}
	}
	for range 3 {
		for i := range n {
			stay(uint64(i)*256 + 100)
		}
	}
	for _, id := range others {
		stay(id)
	}
	return recs
}

func feed(e *analyzer.Engine, recs []cell.Record) (out []analyzer.Event) {
	for _, r := range recs {
		e.Feed(r)
		out = append(out, e.Take()...)
	}
	e.Finish()
	return append(out, e.Take()...)
}

func atlasListing(from, n int, asked *int) analyzer.Atlas {
	return analyzer.Atlas{ID: fmt.Sprint(from, n), Find: func(c *cell.Cell) (analyzer.Place, bool, error) {
		*asked++
		id, _ := c.ID.Get()
		return analyzer.Place{Lat: 51.9, Lon: -8.4, Range: 1000}, id%256 == 100 && int(id/256) >= from && int(id/256) < from+n, nil
	}}
}

// How complete the list is here is counted once for each verified cell, kept with the state, and counted again for another
// list.
func TestCompleteness(t *testing.T) {
	asked := 0
	recs := tour(60)
	e := analyzer.New(rules.All(), analyzer.Options{Atlas: atlasListing(0, 45, &asked)})
	feed(e, recs)
	want := []analyzer.Completeness{{Sensor: "bag", Atlas: "0 45", PLMN: cell.PLMN{MCC: "272", MNC: "03"}, RAT: cell.LTE, Cells: 60, Listed: 45}}
	require.Equal(t, want, e.Completeness())
	require.LessOrEqual(t, asked, 60*3, "a cell is looked up when it is new and when it has proved to be real, not at each observation")

	state, err := e.Save()
	require.NoError(t, err)
	again := analyzer.New(rules.All(), analyzer.Options{Atlas: atlasListing(0, 45, &asked)})
	require.NoError(t, again.Restore(state))
	require.Equal(t, want, again.Completeness())

	other := analyzer.New(rules.All(), analyzer.Options{Atlas: atlasListing(10, 50, &asked)})
	require.NoError(t, other.Restore(state))
	require.Equal(t, want, other.Completeness(), "what is known until a cell is met")
	more := tour(60, 100)
	feed(other, more[len(more)-6:])
	want[0].Atlas, want[0].Listed = "10 50", 50
	require.Equal(t, want, other.Completeness())

	without := analyzer.New(rules.All(), analyzer.Options{})
	feed(without, recs)
	require.Empty(t, without.Completeness())
}

// Cells verified while there was no list count when it is back.
func TestCompletenessAfterATimeWithoutAnAtlas(t *testing.T) {
	asked := 0
	list := atlasListing(0, 45, &asked)
	recs := tour(60, 100)
	var e *analyzer.Engine
	var state []byte
	for _, part := range []struct {
		atlas analyzer.Atlas
		recs  []cell.Record
	}{{list, recs[:200]}, {analyzer.Atlas{}, recs[200 : len(recs)-6]}, {list, recs[len(recs)-6:]}} {
		e = analyzer.New(rules.All(), analyzer.Options{Atlas: part.atlas})
		if state != nil {
			require.NoError(t, e.Restore(state))
		}
		feed(e, part.recs)
		var err error
		state, err = e.Save()
		require.NoError(t, err)
	}
	require.Len(t, e.Completeness(), 1)
	require.Equal(t, 60, e.Completeness()[0].Cells)
	require.Equal(t, 45, e.Completeness()[0].Listed)
}

// A restart in the middle changes nothing, with a list as without one.
func TestRestartWithAnAtlas(t *testing.T) {
	asked := 0
	recs := tour(60, 99, 101)
	whole := analyzer.New(rules.All(), analyzer.Options{Atlas: atlasListing(0, 60, &asked)})
	want := feed(whole, recs)
	var got []analyzer.Event
	e := analyzer.New(rules.All(), analyzer.Options{Atlas: atlasListing(0, 60, &asked)})
	for i, r := range recs {
		if i%97 == 0 {
			state, err := e.Save()
			require.NoError(t, err)
			e = analyzer.New(rules.All(), analyzer.Options{Atlas: atlasListing(0, 60, &asked)})
			require.NoError(t, e.Restore(state))
		}
		e.Feed(r)
		got = append(got, e.Take()...)
	}
	e.Finish()
	got = append(got, e.Take()...)
	require.Equal(t, want, got)
	require.Equal(t, whole.Completeness(), e.Completeness())
}

// A list that cannot be read makes no finding, is counted, and makes no cell count as missing.
func TestAnAtlasThatFails(t *testing.T) {
	recs := tour(60, 99)
	plain := feed(analyzer.New(rules.All(), analyzer.Options{}), recs)
	e := analyzer.New(rules.All(), analyzer.Options{Atlas: analyzer.Atlas{ID: "torn", Find: func(*cell.Cell) (analyzer.Place, bool, error) {
		return analyzer.Place{}, false, errors.New("damaged")
	}}})
	require.Equal(t, plain, feed(e, recs))
	require.Empty(t, e.Completeness())
	require.NotZero(t, e.Counts().Noted["cell database not readable"])
}

func TestUnlistedNeedsANearlyCompleteList(t *testing.T) {
	speaks := func(verified, listed int) bool {
		asked := 0
		for _, ev := range feed(analyzer.New([]analyzer.Rule{lowered("unlisted-cell")}, analyzer.Options{Atlas: atlasListing(0, listed, &asked)}), tour(verified, 99)) {
			for _, f := range ev.Findings {
				if f.Rule == "unlisted-cell" {
					return true
				}
			}
		}
		return false
	}
	require.True(t, speaks(60, 60))
	require.True(t, speaks(60, 59))
	require.False(t, speaks(60, 50), "one in six is missing")
	require.False(t, speaks(60, 0), "a list of elsewhere")
	require.False(t, speaks(20, 20), "too few to tell")
}

// With a list too, a quiet observation looks nothing up and allocates nothing.
func TestQuietWithAnAtlas(t *testing.T) {
	asked := 0
	e := analyzer.New(rules.All(), analyzer.Options{Atlas: atlasListing(0, 60, &asked)})
	recs := tour(60)
	feed(e, recs)
	o := *recs[len(recs)-1].(*cell.Observation)
	before := asked
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		o.Time = o.Time.Add(time.Second)
		e.Feed(&o)
	}))
	require.Equal(t, before, asked)
}

// lowered is a shipped rule that opens an event by itself.
func lowered(id string) analyzer.Rule {
	list := rules.All()
	r := list[slices.IndexFunc(list, func(r analyzer.Rule) bool { return r.ID == id })]
	r.Min = analyzer.Low
	return r
}
