package incident

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules"
)

// A strand is what resets of one key and run add up to. One or more strands are an incident.
type strand struct {
	number  int
	key     key
	run     int
	pattern rules.Pattern
	rest    bool // of what there was no room to keep apart

	first, last    flows.Time
	files          [2]int // the first and the last capture with resets of it
	resets, found  int
	conns          int
	senders        [2]int
	silent         [2]int // findings by the side that did not answer
	heard          int    // findings in which it was heard, but did not acknowledge
	severities     [3]int
	remote         int // resets that a device sent
	refusals       int // resets that refuse a connection
	clients, hosts set // of the originators, of the responders
	services       services
	open           services // of a scan: where a connection was accepted
	best           best
	details        []DetailCount
	refs           []Ref
	protocol       string
	ttl            span
	over4          bool // one of the resets is of IPv4
	wnd            span
	idle, waited   span
	since          span
	every          span
	acceptedBefore flows.Time // latest
	acceptedAfter  flows.Time // earliest
	toSYNACK       int
}

// A best is the finding that represents a strand.
type best struct {
	Ref
	severity              rules.Severity
	cause                 rules.Cause
	detail, title, remedy string
	client, server        string
}

// A span is the range of some values.
type span struct {
	least, most int64
	n           int
	seen        bool
}

func (s *span) add(v int64) {
	if !s.seen {
		s.least, s.most, s.seen = v, v, true
	}
	s.least, s.most = min(s.least, v), max(s.most, v)
	s.n++
}

func (s *span) merge(o span) {
	if o.seen {
		n := s.n + o.n
		s.add(o.least)
		s.add(o.most)
		s.n = n
	}
}

// rank returns the place of a severity in BySeverity.
func rank(s rules.Severity) int {
	switch s {
	case rules.Error:
		return 0
	case rules.Warning:
		return 1
	case rules.Info:
	}
	return 2
}

// count adds r to s, and reports whether r represents it from now on. fresh says that no other reset of its connection
// belongs to s.
func (f *Finder) count(s *strand, r *Reset, fresh bool) (candidate bool) {
	if s.resets == 0 || r.Time < s.first {
		s.first = r.Time
	}
	if s.resets == 0 || r.Time > s.last {
		s.last = r.Time
	}
	if s.resets == 0 {
		s.files[0] = r.File
	}
	s.files[1] = r.File
	s.resets++
	s.senders[r.Sender]++
	if r.Cause == rules.ClosedPort {
		s.refusals++
	}
	if fresh {
		s.conns++
		s.clients.add(hostOf(r.Client), &f.names)
		s.hosts.add(hostOf(r.Server), &f.names)
		s.services.add(r.Server, &f.names)
	}
	if r.Repeats == 0 {
		s.found++
		s.severities[rank(r.Severity)]++
		if candidate = s.best.Frame == 0 || rank(r.Severity) < rank(s.best.severity); candidate {
			s.best = best{refOf(r), r.Severity, r.Cause, r.Detail, r.Title, r.Remedy, r.Client, r.Server}
		}
		s.measure(r, &f.names)
	}
	s.detail(r.Detail, 1)
	if len(s.refs) < MaxRefs && f.refs < MaxAllRefs {
		s.refs = append(s.refs, refOf(r))
		f.refs++
	}
	return candidate
}

// measure adds what r's claims say.
func (s *strand) measure(r *Reset, names *budget) {
	s.ttl.add(int64(r.TTL))
	s.over4 = s.over4 || !strings.HasPrefix(r.Server, "[")
	s.wnd.add(int64(r.WND))
	if r.Remote {
		s.remote++
	}
	if r.Idle > 0 {
		s.idle.add(int64(r.Idle))
	}
	if r.Waited > 0 {
		s.waited.add(int64(r.Waited))
	}
	if s.pattern == rules.Silence || s.pattern == rules.Unreached {
		s.silent[r.Silent]++
		if r.Heard {
			s.heard++
		}
	}
	if r.Since != 0 {
		s.since.add(int64(r.Since))
	}
	if r.Every > 0 {
		s.every.add(int64(r.Every))
	}
	if r.ToSYNACK {
		s.toSYNACK++
		if s.pattern == rules.Scan {
			s.open.add(r.Server, names)
		}
	}
	s.acceptedBefore = max(s.acceptedBefore, r.AcceptedBefore)
	if r.AcceptedAfter != 0 && (s.acceptedAfter == 0 || r.AcceptedAfter < s.acceptedAfter) {
		s.acceptedAfter = r.AcceptedAfter
	}
	if s.protocol == "" {
		s.protocol = r.Protocol
	}
}

func (s *strand) detail(detail string, n int) {
	for i := range s.details {
		if s.details[i].Detail == detail {
			s.details[i].Resets += n
			return
		}
	}
	if len(s.details) < MaxDetails {
		s.details = append(s.details, DetailCount{detail, n})
	}
}

// whole adds up the strands of a group, which stay as they are.
func whole(group []*strand) *strand {
	if len(group) == 1 {
		return group[0]
	}
	w := &strand{number: group[0].number, first: group[0].first, last: group[0].last}
	for _, s := range group {
		w.first, w.last = min(w.first, s.first), max(w.last, s.last)
		w.resets += s.resets
		w.found += s.found
		w.conns += s.conns
		w.remote += s.remote
		w.refusals += s.refusals
		w.toSYNACK += s.toSYNACK
		w.heard += s.heard
		w.rest = w.rest || s.rest
		for i := range s.senders {
			w.senders[i] += s.senders[i]
			w.silent[i] += s.silent[i]
		}
		for i := range s.severities {
			w.severities[i] += s.severities[i]
		}
		w.clients.merge(&s.clients)
		w.hosts.merge(&s.hosts)
		w.services.merge(&s.services)
		w.open.merge(&s.open)
		for _, d := range s.details {
			w.detail(d.Detail, d.Resets)
		}
		if w.protocol == "" {
			w.protocol = s.protocol
		}
		w.ttl.merge(s.ttl)
		w.over4 = w.over4 || s.over4
		w.wnd.merge(s.wnd)
		w.idle.merge(s.idle)
		w.waited.merge(s.waited)
		w.since.merge(s.since)
		w.every.merge(s.every)
		w.acceptedBefore = max(w.acceptedBefore, s.acceptedBefore)
		if s.acceptedAfter != 0 && (w.acceptedAfter == 0 || s.acceptedAfter < w.acceptedAfter) {
			w.acceptedAfter = s.acceptedAfter
		}
		w.refs = append(w.refs, s.refs[:min(len(s.refs), MaxRefs-len(w.refs))]...)
	}
	slices.SortFunc(w.refs, func(a, b Ref) int { return cmp.Or(int(a.File-b.File), a.Frame-b.Frame) })
	return w
}

func refOf(r *Reset) Ref { return Ref{r.Frame, r.Stream, int32(r.File), int32(r.Line)} }
