package vantage

import "github.com/rstexplain/rstexplain/flows"

// rejoin makes one trace of a connection to which NAT gave another port on its way: its state was lost, and the next
// packet made a new mapping. Behind the NAT that looks like a connection without SYN, whose first segment is the one
// that the pair lacks there.
func (c *Comparison) rejoin() {
	for at, l := range c.links {
		for n, v := range at {
			c.rejoinAt(l.pairs, v, n == 0)
		}
	}
}

// maxRejoined bounds the connections without SYN that are looked at.
const maxRejoined = 1 << 10

// hostsOf are the two hosts of a connection in one capture, and the port of the responder.
type hostsOf struct {
	from [16]byte
	to   flows.Addr
}

// rejoinAt does it in the capture at v, which is A of the pairs or B.
func (c *Comparison) rejoinAt(pairs []*Pair, v int, isA bool) {
	paired := map[*Trace]bool{}
	of := map[hostsOf][]*Pair{}
	r := c.Vantages[v].Recorder
	var alone []*Trace
	for i := range r.traces {
		if t := &r.traces[i]; !t.Known && !t.translated() && t.Resets > 0 && len(alone) < maxRejoined {
			alone = append(alone, t)
		}
	}
	if len(alone) == 0 {
		return
	}
	for _, x := range pairs {
		t, _ := x.ends(isA)
		paired[t] = true
		if t.Known {
			k := hostsOf{t.Addr[0].IP, t.Addr[1]}
			of[k] = append(of[k], x)
		}
	}
	for _, t := range alone {
		if paired[t] || len(t.Sightings()) == 0 {
			continue
		}
		var found *Pair
		n := 0
		for _, x := range of[hostsOf{t.Addr[0].IP, t.Addr[1]}] {
			if x.goesOnIn(&t.Sightings()[0], isA) {
				found = x
				n++
			}
		}
		if n != 1 {
			continue
		}
		if held, _ := found.ends(isA); held.by.conns.at(held.id).addr[0].IP == t.by.conns.at(t.id).addr[0].IP {
			held.merge(t)
			held.forget()
			found.once = [2][]Match{}
			c.rejoined[held] = append(c.rejoined[held], Place{v, t.Sightings()[0].Frame})
		}
	}
}

// ends returns the trace of one capture, and that of the other.
func (x *Pair) ends(isA bool) (here, there *Trace) {
	if isA {
		return x.A, x.B
	}
	return x.B, x.A
}

// goesOnIn reports whether s, in one capture, is a segment that the other one holds of the pair, and this one does not.
func (x *Pair) goesOnIn(s *Sighting, isA bool) bool {
	here, there := x.ends(isA)
	if s.Len == 0 || s.Side != flows.Originator || x.Flip || s.Time < here.First {
		return false
	}
	sign := flows.Seq(1)
	if isA {
		sign = ^flows.Seq(0)
	}
	same := func(o *Sighting) bool {
		return o.Side == s.Side && o.Len == s.Len && o.SEQ+sign*x.Shift[s.Side] == s.SEQ &&
			o.ACK+sign*x.Shift[s.Side.Peer()] == s.ACK && (o.HasTS && s.HasTS && o.TSval == s.TSval || o.IPID != 0 && o.IPID == s.IPID)
	}
	for i := range here.Sightings() {
		if o := &here.Sightings()[i]; o.Side == s.Side && o.SEQ == s.SEQ && o.Len == s.Len {
			return false
		}
	}
	for i := range there.Sightings() {
		if same(&there.Sightings()[i]) {
			return true
		}
	}
	return false
}

// forget has the segments of a trace gathered again when they are asked for.
func (t *Trace) forget() {
	t.list, t.held, t.Segments = nil, nil, [2]int{}
	t.acked, t.sent, t.hasSent, t.hasAcked = [2]flows.Seq{}, [2]flows.Seq{}, [2]bool{}, [2]bool{}
}

// Rejoined returns the first packets of a connection that have another port at v than those before: NAT had lost its
// state.
func (g *Group) Rejoined(c *Comparison, v int) []Place { return c.rejoined[g.Traces[v]] }
