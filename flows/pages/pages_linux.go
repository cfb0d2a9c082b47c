//go:build !plain

package pages

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// unit is how much the Go runtime maps of its heap at a time: mheap.grow in runtime/mheap.go, pallocChunkBytes. So
// what shares a unit with a list is heap too, most often the place of the next list, and is asked for with it.
const unit = 4 << 20

// large asks for large pages for size bytes from p on, in whole units.
func large(p unsafe.Pointer, size uintptr) {
	from := uintptr(p) &^ (unit - 1)
	to := (uintptr(p) + size + unit - 1) &^ (unit - 1)
	// A kernel that has none says so, and nothing is lost.
	_, _, _ = unix.Syscall(unix.SYS_MADVISE, from, to-from, unix.MADV_HUGEPAGE)
}
