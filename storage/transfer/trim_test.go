package transfer_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
	"vigie/storage/transfer"
)

func memory(t *testing.T) *storage.Store {
	t.Helper()
	s, err := storage.Open(t.Context(), "", storage.Options{Memory: true, Create: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// A walk from a home and back, then one without positions. Nothing leaves of the home, of the time before the first position, and
// of the chosen ends; what belongs to a walk that is under way waits.
func TestTrimmer(t *testing.T) {
	s := memory(t)
	home := transfer.Home{Lat: 50.85, Lon: 4.35, Metres: 300}
	require.NoError(t, transfer.SaveHomes(t.Context(), s, []transfer.Home{home}))
	homes, err := transfer.LoadHomes(t.Context(), s)
	require.NoError(t, err)
	require.Equal(t, []transfer.Home{home}, homes)
	start := time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	at := func(minute int) time.Time { return start.Add(time.Duration(minute) * time.Minute) }
	for m := range 61 { // north for half an hour, 100 m a minute, and back; the position is known from minute 2 on
		o := &cell.Observation{Time: at(m), Sensor: "bag", State: cell.Idle}
		if m >= 2 {
			o.Position = &cell.Position{Lat: home.Lat + float64(min(m, 60-m))*100/111_320, Lon: home.Lon}
		}
		require.NoError(t, s.Append(t.Context(), o))
	}
	for m := 180; m <= 200; m++ {
		require.NoError(t, s.Append(t.Context(), &cell.Observation{Time: at(m), Sensor: "bag", State: cell.Idle}))
	}
	may := func(trim *transfer.Trimmer) (minutes []int) {
		for m := range 300 {
			if trim.May(at(m), at(m)) {
				minutes = append(minutes, m)
			}
		}
		return minutes
	}
	bounds := func(minutes []int) (out []int) {
		for i, m := range minutes {
			if i == 0 || minutes[i-1] != m-1 {
				out = append(out, m)
			}
			if i == len(minutes)-1 || minutes[i+1] != m+1 {
				out = append(out, m)
			}
		}
		return out
	}
	done := at(24 * 60)
	trim, err := transfer.NewTrimmer(t.Context(), s, 0, homes, done)
	require.NoError(t, err)
	require.Equal(t, []int{4, 56, 180, 200}, bounds(may(trim)))
	require.Equal(t, 20*time.Minute, trim.Unplaced, "no zone can be applied to a walk without positions")
	trim, err = transfer.NewTrimmer(t.Context(), s, 5*time.Minute, homes, done)
	require.NoError(t, err)
	require.Equal(t, []int{5, 55, 185, 195}, bounds(may(trim)))
	everything, err := transfer.NewTrimmer(t.Context(), s, 0, nil, done)
	require.NoError(t, err)
	require.True(t, everything.All())

	walking, err := transfer.NewTrimmer(t.Context(), s, 5*time.Minute, nil, at(201))
	require.NoError(t, err)
	entry := func(m int) storage.Entry { return storage.Entry{Record: &cell.Observation{Time: at(m), Sensor: "bag"}} }
	require.Equal(t, transfer.Send, walking.Decide(entry(30)))
	require.Equal(t, transfer.Withhold, walking.Decide(entry(2)))
	require.Equal(t, transfer.Defer, walking.Decide(entry(198)))
	require.Equal(t, transfer.Withhold, walking.Decide(storage.Entry{Event: &analyzer.Event{First: at(2), Last: at(30)}}))
}

func TestParseHome(t *testing.T) {
	h, err := transfer.ParseHome("50.8467, 4.3525 ,400")
	require.NoError(t, err)
	require.Equal(t, transfer.Home{Lat: 50.8467, Lon: 4.3525, Metres: 400}, h)
	for _, bad := range []string{"", "1,2", "1,2,3,4", "x,2,3", "91,0,10", "0,181,10", "0,0,0", "0,0,-1", "0,0,1e6", "NaN,0,10"} {
		_, err := transfer.ParseHome(bad)
		require.Error(t, err, bad)
	}
}

// Two files are one in order of time, each with its source; what cannot be read is counted and named, and costs nothing else.
func TestMerge(t *testing.T) {
	dir := t.TempDir()
	odd := writeTo(t, dir, "odd.ndjson", `{"vigie":1,"sensor":"a"}`+"\n"+`{"time":"2026-11-29T08:00:01Z","state":"idle"}`+"\nnonsense\n"+`{"time":"2026-11-29T08:00:03Z","state":"idle"}`+"\n")
	even := `{"vigie":1,"sensor":"b"}` + "\n" + `{"time":"2026-11-29T08:00:02Z","state":"idle"}` + "\n" + `{"time":"2026-11-29T08:00:04Z","state":"idle"}` + "\n"
	foreign := writeTo(t, dir, "foreign.ndjson", "AT+CSQ\nOK\n")
	m := &transfer.Merge{}
	require.NoError(t, m.Open(t.Context(), [][]string{{odd}, {"-"}, {foreign}}, strings.NewReader(even)))
	defer m.Close()
	var order []string
	for recs := m.Read(); recs != nil; recs = m.Read() {
		for _, r := range recs {
			if o, ok := r.(*cell.Observation); ok {
				order = append(order, o.Sensor+o.Time.Format("05"))
			}
		}
	}
	require.Equal(t, []string{"a01", "b02", "a03", "b04"}, order)
	require.Equal(t, 3, m.Counts().Skipped)
	require.Len(t, m.Skipped, 3)
	require.Equal(t, []string{foreign}, m.Foreign)
}

// A sensor keeps its name where nobody has it, gets another one where somebody does, and the same one the next time; what is
// there already adds nothing.
func TestImporter(t *testing.T) {
	s := memory(t)
	now := time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	require.NoError(t, s.Append(t.Context(), &cell.Observation{Time: now, Sensor: "bag", State: cell.Idle}))
	for range 2 {
		in, err := transfer.NewImporter(t.Context(), s, "", func(int) {})
		require.NoError(t, err)
		for i, sensor := range []string{"bag", "roof"} {
			r := &cell.Observation{Time: now.Add(time.Duration(i+1) * time.Second), Sensor: sensor, State: cell.Idle}
			in.Rename("0123456789abcdef", r)
			require.NoError(t, in.Add(t.Context(), r))
		}
		require.NoError(t, in.Flush(t.Context()))
		require.Equal(t, 2, in.Records+in.Duplicates)
	}
	sensors, err := s.Sensors(t.Context())
	require.NoError(t, err)
	var names []string
	for _, x := range sensors {
		names = append(names, x.Name)
	}
	require.ElementsMatch(t, []string{"bag", "bag-0123", "roof"}, names)
	st, err := s.Stats(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 3, st.Observations)
}
