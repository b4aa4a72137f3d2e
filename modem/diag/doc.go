// Package diag reads the Qualcomm DIAG protocol: the framing of the stream (HDLC with a CRC), the log packets in it, and the
// headers that stand before a signalling message in a log packet. It also makes the few frames that Vigie may ever write to such
// a port: a DIAG port takes memory, NV and file writes too, so that the fence of this package is a list of exact texts.
//
// It opens no port and no file, asks no clock, and does not know what a message says: package air does. Everything that it reads
// is taken for hostile: lengths are checked, frames are limited, and what cannot be read is counted by its reason.
//
// Sources: the layouts are facts read from the open tools QCSuper, SCAT, MobileInsight and Rayhunter, and checked on recorded
// streams; no code is theirs.
package diag
