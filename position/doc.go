// Package position tracks the position of the sensor, from gpsd, the page on a phone, or the GNSS of the modem. It attaches fresh
// positions to observations, coarsens them if configured, and detects whether the sensor moves.
//
// It refuses to guess: an old position is not used, no position is repeated from an earlier observation, and a missing position
// never stops anything. It connects to nothing but the configured gpsd.
package position
