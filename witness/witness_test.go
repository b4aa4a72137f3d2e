package witness_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/witness"
)

// taken is what a file gave, records as lines of the interchange format.
type taken struct {
	lines  []string
	events []analyzer.Event
}

func (t *taken) takers() witness.Takers {
	return witness.Takers{
		Record: func(r cell.Record) error { t.lines = append(t.lines, string(cell.AppendRecord(nil, r))); return nil },
		Event:  func(e analyzer.Event) error { t.events = append(t.events, e); return nil },
	}
}

func read(t *testing.T, text string, o witness.Options) (*taken, *witness.Report, error) {
	t.Helper()
	got := &taken{}
	r, err := witness.Read(t.Context(), strings.NewReader(text), o, got.takers())
	return got, r, err
}

const towerCollector = `mcc,mnc,lac,cell_id,psc,asu,dbm,ta,lat,lon,accuracy,speed,bearing,altitude,measured_at,net_type,neighboring,device,rsrp,rsrq,rssi,rssnr,cqi,rscp,csi_rsrp,csi_rsrq,csi_sinr,ss_rsrp,ss_rsrq,ss_sinr,cdma_dbm,cdma_ecio,evdo_dbm,evdo_ecio,evdo_snr,arfcn
206,1,4660,11016962,101,44,-96,3,50.8467,4.3525,12.5,1.2,90,30,"2026-11-23T20:00:00.000Z",LTE,false,"Some Phone",-96,-11,-65,130,7,,,,,,,,,,,,,1300
206,1,,,205,40,-104,,50.8467,4.3525,12.5,1.2,90,30,"2026-11-23T20:00:00.000Z",LTE,true,"Some Phone",-104,-14,,,,,,,,,,,,,,,,1300
206,1,4661,2147483647,2147483647,20,-73,2147483647,50.8468,4.3526,12.5,1.2,90,30,"2026-11-23T20:00:10.000Z",GSM,false,"Some Phone",,,,,,,,,,,,,,,,,,20
206,10,70000,68719476735,7,20,-73,,50.8468,4.3526,12.5,1.2,90,30,"2026-11-23T20:00:20.000Z",NR,false,"Some Phone",,,,,,,,,,-90,-10,12,,,,,,640000
310,4,65535,300,7,20,-73,,0,0,,,,,"2026-11-23T20:00:30.000Z",UMTS,false,"Some Phone",,,,,,-88,,,,,,,,,,,,10700
206,1,4660,11016962,101,44,-96,3,50.8467,4.3525,12.5,1.2,90,30,yesterday,LTE,false,"Some Phone",-96,-11,-65,,,,,,,,,,,,,,,1300
1,2,3,4,,,-80,,1,1,,,,,"2026-11-23T20:00:40.000Z",CDMA,false,"Some Phone",,,,,,,,,,,,,,,,,,
`

func TestTowerCollector(t *testing.T) {
	t.Parallel()
	got, r, err := read(t, strings.ReplaceAll(towerCollector, "\n", "\r\n"), witness.Options{})
	require.NoError(t, err)
	require.Equal(t, []string{
		`{"vigie":1,"sensor":"tower-collector","mode":"mobile","model":"Tower Collector","set":"import"}`,
		`{"time":"2026-11-23T20:00:00Z","sensor":"tower-collector","serving":{"rat":"LTE","mcc":"206","mnc":"01","area":4660,"cell_id":11016962,"pci":101,"arfcn":1300,"rsrp":-96,"rsrq":-11,"rssi":-65,"ta":3},"neighbours":[{"rat":"LTE","mcc":"206","mnc":"01","pci":205,"arfcn":1300,"rsrp":-104,"rsrq":-14}],"position":{"lat":50.8467,"lon":4.3525,"accuracy_m":12.5,"speed_mps":1.2,"source":"phone"}}`,
		`{"time":"2026-11-23T20:00:10Z","sensor":"tower-collector","serving":{"rat":"GSM","mcc":"206","mnc":"01","area":4661,"arfcn":20,"rssi":-73},"position":{"lat":50.8468,"lon":4.3526,"accuracy_m":12.5,"speed_mps":1.2,"source":"phone"}}`,
		`{"time":"2026-11-23T20:00:20Z","sensor":"tower-collector","serving":{"rat":"NR","mcc":"206","mnc":"10","area":70000,"pci":7,"arfcn":640000,"rsrp":-90,"rsrq":-10,"sinr":12},"position":{"lat":50.8468,"lon":4.3526,"accuracy_m":12.5,"speed_mps":1.2,"source":"phone"}}`,
		`{"time":"2026-11-23T20:00:30Z","sensor":"tower-collector","serving":{"rat":"UMTS","mcc":"310","mnc":"004","cell_id":300,"pci":7,"arfcn":10700,"rscp":-88}}`,
	}, got.lines)
	require.Equal(t, 7, r.Rows)
	require.Equal(t, 4, r.Observations)
	require.Equal(t, map[string]int{"a row without a time": 1, "a row of a network type that Vigie does not see": 1}, r.Left)

	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, err = w.Write([]byte(towerCollector))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	again, _, err := read(t, z.String(), witness.Options{})
	require.NoError(t, err)
	require.Equal(t, got.lines, again.lines)
	named, _, err := read(t, towerCollector, witness.Options{Sensor: "anna"})
	require.NoError(t, err)
	require.Contains(t, named.lines[1], `"sensor":"anna"`)
}

