//go:build !plain

package pages

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
	"unsafe"
)

// TestAskedFor reads from the kernel which lists it was asked to back with large pages.
func TestAskedFor(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		t.Skip("this kernel has no transparent huge pages")
	}
	for _, n := range []int{least, 3<<20 + 5, 9 << 20} {
		list := Make[byte](n)
		if len(list) != n {
			t.Fatalf("%d bytes asked for, %d made", n, len(list))
		}
		for _, at := range []int{0, n / 2, n - 1} {
			if flags := flagsOf(t, uintptr(unsafe.Pointer(&list[at]))); !strings.Contains(flags, " hg") {
				t.Errorf("byte %d of %d is in memory with the flags%s, without hg", at, n, flags)
			}
		}
		for i, b := range list {
			if b != 0 {
				t.Fatalf("byte %d of %d is %d", i, n, b)
			}
		}
	}
}

// flagsOf returns the kernel's flags of the mapping in which an address lies (proc_pid_smaps(5), VmFlags).
func flagsOf(t *testing.T, address uintptr) string {
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	inside := false
	for s := bufio.NewScanner(f); s.Scan(); {
		var from, to uintptr
		if n, _ := fmt.Sscanf(s.Text(), "%x-%x ", &from, &to); n == 2 {
			inside = from <= address && address < to
		} else if flags, is := strings.CutPrefix(s.Text(), "VmFlags:"); is && inside {
			return flags
		}
	}
	t.Fatalf("no mapping holds %#x", address)
	return ""
}

func BenchmarkMake(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		list := Make[[64]byte](1 << 16)
		for i := range list {
			list[i][0] = 1
		}
	}
}
