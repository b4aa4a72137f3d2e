package analyzer

import "vigie/cell"

// Stay is the time during which the modem camped on one cell, under one area code, without a break. Times are milliseconds since
// 1970, as everywhere in the engine; levels are dBm.
type Stay struct {
	Cell   Ident
	From   int64 // first observation
	Last   int64 // last observation so far
	N      int32 // observations
	Pause  int64 // milliseconds from the last observation of the stay before to From
	Outage bool  // searching, no service or an unidentified cell in between
	Blind  bool  // nothing is known of what came before: start, gap, jump of the clock, long silence

	NewCell    bool // never seen before this stay, or only while it was under suspicion
	NewArea    bool // the area had never been seen, in this network and RAT
	NewChannel bool // the network had never been seen on this channel
	NewNetwork bool
	WasArea    cell.Area // if OtherArea: the area under which this cell had been known
	OtherArea  bool      // the cell had been known under another area

	Early    levels // the first few
	Recent   levels // the last few
	Peak     float32
	Quality  float32 // best RSRQ so far
	HasQ     bool
	QSum     float32 // sum of RSRQ, over QN observations
	QN       int32
	Limited  int32   // observations in limited service
	Talking  int32   // observations in a connection
	Barred   int32   // observations with a placeholder for the area
	Listed   int32   // observations that listed at least one neighbour
	Empty    int32   // observations in which neighbours were asked for and there were none
	Aided    int32   // observations with further carriers or a 5G leg
	Plain    int32   // observations that reported that there were none
	Step     float32 // the largest lasting rise of level within seconds during this stay, dB; 0: none
	StepFrom float32 // the level before it
	StepAt   int64   // when it was complete
	StepN    int32   // N at that moment
	Frozen   bool    // all levels before it were equal: perhaps repeated, not measured
	TA       int32   // the last timing advance, plus one; 0: none yet
	TAAt     int64
	Reported []uint16 // indexes of the rules that have reported it, sorted; see View.Once
}

// levels is a short list of levels in dBm, oldest first.
type levels struct {
	N int8
	V [10]float32
}

func (l *levels) push(v float32) {
	if int(l.N) == len(l.V) {
		copy(l.V[:], l.V[1:])
		l.N--
	}
	l.V[l.N] = v
	l.N++
}

// median is that of the last n.
func (l *levels) median(n int) (float64, bool) {
	n = min(n, int(l.N))
	if n == 0 {
		return 0, false
	}
	var s [10]float32
	copy(s[:n], l.V[int(l.N)-n:l.N])
	for i := 1; i < n; i++ {
		for j := i; j > 0 && s[j] < s[j-1]; j-- {
			s[j], s[j-1] = s[j-1], s[j]
		}
	}
	return float64(s[n/2]), true
}

// spread is by how much the last n differ; false if there are fewer.
func (l *levels) spread(n int) (float32, bool) {
	if int(l.N) < n {
		return 0, false
	}
	low, high := l.V[int(l.N)-n], l.V[int(l.N)-n]
	for _, v := range l.V[int(l.N)-n : l.N] {
		low, high = min(low, v), max(high, v)
	}
	return high - low, true
}

// first returns the lowest and the highest of the first n.
func (l *levels) first(n int) (low, high float32) {
	low, high = l.V[0], l.V[0]
	for _, v := range l.V[:min(n, int(l.N))] {
		low, high = min(low, v), max(high, v)
	}
	return low, high
}

// Fell is by how many dB the last levels lie below the top of the step of this stay, if they are back near the level before it; 0
// if there was no step or it has not ended.
func (s *Stay) Fell() float32 {
	if s.Step == 0 || s.Recent.N < 2 {
		return 0
	}
	n := s.Recent.N
	now := max(s.Recent.V[n-1], s.Recent.V[n-2])
	if now > s.StepFrom+s.Step/3 {
		return 0
	}
	return s.StepFrom + s.Step - now
}

// Dominance reports by the mean RSRQ whether a cell was alone on its channel (1: above -7.5 dB) or one among busy others (-1:
// below -9 dB); 0 if neither, or if it is not known. An idle transmitter heard without interference reaches -3 dB (TS 36.214
// clause 5.1.3); one in a working network stays far below.
func (s *Stay) Dominance() int {
	if s.QN < 3 {
		return 0
	}
	switch q := s.QSum / float32(s.QN); {
	case q >= -7.5:
		return 1
	case q < -9:
		return -1
	}
	return 0
}

// Spread is by how many dB the last n levels differ; false if there are fewer.
func (s *Stay) Spread(n int) (float32, bool) { return s.Recent.spread(n) }

// Seconds is how long the stay has lasted so far.
func (s *Stay) Seconds() float64 { return float64(s.Last-s.From) / 1000 }

// Strange reports whether the stay was on something not seen here before. The first cell after a start or a gap is not strange:
// there is nothing to compare it with.
func (s *Stay) Strange() bool {
	return !s.Blind && (s.NewCell || s.NewArea || s.OtherArea && !s.Outage)
}

// AtStart is the median of its first levels in dBm.
func (s *Stay) AtStart() (float64, bool) {
	l := s.Early
	l.N = min(l.N, 3)
	return l.median(3)
}

// Lately is the lowest of the last n levels in dBm; false if there are fewer.
func (s *Stay) Lately(n int) (float32, bool) {
	k := int(s.Recent.N)
	if k < n {
		return 0, false
	}
	low := s.Recent.V[k-1]
	for _, v := range s.Recent.V[k-n : k] {
		low = min(low, v)
	}
	return low, true
}

// AtEnd is the median of its last levels in dBm.
func (s *Stay) AtEnd() (float64, bool) { return s.Recent.median(4) }

func (s *Stay) addLevel(level float32) {
	if int(s.Early.N) < len(s.Early.V) {
		s.Early.push(level)
	}
	if s.Recent.N == 0 {
		s.Peak = level
	}
	s.Recent.push(level)
	s.Peak = max(s.Peak, level)
	if rise := s.Recent.rise(); rise > max(stepFloor, s.Step) {
		s.Step, s.StepFrom, s.StepAt, s.StepN = rise, level-rise, s.Last, s.N
		low, high := s.Recent.first(5)
		s.Frozen = low == high
	}
}

const stepFloor = 6 // dB: fading, and people walking past, cause less

// rise is by how many dB the last three levels all lie above all the first ones, of which there are at least four, with two in
// between for the way up: a step that lasts, not a spike.
func (l *levels) rise() float32 {
	n := int(l.N)
	if n < 9 {
		return 0
	}
	low := min(l.V[n-1], l.V[n-2], l.V[n-3])
	high := l.V[0]
	for _, v := range l.V[1 : n-5] {
		high = max(high, v)
	}
	return low - high
}
