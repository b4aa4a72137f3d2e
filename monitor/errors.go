package monitor

// problem is an error with what the user can do about it. wrong marks wrong usage or configuration.
type problem struct {
	err   error
	hint  string
	wrong bool
}

func (p *problem) Error() string { return p.err.Error() }
func (p *problem) Unwrap() error { return p.err }

// Hint is what the user can do about it.
func (p *problem) Hint() string { return p.hint }

// WrongUsage reports whether the command line or the configuration is at fault: exit status 2.
func (p *problem) WrongUsage() bool { return p.wrong }

func withHint(err error, hint string) error { return &problem{err: err, hint: hint} }
func wrongUsage(err error, hint string) error {
	return &problem{err: err, hint: hint, wrong: true}
}
