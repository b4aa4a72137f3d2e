// Command soak watches an emulated modem with the program itself for a long while, lets the modem misbehave in every way
// that the emulator knows, once a minute another one, and samples what the watch costs: memory, goroutines, file descriptors,
// bytes written. It draws the picture of docs/keeping.md and fails when one of them grows.
//
//	go run ./tools/soak -vigie bin/vigie -for 20m -svg docs/soak.svg
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"vigie/modem/emulator"
)

// faults are what happens to the modem in turn, a minute each: at its beginning, and after 20 seconds what ends it.
var faults = []struct{ name, begin, end string }{
	{"nothing", "", ""},
	{"silence", "silence 15s", ""},
	{"unplugged", "unplug 10s", ""},
	{"garbage", "garbage 4096", ""},
	{"lost characters", "lose 150", "lose 0"},
	{"corrupt characters", "corrupt 60", "corrupt 0"},
	{"flood", `flood 2000 +QIND: "csq",20,99`, ""},
	{"slow", "delay 900ms", "delay 0s"},
	{"in pieces", "chunk 5 3ms", "chunk 0"},
	{"attack", attack, calm},
}

const (
	attack = "answer AT+QENG=\"servingcell\"\n  +QENG: \"servingcell\",\"LIMSRV\",\"GSM\",222,01,1F0A,C31,11,96,-,-48,255,255,0,48,48,1,-,-,-,-,-,-,-,-,-,\"-\""
	calm   = "answer AT+QENG=\"servingcell\"\n  +QENG: \"servingcell\",\"NOCONN\"\n  +QENG: \"LTE\",\"FDD\",222,01,328261F,280,275,1,4,4,BE3,-99,-14,-66,7,4,30,-\n  +QENG: \"NR5G-NSA\",222,01,920,-96,18,-10,648768,78,10,1"
)

// sample is what a watch costs at a moment.
type sample struct {
	At           time.Duration
	Resident     float64 // MiB
	Goroutines   float64
	Files        float64
	Written      float64 // MB since it began, by the kernel's count
	Observations int
}

