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
	"time"

	"github.com/alecthomas/kong"

	"vigie/cmd/vigie/bundles"
	"vigie/cmd/vigie/checkup"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/cmd/vigie/manual"
	"vigie/cmd/vigie/modems"
	"vigie/cmd/vigie/setup"
	"vigie/monitor"
	"vigie/safefile"
)

// version is set at release; a build from a checkout reports what Go knows of it.
var version = ""

// CLI is the whole command line.
type CLI struct {
	Demo   DemoCmd         `cmd:"" endless:"" group:"begin" help:"See it work, without hardware: a learned place, recorded modem answers, a staged attack."`
	Probe  modems.ProbeCmd `cmd:"" group:"begin" help:"List the modems that are here, what they can report, and which programs hold their ports."`
	Watch  WatchCmd        `cmd:"" endless:"" group:"begin" help:"Watch with a modem until interrupted."`
	Events EventsCmd       `cmd:"" group:"begin" help:"List the stored events, or show one in full."`
	Review ReviewCmd       `cmd:"" endless:"" group:"begin" help:"Open the review desk: pages on which a person judges, explains and shares events."`

	Setup  setup.Cmd         `cmd:"" endless:"" group:"run" help:"Ask a few questions and write configuration, udev rule and service; shows everything first, and can undo it."`
	Status StatusCmd         `cmd:"" group:"run" help:"Report how the watch is: watching or blind and since when, open events, disk, followers of the store."`
	Doctor DoctorCmd         `cmd:"" group:"run" help:"Check what Vigie can see with the modems that are here, rule by rule; or whether copying to InfluxDB works."`
	Conf   checkup.ConfigCmd `cmd:"" group:"run" name:"config" help:"The configuration: check it, or print an example with every key."`
	Alert  AlertCmd          `cmd:"" group:"run" help:"Alerts to people: send a test."`
	Influx InfluxCmd         `cmd:"" group:"run" help:"The copy on an InfluxDB server: set it up, send, list what it rejected."`

	Export    ExportCmd    `cmd:"" group:"store" help:"Write the stored observations and gaps to a file."`
	Import    ImportCmd    `cmd:"" group:"store" help:"Add what other stores recorded to one; what it has already is skipped."`
	Sync      SyncCmd      `cmd:"" group:"store" help:"Copy what is new to a directory, a stream or the InfluxDB server; vigie import reads it."`
	Store     StoreCmd     `cmd:"" group:"store" help:"Encrypt a store that is there, change its passphrase, or take the encryption off."`
	Backup    BackupCmd    `cmd:"" group:"store" help:"Copy the store, also while a watch writes to it."`
	Restore   RestoreCmd   `cmd:"" group:"store" help:"Restore a store from a copy."`
	Delete    DeleteCmd    `cmd:"" group:"store" help:"Delete permanently: a time, a sensor, an event, or everything; asks first."`
	Summaries SummariesCmd `cmd:"" group:"store" help:"Print the summaries of minutes whose observations were deleted."`
	Homes     HomesCmd     `cmd:"" group:"store" help:"Home zones, kept in an encrypted store and left out of exports."`
	Unseal    UnsealCmd    `cmd:"" group:"store" help:"Open what a kit has sealed, into a store: where the private key is."`

	Report  ReportCmd         `cmd:"" group:"judge" help:"Write a report of an event or a period: one HTML file."`
	Bundle  BundleCmd         `cmd:"" group:"judge" help:"Write a bundle of an event or a period that others can check; sign or seal it if wished."`
	Verify  bundles.VerifyCmd `cmd:"" group:"judge" help:"Check a bundle, offline; explain what that proves and what not."`
	Analyze AnalyzeCmd        `cmd:"" group:"judge" help:"Run today's rules over what a store has recorded; list the events that are new, gone or changed."`
	Replay  ReplayCmd         `cmd:"" group:"judge" help:"Run the rules over recorded observations and print the events."`
	Locate  LocateCmd         `cmd:"" group:"judge" help:"Compute where a cell may stand, from where it was heard and how loud: an area, with its chances."`

	Record modems.RecordCmd `cmd:"" group:"modem" help:"Write a redacted transcript of a modem, ready to be contributed as a test."`
	Survey modems.SurveyCmd `cmd:"" group:"modem" help:"Scan for all cells and networks. Interrupts service; never part of watching."`
	Decode DecodeCmd        `cmd:"" group:"modem" help:"Turn recorded modem text into observations, and captures of a modem's signalling into messages."`
	Scrub  ScrubCmd         `cmd:"" group:"modem" help:"Copy a capture without what says who somebody is, to share it."`
	CellDB CellDBCmd        `cmd:"" group:"modem" name:"celldb" help:"A local copy of a public list of cells (OpenCellID, Mozilla): make it, check it, look up."`
	Rules  RulesCmd         `cmd:"" group:"modem" help:"List the rules; or every byte string that may ever be written to a modem."`

	Help       manual.HelpCmd       `cmd:"" group:"self" help:"Explain a command, with examples."`
	Version    manual.VersionCmd    `cmd:"" group:"self" help:"Print the version."`
	Completion manual.CompletionCmd `cmd:"" group:"self" help:"Print a script that completes commands and flags in bash, zsh or fish."`
	Man        manual.ManCmd        `cmd:"" hidden:"" help:"Print a manual page, or write all."`

	Config      string           `help:"Configuration file (TOML). Default: ~/.config/vigie/vigie.toml, then /etc/vigie/vigie.toml; replay reads one only when named here." placeholder:"FILE" type:"path"`
	Color       string           `help:"Colour: auto (on a terminal, unless NO_COLOR is set), always or never." enum:"auto,always,never" default:"auto"`
	Verbose     bool             `help:"Print on standard error what is done: files that are read, what is opened and asked, how long it took." short:"v"`
	ShowVersion kong.VersionFlag `name:"version" help:"Print the version and stop." short:"V"`
}

