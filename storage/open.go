package storage

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/pressly/goose/v3"

	"vigie/safefile"
)

// Options of Open. The zero Options open an existing plain store for writing.
type Options struct {
	Create   bool // make the store if there is no file; an existing file is opened, never replaced
	ReadOnly bool // change nothing: next to a writer, or on a disk that cannot be written to
	Memory   bool // keep everything in memory, nothing on disk; the path is ignored

	// Key (32 bytes) or Passphrase encrypts the store at rest: database, log and temporary files (Adiantum). This hides the
	// contents. It does not show whether somebody with access to the file changed it, and two copies of the file show which
	// blocks of 4 KiB changed in between. A passphrase opens the file PATH-key, which holds the key: without that file the
	// passphrase opens nothing, and destroying it destroys the store.
	Key        []byte
	Passphrase string

	untouched bool    // read-only, and no file next to it is made
	Clean     Cleaner // removes identities from what is put in and from what is read
}

// checkTime bounds the check in Open, so that a store of any size opens within a second or two. Check reads all of it.
const checkTime = 500 * time.Millisecond

// applicationID is in the header of every store: "Vigi".
const applicationID = 0x56696769

//go:embed migrations/*.sql
var migrations embed.FS

// schemaVersion is the number of the newest migration, from the name of its file.
var schemaVersion = func() (newest int) {
	files, _ := migrations.ReadDir("migrations") // sorted
	newest, _ = strconv.Atoi(files[len(files)-1].Name()[:5])
	return newest
}()

// readableSchema is the oldest schema with the tables of the newest. Such a store can be read without a migration.
const readableSchema = 5

// Open opens a store, or with Options.Create creates it. A new store appears at path only once it is complete, readable by
// its owner alone (permission 0600).
//
// The error wraps ErrNotFound, ErrForeign (empty, or not a store), ErrNewer, ErrKey, ErrDamaged, ErrLocked, ErrReadOnly or
// ErrFull. A damaged store is not opened for writing. Read-only it opens as far as possible, and Notices says what is wrong.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	if o.Memory {
		s, err := openMemory(ctx)
		if err == nil {
			s.clean = o.Clean
		}
		return s, err
	}
	abs, err := resolve(path)
	if err != nil {
		return nil, err
	}
	if len(o.Key) != 0 && len(o.Key) != 32 {
		return nil, fmt.Errorf("a key has 32 bytes, this one %d", len(o.Key))
	}
	if len(o.Key) != 0 && o.Passphrase != "" {
		return nil, errors.New("give a key or a passphrase, not both")
	}
	if o.Create && !o.ReadOnly {
		if _, err := os.Stat(abs); errors.Is(err, fs.ErrNotExist) {
			if err := create(ctx, abs, o); err != nil && !errors.Is(err, fs.ErrExist) {
				return nil, fmt.Errorf("cannot create the store %s: %w", path, Explain(withCause(filepath.Dir(abs), err)))
			}
		}
	}
	s, err := open(ctx, abs, o)
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", path, Explain(err))
	}
	s.clean = o.Clean
	return s, nil
}

// resolve follows the links that lead to a store, which need not exist: it is one store in one place by whichever name, with its
// log, its key and its lock next to it.
func resolve(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	for range 40 {
		dir, err := filepath.EvalSymlinks(filepath.Dir(path))
		if err != nil {
			return path, nil // what is done with it says what is wrong
		}
		path = filepath.Join(dir, filepath.Base(path))
		to, err := os.Readlink(path)
		if err != nil {
			return path, nil // no link, or nothing
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(dir, to)
		}
		path = to
	}
	return "", fmt.Errorf("%s: %w", path, syscall.ELOOP)
}

