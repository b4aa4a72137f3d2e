package cell

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// decoder turns lines into records. It shares short strings and counts what it skips.
type decoder struct {
	cursor
	intern  map[string]string
	unknown map[string]int
	bad     map[string]int
}

// mostNames bounds the number of shared strings, because the input chooses them.
const mostNames = 256

func count(m *map[string]int, name string) {
	if *m == nil {
		*m = map[string]int{}
	}
	if _, ok := (*m)[name]; !ok && len(*m) >= mostNames {
		name = "(others)"
	}
	if len(name) > 64 {
		name = name[:64]
	}
	(*m)[name]++
}

func (d *decoder) ignore(key []byte) error {
	count(&d.unknown, string(key))
	return d.skip()
}

// line holds every key that a line may have, before it is known which kind of line it is.
type line struct {
	version      Opt[uint64]
	kind         string
	reason       string
	detail       string
	until        time.Time
	since        time.Time
	count        Opt[uint64]
	offset       Opt[float64]
	source       Source
	observation  Observation
	signalling   *signallingLine // nil: no key of a message or broadcast
	timeGiven    bool
	surveyOfLine bool
	observed     bool // it has a key of an observation, whatever the value
	strange      bool // it has a key that no observation has
}

// record reads one line. An error means that nothing of it can be used.
func (d *decoder) record(text []byte) (Record, error) {
	d.cursor = cursor{b: text}
	var l line
	err := d.object(func(key []byte) error { l.note(key); return d.top(key, &l) })
	if err == nil {
		err = d.end()
	}
	if err != nil {
		return nil, err
	}
	o := &l.observation
	if v, ok := l.version.Get(); ok {
		if v != 1 {
			return nil, fmt.Errorf("format version %d is newer than this program; update it to read the file", v)
		}
		d.foreign(&l)
		s := l.source
		s.Version, s.Sensor, s.Survey = 1, o.Sensor, l.surveyOfLine
		return &s, nil
	}
	if !l.timeGiven {
		return nil, errors.New("no time")
	}
	o.Survey = l.surveyOfLine
	switch l.kind {
	case "message":
		return d.message(&l)
	case "broadcast":
		return d.broadcast(&l)
	}
	d.foreign(&l)
	switch l.kind {
	case "":
		if l.strange && !l.observed { // a verdict, or the line of another program: it must not become the observation of nothing
			return nil, errors.New("it has a time, and no key of an observation")
		}
		obs := *o
		return &obs, nil
	case "gap":
		return &Gap{o.Time, o.Sensor, l.until, l.reason}, nil
	case "health":
		return &Health{o.Time, o.Sensor, l.reason, l.detail, int(l.count.value), o.Raw}, nil
	case "clock":
		return &Clock{o.Time, o.Sensor, time.Duration(l.offset.value * float64(time.Millisecond)), l.since}, nil
	}
	return nil, fmt.Errorf("kind %q is not known", l.kind)
}

// note notes whether a line has keys of an observation, and whether it has others.
func (l *line) note(key []byte) {
	switch string(key) {
	case "time", "sensor":
	case "state", "serving", "neighbours", "secondary", "registration", "position", "survey", "raw":
		l.observed = true
	default:
		l.strange = true
	}
}

func (d *decoder) top(key []byte, l *line) error {
	o, s := &l.observation, &l.source
	switch string(key) {
	case "time":
		return d.when(key, &o.Time, &l.timeGiven)
	case "sensor":
		return d.name(key, &o.Sensor)
	case "state":
		return oneOf(d, key, &o.State, Searching, Limited, Idle, Connected, NoService)
	case "serving":
		if ok, err := d.opens(key, '{'); !ok {
			return err
		}
		c, ok, err := d.cell()
		if ok {
			o.Serving = &c
		}
		return err
	case "neighbours":
		return d.cells(key, &o.Neighbours)
	case "secondary":
		return d.cells(key, &o.Secondary)
	case "registration":
		return d.registrations(key, &o.Registration)
	case "position":
		return d.position(key, &o.Position)
	case "survey":
		return d.flag(key, &l.surveyOfLine)
	case "raw":
		return d.texts(key, &o.Raw)
	case "kind":
		return d.name(key, &l.kind)
	case "until":
		return d.when(key, &l.until, new(bool))
	case "reason":
		return d.name(key, &l.reason)
	case "detail":
		return d.name(key, &l.detail)
	case "count":
		return optUint(d, key, &l.count, math.MaxInt32)
	case "since":
		return d.when(key, &l.since, new(bool))
	case "offset_ms":
		return optNumber(d, key, &l.offset, 9e12) // what a time.Duration holds: 285 years
	case "vigie":
		return optUint(d, key, &l.version, math.MaxInt32)
	case "mode":
		return oneOf(d, key, &s.Mode, Fixed, Mobile)
	case "model":
		return d.name(key, &s.Model)
	case "firmware":
		return d.name(key, &s.Firmware)
	case "set":
		return d.name(key, &s.Set)
	case "kit":
		return d.name(key, &s.Kit)
	case "skew":
		return d.flag(key, &s.Skew)
	case "at":
		return d.flag(key, &s.AT)
	case "assumed":
		_, err := d.fields(key, &s.Assumed)
		return err
	case "reports":
		var f Fields
		given, err := d.fields(key, &f)
		if given {
			s.Reports = Some(f)
		}
		return err
	}
	return d.signalling(key, l)
}

