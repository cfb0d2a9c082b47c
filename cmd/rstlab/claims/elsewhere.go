package claims

import (
	"net/netip"
	"slices"
)

// checkAccepted and the rest decide what other connections show. The side is meant by its address there, and by its
// port where it is the one that serves.
func checkAccepted(q *question) {
	p := q.frame()
	if !q.sent(p, q.side) || !q.is(p, isSYNACK, "SYN-ACK") {
		return
	}
	q.span(q.rst, p)
	var syn *Packet
	for _, s := range q.c.Streams[p.Stream] {
		switch {
		case s.Frame >= p.Frame:
		case isSYNACK(s) && s.Src == p.Src && !s.Copy && s.SEQ == p.SEQ:
			q.fail("frame %d is not the first SYN-ACK of its connection: frame %d is", p.Frame, s.Frame)
		case isSYN(s) && s.Src == p.Dst:
			syn = s
		}
	}
	if syn != nil && syn.Frame < q.rst.Frame && p.Frame > q.rst.Frame {
		q.fail("frame %d answers a SYN from before the RST, at frame %d", p.Frame, syn.Frame)
	}
}

// checkSYNACKAgain looks for an equal SYN-ACK before it.
func checkSYNACKAgain(q *question) {
	p := q.frame()
	if !q.sent(p, q.side) || !q.is(p, isSYNACK, "SYN-ACK") {
		return
	}
	q.span(q.rst, p)
	for _, s := range q.c.Streams[p.Stream] {
		if s.Frame < q.rst.Frame && s.Frame < p.Frame && isSYNACK(s) && s.Src == p.Src {
			return
		}
	}
	q.fail("no SYN-ACK of the connection of frame %d came before the RST", p.Frame)
}

// checkOpenedElsewhere: the frame answers the other host, on another connection.
func checkOpenedElsewhere(q *question) {
	p := q.frame()
	if p == nil {
		return
	}
	q.span(q.rst, p)
	if p.Src.Addr() != q.side.Addr() || p.Dst.Addr() != q.peer.Addr() || p.Stream == q.rst.Stream {
		q.fail("frame %d is no segment of another connection of that host to the other", p.Frame)
	}
	heard := false
	for _, s := range q.c.Streams[p.Stream] {
		switch {
		case s.Frame >= p.Frame:
		case s.Src == p.Dst:
			heard = true
		case !s.Has(RST):
			q.fail("frame %d is an earlier segment of the host there", s.Frame)
		}
	}
	if !heard {
		q.fail("the other host has sent nothing there before frame %d", p.Frame)
	}
}

// refuses reports whether a RST refuses a SYN of its stream.
func (c *Capture) refuses(p *Packet) bool {
	if !p.Has(RST | ACK) {
		return false
	}
	for _, s := range c.Streams[p.Stream] {
		if isSYN(s) && s.Src == p.Dst && s.Frame < p.Frame && (p.ACK == s.SEQ+1 || p.ACK == s.End()) {
			return true
		}
	}
	return false
}

// refusesUnseen reports whether p refuses a SYN that is not in the capture: it has the form, and nothing precedes it.
func (c *Capture) refusesUnseen(p *Packet) bool {
	return p.Has(RST|ACK) && p.SEQ == 0 && c.Streams[p.Stream][0] == p
}

func checkRefused(q *question) {
	p := q.frame()
	if !q.sent(p, q.side) {
		return
	}
	if !q.c.refuses(p) {
		q.fail("frame %d refuses no SYN", p.Frame)
	}
	if q.e.Values.Span == 0 {
		return
	}
	for _, s := range q.conn {
		if (s == q.rst || s.Has(FIN) || s.Has(RST)) && near(q.e.Values.Span, p.Time-s.Time) {
			return
		}
	}
	q.fail("it is %d ns after the RST, not %d", p.Time-q.rst.Time, q.e.Values.Span)
}

