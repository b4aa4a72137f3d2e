package witness

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cell"
)

// Rayhunter (EFF) writes its analysis report as NDJSON. The first line describes the checks, each further line a packet:
//
//	{"analyzers":[{"name":...,"description":...,"version":1},...],"rayhunter":{"rayhunter_version":...},"report_version":2}
//	{"packet_timestamp":"2025-08-17T22:05:50.316Z","skipped_message_reason":null,"events":[null,{"event_type":"High","message":...}]}
//
// events has a place for each check, in the order of the first line; null: it said nothing. event_type is Informational, Low, Medium or
// High. Before report version 2 a line held several packets, and a warning was an object:
//
//	{"timestamp":...,"skipped_message_reasons":[],"analysis":[{"timestamp":...,"events":[{"event_type":{"type":"QualitativeWarning",
//	"severity":"High"},"message":...}]}]}
//
// Warnings become events that say that Rayhunter saw them; those of one check within ten minutes are one. What is informational is
// counted and left out. A message may name a cell or an identity: the store removes identities from it as from any text.

const (
	rayhunterApart = 10 * time.Minute // between two events of one check
	mostEvidence   = 50               // messages of one event that are kept
	mostChecks     = 256
	mostLine       = 1 << 20
)

type rayhunterHead struct {
	Analyzers []struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Version     int    `json:"version"`
	} `json:"analyzers"`
	Rayhunter struct {
		Version string `json:"rayhunter_version"`
	} `json:"rayhunter"`
}

type rayhunterEvents []*struct {
	Type    json.RawMessage `json:"event_type"`
	Message string          `json:"message"`
}

type rayhunterLine struct {
	Packet   string          `json:"packet_timestamp"`
	Events   rayhunterEvents `json:"events"`
	Analysis []struct {
		Timestamp string          `json:"timestamp"`
		Events    rayhunterEvents `json:"events"`
	} `json:"analysis"`
}

func isRayhunter(head []byte) bool {
	line := firstLine(head)
	return strings.HasPrefix(line, "{") && strings.Contains(line, `"analyzers"`) && !strings.Contains(line, `"kind"`)
}

// rayhunter reads one report.
type rayhunter struct {
	head    rayhunterHead
	sensor  string
	to      Takers
	r       *Report
	open    map[int]*analyzer.Event // by check
	first   time.Time               // of the packets
	last    time.Time
	packets int
}

func readRayhunter(ctx context.Context, in *bufio.Reader, o Options, to Takers, r *Report) error {
	x := &rayhunter{sensor: o.Sensor, to: to, r: r, open: map[int]*analyzer.Event{}}
	first := true
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		line, long, end := readLine(in)
		if end != nil && !errors.Is(end, io.EOF) {
			return end
		}
		if line = bytes.TrimSpace(line); len(line) > 0 || long {
			if err := x.line(line, long, first); err != nil {
				return err
			}
			first = false
		}
		if errors.Is(end, io.EOF) {
			return x.finish()
		}
	}
}

// readLine reads a line of at most mostLine bytes; of a longer one nothing is kept.
func readLine(in *bufio.Reader) (line []byte, long bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if len(line)+len(part) > mostLine {
			line, long = nil, true
		} else if !long {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, long, err
		}
	}
}

func (x *rayhunter) line(line []byte, long, first bool) error {
	x.r.Rows++
	if long {
		x.r.leave("a line that is too long")
		return nil
	}
	if first {
		if json.Unmarshal(line, &x.head) != nil || len(x.head.Analyzers) == 0 || len(x.head.Analyzers) > mostChecks {
			return errors.New("its first line does not list the checks of Rayhunter")
		}
		return x.to.Record(source(x.sensor, strings.TrimSpace("Rayhunter "+clip(x.head.Rayhunter.Version, 40))))
	}
	var l rayhunterLine
	if json.Unmarshal(line, &l) != nil {
		x.r.leave("a line that cannot be read")
		return nil
	}
	if len(l.Analysis) == 0 {
		return x.packet(l.Packet, l.Events)
	}
	for _, a := range l.Analysis {
		if err := x.packet(a.Timestamp, a.Events); err != nil {
			return err
		}
	}
	return nil
}

