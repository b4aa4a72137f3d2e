package cell

import (
	_ "embed"
	"strings"
	"sync"
)

// NetworkStatus reports whether a network that was allotted its codes is on the air.
type NetworkStatus uint8

// The statuses of networks. The zero status is that of a network that is not in the table.
const (
	NotListed      NetworkStatus = iota
	Operational                  // on the air
	StatusUnknown                // allotted; not known whether it is on the air
	NotOperational               // closed, planned, reserved or given back
	TestNetwork                  // MCC 001 and 999 (ITU-T E.212 annex A): no operator's
)

var statusNames = [...]string{"not listed", "operational", "status unknown", "not operational", "test network"}

// String is the status in words.
func (s NetworkStatus) String() string { return statusNames[s] }

// Network is what is publicly known about a PLMN.
type Network struct {
	Code     string // MCC-MNC as it was allotted: "310-260"; "" when not listed
	Operator string // brand or company; empty if unknown
	Country  string // ISO 3166-1 alpha-2; "" for international and test networks, and when not known
	Status   NetworkStatus
}

// Exists reports whether the network is on the air as far as is known: operational, or allotted and of unknown status.
func (n Network) Exists() bool { return n.Status == Operational || n.Status == StatusUnknown }

// CountryName is the country in English; "" when there is none.
func (n Network) CountryName() string { return networks().countries[n.Country] }

// Listed looks the network up in the built-in table, however its MNC was printed. The table is a snapshot: a network
// that it does not list may have been allotted since. A country may be known where the network is not.
func (p PLMN) Listed() Network {
	t := networks()
	if n, ok := t.find(p); ok {
		return n
	}
	if n, ok := t.find(p.Canonical()); ok {
		return n
	}
	if len(p.MNC) == 2 { // a modem that prints two digits of three drops the last
		if q := (PLMN{p.MCC, p.MNC + "0"}); q.Same(p) {
			if n, ok := t.find(q); ok {
				return n
			}
		}
	}
	return Network{Country: Country(p.MCC)}
}

// Country is the country to which most networks of an MCC belong, ISO 3166-1 alpha-2; "" when none is known. Some MCCs
// serve several countries (ITU-T E.212: 310 is also Guam), and some countries have several MCCs.
func Country(mcc string) string {
	if len(mcc) != 3 || !digits(mcc) {
		return ""
	}
	switch mcc { // allotted to a country, without networks of their own (ITU-T E.212)
	case "316":
		mcc = "310"
	case "406":
		mcc = "404"
	case "461":
		mcc = "460"
	}
	return networks().byMCC[number(mcc)]
}

// plmnText is made by tools/plmn.
//
//go:embed plmn.txt
var plmnText string

type networkTable struct {
	byCode    map[uint32]Network
	byMCC     [1000]string
	countries map[string]string
}

// networks reads the embedded table when it is first asked for: about a millisecond. Names stay parts of the one text.
var networks = sync.OnceValue(func() *networkTable {
	t := &networkTable{byCode: map[uint32]Network{}, countries: map[string]string{}}
	status := map[string]NetworkStatus{"+": Operational, "?": StatusUnknown, "-": NotOperational, "t": TestNetwork}
	type vote struct {
		mcc     uint32
		country string
	}
	votes := map[vote]int{}
	for line := range strings.Lines(plmnText) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		switch {
		case len(f) == 3 && f[0] == "=":
			t.countries[f[1]] = f[2]
		case len(f) == 5:
			t.byCode[networkCode(f[0], f[1])] = Network{Code: f[0] + "-" + f[1], Operator: f[4], Country: f[3], Status: status[f[2]]}
			v := vote{number(f[0]), f[3]}
			votes[v]++
			if best := (vote{v.mcc, t.byMCC[v.mcc]}); votes[v] > votes[best] {
				t.byMCC[v.mcc] = v.country
			}
		}
	}
	return t
})

func (t *networkTable) find(p PLMN) (Network, bool) {
	if len(p.MCC) != 3 || len(p.MNC) < 2 || len(p.MNC) > 3 || !digits(p.MCC) || !digits(p.MNC) {
		return Network{}, false
	}
	n, ok := t.byCode[networkCode(p.MCC, p.MNC)]
	return n, ok
}

// networkCode packs MCC and MNC as printed: 01 and 001 are two.
func networkCode(mcc, mnc string) uint32 {
	return number(mcc)<<16 | uint32(len(mnc))<<12 | number(mnc)
}

func number(digits string) (n uint32) {
	for i := 0; i < len(digits); i++ {
		n = n*10 + uint32(digits[i]-'0')
	}
	return n
}
