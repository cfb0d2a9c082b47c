package track

import (
	"cmp"
	"slices"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/deferral"
)

// makeConn makes out the Conn of c as it stands now. What out has of room is used again.
func (t *Table) makeConn(c *record, out *flows.Conn) {
	*out = flows.Conn{
		Stream: int(c.stream), Guessed: c.marks&guessed != 0, Defects: c.defects, History: c.history.String(),
		Events: out.Events[:0],
	}
	addrs := t.addrs(c)
	var x coldPart
	if c.cold != 0 {
		x = *t.coldParts.At(c.cold)
	}
	out.Incarnation, out.Duplicates, out.Domain = int(x.incarnation), x.duplicates, uint32(t.domains.value(c.domain))
	out.Omitted = flows.Omissions{First: x.omissions[0].mark(), Last: x.omissions[1].mark(), Count: x.omitted}
	out.Packets = x.duplicates + c.side[0].segments + c.side[1].segments
	for i := range c.side {
		t.endpoint(c, flows.Side(i), &x.side[i], &out.Ends[i])
		e := &out.Ends[i]
		e.Addr = addrs[i]
		out.Packets += e.RSTs
		if e.Missing > 0 {
			out.Defects |= flows.MissedPackets
		}
		if e.First.Seen() && (!out.Start.Seen() || e.First.Frame < out.Start.Frame) {
			out.Start = e.First
		}
		if e.Last.Frame > out.Last.Frame {
			out.Last = e.Last
		}
	}
	if c.marks&hasReset != 0 {
		for _, s := range t.resetPartOf(c).side {
			if m := s.first.mark(); m.Seen() && (!out.Start.Seen() || m.Frame < out.Start.Frame) {
				out.Start = m
			}
			if m := s.last.mark(); m.Frame > out.Last.Frame {
				out.Last = m
			}
		}
	}
	if c.marks&bothSides == 0 && !t.onlyResets(c) {
		out.Defects |= flows.OneDirection
	}
	if x.before != 0 {
		b := t.befores.At(x.before)
		out.Before = &flows.Before{Stream: int(b.stream), Last: b.last.mark(), NXT: b.nxt, UNA: b.una, States: b.states}
	}
	for i := range x.side {
		if x.side[i].closeState != 0 {
			out.Closes[i] = t.closeOf(x.side[i].closeState)
		}
	}
	t.handshake(c, out)
	t.events(c, out)
	out.Exchange = t.exchangeOf(c).Summary(t.names)
}

// endpoint fills in e from side's half of c.
func (t *Table) endpoint(c *record, side flows.Side, x *coldHalf, e *flows.Endpoint) {
	h := &c.side[side]
	e.State = h.state
	e.SND.UNA, e.SND.NXT = h.una, h.nxt
	e.HasISS, e.HasSND, e.HasRCV = h.bits&hasISS != 0, h.bits&hasSND != 0, h.bits&hasRCV != 0
	if e.HasISS {
		e.SND.ISS = h.iss
	}
	if e.HasRCV {
		e.RCV.NXT = c.ackOf(side)
	}
	if h.segments > 0 {
		e.RCV.WND = c.window(side)
	}
	e.Missing, e.Retransmitted = x.missing, x.retransmitted
	if h.bits&sentSYN != 0 {
		e.SYN = t.synMark(c, side)
		e.LastSYN = e.SYN
		if x.syns > 0 {
			e.LastSYN = x.lastSYN.mark()
		}
		e.SYNs = uint32(x.syns) + 1
		wnd, mss, kinds := t.offered(h)
		e.SYNOpts = flows.Options{MSS: mss, Kinds: kinds, WScale: uint8(h.syn & 15),
			HasTS: h.syn&deferral.SYNTS != 0, HasWScale: h.syn&deferral.SYNHasScale != 0, SACKOK: h.syn&deferral.SYNSACK != 0}
		if h.syn&deferral.SYNMPTCP != 0 {
			e.SYNOpts.MPTCP = flows.MPTCPPresent
		}
		e.SYNWND, e.SYNTTL = wnd, h.synTTL
	}
	e.Segments, e.DataSegments = h.segments, h.dataSegments
	e.Bytes = uint64(h.bytesHi)<<32 | uint64(h.bytes)
	e.First, e.Last, e.LastData = c.first(side), c.last(side), c.lastData(side)
	if c.application != 0 {
		e.FirstData = t.applications.At(c.application).firstData[side].mark()
	}
	if e.LastData.Seen() {
		e.LastLen = h.lastLen
		e.LastSEQ = h.dataEnd().Add(-h.lastLen)
	}
	e.UnseenFIN = x.unseenFIN.mark()
	e.FIN, e.FINSEQ, e.FINAcked, e.FINs = x.fin.mark(), x.finSEQ, x.finAcked.mark(), uint32(x.fins)
	if c.marks&hasReset != 0 {
		f := t.resetParts.At(t.coldParts.At(c.cold).reset)
		e.RST, e.RSTs = f.side[side].first.mark(), f.side[side].count
	}
	e.Retransmits, e.KeepAlives, e.WndProbes = t.runOf(c, side, x.retransmit), t.runOf(c, side, x.keep),
		t.runOf(c, side, x.probe)
	e.Unheard, e.Echo = t.runOf(c, side, x.unheard), x.echo
	e.ZeroWND = x.zeroWND.mark()
	e.MaxAcked, e.Unread = uint32(h.maxAcked), h.unread
	e.TTL, e.TTLMin, e.TTLMax = h.ttl, h.ttlMin, h.ttlMax
	e.IPID, e.IPIDZero = h.ipid, h.bits&ipidSeen == 0 && h.segments > 0
	e.MAC = t.macs.value(h.mac)
	e.AckedSince = h.ackedSince
	if h.segments >= 3 {
		e.IPIDStep = h.ipidStep
	}
	e.TSval, e.HasTS = h.tsval, h.bits&hasTS != 0
	e.Reaction = time.Duration(h.reaction) * reactionUnit
}

