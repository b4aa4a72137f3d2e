// Package celldb stores the cells of OpenCellID and Ichnaea (Mozilla) in one local file, and looks them up: the position of a
// cell, its range, the number of measurements and the date of the last. It imports the exports of both, of several million rows,
// in bounded memory.
//
// It uses no network: a person downloads an export. Its answers are no proof: such a list lacks many real cells and holds wrong
// ones, and the caller must weigh that. A damaged file gives an error, never a wrong answer.
// OpenCellID's data is under CC BY-SA 4.0, and its licence goes with the file (see Licence).
//
// The format, and why it is not SQLite's: docs/decisions/0010-cell-database.md.
package celldb
