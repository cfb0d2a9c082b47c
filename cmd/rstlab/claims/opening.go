package claims

import (
	"fmt"
	"net/netip"
	"strings"
)

// other returns the other end of the connection.
func other(q *question, who netip.AddrPort) netip.AddrPort {
	if who == q.originator {
		return q.responder
	}
	return q.originator
}

func isSYN(p *Packet) bool    { return p.Has(SYN) && !p.Has(ACK) && !p.Has(RST) }
func isSYNACK(p *Packet) bool { return p.Has(SYN|ACK) && !p.Has(RST) }

// is fails unless p is what the name says.
func (q *question) is(p *Packet, is func(*Packet) bool, name string) bool {
	if !is(p) {
		return q.fail("frame %d is no %s", p.Frame, name)
	}
	return true
}

func checkSYN(q *question) {
	first := q.frame()
	if !q.sent(first, q.side) || !q.is(first, isSYN, "SYN") {
		return
	}
	same := func(p *Packet) bool { return isSYN(p) && p.SEQ == first.SEQ }
	for _, p := range q.frames()[1:] {
		if q.sent(p, q.side) && !same(p) {
			q.fail("frame %d is not the SYN of frame %d again", p.Frame, first.Frame)
		}
	}
	v := &q.e.Values
	if v.Count > 0 {
		low, high := counts(q.by(q.side).before(q.rst.Frame).keep(same))
		q.count(v.Count, low, high)
	}
	if v.Number != 0 {
		q.number("its SEQ", v.Number, uint64(first.SEQ))
	}
	if v.Span != 0 {
		q.span(first, q.rst)
	}
	if v.Text != "" && v.Text != q.peer.String() {
		q.fail("it is sent to %v", q.peer)
	}
}

func checkSYNACK(q *question) {
	p := q.frame()
	if !q.sent(p, q.side) || !q.is(p, isSYNACK, "SYN-ACK") || q.e.Values.Span == 0 {
		return
	}
	for _, s := range q.by(q.peer).before(p.Frame).keep(isSYN) {
		if near(q.e.Values.Span, p.Time-s.Time) {
			return
		}
	}
	q.fail("no SYN of the peer came %d ns before it", q.e.Values.Span)
}

func checkProxySYNACK(q *question) {
	p := q.frame()
	if q.sent(p, q.side) && q.is(p, isSYNACK, "SYN-ACK") && p.Window != 0 {
		q.fail("the window of frame %d is %d", p.Frame, p.Window)
	}
}

// acknowledgesSYNACK returns the first segment of who after a SYN-ACK that acknowledges it.
func (q *question) acknowledgesSYNACK(who netip.AddrPort) *Packet {
	synacks := q.by(other(q, who)).keep(isSYNACK)
	for _, p := range q.by(who) {
		if !p.Has(ACK) || p.Has(RST) {
			continue
		}
		for _, s := range synacks.before(p.Frame) {
			if d := above(p.ACK, s.SEQ+1); d >= 0 && d < far {
				return p
			}
		}
	}
	return nil
}

func checkHandshake(q *question) {
	p := q.frame()
	if !q.sent(p, q.originator) {
		return
	}
	switch first := q.acknowledgesSYNACK(q.originator); {
	case first == nil:
		q.fail("no segment acknowledges a SYN-ACK")
	case first != p && numbersOf(first) != numbersOf(p):
		q.fail("the first that acknowledges the SYN-ACK is frame %d", first.Frame)
	}
	q.span(p, q.rst)
}

func checkBadACK(q *question) {
	p := q.frame()
	if !q.sent(p, q.peer) {
		return
	}
	q.number("its ACK", q.e.Values.Number, uint64(p.ACK))
	if q.e.Values.What == "handshake-ack" {
		for _, s := range q.by(q.side).before(q.rst.Frame).others() {
			if !isSYNACK(s) {
				q.fail("frame %d of the side is no SYN-ACK", s.Frame)
			} else if s.SEQ+1 == p.ACK {
				q.fail("it acknowledges the SYN-ACK of frame %d", s.Frame)
			}
		}
		if p.Has(SYN) || p.Has(RST) || !p.Has(ACK) {
			q.fail("frame %d completes no handshake", p.Frame)
		}
		return
	}
	if !q.is(p, isSYNACK, "SYN-ACK") {
		return
	}
	found := false
	for _, s := range q.by(q.side).before(p.Frame).keep(isSYN) {
		if d := above(p.ACK, s.SEQ+1); d >= 0 && int(d) <= s.Len {
			q.fail("it acknowledges the SYN of frame %d", s.Frame)
		}
		found = found || uint64(s.SEQ+1) == q.e.Values.Expected
	}
	if !found {
		q.fail("no SYN of the side calls for %d", q.e.Values.Expected)
	}
}

