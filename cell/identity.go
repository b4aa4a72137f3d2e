package cell

import (
	"fmt"
	"strings"
)

// RAT is the radio access technology of a cell. The zero RAT is unknown.
type RAT uint8

// The RATs that observations hold. UMTS includes TD-SCDMA, LTE includes LTE-M and NB-IoT.
const (
	UnknownRAT RAT = iota
	GSM
	UMTS
	LTE
	NR
)

var ratNames = [...]string{"", "GSM", "UMTS", "LTE", "NR"}

// String is the name used in the interchange format; "" when unknown.
func (r RAT) String() string {
	if int(r) < len(ratNames) {
		return ratNames[r]
	}
	return ""
}

// ParseRAT is the inverse of String.
func ParseRAT(s string) (RAT, bool) {
	for i, n := range ratNames[1:] {
		if n == s {
			return RAT(i + 1), true
		}
	}
	return UnknownRAT, false
}

// RATByAcT is the RAT of an <AcT> (TS 27.007 clauses 7.2, 7.3 and 10.1.47); UnknownRAT for a value that is not assigned. 12,
// NG-RAN, is what RG801H prints for NR. 13 is EN-DC, whose anchor is LTE. 14 and 15 are E-UTRAN over satellite, in NB-S1 and
// WB-S1 mode, 16 is NG-RAN over satellite.
func RATByAcT(act uint8) RAT {
	if int(act) < len(actRATs) {
		return actRATs[act]
	}
	return UnknownRAT
}

var actRATs = [...]RAT{GSM, GSM, UMTS, GSM, UMTS, UMTS, UMTS, LTE, GSM, LTE, LTE, NR, NR, LTE, LTE, LTE, NR}

// Generation is 2, 3, 4 or 5; 0 when unknown.
func (r RAT) Generation() int {
	if r == UnknownRAT || r > NR {
		return 0
	}
	return int(r) + 1
}

// PLMN names a network: MCC and MNC as digit strings, as printed by the modem ("1", "01" and "001" occur for one
// network, TS 23.003 clause 2.2). Compare PLMNs with Same, not with ==.
type PLMN struct{ MCC, MNC string }

// ParsePLMN splits the 5 or 6 digits of a numeric operator name, as +COPS prints it in format 2 (TS 27.007 clause 7.3).
func ParsePLMN(s string) (PLMN, error) {
	if len(s) != 5 && len(s) != 6 || !digits(s) {
		return PLMN{}, fmt.Errorf("%q is not a PLMN: want 5 or 6 digits", s)
	}
	return PLMN{s[:3], s[3:]}, nil
}

// String is the PLMN as MCC-MNC, as printed; "" when nothing of it is known.
func (p PLMN) String() string {
	if p == (PLMN{}) {
		return ""
	}
	return p.MCC + "-" + p.MNC
}

// Known reports whether both parts were reported.
func (p PLMN) Known() bool { return p.MCC != "" && p.MNC != "" }

// Canonical brings the spellings of one network together: MCC in 3 digits, and MNC in as many digits as its country
// uses (3 in those listed by mncLength, else 2), where the printed form allows it. 310-26 and 310-260 differ by more
// than padding and stay apart except where the country uses three digits and the last is a dropped zero; that case
// cannot be recognised, and Same accepts it.
func (p PLMN) Canonical() PLMN {
	if p.canonical() { // the common case, without an allocation
		return p
	}
	return PLMN{pad(strings.TrimLeft(p.MCC, "0"), 3, p.MCC), pad(strings.TrimLeft(p.MNC, "0"), mncLength(p.MCC), p.MNC)}
}

func (p PLMN) canonical() bool {
	return len(p.MCC) == 3 && (len(p.MNC) == 2 && mncLength(p.MCC) == 2 || len(p.MNC) == 3 && (mncLength(p.MCC) == 3 || p.MNC[0] != '0'))
}

// Same reports whether two PLMNs may be the same network, however their MNC was printed: 1-1 is 001-01, 310-26 may be
// 310-260 (a modem that prints two digits drops the last).
func (p PLMN) Same(q PLMN) bool {
	if p == q {
		return true
	}
	a, b := p.Canonical(), q.Canonical()
	if a == b {
		return true
	}
	return a.MCC == b.MCC && mncLength(a.MCC) == 3 && (len(p.MNC) == 2 && p.MNC+"0" == q.MNC || len(q.MNC) == 2 && q.MNC+"0" == p.MNC)
}

