package vantage

import (
	"math"
	"slices"
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// A Match is one packet in two captures, by its indices in Sightings.
type Match struct {
	A, B    int
	Altered []string // what is not the same, besides what every router and NAT changes
}

// unique returns matches that need no clock: segments that are there once in each trace, or whose IP ID or timestamp
// tells the copies apart. RSTs are left out unless they are asked for: a forged one may have the numbers of another.
func (x *Pair) unique(resets bool) []Match {
	type id struct {
		numbers
		ack  flows.Seq
		ts   uint32
		ipid uint16
	}
	const many = -2
	at := map[id]int{}
	of := func(g *Sighting) id {
		k := id{numbers: numbers{g.Side, g.SEQ, g.Len, g.Flags & numberFlags}}
		if x.byTimestamp {
			k.ts = g.TSval
		}
		if g.Flags.Has(flows.ACK) {
			k.ack = g.ACK
		}
		if x.byIPID {
			k.ipid = g.IPID
		}
		return k
	}
	for i := range x.B.Sightings {
		g := &x.B.Sightings[i]
		if g.Copy || g.Flags&flows.RST != 0 && !resets {
			continue
		}
		k := of(g)
		if _, ok := at[k]; ok {
			at[k] = many
		} else {
			at[k] = i
		}
	}
	count := map[id]int{}
	key := func(g *Sighting) id {
		k := of(g)
		k.seq = x.numbersInB(g).seq
		if g.Flags.Has(flows.ACK) {
			k.ack += x.Shift[g.Side.Peer()]
		}
		k.side = x.other(g.Side)
		return k
	}
	for i := range x.A.Sightings {
		if g := &x.A.Sightings[i]; !g.Copy && (g.Flags&flows.RST == 0 || resets) {
			count[key(g)]++
		}
	}
	var out []Match
	for i := range x.A.Sightings {
		g := &x.A.Sightings[i]
		if g.Copy || g.Flags&flows.RST != 0 && !resets {
			continue
		}
		k := key(g)
		if j, ok := at[k]; ok && j >= 0 && count[k] == 1 {
			out = append(out, Match{A: i, B: j})
		}
	}
	return out
}

// orientAll finds out which end of each connection is nearer to A: packets from A to B arrive with a lower TTL and,
// whatever the clocks say, later by comparison with packets of the other direction.
func orientAll(pairs []*Pair) {
	byTime, sum := map[*Pair]int8{}, 0
	for i, x := range pairs {
		ttl := 0
		least := [2]float64{math.Inf(1), math.Inf(1)}
		if len(pairs) > maxClockPairs && i%(1+len(pairs)/maxClockPairs) != 0 && x.A.Resets+x.B.Resets == 0 {
			x.toward = 0
			continue // as the others
		}
		list := x.unique(false)
		if !x.bothWays(list) { // what a RST answers, and the RST itself, are directions enough
			list = x.unique(true)
		}
		for _, m := range list {
			g, h := &x.A.Sightings[m.A], &x.B.Sightings[m.B]
			d := 0
			switch {
			case g.TTL > h.TTL && h.TTL != 0:
				d = 1
			case g.TTL < h.TTL && g.TTL != 0:
				d = -1
			}
			if g.Side == flows.Responder {
				d = -d
			}
			ttl += d
			least[g.Side] = min(least[g.Side], float64(h.Time-g.Time))
		}
		x.toward = 0
		switch {
		case ttl > 0:
			x.toward = 1
		case ttl < 0:
			x.toward = -1
		}
		if d := least[0] - least[1]; !math.IsInf(least[0], 1) && !math.IsInf(least[1], 1) && math.Abs(d) > 50_000 {
			byTime[x] = 1
			if d < 0 {
				byTime[x] = -1
			}
		}
		if x.toward == 0 {
			x.toward = byTime[x]
		}
		sum += int(x.toward)
	}
	for _, x := range pairs {
		x.ordered = x.toward != 0 || sum != 0
		if x.toward == 0 { // as the others are, else in the order in which the captures were named
			x.toward = 1
			if sum < 0 {
				x.toward = -1
			}
		}
	}
}

// bothWays reports whether there are packets of both directions.
func (x *Pair) bothWays(list []Match) bool {
	return slices.ContainsFunc(list, func(m Match) bool { return x.A.Sightings[m.A].Side != x.A.Sightings[list[0].A].Side })
}

// fromA reports whether a segment of a side of A travels from A to B.
func (x *Pair) fromA(side flows.Side) bool { return (side == flows.Originator) == (x.toward >= 0) }

// slack is how much the one-way delay of a packet may differ from what the clocks say.
const slack = 2 * time.Millisecond

// farthest is how long a packet may be on its way, or in a queue.
const farthest = 30 * time.Second

// match pairs the segments of a pair, each copy of a retransmission with its own.
func (x *Pair) match(c *Clock) {
	x.Match, x.toA, x.toB = nil, map[int]int{}, map[int]int{}
	x.matched = true
	delay := x.delays(c)
	x.measure()
	there := map[identity][]int{}
	for j := range x.B.Sightings {
		if g := &x.B.Sightings[j]; !g.Copy {
			k := g.identity()
			there[k] = append(there[k], j)
		}
	}
	// Segments with the same numbers may be one packet; each class of them is paired on its own, in order.
	here := map[identity][]int{}
	var order []identity
	for i := range x.A.Sightings {
		g := &x.A.Sightings[i]
		if g.Copy {
			continue
		}
		k := x.inB(g)
		if len(there[k]) == 0 {
			continue
		}
		if here[k] == nil {
			order = append(order, k)
		}
		here[k] = append(here[k], i)
	}
	for _, k := range order {
		h, t := here[k], there[k]
		x.inOrder(c, h[:min(len(h), maxClass)], t[:min(len(t), maxClass)], delay)
	}
	x.altered(c, delay)
	for i := range x.A.Sightings {
		if j, ok := x.toB[i]; ok {
			x.Match = append(x.Match, Match{A: i, B: j, Altered: x.changes(&x.A.Sightings[i], &x.B.Sightings[j])})
		}
	}
}

// soonest returns the least time that a packet takes from one capture to the other, by their clocks.
func (c *Clock) soonest() float64 {
	if !c.Sure {
		return -float64(c.Uncertainty + slack)
	}
	return float64(c.Uncertainty)*0.7 - float64(slack)
}

// maxClass bounds the segments with equal numbers that are paired with each other.
const maxClass = 512

// inOrder pairs segments with equal numbers: as many as may be one packet, and of these ways the one in which delays
// are the most usual. A network seldom changes the order of equal segments, so that pairs do not cross.
func (x *Pair) inOrder(c *Clock, here, there []int, delay [2]float64) {
	const none = math.MaxFloat64
	cost := func(i, j int) float64 {
		g, h := &x.A.Sightings[i], &x.B.Sightings[j]
		if !x.alike(g, h) {
			return none
		}
		late := float64(h.Time.Sub(g.Time) - c.At(g.Time)) // positive: B saw it after A
		if !x.fromA(g.Side) {
			late = -late
		}
		if late < c.soonest() || late > float64(farthest) {
			return none
		}
		off := math.Abs(late - delay[g.Side])
		if g.IPID != 0 && g.IPID == h.IPID {
			off /= 16
		}
		if g.IPID != h.IPID {
			off = off*16 + float64(slack)
		}
		return off
	}
	if len(here) == 1 && len(there) == 1 {
		if cost(here[0], there[0]) < none {
			x.toB[here[0]], x.toA[there[0]] = there[0], here[0]
		}
		return
	}
	// best[i][j] is the best way to pair here[i:] with there[j:].
	type way struct {
		pairs int
		cost  float64
		take  uint8 // 1: pair the two first, 2: leave out here[i], 3: leave out there[j]
	}
	n, m := len(here), len(there)
	best := make([]way, (n+1)*(m+1))
	better := func(a, b way) bool { return a.pairs > b.pairs || a.pairs == b.pairs && a.cost < b.cost }
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			w := best[(i+1)*(m+1)+j]
			w.take = 2
			if o := best[i*(m+1)+j+1]; better(o, w) {
				w, w.take = o, 3
			}
			if d := cost(here[i], there[j]); d < none {
				o := best[(i+1)*(m+1)+j+1]
				if o = (way{o.pairs + 1, o.cost + d, 1}); better(o, w) {
					w = o
				}
			}
			best[i*(m+1)+j] = w
		}
	}
	for i, j := 0, 0; i < n && j < m; {
		switch best[i*(m+1)+j].take {
		case 1:
			x.toB[here[i]], x.toA[there[j]] = there[j], here[i]
			i, j = i+1, j+1
		case 2:
			i++
		default:
			j++
		}
	}
}

