// Package position knows where the sensor is, as far as somebody tells it: gpsd, the page on a phone, or the modem's own
// GNSS. It attaches what is fresh to observations, makes it coarse where that was chosen, and tells standing from moving.
//
// It refuses to guess: a position that is not fresh is none, none is carried on from an earlier observation, and having
// none never stops anything. It asks nobody beyond the gpsd that was named.
package position
