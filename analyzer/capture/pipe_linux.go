package capture

import (
	"os"

	"golang.org/x/sys/unix"
)

// widen asks for a pipe of 1 MiB in place of 64 KiB, the most that Linux gives any user: a capture program
// that writes into it then waits, and so drops packets, less often. It does not matter when it fails.
func widen(f *os.File) {
	if c, err := f.SyscallConn(); err == nil {
		c.Control(func(fd uintptr) { unix.FcntlInt(fd, unix.F_SETPIPE_SZ, 1<<20) })
	}
}
