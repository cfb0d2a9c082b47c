package pasted

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// The numbers that printers show are relative as a rule, and each printer has rules of its own.
//
// tcpdump (print-tcp.c) shows a segment without ACK with its numbers as they are, a bare RST too. The first segment
// with ACK of two ends, and each SYN-ACK, it shows so as well and takes its SEQ, and its ACK less 1, as the bases of
// what follows; with -S all numbers are as they are. Of a pure ACK it shows no SEQ.
//
// Wireshark counts from 0 at a SYN, and from 1 at the first segment of a stream without one.
//
// Where the base stands outside of the text, one is made up: numbers that belong together stay together.
type numbering struct {
	convs  map[ends]*conv
	recent map[hosts]ends // the connection between two hosts that was seen last
	last   *conv
	key    ends
	marks  int // omission marks so far

	asIs, relative int  // numbers that can be nothing but the one, or the other
	opening        bool // the packet at hand is shown as it is in any case
	wire           bool // Wireshark shows the numbers as on the wire: its relative ones are turned off

	MadeUp  tally // connections with a base that is made up
	Tied    tally // bare RSTs that were taken to have the number which the peer expects
	Derived tally // segments whose SEQ the text leaves out and its neighbours give
	Probes  tally // pure ACKs that were taken for keep-alive probes by their rhythm
	Omitted tally // segments before which others were left out
	Earlier tally // refusals that were taken for answers to an earlier SYN
	Rough   tally // segments whose length is an estimate
}

// A tally counts, and knows the first line.
type tally struct{ Count, Line int }

func (t *tally) add(line int) {
	if t.Count++; t.Count == 1 {
		t.Line = line
	}
}

type ends struct{ lo, hi flows.Addr }

// A conv is what is known of the numbers of a connection.
type conv struct {
	half   [2]half // of the lower end, and of the higher
	entry  bool    // tcpdump has its bases
	madeUp bool
	births int  // SYNs that began it anew
	marks  int  // numbering.marks when its last segment was read
	rough  bool // the length of its last segment is an estimate
	begun  bool
}

// A half is one direction.
type half struct {
	base    uint32 // number on the wire less number as shown
	hasBase bool
	made    bool // base is made up
	tie     uint32
	tied    bool // numbers on the wire are those shown plus tie
	shown   bool // the text showed a number of it
	raw     bool // base is made up, and what the text shows are the numbers as they are: bare RSTs fit them
	first   uint32
	unsure  bool // first was shown first: whether what follows counts from it or as it does is not known yet

	nxt, una    uint32 // end of what was sent; of it, acknowledged
	hasNXT      bool
	before      uint32 // nxt of the connection before the last SYN
	hasBefore   bool
	hasUNA      bool
	ack         uint32 // last one sent
	hasACK      bool
	window      uint32
	asking      bool // its last segment is a SYN that nothing has answered
	sent        bool
	fin         bool
	at          int64
	shift       uint8
	hasShift    bool
	sawSYN      bool
	lengthLess  int // bytes of a frame that are no data
	hasOverhead bool
}

// maxConvs is how many connections are kept apart: more than that, and the oldest numbers are forgotten together.
const maxConvs = 1 << 18

func (n *numbering) of(p *Packet) (c *conv, me, peer *half, src, dst flows.Addr) {
	src = addr(&p.Src)
	dst = addr(&p.Dst)
	k := ends{src, dst}
	d := 0
	if less(&dst, &src) {
		k, d = ends{dst, src}, 1
	}
	if n.last == nil || n.key != k {
		c = n.convs[k]
		if c == nil {
			if n.convs == nil || len(n.convs) >= maxConvs {
				n.convs = map[ends]*conv{}
			}
			c = &conv{}
			n.convs[k] = c
		}
		n.last, n.key = c, k
		if p.Form == ByWireshark {
			if n.recent == nil || len(n.recent) >= maxConvs {
				n.recent = map[hosts]ends{}
			}
			n.recent[hosts{k.lo.IP, k.hi.IP}] = k
		}
	}
	c = n.last
	return c, &c.half[d], &c.half[1-d], src, dst
}

// omit notes that the text leaves something out: each connection may lack segments there.
func (n *numbering) omit() { n.marks++ }

