package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What stands around the tables stays, also when they grow by less than what follows them.
func TestPutKeepsThePage(t *testing.T) {
	page := func(tables string) string {
		return "# before\n<!-- measured: written by tools/detection -->\n" + tables + "<!-- end of measured -->\n## after, and much more of it\n"
	}
	for _, tables := range []string{"", "| old |\n", "| of the same length or a little more |\n"} {
		got, err := put(page("| old |\n"), tables)
		require.NoError(t, err)
		require.Equal(t, page(tables), got)
	}
	_, err := put("# nothing here\n", "x")
	require.ErrorContains(t, err, "no place for the tables")
}
