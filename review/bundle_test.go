package review

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"pgregory.net/rapid"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/review/evidence"
	"vigie/storage"
)

func makeBundle(t testing.TB, tw *town, o BundleOptions) []byte {
	t.Helper()
	var b bytes.Buffer
	if o.Location == "" {
		o.Location = evidence.Exact
	}
	o.Lang, o.Zone = "en", time.UTC
	require.NoError(t, tw.review.EventBundle(context.Background(), &b, tw.events[1].ID, o))
	return b.Bytes()
}

func members(t testing.TB, bundle []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(bundle), int64(len(bundle)))
	require.NoError(t, err)
	all := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		require.NoError(t, err)
		data, err := io.ReadAll(r)
		require.NoError(t, err)
		all[f.Name] = string(data)
	}
	return all
}

func verify(t testing.TB, bundle []byte, keys ...note.Verifier) *Verification {
	t.Helper()
	v, err := Verify(context.Background(), bytes.NewReader(bundle), int64(len(bundle)), keys...)
	require.NoError(t, err)
	return v
}

// rezip writes a bundle again with its members changed; an empty text removes one.
func rezip(t testing.TB, bundle []byte, change map[string]string) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(bundle), int64(len(bundle)))
	require.NoError(t, err)
	old := members(t, bundle)
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	put := func(name, text string) {
		m, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		require.NoError(t, err)
		_, err = io.WriteString(m, text)
		require.NoError(t, err)
	}
	for _, f := range z.File {
		text, changed := change[f.Name]
		switch {
		case !changed:
			put(f.Name, old[f.Name])
		case text != "":
			put(f.Name, text)
		}
	}
	for name, text := range change {
		if _, was := old[name]; !was {
			put(name, text)
		}
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func newKey(t testing.TB, name string) (note.Signer, note.Verifier) {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, name)
	require.NoError(t, err)
	s, err := note.NewSigner(private)
	require.NoError(t, err)
	v, err := note.NewVerifier(public)
	require.NoError(t, err)
	return s, v
}

func TestBundleHoldsWhatWasRecorded(t *testing.T) {
	tw := readTown(t)
	bundle := makeBundle(t, tw, BundleOptions{})
	v := verify(t, bundle)
	require.True(t, v.Good(), "%v", v.Problems)
	require.Empty(t, v.Notes)
	require.Equal(t, townNow, v.Made)
	m := members(t, bundle)
	var e analyzer.Event
	require.NoError(t, json.Unmarshal([]byte(m["events.ndjson"]), &e))
	require.Equal(t, tw.events[1].Summary, e.Summary)
	r := cell.NewReader(strings.NewReader(m["observations.ndjson.gz"]), "bundle")
	n, first := 0, cell.Record(nil)
	for {
		rec, err := r.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		if _, source := rec.(*cell.Source); !source {
			n++
			if first == nil {
				first = rec
			}
		}
	}
	require.Equal(t, 1236, n, "an observation a second, from ten minutes before to ten after")
	var want cell.Record
	for e, err := range tw.store.Records(context.Background(), storage.Query{Sensor: "bag", From: onTheWay.Add(-evidence.Margin), Kinds: storage.Observations, Limit: 1}) {
		require.NoError(t, err)
		if _, source := e.Record.(*cell.Source); !source {
			want = e.Record
		}
	}
	require.Equal(t, want.(*cell.Observation).Raw, first.(*cell.Observation).Raw, "word for word")
	require.Equal(t, 1237, strings.Count(m["observations.csv"], "\n"))
	var geo struct{ Features []any }
	require.NoError(t, json.Unmarshal([]byte(m["positions.geojson"]), &geo))
	require.NotEmpty(t, geo.Features)
	require.NoError(t, xml.NewDecoder(strings.NewReader(m["positions.kml"])).Decode(&struct{ XMLName xml.Name }{}))
	require.Contains(t, m["modem-lines.txt"], `+QENG: "servingcell"`)
	require.Contains(t, m["rules.json"], "downgrade-2g")
	require.Contains(t, m["cells-known-here.csv"], "11020001")
	require.Contains(t, m["report.html"], "An event is an anomaly")
}