func main() {
	console.NoCore()
	debug.SetTraceback("crash") // a crash ends by SIGABRT and not with the status of wrong usage: a service is started again after it
	watching := slices.Contains(os.Args[1:], "watch")
	if watching {
		monitor.CatchWipe() // before anything takes its time
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		stop() // a second Ctrl-C ends the process at once
		if !watching {
			time.AfterFunc(lastWork, giveUp)
		}
	})
	status := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// lastWork is how long a command other than watch may work on after the first Ctrl-C or SIGTERM. All of them stop sooner, unless they
// wait for a file that gives nothing, or for somebody to take what they print.
const lastWork = 5 * time.Second

// giveUp ends a process that does not end by itself. What it was writing has no name yet and is removed, or can be killed at any moment.
func giveUp() {
	safefile.Discard()
	time.AfterFunc(time.Second, func() { os.Exit(1) }) // nobody may take the message either
	os.Exit(console.Report(os.Stderr, context.Canceled))
}

// run is the program, with its three streams as inputs; it returns the exit status. It stops when ctx ends.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var cli CLI
	exit := -1
	help := console.New(stdout, "never")
	to := stdout // as it is, where the width of the terminal is asked for
	if !help.IsTerminal() {
		to = help.Raw()
	}
	parser, err := parserOf(&cli, to, stderr, func(code int) { exit = code; panic(stopped{}) })
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
		return max(exit, console.Report(stderr, help.Failed()))
	}
	if failed := help.Failed(); failed != nil {
		return console.Report(stderr, failed)
	}
	if err != nil {
		return console.Report(stderr, console.Usage(err, cmp.Or(console.HintOf(err), helpFor(err))))
	}
	p := &console.Program{ConfigFile: cli.Config, Version: versionText(), In: stdin, Out: console.New(stdout, cli.Color), Err: console.New(stderr, cli.Color)}
	p.Out.Above(p.Err)
	if cli.Verbose {
		ctx = console.WithDetails(ctx, p.Err)
	}
	began := time.Now()
	console.Detail(ctx, "%s, command %s, configuration %s", versionText(), parsed.Command(), cmp.Or(config.Find(cli.Config), "none: the defaults"))
	parsed.BindTo(ctx, (*context.Context)(nil))
	parsed.Bind(parser)
	if err := parsed.BindToProvider(func() (config.Config, error) { return config.Load(cli.Config, true) }); err != nil {
		return console.Report(stderr, err)
	}
	working := func() {}
	if node := parsed.Selected(); node == nil || !top(node).Tag.Has("endless") {
		working = p.Busy()
	}
	if err = parsed.Run(p); err == nil {
		err = p.Out.Failed()
	}
	working()
	status := console.Report(p.Err, err)
	console.Detail(ctx, "took %s, exit status %d", time.Since(began).Round(time.Millisecond), status)
	return status
}

// top is the command of the program that a command belongs to.
func top(n *kong.Node) *kong.Node {
	for n.Parent != nil && n.Parent.Parent != nil {
		n = n.Parent
	}
	return n
}

type stopped struct{}

// parserOf is the command tree. exit is called after --help and --version, and must not return.
func parserOf(cli *CLI, stdout, stderr io.Writer, exit func(int)) (*kong.Kong, error) {
	return kong.New(cli, kong.Name("vigie"), kong.Writers(stdout, stderr), kong.Vars{"version": versionText()}, kong.Exit(exit),
		kong.ExplicitGroups(manual.Groups), kong.Help(manual.Printer(manual.Description, manual.ExitStatus, console.WidthOf)))
}

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