// packet takes what the checks said of a packet.
func (x *rayhunter) packet(stamp string, events rayhunterEvents) error {
	at, ok := timeOf(stamp)
	if !ok {
		x.r.leave("a packet without a time")
		return nil
	}
	x.packets++
	if x.first.IsZero() || at.Before(x.first) {
		x.first = at
	}
	if at.After(x.last) {
		x.last = at
	}
	for i, e := range events {
		if e == nil {
			continue
		}
		if i >= len(x.head.Analyzers) {
			x.r.leave("a warning of a check that the first line does not list")
			continue
		}
		severity, ok := rayhunterSeverity(e.Type)
		switch {
		case !ok:
			x.r.leave("a warning of a kind that is not known")
		case severity == analyzer.Info:
			x.r.leave("what is informational")
		default:
			if err := x.warning(i, at, severity, e.Message); err != nil {
				return err
			}
		}
	}
	return nil
}

// rayhunterSeverity is the severity of an event_type, of both versions; Info for what is informational.
func rayhunterSeverity(raw json.RawMessage) (analyzer.Severity, bool) {
	var name string
	if json.Unmarshal(raw, &name) != nil {
		var old struct{ Type, Severity string }
		if json.Unmarshal(raw, &old) != nil {
			return 0, false
		}
		if name = old.Type; name == "QualitativeWarning" {
			name = old.Severity
		}
	}
	switch name {
	case "Informational":
		return analyzer.Info, true
	case "Low":
		return analyzer.Low, true
	case "Medium":
		return analyzer.Medium, true
	case "High":
		return analyzer.High, true
	}
	return 0, false
}

// RayhunterRule is what findings of Rayhunter are called, with the name of the check after it.
const RayhunterRule = "rayhunter"

// warning adds a warning to the open event of its check, or opens one.
func (x *rayhunter) warning(check int, at time.Time, severity analyzer.Severity, message string) error {
	e := x.open[check]
	if e != nil && (at.Sub(e.Last) > rayhunterApart || at.Before(e.First.Add(-rayhunterApart))) {
		if err := x.close(check); err != nil {
			return err
		}
		e = nil
	}
	message = clip(strings.TrimSpace(message), 400)
	a := &x.head.Analyzers[check]
	if e == nil {
		e = &analyzer.Event{Sensor: x.sensor, State: analyzer.Closed, First: at, Opened: at, Last: at, Cells: []cell.Cell{},
			Findings: []analyzer.Finding{{Rule: RayhunterRule, Version: max(a.Version, 0), First: at}}}
		e.Summary = "seen by Rayhunter: " + clip(a.Name, 80) + " (" + message + ")." // in English, as Rayhunter says it
		e.Findings[0].Summary = e.Summary
		if d := strings.TrimSpace(a.Description); d != "" {
			e.InnocentCauses = []string{clip(d, 500)}
		}
		x.open[check] = e
	}
	f := &e.Findings[0]
	if at.Before(e.First) {
		e.First, e.Opened = at, at
	}
	if at.After(e.Last) {
		e.Last = at
	}
	e.Severity = max(e.Severity, severity)
	e.Score++
	f.Severity, f.First, f.Last = e.Severity, e.First, e.Last
	if len(f.Evidence) == mostEvidence {
		return nil
	}
	f.Evidence = append(f.Evidence, analyzer.Evidence{Time: at, Raw: []string{message}})
	return x.heard(at, message)
}

// heard passes on an observation that holds only what Rayhunter said: a packet says nothing of a cell.
func (x *rayhunter) heard(at time.Time, text string) error {
	x.r.Observations++
	return x.to.Record(&cell.Observation{Time: at, Sensor: x.sensor, Raw: []string{text}})
}

// close passes on the open event of a check.
func (x *rayhunter) close(check int) error {
	e := x.open[check]
	delete(x.open, check)
	sum := sha256.Sum256([]byte(x.sensor + "\x00" + x.head.Analyzers[check].Name + "\x00" + e.First.Format(time.RFC3339Nano)))
	e.ID = hex.EncodeToString(sum[:8])
	x.r.Events++
	return x.to.Event(*e)
}

// finish passes on what is open, and when Rayhunter listened: from the first packet to the last.
func (x *rayhunter) finish() error {
	for check := range x.head.Analyzers {
		if x.open[check] != nil {
			if err := x.close(check); err != nil {
				return err
			}
		}
	}
	if x.packets == 0 {
		return nil
	}
	if err := x.heard(x.first, "Rayhunter: first packet of a report"); err != nil {
		return err
	}
	return x.heard(x.last, "Rayhunter: last packet of a report")
}

// clip is a text of at most so many bytes.
func clip(s string, most int) string {
	if len(s) <= most {
		return strings.ToValidUTF8(s, "\ufffd")
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
