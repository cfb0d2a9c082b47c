package track

import "github.com/rstexplain/rstexplain/flows"

// This file is the state machine of RFC 9293 §3.3.2 and §3.10.7, as an observer must run it: one
// function for each thing that an endpoint is seen to send, and one for each that reaches it. What is
// sent moves the sender; what arrives moves the receiver, under the assumption that it does arrive.
//
// The observer deviates where it knows less than the endpoint. An endpoint whose beginning it has not
// seen is Unknown until its segments say more, and LISTEN is never assumed of a side that has not answered: a
// SYN alone does not tell whether anything listens.

// sendsSYN moves the sender of a SYN without ACK.
func (h *half) sendsSYN() {
	switch h.state {
	case flows.Unknown, flows.Closed, flows.Listen:
		h.state = flows.SynSent // §3.10.1: "send a SYN segment, enter SYN-SENT state"
	}
}

// sendsSYNACK moves the sender of a SYN with ACK.
func (h *half) sendsSYNACK() {
	switch h.state {
	case flows.Unknown, flows.Closed, flows.Listen, flows.SynSent:
		// §3.10.7.2 and §3.10.7.3 (simultaneous open): "The connection state should be changed to
		// SYN-RECEIVED."
		h.state = flows.SynReceived
	}
}

// sendsFIN moves the sender of its first FIN.
func (h *half) sendsFIN() {
	switch h.state {
	case flows.CloseWait:
		h.state = flows.LastAck // §3.10.4: "send a FIN segment, enter LAST-ACK state"
	case flows.Unknown, flows.SynSent, flows.SynReceived, flows.Established:
		h.state = flows.FinWait1
	}
}

// takesSYN moves the receiver of a SYN without ACK.
func (h *half) takesSYN() {
	if h.state == flows.SynSent {
		h.state = flows.SynReceived // §3.10.7.3: "Otherwise, enter SYN-RECEIVED" (simultaneous open)
	}
}

// takesACK moves the receiver of an acceptable ACK. synced says that the ACK covers its SYN and that the
// peer's SYN has reached it; finished, that it covers its FIN.
func (h *half) takesACK(synced, finished bool) {
	switch h.state {
	case flows.SynSent, flows.SynReceived:
		if synced {
			// §3.10.7.3: "If SND.UNA > ISS (our SYN has been ACKed), change the connection state to
			// ESTABLISHED"; §3.10.7.4: "If SND.UNA < SEG.ACK =< SND.NXT, then enter ESTABLISHED state".
			h.state = flows.Established
		}
	case flows.FinWait1:
		if finished {
			h.state = flows.FinWait2 // "if the FIN segment is now acknowledged, then enter FIN-WAIT-2"
		}
	case flows.Closing:
		if finished {
			h.state = flows.TimeWait // "if the ACK acknowledges our FIN, then enter the TIME-WAIT state"
		}
	case flows.LastAck:
		if finished {
			h.state = flows.Closed // "If our FIN is now acknowledged, delete the TCB, enter the CLOSED state"
		}
	}
}

// takesFIN moves the receiver of a FIN that no missing data keeps back (§3.10.7.4, eighth check).
func (h *half) takesFIN() {
	switch h.state {
	case flows.Unknown, flows.SynReceived, flows.Established: // in SYN-SENT a FIN is dropped (§3.10.7.3)
		h.state = flows.CloseWait
	case flows.FinWait1:
		// "If our FIN has been ACKed (perhaps in this segment), then enter TIME-WAIT": takesACK has then
		// moved it to FIN-WAIT-2 already; "otherwise, enter the CLOSING state".
		h.state = flows.Closing
	case flows.FinWait2:
		h.state = flows.TimeWait
	}
}

// takesRST moves the receiver of a RST that it accepts. passive says that it came to SYN-RECEIVED from
// LISTEN.
func (h *half) takesRST(passive bool) {
	if h.state == flows.SynReceived && passive {
		// §3.10.7.4: "If this connection was initiated with a passive OPEN (i.e., came from the LISTEN
		// state), then return this connection to the LISTEN state and return."
		h.state = flows.Listen
		return
	}
	h.state = flows.Closed
}

// sendsRST moves the sender of a RST. answersStranger says that it answers a segment that does not belong to
// its connection while its own SYN is open.
func (h *half) sendsRST(answersStranger bool) {
	if answersStranger && (h.state == flows.SynSent || h.state == flows.SynReceived) {
		// §3.5.2, group 2: "If the connection is in any non-synchronized state … and the incoming segment
		// acknowledges something not yet sent …, a reset is sent. … The connection remains in the same state."
		// Linux does so for a timestamp that it never sent as well (tcp_rcv_synsent_state_process).
		return
	}
	h.state = flows.Closed
}

