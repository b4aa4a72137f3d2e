package cell

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseName reads the identity of a cell as RAT:MCC-MNC:AREA:ID, numbers in decimal: "LTE:206-01:4660:11020001". PLMN and area may be left
// empty between the colons.
func ParseName(s string) (Cell, error) {
	bad := func(what string) (Cell, error) {
		return Cell{}, fmt.Errorf("%q is not a cell: %s; want RAT:MCC-MNC:AREA:ID, such as LTE:206-01:4660:11020001 or LTE:::11020001", s, what)
	}
	parts := strings.Split(s, ":")
	if len(parts) != 4 {
		return bad("it has no four parts")
	}
	rat, ok := ParseRAT(strings.ToUpper(parts[0]))
	if !ok {
		return bad("the RAT is none of GSM, UMTS, LTE and NR")
	}
	c := Cell{RAT: rat}
	if parts[1] != "" {
		if c.MCC, c.MNC, ok = strings.Cut(parts[1], "-"); !ok || len(c.MCC) == 0 || len(c.MCC) > 3 || len(c.MNC) == 0 || len(c.MNC) > 3 || !digits(c.MCC+c.MNC) {
			return bad("the PLMN is no MCC-MNC")
		}
	}
	if parts[2] != "" {
		area, err := strconv.ParseUint(parts[2], 10, 32)
		if err != nil || Area(area) > rat.MaxArea() {
			return bad("the area is no " + rat.AreaName())
		}
		c.Area = Some(Area(area))
	}
	id, err := strconv.ParseUint(parts[3], 10, 64)
	if err != nil || id > rat.MaxCellID() {
		return bad("the id is no cell identity of " + rat.String())
	}
	c.ID = Some(id)
	return c, nil
}
