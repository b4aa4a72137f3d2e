package witness

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"

	"vigie/cell"
)

// Tower Collector (Android, info.zamojski.soft.towercollector) exports CSV with this header; columns after "device" came with later
// versions, and what the phone does not know is empty:
//
//	mcc,mnc,lac,cell_id,psc,asu,dbm,ta,lat,lon,accuracy,speed,bearing,altitude,measured_at,net_type,neighboring,device,rsrp,rsrq,rssi,
//	rssnr,cqi,rscp,csi_rsrp,csi_rsrq,csi_sinr,ss_rsrp,ss_rsrq,ss_sinr,cdma_dbm,cdma_ecio,evdo_dbm,evdo_ecio,evdo_snr,arfcn,...
//
// A row is a cell. Rows of one measured_at (RFC 3339, UTC, milliseconds) are of one measurement. lac is the TAC and psc the PCI in LTE and
// NR. dbm is what Android calls the level: RSRP in LTE, RSSI in GSM; in UMTS it is RSSI or RSCP by version, so it is not used there.
// rssnr is in dB or in tenths by version, so it is not used. The device is the name of the phone's model and is not kept.
var towerCollectorColumns = []string{"mcc", "mnc", "lac", "cell_id", "psc", "measured_at", "net_type", "neighboring"}

func isTowerCollector(head []byte) bool {
	line := "," + strings.ToLower(firstLine(head)) + ","
	for _, name := range towerCollectorColumns {
		if !strings.Contains(line, ","+name+",") {
			return false
		}
	}
	return true
}

func readTowerCollector(ctx context.Context, in *bufio.Reader, o Options, to Takers, r *Report) error {
	t, err := newTable(in, ',', r)
	if err != nil {
		return err
	}
	g := together{to: to, r: r}
	if err := to.Record(source(o.Sensor, "Tower Collector")); err != nil {
		return err
	}
	for {
		err := t.next(ctx)
		if errors.Is(err, io.EOF) {
			return g.flush()
		}
		if err != nil {
			return err
		}
		at, ok := timeOf(t.text("measured_at"))
		if !ok {
			r.leave("a row without a time")
			continue
		}
		c := cell.Cell{RAT: ratOf(t.text("net_type"))}
		if c.RAT == cell.UnknownRAT {
			r.leave("a row of a network type that Vigie does not see")
			continue
		}
		t.identity(&c, "mcc", "mnc", "lac", "cell_id", "psc", "arfcn")
		switch c.RAT {
		case cell.LTE:
			t.measured(&c, "rsrp", "rsrq", "rssi", "", "", "ta")
			if !c.RSRP.Known() {
				c.RSRP = dbm(t.level("dbm", -160, -20))
			}
		case cell.NR:
			t.measured(&c, "ss_rsrp", "ss_rsrq", "", "", "ss_sinr", "")
		case cell.UMTS:
			t.measured(&c, "", "", "", "rscp", "", "")
		case cell.GSM:
			t.measured(&c, "", "", "dbm", "", "", "ta")
		}
		if err := g.add(at, o.Sensor, c, yes(t.text("neighboring")), t.position("lat", "lon", "accuracy", "speed", "phone")); err != nil {
			return err
		}
	}
}
