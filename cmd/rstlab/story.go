//go:build linux

package main

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/actor"
	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
	"github.com/rstexplain/rstexplain/cmd/rstlab/wire"
)

// A story is a situation being played: a server and a client process on a stage. Its methods panic with
// the error when something does not happen as told; told turns that into the situation's failure.
type story struct {
	*stage.Stage
	server, client *actor.Process
	port           int
}

type plotError struct{ error }

func must(err error) {
	if err != nil {
		panic(plotError{err})
	}
}

// scene plays f as a situation.
func scene(f func(*story)) func(*stage.Stage) error {
	return func(s *stage.Stage) (err error) {
		defer func() {
			if p := recover(); p != nil {
				e, ok := p.(plotError)
				if !ok {
					panic(p)
				}
				err = e.error
			}
		}()
		f(&story{Stage: s})
		return nil
	}
}

// serve starts the server's script on a port and returns when it listens.
func (t *story) serve(port int, script ...any) *actor.Process {
	t.port = port
	return t.serveWith(nil, port, script...)
}

// serveWith is serve with steps before it listens.
func (t *story) serveWith(before []string, port int, script ...any) *actor.Process {
	t.port = port
	p, err := spawn(t.Server, steps(before, "listen "+t.Server.At(port).String(), steps(script...), "say end", "hang")...)
	must(err)
	t.server = p
	t.says(p, "listening")
	return p
}

// dial starts the client's script, connected to the server.
func (t *story) dial(script ...any) *actor.Process { return t.dialWith(nil, script...) }

// dialWith is dial with steps before it connects.
func (t *story) dialWith(before []string, script ...any) *actor.Process {
	p, err := spawn(t.Client, steps(before, "connect "+t.Public(t.port).String(), steps(script...), "say end", "hang")...)
	must(err)
	t.client = p
	t.says(p, "connected")
	return p
}

// says waits until a process says a word.
func (t *story) says(p *actor.Process, word string) string {
	rest, err := p.Expect(word)
	must(err)
	return rest
}

// ends waits for the end of both scripts and lets the last packets arrive.
func (t *story) ends() {
	t.says(t.client, "end")
	t.says(t.server, "end")
	t.settle()
}

// settle waits until what is on its way has arrived and was answered.
func (t *story) settle() { time.Sleep(2*t.RTT() + 30*time.Millisecond) }

func (t *story) sleep(d time.Duration) { time.Sleep(d) }

// refused connects to a port and expects that it is refused.
func (t *story) refused(addr netip.AddrPort) {
	c, err := t.Client.Dial(addr, 3*time.Second)
	if err == nil {
		c.Close()
		must(fmt.Errorf("%v accepted a connection that should have been refused", addr))
	}
}

// lose drops frames on a wire from now on; nil ends it.
func lose(w *wire.Wire, which func(d wire.Dir, f wire.Frame) bool) {
	if which == nil {
		w.SetHook(nil)
		return
	}
	w.SetHook(func(d wire.Dir, f wire.Frame) wire.Verdict { return wire.Verdict{Drop: which(d, f)} })
}

// recorded is what the kernel's record of the first RST must say where a situation went as planned:
// a machine that stalls can turn one situation into another.
var recorded = map[string][]string{
	"no-listener": {"NO_SOCKET"}, "restart-window": {"NO_SOCKET"}, "port-scan": {"NO_SOCKET"},
	"data-after-fin": {"TCP_ABORT_ON_DATA", "TCP_TIMEWAIT_SOCKET"}, "unread-data": {"TCP_ABORT_ON_CLOSE"},
	"early-response":     {"TCP_ABORT_ON_CLOSE"},
	"abort-mid-transfer": {"TCP_ABORT_ON_CLOSE", "TCP_STATE"}, "state-lost": {"NO_SOCKET",
		"TCP_FLAGS"}, "state-lost-keepalive": {"NO_SOCKET", "TCP_FLAGS"},
	"accepted-then-dropped": {"TCP_STATE"}, "application-timeout": {"TCP_STATE",
		"TCP_TIMEWAIT_SOCKET", "TCP_ABORT_ON_DATA"},
	"stray-segment": {"NO_SOCKET", "TCP_FLAGS"}, "late-syn-ack": {"NO_SOCKET"},
	"connect-withdrawn": {"NO_SOCKET"}, "syn-probe": {"NO_SOCKET"},
	"tuple-reuse": {"TCP_INVALID_ACK_SEQUENCE"}, "bad-handshake-ack": {"TCP_INVALID_ACK_SEQUENCE"},
	"wrong-host":   {"NO_SOCKET", "TCP_FLAGS"},
	"data-unacked": {"TCP_STATE"}, "mtu-black-hole": {"TCP_STATE"}, "gave-up-silently": {"NO_SOCKET"},
	"keepalive-unanswered": {"TCP_KEEPALIVE_TIMEOUT"},
	"zero-window":          {"TCP_STATE"}, "abortive-close": {"TCP_STATE"}, "idle-release": {"TCP_STATE"},
	"health-probe":         {"TCP_STATE"},
	"reset-instead-of-fin": {"TCP_STATE"}, "reset-after-fin": {"TCP_STATE", "TCP_ABORT_ON_LINGER"},
	"keepalive-race": {"TCP_ABORT_ON_DATA", "TCP_TIMEWAIT_SOCKET"}, "late-goodbye": {"TCP_ABORT_ON_DATA",
		"TCP_TIMEWAIT_SOCKET"},
	"close-notify-race": {"TCP_ABORT_ON_DATA", "TCP_TIMEWAIT_SOCKET"},
}

// checked refuses a label that the kernel's record contradicts.
func checked(l stage.Label, r stage.RST) stage.Label {
	if want := recorded[l.Detail]; r.Hand == stage.Kernel && want != nil && !slices.Contains(want, r.First) {
		return stage.Label{Cause: "?", Why: fmt.Sprintf("it was to be %s, and the kernel's record "+
			"says %s", l.Detail, r.First)}
	}
	return l
}

// all is the truth of a situation whose every RST has the same cause. Only what the other side answers once
// the connection was reset, because something was lost or late, is a late segment's RST.
func all(cause, detail, why string, also ...string) func(stage.RST) stage.Label {
	return func(r stage.RST) stage.Label {
		if r.Hand == stage.Kernel && r.Sender != r.Opener && (r.Reason == "NO_SOCKET" || r.Reason == "TCP_FLAGS") {
			return stage.Label{Cause: unknown, Detail: "late-segment", AlsoOK: []string{cause}, Why: "the connection had " +
				"been reset by the other side; this answers a late segment"}
		}
		return checked(stage.Label{Cause: cause, Detail: detail, Why: why, AlsoOK: also}, r)
	}
}

// The five labels.
const (
	closedPort = "closed-port"
	crash      = "peer-crash"
	unknown    = "unknown-connection"
	timedOut   = "retransmit-timeout"
	fast       = "fast-close"
)

// vary plays one situation with several specs; each has the name's ending that it is listed under. Only the
// one without an ending stands as a rule's example or near miss.
func vary(base stage.Situation, specs map[string]stage.Spec) []stage.Situation {
	var out []stage.Situation
	for _, name := range sortedKeys(specs) {
		s := base
		s.Name, s.Spec = base.Name+name, specs[name]
		if name != "" {
			s.Rule, s.NearMiss = "", ""
		}
		out = append(out, s)
	}
	return out
}
