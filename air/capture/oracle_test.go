package capture

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestOracle compares every message, field and leaf of real captures with what tshark says (make air). One leaf of the oracle is wrong:
// DedicatedInfoNAS, the elements of dedicatedInfoNASList, holds NAS messages, in some networks unciphered ones with a GUTI and an address.
// Vigie shows none of them, as it shows no dedicatedInfoNAS.
func TestOracle(t *testing.T) {
	root := os.Getenv("VIGIE_AIR")
	if root == "" {
		t.Skip("SKIPPED: real captures, of which there are none here. make air AIR=DIRECTORY reads them")
	}
	captures := map[string]string{}
	require.NoError(t, filepath.WalkDir(filepath.Join(root, "captures"), func(name string, d fs.DirEntry, err error) error {
		captures[filepath.Base(name)] = name
		return err
	}))
	oracles, err := filepath.Glob(filepath.Join(root, "oracle", "*.ndjson.gz"))
	require.NoError(t, err)
	require.NotEmpty(t, oracles)
	messages, leaves, hidden := 0, 0, 0
	for _, oracle := range oracles {
		name := strings.TrimSuffix(filepath.Base(oracle), ".ndjson.gz")
		got, _ := lines(t, read(t, captures[name]))
		want := unpack(t, read(t, oracle))
		require.Len(t, strings.Split(strings.TrimSuffix(got, "\n"), "\n"), max(len(want), 1), name)
		for i, line := range strings.Split(strings.TrimSuffix(got, "\n"), "\n") {
			if len(want) == 0 {
				break
			}
			messages++
			all, secret := compareWithOracle(t, name, want[i], line)
			leaves, hidden = leaves+all, hidden+secret
		}
	}
	t.Logf("%d captures, %d messages and %d leaves equal; of these %d are NAS containers that the oracle shows and Vigie does not", len(oracles), messages, leaves, hidden)
}

func unpack(t *testing.T, packed []byte) (all []map[string]any) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(t, err)
	s := bufio.NewScanner(z)
	s.Buffer(nil, 1<<24)
	for s.Scan() {
		var m map[string]any
		require.NoError(t, json.Unmarshal(s.Bytes(), &m))
		all = append(all, m)
	}
	require.NoError(t, s.Err())
	return all
}

// compareWithOracle returns how many leaves there are, and how many the oracle shows that are secret.
func compareWithOracle(t *testing.T, name string, want map[string]any, line string) (leaves, hidden int) {
	var got map[string]any
	require.NoError(t, json.Unmarshal([]byte(line), &got))
	at, err := time.Parse(time.RFC3339Nano, got["time"].(string))
	require.NoError(t, err)
	expected, err := time.Parse(time.RFC3339Nano, want["time"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, expected, at, 2*time.Millisecond, "%s: %s", name, line)
	for key, value := range want {
		if key != "leaves" && key != "time" {
			require.Equal(t, value, got[key], "%s: %s of %s", name, key, line)
		}
	}
	require.Equal(t, want["message"], got["message"], "%s: %s", name, line)
	if want["leaves"] == nil {
		return 0, 0
	}
	a, leaves, hidden := leafBag(want["leaves"].([]any))
	b, _, _ := leafBag(got["leaves"].([]any))
	require.Equal(t, a, b, "%s: leaves of %s", name, line)
	return leaves, hidden
}

// leafBag sorts the leaves, without those that tshark renames by their place, and with the one mistake of the oracle mended.
func leafBag(leaves []any) (bag []string, all, mended int) {
	for _, l := range leaves {
		leaf := l.(string)
		if strings.HasPrefix(leaf, "DedicatedInfoNAS=") && leaf != "DedicatedInfoNAS=*" {
			leaf = "DedicatedInfoNAS=*"
			mended++
		}
		if !strings.HasPrefix(leaf, "offsetFreq=") && !strings.HasPrefix(leaf, "offsetFreq_r15=") && !strings.HasPrefix(leaf, "ncc_Permitted=") {
			bag = append(bag, leaf)
		}
	}
	slices.Sort(bag)
	return bag, len(leaves), mended
}
