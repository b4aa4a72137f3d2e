package monitor

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"vigie/modem/dialect"
)

// Computer is what the watch costs the computer, and how warm it is.
type Computer struct {
	Goroutines int    `json:"goroutines"`
	Resident   int64  `json:"resident_bytes"`
	Zones      []Zone `json:"temperatures,omitempty"`
}

// Zone is a thermal zone of the kernel.
type Zone struct {
	Name    string  `json:"name"`
	Celsius float64 `json:"celsius"`
}

// thisComputer looks at this process and at the sensors of the kernel below sys.
func thisComputer(sys string) *Computer {
	c := Computer{Goroutines: runtime.NumGoroutine()}
	if text, err := os.ReadFile("/proc/self/statm"); err == nil {
		if fields := strings.Fields(string(text)); len(fields) > 1 {
			pages, _ := strconv.ParseInt(fields[1], 10, 64)
			c.Resident = pages * int64(os.Getpagesize())
		}
	}
	zones, _ := filepath.Glob(filepath.Join(sys, "class/thermal/thermal_zone*"))
	for _, dir := range zones {
		text, err := os.ReadFile(filepath.Join(dir, "temp"))
		if err != nil {
			continue // a zone that is switched off
		}
		milli, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			continue
		}
		name, _ := os.ReadFile(filepath.Join(dir, "type"))
		c.Zones = append(c.Zones, Zone{cmp.Or(strings.TrimSpace(string(name)), filepath.Base(dir)), float64(milli) / 1000})
	}
	return &c
}

// DiskOf returns the size in bytes of the disk that holds a directory, and how much of it is free for a user other than root; 0 if
// unknown.
func DiskOf(dir string) (free, all int64) {
	var fs unix.Statfs_t
	if unix.Statfs(dir, &fs) != nil {
		return 0, 0
	}
	return int64(fs.Bavail) * int64(fs.Bsize), int64(fs.Blocks) * int64(fs.Bsize) // 32 bits on a small Raspberry Pi
}

// exposition is the text format of Prometheus (version 0.0.4). It is written here and not by a library since everything
// in it comes from one status: there is nothing to register, to count or to keep.
type exposition struct{ b []byte }

// family begins a metric.
func (x *exposition) family(name, kind, help string) {
	x.b = append(x.b, "# HELP "+name+" "+help+"\n# TYPE "+name+" "+kind+"\n"...)
}

var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// sample is one value; labels are names and values in turn.
func (x *exposition) sample(name string, value float64, labels ...string) {
	x.b = append(x.b, name...)
	for i := 0; i < len(labels); i += 2 {
		sep := byte(',')
		if i == 0 {
			sep = '{'
		}
		x.b = append(append(x.b, sep), labels[i]+`="`+labelEscapes.Replace(strings.ToValidUTF8(labels[i+1], "?"))+`"`...)
	}
	if len(labels) > 0 {
		x.b = append(x.b, '}')
	}
	x.b = append(strconv.AppendFloat(append(x.b, ' '), value, 'g', -1, 64), '\n')
}

// time is a moment in seconds since 1970; an unknown one has no sample.
func (x *exposition) time(name string, t *time.Time, labels ...string) {
	if t != nil {
		x.sample(name, float64(t.UnixMilli())/1000, labels...)
	}
}

// decodeRejects are the troubles that are lines which could not be decoded.
var decodeRejects = []string{string(dialect.UnknownToken), string(dialect.UnknownLayout), string(dialect.BadValue), string(dialect.Truncated)}

// perSensor are the metrics that every sensor has one value of.
var perSensor = []struct {
	name, kind, help string
	value            func(*SensorStatus) float64
}{
	{"vigie_observations_total", "counter", "observations since the watch began", func(s *SensorStatus) float64 { return float64(s.Observations) }},
	{"vigie_blind", "gauge", "1 while the sensor is blind and that is known", func(s *SensorStatus) float64 { return truth(s.State == SensorBlind) }},
	{"vigie_stuck", "gauge", "1 while the sensor gives neither observations nor a gap, or was given up", func(s *SensorStatus) float64 { return truth(s.State == SensorStuck || s.State == SensorGone) }},
	{"vigie_blind_seconds_total", "counter", "time in which nothing could be seen since the watch began", func(s *SensorStatus) float64 { return s.Blind }},
}

