package bundles

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"vigie/cmd/vigie/console"
	"vigie/safefile"
	"vigie/storage/transfer"
	"vigie/witness"
)

// IsWitness reports whether a file is one that another program recorded.
func IsWitness(path string) (bool, error) {
	if path == "-" {
		return false, nil
	}
	f, info, err := openFile(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	if z, err := zip.NewReader(f, info.Size()); err == nil {
		return witness.IsZip(z), nil
	}
	return witness.Is(f), nil
}

func openFile(path string) (*os.File, os.FileInfo, error) {
	f, err := safefile.Open(path)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// TakeWitness puts what another program recorded into a store. columns are those of a table; empty: the file is of a known program.
func TakeWitness(ctx context.Context, t *transfer.Importer, path, columns string) (*witness.Report, error) {
	var o witness.Options
	if columns != "" {
		var err error
		if o.Columns, err = witness.ParseColumns(columns); err != nil {
			return nil, console.Usage(err, "as in --columns time=Date,rat=Type,mcc=MCC,mnc=MNC,area=TAC,cell_id=CID,rsrp=Level; the values are "+strings.Join(witness.ColumnNames, ", "))
		}
	}
	f, info, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	to := t.Take(ctx)
	var r *witness.Report
	if columns == "" && begins(f, "PK\x03\x04") {
		r, err = witness.ReadZip(ctx, f, info.Size(), o, witness.Takers{Record: to.Record, Event: to.Event})
	} else {
		r, err = witness.Read(ctx, io.NewSectionReader(f, 0, info.Size()), o, witness.Takers{Record: to.Record, Event: to.Event})
	}
	if err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// PrintWitness reports what was read of a file of another program.
func PrintWitness(out *console.Terminal, path string, r *witness.Report) {
	out.Printf("%s (%s): %s, %s, %s\n", console.OneLine(path), r.Format, console.Plural(r.Rows, "row"), console.Plural(r.Observations, "observation"), console.Plural(r.Events, "event"))
	for _, part := range []struct {
		what string
		n    map[string]int
	}{{"left out", r.Left}, {"values that make no sense, taken as absent", r.Absent}} {
		var texts []string
		for _, k := range slices.Sorted(maps.Keys(part.n)) {
			texts = append(texts, fmt.Sprintf("%s %s", console.OneLine(k), console.Thousands(part.n[k])))
		}
		if len(texts) > 0 {
			out.Printf("  %s: %s\n", part.what, strings.Join(texts, ", "))
		}
	}
}
