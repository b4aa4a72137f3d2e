// Package locate computes where a cell may stand, from where it was heard, how loud, and where it was asked for and not heard.
//
// The answer is a probability on a grid: regions that hold the place with 5 and with 9 chances in 10. Levels are log-distance path
// loss with correlated shadowing (Gudmundson 1991: correlation falls as exp(-distance/d_c)). Nearby samples are then not counted as
// independent, which would draw a small region with the place outside it. Power, exponent, the offset of each modem and an unknown
// antenna pattern are Gaussian and integrated in closed form; what was asked for and not heard is a bound on the same correlated
// Gaussian; a suspect that moves is integrated over constant velocities.
//
// It refuses to name a place where the data cannot support one: see NoPlace. It gives no point where the region is large, and never a
// point without its region. It asks no clock, starts no goroutine, draws no random number, and the same samples give the same bytes.
package locate
