package vantage

import (
	"cmp"
	"math"
	"slices"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/pages"
)

// A Pair is one connection in two captures.
type Pair struct {
	A, B  *Trace
	Flip  bool         // the originator of A is the responder of B: only where no SYN tells
	Shift [2]flows.Seq // what to add to a sequence number of a side of A for that of B
	Score float64      // in bits: how unlikely it is that two different connections agree so well
	Signs []string     // in what they agree
	Doubt bool         // another pair of these traces scores nearly as well: they are not paired

	toB, toA    []int32     // of each segment of A, and of B, the index of its counterpart, plus one; 0 for none
	sameIPIDs   bool        // the path leaves IP IDs as they are
	hops        [2]hopCount // of each side of A
	byTimestamp [2]bool     // of each side of A: both captures hold these, and the path leaves them as they are
	byIPID      bool        // the same of both sides
	restamped   [2]bool     // of each side of A: the path changes all timestamps
	shifted     bool        // the sequence numbers of both sides differ, as those of two connections do
	matched     bool        // its segments are paired
	once        [2][]Match  // what unique returned
	ordered     bool        // toward is known, and not taken from the order in which the captures were named
	toward      int8        // +1: the originator is nearer to A than to B; −1: the other way round; 0: not known
	atA, atB    int         // indices of the traces
}

// What agreement is worth, in bits.
const (
	bitsEnd             = 14 // address and port of one end
	bitsPort            = 10 // the originator's port alone
	bitsService         = 3  // the responder's port alone
	bitsISN             = 25 // a random number of 32 bits
	bitsPlainISN        = 4  // one that others have too
	bitsTimestamp       = 20
	bitsCommonTimestamp = 8 // connections that one host opened at one moment
	bitsData            = 7 // each, at most three
	bitsCommonData      = 2 // the beginning of many requests
	bitsIPID            = 9
	bitsIPIDs           = 13 // three or more
	bitsSegments        = 10 // the segments of a connection without SYN have the same numbers
	bitsNumber          = 20 // one of them has, and no other connection has that number
	bitsSYN             = 2  // SYNs have the same window and options
	bitsShape           = 6  // nearly all segments have a counterpart, at the same relative numbers
	bitsTime            = 6  // at the same time, once the clocks are known
	bitsMoment          = 12 // at most, at the very moment
	bitsMapped          = 12 // addresses that sure pairs have shown to be one host's
	bitsMappedHost      = 6  // the same with another port

	bitsEnough   = 30 // of captures with many connections
	bitsLeast    = 20 // of those with few
	bitsMargin   = 8
	bitsSure     = 70 // no other trace is looked at
	bitsConflict = 30

	// how many segments of connections with other sequence numbers must have other IP IDs for these to be two
	enoughIPIDs = 3

	maxBucket = 64
)

// A pairing finds the pairs of two captures.
type pairing struct {
	a, b  *Recorder
	index map[clue][]int // of b's traces
	isns  map[flows.Seq]int
	data  map[uint32]int
	clock *Clock // nil until it is known
	hosts map[[2][16]byte]int

	enough float64 // bits that a pair needs: the more connections, the more
	moment float64 // bits that the same moment is worth: the fewer connections in a time, the more
}

// connKey are the addresses of a connection, the same for both directions.
type connKey struct{ a, b flows.Addr }

func less(a, b *flows.Addr) bool {
	for i := range a.IP {
		if a.IP[i] != b.IP[i] {
			return a.IP[i] < b.IP[i]
		}
	}
	return a.Port < b.Port
}

// A clue is something by which a connection can be found again.
type clue struct {
	kind uint8
	n    uint64
	addr connKey
}

const (
	clueTuple = iota
	clueISN
	clueTimestamp
	clueData
	cluePorts
	clueNumber
	clueIPID
)