func checkOddSYN(q *question) {
	p := q.frame()
	if !q.sent(p, q.side) || !q.is(p, isSYN, "SYN") {
		return
	}
	if q.e.Values.Count != p.Options {
		q.fail("it has %d options", p.Options)
	}
	q.number("its window", q.e.Values.Number, uint64(p.Window))
	if v := q.e.Values.Expected; v != 0 && (v != 1<<32-1 || !p.HasTS || p.TSval != uint32(v)) {
		q.fail("its timestamp is %d", p.TSval)
	}
}

func checkOtherACK(q *question) {
	p := q.frame()
	if !q.sent(p, q.side) {
		return
	}
	syn := q.by(q.peer).before(p.Frame).keep(isSYN).last()
	switch {
	case !p.Has(ACK) || p.Has(SYN) || p.Has(RST):
		q.fail("frame %d is no plain acknowledgment", p.Frame)
	case syn == nil:
		q.fail("no SYN of the peer came before it")
	case len(q.by(q.side).before(p.Frame).keep(isSYNACK)) > 0:
		q.fail("a SYN-ACK came before it")
	case p.ACK == syn.SEQ+1:
		q.fail("it acknowledges the SYN of frame %d", syn.Frame)
	default:
		q.number("its ACK", q.e.Values.Number, uint64(p.ACK))
		q.number("what the SYN calls for", q.e.Values.Expected, uint64(syn.SEQ+1))
	}
}

// after fails unless p comes after the RST.
func (q *question) after(p *Packet) bool {
	if p.Frame <= q.rst.Frame {
		return q.fail("frame %d is not after the RST", p.Frame)
	}
	return true
}

func checkSYNAgain(q *question) {
	p := q.frame()
	if q.sent(p, q.side) && q.is(p, isSYN, "SYN") && q.after(p) {
		q.span(q.rst, p)
	}
}

func checkNoSYNACK(q *question) {
	if s := q.by(q.side).before(q.rst.Frame).keep(isSYNACK).first(); s != nil {
		q.fail("frame %d is one", s.Frame)
		return
	}
	if q.e.Limited {
		return
	}
	if len(q.by(q.peer).before(q.rst.Frame).keep(isSYN)) == 0 && len(q.conn) > 0 && !q.conn[0].Has(RST) &&
		!isSYN(q.conn[0]) {
		q.fail("the capture could not have shown it, and the claim is not limited: the peer's SYN is not in it")
	}
	q.visible(q.side, 0, q.rst.Frame, 1)
}

func checkOpenedAfter(q *question) {
	p := list(q.frames()).last()
	if !q.sent(p, q.originator) || !q.after(p) {
		return
	}
	if !p.Has(ACK) || p.Has(SYN) || p.Has(RST) {
		q.fail("frame %d is no acknowledgment", p.Frame)
	}
	found := false
	for _, s := range q.by(q.responder).before(p.Frame).keep(isSYNACK) {
		found = found || above(p.ACK, s.SEQ+1) >= 0
	}
	if !found {
		q.fail("there is no SYN-ACK that frame %d acknowledges", p.Frame)
	}
	q.span(q.rst, p)
}

func checkNoHandshake(q *question) {
	if l := q.frames(); len(l) > 0 && q.conn[0] != l[0] {
		q.fail("the first frame of the connection is %d", q.conn[0].Frame)
	}
	if s := q.conn.before(q.rst.Frame).keep(func(p *Packet) bool { return p.Has(SYN) && !p.Has(RST) }).first(); s != nil {
		q.fail("frame %d has SYN", s.Frame)
	}
}

