//go:build linux

package article

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/actor"
	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
)

// A Scene is an experiment while it is played: the stage, the parts, and what the programs said so far.
type Scene struct {
	*stage.Stage
	exp    *Experiment
	parts  *Parts
	port   int // last server port handed out
	faults []error

	labels map[string]stage.Label // of the next turn, where they differ from the experiment's

	mu           sync.Mutex
	performances []*performance
}

// labelsAt returns the labels of the turn that was played at a time.
func (s *Scene) labelsAt(t time.Time) map[string]stage.Label {
	labels := s.exp.Labels
	for _, p := range s.performances {
		if !t.Before(p.From) {
			labels = s.exp.Labels
			if p.labels != nil {
				labels = p.labels
			}
		}
	}
	return labels
}

// A performance is one program's turn. Turns come one after the other, so that a connection belongs to
// the turn in which its first packet was captured.
type performance struct {
	*Program
	Version     string
	Situation   string // what differs from the experiment's other turns: "HTTPS, nginx"
	Server      netip.AddrPort
	From, To    time.Time
	Said        []saying
	labels      map[string]stage.Label // nil: the experiment's
	CommandLine string                 // how the program was called, for the README
}

// ca returns the file of the experiment's own authority, made when first asked for.
func (s *Scene) ca() (string, error) {
	file := filepath.Join(s.Dir, "ca.pem")
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	return file, certify(s.Dir, s.Server.Addr, netip.MustParseAddr("127.0.0.1"))
}

// nextPort hands out a server port of its own to each turn: what one server's end does to its port
// cannot touch the next.
func (s *Scene) nextPort() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.port == 0 {
		s.port = 8080
	}
	s.port++
	return s.port
}

// victim starts a server on host with a plan for its connections; see playVictim.
func (s *Scene) victim(host *stage.Host, at netip.AddrPort, plan, alpn string) (*actor.Process, error) {
	args := []string{"-listen", at.String(), "-plan", plan}
	if strings.Contains(plan, "tls") {
		if _, err := s.ca(); err != nil {
			return nil, err
		}
		args = append(args, "-cert", filepath.Join(s.Dir, "cert.pem"), "-key", filepath.Join(s.Dir, "key.pem"), "-alpn", alpn)
	}
	v, err := host.Spawn("victim", args...)
	if err != nil {
		return nil, err
	}
	_, err = v.Expect("@listening")
	return v, err
}

// turnLimit is how long one program may take.
const turnLimit = 30 * time.Second

// perform lets a program make its requests to server, doing what on says at its pauses, and notes what it said.
func (s *Scene) perform(p *Program, situation string, server netip.AddrPort, set Settings,
	on map[string]func() error) error {
	time.Sleep(4 * s.RTT()) // let the turn before come to rest
	turn := &performance{Program: p, Version: s.parts.versions[p.Name], Situation: situation, Server: server,
		From: time.Now(), labels: s.labels}
	s.labels = nil
	set = set.with(p.Always).with(Settings{"client": p.Name})
	var err error
	if p.proxy != nil {
		err = s.performProxy(turn, set, on)
	} else {
		err = s.performClient(turn, set, on)
	}
	time.Sleep(4 * s.RTT())
	turn.To = time.Now()
	s.performances = append(s.performances, turn)
	if err != nil {
		return fmt.Errorf("%s (%s): %w", p.Name, situation, err)
	}
	return nil
}

func (s *Scene) performClient(turn *performance, set Settings, on map[string]func() error) error {
	cmd := turn.command(s, set)
	turn.CommandLine = commandLine(cmd.Args, s.parts.dir, s.Dir)
	d, err := begin(cmd, s.Client.Start)
	if err != nil {
		return err
	}
	defer d.kill()
	held := make(chan error, 1)
	if turn.Program == curl {
		if f := on["connected"]; f != nil {
			go func() { // curl itself does not tell; half of strace's delay is after its connect for sure
				time.Sleep(curlPause / 2)
				held <- f()
			}()
		}
		if set["upload"] != "" {
			gap, _ := strconv.Atoi(set["upload-gap"])
			go trickle(d.stdin, time.Duration(gap)*time.Millisecond)
		}
	}
	turn.Said, err = d.hear(on, turnLimit)
	select {
	case e := <-held:
		if err == nil {
			err = e
		}
	default:
	}
	return err
}

// commandLine shortens a command line for the README.
func commandLine(args []string, dirs ...string) string {
	var short []string
	for _, a := range args {
		for _, d := range dirs {
			a = strings.ReplaceAll(a, d+"/", "")
			a = strings.ReplaceAll(a, d, ".")
		}
		if strings.Contains(a, " ") {
			a = "'" + a + "'"
		}
		short = append(short, a)
	}
	if len(short) > 0 {
		short[0] = filepath.Base(short[0])
	}
	return strings.Join(short, " ")
}

// rest waits until what was sent has arrived and has been answered.
func (s *Scene) rest() { time.Sleep(4 * s.RTT()) }
