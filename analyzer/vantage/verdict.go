package vantage

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// A Place is a packet in one of the captures.
type Place struct{ Vantage, Frame int }

// A View is what one capture alone says about a RST.
type View struct {
	Device   bool // its signs name a device on the path
	Doubtful bool // they contradict the endpoint
	Trigger  int  // frame of the segment that it answers, 0 for none
	OtherMAC bool // it came from another Ethernet address than its sender's other packets
	Local    bool // it came over the loopback interface, and its sender's other packets did not
	Unopened bool // the RST refuses or withdraws a connection that was never open
}

// Made says where a RST was made.
type Made uint8

// A Doubt says why little follows from a RST not being in the capture at From.
type Doubt uint8

// The reasons for doubt.
const (
	NoDoubt     Doubt = iota
	NotRunning        // it holds no packet of that time, and may not have run
	LosesPacket       // it lacks other packets too
	HasTwin           // it holds a RST with the same numbers that may be this one
	OneSided          // it does not hold packets of both sides
	Rebound           // it holds a RST with the same numbers in a connection that NAT gave another port
	Follows           // it holds an earlier RST of the same sender that has the same numbers and TTL
)

// The places where a RST can be made.
const (
	Nowhere Made = iota // not known
	OnHost              // on the host at From
	Beyond              // at From, or farther away on its sender's side
	Between             // between From and To
	On                  // on the device at From
	OnLink              // by another machine on the link of the capture at From
	OnPeer              // on the host at From, to which it is addressed
)

// A Verdict says who sent a RST, as far as all captures together show it.
type Verdict struct {
	Group *Group
	Side  flows.Side // the named sender, in the group's words
	Seen  []Place    // where it was captured; copies by one capture are listed too
	Time  flows.Time // by the first capture's clock
	View  Place      // the capture that shows best why it was sent

	Made      Made
	From, To  int
	Here      bool // Between, by the device at To itself
	Proven    bool
	Device    bool // not the named endpoint
	Unknown   bool // who it was is not known
	Mapped    bool // it refuses a connection to an address that is another one at From
	Elsewhere bool // not the named endpoint, but which other host or device is not known: what it answers never got there
	Short     bool // it has passed no router, while the other packets of its named sender have
	Doubt     Doubt

	Claims []Claim
}

// enoughPassed is how many packets a capture must hold, and none lack, before the lack of a single one says by itself
// that it never was there.
const enoughPassed = 400

// manyPassed is how many make it more likely than not.
const manyPassed = 60

// Verdicts judges every RST of every capture, in the order of time. view returns what one capture alone says.
func (c *Comparison) Verdicts(view func(Place) View) []*Verdict {
	var all []*Verdict
	for _, g := range c.Groups {
		all = append(all, c.resets(g)...)
	}
	for _, x := range all {
		c.judge(x, view)
	}
	for _, x := range all {
		c.describe(x, view)
	}
	slices.SortStableFunc(all, func(x, y *Verdict) int { return cmp.Compare(x.Time, y.Time) })
	return all
}

// reset finds a RST in a trace.
func (t *Trace) at(frame int) int {
	i, ok := slices.BinarySearchFunc(t.Sightings(), frame, func(s Sighting, f int) int { return cmp.Compare(s.Frame, f) })
	if !ok {
		return -1
	}
	return i
}

// resets lists the RSTs of a connection, each once.
func (c *Comparison) resets(g *Group) []*Verdict {
	var all []*Verdict
	of := map[Place]*Verdict{}
	for v, t := range g.Traces {
		if t == nil || t.Resets == 0 {
			continue
		}
		var before *Sighting
		for i := range t.Sightings() {
			s := &t.Sightings()[i]
			if s.Flags&flows.RST == 0 {
				continue
			}
			here := Place{v, s.Frame}
			if s.Copy && before != nil {
				if x := of[Place{v, before.Frame}]; x != nil {
					x.Seen, of[here] = append(x.Seen, here), x
					continue
				}
			}
			before = s
			if of[here] != nil {
				continue
			}
			x := &Verdict{Group: g, Side: g.side(v, s.Side), Seen: []Place{here}, View: here, Time: c.Common(v, s.Time)}
			of[here] = x
			for w := range g.Traces {
				if g.Traces[w] == nil || w == v {
					continue
				}
				if j, ok := g.counterpart(v, w, i); ok {
					there := Place{w, g.Traces[w].Sightings()[j].Frame}
					if of[there] == nil {
						x.Seen = append(x.Seen, there)
						of[there] = x
					}
				}
			}
			if o := c.duplicated(all, v, s); o != nil && len(x.Seen) == 1 {
				o.Seen, of[here] = append(o.Seen, here), o
				continue
			}
			all = append(all, x)
		}
	}
	return all
}

