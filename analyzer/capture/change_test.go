package capture

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// noise is a capture of n packets that no compression makes smaller.
func noise(n int) []byte {
	f, rnd := newPcapng(binary.LittleEndian).iface(1, 0), rand.NewChaCha8([32]byte{})
	data := make([]byte, 1000)
	for i := range n {
		rnd.Read(data)
		f.packet(0, 1700000000_000000+uint64(i), data)
	}
	return f.b
}

// A file may change while it is read: what it still holds is read, and what happened is reported.
func TestFileChanges(t *testing.T) {
	const n = 4000 // much more than what is read ahead
	file := noise(n)
	want, _ := readBytes(t, file)
	half := want[n/2].Offset + 40
	for _, c := range []struct {
		name     string
		compress bool
		change   func(path string) error
		packets  func(int) bool
		reasons  []Reason
		says     string
	}{
		{"grows", false, func(path string) error { return appendTo(path, file[want[n-1].Offset:]) }, func(got int) bool { return got == n+1 }, []Reason{Growing}, "the file grew from "},
		{"grows by half a packet", false, func(path string) error { return appendTo(path, file[want[n-1].Offset:][:500]) }, func(got int) bool { return got == n }, []Reason{Truncated, Growing}, "in the middle of a packet"},
		{"shrinks", false, func(path string) error { return os.Truncate(path, half) }, func(got int) bool { return got == n/2 }, []Reason{ReadError}, "the file was truncated while it was read"},
		{"is emptied", false, func(path string) error { return os.Truncate(path, 0) }, func(got int) bool { return got > 0 && got < n/2 }, []Reason{ReadError}, "the file was truncated while it was read"},
		{"is emptied, compressed", true, func(path string) error { return os.Truncate(path, 0) }, func(got int) bool { return got > 0 && got < n }, []Reason{ReadError}, "the file was truncated while it was read"},
		{"vanishes", false, os.Remove, func(got int) bool { return got == n }, nil, ""},
		{"is replaced", false, func(path string) error {
			other := path + ".new"
			if err := os.WriteFile(other, sample(1), 0o600); err != nil {
				return err
			}
			return os.Rename(other, path)
		}, func(got int) bool { return got == n }, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if runtime.GOOS == "windows" && c.reasons == nil {
				t.Skip("on Windows an open file stays where it is")
			}
			path, octets := filepath.Join(t.TempDir(), "a.pcapng"), file
			if c.compress {
				octets = packings(t)["gzip"](file)
			}
			if err := os.WriteFile(path, octets, 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := Open(path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			var b Batch
			if err := r.Next(&b); err != nil {
				t.Fatal(err)
			}
			got := len(b.Packets)
			if err := c.change(path); err != nil {
				t.Fatal(err)
			}
			for err = r.Next(&b); err == nil; err = r.Next(&b) {
				got += len(b.Packets)
			}
			if err != io.EOF || !c.packets(got) || !slices.Equal(reasons(r), c.reasons) {
				t.Fatalf("%v, %d packets of %d, problems %v", err, got, n, r.Problems())
			}
			if len(c.reasons) > 0 && !strings.Contains(r.Problems()[0].What, c.says) {
				t.Errorf("%q is said", r.Problems()[0].What)
			}
		})
	}
}

func appendTo(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write(data)
	return err
}

// Of standard input a part may have been read before: the file is no shorter for it.
func TestRestOfFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, append([]byte("a line\n"), sample(10)...), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.ReadFull(f, make([]byte, 7)); err != nil {
		t.Fatal(err)
	}
	got, r := readAll(t, f, Options{})
	if len(got) != 10 || len(r.Problems()) != 0 || r.Size() != int64(len(sample(10))) {
		t.Errorf("%d packets, %d bytes, problems %v", len(got), r.Size(), r.Problems())
	}
}

// A file that is smaller than what is read at a time takes no more memory than it holds.
func TestSmallFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.pcap")
	for _, n := range []int{0, 1, 10} {
		if err := os.WriteFile(path, samplePcap(n), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.chunk.buf) > 4<<10 {
			t.Errorf("%d bytes are held for a file of %d", len(r.chunk.buf), r.Size())
		}
		if got := drain(t, r); len(got) != n || len(r.Problems()) != 0 {
			t.Errorf("%d packets of %d, problems %v", len(got), n, r.Problems())
		}
		r.Close()
	}
}

// An endless stream: what goes in again and again, behind what goes in once.
func bomb(once, again []byte) io.Reader { return &endless{head: once, packets: again} }

// A bomb of any size costs no more than the bounds allow: this one never ends.
func TestEndlessBombs(t *testing.T) {
	if testing.Short() {
		t.Skip("decompresses a gigabyte")
	}
	zeros := newPcapng(binary.LittleEndian)
	zeros.b = nil
	zeros.block(0x777, make([]byte, 4<<20))
	head, body, pack := sample(10), bytes.Repeat(zeros.b, 2), packings(t)
	for _, c := range []struct {
		kind string
		opts Options
		says string
	}{
		{"gzip", Options{}, "this may be a decompression bomb"},
		{"zstd", Options{}, "this may be a decompression bomb"},
		{"lz4", Options{MaxRatio: 100}, "this may be a decompression bomb"}, // it gives 255 bytes for one at most
		{"gzip", Options{MaxRatio: 1 << 30, MaxBytes: 48 << 20}, "expand to more than 50331648"},
		{"zstd", Options{MaxRatio: 1 << 30, MaxBytes: 48 << 20}, "expand to more than 50331648"},
		{"lz4", Options{MaxBytes: 48 << 20}, "expand to more than 50331648"},
	} {
		r, err := NewReader(bomb(pack[c.kind](head), pack[c.kind](body)), c.opts)
		if err != nil {
			t.Fatal(err)
		}
		got := drain(t, r)
		if len(got) != 10 || !slices.Equal(reasons(r), []Reason{Expansion}) || !strings.Contains(r.Problems()[0].What, c.says) {
			t.Errorf("%s, %+v: %d packets, problems %v", c.kind, c.opts, len(got), r.Problems())
		}
		if out := r.base; out > cmp.Or(c.opts.MaxBytes, ratioFrom)+64<<20 {
			t.Errorf("%s, %+v: %d bytes came out", c.kind, c.opts, out)
		}
		r.Close()
	}
}
