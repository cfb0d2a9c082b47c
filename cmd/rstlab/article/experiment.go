//go:build linux

// Package article plays the experiments of an article about TCP resets with the real parts: HTTP clients
// of several languages, proxies and servers, killed at chosen moments. Beside the captures and the truth
// about each RST it writes what each program said, word for word.
package article

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
	"github.com/rstexplain/rstexplain/cmd/rstlab/truth"
)

// An Experiment is one situation, played with one program after the other.
type Experiment struct {
	Name   string // kebab-case, folder of its captures
	Title  string
	Made   string // how it was made
	Notice string // what to notice
	Spec   stage.Spec
	Play   func(*Scene) error

	programsAt string // where the programs run whose words are wanted: "server", "" for client

	// Labels say why a side reset, from what was done. The key is the sender, "server" or "client"; the
	// sender and the kernel's reason, "server TCP_ABORT_ON_CLOSE", goes before it, and the sender at a
	// capture point, "client@server", before both. Answers to a SYN and repeats are recognized by the kernel's
	// record alone; see judge.
	Labels map[string]stage.Label

	lossy bool // packets are lost on purpose
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
	labels := s.labelsAt(r.Time)
	if r.Hand == stage.Kernel && r.Reason == "NO_SOCKET" && r.Flags == synAnswer && r.SEQ == 0 {
		return stage.Label{Cause: closedPort, Why: "SYN to a port where nothing listens"}
	}
	var l stage.Label
	var ok bool
	for _, key := range []string{r.Sender + "@" + r.Point, r.Sender + " " + r.Reason, r.Sender} {
		if l, ok = labels[key]; ok {
			break
		}
	}
	if !ok {
		s.fault(fmt.Errorf("%s frame %d: no label for a RST of the %s (%s in %s)", r.Point, r.Frame, r.Sender, r.Reason,
			r.State))
	}
	// A peer that has got the first RST sends nothing more, so that every further one answers what was
	// under way. The packets show that for about one round trip.
	switch {
	case r.Nth == 0:
	case r.SinceFirst < time.Second || l.Cause == retransmitTimeout:
		l.Why = "in flight when the first RST of this side left: " + l.Why
		if r.SinceFirst > s.RTT()-5*time.Millisecond && !slices.Contains(l.AlsoOK, unknownConnection) {
			l.AlsoOK = append([]string{unknownConnection}, l.AlsoOK...)
		}
	default:
		l = stage.Label{Cause: unknownConnection, Detail: "late-segment", AlsoOK: append([]string{l.Cause}, l.AlsoOK...),
			Why: "a late segment to a connection that this side had reset before"}
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
	var chosen []*Experiment
	for _, e := range Experiments() {
		if match.MatchString(e.Name) {
			chosen = append(chosen, e)
		}
	}
	for again := attempts; len(chosen) > 0 && again > 0; again-- {
		chosen, err = playOnce(chosen, parts, dir, atOnce, log)
	}
	return errors.Join(err, Overview(dir))
}

// attempts is how often an experiment is played until it succeeds: a busy machine can stall one.
const attempts = 4

// playOnce plays experiments and returns those that failed, with the reasons.
func playOnce(chosen []*Experiment, parts *Parts, dir string, atOnce int, log io.Writer) (failed []*Experiment,
	err error) {
	scenes := map[string]*Scene{}
	written := map[string]bool{}
	var situations []stage.Situation
	for _, e := range chosen {
		s := &Scene{parts: parts, exp: e}
		scenes[e.Name] = s
		situations = append(situations, stage.Situation{Name: e.Name, Says: e.Title, Spec: e.Spec, Keep: Points, Quiet: true,
			Run: func(st *stage.Stage) error {
				s.Stage = st
				return e.Play(s)
			},
			Truth: func(r stage.RST) stage.Label { return e.judge(s, r) },
		})
	}
	err = stage.PlayAll(situations, atOnce, log, func(out *stage.Outcome) error {
		err := scenes[out.Name].write(filepath.Join(dir, out.Name), out)
		written[out.Name] = err == nil
		return err
	})
	for _, e := range chosen {
		if !written[e.Name] {
			failed = append(failed, e)
		}
	}
	return failed, err
}

// write writes captures, truth, symptoms and README of an experiment.
func (s *Scene) write(dir string, out *stage.Outcome) error {
	if err := errors.Join(s.faults...); err != nil {
		return err
	}
	final := dir
	dir, err := os.MkdirTemp("", "rstlab-written-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
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
	capture := names[cmp.Or(s.exp.programsAt, "client")]
	frames, err := framesOf(filepath.Join(dir, capture))
	if err != nil {
		return err
	}
	if n := resends(frames); n > tolerated && !s.exp.lossy {
		return fmt.Errorf("%d resends where nothing was lost: the machine was too busy", n)
	}
	turns := s.turns(frames)
	symptoms, err := s.symptoms(capture, turns)
	if err != nil {
		return err
	}
	if err := truth.WriteLines(filepath.Join(dir, "symptom.jsonl"), symptoms); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "README.md"), []byte(s.readme(capture, turns, lines)), 0o644); err != nil {
		return err
	}
	if err := os.RemoveAll(final); err != nil { // only now: what was there stays until there is better
		return err
	}
	return os.CopyFS(final, os.DirFS(dir))
}

// tolerated is how many resends a capture may hold where nothing was lost on purpose.
const tolerated = 1

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
