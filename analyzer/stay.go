package analyzer

import "vigie/cell"

// Stay is the time during which the modem camped on one cell, under one area code, without a break.
// Times are milliseconds since 1970, as everywhere inside the engine.
type Stay struct {
	Cell   Ident
	From   int64 // first observation
	Last   int64 // last observation so far
	N      int32 // observations
	Pause  int64 // from the last observation of the stay before to From
	Outage bool  // searching, no service or an unidentified cell in between
	Blind  bool  // nothing is known of what was before: start, gap, clock jump, long silence

	NewCell    bool // never seen before this stay, or only while it was under suspicion
	NewArea    bool // the area had never been seen, in this network and RAT
	NewChannel bool // the network had never been seen on this channel
	NewNetwork bool
	WasArea    cell.Area // the area under which this cell had been known, when it is another one
	OtherArea  bool      // WasArea holds

	Early   levels // the first few
	Recent  levels // the last few
	Peak    float32
	Low     float32
	Quality float32 // best RSRQ so far
	HasQ    bool
	Limited int32 // observations in limited service
	Barred  int32 // observations with a placeholder for the area
	Listed  int32 // observations that listed at least one neighbour
	Empty   int32 // observations that were asked for neighbours and had none
	Fired   uint64
}

// levels is a short list of received levels in dBm, oldest first.
type levels struct {
	N int8
	V [8]float32
}

func (l *levels) push(v float32) {
	if int(l.N) == len(l.V) {
		copy(l.V[:], l.V[1:])
		l.N--
	}
	l.V[l.N] = v
	l.N++
}

// median of the last n; ok tells whether there is one.
func (l *levels) median(n int) (float64, bool) {
	n = min(n, int(l.N))
	if n == 0 {
		return 0, false
	}
	var s [8]float32
	copy(s[:n], l.V[int(l.N)-n:l.N])
	for i := 1; i < n; i++ {
		for j := i; j > 0 && s[j] < s[j-1]; j-- {
			s[j], s[j-1] = s[j-1], s[j]
		}
	}
	return float64(s[n/2]), true
}

// span is the lowest and the highest of the last n.
func (l *levels) span(n int) (low, high float64, ok bool) {
	n = min(n, int(l.N))
	for i, v := range l.V[int(l.N)-n : l.N] {
		if i == 0 || float64(v) < low {
			low = float64(v)
		}
		if i == 0 || float64(v) > high {
			high = float64(v)
		}
	}
	return low, high, n > 0
}

// Seconds is how long the stay has lasted so far.
func (s *Stay) Seconds() float64 { return float64(s.Last-s.From) / 1000 }

// Strange tells whether the stay was on something that this place had not shown before. The first cell after a start or a
// gap is not strange: nothing is known that it could be unlike.
func (s *Stay) Strange() bool { return !s.Blind && (s.NewCell || s.NewArea || s.OtherArea) }

// AtStart is the level of its first observations in dBm.
func (s *Stay) AtStart() (float64, bool) {
	l := s.Early
	l.N = min(l.N, 3)
	return l.median(3)
}

// AtEnd is the level of its last observations in dBm.
func (s *Stay) AtEnd() (float64, bool) { return s.Recent.median(4) }

func (s *Stay) hear(level float32) {
	if int(s.Early.N) < len(s.Early.V) {
		s.Early.push(level)
	}
	if s.Recent.N == 0 {
		s.Peak, s.Low = level, level
	}
	s.Recent.push(level)
	s.Peak, s.Low = max(s.Peak, level), min(s.Low, level)
}
