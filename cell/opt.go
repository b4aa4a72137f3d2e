package cell

// Opt is a value that may not have been reported. The zero Opt is absent, which is different from a reported zero.
type Opt[T any] struct {
	value T
	known bool
}

// Some is a reported value.
func Some[T any](v T) Opt[T] { return Opt[T]{v, true} }

// Get returns the value and whether it was reported; an absent value is the zero T.
func (o Opt[T]) Get() (T, bool) { return o.value, o.known }

// Known reports whether the value was reported.
func (o Opt[T]) Known() bool { return o.known }

// Or returns the value, or d when it was not reported.
func (o Opt[T]) Or(d T) T {
	if o.known {
		return o.value
	}
	return d
}
