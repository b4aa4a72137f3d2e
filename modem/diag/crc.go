package diag

// CRC-16/X.25: polynomial 0x1021 reflected, register preset to 0xFFFF, complemented at the end (ITU-T X.25 clause 2.2.7.4).
const (
	crcPoly   = 0x8408
	crcPreset = 0xFFFF
	crcGood   = 0xF0B8 // the register after content and the CRC that belongs to it
)

// crcTable[0] advances the register by one byte; crcTable[k] by one byte and k zero bytes.
var crcTable = func() (t [8][256]uint16) {
	for i := range 256 {
		c := uint16(i)
		for range 8 {
			if c&1 != 0 {
				c = c>>1 ^ crcPoly
			} else {
				c >>= 1
			}
		}
		t[0][i] = c
	}
	for i := range 256 {
		for k := 1; k < 8; k++ {
			c := t[k-1][i]
			t[k][i] = c>>8 ^ t[0][byte(c)]
		}
	}
	return t
}()

// crcBack finds the byte of crcTable[0] by the upper half of its entry: what undoes one byte.
var crcBack = func() (back [256]byte) {
	for i, c := range crcTable[0] {
		back[c>>8] = byte(i)
	}
	return back
}()

// advance runs the register over p, eight bytes at a time.
func advance(c uint16, p []byte) uint16 {
	t := &crcTable
	for len(p) >= 8 {
		c = t[7][p[0]^byte(c)] ^ t[6][p[1]^byte(c>>8)] ^ t[5][p[2]] ^ t[4][p[3]] ^ t[3][p[4]] ^ t[2][p[5]] ^ t[1][p[6]] ^ t[0][p[7]]
		p = p[8:]
	}
	for _, b := range p {
		c = c>>8 ^ t[0][byte(c)^b]
	}
	return c
}

// rewind returns the register before p, given the one after it.
func rewind(c uint16, p []byte) uint16 {
	for i := len(p) - 1; i >= 0; i-- {
		at := crcBack[c>>8]
		c = (c^crcTable[0][at])<<8 | uint16(at^p[i])
	}
	return c
}

// CRC returns the CRC-16/X.25 of p. That of "123456789" is 0x906E.
func CRC(p []byte) uint16 { return ^advance(crcPreset, p) }
