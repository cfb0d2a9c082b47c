package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rstexplain/rstexplain/flows/wire"
)

// refusedThenOther is a capture of a refused connection, and so many bytes of other packets behind it.
func refusedThenOther(t testing.TB, bytes int) []byte {
	t.Helper()
	segments, err := wire.Parse("0 > S 0\n0.01 < R. =0 ack 1")
	if err != nil {
		t.Fatal(err)
	}
	b := pcap(segments)
	udp := make([]byte, 60_000)
	copy(udp, []byte{0x45, 0, 0xea, 0x60, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 9, 192, 0, 2, 10})
	for range bytes / len(udp) {
		b = append(b, make([]byte, 8)...)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(udp)))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(udp)))
		b = append(b, udp...)
	}
	return b
}

// program is this program as another process.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Args[0] = "rstexplain" // as which testscript.Main runs it
	// The race detector's runtime sleeps for a second at exit by default, which is no time of the program.
	cmd.Env = append(os.Environ(), "NO_COLOR=1", "COLUMNS=100", "GORACE=atexit_sleep_ms=0")
	return cmd
}

// halfRead starts the program on a pipe, and returns once it has read what stands at its beginning and
// waits for more.
func halfRead(t *testing.T, args ...string) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer) {
	t.Helper()
	cmd = program(t, args...)
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Process.Kill()
	})
	// More than the pipe and all that waits between two stages can hold: once it is written, the first
	// packets have come to the end of the way.
	if _, err := in.Write(refusedThenOther(t, 32<<20)); err != nil {
		t.Fatal(err)
	}
	return cmd, stdout, stderr
}

func exitCode(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	if err == nil {
		return 0
	}
	if !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return exit.ExitCode()
}

// A signal ends the program with what was explained so far, and the report says that it is not all.
func TestSignals(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no such signals on Windows")
	}
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "report.json")
			cmd, stdout, stderr := halfRead(t, "--format", "json", "--output", path, "-")
			cmd.Process.Signal(sig)
			code := exitCode(t, cmd.Wait())
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if code != exitLoss || stdout.Len() > 0 || !strings.Contains(stderr.String(), "interrupted after packet ") {
				t.Errorf("exit code %d, standard error: %s", code, stderr)
			}
			for _, want := range []string{`"partial":true`, `"cause":"closed-port"`, "interrupted after packet "} {
				if !bytes.Contains(got, []byte(want)) {
					t.Errorf("the report lacks %s", want)
				}
			}
			onlyFile(t, path)
		})
	}
}

// A second signal ends the program at once, when the first one could not: here it waits for whoever should
// read its report.
func TestSecondSignal(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no such signals on Windows")
	}
	in := filepath.Join(t.TempDir(), "a.pcap")
	if err := os.WriteFile(in, refusedOften(t, 2000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		cmd := program(t, "--format", "json", in)
		cmd.Stdout = w
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		w.Close()
		// What it has begun to write, it is far from having written: the report is larger than a pipe.
		if _, err := io.ReadFull(r, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		// The first is taken in its own time, so more follow it until one ends the program.
		for done := false; !done; {
			cmd.Process.Signal(sig)
			select {
			case err = <-ended:
				done = true
			case <-time.After(10 * time.Millisecond):
			}
		}
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != sig {
			t.Errorf("%v: ended with %v", sig, err)
		}
	}
}

// refusedOften is a capture of n refused connections.
func refusedOften(t testing.TB, n int) []byte {
	t.Helper()
	one := refusedThenOther(t, 0)
	out := append([]byte(nil), one[:24]...)
	for i := range n {
		again := append([]byte(nil), one[24:]...)
		for at := 0; at < len(again); at += 16 + int(binary.LittleEndian.Uint32(again[at+8:])) {
			binary.LittleEndian.PutUint32(again[at:], uint32(1_700_000_000+i))
			port := again[at+16+20:] // the client's, in the first packet the source
			if at > 0 {
				port = port[2:]
			}
			binary.BigEndian.PutUint16(port, uint16(1024+i))
		}
		out = append(out, again...)
	}
	return out
}

// onlyFile fails the test when there is anything beside path, as a temporary file that was forgotten.
func onlyFile(t *testing.T, path string) {
	t.Helper()
	list, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		if f.Name() != filepath.Base(path) {
			t.Errorf("%s is left beside the report", f.Name())
		}
	}
}

// Killed, the program leaves the old report as it is, or none; what it had written stands beside it, under
// a name that no pattern of captures or reports takes.
func TestKilled(t *testing.T) {
	for _, old := range []bool{true, false} {
		for _, format := range []string{"html", "json", "text"} {
			path := filepath.Join(t.TempDir(), "report.html")
			if old {
				if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cmd, _, _ := halfRead(t, "--format", format, "--output", path, "-")
			cmd.Process.Kill()
			cmd.Wait()
			got, err := os.ReadFile(path)
			if old && (err != nil || string(got) != "old") || !old && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: the report now reads %q: %v", format, got, err)
			}
			list, err := os.ReadDir(filepath.Dir(path))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range list {
				if f.Name() != filepath.Base(path) && !strings.HasPrefix(f.Name(), ".report.html.") {
					t.Errorf("%s: %s is left", format, f.Name())
				}
			}
		}
	}
}

