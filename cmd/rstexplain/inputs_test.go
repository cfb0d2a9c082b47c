package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// list returns what is found below the named directories, and what is said about it.
func list(t testing.TB, names ...string) (paths, told []string) {
	t.Helper()
	l := inputList{tell: func(line string) { told = append(told, line) }}
	for _, name := range names {
		l.add(name)
	}
	return l.paths, told
}

// Links that go round end the walk, and each directory is read once, whatever leads to it.
func TestLoops(t *testing.T) {
	dir := t.TempDir()
	at := func(parts ...string) string { return filepath.Join(append([]string{dir}, parts...)...) }
	for _, d := range []string{"a", "b", "c"} {
		if err := os.Mkdir(at(d), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at(d, "x.pcap"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{
		at("a", "to-b"): at("b"), at("b", "to-a"): filepath.Join("..", "a"), // to each other
		at("a", "up"): "..", at("a", "self"): ".", // to where they are
		at("c", "one"): "two", at("c", "two"): "one", // to nothing but each other
	} {
		if err := os.Symlink(to, link); err != nil {
			t.Skip(err)
		}
	}
	paths, told := list(t, dir)
	if want := []string{at("a", "to-b", "x.pcap"), at("a", "x.pcap"), at("c", "x.pcap")}; !slices.Equal(paths, want) {
		t.Errorf("found %v, want %v", paths, want)
	}
	again := func(path string) string {
		return path + ": skipped, because it leads to a directory that has been read"
	}
	want := []string{
		again(at("a", "self")), again(at("a", "to-b", "to-a")), again(at("a", "up")), again(at("b")),
		at("c", "one") + ": cannot be read: too many levels of symbolic links",
		at("c", "two") + ": cannot be read: too many levels of symbolic links",
	}
	if !slices.Equal(told, want) {
		t.Errorf("got %q\nwant %q", told, want)
	}

	// By another way to it, a directory is the same.
	t.Chdir(at("c"))
	paths, told = list(t, at("b"), filepath.Join("..", "b"), filepath.Join("..", "a", "to-b"))
	if len(paths) != 3 || !slices.Equal(told[len(told)-2:], []string{again(filepath.Join("..", "b")), again(filepath.Join("..", "a", "to-b"))}) {
		t.Errorf("found %v, told %q", paths, told)
	}
}

// A file that goes between the search and the reading is reported as one that is not there.
func TestVanished(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.pcap", "b.pcap"} {
		if err := os.WriteFile(filepath.Join(dir, name), refusedThenOther(t, 0), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list := filepath.Join(dir, "list")
	if err := os.WriteFile(list, []byte(filepath.Join(dir, "a.pcap")+"\n"+filepath.Join(dir, "b.pcap")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "a.pcap")); err != nil {
		t.Fatal(err)
	}
	out, err := program(t, "--files-from", list).CombinedOutput()
	if code := exitCode(t, err); code != exitLoss || !strings.Contains(string(out), "a.pcap: no such file") || !strings.Contains(string(out), "closed-port") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// BenchmarkWalk finds 20,000 small captures, in one directory and in as many.
func BenchmarkWalk(b *testing.B) {
	const n = 20_000
	capture := refusedThenOther(b, 0)
	for _, per := range []struct {
		name  string
		place string
	}{{"one-directory", "%05d.pcap"}, {"no-suffix", "%05d"}, {"a-directory-each", "%05d/x.pcap"}} {
		b.Run(per.name, func(b *testing.B) {
			dir := b.TempDir()
			for i := range n {
				path := filepath.Join(dir, fmt.Sprintf(per.place, i))
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					b.Fatal(err)
				}
				if err := os.WriteFile(path, capture, 0o600); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				if paths, told := list(b, dir); len(paths) != n || len(told) > 0 {
					b.Fatalf("%d files, told %q", len(paths), told)
				}
			}
		})
	}
}
