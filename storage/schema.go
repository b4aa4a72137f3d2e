package storage

import (
	"context"
	"database/sql"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"vigie/words"
)

// A store may come from a stranger, and a schema is code: a view can run for ever, a trigger can change what a verdict is
// stored with. So the schema of a store must be that which the migrations make, statement by statement, for its version.
//
// schemas.txt has it for every version that ever was, one line for each row of sqlite_schema (schemaLine). make golden writes it from
// the migrations.
//
//go:embed schemas.txt
var schemasText string

// schemas are the lines of schemas.txt by version, sorted.
var schemas = sync.OnceValue(func() map[string][]string {
	all := map[string][]string{}
	for part := range strings.SplitSeq(schemasText, "schema ") {
		if version, lines, ok := strings.Cut(part, "\n"); ok {
			all[version] = strings.Split(strings.TrimSpace(lines), "\n")
		}
	}
	return all
})

// rawBaseOfSchema3 is what the third migration made of the table raw_base before it was rewritten. Such stores exist.
const rawBaseOfSchema3 = "table raw_base raw_base CREATE TABLE raw_base(id INTEGER PRIMARY KEY,text BLOB NOT NULL,first_seq INTEGER NOT NULL DEFAULT 0,own INTEGER NOT NULL DEFAULT 0)STRICT"

// mostSchema bounds the tables and indexes of a schema, also for SQLite.
const mostSchema = 200

// checkSchema compares the schema of a store with that of its version. The error wraps ErrForeign.
func checkSchema(ctx context.Context, db queryer, version int) error {
	want, ok := schemas()[fmt.Sprint(version)]
	if !ok {
		return foreign("%w: no Vigie ever made a store of schema %d", ErrForeign, version)
	}
	found, err := readSchema(ctx, db)
	if err != nil {
		return err
	}
	for _, line := range found {
		if !slices.Contains(want, line) && (version < 3 || line != rawBaseOfSchema3) {
			what, _, _ := strings.Cut(line, " CREATE ")
			return foreign("%w: the %q in it is not Vigie's: somebody changed the database, and nothing in it is used", ErrForeign, clip(what))
		}
	}
	if len(found) != len(want) {
		return foreign("%w: it has %d tables and indexes, a store of schema %d has %d", ErrForeign, len(found), version, len(want))
	}
	return nil
}

// foreign is an error about a file that somebody changed who may want to hurt its reader.
func foreign(format string, args ...any) error {
	return words.WithHint(fmt.Errorf(format, args...), "do not use it; ask who sent it for an export or a bundle (vigie export, vigie bundle), or for the store as Vigie left it")
}

// readSchema returns the schema of a database, a line for each table and index, sorted and each once.
func readSchema(ctx context.Context, db queryer) (lines []string, err error) {
	err = eachRow(ctx, db, "SELECT type, substr(name, 1, 100), substr(tbl_name, 1, 100), ifnull(sql, '') FROM sqlite_schema LIMIT ?", []any{mostSchema}, func(rows *sql.Rows) error {
		var kind, name, table, statement string
		err := rows.Scan(&kind, &name, &table, &statement)
		lines = append(lines, schemaLine(kind, name, table, statement))
		return err
	})
	slices.Sort(lines)
	return slices.Compact(lines), err
}

// schemaLine is a row of sqlite_schema, its statement without comments and with spaces only where they separate words.
//
// It must never make one line of two statements that SQLite reads differently. Where a comment is removed no quote precedes it, so SQLite
// sees the comment too; and only the bytes that SQLite takes for a space are taken for one here.
func schemaLine(kind, name, table, statement string) string {
	var b strings.Builder
	quoted := false // from the first quote on, what looks like a comment may be part of a name or text
	for line := range strings.SplitSeq(statement, "\n") {
		quote := strings.IndexAny(line, "'\"`[")
		if comment := strings.Index(line, "--"); !quoted && comment >= 0 && (quote < 0 || comment < quote) {
			line, quote = line[:comment], -1
		}
		quoted = quoted || quote >= 0
		b.WriteString(line + " ")
	}
	statement = b.String()
	tokens := strings.FieldsFunc(statement, func(r rune) bool { return strings.ContainsRune(" \t\n\f\r", r) })
	statement = tight.Replace(strings.Join(tokens, " "))
	for _, name := range []*string{&name, &table} {
		if strings.Contains(*name, " ") {
			*name = strconv.Quote(*name)
		}
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %s", kind, name, table, statement))
}

var tight = strings.NewReplacer(" ( ", "(", " (", "(", "( ", "(", " ) ", ")", " )", ")", ") ", ")", " , ", ",", " ,", ",", ", ", ",")