// duplicated returns the verdict on the RST of which s, captured at v, is the same packet again: the network delivered
// it twice.
func (c *Comparison) duplicated(all []*Verdict, v int, s *Sighting) *Verdict {
	if s.IPID == 0 {
		return nil
	}
	for _, x := range all {
		if len(x.Seen) < 2 {
			continue
		}
		o := x.in(v)
		if o == nil || absolute(s.Time.Sub(o.Time)) > int64(time.Second) {
			continue
		}
		if o.Side == s.Side && o.SEQ == s.SEQ && o.ACK == s.ACK && o.Flags == s.Flags && o.IPID == s.IPID && o.TTL == s.TTL &&
			o.TSval == s.TSval && o.WND == s.WND {
			return x
		}
	}
	return nil
}

// in returns the RST in a capture, nil where that does not hold it.
func (x *Verdict) in(v int) *Sighting {
	for _, p := range x.Seen {
		if p.Vantage == v {
			if i := x.Group.Traces[v].at(p.Frame); i >= 0 {
				return &x.Group.Traces[v].Sightings()[i]
			}
		}
	}
	return nil
}

// way returns the vantage points of the connection in the order in which the RST passes them.
func (x *Verdict) way() []int {
	way := slices.Clone(x.Group.order)
	if x.Side == flows.Responder {
		slices.Reverse(way)
	}
	return way
}

// judge decides where the RST was made.
func (c *Comparison) judge(x *Verdict, view func(Place) View) {
	way := x.way()
	first := slices.IndexFunc(way, func(v int) bool { return x.in(v) != nil })
	f := way[first]
	x.From, x.View = f, Place{f, x.in(f).Frame}
	x.Time = c.Common(f, x.in(f).Time)
	say := view(x.View)
	if !c.ordered(x.Group) || x.Group.twin {
		// Which of the captures is nearer to whom is not known: they may have been made at one place.
		x.Device, x.Unknown = say.Device, !say.Device && say.Doubtful
		if !say.Device && !x.Group.twin && !c.sameAny(x.Group) && c.namedFor(f, x.Side) && c.atHost(x, f) && c.sameTTL(x, f) {
			x.Made, x.Unknown = OnHost, false // as the names say
		}
		return
	}
	if first > 0 {
		if !c.judgeLocal(x, way[first-1], say) {
			c.judgeMissing(x, way[first-1], f, say)
		}
		return
	}
	near := -1
	if h := x.Group.Traces[f].hosts[x.Group.side(f, x.Side)]; h != nil {
		near = h.nearest
	}
	known := near >= 0
	if known && near != f && !slices.Contains(way, near) {
		// Another capture is nearer to the sender, and does not hold the connection at all.
		if !c.judgeLocal(x, near, say) {
			c.judgeAbsent(x, near, say)
		}
		return
	}
	x.Device, x.Unknown = say.Device, !say.Device && say.Doubtful
	empty := c.emptyEnd(x, say)
	switch {
	case !say.OtherMAC && c.onHost(x, f, len(way) > 1 || known):
		x.Made, x.Proven, x.Device, x.Unknown = OnHost, true, false, false
	case c.onRouter(x, f) && (say.Device || x.host(f, x.Side) == nil || x.new(f)):
		x.Made, x.Device, x.Unknown = On, true, false
	case empty >= 0:
		x.Made, x.From, x.To, x.Device, x.Unknown = Between, empty, f, true, false
	case say.OtherMAC && onEnd(c.Vantages[f].Name) && initialTTL(x.in(f).TTL):
		x.Made = OnLink
	case len(way) == 1 && !known:
		x.Made = Nowhere
		if !say.Device && onEnd(c.Vantages[f].Name) && initialTTL(x.in(f).TTL) && c.answersAtOnce(x, f) {
			x.Made = OnHost
		}
	case !say.Device && !say.OtherMAC && c.atHost(x, f):
		x.Made = OnHost
	default:
		x.Made = Beyond
	}
}

