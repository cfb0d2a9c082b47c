//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A named pipe is read once, and its capture twice.
func TestRewriteNamedPipe(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", t.TempDir())
	file, pipe := filepath.Join(dir, "in.pcap"), filepath.Join(dir, "pipe")
	b := refusedOften(t, 2000)
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	for _, args := range [][]string{{"annotate"}, {"slice"}, {"slice", "--anonymize", "--key-file", filepath.Join(dir, "key")}} {
		made := func(in, to string) []byte {
			cmd := program(t, append(args, in, "-o", filepath.Join(dir, to))...)
			says, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %v, %s", args, err, says)
			}
			if in == pipe && !bytes.Contains(says, []byte("copied to a temporary file")) {
				t.Errorf("%v: %s", args, says)
			}
			out, err := os.ReadFile(filepath.Join(dir, to))
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		want := made(file, "of-file")
		go os.WriteFile(pipe, b, 0)
		if got := made(pipe, "of-pipe"); !bytes.Equal(got, want) {
			t.Errorf("%v: of the pipe %d bytes, of the file %d", args, len(got), len(want))
		}
	}
	if left, _ := os.ReadDir(os.Getenv("TMPDIR")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// A signal ends annotate and slice wherever they wait, with a word, and leaves nothing behind.
func TestRewriteSignals(t *testing.T) {
	for _, command := range [][]string{{"annotate"}, {"slice", "--anonymize"}} {
		for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
			for _, wait := range []string{"without a writer", "silent", "output without a reader"} {
				t.Run(command[0]+" "+sig.String()+" "+wait, func(t *testing.T) {
					t.Parallel()
					dir := t.TempDir()
					pipe, in, out := filepath.Join(dir, "pipe"), filepath.Join(dir, "in.pcap"), filepath.Join(dir, "out.pcapng")
					if err := syscall.Mkfifo(pipe, 0o600); err != nil {
						t.Skip(err)
					}
					if err := os.WriteFile(in, refusedOften(t, 2000), 0o600); err != nil {
						t.Fatal(err)
					}
					args := slices.Concat(command, []string{pipe, "-o", out})
					if wait == "output without a reader" {
						args = slices.Concat(command, []string{in, "-o", pipe})
					}
					cmd := program(t, args...)
					var stderr bytes.Buffer
					cmd.Stderr = &stderr
					if err := cmd.Start(); err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { cmd.Process.Kill() })
					if wait == "silent" {
						w, err := os.OpenFile(pipe, os.O_WRONLY, 0)
						if err != nil {
							t.Fatal(err)
						}
						defer w.Close()
					}
					if runtime.GOOS == "linux" {
						untilIdle(t, cmd.Process.Pid)
					} else {
						time.Sleep(500 * time.Millisecond) // it waits by then, or is about to
					}
					begun := time.Now()
					cmd.Process.Signal(sig)
					code := exitCode(t, cmd.Wait())
					if took := time.Since(begun); took > 10*time.Second { // a few milliseconds, and what a busy machine takes
						t.Errorf("ended after %v", took)
					} else {
						t.Logf("ended after %v", took)
					}
					if code != exitLoss || !strings.Contains(stderr.String(), ": not written: interrupted ") {
						t.Errorf("exit code %d, %s", code, &stderr)
					}
					left, _ := os.ReadDir(dir)
					if len(left) != 2 {
						t.Errorf("left: %v", left)
					}
				})
			}
		}
	}
}
