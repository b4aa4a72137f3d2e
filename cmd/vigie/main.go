// Command vigie watches the cell towers around a modem and flags what looks like a rogue cell or a forced downgrade.
//
// It is one program with one file a subcommand. It wires the rooms together (modem, analyzer, storage) and speaks to
// people; it refuses to hold knowledge of its own about modems, networks or attacks, and it starts no other program.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/cmd/vigie/modems"
	"vigie/cmd/vigie/setup"
	"vigie/monitor"
)

// version is set at release; a build from a checkout reports what Go knows of it.
var version = ""

// CLI is the whole command line.
type CLI struct {
	Demo      DemoCmd          `cmd:"" help:"See it work, without hardware: a learned place, recorded modem answers, a staged attack."`
	Watch     WatchCmd         `cmd:"" help:"Watch with a modem until interrupted."`
	Replay    ReplayCmd        `cmd:"" help:"Run the rules over recorded observations and print the events."`
	Decode    DecodeCmd        `cmd:"" help:"Turn recorded modem text into observations, and captures of a modem's signalling into messages."`
	Scrub     ScrubCmd         `cmd:"" help:"Copy a capture without what says who somebody is, to share it."`
	Analyze   AnalyzeCmd       `cmd:"" help:"Run today's rules over what a store has recorded; list the events that are new, gone or changed."`
	Events    EventsCmd        `cmd:"" help:"List the stored events, or show one in full."`
	Export    ExportCmd        `cmd:"" help:"Write the stored observations and gaps to a file."`
	Import    ImportCmd        `cmd:"" help:"Add what other stores recorded to one; what it has already is skipped."`
	Sync      SyncCmd          `cmd:"" help:"Copy what is new to a directory, a stream or the InfluxDB server; vigie import reads it."`
	Backup    BackupCmd        `cmd:"" help:"Copy the store, also while a watch writes to it."`
	Restore   RestoreCmd       `cmd:"" help:"Restore a store from a copy."`
	Delete    DeleteCmd        `cmd:"" help:"Delete permanently: a time, a sensor, an event, or everything; asks first."`
	Summaries SummariesCmd     `cmd:"" help:"Print the summaries of minutes whose observations were deleted."`
	Setup     setup.Cmd        `cmd:"" help:"Ask a few questions and write configuration, udev rule and service; shows everything first, and can undo it."`
	Homes     HomesCmd         `cmd:"" help:"Home zones, kept in an encrypted store and left out of exports."`
	Unseal    UnsealCmd        `cmd:"" help:"Open what a kit has sealed, into a store: where the private key is."`
	Review    ReviewCmd        `cmd:"" help:"Open the review desk: pages on which a person judges, explains and shares events."`
	Report    ReportCmd        `cmd:"" help:"Write a report of an event or a period: one HTML file."`
	Bundle    BundleCmd        `cmd:"" help:"Write a bundle of an event or a period that others can check; sign or seal it if wished."`
	Verify    VerifyCmd        `cmd:"" help:"Check a bundle, offline; explain what that proves and what not."`
	Rules     RulesCmd         `cmd:"" help:"List the rules; or every byte string that may ever be written to a modem."`
	Probe     modems.ProbeCmd  `cmd:"" help:"List the modems that are here, what they can report, and which programs hold their ports."`
	Record    modems.RecordCmd `cmd:"" help:"Write a redacted transcript of a modem, ready to be contributed as a test."`
	CellDB    CellDBCmd        `cmd:"" name:"celldb" help:"A local copy of a public list of cells (OpenCellID, Mozilla): make it, check it, look up."`
	Survey    modems.SurveyCmd `cmd:"" help:"Scan for all cells and networks. Interrupts service; never part of watching."`
	Influx    InfluxCmd        `cmd:"" help:"The copy on an InfluxDB server: set it up, send, list what it rejected."`
	Alert     AlertCmd         `cmd:"" help:"Alerts to people: send a test."`
	Status    StatusCmd        `cmd:"" help:"Report how the watch is: watching or blind and since when, open events, disk, followers of the store."`
	Doctor    DoctorCmd        `cmd:"" help:"Check what Vigie can see with the modems that are here, rule by rule; or whether copying to InfluxDB works."`
	Man       ManCmd           `cmd:"" hidden:"" help:"Print the manual page."`

	Config  string           `help:"Configuration file (TOML). Default: ~/.config/vigie/vigie.toml, then /etc/vigie/vigie.toml; replay reads one only when named here." placeholder:"FILE" type:"path"`
	Color   string           `help:"Colour: auto (on a terminal, unless NO_COLOR is set), always or never." enum:"auto,always,never" default:"auto"`
	Version kong.VersionFlag `help:"Print the version and stop." short:"V"`
}

const description = `Vigie is a passive lookout over the cell towers around you. It listens through a USB LTE modem and flags
downgrade and rogue-cell patterns: anomalies with their evidence and their innocent causes, never a verdict.

  vigie demo                               see it work; needs no hardware, no network, half a minute
  vigie probe                              which modem is here, and what it can see
  vigie watch                              watch with it; the store remembers and learns this place
  vigie events                             what was flagged; "vigie events show ID" for all of it

Exit status: 0 also when events were found, 1 when something could not be read or done, 2 for wrong usage, 3 when a
watch ended because it destroyed on request what it had recorded ([panic]).`

func main() {
	console.NoCore()
	if slices.Contains(os.Args[1:], "watch") {
		monitor.CatchWipe() // before anything takes its time
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends what does not stop at the first, as reading from a terminal
	status := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run is the program, with its three streams as inputs; it returns the exit status. It stops when ctx ends.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var cli CLI
	exit := -1
	parser, err := kong.New(&cli, kong.Name("vigie"), kong.Description(description), kong.Writers(stdout, stderr),
		kong.Vars{"version": versionText()}, kong.Exit(func(code int) { exit = code; panic(stopped{}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}), kong.UsageOnError())
	if err != nil {
		return console.Report(stderr, err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	var parsed *kong.Context
	func() {
		defer func() {
			if r := recover(); r != nil {
				if _, ok := r.(stopped); !ok {
					panic(r)
				}
			}
		}()
		parsed, err = parser.Parse(args)
	}()
	if exit >= 0 {
		return exit
	}
	if err != nil {
		return console.Report(stderr, console.Usage(err, cmp.Or(console.HintOf(err), helpFor(err))))
	}
	p := &console.Program{ConfigFile: cli.Config, Version: versionText(), In: stdin, Out: console.New(stdout, cli.Color), Err: console.New(stderr, cli.Color)}
	parsed.BindTo(ctx, (*context.Context)(nil))
	parsed.Bind(parser)
	if err := parsed.BindToProvider(func() (config.Config, error) { return config.Load(cli.Config, true) }); err != nil {
		return console.Report(stderr, err)
	}
	return console.Report(stderr, parsed.Run(p))
}

type stopped struct{}

// helpFor names the help that fits what was asked for wrongly.
func helpFor(err error) string {
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil && parse.Context.Command() != "" {
		return fmt.Sprintf("vigie %s --help lists what it takes", strings.Join(commandWords(parse.Context.Command()), " "))
	}
	return "vigie --help lists what there is"
}

// commandWords are the words of a command without its arguments: "replay <file>" is replay.
func commandWords(command string) []string {
	return slices.DeleteFunc(strings.Fields(command), func(w string) bool { return strings.ContainsAny(w, "<[") })
}

func versionText() string {
	if version != "" {
		return "vigie " + version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return "vigie (built from " + s.Value + ")"
			}
		}
	}
	return "vigie (built from a checkout)"
}
