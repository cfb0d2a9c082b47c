package track

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// A pending is a reset that waits for what comes after it.
type pending struct {
	r         *flows.Reset
	stream    uint32
	open      bool // its connection is still followed
	sender    flows.Side
	hostReset int        // its place in related.resets
	since     flows.Time // Table.clock when it began to wait: its own time may be wrong
}

// pendingResets is the queue of resets that wait, in the order of their frames, numbered from 0.
type pendingResets struct {
	list []pending
	head uint64 // number of list[0]
	next uint64 // of the reset that is handed out early next, unless it is behind head
}

func (w *pendingResets) len() int { return len(w.list) }

// at returns reset number no, nil when it has been handed out.
func (w *pendingResets) at(no uint64) *pending {
	if no < w.head {
		return nil
	}
	return &w.list[no-w.head]
}

// add appends a reset and returns its number.
func (w *pendingResets) add(p pending) uint64 {
	w.list = append(w.list, p)
	return w.head + uint64(len(w.list)) - 1
}

// addPending queues r, and hands out the oldest when too many wait.
func (t *Table) addPending(c *record, side flows.Side, r *flows.Reset) {
	no := t.pending.add(pending{r: r, stream: c.stream, open: true, sender: side, since: t.clock})
	t.related.wait(t, no, t.pending.at(no))
	if ended, full := t.resetPartOf(c).addOpen(no); full {
		if p := t.pending.at(ended); p != nil {
			p.open = false
		}
	}
	c.marks |= watched
	for t.pending.len() > t.opts.Lookahead {
		t.settle()
	}
}

// settle hands out the oldest reset that waits.
func (t *Table) settle() {
	p := t.pending.list[0]
	t.pending.list[0] = pending{}
	t.pending.list = t.pending.list[1:]
	t.pending.head++
	if len(t.pending.list) > 1 {
		fetchReset(t.pending.list[1].r)
	}
	t.complete(&p)
	t.emit(p.r)
}

// Settle hands out the resets that have waited for LookaheadTime at the moment now. Follow mode calls
// it when no packet comes.
func (t *Table) Settle(now flows.Time) {
	w := &t.pending
	for w.next = max(w.next, w.head); w.next < w.head+uint64(w.len()); w.next = max(w.next, w.head) {
		p := w.at(w.next)
		if now.Sub(p.since) < max(t.opts.LookaheadTime, time.Nanosecond) {
			return
		}
		if t.opts.Early == nil {
			t.settle()
			continue
		}
		w.next++
		t.opts.Early(t.soFar(p))
	}
}

// soFar returns a copy of the reset p as it would be handed out now. What it points to is either not written again, or
// is only appended to.
func (t *Table) soFar(p *pending) *flows.Reset {
	r, conn := *p.r, *p.r.Conn
	r.Conn = &conn
	q := *p
	q.r = &r
	t.complete(&q)
	return &r
}

// complete fills in what is known when the reset p is handed out.
func (t *Table) complete(p *pending) {
	t.related.settle(t, p)
	if p.r.After.ChallengeACK.Seen() {
		p.r.Notes |= flows.NotAccepted
	}
}

// eachPending calls f for the resets of c that wait.
func (t *Table) eachPending(c *record, f func(p *pending)) {
	fall := t.resetPartOf(c)
	left := uint8(0)
	for _, no := range fall.open[:fall.nOpen] {
		if p := t.pending.at(no); p != nil && p.open {
			fall.open[left] = no
			left++
			f(p)
		}
	}
	if fall.nOpen = left; left == 0 {
		c.marks &^= watched
	}
}

// seenSegment tells the waiting resets of c about s, a segment that is no RST and came after them.
func (t *Table) seenSegment(c *record, side flows.Side, s *segment, e *entry, newData uint32) {
	t.eachPending(c, func(p *pending) {
		r, a := p.r, &p.r.After
		at := flows.Mark{Frame: s.Frame, Time: s.Time}
		if side == p.sender {
			a.SenderSegments++
			if newData > 0 && !a.SenderNewData.Seen() && r.SEQ.LessEq(s.SEQ) {
				a.SenderNewData = at
			}
			if s.Flags&flows.ACK != 0 && !a.SenderACK.Seen() {
				a.SenderACK = at
			}
			if s.Flags.Has(flows.SYN|flows.ACK) && !a.HasSenderISS {
				a.SenderISS, a.HasSenderISS = s.SEQ, true
			}
		} else {
			t.lateTrigger(c, p, s, e)
			if a.ReceiverSegments == 0 && s.LEN() == 0 && s.Flags&flows.ACK != 0 &&
				(r.Accept == flows.AcceptWindow || r.Accept == flows.AcceptUnknown) && !acksNew(r, p.sender, s) {
				// RFC 5961 §3.2: "TCP SHOULD send an acknowledgment (challenge ACK)".
				if wait := s.Time.Sub(r.Time); wait < time.Second {
					a.ChallengeACK = at
					e.notes |= flows.ChallengeACK
				}
			}
			a.ReceiverSegments++
			if s.Flags&(flows.SYN|flows.ACK) == flows.SYN && !a.ReceiverSYN.Seen() {
				a.ReceiverSYN = at
			}
			if s.DataLen > 0 && !a.ReceiverData.Seen() {
				a.ReceiverData = at
			}
			if e.notes&flows.Retransmitted != 0 {
				a.ReceiverRetransmits++
			}
			switch o := &s.Opts; {
			case !o.HasTS || s.Flags&flows.SYN != 0:
			case !a.Echo.Seen():
				a.Echo, a.EchoTSecr = at, uint16(o.TSecr)
			case !a.EchoMoved.Seen() && int16(uint16(o.TSecr)-a.EchoTSecr) > 0:
				a.EchoMoved = at
			}
		}
		t.after(c, p, e)
	})
}

