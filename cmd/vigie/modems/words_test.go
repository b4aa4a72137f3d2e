package modems

import (
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

// Every field that a modem may fail to report has words for a person.
func TestEveryFieldHasWords(t *testing.T) {
	for _, f := range cell.Fields(1<<26 - 1).Words() {
		one, _ := cell.ParseField(f)
		require.NotEmpty(t, fieldWords[one], f)
	}
}