func main() {
	vigie := flag.String("vigie", "bin/vigie", "the program")
	long := flag.Duration("for", 20*time.Minute, "how long")
	svg := flag.String("svg", "", "where the picture goes; default: none")
	flag.Parse()
	if err := soak(*vigie, *long, *svg); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func soak(vigie string, long time.Duration, svg string) error {
	dir, err := os.MkdirTemp("", "vigie-soak-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	begin, err := os.ReadFile("cmd/vigie/demo/scenario.txt")
	if err != nil {
		return err
	}
	text, _, _ := strings.Cut(string(begin), "\nat ")
	var marks []mark
	for i := 1; time.Duration(i)*time.Minute < long; i++ {
		f := faults[i%len(faults)]
		at := time.Duration(i) * time.Minute
		marks = append(marks, mark{at, f.name})
		if f.begin != "" {
			text += fmt.Sprintf("\nat %s\n%s", at, f.begin)
		}
		if f.end != "" {
			text += fmt.Sprintf("\nat %s\n%s", at+20*time.Second, f.end)
		}
	}
	scenario, err := emulator.Parse(text+"\n", nil)
	if err != nil {
		return err
	}
	link := filepath.Join(dir, "modem")
	ctx, stop := context.WithTimeout(context.Background(), long)
	defer stop()
	modem, err := emulator.Start(context.Background(), scenario, emulator.Options{Link: func(int) string { return link }})
	if err != nil {
		return err
	}
	defer modem.Close()

	listen, err := freeAddress()
	if err != nil {
		return err
	}
	store := filepath.Join(dir, "vigie.db")
	config := filepath.Join(dir, "vigie.toml")
	if err := os.WriteFile(config, []byte("mode = \"fixed\"\n"), 0o600); err != nil {
		return err
	}
	var log strings.Builder
	watch := exec.Command(vigie, "watch", "--config", config, "--port", link, "--wait", "--store", store, "--listen", listen)
	watch.Stdout, watch.Stderr = &log, &log
	if err := watch.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- watch.Wait() }()
	samples, err := observe(ctx, watch.Process.Pid, "http://"+listen+"/status", ended, func() { _ = watch.Process.Signal(syscall.SIGHUP) })
	if err != nil {
		_ = watch.Process.Kill()
		return fmt.Errorf("%w\n%s", err, log.String())
	}
	_ = watch.Process.Signal(syscall.SIGTERM)
	began := time.Now()
	if err := <-ended; err != nil {
		return fmt.Errorf("the watch ended badly: %w\n%s", err, log.String())
	}
	stopped := time.Since(began)
	events, err := exec.Command(vigie, "events", "--json", "--store", store).Output()
	if err != nil {
		return fmt.Errorf("reading the events: %w", err)
	}
	last := samples[len(samples)-1]
	fmt.Printf("watched %s: %d observations, %d events, %s of faults; stopped in %.1f s\n", last.At.Round(time.Second), last.Observations, strings.Count(string(events), "\n"), kinds(marks), stopped.Seconds())
	fmt.Printf("written %.1f MB, %.1f MB an hour\n", last.Written, last.Written/last.At.Hours())
	var grown []error
	for _, s := range series(samples) {
		from, to := halves(s.values)
		fmt.Printf("%s: median %.4g in the second quarter, %.4g in the last, most %.4g\n", s.name, from, to, slices.Max(s.values))
		if s.flat > 0 && to > from*s.flat+s.slack {
			grown = append(grown, fmt.Errorf("%s grew from %.4g to %.4g", s.name, from, to))
		}
	}
	if last.Observations == 0 {
		grown = append(grown, fmt.Errorf("nothing was observed:\n%s", log.String()))
	}
	if svg != "" {
		f, err := os.Create(svg)
		if err != nil {
			return err
		}
		draw(f, samples, marks)
		if err := f.Close(); err != nil {
			return err
		}
	}
	return errors.Join(grown...)
}

func kinds(marks []mark) string {
	var names []string
	for _, m := range marks {
		if !slices.Contains(names, m.name) && m.name != "nothing" {
			names = append(names, m.name)
		}
	}
	return fmt.Sprintf("%d kinds", len(names))
}

// halves are the medians of the second and of the last quarter: by then everything has been loaded and happened once.
func halves(v []float64) (from, to float64) {
	q := len(v) / 4
	return median(v[q : 2*q]), median(v[3*q:])
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	if len(v) == 0 {
		return 0
	}
	return v[len(v)/2]
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// observe samples the process every five seconds until ctx ends, and has it read its secrets again every other minute.
func observe(ctx context.Context, pid int, status string, ended <-chan error, hangup func()) (samples []sample, err error) {
	start := time.Now()
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			if len(samples) < 8 {
				return nil, errors.New("too short to measure anything")
			}
			return samples, nil
		case err := <-ended:
			return nil, fmt.Errorf("the watch ended by itself: %v", err)
		case <-tick.C:
		}
		if n%24 == 0 {
			hangup()
		}
		s := sample{At: time.Since(start)}
		var st struct {
			Computer struct {
				Goroutines float64 `json:"goroutines"`
				Resident   float64 `json:"resident_bytes"`
			} `json:"computer"`
			Sensors []struct {
				Observations int `json:"observations"`
			} `json:"sensors"`
		}
		if err := get(ctx, status, &st); err != nil {
			if ctx.Err() != nil || n < 4 {
				continue
			}
			return nil, err
		}
		s.Goroutines, s.Resident = st.Computer.Goroutines, st.Computer.Resident/(1<<20)
		for _, one := range st.Sensors {
			s.Observations += one.Observations
		}
		files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
		if err != nil {
			return nil, err
		}
		s.Files = float64(len(files))
		io, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
		if err != nil {
			return nil, err
		}
		_, after, _ := strings.Cut(string(io), "\nwrite_bytes: ")
		fmt.Sscan(after, &s.Written)
		s.Written /= 1e6
		samples = append(samples, s)
	}
}

func get(ctx context.Context, url string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(into)
}