// judgeLocal judges a RST that comes over the loopback interface of the host to which it is addressed, whose capture is of
// all interfaces: a firewall of that host rejects what the host sends. Its sender's other packets have passed routers.
func (c *Comparison) judgeLocal(x *Verdict, v int, say View) bool {
	_, others, _ := c.otherTTL(x, x.From)
	if !say.Local || others == 0 || !initialTTL(x.in(x.From).TTL) || !c.namedFor(x.From, x.Side.Peer()) {
		return false
	}
	x.Made, x.To, x.Device, x.Proven = OnPeer, v, true, true
	return true
}

// ordered reports whether the order of the captures that hold the connection is known.
func (c *Comparison) ordered(g *Group) bool {
	for _, p := range g.pairs {
		if c.Same(p.a, p.b) || !p.ordered {
			return false
		}
	}
	return true
}

// sameAny reports whether two of the captures that hold a connection seem to be one.
func (c *Comparison) sameAny(g *Group) bool {
	return slices.ContainsFunc(g.pairs, func(p linked) bool { return c.Same(p.a, p.b) })
}

// namedFor reports whether the name of a vantage point says that it is the host of a side.
func (c *Comparison) namedFor(v int, side flows.Side) bool {
	end := "server"
	if side == flows.Originator {
		end = "client"
	}
	return strings.Contains(strings.ToLower(c.Vantages[v].Name), end)
}

// onHost reports whether the capture at v was made on the host of the RST's sender, so that the RST left it there.
// nearest says that no other capture is nearer.
func (c *Comparison) onHost(x *Verdict, v int, nearest bool) bool {
	return nearest && c.atHost(x, v) && c.sameTTL(x, v)
}

// atHost reports whether the capture at v was made on the host of the RST's sender: its packets have passed no router,
// and the capture's name or the host's reaction says so too.
func (c *Comparison) atHost(x *Verdict, v int) bool {
	name := c.Vantages[v].Name
	if onDevice(name) {
		return false
	}
	h := x.host(v, x.Side)
	if h == nil { // it sent nothing but RSTs
		return onEnd(name) && initialTTL(x.in(v).TTL)
	}
	if h.other || !initialTTL(h.ttl) {
		return onEnd(name) && !h.other && c.answersAtOnce(x, v)
	}
	return onEnd(name) || h.reaction > 0 && h.reaction < time.Millisecond
}

// sameTTL reports whether the RST has the TTL of its sender's other packets at v, or one with which a host begins.
func (c *Comparison) sameTTL(x *Verdict, v int) bool {
	ttl := x.in(v).TTL
	h := x.host(v, x.Side)
	return initialTTL(ttl) || h != nil && h.ttl == ttl && !h.other
}

// answersAtOnce reports whether the RST, or its sender elsewhere in the capture, answers sooner than a path allows.
func (c *Comparison) answersAtOnce(x *Verdict, v int) bool {
	const atOnce = time.Millisecond
	h := x.host(v, x.Side)
	if h != nil && h.reaction > 0 {
		peer := x.host(v, x.Side.Peer())
		return h.reaction < atOnce && (peer == nil || peer.reaction == 0 || h.reaction < peer.reaction)
	}
	t := x.Group.Traces[v]
	i := t.at(x.in(v).Frame)
	return i > 0 && t.Sightings()[i-1].Side != t.Sightings()[i].Side &&
		t.Sightings()[i].Time.Sub(t.Sightings()[i-1].Time) < atOnce
}