// missing returns how many bytes of a side the capture lacks, by the acknowledgments of its peer until a frame.
func missing(own, acks list) (n int64) {
	own = own.others()
	top, ok := acks.highestACK()
	for _, p := range acks {
		if p.Has(RST|ACK) && p.ACK != 0 && (!ok || above(p.ACK, top) > 0) {
			top, ok = p.ACK, true
		}
	}
	if !ok {
		return 0
	}
	if len(own) == 0 {
		low := top
		for _, p := range acks {
			if p.Has(ACK) && above(p.ACK, low) < 0 {
				low = p.ACK
			}
		}
		return int64(above(top, low))
	}
	base := own[0].SEQ
	for _, p := range acks {
		if d := above(p.ACK, base); p.Has(ACK) && p.ACK != 0 && d < 0 && d > -far {
			base = p.ACK
		}
	}
	for _, p := range own {
		if d := above(p.SEQ, base); d < 0 && d > -far {
			base = p.SEQ
		}
	}
	have := spans{}
	for _, p := range own {
		have.add(base, p.SEQ, p.End())
	}
	return max(0, int64(above(top, base))-have.below(int64(above(top, base))))
}

func checkAckedUnseen(q *question) {
	n := max(missing(q.by(q.side).before(q.rst.Frame), q.by(q.peer).before(q.rst.Frame+1)),
		missing(q.by(q.side), q.by(q.peer)))
	switch v := q.e.Values; {
	case n == 0:
		q.fail("the capture holds all that the peer acknowledges")
	case v.Bytes > n:
		q.fail("only %d bytes are missing, not %d", n, v.Bytes)
	}
}

// probe reports whether a segment has the form of a keep-alive probe, after what its side sent before.
func probe(p *Packet, before list) bool {
	end, ok := before.highest()
	return ok && p.Len <= 1 && p.Has(ACK) && !p.Has(SYN) && !p.Has(FIN) && !p.Has(RST) && p.SEQ == end-1
}

// isProbe is probe for a capture that begins with probes: that they lie one below the side's next number is then shown
// by the peer's ACK, or by the RST.
func (q *question) isProbe(p *Packet) bool {
	own := q.by(p.Src).before(p.Frame)
	return probe(p, own) || q.firstProbe(p, own)
}

func (q *question) firstProbe(p *Packet, own list) bool {
	if p.Len > 1 || !p.Has(ACK) || p.Has(SYN) || p.Has(FIN) || p.Has(RST) {
		return false
	}
	if p.Len == 1 && (len(p.Payload) == 0 || p.Payload[0] != 0) {
		return false // no probe of Windows or Solaris, whose byte is 0
	}
	if end, any := own.highest(); any && above(end, p.SEQ+uint32(p.Len)) > 0 {
		return false
	}
	if q.rst != nil && q.rst.Src == p.Src && q.rst.SEQ == p.SEQ+1 {
		return true
	}
	for _, s := range q.by(other(q, p.Src)) {
		if s.Has(ACK) && s.ACK == p.SEQ+1 {
			return true
		}
	}
	return false
}

// spans are ranges of sequence numbers, from a base on.
type spans map[[2]int64]bool

func (s spans) add(base, from, to uint32) {
	if d := above(from, base); d >= 0 && d < far {
		s[[2]int64{int64(d), int64(d) + int64(to-from)}] = true
	}
}

// below returns how many numbers below top the ranges cover.
func (s spans) below(top int64) (n int64) {
	for _, r := range s.merged() {
		if r[0] < top {
			n += min(r[1], top) - r[0]
		}
	}
	return n
}

// icmpNumber is how a claim gives type and code.
func icmpNumber(i *ICMP) uint64 {
	n := uint64(i.Type)<<8 | uint64(i.Code)
	if i.V6 {
		n |= 1 << 16
	}
	return n
}

