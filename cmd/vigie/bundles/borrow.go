package bundles

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/review"
	"vigie/safefile"
	"vigie/storage"
	"vigie/storage/transfer"
)

// BorrowFlags are those of vigie review for a bundle.
type BorrowFlags struct {
	OpenFlags
	SignFlags
	Answer string `help:"With a bundle: the file that is to be sent back, with what is decided and noted here. Written at each decision; what is in it already is taken up again. Default: next to the bundle, NAME-answer.zip." placeholder:"FILE" type:"path"`
	Bundle string `arg:"" optional:"" help:"A bundle that somebody sent, to be opened in place of a store: checked first, in a temporary store that is removed at the end." type:"path"`
}

// Borrowed is a bundle of somebody else in a temporary store, and the answer to it.
type Borrowed struct {
	Store  *storage.Store
	Bundle *review.Bundle
	Path   string // of the answer

	sign   Signing
	lang   string
	remove func() error
	review *review.Review

	mu sync.Mutex // held while the answer is written
}

// Borrow checks a bundle and puts it into a temporary store, with the answer to it as far as there is one.
func (f *BorrowFlags) Borrow(ctx context.Context, p *console.Program, lang string) (_ *Borrowed, err error) {
	b := &Borrowed{Path: f.Answer, lang: lang}
	if b.sign, err = f.Signing(); err != nil {
		return nil, err
	}
	if b.Path == "" {
		b.Path = strings.TrimSuffix(strings.TrimSuffix(f.Bundle, ".age"), ".zip") + "-answer.zip"
		if len(b.sign.To) > 0 {
			b.Path += ".age"
		}
	}
	done := func() {}
	if b.Bundle, done, err = f.OpenBundle(ctx, f.Bundle); err != nil {
		return nil, err
	}
	defer done()
	if b.Store, b.remove, err = transfer.Temporary(ctx, config.Cleaner); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.remove())
		}
	}()
	t, err := transfer.NewImporter(ctx, b.Store, "", func(n int) { p.Err.Progress("%s read", console.Plural(n, "record")) })
	if err != nil {
		return nil, err
	}
	t.Clean = config.Cleaner
	bad, err := Take(ctx, t, b.Bundle)
	if err == nil {
		err = f.takeAnswer(ctx, t, b.Path)
	}
	if err == nil {
		err = t.Finish(ctx)
	}
	p.Err.ClearProgress()
	if err != nil {
		return nil, err
	}
	if bad > 0 {
		p.Err.Printf("%s of the bundle could not be read\n", console.Plural(bad, "line"))
	}
	return b, nil
}

// takeAnswer takes up an answer of before.
func (f *BorrowFlags) takeAnswer(ctx context.Context, t *transfer.Importer, path string) error {
	if _, err := safefile.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	old, done, err := OpenFlags{Identity: f.Identity}.OpenBundle(ctx, path)
	if err != nil {
		return console.WithHint(fmt.Errorf("there is a file of this name, and it cannot be taken up: %w", err), "name another file for the answer with --answer")
	}
	defer done()
	if _, is := old.Open(ctx, review.MemberRecords); is {
		return console.WithHint(fmt.Errorf("%s is no answer: it has records", path), "name another file for the answer with --answer")
	}
	_, err = Take(ctx, t, old)
	return err
}

// Take puts what a bundle holds into a store; bad counts lines that could not be read.
func Take(ctx context.Context, t *transfer.Importer, b *review.Bundle) (bad int, err error) {
	var parts transfer.BundleParts
	for name, to := range map[string]*io.Reader{review.MemberRecords: &parts.Records, review.MemberEvents: &parts.Events,
		review.MemberVerdicts: &parts.Verdicts, review.MemberNotes: &parts.Notes} {
		if r, is := b.Open(ctx, name); is {
			*to = r
		}
	}
	return t.Bundle(ctx, parts)
}

// Options are those of a review of the bundle.
func (b *Borrowed) Options() *review.Borrowed {
	return &review.Borrowed{Bundle: b.Bundle.Verification, Name: filepath.Base(b.Path), Write: b.write}
}

// Answered tells which review the answer is made from.
func (b *Borrowed) Answered(rv *review.Review) { b.review = rv }

// Close removes the store.
func (b *Borrowed) Close() error { return b.remove() }

// write writes the answer, signed and sealed.
func (b *Borrowed) write(ctx context.Context, w io.Writer) error {
	sealed, err := b.sign.Seal(w)
	if err != nil {
		return err
	}
	return errors.Join(b.review.AnswerTo(ctx, sealed, b.Bundle.Manifest, b.lang, b.sign.Signer), sealed.Close())
}

// save puts the answer into its file.
func (b *Borrowed) save(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var text bytes.Buffer
	err := b.write(context.WithoutCancel(ctx), &text)
	if err == nil {
		err = safefile.Replace(b.Path, text.Bytes(), 0o600)
	}
	if err != nil {
		return fmt.Errorf("the answer could not be written: %w", err)
	}
	return nil
}

// AddVerdict is Store.AddVerdict, and writes the answer.
func (b *Borrowed) AddVerdict(ctx context.Context, v storage.Verdict) (storage.Verdict, error) {
	v, err := b.Store.AddVerdict(ctx, v)
	if err == nil {
		err = b.save(ctx)
	}
	return v, err
}

// UndoVerdict is Store.UndoVerdict, and writes the answer.
func (b *Borrowed) UndoVerdict(ctx context.Context, event, author string, at time.Time) error {
	err := b.Store.UndoVerdict(ctx, event, author, at)
	if err == nil {
		err = b.save(ctx)
	}
	return err
}

// AddRemark is Store.AddRemark, and writes the answer.
func (b *Borrowed) AddRemark(ctx context.Context, r storage.Remark) (storage.Remark, error) {
	r, err := b.Store.AddRemark(ctx, r)
	if err == nil {
		err = b.save(ctx)
	}
	return r, err
}
