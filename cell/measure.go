package cell

// DBm is a power level in dBm.
type DBm float64

// DB is a ratio in dB.
type DB float64

// KHz is a frequency or bandwidth in kHz.
type KHz uint32

// The functions below turn the index that a modem prints (+CSQ and +CESQ, TS 27.007 clauses 8.5 and 8.69) into the lower
// edge of its bucket. An index outside its range, 99 and 255 among them, is absent. The lowest bucket has no lower edge:
// its upper edge minus one step is used.

// RSSIFromCSQ converts <rssi> of +CSQ, 0..31, to dBm (TS 27.007 clause 8.5: 0 is -113 or less). 99 is not known.
func RSSIFromCSQ(n int) Opt[DBm] {
	if n < 0 || n > 31 {
		return Opt[DBm]{}
	}
	return Some(DBm(-113 + 2*n))
}

// RSSIFromRxLev converts <rxlev> of +CESQ, 0..63, to dBm (TS 45.008 clause 8.1.4). 99 is not known.
func RSSIFromRxLev(n int) Opt[DBm] { return dbm(n, 0, 63, -111, 1) }

// RSCPFromIndex converts <rscp> of +CESQ, 0..96, to dBm. 255 is not known. It is five more than the CPICH_RSCP_LEV of
// TS 25.133 clause 9.1.1.3, -5..91, which some modems print.
func RSCPFromIndex(n int) Opt[DBm] { return dbm(n, 0, 96, -121, 1) }

// EcNoFromIndex converts <ecno> of +CESQ, 0..49, to dB (TS 25.133 clause 9.1.2.3). 255 is not known.
func EcNoFromIndex(n int) Opt[DB] { return db(n, 0, 49, -24.5, 0.5) }

// RSRPFromIndex converts the LTE <rsrp>, 0..97, to dBm (TS 36.133 clause 9.1.4). 255 is not known.
func RSRPFromIndex(n int) Opt[DBm] { return dbm(n, 0, 97, -141, 1) }

// RSRQFromIndex converts the LTE <rsrq>, 0..34, to dB (TS 36.133 clause 9.1.7). 255 is not known.
func RSRQFromIndex(n int) Opt[DB] { return db(n, 0, 34, -20, 0.5) }

// SSRSRPFromIndex converts the NR <ss_rsrp>, 0..126, to dBm (TS 38.133 clause 10.1.6). 255 is not known; 127 is infinity,
// which is no measurement.
func SSRSRPFromIndex(n int) Opt[DBm] { return dbm(n, 0, 126, -157, 1) }

// SSRSRQFromIndex converts the NR <ss_rsrq>, 0..126, to dB (TS 38.133 clause 10.1.11). 255 is not known; 127, 20 dB or
// more, is beyond <ss_rsrq> and beyond what a cell can reach.
func SSRSRQFromIndex(n int) Opt[DB] { return db(n, 0, 126, -43.5, 0.5) }

// SSSINRFromIndex converts the NR <ss_sinr>, 0..127, to dB (TS 38.133 clause 10.1.16). 255 is not known.
func SSSINRFromIndex(n int) Opt[DB] { return db(n, 0, 127, -23.5, 0.5) }

func dbm(n, lo, hi int, base, step DBm) Opt[DBm] {
	if n < lo || n > hi {
		return Opt[DBm]{}
	}
	return Some(base + step*DBm(n))
}

func db(n, lo, hi int, base, step DB) Opt[DB] {
	if n < lo || n > hi {
		return Opt[DB]{}
	}
	return Some(base + step*DB(n))
}
