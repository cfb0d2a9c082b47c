package track

import (
	"math"
	"math/bits"
	"slices"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/tuple"
)

// related keeps what connections tell about each other, in tables of fixed size: for each service, host,
// and pair of hosts. They are touched when a connection begins or is reset, never for each packet.
type related struct {
	services  cache[service]
	hosts     cache[host]
	pairs     cache[pair]
	scans     cache[scan]
	probes    cache[probes]
	syns      recent
	transfers transfers
	takeovers takeovers
	resets    []hostReset // ring of the last maxFallen connections that were reset
	nResets   int         // how many there have been
}

// A place is a ConnMark in compact form.
type place struct {
	at     stamp
	stream uint32
}

func (p place) mark() flows.ConnMark {
	if p.at.frame == 0 {
		return flows.ConnMark{}
	}
	return flows.ConnMark{Mark: p.at.mark(), Stream: int(p.stream)}
}

// otherThan returns the later of two places that is on another stream.
func otherThan(stream uint32, last, other place) flows.ConnMark {
	if last.stream != stream {
		return last.mark()
	}
	return other.mark()
}

// keep makes p the last of two places on different streams.
func keep(p place, last, other *place) {
	if last.stream != p.stream {
		*other = *last
	}
	*last = p
}

// A service is what is known of a responder's address and port.
type service struct {
	accepted, acceptedOther place
	refused, refusedOther   place
	refusals                uint32
	// resets that wait for what comes first after them
	waitAccept, waitRefuse, waitAgain []uint64
	askers                            distinct // hosts that sent it a SYN
	askedFrom, askedTo                flows.Time
}

// answered reports whether the service accepted or refused the connection on a stream, as far as it is remembered.
func (v *service) answered(stream int) bool {
	for _, p := range [...]*place{&v.accepted, &v.acceptedOther, &v.refused, &v.refusedOther} {
		if p.at.frame != 0 && int(p.stream) == stream {
			return true
		}
	}
	return false
}

// A host is what is known of an address.
type host struct {
	ttlMin, ttlMax uint8
	reaction       time.Duration // shortest answer to a SYN or a SYN-ACK, 0: none seen
	reactions      uint8         // how many of them were seen
	ttl, weight    uint8         // majority vote over connections
	ttlSeen        place         // a packet that arrived with ttl
	lastReset      int           // number of its last entry in falls, plus one

	// majority vote over the RSTs by which it answers segments without ACK
	rstTTL, rstWeight uint8
	rstTTLSeen        place

	// What it asked for by SYNs, and what came to it unasked.
	ports, hosts       distinct // different ports, and different hosts, that it sent SYNs to
	askedFrom, askedTo flows.Time
	asked, answered    uint32 // connections that it began, and those that a SYN-ACK answered
	unasked            uint32 // connections whose first segment is a SYN-ACK to it, or a refusal of a SYN
	crafted            uint32 // connections that it began with a segment that no system's TCP makes
}

// A bitmap counts different values by their hashes: never more than there were, and at most flows.MaxDifferent.
type bitmap [flows.MaxDifferent / 64]uint64

func (b *bitmap) add(hash uint64) { b[hash>>6&7] |= 1 << (hash & 63) }

