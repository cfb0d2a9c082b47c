package vantage

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/pages"
)

// A Vantage is one capture with its name.
type Vantage struct {
	Name     string
	Recorder *Recorder
	Dropped  bool // the capture itself says that it lost packets

	// The times of its first and last packet of any kind: that it ran in between, at least. Both are 0 where only the
	// segments show that.
	First, Last flows.Time
}

// A Comparison is what several captures of the same path show together.
type Comparison struct {
	Vantages []Vantage
	Clocks   []Clock // of each vantage point, as B, with the first as A
	Order    []int   // of the vantage points on the path
	Reversed bool    // they were not named in the order in which the packets pass them
	Groups   []*Group
	Doubtful int // pairs of connections that agree, but not better than others
	Lost     []Stretch

	loose  time.Duration // by how much an order of packets in two captures may be wrong, because a clock was set
	links  map[[2]int]*link
	passed []passed
	same   map[[2]int]bool
	// Where connections go on under another port.
	rejoined map[*Trace][]Place
	relays   map[*Group][]Relay
	alone    [][]*Trace // of each capture, the connections that no other holds
}

// A link is what two captures have in common.
type link struct {
	pairs []*Pair
	clock Clock
}

// A Group is one connection with its trace in each capture.
type Group struct {
	Traces []*Trace // by vantage, nil where a capture does not hold it
	pairs  []linked
	flip   []bool
	order  []int // vantages that hold it, from the originator on
	twin   bool  // a capture holds it beside another trace of the same connection
}

// passed counts packets that must have passed a vantage point, and how many of them its capture lacks.
type passed struct{ of, missing int }

// A Stretch counts the packets that were sent along a part of the path, and how many did not arrive. RSTs do not count.
type Stretch struct {
	From, To   int
	Sent, Lost int
	Data       int // lost ones with data
}

// Compare compares captures. Their recorders are finished. The first is the one whose clock counts.
func Compare(list []Vantage) *Comparison {
	c := &Comparison{Vantages: list, Clocks: make([]Clock, len(list)), links: map[[2]int]*link{},
		passed: make([]passed, len(list)), same: map[[2]int]bool{}, rejoined: map[*Trace][]Place{},
		relays: map[*Group][]Relay{}}
	for i := range list {
		for j := i + 1; j < len(list); j++ {
			c.same[[2]int{i, j}] = same(list[i].Recorder, list[j].Recorder)
			pairs, clock, doubtful := pairUp(list[i].Recorder, list[j].Recorder)
			c.links[[2]int{i, j}] = &link{pairs, clock}
			c.loose = max(c.loose, clock.Loose)
			c.Doubtful += doubtful
		}
	}
	c.rejoin()
	c.setClocks()
	c.group()
	c.arrange()
	for _, l := range c.links {
		for i, x := range l.pairs {
			// Where nothing was reset, segments are paired only to count losses.
			if x.A.Resets+x.B.Resets > 0 || sampled(i, len(l.pairs)) {
				x.match(&l.clock)
			}
		}
	}
	c.alone = make([][]*Trace, len(list))
	for _, g := range c.Groups {
		if len(g.order) == 1 {
			c.alone[g.order[0]] = append(c.alone[g.order[0]], g.Traces[g.order[0]])
		}
	}
	c.learn()
	c.countLosses()
	c.findRelays()
	return c
}

// setClocks sets the clocks with the first capture as reference, by way of others where need be.
func (c *Comparison) setClocks() {
	c.Clocks[0] = Clock{Known: true}
	for range c.Vantages {
		for i := range c.Vantages {
			for j := i + 1; j < len(c.Vantages); j++ {
				l := &c.links[[2]int{i, j}].clock
				if !l.Known {
					continue
				}
				switch {
				case i == 0 && !c.Clocks[j].Known:
					c.Clocks[j] = *l
				case c.Clocks[i].Known && !c.Clocks[j].Known:
					k := c.Clocks[i]
					c.Clocks[j] = Clock{Known: true, Offset: k.At(k.ToA(l.Origin)) + l.Offset, Drift: k.Drift + l.Drift,
						Origin: k.ToA(l.Origin), Uncertainty: k.Uncertainty + l.Uncertainty, Steps: k.Steps || l.Steps, OneWay: l.OneWay,
						Loose: k.Loose + l.Loose}
				case c.Clocks[j].Known && !c.Clocks[i].Known:
					k := c.Clocks[j]
					c.Clocks[i] = Clock{Known: true, Offset: k.Offset - l.Offset, Drift: k.Drift - l.Drift,
						Origin: k.Origin, Uncertainty: k.Uncertainty + l.Uncertainty, Steps: k.Steps || l.Steps, OneWay: l.OneWay,
						Loose: k.Loose + l.Loose}
				}
			}
		}
	}
}