// Whoever reads the report may stop to: nothing is said about it.
func TestBrokenPipe(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs the pipes of Unix")
	}
	for _, format := range formatNames() {
		in := filepath.Join(t.TempDir(), "a.pcap")
		if err := os.WriteFile(in, refusedThenOther(t, 0), 0o600); err != nil {
			t.Fatal(err)
		}
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		var stderr bytes.Buffer
		cmd := program(t, "--format", format, in)
		cmd.Stdout, cmd.Stderr = w, &stderr
		err = cmd.Run()
		w.Close()
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGPIPE || stderr.Len() > 0 {
			t.Errorf("%s: %v: %s", format, err, &stderr)
		}
	}
}

// What this user may not read is reported, and the rest is explained.
func TestNotPermitted(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("files without rights are made for Linux")
	}
	dir, err := os.MkdirTemp("", "rstexplain-rights-") // not t.TempDir, into which only its owner can go
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	write := func(name string, b []byte, mode os.FileMode) {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, b, 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	write("rstexplain", binary, 0o755)
	write("secret.pcap", refusedThenOther(t, 0), 0)
	write("open.pcap", refusedThenOther(t, 0), 0o644)
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "closed"), 0), os.Chmod(dir, 0o755)); err != nil {
		t.Fatal(err)
	}

	run := func(args ...string) (stdout, stderr bytes.Buffer, code int) {
		cmd := exec.Command(filepath.Join(dir, "rstexplain"), args...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
		if os.Geteuid() == 0 { // to whom nothing is forbidden
			asNobody(cmd)
		}
		code = exitCode(t, cmd.Run())
		return stdout, stderr, code
	}
	stdout, stderr, code := run("secret.pcap", "open.pcap")
	if code != exitLoss || !strings.Contains(stderr.String(), "secret.pcap: permission denied; ") || !strings.Contains(stdout.String(), "closed-port") {
		t.Errorf("exit code %d\n%s%s", code, &stdout, &stderr)
	}
	_, stderr, code = run("closed")
	if code != exitLoss || !strings.HasPrefix(stderr.String(), "rstexplain: closed: ") {
		t.Errorf("exit code %d, %s", code, &stderr)
	}
	_, stderr, code = run("-o", "closed/report.txt", "open.pcap")
	if code != exitLoss || !strings.Contains(stderr.String(), "cannot write the report to closed/report.txt: permission denied; name a file that you may write") {
		t.Errorf("exit code %d, %s", code, &stderr)
	}
}

// Where a part of a report is kept in a temporary file, its directory is named when it is missing, and not the output.
func TestTemporaryDirectoryMissing(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "a.pcap")
	if err := os.WriteFile(in, refusedOften(t, 3000), 0o600); err != nil {
		t.Fatal(err)
	}
	out, missing := filepath.Join(dir, "report.html"), filepath.Join(dir, "missing")
	cmd := program(t, "-f", "html", "--all", "-o", out, in)
	cmd.Env = append(cmd.Env, "TMPDIR="+missing, "TMP="+missing)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	code := exitCode(t, cmd.Run())
	if code != exitLoss || !strings.Contains(stderr.String(), "cannot write a temporary file in "+missing+": no such file") || strings.Contains(stderr.String(), "report.html") {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("half a report is there")
	}
}

// Every command that needs a temporary file names the directory where it cannot have one, writes nothing, and fails. render
// spools as explain does; annotate and slice keep a pipe; annotate's comments wait in one where they do not fit in memory.
func TestTemporaryDirectoryOfEachCommand(t *testing.T) {
	dir := t.TempDir()
	in, reportFile := filepath.Join(dir, "a.pcap"), filepath.Join(dir, "report.json")
	capture := refusedOften(t, 3000)
	if err := os.WriteFile(in, capture, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := program(t, "-f", "json", "-o", reportFile, in).Run(); err != nil {
		t.Fatal(err)
	}
	out, missing := filepath.Join(dir, "out"), filepath.Join(dir, "missing")
	for _, c := range []struct {
		name  string
		stdin bool
		args  []string
	}{
		{"explain", false, []string{"-f", "html", "--all", "-o", out, in}},
		{"render", false, []string{"render", reportFile, "-f", "html", "--all", "-o", out}},
		{"annotate a pipe", true, []string{"annotate", "-", "-o", out}},
		{"slice a pipe", true, []string{"slice", "-", "-o", out}},
		{"slice --anonymize a pipe", true, []string{"slice", "--anonymize", "-", "-o", out}},
	} {
		cmd := program(t, c.args...)
		cmd.Env = append(cmd.Env, "TMPDIR="+missing, "TMP="+missing)
		if c.stdin {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			cmd.Stdin = r
			go func() {
				w.Write(capture)
				w.Close()
			}()
			defer r.Close()
		}
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if code := exitCode(t, cmd.Run()); code != exitLoss || !strings.Contains(stderr.String(), missing) {
			t.Errorf("%s: exit code %d: %s", c.name, code, &stderr)
		}
		for _, path := range []string{out, out + ".key"} {
			if _, err := os.Stat(path); err == nil {
				t.Errorf("%s: %s is there", c.name, filepath.Base(path))
				os.Remove(path)
			}
		}
	}
}
