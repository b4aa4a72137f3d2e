package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"vigie/cmd/vigie/console"
	"vigie/storage"
)

// Duration is a time.Duration written as "1s", "250ms", "5m".
type Duration time.Duration

// UnmarshalText reads a duration of more than nothing.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err == nil && v <= 0 {
		err = errors.New("must be more than nothing")
	}
	*d = Duration(v)
	if err != nil {
		return fmt.Errorf("%q is not a duration like \"1s\" or \"250ms\": %w", text, err)
	}
	return nil
}

// Size is a number of bytes written as "500MB", "2GB", "1TB", "512MiB", or plainly.
type Size int64

// UnmarshalText reads a size of at least storage.MinSize and at most 1e15 bytes.
func (b *Size) UnmarshalText(text []byte) error {
	s, unit := strings.ToUpper(strings.ReplaceAll(string(text), " ", "")), 1.0
	for name, u := range map[string]float64{"MB": 1e6, "GB": 1e9, "TB": 1e12, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40} {
		if n, ok := strings.CutSuffix(s, name); ok {
			s, unit = n, u
			break
		}
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || !(n*unit >= storage.MinSize) || n*unit > 1e15 {
		return fmt.Errorf("%q is not a size like \"500MB\" or \"2GB\", of at least %s", text, console.Size(storage.MinSize))
	}
	*b = Size(n * unit)
	return nil
}