// Common returns the time of the first capture's clock at which a vantage point's shows t.
func (c *Comparison) Common(v int, t flows.Time) flows.Time {
	if v == 0 || !c.Clocks[v].Known {
		return t
	}
	return c.Clocks[v].ToA(t)
}

// At returns what the clock of a vantage point shows at a time of the first capture's.
func (c *Comparison) At(v int, t flows.Time) flows.Time {
	if v == 0 || !c.Clocks[v].Known {
		return t
	}
	return t + flows.Time(c.Clocks[v].At(t))
}

// group joins the pairs to connections.
func (c *Comparison) group() {
	n := len(c.Vantages)
	total := 0
	for _, v := range c.Vantages {
		total += len(v.Recorder.traces)
	}
	c.Groups = make([]*Group, 0, total)
	// A piece of each for each group.
	groups, traces, flips := pages.Make[Group](total), pages.Make[*Trace](n*total), make([]bool, n*total)
	for v := range c.Vantages {
		list := c.Vantages[v].Recorder.traces
		for i := range list {
			if list[i].translated() {
				continue
			}
			k := len(c.Groups)
			g := &groups[k]
			g.Traces, g.flip = traces[k*n:(k+1)*n:(k+1)*n], flips[k*n:(k+1)*n:(k+1)*n]
			g.Traces[v] = &list[i]
			list[i].group = g
			c.Groups = append(c.Groups, g)
		}
	}
	for i := range n {
		for j := i + 1; j < n; j++ {
			for _, x := range c.links[[2]int{i, j}].pairs {
				g, h := x.A.group, x.B.group
				if g != h && !g.fits(h) {
					g.twin, h.twin = g.twin || len(g.pairs) == 0, h.twin || len(h.pairs) == 0
					continue // a capture of a router has the connection twice, before and behind NAT
				}
				if g != h {
					flip := x.Flip != (g.flip[i] != h.flip[j])
					for v, t := range h.Traces {
						if t != nil {
							g.Traces[v], g.flip[v], t.group = t, h.flip[v] != flip, g
						}
					}
					g.pairs = append(g.pairs, h.pairs...)
					h.Traces = nil
				}
				g.pairs = append(g.pairs, linked{i, j, x})
			}
		}
	}
	c.Groups = slices.DeleteFunc(c.Groups, func(g *Group) bool { return g.Traces == nil })
}

// A linked is the pair of the traces at two vantage points, of which A comes first.
type linked struct {
	a, b int
	*Pair
}

// pair returns the pair of the traces at v and w, v < w, nil where they are not paired directly.
func (g *Group) pair(v, w int) *Pair {
	for i := range g.pairs {
		if g.pairs[i].a == v && g.pairs[i].b == w {
			return g.pairs[i].Pair
		}
	}
	return nil
}

// fits reports whether two groups have traces of different vantage points.
func (g *Group) fits(h *Group) bool {
	for v := range g.Traces {
		if g.Traces[v] != nil && h.Traces[v] != nil {
			return false
		}
	}
	return true
}

// Vantages returns how many captures hold the connection.
func (g *Group) Vantages() int {
	n := 0
	for _, t := range g.Traces {
		if t != nil {
			n++
		}
	}
	return n
}

// before reports whether packets of the originator pass v before w, and whether that is known.
func (g *Group) before(v, w int) (bool, bool) {
	if v > w {
		b, ok := g.before(w, v)
		return !b, ok
	}
	x := g.pair(v, w)
	if x == nil {
		return true, false
	}
	return (x.toward >= 0) != g.flip[v], true
}

