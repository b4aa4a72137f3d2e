package dialect

import (
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

const (
	lteRow     = `+QENG: "servingcell","NOCONN","LTE","FDD",262,03,2FAA03,187,6200,20,3,3,2AFB,-105,-11,-76,10,23`
	neighbours = `+QENG: "neighbourcell intra","LTE",6300,188,-12,-105,-75,-20,23,4,12,10,62`
)

func decode(d *Dialect, lines ...string) cell.Observation {
	x := d.Decode([]Answer{{Lines: lines, Final: "OK"}})
	return x.Observation
}

// A neighbour row that is the serving cell is left out only where the serving cell is in the same round.
func TestServingCellIsNoNeighbour(t *testing.T) {
	itself := `+QENG: "neighbourcell intra","LTE",6200,187,-12,-105,-75,-20,23,4,12,10,62`
	samePCI := `+QENG: "neighbourcell inter","LTE",1300,187,-12,-105,-75,-20,23,0,10,7`
	require.Len(t, decode(quectel, lteRow, itself, neighbours, samePCI).Neighbours, 2)
	require.Len(t, decode(quectel, itself, neighbours).Neighbours, 2)
	alone := decode(quectel, lteRow, itself).Neighbours
	require.NotNil(t, alone, "asked, and none")
	require.Empty(t, alone)
	require.Equal(t, cell.Some(uint8(4)), decode(quectel, lteRow, itself).Serving.Priority, "the row tells the priority of the serving frequency")
	require.Nil(t, decode(quectel, lteRow).Neighbours, "not asked")
	none := quectel.Decode([]Answer{{Command: `+QENG="neighbourcell"`, Final: "OK"}})
	require.NotNil(t, none.Observation.Neighbours)
	refused := quectel.Decode([]Answer{{Command: `+QENG="neighbourcell"`, Final: "ERROR"}})
	require.Nil(t, refused.Observation.Neighbours)
	require.True(t, refused.Empty())
}

// The LAC of +CREG on LTE is not the tracking area: it never becomes the area of the serving cell.
func TestAreaOfRegistration(t *testing.T) {
	for _, x := range []struct {
		lines []string
		want  cell.Opt[cell.Area]
	}{
		{[]string{`+CREG: 2,1,"05D4","01BC7511",7`, `+COPS: 0,2,"26201",7`}, cell.Opt[cell.Area]{}},
		{[]string{`+CGREG: 2,1,"05D4","01BC7511",7`, `+COPS: 0,2,"26201",7`}, cell.Opt[cell.Area]{}},
		{[]string{`+CREG: 2,1,"05D4","01BC7511",7`, `+CEREG: 2,1,"2AFB","01BC7511",7`}, cell.Some(cell.Area(0x2AFB))},
		{[]string{`+CREG: 2,1,"05D4","0001BC75",2`}, cell.Some(cell.Area(0x5D4))},
		{[]string{`+CGREG: 2,1,"05D4","BC75",0`}, cell.Some(cell.Area(0x5D4))},
		{[]string{`+C5GREG: 2,1,"2D6600","1CA74B017",11`}, cell.Some(cell.Area(0x2D6600))},
	} {
		o := decode(generic, x.lines...)
		require.NotNil(t, o.Serving, x.lines)
		require.Equal(t, x.want, o.Serving.Area, x.lines)
	}
	require.Nil(t, decode(generic, `+CREG: 2,1,"05D4","0001BC75"`).Serving, "GSM or UMTS is not told")
	require.Nil(t, decode(generic, `+CEREG: 2,0,"2AFB","01BC7511",7`).Serving, "an old cell")
}

// Between two commands of a round the modem may move: the pieces of two cells are not put together.
func TestPiecesOfTwoCells(t *testing.T) {
	row := `+QENG: "servingcell","NOCONN","LTE","FDD",262,03,2FAA03,187,6200,20,3,3,-,-105,-11,-76,10,23`
	require.Equal(t, cell.Some(cell.Area(0x2AFB)), decode(quectel, row, `+CEREG: 2,1,"2AFB","2FAA03",7`).Serving.Area)
	require.False(t, decode(quectel, row, `+CEREG: 2,1,"2AFB","2FAA04",7`).Serving.Area.Known())
	require.False(t, decode(quectel, row, `+C5GREG: 2,1,"002AFB","2FAA03",11`).Serving.Area.Known())
	require.Equal(t, cell.Some(cell.KHz(20000)), decode(quectel, `+QENG: "servingcell","NOCONN","LTE","FDD",262,03,2FAA03,187,6200,20,-,-,2AFB,-105,-11,-76,10,23`,
		`+QCAINFO: "PCC",6200,100,"LTE BAND 20",1,187,-105,-11,-76,10`).Serving.Bandwidth)
}

func TestState(t *testing.T) {
	const searching, denied, registered, off = `+CEREG: 2,2`, `+CEREG: 2,3,"2AFB","2FAA03",7`, `+CEREG: 2,1,"2AFB","2FAA03",7`, `+CREG: 2,0`
	for _, x := range []struct {
		lines []string
		want  cell.State
	}{
		{[]string{searching}, cell.Searching},
		{[]string{searching, off}, cell.Searching},
		{[]string{searching, `+CGREG: 2,1`}, ""},
		{[]string{`+CEREG: 2,2,"2AFB","2FAA03",7`}, ""}, // camped, and trying
		{[]string{denied}, cell.Limited},
		{[]string{denied, `+CREG: 2,1`}, ""},
		{[]string{`+CEREG: 3`}, cell.Limited},
		{[]string{`+CEREG: 2`}, cell.Searching},
		{[]string{`+C5GREG: 8`}, cell.Limited},
		{[]string{`+CREG: 8`}, ""}, // for calls: for data it may be on LTE all the same
		{[]string{`+CREG: 3`}, ""},
		{[]string{`+CREG: 2`}, ""},
		{[]string{`+CGREG: 2`}, ""},
		{[]string{`+CREG: 3,"05D4","1A2D001",2`}, cell.Limited}, // on UMTS it is what there is
		{[]string{`+CREG: 3,"05D4","1A2D001",7`}, ""},
		{[]string{`+CREG: 2,2`, `+CGREG: 2,2`}, cell.Searching}, // two that agree
		{[]string{`+CREG: 2,3`, `+CGREG: 2,0`}, cell.Limited},
		{[]string{`+CREG: 2,2`, `+CGREG: 2,3`}, ""},
		{[]string{`+CREG: 2,2`, `+COPS: 0`}, cell.Searching}, // no network on any RAT
		{[]string{`+CREG: 2,2`, `+COPS: 0,2,"26202",7`}, ""},
		{[]string{`+CREG: 2,2`, `+CEREG: 2,0`}, cell.Searching},
		{[]string{`+CREG: 2,3`, registered}, ""},
		{[]string{registered}, ""}, // idle or connected is not told
		{[]string{registered, `+CSCON: 1,7,4`}, cell.Connected},
		{[]string{registered, `+CSCON: 0`}, cell.Idle},
		{[]string{`+CSCON: 1`}, ""}, // on which cell, and whether it is registered, is not told
		{[]string{`+CSCON: 0`}, ""}, // idle it is, also without service
		{[]string{denied, `+CSCON: 1`}, cell.Limited},
		{[]string{searching, `+CSCON: 0`}, cell.Searching},
		{[]string{off}, ""},
		{[]string{off, `+COPS: 0`, `+CSQ: 99,99`}, cell.NoService},
		{[]string{off, `+COPS: 0`, `+CSQ: 30,99`}, ""},
		{[]string{`+QNWINFO: No Service`}, cell.NoService},
		{[]string{`+QENG: "servingcell","SEARCH"`, registered}, cell.Searching},
		{[]string{`+QENG: "servingcell","LIMSRV"`, `+CSCON: 0`}, cell.Limited},
		{[]string{`+QENG: "servingcell","NOCONN"`}, cell.Idle},
		{[]string{`+QENG: "servingcell","CONNECT"`, `+CSCON: 0`}, cell.Connected},
		{[]string{`+QENG: "servingcell","SLEEP"`}, ""},
	} {
		require.Equal(t, x.want, decode(quectel, x.lines...).State, x.lines)
	}
	asked := generic.Decode([]Answer{{Command: "+CSCON?", Lines: []string{"+CSCON: 1,0"}}, {Command: "+CEREG?", Lines: []string{registered}}})
	require.Equal(t, cell.Idle, asked.Observation.State)
}

// Slow answers arrive after the serving cell was reported: it is not among their neighbours, and not reported again.
func TestDecodeAfter(t *testing.T) {
	serving := []Answer{{Command: `+QENG="servingcell"`, Lines: []string{lteRow}, Final: "OK"}}
	itself := `+QENG: "neighbourcell intra","LTE",6200,187,-12,-105,-75,-20,23,4,12,10,62`
	around := []Answer{
		{Command: `+QENG="neighbourcell"`, Lines: []string{itself, neighbours}, Final: "OK"},
		{Command: "+QNWINFO", Lines: []string{`+QNWINFO: "FDD LTE","26203","LTE BAND 20",6200`}, Final: "OK"},
		{Command: "+CSCON?", Lines: []string{`+CSCON: 1,1`}, Final: "OK"},
	}
	o := quectel.DecodeAfter(serving, around).Observation
	require.Len(t, o.Neighbours, 1)
	require.Nil(t, o.Serving)
	require.Empty(t, o.State, "the serving row gave it")
	require.Equal(t, []string{itself, neighbours, around[1].Lines[0], around[2].Lines[0]}, o.Raw)
	require.Len(t, quectel.DecodeAfter(nil, around).Observation.Neighbours, 2)

	elsewhere := Answer{Command: "+CEREG?", Lines: []string{`+CEREG: 2,1,"2AFB","2FAA04",7`}, Final: "OK"}
	o = quectel.DecodeAfter(serving, []Answer{elsewhere}).Observation
	require.Equal(t, cell.Some(uint64(0x2FAA04)), o.Serving.ID, "it moved meanwhile")
	require.Len(t, o.Registration, 1)

	searching := []Answer{{Command: "+CEREG?", Lines: []string{"+CEREG: 2,2"}, Final: "OK"}}
	require.Equal(t, cell.Searching, quectel.DecodeAfter(nil, searching).Observation.State)
	require.Empty(t, quectel.DecodeAfter(serving, searching).Observation.State, "it is camped")
}

// The operator's number names the serving cell's network only where the modem is registered on it.
func TestOperatorOfServing(t *testing.T) {
	o := decode(quectel, `+QENG: "servingcell","LIMSRV","LTE","FDD",-,-,2FAA03,187,6200,20,3,3,2AFB,-105,-11,-76,10,23`, `+QSPN: "x","x","",0,"26202"`)
	require.Equal(t, "", o.Serving.MCC)
	o = decode(quectel, `+QENG: "servingcell","NOCONN","LTE","FDD",-,-,2FAA03,187,6200,20,3,3,2AFB,-105,-11,-76,10,23`, `+QSPN: "x, y","x","",0,"26202"`)
	require.Equal(t, cell.PLMN{MCC: "262", MNC: "02"}, o.Serving.PLMN())
}

// The scale of the SINR depends on the model.
func TestSINRScale(t *testing.T) {
	for model, known := range map[string]bool{"": true, "EC25": true, "BG96": false, "EP06-E": false, "RM520N-GL": true} {
		x := For(Ident{Manufacturer: "Quectel", Model: model}).Decode([]Answer{{Lines: []string{lteRow}}})
		require.Equal(t, known, x.Observation.Serving.SINR.Known(), model)
	}
	for _, token := range []string{"CAT-M", "eMTC", "CAT-NB", "NBIoT", "NTN NBIoT"} {
		o := decode(quectel, `+QENG: "servingcell","NOCONN","`+token+`","FDD",262,03,2FAA03,187,6200,20,3,3,2AFB,-105,-11,-76,10,23`)
		require.Equal(t, cell.LTE, o.Serving.RAT, token)
		require.False(t, o.Serving.SINR.Known(), token)
	}
}

// Raw holds every line, read or not, in its order.
func TestRaw(t *testing.T) {
	x := quectel.Decode([]Answer{{Lines: []string{"garbage", lteRow, ""}}, {Command: "+CSQ", Lines: []string{"+CSQ: 17,99"}}})
	require.Equal(t, []string{"garbage", lteRow, "+CSQ: 17,99"}, x.Observation.Raw)
	require.False(t, x.Empty())
	nothing := quectel.Decode(nil)
	require.True(t, nothing.Empty())
}

// A command asked again, or a serving row printed again, opens a new round of a text.
func TestRounds(t *testing.T) {
	serving := Answer{Command: `+QENG="servingcell"`, Lines: []string{lteRow}, Final: "OK"}
	csq := Answer{Command: "+CSQ", Lines: []string{"+CSQ: 17,99"}, Final: "OK"}
	rounds := func(d *Dialect, answers ...Answer) (all [][]Answer) {
		g := grouping{dialect: d, round: func(r []Answer) error { all = append(all, r); return nil }}
		for _, a := range answers {
			require.NoError(t, g.add(piece{Answer: a}))
		}
		require.NoError(t, g.end())
		return all
	}
	require.Len(t, rounds(quectel, serving, csq, serving, csq), 2)
	require.Len(t, rounds(quectel, Answer{Lines: []string{lteRow, neighbours, neighbours, lteRow, neighbours}}), 2)
	require.Len(t, rounds(quectel, Answer{Lines: []string{"+CREG: 5", "+CGREG: 0"}}), 1)
	require.Len(t, rounds(generic, Answer{Lines: []string{"+CREG: 5", "+CREG: 0", "+CGREG: 1"}}), 2)
	require.Empty(t, rounds(quectel))
}
