//go:build unix

package capture

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// namedPipe returns a File of a named pipe into which b is written.
func namedPipe(t *testing.T, b []byte) *File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	go os.WriteFile(path, b, 0)
	f, err := OpenFile(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestFilePipe(t *testing.T) {
	b := sample(5000)
	f := namedPipe(t, b)
	for pass := range 3 {
		r, err := f.Reader(Options{})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for b := (Batch{}); r.Next(&b) == nil; {
			n += len(b.Packets)
		}
		if n != 5000 || f.Same() != nil || f.Spooled() != int64(len(b)) || len(r.Problems()) > 0 {
			t.Errorf("pass %d: %d packets, %d bytes copied, %v, %v", pass, n, f.Spooled(), f.Same(), r.Problems())
		}
		r.Close()
	}
}

// A pipe that brings more than may be kept is said not to be the same again.
func TestFilePipeTooLong(t *testing.T) {
	f := namedPipe(t, sample(5000))
	f.spool.max = 1 << 20
	r, err := f.Reader(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for b := (Batch{}); r.Next(&b) == nil; {
	}
	if err := f.Same(); err == nil || !strings.Contains(err.Error(), "longer than ") || f.Spooled() > f.spool.max {
		t.Errorf("%v, %d bytes copied", err, f.Spooled())
	}
}

// Neither a pipe without a writer nor a silent one is waited for any longer than the context lasts.
func TestFilePipeSilent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer stop()
	if _, err := OpenFile(ctx, path); err != context.DeadlineExceeded {
		t.Errorf("without a writer: %v", err)
	}
	ctx, stop = context.WithCancel(context.Background())
	defer stop()
	both, err := os.OpenFile(path, os.O_RDWR, 0) // a writer that is silent
	if err != nil {
		t.Skip(err)
	}
	defer both.Close()
	f, err := OpenFile(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	time.AfterFunc(50*time.Millisecond, stop)
	if r, err := f.Reader(Options{}); err == nil {
		r.Close()
		t.Error("something was read of a silent pipe")
	}
}