// clues calls yield with what a trace can be found by.
func clues(t *Trace, yield func(clue)) {
	for i := range len(t.translations()) + 1 {
		ends := t.ends(i)
		k := connKey{ends[0], ends[1]}
		if less(&k.b, &k.a) {
			k.a, k.b = k.b, k.a
		}
		yield(clue{kind: clueTuple, addr: k})
		lo, hi := min(ends[0].Port, ends[1].Port), max(ends[0].Port, ends[1].Port)
		yield(clue{kind: cluePorts, n: uint64(lo)<<16 | uint64(hi)})
	}
	for s := range 2 {
		if t.HasISN[s] && t.ISN[s] != 0 {
			yield(clue{kind: clueISN, n: uint64(t.ISN[s])})
		}
	}
	data, numbers := 0, 0
	for i := range t.Sightings() {
		g := &t.Sightings()[i]
		if i < 4 && g.HasTS && g.TSval != 0 {
			yield(clue{kind: clueTimestamp, n: uint64(g.TSval)})
		}
		if g.Long != 0 && data < 4 {
			data++
			yield(clue{kind: clueData, n: uint64(g.Long)})
		}
		if !t.HasISN[g.Side] && numbers < 4 && g.SEQ != 0 {
			numbers++
			yield(clue{kind: clueNumber, n: uint64(g.SEQ)})
		}
		if i > 32 {
			break
		}
	}
	// A connection of few packets may have nothing else that its path leaves as it is.
	for i := range t.Sightings()[:min(len(t.Sightings()), 2)] {
		if g := &t.Sightings()[i]; g.IPID != 0 && !g.Copy {
			yield(clue{kind: clueIPID, n: uint64(g.IPID)})
		}
	}
}

// pairUp returns the pairs of the connections of two captures, and how many pairs are in doubt.
func pairUp(a, b *Recorder) (pairs []*Pair, clock Clock, doubtful int) {
	p := &pairing{a: a, b: b, index: map[clue][]int{}, isns: map[flows.Seq]int{}, data: map[uint32]int{},
		hosts: map[[2][16]byte]int{}}
	p.enough = min(max(16+math.Log2(float64(1+max(len(a.traces), len(b.traces)))), bitsLeast), bitsEnough)
	sure := p.obvious()
	taken := make([]bool, len(b.traces))
	for _, x := range sure {
		taken[x.atB] = true
	}
	for i := range b.traces {
		t := &b.traces[i]
		if taken[i] || t.translated() {
			continue
		}
		clues(t, func(c clue) { p.index[c] = append(p.index[c], i) })
		for s := range 2 {
			if t.HasISN[s] {
				p.isns[t.ISN[s]]++
			}
		}
		seen := 0
		for j := range t.Sightings() {
			if g := &t.Sightings()[j]; g.Long != 0 {
				p.data[g.Long]++
				if seen++; seen > 8 {
					break
				}
			}
		}
	}
	pairs, _ = p.round(sure)
	// The sure pairs show how the clocks and the addresses differ; with that, the others are compared again.
	clock = estimate(pairs)
	if clock.Known {
		p.clock = &clock
		// By chance, as many connections begin within the time in which they cannot be told apart.
		within := 2 * (clock.Uncertainty + slack).Seconds()
		if span := max(a.last.Sub(a.first), b.last.Sub(b.first)).Seconds(); span > 0 && clock.OneWay == [2]bool{true, true} {
			n := float64(max(len(a.traces), len(b.traces))) * within / span
			p.moment = min(max(-math.Log2(n), 0), bitsMoment)
		}
	}
	for _, x := range pairs {
		p.hosts[[2][16]byte{x.A.Addr[0].IP, x.B.end(0, x.Flip).IP}]++
		p.hosts[[2][16]byte{x.A.Addr[1].IP, x.B.end(1, x.Flip).IP}]++
	}
	first := len(pairs)
	sure = slices.DeleteFunc(slices.Clone(pairs), func(x *Pair) bool { return x.Score < bitsSure })
	pairs, doubtful = p.round(sure)
	if len(sure) < first || len(sure) < len(pairs) {
		if again := estimate(pairs); again.Known {
			clock = again
		}
	}
	return pairs, clock, doubtful
}