// mncLength is the number of MNC digits in use under an MCC: the countries of North America and a few others assign
// three (ITU-T E.212 annex, and its operational bulletins). India (405) and a few more mix both; there the printed
// length decides, as it does everywhere for a three-digit print that does not start with zero.
func mncLength(mcc string) int {
	switch mcc {
	case "302", "310", "311", "312", "313", "314", "315", "316", // Canada, United States
		"330", "334", "338", "342", "344", "346", "348", "352", "354", "356", "358", "360", "365", "366", "376", // Puerto Rico, Mexico, Caribbean
		"708", "714", "722", "732", "750": // Honduras, Panama, Argentina, Colombia, Falkland Islands
		return 3
	}
	return 2
}

func pad(trimmed string, n int, printed string) string {
	if printed == "" {
		return ""
	}
	for len(trimmed) < n {
		trimmed = "0" + trimmed
	}
	return trimmed
}

func digits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Area is the code of an area in which a phone may move without telling the network: a LAC or a TAC, by RAT.
type Area uint32

// LAC is a location area code, GSM and UMTS (TS 23.003 clause 4.1). 0000 and FFFE are reserved for "no valid LAI".
type LAC uint16

// TAC is a tracking area code: 16 bit in LTE, 24 bit in NR (TS 23.003 clauses 19.4.2.3 and 28.6). 0 and FFFE (FFFFFE) are reserved.
type TAC uint32

// Reserved reports whether a is a value that names no area: 0, all ones, or all ones but the last bit, of 16 bits in every
// RAT and of 24 bits in NR too.
func (a Area) Reserved(r RAT) bool {
	return a == 0 || a == 0xFFFE || a == 0xFFFF || r == NR && (a == 0xFFFFFE || a == 0xFFFFFF)
}

// CI is a GSM cell identity, 16 bit (TS 23.003 clause 4.3.1).
type CI uint16

// UCI is a UTRAN cell identity, 28 bit: 12 bit RNC and 16 bit cell (TS 25.331 clause 10.3.2.2).
type UCI uint32

// RNC is the radio network controller of the cell.
func (c UCI) RNC() uint16 { return uint16(c >> 16 & 0xFFF) }

// CI is the cell's number under its RNC.
func (c UCI) CI() CI { return CI(c) }

// ECI is an E-UTRAN cell identity, 28 bit: 20 bit eNB and 8 bit cell (TS 36.413 clause 9.2.1.38, macro eNB).
type ECI uint32

// ENB is the base station of the cell.
func (e ECI) ENB() uint32 { return uint32(e) >> 8 & 0xFFFFF }

// Sector is the cell's number at its base station.
func (e ECI) Sector() uint8 { return uint8(e) }

// NCI is an NR cell identity, 36 bit: 22 to 32 bit gNB and the rest cell (TS 38.413 clause 9.3.1.7). How many bits
// name the gNB is the operator's choice and is not broadcast, so it cannot be split without asking.
type NCI uint64

// Split divides the identity for a gNB id of the given length, 22 to 32 bit; not ok for another length or for more than
// 36 bit.
func (n NCI) Split(gnbBits int) (gnb uint32, sector uint16, ok bool) {
	if gnbBits < 22 || gnbBits > 32 || n>>36 != 0 {
		return 0, 0, false
	}
	s := 36 - gnbBits
	return uint32(n >> s), uint16(n & (1<<s - 1)), true
}

// MaxCellID is the largest identity of a RAT: 2^16-1, 2^28-1 (UMTS, LTE) or 2^36-1; 0 for an unknown RAT. All ones
// mean "not known" in the answers of most modems.
func (r RAT) MaxCellID() uint64 { return r.limit().cellID }

// MaxArea is the largest area code of a RAT.
func (r RAT) MaxArea() Area { return r.limit().area }

// MaxPCI is the largest physical identity of a RAT: BSIC 63, PSC 511, PCI 503 (LTE) or 1007 (NR). TD-SCDMA uses 0..127.
func (r RAT) MaxPCI() uint16 { return r.limit().pci }

// limits are the largest identities of a RAT.
type limits struct {
	cellID uint64
	area   Area
	pci    uint16
}

var ratLimits = [...]limits{
	GSM:  {1<<16 - 1, 1<<16 - 1, 63},
	UMTS: {1<<28 - 1, 1<<16 - 1, 511},
	LTE:  {1<<28 - 1, 1<<16 - 1, 503},
	NR:   {1<<36 - 1, 1<<24 - 1, 1007},
}

func (r RAT) limit() *limits {
	if r > NR {
		r = UnknownRAT
	}
	return &ratLimits[r]
}
