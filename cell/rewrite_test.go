package cell

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// everyText sets each text within v to one of its own, and lists to one element.
func everyText(v reflect.Value, n *int) {
	switch v.Kind() {
	case reflect.String:
		*n++
		v.SetString(fmt.Sprintf("who-%d", *n))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		everyText(v.Elem(), n)
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			everyText(v.Index(0), n)
		}
	case reflect.Struct:
		if _, isTime := v.Interface().(time.Time); isTime {
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				everyText(v.Field(i), n)
			}
		}
	}
}

// every is a record of each kind.
func every() []Record {
	return []Record{&Source{}, &Observation{}, &Gap{}, &Health{}, &Clock{}, &Message{}, &Broadcast{}}
}

// Every text that a record of any kind has passes through one of the functions.
func TestRewriterReachesEveryText(t *testing.T) {
	gone := func(string) string { return "x" }
	w := Rewriter{Sensor: gone, Word: gone, Reason: gone, Private: gone, Lines: func(lines []string) []string { return make([]string, len(lines)) },
		Cell: func(c *Cell) { c.MCC, c.MNC = "", "" }}
	for _, r := range every() {
		n := 0
		everyText(reflect.ValueOf(r).Elem(), &n)
		require.NotZero(t, n, "%T", r)
		before := string(AppendRecord(nil, r))
		require.Equal(t, n, strings.Count(fmt.Sprintf("%+v", flat(r)), "who-"), "%T: the test sees every text", r)
		got := w.Record(r)
		require.NotContains(t, fmt.Sprintf("%+v", flat(got)), "who-", "%T", r)
		require.Equal(t, before, string(AppendRecord(nil, r)), "%T is not changed in place", r)
		require.Equal(t, r, (&Rewriter{}).Record(r), "%T without a function stays", r)
	}
}

// flat is a record with what its pointers point to.
func flat(r Record) []any {
	v := reflect.ValueOf(r).Elem()
	all := []any{v.Interface()}
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Pointer && !f.IsNil() {
			all = append(all, f.Elem().Interface())
		}
	}
	return all
}

// What has numbers that may name a place is given to a function of its own.
func TestRewriterCallsEveryFunction(t *testing.T) {
	var called []string
	note := func(name string) { called = append(called, name) }
	w := Rewriter{Cell: func(*Cell) { note("cell") }, Registration: func(*Registration) { note("registration") },
		Position: func(*Position) *Position { note("position"); return nil }, Message: func(*Message) { note("message") }, Broadcast: func(*Broadcast) { note("broadcast") }}
	o := &Observation{Serving: &Cell{}, Neighbours: []Cell{{}}, Secondary: []Cell{{}}, Registration: []Registration{{}}, Position: &Position{}}
	require.Nil(t, w.Record(o).(*Observation).Position)
	w.Record(&Message{})
	w.Record(&Broadcast{})
	require.Equal(t, []string{"cell", "cell", "cell", "registration", "position", "message", "broadcast"}, called)
}
