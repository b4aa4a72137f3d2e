package safefile

import (
	"fmt"
	"os"
	"path/filepath"
)

// credstore is where systemd and setup keep credentials (systemd.exec(5), LoadCredential=).
var credstore = "/etc/credstore"

// Credential is the file of a secret that the configuration does not name: the credential vigie.NAME that systemd gives the
// service (or NAME, in units from before), and for root the file that it is made of. It is empty if there is none. system
// reports that it is root's, who may have started the program for something else than the service's.
func Credential(name string) (path string, system bool) {
	there := func(path string) bool {
		info, err := Stat(path)
		return err == nil && info.Mode().IsRegular()
	}
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); dir != "" {
		for _, path := range []string{filepath.Join(dir, "vigie."+name), filepath.Join(dir, name)} {
			if there(path) {
				return path, false
			}
		}
		return "", false
	}
	if path := filepath.Join(credstore, "vigie."+name); mayBeRoot() && there(path) {
		return path, true
	}
	return "", false
}

// OpenToOthers says who else can use a file that holds a secret; empty if nobody can, or there is no such file. A group of its own
// may read one.
func OpenToOthers(path string) string {
	info, err := Stat(path)
	if err != nil {
		return ""
	}
	switch mode := info.Mode().Perm(); {
	case mode&0o022 != 0:
		return fmt.Sprintf("others on this machine can change %s (mode %04o)", path, mode)
	case mode&0o005 != 0:
		return fmt.Sprintf("others on this machine can read %s (mode %04o)", path, mode)
	}
	return ""
}
