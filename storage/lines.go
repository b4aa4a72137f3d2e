package storage

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/words"
)

// StoreOfLine is the number of the store that a line (cell.StoreLine) names; empty for any other line.
func StoreOfLine(line []byte) string {
	var l struct{ Store string }
	if !bytes.HasPrefix(line, []byte(cell.StoreLine)) || json.Unmarshal(line, &l) != nil || !storeID.MatchString(l.Store) {
		return ""
	}
	return l.Store
}

var storeID = regexp.MustCompile(`^[0-9a-f]{16}$`)

// AppendEntry appends an entry as a line of the interchange format (docs/fields.md), with its line end. An event is
// {"kind":"event","event":...}, as vigie replay prints it.
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
	dst = words.EscapeJSON(dst, bytes.TrimRight(text.Bytes(), "\n"))
	return append(appendPhrases(dst, e.Event), '\n'), nil
}

// AppendEventBody appends an event as a line, without its line end, in its stored form: exact for every value, also those that
// JSON cannot express. Sealed files use it.
func AppendEventBody(dst []byte, e *analyzer.Event) []byte {
	bare := analyzer.Worded{Event: *e}.Take()
	dst = append(dst, cell.EventLine+`"body":"`...)
	dst = append(base64.StdEncoding.AppendEncode(dst, encodeEvent(&bare)), '"')
	return appendPhrases(dst, e)
}

// AppendVerdict appends a verdict as a line, with its line end. sensor is that of the event, by which an importer that calls it otherwise
// finds the event; it may be empty.
func AppendVerdict(dst []byte, sensor string, v *Verdict) ([]byte, error) {
	return appendAbout(dst, cell.VerdictLine, sensor, v)
}

// AppendRemark appends a remark as a line, with its line end; see AppendVerdict.
func AppendRemark(dst []byte, sensor string, r *Remark) ([]byte, error) {
	return appendAbout(dst, cell.RemarkLine, sensor, r)
}

func appendAbout(dst []byte, head, sensor string, what any) ([]byte, error) {
	var text bytes.Buffer
	j := json.NewEncoder(&text)
	j.SetEscapeHTML(false)
	err := j.Encode(what)
	dst = append(dst, head...)
	if sensor != "" {
		name, _ := json.Marshal(sensor)
		dst = append(words.EscapeJSON(append(dst, `"sensor":`...), name), ',')
	}
	return append(words.EscapeJSON(dst, bytes.TrimSpace(text.Bytes())[1:]), '\n'), err
}

// VerdictOfLine reads a line of AppendVerdict. Any other line is an error, and so is what cannot be stored.
func VerdictOfLine(line []byte) (sensor string, v Verdict, err error) {
	if !bytes.HasPrefix(line, []byte(cell.VerdictLine)) {
		return "", v, errCodec
	}
	if err := json.Unmarshal(line, &v); err != nil {
		return "", v, err
	}
	if len(v.Event)+len(v.Reason)+len(v.Author)+len(v.UndoneBy) > mostVerdict {
		return "", v, errTooLong
	}
	if err := v.Judgement.check(); err != nil {
		return "", v, err
	}
	if v.Event == "" || v.Time.IsZero() {
		return "", v, errors.New("a verdict without an event or a time")
	}
	return sensorOfLine(line), v, nil
}

// mostVerdict bounds the texts of a verdict in a file, in bytes.
const mostVerdict = 16 << 10

// RemarkOfLine reads a line of AppendRemark. Any other line is an error, and so is a remark that cannot be stored.
func RemarkOfLine(line []byte) (sensor string, r Remark, err error) {
	if !bytes.HasPrefix(line, []byte(cell.RemarkLine)) {
		return "", r, errCodec
	}
	if err := json.Unmarshal(line, &r); err != nil {
		return "", r, err
	}
	if r.Time.IsZero() {
		return "", r, errors.New("a remark without a time")
	}
	return sensorOfLine(line), r, r.Check()
}

func sensorOfLine(line []byte) string {
	var l struct{ Sensor string }
	_ = json.Unmarshal(line, &l)
	return l.Sensor
}

// EncodeEvent returns the stored form of an event, phrases included: exact for every value.
func EncodeEvent(e *analyzer.Event) []byte { return encodeEvent(e) }

// DecodeEvent is the inverse of EncodeEvent.
func DecodeEvent(b []byte) (analyzer.Event, error) { return decodeEvent(b) }

// appendPhrases ends the line of an event with its phrases, if it has any, in a key of their own, which older programs ignore.
func appendPhrases(dst []byte, e *analyzer.Event) []byte {
	if p := e.Wording().Phrases; p != nil {
		if text, err := json.Marshal(p); err == nil {
			dst = words.EscapeJSON(append(dst, `,"phrases":`...), text)
		}
	}
	return append(dst, '}')
}

// EventOfLine reads an event from a line of AppendEntry or AppendEventBody. Any other line is an error, and so is an event that is too long to
// be stored.
func EventOfLine(line []byte) (analyzer.Event, error) {
	e, err := eventOfLine(line)
	if err != nil {
		return e, err
	}
	return storable(e)
}

// EventOfWording reads an event as analyzer.Worded writes it, which bundles do.
func EventOfWording(line []byte) (analyzer.Event, error) {
	var l struct{ Phrases json.RawMessage }
	e, err := EventFromJSON(string(line))
	if err == nil {
		err = json.Unmarshal(line, &l)
	}
	if err == nil && e.ID == "" {
		err = errors.New("an event without an id")
	}
	if err != nil {
		return e, err
	}
	return storable(withPhrases(e, l.Phrases))
}

// withPhrases gives an event the phrases of its line.
func withPhrases(e analyzer.Event, text json.RawMessage) analyzer.Event {
	var p analyzer.Phrases
	if text == nil || json.Unmarshal(text, &p) != nil {
		return e // of a later form: the event is whole without them
	}
	return analyzer.Worded{Event: e, Phrases: &p}.Take()
}

// storable returns an error for an event that is too long to be stored.
func storable(e analyzer.Event) (analyzer.Event, error) {
	if len(encodeEvent(shortenEvidence(&e))) > longestValue/2 {
		return e, errTooLong
	}
	return e, nil
}

func eventOfLine(line []byte) (analyzer.Event, error) {
	var l struct {
		Body    []byte
		Event   json.RawMessage
		Phrases json.RawMessage
	}
	if !bytes.HasPrefix(line, []byte(cell.EventLine)) {
		return analyzer.Event{}, errCodec
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return analyzer.Event{}, err
	}
	e, err := decodeEvent(l.Body)
	if l.Event != nil {
		e, err = EventFromJSON(string(l.Event))
	}
	if err != nil {
		return e, err
	}
	return withPhrases(e, l.Phrases), nil
}

// EventFromJSON reads an event from JSON as vigie replay prints it. Its cells are those of the interchange format.
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
	if len(e.Cells) > mostEventCells {
		return analyzer.Event{}, fmt.Errorf("an event with %d cells: %w", len(e.Cells), errTooLong)
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

// mostEventCells bounds the cells of an event in a file: each takes a hundred times as much in memory.
const mostEventCells = 1 << 14

// cellFromJSON reads a cell with the reader of the interchange format, as the serving cell of an observation.
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