// An identity is what the copies of one segment have in common, but not those of another.
type identity struct {
	numbers
	ack flows.Seq // 0 without ACK flag
}

func (s *Sighting) identity() identity {
	k := identity{numbers: numbers{s.Side, s.SEQ, s.Len, s.Flags & numberFlags}}
	if s.Flags.Has(flows.ACK) {
		k.ack = s.ACK
	}
	return k
}

// inB returns the identity that a segment of A has in B.
func (x *Pair) inB(g *Sighting) identity {
	k := identity{numbers: x.numbersInB(g)}
	if g.Flags.Has(flows.ACK) {
		k.ack = g.ACK + x.Shift[g.Side.Peer()]
	}
	return k
}

// numbersInB returns the numbers that a segment of A has in B.
func (x *Pair) numbersInB(g *Sighting) numbers {
	seq := g.SEQ
	if g.SEQ != 0 || g.Flags&flows.RST == 0 {
		seq += x.Shift[g.Side]
	}
	return numbers{x.other(g.Side), seq, g.Len, g.Flags & numberFlags}
}

// alike reports whether two segments with the same numbers may be one packet.
func (x *Pair) alike(g, h *Sighting) bool {
	if g.Flags.Has(flows.ACK) != h.Flags.Has(flows.ACK) {
		return false
	}
	if g.Flags.Has(flows.ACK) && g.ACK+x.Shift[g.Side.Peer()] != h.ACK {
		return false
	}
	if g.HasTS && h.HasTS && g.TSval != h.TSval {
		return false
	}
	if g.Flags&flows.RST == 0 {
		return true // offloading may have cut it up or joined it
	}
	if g.IPID != h.IPID && (x.sameIPIDs || g.IPID != 0 && h.IPID != 0) {
		return false
	}
	hops := &x.hops[g.Side]
	return !hops.steady || int(g.TTL)-int(h.TTL) == hops.count
}