// fingerprint returns a hash of what SYN and SYN-ACK say of a connection. That two have all of it in common is no
// chance.
func (t *Trace) fingerprint() (uint64, bool) {
	ok := t.Known && t.HasISN[0] && t.ISN[0] > 1 && (!t.HasISN[1] || t.ISN[1] > 1)
	h := mix(&t.Addr[0])*3 + mix(&t.Addr[1])
	h = (h ^ uint64(t.ISN[0])<<32 ^ uint64(t.ISN[1])) * 0x9e3779b97f4a7c15
	return h ^ h>>32, ok
}

// alike reports whether two connections have the same addresses and initial sequence numbers.
func (t *Trace) alike(o *Trace) bool { return t.Addr == o.Addr && t.ISN == o.ISN }

// obviousSigns are in what obvious pairs agree.
var obviousSigns = []string{"addresses and ports", "initial sequence numbers"}

// obvious returns the pairs of connections with the same addresses and initial sequence numbers, of which each capture
// holds one.
func (p *pairing) obvious() []*Pair {
	const several = -1
	index := func(list []Trace) tally { // places in the list, plus one
		m := newTally(len(list))
		for i := range list {
			if k, ok := list[i].fingerprint(); ok && !list[i].translated() {
				if n := m.at(k); *n != 0 {
					*n = several
				} else {
					*n = int32(i + 1)
				}
			}
		}
		return m
	}
	ofA, ofB := index(p.a.traces), index(p.b.traces)
	var places [][2]int32
	for i := range p.a.traces {
		a := &p.a.traces[i]
		k, ok := a.fingerprint()
		if !ok || a.translated() || *ofA.at(k) == several {
			continue
		}
		if j := *ofB.at(k) - 1; j >= 0 && a.alike(&p.b.traces[j]) {
			places = append(places, [2]int32{int32(i), j})
		}
	}
	found := pages.Make[Pair](len(places))
	for n, at := range places {
		a, b := &p.a.traces[at[0]], &p.b.traces[at[1]]
		stamped := a.tsval != 0 && a.tsval == b.tsval
		found[n] = Pair{A: a, B: b, Score: bitsSure, atA: int(at[0]), atB: int(at[1]), Signs: obviousSigns,
			byTimestamp: [2]bool{stamped, stamped}, byIPID: a.ipid != 0 && a.ipid == b.ipid}
	}
	pairs := make([]*Pair, len(found))
	for i := range found {
		pairs[i] = &found[i]
	}
	return pairs
}

// end returns the address of the side that a pair's other trace calls side.
func (t *Trace) end(side flows.Side, flip bool) flows.Addr {
	if flip {
		side = side.Peer()
	}
	return t.Addr[side]
}

