package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Every number of the configuration has bounds, in the tag "bounds" of its field: "LEAST to MOST" as it is written in the file.
// A value that is not set is not checked: its default is good. Size checks itself.

// checkBounds reports the numbers that cannot be: their value, and what they may be.
func (c *Config) checkBounds(f *File) { checkBounds(f, "", reflect.ValueOf(c).Elem()) }

func checkBounds(f *File, section string, v reflect.Value) {
	for i := range v.NumField() {
		is, field := v.Type().Field(i), v.Field(i)
		if !is.IsExported() {
			continue
		}
		name := is.Tag.Get("toml")
		if field.Kind() == reflect.Pointer {
			if field.IsNil() {
				continue
			}
			field = field.Elem()
		}
		switch {
		case field.Kind() == reflect.Struct:
			checkBounds(f, name, field)
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct:
			for k := range field.Len() {
				checkBounds(f, name, field.Index(k))
			}
		case is.Tag.Get("bounds") == "" || field.IsZero():
		default:
			may := is.Tag.Get("bounds")
			least, most, _ := strings.Cut(may, " to ")
			if n := number(field); !(n >= bound(field, least) && n <= bound(field, most)) { // NaN is not between any
				f.wrong(strings.TrimPrefix(section+"."+name, "."), "it is from "+may, "[%s] %s is %s", section, name, text(field))
			}
		}
	}
}

// number is a value in its own unit.
func number(v reflect.Value) float64 {
	if v.CanFloat() {
		return v.Float()
	}
	return float64(v.Int())
}

// bound reads a bound as the value is written in the file. The tags are ours: a test reads them all.
func bound(v reflect.Value, s string) float64 {
	if v.Type() == reflect.TypeFor[Duration]() {
		d, err := time.ParseDuration(s)
		if err != nil {
			panic(err)
		}
		return float64(d)
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func text(v reflect.Value) string {
	if d, ok := v.Interface().(Duration); ok {
		return time.Duration(d).String()
	}
	return fmt.Sprint(v.Interface())
}
