package main

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// longValues is the size of the long values in MiB: larger than what is allowed.
var longValues = flag.Int("long-values", 160, "how many MiB the values have that --max-memory must bound")

// TestMaxMemoryOfInputs explains what asks for much memory at once, with --max-memory 64M: the program takes no more
// than 64 MiB beyond that, and says what it refuses.
func TestMaxMemoryOfInputs(t *testing.T) {
	if runtime.GOOS != "linux" || testing.Short() {
		t.Skip("the peak of memory is read as Linux tells it")
	}
	mib := *longValues
	dir := t.TempDir()
	// One member of a gzip file for every MiB, all alike.
	member := func(content string) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		io.WriteString(z, content)
		z.Close()
		return b.Bytes()
	}
	value := member(strings.Repeat("x", 1<<20))
	long := func(name, head, tail string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, slices.Concat(member(head), bytes.Repeat(value, mib), member(tail)), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b, zstd.WithWindowSize(128<<20), zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
	if err != nil {
		t.Fatal(err)
	}
	z.Write(refusedThenOther(t, 3<<20))
	z.Flush() // so that the size of all is not known at the beginning, and the window is as it was asked for
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	windows := make([]string, 16)
	for i := range windows {
		windows[i] = filepath.Join(dir, fmt.Sprintf("%d.pcap.zst", i))
		if err := os.WriteFile(windows[i], b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := long("a.txt.gz", "10:00:00.000000 IP 192.0.2.1.40000 > 198.51.100.7.8080: Flags [S], seq 3000000000, win 64240, length 0\n", "\n")
	for name, c := range map[string]struct {
		paths []string
		want  string
	}{
		"text":    {[]string{text}, "lines longer than 64 KiB"},
		"import":  {[]string{"import", text, "-o", filepath.Join(dir, "out.pcapng")}, "lines longer than 64 KiB"},
		"render":  {[]string{"render", long("report.json", `{"version":1,"files":[{"path":"`, `"}]}`)}, "rstexplain: "},
		"JSON":    {[]string{long("a.json.gz", `[{"_index":"p","_source":{"layers":{"frame":{"frame.number":"1"},"a":"`, `"}}}]`)}, "values longer than 1 MiB"},
		"PDML":    {[]string{long("a.pdml.gz", `<?xml version="1.0"?><pdml version="0"><packet><field name="a" show="`, `"/></packet></pdml>`)}, "values longer than 1 MiB"},
		"windows": {windows, "needs a window of more than 8 MiB"},
	} {
		cmd := program(t, append([]string{"--max-memory", "64M"}, c.paths...)...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		cmd.Env = append(cmd.Env, "GOMAXPROCS=16")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		peak, looks := 0, 0
		for running := true; running; {
			select {
			case <-ended:
				running = false
			case <-time.After(5 * time.Millisecond):
				if n := highWater(cmd.Process.Pid); n > 0 {
					peak, looks = max(peak, n), looks+1
				}
			}
		}
		t.Logf("%s: a peak of %d MiB, looked at %d times", name, peak, looks)
		if peak > 64+64 {
			t.Errorf("%s: a peak of %d MiB", name, peak)
		}
		if told := strings.Join(strings.Fields(out.String()), " "); !strings.Contains(told, c.want) {
			t.Errorf("%s: want %q in %.500s", name, c.want, told)
		}
	}
}

// highWater returns the most memory that a process has held, in MiB: what wait tells of it holds what its parent had too.
func highWater(pid int) (mib int) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, line, _ := strings.Cut(string(status), "VmHWM:")
	fmt.Sscan(line, &mib)
	return mib >> 10
}
