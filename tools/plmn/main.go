// Command plmn makes storage/plmn.txt, the networks that exist: their country and network codes, without names. It unites
// two lists, since each lacks what the other has:
//
//	mcc-mnc-list.json      of the npm package mcc-mnc-list (taken from Wikipedia, CC BY-SA 4.0)
//	serviceproviders.xml   of Debian's mobile-broadband-provider-info (public domain)
//
//	go run ./tools/plmn mcc-mnc-list.json serviceproviders.xml > storage/plmn.txt
//
// Left out are test networks (MCC 001 and 999, ITU-T E.212), and what the first list calls reserved, returned, planned or
// not operational, unless the second has it.
package main

import (
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

var code = regexp.MustCompile(`^\d{3} \d{2,3}$`)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("want: plmn mcc-mnc-list.json serviceproviders.xml")
	}
	found := map[string]bool{}
	put := func(mcc, mnc string) {
		if c := mcc + " " + mnc; code.MatchString(c) && mcc != "001" && mcc != "999" {
			found[c] = true
		}
	}
	if err := wikipedia(os.Args[1], put); err != nil {
		log.Fatal(err)
	}
	if err := providers(os.Args[2], put); err != nil {
		log.Fatal(err)
	}
	byCountry := map[string][]string{}
	for c := range found {
		mcc, mnc, _ := strings.Cut(c, " ")
		byCountry[mcc] = append(byCountry[mcc], mnc)
	}
	fmt.Println("# MCC, and the MNCs of networks that exist. Made by tools/plmn from mcc-mnc-list 1.1.11 (Wikipedia, CC BY-SA 4.0)")
	fmt.Println("# and mobile-broadband-provider-info 20230416 (public domain). This file is under CC BY-SA 4.0; see NOTICE.")
	var countries []string
	for mcc := range byCountry {
		countries = append(countries, mcc)
	}
	slices.Sort(countries)
	for _, mcc := range countries {
		slices.Sort(byCountry[mcc])
		fmt.Println(mcc, strings.Join(byCountry[mcc], " "))
	}
}

func wikipedia(path string, put func(mcc, mnc string)) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var rows []struct{ Type, MCC, MNC, Status string }
	if err := json.Unmarshal(text, &rows); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, r := range rows {
		switch r.Status {
		case "Operational", "Unknown", "Allocated", "Ongoing", "Temporary operational":
			if r.Type != "Test" {
				put(r.MCC, r.MNC)
			}
		}
	}
	return nil
}

func providers(path string, put func(mcc, mnc string)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for d := xml.NewDecoder(f); ; {
		token, err := d.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "network-id" {
			var mcc, mnc string
			for _, a := range e.Attr {
				switch a.Name.Local {
				case "mcc":
					mcc = a.Value
				case "mnc":
					mnc = a.Value
				}
			}
			put(mcc, mnc)
		}
	}
}
