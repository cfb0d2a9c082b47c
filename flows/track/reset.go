package track

import (
	"sync"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/slab"
)

// maxRSTText is how many bytes of a RST's payload are kept.
const maxRSTText = 256

// released holds the Resets that are not in use, each with its Conn.
var released = sync.Pool{New: func() any {
	both := &slab.Touched[struct {
		r flows.Reset
		c flows.Conn
	}](1)[0]
	both.r.Conn = &both.c
	return &both.r
}}

// Release gives back a Reset that a table made, with its Conn and all that they point to, for the memory to be used
// again: none of it may be used any more. It is for whoever received r from a table, once. Nobody has to call it; where
// resets are many, it spares the garbage collector most of them.
func Release(r *flows.Reset) {
	if r.DuplicateOf != 0 || r.After.Duplicates > 0 {
		return // two captures of one RST share a Conn
	}
	released.Put(r)
}

// reset takes the RST s of side.
func (t *Table) reset(c *record, side flows.Side, s *segment) {
	t.stats.Resets++
	e := t.duplicateRST(c, side, s)
	if c.cold != 0 {
		t.stopWaiting(c, flows.Originator)
		t.stopWaiting(c, flows.Responder)
	}
	r := released.Get().(*flows.Reset)
	t.makeConn(c, r.Conn)
	*r = flows.Reset{
		Conn: r.Conn, After: flows.After{Events: r.After.Events[:0], SenderRSTs: r.After.SenderRSTs[:0]},
		Opts: s.Opts, HeaderLen: s.HeaderLen, Unknown: s.Unknown, WND: s.WND, MAC: s.MAC, Domain: s.Domain,
		Interface: s.Interface,
		Event: flows.Event{Mark: flows.Mark{Frame: s.Frame, Time: s.Time}, Side: side, Flags: s.Flags, SEQ: s.SEQ, ACK: s.ACK,
			DataLen: s.DataLen,
			WND:     uint32(s.WND), TTL: s.TTL, IPID: s.IPID},
	}
	if c.silent(side, s.SEQ) {
		r.Conn.Defects &^= flows.OneDirection // this RST is the other direction
	}
	if n := min(len(s.Payload), maxRSTText); n > 0 {
		r.Payload = append([]byte(nil), s.Payload[:n]...)
	}
	states := [2]flows.State{c.side[0].state, c.side[1].state}
	r.From, r.To = states, states
	if c.marks&hasReset != 0 {
		r.Prior = t.resetPartOf(c).prior()
	}
	t.related.before(t, c, side, s, r)
	r.Related.ICMP = t.icmpOf(c)
	if e != nil {
		t.makeDuplicate(c, r, e)
		t.takeDuplicate(c)
		if c.marks&watched != 0 {
			t.seenDuplicate(c, s)
		}
		t.addPending(c, side, r)
		return
	}
	was := c.states()
	trig := t.classify(c, side, s, r)
	if c.metClosed(side, s, trig) {
		was = t.stillSynSent(c, side, r, trig, was)
	}
	t.applyRST(c, side, s, r, trig)
	r.To = [2]flows.State{c.side[0].state, c.side[1].state}
	c.history.add(letterRST, side)
	f := t.resetPartOf(c)
	me := &f.side[side]
	first := me.count == 0
	if first {
		me.first, me.seq = stampOf(s), s.SEQ
	}
	me.count++
	if trig != nil {
		me.trigger = trig.frame
	}
	if r.Class == flows.ClassActive && c.side[side^1].bits&hasSND != 0 {
		me.acknowledges(s.ACK, c.side[side^1].nxt)
	}
	me.last, me.tsval, me.again = stampOf(s), s.Opts.TSval, 0
	f.addPrior(prior{stampOf(s), s.SEQ, r.Class, side})
	if c.side[side].state == flows.Closed && c.side[side].bits&sentFIN == 0 {
		t.noteClose(c, side, stampOf(s), false)
	}
	entry := t.note(c, side, s, 0, was)
	if c.marks&watched != 0 {
		t.seenRST(c, side, s, entry)
	}
	t.related.after(t, c, side, s, r, first)
	t.addPending(c, side, r)
}

// duplicateRST returns the RST of which s is a second capture, nil when s is a packet of its own. A kill
// with segments in flight draws RSTs that are alike to the last byte, one for each. Such a one is a copy
// as long as the RST before it has not been captured again as often as other packets have.
func (t *Table) duplicateRST(c *record, side flows.Side, s *segment) *entry {
	e := t.original(c, side, s)
	if e == nil || s.IPID != 0 || s.TTL != e.ttl || pointOf(s) != e.origin&^1 ||
		t.resetPartOf(c).side[side].again < t.usualDuplicates(c) {
		return e
	}
	return nil
}

// makeDuplicate fills in the second capture r of the RST e from the first.
func (t *Table) makeDuplicate(c *record, r *flows.Reset, e *entry) {
	r.Notes |= flows.Duplicate
	r.DuplicateOf = int(e.frame)
	f := t.resetPartOf(c)
	f.side[r.Side].again++
	found := false
	for _, p := range f.priors[:f.n] {
		if p.at.frame == e.frame {
			r.Class, found = p.class, true
		}
	}
	for _, no := range f.open[:f.nOpen] {
		if p := t.pending.at(no); p != nil && p.r.Frame == int(e.frame) {
			o := p.r
			o.After.Duplicates++
			r.Class, r.Trigger, r.TriggerDelay, r.Candidates, r.Accept, r.Conn = o.Class, o.Trigger, o.TriggerDelay,
				o.Candidates, o.Accept, o.Conn
			r.From, r.To = o.From, o.To
		}
	}
	if !found {
		ev := c.event(e)
		r.Prior = append(r.Prior, flows.PriorReset{Mark: ev.Mark, Side: ev.Side, SEQ: ev.SEQ, Class: r.Class})
	}
}