// omitted reports whether segments of c were left out before s: the text says so, or numbers that it shows lead on from
// none before them.
func (n *numbering) omitted(p *Packet, c *conv, me, peer *half, s *flows.Segment) bool {
	said := c.begun && c.marks != n.marks
	c.marks, c.begun = n.marks, true
	if said {
		return true
	}
	// a SYN may be answered with numbers of before
	if s.Flags&flows.SYN != 0 || p.Words&SaysApplication != 0 || peer.asking {
		return false
	}
	// A segment that was lost on its way comes again; what is beyond any usual window does not.
	const window, most = 1 << 20, 1 << 30
	skipped := func(h *half, to uint32, least int32) bool {
		d := int32(to - h.nxt)
		return h.hasNXT && d > least && d < most
	}
	return p.Has&HasSEQ != 0 && s.Flags&flows.RST == 0 && skipped(me, uint32(s.SEQ), window) ||
		p.Has&HasACK != 0 && s.Flags&flows.ACK != 0 && (skipped(peer, uint32(s.ACK), 1) ||
			!peer.hasNXT && me.hasACK && uint32(s.ACK)-me.ack-2 < most) // more than a FIN was acknowledged since
}

// forget ends a paste: the next one begins with numbers of its own.
func (n *numbering) forget() {
	n.convs, n.recent, n.last, n.asIs, n.relative, n.wire = nil, nil, nil, 0, 0, false
}

func addr(h *Host) flows.Addr { return flows.Addr{IP: h.IP.As16(), Port: h.Port} }

func less(a, b *flows.Addr) bool {
	for i := range a.IP {
		if a.IP[i] != b.IP[i] {
			return a.IP[i] < b.IP[i]
		}
	}
	return a.Port < b.Port
}

// far is a distance between two numbers that belong together at most.
const far = 1 << 30

func distance(a, b uint32) uint32 {
	d := int32(a - b)
	if d < 0 {
		d = -d
	}
	return uint32(d)
}

// expected returns the number that the half sends next as far as can be told: the end of what it has sent, or what its
// peer has acknowledged beyond that.
func (h *half) expected() (uint32, bool) {
	switch {
	case h.hasNXT && h.hasUNA && int32(h.una-h.nxt) > 0:
		return h.una, true
	case h.hasNXT:
		return h.nxt, true
	case h.hasUNA:
		return h.una, true
	}
	return 0, false
}

// madeUp returns a base for a half whose own is not in the text: the same for the same addresses, and not near 0.
func madeUp(a *flows.Addr, births int) uint32 {
	h := uint32(2166136261)
	for _, c := range a.IP {
		h = (h ^ uint32(c)) * 16777619
	}
	for _, c := range [...]byte{byte(a.Port), byte(a.Port >> 8), byte(births), byte(births >> 8)} {
		h = (h ^ uint32(c)) * 16777619
	}
	return h&0x3fffffff | 1<<28
}

