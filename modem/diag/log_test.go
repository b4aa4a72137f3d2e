package diag

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func packet(code uint16, stamp uint64, body []byte) []byte {
	p := []byte{commandLog, 0}
	p = binary.LittleEndian.AppendUint16(p, uint16(innerHeader+len(body)))
	p = binary.LittleEndian.AppendUint16(p, uint16(innerHeader+len(body)))
	p = binary.LittleEndian.AppendUint16(p, code)
	p = binary.LittleEndian.AppendUint64(p, stamp)
	return append(p, body...)
}

func TestParseLog(t *testing.T) {
	p := packet(0xB0C0, 0, []byte{1, 2, 3})
	l, ok := ParseLog(p)
	require.True(t, ok)
	require.Equal(t, Log{Code: 0xB0C0, Body: []byte{1, 2, 3}}, l)

	l, ok = ParseLog(append(p, 9, 9))
	require.True(t, ok)
	require.Equal(t, []byte{1, 2, 3}, l.Body, "what comes after its length is not the body")

	l, ok = ParseLog(p[:len(p)-1])
	require.True(t, ok)
	require.True(t, l.Cut)
	require.Equal(t, []byte{1, 2}, l.Body)

	p[4], p[5] = 3, 0
	l, ok = ParseLog(p)
	require.True(t, ok)
	require.Empty(t, l.Body, "a length shorter than the header")

	for n := range logHeader {
		_, ok = ParseLog(p[:n])
		require.False(t, ok)
	}
}

func TestUnwrap(t *testing.T) {
	inner := packet(0xB0C0, 0, nil)
	got, wrapped := Unwrap(append([]byte{0x98, 1, 0, 0, 1, 0, 0, 0}, inner...))
	require.True(t, wrapped)
	require.Equal(t, inner, got)
	got, wrapped = Unwrap([]byte{0x98, 1, 0, 0, 1, 0, 0, 0})
	require.False(t, wrapped, "a wrapper with nothing in it")
	require.Len(t, got, 8)
}

func TestLogTime(t *testing.T) {
	for stamp, want := range map[uint64]string{
		0:                 "1980-01-06T00:00:00Z",
		1 << 16:           "1980-01-06T00:00:00.00125Z",
		0xFFFF:            "1980-01-06T00:00:00Z", // chips are not counted
		801 << 16:         "1980-01-06T00:00:01.00125Z",
		800 * 86400 << 16: "1980-01-07T00:00:00Z",
	} {
		require.Equal(t, want, Log{Stamp: stamp}.Time().Format(time.RFC3339Nano))
	}
	require.Equal(t, 13129, Log{Stamp: 1<<64 - 1}.Time().Year(), "the last moment there is")
}

// rrcBody builds the body of a log packet 0xB0C0.
func rrcBody(version, pdu byte, segment byte, payload []byte) []byte {
	b := []byte{version, 14, 0x30}
	if version >= 25 {
		b = append(b, 15, 0)
	}
	b = append(b, 0)
	b = binary.LittleEndian.AppendUint16(b, 503)
	if version >= 8 {
		b = binary.LittleEndian.AppendUint32(b, 66486)
	} else {
		b = binary.LittleEndian.AppendUint16(b, 1300)
	}
	b = binary.LittleEndian.AppendUint16(b, 1023<<4|9)
	b = append(b, pdu)
	if version >= 5 {
		b = append(b, 0, 0, 0, 0)
	}
	b = binary.LittleEndian.AppendUint16(b, uint16(len(payload)))
	if version >= 30 {
		b = append(b, 0, 0, segment)
	}
	return append(b, payload...)
}

func TestParseRRC(t *testing.T) {
	names := []string{"BCCH-BCH", "BCCH-DL-SCH", "PCCH", "DL-CCCH", "DL-DCCH", "UL-CCCH", "UL-DCCH"}
	numbers := func(versions []byte, mbms byte, n ...byte) {
		for _, v := range versions {
			for i, name := range names {
				m, err := ParseRRC(rrcBody(v, n[i], 0, []byte{1, 2, 3}))
				require.NoError(t, err, "version %d type %d", v, n[i])
				arfcn := uint32(66486)
				if v < 8 {
					arfcn = 1300
				}
				require.Equal(t, RRC{Version: v, Channel: name, Up: name[:2] == "UL", PCI: 503, EARFCN: arfcn, SFN: 1023, Subframe: 9, Payload: []byte{1, 2, 3}, Rest: []byte{}}, m)
			}
			_, err := ParseRRC(rrcBody(v, mbms, 0, []byte{1}))
			require.Equal(t, SkipError("mcch"), err)
		}
	}
	numbers([]byte{2, 3, 4, 6, 7, 8, 13, 22}, 3, 1, 2, 4, 5, 6, 7, 8)
	numbers([]byte{9, 12}, 10, 8, 9, 11, 12, 13, 14, 15)
	numbers([]byte{14, 15, 16, 20, 24, 25}, 4, 1, 2, 5, 6, 7, 8, 9)
	numbers([]byte{19, 26, 27, 29, 30, 31}, 6, 1, 3, 7, 8, 9, 10, 11)

	for _, c := range []struct {
		body []byte
		why  SkipError
	}{
		{nil, "short"},
		{rrcBody(20, 6, 0, nil)[:10], "short"},
		{rrcBody(1, 1, 0, nil), "version_1"},
		{rrcBody(32, 1, 0, nil), "version_32"},
		{rrcBody(20, 254, 0, nil), "pdu_254"},
		{rrcBody(20, 61, 0, nil), "nb_iot"},
		{rrcBody(26, 45, 0, nil), "nb_iot"},
		{rrcBody(31, 9, 1, []byte{1}), "segment"},
		{rrcBody(26, 9, 0, []byte{1, 2, 3})[:22], "cut"},
	} {
		_, err := ParseRRC(c.body)
		require.Equal(t, c.why, err)
	}
	m, err := ParseRRC(append(rrcBody(20, 6, 0, []byte{1}), 7, 8))
	require.NoError(t, err)
	require.Equal(t, []byte{7, 8}, m.Rest)
}

