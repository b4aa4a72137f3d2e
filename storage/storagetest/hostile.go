package storagetest

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/storage"
)

// HostileStore is a store that somebody made to hurt who opens it.
type HostileStore struct {
	Name       string
	Passphrase string // to open it with
	// Refused is what storage.Open must return, whether for reading or for writing; nil: the store opens, and then every way to read it
	// must end, with an error that names the row or without one.
	Refused error
	Large   bool // takes a file of hundreds of megabytes
	change  func(t testing.TB, path string)
}

// Make makes the store at path. SmallStore is what it was before.
func (h *HostileStore) Make(t testing.TB, path string) {
	t.Helper()
	SmallStore(t, path, h.Passphrase)
	h.change(t, path)
}

// SmallStore makes a store with some of everything.
func SmallStore(t testing.TB, path, passphrase string) {
	t.Helper()
	ctx := context.Background()
	s, err := storage.Open(ctx, path, storage.Options{Create: true, Passphrase: passphrase})
	require.NoError(t, err)
	require.NoError(t, s.Append(ctx, Day(40)...))
	require.NoError(t, s.PutEvents(ctx, Events(6)...))
	for _, e := range Events(6)[:3] {
		_, err := s.AddVerdict(ctx, storage.Verdict{Event: e.ID, Judgement: storage.Benign, Reason: "the mast was rebuilt", Author: "Ada", Time: e.Last})
		require.NoError(t, err)
	}
	require.NoError(t, s.SaveState(ctx, "other", []byte("state"), 1))
	require.NoError(t, s.Close())
	if passphrase == "" {
		ForOlder(t, path)
	}
}

// ForOlder makes a plain store one of schema 5, whose tables are the same, if VIGIE_SCHEMA=5 says that an older program is attacked.
func ForOlder(t testing.TB, path string) {
	if os.Getenv("VIGIE_SCHEMA") == "5" {
		Inside(t, path, "DELETE FROM goose_db_version WHERE version_id > 5", "PRAGMA user_version=5")
	}
}

// Inside changes the file of a plain store that nobody has open, as another program would.
func Inside(t testing.TB, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path)
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	for _, s := range statements {
		_, err := db.Exec(s)
		require.NoError(t, err, "%.200s", s)
	}
	require.NoError(t, db.Close())
}

// sqlOf is a change by statements.
func sqlOf(statements ...string) func(testing.TB, string) {
	return func(t testing.TB, path string) { t.Helper(); Inside(t, path, statements...) }
}

// written is a change of the text of a schema, which SQLite reads when the file is opened next.
func written(statements ...string) func(testing.TB, string) {
	return sqlOf(append([]string{"PRAGMA writable_schema=on"}, statements...)...)
}

const (
	forever = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT "
	tenMega = "printf('%.*c', 10000000, 'x')"
)