// resolve makes a segment of p, which arrived at the given moment.
func (n *numbering) resolve(p *Packet, at int64, s *flows.Segment) {
	c, me, peer, src, dst := n.of(p)
	*s = flows.Segment{
		Time: flows.Time(at), Src: src, Dst: dst, Flags: p.Flags, DataLen: p.Len, TTL: p.TTL, IPID: p.IPID, DF: p.DF,
		V6: p.Src.IP.Is6() && !p.Src.IP.Is4In6(), Opts: p.Opts, MAC: p.MAC, Domain: p.VLAN, Interface: p.Face,
	}
	application := p.Words&SaysApplication != 0
	if application {
		n.application(p, c, me, peer, s)
	}
	refusal := s.Flags&(flows.RST|flows.ACK) == flows.RST|flows.ACK && peer.asking && p.Form != Raw
	wasAsking := peer.asking
	if p.Form == ByWireshark && !me.hasBase && !peer.hasBase && p.Has&(HasSEQ|HasACK) == HasSEQ|HasACK &&
		p.SEQ > unlikely && p.ACK > unlikely {
		n.wire = true
	}
	n.opening = s.Flags&flows.SYN != 0 || s.Flags&flows.ACK != 0 && p.Form == ByTcpdump && !c.entry
	switch {
	case s.Flags.Has(flows.SYN):
		n.opens(p, c, me, peer, &src)
	case s.Flags&flows.ACK != 0 && p.Form == ByTcpdump && !c.entry:
		n.first(p, me, peer)
		c.entry = true
	}
	if s.Flags&flows.ACK != 0 && !application {
		s.ACK = flows.Seq(n.acknowledged(p, c, me, peer, &dst, refusal))
	}
	switch {
	case refusal && n.zero(p, me):
		s.SEQ = 0
	case p.Has&HasSEQ != 0:
		s.SEQ = flows.Seq(n.sequence(p, c, me, &src))
	case !application:
		n.leftOut(p, c, me, peer, &src, at, s)
	}
	s.WND, s.Unknown = n.window(p, me, peer)
	if s.Unknown.Has(flows.FieldOptions) {
		s.Opts.Kinds = flows.UnknownKinds
	} else if p.Form == ByTcpdump {
		s.HeaderLen = 20 + (p.OptLen+3)&^3
	}
	if p.Form == ByWireshark && s.Flags&(flows.RST|flows.ACK) == flows.RST|flows.ACK && p.SEQ == 1 && !me.sent &&
		!peer.sent && !n.wire {
		s.Unknown |= flows.FieldSEQ // 0 on the wire is shown as 1 too
	}
	if n.omitted(p, c, me, peer, s) {
		s.Unknown |= flows.FieldsBefore
		n.Omitted.add(p.Line)
	}
	if c.rough { // what is missing or beyond may be so by the estimate
		s.Unknown |= flows.FieldsBefore
	}
	if c.rough = p.isRough(); c.rough {
		n.Rough.add(p.Line)
	}
	if p.Flags.Has(flows.SYN) {
		me.sawSYN = true
		me.shift, me.hasShift = p.Opts.WScale, p.Opts.HasWScale
	}
	// What the next numbers are measured by.
	end := uint32(s.End())
	if s.Flags&flows.SYN != 0 {
		me.nxt, me.hasNXT, me.hasUNA, me.fin = end, true, false, false
	} else if s.Flags&flows.RST == 0 && (!me.hasNXT || int32(end-me.nxt) > 0) {
		me.nxt, me.hasNXT = end, true
	}
	if s.Flags&flows.ACK != 0 {
		ack := uint32(s.ACK)
		if !refusal && (!peer.hasUNA || int32(ack-peer.una) > 0) {
			peer.una, peer.hasUNA = ack, true
		}
		me.ack, me.hasACK = ack, true
	}
	me.fin = me.fin || s.Flags&flows.FIN != 0
	me.asking = s.Flags&(flows.SYN|flows.ACK) == flows.SYN
	if wasAsking && s.Flags&flows.SYN != 0 {
		peer.asking = false
	}
	me.window, me.at, me.sent = p.Window, at, true
	if c.madeUp && !c.half[0].made && !c.half[1].made {
		c.madeUp = false
	}
	if p.Has&HasWire != 0 && p.Has&HasLen != 0 && !application {
		me.overhead(p)
	}
}

// opens takes a SYN: what bases it gives.
func (n *numbering) opens(p *Packet, c *conv, me, peer *half, src *flows.Addr) {
	again := me.asking && p.Words&SaysReused == 0 || p.Words&SaysRetransmission != 0 && me.hasBase
	if p.Flags&flows.ACK != 0 {
		again = me.hasBase && me.sawSYN && me.hasNXT && !me.fin && me.nxt == me.base+p.SEQ+1
	}
	switch p.Form {
	case ByTcpdump:
		if me.hasNXT {
			me.before, me.hasBefore = me.nxt, true
		}
		if c.entry && me.hasBase && p.Flags&flows.ACK == 0 {
			return // the bases change with the SYN-ACK
		}
		me.base, me.hasBase, me.made, me.tied = p.SEQ, true, false, false
		if p.Flags&flows.ACK != 0 {
			c.entry = true
			if !peer.hasBase || peer.made || distance(peer.base, p.ACK-1) > 0 {
				peer.base, peer.hasBase, peer.made = p.ACK-1, true, false
			}
		}
	case ByWireshark:
		if again {
			return
		}
		if n.wire = n.wire || p.SEQ != 0; n.wire {
			me.base, me.hasBase, me.made = 0, true, false
			return
		}
		if p.Flags&flows.ACK == 0 {
			c.births++
			*peer = half{lengthLess: peer.lengthLess, hasOverhead: peer.hasOverhead}
		}
		n.make(p, c, me, src)
	case Raw:
	}
}