// round scores all candidates, and accepts those that are the best of both their traces. The sure ones stay as they
// are.
func (p *pairing) round(sure []*Pair) (pairs []*Pair, doubtful int) {
	usedA, usedB := make([]bool, len(p.a.traces)), make([]bool, len(p.b.traces))
	for _, x := range sure {
		usedA[x.atA], usedB[x.atB] = true, true
	}
	var all []*Pair
	ofA, ofB := map[int][]*Pair{}, map[int][]*Pair{}
	seen := map[int]bool{}
	for i := range p.a.traces {
		t := &p.a.traces[i]
		if usedA[i] || t.translated() {
			continue
		}
		clear(seen)
		found, enough := false, false
		clues(t, func(c clue) {
			if found { // the same addresses and the same random numbers: nothing else can be it
				return
			}
			if c.kind == clueIPID && enough {
				return
			}
			list := p.index[c]
			if len(list) > maxBucket && c.kind != clueTuple && c.kind != clueISN {
				return
			}
			for _, j := range list[:min(len(list), 4*maxBucket)] {
				if seen[j] || usedB[j] {
					continue
				}
				seen[j] = true
				if x := p.score(t, &p.b.traces[j]); x != nil {
					x.atA, x.atB = i, j
					all = append(all, x)
					ofA[i], ofB[j] = append(ofA[i], x), append(ofB[j], x)
					found = found || c.kind == clueTuple && x.Score >= bitsSure
					enough = enough || x.Score >= bitsEnough
				}
			}
		})
	}
	slices.SortStableFunc(all, func(x, y *Pair) int { return cmp.Compare(y.Score, x.Score) })
	// The best score of each trace among the candidates that are left decides; one that is nearly as good leaves it open.
	pairs = slices.Clone(sure)
	for _, x := range all {
		if usedA[x.atA] || usedB[x.atB] || x.Score < p.enough || x.shifted && x.Score < bitsEnough {
			continue
		}
		near := func(y *Pair) bool {
			return y != x && y.Score > x.Score-bitsMargin && !usedA[y.atA] && !usedB[y.atB]
		}
		x.Doubt = slices.ContainsFunc(ofA[x.atA], near) || slices.ContainsFunc(ofB[x.atB], near)
		usedA[x.atA], usedB[x.atB] = true, true
		if x.Doubt {
			doubtful++
			continue
		}
		pairs = append(pairs, x)
	}
	slices.SortFunc(pairs, func(x, y *Pair) int { return cmp.Compare(x.atA, y.atA) })
	return pairs, doubtful
}

// score compares two traces, and returns nil where nothing but a port agrees.
func (p *pairing) score(a, b *Trace) *Pair {
	x := p.scoreAs(a, b, false)
	if !a.Known || !b.Known {
		if y := p.scoreAs(a, b, true); x == nil || y != nil && y.Score > x.Score {
			x = y
		}
	}
	return x
}

func (p *pairing) scoreAs(a, b *Trace, flip bool) *Pair {
	x := &Pair{A: a, B: b, Flip: flip}
	kinds := 0
	sign := func(bits float64, name string) {
		x.Score += bits
		if name != "" {
			x.Signs = append(x.Signs, name)
			kinds++
		}
	}
	p.addresses(x, sign)
	known := [2]bool{}
	for s := range flows.Side(2) {
		o := x.other(s)
		if !a.HasISN[s] || !b.HasISN[o] {
			continue
		}
		known[s] = true
		x.Shift[s] = b.ISN[o] - a.ISN[s]
	}
	equal := 0
	for s := range flows.Side(2) {
		if !known[s] || x.Shift[s] != 0 {
			continue
		}
		bits := float64(bitsISN)
		if a.ISN[s] == 0 || p.isns[a.ISN[s]] > 1 {
			bits = bitsPlainISN
		}
		x.Score += bits
		equal++
	}
	if equal > 0 {
		sign(0, "initial sequence numbers")
	}
	for s := range flows.Side(2) {
		if !known[s] {
			x.Shift[s] = shiftOf(a, b, s, x.other(s))
		}
	}
	m := compare(x)
	x.byIPID = m.ipids > 0
	for s := range x.byTimestamp {
		x.restamped[s] = m.stamps[s] == 0 && m.restamped[s] > 0
		x.byTimestamp[s] = m.timestamps > 0 && !x.restamped[s]
	}
	if m.numbers > 0 && equal == 0 && x.Shift == [2]flows.Seq{} {
		bits := bitsSegments * float64(min(m.numbers, 2))
		if m.number != 0 && len(p.index[clue{kind: clueNumber, n: uint64(m.number)}]) == 1 {
			bits = max(bits, bitsNumber)
		}
		sign(bits, "sequence numbers")
	}
	if m.same >= 4 && m.same*5 >= 4*min(len(a.Sightings()), len(b.Sightings()), 2*compareMost) && equal < 2 {
		sign(bitsShape, "segments")
	}
	if m.syn {
		x.Score += bitsSYN
	}
	if m.timestamps > 0 {
		bits := float64(bitsTimestamp)
		if len(p.index[clue{kind: clueTimestamp, n: uint64(m.timestamp)}]) > 2 {
			bits = bitsCommonTimestamp
		}
		sign(bits, "timestamps")
	}
	if m.ipids > 0 {
		bits := float64(bitsIPID)
		if m.ipids >= 3 {
			bits = bitsIPIDs
		}
		sign(bits, "IP IDs")
	}
	bits := 0.0
	for i, d := range m.digests {
		if i == 3 {
			break
		}
		if p.data[d] > 4 {
			bits += bitsCommonData
		} else {
			bits += bitsData
		}
	}
	if bits > 0 {
		sign(bits, "data")
	}
	if p.clock != nil {
		switch d := p.clock.apart(a, b); {
		case p.moment > bitsTime && absolute(p.clock.ToA(b.First).Sub(a.First)) <= int64(p.clock.Uncertainty+slack):
			sign(p.moment, "time")
		case d <= 2_000_000_000:
			sign(bitsTime, "time")
		case d > 30_000_000_000:
			x.Score -= bitsConflict
		}
	}
	// Two connections with a proxy between them agree in their data, but in nothing that their hosts count.
	if m.otherTimestamps > 0 && m.timestamps == 0 {
		x.Score -= bitsConflict
	}
	x.shifted = known[0] && x.Shift[0] != 0 && known[1] && x.Shift[1] != 0
	if x.shifted && m.ipids == 0 && m.otherIPIDs >= enoughIPIDs {
		return nil // a proxy that keeps the addresses, and ends the connection
	}
	if x.shifted && m.timestamps == 0 && m.ipids == 0 || m.otherData > len(m.digests) {
		x.Score -= bitsConflict
	}
	if m.same == 0 {
		x.Score -= bitsConflict
	}
	if kinds < 2 && !(equal == 2 && x.Score >= bitsEnough) {
		return nil
	}
	return x
}

