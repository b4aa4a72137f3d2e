package cell

import (
	_ "embed"
	"iter"
	"strconv"
	"strings"
)

// Band is the number of an operating band within its RAT; 0 is not known. LTE and NR bands have their 3GPP number, UMTS
// bands theirs in digits (VIII is 8). 3GPP gives no numbers to the bands of GSM and only letters to those of TD-SCDMA:
// a GSM band is its name in MHz (450, 480, 750, 850, 900, 1800, 1900), a TD-SCDMA band the LTE band at the same
// frequencies (33 to 40), as phones and operators call it. A dialect translates what its modems print.
type Band uint16

// Name is the band as people write it: "DCS 1800", "band VIII", "B3", "n78"; "" when it is not a band of this RAT.
func (b Band) Name(rat RAT) string {
	known := false
	for _, r := range runsOf(rat) {
		known = known || r.band == b
	}
	switch {
	case !known:
		return ""
	case rat == GSM:
		return gsmBandName(b)
	case rat == UMTS:
		return umtsBandName(b)
	case rat == LTE:
		return "B" + strconv.Itoa(int(b))
	}
	return "n" + strconv.Itoa(int(b))
}

// Bands are the bands that have a downlink channel of this number, the most usual first; none when the channel does not
// exist. An EARFCN belongs to one band at most, the other numbers may belong to several.
func Bands(rat RAT, channel uint32) iter.Seq[Band] {
	return func(yield func(Band) bool) {
		for _, r := range runsOf(rat) {
			if r.holds(channel) && !yield(r.band) {
				return
			}
		}
	}
}

// ChannelExists reports whether any band of the RAT has a downlink channel of this number.
func ChannelExists(rat RAT, channel uint32) bool {
	for range Bands(rat, channel) {
		return true
	}
	return false
}

// Downlink is the carrier frequency of a downlink channel in this band, or, with band 0, in whichever band it is. It is
// false when the channel does not exist there, and when the band is needed but not known: ARFCN 512 to 810 are
// frequencies both of DCS 1800 and of PCS 1900.
func Downlink(rat RAT, channel uint32, band Band) (KHz, bool) {
	return agreed(rat, channel, band, func(r *run) KHz { return r.downlink })
}

// Uplink is the frequency on which phones answer a downlink channel, at the band's default duplex distance, or the same
// frequency in TDD. It is false where Downlink is, where bands disagree and none is given, and where a downlink channel
// has no uplink at a fixed distance.
func Uplink(rat RAT, channel uint32, band Band) (KHz, bool) {
	return agreed(rat, channel, band, func(r *run) KHz { return r.uplink })
}

// agreed is the frequency that every band in question gives to a channel, counted from the frequency of a run's first.
func agreed(rat RAT, channel uint32, band Band, start func(*run) KHz) (KHz, bool) {
	var found KHz
	for _, r := range runsOf(rat) {
		if !r.in(band) || !r.holds(channel) {
			continue
		}
		f := start(r)
		if f == 0 {
			return 0, false
		}
		f += KHz(channel-r.first) * r.step
		if found != 0 && found != f {
			return 0, false
		}
		found = f
	}
	return found, found != 0
}

// Channel is the number of the downlink channel at exactly this carrier frequency in this band, the inverse of
// Downlink. With band 0 it is false when bands number the frequency differently, as UMTS and LTE do.
func Channel(rat RAT, downlink KHz, band Band) (uint32, bool) {
	var found uint32
	ok := false
	for _, r := range runsOf(rat) {
		if !r.in(band) || downlink < r.downlink || (downlink-r.downlink)%r.step != 0 {
			continue
		}
		channel := r.first + uint32((downlink-r.downlink)/r.step)
		if !r.holds(channel) {
			continue
		}
		if ok && found != channel {
			return 0, false
		}
		found, ok = channel, true
	}
	return found, ok
}

// row is a line of a band table: consecutive downlink channels of one band, evenly spaced.
type row struct {
	band        Band
	first, last uint32 // channel numbers, both included
	downlink    KHz    // of the first
	uplink      KHz    // of the first; equal to downlink in TDD; 0: none, or none at a fixed distance
}

// run is a row with its spacing.
type run struct {
	row
	step  KHz    // from one channel number to the next
	every uint32 // only the first number and each so many after it are channels
}

// bandsText holds the tables of 3GPP: the name of a table and the numbers of a line of it.
//
//go:embed bands.txt
var bandsText string

var bandTables = func() map[string][][]uint32 {
	tables := map[string][][]uint32{}
	for line := range strings.Lines(bandsText) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		var numbers []uint32
		for _, s := range f[1:] {
			numbers = append(numbers, number(s))
		}
		tables[f[0]] = append(tables[f[0]], numbers)
	}
	return tables
}()

// spaced are the runs of a table.
func spaced(step KHz, every uint32, table string) (runs []*run) {
	for _, f := range bandTables[table] {
		runs = append(runs, &run{row{Band(f[0]), f[1], f[2], KHz(f[3]), KHz(f[4])}, step, every})
	}
	return runs
}

func (r *run) in(band Band) bool { return band == 0 || band == r.band }

func (r *run) holds(channel uint32) bool {
	return r.first <= channel && channel <= r.last && (channel-r.first)%r.every == 0
}

func runsOf(rat RAT) []*run {
	switch rat {
	case GSM:
		return gsmRuns
	case UMTS:
		return umtsRuns
	case LTE:
		return lteRuns
	case NR:
		return nrRuns
	}
	return nil
}