// HostileStores are the stores, each in one way hostile. The first ones have a schema that no migration made, then follow those with hostile
// values, and those with hostile files next to them.
var HostileStores = []HostileStore{
	{Name: "a view", Refused: storage.ErrForeign, change: sqlOf("CREATE VIEW more AS SELECT * FROM event")},
	{Name: "a view that never ends in the place of the events", Refused: storage.ErrForeign, change: sqlOf("PRAGMA legacy_alter_table=on", "ALTER TABLE event RENAME TO old",
		"CREATE VIEW event AS "+forever+"printf('%d', i) AS id, i AS first_seq, i AS seq, 'roof' AS sensor, 0 AS severity, 'open' AS state, 0 AS first, 0 AS opened, 0 AS last, x'' AS body, 0 AS bare FROM n WHERE i < 0")},
	{Name: "a view that never ends in the place of the verdicts", Refused: storage.ErrForeign, change: sqlOf("DROP TABLE verdict",
		"CREATE VIEW verdict AS "+forever+"i AS id, 'x' AS event, 'benign' AS judgement, '' AS reason, '' AS author, 0 AS time, NULL AS undone, NULL AS undone_by FROM n WHERE i < 0")},
	{Name: "a trigger on verdicts that erases findings", Refused: storage.ErrForeign,
		change: sqlOf("CREATE TRIGGER t AFTER INSERT ON verdict BEGIN DELETE FROM finding; DELETE FROM event WHERE id <> NEW.event; END")},
	{Name: "a trigger on verdicts that turns them round", Refused: storage.ErrForeign,
		change: sqlOf("CREATE TRIGGER t AFTER INSERT ON verdict WHEN NEW.judgement = 'suspicious' BEGIN UPDATE verdict SET judgement = 'benign' WHERE id = NEW.id; END")},
	{Name: "a trigger on records", Refused: storage.ErrForeign, change: sqlOf("CREATE TRIGGER t AFTER INSERT ON record BEGIN DELETE FROM record WHERE seq < NEW.seq; END")},
	{Name: "a virtual table", Refused: storage.ErrForeign, change: written("INSERT INTO sqlite_schema VALUES ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING dbstat')")},
	{Name: "an index over an expression", Refused: storage.ErrForeign, change: sqlOf("CREATE INDEX i ON event (length(body))")},
	{Name: "an index over a part", Refused: storage.ErrForeign, change: sqlOf("CREATE INDEX i ON verdict (event) WHERE undone IS NULL")},
	{Name: "an index of another order", Refused: storage.ErrForeign, change: sqlOf("DROP INDEX event_opened", "CREATE INDEX event_opened ON event (opened DESC, id)")},
	{Name: "a generated column", Refused: storage.ErrForeign, change: sqlOf("ALTER TABLE verdict ADD COLUMN g TEXT AS (replace(reason, 'a', 'b'))")},
	{Name: "a column more", Refused: storage.ErrForeign, change: sqlOf("ALTER TABLE sensor ADD COLUMN more TEXT")},
	{Name: "a column of another name", Refused: storage.ErrForeign, change: sqlOf("ALTER TABLE verdict RENAME COLUMN author TO writer")},
	{Name: "a table more", Refused: storage.ErrForeign, change: sqlOf("CREATE TABLE more (a)")},
	{Name: "a table less", Refused: storage.ErrForeign, change: sqlOf("DROP TABLE summary")},
	{Name: "an index less", Refused: storage.ErrForeign, change: sqlOf("DROP INDEX event_seq")},
	{Name: "statistics that mislead", Refused: storage.ErrForeign, change: sqlOf("ANALYZE", "UPDATE sqlite_stat1 SET stat = '9999999 9999999'")},
	{Name: "a default that is an expression", Refused: storage.ErrForeign,
		change: written("UPDATE sqlite_schema SET sql = replace(sql, 'author      TEXT NOT NULL', 'author TEXT NOT NULL DEFAULT (hex(randomblob(1000)))') WHERE name = 'verdict'")},
	{Name: "a check that computes", Refused: storage.ErrForeign,
		change: written("UPDATE sqlite_schema SET sql = replace(sql, ') STRICT', ', CHECK (length(reason) < 9)) STRICT') WHERE name = 'verdict'")},
	{Name: "a collation", Refused: storage.ErrForeign,
		change: written("UPDATE sqlite_schema SET sql = replace(sql, 'author      TEXT', 'author TEXT COLLATE NOCASE') WHERE name = 'verdict'")},
	{Name: "a table that is not strict", Refused: storage.ErrForeign, change: written("UPDATE sqlite_schema SET sql = replace(sql, ') STRICT', ')') WHERE name = 'verdict'")},
	{Name: "a column behind a comment", Refused: storage.ErrForeign,
		change: written("UPDATE sqlite_schema SET sql = replace(sql, ') STRICT', '/* */, g TEXT AS (reason) --' || char(10) || ') STRICT') WHERE name = 'verdict'")},
	{Name: "a column in quotes behind a comment", Refused: storage.ErrForeign,
		change: written("UPDATE sqlite_schema SET sql = replace(sql, ') STRICT', ', \"--' || char(10) || '\" TEXT) STRICT') WHERE name = 'verdict'")},
	{Name: "two thousand tables", Refused: storage.ErrForeign, change: manyTables},
	{Name: "no schema at all", Refused: storage.ErrForeign, change: sqlOf("PRAGMA user_version=0")},
	{Name: "a schema that never was", Refused: storage.ErrForeign, change: sqlOf("PRAGMA user_version=-3")},
	{Name: "the schema of an older version under the name of a newer", Refused: storage.ErrForeign, change: sqlOf("DROP TABLE reach")},
	{Name: "a newer schema", Refused: storage.ErrNewer, change: sqlOf("PRAGMA user_version=1000")},
	{Name: "another program's", Refused: storage.ErrForeign, change: sqlOf("PRAGMA application_id=0x42424242")},

	{Name: "an event of a hundred megabytes", change: sqlOf("UPDATE event SET body = zeroblob(100000000) WHERE id = 'event-0002'")},
	{Name: "a record of a hundred megabytes", Large: true, change: sqlOf("UPDATE record SET body = zeroblob(100000000) WHERE seq = 7")},
	{Name: "raw lines of a hundred megabytes", Large: true, change: sqlOf("UPDATE raw SET body = zeroblob(100000000) WHERE seq = 7")},
	{Name: "a base of ten megabytes", change: sqlOf("INSERT INTO raw_base VALUES (77, zeroblob(10000000))", "UPDATE raw SET base = 77 WHERE seq = 7")},
	{Name: "a state of three hundred megabytes", Large: true, change: sqlOf("INSERT INTO state VALUES ('analyzer', 1, zeroblob(300000000))")},
	{Name: "a number of ten megabytes", change: sqlOf("UPDATE state SET body = zeroblob(10000000) WHERE name = 'id'")},
	{Name: "a reason of ten million characters", change: sqlOf("UPDATE verdict SET reason = " + tenMega + " WHERE id = 1")},
	{Name: "an author of ten million characters", change: sqlOf("UPDATE verdict SET author = " + tenMega + " WHERE id = 1")},
	{Name: "a sensor of ten million characters", change: sqlOf("UPDATE source SET sensor = "+tenMega, "INSERT INTO sensor SELECT sensor, id FROM source")},
	{Name: "a cell of ten million characters", change: sqlOf("INSERT INTO cell SELECT 3, " + tenMega + ", '03', 1, 1, 1, 1, 1, 1, NULL, NULL, NULL, NULL, 'roof-1'")},
	{Name: "a record of a hundred thousand cells", change: func(t testing.TB, path string) { bodies(t, path, manyCells(100_000), 1) }},
	{Name: "records of many cells", change: func(t testing.TB, path string) { bodies(t, path, manyCells(1000), 300) }},
	{Name: "raw lines that are copies of one base", change: copiesOfABase},
	{Name: "an event under the id of another", change: sqlOf("PRAGMA foreign_keys=off", "UPDATE event SET id = 'zzzz' WHERE id = 'event-0002'")},
	{Name: "two events that changed places", change: sqlOf("UPDATE event SET body = (SELECT body FROM event AS o WHERE o.id = CASE event.id WHEN 'event-0001' THEN 'event-0002' ELSE 'event-0001' END) WHERE id IN ('event-0001', 'event-0002')")},
	{Name: "an event of a severity that is none", change: severity200},
	{Name: "times that are words", change: written("UPDATE sqlite_schema SET sql = replace(sql, ') STRICT', ')') WHERE name IN ('event', 'record', 'verdict')", "PRAGMA writable_schema=reset",
		"UPDATE event SET opened = 'soon' WHERE id = 'event-0003'", "UPDATE record SET time = 'late' WHERE seq = 9", "UPDATE verdict SET time = 'never' WHERE id = 2",
		"PRAGMA writable_schema=on", "UPDATE sqlite_schema SET sql = sql || ' STRICT' WHERE name IN ('event', 'record', 'verdict')")},
	{Name: "verdicts without end", Large: true, change: sqlOf("WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 280000) INSERT INTO verdict SELECT i, 'event-0001', 'benign', '', '', i, NULL, NULL FROM n")},
	{Name: "a source that is missing", change: sqlOf("PRAGMA foreign_keys=off", "DELETE FROM source")},
	{Name: "numbers at their end", change: sqlOf("UPDATE sequence SET spent = 9223372036854775807")},
	{Name: "counts from the future", change: sqlOf("UPDATE tally SET upto = 9223372036854775807, observations = -1")},
	{Name: "counts from the past", change: sqlOf("UPDATE tally SET upto = -9223372036854775807")},
	{Name: "a tree of which every branch is one page", Refused: storage.ErrDamaged, change: bentTree},

	{Name: "a journal that names a file to delete", Refused: storage.ErrForeign, change: superJournal},
	{Name: "a pipe as the journal of records", Refused: storage.ErrForeign, change: pipe("-tail")},
	{Name: "a pipe as the log", Refused: storage.ErrForeign, change: pipe("-wal")},
	{Name: "a pipe as the key", Passphrase: "correct horse", Refused: storage.ErrForeign, change: pipe("-key")},
	{Name: "a key file that asks for the work of an hour", Passphrase: "correct horse", Refused: storage.ErrKey, change: keyWork(99, 4<<20)},
	{Name: "a key file that asks for four gigabytes", Passphrase: "correct horse", Refused: storage.ErrKey, change: keyWork(1, 4<<20)},
	{Name: "a key file that asks for four billion passes", Passphrase: "correct horse", Refused: storage.ErrKey, change: keyWork(1<<32-1, 64)},
	{Name: "a key file of a gigabyte", Passphrase: "correct horse", Refused: storage.ErrDamaged, change: sparse("-key", 1<<30)},
	{Name: "a log of zeros", change: sparse("-wal", 64<<20)},
	{Name: "an index of the log that is noise", change: noise("-shm")},
}

