package words

import "errors"

// hinted is an error with what the user can do about it. wrong marks a mistake on the command line or in the configuration.
type hinted struct {
	error
	hint  string
	wrong bool
}

func (h *hinted) Unwrap() error { return h.error }

// Hint is what the user can do about it, for the line below the error.
func (h *hinted) Hint() string { return h.hint }

// WrongUsage reports whether the command line or the configuration is at fault: exit status 2.
func (h *hinted) WrongUsage() bool { return h.wrong }

// WithHint adds to an error what the user can do about it. A nil error stays nil.
func WithHint(err error, hint string) error {
	if err == nil {
		return nil
	}
	return &hinted{err, hint, false}
}

// WrongUsage is WithHint for a mistake on the command line or in the configuration: the program exits with 2.
func WrongUsage(err error, hint string) error { return &hinted{err, hint, true} }

// Hint returns the hint of the first error in the chain that has one; empty if there is none.
func Hint(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}
