package cell

// Band is the 3GPP number of an operating band, within its RAT.
type Band uint16
