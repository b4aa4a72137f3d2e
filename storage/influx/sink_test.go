package influx_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
	"vigie/storage/influx"
	"vigie/storage/influxdtest"
	"vigie/storage/storagetest"
)

// A real server passes the suite of every sink, as far as it keeps records: of the serving cell to the millisecond, in
// order of time, each once.
func TestIsASink(t *testing.T) {
	srv := influxdtest.Start(t)
	n := 0
	storagetest.Sink(t, func(t testing.TB) storagetest.Subject {
		n++
		database := fmt.Sprint("sink", n)
		srv.Exec("CREATE DATABASE " + database)
		s := newStore(t)
		open := func(t testing.TB) *influx.Sink {
			x, err := influx.New(s, influx.Options{URL: srv.URL, Bucket: database, TokenFile: tokenFile(t, influxdtest.Token), FullRate: true})
			require.NoError(t, err)
			return x
		}
		return storagetest.Subject{
			Open:    func(t testing.TB) storage.Sink { return open(t) },
			Reduced: servingOnly,
			Records: func(t testing.TB) (recs []cell.Record) {
				x := open(t)
				defer x.Close()
				for table, err := range x.Query(context.Background(), "SELECT rsrp, cell_id FROM serving GROUP BY sensor, rat") {
					require.NoError(t, err)
					rat, _ := cell.ParseRAT(table.Tags["rat"])
					for _, row := range table.Values {
						ns, err := row[0].(json.Number).Int64()
						require.NoError(t, err)
						c := &cell.Cell{RAT: rat}
						if v, ok := row[1].(json.Number); ok {
							f, err := v.Float64()
							require.NoError(t, err)
							c.RSRP = cell.Some(cell.DBm(f))
						}
						if v, ok := row[2].(json.Number); ok {
							id, err := v.Int64()
							require.NoError(t, err)
							c.ID = cell.Some(uint64(id))
						}
						recs = append(recs, &cell.Observation{Time: time.Unix(0, ns).UTC(), Sensor: table.Tags["sensor"], Serving: c})
					}
				}
				return servingOnly(recs)
			},
			Events: func(t testing.TB) (evs []analyzer.Event) {
				x := open(t)
				defer x.Close()
				for e, err := range x.Events(context.Background(), storage.EventQuery{}) {
					require.NoError(t, err)
					evs = append(evs, e)
				}
				slices.SortFunc(evs, func(a, b analyzer.Event) int { return strings.Compare(a.ID, b.ID) })
				return evs
			},
		}
	})
}

// servingOnly is what of records is compared: identity and level of the cell camped on.
func servingOnly(recs []cell.Record) (out []cell.Record) {
	seen := map[string]bool{}
	for _, r := range recs {
		o, ok := r.(*cell.Observation)
		if !ok || o.Serving == nil || !o.Serving.RSRP.Known() {
			continue
		}
		is := &cell.Observation{Time: o.Time.Truncate(time.Millisecond), Sensor: o.Sensor, Serving: &cell.Cell{RAT: o.Serving.RAT, ID: o.Serving.ID, RSRP: o.Serving.RSRP}}
		key := fmt.Sprintf("%s %q %v", is.Time, is.Sensor, *is.Serving)
		if !seen[key] {
			seen[key] = true
			out = append(out, is)
		}
	}
	slices.SortStableFunc(out, func(a, b cell.Record) int { return a.When().Compare(b.When()) })
	return out
}