// other returns what B calls a side of A.
func (x *Pair) other(s flows.Side) flows.Side {
	if x.Flip {
		return s.Peer()
	}
	return s
}

// addresses compares addresses and ports, of translations too.
func (p *pairing) addresses(x *Pair, sign func(float64, string)) {
	bits := 0.0
	for i := range len(x.A.translations()) + 1 {
		for j := range len(x.B.translations()) + 1 {
			bits = max(bits, p.sameEnds(x.A.ends(i), x.B.ends(j), x.Flip))
		}
	}
	switch {
	case bits >= 2*bitsEnd:
		sign(bits, "addresses and ports")
	case bits >= bitsPort:
		sign(bits, "ports")
	default:
		x.Score += bits
	}
}

// sameEnds returns what it is worth that the addresses of two connections agree as far as they do.
func (p *pairing) sameEnds(a, b [2]flows.Addr, flip bool) float64 {
	bits := 0.0
	if flip {
		b[0], b[1] = b[1], b[0]
	}
	for s := range flows.Side(2) {
		from, to := a[s], b[s]
		switch {
		case from == to:
			bits += bitsEnd
		case from.Port == to.Port && p.hosts[[2][16]byte{from.IP, to.IP}] > 0:
			bits += bitsMapped
		case p.hosts[[2][16]byte{from.IP, to.IP}] > 0:
			bits += bitsMappedHost
		case from.Port != to.Port:
		case s == flows.Originator && from.Port >= 1024:
			bits += bitsPort
		default:
			bits += bitsService
		}
	}
	return bits
}

