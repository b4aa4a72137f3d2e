package airtest

import (
	"encoding/binary"
	"time"

	"vigie/modem/diag"
)

// Recording is what a DIAG port gives while a terminal is on a cell: messages in log packets of an EG25-G, in frames. Its time begins on
// 2026-06-01. Set PCI and EARFCN before the messages of another cell.
type Recording struct {
	PCI    uint16
	EARFCN uint32
	stream []byte
	after  time.Duration
}

// Wait lets time pass.
func (r *Recording) Wait(d time.Duration) { r.after += d }

// Bytes is the stream, as a QMDL file has it.
func (r *Recording) Bytes() []byte { return r.stream }

// RRC adds a message of a logical channel, as air.EncodeRRC writes it.
func (r *Recording) RRC(channel string, payload []byte) {
	pdu := map[string]byte{"BCCH-BCH": 1, "BCCH-DL-SCH": 2, "PCCH": 5, "DL-CCCH": 6, "DL-DCCH": 7, "UL-CCCH": 8, "UL-DCCH": 9}[channel]
	const version, release, releaseVersion, bearer = 20, 13, 0, 0
	body := binary.LittleEndian.AppendUint16([]byte{version, release, releaseVersion, bearer}, r.PCI)
	body = binary.LittleEndian.AppendUint32(body, r.EARFCN)
	body = append(body, 0, 0, pdu, 0, 0, 0, 0) // frame number, SIB mask
	body = binary.LittleEndian.AppendUint16(body, uint16(len(payload)))
	r.log(diag.LogRRC, append(body, payload...))
}

// NAS adds a plain NAS message under its log code: 0xB0EC and 0xB0ED for EMM, 0xB0E2 and 0xB0E3 for ESM, down and up.
func (r *Recording) NAS(code uint16, payload []byte) {
	r.log(code, append([]byte{1, 9, 5, 0}, payload...))
}

func (r *Recording) log(code uint16, body []byte) {
	const start = (1780272000 - 315964800) * 800 // units of 1.25 ms from 1980-01-06 to 2026-06-01
	n := uint16(12 + len(body))
	p := binary.LittleEndian.AppendUint16([]byte{0x10, 0}, n)
	p = binary.LittleEndian.AppendUint16(p, n)
	p = binary.LittleEndian.AppendUint16(p, code)
	p = binary.LittleEndian.AppendUint64(p, uint64(start+r.after/(1250*time.Microsecond))<<16)
	r.stream = append(r.stream, diag.AppendFrame(nil, append(p, body...))...)
}
