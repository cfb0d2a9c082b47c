//go:build linux

package stage

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/ktrace"
	"github.com/rstexplain/rstexplain/cmd/rstlab/truth"
)

// A Situation is something that can happen to connections, as it is played on a stage.
type Situation struct {
	Name string // kebab-case; the folder of its captures
	Says string // what is done: a sentence or two for the README
	Spec Spec
	Run  func(*Stage) error

	// Truth says why a RST was sent, from what Run did and the kernel's record. It is asked for every RST
	// frame of every capture point, since what the packets leave open differs from point to point.
	Truth func(RST) Label

	Quiet    bool     // it may be that no RST is sent: what programs do without one is what matters
	Rule     string   // its capture is the example of this rule
	NearMiss string   // its capture is the near miss of this rule
	From     string   // capture point of these, "" client
	Needs    []string // programs beside those that every situation needs
	Tries    int      // how often it may become another situation by chance and is played again, 0: 3 times

	// Stories says what was done on each port of the server, where a situation has many things that happened: with the
	// truth, the frames of each are written to stories.jsonl.
	Stories map[uint16]string

	constructed bool

	Keep []string // points to keep in the wide set; nil: all. Truth is matched at all points anyway.
}

// A Label is the truth about a RST.
type Label struct {
	Cause, Detail string // Cause "?": this RST should not be, for the reason in Why
	AlsoOK        []string
	Origin        string // "" by the hand: kernels are endpoints
	Hidden        bool   // a middlebox that this capture does not give away
	Blind         bool   // the packets of this capture do not tell the cause
	Payload       bool   // only the bytes of the data tell the cause
	Why           string
}

// Play plays the situation and returns its captures and their truth.
func (sit *Situation) Play(trace *ktrace.Trace) (out *Outcome, err error) {
	for range cmp.Or(sit.Tries, 3) + 1 {
		if out, err = sit.play(trace); err == nil {
			break
		}
	}
	return out, err
}

func (sit *Situation) play(trace *ktrace.Trace) (*Outcome, error) {
	s, err := New(sit.Spec, trace)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if !sit.Spec.Late {
		if err := s.Record(); err != nil {
			return nil, err
		}
	}
	done := make(chan error, 1)
	go func() { done <- sit.Run(s) }()
	select {
	case err = <-done:
	case <-time.After(120 * time.Second):
		err = fmt.Errorf("not done after 120 s")
	}
	if err != nil {
		return nil, err
	}
	return s.finish(sit)
}

// An Outcome is what a situation left: captures by point, and the truth of each, with Path the point's name.
type Outcome struct {
	*Situation
	Captures map[string][]byte
	Lines    map[string][]truth.Line
	Packets  map[string]int
	Path     *Path // with Spec.Path
}

var tsharks = make(chan struct{}, 2)

func (s *Stage) finish(sit *Situation) (*Outcome, error) {
	if err := s.stop(); err != nil {
		return nil, err
	}
	out := &Outcome{Situation: sit, Captures: map[string][]byte{}, Lines: map[string][]truth.Line{},
		Packets: map[string]int{}}
	frames := map[string][]*RST{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	var first error
	for _, r := range s.records {
		wg.Add(1)
		go func() {
			defer wg.Done()
			tsharks <- struct{}{}
			defer func() { <-tsharks }()
			data, n, err := clean(r.file)
			cleaned := strings.TrimSuffix(r.file, ".raw") + ".pcapng"
			if err == nil {
				err = os.WriteFile(cleaned, data, 0o644)
			}
			var rsts []*RST
			if err == nil {
				rsts, err = resets(cleaned)
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				first = err
			}
			out.Captures[r.point], out.Packets[r.point], frames[r.point] = data, n, rsts
		}()
	}
	wg.Wait()
	if first != nil {
		return nil, first
	}
	keep := func(err error) error { // the captures of a failure tell why, in the directory named
		if dir := os.Getenv("RSTLAB_KEEP"); dir != "" {
			os.MkdirAll(dir, 0o755)
			for p, data := range out.Captures {
				os.WriteFile(filepath.Join(dir, sit.Name+"-"+p+".pcapng"), data, 0o644)
			}
		}
		return err
	}
	seen := 0
	for _, fs := range frames {
		seen += len(fs)
	}
	if seen == 0 && !sit.Quiet {
		return nil, keep(fmt.Errorf("no RST was sent"))
	}
	if err := s.match(frames); err != nil {
		return nil, keep(err)
	}
	if s.Path {
		trace, err := s.path.Read()
		if err != nil {
			return nil, keep(err)
		}
		out.Path = s.along(sit, frames, trace)
	}
	for p, fs := range frames {
		for _, f := range fs {
			l := sit.line(f)
			if l.Cause == "?" {
				return nil, keep(fmt.Errorf("%s frame %d: %s", p, f.Frame, l.Why))
			}
			out.Lines[p] = append(out.Lines[p], l)
		}
	}
	return out, nil
}

func (sit *Situation) line(r *RST) truth.Line {
	l := sit.Truth(*r)
	if l.Origin == "" {
		l.Origin = "endpoint"
		if r.Hand == Forged || r.Hand == Netfilter && r.At == "router" {
			l.Origin = "middlebox"
		}
	}
	if r.Hand == Kernel && sit.Spec.Loopback {
		r.Sender = "host"
	}
	source := fmt.Sprintf("sent by the kernel of the %s, as its tracepoint recorded", r.Sender)
	switch r.Hand {
	case Netfilter:
		source = fmt.Sprintf("sent by a REJECT rule on the %s, as its counter tells", r.At)
	case Forged:
		source = fmt.Sprintf("forged on the %s wire in the name of the %s", r.At, r.Sender)
	}
	line := truth.Line{Path: r.Point, Frame: r.Frame, Stream: r.Stream, Cause: l.Cause, AlsoOK: l.AlsoOK, Detail: l.Detail,
		Origin: l.Origin, Hidden: l.Hidden, Blind: l.Blind, Payload: l.Payload,
		KernelReason: r.Reason, KernelState: r.State, Situation: sit.Name, Source: source, Why: l.Why}
	if r.Point == "snap" {
		line.Cut()
	}
	return line
}
