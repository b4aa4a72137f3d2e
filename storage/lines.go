package storage

import (
	"bytes"
	"encoding/json"
	"regexp"

	"vigie/analyzer"
	"vigie/cell"
)

// StoreOfLine is the number of the store that a line (cell.StoreLine) names; "" for another line.
func StoreOfLine(line []byte) string {
	var l struct{ Store string }
	if !bytes.HasPrefix(line, []byte(cell.StoreLine)) || json.Unmarshal(line, &l) != nil || !storeID.MatchString(l.Store) {
		return ""
	}
	return l.Store
}

var storeID = regexp.MustCompile(`^[0-9a-f]{16}$`)

// AppendEntry appends an entry as a line, with its end.
func AppendEntry(dst []byte, enc *cell.Encoder, e Entry) ([]byte, error) {
	if e.Event == nil {
		return enc.Append(dst, e.Record), nil
	}
	var text bytes.Buffer
	j := json.NewEncoder(&text)
	j.SetEscapeHTML(false)
	if err := j.Encode(e.Event); err != nil {
		return dst, err
	}
	dst = append(dst, cell.EventLine+`"event":`...)
	dst = append(dst, bytes.TrimRight(text.Bytes(), "\n")...)
	return append(dst, "}\n"...), nil
}

// EventOfLine reads a line (cell.EventLine) that AppendEntry or a sealed file has; another line is an error.
func EventOfLine(line []byte) (analyzer.Event, error) {
	var l struct {
		Body  []byte
		Event json.RawMessage
	}
	if !bytes.HasPrefix(line, []byte(cell.EventLine)) {
		return analyzer.Event{}, errCodec
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return analyzer.Event{}, err
	}
	if l.Event != nil {
		return EventFromJSON(string(l.Event))
	}
	return decodeEvent(l.Body)
}

// EventFromJSON reads an event from JSON as vigie replay prints it; its cells are those of the interchange format.
func EventFromJSON(text string) (analyzer.Event, error) {
	var e struct {
		analyzer.Event
		Cells []json.RawMessage `json:"cells"`
	}
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return analyzer.Event{}, err
	}
	if e.Cells != nil {
		e.Event.Cells = []cell.Cell{}
	}
	for _, raw := range e.Cells {
		c, err := cellFromJSON(raw)
		if err != nil {
			return analyzer.Event{}, err
		}
		e.Event.Cells = append(e.Event.Cells, c)
	}
	return e.Event, nil
}

// cellFromJSON lets the reader of the interchange format read it, as the serving cell of an observation.
func cellFromJSON(raw []byte) (cell.Cell, error) {
	line := append(append([]byte(`{"time":"2000-01-01T00:00:00Z","serving":`), bytes.TrimSpace(raw)...), '}')
	r := cell.NewReader(bytes.NewReader(line), "event")
	rec, err := r.Next()
	if err != nil {
		return cell.Cell{}, err
	}
	if o, ok := rec.(*cell.Observation); ok && o.Serving != nil {
		return *o.Serving, nil
	}
	return cell.Cell{}, nil
}
