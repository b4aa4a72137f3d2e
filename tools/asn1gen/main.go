// Command asn1gen makes air/rrc.table, the facts of TS 36.331 that the decoder of RRC messages needs: names, kinds, ranges and
// order. It reads one ASN.1 module, keeps what the given root types reach, and writes one line a type in the notation of
// air/uper/table.go. The text of the specification is not in this repository; docs/decisions/0023-rrc-table.md says where it
// was read from and why only facts are kept.
//
//	go run ./tools/asn1gen EUTRA-RRC-Definitions.asn > air/rrc.table
//
// It knows the part of ASN.1 that 36.331 uses (AUTOMATIC TAGS, no information objects), and refuses anything else.
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"regexp"
)

// roots are the messages of the channels that a DIAG log holds and Vigie reads.
var roots = []string{"BCCH-BCH-Message", "BCCH-DL-SCH-Message", "PCCH-Message", "DL-CCCH-Message", "DL-DCCH-Message", "UL-CCCH-Message", "UL-DCCH-Message"}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("want: asn1gen EUTRA-RRC-Definitions.asn > air/rrc.table")
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	w := bufio.NewWriter(os.Stdout)
	if err := generate(w, filepath.Base(os.Args[1]), text, roots); err != nil {
		log.Fatalf("%s: %v", os.Args[1], err)
	}
	if err := w.Flush(); err != nil {
		log.Fatal(err)
	}
}

var edition = regexp.MustCompile(`3GPP (TS [0-9.]+ V[0-9.]+)`)

// generate writes the table of what the roots reach in the module text, which was read from a file of that name.
func generate(w io.Writer, name string, text []byte, roots []string) error {
	m, err := parse(string(text))
	if err != nil {
		return err
	}
	var table bytes.Buffer
	if err := m.write(&table, roots); err != nil {
		return err
	}
	of := "an ASN.1 module"
	if found := edition.FindSubmatch(text); found != nil {
		of = "3GPP " + string(found[1])
	}
	fmt.Fprintf(w, "# Facts of %s: names, kinds, ranges and order. Made by tools/asn1gen; do not edit.\n", of)
	fmt.Fprintf(w, "# Read from %s, SHA-256 %x. The notation is that of air/uper/table.go.\n", name, sha256.Sum256(text))
	_, err = w.Write(table.Bytes())
	return err
}
