package storage

import (
	"context"
	"database/sql"
	"os"
	"syscall"
)

// A process that has a page of a file mapped hangs as a whole when it writes to it while the disk hangs: the thread is in the
// kernel, where Go cannot stop it, and the garbage collector waits for every thread. SQLite maps the index of its log. So
// before each transaction, a byte of the index that SQLite leaves to locks is written by a system call: while the disk hangs
// that waits, and the goroutine with it, and the rest of the process goes on.

// lockBytes is where that byte is: SQLite never reads or writes it (https://www.sqlite.org/walformat.html, section 2.1).
const lockBytes = 120

// gate waits while the disk of a store hangs. Of a store without a mapped index it does nothing.
type gate struct{ index *os.File }

// openGate opens the index of the log, which a connection has made.
func openGate(path string) gate {
	f, err := os.OpenFile(path+"-shm", os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return gate{}
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() <= lockBytes {
		f.Close()
		return gate{}
	}
	return gate{f}
}

// pass returns once the disk takes something.
func (g gate) pass() {
	if g.index != nil {
		_, _ = g.index.WriteAt([]byte{0}, lockBytes) // what is wrong with the disk, the transaction says
	}
}

func (g gate) close() {
	if g.index != nil {
		g.index.Close()
	}
}

// readDB is what reads of a store go through. Each waits while the disk hangs.
type readDB struct {
	*sql.DB
	gate gate
}

func (r *readDB) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	r.gate.pass()
	return r.DB.QueryContext(ctx, query, args...)
}

func (r *readDB) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	r.gate.pass()
	return r.DB.QueryRowContext(ctx, query, args...)
}

func (r *readDB) BeginTx(ctx context.Context, o *sql.TxOptions) (*sql.Tx, error) {
	r.gate.pass()
	return r.DB.BeginTx(ctx, o)
}

func (r *readDB) Conn(ctx context.Context) (*sql.Conn, error) {
	r.gate.pass()
	return r.DB.Conn(ctx)
}