func checkRefusedCount(q *question) {
	all := map[int]bool{}
	for _, p := range q.c.Packets {
		if p.ICMP == nil && p.Src == q.side && q.c.refuses(p) {
			all[p.Stream] = true
		}
	}
	q.count(q.e.Values.Count, len(all), len(all))
}

func checkAlsoReset(q *question) {
	p := q.frame()
	if p == nil {
		return
	}
	if !p.Has(RST) || p.Src.Addr() != q.side.Addr() {
		q.fail("frame %d is no RST of %v", p.Frame, q.side.Addr())
	}
	q.span(q.rst, p)
}

func checkAlsoResetCount(q *question) {
	v := &q.e.Values
	streams := map[int]bool{}
	for _, p := range q.c.Packets {
		d := p.Time - q.rst.Time
		if p.ICMP == nil && p.Has(RST) && p.Src.Addr() == q.side.Addr() && p.Stream != q.rst.Stream && d <= v.Span &&
			-d <= v.Span {
			streams[p.Stream] = true
		}
	}
	q.count(v.Count, len(streams), len(streams))
}

func checkScan(q *question) {
	v := &q.e.Values
	type key struct {
		port uint16
		host netip.Addr
	}
	count := func(until int) (ports, hosts int, from, to int64) {
		seen := map[key]bool{}
		asked := q.side.Addr()
		for _, p := range q.c.Packets {
			if p.ICMP != nil || !p.Has(RST) || p.Dst.Addr() != asked || p.Frame > until ||
				!q.c.refuses(p) && !q.c.refusesUnseen(p) {
				continue
			}
			if p.Src.Addr() == q.peer.Addr() {
				seen[key{port: p.Src.Port()}] = true
			}
			if p.Src.Port() == q.peer.Port() {
				seen[key{host: p.Src.Addr()}] = true
			}
			if p.Src.Addr() == q.peer.Addr() || p.Src.Port() == q.peer.Port() {
				if from == 0 {
					from = p.Time
				}
				from, to = min(from, p.Time), max(to, p.Time)
			}
		}
		for k := range seen {
			if k.port != 0 {
				ports++
			} else {
				hosts++
			}
		}
		return ports, hosts, from, to
	}
	p0, h0, _, _ := count(q.rst.Frame)
	p1, h1, from, to := count(q.c.Frames)
	if v.Count > 0 {
		q.count(v.Count, p0, p1)
	}
	if v.Hosts > 0 {
		q.count(v.Hosts, h0, h1)
	}
	if v.Span > to-from+1000 {
		q.fail("from the first to the last refusal are only %d ns", to-from)
	}
	q.part() // the span may be that of a part of them
}

// syns returns the SYNs of the capture, retransmissions among them.
func (q *question) syns() (l list) {
	for _, p := range q.c.Packets {
		if p.ICMP == nil && isSYN(p) {
			l = append(l, p)
		}
	}
	return l
}

func checkAsked(q *question) {
	v := &q.e.Values
	ports, hosts, streams := map[uint16]bool{}, map[netip.Addr]bool{}, map[int]bool{}
	l := q.syns().keep(func(p *Packet) bool { return p.Src.Addr() == q.side.Addr() })
	for _, p := range l {
		ports[p.Dst.Port()], hosts[p.Dst.Addr()], streams[p.Stream] = true, true, true
	}
	if v.Count > len(ports) || v.Hosts > len(hosts) || int(v.Of) > len(streams) {
		q.fail("there are %d ports, %d hosts and %d connections", len(ports), len(hosts), len(streams))
	}
	accepted := 0
	for stream := range streams {
		if list(q.c.Streams[stream]).keep(isSYNACK).first() != nil {
			accepted++
		}
	}
	if int(v.Number) > accepted {
		q.fail("%d were accepted", accepted)
	}
	if v.Span > l.span()+1000 {
		q.fail("its SYNs span less time")
	}
}