// crossedFIN moves an endpoint that was thought to have taken the peer's FIN, and whose own FIN shows
// that it had not when it sent it (figure 13, simultaneous close).
func (h *half) crossedFIN() {
	if h.state == flows.CloseWait {
		h.state = flows.FinWait1
		h.takesFIN()
	}
}

// transition applies segment s of side to both states. first says that s carries the side's first FIN,
// acceptable that its ACK is acceptable at the peer.
func (t *Table) transition(c *record, side flows.Side, s *segment, firstFIN, acceptable bool) {
	if s.Unfounded() {
		return // §3.10.7.4, fifth: "if the ACK bit is off, drop the segment and return"
	}
	a, b := &c.side[side], &c.side[side^1]
	if b.bits&finAcked != 0 {
		a.takesFIN() // it acknowledges the peer's FIN, so it has it
	}
	if !acceptable && a.state == flows.Unknown && b.state == flows.SynSent && c.cold != 0 {
		if x := t.coldParts.At(c.cold); x.before != 0 {
			// It answers the SYN as the incarnation before (figure 9): it still has that one.
			a.state = t.befores.At(x.before).states[side]
		}
	}
	if s.Flags&flows.SYN != 0 && c.marks&hasReset != 0 {
		t.undoClose(c, side)
	}
	if a.state == flows.SynSent && s.Flags&(flows.SYN|flows.ACK) == flows.ACK {
		a.state = flows.Established // §3.10.7.3: in SYN-SENT only the peer's SYN is acknowledged
	}
	if a.state == flows.SynReceived && s.DataLen > 0 && s.Flags&flows.SYN == 0 && b.segments == 0 {
		a.state = flows.Established // the ACK that made it so is of the side that was not captured
	}
	switch {
	case s.Flags&(flows.SYN|flows.ACK) == flows.SYN:
		a.sendsSYN()
		b.takesSYN()
		if b.state == flows.SynReceived && b.bits&sentSYN != 0 && a.state == flows.SynSent {
			a.takesSYN() // the peer's SYN was captured before: it arrives as well
		}
	case s.Flags&flows.SYN != 0:
		a.sendsSYNACK()
	case a.state == flows.Unknown && b.state == flows.Unknown && s.DataLen > 0 && b.dataSegments > 0 &&
		(a.bits|b.bits)&sentFIN == 0:
		// Both have sent data and neither a FIN: of the synchronized states, only this one is left.
		a.state, b.state = flows.Established, flows.Established
	}
	if firstFIN {
		if b.bits&(sentFIN|finAcked) == sentFIN && a.state == flows.CloseWait {
			a.crossedFIN()
		} else {
			a.sendsFIN()
		}
	}
	if s.Flags&flows.ACK != 0 && acceptable {
		if s.Flags&flows.SYN != 0 && b.state == flows.Unknown {
			b.state = flows.Established // a SYN-ACK whose SYN is not in the capture
		}
		synced := b.bits&hasISS != 0 && b.iss.Less(b.una) && (a.bits&sentSYN != 0 || b.state != flows.SynSent)
		b.takesACK(synced, b.bits&finAcked != 0)
	}
	if a.bits&(sentFIN|holdFIN) == sentFIN {
		b.takesFIN()
	}
	if a.bits&b.bits&finAcked != 0 {
		t.leave(c)
	}
}

// applyRST applies RST s of side to both states.
func (t *Table) applyRST(c *record, side flows.Side, s *segment, r *flows.Reset, trig *entry) {
	a, b := &c.side[side], &c.side[side^1]
	f := t.resetPartOf(c)
	states := [2]flows.State{c.side[0].state, c.side[1].state}
	accepted := r.Accept == flows.AcceptExact || r.Accept == flows.AcceptSynSent || r.Accept == flows.AcceptUnknown
	if r.Accept == flows.AcceptAtFIN {
		accepted = a.bits&finAcked == 0 // one that crossed the FIN's acknowledgment; Linux accepts both
	}
	if accepted {
		b.takesRST(side == flows.Originator && !c.history.has(letterSYN, flows.Responder))
	}
	a.sendsRST(c.answersStranger(side, s, trig))
	if states != [2]flows.State{c.side[0].state, c.side[1].state} {
		f.accepted, f.before = true, states
		f.side[side].nxt = a.nxt
	}
	if over(a.state) && (over(b.state) || b.state == flows.Listen) || a.state == flows.Closed && b.state == flows.Unknown {
		t.leave(c)
	}
}

