package main

import (
	"context"
	"fmt"
	"time"

	"vigie/cell"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/position"
)

// places gives the records of a watch their positions; the zero places gives none.
type places struct {
	*position.Tracker
	told bool // positions come from elsewhere than the modem
}

// followPosition begins to follow what the configuration names, until stop is called.
func followPosition(ctx context.Context, c config.Position, warn func(error)) (p places, stop func(), err error) {
	p.Tracker = &position.Tracker{}
	if c.Coarse != "" {
		if p.Coarse, err = position.Size(c.Coarse); err != nil {
			return p, nil, console.Usage(fmt.Errorf("[position] coarse: %w", err), `write a length like coarse = "1km"`)
		}
	}
	p.told = c.GPSD != "" || c.Phone
	if c.GPSD == "" {
		return p, func() {}, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.FollowGPSD(ctx, c.GPSD, warn)
	}()
	return p, func() { cancel(); <-done }, nil
}

// put gives a record its position, and a source the word that positions are reported.
func (p places) put(r cell.Record, now time.Time) {
	if p.Tracker == nil {
		return
	}
	switch r := r.(type) {
	case *cell.Observation:
		p.Attach(r, now)
	case *cell.Source:
		if f, ok := r.Reports.Get(); ok && p.told {
			r.Reports = cell.Some(f | cell.FieldPosition)
		}
	}
}