const rayhunterHead = `{"analyzers":[{"name":"IMSI Requested","description":"A network may ask for it after a long journey.","version":3},{"name":"Null Cipher","description":"","version":1}],"rayhunter":{"rayhunter_version":"0.7.0","system_os":"Linux","arch":"armv7l"},"report_version":2}`

func TestRayhunter(t *testing.T) {
	t.Parallel()
	got, r, err := read(t, strings.Join([]string{rayhunterHead,
		`{"packet_timestamp":"2026-11-23T20:00:00.500Z","skipped_message_reason":null,"events":[null,null]}`,
		`{"packet_timestamp":"2026-11-23T20:01:00+00:00","skipped_message_reason":null,"events":[{"event_type":"Medium","message":"asked for the identity (packet 7)"},null]}`,
		`{"packet_timestamp":"2026-11-23T20:05:00+00:00","skipped_message_reason":null,"events":[{"event_type":"High","message":"asked again"},{"event_type":"Informational","message":"a cipher"}]}`,
		`{"packet_timestamp":"2026-11-23T20:40:00+00:00","skipped_message_reason":null,"events":[{"event_type":"Low","message":"and much later"},null]}`,
		`{"packet_timestamp":null,"skipped_message_reason":"DecodingError","events":[]}`,
		`{"packet_timestamp":"2026-11-23T20:41:00+00:00","skipped_message_reason":null,"events":[{"event_type":"Dire","message":"x"},null,{"event_type":"Low","message":"of no check"}]}`,
		`not a line`}, "\n"), witness.Options{})
	require.NoError(t, err)
	require.Equal(t, []string{
		`{"vigie":1,"sensor":"rayhunter","mode":"mobile","model":"Rayhunter 0.7.0","set":"import"}`,
		`{"time":"2026-11-23T20:01:00Z","sensor":"rayhunter","raw":["asked for the identity (packet 7)"]}`,
		`{"time":"2026-11-23T20:05:00Z","sensor":"rayhunter","raw":["asked again"]}`,
		`{"time":"2026-11-23T20:40:00Z","sensor":"rayhunter","raw":["and much later"]}`,
		`{"time":"2026-11-23T20:00:00.500Z","sensor":"rayhunter","raw":["Rayhunter: first packet of a report"]}`,
		`{"time":"2026-11-23T20:41:00Z","sensor":"rayhunter","raw":["Rayhunter: last packet of a report"]}`,
	}, got.lines)
	require.Len(t, got.events, 2)
	first, second := got.events[0], got.events[1]
	require.Equal(t, analyzer.High, first.Severity)
	require.Equal(t, "seen by Rayhunter: IMSI Requested (asked for the identity (packet 7)).", first.Summary)
	require.Equal(t, time.Date(2026, 11, 23, 20, 1, 0, 0, time.UTC), first.First)
	require.Equal(t, time.Date(2026, 11, 23, 20, 5, 0, 0, time.UTC), first.Last)
	require.Equal(t, []string{"asked again"}, first.Findings[0].Evidence[1].Raw)
	require.Equal(t, 3, first.Findings[0].Version)
	require.Equal(t, []string{"A network may ask for it after a long journey."}, first.InnocentCauses)
	require.Equal(t, analyzer.Low, second.Severity)
	require.NotEqual(t, first.ID, second.ID)
	require.Equal(t, map[string]int{"what is informational": 1, "a packet without a time": 1, "a warning of a kind that is not known": 1, "a warning of a check that the first line does not list": 1, "a line that cannot be read": 1}, r.Left)

	old, r, err := read(t, `{"analyzers":[{"name":"LTE SIB 6/7 Downgrade","description":"d"}]}
{"timestamp":"2026-11-23T20:00:00Z","skipped_message_reasons":[],"analysis":[{"timestamp":"2026-11-23T19:59:00Z","events":[{"event_type":{"type":"QualitativeWarning","severity":"High"},"message":"downgrade"}]},{"timestamp":"2026-11-23T19:59:30Z","events":[{"event_type":{"type":"Informational"},"message":"x"}]}]}
`, witness.Options{Sensor: "hotspot"})
	require.NoError(t, err)
	require.Len(t, old.events, 1)
	require.Equal(t, "hotspot", old.events[0].Sensor)
	require.Equal(t, 1, r.Left["what is informational"])
}

