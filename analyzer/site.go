package analyzer

import (
	"math"
	"time"

	"vigie/cell"
)

// site is everything that is known of one sensor: the situation of the last minutes, what is normal, what is going on.
type site struct {
	Sensor string
	Mode   cell.Mode
	Skew   bool
	Survey bool
	Assume cell.Fields
	Report cell.Fields // what the source says it reports
	Told   bool        // Report was given
	Seen   cell.Fields // what was reported so far
	usable uint64      // rules that can be fed, by index

	Began   int64 // first observation
	Now     int64 // last observation
	Watched int64 // milliseconds of watching: a pause counts as a minute at most
	Back    int   // observations in a row that came from before Now
	BackAt  int64

	Stays   []Stay // the current or last one first
	Camped  bool   // Stays[0] goes on
	OutFrom int64  // since when there is no service; 0: there is
	Blind   bool   // the next stay has no known past
	State   cell.State
	Pair    Ident // in a source that skews: the last cell and area as printed,
	SkewAt  int64 // and since when they have been that

	Track     [32]fix
	TrackN    int
	Neigh     []Ident // the last list of neighbours that was asked for
	NeighLev  []float32
	NeighPrio []int8
	NeighAt   int64
	Regs      [4]registration
	Service   int64   // since when there was service; 0: never
	Noisy     int     // observations in a row with much noise, see Jammed
	Quiet     float32 // slow mean of RSSI less RSRP
	Base      baseline
	Habits    []habit
	Stories   []story
	Episodes  []episode
	IDs       []string // of the last events
}

// fix is one position.
type fix struct {
	At       int64
	Lat, Lon float64
	Speed    float32
	HasSpeed bool
	Coarse   bool // good for a tile, not to tell whether the sensor stands still
}

// registration is what the modem last said of one domain.
type registration struct {
	Status  uint8
	Has     bool
	Cause   uint16
	HasWhy  bool
	At      int64
	Changed int64 // when Status changed
	Why     int64 // when Cause last appeared or changed
}

// habit is how often a rule's condition held here without an alert.
type habit struct {
	Rule string
	K    uint32
	Last int64
}

// episode is a story that has ended, or an alert: what the budget is calibrated on.
type episode struct {
	At    int64
	Score float64
}

const (
	maxStays  = 16
	pauseMs   = 60_000             // a longer silence breaks the situation
	skewMs    = 3_000              // how long a skewed source may show the area of another cell
	longPause = 25_000             // a longer silence is an outage of unknown cause
	backwards = 5                  // observations from the past in a row that mean: the clock was set back
	leap      = 24 * 3600 * 1000   // a step that is counted as a jump of the clock
	sane0     = 631152000000       // 1990: no modem observation is older
	sane1     = 4102444800000      // 2100
	dayMs     = 24 * 3600 * 1000.0 //
)

// clock takes the time of a record; false means that it cannot be used.
func (s *site) clock(e *Engine, at time.Time) bool {
	t := at.UnixMilli()
	if t < sane0 || t > sane1 {
		e.skip("impossible time")
		return false
	}
	if s.Now == 0 {
		s.Began, s.Now, s.Blind = t, t, true
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
		s.forget(e)
	case d > leap:
		e.note("clock leapt forward")
		s.forget(e)
		s.Watched += pauseMs
	default:
		if d > pauseMs {
			s.breakOff()
		}
		s.Watched += min(d, pauseMs)
	}
	s.Back = 0
	s.Now = t
	return true
}

// forget drops the situation and ends what is going on, and keeps what was learned.
func (s *site) forget(e *Engine) {
	s.breakOff()
	for i := range s.Stories {
		e.close(s, &s.Stories[i])
	}
	s.Stories = s.Stories[:0]
}

// breakOff says that nothing is known of what happened since the last observation.
func (s *site) breakOff() {
	s.Camped, s.Blind, s.OutFrom, s.State = false, true, 0, ""
	s.TrackN, s.NeighAt = 0, 0
	s.Stays = s.Stays[:0]
}

