package analyzer

// otherModemMs is how old the last observation of another modem of the kit may be.
const otherModemMs = 15_000

// OtherModem is what another modem of the same kit camps on now; if there are several, the one on the latest RAT. Records of all
// modems come in the order in which they were heard, so no clock is needed.
type OtherModem struct {
	Sensor  string
	Cell    Ident
	Level   float32 // dBm: the lower of the last two
	Seconds float64 // how long it has been there
}

// OtherModem returns what another modem of the kit camps on; ok is false if there is none, or it has been silent for a while.
func (v *View) OtherModem() (b OtherModem, ok bool) {
	if v.site.Kit == "" {
		return b, false
	}
	for _, s := range v.engine.sites {
		if s == v.site || s.Kit != v.site.Kit || !s.Camped || len(s.Stays) == 0 || s.Survey {
			continue
		}
		st := &s.Stays[0]
		if d := v.Now - st.Last; d > otherModemMs || d < -otherModemMs {
			continue
		}
		level, heard := st.Lately(2)
		if heard && (!ok || st.Cell.RAT > b.Cell.RAT) {
			b, ok = OtherModem{s.Sensor, st.Cell, level, st.Seconds()}, true
		}
	}
	return b, ok
}