func checkAskers(q *question) {
	v := &q.e.Values
	hosts := map[netip.Addr]bool{}
	l := q.syns().keep(func(p *Packet) bool { return p.Dst == q.side })
	for _, p := range l {
		hosts[p.Src.Addr()] = true
	}
	q.count(v.Count, len(hosts), len(hosts))
	if v.Span > l.span()+1000 {
		q.fail("these SYNs span less time")
	}
}

func checkUnasked(q *question) {
	n := 0
	for _, conn := range q.c.Streams {
		if len(conn) == 0 {
			continue
		}
		p := conn[0]
		if p.Dst.Addr() == q.side.Addr() && (isSYNACK(p) || p.Has(RST|ACK) && p.SEQ == 0) {
			n++
		}
	}
	q.count(q.e.Values.Count, n, n)
}

// like returns the earlier connections between the two hosts to the same port that a RST of the same host ended.
func (q *question) like() (ends list) {
	for stream, conn := range q.c.Streams {
		if stream >= q.rst.Stream || len(conn) == 0 {
			continue
		}
		a, b := conn[0].Src, conn[0].Dst
		o, r := q.originator, q.responder
		if !(a.Addr() == o.Addr() && b == r || b.Addr() == o.Addr() && a == r) {
			continue
		}
		if p := list(conn).resets().keep(func(p *Packet) bool { return p.Src.Addr() == q.sender.Addr() }).first(); p != nil {
			ends = append(ends, p)
		}
	}
	return ends
}

func checkProbes(q *question) {
	q.part() // what "in the same way" is, the packets do not say
	ends := q.like()
	if v := &q.e.Values; v.Count > len(ends) {
		q.fail("only %d earlier connections were reset by the same host", len(ends))
	}
	slices.SortFunc(ends, func(a, b *Packet) int { return a.Frame - b.Frame })
	if len(q.wrong) == 0 {
		q.every(append(ends, q.rst))
	}
}

func checkProbeBefore(q *question) {
	q.part()
	p := q.frame()
	if p == nil {
		return
	}
	if p.Frame >= q.rst.Frame {
		q.fail("frame %d is not before it", p.Frame)
	}
	if !p.Has(RST) || !slices.Contains(q.like(), p) {
		found := false
		for _, e := range q.like() {
			found = found || e.Stream == p.Stream
		}
		if !found {
			q.fail("frame %d ended no connection of the same hosts to the same port", p.Frame)
		}
	}
	q.span(q.rst, p)
}

// checkSameSYN: the frame is a SYN like that of the reset's connection, to somewhere else.
func checkSameSYN(q *question) {
	p := q.frame()
	if !q.sent(p, q.side) || !q.is(p, isSYN, "SYN") {
		return
	}
	if p.Dst == q.peer || p.Dst.String() != q.e.Values.Text {
		q.fail("frame %d goes to %v", p.Frame, p.Dst)
	}
	for _, s := range q.conn {
		if isSYN(s) && s.Src == q.side && s.SEQ == p.SEQ {
			return
		}
	}
	q.fail("no SYN of the connection has the SEQ of frame %d", p.Frame)
}

// checkTranslatedSYN: the frame and the SYN of the reset's connection are one segment before and after a router.
func checkTranslatedSYN(q *question) {
	p := q.frame()
	if p == nil || !q.is(p, isSYN, "SYN") {
		return
	}
	if text := p.Src.String() + " > " + p.Dst.String(); text != q.e.Values.Text {
		q.fail("frame %d goes from %s", p.Frame, text)
	}
	for _, s := range q.by(q.side) {
		if !isSYN(s) {
			continue
		}
		in, out := s, p
		if p.Frame < s.Frame {
			in, out = p, s
		}
		if d := out.Time - in.Time; s.SEQ == p.SEQ && s.TSval == p.TSval && s.IPID == p.IPID && out.TTL+1 == in.TTL &&
			d >= 0 && d <= 10e6 && (s.Src != p.Src || s.Dst != p.Dst) && (q.e.Values.What == "syn") == (in == p) {
			return
		}
	}
	q.fail("no SYN of %v is the one at frame %d", q.side, p.Frame)
}
