package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSignalsEndWaits waits for what never comes, in each way there is: a signal ends the run within 200 ms, with an
// exit code of its own, and leaves nothing but what it was asked for.
func TestSignalsEndWaits(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs named pipes")
	}
	halfExport := `[{"_index": "packets", "_source": {"layers": {"frame": {"frame.number": "1"}}}}, ` + strings.Repeat(" ", 8<<10)
	halfReport := `{"schema_version":1,"generator":"test","files":[{"path":"a","resets":[`
	for _, wait := range []struct {
		name  string
		stdin string // what comes before the silence
		args  []string
		want  string // on standard error or in the report
	}{
		{"silent standard input", "", []string{"-"}, "interrupted before anything could be read"},
		{"follow", "", []string{"--follow", "-"}, "interrupted before anything could be read"},
		{"follow after packets", string(refusedThenOther(t, 0)), []string{"--follow", "-"}, "closed-port"},
		{"capture that stalls", string(refusedThenOther(t, 0)), []string{"-"}, "closed-port"},
		{"export that stalls", halfExport, []string{"-"}, "interrupted after packet"},
		{"input without a writer", "", []string{"FIFO"}, "interrupted before anything could be read"},
		{"one input of two", "", []string{"FIFO", "CAPTURE"}, "interrupted before anything could be read"},
		{"joined", "", []string{"--join", "FIFO", "CAPTURE"}, "interrupted before anything could be read"},
		{"to a file", "", []string{"-f", "json", "-o", "OUT", "FIFO"}, "interrupted before anything could be read"},
		{"output without a reader", "", []string{"-o", "FIFO", "CAPTURE"}, "interrupted while"},
		{"timeouts without a writer", "", []string{"--timeouts", "FIFO", "CAPTURE"}, "interrupted while"},
		{"kernel's record without a writer", "", []string{"--kernel", "FIFO", "CAPTURE"}, "interrupted while"},
		{"kernel's record to compare with", "", []string{"compare", "a=CAPTURE", "b=CAPTURE", "--kernel", "FIFO"}, "interrupted while"},
		{"key without a writer", "", []string{"slice", "CAPTURE", "-o", "OUT", "--anonymize", "--key-file", "FIFO"}, "interrupted while"},
		{"page without a writer", "", []string{"serve", "--page", "FIFO"}, "interrupted while"},
		{"list without a writer", "", []string{"--files-from", "FIFO"}, "interrupted while"},
		{"list that stalls", "a.pcap\n", []string{"--files-from", "-"}, "interrupted while reading standard input"},
		{"annotate to a pipe without a reader", "", []string{"annotate", "CAPTURE", "-o", "FIFO"}, "fifo: not written: interrupted before anything was written"},
		{"slice to a pipe without a reader", "", []string{"slice", "CAPTURE", "-o", "FIFO"}, "fifo: not written: interrupted before anything was written"},
		{"annotate from a pipe without a writer", "", []string{"annotate", "FIFO", "-o", "OUT"}, "not written: interrupted before"},
		{"import from a pipe without a writer", "", []string{"import", "FIFO", "-o", "OUT"}, "report: not written: interrupted"},
		{"import of a text that stalls", printedRefusal, []string{"import", "-", "-o", "OUT"}, "report: not written: interrupted while - was being read"},
		{"import to a pipe without a reader", printedRefusal, []string{"import", "-", "-o", "FIFO"}, "fifo: not written: interrupted"},
		{"report without a writer", "", []string{"render", "FIFO"}, "interrupted while"},
		{"silent report", "", []string{"render", "-"}, "interrupted while reading standard input"},
		{"report that stalls", halfReport, []string{"render", "-f", "html", "-o", "OUT", "-"}, "interrupted while reading standard input"},
	} {
		for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
			t.Run(fmt.Sprintf("%s/%v", wait.name, sig), func(t *testing.T) {
				t.Parallel()
				var took time.Duration
				limit := 200 * time.Millisecond
				if underRace {
					limit = time.Second
				}
				for range 10 { // a machine that is busy may keep it waiting
					if took = endsWait(t, wait.stdin, wait.args, wait.want, sig); took <= limit {
						return
					}
				}
				t.Errorf("it ended only %v after the signal", took)
			})
		}
	}
}