func open(ctx context.Context, path string, o Options) (_ *Store, err error) {
	plain, err := inspect(path)
	if err != nil {
		return nil, err
	}
	key, err := unlock(path, o, plain)
	if err != nil {
		return nil, err
	}
	s := &Store{path: path, readOnly: o.ReadOnly, key: key, changed: make(chan struct{})}
	if key != nil {
		if s.sealed, err = readKeyFile(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	a := access{path: path, key: key, readOnly: o.ReadOnly}
	if o.ReadOnly {
		a.frozen = o.untouched || cannotWrite(filepath.Dir(path))
		a.immutable = a.frozen && empty(path+"-wal")
	} else if s.lock, err = lock(ctx, path); err != nil {
		return nil, err
	} else if key != nil {
		if err := cutPartialBlock(path + "-wal"); err != nil {
			return nil, err
		}
	}
	if !o.ReadOnly || noWriter(path) {
		s.noteLogDamage(ctx, key)
	}
	if !a.frozen {
		leaveTo(path+"-shm", path)
	}
	err = s.connect(ctx, a)
	if err != nil && o.ReadOnly && !a.frozen && cannotOpen(err) {
		// The kernel has made the file system read-only after an error, and still calls it writable.
		if s.rdb != nil {
			_ = s.rdb.Close()
		}
		a.frozen, a.immutable = true, empty(path+"-wal")
		err = s.connect(ctx, a)
	}
	if err != nil {
		if key != nil && notADatabase(err) {
			return nil, fmt.Errorf("%w: it does not open this store (or the beginning of the file is damaged)", ErrKey)
		}
		return nil, err
	}
	if !a.frozen {
		sameMode(path+"-shm", path)
	}
	if !o.ReadOnly {
		s.rdb.gate = openGate(path)
	}
	if err := s.checkAtStart(ctx); err != nil {
		if errors.Is(err, errEndless) {
			return nil, err
		}
		if !o.ReadOnly {
			return nil, fmt.Errorf("%w (read-only it can still be opened and exported)", Explain(err))
		}
		s.notices = append(s.notices, err.Error())
	}
	if o.ReadOnly {
		if !empty(path+"-tail") && noWriter(path) {
			s.notices = append(s.notices, "the records of the last seconds are still in "+path+"-tail; opening the store for writing recovers them")
		}
		return s, nil
	}
	return s, s.startWriting(ctx)
}

// connect opens the database, and migrates or refuses its schema.
func (s *Store) connect(ctx context.Context, a access) error {
	var err error
	if !a.readOnly {
		if s.wdb, err = a.connect(); err != nil {
			return err
		}
		s.wdb.SetMaxOpenConns(1)
	}
	readOnly := a
	readOnly.readOnly = true
	db, err := readOnly.connect()
	if err != nil {
		return err
	}
	s.rdb = &readDB{DB: db}
	s.rdb.SetMaxOpenConns(4)
	s.rdb.SetMaxIdleConns(2)
	if s.wdb != nil {
		db = s.wdb
	}
	version, err := checkFormat(ctx, db)
	switch {
	case err != nil:
		return err
	case version == schemaVersion, s.readOnly && version >= readableSchema:
		return nil
	case s.readOnly:
		return fmt.Errorf("%w: it has the older schema %d; open it once for writing to bring it up to date", ErrReadOnly, version)
	}
	return migrate(ctx, db)
}

// checkFormat reports the schema of a database, and an error unless it is a store whose schema the migrations made.
func checkFormat(ctx context.Context, db *sql.DB) (version int, err error) {
	var app int
	if err := db.QueryRowContext(ctx, "SELECT application_id, user_version FROM pragma_application_id, pragma_user_version").Scan(&app, &version); err != nil {
		return 0, err
	}
	switch {
	case app != applicationID:
		return 0, fmt.Errorf("%w: it is a database of another program", ErrForeign)
	case version > schemaVersion:
		return 0, fmt.Errorf("%w: it has schema %d, this program knows up to %d; install a newer Vigie", ErrNewer, version, schemaVersion)
	}
	return version, checkSchema(ctx, db, version)
}

func migrate(ctx context.Context, db *sql.DB) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, dir, goose.WithLogger(goose.NopLogger()), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

func openMemory(ctx context.Context) (*Store, error) {
	a := access{path: "/vigie-" + rand.Text(), memory: true, create: true}
	s := &Store{changed: make(chan struct{})}
	first, err := a.connect()
	if err != nil {
		return nil, err
	}
	first.SetMaxOpenConns(1)
	defer first.Close()
	err = build(ctx, first, a)
	if err == nil {
		a.create = false
		err = s.connect(ctx, a)
	}
	if err == nil {
		err = s.startWriting(ctx)
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("store in memory: %w", err)
	}
	return s, nil
}

// create builds a store under another name and moves it to path once it is complete. The error is fs.ErrExist if another
// process was faster.
func create(ctx context.Context, path string, o Options) error {
	key, err := newKey(path, o)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*") // 0600
	if err != nil {
		return err
	}
	f.Close()
	defer os.Remove(f.Name())
	a := access{path: f.Name(), key: key}
	db, err := a.connect()
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	err = build(ctx, db, a)
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	if err := syncFile(f.Name()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); errors.Is(err, fs.ErrExist) {
		return err
	} else if err != nil { // no links on this file system (FAT)
		if _, err := os.Stat(path); err == nil {
			return fs.ErrExist
		}
		if err := os.Rename(f.Name(), path); err != nil {
			return err
		}
	}
	return syncFile(filepath.Dir(path))
}

// build makes an empty database a store.
func build(ctx context.Context, db *sql.DB, a access) error {
	if !a.memory {
		if _, err := db.ExecContext(ctx, "PRAGMA synchronous=off"); err != nil { // create syncs the file once it is complete
			return err
		}
		if err := enableChecksums(ctx, db); err != nil {
			return err
		}
		var mode string
		if err := db.QueryRowContext(ctx, "PRAGMA journal_mode=wal").Scan(&mode); err != nil || mode != "wal" {
			return errors.Join(err, fmt.Errorf("no write-ahead log on this file system, only %q", mode))
		}
	}
	if _, err := db.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id=%d", applicationID)); err != nil {
		return err
	}
	return migrate(ctx, db)
}

func syncFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// SyncIfPossible makes what a file or directory holds safe from a power cut, whichever process wrote it. A file that is not
// there, or on a file system that cannot sync, is no error.
func SyncIfPossible(name string) error {
	err := syncFile(name)
	for _, none := range []error{fs.ErrNotExist, syscall.EINVAL, syscall.ENOTSUP, syscall.EROFS} {
		if errors.Is(err, none) {
			return nil
		}
	}
	return err
}

// inspect looks at the file before SQLite does, which would take an empty file for an empty database. plain is false for an
// encrypted store.
func inspect(path string) (plain bool, err error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, fmt.Errorf("%w: there is no such file", ErrNotFound)
	case err != nil:
		return false, err
	case !info.Mode().IsRegular():
		return false, fmt.Errorf("%w: it is not a file", ErrForeign)
	case info.Size() == 0:
		return false, fmt.Errorf("%w: the file is empty; if a store was there, it is gone, and a new one needs another name or the empty file removed", ErrForeign)
	}
	if err := inspectNeighbours(path); err != nil {
		return false, err
	}
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	var head [100]byte
	if _, err := io.ReadFull(f, head[:]); errors.Is(err, io.ErrUnexpectedEOF) {
		return false, fmt.Errorf("%w: only %d bytes are left of the file", ErrDamaged, info.Size())
	} else if err != nil {
		return false, err
	}
	if string(head[:16]) != "SQLite format 3\x00" {
		return false, nil
	}
	if binary.BigEndian.Uint32(head[68:]) != applicationID {
		return true, fmt.Errorf("%w: it is a database of another program", ErrForeign)
	}
	return true, nil
}

