// Package locatetest makes samples of a suspect whose place is known: paths, fixed sensors, shadowing, antennas and timing advances,
// each from a seed. It is for tests and for the table of make locate; it shares no formula with package locate but the physics.
package locatetest