// make gives a half a base that is made up.
func (n *numbering) make(p *Packet, c *conv, h *half, a *flows.Addr) {
	if n.wire && p.Form == ByWireshark {
		h.base, h.hasBase, h.made = 0, true, false
		return
	}
	h.base, h.hasBase, h.made = madeUp(a, c.births), true, true
	if !c.madeUp {
		c.madeUp = true
		n.MadeUp.add(p.Line)
	}
}

// unlikely is a number that hardly any connection reaches in both directions.
const unlikely = 1 << 26

// small tells whether a number looks like one that is relative: of those on the wire one in 256 is so.
func small(n uint32) bool { return n < 1<<24 }

// first takes the first segment with ACK of two ends, which tcpdump shows as it is, unless the text begins later.
func (n *numbering) first(p *Packet, me, peer *half) {
	if peer.hasBase { // a SYN tells
		if !peer.made && distance(p.ACK, peer.base) < far && p.Has&HasSEQ != 0 && !me.hasBase {
			me.base, me.hasBase = p.SEQ, true
			if p.Flags&flows.RST != 0 {
				me.hasBase = false
			}
		}
		return
	}
	if small(p.ACK) {
		peer.first, peer.unsure = p.ACK-1, true
		if p.Has&HasSEQ != 0 {
			me.first, me.unsure = p.SEQ, true
		}
		return
	}
	peer.base, peer.hasBase, peer.made = p.ACK-1, true, false
	if p.Has&HasSEQ != 0 {
		me.base, me.hasBase, me.made = p.SEQ, true, false
	} else if me.hasBase && me.hasNXT { // its SEQ is not shown, but counted from all the same
		me.base = me.nxt
	}
}

// read returns what the number v of the half h is on the wire: relative to its base, or as it is, whichever is nearer
// to what comes next.
func (n *numbering) read(p *Packet, c *conv, h *half, a *flows.Addr, v uint32) uint32 {
	if p.Form == Raw {
		return v
	}
	fresh := !h.shown
	h.shown = true
	if !h.hasBase {
		switch next, ok := h.expected(); {
		case ok && p.Form == ByTcpdump && distance(v, next) < far && !small(v):
			h.base, h.hasBase = v, true
			return v
		case ok:
			h.base, h.hasBase, h.made = next-v, true, true
			if !c.madeUp {
				c.madeUp = true
				n.MadeUp.add(p.Line)
			}
		case p.Form == ByTcpdump && !small(v):
			h.base, h.hasBase = v, true
			return v
		default:
			n.make(p, c, h, a)
		}
	}
	relative := h.base + v
	if p.Form == ByWireshark {
		return relative
	}
	next, ok := h.expected()
	if !ok {
		next = h.base
	}
	if h.made {
		switch {
		case fresh && ok && !small(v): // its base was made up for segments without a number
			h.base, h.raw = next-v, true
			return next
		case !fresh && h.unsure:
			relative = h.sure(v, next)
		}
		if distance(relative, next) > far && !small(v) { // the text turns to numbers as they are
			return v
		}
		return relative
	}
	if n.opening && !small(v) { // shown as it is, of whatever connection
		return v
	}
	near := distance(relative, next)
	if h.hasBefore {
		near = min(near, distance(relative, h.before))
	}
	if !n.opening && near < 1<<24 && distance(v, next) < 1<<24 { // a number of the wire is small too
		switch asIs := distance(v, next); {
		case near == 0 && asIs != 0:
			n.relative++
			return relative
		case asIs == 0 && near != 0:
			n.asIs++
			return v
		case n.relative > 8*n.asIs:
			return relative
		case n.asIs > 8*n.relative:
			return v
		}
	}
	if distance(v, next) < near && (!h.hasBefore || distance(v, next) < 1<<20 || distance(v, h.before) < 1<<20) {
		return v
	}
	return relative
}

