//go:build linux

// Package ktrace reads the kernel's own record of why it sent each RST: the tracepoint
// tcp:tcp_send_reset, which carries the reason and the socket's state since Linux 6.10.
package ktrace

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const tracing = "/sys/kernel/tracing"

// An Event is one RST that a kernel of this machine decided to send. Netfilter's REJECT leaves none.
type Event struct {
	Time     time.Time
	Src, Dst netip.AddrPort // of the RST; Dst is zero when a listening socket answered
	State    string         // of the sending socket: "TCP_LISTEN"; "UNKNOWN" without a socket
	Reason   string         // enum sk_rst_reason: "NO_SOCKET"
}

// A Trace collects the events of all network namespaces since Open.
type Trace struct {
	dir  string
	pipe int // trace_pipe
	done chan struct{}

	mu     sync.Mutex
	events []Event
	err    error
}

// Check says what is missing for Open, or nil.
func Check() error {
	b, err := os.ReadFile(tracing + "/events/tcp/tcp_send_reset/format")
	if err != nil {
		return fmt.Errorf("no tracepoint tcp:tcp_send_reset (kernel without CONFIG_FTRACE?): %w", err)
	}
	if !strings.Contains(string(b), "sk_rst_reason reason") {
		return fmt.Errorf("the tracepoint tcp:tcp_send_reset gives no reason: Linux 6.10 or newer is needed")
	}
	return nil
}

// Open starts a trace instance of its own. The clock is TAI, which is real time plus a constant.
func Open() (*Trace, error) {
	if err := Check(); err != nil {
		return nil, err
	}
	dir := filepath.Join(tracing, "instances", fmt.Sprintf("rstlab-%x", time.Now().UnixNano()))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	t := &Trace{dir: dir}
	for _, s := range [][2]string{
		{"trace_clock", "tai"}, {"buffer_size_kb", "2048"}, {"events/tcp/tcp_send_reset/enable", "1"},
	} {
		if err := os.WriteFile(filepath.Join(dir, s[0]), []byte(s[1]), 0); err != nil {
			os.Remove(dir)
			return nil, fmt.Errorf("trace instance: %w", err)
		}
	}
	fd, err := unix.Open(filepath.Join(dir, "trace_pipe"), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		os.Remove(dir)
		return nil, err
	}
	t.pipe = fd
	t.done = make(chan struct{})
	go t.read()
	return t, nil
}

// "prog-12 [000] b..2. 1763822400.123456: tcp_send_reset: skbaddr=… src=10.0.0.1:80 dest=… state=TCP_LISTEN
// reason=NO_SOCKET"
var line = regexp.MustCompile(`\s(\d+)\.(\d+): tcp_send_reset: .*src=(\S+) dest=(\S+) state=(\S+) reason=(\S+)`)

func (t *Trace) read() {
	defer unix.Close(t.pipe)
	var rest []byte
	buf := make([]byte, 1<<16)
	for {
		n, err := unix.Read(t.pipe, buf)
		if n <= 0 { // nothing now; a blocking read would keep the instance from being removed
			if err != nil && err != unix.EAGAIN && err != unix.EINTR {
				t.note("", err)
				return
			}
			select {
			case <-t.done:
				return
			case <-time.After(20 * time.Millisecond):
			}
			continue
		}
		rest = append(rest, buf[:n]...)
		for {
			i := bytes.IndexByte(rest, '\n')
			if i < 0 {
				break
			}
			t.note(string(rest[:i]), nil)
			rest = rest[i+1:]
		}
	}
}

func (t *Trace) note(line string, err error) {
	var ev *Event
	if err == nil {
		ev, err = parse(line)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.err = err
	} else {
		t.events = append(t.events, *ev)
	}
}

func parse(s string) (*Event, error) {
	if strings.Contains(s, "LOST") && strings.Contains(s, "EVENTS") {
		return nil, fmt.Errorf("the kernel's trace lost events: %s", s)
	}
	m := line.FindStringSubmatch(s)
	if m == nil {
		return nil, fmt.Errorf("cannot read trace line %q", s)
	}
	sec, _ := strconv.ParseInt(m[1], 10, 64)
	usec, _ := strconv.ParseInt(m[2], 10, 64)
	src, err := address(m[3])
	if err != nil {
		return nil, err
	}
	dst, err := address(m[4])
	if err != nil {
		return nil, err
	}
	return &Event{Time: time.Unix(sec, usec*1000), Src: src, Dst: dst, State: strings.TrimPrefix(m[5],
		"TCP_"), Reason: m[6]}, nil
}

// address reads the kernel's %pISpc: "10.0.0.1:80", "[2001:db8::1]:80", and "[::ffff:10.0.0.1]:80".
func address(s string) (netip.AddrPort, error) {
	ap, err := netip.ParseAddrPort(s)
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()), err
}

// Between returns the events of a span of time whose source is one of the hosts.
func (t *Trace) Between(from, to time.Time, ours func(netip.Addr) bool) ([]Event, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []Event
	for _, e := range t.events {
		if !e.Time.Before(from) && !e.Time.After(to) && (ours(e.Src.Addr()) || e.Src.Addr().IsUnspecified()) {
			out = append(out, e)
		}
	}
	return out, t.err
}

// Close ends the trace and removes its instance.
func (t *Trace) Close() {
	os.WriteFile(filepath.Join(t.dir, "events/tcp/tcp_send_reset/enable"), []byte("0"), 0)
	close(t.done)
	for range 20 {
		if os.Remove(t.dir) == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}
