// Package capture reads signalling messages from files: Qualcomm DIAG streams (QMDL, mi2log, DLF), and pcap and pcapng with GSMTAP
// or bare EPS NAS, each gzipped or not, told apart by content. It also writes captures: the same one without what says who
// somebody is (Scrub), and GSMTAP for other tools (Writer).
//
// It knows the containers; what a message says is the business of package air. It reads what strangers made: every length is
// checked, memory is bounded whatever the size of the file, and what is not read is counted by its reason.
package capture
