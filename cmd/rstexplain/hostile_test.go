package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"unicode"
	"unicode/utf8"
)

// hostileNames are names of files that a stranger may choose.
var hostileNames = []string{"\x1b[2J\x1b]0;owned\x07.pcap", "a\nrstexplain: all is well.pcap", "\u202egnp.pcap", "\xff\xfe.pcap", "<script>.pcap", "=cmd|x.pcap"}

// No file name reaches a terminal as anything but text. (JSON keeps names as they are, but for control
// characters, so that programs find the file.)
func TestHostileNames(t *testing.T) {
	dir := t.TempDir()
	whole := refusedThenOther(t, 0)
	for _, name := range hostileNames {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, whole[:len(whole)-5], 0o600); err != nil {
			t.Skipf("this file system takes no such names: %v", err)
		}
		for _, args := range [][]string{
			{path}, {dir}, {path + "-missing"}, {"-f", "csv", path}, {"-f", "html", path}, {"-f", "markdown", path}, {"-f", "junit", path}, {"-f", "json", path},
			{"-o", path, path}, {"-o", path + "/x", path}, {"-f", name, path}, {"--" + name, path}, {"render", path}, {"rules", name},
			{"annotate", path, "-o", filepath.Join(dir, "out.pcapng")}, {"slice", path, "-o", path}, {"slice", path, "--cause", name, "-o", "x"},
		} {
			var stdout, stderr bytes.Buffer
			run(t.Context(), args, &stdout, &stderr)
			for _, out := range []*bytes.Buffer{&stdout, &stderr} {
				if !utf8.Valid(out.Bytes()) {
					t.Errorf("%q: no UTF-8: %q", args, out)
				}
				for _, r := range out.String() {
					if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) && !slices.Contains(args, "json")) {
						t.Errorf("%q: %U reaches the terminal: %q", args, r, out)
						break
					}
				}
			}
			if bytes.Contains(stderr.Bytes(), []byte("\nrstexplain: all is well")) {
				t.Errorf("%q: a name speaks for the program: %s", args, &stderr)
			}
			os.Remove(filepath.Join(dir, "out.pcapng"))
		}
		os.Remove(path)
	}
}
