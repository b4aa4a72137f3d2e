package console

import (
	"sync"

	"golang.org/x/sys/unix"
)

// NoCore keeps the memory of this program out of core files.
func NoCore() { _ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) }

// GuardMemory is called before a key, a passphrase or a password is read. From then on no core file is written of this program and no
// other program of this user reads its memory; where the system allows it, its memory is not swapped to a disk either. It cannot
// fail: what is not allowed is left out. A computer that hibernates writes all memory.
var GuardMemory = sync.OnceFunc(func() {
	NoCore()
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	unlimited := unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
	_ = unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unlimited) // root may
	var limit unix.Rlimit
	// With less than no limit, a later allocation would fail and end the program. Pages are locked as they come into use:
	// the runtime reserves far more than it uses.
	if unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit) == nil && limit.Cur == unlimited.Cur {
		_ = unix.Mlockall(unix.MCL_CURRENT | unix.MCL_FUTURE | unix.MCL_ONFAULT)
	}
})