// shiftOf returns what to add to the sequence numbers of a side of a for those of b, where a SYN does not tell: of the
// first segments that have the same length, and the same timestamp, IP ID or data.
func shiftOf(a, b *Trace, sideA, sideB flows.Side) flows.Seq {
	const first = 12
	of := func(t *Trace, side flows.Side) []*Sighting {
		var list []*Sighting
		for i := range t.Sightings() {
			if s := &t.Sightings()[i]; s.Side == side && s.Flags&flows.RST == 0 && len(list) < first {
				list = append(list, s)
			}
		}
		return list
	}
	votes := map[flows.Seq]int{}
	best := flows.Seq(0)
	there := of(b, sideB)
	for _, g := range of(a, sideA) {
		for _, h := range there {
			if g.Len != h.Len || g.Flags != h.Flags {
				continue
			}
			weight := 0
			if g.HasTS && h.HasTS && g.TSval == h.TSval {
				weight++
			}
			if g.IPID != 0 && g.IPID == h.IPID {
				weight++
			}
			if g.Long != 0 && g.Long == h.Long && g.Len >= 8 {
				weight++
			}
			if weight == 0 {
				continue
			}
			d := h.SEQ - g.SEQ
			if votes[d] += weight; votes[d] > votes[best] || votes[d] == votes[best] && d == 0 {
				best = d
			}
		}
	}
	return best
}

// An agreement counts segments of two traces that are alike.
type agreement struct {
	same, numbers, data, ipids, otherIPIDs, timestamps, otherTimestamps int
	digests                                                             []uint32
	otherData                                                           int       // segments with other data at the same place
	syn                                                                 bool      // SYNs have the same window and as many options
	timestamp                                                           uint32    // one that is alike
	number                                                              flows.Seq // of the first segment that is alike

	// Of each side, the same timestamps, and other ones though the IP ID is the same.
	stamps, restamped [2]int
}

type numbers struct {
	side  flows.Side
	seq   flows.Seq
	len   uint32
	flags flows.Flags
}

const numberFlags = flows.SYN | flows.FIN | flows.RST

// compareMost is how many segments at either end of a trace are compared to pair connections.
const compareMost = 16

// compare counts how many segments of A have a counterpart in B, by numbers.
func compare(x *Pair) (m agreement) {
	byNumbers := make(map[numbers]int, 2*compareMost)
	each := func(t *Trace, f func(i int)) {
		n := len(t.Sightings())
		for i := range t.Sightings() {
			if i < compareMost || i >= n-compareMost {
				f(i)
			}
		}
	}
	each(x.B, func(i int) {
		g := &x.B.Sightings()[i]
		k := numbers{g.Side, g.SEQ, g.Len, g.Flags & numberFlags}
		if _, ok := byNumbers[k]; !ok {
			byNumbers[k] = i
		}
	})
	each(x.A, func(i int) {
		g := &x.A.Sightings()[i]
		seq := g.SEQ
		if seq != 0 || g.Flags&flows.RST == 0 {
			seq += x.Shift[g.Side]
		}
		j, ok := byNumbers[numbers{x.other(g.Side), seq, g.Len, g.Flags & numberFlags}]
		if !ok {
			return
		}
		h := &x.B.Sightings()[j]
		m.same++
		if g.SEQ != 0 && g.SEQ != 1 {
			m.numbers++
			if m.number == 0 && g.SEQ > 1<<16 {
				m.number = g.SEQ
			}
		}
		if g.Len > 0 {
			m.data++
			if g.Long != 0 && g.Long == h.Long && g.Len >= 8 {
				m.digests = append(m.digests, g.Long)
			} else if g.Long != 0 && h.Long != 0 && g.Len >= 8 {
				m.otherData++
			} else if g.Short != 0 && g.Short == h.Short && g.Long*h.Long == 0 && g.Len >= 8 {
				m.digests = append(m.digests, g.Short)
			}
		}
		if g.IPID != 0 && g.IPID == h.IPID {
			m.ipids++
		} else if g.IPID != 0 && h.IPID != 0 {
			m.otherIPIDs++
		}
		m.syn = m.syn || g.Flags&flows.SYN != 0 && g.WND == h.WND && g.Options == h.Options
		if g.HasTS && h.HasTS && g.Flags&flows.RST == 0 {
			if g.TSval == h.TSval {
				m.timestamps++
				m.stamps[g.Side]++
				if m.timestamp == 0 {
					m.timestamp = g.TSval
				}
			} else {
				m.otherTimestamps++
				if g.IPID != 0 && g.IPID == h.IPID {
					m.restamped[g.Side]++
				}
			}
		}
	})
	return m
}
