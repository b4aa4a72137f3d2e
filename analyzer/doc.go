// Package analyzer turns observations into events. It is a pure, deterministic engine: it reads records in order of time,
// learns what is normal at a place, and reports an event when several things are unusual at once.
//
// It never asks a clock, a network or a file: time comes with the records, and the same records from the same state give the
// same events, to the byte. It does not pass judgement: an event is an anomaly with its evidence, how often that has happened
// here before, and its innocent causes. It imports cell and words, and nothing that does input or output.
//
// The terms of the engine:
//
//   - A stay is the time during which the modem camped on one cell, under one area code, without a break. See Stay.
//   - A signal is what a rule reports when its condition holds. See Signal.
//   - A candidate is an event in the making: signals that belong together by time or by the cells they suspect. It becomes an
//     event when they weigh enough, and is dropped otherwise.
//   - The baseline is what is normal at a sensor. See Baseline. What a single rule has learned is its Statistic.
//   - A site is all that the engine knows of one sensor.
package analyzer
