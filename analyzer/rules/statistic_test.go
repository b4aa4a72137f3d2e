package rules

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a rule remembers is saved whole, is bounded, and belongs to one sensor.
func TestStatisticsOfEveryRule(t *testing.T) {
	for _, r := range All() {
		if r.Learns == nil {
			continue
		}
		a, b := r.Learns(), r.Learns()
		typ := reflect.TypeOf(a)
		require.Equal(t, reflect.Pointer, typ.Kind(), "%s: Learns returns a pointer, new(%s)", r.ID, typ.Name())
		require.False(t, a == b, "%s: Learns returns the same statistic twice, but each sensor has one of its own", r.ID)
		checkStatistic(t, r.ID+": "+typ.Elem().Name(), typ.Elem())
	}
}

func checkStatistic(t *testing.T, at string, typ reflect.Type) {
	t.Helper()
	switch typ.Kind() {
	case reflect.Map:
		t.Errorf("%s is a map: its order makes saved states differ, and nothing bounds it; use analyzer.Table", at)
	case reflect.Slice:
		t.Errorf("%s is a slice, which nothing bounds; use an array, analyzer.Table or analyzer.PerCell", at)
	case reflect.Pointer, reflect.Interface, reflect.Func, reflect.Chan:
		t.Errorf("%s is a %s; hold values", at, typ.Kind())
	case reflect.Array:
		checkStatistic(t, at+"[]", typ.Elem())
	case reflect.Struct:
		if typ.PkgPath() == "vigie/analyzer" && (strings.HasPrefix(typ.Name(), "Table[") || strings.HasPrefix(typ.Name(), "PerCell[")) {
			return
		}
		for i := range typ.NumField() {
			f := typ.Field(i)
			if !f.IsExported() {
				t.Errorf("%s.%s is not exported, so it is not saved", at, f.Name)
			}
			checkStatistic(t, at+"."+f.Name, f.Type)
		}
	}
}