func (b *bitmap) count() (n int) {
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// A distinct counts different values as a bitmap does. Most hosts and services only ever have one, which takes no
// bitmap: there are up to 16,384 of each.
type distinct struct {
	one  uint16 // one more than the first value's place in a bitmap
	many *bitmap
}

func (d *distinct) add(hash uint64) {
	at := uint16(hash&(flows.MaxDifferent-1)) + 1
	switch {
	case d.many != nil:
		d.many.add(hash)
	case d.one == 0:
		d.one = at
	case d.one != at:
		d.many = new(bitmap)
		d.many.add(uint64(d.one - 1))
		d.many.add(hash)
	}
}

func (d *distinct) count() int {
	switch {
	case d.many != nil:
		return d.many.count()
	case d.one != 0:
		return 1
	}
	return 0
}

// A pair is what is known of two hosts, whatever the ports.
type pair struct {
	both, bothOther place  // where the second side was first seen, of the last two connections
	by, byOther     uint64 // prints of the hosts that sent a SYN-ACK there, else 0
}

// A scan holds the different ports, or hosts, that refused one originator; as a bitmap of their hashes,
// so that two may count as one.
type scan struct {
	seen     bitmap
	from, to flows.Time
}

func (s *scan) add(hash uint64, at flows.Time) {
	if s.from == 0 {
		s.from = at
	}
	s.seen.add(hash)
	s.to = max(s.to, at)
}

func (s *scan) span() time.Duration {
	if s == nil {
		return 0
	}
	return s.to.Sub(s.from)
}

func (s *scan) count() (n int) {
	if s != nil {
		n = s.seen.count()
	}
	return n
}

// probes are connections that ended alike.
type probes struct {
	last  [8]place
	count int
}

// A hostReset is a connection that was reset, linked with the others that the same host has reset.
type hostReset struct {
	place
	began, heard flows.Time // first packet of the connection, and the host's last segment on it before the RST
	prev, next   int        // numbers of the host's entries before and after it, plus one
}

// atOneMoment reports whether one loss of the host's state can have ended two connections: the host used neither after
// it had reset the other.
func (f *hostReset) atOneMoment(o *hostReset) bool {
	if o.at.time() < f.at.time() {
		f, o = o, f
	}
	return o.began <= f.at.time() && o.heard <= f.at.time()
}

const maxHostResets = 1 << 13

// resetAt returns entry number n−1 of the falls, nil when it has been overwritten or never was.
func (a *related) resetAt(n int) *hostReset {
	if n <= 0 || n <= a.nResets-maxHostResets {
		return nil
	}
	return &a.resets[(n-1)%maxHostResets]
}

// host takes the first segment of a connection's side; first says that it is the connection's first too.
func (a *related) host(t *Table, s *segment, stream uint32, first bool) {
	h := a.hosts.get(t.hostKey(&s.Src))
	h.widen(s.TTL)
	vote(s.TTL, place{stampOf(s), stream}, &h.ttl, &h.weight, &h.ttlSeen)
	if first && s.Crafted() {
		h.crafted++
	}
	switch {
	case s.Flags&(flows.SYN|flows.ACK) == flows.SYN:
		a.syns.add(s, stream)
		a.transfers.begins(t, s, stream)
		h.asks(s)
		v := a.services.get(t.addrKey(&s.Dst))
		if v.askedFrom == 0 {
			v.askedFrom = s.Time
		}
		v.askedTo = max(v.askedTo, s.Time)
		v.askers.add(tuple.HashIP(&s.Src.IP, tuple.PublicSeed))
	case s.Flags.Has(flows.SYN | flows.ACK):
		if d := a.hosts.get(t.hostKey(&s.Dst)); first {
			d.unasked++
		} else {
			d.answered++
		}
	}
}

// vote counts a TTL in a majority vote; seen is a packet that had the one that leads.
func vote(ttl uint8, at place, winner, weight *uint8, seen *place) {
	switch {
	case *weight == 0:
		*winner, *weight, *seen = ttl, 1, at
	case *winner != ttl:
		*weight--
	case *weight < 1<<8-1:
		*weight++
	}
}

// asks takes a SYN of the host.
func (h *host) asks(s *segment) {
	if h.asked == 0 {
		h.askedFrom = s.Time
	}
	h.asked++
	h.askedTo = max(h.askedTo, s.Time)
	h.ports.add(tuple.Mix(uint64(s.Dst.Port), 5, tuple.PublicSeed))
	h.hosts.add(tuple.HashIP(&s.Dst.IP, tuple.PublicSeed))
}

// widen takes a TTL into the range seen.
func (h *host) widen(ttl uint8) {
	if h.ttlMax == 0 {
		h.ttlMin = ttl
	}
	h.ttlMin, h.ttlMax = min(h.ttlMin, ttl), max(h.ttlMax, ttl)
}

// spread takes a segment whose TTL is outside of the range of its connection so far.
func (a *related) spread(t *Table, s *segment) { a.hosts.get(t.hostKey(&s.Src)).widen(s.TTL) }

// handshakeTook takes the time in which the sender of s answered a SYN or a SYN-ACK.
func (a *related) handshakeTook(t *Table, s *segment, d time.Duration) {
	h := a.hosts.get(t.hostKey(&s.Src))
	if h.reaction == 0 || d < h.reaction {
		h.reaction = max(d, 1)
	}
	if h.reactions < math.MaxUint8 {
		h.reactions++
	}
}

// bothWays takes the first segment of a connection's second side.
func (a *related) bothWays(t *Table, s *segment, stream uint32) {
	p := a.pairs.get(t.pairKey(&s.Src, &s.Dst))
	if p.both.stream != stream {
		p.byOther = p.by
	}
	if p.by = 0; s.Flags.Has(flows.SYN | flows.ACK) {
		p.by = t.hostKey(&s.Src).print
	}
	keep(place{stampOf(s), stream}, &p.both, &p.bothOther)
}

// pairKey is the key of two hosts in either order.
func (t *Table) pairKey(a, b *flows.Addr) cacheKey {
	x, y := t.hostKey(a), t.hostKey(b)
	if y.print < x.print {
		x.print, y.print = y.print, x.print
	}
	if y.place < x.place {
		x.place, y.place = y.place, x.place
	}
	return x.and(y, t.seed)
}

// pairPlace is the place of pairKey for two hosts, of which the places of hostKey are given.
func pairPlace(a, b uint64) uint64 { return tuple.Mix(min(a, b), max(a, b), tuple.PublicSeed) }

// serves reports whether addr has been seen to accept connections.
func (a *related) serves(t *Table, addr *flows.Addr) bool {
	s := a.services.find(t.addrKey(addr))
	return s != nil && s.accepted.at.frame != 0
}

// accepted takes the SYN-ACK s of c, sent by side: the first of a connection accepts it, a further one says that its
// handshake is not complete, and that the listener is still there.
func (t *Table) accepted(c *record, side flows.Side, s *segment) {
	v := t.related.services.get(t.addrKey(&s.Src))
	p := place{stampOf(s), c.stream}
	if first := t.synMark(c, side).Frame; first != s.Frame {
		v.waitAgain = t.announce(v.waitAgain, c.stream, func(r *flows.Reset) *flows.ConnMark {
			if first > r.Frame {
				return nil
			}
			return &r.Related.HalfOpenAfter
		}, p)
		return
	}
	keep(p, &v.accepted, &v.acceptedOther)
	asked := 0
	if c.side[side^1].bits&sentSYN != 0 {
		asked = t.synMark(c, side.Peer()).Frame
	}
	v.waitAccept = t.announce(v.waitAccept, c.stream, func(r *flows.Reset) *flows.ConnMark {
		if asked > 0 && asked < r.Frame {
			return nil
		}
		return &r.Related.AcceptedAfter
	}, p)
}

// announce writes p to the field of the resets on list that have not heard of the like yet, and returns those that
// still wait: the ones of p's own stream, and those for which there is no field.
func (t *Table) announce(list []uint64, stream uint32, field func(*flows.Reset) *flows.ConnMark, p place) []uint64 {
	left := list[:0]
	for _, no := range list {
		w := t.pending.at(no)
		if w == nil {
			continue
		}
		if f := field(w.r); w.stream != stream && f != nil {
			*f = p.mark()
			continue
		}
		left = append(left, no)
	}
	return left
}

// before fills in what the tables say about RST s of side before it is counted itself.
func (a *related) before(t *Table, c *record, side flows.Side, s *segment, r *flows.Reset) {
	o := &r.Related
	o.Into = s.Time.Sub(t.began)
	if m := r.Conn.Start; m.Seen() {
		o.Into = m.Time.Sub(t.began)
	}
	responder := &r.Conn.Ends[flows.Responder].Addr
	if v := a.services.find(t.addrKey(responder)); v != nil {
		o.AcceptedBefore = otherThan(c.stream, v.accepted, v.acceptedOther)
		o.RefusedBefore = otherThan(c.stream, v.refused, v.refusedOther)
	}
	if v := a.pairs.find(t.pairKey(&r.Conn.Ends[flows.Originator].Addr, responder)); v != nil {
		by := v.by
		if v.both.stream == c.stream {
			by = v.byOther
		}
		if by == t.hostKey(responder).print {
			o.OpenedBefore = otherThan(c.stream, v.both, v.bothOther)
		}
	}
	a.transfers.tell(t, c, r)
	o.TakenOver = a.takeovers.of(t, c.stream)
	if side == flows.Responder && r.Conn.SYN.Seen() {
		o.Translated, o.TranslatedSrc, o.TranslatedDst, o.TranslatedHere = a.syns.translated(c.stream)
	}
	if side == flows.Originator && r.Conn.SYN.Seen() {
		m, to := a.syns.sameSYN(c.stream)
		if v := a.services.find(t.addrKey(&to)); m.Seen() && (v == nil || !v.answered(m.Stream)) {
			o.SameSYN, o.SameSYNTo = m, to
		}
	}
	if r.Conn.SYN.Seen() {
		if p := a.probes.find(t.probesKey(c, side, r.Conn)); p != nil {
			p.tell(o, r.Time)
		}
	}
}

// probesKey is the key of connections between the same hosts to the same port that end alike.
func (t *Table) probesKey(c *record, side flows.Side, conn *flows.Conn) cacheKey {
	way := uint64(side) << 2
	if conn.SYNACK.Seen() {
		way |= 1
	}
	if conn.HandshakeACK.Seen() {
		way |= 2
	}
	for i := range conn.Ends {
		if conn.Ends[i].DataSegments > 0 {
			way |= 8 << i
		}
	}
	return t.hostKey(&conn.Ends[flows.Originator].Addr).and(t.addrKey(&conn.Ends[flows.Responder].Addr),
		t.seed).and(t.keyOf(way, 1), t.seed)
}

// tell fills in the connections that ended like the present one, which ends at now.
func (p *probes) tell(o *flows.Related, now flows.Time) {
	o.SimilarCount = p.count
	n := min(p.count, len(p.last))
	o.Similar = make([]flows.ConnMark, n)
	for i := range o.Similar {
		o.Similar[i] = p.last[(p.count-n+i)%len(p.last)].mark()
	}
	if n < 2 {
		return
	}
	var all [len(p.last)]time.Duration
	gaps := all[:n]
	for i := 1; i < n; i++ {
		gaps[i] = o.Similar[i].Time.Sub(o.Similar[i-1].Time)
	}
	gaps[0] = now.Sub(o.Similar[n-1].Time)
	slices.Sort(gaps)
	usual := gaps[len(gaps)/2]
	if gaps[0] >= usual*4/5 && gaps[len(gaps)-1] <= usual*6/5 {
		o.SimilarPeriod = usual
	}
}

// after counts RST s of side; first says that it is the side's first.
func (a *related) after(t *Table, c *record, side flows.Side, s *segment, r *flows.Reset, first bool) {
	responder := &r.Conn.Ends[flows.Responder].Addr
	originator := &r.Conn.Ends[flows.Originator].Addr
	p := place{stampOf(s), c.stream}
	a.transfers.closes(t, c, side, s)
	if r.Class == flows.ClassReplyACK && first {
		h := a.hosts.get(t.hostKey(&s.Src))
		vote(s.TTL, p, &h.rstTTL, &h.rstWeight, &h.rstTTLSeen)
	}
	refused := side == flows.Responder && r.Accept == flows.AcceptSynSent && first
	// A closed port says nothing of the host's connections, nor does what refuses a SYN that was not captured.
	unseen := s.SEQ == 0 && s.Flags&flows.ACK != 0 && r.Conn.Ends[side].Segments == 0
	if first && !refused && !unseen {
		h := a.hosts.get(t.hostKey(&s.Src))
		fresh := hostReset{place: p, began: r.Conn.Start.Time, heard: r.Conn.Ends[side].Last.Time, prev: h.lastReset}
		if a.nResets < maxHostResets {
			a.resets = append(a.resets, fresh)
		} else {
			a.resets[a.nResets%maxHostResets] = fresh
		}
		a.nResets++
		if last := a.resetAt(h.lastReset); last != nil {
			last.next = a.nResets
		}
		h.lastReset = a.nResets
	}
	if first {
		if r.Conn.SYN.Seen() {
			k := a.probes.get(t.probesKey(c, side, r.Conn))
			k.last[k.count%len(k.last)] = p
			k.count++
		}
	}
	if r.Conn.Packets == 0 && r.Class == flows.ClassReplyACK {
		a.hosts.get(t.hostKey(&s.Dst)).unasked++
		a.scanned(t, originator, responder, r.Time) // the refusal of a SYN that was not captured
	}
	if refused {
		v := a.services.get(t.addrKey(responder))
		keep(p, &v.refused, &v.refusedOther)
		v.refusals++
		v.waitRefuse = t.announce(v.waitRefuse, c.stream,
			func(r *flows.Reset) *flows.ConnMark { return &r.Related.RefusedAfter }, p)
		a.scanned(t, originator, responder, r.Time)
	}
}

// scanned takes a refusal for what shows a scan.
func (a *related) scanned(t *Table, originator, responder *flows.Addr, at flows.Time) {
	a.scans.get(t.portsKey(originator, responder)).add(uint64(responder.Port), at)
	a.scans.get(t.hostsKey(originator, responder)).add(tuple.HashIP(&responder.IP, tuple.PublicSeed), at)
}

// portsKey is the key of the ports of one host that refused one originator.
func (t *Table) portsKey(originator, responder *flows.Addr) cacheKey {
	return t.hostKey(originator).and(t.hostKey(responder), t.seed).and(t.keyOf(2, 2), t.seed)
}

// hostsKey is the key of the hosts that refused one originator on one port.
func (t *Table) hostsKey(originator, responder *flows.Addr) cacheKey {
	return t.hostKey(originator).and(t.keyOf(uint64(responder.Port), 3), t.seed)
}

// wait enters reset number no among those that wait for what comes after it.
func (a *related) wait(t *Table, no uint64, p *pending) {
	v := a.services.get(t.addrKey(&p.r.Conn.Ends[flows.Responder].Addr))
	v.waitAccept = append(stillWaiting(t, v.waitAccept), no)
	v.waitRefuse = append(stillWaiting(t, v.waitRefuse), no)
	v.waitAgain = append(stillWaiting(t, v.waitAgain), no)
	src := &p.r.Conn.Ends[p.sender].Addr
	p.hostReset = a.hosts.get(t.hostKey(src)).lastReset
}

// stillWaiting drops the resets at the front of list that were handed out already.
func stillWaiting(t *Table, list []uint64) []uint64 {
	for len(list) > 0 && list[0] < t.pending.head {
		list = list[1:]
	}
	return list
}

// maxTogether bounds how many connections FellTogetherCount counts, and maxListed how many are listed.
const (
	maxTogether = flows.MaxResetTogether
	maxListed   = 8
)

// leastRSTs is by how many RSTs a TTL must lead to be that of the host.
const leastRSTs = 2

// settle fills in what came after the reset p.
func (a *related) settle(t *Table, p *pending) {
	r := p.r
	o := &r.Related
	originator, responder := &r.Conn.Ends[flows.Originator].Addr, &r.Conn.Ends[flows.Responder].Addr
	if v := a.services.find(t.addrKey(responder)); v != nil {
		o.Refused = int(v.refusals)
		o.Askers, o.AskersSpan = v.askers.count(), v.askedTo.Sub(v.askedFrom)
	}
	ports, hosts := a.scans.find(t.portsKey(originator, responder)), a.scans.find(t.hostsKey(originator, responder))
	o.ScanPorts, o.ScanPortsSpan = ports.count(), ports.span()
	o.ScanHosts, o.ScanHostsSpan = hosts.count(), hosts.span()
	sender := a.hosts.find(t.hostKey(&r.Conn.Ends[p.sender].Addr))
	if h := sender; h != nil && h.rstWeight >= leastRSTs {
		o.SenderRSTTTL, o.SenderRSTTTLSeen = h.rstTTL, h.rstTTLSeen.mark()
	}
	if h := sender; h != nil && h.weight > 0 {
		o.SenderTTL, o.SenderTTLSeen = h.ttl, h.ttlSeen.mark()
		o.SenderTTLMin, o.SenderTTLMax, o.SenderReaction = h.ttlMin, h.ttlMax, h.reaction
		o.SenderReactions = int(h.reactions)
	}
	if h := a.hosts.find(t.hostKey(originator)); h != nil {
		o.AskedPorts, o.AskedHosts, o.AskedSpan = h.ports.count(), h.hosts.count(), h.askedTo.Sub(h.askedFrom)
		o.Asked, o.Answered, o.Unasked = int(h.asked), int(h.answered), int(h.unasked)
		o.Crafted = int(h.crafted)
		o.OriginatorSeen = h.weight > 0
	}
	if v := a.pairs.find(t.pairKey(originator, responder)); v != nil {
		o.OtherDir = otherThan(p.stream, v.both, v.bothOther).Seen()
	}
	a.together(p)
}

// together fills in the connections that the sender's host reset within flows.TogetherWindow of p. Of many, those
// nearest to p are listed.
func (a *related) together(p *pending) {
	var before, after [maxListed]flows.ConnMark
	first := a.resetAt(p.hostReset)
	if first == nil {
		return
	}
	nBefore := a.walk(p, p.hostReset, &before, func(f *hostReset) int { return f.prev }, maxTogether)
	nAfter := a.walk(p, first.next, &after, func(f *hostReset) int { return f.next }, maxTogether-nBefore)
	o := &p.r.Related
	if f := a.resetAt(p.hostReset); f != nil && f.stream == p.stream {
		o.LostTogether = a.alike(p, f, first)
	}
	if o.ResetTogetherCount = nBefore + nAfter; o.ResetTogetherCount == 0 {
		return
	}
	nBefore, nAfter = min(nBefore, max(maxListed-nAfter, maxListed/2)), min(nAfter, max(maxListed-nBefore, maxListed/2))
	o.ResetTogether = make([]flows.ConnMark, 0, nBefore+nAfter)
	for k := nBefore - 1; k >= 0; k-- {
		o.ResetTogether = append(o.ResetTogether, before[k])
	}
	o.ResetTogether = append(o.ResetTogether, after[:nAfter]...)
}

// alike counts those of the connections that walk finds which one loss of state can have ended together with own.
func (a *related) alike(p *pending, own, first *hostReset) (n int) {
	seen := 0
	count := func(from int, next func(*hostReset) int) {
		for f := a.resetAt(from); f != nil && seen < maxTogether; f = a.resetAt(next(f)) {
			if d := f.at.time().Sub(p.r.Time); d < -flows.TogetherWindow || d > flows.TogetherWindow {
				return
			}
			if seen++; f.stream != p.stream && own.atOneMoment(f) {
				n++
			}
		}
	}
	count(p.hostReset, func(f *hostReset) int { return f.prev })
	count(first.next, func(f *hostReset) int { return f.next })
	return n
}

// walk follows the connections that one host reset, from entry n on, while they are within flows.TogetherWindow of
// p. It returns how many there are, limit at most, and lists the first.
func (a *related) walk(p *pending, n int, list *[maxListed]flows.ConnMark, next func(*hostReset) int,
	limit int) (count int) {
	for f := a.resetAt(n); f != nil && count < limit; f = a.resetAt(next(f)) {
		if d := f.at.time().Sub(p.r.Time); d < -flows.TogetherWindow || d > flows.TogetherWindow {
			break
		}
		if f.stream == p.stream {
			continue
		}
		if count < maxListed {
			list[count] = f.mark()
		}
		count++
	}
	return count
}
