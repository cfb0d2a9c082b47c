package facts

import (
	"bufio"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
)

// A Timeout is an idle time that a program or device is known to use.
type Timeout struct {
	After  time.Duration
	Where  string // "server", "keep-alive" (a server, between two requests), "path", "kernel" or "client"
	Who    string // "nginx keepalive_timeout"
	Source string // where that is documented
	Speaks string // the protocol that alone it is for, "" any
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

// Add reads more idle times, one a line: seconds, where, who and, if known, a source and the protocol that alone it is
// for, separated by tabs.
// Empty lines and those that begin with # are skipped. An error names the line.
func (t *Timeouts) Add(r io.Reader) error {
	s := bufio.NewScanner(r)
	for n := 1; s.Scan(); n++ {
		line := strings.TrimSpace(s.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) < 3 || len(f) > 5 {
			return fmt.Errorf("line %d: want seconds, where, who and a source, separated by tabs", n)
		}
		sec, err := strconv.ParseFloat(f[0], 64)
		if err != nil || !(sec > 0) || sec > 1e9 {
			return fmt.Errorf("line %d: %q is not a number of seconds", n, f[0])
		}
		switch f[1] {
		case "server", "keep-alive", "path", "kernel", "client":
		default:
			return fmt.Errorf("line %d: %q is none of server, keep-alive, path, kernel, client", n, f[1])
		}
		e := Timeout{After: time.Duration(sec * float64(time.Second)), Where: f[1], Who: f[2], Added: true}
		if len(f) >= 4 {
			e.Source = f[3]
		}
		if len(f) == 5 {
			e.Speaks = f[4]
		}
		t.list = append(t.list, e)
	}
	return s.Err()
}

// All returns the table.
func (t *Timeouts) All() []Timeout { return slices.Clone(t.list) }

// Near returns the idle times that a gap matches: timers fire at their time or a little later, never
// earlier, but for the clocks of capture and host.
func (t *Timeouts) Near(gap time.Duration) []Timeout {
	if t == nil {
		return nil
	}
	var out []Timeout
	for i := range t.list {
		if e := &t.list[i]; e.matches(gap) {
			out = append(out, *e)
		}
	}
	return out
}

// Mine returns the idle times that a gap matches and that can have made side s close or forget the connection, on which
// x was said: a server's timer is no client's nor that of another program than the server names, and FIN-WAIT-2 runs
// from a FIN on only.
func (t *Timeouts) Mine(gap time.Duration, s flows.Side, x *exchange.Summary) []Timeout {
	return slices.DeleteFunc(t.Near(gap), func(e Timeout) bool {
		return !e.speaks(x.Protocol) || !e.Added &&
			((e.Where == "server" || e.Where == "keep-alive") && (s != flows.Responder || !e.runs(x.Server)) ||
				e.Where == "keep-alive" && (x.Pending > 0 || x.Messages[flows.Responder] == 0) ||
				e.Where == "client" && s != flows.Originator ||
				e.Where == "kernel" && strings.Contains(e.Who, "FIN-WAIT"))
	})
}

// Timers returns the known idle times that a gap matches and that can have made the RST's sender close or forget the
// connection: not those of HTTP servers where data was captured that is no HTTP.
func (c *Facts) Timers(gap time.Duration) []Timeout {
	x := c.Close.Exchange
	opaque := x.Protocol == "" && x.Speaker >= 0 && !c.Conn.Defects.Has(flows.SnapCut)
	return slices.DeleteFunc(c.Timeouts.Mine(gap, c.Side, x), func(e Timeout) bool {
		return opaque && e.Speaks == "HTTP" && !e.Added
	})
}

// runs reports whether a server that names itself so in its HTTP responses can be the program that has this timer: ""
// is not known.
func (e *Timeout) runs(server string) bool {
	name, _, _ := strings.Cut(e.Who, " ")
	for _, n := range [...][2]string{{"Apache-Coyote", "Tomcat"}, {"Microsoft-IIS", "IIS"}, {"Microsoft-HTTPAPI", "IIS"}} {
		if rest, ok := strings.CutPrefix(server, n[0]); ok {
			server = n[1] + rest
		}
	}
	if i := strings.IndexAny(server, "/ ("); i >= 0 {
		server = server[:i]
	}
	return server == "" || strings.EqualFold(server, name)
}

// speaks reports whether what has this timer can speak a protocol: "" is not known, and TLS hides what is inside.
func (e *Timeout) speaks(protocol string) bool {
	switch {
	case e.Speaks == "" || protocol == "" || strings.HasPrefix(protocol, "TLS") || strings.HasPrefix(protocol, e.Speaks):
		return true
	}
	return e.Speaks == "HTTP" && protocol == "WebSocket"
}

func (e *Timeout) matches(gap time.Duration) bool {
	late := max(e.After/50, 100*time.Millisecond)
	early := max(e.After/200, 50*time.Millisecond)
	return gap >= e.After-early && gap <= e.After+late
}

// RoundTime reports whether d is, or is at most two per cent above, a number of seconds that a person would write into
// a configuration, and that number.
func RoundTime(d time.Duration) (time.Duration, bool) {
	for _, s := range [...]float64{1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 75, 90, 120, 180, 240, 300, 350, 600, 900, 1200,
		1800, 3600, 7200, 28800, 86400} {
		if r := d.Seconds() / s; r >= 0.997 && r <= 1.02 {
			return time.Duration(s * float64(time.Second)), true
		}
	}
	return 0, false
}
