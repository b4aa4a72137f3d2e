package dialect

import "vigie/cell"

// column is what a column of a row holds. The layout of a row is a list of them, in the order of the drawing above its
// reader. Numbers are decimal unless the name says hex; levels are in dBm or dB unless it says index.
type column uint8

const (
	skip        column = iota // nothing that is read
	mcc                       // read with the mnc, which follows it
	mnc                       //
	area                      // LAC or TAC
	hexArea                   //
	cid                       // CI, UTRAN cell identity, ECI or NCI
	hexCID                    //
	signedCID                 // printed as a signed number
	pci                       // BSIC, PSC or PCI
	hexPCI                    //
	bsic                      // filler above 63
	octalBSIC                 // NCC and BCC as two digits
	arfcn                     //
	gsmChannel                // 1024 is added to those of 1900 MHz
	bandARFCN                 // lies in the band, which is read before it
	balongARFCN               // of GSM, with the band before it as 0..3
	band                      //
	bandwidth                 // LTE, as 0..5
	blocks                    // bandwidth in resource blocks
	nBlocks                   // the same after an n, else of unknown unit
	scs                       // subcarrier spacing, only checked
	ta                        //
	priority                  //
	threshHigh                //
	threshLow                 //
	snr                       // in dB where it can be dB, else of unknown scale
	rxlev                     // of GSM: in dBm when it is negative, else an index
	cengRxl                   // the same, as SIM800 prints it
	dualRSRP                  // read with dualRSRQ, which follows it
	dualRSRQ                  // in dBm and dB by one firmware, as indexes by another
	rsrp                      //
	rsrq                      //
	rssi                      //
	sinr                      //
	rscp                      //
	ecio                      //
	srxlev                    //
	rsrpIndex                 // the indexes: see scales
	rsrqIndex                 //
	ssRSRPIndex               //
	ssRSRQIndex               //
	wideRSRP                  //
	wideRSRQ                  //
	rscpIndex                 //
	rscpLevel                 //
	ecnoIndex                 //
	rxlevIndex                //
	carrierRSSI               //
	balongRSSI                //
	balongSINR                //
	balongEcIo                //
	nordicSNR                 //
	r422SINR                  //
)

// read reads the columns from one on into c, whose RAT must be set.
func (w *row) read(c *cell.Cell, from int, columns ...column) {
	for k, what := range columns {
		if what != skip {
			w.column(from+k, what, c)
		}
	}
}

// cell reads a cell of a RAT from the columns from one on.
func (w *row) cell(rat cell.RAT, from int, columns ...column) cell.Cell {
	c := cell.Cell{RAT: rat}
	w.read(&c, from, columns...)
	return c
}

// form is a row of one kind: its RAT, the numbers of columns that it may have, and the columns from one on.
type form struct {
	rat     cell.RAT
	counts  []int
	from    int
	columns []column
}

// form reads a row into c. False means that the row has another number of columns, and is rejected.
func (w *row) form(f form, c *cell.Cell) bool {
	c.RAT = f.rat
	if !w.layout(f.counts...) {
		return false
	}
	w.read(c, f.from, f.columns...)
	return true
}

func (w *row) column(i int, what column, c *cell.Cell) {
	switch what {
	case skip, mcc, dualRSRP:
	case mnc:
		w.plmn(i-1, i, c)
	case area:
		w.area(i, 10, c)
	case hexArea:
		w.area(i, 16, c)
	case cid:
		w.cellID(i, 10, c)
	case hexCID:
		w.cellID(i, 16, c)
	case signedCID:
		w.signedCellID(i, c)
	case pci:
		w.pci(i, 10, c)
	case hexPCI:
		w.pci(i, 16, c)
	case bsic:
		w.bsic(i, c)
	case octalBSIC:
		w.octalBSIC(i, c)
	case arfcn:
		w.arfcn(i, 10, c)
	case gsmChannel:
		w.gsmChannel(i, c)
	case bandARFCN:
		w.arfcn(i, 10, c)
		w.agrees(c)
	case balongARFCN:
		w.arfcn(i, 10, c)
		w.balongBand(i-1, c)
	case band:
		w.band(i, c)
	case bandwidth:
		w.bandwidth(i, c)
	case blocks:
		w.blocks(i, c)
	case nBlocks:
		w.nBlocks(i, c)
	case scs:
		w.scs(i)
	case ta:
		w.ta(i, c)
	case priority:
		w.priority(i, c)
	case threshHigh:
		c.ThreshHigh = w.threshold(i, what)
	case threshLow:
		c.ThreshLow = w.threshold(i, what)
	case snr:
		w.snr(i, c)
	case rxlev:
		w.rxlev(i, c)
	case cengRxl:
		w.cengRxl(i, c)
	case dualRSRQ:
		w.dualLevels(i-1, c)
	case rsrp, rsrq, rssi, sinr, rscp, ecio, srxlev:
		w.level(i, what, 1, c)
	default:
		w.indexed(i, what, c)
	}
}
