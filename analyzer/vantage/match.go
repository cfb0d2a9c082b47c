package vantage

import (
	"math"
	"slices"
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// A Match is one packet in two captures, by its indices in Sightings.
type Match struct {
	A, B int
}

// unique returns matches that need no clock: segments that are there once in each trace, or whose IP ID or timestamp
// tells the copies apart. RSTs are left out unless they are asked for: a forged one may have the numbers of another.
func (x *Pair) unique(resets bool) []Match {
	n := 0
	if resets {
		n = 1
	}
	if x.once[n] == nil {
		x.once[n] = x.findUnique(resets)
	}
	return x.once[n]
}

func (x *Pair) findUnique(resets bool) []Match {
	of := func(g *Sighting, k identity, side flows.Side) uint64 {
		h := k.hash()
		if x.byTimestamp[side] {
			h = (h ^ uint64(g.TSval)) * 0xff51afd7ed558ccd
		}
		if x.byIPID {
			h = (h ^ uint64(g.IPID)) * 0xc4ceb9fe1a85ec53
		}
		return h ^ h>>29
	}
	skip := func(g *Sighting) bool { return g.Copy || g.Flags&flows.RST != 0 && !resets }
	here, there := x.A.Sightings(), x.B.Sightings()
	both := x.A.by.classes.start(len(here) + len(there))
	for j := range there {
		if g := &there[j]; !skip(g) {
			both.add(of(g, g.identity(), x.other(g.Side)), j, 1)
		}
	}
	keys := make([]uint64, len(here))
	for i := range here {
		if g := &here[i]; !skip(g) {
			keys[i] = of(g, x.inB(g), g.Side)
			both.add(keys[i], i, 0)
		}
	}
	out := []Match{}
	for i := range here {
		if skip(&here[i]) {
			continue
		}
		if k := both.find(keys[i]); k.n == [2]int32{1, 1} {
			out = append(out, Match{A: i, B: int(k.first[1])})
		}
	}
	return out
}

// Classes are the segments of two traces by what they have in common. Its memory is used again.
type classes struct{ slots []class }

// A class is how many segments of each trace there are, and the first one.
type class struct {
	key      uint64
	first, n [2]int32
}

// start returns empty classes for n segments.
func (c *classes) start(n int) *classes {
	size := 16
	for size < 2*n {
		size *= 2
	}
	if size > cap(c.slots) {
		c.slots = make([]class, size)
	}
	c.slots = c.slots[:size]
	clear(c.slots)
	return c
}

// find returns the class of a key, or a free one.
func (c *classes) find(key uint64) *class {
	for i := key; ; i++ {
		if s := &c.slots[i&uint64(len(c.slots)-1)]; s.key == key || s.n == [2]int32{} {
			return s
		}
	}
}

func (c *classes) add(key uint64, i, trace int) {
	s := c.find(key)
	if s.key = key; s.n[trace] == 0 {
		s.first[trace] = int32(i)
	}
	s.n[trace]++
}

// orientAll finds out which end of each connection is nearer to A: packets from A to B arrive with a lower TTL and,
// whatever the clocks say, later by comparison with packets of the other direction.
func orientAll(pairs []*Pair) {
	byTime, sum := map[*Pair]int8{}, 0
	for i, x := range pairs {
		ttl := 0
		least := [2]float64{math.Inf(1), math.Inf(1)}
		if !sampled(i, len(pairs)) && x.A.Resets+x.B.Resets == 0 {
			x.toward = 0
			continue // as the others
		}
		list := x.unique(false)
		if !x.bothWays(list) { // what a RST answers, and the RST itself, are directions enough
			list = x.unique(true)
		}
		for _, m := range list {
			g, h := &x.A.Sightings()[m.A], &x.B.Sightings()[m.B]
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
	all := x.A.Sightings()
	return slices.ContainsFunc(list, func(m Match) bool { return all[m.A].Side != all[list[0].A].Side })
}

// fromA reports whether a segment of a side of A travels from A to B.
func (x *Pair) fromA(side flows.Side) bool { return (side == flows.Originator) == (x.toward >= 0) }

// slack is how much the one-way delay of a packet may differ from what the clocks say.
const slack = 2 * time.Millisecond

// farthest is how long a packet may be on its way, or in a queue.
const farthest = 30 * time.Second

// match pairs the segments of a pair, each copy of a retransmission with its own.
func (x *Pair) match(c *Clock) {
	x.toA, x.toB = make([]int32, len(x.B.Sightings())), make([]int32, len(x.A.Sightings()))
	x.matched = true
	delay := x.delays(c)
	x.measure()
	here, there := x.A.Sightings(), x.B.Sightings()
	both := x.A.by.classes.start(len(here) + len(there))
	for j := range there {
		if g := &there[j]; !g.Copy {
			both.add(g.identity().hash(), j, 1)
		}
	}
	for i := range here {
		if g := &here[i]; !g.Copy {
			both.add(x.inB(g).hash(), i, 0)
		}
	}
	// Segments with the same numbers may be one packet; each class of them is paired on its own, in order.
	one := make([]int, 2)
	for i := range here {
		g := &here[i]
		if g.Copy {
			continue
		}
		key := x.inB(g).hash()
		k := both.find(key)
		if k.n[1] == 0 || int(k.first[0]) != i {
			continue
		}
		if k.n == [2]int32{1, 1} {
			one[0], one[1] = i, int(k.first[1])
			x.inOrder(c, one[:1], one[1:], delay)
			continue
		}
		h, t := make([]int, 0, k.n[0]), make([]int, 0, k.n[1])
		for n := i; n < len(here) && len(h) < cap(h) && len(h) < maxClass; n++ {
			if o := &here[n]; !o.Copy && x.inB(o).hash() == key {
				h = append(h, n)
			}
		}
		for n := int(k.first[1]); n < len(there) && len(t) < cap(t) && len(t) < maxClass; n++ {
			if o := &there[n]; !o.Copy && o.identity().hash() == key {
				t = append(t, n)
			}
		}
		x.inOrder(c, h, t, delay)
	}
	x.altered(c, delay)
}

// link pairs two segments.
func (x *Pair) link(i, j int) { x.toB[i], x.toA[j] = int32(j+1), int32(i+1) }

// partner returns the other index of a segment, in toA or toB.
func partner(to []int32, i int) (int, bool) {
	if i >= len(to) || to[i] == 0 {
		return 0, false
	}
	return int(to[i] - 1), true
}

// soonest returns the least time that a packet takes from one capture to the other, by their clocks.
func (c *Clock) soonest() float64 {
	if !c.Sure || c.Loose > 0 { // a clock that was set may have been wrong by twice the uncertainty
		return -float64(2*c.Uncertainty + slack)
	}
	return float64(c.Uncertainty)*0.7 - float64(slack)
}

// maxClass bounds the segments with equal numbers that are paired with each other.
const maxClass = 512

// none is what it costs to pair segments that cannot be one packet.
const none = math.MaxFloat64

// outOfOrder pairs those of segments with equal numbers that their IP ID and timestamp tell apart, in whatever order they
// arrived, and returns the rest.
func (x *Pair) outOfOrder(here, there []int, cost func(i, j int) float64) ([]int, []int) {
	type mark struct {
		ipid  uint16
		tsval uint32
	}
	of := func(s *Sighting) mark { return mark{s.IPID, s.TSval} }
	count := map[mark][2]int{}
	for n, list := range [2][]int{here, there} {
		for _, i := range list {
			k := of(&[2]*Trace{x.A, x.B}[n].Sightings()[i])
			c := count[k]
			c[n]++
			count[k] = c
		}
	}
	sure := func(s *Sighting) bool { return s.IPID != 0 && s.HasTS && count[of(s)] == [2]int{1, 1} }
	at := map[mark]int{}
	for _, j := range there {
		if s := &x.B.Sightings()[j]; sure(s) {
			at[of(s)] = j
		}
	}
	for _, i := range here {
		if s := &x.A.Sightings()[i]; sure(s) && cost(i, at[of(s)]) < none {
			x.link(i, at[of(s)])
		}
	}
	return slices.DeleteFunc(here, func(i int) bool { return x.toB[i] != 0 }),
		slices.DeleteFunc(there, func(j int) bool { return x.toA[j] != 0 })
}

// inOrder pairs segments with equal numbers: as many as may be one packet, and of these ways the one in which delays
// are the most usual. A network seldom changes the order of equal segments that nothing tells apart, so that these
// pairs do not cross.
func (x *Pair) inOrder(c *Clock, here, there []int, delay [2]float64) {
	cost := func(i, j int) float64 {
		g, h := &x.A.Sightings()[i], &x.B.Sightings()[j]
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
			x.link(here[0], there[0])
		}
		return
	}
	here, there = x.outOfOrder(here, there, cost)
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
			x.link(here[i], there[j])
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

// hash returns a number that no other identity has, but by an unlikely chance.
func (k identity) hash() uint64 {
	h := (uint64(k.seq)<<32 | uint64(k.ack)) * 0x9e3779b97f4a7c15
	h ^= h >> 32
	h = (h ^ uint64(k.len)<<24 ^ uint64(k.flags)<<8 ^ uint64(k.side)) * 0xff51afd7ed558ccd
	return h ^ h>>31
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
	if g.HasTS && h.HasTS && g.TSval != h.TSval && !x.restamped[g.Side] {
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
		g, h := &x.A.Sightings()[m.A], &x.B.Sightings()[m.B]
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
		g, h := &x.A.Sightings()[m.A], &x.B.Sightings()[m.B]
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
	for i := range x.A.Sightings() {
		g := &x.A.Sightings()[i]
		if x.toB[i] != 0 || g.Flags&flows.RST == 0 || g.Copy {
			continue
		}
		for j := range x.B.Sightings() {
			h := &x.B.Sightings()[j]
			if x.toA[j] != 0 || h.Flags&flows.RST == 0 || h.Copy || h.Side != x.other(g.Side) {
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
			if g.Flags == h.Flags && x.farther(g, h) && alone(x.A, x.toB, g.Side) && alone(x.B, x.toA, h.Side) {
				agree++
			}
			if agree >= 2 {
				x.link(i, j)
				break
			}
		}
	}
}

// farther reports whether the one of two packets that is captured later on the path has the lower TTL.
func (x *Pair) farther(g, h *Sighting) bool {
	if x.fromA(g.Side) {
		return h.TTL < g.TTL
	}
	return g.TTL < h.TTL
}

// alone reports whether a trace has only one RST of a side that is not paired.
func alone(t *Trace, to []int32, side flows.Side) bool {
	n := 0
	for i := range t.Sightings() {
		if s := &t.Sightings()[i]; s.Side == side && s.Flags&flows.RST != 0 && !s.Copy && to[i] == 0 {
			n++
		}
	}
	return n == 1
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