func TestTable(t *testing.T) {
	t.Parallel()
	c, err := witness.ParseColumns("time=Zeit,rat=Netz,mcc,mnc,area=LAC,cell_id=CID,rsrp=Pegel,lat,lon,neighbour=Nachbar,sensor=Wer")
	require.NoError(t, err)
	got, r, err := read(t, "Zeit;Netz;mcc;mnc;LAC;CID;Pegel;lat;lon;Nachbar;Wer\n"+
		"2026-11-23 20:00:00;4G;262;2;45711;12941827;-97,5;50,1;8,6;;1\n"+
		"2026-11-23 20:00:00;4G;;;;;-104;50,1;8,6;yes;1\n"+
		"1795464010;5G;262;02;900000;5;-80;;;0;2\n"+
		"1795464020000;WCDMA;262;x;45711;268435455;-80;;;0;2\n"+
		"then;LTE;1;1;1;1;1;;;0;2\n"+
		"2026-11-23 20:00:50;Wi-Fi;1;1;1;1;1;;;0;2\n", witness.Options{Columns: c, Sensor: "walk"})
	require.NoError(t, err)
	require.Equal(t, []string{
		`{"vigie":1,"sensor":"walk","mode":"mobile","model":"table","set":"import"}`,
		`{"time":"2026-11-23T20:00:00Z","sensor":"walk-1","serving":{"rat":"LTE","mcc":"262","mnc":"02","area":45711,"cell_id":12941827,"rsrp":-97.5},"neighbours":[{"rat":"LTE","rsrp":-104}],"position":{"lat":50.1,"lon":8.6}}`,
		`{"time":"2026-11-23T20:00:10Z","sensor":"walk-2","serving":{"rat":"NR","mcc":"262","mnc":"02","area":900000,"cell_id":5,"rsrp":-80}}`,
		`{"time":"2026-11-23T20:00:20Z","sensor":"walk-2","serving":{"rat":"UMTS","area":45711}}`,
	}, got.lines)
	require.Equal(t, 2, r.Left["a row without a time that is understood"]+r.Left["a row without a RAT that is known (GSM, UMTS, LTE, NR)"])
	require.Equal(t, 1, r.Absent["mnc"])

	_, _, err = read(t, "a,b\n1,2\n", witness.Options{Columns: witness.Columns{"time": "Zeit"}})
	require.ErrorContains(t, err, `no column "Zeit"`)
	for text, want := range map[string]string{"time": "", "mcc=x": "no column of times", "time=a,time=b": "named twice", "colour=x": "no value that a column can hold", "time=": "not at all"} {
		_, err := witness.ParseColumns(text)
		if want == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, want)
		}
	}
}