func TestParseNAS(t *testing.T) {
	for code, want := range map[uint16]NAS{
		0xB0E0: {ESM: true, Protected: true}, 0xB0E1: {ESM: true, Protected: true, Up: true}, 0xB0E2: {ESM: true}, 0xB0E3: {ESM: true, Up: true},
		0xB0EA: {Protected: true}, 0xB0EB: {Protected: true, Up: true}, 0xB0EC: {}, 0xB0ED: {Up: true},
	} {
		want.Payload = []byte{7, 0x44, 15}
		got, err := ParseNAS(code, []byte{1, 9, 12, 0, 7, 0x44, 15})
		require.NoError(t, err)
		require.Equal(t, want, got)
		_, err = ParseNAS(code, []byte{1, 9, 12, 0})
		require.Equal(t, SkipError("short"), err)
	}
	_, err := ParseNAS(0xB0EE, make([]byte, 9))
	require.Equal(t, SkipError("code"), err)
}

func TestParseServing(t *testing.T) {
	v3 := unhex(t, "03 8400 ec980000 ec980000 64 64 0b862c01 2810 28000000 0100 02 0100 00 00000000")
	want := Serving{PCI: 132, DownlinkEARFCN: 39148, UplinkEARFCN: 39148, DownlinkRBs: 100, UplinkRBs: 100, CellID: 0x12C860B, TAC: 0x1028, Band: 40, MCC: "001", MNC: "01"}
	got, err := ParseServing(v3)
	require.NoError(t, err)
	require.Equal(t, want, got)

	v2 := unhex(t, "02 8400 1405 1405 64 64 0b862c01 2810 03000000 0100 03 0100 00")
	got, err = ParseServing(v2)
	require.NoError(t, err)
	want.DownlinkEARFCN, want.UplinkEARFCN, want.Band, want.MNC = 1300, 1300, 3, "001"
	require.Equal(t, want, got)

	for n := range len(v2) - 1 {
		_, err := ParseServing(v2[:n])
		require.Error(t, err)
	}
	v3[len(v3)-8] = 9
	_, err = ParseServing(v3)
	require.Equal(t, SkipError("value"), err)
}

func TestParseMIB(t *testing.T) {
	got, err := ParseMIB(unhex(t, "02 8400 ec980000 6c00 02 64"))
	require.NoError(t, err)
	require.Equal(t, MIB{PCI: 132, EARFCN: 39148, SFN: 108, Antennas: 2, RBs: 100}, got)
	got, err = ParseMIB(unhex(t, "01 8400 1405 6c00 02 64"))
	require.NoError(t, err)
	require.Equal(t, MIB{PCI: 132, EARFCN: 1300, SFN: 108, Antennas: 2, RBs: 100}, got)
	_, err = ParseMIB(unhex(t, "11 0000"))
	require.Equal(t, SkipError("nb_iot"), err)
	_, err = ParseMIB([]byte{2, 0})
	require.Equal(t, SkipError("short"), err)
}

func TestDLF(t *testing.T) {
	var file []byte
	for i := range 6 {
		file = append(file, packet(0xB0C0, uint64(i)<<16, bytes.Repeat([]byte{byte(i)}, i))[4:]...)
	}
	read := func(file []byte) (bodies int, err error) {
		err = ReadDLF(bytes.NewReader(file), func(n int, record []byte, l Log) error {
			bodies++
			require.Equal(t, bodies, n)
			require.Equal(t, bytes.Repeat([]byte{byte(n - 1)}, n-1), l.Body)
			require.Len(t, record, innerHeader+n-1)
			return nil
		})
		return bodies, err
	}
	n, err := read(file)
	require.NoError(t, err)
	require.Equal(t, 6, n)
	n, err = read(file[:len(file)-1])
	require.ErrorIs(t, err, ErrCut)
	require.Equal(t, 5, n)
	_, err = read([]byte{3, 0, 0, 0})
	require.ErrorIs(t, err, ErrCut)

	require.True(t, IsDLF(file, true))
	require.True(t, IsDLF(file[:40], false))
	require.False(t, IsDLF(file[:13], false))
	require.False(t, IsDLF([]byte("+QENG: \"servingcell\",\"NOCONN\",\"LTE\""), true))
	require.False(t, IsDLF(nil, true))
}

func FuzzDLF(f *testing.F) {
	f.Add(packet(0xB0C0, 1, []byte{1, 2})[4:])
	f.Fuzz(func(t *testing.T, file []byte) {
		IsDLF(file, true)
		last := 0
		_ = ReadDLF(bytes.NewReader(file), func(n int, _ []byte, l Log) error {
			require.Equal(t, last+1, n)
			last = n
			readAll(l)
			return nil
		})
	})
}
