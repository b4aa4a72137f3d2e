package position

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"time"

	"vigie/cell"
)

const (
	longestLine = 64 << 10         // of gpsd: a sky view has a few KiB
	firstPause  = time.Second      // before gpsd is tried again
	longPause   = 30 * time.Second //
)

// FollowGPSD passes the positions of a gpsd to the tracker until ctx ends, by its JSON protocol over TCP (gpsd_json(5)). It waits
// for a gpsd that is missing, goes away or has no fix; told, if set, is called each time that changes.
func (t *Tracker) FollowGPSD(ctx context.Context, addr string, told func(error)) {
	pause, failing := firstPause, false
	for ctx.Err() == nil {
		heard, err := t.visitGPSD(ctx, addr)
		t.Lose(GPSD)
		if ctx.Err() != nil {
			return
		}
		if heard {
			pause, failing = firstPause, false
		}
		if !failing && told != nil {
			told(fmt.Errorf("gpsd at %s: %w; watching goes on without its position", addr, err))
		}
		failing = true
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		pause = min(2*pause, longPause)
	}
}

func (t *Tracker) visitGPSD(ctx context.Context, addr string) (heard bool, err error) {
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return false, err
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	defer conn.Close()
	if _, err := io.WriteString(conn, "?WATCH={\"enable\":true,\"json\":true};\n"); err != nil {
		return false, err
	}
	lines := bufio.NewScanner(conn)
	lines.Buffer(make([]byte, 0, 4096), longestLine)
	for lines.Scan() {
		heard = true
		switch p, says := report(lines.Bytes()); {
		case says && p != nil:
			_ = t.Set(*p, time.Now()) // report gives places on Earth
		case says:
			t.Lose(GPSD)
		}
	}
	if err := lines.Err(); err != nil {
		return heard, err
	}
	return heard, errors.New("it closed the connection")
}

// report decodes a line of gpsd. says reports whether it is about the position, of which nil means that there is none.
func report(line []byte) (p *cell.Position, says bool) {
	var r struct {
		Class                          string
		Mode                           int // 2: two dimensions, 3: three; less is no fix
		Lat, Lon, Speed, Eph, Epx, Epy *float64
		Devices                        []json.RawMessage
	}
	if json.Unmarshal(line, &r) != nil {
		return nil, false
	}
	if r.Class == "DEVICES" && len(r.Devices) == 0 {
		return nil, true // the receiver was pulled out
	}
	if r.Class != "TPV" {
		return nil, false
	}
	if r.Mode < 2 || r.Lat == nil || r.Lon == nil || !(math.Abs(*r.Lat) <= 90 && math.Abs(*r.Lon) <= 180) {
		return nil, true
	}
	p = &cell.Position{Lat: *r.Lat, Lon: *r.Lon, Source: GPSD}
	switch {
	case r.Eph != nil && *r.Eph > 0:
		p.Accuracy = cell.Some(*r.Eph)
	case r.Epx != nil && r.Epy != nil && *r.Epx > 0 && *r.Epy > 0:
		p.Accuracy = cell.Some(math.Hypot(*r.Epx, *r.Epy))
	}
	if r.Speed != nil && *r.Speed >= 0 {
		p.Speed = cell.Some(*r.Speed)
	}
	return p, true
}