// A hopCount is by how much the TTL of a side's packets differs between the two captures.
type hopCount struct {
	count        int
	seen, steady bool
}

// measure finds out what the path changes in the packets of a pair.
func (x *Pair) measure() {
	for _, m := range x.unique(false) {
		g, h := &x.A.Sightings[m.A], &x.B.Sightings[m.B]
		x.sameIPIDs = x.sameIPIDs || g.IPID != 0 && g.IPID == h.IPID
		n, d := &x.hops[g.Side], int(g.TTL)-int(h.TTL)
		switch {
		case g.TTL == 0 || h.TTL == 0:
		case !n.seen:
			n.count, n.seen, n.steady = d, true, true
		case n.count != d:
			n.steady = false
		}
	}
}

// delays returns the usual delay of the packets of each side of A, in nanoseconds.
func (x *Pair) delays(c *Clock) [2]float64 {
	least := [2]float64{math.Inf(1), math.Inf(1)}
	for _, m := range x.unique(false) {
		g, h := &x.A.Sightings[m.A], &x.B.Sightings[m.B]
		late := float64(h.Time.Sub(g.Time) - c.At(g.Time))
		if !x.fromA(g.Side) {
			late = -late
		}
		least[g.Side] = min(least[g.Side], late)
	}
	for s := range least {
		if math.IsInf(least[s], 1) {
			if least[s] = least[1-s]; math.IsInf(least[s], 1) {
				least[s] = float64(c.Uncertainty)
			}
		}
		least[s] = max(least[s], 0)
	}
	return least
}

// alteredWithin is how well the arrival of a RST must fit for it to be one that was altered on its way.
const alteredWithin = 3 * time.Millisecond

// altered pairs RSTs that changed on their way: same sender, at the time at which it must arrive, with the same SEQ,
// ACK or IP ID.
func (x *Pair) altered(c *Clock, delay [2]float64) {
	for i := range x.A.Sightings {
		g := &x.A.Sightings[i]
		if _, ok := x.toB[i]; ok || g.Flags&flows.RST == 0 || g.Copy {
			continue
		}
		for j := range x.B.Sightings {
			h := &x.B.Sightings[j]
			if _, ok := x.toA[j]; ok || h.Flags&flows.RST == 0 || h.Copy || h.Side != x.other(g.Side) {
				continue
			}
			late := float64(h.Time.Sub(g.Time) - c.At(g.Time))
			if !x.fromA(g.Side) {
				late = -late
			}
			if math.Abs(late-delay[g.Side]) > float64(alteredWithin+c.Uncertainty) {
				continue
			}
			agree := 0
			if x.numbersInB(g).seq == h.SEQ {
				agree++
			}
			if g.ACK+x.Shift[g.Side.Peer()] == h.ACK || g.ACK == h.ACK {
				agree++
			}
			if g.IPID != 0 && g.IPID == h.IPID {
				agree += 2
			}
			if g.WND != 0 && g.WND == h.WND {
				agree++
			}
			if agree >= 2 {
				x.toB[i], x.toA[j] = j, i
				break
			}
		}
	}
}

// changes lists what a packet has in B that it had not in A, besides addresses and TTL.
func (x *Pair) changes(g, h *Sighting) []string {
	var list []string
	if x.numbersInB(g).seq != h.SEQ {
		list = append(list, "SEQ")
	}
	if g.Flags.Has(flows.ACK) && h.Flags.Has(flows.ACK) && g.ACK+x.Shift[g.Side.Peer()] != h.ACK {
		list = append(list, "ACK")
	}
	if g.Flags != h.Flags {
		list = append(list, "flags")
	}
	if n := &x.hops[g.Side]; g.Flags&flows.RST != 0 && n.steady && int(g.TTL)-int(h.TTL) != n.count {
		list = append(list, "TTL")
	}
	if g.WND != h.WND {
		list = append(list, "window")
	}
	if g.Options != h.Options {
		list = append(list, "options")
	}
	return list
}
