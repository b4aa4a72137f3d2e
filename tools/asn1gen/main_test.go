package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/air/uper"
)

const text = `-- 3GPP TS 99.999 V1.2.3 (2026-01)
Toy-Definitions DEFINITIONS AUTOMATIC TAGS ::=
BEGIN

Toy-Message ::= SEQUENCE {
	message		CHOICE {
		c1			CHOICE { one Toy, spare1 NULL, ..., [[ two-r9 NULL, three-r9 NULL ]] },
		later-r9	SEQUENCE {}
	}
}

Toy ::= SEQUENCE {
	id			Id,					-- Need ON
	mode		ENUMERATED {on, off, ..., half-v920}	OPTIONAL,	-- Cond X
	mask		BIT STRING (SIZE (maxToys)) DEFAULT '1111'B,
	offset		INTEGER (-3..maxToys-1)	DEFAULT 0,
	raw			OCTET STRING (CONTAINING Toy)	OPTIONAL,
	list		SEQUENCE (SIZE (1..maxToys)) OF Id,
	more		Ids					OPTIONAL,
	...,
	late-v920	Ids,
	[[	a-r10	BOOLEAN OPTIONAL,
		b-r10	OCTET STRING (SIZE (2))
	]]
}

Id ::= INTEGER (0..503)
Ids ::= SEQUENCE (SIZE (2)) OF SEQUENCE (SIZE (0..3)) OF BOOLEAN
Unused ::= NULL

maxToys INTEGER ::= 4
maxToys-1 INTEGER ::= 3

END
`

func TestGenerate(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, generate(&out, "toy.asn", []byte(text), []string{"Toy-Message"}))
	lines := strings.Split(out.String(), "\n")
	require.Equal(t, "# Facts of 3GPP TS 99.999 V1.2.3: names, kinds, ranges and order. Made by tools/asn1gen; do not edit.", lines[0])
	require.Regexp(t, `^# Read from toy\.asn, SHA-256 [0-9a-f]{64}\.`, lines[1])
	require.Equal(t, []string{
		"Toy-Message S1 message C2 c1 C2+2 one @1 spare1 N two-r9 N three-r9 N later-r9 S0",
		"- S7+2 id I0:503 mode? E2+1 on off half-v920 mask? b4 offset? I-3:3 raw? O @1 list L1:4 Id I0:503 more? @2 late-v920 @2 _ S2 a-r10? B b-r10 o2",
		"- L2 Ids_item L0:3 Ids_item_item B",
		"",
	}, lines[2:])
	_, err := uper.Parse(out.String())
	require.NoError(t, err)
}

func TestGenerateRefuses(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"a type that is not there":    {"A ::= SEQUENCE { b B }", "line 2: type B is not there"},
		"a constant that is not":      {"A ::= INTEGER (0..max)", `line 2: the constant "max" is not there`},
		"an integer without bounds":   {"A ::= INTEGER\nB ::= NULL", "line 3"},
		"an empty range":              {"A ::= INTEGER (4..3)", "line 2: the range 4..3 is empty"},
		"two markers":                 {"A ::= SEQUENCE { ..., ... }", "a second extension marker"},
		"a set":                       {"A ::= SET { b NULL }", "SET {"},
		"a type twice":                {"A ::= NULL\nA ::= NULL", "A is defined twice"},
		"a parameter":                 {"A ::= B { NULL }", "B {"},
		"a value of a kind not known": {`A ::= "x"`, `line 2: "\"x\"`},
		"a text that ends":            {"A ::= SEQUENCE { b", "the text ends too early"},
		"no root":                     {"B ::= NULL", "type A is not there"},
	} {
		t.Run(name, func(t *testing.T) {
			end := "\nEND"
			if name == "a text that ends" {
				end = ""
			}
			err := generate(&bytes.Buffer{}, "x.asn", []byte("X DEFINITIONS ::= BEGIN\n"+c.body+end), []string{"A"})
			require.ErrorContains(t, err, c.want)
		})
	}
}
