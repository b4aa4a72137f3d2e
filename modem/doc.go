// Package modem owns modems: it finds their ports over USB, opens one, asks it what it hears, and turns the answers
// into records of package cell. A Collector owns one modem for as long as it runs, through silence, unplugging and
// re-enumeration, and says when it could not see.
//
// It refuses to share a port, to write anything that is not on the list of the dialects, to switch anything on or off
// in the radio, to enter a PIN, and to guess: what a modem did not say is absent. It knows nothing of rules or stores.
package modem
