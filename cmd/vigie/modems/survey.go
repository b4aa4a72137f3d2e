package modems

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/modem"
	"vigie/modem/at"
	"vigie/monitor/pipeline"
	"vigie/storage"
)

// SurveyCmd scans.
type SurveyCmd struct {
	config.StoreFlags
	Port   string `help:"The modem's AT port, such as /dev/ttyUSB2. Default: the first modem found." placeholder:"DEV"`
	USB    string `name:"usb" help:"Or its USB identity, as vigie probe prints it." placeholder:"ID"`
	Family string `help:"Modem family. Default: from the identification of the modem." placeholder:"F"`
	Sensor string `help:"Name of the sensor to which the rows belong. Default: as vigie watch names it." placeholder:"NAME"`
	Yes    bool   `help:"Do not ask before the interruption of service."`
	JSON   bool   `help:"Print it as JSON; docs/json.md lists the fields."`
}

const surveyWarning = `A survey is not passive. The modem leaves its cell and listens everywhere: for up to three minutes and twenty
seconds it has no service, and nothing is watched with it. When it comes back it may register again, which the network sees.
One scan is sent, once; if it fails it is not repeated.`

// Run scans once and stores the rows.
func (c *SurveyCmd) Run(ctx context.Context, p *console.Program, conf config.Config) (err error) {
	p.Err.Printf("%s\n", surveyWarning)
	if !c.Yes {
		p.Err.Printf("Type yes to continue: ")
		answer, _ := bufio.NewReader(p.In).ReadString('\n')
		if strings.TrimSpace(answer) != "yes" {
			return console.Usage(errors.New("nothing was sent to the modem"), "type yes when asked, or give --yes")
		}
	}
	choice := config.Choice{Family: c.Family, Sensor: c.Sensor}
	if c.Port != "" {
		choice.Ports = []string{c.Port}
	}
	if c.USB != "" {
		choice.USB = []string{c.USB}
	}
	conf.Choose(choice)
	modems, err := Choose(ctx, p, conf)
	if err != nil {
		return err
	}
	s, err := c.Open(ctx, conf, storage.Options{Create: true})
	if err != nil {
		return err
	}
	l := pipeline.New(pipeline.Options{NewEngine: conf.NewEngine(analyzer.Atlas{}), Store: s, Warn: p.Warn})
	defer func() { err = errors.Join(err, l.Close(ctx), s.Close()) }()
	if err := l.Resume(ctx, nil); err != nil {
		return err
	}
	scan, scanErr := c.scan(ctx, p, modems[0])
	if scan.Gap.Until.IsZero() {
		return scanErr
	}
	records := []cell.Record{&scan.Source, &scan.Gap}
	for _, row := range scan.Rows {
		records = append(records, row)
		if row.Serving != nil && !c.JSON {
			p.Out.Printf("%s\n", cell.Heard(row.Serving))
		}
	}
	if err := l.Feed(context.WithoutCancel(ctx), records...); err != nil {
		return err
	}
	cells := len(scan.Rows)
	if cells > 0 && scan.Rows[cells-1].Serving == nil {
		cells--
	}
	p.Err.Printf("AT%s took %s: %s, %s not read, stored as %s in %s\n", scan.Command.Text, scan.Gap.Until.Sub(scan.Gap.Time).Round(time.Second),
		console.Plural(cells, "cell or network row"), console.Plural(len(scan.Rejects), "line"), console.OneLine(scan.Gap.Sensor), c.Path(conf))
	if c.JSON {
		rows := []json.RawMessage{}
		for _, row := range scan.Rows {
			rows = append(rows, bytes.TrimRight(cell.AppendRecord(nil, row), "\n"))
		}
		scanErr = errors.Join(scanErr, p.Out.WriteJSON(surveyed{scanErr == nil, "AT" + scan.Command.Text, scan.Gap.Until.Sub(scan.Gap.Time).Seconds(), scan.Gap.Sensor, rows, len(scan.Rejects)}))
	}
	return scanErr
}

// surveyed is what a scan found.
type surveyed struct {
	OK      bool              `json:"ok"`
	Command string            `json:"command"`
	Seconds float64           `json:"seconds"`
	Sensor  string            `json:"sensor"`
	Rows    []json.RawMessage `json:"rows"`
	Unread  int               `json:"unread_lines"`
}

// scan runs the survey with a progress line.
func (c *SurveyCmd) scan(ctx context.Context, p *console.Program, conf modem.Config) (scan modem.Scan, err error) {
	sent := make(chan at.Command)
	done := make(chan struct{})
	go func() {
		defer close(done)
		scan, err = modem.Survey(ctx, conf, func(c at.Command) { sent <- c })
	}()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	began := time.Now()
	command := "asking the modem what it is"
	for {
		select {
		case c := <-sent:
			began, command = time.Now(), "AT"+c.Text
			p.Err.Printf("sent %s: %s\n", command, c.Why)
		case <-tick.C:
			p.Err.Progress("%s, %s of at most %s", command, time.Since(began).Round(time.Second), modem.SurveyLimit)
		case <-done:
			p.Err.ClearProgress()
			switch {
			case errors.Is(err, context.Canceled):
				err = console.WithHint(fmt.Errorf("interrupted: %w", err), "the modem was not asked to stop, since nothing but the scan may be sent: give it three minutes before you watch with it")
			case errors.Is(err, at.ErrTimeout):
				err = console.WithHint(fmt.Errorf("the scan did not end in its time, and is not repeated: %w", err), "give the modem some minutes before you watch with it")
			}
			return scan, err
		}
	}
}