func TestVerifyNamesWhatIsWrong(t *testing.T) {
	tw := readTown(t)
	signer, key := newKey(t, "desk")
	_, other := newKey(t, "somebody")
	bundle := makeBundle(t, tw, BundleOptions{Signer: signer})
	m := members(t, bundle)
	good := verify(t, bundle, key)
	require.True(t, good.Good(), "%v", good.Problems)
	require.Len(t, good.Signers, 1)
	require.True(t, verify(t, bundle).Good(), "without a key it is whole")
	require.Len(t, verify(t, bundle).Unknown, 1, "and says by whom it claims to be signed")

	csv := m["observations.csv"]
	lastLine := strings.LastIndex(strings.TrimSuffix(csv, "\n"), "\n") + 1
	forged := &packer{}
	for name, c := range map[string]struct {
		bundle []byte
		keys   []note.Verifier
		want   string
	}{
		"a changed byte":        {rezip(t, bundle, map[string]string{"events.ndjson": strings.Replace(m["events.ndjson"], "2G", "5G", 1)}), nil, `events.ndjson was changed: its \d+ bytes`},
		"a removed line":        {rezip(t, bundle, map[string]string{"observations.csv": csv[:lastLine]}), nil, `observations.csv was changed: 1236 lines are left of 1237`},
		"an added line":         {rezip(t, bundle, map[string]string{"observations.csv": csv + "x\n"}), nil, `observations.csv was changed: it has 1238 lines, and had 1237`},
		"a swapped file":        {rezip(t, bundle, map[string]string{"positions.kml": m["positions.geojson"], "positions.geojson": m["positions.kml"]}), nil, `positions.kml holds what should be positions.geojson`},
		"a missing file":        {rezip(t, bundle, map[string]string{"modem-lines.txt": ""}), nil, `modem-lines.txt is missing`},
		"a file more":           {rezip(t, bundle, map[string]string{"more.txt": "x"}), nil, `more.txt is no file of a bundle`},
		"no manifest":           {rezip(t, bundle, map[string]string{manifestName: ""}), nil, `MANIFEST.txt is missing`},
		"a wrong key":           {bundle, []note.Verifier{other}, `signed by another key than the one given: desk`},
		"no signature":          {makeBundle(t, tw, BundleOptions{}), []note.Verifier{key}, `not signed, and a key was given`},
		"a manifest made again": {rezip(t, bundle, map[string]string{manifestName: strings.Replace(m[manifestName], "location exact", "location coarse", 1)}), []note.Verifier{key}, `signature by desk does not fit`},
		"another manifest":      {rezip(t, bundle, map[string]string{manifestName: forged.m.text()}), nil, `is not in the manifest`},
	} {
		v := verify(t, c.bundle, c.keys...)
		require.False(t, v.Good(), name)
		require.Regexp(t, c.want, strings.Join(v.Problems, "\n"), name)
	}
	packed := rezip(t, bundle, nil)
	require.Equal(t, bundle, packed, "a bundle is what its members make it")
	_, err := Verify(context.Background(), strings.NewReader("no zip"), 6)
	require.Error(t, err)
}

// Whatever byte of a bundle is changed, verify says so: as a problem, or as a note when it is none of a member's.
func TestVerifyNoticesEveryByte(t *testing.T) {
	tw := readTown(t)
	bundle := makeBundle(t, tw, BundleOptions{})
	rapid.Check(t, func(t *rapid.T) {
		at, flip := rapid.IntRange(0, len(bundle)-1).Draw(t, "at"), rapid.ByteRange(1, 255).Draw(t, "flip")
		changed := bytes.Clone(bundle)
		changed[at] ^= flip
		v, err := Verify(context.Background(), bytes.NewReader(changed), int64(len(changed)))
		if err == nil && v.Good() && len(v.Notes) == 0 {
			t.Fatalf("byte %d changed by %x was not noticed", at, flip)
		}
	})
}

