//go:build linux

package main

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/rstexplain/rstexplain/testdata/lab/actor"
	"github.com/rstexplain/rstexplain/testdata/lab/stage"
	"github.com/rstexplain/rstexplain/testdata/lab/wire"
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

// told plays f as a situation.
func told(f func(*story)) func(*stage.Stage) error {
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
	p, err := spawn(t.Client, steps(before, "connect "+t.Server.At(t.port).String(), steps(script...), "say end", "hang")...)
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

// named tags the client's connection from its local address, as "connected" told it.
func (t *story) named(local, tag string) {
	a, err := netip.ParseAddrPort(local)
	must(err)
	t.TagPair(a, t.Server.At(t.port), tag)
}

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

// all is the truth of a situation whose every RST has the same cause.
func all(cause, detail, why string, also ...string) func(stage.RST) stage.Label {
	return func(stage.RST) stage.Label {
		return stage.Label{Cause: cause, Detail: detail, Why: why, AlsoOK: also}
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

// variants plays one situation several times; each variant is numbered in the name unless it has its own.
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
