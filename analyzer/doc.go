// Package analyzer turns observations into events: a pure, deterministic engine that reads records in order of time,
// learns what is normal at a place, and says when several things are not.
//
// It refuses to ask a clock, a network or a file: time comes with the records, and the same records from the same
// state give the same events, to the byte. It refuses to judge: an event is an anomaly with its evidence, how often
// that has happened here, and the innocent causes. It imports cell, and nothing that does input or output.
package analyzer
