//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The files of a rotating capture can come through pipes, as of <(zstdcat …): each is opened once.
func TestJoinNamedPipes(t *testing.T) {
	dir := t.TempDir()
	var files, pipes []string
	for _, name := range []string{"b", "a"} {
		file, pipe := filepath.Join(dir, name+".pcap"), filepath.Join(dir, name)
		if err := os.WriteFile(file, refusedOften(t, 2_000), 0o600); err != nil { // more than a pipe holds
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Skip(err)
		}
		files, pipes = append(files, file), append(pipes, pipe)
	}
	explained := func(paths []string) string {
		out, err := program(t, append([]string{"--join", "--format", "csv"}, paths...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v, %s", paths, err, out)
		}
		return strings.ReplaceAll(string(out), ".pcap", "")
	}
	want := explained(files)
	for _, pipe := range pipes {
		go func() {
			b, _ := os.ReadFile(pipe + ".pcap")
			os.WriteFile(pipe, b, 0)
		}()
	}
	if got := explained(pipes); got != want || len(want) < 1_000_000 {
		t.Errorf("%d bytes of report, of files %d", len(got), len(want))
	}
}
