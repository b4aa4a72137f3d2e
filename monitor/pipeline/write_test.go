package pipeline

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
)

// An event that JSON cannot express is named, and what came before it is written.
func TestWriteEventsNamesWhatCannotBeWritten(t *testing.T) {
	at := time.Date(2026, 11, 23, 1, 2, 3, 0, time.UTC)
	var b bytes.Buffer
	err := WriteEvents(&b, func(yield func(analyzer.Event, error) bool) {
		_ = yield(analyzer.Event{ID: "good", First: at, Opened: at, Last: at}, nil) &&
			yield(analyzer.Event{ID: "bad", First: at, Opened: at, Last: time.Unix(1<<60, 0)}, nil)
	})
	require.ErrorContains(t, err, `event "bad"`)
	require.Contains(t, b.String(), `"id":"good"`)
}