// shift moves the situation when the clock of earlier records was wrong.
func (s *site) shift(d time.Duration) {
	ms := d.Milliseconds()
	s.Now += ms
	s.Began += ms
	s.SkewAt += ms
	s.NeighAt += ms
	if s.OutFrom != 0 {
		s.OutFrom += ms
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

// fixed tells whether the sensor stays at one place.
func (s *site) fixed() bool { return s.Mode == cell.Fixed }

// days is how many days were watched.
func (s *site) days() float64 { return float64(s.Watched) / dayMs }

func (s *site) locate(e *Engine, p *cell.Position) {
	ok := !math.IsNaN(p.Lat) && !math.IsNaN(p.Lon) && math.Abs(p.Lat) <= 90 && math.Abs(p.Lon) <= 180 && (p.Lat != 0 || p.Lon != 0)
	if !ok {
		e.note("bad position")
		return
	}
	f := fix{At: s.Now, Lat: p.Lat, Lon: p.Lon}
	if a, known := p.Accuracy.Get(); known && !(a < 50) {
		f.Coarse = true
	}
	if v, known := p.Speed.Get(); known && v >= 0 && v < 1000 {
		f.Speed, f.HasSpeed = float32(v), true
	}
	if s.TrackN > 0 && s.Now-s.Track[(s.TrackN-1)%len(s.Track)].At < 1000 {
		s.TrackN--
	}
	s.Track[s.TrackN%len(s.Track)] = f
	s.TrackN++
}

// here is the last position, when it is not older than half a minute.
func (s *site) here() (fix, bool) {
	if s.TrackN == 0 {
		return fix{}, false
	}
	f := s.Track[(s.TrackN-1)%len(s.Track)]
	return f, s.Now-f.At <= 30_000
}

// moved is how many metres lie between now and a position at least the given time ago; false when it is not known.
func (s *site) moved(ms int64) (float64, bool) {
	f, ok := s.here()
	if !ok {
		return 0, false
	}
	for k := 2; k <= min(s.TrackN, len(s.Track)); k++ {
		o := s.Track[(s.TrackN-k)%len(s.Track)]
		if f.At-o.At >= ms {
			return metres(f.Lat, f.Lon, o.Lat, o.Lon), f.At-o.At < 4*ms
		}
	}
	return 0, false
}

// metres between two positions: plane geometry is within a percent for the few kilometres that matter here.
func metres(lat1, lon1, lat2, lon2 float64) float64 {
	const perDegree = 111_195
	x := (lon2 - lon1) * math.Cos((lat1+lat2)/2*math.Pi/180)
	return perDegree * math.Hypot(x, lat2-lat1)
}

// observe brings the situation up to date and fills the view. It reports whether rules may look.
func (s *site) observe(e *Engine, o *cell.Observation) {
	v := &e.view
	*v = View{Obs: o, Now: s.Now, site: s, engine: e}
	if o.Position != nil {
		s.locate(e, o.Position)
		s.Seen |= cell.FieldPosition
	}
	if o.State != "" {
		s.State = o.State
		s.Seen |= cell.FieldState
	}
	if s.Service == 0 && (o.State == cell.Idle || o.State == cell.Connected || s.registered()) {
		s.Service = s.Now
	}
	if o.Survey || s.Survey {
		v.Survey = true
		return
	}
	for i := range o.Registration {
		s.register(v, &o.Registration[i])
	}
	switch {
	case o.Serving != nil:
		s.serve(v, o)
	case o.State == cell.Searching || o.State == cell.NoService:
		if s.OutFrom == 0 {
			s.OutFrom = s.Now
		}
		s.Camped = false
	}
	if o.Neighbours != nil {
		s.neighbours(v, o.Neighbours)
	}
	if o.Secondary != nil {
		s.Seen |= cell.FieldSecondary
	}
}

// registered tells whether any domain was registered at the last answer.
func (s *site) registered() bool {
	for i := range s.Regs {
		switch s.Regs[i].Status {
		case 1, 5, 6, 7, 9, 10:
			return true
		}
	}
	return false
}

// ident reads the identity out of a cell, without what cannot be.
func (e *Engine) ident(c *cell.Cell) Ident {
	i := Ident{RAT: c.RAT}
	if c.RAT != cell.UnknownRAT {
		i.Has |= cell.FieldRAT
	}
	if c.MCC != "" {
		i.Has |= cell.FieldMCC
	}
	if c.MNC != "" {
		i.Has |= cell.FieldMNC
	}
	i.PLMN = e.nets.index(c.MCC, c.MNC)
	if a, ok := c.Area.Get(); ok && !a.Reserved(c.RAT) {
		if a <= c.RAT.MaxArea() || c.RAT == cell.UnknownRAT {
			i.Area = a
			i.Has |= cell.FieldArea
		} else {
			e.note("area code out of range")
		}
	}
	if id, ok := c.ID.Get(); ok {
		if c.RAT == cell.UnknownRAT || id < c.RAT.MaxCellID() {
			i.ID = id
			i.Has |= cell.FieldCellID
		} else {
			e.note("cell id out of range")
		}
	}
	if p, ok := c.PCI.Get(); ok {
		if c.RAT == cell.UnknownRAT || p <= c.RAT.MaxPCI() {
			i.PCI = p
			i.Has |= cell.FieldPCI
		} else {
			e.note("physical identity out of range")
		}
	}
	if n, ok := c.ARFCN.Get(); ok {
		i.ARFCN = n
		i.Has |= cell.FieldARFCN
	}
	return i
}

// level reads how strong the serving cell was. A modem that reports RSRP or RSCP in some answers and only RSSI in others
// would seem to jump by 20 dB: of the scales that this RAT was reported in, only the best counts.
func (s *site) level(e *Engine, c *cell.Cell) (float32, bool) {
	l, ok := e.level(c)
	if !ok || int(c.RAT) >= len(s.Base.RATs) {
		return 0, false
	}
	scale := uint8(1)
	if c.RSRP.Known() || c.RSCP.Known() {
		scale = 2
	}
	r := &s.Base.RATs[c.RAT]
	if scale < r.Scale {
		return 0, false
	}
	if scale > r.Scale {
		r.Scale, r.N, r.Top = scale, 0, 0
	}
	return l, true
}

// level reads how strong a cell was; values that no receiver measures are not taken.
func (e *Engine) level(c *cell.Cell) (float32, bool) {
	l, ok := c.Level().Get()
	if !ok {
		return 0, false
	}
	if math.IsNaN(float64(l)) || l < -170 || l > 0 {
		e.note("impossible level")
		return 0, false
	}
	return float32(l), true
}

func (s *site) serve(v *View, o *cell.Observation) {
	e, c := v.engine, o.Serving
	id := e.ident(c)
	s.supply(e, &id)
	v.Cell = id
	v.Level, v.HasLevel = s.level(e, c)
	if q, ok := c.RSRQ.Get(); ok && q >= -43.5 && q <= 20 {
		v.Quality, v.HasQuality = float32(q), true
	}
	if q, ok := c.SINR.Get(); ok && q >= -40 && q <= 60 {
		v.SINR, v.HasSINR = float32(q), true
	}
	s.Seen |= id.Has | levelFields(c)
	v.Serving = true

	if s.Skew {
		s.settle(&id)
	}
	wantsID := (s.Report | s.Seen).Has(cell.FieldCellID) || c.Placeholder.Has(cell.FieldCellID)
	if wantsID && !id.Known() { // half an answer: a cell is there, but not which
		if s.OutFrom == 0 {
			s.OutFrom = s.Now
		}
		s.Camped = false
		return
	}
	s.Seen |= cell.FieldRAT
	if s.Camped && len(s.Stays) > 0 && s.Now-s.Stays[0].Last <= pauseMs {
		cur := &s.Stays[0]
		if cur.Cell.SameCell(&id) && cur.Cell.SameArea(&id) {
			s.goOn(v, cur, &id, c)
			return
		}
	}
	s.arrive(v, &id, c)
}

// supply gives a cell the network that its line did not name. An unsolicited +CEREG names a cell without its PLMN: it is the
// cell of that identity which is known here, else one of the network that the modem was on.
func (s *site) supply(e *Engine, id *Ident) {
	if id.PLMN != 0 || !id.Known() {
		return
	}
	on := uint16(0)
	if len(s.Stays) > 0 {
		on = s.Stays[0].Cell.PLMN
	}
	id.PLMN = on
	if k, _ := id.key(); on != 0 && s.Base.Cells.get(k) != nil {
		return
	}
	for n := 1; n < min(len(e.nets.List), 32); n++ {
		id.PLMN = uint16(n)
		if k, _ := id.key(); s.Base.Cells.get(k) != nil {
			return
		}
	}
	id.PLMN = on
}

// settle drops the area of a source that updates area and cell id at different moments, until both have been the same
// for three seconds.
func (s *site) settle(id *Ident) {
	if id.ID != s.Pair.ID || id.Area != s.Pair.Area || id.RAT != s.Pair.RAT {
		s.Pair, s.SkewAt = *id, s.Now
	}
	if s.Now-s.SkewAt < skewMs {
		id.Has &^= cell.FieldArea
		id.Area = 0
	}
}

func (s *site) goOn(v *View, cur *Stay, id *Ident, c *cell.Cell) {
	if id.Has.Has(cell.FieldARFCN) && cur.Cell.Has.Has(cell.FieldARFCN) && id.ARFCN != cur.Cell.ARFCN ||
		id.Has.Has(cell.FieldPCI) && cur.Cell.Has.Has(cell.FieldPCI) && id.PCI != cur.Cell.PCI {
		v.Retuned = true
		if id.Has.Has(cell.FieldARFCN) {
			cur.Cell.ARFCN = id.ARFCN
		}
		if id.Has.Has(cell.FieldPCI) {
			cur.Cell.PCI = id.PCI
		}
	}
	if !cur.Cell.Has.Has(id.Has) || cur.Cell.PLMN == 0 {
		learned := id.Has &^ cur.Cell.Has
		cur.Cell.merge(id)
		if learned.Has(cell.FieldArea) {
			s.judge(v, cur)
			v.AreaLearned = true
		}
	}
	s.Camped, s.OutFrom = true, 0
	s.update(v, cur, c)
}

func (s *site) update(v *View, cur *Stay, c *cell.Cell) {
	cur.Last = s.Now
	cur.N++
	if v.HasLevel {
		cur.hear(v.Level)
	}
	if v.HasQuality {
		cur.QSum += v.Quality
		cur.QN++
		if !cur.HasQ || v.Quality > cur.Quality {
			cur.Quality, cur.HasQ = v.Quality, true
		}
	}
	if v.Obs.State == cell.Limited {
		cur.Limited++
	}
	if ta, ok := c.TA.Get(); ok {
		v.TA, v.HasTA = ta, true
		if cur.TA > 0 && s.Now-cur.TAAt <= 15_000 {
			v.TABefore, v.HasTABefore = uint16(cur.TA-1), true
		}
		cur.TA, cur.TAAt = int32(ta)+1, s.Now
	}
	if c.Placeholder.Has(cell.FieldArea) {
		cur.Barred++
	}
	rssi, ok1 := c.RSSI.Get()
	rsrp, ok2 := c.RSRP.Get()
	if ok1 && ok2 {
		over := float32(rssi - rsrp)
		switch {
		case cur.N == 1 || over != over:
			s.Quiet, s.Noisy = over, 0
		default:
			if over-s.Quiet >= 12 && v.HasQuality && v.Quality <= -17 {
				s.Noisy++
			} else {
				s.Noisy = 0
			}
			s.Quiet += 0.05 * (over - s.Quiet)
		}
	}
}

// arrive begins a stay.
func (s *site) arrive(v *View, id *Ident, c *cell.Cell) {
	if len(s.Stays) < maxStays {
		s.Stays = append(s.Stays, Stay{})
	}
	copy(s.Stays[1:], s.Stays)
	st := &s.Stays[0]
	*st = Stay{Cell: *id, From: s.Now, Blind: s.Blind || len(s.Stays) == 1}
	if !st.Blind {
		p := &s.Stays[1]
		st.Pause = s.Now - p.Last
		st.Outage = s.OutFrom != 0 || st.Pause > longPause
		if st.Pause > 10*pauseMs {
			st.Blind = true
		}
	}
	s.judge(v, st)
	v.Arrived = true
	s.Camped, s.Blind, s.OutFrom = true, false, 0
	s.update(v, st, c)
}

// judge compares a stay with what is normal here, before anything of it is learned.
func (s *site) judge(v *View, st *Stay) {
	k, ok := st.Cell.key()
	if !ok {
		return
	}
	rec := s.Base.Cells.get(k)
	st.NewCell = rec == nil || rec.Suspect || rec.First == st.From
	if rec != nil && !rec.Suspect && st.Cell.Has.Has(cell.FieldArea) && rec.Ident.Has.Has(cell.FieldArea) &&
		rec.Ident.Area != st.Cell.Area && (rec.AltN == 0 || rec.Alt != st.Cell.Area) {
		st.OtherArea, st.WasArea = true, rec.Ident.Area
	}
	if st.Cell.Has.Has(cell.FieldArea) {
		a := s.Base.Areas.get(areaKey{st.Cell.RAT, st.Cell.PLMN, st.Cell.Area})
		st.NewArea = a == nil || a.Suspect
	}
	if st.Cell.Has.Has(cell.FieldARFCN) {
		st.NewChannel = s.Base.Channels.get(channelKey{st.Cell.RAT, st.Cell.PLMN, st.Cell.ARFCN}) == nil
	}
	if st.Cell.PLMN != 0 {
		st.NewNetwork = s.Base.Networks.get(st.Cell.PLMN) == nil
	}
}

func domainIndex(d cell.Domain) int {
	switch d {
	case cell.CS:
		return 0
	case cell.PS:
		return 1
	case cell.EPS:
		return 2
	case cell.FGS:
		return 3
	}
	return -1
}

func (s *site) register(v *View, r *cell.Registration) {
	i := domainIndex(r.Domain)
	st, ok := r.Status.Get()
	if i < 0 || !ok {
		return
	}
	s.Seen |= cell.FieldRegistration
	g := &s.Regs[i]
	if !g.Has || g.Status != st {
		g.Changed = s.Now
	}
	cause, why := r.Cause.Get()
	if kind, given := r.CauseType.Get(); given && kind != 0 {
		why = false // the manufacturer's own number
	}
	if why {
		s.Seen |= cell.FieldCause
	}
	if !v.Rejected && (st == 3 || why && !r.Registered()) {
		v.Rejected, v.Domain, v.Cause, v.HasCause = true, i, cause, why
	}
	if why && (!g.HasWhy || g.Cause != cause) {
		g.Why = s.Now
	}
	*g = registration{Status: st, Has: true, Cause: cause, HasWhy: why, At: s.Now, Changed: g.Changed, Why: g.Why}
}

func (s *site) neighbours(v *View, list []cell.Cell) {
	s.Seen |= cell.FieldNeighbours
	s.Neigh, s.NeighLev, s.NeighPrio = s.Neigh[:0], s.NeighLev[:0], s.NeighPrio[:0]
	for i := range list {
		if i == 32 {
			break
		}
		id := v.engine.ident(&list[i])
		l, ok := v.engine.level(&list[i])
		if !ok {
			l = float32(math.Inf(-1))
		}
		prio := int8(-1)
		if p, ok := list[i].Priority.Get(); ok && p <= 7 {
			prio = int8(p)
			s.Seen |= cell.FieldNeighbourPriority
		}
		if id.Known() {
			s.Seen |= cell.FieldNeighbourIdentity
		}
		s.Neigh, s.NeighLev, s.NeighPrio = append(s.Neigh, id), append(s.NeighLev, l), append(s.NeighPrio, prio)
	}
	s.NeighAt = s.Now
	v.Asked = true
	if s.Camped && len(s.Stays) > 0 {
		if len(s.Neigh) == 0 {
			s.Stays[0].Empty++
		} else {
			s.Stays[0].Listed++
			v.Strangers = s.strangers()
		}
	}
}

// strangers tells whether every cell of the neighbour list is one that was never heard before.
func (s *site) strangers() bool {
	n := 0
	for i := range s.Neigh {
		k, ok := s.Neigh[i].key()
		if !ok {
			continue
		}
		if s.Base.Heard.get(k) != nil || s.Base.Cells.get(k) != nil {
			return false
		}
		if p, ok := s.Neigh[i].phys(); ok && s.Base.Phys.get(p) != nil {
			return false
		}
		n++
	}
	return n > 0
}

func levelFields(c *cell.Cell) (f cell.Fields) {
	if c.RSRP.Known() {
		f |= cell.FieldRSRP
	}
	if c.RSSI.Known() {
		f |= cell.FieldRSSI
	}
	if c.RSCP.Known() {
		f |= cell.FieldRSCP
	}
	if c.RSRQ.Known() {
		f |= cell.FieldRSRQ
	}
	if c.SINR.Known() {
		f |= cell.FieldSINR
	}
	if c.TA.Known() {
		f |= cell.FieldTA
	}
	if c.Bandwidth.Known() {
		f |= cell.FieldBandwidth
	}
	if c.Band.Known() {
		f |= cell.FieldBand
	}
	if c.Priority.Known() {
		f |= cell.FieldPriority
	}
	return f
}
