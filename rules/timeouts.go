package rules

import (
	"bufio"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Timeout is an idle time that a program or device is known to use.
type Timeout struct {
	After  time.Duration
	Where  string // "server", "path", "kernel" or "client"
	Who    string // "nginx keepalive_timeout"
	Source string // where that is documented
	Added  bool   // by the user, to those that come with the program
}

// Timeouts is a table of known idle times. A gap that is near one of them matches it; it never proves it.
type Timeouts struct {
	list []Timeout
}

//go:embed timeouts.txt
var knownTimeouts string

// KnownTimeouts returns the table that comes with the program.
func KnownTimeouts() *Timeouts {
	t := &Timeouts{}
	if err := t.Add(strings.NewReader(knownTimeouts)); err != nil {
		panic("rules: timeouts.txt: " + err.Error()) // held by a test
	}
	for i := range t.list {
		t.list[i].Added = false
	}
	return t
}

// Add reads more idle times, one a line: seconds, where, who and, if known, a source, separated by tabs.
// Empty lines and those that begin with # are skipped. An error names the line.
func (t *Timeouts) Add(r io.Reader) error {
	s := bufio.NewScanner(r)
	for n := 1; s.Scan(); n++ {
		line := strings.TrimSpace(s.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) < 3 || len(f) > 4 {
			return fmt.Errorf("line %d: want seconds, where, who and a source, separated by tabs", n)
		}
		sec, err := strconv.ParseFloat(f[0], 64)
		if err != nil || !(sec > 0) || sec > 1e9 {
			return fmt.Errorf("line %d: %q is not a number of seconds", n, f[0])
		}
		switch f[1] {
		case "server", "path", "kernel", "client":
		default:
			return fmt.Errorf("line %d: %q is none of server, path, kernel, client", n, f[1])
		}
		e := Timeout{After: time.Duration(sec * float64(time.Second)), Where: f[1], Who: f[2], Added: true}
		if len(f) == 4 {
			e.Source = f[3]
		}
		t.list = append(t.list, e)
	}
	return s.Err()
}

// Near returns the idle times that a gap matches: timers fire at their time or a little later, never
// earlier, but for the clocks of capture and host.
func (t *Timeouts) Near(gap time.Duration) []Timeout {
	if t == nil {
		return nil
	}
	var out []Timeout
	for i := range t.list {
		if e := &t.list[i]; e.near(gap) {
			out = append(out, *e)
		}
	}
	return out
}

// near reports whether a gap matches any idle time.
func (t *Timeouts) near(gap time.Duration) bool {
	return t != nil && slices.ContainsFunc(t.list, func(e Timeout) bool { return e.near(gap) })
}

func (e *Timeout) near(gap time.Duration) bool {
	late := max(e.After/50, 600*time.Millisecond)
	early := max(e.After/100, 50*time.Millisecond)
	return gap >= e.After-early && gap <= e.After+late
}

// matching returns a clause for gaps of an open connection that match known idle times, "" for others.
func (t *Timeouts) matching(gap time.Duration) string { return t.clause(gap, false) }

// matchingClosed is matching for the rest of a connection that one side has closed.
func (t *Timeouts) matchingClosed(gap time.Duration) string { return t.clause(gap, true) }

func (t *Timeouts) clause(gap time.Duration, closed bool) string {
	var who []string
	for _, e := range t.Near(gap) {
		switch {
		case e.Added:
			return "matches " + e.Who // of the user's own list: no default
		case !closed && strings.Contains(e.Who, "FIN-WAIT"):
			continue // runs from a FIN on only
		}
		who = append(who, e.Who)
	}
	if len(who) == 0 {
		return ""
	}
	return "matches the default of " + strings.Join(who, "; ")
}