func manyTables(t testing.TB, path string) {
	db, err := sql.Open("sqlite3", "file:"+path)
	require.NoError(t, err)
	defer db.Close()
	tx, err := db.Begin()
	require.NoError(t, err)
	for i := range 2000 {
		_, err := tx.Exec(fmt.Sprintf("CREATE TABLE t%d (a)", i))
		require.NoError(t, err)
	}
	require.NoError(t, tx.Commit())
}

// manyCells is the body of an observation with n neighbours of which nothing is known, as codec_record.go writes it.
func manyCells(n int) []byte {
	body := []byte{1, 1 << 2} // version; mask: neighbours follow
	body = binary.AppendUvarint(body, uint64(n)+1)
	return append(body, make([]byte, 2*n)...)
}

func bodies(t testing.TB, path string, body []byte, rows int) {
	db, err := sql.Open("sqlite3", "file:"+path)
	require.NoError(t, err)
	defer db.Close()
	tx, err := db.Begin()
	require.NoError(t, err)
	for i := range rows {
		_, err := tx.Exec("INSERT INTO record SELECT 1000 + ?, max(time) + 1, max(source), 1, ? FROM record", i, body)
		require.NoError(t, err)
	}
	_, err = tx.Exec("UPDATE tally SET upto = 100000000")
	require.NoError(t, err)
	require.NoError(t, tx.Commit())
}