// answersStranger reports whether RST s of side answers a segment that does not belong to its connection: an ACK
// of something that side has never sent, or in SYN-SENT anything but the peer's SYN.
func (c *record) answersStranger(side flows.Side, s *segment, trig *entry) bool {
	a := &c.side[side]
	if trig == nil || s.Flags&flows.ACK != 0 || s.SEQ != trig.ack || a.bits&hasISS == 0 {
		return false
	}
	return !trig.ack.InWindow(a.iss+1, uint32(a.nxt-a.iss)) || a.state == flows.SynSent && trig.flags&uint8(flows.SYN) == 0
}

// metClosed reports whether RST s of side answers the SYN-ACK to a SYN of which side no longer knows: it has not
// completed the handshake, and the SYN-ACK met CLOSED (RFC 9293 §3.10.7.1).
func (c *record) metClosed(side flows.Side, s *segment, trig *entry) bool {
	const synACK = uint8(flows.SYN | flows.ACK)
	a := &c.side[side]
	return trig != nil && trig.flags&synACK == synACK && trig.side() != side && s.Flags&flows.ACK == 0 && s.SEQ == trig.ack &&
		c.ackFrame == 0 && a.bits&hasISS != 0 && a.nxt == a.iss+1 && a.state == flows.Established
}

// stillSynSent takes back that side was ESTABLISHED from the SYN-ACK trig on, which reset r answers. It returns the
// states was with that taken back.
func (t *Table) stillSynSent(c *record, side flows.Side, r *flows.Reset, trig *entry, was uint8) uint8 {
	state := flows.SynSent
	if c.side[side].bits&sentSYN == 0 {
		state = flows.Closed // it may never have sent a SYN
	}
	back := func(states uint8) uint8 {
		if shift := 4 * side; flows.State(states>>shift&15) == flows.Established {
			states = states&^(15<<shift) | uint8(state)<<shift
		}
		return states
	}
	first := trig.frame
	for k := 0; k < int(c.ringN); k++ {
		if e := t.lines.back(c, k); e.frame >= first {
			if e.is = back(e.is); e.frame > first {
				e.was = back(e.was)
			}
		}
	}
	r.From[side], r.Conn.Ends[side].State = state, state
	for i := range r.Conn.Events {
		e := &r.Conn.Events[i]
		for _, states := range [...]*[2]flows.State{&e.From, &e.To} {
			if e.Frame >= int(first) && states[side] == flows.Established {
				states[side] = state
			}
		}
	}
	return back(was)
}

// undoClose takes back that side closed with its RST.
func (t *Table) undoClose(c *record, side flows.Side) {
	x := &t.coldOf(c).side[side]
	if x.closeState != 0 && !t.closeStates.At(x.closeState).fin {
		t.closeStates.Give(x.closeState)
		x.closeState = 0
	}
}

// revive takes back the CLOSED state of a side that goes on talking as if nothing had happened: the RST
// was not its own, or did not reach it, or was not accepted.
func (t *Table) revive(c *record, side flows.Side, s *segment) {
	f := t.resetPartOf(c)
	if !f.accepted {
		return
	}
	a := &c.side[side]
	if a.state != flows.Closed && a.state != flows.Listen {
		return
	}
	own, peers := &f.side[side], &f.side[side^1]
	switch b := &c.side[side^1]; {
	case own.count > 0 && s.DataLen > 0 && a.nxt.Less(s.End()) && own.nxt.LessEq(s.SEQ):
		// New data from a side that has sent a RST.
	case own.count == 0 && peers.count > 0 && s.Flags&flows.ACK != 0 && b.bits&hasSND != 0 && peers.nxt.Less(s.ACK) &&
		s.ACK.LessEq(b.nxt):
		// It acknowledges what its peer sent after the RST.
	case s.Flags&(flows.SYN|flows.ACK) == flows.ACK && f.before[side] == flows.SynSent && b.state == flows.SynReceived &&
		s.ACK == b.iss+1:
		// It completes the handshake.
	default:
		return
	}
	a.state = f.before[side]
	t.undoClose(c, side)
	if c.marks&leaving != 0 {
		c.marks &^= leaving
		f.returned++
	}
}