// metrics is the status in Prometheus' text format. Names and meanings: docs/health.md.
func (st Status) metrics() []byte {
	var x exposition
	one := func(name, kind, help string, value float64, labels ...string) {
		x.family(name, kind, help)
		x.sample(name, value, labels...)
	}
	one("vigie_info", "gauge", "1; the version is the label", 1, "version", st.Version)
	one("vigie_healthy", "gauge", "1 while /healthz answers 200, else 0", truth(st.Problem == ""))
	for _, m := range perSensor {
		x.family(m.name, m.kind, m.help)
		for _, s := range st.Sensors {
			x.sample(m.name, m.value(&s), "sensor", s.Name)
		}
	}
	x.family("vigie_last_observation_timestamp_seconds", "gauge", "time of the last observation; absent before the first")
	for _, s := range st.Sensors {
		x.time("vigie_last_observation_timestamp_seconds", s.Last, "sensor", s.Name)
	}
	for _, m := range []struct {
		name, help string
		rejects    bool
	}{
		{"vigie_decode_rejects_total", "lines that could not be decoded, by reason; reported a minute late at most", true},
		{"vigie_troubles_total", "what else went wrong with the source, by reason", false},
	} {
		x.family(m.name, "counter", m.help)
		for _, s := range st.Sensors {
			for _, reason := range slices.Sorted(maps.Keys(s.Troubles)) {
				if slices.Contains(decodeRejects, reason) == m.rejects {
					x.sample(m.name, float64(s.Troubles[reason]), "sensor", s.Name, "reason", reason)
				}
			}
		}
	}
	severities := func(name, kind, help string, n map[string]int) {
		x.family(name, kind, help)
		for _, s := range slices.Sorted(maps.Keys(n)) {
			x.sample(name, float64(n[s]), "severity", s)
		}
	}
	severities("vigie_events_total", "counter", "how often an event reached this severity since the watch began", st.Reached)
	severities("vigie_events_open", "gauge", "events that are open", st.Open)
	x.family("vigie_sink_behind_records", "gauge", "entries of the store that a follower has not delivered yet")
	for _, k := range st.Sinks {
		x.sample("vigie_sink_behind_records", float64(k.Behind), "sink", k.Name)
	}
	x.family("vigie_sink_last_sent_timestamp_seconds", "gauge", "when a follower last delivered something; absent before")
	for _, k := range st.Sinks {
		x.time("vigie_sink_last_sent_timestamp_seconds", k.LastSent, "sink", k.Name)
	}
	x.family("vigie_sink_troubled", "gauge", "1 while a follower cannot deliver")
	for _, k := range st.Sinks {
		x.sample("vigie_sink_troubled", truth(k.Problem != ""), "sink", k.Name)
	}
	one("vigie_connections_refused_total", "counter", "connections given up before they were answered, since there were too many", float64(st.Refused))
	one("vigie_store_bytes", "gauge", "size of the store with its log", float64(st.Store.Bytes))
	one("vigie_store_records", "gauge", "records in the store", float64(st.Store.Records))
	one("vigie_disk_free_bytes", "gauge", "free on the disk of the store", float64(st.Store.Free))
	one("vigie_disk_bytes", "gauge", "size of the disk of the store", float64(st.Store.Disk))
	if c := st.Computer; c != nil {
		x.family("vigie_temperature_celsius", "gauge", "of a thermal zone of the computer")
		for _, z := range c.Zones {
			x.sample("vigie_temperature_celsius", z.Celsius, "zone", z.Name)
		}
		one("vigie_goroutines", "gauge", "goroutines of the watch", float64(c.Goroutines))
		one("vigie_resident_bytes", "gauge", "memory that the watch has resident", float64(c.Resident))
	}
	if st.Began != nil {
		x.family("vigie_start_timestamp_seconds", "gauge", "when the watch began")
		x.time("vigie_start_timestamp_seconds", st.Began)
	}
	return x.b
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
