//go:build linux

package ktrace

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Tracepoints are those that tell of resets, and of what led to them.
var Tracepoints = []string{"tcp/tcp_send_reset", "tcp/tcp_receive_reset",
	"tcp/tcp_retransmit_skb", "sock/inet_sock_set_state", "skb/kfree_skb"}

// A Text is a trace instance whose text is kept as a user would keep it: Tracepoints, with the clock named.
type Text struct {
	Clock string
	dir   string
}

// OpenText starts a trace instance. The clock "" is the one that the kernel begins with, "local".
func OpenText(clock string) (*Text, error) {
	if err := Check(); err != nil {
		return nil, err
	}
	t := &Text{Clock: clock, dir: filepath.Join(tracing, "instances",
		fmt.Sprintf("rstlab-text-%x", time.Now().UnixNano()))}
	if t.Clock == "" {
		t.Clock = "local"
	}
	if err := os.Mkdir(t.dir, 0o700); err != nil {
		return nil, err
	}
	settings := [][2]string{{"trace_clock", t.Clock}, {"buffer_size_kb", "4096"}}
	for _, p := range Tracepoints {
		settings = append(settings, [2]string{"events/" + p + "/enable", "1"})
	}
	for _, s := range settings {
		if err := os.WriteFile(filepath.Join(t.dir, s[0]), []byte(s[1]), 0); err != nil {
			os.Remove(t.dir)
			return nil, fmt.Errorf("trace instance: %w", err)
		}
	}
	return t, nil
}

// Read returns the lines recorded so far.
func (t *Text) Read() ([]string, error) {
	b, err := os.ReadFile(filepath.Join(t.dir, "trace"))
	return strings.Split(strings.TrimRight(string(b), "\n"), "\n"), err
}

// Close removes the instance.
func (t *Text) Close() {
	for _, p := range Tracepoints {
		os.WriteFile(filepath.Join(t.dir, "events", p, "enable"), []byte("0"), 0)
	}
	os.Remove(t.dir)
}