// wrong counts a value that is invalid for its key, and skips it.
func (d *decoder) wrong(key []byte) error {
	count(&d.bad, string(key))
	return d.skip()
}

// opens reports whether the value begins with a byte. A null is the same as an absent key; any other value is counted and skipped.
func (d *decoder) opens(key []byte, first byte) (bool, error) {
	switch {
	case d.null():
		return false, nil
	case d.peek() != first:
		return false, d.wrong(key)
	}
	return true, nil
}

// null consumes a null, which is the same as an absent key.
func (d *decoder) null() bool { return d.peek() == 'n' && d.word("null") }

func (d *decoder) name(key []byte, dst *string) error {
	if ok, err := d.opens(key, '"'); !ok {
		return err
	}
	t, err := d.text()
	if err == nil {
		*dst = d.short(t)
	}
	return err
}

// short shares strings that recur: networks, sensors, states.
func (d *decoder) short(t []byte) string {
	if len(t) > 64 {
		return string(t)
	}
	if s, ok := d.intern[string(t)]; ok {
		return s
	}
	s := string(t)
	if len(d.intern) < 4096 {
		d.intern[s] = s
	}
	return s
}

func (d *decoder) when(key []byte, dst *time.Time, given *bool) error {
	if ok, err := d.opens(key, '"'); !ok {
		return err
	}
	t, err := d.text()
	if err != nil {
		return err
	}
	v, bad := time.Parse(time.RFC3339, string(t))
	if bad != nil {
		return fmt.Errorf("time %q is not RFC 3339", clip(t))
	}
	*dst, *given = v.UTC(), true
	return nil
}

func clip(t []byte) string {
	if len(t) > 40 {
		return string(t[:40]) + "..."
	}
	return string(t)
}

// oneOf reads a word of a closed set.
func oneOf[T ~string](d *decoder, key []byte, dst *T, words ...T) error {
	var s string
	if err := d.name(key, &s); err != nil {
		return err
	}
	switch {
	case slices.Contains(words, T(s)):
		*dst = T(s)
	case s != "":
		count(&d.bad, string(key))
	}
	return nil
}

func (d *decoder) flag(key []byte, dst *bool) error {
	switch {
	case d.word("true"):
		*dst = true
	case d.word("false"):
		*dst = false
	case d.null():
	default:
		return d.wrong(key)
	}
	return nil
}

func (d *decoder) texts(key []byte, dst *[]string) error {
	if ok, err := d.opens(key, '['); !ok {
		return err
	}
	*dst = nil
	return d.array(func() error {
		if d.peek() != '"' {
			return d.wrong(key)
		}
		t, err := d.text()
		if err == nil && d.room(key, len(*dst)) {
			*dst = append(*dst, string(t))
		}
		return err
	})
}

// room reports whether a list takes one more, and counts what it does not.
func (d *decoder) room(key []byte, n int) bool {
	if n >= MaxList {
		count(&d.bad, string(key))
	}
	return n < MaxList
}

func (d *decoder) fields(key []byte, dst *Fields) (given bool, err error) {
	if ok, err := d.opens(key, '['); !ok {
		return false, err
	}
	*dst = 0
	return true, d.array(func() error {
		if d.peek() != '"' {
			return d.wrong(key)
		}
		t, err := d.text()
		if err != nil {
			return err
		}
		f, ok := ParseField(string(t))
		if !ok {
			count(&d.unknown, string(key)+" "+string(t))
		}
		*dst |= f
		return nil
	})
}

// numeral reads the text of a number; nil when there is none.
func (d *decoder) numeral(key []byte) ([]byte, error) {
	if d.null() {
		return nil, nil
	}
	if ch := d.peek(); ch != '-' && (ch < '0' || ch > '9') {
		return nil, d.wrong(key)
	}
	return d.number()
}

func optUint[T ~uint8 | ~uint16 | ~uint32 | ~uint64](d *decoder, key []byte, dst *Opt[T], limit uint64) error {
	num, err := d.numeral(key)
	if num == nil {
		return err
	}
	v, ok := integer(num, limit)
	if !ok {
		count(&d.bad, string(key))
		return nil
	}
	*dst = Some(T(v))
	return nil
}

func optNumber[T ~float64](d *decoder, key []byte, dst *Opt[T], limit float64) error {
	num, err := d.numeral(key)
	if num == nil {
		return err
	}
	v, ok := small(num)
	if !ok {
		v, err = strconv.ParseFloat(string(num), 64)
	}
	if err != nil || math.Abs(v) > limit {
		count(&d.bad, string(key))
		return nil
	}
	if v == 0 {
		v = 0 // not -0
	}
	*dst = Some(T(v))
	return nil
}

// small reads a small integer, which most levels are.
func small(num []byte) (float64, bool) {
	neg := num[0] == '-'
	if neg {
		num = num[1:]
	}
	if len(num) == 0 || len(num) > 9 {
		return 0, false
	}
	v := 0
	for _, ch := range num {
		if ch < '0' || ch > '9' {
			return 0, false
		}
		v = v*10 + int(ch-'0')
	}
	if neg && v > 0 {
		v = -v
	}
	return float64(v), true
}
