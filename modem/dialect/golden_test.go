package dialect

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"vigie/cell"
)

var update = flag.Bool("update", false, "rewrite the expected observations in testdata")

// transcript is one file of testdata/FAMILY: a header of "key: value" lines, what the modem printed, and the expected observations
// and rejects.
type transcript struct {
	path, family string
	header       map[string]string
	input        string
	archive      *txtar.Archive
}

// transcripts reads testdata. A contributed recording takes part in every test by being put there.
func transcripts(t testing.TB) []transcript {
	paths, err := filepath.Glob("testdata/*/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	var all []transcript
	for _, p := range paths {
		a, err := txtar.ParseFile(p)
		require.NoError(t, err)
		x := transcript{path: p, family: filepath.Base(filepath.Dir(p)), header: map[string]string{}, archive: a}
		for line := range strings.Lines(string(a.Comment)) {
			if k, v, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
				x.header[k] = v
			}
		}
		require.NotEmpty(t, a.Files, p)
		require.Equal(t, "input", a.Files[0].Name, p)
		x.input = string(a.Files[0].Data)
		if x.header["unended"] == "yes" { // the archive format ends every file with a line end
			x.input = strings.TrimSuffix(x.input, "\n")
		}
		all = append(all, x)
	}
	return all
}

func TestGoldenTranscripts(t *testing.T) {
	for _, x := range transcripts(t) {
		t.Run(x.path, func(t *testing.T) {
			for _, k := range []string{"model", "firmware", "date", "region", "taken", "evidence", "source"} {
				require.Contains(t, x.header, k, "header")
			}
			d, err := ByName(x.family)
			require.NoError(t, err)
			out, n, err := DecodeText(strings.NewReader(x.input), d)
			require.NoError(t, err)
			var got, rejected bytes.Buffer
			for i := range out {
				sane(t, &out[i].Observation)
				o := out[i].Observation
				o.Raw = nil // it is the input
				got.Write(bytes.TrimRight(cell.AppendRecord(nil, &o), "\n"))
				got.WriteByte('\n')
			}
			for _, r := range n.Rejects {
				columns := ""
				if r.Columns != "" {
					columns = " (" + r.Columns + ")"
				}
				fmt.Fprintf(&rejected, "%s%s: %s\n", r.Reason, columns, r.Line)
			}
			if *update {
				x.archive.Files = append(x.archive.Files[:1], txtar.File{Name: "observations", Data: got.Bytes()},
					txtar.File{Name: "rejects", Data: rejected.Bytes()})
				require.NoError(t, os.WriteFile(x.path, txtar.Format(x.archive), 0o666))
				return
			}
			require.Len(t, x.archive.Files, 3, "no expected observations yet: run make golden and check every value")
			require.Equal(t, string(x.archive.Files[1].Data), got.String(), "observations")
			require.Equal(t, string(x.archive.Files[2].Data), rejected.String(), "rejects")
		})
	}
}

// The same text must mean the same with other line ends.
func TestLineEnds(t *testing.T) {
	for _, x := range transcripts(t) {
		d, err := ByName(x.family)
		require.NoError(t, err)
		lf := strings.NewReplacer("\r", "").Replace(x.input)
		want, _, err := DecodeText(strings.NewReader(lf), d)
		require.NoError(t, err)
		for _, end := range []string{"\r\n", "\r\r\n", "\r"} {
			got, _, err := DecodeText(strings.NewReader(strings.ReplaceAll(lf, "\n", end)), d)
			require.NoError(t, err)
			require.Equal(t, want, got, "%s with %q", x.path, end)
		}
	}
}

// vendorLines are what a transcript of each family must hold to be recognised.
var vendorLines = map[string]string{
	"generic": `^$`,
	"quectel": `(?i)\+Q[A-Z]{3}|Quectel|NUESTATS`,
	"simcom":  `(?i)\+(CPSI|CENG|CNETCI|CMGRMI|CCINFO|CNSMOD|CSYSSEL|CGPSINFO|CGNSINF)|\+CGMR:.*SIM`,
	"telit":   `(?i)#(RFSTS|SERVINFO|MONI|CSURV)`,
	"sierra":  `(?i)!(GSTATUS|LTEINFO|NRINFO|GPSLOC)|\+KCELL`,
	"foxconn": `EARFCN\(DL|lte_cell_id|nr_cell_id|PCC info|(?i)at\^(debug|ca_info)`,
	"sequans": `\+SQN`,
	"fibocom": `(?m)(GTCCINFO|GTCAINFO|XMCI|XLEC|Fibocom|^1,[249],.*,.*,)`,
	"ublox":   `UCGED|UCELLINFO|UPSDA`,
	"nordic":  `%(XMONITOR|NCELLMEAS|CESQ|MDMEV)`,
	"huawei":  `\^(HCSQ|MONSC|MONNC|MONSSC|HFREQINFO|SYSINFOEX|REJINFO)|\^hcsq`,
	"zte":     `\+Z(CELLINFO|RSSI|CAINFO)`,
	"unisoc":  `\+CCED|\+EEM|\*BAND|\+ECSTATUS`,
	"meig":    `^$`, // experimental: never guessed

	"cinterion": `(?m)\^(SMON[ICP]|MON[IP])|^[234]G:$`,
}

// A transcript is recognised by lines that no other family prints, or not at all.
func TestGuess(t *testing.T) {
	for _, x := range transcripts(t) {
		_, n, err := DecodeText(strings.NewReader(x.input), nil)
		require.NoError(t, err)
		vendor := regexp.MustCompile(vendorLines[x.family]).MatchString(x.input)
		require.Equal(t, vendor, n.Guessed, x.path)
		if n.Guessed {
			require.Equal(t, x.family, n.Dialect.Name, x.path)
		} else {
			require.Equal(t, "generic", n.Dialect.Name, x.path)
		}
	}
	require.Nil(t, Guess(nil))
	require.Nil(t, Guess([]string{"+CREG: 1", "hello", "+QX: 1"}))
}

// No transcript may hold an IMSI, IMEI, ICCID or telephone number. Zeros replace each.
func TestNoIdentityInTestdata(t *testing.T) {
	long := regexp.MustCompile(`[0-9]{12,}`)
	named := regexp.MustCompile(`(?i)\b(?:IMEI|IMSI|ICCID|MSISDN|TMSI)\b\D{0,4}?([0-9A-F]{4,})`)
	err := filepath.WalkDir("testdata", func(path string, f os.DirEntry, err error) error {
		if err != nil || f.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for line := range strings.Lines(string(b)) {
			for _, value := range named.FindAllStringSubmatch(line, -1) {
				require.Empty(t, strings.Trim(value[1], "0"), "%s: %s", path, line)
			}
			for _, digits := range long.FindAllString(line, -1) {
				// An NCI padded to 16 digits begins with zeros, and so does an operator in UCS2; no identity does.
				require.True(t, strings.HasPrefix(digits, "000") || strings.HasPrefix(digits, "003"), "%s: %s", path, line)
			}
		}
		return err
	})
	require.NoError(t, err)
}