// judgeMissing judges a RST that the capture at f holds, and the one at v, which it must have passed before, does not.
func (c *Comparison) judgeMissing(x *Verdict, v, f int, say View) {
	g, rst := x.Group, x.in(f)
	x.Made, x.From, x.To = Between, v, f
	at := c.shiftTime(f, v, rst.Time) // the latest time at which it can have been at v
	running := c.running(v, at-flows.Time(c.leastDelay(v, f))) && !c.Vantages[v].Dropped
	t := g.Traces[v]
	side := g.side(v, x.Side)
	inGap := t.GapFrom != 0 && at >= t.GapFrom && at <= t.GapTo
	both := t.Segments[0] > 0 && t.Segments[1] > 0 || t.Segments[side.Peer()] > 0 && say.Unopened
	lossy := t.Missing(side) > 0 || c.passed[v].missing > 0

	seen, absent := 0, 0 // signs that captured packets show, and that missing ones do
	if on := c.goesOn(x, v, at, say); on != nil {
		seen += 2
		x.claim(Claim{Kind: GoesOn, Places: []Place{{v, on.Frame}, {f, rst.Frame}}, Span: on.Time.Sub(at)})
	}
	ttl, n, frame := c.otherTTL(x, f)
	if n > 0 {
		seen++
		x.Short = initialTTL(rst.TTL) && rst.TTL > ttl
		x.claim(Claim{Kind: OtherTTL, Places: []Place{{f, rst.Frame}, {f, frame}}, Number: int64(rst.TTL),
			Expected: int64(ttl), Count: n})
	}
	if trigger := g.Traces[f].at(say.Trigger); say.Trigger != 0 && trigger >= 0 {
		s := &g.Traces[f].Sightings()[trigger]
		if g.side(f, s.Side) != x.Side {
			need := c.roundTrip(g, v, f)
			if took := rst.Time.Sub(s.Time); need > 0 && took < need*9/10-200*time.Microsecond {
				seen++
				x.claim(Claim{Kind: TooSoon, Places: []Place{{f, s.Frame}, {f, rst.Frame}}, Span: took, Need: need})
			}
			if _, ok := g.counterpart(f, v, trigger); !ok && running && g.paired(f, v) && !(s.Len > 0 && g.covers(f, v, s)) &&
				!c.merged(g, f, v, s) {
				absent++
				x.claim(Claim{Kind: TriggerNeverArrived, Places: []Place{{f, s.Frame}}, To: v})
			}
		}
	}
	if say.Device && n == 0 { // the other TTL is what says so
		seen++
	}
	if c.peerIsReset(x, v, f) {
		absent++
	}
	sure := running && !inGap && both
	twin, rebound := c.unpairedTwin(x, v, f), c.rebound(x, v, f)
	switch {
	case rebound:
		x.Doubt = Rebound
	case twin:
		x.Doubt = HasTwin
	case lossy || inGap || c.Vantages[v].Dropped:
		x.Doubt = LosesPacket
	case !running:
		x.Doubt = NotRunning
	case !both:
		x.Doubt = OneSided
	}
	switch {
	case rebound: // not Device
	case twin:
		x.Device, x.Unknown = say.Device, !say.Device // v holds a RST with these numbers that is not paired either
	case seen == 0 && c.follows(x, v, f):
		x.Doubt = Follows // and not Device
	case inGap || !both && seen == 0:
		x.Unknown, x.Device = !say.Device, say.Device
	case sure && !lossy && seen+absent > 0, seen >= 2, x.Short && both,
		sure && c.passed[v].missing == 0 && c.passed[v].of >= enoughPassed:
		x.Device, x.Proven = true, true
	case c.passed[v].missing == 0 && c.passed[v].of >= manyPassed:
		x.Device = true
	default:
		// A capture may lack a packet: without another sign, the RST is taken for what it looks like.
		x.Device = say.Device || seen > 0 || absent > 0 && c.passed[v].missing == 0
		x.Unknown = !x.Device && (say.Doubtful || running && !c.likelyLost(x, v, f, say))
	}
	x.Here = x.Device && c.onRouter(x, f)
	if !x.Device && !x.Unknown {
		x.Made = Beyond
		if c.hostAt(x, v) {
			x.Made = OnHost
		}
	}
}

