package incident

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules"
)

// A Finder finds the incidents of a report. It is not safe for concurrent use.
type Finder struct {
	strands []*strand   // in the order of their numbers, which begin with 1
	now     map[key]int // number of the strand that takes resets of a key
	fan     map[key]int // how many strands a client, or a service, has
	refs    int         // resets that all strands name
	names   budget      // hosts and services that all strands may still keep

	joined   map[int][]*strand // groups by the numbers of their strands, as Incident last joined them
	unjoined int               // resets since then

	conns map[conn]trace
	order []conn // in which their traces came, as a ring
	next  int
}

// NewFinder returns a Finder that has seen nothing.
func NewFinder() *Finder {
	return &Finder{now: map[key]int{}, fan: map[key]int{}, names: budget{MaxNames}, conns: map[conn]trace{}}
}

// A key says which resets are of one strand.
type key struct {
	what           string // pattern or rule, and the sender
	client, server string // empty where they do not matter
}

// A conn is a connection of a capture.
type conn struct {
	stream int
	file   int32
}

// A trace is what is remembered of a connection: the last two events on it and their strands.
type trace struct {
	roots   [2]int
	strands [2]int32
}

// maxFan is how many strands a client, or a service, may have, before further ones are kept together.
const maxFan = 64

// maxRuns is how many times a strand may begin anew after a pause.
const maxRuns = 256

// Add returns the number of the incident that r belongs to as far as is known yet; Of says what became of it. It
// reports too whether r is the first of the number, or graver than those before: a candidate to represent it.
func (f *Finder) Add(r *Reset) (number int, candidate bool) {
	c := conn{r.Stream, int32(r.File)}
	known := f.conns[c] // the zero trace if there is none
	n := 0
	if r.Repeats != 0 || r.Pattern == rules.Aftermath {
		n = known.strandOf(r.Repeats)
	}
	if n == 0 {
		n = f.strandFor(r)
	}
	s := f.strands[n-1]
	f.unjoined++
	fresh := !known.has(n)
	if fresh || r.Repeats == 0 {
		f.remember(c, known, r, n)
	}
	return n, f.count(s, r, fresh)
}

// strandOf returns the strand of the event that began with the frame root, else that of the last one, 0 for none.
func (t *trace) strandOf(root int) int {
	if t.roots[1] == root && t.strands[1] != 0 {
		return int(t.strands[1])
	}
	return int(t.strands[0])
}

func (t *trace) has(strand int) bool {
	return t.strands[0] == int32(strand) || t.strands[1] == int32(strand)
}

// remember adds an event to the trace of a connection. New connections replace the oldest.
func (f *Finder) remember(c conn, t trace, r *Reset, strand int) {
	root := r.Frame
	if r.Repeats != 0 {
		root = r.Repeats
	}
	switch {
	case t.strands[0] != 0:
		t.roots[1], t.strands[1] = t.roots[0], t.strands[0]
	case len(f.order) < recent:
		f.order = append(f.order, c)
	default:
		delete(f.conns, f.order[f.next])
		f.order[f.next] = c
		f.next = (f.next + 1) % recent
	}
	t.roots[0], t.strands[0] = root, int32(strand)
	f.conns[c] = t
}

// sides are appended to what a key says where it matters which side sent, or was silent.
var sides = [...]string{" by client", " by server"}

// keyOf returns what the resets of r's strand have in common.
func keyOf(r *Reset) key {
	own := key{what: r.Detail + sides[r.Sender], server: r.Server}
	switch r.Pattern {
	case rules.Scan:
		return key{what: "scan", client: hostOf(r.Client)}
	case rules.Refusal:
		return key{what: "refusal", client: hostOf(r.Client), server: r.Server}
	case rules.Outage:
		return key{what: "outage", server: r.Server}
	case rules.Device:
		return key{what: r.Detail, client: string([]byte{r.TTL, byte(r.WND >> 8), byte(r.WND)}), server: r.Server}
	case rules.Unreached, rules.Silence:
		silent := hostOf(r.Server)
		if r.Silent == flows.Originator {
			silent = hostOf(r.Client)
		}
		return key{what: r.Detail + sides[r.Silent], server: silent}
	case rules.Probe, rules.Reuse:
		own.client = hostOf(r.Client)
	}
	return own
}

// strandFor returns the number of the strand that takes r, a new one where there is none.
func (f *Finder) strandFor(r *Reset) int {
	k := keyOf(r)
	n := f.now[k]
	if n == 0 && k.client != "" && k.server != "" {
		k, n = f.narrowed(k)
	}
	run := 0
	if n != 0 {
		s := f.strands[n-1]
		if r.Repeats != 0 || s.run == maxRuns || !s.paused(r) {
			return n
		}
		run = s.run + 1
	}
	if len(f.strands) >= MaxStrands {
		if n != 0 {
			return n
		}
		k, run = key{what: r.Detail}, 0
		if n := f.now[k]; n != 0 {
			return n
		}
	}
	s := &strand{number: len(f.strands) + 1, key: k, run: run, pattern: r.Pattern, rest: len(f.strands) >= MaxStrands}
	f.strands = append(f.strands, s)
	f.now[k] = s.number
	if run == 0 && k.client != "" && k.server != "" {
		f.fan[key{what: k.what, client: k.client}]++
		f.fan[key{what: k.what, server: k.server}]++
	}
	return s.number
}

// narrowed returns the key of all that a client, or a service, has in common with others, where there are many, and the
// number of its strand.
func (f *Finder) narrowed(k key) (key, int) {
	for _, wide := range [...]key{{what: k.what, client: k.client}, {what: k.what, server: k.server}} {
		if f.fan[wide] >= maxFan {
			return wide, f.now[wide]
		}
	}
	return k, 0
}

// Pauses after which resets of the same key are another run.
const (
	cutPause     = 10 * time.Second
	silencePause = time.Minute
	scanPause    = 10 * time.Minute
	// between captures, whatever the pattern: most likely they have nothing to do with each other
	filePause = 24 * time.Hour
)

// paused reports whether r does not belong to the run of s, but begins another.
func (s *strand) paused(r *Reset) bool {
	apart := func(from, to, t flows.Time, pause time.Duration) bool {
		return t.Sub(to) > pause || from.Sub(t) > pause
	}
	if r.File != s.files[1] && apart(s.first, s.last, r.Time, filePause) {
		return true
	}
	switch s.pattern {
	case rules.Outage:
		return r.AcceptedBefore > s.last // it was back in between
	case rules.Cut, rules.Loss:
		return apart(s.first, s.last, r.Time, cutPause)
	case rules.Scan:
		return apart(s.first, s.last, r.Time, scanPause)
	case rules.Silence, rules.Unreached:
		return r.Since != 0 && s.since.seen &&
			apart(flows.Time(s.since.least), flows.Time(s.since.most), r.Since, silencePause)
	}
	return false
}

// Of returns the number of the incident that a number which Add returned belongs to now.
func (f *Finder) Of() map[int]int {
	of := map[int]int{}
	for _, g := range f.groups() {
		for _, s := range g {
			of[s.number] = g[0].number
		}
	}
	return of
}
