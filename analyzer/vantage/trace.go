package vantage

import (
	"cmp"
	"slices"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/pages"
)

// A Sighting is one segment as one capture holds it.
type Sighting struct {
	Time        flows.Time
	Frame       int
	SEQ, ACK    flows.Seq
	Len         uint32 // bytes of data
	TSval       uint32 // valid with HasTS
	Short, Long uint32 // digests of the first 8 and 32 bytes of data, 0 where fewer were captured
	Flags       flows.Flags
	WND, IPID   uint16
	TTL         uint8
	Options     uint8 // how many TCP options there were
	Side        flows.Side
	HasTS       bool
	Copy        bool // a second capture of a packet before it, by the same vantage point
}

// End returns the sequence number after the segment.
func (s *Sighting) End() flows.Seq {
	n := s.Len
	if s.Flags&flows.SYN != 0 {
		n++
	}
	if s.Flags&flows.FIN != 0 {
		n++
	}
	return s.SEQ.Add(n)
}

// A Trace is one incarnation of a connection as one capture holds it.
type Trace struct {
	Addr   [2]flows.Addr // of originator and responder
	Known  bool          // a SYN or SYN-ACK says who is the originator; otherwise it is a guess
	ISN    [2]flows.Seq
	HasISN [2]bool

	Resets   int    // RSTs among all segments, copies included
	Segments [2]int // of each side, RSTs and copies not counted; valid once the Sightings are loaded
	First    flows.Time
	Last     flows.Time

	// Segments between these times were not kept, to bound memory. Both are 0 if all were.
	GapFrom, GapTo flows.Time

	acked    [2]flows.Seq // highest byte of each side that its peer acknowledged
	sent     [2]flows.Seq // next byte of each side after all that was captured
	hasSent  [2]bool
	hasAcked [2]bool
	held     *contents // nil until asked for

	group *Group
	hosts [2]*host // of originator and responder
	by    *Recorder
	list  []Sighting // nil until asked for
	id    uint32     // of the conn
	kept  int        // segments
	ipid  uint16     // of the first segment
	tsval uint32
}

// Finish makes the traces of all connections. The capture is over.
func (r *Recorder) Finish() {
	r.traces = pages.Make[Trace](r.conns.n)
	r.hosts = make(map[[16]byte]*host)
	for id := range uint32(r.conns.n) {
		c, t := r.conns.at(id), &r.traces[id]
		a, b := 0, 1 // originator and responder
		if c.state&turned != 0 {
			a, b = 1, 0
		}
		t.by, t.id, t.kept, t.Resets, t.Known = r, id, int(c.n), int(c.resets), c.state&known != 0
		t.Addr = [2]flows.Addr{c.addr[a], c.addr[b]}
		t.ISN = [2]flows.Seq{c.isn[a], c.isn[b]}
		t.HasISN = [2]bool{c.state&(hasISN<<a) != 0, c.state&(hasISN<<b) != 0}
		if gap, ok := r.gaps[id]; ok {
			t.GapFrom, t.GapTo = gap[0], gap[1]
			t.First, t.Last = gap[0], gap[1]
		}
		if c.n > 0 {
			first, last := r.log.at(c.first-1), r.log.at(c.last-1)
			t.First, t.Last = min(first.time, last.time), max(first.time, last.time)
			t.ipid, t.tsval = first.ipid, first.tsval
		}
	}
	r.findTranslations()
	for id := range uint32(r.conns.n) {
		t := &r.traces[id]
		if t.translated() {
			continue
		}
		c, a, b := r.conns.at(id), 0, 1
		if c.state&turned != 0 {
			a, b = 1, 0
		}
		t.hosts[0], t.hosts[1] = r.seeHost(c, a), r.seeHost(c, b)
	}
}

// Missing returns how many bytes of a side its peer acknowledged although this capture does not hold them, as far as
// the end of what was captured shows.
func (t *Trace) Missing(side flows.Side) uint32 {
	if !t.hasAcked[side] {
		return 0
	}
	if !t.hasSent[side] {
		return 1
	}
	if d := t.acked[side].Sub(t.sent[side]); d > 0 {
		return uint32(d)
	}
	return 0
}

// Sightings returns the segments in the order of the capture.
func (t *Trace) Sightings() []Sighting {
	if t.list == nil && t.kept > 0 {
		t.load()
	}
	return t.list
}

// load gathers the segments from the log.
func (t *Trace) load() {
	notes := t.notes()
	t.list = make([]Sighting, len(notes))
	back := flows.Responder // the side of addr[1]
	if t.by.conns.at(t.id).state&turned != 0 {
		back = flows.Originator
	}
	mirrored := len(t.translations()) == 0 && mirrored(notes)
	for i, g := range notes {
		s := &t.list[i]
		*s = Sighting{Time: g.time, Frame: int(g.frame), SEQ: g.seq, ACK: g.ack, Len: g.len, TSval: g.tsval,
			Short: g.short, Long: g.long, Flags: g.flags &^ (noteBack | noteHasTS), WND: g.wnd, IPID: g.ipid, TTL: g.ttl,
			Options: g.options, Side: back, HasTS: g.flags&noteHasTS != 0, Copy: isCopy(notes[:i], g, mirrored)}
		if g.flags&noteBack == 0 {
			s.Side = back.Peer()
		}
	}
	for i := range t.list {
		if s := &t.list[i]; !s.Copy && s.Flags&flows.RST == 0 {
			t.Segments[s.Side]++
			t.account(s)
		}
	}
	t.react()
}

// notes returns the segments in the log, those of translations too. They are valid until it is called again.
func (t *Trace) notes() []*note {
	all := t.by.notes[:0]
	gather := func(id uint32) {
		from := len(all)
		for at := t.by.conns.at(id).last; at != 0; {
			g := t.by.log.at(at - 1)
			all, at = append(all, g), g.before
		}
		slices.Reverse(all[from:])
	}
	gather(t.id)
	for _, o := range t.translations() {
		gather(o.id)
	}
	if len(t.translations()) > 0 {
		slices.SortStableFunc(all, func(a, b *note) int { return cmp.Compare(a.frame, b.frame) })
	}
	t.by.notes = all
	return all
}

// isCopy reports whether g is the packet of one of the notes before it again.
func isCopy(before []*note, g *note, mirrored bool) bool {
	for i := len(before) - 1; i >= max(0, len(before)-copiesNear); i-- {
		if g.copyOf(before[i], mirrored) {
			return true
		}
	}
	return false
}

// mirrored reports whether a capture has the data of a connection twice, as a SPAN port of two interfaces has: then it
// has its empty segments twice too, of which nothing else tells a copy from one that was sent again.
func mirrored(notes []*note) bool {
	data, copies := 0, 0
	for i, g := range notes {
		if g.len == 0 {
			continue
		}
		data++
		if isCopy(notes[:i], g, false) {
			copies++
		}
	}
	return copies > 0 && 5*copies >= 2*data
}

// account notes what a side has sent, and what of its peer's data it acknowledged.
func (t *Trace) account(g *Sighting) {
	side, peer := g.Side, g.Side.Peer()
	if end := g.End(); !t.hasSent[side] || end.Sub(t.sent[side]) > 0 {
		t.sent[side], t.hasSent[side] = end, true
	}
	if g.Flags.Has(flows.ACK) && (!t.hasAcked[peer] || g.ACK.Sub(t.acked[peer]) > 0) {
		t.acked[peer], t.hasAcked[peer] = g.ACK, true
	}
}
