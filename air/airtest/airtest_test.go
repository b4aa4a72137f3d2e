package airtest_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/air"
	"vigie/air/airtest"
	"vigie/air/capture"
	"vigie/cell"
)

// What is written here is read as what it was meant to be, in the order and at the times at which it was added.
func TestRecording(t *testing.T) {
	r := airtest.Recording{PCI: 101, EARFCN: 1300}
	add := func(m airtest.RRC) {
		payload, err := air.EncodeRRC(m.Channel, m.Value)
		require.NoError(t, err)
		r.RRC(m.Channel, payload)
		r.Wait(20 * time.Millisecond)
	}
	identityRequest := []byte{7, 0x55, 1}
	add(airtest.SIB1(airtest.Cell{PLMNs: []string{"001-01"}, TAC: 0x1234, CellID: 0x1ABCDE1, Band: 3, QRxLevMin: -120, Blocks: [][]string{{}}}))
	add(airtest.NASDown(identityRequest))
	r.NAS(0xB0EC, identityRequest)
	r.PCI, r.EARFCN = 7, 70000
	add(airtest.Release("other", airtest.RedirectGSM(600)))

	c := capture.Open(capture.NewReader(bytes.NewReader(r.Bytes())))
	require.NotNil(t, c)
	var got bytes.Buffer
	require.NoError(t, c.Read(t.Context(), func(p *capture.Packet) error {
		require.NoError(t, p.Decode(false))
		got.Write(append(cell.AppendRecord(nil, &p.Message), '\n'))
		return nil
	}))
	require.Equal(t, `{"kind":"message","frame":1,"rat":"LTE","layer":"rrc","channel":"BCCH-DL-SCH","direction":"down","pci":101,"arfcn":1300,"log":"b0c0","time":"2026-06-01T00:00:00Z","message":"systemInformationBlockType1","fields":{"plmns":["001-01"],"tac":4660,"cell_id":28036577,"barred":false,"intra_freq_reselection":true,"csg":false,"q_rx_lev_min":-120,"band":3,"si_count":1,"value_tag":0}}
{"kind":"message","frame":2,"rat":"LTE","layer":"rrc","channel":"DL-DCCH","direction":"down","pci":101,"arfcn":1300,"log":"b0c0","time":"2026-06-01T00:00:00.020Z","message":"dlInformationTransfer","fields":{}}
{"kind":"message","frame":3,"rat":"LTE","layer":"nas","channel":"EMM","direction":"down","log":"b0ec","time":"2026-06-01T00:00:00.040Z","message":"identity-request","fields":{"security":0,"identity":1}}
{"kind":"message","frame":4,"rat":"LTE","layer":"rrc","channel":"DL-DCCH","direction":"down","pci":7,"arfcn":70000,"log":"b0c0","time":"2026-06-01T00:00:00.040Z","message":"rrcConnectionRelease","fields":{"release_cause":"other","redirect":"geran","redirect_arfcn":600,"idle_priorities":false}}
`, got.String())
}