// copiesOfABase are lines of which each few bytes stand for eight thousand.
func copiesOfABase(t testing.TB, path string) {
	const base, copies = 8 << 10, 500
	body := binary.AppendUvarint([]byte{1}, base*copies) // one line, of this length
	for i := range copies {
		body = binary.AppendUvarint(append(body, 0), base) // nothing literal, then all of the base
		body = binary.AppendVarint(body, map[bool]int64{false: -base}[i == 0])
	}
	db, err := sql.Open("sqlite3", "file:"+path)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec("INSERT INTO raw_base VALUES (77, ?)", make([]byte, base))
	require.NoError(t, err)
	_, err = db.Exec("UPDATE raw SET base = 77, body = ?", body)
	require.NoError(t, err)
}

// severity200 changes the severity in the body of an event: it follows the version, the id and the sensor (codec_record.go).
func severity200(t testing.TB, path string) {
	db, err := sql.Open("sqlite3", "file:"+path)
	require.NoError(t, err)
	defer db.Close()
	var body []byte
	require.NoError(t, db.QueryRow("SELECT body FROM event WHERE id = 'event-0002'").Scan(&body))
	at := 1
	for range 2 {
		n, size := binary.Uvarint(body[at:])
		at += size + int(n)
	}
	body = append(append(append([]byte{}, body[:at]...), 0xc8, 1), body[at+1:]...)
	_, err = db.Exec("UPDATE event SET body = ? WHERE id = 'event-0002'", body)
	require.NoError(t, err)
}

// Seal gives every page of a plain store the checksum that it has to have, after bytes of it were changed
// (https://www.sqlite.org/cksumvfs.html).
func Seal(data []byte) {
	const size = 4096
	for ; len(data) >= size; data = data[size:] {
		var s1, s2 uint32
		for p := data[:size-8]; len(p) > 0; p = p[8:] {
			s1 += binary.LittleEndian.Uint32(p) + s2
			s2 += binary.LittleEndian.Uint32(p[4:]) + s1
		}
		binary.LittleEndian.PutUint32(data[size-8:], s1)
		binary.LittleEndian.PutUint32(data[size-4:], s2)
	}
}

