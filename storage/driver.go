package storage

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"syscall"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"
	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
	"github.com/ncruces/go-sqlite3/vfs/adiantum"
	_ "github.com/ncruces/go-sqlite3/vfs/mvcc" // stores in memory
	chacha "lukechampine.com/adiantum"
	"lukechampine.com/adiantum/hbsh"

	"vigie/safefile"
)

// Only this file and driver_unmapped.go know which SQLite is used: how a database is named, encrypted and given checksums, how
// its log is encrypted, and what its errors mean. Another driver for database/sql, such as modernc.org/sqlite, would need
// these functions and no more, but has neither encryption nor checksums. go-sqlite3 pins its sibling go-sqlite3-wasm exactly,
// and a test compares that pin with go.mod.

// access says how to open a database.
type access struct {
	path      string // absolute, or a name when in memory
	key       []byte // nil: plain
	memory    bool
	readOnly  bool
	frozen    bool // on a disk that cannot be written to
	immutable bool // and its log is empty
	create    bool

	rights safefile.Rights // to open the files with; zero: the process's own
}

// usualBusy is how long to wait for another process that writes, in milliseconds.
const usualBusy = "PRAGMA busy_timeout=10000"

// uri names the database, with what SQLite must know to open it.
func (a access) uri(q url.Values) string {
	if q == nil {
		q = url.Values{}
	}
	u := url.URL{Scheme: "file", OmitHost: true, Path: a.path}
	switch {
	case a.memory:
		q.Set("vfs", "mvcc")
	case !a.rights.AreOwn():
		q.Set("vfs", registerRights(a.rights, a.key != nil))
		if !a.readOnly {
			q.Set("_pragma", "locking_mode(exclusive)") // no index of the log is needed, which would be opened with other rights
		}
	case a.key != nil && a.frozen:
		q.Set("vfs", "vigie-frozen-adiantum")
	case a.key != nil:
		q.Set("vfs", "adiantum")
	case a.frozen:
		q.Set("vfs", "vigie-frozen")
	default:
		registerUnmapped()
		q.Set("vfs", unmappedName)
	}
	switch {
	case a.readOnly:
		q.Set("mode", "ro")
	case a.create:
		q.Set("mode", "rwc")
	default:
		q.Set("mode", "rw")
	}
	if a.immutable {
		q.Set("immutable", "1")
	}
	if !a.memory {
		q.Set("modeof", a.path) // the log gets the permissions of the database
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// connect opens the database lazily, as database/sql does.
//
// The log and temporary files are encrypted like the database; temporary files stay in memory anyway. synchronous=normal
// leaves it to us to sync the log (Store.sync). So does wal_autocheckpoint=0 with checkpoints, so that an event need not wait
// for one.
func (a access) connect() (*sql.DB, error) {
	return driver.Open(a.uri(nil), func(c *sqlite3.Conn) error {
		if a.key != nil { // must come first; and not in the URI, which may be printed
			if err := c.Exec("PRAGMA hexkey='" + hex.EncodeToString(a.key) + "'"); err != nil {
				return err
			}
		}
		if err := distrust(c); err != nil {
			return err
		}
		var pragmas string
		if !a.rights.AreOwn() { // before anything reads the file: the index of its log would be opened with the process's own rights
			pragmas = "PRAGMA locking_mode=exclusive; "
		}
		pragmas += usualBusy + "; PRAGMA temp_store=memory; PRAGMA trusted_schema=off; PRAGMA cell_size_check=on; PRAGMA mmap_size=0"
		if !a.readOnly {
			pragmas += "; PRAGMA synchronous=normal; PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=0; PRAGMA secure_delete=on"
		}
		if a.memory { // the data is in memory already
			pragmas += "; PRAGMA cache_size=-128"
		}
		return c.Exec(pragmas)
	})
}

// distrust makes SQLite expect a hostile file (https://www.sqlite.org/security.html): a store may come from a stranger. What a
// schema can hold besides tables and indexes is off, although checkSchema refuses it too, and what is read is bounded. There are no
// extensions to load: this SQLite has none.
func distrust(c *sqlite3.Conn) error {
	for _, set := range []struct {
		what sqlite3.DBConfig
		on   bool
	}{
		{sqlite3.DBCONFIG_DEFENSIVE, true},
		{sqlite3.DBCONFIG_TRUSTED_SCHEMA, false},
		{sqlite3.DBCONFIG_ENABLE_TRIGGER, false},
		{sqlite3.DBCONFIG_ENABLE_VIEW, false},
		{sqlite3.DBCONFIG_DQS_DDL, false},
		{sqlite3.DBCONFIG_DQS_DML, false},
	} {
		if _, err := c.Config(set.what, set.on); err != nil {
			return err
		}
	}
	for what, most := range map[sqlite3.LimitCategory]int{
		sqlite3.LIMIT_LENGTH:              longestValue,
		sqlite3.LIMIT_SQL_LENGTH:          100_000,
		sqlite3.LIMIT_COLUMN:              100,
		sqlite3.LIMIT_EXPR_DEPTH:          100,
		sqlite3.LIMIT_COMPOUND_SELECT:     20,
		sqlite3.LIMIT_VDBE_OP:             25_000,
		sqlite3.LIMIT_ATTACHED:            1, // VACUUM attaches the file that it writes
		sqlite3.LIMIT_LIKE_PATTERN_LENGTH: 100,
		sqlite3.LIMIT_TRIGGER_DEPTH:       10, // foreign keys cascade by it
		sqlite3.LIMIT_WORKER_THREADS:      0,
		sqlite3.LIMIT_PARSER_DEPTH:        100,
		sqlite3.LIMIT_SCHEMA:              mostSchema,
	} {
		c.Limit(what, most)
	}
	return nil
}

// withLongValues runs do while a connection reads and writes values of up to longestState.
func withLongValues(conn *sql.Conn, do func() error) error {
	limit := func(most int) error {
		return conn.Raw(func(c any) error {
			c.(driver.Conn).Raw().Limit(sqlite3.LIMIT_LENGTH, most)
			return nil
		})
	}
	if err := limit(longestState); err != nil {
		return err
	}
	return errors.Join(do(), limit(longestValue))
}

// frozenVFS opens the log read-only, which the VFS of the library does not try. So a store can be read that a crash left on a
// disk that cannot be written to now, such as the card of a seized kit.
type frozenVFS struct{ vfs.VFS }

func init() {
	frozen := frozenVFS{vfs.Find("")}
	vfs.Register("vigie-frozen", frozen)
	vfs.Register("vigie-frozen-adiantum", adiantum.Wrap(frozen, nil))
}

func (v frozenVFS) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	if flags&vfs.OPEN_WAL != 0 {
		flags = flags&^(vfs.OPEN_READWRITE|vfs.OPEN_CREATE) | vfs.OPEN_READONLY
	}
	return vfsutil.WrapOpenFilename(v.VFS, name, flags)
}

// copyInto writes the contents of the database at one moment into a new one, while others continue to write.
//
// SQLite's backup API starts again whenever another process writes, which a watch does every second, unless the connection stays in one
// transaction. VACUUM INTO is no alternative: it writes the page that says that pages have checksums last, and what does not fit in the cache
// before that gets none.
func (a access) copyInto(ctx context.Context, db *sql.DB) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	err = conn.Raw(func(c any) error {
		from := c.(driver.Conn).Raw()
		if err := from.Exec("BEGIN; SELECT count(*) FROM sqlite_schema"); err != nil {
			return err
		}
		return errors.Join(a.copyPages(ctx, from), from.Exec("ROLLBACK"))
	})
	if err != nil {
		return err
	}
	to, err := a.connect()
	if err != nil {
		return err
	}
	to.SetMaxOpenConns(1)
	var mode string
	err = to.QueryRowContext(ctx, "PRAGMA journal_mode=wal").Scan(&mode)
	return errors.Join(err, to.Close())
}