// cellGuard is an export with these files.
func cellGuard(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range files {
		m, err := w.Create(name)
		require.NoError(t, err)
		_, err = m.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// row is a row of user-cells.csv.
func row(at float64, cells string) string {
	return fmt.Sprintf("%.3f,\"%s\",verified,100\n", at, strings.ReplaceAll(cells, `"`, `""`))
}

var cellGuardFiles = map[string]string{
	"info.json":     `{"name":"somebody's phone"}`,
	"packets.csv":   "collected,direction,proto,data\n1,in,QMI,AAAA\n",
	"locations.csv": "collected,latitude,longitude,horizontalAccuracy,altitude,verticalAccuracy,speed,speedAccuracy,background\n1795464001.0,50.1,8.6,8.0,100,3,1.5,0.2,false\n",
	"user-cells.csv": "collected,json,status,score\n" +
		row(1795464010.25, `[{"CellRadioAccessTechnology":"RadioAccessTechnologyLTE","CellType":"CellTypeServing","MCC":262,"MNC":2,"TAC":45711,"CellId":12941827,"PID":33,"UARFCN":6300,"BandInfo":20,"RSRP":0,"RSRQ":0},{"CellRadioAccessTechnology":"RadioAccessTechnologyNR","CellType":"CellTypeNeighbor","NRARFCN":372750,"PCI":133},{"timestamp":1795464010.25}]`) +
		row(1795464100, `[{"CellRadioAccessTechnology":"RadioAccessTechnologyGSM","CellType":"CellTypeServing","MCC":262,"MNC":2,"LAC":4000,"CellId":77,"ARFCN":20},{"timestamp":1}]`) +
		row(1795464110, `[{"CellRadioAccessTechnology":"RadioAccessTechnologyCDMA1x","CellType":"CellTypeServing"}]`) + row(1795464120, "broken") + "nil,nil,nil,nil\n",
}

func TestCellGuard(t *testing.T) {
	t.Parallel()
	file := cellGuard(t, cellGuardFiles)
	got := &taken{}
	r, err := witness.ReadZip(t.Context(), bytes.NewReader(file), int64(len(file)), witness.Options{}, got.takers())
	require.NoError(t, err)
	require.Equal(t, []string{
		`{"vigie":1,"sensor":"cellguard","mode":"mobile","model":"CellGuard","set":"import"}`,
		`{"time":"2026-11-23T20:00:10.250Z","sensor":"cellguard","serving":{"rat":"LTE","mcc":"262","mnc":"02","area":45711,"cell_id":12941827,"pci":33,"arfcn":6300},"neighbours":[{"rat":"NR","pci":133,"arfcn":372750}],"position":{"lat":50.1,"lon":8.6,"accuracy_m":8,"speed_mps":1.5,"source":"phone"}}`,
		`{"time":"2026-11-23T20:01:40Z","sensor":"cellguard","serving":{"rat":"GSM","mcc":"262","mnc":"02","area":4000,"cell_id":77,"arfcn":20}}`,
	}, got.lines)
	require.Equal(t, map[string]int{"a row without a serving cell that Vigie sees": 1, "a row whose cells cannot be read": 1, "a row without a time": 1}, r.Left)

	old := cellGuard(t, map[string]string{"x/user-cells.csv": "collected,status,score,technology,country,network,area,cell\n1795464010.0,verified,100,LTE,262,2,45711,12941827\n"})
	got = &taken{}
	_, err = witness.ReadZip(t.Context(), bytes.NewReader(old), int64(len(old)), witness.Options{}, got.takers())
	require.NoError(t, err)
	require.Contains(t, got.lines[1], `"cell_id":12941827`)
}

// What is of none of the programs is refused with its reason, and nothing is passed on.
func TestUnknownFilesAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"nothing":             {"", "none of the files that are known"},
		"a letter":            {"Dear all,\n", "none of the files that are known"},
		"another table":       {"a,b,c\n1,2,3\n", "--columns"},
		"our own":             {`{"vigie":1,"sensor":"x"}`, "none of the files that are known"},
		"no checks":           {`{"analyzers":[],"report_version":2}`, "does not list the checks"},
		"broken gzip":         {"\x1f\x8b\x00", "gzip"},
		"only CDMA":           {strings.SplitAfter(towerCollector, "\n")[0] + strings.SplitAfter(towerCollector, "\n")[7], "nothing in it could be used: a row of a network type"},
		"rows without a time": {strings.SplitAfter(towerCollector, "\n")[0] + strings.SplitAfter(towerCollector, "\n")[6], "nothing in it could be used: a row without a time"},
	} {
		got, _, err := read(t, c.text, witness.Options{})
		require.ErrorContains(t, err, c.want, name)
		require.Empty(t, got.events, name)
		require.LessOrEqual(t, len(got.lines), 1, name)
	}
	for name, file := range map[string][]byte{"no zip": []byte("x"), "another zip": cellGuard(t, map[string]string{"letter.txt": "x"})} {
		_, err := witness.ReadZip(t.Context(), bytes.NewReader(file), int64(len(file)), witness.Options{}, (&taken{}).takers())
		require.ErrorIs(t, err, witness.ErrUnknown, name)
	}
	many := map[string]string{"user-cells.csv": cellGuardFiles["user-cells.csv"]}
	for i := range 200 {
		many[fmt.Sprint(i)] = ""
	}
	file := cellGuard(t, many)
	_, err := witness.ReadZip(t.Context(), bytes.NewReader(file), int64(len(file)), witness.Options{}, (&taken{}).takers())
	require.ErrorContains(t, err, "an archive of 201 files")
}

