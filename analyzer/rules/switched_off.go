package rules

import (
	"bufio"
	_ "embed"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"vigie/analyzer"
	"vigie/cell"
)

// SwitchedOff lists RATs that a country, or one network, no longer offers to the public.
type SwitchedOff []switchOff

type switchOff struct {
	plmn     cell.PLMN // without an MNC: the whole country
	rat      cell.RAT
	since    time.Time
	source   string
	verified bool
}

// SwitchedOffText is the table that is shipped, as people read and edit it.
//
//go:embed switched_off.txt
var SwitchedOffText string

var shipped = sync.OnceValue(func() SwitchedOff {
	list, err := ReadSwitchedOff(strings.NewReader(SwitchedOffText))
	if err != nil {
		panic(err) // a test reads it
	}
	return list
})

// ReadSwitchedOff reads a table: MCC or MCC-MNC, RAT, date, source, one row a line; # begins a comment. A row without a
// source, or whose source begins with "unverified", is unverified.
func ReadSwitchedOff(r io.Reader) (SwitchedOff, error) {
	var list SwitchedOff
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		wrong := func(what string) error {
			return fmt.Errorf("line %d: %s: want MCC or MCC-MNC, RAT, date, source, as in \"466 GSM 2017-08-01 the regulator's notice\"", n, what)
		}
		if len(f) < 3 {
			return nil, wrong("too few columns")
		}
		mcc, mnc, _ := strings.Cut(f[0], "-")
		if len(mcc) != 3 || strings.Trim(mcc+mnc, "0123456789") != "" || len(mnc) > 3 || strings.Contains(f[0], "-") && len(mnc) < 2 {
			return nil, wrong(fmt.Sprintf("%q is no network", f[0]))
		}
		rat, ok := cell.ParseRAT(f[1])
		if !ok {
			return nil, wrong(fmt.Sprintf("%q is no RAT: GSM, UMTS, LTE or NR", f[1]))
		}
		since, err := time.Parse(time.DateOnly, f[2])
		if err != nil {
			return nil, wrong(fmt.Sprintf("%q is no date like 2017-08-01", f[2]))
		}
		source := strings.Join(f[3:], " ")
		list = append(list, switchOff{cell.PLMN{MCC: mcc, MNC: mnc}, rat, since, source, source != "" && !strings.HasPrefix(source, "unverified")})
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	return list, nil
}

// find returns the row by which a RAT is off at a time; nil if there is none.
func (list SwitchedOff) find(p cell.PLMN, rat cell.RAT, now int64) *switchOff {
	for i := range list {
		x := &list[i]
		if x.rat != rat || now < x.since.UnixMilli() {
			continue
		}
		if x.plmn.MNC == "" && country(x.plmn.MCC) == country(p.MCC) || x.plmn.MNC != "" && x.plmn.Same(p) {
			return x
		}
	}
	return nil
}

func switchedOffRAT(list SwitchedOff) analyzer.Rule {
	return analyzer.Rule{
		ID: "switched-off", Version: 3, Title: "a RAT that this country has switched off",
		Needs: cell.FieldRAT | cell.FieldMCC, Cause: "sunset",
		Min: analyzer.Low, Max: analyzer.Low, Status: analyzer.Experimental, Telling: analyzer.Strong, // no alert by itself: an error in the table would alarm a whole country
		Innocent: []string{
			"this version's table is wrong or too early for this network",
			"a private, railway or test network that keeps the old RAT",
			"a border near by",
		},
		Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
			on := v.On()
			if on == nil || !v.Arrived || on.Cell.RAT == cell.UnknownRAT || v.Assumed(cell.FieldRAT) {
				return false
			}
			x := list.find(v.Obs.Serving.PLMN(), on.Cell.RAT, v.Now)
			if x == nil {
				return false
			}
			s.P = max(0.05, v.Rate(0.05, analyzer.PerStay)) // it adds to what else is odd, and no more: the table may be wrong
			s.Suspect(&on.Cell)
			whose := "whose country has"
			if x.plmn.MNC != "" {
				whose = "which has"
			}
			s.Say("%s is a %s cell of network %s, %s switched %s off", &on.Cell, on.Cell.RAT, v.PLMN(&on.Cell), whose, on.Cell.RAT)
			if !x.verified {
				s.Say("%s is a %s cell of network %s, %s switched %s off (by an unverified date)", &on.Cell, on.Cell.RAT, v.PLMN(&on.Cell), whose, on.Cell.RAT)
			}
			return true
		},
	}
}