// onlyResets reports whether one side of c has sent RSTs and nothing else: then both directions are there.
func (t *Table) onlyResets(c *record) bool {
	if c.marks&hasReset == 0 {
		return false
	}
	f := t.resetPartOf(c)
	return f.side[0].count > 0 && c.silent(flows.Originator, f.side[0].seq) ||
		f.side[1].count > 0 && c.silent(flows.Responder, f.side[1].seq)
}

// silent reports whether side, of which the capture holds no segment but RSTs, has sent no other: its peer has
// acknowledged nothing of it since its SYN, or since the capture began, and its first RST has the number seq
// that follows.
func (c *record) silent(side flows.Side, seq flows.Seq) bool {
	a, b := &c.side[side], &c.side[side^1]
	if a.segments > 0 || b.segments == 0 {
		return false
	}
	if side == flows.Responder && b.bits&sentSYN != 0 {
		return b.bits&hasRCV == 0
	}
	return b.bits&hasRCV == 0 || a.una == a.iss+1 && a.una == seq
}

// dataEnd returns the number after the last new data of a half.
func (h *half) dataEnd() flows.Seq {
	if h.bits&sentFIN != 0 {
		return h.nxt - 1
	}
	return h.nxt
}

// synMark returns the first SYN or SYN-ACK of side, which has sent one.
func (t *Table) synMark(c *record, side flows.Side) flows.Mark {
	if c.cold != 0 {
		if m := t.coldParts.At(c.cold).side[side].syn.mark(); m.Seen() {
			return m
		}
	}
	return c.first(side)
}

// handshake fills in the three steps.
func (t *Table) handshake(c *record, out *flows.Conn) {
	o, r := &out.Ends[flows.Originator], &out.Ends[flows.Responder]
	if o.SYN.Seen() {
		out.SYN = o.SYN
	}
	if r.SYN.Seen() {
		out.SYNACK = r.SYN
	}
	if c.ackFrame != 0 {
		out.HandshakeACK = flows.Mark{Frame: int(c.ackFrame), Time: c.at(c.ackLo, c.ackHi)}
	}
	switch {
	case out.SYN.Seen() && out.SYNACK.Seen() && out.HandshakeACK.Seen():
		out.HandshakeRTT = out.HandshakeACK.Time.Sub(o.LastSYN.Time)
	case out.SYN.Seen() && out.SYNACK.Seen():
		out.HandshakeRTT = out.SYNACK.Time.Sub(out.SYN.Time)
	}
	out.HandshakeRTT = max(out.HandshakeRTT, 0)
}

// events fills in the timeline: what the ring holds, and before it the handshake, made from its marks
// where the ring has lost it.
func (t *Table) events(c *record, out *flows.Conn) {
	n := int(c.ringN)
	if cap(out.Events) < n+3 {
		out.Events = make([]flows.Event, 0, n+3)
	}
	oldest := 0
	if e := t.lines.back(c, n-1); e != nil {
		oldest = int(e.frame)
	}
	made := func(side flows.Side, m flows.Mark, flags flows.Flags, seq, ack flows.Seq, to [2]flows.State) {
		if !m.Seen() || m.Frame >= oldest {
			return
		}
		h := &c.side[side]
		e := flows.Event{Mark: m, Side: side, Flags: flags, SEQ: seq, ACK: ack, To: to, TTL: h.synTTL}
		if flags&flows.SYN != 0 {
			wnd, _, _ := t.offered(h)
			e.WND = uint32(wnd)
		}
		if k := len(out.Events); k > 0 {
			e.From = out.Events[k-1].To
		}
		out.Events = append(out.Events, e)
	}
	o, r := &c.side[flows.Originator], &c.side[flows.Responder]
	made(flows.Originator, out.SYN, flows.SYN, o.iss, 0, [2]flows.State{flows.SynSent, flows.Unknown})
	made(flows.Responder, out.SYNACK, flows.SYN|flows.ACK, r.iss, o.iss+1,
		[2]flows.State{flows.Established, flows.SynReceived})
	made(flows.Originator, out.HandshakeACK, flows.ACK, o.iss+1, r.iss+1,
		[2]flows.State{flows.Established, flows.Established})
	slices.SortStableFunc(out.Events, func(a, b flows.Event) int { return cmp.Compare(a.Frame, b.Frame) })
	total := int(c.side[0].segments+c.side[1].segments) + int(out.Ends[0].RSTs+out.Ends[1].RSTs)
	skipped := total - n - len(out.Events)
	for k := n - 1; k >= 0; k-- {
		e := c.event(t.lines.back(c, k))
		if k == n-1 {
			e.Skipped = uint32(max(skipped, 0))
		}
		out.Events = append(out.Events, e)
	}
}