// arrange brings the vantage points into their order on the path.
func (c *Comparison) arrange() {
	votes := map[[2]int]int{}
	for _, g := range c.Groups {
		for v, t := range g.Traces {
			if t != nil {
				g.order = append(g.order, v)
			}
		}
		slices.SortStableFunc(g.order, func(v, w int) int {
			if b, _ := g.before(v, w); b {
				return -1
			}
			return 1
		})
		for _, x := range g.pairs {
			if k := [2]int{x.a, x.b}; x.toward >= 0 {
				votes[k]++
			} else {
				votes[k]--
			}
		}
	}
	for v := range c.Vantages {
		c.Order = append(c.Order, v)
	}
	slices.SortStableFunc(c.Order, func(v, w int) int {
		k := [2]int{min(v, w), max(v, w)}
		if n := votes[k]; (n >= 0) == (v < w) {
			return -1
		}
		return 1
	})
	c.Reversed = !slices.IsSorted(c.Order)
}

// learn notes which vantage point is nearest to which host: the more of them hold a connection, the better it shows that.
func (c *Comparison) learn() {
	groups := slices.DeleteFunc(slices.Clone(c.Groups), func(g *Group) bool { return len(g.order) < 2 })
	if len(c.Vantages) > 2 {
		slices.SortStableFunc(groups, func(g, h *Group) int { return cmp.Compare(len(g.order), len(h.order)) })
	}
	for _, g := range groups {
		for side := range flows.Side(2) {
			first := g.order[0]
			if side == flows.Responder {
				first = g.order[len(g.order)-1]
			}
			for _, v := range g.order {
				if h := g.Traces[v].hosts[g.side(v, side)]; h != nil {
					h.nearest = first
					h.mapped = h.mapped || g.addr(v, side).IP != g.addr(first, side).IP
				}
			}
		}
	}
}

// addr returns the address of a side of the group at a vantage point.
func (g *Group) addr(v int, side flows.Side) flows.Addr { return g.Traces[v].end(side, g.flip[v]) }

// side returns what the group calls a side of the trace at v.
func (g *Group) side(v int, s flows.Side) flows.Side {
	if g.flip[v] {
		return s.Peer()
	}
	return s
}

// counterpart returns the index at w of a segment at v.
func (g *Group) counterpart(v, w, i int) (int, bool) {
	if v < w {
		if x := g.pair(v, w); x != nil {
			return partner(x.toB, i)
		}
		return 0, false
	}
	if x := g.pair(w, v); x != nil {
		return partner(x.toA, i)
	}
	return 0, false
}

// paired reports whether the traces at v and w are paired directly.
func (g *Group) paired(v, w int) bool { return g.pair(min(v, w), max(v, w)) != nil }

// shift returns what to add to a sequence number of a side at v for that at w.
func (g *Group) shift(v, w int, side flows.Side) flows.Seq {
	if x := g.pair(v, w); x != nil {
		return x.Shift[g.side(v, side)]
	}
	if x := g.pair(w, v); x != nil {
		return -x.Shift[g.side(w, side)]
	}
	// Each is paired with a third one only.
	a, b := g.Traces[v], g.Traces[w]
	if s, o := g.side(v, side), g.side(w, side); a.HasISN[s] && b.HasISN[o] {
		return b.ISN[o] - a.ISN[s]
	}
	return 0
}

// covers reports whether the capture at w holds all bytes of a data segment at v, in whatever segments.
func (g *Group) covers(v, w int, s *Sighting) bool {
	side := g.side(v, s.Side)
	t := g.Traces[w]
	return t.contents().has(g.side(w, side), s.SEQ+g.shift(v, w, side), s.Len)
}

