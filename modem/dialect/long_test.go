package dialect

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A long text is decoded as its parts are, wherever the text is cut into parts.
func TestLongText(t *testing.T) {
	serving := func(i int) string {
		return fmt.Sprintf(`+QENG: "servingcell","NOCONN","LTE","FDD",262,03,%X,187,6200,20,3,3,2AFB,-105,-11,-76,10,23`, 1+i)
	}
	const neighbour = `+QENG: "neighbourcell intra","LTE",6200,236,-16,-101,-65,-20,22,6,2,0,46`
	const rounds = 3007
	for _, c := range []struct {
		name string
		text func(i int) string
	}{
		{"asked", func(i int) string {
			return "AT+QENG=\"servingcell\"\n" + serving(i) + "\nOK\nAT+QENG=\"neighbourcell\"\n" + neighbour + "\nOK\n"
		}},
		{"lines alone", func(i int) string { return serving(i) + "\n" + neighbour + "\n+CREG: 1\n" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			var text strings.Builder
			for i := range rounds {
				text.WriteString(c.text(i))
			}
			i := 0
			n, err := EachRound(t.Context(), strings.NewReader(text.String()), nil, func(x *Decoded) error {
				if i++; i%97 == 0 { // each would take long
					want, _, err := DecodeText(strings.NewReader(c.text(i-1)), nil)
					require.NoError(t, err)
					require.Equal(t, want[0], *x)
				}
				return nil
			})
			require.NoError(t, err)
			require.Equal(t, rounds, i)
			require.Equal(t, rounds, n.Rounds)
			require.Equal(t, quectel, n.Dialect)
			require.Empty(t, n.Rejects)
		})
	}
}

// What nobody would print takes no memory without a bound either.
func TestLongTextOfNothing(t *testing.T) {
	for name, line := range map[string]func(i int) string{
		"lines of two bytes":     func(int) string { return "a" },
		"commands":               func(i int) string { return fmt.Sprintf("AT+C%d", i) },
		"rows that are refused":  func(i int) string { return fmt.Sprintf(`+QENG: "servingcell",%d`, i) },
		"modems of one family":   func(i int) string { return fmt.Sprintf("AT+CGMM\nEC%d\nOK\nAT+QENG=\"servingcell\"\nOK", i) },
		"modems of two families": func(i int) string { return []string{`+QENG: "servingcell","SEARCH"`, "^HCSQ: \"NOSERVICE\""}[i%2] },
	} {
		t.Run(name, func(t *testing.T) {
			var text strings.Builder
			for i := 0; text.Len() < 1<<19; i++ {
				text.WriteString(line(i) + "\n")
			}
			most, last := uint64(0), 0
			var m runtime.MemStats
			n, err := EachRound(t.Context(), strings.NewReader(text.String()), nil, func(x *Decoded) error {
				require.LessOrEqual(t, len(x.Observation.Raw), longestRound)
				if last++; last%500 == 0 {
					runtime.GC()
					runtime.ReadMemStats(&m)
					most = max(most, m.HeapAlloc)
				}
				return nil
			})
			require.NoError(t, err)
			require.LessOrEqual(t, len(n.Rejects)+len(n.Unread), mostListed)
			require.Less(t, most, uint64(60<<20))
		})
	}
}

func TestTextThatIsTooLong(t *testing.T) {
	_, err := EachRound(t.Context(), endlessText{}, nil, func(*Decoded) error { return nil })
	require.ErrorIs(t, err, ErrTooLong)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err = EachRound(ctx, endlessText{}, nil, func(*Decoded) error { return nil })
	require.ErrorIs(t, err, context.Canceled)
}

// endlessText is one line that does not end.
type endlessText struct{}

func (endlessText) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}
