package analyzer

import (
	"time"

	"vigie/cell"
)

// site is all that is known of one sensor: the situation of the last minutes, what is normal, and its candidates.
type site struct {
	Sensor    string
	Kit       string // sensors of one kit are at one place
	Mode      cell.Mode
	Skew      bool
	Survey    bool
	Assume    cell.Fields
	Report    cell.Fields // what the source declares that it reports
	HasReport bool        // Report was given
	Seen      cell.Fields // what was reported so far
	fed       []fedRule   // rules that this source can feed; nil: not yet found

	Now     int64 // last observation
	Watched int64 // milliseconds of watching; a pause counts for a minute at most
	Begun   int64 // Watched when service began, after a start or a long time without: see longOutage
	Back    int   // observations in a row that are older than Now
	BackAt  int64

	Stays   []Stay // the current or last one first
	Camped  bool   // Stays[0] continues
	OutFrom int64  // since when there has been no service; 0: there is
	Blind   bool   // the next stay has no known past
	State   cell.State
	OddFrom int64 // since when RAT and identity disagree; 0: they do not
	Pair    Ident // if Skew: the last cell and area as printed,
	SkewAt  int64 // and since when they have been the same

	Track      [32]fix
	TrackN     int
	Regs       [4]registration
	Base       learned
	stats      []Statistic // by rule; nil if it has none
	learners   []Statistic // those that are not nil
	Chart      chart       // how complete the atlas has proved to be here
	Habits     []habit
	Candidates []candidate
	Episodes   []episode
	IDs        []string // of the last events

	Closed      []Ident // cells of closed groups: see NotInGroup
	Mislabelled int64   // observations in which RAT and identity disagreed
}

// habit is how often the condition of a rule has held here without an alert.
type habit struct {
	Rule string
	K    uint32
	Last int64
}

// episode is a candidate that has ended: the budget is calibrated on these.
type episode struct {
	At      int64
	Score   float64
	Watched int64 // milliseconds of watching when it ended; 0 in states saved before it was kept
}

const (
	maxStays   = 16
	pauseMs    = 60_000             // after a longer silence nothing is known of the situation
	skewMs     = 3_000              // how long a skewed source may show the area of another cell
	longOutage = 10 * pauseMs       // after so long without service a moving sensor is somewhere else: a flight, a night in a garage
	longPause  = 25_000             // a longer silence is an outage of unknown cause
	backwards  = 5                  // this many observations from the past in a row mean that the clock was set back
	leap       = 24 * 3600 * 1000   // a larger step is a jump of the clock
	sane0      = 631152000000       // 1990: no modem observation is older
	sane1      = 4102444800000      // 2100
	dayMs      = 24 * 3600 * 1000.0 //
)

// advance moves the site to the time of a record; false means that the record cannot be used.
func (s *site) advance(e *Engine, at time.Time) bool {
	t := at.UnixMilli()
	if t < sane0 || t > sane1 {
		e.skip("impossible time")
		return false
	}
	if s.Now == 0 {
		s.Now, s.Blind = t, true
		return true
	}
	d := t - s.Now
	switch {
	case d < 0:
		if s.Back > 0 && t >= s.BackAt {
			s.Back++
		} else {
			s.Back = 1
		}
		s.BackAt = t
		if s.Back < backwards {
			e.skip("out of order")
			return false
		}
		e.note("clock set back")
		s.reset(e)
	case d > leap:
		e.note("clock leapt forward")
		s.reset(e)
		s.Watched += pauseMs
	default:
		if d > pauseMs {
			s.interrupt()
		}
		s.Watched += min(d, pauseMs)
	}
	s.Back = 0
	s.Now = t
	return true
}

// reset drops the situation and ends all candidates. What was learned is kept.
func (s *site) reset(e *Engine) {
	s.interrupt()
	for i := range s.Candidates {
		e.close(s, &s.Candidates[i])
	}
	s.Candidates = s.Candidates[:0]
}

// interrupt drops the situation: nothing is known of what happened since the last observation.
func (s *site) interrupt() {
	s.Camped, s.Blind, s.OutFrom, s.State = false, true, 0, ""
	s.TrackN = 0
	s.Stays = s.Stays[:0]
}

// shift moves the situation when the clock of earlier records was wrong.
func (s *site) shift(d time.Duration) {
	ms := d.Milliseconds()
	s.Now += ms
	s.SkewAt += ms
	if s.OutFrom != 0 {
		s.OutFrom += ms
	}
	if s.OddFrom != 0 {
		s.OddFrom += ms
	}
	for i := range s.Stays {
		s.Stays[i].From += ms
		s.Stays[i].Last += ms
	}
	for i := range s.Track {
		s.Track[i].At += ms
	}
	for i := range s.Regs {
		s.Regs[i].At += ms
		s.Regs[i].Changed += ms
		s.Regs[i].Why += ms
	}
}

// fixed reports whether the sensor stays at one place.
func (s *site) fixed() bool { return s.Mode == cell.Fixed }

// days is how many days the sensor has watched.
func (s *site) days() float64 { return float64(s.Watched) / dayMs }

// observe brings the situation up to date and fills the view.
func (s *site) observe(e *Engine, o *cell.Observation) {
	v := &e.view
	*v = View{Obs: o, Now: s.Now, Base: Baseline{s, &e.nets}, site: s, engine: e}
	if o.Position != nil {
		s.locate(e, o.Position)
		s.Seen |= cell.FieldPosition
	}
	if o.State != "" {
		s.State = o.State
		s.Seen |= cell.FieldState
	}
	if o.Survey || s.Survey {
		v.Survey = true
		return
	}
	for i := range o.Registration {
		s.register(v, &o.Registration[i])
	}
	if v.Rejected {
		g := &s.Regs[v.Domain]
		v.RejectBegan = g.Changed == s.Now || v.HasCause && g.Why == s.Now
	}
	switch {
	case o.Serving != nil:
		s.observeServing(v, o)
		if !v.Mislabelled {
			v.on = v.Stay(0)
		}
	case o.State == cell.Searching || o.State == cell.NoService:
		if s.OutFrom == 0 {
			s.OutFrom = s.Now
		}
		s.Camped = false
	}
	s.closeGroup(v)
	if o.Neighbours != nil {
		s.neighbours(v, o.Neighbours)
	}
	if o.Secondary != nil {
		s.Seen |= cell.FieldSecondary
		if st := v.On(); st != nil && len(o.Secondary) > 0 {
			st.Aided++
		} else if st != nil {
			st.Plain++
		}
	}
}
