package review

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"vigie/cell"
	"vigie/review/evidence"
	"vigie/storage"
)

// cellsPage is the list of cells.
type cellsPage struct {
	Query  string
	RAT    string
	Sort   string
	Cells  []evidence.KnownCell
	Total  int
	Found  int
	Next   string // address of the page after this one; empty: there is none
	Counts []ratCount
}

type ratCount struct {
	RAT string
	N   int
}

const cellsAtOnce = 100

// CellURL is the address of the page of a cell; empty if it has no id.
func (p *page) CellURL(c cell.Cell) string {
	id, ok := c.ID.Get()
	if !ok {
		return ""
	}
	return "/cell?" + url.Values{"rat": {c.RAT.String()}, "mcc": {c.MCC}, "mnc": {c.MNC}, "id": {strconv.FormatUint(id, 10)}}.Encode()
}

func (rv *Review) cellsPage(r *http.Request) (*cellsPage, error) {
	v := r.URL.Query()
	p := &cellsPage{Query: evidence.PlainTo(strings.TrimSpace(v.Get("q")), 100), RAT: v.Get("rat"), Sort: v.Get("sort")}
	list, err := rv.evidence.SearchCells(r.Context(), evidence.CellSearch{Text: p.Query, RAT: p.RAT, Sort: p.Sort})
	if err != nil {
		return nil, err
	}
	p.Total, p.Found = list.Total, list.Found
	for _, rat := range []cell.RAT{cell.GSM, cell.UMTS, cell.LTE, cell.NR} {
		if n := list.ByRAT[rat]; n > 0 {
			p.Counts = append(p.Counts, ratCount{rat.String(), n})
		}
	}
	skip, _ := strconv.Atoi(v.Get("skip"))
	skip = min(max(skip, 0), len(list.Cells))
	p.Cells = list.Cells[skip:]
	if len(p.Cells) > cellsAtOnce {
		p.Cells = p.Cells[:cellsAtOnce]
		next := url.Values{"skip": {strconv.Itoa(skip + cellsAtOnce)}}
		for _, k := range []string{"q", "rat", "sort"} {
			if s := v.Get(k); s != "" {
				next.Set(k, s)
			}
		}
		p.Next = "/cells?" + next.Encode()
	}
	return p, nil
}

// cellPage is one cell.
type cellPage struct {
	*evidence.CellFile
	Chart *sketch
	Whole *sketch // of its history; nil: all of its time is in Chart
	Map   *ownMap // of the user; nil: the coarse one
	Land  *landMap
	Towns []townJSON
}

func (rv *Review) cellPage(r *http.Request) (*cellPage, error) {
	q, z := r.URL.Query(), zone(r)
	rat, ok := cell.ParseRAT(q.Get("rat"))
	id, err := strconv.ParseUint(q.Get("id"), 10, 64)
	if !ok || err != nil {
		return nil, storage.ErrNotFound
	}
	known, err := rv.evidence.Cell(r.Context(), rat, cell.PLMN{MCC: q.Get("mcc"), MNC: q.Get("mnc")}, id)
	if err != nil {
		return nil, err
	}
	p := &cellPage{CellFile: known, Chart: sketchOf(known.Series, nil, z), Map: readMap(rv.o.Tiles), Land: landMapOf(known.Series), Towns: townsAround(known.Series)}
	if h := known.History; h != nil {
		p.Whole = sketchOf(h.Series, h.Band, z)
		p.Whole.Legend = nil
	}
	return p, nil
}
