package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gopacket/gopacket/pcapgo"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/analyzer/rewrite"
)

// copying is a rewriting that does something between its passes.
func copying(in, to string, between func()) rewriting {
	x := rewriting{in: in, to: to, bounds: boundFlags{defaultConnections, defaultMemory}, first: afterFile{&rewrite.Comments{}, between}, done: func() {}}
	x.again = func(ctx context.Context, r *capture.Reader, w io.Writer) error {
		_, err := r.Rewrite(ctx, w, nil)
		return err
	}
	return x
}

// An afterFile does something once the file is explained.
type afterFile struct {
	report.Renderer
	do func()
}

func (a afterFile) EndFile(f *report.File) error {
	a.do()
	return a.Renderer.EndFile(f)
}

// A capture that changes between the two passes is not written with comments that are another's, and one whose path
// leads to another file by then is the one that was explained.
func TestRewriteChanged(t *testing.T) {
	one, other := refusedOften(t, 3), refusedOften(t, 5)
	for _, test := range []struct {
		name, says string
		between    func(path string) error
		written    bool
	}{
		{"nothing happens", "", func(string) error { return nil }, true},
		{"it grows", "changed while it was read: its size was ", func(path string) error { return os.WriteFile(path, other, 0o600) }, false},
		{"it is written to", "changed while it was read: it was written to", func(path string) error {
			if err := os.WriteFile(path, one, 0o600); err != nil {
				return err
			}
			return os.Chtimes(path, time.Time{}, time.Now().Add(time.Second))
		}, false},
		{"it is replaced", "replaced or removed while it was being read", func(path string) error {
			if err := os.WriteFile(path+".new", other, 0o600); err != nil {
				return err
			}
			return os.Rename(path+".new", path)
		}, true},
		{"it is removed", "replaced or removed while it was being read", os.Remove, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			in, to := filepath.Join(dir, "in.pcap"), filepath.Join(dir, "out.pcapng")
			if err := os.WriteFile(in, one, 0o600); err != nil {
				t.Fatal(err)
			}
			var stderr bytes.Buffer
			err := copying(in, to, func() {
				if err := test.between(in); err != nil {
					t.Skip(err)
				}
			}).run(t.Context(), &stderr)
			if !strings.Contains(stderr.String(), test.says) || (test.says == "") != (stderr.Len() == 0) || (err == nil) != test.written {
				t.Errorf("%v, %s", err, &stderr)
			}
			r, err := capture.Open(to, capture.Options{})
			if (err == nil) != test.written {
				t.Fatalf("written: %v", err)
			}
			if err == nil {
				defer r.Close()
				n := 0
				for b := (capture.Batch{}); r.Next(&b) == nil; {
					n += len(b.Packets)
				}
				if n != 2*3 {
					t.Errorf("%d packets of another file", n)
				}
			}
		})
	}
}

// A signal ends each part of the work, says what is not written, and leaves nothing.
func TestRewriteInterrupted(t *testing.T) {
	for _, when := range []string{"while in.pcap was being explained", "while it was being written"} {
		t.Run(when, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.WriteFile("in.pcap", refusedOften(t, 3), 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			x := copying("in.pcap", "out.pcapng", func() {})
			if strings.HasPrefix(when, "while it") {
				x.again = func(ctx context.Context, _ *capture.Reader, w io.Writer) error {
					io.WriteString(w, "half a capture")
					stop()
					time.Sleep(time.Hour) // as a write without a reader
					return nil
				}
			} else {
				x = copying("in.pcap", "out.pcapng", stop)
			}
			var stderr bytes.Buffer
			begun := time.Now()
			err := x.run(ctx, &stderr)
			if took := time.Since(begun); err != (lossError{}) || took > 5*time.Second {
				t.Errorf("%v after %v", err, took)
			}
			if want := "rstexplain: out.pcapng: not written: interrupted " + when + "\n"; stderr.String() != want {
				t.Errorf("%q, want %q", &stderr, want)
			}
			onlyFile(t, "in.pcap")
		})
	}
}

