package checkup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/monitor"
	"vigie/safefile"
	"vigie/storage"
)

// Host checks what Vigie relies on besides a modem: configuration, clock, store, disk, alerts, InfluxDB. It changes nothing and
// asks no network. It reports whether the configuration could be read.
func Host(ctx context.Context, checks *console.Checks, named string, flags *config.StoreFlags) (conf config.Config, ok bool) {
	checks.Part("this computer")
	conf, file := Read(named)
	ok = len(file.Faults) == 0
	var notes []*config.Fault
	if ok {
		notes = Configuration(ctx, conf, file, flags)
	}
	told := map[string]bool{}
	for _, f := range Sorted(file.Faults, notes) {
		what := partOf(f.Key)
		told[what] = true
		checks.Add(isFault(file, f), what, f.Error(), console.HintOf(f))
	}
	if !told["configuration"] {
		checks.Add(false, "configuration", file.Path, "")
	}
	if monitor.ClockSynced() {
		checks.Add(false, "clock", "is synchronised", "")
	} else {
		checks.Add(false, "clock", "is not known to be right", "times are corrected when it is set; a network, GPS or a clock chip sets it")
	}
	if !ok {
		return conf, false
	}
	for _, secret := range flags.Secrets(conf) {
		if open := safefile.OpenToOthers(secret.Path); open != "" && !told[secret.What] {
			checks.Add(true, secret.What, open, "chmod 600 "+secret.Path)
		}
	}
	if name := conf.UnusedProxy(); name != "" {
		checks.Add(false, "proxy", name+" of the environment is not used", "proxy = \"environment\" at the top of the configuration uses it, for InfluxDB and alerts")
	} else if conf.Proxy != "" {
		checks.Add(false, "proxy", "InfluxDB and alerts go through the proxy of the configuration", "")
	}
	if !told["store"] {
		if finding, hint, err := store(ctx, conf, flags); err != nil {
			checks.Add(true, "store", err.Error(), console.HintOf(err))
		} else {
			checks.Add(false, "store", finding, hint)
		}
	}
	disk(checks, conf, flags)
	if o, err := conf.Alert.Options(nil); !told["alerts"] && err == nil && (len(o.To) > 0 || o.LED != "") {
		where := console.Plural(len(o.To), "destination")
		if o.LED != "" {
			where += ", LED " + o.LED
		}
		checks.Add(false, "alerts", where, "vigie alert test tries them")
	}
	if conf.Influx.URL != "" && !told["InfluxDB"] {
		checks.Add(false, "InfluxDB", "is configured", "vigie doctor --influx checks the server")
	}
	return conf, true
}

// Read reads the configuration that a command would use, with all its faults. Without one the path of the file says so.
func Read(named string) (config.Config, *config.File) {
	path := config.Find(named)
	if path == "" {
		return config.Config{}.WithDefaults(), &config.File{Path: "no configuration file: the defaults"}
	}
	return config.Inspect(path)
}

func isFault(file *config.File, f *config.Fault) bool {
	for _, one := range file.Faults {
		if one == f {
			return true
		}
	}
	return false
}

// partOf is under what doctor shows a key.
func partOf(key string) string {
	section, _, _ := strings.Cut(key, ".")
	switch section {
	case "store", "passphrase_file":
		return "store"
	case "alert":
		return "alerts"
	case "influx":
		return "InfluxDB"
	}
	return "configuration"
}

// disk checks the room on the disk of the store.
func disk(checks *console.Checks, conf config.Config, flags *config.StoreFlags) {
	if flags.InMemory(conf) {
		return
	}
	dir := filepath.Dir(flags.Path(conf))
	for ; dir != "/" && dir != "."; dir = filepath.Dir(dir) { // a store that is not made yet
		if _, err := os.Stat(dir); err == nil {
			break
		}
	}
	free, all := monitor.DiskOf(dir)
	is, hint := monitor.RoomBy(free, all, monitor.RoomOK), ""
	if is != monitor.RoomOK {
		hint = "the oldest observations become summaries early; docs/keeping.md lists what goes when"
	}
	checks.Add(is == monitor.RoomFull, "disk", fmt.Sprintf("%s of %s are free", console.Size(free), console.Size(all)), hint)
}

// store opens the store that watching would use, and asks what is in it.
func store(ctx context.Context, conf config.Config, flags *config.StoreFlags) (finding, hint string, err error) {
	if flags.InMemory(conf) || conf.Seal.On() {
		return "in memory: " + map[bool]string{true: "what is watched is sealed to " + flags.SealTo(conf), false: "all is gone when the watch ends"}[conf.Seal.On()], "", nil
	}
	path := flags.Path(conf)
	switch _, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return path + " is not there yet: vigie watch makes it", "", nil
	case errors.Is(err, fs.ErrPermission):
		return path, "it belongs to the service: look as root", nil
	}
	s, err := flags.Open(ctx, conf, storage.Options{ReadOnly: true})
	if err != nil {
		return "", "", err
	}
	defer s.Close()
	stats, err := s.Stats(ctx)
	if err != nil {
		return "", "", err
	}
	secret, err := flags.Passphrase(conf)
	if err != nil {
		return "", "", err
	}
	finding = fmt.Sprintf("%s, %s, %s", path, console.Size(stats.Bytes), map[bool]string{true: "encrypted", false: "not encrypted"}[secret != ""])
	if !stats.Newest.IsZero() {
		finding += ", newest record of " + console.Time(stats.Newest)
	}
	return finding, strings.Join(s.Notices(), "; "), nil
}
