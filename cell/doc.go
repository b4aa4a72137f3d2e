// Package cell holds the nouns of Vigie in 3GPP terms: what a cell is called, where it transmits, how it sounds, and
// what one round of asking a modem said about it. Everything that flows through Vigie is made of these.
//
// It reads and writes them as NDJSON, the one interchange format (docs/fields.md), and knows nothing of modems,
// rules, stores or clocks. It refuses to invent: a value that was not reported is absent, never 0, -1 or "".
// It imports the standard library only.
package cell
