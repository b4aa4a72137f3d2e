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

	Early    levels // the first few
	Recent   levels // the last few
	Peak     float32
	Low      float32
	Quality  float32 // best RSRQ so far
	HasQ     bool
	QSum     float32 // sum of RSRQ, over QN observations
	QN       int32
	Limited  int32   // observations in limited service
	Barred   int32   // observations with a placeholder for the area
	Listed   int32   // observations that listed at least one neighbour
	Empty    int32   // observations that were asked for neighbours and had none
	Aided    int32   // observations with further carriers or a 5G leg
	Plain    int32   // observations that said there were none
	Step     float32 // the largest lasting rise of level within seconds during this stay, dB; 0: none
	StepFrom float32 // the level before it
	StepAt   int64   // when it was complete
	Frozen   bool    // all levels before it were the same: values that were carried along, perhaps, not measured
	TA       int32   // the last timing advance, plus one; 0: none yet
	TAAt     int64
	Reported []uint16 // rules that have reported it, by index, in order: see View.Once
}

// levels is a short list of received levels in dBm, oldest first.
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

// median of the last n; ok tells whether there is one.
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

// first is the lowest and the highest of the first n.
func (l *levels) first(n int) (low, high float32) {
	low, high = l.V[0], l.V[0]
	for _, v := range l.V[:min(n, int(l.N))] {
		low, high = min(low, v), max(high, v)
	}
	return low, high
}

// Fell is by how much the last levels lie below the top of the step of this stay, where they are back near the level
// from before it; 0 when there was no step or it has not ended.
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

// Dominance tells by the mean RSRQ whether a cell was alone on its channel (1: above -7.5 dB) or one among busy others
// (-1: below -9 dB); 0 when neither, or not known. An idle transmitter heard without interference reaches -3 dB (TS
// 36.214 clause 5.1.3); one in a network at work stays far below.
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

// Seconds is how long the stay has lasted so far.
func (s *Stay) Seconds() float64 { return float64(s.Last-s.From) / 1000 }

// Strange tells whether the stay was on something that this place had not shown before. The first cell after a start or a
// gap is not strange: nothing is known that it could be unlike.
func (s *Stay) Strange() bool {
	return !s.Blind && (s.NewCell || s.NewArea || s.OtherArea && !s.Outage)
}

// AtStart is the level of its first observations in dBm.
func (s *Stay) AtStart() (float64, bool) {
	l := s.Early
	l.N = min(l.N, 3)
	return l.median(3)
}

// Lately is the lowest of the last n levels.
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
	if rise := s.Recent.rise(); rise > max(stepFloor, s.Step) {
		s.Step, s.StepFrom, s.StepAt = rise, level-rise, s.Last
		low, high := s.Recent.first(5)
		s.Frozen = low == high
	}
}

const stepFloor = 6 // dB: fading and people walking past make less

// rise is by how much the last three levels all lie above all the first ones, of which there are at least four, with
// two in between for the way up: a step that lasts, not a spike.
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