func TestStampsAreAttached(t *testing.T) {
	tw := readTown(t)
	bundle := makeBundle(t, tw, BundleOptions{})
	var b bytes.Buffer
	require.NoError(t, Attach(context.Background(), &b, bytes.NewReader(bundle), int64(len(bundle)), "ots", []byte("proof")))
	v := verify(t, b.Bytes())
	require.True(t, v.Good(), "%v", v.Problems)
	require.Empty(t, v.Notes)
	require.Equal(t, []string{"MANIFEST.txt.ots"}, v.Stamps)
	require.Equal(t, verify(t, bundle).Manifest, v.Manifest)
	require.Error(t, Attach(context.Background(), io.Discard, bytes.NewReader(bundle), int64(len(bundle)), "exe", nil))
}

func TestSealedBundleOpensForItsRecipientOnly(t *testing.T) {
	tw := readTown(t)
	id, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	var b bytes.Buffer
	w, err := age.Encrypt(&b, id.Recipient())
	require.NoError(t, err)
	require.NoError(t, tw.review.EventBundle(context.Background(), w, tw.events[0].ID, BundleOptions{Location: evidence.Exact, Lang: "en"}))
	require.NoError(t, w.Close())
	require.NotContains(t, b.String(), "QENG")
	r, err := age.Decrypt(&b, id)
	require.NoError(t, err)
	plain, err := io.ReadAll(r)
	require.NoError(t, err)
	require.True(t, verify(t, plain).Good())
}

// What names a place is nowhere in a coarse bundle: no cell, area or PCI of the town, no position, no line of the modem.
func TestCoarseBundleNamesNoPlace(t *testing.T) {
	tw := newTown(t)
	_, err := tw.store.AddVerdict(context.Background(), storage.Verdict{Event: tw.events[1].ID, Judgement: storage.Benign, Reason: "seen from Rue Haute 12", Author: "Ada", Time: townNow})
	require.NoError(t, err)
	for _, how := range []evidence.Precision{evidence.Coarse, evidence.Nowhere} {
		bundle := makeBundle(t, tw, BundleOptions{Location: how})
		require.True(t, verify(t, bundle).Good())
		m := members(t, bundle)
		require.NotContains(t, m, "modem-lines.txt")
		require.NotContains(t, m, "cells-known-here.csv")
		z, err := gzip.NewReader(strings.NewReader(m["observations.ndjson.gz"]))
		require.NoError(t, err)
		data, err := io.ReadAll(z)
		require.NoError(t, err)
		m["observations.ndjson.gz"] = string(data)
		secret := regexp.MustCompile(`1102\d{4}|\b466[0-2]\b|39321|QENG|CEREG|50\.8[45]\d|4\.3[5-7]\d|\bbag\b|Rue Haute|Ada|A82|` + tw.events[1].ID)
		for name, text := range m {
			require.Empty(t, secret.FindAllString(text, 5), "%s, %s", how, name)
		}
		if how == evidence.Coarse {
			require.Contains(t, m["positions.geojson"], "[4.35,50.85]")
		} else {
			require.NotContains(t, m["positions.geojson"], "Point")
		}
		require.Contains(t, m["report.html"], "Fell from 4G to 2G", "the story can be followed")
		require.Contains(t, m["events.ndjson"], "-45 dBm")
		var e analyzer.Event
		require.NoError(t, json.Unmarshal([]byte(m["events.ndjson"]), &e))
		id, _ := e.Cells[0].ID.Get()
		require.Contains(t, m["observations.ndjson.gz"], fmt.Sprintf(`"cell_id":%d,`, id), "the cell has one name throughout")
	}
	first, second := members(t, makeBundle(t, tw, BundleOptions{Location: evidence.Coarse})), members(t, makeBundle(t, tw, BundleOptions{Location: evidence.Coarse}))
	require.NotEqual(t, first["events.ndjson"], second["events.ndjson"], "and another in the next bundle")
}