const printedRefusal = `10:00:00.000000 IP 192.0.2.1.40000 > 198.51.100.7.8080: Flags [S], seq 1, win 1, length 0
10:00:00.000100 IP 198.51.100.7.8080 > 192.0.2.1.40000: Flags [R.], seq 0, ack 2, win 0, length 0
`

// endsWait runs the program until it waits, sends it a signal, and returns how long it took to end.
func endsWait(t *testing.T, stdin string, args []string, want string, sig os.Signal) time.Duration {
	t.Helper()
	dir, beside := t.TempDir(), t.TempDir()
	fifo, in, out := filepath.Join(beside, "fifo"), filepath.Join(beside, "a.pcap"), filepath.Join(dir, "report")
	if err := errors.Join(exec.Command("mkfifo", fifo).Run(), os.WriteFile(in, refusedThenOther(t, 0), 0o600)); err != nil {
		t.Skip(err)
	}
	var real []string
	for _, a := range args {
		real = append(real, strings.NewReplacer("FIFO", fifo, "CAPTURE", in, "OUT", out).Replace(a))
	}
	cmd := program(t, real...)
	cmd.Env = append(cmd.Env, "TMPDIR="+dir)
	var printed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &printed, &printed
	pipe, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	if _, err := io.WriteString(pipe, stdin); err != nil {
		t.Fatal(err)
	}
	untilIdle(t, cmd.Process.Pid)
	begin := time.Now()
	if err := cmd.Process.Signal(sig); err != nil {
		t.Fatalf("it did not wait: %v: %s", err, &printed)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err = <-ended:
	case <-time.After(30 * time.Second):
		t.Fatalf("no end: %s", &printed)
	}
	took := time.Since(begin)
	code := exitCode(t, err)
	told := printed.String()
	if b, err := os.ReadFile(out); err == nil {
		told += string(b)
	}
	if code != exitLoss && code != exitOK || !strings.Contains(told, want) {
		t.Errorf("exit code %d, want %q in: %s", code, want, told)
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		if f.Name() != filepath.Base(out) {
			t.Errorf("%s is left", f.Name())
		}
	}
	return took
}

// untilIdle returns when a process has used no time of the processor for a while, and asks for none: it waits.
func untilIdle(t *testing.T, pid int) {
	t.Helper()
	stat := filepath.Join("/proc", strconv.Itoa(pid), "stat")
	var before string
	for same, tries := 0, 0; same < 8; tries++ {
		time.Sleep(50 * time.Millisecond)
		b, err := os.ReadFile(stat)
		if err != nil || tries > 1200 {
			t.Fatalf("it did not begin to wait: %v", err)
		}
		_, rest, _ := strings.Cut(string(b), ") ") // behind the name: state, …, at 11 and 12 the time used
		f := strings.Fields(rest)
		now := f[0] + " " + f[11] + " " + f[12]
		if f[0] != "S" || now != before {
			same = 0
		} else {
			same++
		}
		before = now
	}
}

// A second signal ends a run that cannot write its report, and leaves no temporary file either.
func TestSecondSignalLeavesNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs named pipes")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "report.json")
	cmd, _, _ := halfRead(t, "--format", "json", "--output", path, "-")
	cmd.Process.Signal(syscall.SIGSTOP) // so that both come before the first is taken
	cmd.Process.Signal(syscall.SIGINT)
	cmd.Process.Signal(syscall.SIGTERM)
	cmd.Process.Signal(syscall.SIGCONT)
	cmd.Wait()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		if f.Name() != filepath.Base(path) {
			t.Errorf("%s is left", f.Name())
		}
	}
}