// Slices that are made at the same time, to one file and with one new key, leave a key and a slice that belong together.
func TestKeyFitsSlice(t *testing.T) {
	dir := t.TempDir()
	in, to := filepath.Join(dir, "in.pcap"), filepath.Join(dir, "out.pcapng")
	if err := os.WriteFile(in, refusedOften(t, 50), 0o600); err != nil {
		t.Fatal(err)
	}
	for round := range 10 {
		os.Remove(to + ".key")
		var all sync.WaitGroup
		codes := make([]int, 4)
		says := make([]bytes.Buffer, len(codes))
		for i := range codes {
			all.Go(func() {
				codes[i] = run(context.Background(), []string{"slice", in, "-o", to, "--anonymize"}, io.Discard, &says[i])
			})
		}
		all.Wait()
		done := 0
		for i, code := range codes {
			if code == exitOK {
				done++
			} else if !strings.Contains(says[i].String(), "another key was written there meanwhile") {
				t.Errorf("exit code %d: %s", code, &says[i])
			}
		}
		text, err := os.ReadFile(to + ".key")
		if err != nil {
			t.Fatal(err)
		}
		key, err := hex.DecodeString(strings.TrimSpace(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		pan, err := rewrite.NewCryptoPAn(key)
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(to)
		if err != nil {
			t.Fatal(err)
		}
		r, err := pcapgo.NewNgReader(f, pcapgo.DefaultNgReaderOptions)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.SectionInfo().Comment; done == 0 || !strings.HasSuffix(got, pan.Fingerprint()) {
			t.Errorf("round %d: %d done, the slice is %q, the key %s", round, done, got, pan.Fingerprint())
		}
		f.Close()
		if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	}
}

// A slice that cannot be put in its place takes its new key with it.
func TestKeyWithoutSlice(t *testing.T) {
	dir := t.TempDir()
	in, to := filepath.Join(dir, "in.pcap"), filepath.Join(dir, "out.pcapng")
	if err := os.WriteFile(in, refusedOften(t, 3), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := readKey(to + ".key")
	if err != nil {
		t.Fatal(err)
	}
	x := copying(in, to, func() {})
	x.place = func() (func(), error) {
		undo, err := key.place()
		if err == nil {
			err = os.MkdirAll(filepath.Join(to, "in the way"), 0o700)
		}
		return undo, err
	}
	var stderr bytes.Buffer
	if err := x.run(t.Context(), &stderr); err == nil {
		t.Errorf("no error: %s", &stderr)
	}
	if _, err := os.Stat(to + ".key"); err == nil {
		t.Error("a key without a slice")
	}
}

// Comments that do not fit in memory are the same, and in the same place.
func TestAnnotateSpills(t *testing.T) {
	in := filepath.Join(t.TempDir(), "in.pcap")
	if err := os.WriteFile(in, refusedOften(t, 300), 0o600); err != nil {
		t.Fatal(err)
	}
	make := func(memory int64) []byte {
		comments := rewrite.Comments{MaxMemory: memory}
		defer comments.Close()
		x := copying(in, in+fmt.Sprint(memory), func() {})
		x.first = &comments
		x.again = func(ctx context.Context, r *capture.Reader, w io.Writer) error {
			_, err := rewrite.Annotate(ctx, r, w, &comments)
			return err
		}
		var stderr bytes.Buffer
		if err := x.run(t.Context(), &stderr); err != nil {
			t.Fatalf("%v, %s", err, &stderr)
		}
		if (memory > 0) != (comments.Waited > 0) {
			t.Errorf("%d bytes waited in a file", comments.Waited)
		}
		b, err := os.ReadFile(in + fmt.Sprint(memory))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	want := make(0)
	for _, memory := range []int64{1, 1000, 20_000} {
		if got := make(memory); !bytes.Equal(got, want) {
			t.Errorf("with %d bytes of memory the capture is another: %d bytes, want %d", memory, len(got), len(want))
		}
	}
	if n := bytes.Count(want, []byte("rstexplain: ")); n < 300 {
		t.Errorf("%d comments", n)
	}
}

// A capture of which nothing can be read, not even its header, becomes no file: an empty one would be no capture.
func TestRewriteNothingRead(t *testing.T) {
	dir := t.TempDir()
	in, to := filepath.Join(dir, "in.pcap.gz"), filepath.Join(dir, "out.pcapng")
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(refusedOften(t, 3))
	z.Close()
	damaged := packed.Bytes()[:20]
	if err := os.WriteFile(in, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"annotate", "slice"} {
		var stderr bytes.Buffer
		if code := run(t.Context(), []string{command, in, "-o", to}, io.Discard, &stderr); code == exitOK {
			t.Errorf("%s ends with success", command)
		}
		if _, err := os.Stat(to); err == nil {
			t.Errorf("%s wrote a file", command)
		}
		if !strings.Contains(stderr.String(), "in.pcap.gz") {
			t.Errorf("%s: %s", command, &stderr)
		}
	}
}
