package cell

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A reported zero is not an absent value, whatever the type.
func TestAbsentIsNotZero(t *testing.T) {
	var absent Opt[DBm]
	zero := Some[DBm](0)
	require.NotEqual(t, absent, zero)
	require.False(t, absent.Known())
	require.True(t, zero.Known())

	v, ok := absent.Get()
	require.False(t, ok)
	require.Zero(t, v)
	v, ok = zero.Get()
	require.True(t, ok)
	require.Zero(t, v)

	require.Equal(t, DBm(-140), absent.Or(-140))
	require.Equal(t, DBm(0), zero.Or(-140))
	require.Equal(t, DBm(-96), Some[DBm](-96).Or(-140))
	require.True(t, Some(uint16(7)) == Some(uint16(7)), "comparable with ==")
}
