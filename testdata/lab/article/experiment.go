//go:build linux

// Package article plays the experiments of an article about TCP resets with the real parts: HTTP clients
// of several languages, proxies and servers, killed at chosen moments. Beside the captures and the truth
// about each RST it writes what each program said, word for word.
package article

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/testdata/lab/stage"
	"github.com/rstexplain/rstexplain/testdata/lab/truth"
)

// An Experiment is one situation, played with one program after the other.
type Experiment struct {
	Name   string // kebab-case, folder of its captures
	Title  string
	Made   string // how it was made
	Notice string // what to notice
	Spec   stage.Spec
	Play   func(*Scene) error

	// Labels say why a side reset, from what was done. The key is the sender, "server" or "client", or the
	// sender and the kernel's reason, "server TCP_ABORT_ON_CLOSE", which goes before. Answers to a SYN and
	// repeats are told by the kernel's record alone; see judge.
	Labels map[string]stage.Label
}

// The causes, as package rules spells them.
const (
	closedPort        = "closed-port"
	peerCrash         = "peer-crash"
	unknownConnection = "unknown-connection"
	retransmitTimeout = "retransmit-timeout"
	fastClose         = "fast-close"
)

// judge returns the truth about a RST.
func (e *Experiment) judge(s *Scene, r stage.RST) stage.Label {
	const synAnswer = 0x14 // RST+ACK
	if r.Hand == stage.Kernel && r.Reason == "NO_SOCKET" && r.Flags == synAnswer && r.SEQ == 0 {
		return stage.Label{Cause: closedPort, Why: "SYN to a port where nothing listens"}
	}
	l, ok := e.Labels[r.Sender+" "+r.Reason]
	if !ok {
		l, ok = e.Labels[r.Sender]
	}
	if !ok {
		s.fault(fmt.Errorf("%s frame %d: no label for a RST of the %s (%s in %s)", r.Point, r.Frame, r.Sender, r.Reason, r.State))
	}
	// The segments that were under way when the first RST left draw one each. About one round trip after
	// it the packets do not tell what was under way and what came later.
	const doubt = 15 * time.Millisecond
	switch {
	case r.Nth == 0:
	case r.SinceFirst < s.RTT()+doubt:
		l.Why = "in flight when the first RST of this side left: " + l.Why
		if r.SinceFirst > s.RTT()-doubt/3 {
			l.AlsoOK = append([]string{unknownConnection}, l.AlsoOK...)
		}
	default:
		l = stage.Label{Cause: unknownConnection, Detail: "late-segment", AlsoOK: append([]string{l.Cause}, l.AlsoOK...),
			Why: "a later segment to a connection that this side had reset before"}
	}
	return l
}

func (s *Scene) fault(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, err)
}

// Points are the captures that are kept: both ends of the path.
var Points = []string{"client", "server"}

// PlayAll plays the experiments whose name matches, some at a time, and writes each to dir/<name>.
func PlayAll(match *regexp.Regexp, dir string, atOnce int, log io.Writer) error {
	parts, err := Gather()
	if err != nil {
		return err
	}
	defer parts.Close()
	for _, m := range parts.Missing() {
		fmt.Fprintln(log, "missing, played without:", m)
	}
	scenes := map[string]*Scene{}
	var situations []stage.Situation
	for _, e := range Experiments() {
		if !match.MatchString(e.Name) {
			continue
		}
		s := &Scene{parts: parts, exp: e}
		scenes[e.Name] = s
		situations = append(situations, stage.Situation{Name: e.Name, Says: e.Title, Spec: e.Spec, Keep: Points,
			Run: func(st *stage.Stage) error {
				s.Stage = st
				return e.Play(s)
			},
			Truth: func(r stage.RST) stage.Label { return e.judge(s, r) },
		})
	}
	return stage.PlayAll(situations, atOnce, log, func(out *stage.Outcome) error {
		return scenes[out.Name].write(filepath.Join(dir, out.Name), out)
	})
}

// write writes captures, truth, symptoms and README of an experiment.
func (s *Scene) write(dir string, out *stage.Outcome) error {
	if err := errors.Join(s.faults...); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var lines []truth.Line
	names := map[string]string{}
	for _, p := range Points {
		name, err := store(dir, p+".pcapng", out.Captures[p])
		if err != nil {
			return err
		}
		names[p] = name
		for _, l := range out.Lines[p] {
			l.Path = name
			lines = append(lines, l)
		}
	}
	if err := truth.Write(filepath.Join(dir, "truth.jsonl"), lines); err != nil {
		return err
	}
	frames, err := framesOf(filepath.Join(dir, names["client"]))
	if err != nil {
		return err
	}
	turns := s.turns(frames)
	symptoms, err := s.symptoms(names["client"], turns)
	if err != nil {
		return err
	}
	if err := writeSymptoms(filepath.Join(dir, "symptom.jsonl"), symptoms); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "README.md"), []byte(s.readme(names["client"], turns, lines)), 0o644)
}

// store writes a capture, compressed when it is more than a few kilobytes, and returns its file name.
func store(dir, name string, data []byte) (string, error) {
	if len(data) > 12<<10 {
		var z bytes.Buffer
		w, _ := gzip.NewWriterLevel(&z, gzip.BestCompression)
		_, _ = w.Write(data)
		w.Close()
		data, name = z.Bytes(), name+".gz"
	}
	return name, os.WriteFile(filepath.Join(dir, name), data, 0o644)
}

// oneLine joins a text that was written over several lines of source.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
