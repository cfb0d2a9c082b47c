package vantage

import (
	"cmp"
	"slices"
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// A Rung is one packet of a connection in all captures that hold it.
type Rung struct {
	Seen        []Place       // in the order in which the packet passes them
	First, Last time.Duration // since the RST, by the first capture's clock
	TTLs        []uint8       // as seen
	Side        flows.Side
	Flags       flows.Flags
	SEQ, ACK    uint32 // relative
	Len         uint32
	Lost        int // the vantage point that it did not reach, −1 for none
	NotFrom     int // the vantage point that it must have passed and never was at, −1 for none
	Trigger     bool
}

// How many packets of a connection a ladder has, before the RST and behind it.
const (
	rungsOpening = 3
	rungsBefore  = 12
	rungsAfter   = 6
)

// Ladder returns the packets around a RST in the order of time: the first ones of the connection, the last ones before
// the RST, and some behind it.
func (c *Comparison) Ladder(x *Verdict, trigger int) []Rung {
	g := x.Group
	var all []Rung
	done := map[Place]bool{}
	for _, v := range g.order {
		t := g.Traces[v]
		for i := range t.Sightings() {
			s := &t.Sightings()[i]
			if here := (Place{v, s.Frame}); s.Copy || done[here] {
				continue
			}
			all = append(all, c.rung(x, v, i, done))
		}
	}
	slices.SortStableFunc(all, func(a, b Rung) int { return cmp.Compare(a.First, b.First) })
	at := slices.IndexFunc(all, func(r Rung) bool { return slices.Contains(r.Seen, x.View) })
	for i := range all {
		all[i].Trigger = trigger != 0 && slices.Contains(all[i].Seen, Place{x.View.Vantage, trigger})
	}
	from, to := max(at-rungsBefore, 0), min(at+1+rungsAfter, len(all))
	if from <= rungsOpening {
		return all[:to]
	}
	return append(slices.Clip(all[:rungsOpening]), all[from:to]...)
}

// rung makes one packet of a sighting and its counterparts.
func (c *Comparison) rung(x *Verdict, v, i int, done map[Place]bool) Rung {
	g := x.Group
	s := &g.Traces[v].Sightings()[i]
	r := Rung{Side: g.side(v, s.Side), Flags: s.Flags, Len: s.Len, Lost: -1, NotFrom: -1}
	r.SEQ, r.ACK = g.Traces[v].relative(s)
	way := slices.Clone(g.order)
	if r.Side == flows.Responder {
		slices.Reverse(way)
	}
	type sight struct {
		Place
		ttl  uint8
		time flows.Time
	}
	var seen []sight
	for _, w := range way {
		j, ok := i, true
		if w != v {
			j, ok = g.counterpart(v, w, i)
		}
		if ok {
			o := &g.Traces[w].Sightings()[j]
			done[Place{w, o.Frame}] = true
			seen = append(seen, sight{Place{w, o.Frame}, o.TTL, c.Common(w, o.Time)})
		}
	}
	// Where a clock was set, the times of one capture alone show the order.
	if i := slices.IndexFunc(seen, func(o sight) bool { return o.Vantage == x.View.Vantage }); c.loose > 0 && i >= 0 {
		for n := range seen {
			seen[n].time = seen[i].time
		}
	}
	for n, o := range seen {
		r.Seen, r.TTLs = append(r.Seen, o.Place), append(r.TTLs, o.ttl)
		d := o.time.Sub(x.Time)
		if n == 0 {
			r.First, r.Last = d, d
		}
		r.First, r.Last = min(r.First, d), max(r.Last, d)
	}
	first, last := slices.Index(way, seen[0].Vantage), slices.Index(way, seen[len(seen)-1].Vantage)
	if last+1 < len(way) {
		w := way[last+1]
		if c.running(w, c.shiftTime(v, w, s.Time)) && g.paired(v, w) && !(s.Len > 0 && g.covers(v, w, s)) &&
			!c.merged(g, v, w, s) {
			r.Lost = w
		}
	}
	if first > 0 {
		w := way[first-1]
		if c.running(w, c.shiftTime(v, w, s.Time)) && g.paired(v, w) && !(s.Len > 0 && g.covers(v, w, s)) &&
			!c.merged(g, v, w, s) {
			r.NotFrom = w
		}
	}
	return r
}

// relative returns SEQ and ACK of a segment as Wireshark counts them.
func (t *Trace) relative(s *Sighting) (seq, ack uint32) {
	base := func(side flows.Side) flows.Seq {
		if t.HasISN[side] {
			return t.ISN[side]
		}
		for i := range t.Sightings() {
			if o := &t.Sightings()[i]; o.Side == side && o.Flags&flows.RST == 0 {
				return o.SEQ - 1
			}
		}
		return s.SEQ
	}
	seq = uint32(s.SEQ - base(s.Side))
	if s.SEQ == 0 && s.Flags&flows.RST != 0 {
		seq = 0
	}
	if s.Flags.Has(flows.ACK) {
		ack = uint32(s.ACK - base(s.Side.Peer()))
	}
	return seq, ack
}

// Shared returns how many connections two captures have in common.
func (c *Comparison) Shared(v, w int) int {
	if l := c.links[[2]int{min(v, w), max(v, w)}]; l != nil {
		return len(l.pairs)
	}
	return 0
}

// Clock returns how far the clock at w is ahead of that at v, v < w, and whether that is known.
func (c *Comparison) Clock(v, w int) (Clock, bool) {
	l := c.links[[2]int{v, w}]
	if l == nil {
		return Clock{}, false
	}
	return l.clock, l.clock.Known
}

// Same reports whether two captures hold the same packets at the same times, as one capture that was named twice.
func (c *Comparison) Same(v, w int) bool { return c.same[[2]int{min(v, w), max(v, w)}] }

func same(a, b *Recorder) bool {
	if a.segments == 0 || a.segments != b.segments || a.first != b.first || a.last != b.last ||
		len(a.traces) != len(b.traces) || a.log.n != b.log.n {
		return false
	}
	for i := range uint32(a.log.n) {
		if s, t := a.log.at(i), b.log.at(i); s.time != t.time || s.seq != t.seq || s.before != t.before {
			return false
		}
	}
	return true
}