// onRouter reports whether the capture at f was made on a router that made the RST itself: a packet that it forwards
// has passed it with a TTL lowered by one, and this one has the TTL with which hosts begin. What it answers has that
// too, so that the capture is not on the link of the other end. A capture of several interfaces holds twice what is
// forwarded.
func (c *Comparison) onRouter(x *Verdict, f int) bool {
	if !onDevice(c.Vantages[f].Name) || !initialTTL(x.in(f).TTL) {
		return false
	}
	if h := x.host(f, x.Side); h != nil && h.ttl == x.in(f).TTL && !x.new(f) {
		return false
	}
	peer := x.host(f, x.Side.Peer())
	return peer != nil && !peer.other && initialTTL(peer.ttl)
}

// new reports whether the RST leaves a router that does not hold it before, as it does its sender's other packets.
func (x *Verdict) new(v int) bool { return x.host(v, x.Side).twice && x.once(v) && len(x.Seen) > 1 }

// once reports whether the capture at v holds the RST once.
func (x *Verdict) once(v int) bool {
	n := 0
	for _, p := range x.Seen {
		if p.Vantage == v {
			n++
		}
	}
	return n == 1
}

// emptyEnd returns the capture that should be the one of the RST's sender, and holds no TCP segment at all, −1 for
// none: if it ran, not even the SYN that this RST refuses reached that host. The RST itself has passed no router,
// while the connection does.
func (c *Comparison) emptyEnd(x *Verdict, say View) int {
	if !say.Unopened || !onEnd(c.Vantages[x.From].Name) || !initialTTL(x.in(x.From).TTL) ||
		x.host(x.From, x.Side) != nil {
		return -1
	}
	for i, v := range c.Vantages {
		if v.Recorder.segments == 0 && !v.Dropped && (c.namedFor(i, x.Side) || onDevice(v.Name)) {
			return i
		}
	}
	return -1
}

// hostAt reports whether the capture at v was made on the host of the RST's sender, although it does not hold the RST.
func (c *Comparison) hostAt(x *Verdict, v int) bool {
	h := x.host(v, x.Side)
	return h != nil && !onDevice(c.Vantages[v].Name) && !h.other && initialTTL(h.ttl)
}

// unpairedTwin reports whether the capture at v holds a RST with the same numbers that has no counterpart: which is
// which is not sure then.
func (c *Comparison) unpairedTwin(x *Verdict, v, f int) bool {
	g, rst := x.Group, x.in(f)
	for i := range g.Traces[v].Sightings() {
		s := &g.Traces[v].Sightings()[i]
		if s.Flags&flows.RST == 0 || s.Copy || g.side(v, s.Side) != x.Side {
			continue
		}
		if _, ok := g.counterpart(v, f, i); !ok && g.sameNumbers(v, f, s, rst) {
			return true
		}
	}
	return false
}

// rebound reports whether the capture at v holds this RST in another connection, which began without a SYN: NAT had
// forgotten the connection, and gave its next packet another port.
func (c *Comparison) rebound(x *Verdict, v, f int) bool {
	g, rst := x.Group, x.in(f)
	if rst.SEQ == 0 {
		return false
	}
	at := c.shiftTime(f, v, rst.Time)
	seq := rst.SEQ + g.shift(f, v, x.Side)
	for _, t := range c.alone[v] {
		if t.Known || t.Resets == 0 || t.First > at+flows.Time(farthest) || t.Last < at-flows.Time(farthest) {
			continue
		}
		for i := range t.Sightings() {
			s := &t.Sightings()[i]
			if s.Flags == rst.Flags && s.SEQ == seq && t.Addr[s.Side] == g.addr(v, x.Side) {
				return true
			}
		}
	}
	return false
}

