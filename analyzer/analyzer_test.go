package analyzer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer/report"
)

// The same capture gives the same bytes on any number of cores.
func TestCoresDoNotMatter(t *testing.T) {
	for _, path := range ruleCaptures(t) {
		var want []byte
		for _, n := range []int{1, 2, 5} {
			was := runtime.GOMAXPROCS(n)
			var got bytes.Buffer
			render(t, path, report.JSON(&got))
			runtime.GOMAXPROCS(was)
			if want == nil {
				want = got.Bytes()
			} else if !bytes.Equal(want, got.Bytes()) {
				t.Errorf("%s: %d cores give another report", path, n)
			}
		}
	}
}

// When the context ends, Explain returns though its input never does, and says that it is partial.
func TestInterrupted(t *testing.T) {
	w, path := pipeFor(t)
	header := "\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x01\x00\x00\x00"
	if _, err := io.WriteString(w, header); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var out bytes.Buffer
	text := report.Text(&out, report.TextOptions{})
	file, err := Explain(ctx, path, text, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !file.Partial || len(file.Warnings) != 1 || !strings.Contains(file.Warnings[0].Says, "interrupted") {
		t.Errorf("%+v", file)
	}
}

// pipeFor returns a pipe to write a capture into, and the path to read it from.
func pipeFor(t *testing.T) (w *os.File, path string) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.Close()
		w.Close()
	})
	path = filepath.Join("/dev/fd", strconv.Itoa(int(r.Fd())))
	if _, err := os.Stat(path); err != nil {
		t.Skip("this system has no /dev/fd")
	}
	return w, path
}

// An error of the renderer ends the work and comes back.
func TestRendererFails(t *testing.T) {
	paths := ruleCaptures(t)
	if len(paths) == 0 {
		t.Skip("no captures")
	}
	full := errors.New("no space left")
	_, err := Explain(context.Background(), paths[0], failing{report.JSON(io.Discard), full}, Options{})
	if !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

// A panic somewhere is reported, with its place, and what was read before it is kept.
func TestBugIsTold(t *testing.T) {
	paths := ruleCaptures(t)
	if len(paths) == 0 {
		t.Skip("no captures")
	}
	file, err := Explain(context.Background(), paths[0], panicking{report.JSON(io.Discard)}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if says := file.Warnings[0].Says; !file.Partial || !strings.Contains(says, "internal error: oops, at analyzer.panicking.Reset (analyzer_test.go:") {
		t.Errorf("partial %v: %s", file.Partial, says)
	}
}

type panicking struct{ report.Renderer }

func (panicking) Reset(*report.Reset) error { panic("oops") }

type failing struct {
	report.Renderer
	err error
}

func (f failing) Reset(*report.Reset) error { return f.err }

// BenchmarkExplain is the whole way over one capture: RSTEXPLAIN_BENCH names it, as a profile wants it.
func BenchmarkExplain(b *testing.B) {
	path := os.Getenv("RSTEXPLAIN_BENCH")
	if path == "" {
		paths := ruleCaptures(b)
		if len(paths) == 0 {
			b.Skip("no captures")
		}
		path = paths[0]
	}
	b.ReportAllocs()
	for b.Loop() {
		file := render(b, path, report.JSON(io.Discard))
		b.SetBytes(file.Bytes)
	}
}