// copyPages copies the pages of a connection that is in a transaction. The new file first gets a page that says whether they have checksums.
func (a access) copyPages(ctx context.Context, from *sqlite3.Conn) error {
	const atOnce = 256 // pages, after which the end of ctx is noticed
	if reserved, err := from.FileControl("main", sqlite3.FCNTL_RESERVE_BYTES); err != nil {
		return err
	} else if reserved == checksumBytes {
		to, err := a.connect()
		if err != nil {
			return err
		}
		err = enableChecksums(ctx, to)
		if err == nil {
			_, err = to.ExecContext(ctx, "PRAGMA user_version=1")
		}
		if err := errors.Join(err, to.Close()); err != nil {
			return err
		}
	}
	q := url.Values{}
	if a.key != nil {
		q.Set("hexkey", hex.EncodeToString(a.key))
	}
	b, err := from.BackupInit("main", a.uri(q))
	if err != nil {
		return err
	}
	for done := false; err == nil && !done; {
		if err = ctx.Err(); err == nil {
			done, err = b.Step(atOnce)
		}
	}
	return errors.Join(err, b.Close())
}

// checksumBytes are at the end of each page of a database with checksums.
const checksumBytes = 8

// enableChecksums gives every page of a new database a checksum, which is verified on every read.
func enableChecksums(ctx context.Context, db *sql.DB) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(c any) error { return c.(driver.Conn).Raw().EnableChecksums("main") })
}

