package gazetteer

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNear(t *testing.T) {
	for _, c := range []struct {
		lat, lon float64
		want     string
		octant   int
		km       float64
		ok       bool
	}{
		{50.8505, 4.3488, "Brussels BE", 0, 0, true},
		{50.8953, 4.4900, "Zaventem BE", 1, 1.7, true},
		{48.8534, 2.3488, "Paris FR", 0, 0, true},
		{0, -30, "", 0, 0, false},
		{math.NaN(), 0, "", 0, 0, false},
		{91, 0, "", 0, 0, false},
	} {
		p, ok := Near(c.lat, c.lon)
		require.Equal(t, c.ok, ok, c.want)
		if !ok {
			continue
		}
		require.Equal(t, c.want, p.Name+" "+p.Country)
		require.InDelta(t, c.km, p.Km, .5)
		if c.km > 0 {
			require.Equal(t, c.octant, p.Octant)
		}
		require.Equal(t, c.km < 1.5, p.Within())
	}
	require.Greater(t, len(all().rest), 40000)
}

func TestLoadDamaged(t *testing.T) {
	_, err := load([]byte("no gzip"))
	require.Error(t, err)
	_, err = load(packed[:len(packed)/2])
	require.Error(t, err)
}

func TestIn(t *testing.T) {
	var names []string
	for _, town := range In(50.83, 50.90, 4.30, 4.50, 100) {
		names = append(names, town.Name)
		require.InDelta(t, 50.865, town.Lat, .036)
		require.InDelta(t, 4.4, town.Lon, .101)
	}
	require.Subset(t, names, []string{"Brussels", "Zaventem"})
	require.Len(t, In(-90, 90, -180, 180, 3), 3)
	require.Empty(t, In(math.NaN(), 1, 0, 1, 3))
}
