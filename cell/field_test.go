package cell

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The words of the interchange format, each with its field.
func TestFieldWords(t *testing.T) {
	fields := map[string]Fields{"rat": FieldRAT, "state": FieldState, "mcc": FieldMCC, "mnc": FieldMNC, "area": FieldArea,
		"cell_id": FieldCellID, "pci": FieldPCI, "arfcn": FieldARFCN, "band": FieldBand, "bandwidth_khz": FieldBandwidth,
		"rsrp": FieldRSRP, "rsrq": FieldRSRQ, "rssi": FieldRSSI, "sinr": FieldSINR, "rscp": FieldRSCP, "ecio": FieldEcIo,
		"ta": FieldTA, "priority": FieldPriority, "neighbours": FieldNeighbours, "neighbours.identity": FieldNeighbourIdentity,
		"neighbours.priority": FieldNeighbourPriority, "secondary": FieldSecondary, "registration": FieldRegistration,
		"registration.cause": FieldCause, "position": FieldPosition, "unsolicited": FieldUnsolicited,
		"broadcast": FieldBroadcast, "signalling": FieldSignalling, "paging": FieldPaging}
	var all Fields
	for word, want := range fields {
		f, ok := ParseField(word)
		require.True(t, ok, word)
		require.Equal(t, want, f, word)
		require.Equal(t, []string{word}, f.Words())
		all |= f
	}
	require.Equal(t, FieldPaging<<1-1, all, "a field without a word, or two with one")
	require.Len(t, all.Words(), len(fields))
	for _, word := range []string{"", "RAT", "cell", "rat ", "neighbours.", "bandwidth"} {
		_, ok := ParseField(word)
		require.False(t, ok, "%q", word)
	}
}

func TestFieldsHas(t *testing.T) {
	f := FieldRAT | FieldArea | FieldCellID
	require.True(t, f.Has(FieldRAT|FieldCellID))
	require.True(t, f.Has(0), "nothing is needed")
	require.False(t, f.Has(FieldRAT|FieldCause), "one of two is not enough")
	require.False(t, Fields(0).Has(FieldRAT))
	require.Equal(t, "rat area cell_id", f.String(), "in the order of the format")
	require.Empty(t, Fields(0).String())
	require.Empty(t, Fields(0).Words())
}

func TestFieldsThroughWordsAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := Fields(rapid.Uint32Range(0, uint32(FieldPaging<<1-1)).Draw(t, "fields"))
		var back Fields
		for _, w := range strings.Fields(f.String()) {
			one, ok := ParseField(w)
			require.True(t, ok, w)
			back |= one
		}
		require.Equal(t, f, back)
	})
}
