// Command plmn makes cell/plmn.txt, the networks that were allotted: country and network codes, status and name. It unites
// two lists, since each lacks what the other has:
//
//	mcc-mnc-list.json      of the npm package mcc-mnc-list (taken from Wikipedia, CC BY-SA 4.0)
//	serviceproviders.xml   of Debian's mobile-broadband-provider-info (public domain)
//
//	go run ./tools/plmn mcc-mnc-list.json serviceproviders.xml > cell/plmn.txt
//
// Names and countries are those of the first list, and of the second where the first has none. What the first calls not
// operational and the second has is of unknown status. Test networks are MCC 001 and 999 (ITU-T E.212).
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"log"
	"os"
	"regexp"
	"slices"
	"strings"
)

type network struct{ mcc, mnc, status, country, name string }

type list struct {
	found     map[string]*network // by "MCC MNC"
	countries map[string]string   // name by ISO 3166-1 code
	rows      map[string]int      // of the first list, by MCC and country
}

var code = regexp.MustCompile(`^\d{3} \d{2,3}$`)

// rank orders statuses: of several rows of one network the most alive counts.
var rank = map[string]int{"test": 4, "operational": 3, "unknown": 2, "not": 1}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("want: plmn mcc-mnc-list.json serviceproviders.xml")
	}
	l := list{map[string]*network{}, map[string]string{}, map[string]int{}}
	if err := l.wikipedia(os.Args[1]); err != nil {
		log.Fatal(err)
	}
	if err := l.providers(os.Args[2]); err != nil {
		log.Fatal(err)
	}
	var all []*network
	for _, n := range l.found {
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b *network) int { return cmp.Or(cmp.Compare(a.mcc, b.mcc), cmp.Compare(a.mnc, b.mnc)) })
	var codes []string
	for c := range l.countries {
		codes = append(codes, c)
	}
	slices.Sort(codes)
	w := bufio.NewWriter(os.Stdout)
	defer w.Flush()
	fmt.Fprintln(w, "# Networks that were allotted. Made by tools/plmn from mcc-mnc-list 1.1.11 (Wikipedia, CC BY-SA 4.0) and")
	fmt.Fprintln(w, "# mobile-broadband-provider-info 20230416 (public domain). This file is under CC BY-SA 4.0; see NOTICE.")
	fmt.Fprintln(w, "# = country (ISO 3166-1), name. Then MCC, MNC, status (+ operational, ? unknown, - not operational, t test), country, operator.")
	for _, c := range codes {
		fmt.Fprintf(w, "=\t%s\t%s\n", c, l.countries[c])
	}
	sign := map[string]string{"operational": "+", "unknown": "?", "not": "-", "test": "t"}
	for _, n := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", n.mcc, n.mnc, sign[n.status], n.country, n.name)
	}
}

func (l *list) put(n network) {
	key := n.mcc + " " + n.mnc
	if !code.MatchString(key) {
		return
	}
	old := l.found[key]
	if old == nil {
		l.found[key] = &n
		return
	}
	more := cmp.Or(rank[n.status]-rank[old.status], l.rows[n.mcc+n.country]-l.rows[old.mcc+old.country])
	if more > 0 { // of a network in several countries, the one with most networks of this MCC
		old.name, old.country = cmp.Or(n.name, old.name), cmp.Or(n.country, old.country)
	}
	if rank[n.status] > rank[old.status] {
		old.status = n.status
	}
	old.name, old.country = cmp.Or(old.name, n.name), cmp.Or(old.country, n.country)
}

func (l *list) wikipedia(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	type row struct{ Type, CountryName, CountryCode, MCC, MNC, Brand, Operator, Status string }
	var rows []row
	if err := json.Unmarshal(text, &rows); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, r := range rows {
		if len(r.CountryCode) >= 2 {
			l.rows[r.MCC+r.CountryCode[:2]]++
		}
	}
	for _, r := range rows {
		n := network{mcc: r.MCC, mnc: r.MNC, name: clean(cmp.Or(r.Brand, r.Operator)), status: "not"}
		switch r.Status {
		case "Operational", "Ongoing", "Temporary operational":
			n.status = "operational"
		case "Unknown", "Allocated":
			n.status = "unknown"
		}
		if r.Type == "Test" {
			n.status = "test"
		}
		if len(r.CountryCode) >= 2 { // a row of several countries names the first
			n.country = r.CountryCode[:2]
			if l.countries[n.country] == "" || len(r.CountryCode) == 2 {
				l.countries[n.country] = clean(r.CountryName)
			}
		}
		l.put(n)
	}
	return nil
}

// clean leaves a name of one line without footnote marks.
func clean(s string) string {
	s, _, _ = strings.Cut(s, "[")
	return strings.Join(strings.Fields(s), " ")
}

func (l *list) providers(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var country, countryName, provider string
	var in []string
	for d := xml.NewDecoder(f); ; {
		token, err := d.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			at := map[string]string{}
			for _, a := range e.Attr {
				at[a.Name.Local] = a.Value
			}
			in = append(in, e.Name.Local)
			switch e.Name.Local {
			case "country":
				country = strings.ToUpper(at["code"])
			case "provider":
				provider = ""
			case "network-id":
				if at["mcc"] == "001" || at["mcc"] == "999" {
					continue
				}
				n := network{mcc: at["mcc"], mnc: at["mnc"], status: "unknown", country: country, name: provider}
				l.countries[country] = cmp.Or(l.countries[country], countryName)
				l.put(n)
			}
		case xml.EndElement:
			in = in[:len(in)-1]
		case xml.CharData:
			if len(in) >= 2 && in[len(in)-1] == "name" {
				switch in[len(in)-2] {
				case "country":
					countryName = clean(string(e))
				case "provider":
					provider = clean(string(e))
				}
			}
		}
	}
}
