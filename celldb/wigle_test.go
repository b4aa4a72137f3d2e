package celldb

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

const wigle = "WigleWifi-1.6,appRelease=2.78,model=X,release=14,device=x,display=x,board=x,brand=\"x, y\",star=Sol,body=3,subBody=0\n" +
	"MAC,SSID,AuthMode,FirstSeen,Channel,Frequency,RSSI,CurrentLatitude,CurrentLongitude,AltitudeMeters,AccuracyMeters,RCOIs,MfgrId,Type\n"

func TestImportWigle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cells.vigie")
	info, err := importText(t, path, wigle+
		"26202_45711_12941827,Operator,LTE;de,2026-11-20 20:00:00,6300,,-97,50.1000,8.6000,100,8,,,LTE\n"+
		"26202_45711_12941827,Operator,LTE;de,2026-11-23 20:00:00,6300,,-90,50.1020,8.6000,100,8,,,LTE\n"+
		"310410_7_99,\"Operator, Inc.\",LTE;us,2026-11-23 20:00:00,6300,,-90,40.0,-80.0,100,8,,,LTE\n"+
		"26201_0_55,Operator,UMTS;de,2026-11-23 20:00:00,10700,,-90,50.2,8.7,100,8,,,WCDMA\n"+
		"aa:bb:cc:dd:ee:ff,home,[WPA2],2026-11-23 20:00:00,6,2437,-50,50.1,8.6,100,8,,,WIFI\n"+
		"26201_0_56,Operator,GSM;de,2026-11-23 20:00:00,20,,-90,50.2,8.7,100,8,,,GSM\n"+
		"26202_45711,Operator,LTE;de,2026-11-23 20:00:00,6300,,-97,50.1,8.6,100,8,,,LTE\n"+
		"2620_45711_5,Operator,LTE;de,2026-11-23 20:00:00,6300,,-97,50.1,8.6,100,8,,,LTE\n"+
		"26202_45711_5,Operator,LTE;de,2026-11-23 20:00:00,6300,,-97,0,0,100,8,,,LTE\n")
	require.NoError(t, err)
	require.Equal(t, 3, info.Rows)
	require.Equal(t, map[string]int{badWigle: 1, badArea: 1, badID: 1, badNetwork: 1, badPosition: 1}, info.Sources[0].Bad)
	require.Equal(t, 9, info.Sources[0].Rows)
	d := open(t, path)
	got, ok, err := d.Find(cell.LTE, cell.PLMN{MCC: "262", MNC: "02"}, area(45711), 12941827)
	require.NoError(t, err)
	require.True(t, ok)
	require.InDelta(t, 50.101, got.Lat, 1e-6)
	require.InDelta(t, 8.6, got.Lon, 1e-6)
	require.InDelta(t, 120, got.Range, 10, "half of the 222 m between the two, rounded up to tens")
	require.Equal(t, 2, got.Samples)
	require.Equal(t, time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), got.Updated)
	_, ok, err = d.Find(cell.LTE, cell.PLMN{MCC: "310", MNC: "410"}, area(7), 99)
	require.NoError(t, err)
	require.True(t, ok)

	only := filepath.Join(t.TempDir(), "cells.vigie")
	info, err = importText(t, only, wigle+"26202_45711_12941827,O,LTE;de,2026-11-20 20:00:00,6300,,-97,50.1,8.6,100,8,,,LTE\n310410_7_99,O,LTE;us,x,6300,,-90,40,-80,1,1,,,LTE\n", "262")
	require.NoError(t, err)
	require.Equal(t, 1, info.Rows)
	require.Equal(t, 1, info.Sources[0].Others)
	for text, want := range map[string]string{"WigleWifi-1.6,x\n": "names no columns", "WigleWifi-1.6,x\na,b\n": "without the column MAC", wigle: "no usable row"} {
		_, err := importText(t, only, text)
		require.ErrorContains(t, err, want)
	}
}

func FuzzWigle(f *testing.F) {
	f.Add("26202_45711_12941827,Operator,LTE;de,2026-11-20 20:00:00,6300,,-97,50.1000,8.6000,100,8,,,LTE\n")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "cells.vigie")
		info, err := importText(t, path, wigle+text)
		if err != nil {
			return
		}
		require.Positive(t, info.Rows)
		require.NoError(t, open(t, path).Verify(t.Context()))
		require.LessOrEqual(t, info.Rows, strings.Count(text, "\n")+1)
	})
}