// sure finds out by the second number of a half what the first one was, and returns the second as on the wire.
func (h *half) sure(v, next uint32) uint32 {
	const apart = 1 << 12
	asIs, counted := h.base+v, h.base+h.first+v
	if distance(distance(asIs, next), distance(counted, next)) < apart {
		return asIs
	}
	h.unsure = false
	if distance(counted, next) < distance(asIs, next) {
		h.tie, h.tied = h.base, true
		h.base += h.first
		return counted
	}
	return asIs
}

// acknowledged returns the ACK of p.
func (n *numbering) acknowledged(p *Packet, c *conv, me, peer *half, dst *flows.Addr, refusal bool) uint32 {
	if p.Has&HasACK == 0 { // the text does not show it
		if next, ok := peer.expected(); ok {
			return next
		}
		if !peer.hasBase {
			n.make(p, c, peer, dst)
		}
		return peer.base + 1
	}
	ack := n.read(p, c, peer, dst, p.ACK)
	if refusal && p.Form == ByWireshark && peer.hasNXT && distance(ack, peer.nxt) > 1<<16 {
		// Each SYN begins a stream with a base of its own, which only such an answer could tell.
		n.Earlier.add(p.Line)
		return peer.nxt
	}
	return ack
}

// sack returns the edges of the blocks of p as on the wire.
func (n *numbering) sack(p *Packet) []uint32 {
	if len(p.SACK) == 0 {
		return nil
	}
	c, _, peer, _, dst := n.of(p)
	edges := make([]uint32, len(p.SACK))
	for i, v := range p.SACK {
		edges[i] = n.read(p, c, peer, &dst, v)
	}
	return edges
}

// zero tells whether the SEQ of p, which refuses a SYN, is the 0 of RFC 9293 §3.10.7.1: as it is, as Wireshark shows it
// (1), or less the base of an older connection.
func (n *numbering) zero(p *Packet, me *half) bool {
	switch {
	case p.Has&HasSEQ == 0:
		return false
	case p.SEQ == 0:
		return true
	case p.Form == ByWireshark:
		return p.SEQ == 1 && !n.wire
	}
	return me.hasBase && me.base+p.SEQ == 0
}

// sequence returns the SEQ of p.
func (n *numbering) sequence(p *Packet, c *conv, me *half, src *flows.Addr) uint32 {
	if p.Form != ByTcpdump || p.Flags&flows.ACK != 0 && !p.Flags.Has(flows.SYN) {
		return n.read(p, c, me, src, p.SEQ)
	}
	// As it is on the wire. Where the base is made up, that cannot be compared with anything.
	if p.Flags&flows.SYN != 0 || !me.made && (me.hasBase || !me.hasUNA) {
		return p.SEQ
	}
	next, ok := me.expected()
	if me.hasUNA && p.Flags&flows.RST != 0 {
		next = me.una
	}
	switch near := uint32(1 << 16); {
	case !ok || distance(p.SEQ, next) < near:
		return p.SEQ
	case me.hasBase && (me.raw || distance(me.base+p.SEQ, next) < near): // all numbers of the text are alike
		return me.base + p.SEQ
	}
	if !me.tied {
		me.tie, me.tied = next-p.SEQ, true
	}
	n.Tied.add(p.Line)
	return p.SEQ + me.tie
}

// Of a keep-alive probe tcpdump shows no more than of any pure ACK. One that says nothing new, that no segment called
// for, and that comes after a while, can hardly be anything else.
const (
	probeAfterOwn  = 900 * time.Millisecond
	probeAfterPeer = 300 * time.Millisecond
)

// leftOut finds the SEQ of a pure ACK, which tcpdump does not show.
func (n *numbering) leftOut(p *Packet, c *conv, me, peer *half, src *flows.Addr, at int64, s *flows.Segment) {
	next, ok := me.expected()
	if !ok {
		if !me.hasBase {
			n.make(p, c, me, src)
			me.nxt, me.hasNXT = me.base+1, true
		}
		next = me.base + 1
	}
	s.SEQ = flows.Seq(next)
	n.Derived.add(p.Line)
	if s.Flags == flows.ACK && p.Len == 0 && me.sent && peer.sent && c.marks == n.marks && p.Clock != NoClock && !me.fin &&
		!peer.fin &&
		me.hasACK && me.ack == uint32(s.ACK) && me.window == p.Window && peer.hasNXT && peer.nxt == me.ack &&
		time.Duration(at-me.at) >= probeAfterOwn && time.Duration(at-peer.at) >= probeAfterPeer && !p.Opts.HasSACK {
		s.SEQ--
		n.Probes.add(p.Line)
	}
}

