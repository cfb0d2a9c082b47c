package track

import "github.com/rstexplain/rstexplain/flows"

// classify fills in what the numbers of RST s, sent by side, say: its form, what it answers, and whether it
// is acceptable. It returns the entry of the trigger.
func (t *Table) classify(c *record, side flows.Side, s *segment, r *flows.Reset) *entry {
	trig, n := t.trigger(c, side, s)
	r.Candidates = n
	r.Class = t.class(c, side, s, n > 0)
	if r.Class == flows.ClassActive && n == 0 {
		trig = t.atOnce(c, side, s)
		r.Candidates = 0
		if trig != nil {
			r.Candidates = 1
		}
	}
	if trig != nil {
		trig.notes |= entryAnswered
		e := c.event(trig)
		r.Trigger, r.TriggerDelay = &e, s.Time.Sub(e.Time)
	}
	r.Accept = t.accept(c, side, s, trig)
	if s.Unknown.Has(flows.FieldsBefore) && r.Accept != flows.AcceptExact {
		r.Accept = flows.AcceptUnknown // by what was left out the receiver may expect this number
	}
	return trig
}

// class names the class of RST s by the numbers of RFC 9293 §3.10.7. fits says that the timeline holds a
// segment that s answers by them.
func (t *Table) class(c *record, side flows.Side, s *segment, fits bool) flows.Class {
	a, b := &c.side[side], &c.side[side^1]
	if s.Flags&flows.ACK == 0 {
		// §3.5.2: "If the incoming segment has the ACK bit set, the reset takes its sequence number from
		// the ACK field of the segment".
		if fits || b.bits&hasRCV != 0 && s.SEQ == a.una && a.bits&hasSND == 0 {
			return flows.ClassReply
		}
		return flows.ClassBare
	}
	if s.SEQ == 0 {
		// "Otherwise, the reset has sequence number zero and the ACK field is set to the sum of the
		// sequence number and segment length of the incoming segment."
		if fits || b.bits&hasSND == 0 || s.ACK == b.nxt {
			return flows.ClassReplyACK
		}
	}
	switch {
	case a.bits&hasSND != 0 && s.SEQ == a.nxt, a.bits&hasSND == 0 && b.bits&hasRCV != 0 && s.SEQ == a.una:
		return flows.ClassActive
	case a.bits&hasSND != 0 && a.nxt.Less(s.SEQ) && s.SEQ.Sub(a.nxt) < 1<<20:
		return flows.ClassActive // beyond what was seen: its last data are missing from the capture
	}
	return flows.ClassUnclear
}

// hasFIN reports whether side has its peer's FIN, or had it before a RST reset it, and the connection is not over.
func (t *Table) hasFIN(c *record, side flows.Side) bool {
	state := c.side[side].state
	if f := t.resetPartOf(c); state == flows.Closed && f.accepted {
		state = f.before[side]
	}
	return state == flows.CloseWait || state == flows.LastAck || state == flows.Closing
}

// neverSent reports whether o echoes a timestamp that h, in SYN-SENT, has never sent. Linux throws such a segment
// away, a RST too (tcp_rcv_synsent_state_process, PAWSActiveRejected).
func (h *half) neverSent(o *flows.Options) bool {
	const far = 1 << 27 // a clock of 1 µs ticks on by less while a SYN is retransmitted
	d := int32(o.TSecr - h.tsval)
	return h.bits&hasTS != 0 && o.HasTS && o.TSecr != 0 && (d > far || d < -far)
}

// accept tells what the receiver of RST s, sent by side, makes of its sequence number. Its RCV.NXT is
// the end of what the RST's sender has been seen to send, because all that was seen is held to arrive.
func (t *Table) accept(c *record, side flows.Side, s *segment, trig *entry) flows.Acceptability {
	a, b := &c.side[side], &c.side[side^1]
	if c.answersStranger(side, s, trig) {
		return flows.AcceptExact // what its receiver has for RCV.NXT is in the ACK that it answers
	}
	if b.state == flows.SynSent {
		// §3.10.7.3: "If the RST bit is set: … If the ACK was acceptable, then signal to the user 'error:
		// connection reset', drop the segment, enter CLOSED state".
		if s.Flags&flows.ACK != 0 && s.ACK.InWindow(b.iss+1, uint32(b.nxt-b.iss)) {
			if b.neverSent(&s.Opts) {
				return flows.AcceptOutside
			}
			return flows.AcceptSynSent
		}
		if a.bits&sentSYN == 0 {
			return flows.AcceptOutside
		}
	}
	var next flows.Seq
	switch {
	case a.bits&hasSND != 0:
		next = t.contiguous(c, side)
		if x := &t.coldOf(c).side[side]; a.bits&hasRetransmit != 0 && t.runs.At(x.retransmit).count > 1 && s.SEQ.Less(next) {
			next = a.una // what is sent again and again has not arrived
		}
	case b.bits&hasRCV != 0:
		next = a.una
	default:
		return flows.AcceptUnknown
	}
	shift, known := c.scale(side.Peer())
	window := uint32(b.wnd) << shift
	switch {
	case s.SEQ == next:
		return flows.AcceptExact
	case a.bits&sentFIN != 0 && s.SEQ == next-1 && t.hasFIN(c, side.Peer()):
		return flows.AcceptAtFIN
	case s.SEQ.InWindow(next, window):
		return flows.AcceptWindow
	case !known && s.SEQ.InWindow(next, uint32(b.wnd)<<14):
		return flows.AcceptUnknown
	case t.ofOtherNumbers(c, side, s, a.nxt):
		return flows.AcceptUnknown // it continues what was not believed: another incarnation, whose SYN the capture lacks
	case b.bits&hasRCV != 0 && c.marks&hasReset != 0 && trig == nil && s.SEQ.Sub(a.una) > 0 && s.SEQ.Less(next):
		return flows.AcceptUnknown // it answers a segment that the capture lacks, and may be what its receiver expects
	case b.bits&hasRCV != 0 && s.SEQ == a.una:
		return flows.AcceptUnknown // its receiver asked for this very number; what came after may not have arrived
	case b.segments == 0:
		return flows.AcceptUnknown // its receiver was not captured, and so neither was its window
	}
	return flows.AcceptOutside
}

// ofOtherNumbers reports whether RST s continues the last segment of its sender, whose number lies far from next, the
// one that was expected.
func (t *Table) ofOtherNumbers(c *record, side flows.Side, s *segment, next flows.Seq) bool {
	if d := s.SEQ.Sub(next); d < farAhead && d > -farAhead {
		return false
	}
	for k := 0; ; k++ {
		e := t.lines.back(c, k)
		if e == nil {
			return false
		}
		if e.side() == side && e.flags&uint8(flows.RST) == 0 {
			return e.end() == s.SEQ
		}
	}
}
