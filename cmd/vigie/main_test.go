package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts run this very binary, as a person would.
func TestMain(m *testing.M) {
	if os.Getenv("VIGIE_IS_PROGRAM") != "" {
		main()
	}
	testscript.Main(m, map[string]func(){"vigie": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"judge": judge,
			"cut": func(ts *testscript.TestScript, _ bool, args []string) { // FROM TO: all but the last 12 bytes
				data, err := os.ReadFile(ts.MkAbs(args[0]))
				ts.Check(err)
				ts.Check(os.WriteFile(ts.MkAbs(args[1]), data[:len(data)-12], 0o600))
			},
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("TZ", "UTC")
			e.Setenv("HOME", e.WorkDir+"/home")
			e.Setenv("XDG_DATA_HOME", "")
			e.Setenv("XDG_CONFIG_HOME", "")
			captures, err := filepath.Abs("../../air/capture/testdata")
			e.Setenv("CAPTURES", captures)
			return err
		},
	})
}
