package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/analyzer/rules"
	"vigie/cell"
	"vigie/modem/emulator"
)

// The doctor lists for every rule whether this modem feeds it and, if not, whether family or firmware is why; it asks
// nothing that watching does not ask, and leaves the modem as it was.
func TestDoctorOfAModem(t *testing.T) {
	em, _ := emulate(t, "model nordic"+reporting+sticks[3].scenario+"\ndelay 20ms", emulator.Options{})
	before := em.Settings()
	out, stderr, status := vigie(t, "doctor", em.Path())
	require.Zero(t, status, stderr)
	require.Contains(t, out, "Nordic Semiconductor ASA nRF9160-SICA")
	require.Contains(t, out, "LTE PLMN 310-260 (T-Mobile) TAC 23053 ECI 49949196")
	text := strings.Join(strings.Fields(out), " ")
	require.Contains(t, text, "this one could report the neighbour cells, and refuses to")
	require.Contains(t, text, "this firmware refuses AT%NCELLMEAS;")
	for _, r := range rules.All() {
		yes, no := strings.Contains(out, "yes  "+r.ID+" "), strings.Contains(out, "no   "+r.ID+" ")
		require.True(t, yes != no, "%s\n%s", r.ID, out)
		if r.Needs.Has(cell.FieldNeighbours) {
			require.True(t, no, r.ID)
		}
	}
	require.Regexp(t, `answers +[2-9]\dms for the serving cell`, out)
	require.Equal(t, before, em.Settings())
}

// A family of which nobody has recorded an answer is named, and not used.
func TestExperimentalFamilyIsNamed(t *testing.T) {
	em, _ := emulate(t, "answer AT+CGMI\n  MeiG\nanswer AT+CGMM\n  SLM770A", emulator.Options{})
	out, _, status := vigie(t, "probe", em.Path())
	require.Zero(t, status)
	require.Contains(t, out, "generic, evidence")
	require.Contains(t, strings.Join(strings.Fields(out), " "), "it may be of the family meig")
	out, _, status = vigie(t, "doctor", em.Path())
	require.Zero(t, status)
	require.Contains(t, strings.Join(strings.Fields(out), " "), "try vigie watch --family meig")
	for _, got := range em.Received() {
		require.NotContains(t, got, "SGCELLINFO")
	}
}

func TestDoctorOfNoModem(t *testing.T) {
	out, stderr, status := vigie(t, "doctor", "/dev/null")
	require.Equal(t, 1, status)
	require.Contains(t, out, "BAD   port")
	require.Contains(t, stderr, "something does not work")
}
