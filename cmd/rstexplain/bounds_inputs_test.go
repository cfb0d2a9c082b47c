package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestEndlessName reads lists with a name that no file can have: it is reported, and the names after it are read.
func TestEndlessName(t *testing.T) {
	for _, end := range []string{"\n", "\x00"} {
		var told []string
		l := &inputList{tell: func(line string) { told = append(told, line) }}
		list := "a.pcap" + end + strings.Repeat("x", 3*maxName+7) + end + "b.pcap" + end + strings.Repeat("y", 2*maxName)
		if err := l.addList(strings.NewReader(list)); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(l.paths, []string{"a.pcap", "b.pcap"}) || !l.lost || len(told) != 2 ||
			!strings.Contains(told[0], "name 2 of the list is longer than 65536 bytes") || !strings.Contains(told[1], "name 4") {
			t.Errorf("%q: %d names, the reports are %q", end, len(l.paths), told)
		}
	}
}

// TestLargeSmallFiles names files of 64 GiB as a key, a page and idle times: each is refused without being read whole.
func TestLargeSmallFiles(t *testing.T) {
	dir := t.TempDir()
	large, in := filepath.Join(dir, "large"), filepath.Join(dir, "a.pcap")
	if err := errors.Join(os.WriteFile(large, nil, 0o600), os.WriteFile(in, refusedThenOther(t, 0), 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, 64<<30); err != nil {
		t.Skip("no file with a hole can be made: ", err)
	}
	for _, c := range []struct {
		want string
		args []string
	}{
		{"is not an anonymization key", []string{"slice", in, "-o", filepath.Join(dir, "out"), "--anonymize", "--key-file", large}},
		{"is not the page", []string{"serve", "--page", large}},
		{"--timeouts: ", []string{"--timeouts", large, in}},
	} {
		var out bytes.Buffer
		if code := run(context.Background(), c.args, &out, &out); code != exitUsage || !strings.Contains(out.String(), c.want) {
			t.Errorf("%q: exit code %d: %s", c.args, code, &out)
		}
	}
	many := filepath.Join(dir, "many.tsv")
	if err := os.WriteFile(many, bytes.Repeat([]byte("5\tserver\tours\n"), maxTimeouts/14+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := knownTimeouts(many); err == nil || !strings.Contains(err.Error(), "more than 1048576 bytes") {
		t.Errorf("idle times of more than a MiB: %v", err)
	}
}

// TestSlicesOfAssistant writes as the assistant does: whole or not at all, and never in the place of another file.
func TestSlicesOfAssistant(t *testing.T) {
	dir := t.TempDir()
	files := slicesOf{&temporaryFiles{paths: map[string]bool{}}}
	path := filepath.Join(dir, "a.pcapng")
	write := func(text string) string {
		t.Helper()
		f, err := files.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		f.Close()
		return f.Name()
	}
	first := write("first")
	if _, err := os.Lstat(path); err == nil {
		t.Error("an unfinished slice has its name")
	}
	if err := files.Place(first, path); err != nil {
		t.Fatal(err)
	}
	files.Discard(first)
	second := write("second")
	if err := files.Place(second, path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a slice in the place of another: %v", err)
	}
	files.remove() // as when a signal comes now
	if b, err := os.ReadFile(path); err != nil || string(b) != "first" {
		t.Errorf("the first slice is %q: %v", b, err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("files left: %v", left)
	}
}