// follows reports whether an earlier RST with the same numbers and TTL came from v: its sender had reset the connection
// already, and answers each further segment so.
func (c *Comparison) follows(x *Verdict, v, f int) bool {
	g, rst := x.Group, x.in(f)
	for i := range g.Traces[f].Sightings() {
		s := &g.Traces[f].Sightings()[i]
		if s.Frame >= rst.Frame {
			return false
		}
		if s.Flags&flows.RST == 0 || s.Side != rst.Side || s.SEQ != rst.SEQ || s.TTL != rst.TTL || s.Flags != rst.Flags {
			continue
		}
		if _, ok := g.counterpart(f, v, i); ok {
			return true
		}
	}
	return false
}

// sameNumbers reports whether a RST at v has the numbers of one at f.
func (g *Group) sameNumbers(v, f int, s, rst *Sighting) bool {
	if s.SEQ == 0 && rst.SEQ == 0 {
		return s.ACK+g.shift(v, f, g.side(v, s.Side).Peer()) == rst.ACK
	}
	return s.SEQ+g.shift(v, f, g.side(v, s.Side)) == rst.SEQ
}

// likelyLost reports whether a RST looks like its sender's own, of which the capture at v lacks the packet: what it
// answers reached v, and it came as late as it must.
func (c *Comparison) likelyLost(x *Verdict, v, f int, say View) bool {
	i := x.Group.Traces[f].at(say.Trigger)
	if say.Trigger == 0 || i < 0 {
		return true
	}
	_, ok := x.Group.counterpart(f, v, i)
	return ok
}

// judgeAbsent judges a RST of a connection that the capture nearest to its sender does not hold at all.
func (c *Comparison) judgeAbsent(x *Verdict, near int, say View) {
	f := x.From
	rst := x.in(f)
	at := c.shiftTime(f, near, rst.Time)
	x.Made, x.From, x.To = Between, near, f
	x.Device = true
	running := c.running(near, at) && !c.Vantages[near].Dropped
	lossy := c.passed[near].missing > 0
	t := x.Group.Traces[f]
	if c.mayBeThere(x.Group, f, near) {
		// It may be a connection there that could not be paired.
		x.Made, x.Device, x.Unknown = Nowhere, say.Device, !say.Device && say.Doubtful
		return
	}
	if !running {
		x.Doubt = NotRunning
	}
	sent := 0 // packets that would have reached the capture
	for i := range t.Sightings() {
		if s := &t.Sightings()[i]; x.Group.side(f, s.Side) != x.Side && !s.Copy &&
			c.running(near, c.shiftTime(f, near, s.Time)) {
			sent++
		}
	}
	if c.neverSent(x, f) {
		x.Made, x.From, x.To = OnPeer, f, near
		return
	}
	x.Here = c.onRouter(x, f)
	// Of one connection, all that was sent is missing there, while the same host answers others.
	x.Proven = running && sent > 0 && (!lossy || sent > 1 || say.Device)
	// NAT may have sent the SYN to another host, unless the RST has passed no router since it was made. And a device that
	// has this address itself may give that port to no host.
	refused := say.Unopened && x.Side == flows.Responder
	h := t.hosts[x.Group.side(f, x.Side)]
	x.Mapped = refused && h != nil && h.mapped
	x.Elsewhere = refused && !say.Device && !x.Here && !(onEnd(c.Vantages[f].Name) && initialTTL(rst.TTL))
	x.Proven = x.Proven && !x.Elsewhere
	if !running && sent == 0 && !say.Device {
		x.Device, x.Unknown, x.Made = false, true, Nowhere
	}
}

// neverSent reports whether the capture at f was made on the host that gets the RST, runs and loses nothing, and holds
// nothing that this host sent on the connection: what the RST answers never left it.
func (c *Comparison) neverSent(x *Verdict, f int) bool {
	t, peer := x.Group.Traces[f], x.Side.Peer()
	return c.namedFor(f, peer) && initialTTL(x.in(f).TTL) && t.Segments == [2]int{} && !c.Vantages[f].Dropped &&
		c.passed[f].missing == 0 && t.First > c.Vantages[f].Recorder.first && t.hosts[x.Group.side(f, peer)].near()
}

