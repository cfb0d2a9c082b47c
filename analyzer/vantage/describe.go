package vantage

import (
	"slices"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// describe adds the claims about a RST that hold whatever the verdict is.
func (c *Comparison) describe(x *Verdict, view func(Place) View) {
	g := x.Group
	f := x.View.Vantage
	switch x.Made {
	case OnHost:
		if f != x.From {
			break // the capture of that host does not hold it
		}
		x.claim(Claim{Kind: LeftHost, Places: []Place{x.View}})
	case OnPeer:
		kind := NotHere
		if g.Traces[x.To] != nil {
			kind = NeverLeft
		}
		x.claim(Claim{Kind: kind, Places: []Place{x.View}, To: x.To})
	case Between:
		kind := NeverLeft
		switch {
		case c.Vantages[x.From].Recorder.segments == 0:
			kind = EmptyThere
		case g.Traces[x.From] == nil:
			kind = NotHere
		}
		x.Claims = append([]Claim{{Kind: kind, Places: []Place{x.View}, To: x.From}}, x.Claims...)
	}
	way := x.way()
	for n, v := range way {
		s := x.in(v)
		if s == nil || n+1 == len(way) {
			continue
		}
		w := way[n+1]
		o := x.in(w)
		at := c.shiftTime(v, w, s.Time)
		switch {
		case o != nil:
			k := Claim{Kind: Arrived, Places: []Place{{v, s.Frame}, {w, o.Frame}}, To: w, Span: o.Time.Sub(at)}
			if s.TTL >= o.TTL && o.TTL != 0 {
				k.Count = int(s.TTL - o.TTL)
			}
			x.claim(k)
			if x.once(v) && x.once(w) || len(way) == 2 {
				c.describeChanges(x, v, w)
			}
		case g.paired(v, w) && c.running(w, at) && !g.inGap(w, at):
			x.claim(Claim{Kind: LostOnTheWay, Places: []Place{{v, s.Frame}}, To: w})
		}
	}
	if a, b := way[0], way[len(way)-1]; len(way) > 2 && !x.has(Altered) && x.in(a) != nil && x.in(b) != nil {
		c.describeChanges(x, a, b) // a router in between has the packet before and after the change
	}
	c.describeTrigger(x, view(x.View))
	c.describeSYN(x, f)
	c.describeAnswer(x, view(x.View))
	if x.Made == Between && x.Proven && c.bothWays(x) {
		x.claim(Claim{Kind: BothReset, Places: []Place{x.View}})
	}
	c.describeLosses(x)
	c.limit(x)
}

// describeChanges says what changed in a RST from v to w.
func (c *Comparison) describeChanges(x *Verdict, v, w int) {
	s, o := x.in(v), x.in(w)
	list := x.Group.changesOf(v, w, s, o)
	if x.Here { // it is new there: its TTL is not that of the packets that are forwarded
		list = slices.DeleteFunc(list, func(field string) bool { return field == "TTL" })
	}
	if len(list) > 0 {
		x.claim(Claim{Kind: Altered, Places: []Place{{v, s.Frame}, {w, o.Frame}}, Text: strings.Join(list, ", ")})
	}
}

// limit marks absences from captures that are not known to have run.
func (c *Comparison) limit(x *Verdict) {
	for i := range x.Claims {
		k := &x.Claims[i]
		switch k.Kind {
		case NeverLeft, LostOnTheWay, TriggerNeverArrived, SYNNeverArrived, NotHere, AnsweredBetween,
			SegmentsLost, FullSizeLost, IdleDropped:
		default:
			continue
		}
		for _, p := range k.Places {
			t := x.Group.Traces[p.Vantage]
			if p.Vantage == k.To || t == nil || t.at(p.Frame) < 0 {
				continue
			}
			at := c.shiftTime(p.Vantage, k.To, t.Sightings()[t.at(p.Frame)].Time)
			if k.Kind == NeverLeft || k.Kind == NotHere {
				at -= flows.Time(c.leastDelay(k.To, p.Vantage))
			}
			k.Limited = !c.running(k.To, at) // of the last place, which the claim is about
		}
	}
}

// inGap reports whether the segments of a trace around a time were not kept.
func (g *Group) inGap(v int, t flows.Time) bool {
	k := g.Traces[v]
	return k.GapFrom != 0 && t >= k.GapFrom && t <= k.GapTo
}

// changesOf lists what changed in a packet from v to w.
func (g *Group) changesOf(v, w int, s, o *Sighting) []string {
	if v > w {
		v, w, s, o = w, v, o, s
	}
	if x := g.pair(v, w); x != nil {
		return x.changes(s, o)
	}
	return nil // a third capture holds both
}

// Lost reports whether the RST did not arrive, as far as the captures show.
func (x *Verdict) Lost() bool { return x.has(LostOnTheWay) }

// has reports whether there is a claim of a kind.
func (x *Verdict) has(k Kind) bool {
	for i := range x.Claims {
		if x.Claims[i].Kind == k {
			return true
		}
	}
	return false
}

// bothWays reports whether the sender got a RST too that its peer never sent.
func (c *Comparison) bothWays(x *Verdict) bool {
	return x.Group.Traces[x.From] != nil && c.peerIsReset(x, x.From, x.To)
}

// describeTrigger says whether what the RST answers reached its sender.
func (c *Comparison) describeTrigger(x *Verdict, say View) {
	g, f := x.Group, x.View.Vantage
	i := g.Traces[f].at(say.Trigger)
	if say.Trigger == 0 || i < 0 || x.Made == OnPeer {
		return
	}
	s := &g.Traces[f].Sightings()[i]
	if g.side(f, s.Side) == x.Side || s.Flags&(flows.SYN|flows.ACK) == flows.SYN {
		return
	}
	for _, v := range g.order {
		if v == f {
			continue
		}
		if j, ok := g.counterpart(f, v, i); ok {
			a, b := Place{v, g.Traces[v].Sightings()[j].Frame}, Place{f, s.Frame}
			if x.Made == Between {
				a, b = b, a
			}
			x.claim(Claim{Kind: TriggerArrived, Places: []Place{a, b}})
			return
		}
	}
	if x.Made == Between && g.Traces[x.From] != nil {
		c.describeIdle(x, i)
	}
}

// describeIdle says that a connection that was idle lost its way.
func (c *Comparison) describeIdle(x *Verdict, trigger int) {
	g, f := x.Group, x.View.Vantage
	t := g.Traces[f]
	for i := trigger - 1; i >= 0; i-- {
		s := &t.Sightings()[i]
		if g.side(f, s.Side) == x.Side || s.Flags&flows.RST != 0 {
			continue
		}
		j, ok := g.counterpart(f, x.From, i)
		if !ok {
			continue
		}
		last := t.Sightings()[trigger-1].Time
		if idle := t.Sightings()[trigger].Time.Sub(last); idle >= leastIdle && x.has(TriggerNeverArrived) {
			x.claim(Claim{Kind: IdleDropped, Places: []Place{{f, s.Frame}, {x.From, g.Traces[x.From].Sightings()[j].Frame},
				{f, t.Sightings()[trigger].Frame}},
				To: x.From, Span: idle})
		}
		return
	}
}

// describeSYN says of a refused connection whether its SYN reached the other end.
func (c *Comparison) describeSYN(x *Verdict, f int) {
	if x.Side != flows.Responder {
		return
	}
	g := x.Group
	for _, t := range g.Traces {
		if t != nil && t.HasISN[flows.Responder] {
			return // accepted
		}
	}
	first, last := g.order[0], g.order[len(g.order)-1]
	absent := x.Made == Between && g.Traces[x.From] == nil // the capture nearest to the responder
	for i := range g.Traces[first].Sightings() {
		s := &g.Traces[first].Sightings()[i]
		if s.Flags&(flows.SYN|flows.ACK) != flows.SYN || g.side(first, s.Side) != flows.Originator {
			continue
		}
		if first == last || absent {
			if absent && x.From != f {
				x.claim(Claim{Kind: SYNNeverArrived, Places: []Place{{first, s.Frame}}, To: x.From})
			}
			return
		}
		if j, ok := g.counterpart(first, last, i); ok {
			x.claim(Claim{Kind: SYNArrived, Places: []Place{{first, s.Frame}, {last, g.Traces[last].Sightings()[j].Frame}}})
		} else if c.running(last, c.shiftTime(first, last, s.Time)) {
			x.claim(Claim{Kind: SYNNeverArrived, Places: []Place{{first, s.Frame}}, To: last})
		}
		return
	}
}

// describeAnswer says that a device accepted the connection, whose SYN the responder's own host refuses.
func (c *Comparison) describeAnswer(x *Verdict, say View) {
	g, last := x.Group, x.From
	if x.Made != OnHost || !x.Proven || x.Side != flows.Responder || !say.Unopened || x.in(last).SEQ != 0 {
		return
	}
	for _, v := range g.order {
		for i := range g.Traces[v].Sightings() {
			s := &g.Traces[v].Sightings()[i]
			if v == last || s.Flags&(flows.SYN|flows.ACK) != flows.SYN|flows.ACK || g.side(v, s.Side) != flows.Responder {
				continue
			}
			if _, ok := g.counterpart(v, last, i); !ok && g.paired(v, last) && c.running(last, c.shiftTime(v, last, s.Time)) {
				x.claim(Claim{Kind: AnsweredBetween, Places: []Place{{v, s.Frame}, {last, x.in(last).Frame}}, To: last})
				return
			}
		}
	}
}

// Bounds of what is said of lost segments.
const (
	lossesBefore = 10 * time.Minute // before the RST
	maxLosses    = 12               // frames in a claim
)

// describeLosses says which segments were lost before the RST, and on which part of the path.
func (c *Comparison) describeLosses(x *Verdict) {
	g := x.Group
	for n := 1; n < len(g.order); n++ {
		for side := range flows.Side(2) {
			v, w := g.order[n-1], g.order[n]
			if side == flows.Responder {
				v, w = w, v
			}
			if !g.paired(v, w) {
				continue
			}
			k := Claim{Kind: SegmentsLost, To: w, Side: side.String()}
			least, most := uint32(1<<31), uint32(0) // of the lost ones, and of those that arrived
			t := g.Traces[v]
			through, idle := -1, Claim{} // the last segment that arrived, and what was lost since
			for i := range t.Sightings() {
				s := &t.Sightings()[i]
				before := x.Time.Sub(c.Common(v, s.Time))
				if g.side(v, s.Side) != side || s.Copy || s.Flags&flows.RST != 0 || before < 0 || before > lossesBefore {
					continue
				}
				at := c.shiftTime(v, w, s.Time)
				if _, ok := g.counterpart(v, w, i); ok || s.Len > 0 && g.covers(v, w, s) || c.merged(g, v, w, s) {
					most = max(most, s.Len)
					through, idle = i, Claim{}
					continue
				}
				if !c.running(w, at) || g.inGap(w, at) || x.Made == Between && s.Frame == triggerFrame(x, v) {
					continue
				}
				if idle.Kind == "" && through >= 0 {
					idle = c.afterIdle(g, v, w, through, i)
				}
				k.Count++
				if s.Len > 0 {
					least = min(least, s.Len)
				}
				if len(k.Places) < maxLosses {
					k.Places = append(k.Places, Place{v, s.Frame})
				}
			}
			if k.Count == 0 {
				continue
			}
			x.claim(k)
			if idle.Span >= leastIdle && k.Count > 1 && !x.has(IdleDropped) {
				x.claim(idle)
			}
			if least < 1<<31 && least >= 500 && most < least && most > 0 {
				x.claim(Claim{Kind: FullSizeLost, Places: k.Places, To: w, Side: k.Side, Number: int64(least),
					Expected: int64(most)})
			}
		}
	}
}

// leastIdle is after how much silence a path that lets nothing through any more has most likely lost its state.
const leastIdle = 2 * time.Second

// afterIdle says how long a connection was idle at v before a segment that did not reach w.
func (c *Comparison) afterIdle(g *Group, v, w, through, lost int) Claim {
	list := g.Traces[v].Sightings()
	k := Claim{Kind: IdleDropped, To: w, Span: list[lost].Time.Sub(list[lost-1].Time)}
	j, ok := g.counterpart(v, w, through)
	if !ok {
		return Claim{Kind: IdleDropped}
	}
	k.Places = []Place{{v, list[through].Frame}, {w, g.Traces[w].Sightings()[j].Frame}, {v, list[lost].Frame}}
	return k
}

// triggerFrame returns the frame at v of what the RST answers, if a claim says that it did not arrive: it is no loss.
func triggerFrame(x *Verdict, v int) int {
	for i := range x.Claims {
		if k := &x.Claims[i]; k.Kind == TriggerNeverArrived && k.Places[0].Vantage == v {
			return k.Places[0].Frame
		}
	}
	return 0
}