// window returns the window field of p as it was sent, and which fields of the segment are not known.
func (n *numbering) window(p *Packet, me, peer *half) (uint16, flows.Fields) {
	var unknown flows.Fields
	w := p.Window
	if p.Words&SaysScaled != 0 && p.Flags&flows.SYN == 0 && me.hasShift && peer.hasShift {
		w >>= me.shift
	}
	if p.Has&HasWindow == 0 || w > 1<<16-1 {
		unknown |= flows.FieldWindow
		w = 1<<16 - 1
	}
	if p.Len > 0 || p.Has&HasLen == 0 {
		unknown |= flows.FieldPayload
	}
	if p.Has&HasTTL == 0 {
		unknown |= flows.FieldTTL
	}
	if p.Has&HasIPID == 0 {
		unknown |= flows.FieldIPID
	}
	if p.Has&HasOptions == 0 {
		unknown |= flows.FieldOptions
	}
	if p.Has&HasSEQ == 0 {
		unknown |= flows.FieldSEQ
	}
	if p.Clock == NoClock {
		unknown |= flows.FieldTime
	}
	return uint16(w), unknown
}

// observe takes a segment whose numbers are as on the wire: its bytes were shown.
func (n *numbering) observe(s *flows.Segment, line int) {
	p := Packet{Src: hostOf(&s.Src), Dst: hostOf(&s.Dst), Form: ByWireshark} // lines of its list may follow
	c, me, peer, _, _ := n.of(&p)
	if c.begun && c.marks != n.marks {
		s.Unknown |= flows.FieldsBefore
		n.Omitted.add(line)
	}
	c.marks, c.begun = n.marks, true
	me.base, me.hasBase, me.made, me.sent, me.at = 0, true, false, true, int64(s.Time)
	if s.Flags&flows.RST == 0 {
		me.nxt, me.hasNXT = uint32(s.End()), true
	}
	if s.Flags&flows.ACK != 0 {
		peer.una, peer.hasUNA = uint32(s.ACK), true
		me.ack, me.hasACK = uint32(s.ACK), true
	}
}

func hostOf(a *flows.Addr) Host { return Host{IP: a.AddrPort().Addr(), Port: a.Port} }

// backward gives lines of an application, which come just before p in its connection, numbers that lead to those of p.
func (n *numbering) backward(p *Packet, list []Packet) {
	c, me, peer, src, dst := n.of(p)
	if me.hasBase || peer.hasBase {
		return
	}
	n.make(p, c, me, &src)
	n.make(p, c, peer, &dst)
	me.overhead(p)
	mine, theirs := p.SEQ, p.ACK
	if p.Words&SaysRetransmission != 0 {
		mine += p.Len
	}
	for i := range list {
		w := &list[i]
		h, less, at := me, me.lengthLess, &mine
		if w.Src != p.Src {
			h, at = peer, &theirs
		}
		if less == 0 {
			less = 54
		}
		w.Len = uint32(max(int(w.Wire)-less, 1))
		w.Has |= HasLen
		*at -= w.Len
		h.nxt, h.hasNXT = h.base+*at, true
	}
}

type hosts struct{ lo, hi [16]byte }

// latest gives p, of which only the hosts are known, the ports of the connection between them that was seen last.
func (n *numbering) latest(p *Packet) bool {
	a, b := p.Src.IP.As16(), p.Dst.IP.As16()
	k, swapped := hosts{a, b}, false
	if less(&flows.Addr{IP: b}, &flows.Addr{IP: a}) {
		k, swapped = hosts{b, a}, true
	}
	e, ok := n.recent[k]
	if !ok {
		return false
	}
	p.Src.Port, p.Dst.Port = e.lo.Port, e.hi.Port
	if swapped {
		p.Src.Port, p.Dst.Port = e.hi.Port, e.lo.Port
	}
	return true
}
