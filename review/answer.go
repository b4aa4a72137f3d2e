package review

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"golang.org/x/mod/sumdb/note"

	"vigie/review/evidence"
	"vigie/words"
)

// Borrowed says that the desk shows the bundle of somebody else, to whom an answer can be sent.
type Borrowed struct {
	Bundle *Verification
	Name   string // of the file of an answer
	// Write writes the answer as it is to be sent: signed, or sealed.
	Write func(ctx context.Context, w io.Writer) error
}

// AnswerTo writes an answer: a bundle that holds the verdicts and notes of the stores and nothing else. manifest is the SHA-256 of the
// manifest of the bundle that it answers.
func (rv *Review) AnswerTo(ctx context.Context, w io.Writer, manifestSum, lang string, signer note.Signer) error {
	verdicts, remarks, err := rv.evidence.AllWritten(ctx)
	if err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	p := &packer{zip: zip.NewWriter(w)}
	p.m = manifest{Made: rv.now(), Software: rv.o.Software, Location: evidence.Exact, About: "an answer to the bundle with the manifest " + manifestSum}
	for _, part := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{"README.txt", func(w io.Writer) error {
			_, err := io.WriteString(w, words.Translate(lang, "answer.readme")+"\n")
			return err
		}},
		{MemberVerdicts, func(w io.Writer) error { return writeAbout(w, verdicts) }},
		{MemberNotes, func(w io.Writer) error { return writeAbout(w, remarks) }},
	} {
		if err := p.add(part.name, part.write); err != nil {
			return fmt.Errorf("answer: %s: %w", part.name, err)
		}
	}
	return p.finish(signer)
}

// sendAnswer sends the answer to the bundle that the desk shows.
func (rv *Review) sendAnswer(w http.ResponseWriter, r *http.Request) {
	if rv.o.Borrowed == nil {
		rv.refuse(w, r, http.StatusNotFound, "refuse.missing")
		return
	}
	var b bytes.Buffer
	if err := rv.o.Borrowed.Write(r.Context(), &b); err != nil {
		rv.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", `attachment; filename="`+rv.o.Borrowed.Name+`"`)
	w.Write(b.Bytes())
}

// Borrowed is the bundle that the desk shows; nil: it shows stores.
func (p *page) Borrowed() *Borrowed { return p.review.o.Borrowed }
