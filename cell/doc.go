// Package cell defines the data types of Vigie in 3GPP terms: the identity, channel and measurements of a cell, and what one
// poll round of a modem reported. All records in Vigie consist of these. It also decides whether two descriptions are of the
// same cell (Same, Camp), and names a cell for people (Describe).
//
// It reads and writes records as NDJSON, the interchange format (docs/fields.md), and knows nothing of modems, rules, stores or
// clocks. It refuses to invent: a value that was not reported is absent, never 0, -1 or "". It imports the standard library only.
package cell