// mayBeThere reports whether the capture at w holds a connection that is not paired, of the same time and to the same
// port as the one that v alone holds.
func (c *Comparison) mayBeThere(g *Group, v, w int) bool {
	const around = 5 * time.Second
	t := g.Traces[v]
	first, last := c.shiftTime(v, w, t.First)-flows.Time(around), c.shiftTime(v, w, t.Last)+flows.Time(around)
	for _, o := range c.alone[w] {
		if o.First <= last && o.Last >= first && (o.Addr[0].Port == t.Addr[0].Port || o.Addr[1].Port == t.Addr[1].Port ||
			o.Addr[0].Port == t.Addr[1].Port || o.Addr[1].Port == t.Addr[0].Port) {
			return true
		}
	}
	return false
}

// goesOn returns a segment by which the named sender goes on at v after the RST that it is said to have sent, nil for
// none.
func (c *Comparison) goesOn(x *Verdict, v int, at flows.Time, say View) *Sighting {
	if say.Unopened {
		return nil
	}
	t := x.Group.Traces[v]
	side := x.Group.side(v, x.Side)
	var next flows.Seq
	seen := false
	for i := range t.Sightings() {
		s := &t.Sightings()[i]
		if s.Side != side || s.Copy || s.Flags&(flows.RST|flows.SYN) != 0 {
			continue
		}
		if s.Time.Sub(at) > slack+c.loose && (s.Flags&flows.FIN != 0 || s.Len > 0 && seen && s.End().Sub(next) > 0) {
			return s
		}
		if end := s.End(); !seen || end.Sub(next) > 0 {
			next, seen = end, true
		}
	}
	return nil
}

// otherTTL returns the TTL of the other packets of the RST's sender at f, how many they are and one of them, if all
// have the same and the RST has another.
func (c *Comparison) otherTTL(x *Verdict, f int) (ttl uint8, n, frame int) {
	t, rst := x.Group.Traces[f], x.in(f)
	for i := range t.Sightings() {
		s := &t.Sightings()[i]
		if x.Group.side(f, s.Side) != x.Side || s.Flags&flows.RST != 0 || s.TTL == 0 {
			continue
		}
		if n > 0 && s.TTL != ttl {
			return 0, 0, 0
		}
		ttl, frame = s.TTL, s.Frame
		n++
	}
	if n > 0 && ttl == rst.TTL {
		return 0, 0, 0
	}
	return ttl, n, frame
}

// leastDelay returns the least time that a packet takes from v to f, 0 if it is not known.
func (c *Comparison) leastDelay(v, f int) time.Duration {
	l := c.links[[2]int{min(v, f), max(v, f)}]
	if l == nil || !l.clock.Known || !l.clock.OneWay[0] || !l.clock.OneWay[1] || l.clock.Loose > 0 {
		return 0
	}
	return l.clock.Uncertainty
}

// roundTrip returns the least time that a packet needs from f to v and back, 0 if it is not known.
func (c *Comparison) roundTrip(g *Group, v, f int) time.Duration {
	l := c.links[[2]int{min(v, f), max(v, f)}]
	if l == nil || !l.clock.Known || !l.clock.Sure || l.clock.Loose > 0 {
		return 0
	}
	return 2 * l.clock.Uncertainty
}

// peerIsReset reports whether the sender of the RST gets one in its peer's name, which that never sent, within a
// second.
func (c *Comparison) peerIsReset(x *Verdict, v, f int) bool {
	g := x.Group
	t, rst := g.Traces[v], x.in(f)
	at := c.shiftTime(f, v, rst.Time)
	for i := range t.Sightings() {
		s := &t.Sightings()[i]
		if s.Flags&flows.RST == 0 || g.side(v, s.Side) == x.Side || s.Copy {
			continue
		}
		if _, ok := g.counterpart(v, f, i); !ok && absolute(s.Time.Sub(at)) < int64(time.Second) {
			return true
		}
	}
	return false
}

func (x *Verdict) claim(k Claim) { x.Claims = append(x.Claims, k) }