// decryptedLog reads the log of a database without its encryption: the VFS writes it in blocks of 4 KiB, each encrypted with
// its offset as tweak.
func decryptedLog(path string, key []byte) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil || key == nil {
		return f, err
	}
	return &cipherReader{File: f, cipher: chacha.New(key)}, nil
}

type cipherReader struct {
	*os.File
	cipher *hbsh.HBSH
	block  [4096]byte
	left   []byte
	offset uint64
}

func (c *cipherReader) Read(p []byte) (int, error) {
	if len(c.left) == 0 {
		if _, err := io.ReadFull(c.File, c.block[:]); err != nil {
			return 0, io.EOF // part of a block cannot be decrypted
		}
		c.left = c.cipher.Decrypt(c.block[:], binary.LittleEndian.AppendUint64(nil, c.offset))
		c.offset += uint64(len(c.block))
	}
	n := copy(p, c.left)
	c.left = c.left[n:]
	return n, nil
}

// Explain wraps an error of the database or of the operating system in the error of this package that names it: ErrFull,
// ErrReadOnly, ErrDamaged, ErrLocked or ErrClosed. Any other error comes back as it is.
func Explain(err error) error {
	if err == nil {
		return nil
	}
	var known error
	switch {
	case errors.Is(err, sqlite3.FULL), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		known = ErrFull
	case errors.Is(err, sqlite3.READONLY), errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		known = ErrReadOnly
	case errors.Is(err, sqlite3.CORRUPT), errors.Is(err, sqlite3.NOTADB), errors.Is(err, sqlite3.IOERR_DATA),
		errors.Is(err, sqlite3.IOERR_CORRUPTFS), errors.Is(err, sqlite3.IOERR_SHORT_READ), errors.Is(err, errCodec),
		strings.Contains(err.Error(), "sql: Scan error on column"): // a text where a number must be
		known = ErrDamaged
	case errors.Is(err, sqlite3.BUSY), errors.Is(err, sqlite3.LOCKED):
		known = ErrLocked
	case errors.Is(err, sqlite3.ABORT) && strings.Contains(err.Error(), "too many schema objects"):
		known = ErrForeign
	case errors.Is(err, sqlite3.TOOBIG):
		known = errTooLong
	case errors.Is(err, sqlite3.INTERRUPT):
		known = context.Canceled
	case errors.Is(err, sql.ErrConnDone), err.Error() == "sql: database is closed":
		known = ErrClosed
	}
	if known == nil || errors.Is(err, known) {
		return err
	}
	return fmt.Errorf("%w: %w", known, err)
}

// withCause adds to an error of writing what the operating system says to a write in the same directory: the library drops it.
func withCause(dir string, err error) error {
	if !errors.Is(err, sqlite3.IOERR_WRITE) && !errors.Is(err, sqlite3.IOERR_SHMSIZE) && !errors.Is(err, sqlite3.CANTOPEN) {
		return err
	}
	f, why := os.CreateTemp(dir, ".vigie-*")
	if why == nil {
		_, why = f.Write(make([]byte, 64<<10))
		f.Close()
		os.Remove(f.Name())
	}
	if why == nil {
		return err
	}
	return fmt.Errorf("%w (%w)", err, why)
}

// cannotOpen reports that a file next to a database cannot be opened or made.
func cannotOpen(err error) bool {
	return errors.Is(err, sqlite3.CANTOPEN) || errors.Is(err, sqlite3.READONLY) || errors.Is(err, sqlite3.IOERR_SHMOPEN) ||
		errors.Is(err, sqlite3.IOERR_SHMSIZE) || errors.Is(err, sqlite3.IOERR_SHMLOCK) || errors.Is(err, syscall.EROFS)
}

// notADatabase reports that a file does not begin like a database, which with a key means that the key is wrong.
func notADatabase(err error) bool { return errors.Is(err, sqlite3.NOTADB) }

// interrupted reports that a statement ended because its context did.
func interrupted(err error) bool {
	return errors.Is(err, sqlite3.INTERRUPT) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}