// acksNew reports whether s, of the receiver of r, acknowledges what the receiver had not before: then it answers that.
func acksNew(r *flows.Reset, sender flows.Side, s *segment) bool {
	e := r.Conn.End(sender)
	return e.HasSND && s.ACK.Sub(e.SND.UNA) > 0
}

// reordered is how much later than the RST its trigger may have been captured.
const reordered = time.Millisecond

// lateTrigger takes s as what the reset p answers when nothing before it fits, and the capture's order is known to be
// wrong: capturing on several queues or interfaces can put the answer first. The refusal of a SYN shows that by itself.
func (t *Table) lateTrigger(c *record, p *pending, s *segment, e *entry) {
	r := p.r
	if r.Trigger != nil || r.Class == flows.ClassActive || s.Time.Sub(r.Time) > reordered || e.notes&entryAnswered != 0 {
		return
	}
	if r.Conn.Ends[p.sender^1].Segments > 0 &&
		r.Conn.Defects&(flows.NoHandshake|flows.OneDirection|flows.MissedPackets|flows.Evicted) != 0 {
		return // it may answer a segment that the capture lacks
	}
	rst := segment{Segment: flows.Segment{SEQ: r.SEQ, ACK: r.ACK, Flags: r.Flags}}
	if rst.Flags&flows.ACK != 0 && rst.SEQ != 0 || !answers(&rst, p.sender, e) {
		return
	}
	if snd := &r.Conn.Ends[p.sender]; rst.Flags&flows.ACK == 0 {
		if c.defects&flows.Reordered == 0 && s.Time >= r.Time {
			return // nothing shows that the capture's order is wrong
		}
		if snd.HasSND && (r.SEQ == snd.SND.NXT || r.SEQ == snd.SND.UNA) {
			return // an abort by its numbers, which this segment may have crossed
		}
	}
	e.notes |= entryAnswered
	ev := c.event(e)
	r.Trigger, r.TriggerDelay, r.Candidates = &ev, r.Time.Sub(s.Time), 1
	if r.Class == flows.ClassBare {
		r.Class = flows.ClassReply
	}
	if r.Accept == flows.AcceptOutside && r.SEQ == s.ACK && r.Flags&flows.ACK == 0 {
		r.Accept = flows.AcceptExact // its receiver asked for this very number
	}
	r.Conn.Defects |= flows.Reordered
}

// after adds e to the events after the reset p.
func (t *Table) after(c *record, p *pending, e *entry) {
	a := &p.r.After
	a.Last = flows.Mark{Frame: int(e.frame), Time: c.at(e.lo, e.hi)}
	if len(a.Events) < flows.MaxAfter {
		a.Events = append(a.Events, c.event(e))
	}
}

// seenDuplicate tells the waiting resets of c about a packet captured once more.
func (t *Table) seenDuplicate(c *record, s *segment) {
	t.eachPending(c, func(p *pending) { p.r.After.Last = flows.Mark{Frame: s.Frame, Time: s.Time} })
}

// seenRST tells the waiting resets of c about a further RST.
func (t *Table) seenRST(c *record, side flows.Side, s *segment, e *entry) {
	t.eachPending(c, func(p *pending) {
		a := &p.r.After
		if side == p.sender {
			a.SenderRSTCount++
			if len(a.SenderRSTs) < 16 {
				a.SenderRSTs = append(a.SenderRSTs,
					flows.RSTMark{Mark: flows.Mark{Frame: s.Frame, Time: s.Time}, SEQ: s.SEQ, TTL: s.TTL, ACK: s.Flags&flows.ACK != 0})
			}
		} else if !a.ReceiverRST.Seen() {
			a.ReceiverRST = flows.Mark{Frame: s.Frame, Time: s.Time}
		}
		t.after(c, p, e)
	})
}

// reopened ends the what comes after of c's resets with the SYN s of the next incarnation.
func (t *Table) reopened(c *record, s *segment) {
	if c.marks&watched == 0 {
		return
	}
	t.eachPending(c, func(p *pending) {
		p.r.After.Reopened = flows.Mark{Frame: s.Frame, Time: s.Time}
		p.r.After.Complete, p.open = true, false
	})
}

// forgotten ends the what comes after of c's resets: the table forgets c.
func (t *Table) forgotten(c *record) {
	if c.marks&watched == 0 {
		return
	}
	t.eachPending(c, func(p *pending) { p.r.After.Complete, p.open = true, false })
}
