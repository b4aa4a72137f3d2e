package at

// Scrub takes identities out of a line and says how many.
func Scrub(line string) (string, int) { return line, 0 }