func checkICMP(q *question) {
	p := q.frame()
	if p == nil {
		return
	}
	pair := [2]netip.AddrPort{q.originator, q.responder}
	if q.rst != nil && pairOf(p) != pairOf(q.rst) {
		q.fail("it quotes a segment of %v", pair)
	}
	v := &q.e.Values
	q.number("type and code", v.Number, icmpNumber(p.ICMP))
	if v.Expected != 0 || p.ICMP.MTU != 0 {
		q.number("the MTU", v.Expected, uint64(p.ICMP.MTU))
	}
	if !strings.Contains(v.Text, p.ICMP.From.String()) {
		q.fail("it was sent by %v", p.ICMP.From)
	}
	syn := isSYN(p)
	if !p.ICMP.HasFlags {
		syn = false
		for _, s := range q.conn {
			syn = syn || isSYN(s) && s.Src == p.Src && s.SEQ == p.SEQ
		}
		q.part()
	}
	if (v.What == "syn") != syn && p.ICMP.HasFlags {
		q.fail("the quoted segment has flags %s", fmt.Sprint(p.Flags))
	}
}

// refusals returns the ICMP errors of the capture that quote a SYN; what their type and code mean, RFC 1122 and
// RFC 4443 say: all of Destination Unreachable that do not ask for smaller packets.
func (q *question) refusals() (l list) {
	for _, p := range q.c.Packets {
		if p.ICMP == nil || p.ICMP.HasFlags && !isSYN(p) {
			continue
		}
		if unreachable := uint8(3); p.ICMP.V6 && p.ICMP.Type == 1 ||
			!p.ICMP.V6 && p.ICMP.Type == unreachable && p.ICMP.Code != 4 {
			l = append(l, p)
		}
	}
	return l
}

func checkICMPRefused(q *question) {
	v := &q.e.Values
	same := func(p *Packet) bool {
		return icmpNumber(p.ICMP) == v.Number && p.ICMP.From.String()+" > "+p.Dst.String() == v.Text
	}
	all := q.refusals().keep(same)
	for _, p := range q.frames() {
		if p.ICMP == nil || !same(p) {
			q.fail("frame %d is none of them", p.Frame)
		}
	}
	low := len(all.keep(func(p *Packet) bool { return p.ICMP.HasFlags }))
	q.count(v.Count, low, len(all))
}

func checkICMPRefusedMore(q *question) {
	listed := 0
	for _, e := range q.list {
		if e.Claim == "icmp-refused" {
			listed += e.Values.Count
		}
	}
	all := q.refusals()
	q.count(q.e.Values.Count, 1, max(1, len(all)-listed))
}

func checkOddFlags(q *question) {
	p := q.frame()
	if !q.sent(p, q.side) || !p.Has(SYN) && !p.Has(ACK) && !p.Has(RST) {
		return
	}
	if !isSYN(p) || !p.Has(FIN) && !p.Has(PSH) && !strings.Contains(q.e.Values.Text, "URG") {
		q.fail("frame %d is no SYN with further flags", p.Frame)
	}
}

// crafted reports whether a packet is one that scanners make and no common system does.
func crafted(p *Packet) bool {
	switch {
	case p.Has(RST):
		return false
	case !p.Has(SYN) && !p.Has(ACK), p.HasTS && p.TSval == 1<<32-1 && p.Len == 0 && !(p.Has(SYN) && p.Has(ACK)):
		return true
	case !isSYN(p):
		return false
	}
	return p.Has(FIN) || p.Has(PSH) || p.Has(URG) || p.Window < 512 || p.Options == 0 ||
		p.Options == 1 && p.Window&1023 == 0 && p.Window <= 4096
}

func checkCrafted(q *question) {
	n := 0
	for _, conn := range q.c.Streams {
		if p := conn[0]; p.Src.Addr() == q.side.Addr() && crafted(p) {
			n++
		}
	}
	q.count(q.e.Values.Count, 1, n)
}

func checkSYNData(q *question) {
	p := q.frame()
	if q.sent(p, q.side) && q.is(p, isSYN, "SYN") && int64(p.Len) != q.e.Values.Bytes {
		q.fail("frame %d has %d bytes of data", p.Frame, p.Len)
	}
}

func checkNoSYN(q *question) {
	if p := q.by(q.side).before(q.rst.Frame).keep(isSYN).first(); p != nil {
		q.fail("frame %d is a SYN", p.Frame)
	}
}