// inspectNeighbours looks at the files next to a database. A pipe among them would be waited for. A rollback journal is never ours:
// SQLite would write what it says into the database, and delete a file that it names.
func inspectNeighbours(path string) error {
	for _, end := range []string{"-wal", "-shm", "-tail", "-key", "-journal"} {
		info, err := os.Stat(path + end)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case !info.Mode().IsRegular():
			return foreign("%w: %s is not a file", ErrForeign, path+end)
		case end == "-journal" && info.Size() > 0:
			return foreign("%w: %s was not made by Vigie", ErrForeign, path+end)
		}
	}
	return nil
}

// cutPartialBlock truncates an encrypted log to whole blocks. A power cut may leave part of a block at the end, which cannot
// be decrypted, and for which the library would refuse the whole log.
func cutPartialBlock(path string) error {
	const block = 4096
	f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size()%block == 0 {
		return err
	}
	return f.Truncate(info.Size() / block * block)
}

// lock keeps other writers out as long as the file is open. SQLite does not know this lock. Readers take it only for a moment
// (noWriter), so a failed attempt is repeated for 100 ms.
func lock(ctx context.Context, path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	for range 20 {
		if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); !errors.Is(err, syscall.EWOULDBLOCK) {
			break
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		}
	}
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		err = fmt.Errorf("%w: stop the other vigie (watch or replay) first, or open it read-only", ErrLocked)
	case err == nil:
		return f, nil
	}
	f.Close()
	return nil, err
}

// leaveTo has root make a file next to the database of another user, for that user, unless it is there. The library would make
// the index of the log for the user who opens the store first: if that is root, who only reads, the service could not start
// afterwards. If it fails, the library reports what keeps it from making the file.
func leaveTo(name, database string) {
	f, err := os.Open(database)
	if err != nil {
		return
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && os.Geteuid() == 0 && info.Sys().(*syscall.Stat_t).Uid != 0 {
		_ = safefile.LeaveTo(name, f)
	}
}

// sameMode gives a file of this user the mode of the database: the library makes the index of the log with the umask.
func sameMode(name, database string) {
	info, err := os.Stat(database)
	if err != nil {
		return
	}
	if f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0); err == nil {
		_ = f.Chmod(info.Mode())
		f.Close()
	}
}

// noWriter reports whether no process has the store open for writing.
func noWriter(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	return syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil
}

func cannotWrite(dir string) bool {
	const writable = 2                          // W_OK
	return syscall.Access(dir, writable) != nil // also true on a read-only disk, for root too
}

func empty(path string) bool {
	info, err := os.Stat(path)
	return err != nil || info.Size() == 0
}