// Reading ends when its context does.
func TestReadingEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, text := range []string{towerCollector, rayhunterHead + "\n{}\n"} {
		_, err := witness.Read(ctx, strings.NewReader(text), witness.Options{}, (&taken{}).takers())
		require.ErrorIs(t, err, context.Canceled)
	}
}

// checked are takers that require of each record what any reader of it may rely on.
func checked(t *testing.T) witness.Takers {
	return witness.Takers{
		Record: func(r cell.Record) error {
			line := cell.AppendRecord(nil, r)
			back := cell.NewReader(bytes.NewReader(line), "x")
			again, err := back.Next()
			require.NoError(t, err, "%s", line)
			require.Empty(t, back.Counts().BadValues, "%s", line)
			if o, ok := again.(*cell.Observation); ok {
				require.True(t, o.Serving != nil || o.Neighbours != nil || o.Raw != nil, "an empty observation")
			}
			return nil
		},
		Event: func(e analyzer.Event) error {
			require.Len(t, e.ID, 16)
			require.False(t, e.Last.Before(e.First))
			require.LessOrEqual(t, len(e.Findings[0].Evidence), 50)
			return nil
		},
	}
}

func FuzzTowerCollector(f *testing.F) {
	f.Add(towerCollector)
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = witness.Read(t.Context(), strings.NewReader(strings.SplitAfter(towerCollector, "\n")[0]+text), witness.Options{}, checked(t))
	})
}

func FuzzRayhunter(f *testing.F) {
	f.Add(`{"packet_timestamp":"2026-11-23T20:01:00+00:00","events":[{"event_type":"Medium","message":"x"},null]}`)
	f.Add(`{"analysis":[{"timestamp":"2026-11-23T19:59:00Z","events":[{"event_type":{"type":"QualitativeWarning","severity":"High"},"message":"d"}]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = witness.Read(t.Context(), strings.NewReader(rayhunterHead+"\n"+text), witness.Options{}, checked(t))
	})
}

func FuzzTable(f *testing.F) {
	c := witness.Columns{}
	for _, name := range witness.ColumnNames {
		c[name] = name
	}
	f.Add("2007-01-01 0:00:00,,,LTE,,,,,1000")
	f.Add("2026-11-23 20:00:00,1,yes,LTE,262,2,45711,12941827,33,6300,-97,-11,-65,-90,3,5,50.1,8.6,10")
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = witness.Read(t.Context(), strings.NewReader(strings.Join(witness.ColumnNames, ",")+"\n"+text), witness.Options{Columns: c}, checked(t))
	})
}

func FuzzCellGuard(f *testing.F) {
	f.Add(cellGuardFiles["user-cells.csv"], cellGuardFiles["locations.csv"])
	f.Fuzz(func(t *testing.T, cells, locations string) {
		file := cellGuard(t, map[string]string{"user-cells.csv": cells, "locations.csv": locations})
		_, _ = witness.ReadZip(t.Context(), bytes.NewReader(file), int64(len(file)), witness.Options{}, checked(t))
	})
}

func FuzzCellGuardZip(f *testing.F) {
	f.Add(cellGuard(f, cellGuardFiles))
	f.Fuzz(func(t *testing.T, file []byte) {
		_, _ = witness.ReadZip(t.Context(), bytes.NewReader(file), int64(len(file)), witness.Options{}, checked(t))
	})
}
