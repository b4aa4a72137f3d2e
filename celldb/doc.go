// Package celldb keeps what OpenCellID and Ichnaea (Mozilla) know of cells in one local file, and looks cells up in it: where
// a cell is, over what range it was heard, how often and when last. It imports the exports of both, of several million
// rows, in bounded memory.
//
// It speaks to no network: a person downloads an export, or does not. It refuses to be believed: such a list lacks many
// real cells and holds wrong ones, and whoever asks must weigh that. A damaged file gives an error, never another answer.
// OpenCellID's data is under CC BY-SA 4.0, and its licence goes with the file (see Licence).
//
// The format, and why it is not SQLite's: docs/decisions/0010-cell-database.md.
package celldb
