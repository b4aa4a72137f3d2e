package analyzer

import (
	"bytes"
	"encoding/gob"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A table holds what was put last, never more than its limit, and forgets the oldest of eight. One that was saved and restored
// continues like one that was not.
func TestTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit = 20
		var a, b Table[int, lastSeen]
		for now := range rapid.IntRange(1, 300).Draw(t, "steps") {
			k := rapid.IntRange(0, 40).Draw(t, "key")
			held := a.Get(k) != nil
			v, isNew := a.Put(k, limit, (*lastSeen).seen)
			require.Equal(t, held, !isNew)
			v.Seen = int64(now)
			w, _ := b.Put(k, limit, (*lastSeen).seen)
			w.Seen = int64(now)
			require.Equal(t, int64(now), a.Get(k).Seen)
			require.LessOrEqual(t, len(a.Keys), limit)
			if rapid.IntRange(0, 9).Draw(t, "restart") == 0 {
				var state bytes.Buffer
				require.NoError(t, gob.NewEncoder(&state).Encode(&b))
				b = Table[int, lastSeen]{}
				require.NoError(t, gob.NewDecoder(&state).Decode(&b))
			}
			require.Equal(t, a.Keys, b.Keys)
			require.Equal(t, a.Vals, b.Vals)
		}
	})
	var old Table[int, lastSeen]
	for k := range 8 {
		v, _ := old.Put(k, 8, (*lastSeen).seen)
		v.Seen = int64(100 - k)
	}
	old.Put(8, 8, (*lastSeen).seen)
	require.Nil(t, old.Get(7), "not seen for longest")
	require.NotNil(t, old.Get(0))
}
