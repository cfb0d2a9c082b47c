//go:build linux

package article

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/actor"
	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
)

// A matrix plays one situation with every program that can take part, each against a server of its own.
type matrix struct {
	plan     string   // of the victim; "": nothing listens
	needs    []string // skills that a program must have
	proxies  bool     // reverse proxies take part too
	without  []*Program
	labels   map[*Program]map[string]stage.Label // of programs that meet something else than the others
	settings Settings
	alpn     string                                        // h2, else http/1.1
	on       map[string]func(*Scene, *actor.Process) error // what to do at a pause of the program
	after    func(*Scene, *actor.Process) error            // when the program has ended
}

func (m matrix) play(s *Scene) error {
	programs := clientPrograms
	if m.proxies {
		programs = append(programs[:len(programs):len(programs)], proxyPrograms...)
	}
	for _, p := range programs {
		if s.parts.has(p.Name) && m.suits(p) && !slices.Contains(m.without, p) &&
			(p != curl || m.settings["pause"] != "connected" || s.parts.has("strace")) {
			if err := m.turn(s, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m matrix) suits(p *Program) bool {
	if p.can("h2only") && m.alpn != "h2" {
		return false
	}
	for _, skill := range m.needs {
		if !p.can(skill) && !(skill == "h2" && p.can("h2only")) && !(skill == "tls" && p.can("h2only")) {
			return false
		}
	}
	return true
}

func (m matrix) turn(s *Scene, p *Program) error {
	at := s.Server.At(8080) // where nothing listens, one port serves all
	if m.plan != "" {
		at = s.Server.At(s.nextPort())
	}
	var v *actor.Process
	if m.plan != "" {
		alpn := m.alpn
		if alpn == "" {
			alpn = "http/1.1"
		}
		var err error
		if v, err = s.victim(s.Server, at, m.plan, alpn); err != nil {
			return err
		}
		defer v.Kill()
	}
	set := Settings{"url": fmt.Sprintf("http://%s/", at)}
	if strings.Contains(m.plan, "tls") {
		ca, err := s.ca()
		if err != nil {
			return err
		}
		set["url"] = fmt.Sprintf("https://%s/", at)
		set["ca"] = ca
	}
	on := map[string]func() error{}
	for where, f := range m.on {
		on[where] = func() error { return f(s, v) }
	}
	s.labels = m.labels[p]
	if err := s.perform(p, s.exp.Title, at, set.with(m.settings), on); err != nil {
		return err
	}
	if m.after != nil {
		return m.after(s, v)
	}
	return nil
}

// idly does what is done to an idle connection after a while in which it is idle.
func idly(do func(*Scene, *actor.Process) error) map[string]func(*Scene, *actor.Process) error {
	return during("idle", func(s *Scene, v *actor.Process) error {
		time.Sleep(idleFor)
		return do(s, v)
	})
}

// idleFor is how long a connection waits in its pool before something happens to it.
const idleFor = 600 * time.Millisecond

// kill kills the victim, kill -9, when it has come to its hold, and lets its last packets arrive.
func kill(s *Scene, v *actor.Process) error {
	if _, err := v.Expect("@hold"); err != nil {
		return err
	}
	v.Kill()
	s.rest()
	return nil
}

// release lets the victim go on behind its hold, and lets what it sends arrive.
func release(s *Scene, v *actor.Process) error {
	if _, err := v.Expect("@hold"); err != nil {
		return err
	}
	v.Tell("go")
	s.rest()
	return nil
}

func label(cause, detail, why string, alsoOK ...string) stage.Label {
	return stage.Label{Cause: cause, Detail: detail, AlsoOK: alsoOK, Why: why}
}

// blind marks a label that the packets do not tell: what would tell is encrypted, lost, or the same either way.
func blind(l stage.Label) stage.Label {
	l.Blind = true
	return l
}

// byPayload marks a label that only the payload decides.
func byPayload(l stage.Label) stage.Label {
	l.Payload = true
	return l
}

// byServer is the most frequent set of labels: only the server resets.
func byServer(cause, detail, why string, alsoOK ...string) map[string]stage.Label {
	return map[string]stage.Label{"server": label(cause, detail, why, alsoOK...)}
}
