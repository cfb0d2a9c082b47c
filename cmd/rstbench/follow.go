package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// followCommand plays traffic in its own time to the product with --follow, and prints what memory it takes as time
// passes, how many resets it missed, and how late it was with the others.
func followCommand(args []string) error {
	fs := flag.NewFlagSet("follow", flag.ExitOnError)
	length := fs.Duration("for", 30*time.Minute, "how long")
	rate := fs.Int("resets", 500, "resets a second")
	every := fs.Duration("every", time.Minute, "how often memory is looked at")
	_ = fs.Parse(args)
	if fs.NArg() < 1 {
		return fmt.Errorf("name the product, with further flags of it if any")
	}
	argv := append(slices.Clone(fs.Args()), "--follow", "-q", "-f", "jsonl", "-")
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	f := &follower{start: time.Now(), written: map[int]time.Time{}, early: map[int]bool{}}
	fmt.Printf("%s, %d CPUs, %s\n\n| minutes | packets | resets | reported | memory, MiB | peak, MiB "+
		"|\n|--:|--:|--:|--:|--:|--:|\n",
		cpuModel(), runtime.NumCPU(), kernel())
	done := make(chan error, 1)
	go func() { done <- f.listen(out) }()
	err = f.play(in, *length, *rate, *every, cmd.Process.Pid)
	if err := errors.Join(err, in.Close()); err != nil {
		return errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	if err := errors.Join(<-done, cmd.Wait()); err != nil {
		return err
	}
	f.result(cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime())
	return nil
}

// A follower plays traffic, and measures who follows it.
type follower struct {
	start time.Time
	g     *generator

	mu      sync.Mutex
	written map[int]time.Time // resets without an answer, by frame
	early   map[int]bool      // frames reported before they were noted: a long burst is written in parts
	late    []time.Duration
	revised int // lines that correct one before
}

// pace is how often packets are written: as a capture program hands them on that does not wait for a full buffer.
const pace = 10 * time.Millisecond

// play writes the traffic to in.
func (f *follower) play(in io.Writer, length time.Duration, rate int, every time.Duration, pid int) error {
	k := kind{name: "follow", exchanges: 1, request: 50, resets: 1, close: true}
	f.g = &generator{kind: k, w: newWriter(in, false), rnd: rand.New(rand.NewPCG(1, 2)),
		filler: rand.New(rand.NewPCG(1, 1))}
	g := f.g
	var conns [200]*conn
	for i := range conns {
		conns[i] = g.connect()
	}
	shown := time.Duration(0)
	ticks := time.NewTicker(pace)
	defer ticks.Stop()
	for {
		at := time.Since(f.start)
		if at >= shown {
			f.show(pid, at)
			shown += every
		}
		if at >= length {
			return g.w.close()
		}
		g.now = max(g.now, int64(at))
		var fresh []int
		for g.made.Resets < int(at.Seconds()*float64(rate)) {
			i := g.rnd.IntN(len(conns))
			before := g.made.Resets
			if !g.step(conns[i]) {
				conns[i] = g.connect()
			}
			if g.made.Resets > before {
				fresh = append(fresh, g.made.Packets)
			}
		}
		f.mu.Lock() // an answer may come before the write returns
		now := time.Now()
		for _, frame := range fresh {
			if f.early[frame] {
				delete(f.early, frame)
				f.late = append(f.late, 0)
				continue
			}
			f.written[frame] = now
		}
		f.mu.Unlock()
		if err := g.w.close(); err != nil {
			return err
		}
		<-ticks.C
	}
}

// listen reads what the product reports.
func (f *follower) listen(out io.Reader) error {
	lines := bufio.NewReaderSize(out, 1<<16)
	for {
		line, err := lines.ReadSlice('\n')
		for errors.Is(err, bufio.ErrBufferFull) { // the line of the totals
			_, err = lines.ReadSlice('\n')
			line = nil
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		_, rest, ok := bytes.Cut(line, []byte(`"frame":`))
		if !ok || !bytes.HasPrefix(line, []byte(`{"file":`)) {
			continue
		}
		number, _, _ := bytes.Cut(rest, []byte(","))
		frame, err := strconv.Atoi(string(number))
		if err != nil {
			return fmt.Errorf("a line with the frame %q", number)
		}
		f.mu.Lock()
		if at, ok := f.written[frame]; ok {
			delete(f.written, frame)
			f.late = append(f.late, time.Since(at))
		} else if bytes.Contains(line, []byte(`"revised":true`)) {
			f.revised++
		} else {
			f.early[frame] = true
		}
		f.mu.Unlock()
	}
}

// show prints a line of the table.
func (f *follower) show(pid int, at time.Duration) {
	f.mu.Lock()
	reported := len(f.late)
	f.mu.Unlock()
	now, peak := residentMemory(pid)
	fmt.Printf("| %.1f | %d | %d | %d | %.0f | %.0f |\n", at.Minutes(), f.g.made.Packets, f.g.made.Resets, reported, now,
		peak)
}

// residentMemory returns the resident memory of a process and its peak in MiB, 0 where the system does not tell.
func residentMemory(pid int) (now, peak float64) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(status)) {
		var kib float64
		if _, err := fmt.Sscanf(line, "VmRSS: %f kB", &kib); err == nil {
			now = kib / 1024
		}
		if _, err := fmt.Sscanf(line, "VmHWM: %f kB", &kib); err == nil {
			peak = kib / 1024
		}
	}
	return now, peak
}

// result prints what was missed, and how late the rest was.
func (f *follower) result(cpu time.Duration) {
	slices.Sort(f.late)
	q := func(part float64) time.Duration {
		if len(f.late) == 0 {
			return 0
		}
		return f.late[min(int(part*float64(len(f.late))), len(f.late)-1)].Round(time.Millisecond)
	}
	fmt.Printf("\n%d resets in %d packets, %d not reported, %d reported that are none, %d revised; from the write of a "+
		"reset to its line: median %v, 99 %% %v, 99.9 %% %v, most %v; CPU %.1f s\n",
		f.g.made.Resets, f.g.made.Packets, len(f.written), len(f.early), f.revised, q(0.5), q(0.99), q(0.999), q(1),
		cpu.Seconds())
}
