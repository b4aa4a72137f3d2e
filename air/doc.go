// Package air reads what a network and a terminal say to each other over the air: LTE RRC (TS 36.331) and EPS NAS (TS 24.301).
// From the bytes of one message it makes a cell.Message, and it knows which bits of a message say who somebody is, so that they
// can be removed before anything is stored, shown or shared.
//
// It refuses to look into what is ciphered, to print an identity, and to trust a length. It knows no file, no port, no clock and
// no rule; package air/capture reads messages from files.
package air
