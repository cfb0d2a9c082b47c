package analyzer_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// jsonOf returns the JSON report of a capture.
func jsonOf(t testing.TB, path string) []byte {
	t.Helper()
	var out bytes.Buffer
	r := report.JSON(&out)
	if _, err := analyzer.Explain(context.Background(), path, r, analyzer.Options{}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// everyPacking is packings, and bzip2 and xz where the programs are installed: there is no writer in Go.
func everyPacking(t *testing.T, octets []byte) map[string][]byte {
	t.Helper()
	all := packings(t, octets)
	for name, block := range map[string]string{"bzip2": "-1", "xz": "--block-size=200000"} {
		program, err := exec.LookPath(name)
		if err != nil {
			t.Logf("%s is not installed: its streams are not damaged", name)
			continue
		}
		cmd := exec.Command(program, "-c", block)
		cmd.Stdin = bytes.NewReader(octets)
		if all[name], err = cmd.Output(); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// large is a capture of a megabyte: several blocks of most compressions.
func large(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile("../testdata/keepalive-race/capture.pcapng")
	if err != nil {
		t.Skip("testdata holds no captures")
	}
	// Sections may follow each other; the bytes in between do not compress.
	rnd := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 16<<10)
	var out []byte
	for len(out) < 1<<20 {
		for i := range noise {
			noise[i] = byte(rnd.Uint32())
		}
		out = append(append(out, b...), 0xad, 0x0b, 0, 0, 0x0c, 0x40, 0, 0) // a Custom Block
		out = append(append(out, noise...), 0x0c, 0x40, 0, 0)
	}
	return out
}

// TestDamagedAlike damages streams of every compression: whatever comes out of them, the report is the same on any
// number of processors.
func TestDamagedAlike(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	small, err := os.ReadFile("../testdata/keepalive-race/capture.pcapng")
	if err != nil {
		t.Skip("testdata holds no captures")
	}
	path := filepath.Join(t.TempDir(), "damaged")
	rnd := rand.New(rand.NewPCG(3, 4))
	for size, plain := range map[string][]byte{"small": small, "large": large(t)} {
		tries := 5 // one of each damage
		switch {
		case *everywhere:
			tries = 40
		case testing.Short():
			tries = 3
		}
		for format, packed := range everyPacking(t, plain) {
			for i := range tries {
				broken := bytes.Clone(packed)
				at := rnd.IntN(len(broken))
				switch i % 5 {
				case 0: // the checksum at the end
					at = len(broken) - 3 - i/5
					broken[at] ^= 1
				case 1:
					copy(broken[at:], "\x00\x00\x00\x00\x00\x00\x00\x00")
				case 2:
					broken = broken[:at]
				default:
					broken[at] ^= 1 << rnd.IntN(8)
				}
				if err := os.WriteFile(path, broken, 0o600); err != nil {
					t.Fatal(err)
				}
				var first []byte
				for _, processors := range []int{1, 2, 8} {
					runtime.GOMAXPROCS(processors)
					got := jsonOf(t, path)
					if first == nil {
						first = got
					} else if !bytes.Equal(first, got) {
						t.Errorf("%s %s, damaged at %d of %d: %d processors give another report:\n%s", size, format, at, len(packed), processors, difference(first, got))
					}
				}
			}
		}
	}
}

// difference returns what stands around the first byte in which two reports differ.
func difference(a, b []byte) string {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	around := func(b []byte) []byte { return b[min(max(i-60, 0), len(b)):min(i+120, len(b))] }
	return fmt.Sprintf("%s\n%s", around(a), around(b))
}

// TestChecksumAlone damages nothing but the checksum at the end of a stream: all that it holds is explained, and
// the damage is reported.
func TestChecksumAlone(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	dir := t.TempDir()
	plain, err := os.ReadFile("../testdata/keepalive-race/capture.pcapng")
	if err != nil {
		t.Skip("testdata holds no captures")
	}
	whole := filepath.Join(dir, "whole")
	if err := os.WriteFile(whole, plain, 0o600); err != nil {
		t.Fatal(err)
	}
	resets := func(path string) (report.File, string) {
		var r report.Report
		if err := json.Unmarshal(jsonOf(t, path), &r); err != nil {
			t.Fatal(err)
		}
		b, _ := json.Marshal(r.Files[0].Resets)
		return r.Files[0], string(b)
	}
	_, want := resets(whole)
	for format, packed := range everyPacking(t, plain) {
		broken := bytes.Clone(packed)
		at := map[string]int{"gzip": 8, "zstd": 1, "lz4": 1, "bzip2": 3}[format]
		if format == "xz" { // the check of the block stands before the index, whose size stands in the footer
			at = 12 + 4*(int(binary.LittleEndian.Uint32(packed[len(packed)-8:]))+1) + 1
		}
		broken[len(broken)-at] ^= 0x10
		path := filepath.Join(dir, format)
		if err := os.WriteFile(path, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, processors := range []int{1, 2, 8} {
			runtime.GOMAXPROCS(processors)
			file, got := resets(path)
			if got != want || len(file.Resets) == 0 {
				t.Errorf("%s, %d processors: %d resets, not those of the whole capture", format, processors, len(file.Resets))
			}
			if !file.Partial || !placed(file.Warnings) {
				t.Errorf("%s, %d processors: the damage is not reported: %v", format, processors, file.Warnings)
			}
		}
	}
}
