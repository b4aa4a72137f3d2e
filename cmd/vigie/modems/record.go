package modems

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"vigie/cell"
	"vigie/cmd/vigie/console"
	"vigie/modem"
	"vigie/modem/at"
	"vigie/modem/dialect"
	"vigie/modem/remap"
	"vigie/safefile"
)

// RecordCmd writes a transcript.
type RecordCmd struct {
	File       string        `arg:"" help:"The transcript to write, such as em7455.txtar; - is standard output."`
	Port       string        `help:"The modem's AT port, such as /dev/ttyUSB2. Default: the first modem found." placeholder:"DEV"`
	Family     string        `help:"Modem family. Default: from the identification of the modem." placeholder:"F"`
	For        time.Duration `help:"How long to record." default:"1m"`
	Region     string        `help:"Country in which it was recorded, for the header." default:"not told" placeholder:"COUNTRY"`
	ExactCells bool          `help:"Keep area codes and cell identities as they are: readers of the transcript can then look up where you were."`
}

// recordMost is how much text one transcript may hold: far more than a minute of any modem.
const recordMost = 4 << 20

// Run records.
func (c *RecordCmd) Run(ctx context.Context, p *console.Program) error {
	port := c.Port
	if port == "" {
		found, err := find(ctx, p, modem.Host{})
		if err != nil {
			return err
		}
		port = found[0].Device
	}
	if c.File != "-" { // before the minute is spent
		if _, err := os.Lstat(c.File); err == nil {
			return console.Usage(fmt.Errorf("%s is there already", c.File), "name a new file")
		}
	}
	text, source, err := c.listen(ctx, p, port)
	if err != nil {
		return err
	}
	ident := dialect.Ident{Model: source.Model, Firmware: source.Firmware}
	d, err := c.dialect(text)
	if err != nil {
		return err
	}
	cells := "cell identities are exact"
	if !c.ExactCells {
		cells = "area codes and cell identities were replaced by others, the same one everywhere; networks, channels, PCIs and levels are exact"
		if text, err = remap.Text(d, text, draw); err != nil {
			return console.WithHint(fmt.Errorf("nothing was written: the cells could not be given other identities: %w", err),
				"--exact-cells writes it as it was; its readers can look up where you were")
		}
	}
	transcript, err := transcriptOf(text, d, ident, c.Region, cells, p.Version, time.Now())
	if err != nil {
		return err
	}
	if c.File == "-" {
		_, err = p.Out.Raw().Write(transcript)
		return err
	}
	if err := safefile.WriteNew(c.File, func(f *os.File) error { _, err := f.Write(transcript); return err }); err != nil {
		return err
	}
	p.Out.Printf("%s: %s of a %s.\n", c.File, console.Plural(strings.Count(text, "\n"), "line"), cmp.Or(console.OneLine(source.Model), "modem"))
	p.Out.Printf("%s\n", console.Wrap("Numbers of the subscriber and of the device were stripped as they were read. In it "+cells+
		". With a database of cells, networks, channels and PCIs can still narrow down where it was taken: read it before you give it away.", p.Out.Width(), ""))
	p.Out.Printf("%s\n", console.Wrap("To contribute it, put it into modem/dialect/testdata/"+d.Name+"/: the tests find it there.", p.Out.Width(), ""))
	return nil
}

// draw is a number below n that nobody can guess.
func draw(n uint64) uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it ends the program rather than to fail
	return binary.LittleEndian.Uint64(b[:]) % n
}

// listen watches a modem for a while as vigie watch does, and gives the lines that went to and fro.
func (c *RecordCmd) listen(ctx context.Context, p *console.Program, port string) (string, cell.Source, error) {
	ctx, stop := context.WithTimeout(ctx, c.For)
	defer stop()
	var text bytes.Buffer
	recorder := at.NewRecorder(&bounded{&text, recordMost, stop})
	var source cell.Source
	began, seen := time.Now(), 0
	collector, err := modem.New(modem.Config{Device: port, Family: c.Family, Sensor: "record", Options: at.Options{Trace: recorder.Trace}})
	if err != nil {
		return "", source, console.Usage(err, "vigie probe lists the modems that are here")
	}
	err = collector.Run(ctx, func(r cell.Record) error {
		if s, ok := r.(*cell.Source); ok {
			source = *s
		}
		seen++
		p.Err.Progress("recording %s: %s of %s, %s", port, time.Since(began).Round(time.Second), c.For, console.Plural(seen, "record"))
		return nil
	})
	p.Err.ClearProgress()
	if err == nil && source.Version == 0 {
		err = console.WithHint(errors.New("nothing was recorded: the modem was not even identified in that time"), "record for longer, with --for 2m")
	}
	return text.String(), source, err
}

// bounded ends the recording when there is enough.
type bounded struct {
	text *bytes.Buffer
	most int
	full func()
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.text.Len()+len(p) > b.most {
		b.full()
		return len(p), nil
	}
	return b.text.Write(p)
}

// dialect is the family named, or that of which the text itself speaks.
func (c *RecordCmd) dialect(text string) (*dialect.Dialect, error) {
	if c.Family != "" {
		return dialect.ByName(c.Family)
	}
	exchanges, err := at.ReadTranscript(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	var answers []dialect.Answer
	for _, x := range exchanges {
		answers = append(answers, dialect.Answer{Command: x.Command, Lines: x.Lines, Final: x.Final})
	}
	return dialect.For(dialect.Identify(answers)), nil
}

// marker is how a file of a txtar archive begins; a modem that prints such a line must not end ours.
var marker = regexp.MustCompile(`(?m)^-- .* --$`)

// transcriptOf is a transcript in the form in which the tests read them: a header, what went to and fro, and what Vigie
// makes of it.
func transcriptOf(text string, d *dialect.Dialect, ident dialect.Ident, region, cells, version string, now time.Time) ([]byte, error) {
	text = marker.ReplaceAllString(at.ScrubText(text), "")
	rounds, counts, err := dialect.DecodeText(strings.NewReader(text), d)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for _, h := range [][2]string{{"model", cmp.Or(ident.Model, "not told")}, {"firmware", cmp.Or(ident.Firmware, "not told")}, {"date", now.UTC().Format(time.DateOnly)},
		{"region", region}, {"taken", "vigie record, " + version}, {"evidence", "recorded, log"}, {"source", "contributed"}, {"cells", cells}} {
		value, _ := at.Scrub(h[1])
		fmt.Fprintf(&b, "%s: %s\n", h[0], console.OneLine(value))
	}
	fmt.Fprintf(&b, "-- input --\n%s-- observations --\n", text)
	for i := range rounds {
		o := rounds[i].Observation
		o.Raw = nil // it is the input
		b.Write(bytes.TrimRight(cell.AppendRecord(nil, &o), "\n"))
		b.WriteByte('\n')
	}
	b.WriteString("-- rejects --\n")
	for _, r := range counts.Rejects {
		fmt.Fprintf(&b, "%s: %s\n", r.Reason, r.Line)
	}
	return b.Bytes(), nil
}