// countLosses counts the packets that did not arrive at the next vantage point, and those that arrived there without
// the one before having captured them.
func (c *Comparison) countLosses() {
	at := map[[2]int]*Stretch{}
	for _, g := range c.Groups {
		for n := 1; n < len(g.order); n++ {
			v, w := g.order[n-1], g.order[n]
			if x := g.pair(min(v, w), max(v, w)); x == nil || !x.matched {
				continue
			}
			for _, way := range [2][3]int{{v, w, int(flows.Originator)}, {w, v, int(flows.Responder)}} {
				from, to, side := way[0], way[1], flows.Side(way[2])
				k := [2]int{from, to}
				if at[k] == nil {
					at[k] = &Stretch{From: from, To: to}
				}
				s := at[k]
				t := g.Traces[from]
				for i := range t.Sightings() {
					o := &t.Sightings()[i]
					if o.Copy || o.Flags&flows.RST != 0 || g.side(from, o.Side) != side ||
						!c.running(to, c.shiftTime(from, to, o.Time)) || g.inGap(to, c.shiftTime(from, to, o.Time)) {
						continue
					}
					s.Sent++
					if _, ok := g.counterpart(from, to, i); !ok && !(o.Len > 0 && g.covers(from, to, o)) && !c.merged(g, from, to, o) {
						s.Lost++
						if o.Len > 0 {
							s.Data++
						}
					}
				}
				t = g.Traces[to]
				for i := range t.Sightings() {
					o := &t.Sightings()[i]
					if o.Copy || o.Flags&flows.RST != 0 || g.side(to, o.Side) != side ||
						!c.running(from, c.shiftTime(to, from, o.Time)) || g.inGap(from, c.shiftTime(to, from, o.Time)) {
						continue
					}
					c.passed[from].of++
					if _, ok := g.counterpart(to, from, i); !ok && !(o.Len > 0 && g.covers(to, from, o)) && !c.merged(g, to, from, o) {
						c.passed[from].missing++
					}
				}
			}
		}
	}
	for n := 1; n < len(c.Order); n++ {
		for _, k := range [2][2]int{{c.Order[n-1], c.Order[n]}, {c.Order[n], c.Order[n-1]}} {
			if s := at[k]; s != nil {
				c.Lost = append(c.Lost, *s)
			}
		}
	}
}

// merged reports whether the capture at w holds what an empty segment at v says: a FIN that rides on data, or an ACK
// where receive offload joined several.
func (c *Comparison) merged(g *Group, v, w int, s *Sighting) bool {
	if s.Len > 0 || s.Flags&(flows.SYN|flows.FIN) != 0 {
		return false
	}
	side := g.side(v, s.Side)
	ack := s.ACK + g.shift(v, w, side.Peer())
	at := c.shiftTime(v, w, s.Time)
	for _, o := range g.Traces[w].contents().acks[acked{g.side(w, side), ack}] {
		if absolute(o.Sub(at)) < int64(5*slack) {
			return true
		}
	}
	return false
}

func absolute[T ~int64](d T) int64 {
	if d < 0 {
		return -int64(d)
	}
	return int64(d)
}

// WasSet reports whether a clock may have been set during its capture.
func (c *Comparison) WasSet() bool { return c.loose > 0 }

// Ran reports whether the capture at w is known to have run when the clock at v showed t.
func (c *Comparison) Ran(v, w int, t flows.Time) bool { return c.running(w, c.shiftTime(v, w, t)) }

// shiftTime returns what the clock at w shows when the one at v shows t.
func (c *Comparison) shiftTime(v, w int, t flows.Time) flows.Time { return c.At(w, c.Common(v, t)) }

// running reports whether the capture at v is known to have run at a time of its own clock, which was found out by that
// of another capture.
func (c *Comparison) running(v int, t flows.Time) bool {
	x := &c.Vantages[v]
	first, last := x.Recorder.first, x.Recorder.last
	if x.First != 0 || x.Last != 0 {
		first, last = min(x.First, first), max(x.Last, last)
	}
	return t-flows.Time(c.loose) >= first && t+flows.Time(c.loose) <= last
}

// device names are those of places where no connection ends.
var deviceNames = []string{"router", "firewall", "fw", "balancer", "lb", "proxy",
	"gateway", "gw", "middle", "tap", "span", "switch", "nat", "device", "path", "bridge", "mirror", "tunnel"}

// onDevice reports whether the name says that the capture was made on the path.
func onDevice(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(deviceNames, func(d string) bool {
		if len(d) > 3 {
			return strings.Contains(name, d)
		}
		return slices.Contains(strings.FieldsFunc(name, func(r rune) bool { return r < 'a' || r > 'z' }), d)
	})
}

// onEnd reports whether the name says that the capture was made on a host at one end.
func onEnd(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "client") || strings.Contains(name, "server") || strings.Contains(name, "host")
}