// bentTree makes the table of cells a tree of five levels, of which every branch leads to one and the same page: a hundred million rows in a
// few kilobytes.
func bentTree(t testing.TB, path string) {
	Inside(t, path, "INSERT INTO cell SELECT 3, '272', '03', 1, 1, 1, 1, 1, 1, NULL, NULL, NULL, NULL, 'roof-1'", "PRAGMA wal_checkpoint(truncate)")
	db, err := sql.Open("sqlite3", "file:"+path)
	require.NoError(t, err)
	var root, pages, size int64
	require.NoError(t, db.QueryRow("SELECT rootpage, (SELECT page_count FROM pragma_page_count), (SELECT page_size FROM pragma_page_size) FROM sqlite_schema WHERE name = 'cell'").Scan(&root, &pages, &size))
	require.NoError(t, db.Close())
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	leaf := append([]byte{}, data[(root-1)*size:root*size]...)
	key := leaf[binary.BigEndian.Uint16(leaf[8:]) : size-8]
	const levels, branches = 5, 40
	for level := range int64(levels) { // the root is the first of them, each refers to the next, and the last to the leaf
		page := make([]byte, size)
		page[0] = 2 // interior, of an index: WITHOUT ROWID
		at, next := size-8, uint32(pages+level+1)
		binary.BigEndian.PutUint16(page[3:], branches)
		for i := range branches {
			at -= int64(4 + len(key))
			binary.BigEndian.PutUint32(page[at:], next)
			copy(page[at+4:], key)
			binary.BigEndian.PutUint16(page[12+2*i:], uint16(at))
		}
		binary.BigEndian.PutUint16(page[5:], uint16(at))
		binary.BigEndian.PutUint32(page[8:], next)
		if level == 0 {
			copy(data[(root-1)*size:], page)
		} else {
			data = append(data, page...)
		}
	}
	data = append(data, leaf...)
	binary.BigEndian.PutUint32(data[28:], uint32(len(data)/int(size)))
	Seal(data)
	require.NoError(t, os.WriteFile(path, data, 0o600))
}

// Precious is the name of the file, after the path of the store, that the journal of superJournal names.
const Precious = "-precious"

// superJournal is a rollback journal that a crash seems to have left. SQLite plays it back, and deletes the file that it names as the journal
// above it (https://www.sqlite.org/fileformat2.html, section 3; pager.c, pager_delsuper).
func superJournal(t testing.TB, path string) {
	precious := path + Precious
	require.NoError(t, os.WriteFile(precious, []byte("keep me"), 0o600))
	info, err := os.Stat(path)
	require.NoError(t, err)
	head := make([]byte, 512)
	copy(head, "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7")
	binary.BigEndian.PutUint32(head[8:], 0) // pages in it
	binary.BigEndian.PutUint32(head[12:], 0)
	binary.BigEndian.PutUint32(head[16:], uint32(info.Size()/4096))
	binary.BigEndian.PutUint32(head[20:], 512)
	binary.BigEndian.PutUint32(head[24:], 4096)
	sum := uint32(0)
	for _, c := range []byte(precious) {
		sum += uint32(c)
	}
	lock := uint32(1<<30/4096 + 1)
	b := binary.BigEndian.AppendUint32(head, lock)
	b = append(b, precious...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(precious)))
	b = binary.BigEndian.AppendUint32(b, sum)
	b = append(b, "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"...)
	require.NoError(t, os.WriteFile(path+"-journal", b, 0o600))
}

func pipe(end string) func(testing.TB, string) {
	return func(t testing.TB, path string) {
		_ = os.Remove(path + end)
		require.NoError(t, syscall.Mkfifo(path+end, 0o600))
	}
}

func keyWork(passes, kib uint32) func(testing.TB, string) {
	return func(t testing.TB, path string) {
		text := fmt.Sprintf("vigie-key 1\nargon2id %d %d 4 %032x\nsealed %0120x\n", passes, kib, 1, 1)
		require.NoError(t, os.WriteFile(path+"-key", []byte(text), 0o600))
	}
}

// sparse makes a file of a given size whose bytes are all zero and take no room.
func sparse(end string, size int64) func(testing.TB, string) {
	return func(t testing.TB, path string) {
		f, err := os.Create(path + end)
		require.NoError(t, err)
		defer f.Close()
		require.NoError(t, f.Truncate(size))
	}
}

func noise(end string) func(testing.TB, string) {
	return func(t testing.TB, path string) {
		b := make([]byte, 32<<10)
		for i := range b {
			b[i] = byte(i * 7919 >> 3)
		}
		require.NoError(t, os.WriteFile(path+end, b, 0o600))
	}
}
