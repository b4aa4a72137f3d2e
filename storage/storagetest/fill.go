package storagetest

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

// Fill sets every field that v points to, and what is in it, to a value that is not zero: each integer, text and time to
// another one, lists to two elements. It fails the test for a type that it does not know, and for an unexported field.
func Fill(t testing.TB, v any) {
	n := 0
	fill(t, reflect.ValueOf(v).Elem(), &n)
}

func fill(t testing.TB, v reflect.Value, n *int) {
	*n++
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = time.Unix(int64(*n), 7).UTC()
		return
	}
	if v.Kind() == reflect.Struct && strings.HasPrefix(v.Type().Name(), "Opt[") {
		get := v.MethodByName("Get")
		inner := reflect.New(get.Type().Out(0)).Elem()
		fill(t, inner, n)
		v.Set(some(inner))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString(fmt.Sprint("text ", *n))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(*n % 256))
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.25)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(t, v.Index(i), n)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			require.True(t, v.Type().Field(i).IsExported(), v.Type().String())
			fill(t, v.Field(i), n)
		}
	default:
		t.Fatalf("a %s: teach this test", v.Type())
	}
}

// some is cell.Some for a value known by reflection only.
func some(v reflect.Value) reflect.Value {
	for _, f := range []any{cell.Some[bool], cell.Some[int], cell.Some[uint8], cell.Some[uint16], cell.Some[uint32], cell.Some[uint64], cell.Some[float64],
		cell.Some[cell.Area], cell.Some[cell.Band], cell.Some[cell.KHz], cell.Some[cell.DBm], cell.Some[cell.DB], cell.Some[cell.Fields]} {
		if f := reflect.ValueOf(f); f.Type().In(0) == v.Type() {
			return f.Call([]reflect.Value{v})[0]
		}
	}
	panic("no cell.Some for " + v.Type().String() + " in this test")
}
