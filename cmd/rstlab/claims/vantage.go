package claims

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// A Comparison is what the checker reads of a report on captures of several vantage points.
type Comparison struct {
	Vantages []struct {
		Name string `json:"name"`
		Path string `json:"path"`
	} `json:"vantages"`
	Resets []SharedReset `json:"resets"`
}

// A SharedReset is one RST in all captures that hold it.
type SharedReset struct {
	Seen    []PacketAt    `json:"seen"`
	At      string        `json:"at"`
	Origin  string        `json:"origin"`
	Proven  bool          `json:"proven"`
	MadeAt  string        `json:"made_at"`
	Sender  string        `json:"sender"`
	Shows   []SharedClaim `json:"comparison"`
	Verdict string        `json:"verdict"`
}

// A PacketAt is a packet in one of the captures.
type PacketAt struct {
	At    string `json:"at"`
	Frame int    `json:"frame"`
}

// A SharedClaim is a statement about packets of several captures.
type SharedClaim struct {
	Claim    string     `json:"claim"`
	Frames   []PacketAt `json:"frames"`
	Not      string     `json:"not_at"`
	Side     string     `json:"side"`
	Text     string     `json:"text"`
	Count    int        `json:"count"`
	Number   int64      `json:"number"`
	Expected int64      `json:"expected"`
	Span     int64      `json:"span_ns"`
	Need     int64      `json:"need_ns"`
	Limited  bool       `json:"limited"`
	Says     string     `json:"says"`
}

// ReadComparison reads a JSON report of compare.
func ReadComparison(b []byte) (*Comparison, error) {
	var c Comparison
	if err := json.Unmarshal(b, &c); err != nil {
		return nil, fmt.Errorf("the report of compare is no JSON: %w", err)
	}
	return &c, nil
}

// An across is several captures, and what they have in common by plain search.
type across struct {
	at      map[string]*Capture
	between map[[2]string]*view
	reset   *SharedReset
}

// A view is how the capture at one place shows what the one at another holds.
type view struct {
	from, to *Capture
	streams  map[int]*meeting // by the stream number at from
	// B's clock less A's lies between these, as far as packets of both directions show it.
	low, high int64
}

// A meeting is one connection at two places.
type meeting struct {
	stream int // at the other place
	flip   map[netip.AddrPort]netip.AddrPort
	shift  map[netip.AddrPort]uint32 // by the sender at the first place: what its sequence numbers gain on the way
	ipid   bool                      // the path leaves IP IDs as they are
	ways   map[netip.AddrPort]int    // of a side's packets, once it was asked for: 1 from from to to, −1 back, 0 not known
}

// mark returns what no path changes in a segment but by design: flags, length, timestamps and data. RSTs have none.
func mark(p *Packet) (string, bool) {
	if p.Has(RST) || p.Copy {
		return "", false
	}
	data := p.Payload[:min(len(p.Payload), 24)]
	if !p.HasTS && p.IPID == 0 && len(data) == 0 && !p.Has(SYN) {
		return "", false
	}
	h := fnv.New64a()
	h.Write(data)
	return fmt.Sprint(p.Flags&^PSH, p.Len, p.HasTS, p.TSval, p.TSecr, p.IPID*b2i(!p.HasTS), h.Sum64(),
		p.Window*b2i(p.Has(SYN)), uint16(p.Options)*b2i(p.Has(SYN))), true
}

func b2i(b bool) uint16 {
	if b {
		return 1
	}
	return 0
}

// meet finds the connections that two captures share.
func meet(a, b *Capture) *view {
	v := &view{from: a, to: b, streams: map[int]*meeting{}, low: math.MinInt64, high: math.MaxInt64}
	where := map[string][]*Packet{}
	for _, p := range b.Packets {
		if m, ok := mark(p); ok && p.ICMP == nil {
			where[m] = append(where[m], p)
		}
	}
	type link struct{ p, q *Packet }
	votes := map[[2]int][]link{}
	for _, p := range a.Packets {
		if m, ok := mark(p); ok && p.ICMP == nil && len(where[m]) <= 4 {
			for _, q := range where[m] {
				k := [2]int{p.Stream, q.Stream}
				votes[k] = append(votes[k], link{p, q})
			}
		}
	}
	weight := func(k [2]int) int { // packets with the same numbers and ports count more: a scan's are alike but for these
		n := 0
		for _, l := range votes[k] {
			n += 2
			if l.p.SEQ == l.q.SEQ {
				n++
			}
			if l.p.Src.Port() == l.q.Src.Port() && l.p.Dst.Port() == l.q.Dst.Port() {
				n++
			}
		}
		return n
	}
	best := map[int]int{}
	for k := range votes {
		o := [2]int{k[0], best[k[0]]}
		if _, ok := best[k[0]]; !ok || weight(o) < weight(k) || weight(o) == weight(k) && k[1] < o[1] {
			best[k[0]] = k[1]
		}
	}
	for s, o := range best {
		list := votes[[2]int{s, o}]
		m := &meeting{stream: o, flip: map[netip.AddrPort]netip.AddrPort{}, shift: map[netip.AddrPort]uint32{},
			ways: map[netip.AddrPort]int{}}
		count := map[netip.AddrPort]map[uint32]int{}
		same := 0
		for _, l := range list {
			m.flip[l.p.Src], m.flip[l.p.Dst] = l.q.Src, l.q.Dst
			if count[l.p.Src] == nil {
				count[l.p.Src] = map[uint32]int{}
			}
			count[l.p.Src][l.q.SEQ-l.p.SEQ]++
			if l.p.Has(ACK) {
				if count[l.p.Dst] == nil {
					count[l.p.Dst] = map[uint32]int{}
				}
				count[l.p.Dst][l.q.ACK-l.p.ACK]++
			}
			if l.p.IPID != 0 && l.p.IPID == l.q.IPID {
				same++
			}
		}
		for side, c := range count {
			for d, n := range c {
				if n > c[m.shift[side]] || m.shift[side] == 0 && c[0] == 0 {
					m.shift[side] = d
				}
			}
		}
		m.ipid = same*2 > len(list) || same > 2
		v.streams[s] = m
	}
	return v
}

// partner returns the address that a side of a connection at from has at to.
func (v *view) partner(stream int, side netip.AddrPort) (netip.AddrPort, bool) {
	m := v.streams[stream]
	if m == nil {
		return side, false
	}
	o, ok := m.flip[side]
	return o, ok
}

// twins returns the packets at to that have the numbers of p, whatever their times.
func (v *view) twins(p *Packet) (list []*Packet) {
	m := v.streams[p.Stream]
	if m == nil {
		return nil
	}
	for _, q := range v.to.Streams[m.stream] {
		if q.Src != m.flip[p.Src] || q.Len != p.Len || (q.Flags^p.Flags)&^PSH != 0 {
			continue
		}
		seq := p.SEQ + m.shift[p.Src]
		if p.SEQ == 0 && p.Has(RST) {
			seq = 0
		}
		if q.SEQ != seq || p.Has(ACK) && q.ACK != p.ACK+m.shift[p.Dst] {
			continue
		}
		if p.HasTS && q.HasTS && p.TSval != q.TSval {
			continue
		}
		if p.Has(RST) && m.ipid && p.IPID != q.IPID {
			continue
		}
		list = append(list, q)
	}
	return list
}

// longest is how long a packet may be on its way.
const longest = int64(30 * time.Second)

// clock bounds how far the clock at to is ahead: no packet arrives before it was sent. up says whether p travels from
// from to to.
func (v *view) clock(up func(p *Packet) (bool, bool)) {
	for _, p := range v.from.Packets {
		if p.ICMP != nil || p.Copy || p.Has(RST) {
			continue
		}
		list := v.twins(p)
		if len(list) != 1 || len(v.from.like(p)) != 1 {
			continue
		}
		d := list[0].Time - p.Time
		if toward, ok := up(p); !ok {
			continue
		} else if toward {
			v.high = min(v.high, d)
		} else {
			v.low = max(v.low, d)
		}
	}
}

// like returns the packets of p's connection with its numbers.
func (c *Capture) like(p *Packet) (list []*Packet) {
	for _, q := range c.Streams[p.Stream] {
		if q.Src == p.Src && q.SEQ == p.SEQ && q.ACK == p.ACK && q.Len == p.Len && (q.Flags^p.Flags)&^PSH == 0 &&
			q.TSval == p.TSval && !q.Copy {
			list = append(list, q)
		}
	}
	return list
}

// clockSlack is how inexact clocks, drifting and stamping at different moments, make the times of captures.
const clockSlack = int64(3 * time.Millisecond)

// known reports whether packets of both directions bound the clocks.
func (v *view) known() bool { return v.low != math.MinInt64 && v.high != math.MaxInt64 }

// expected returns the earliest and latest time by the clock at to that a time at from may be.
func (v *view) expected(t int64) (int64, int64) {
	if !v.known() {
		return math.MinInt64 / 2, math.MaxInt64 / 2
	}
	return t + min(v.low, v.high) - clockSlack, t + max(v.low, v.high) + clockSlack
}

// holds returns the packet at to that is p, nil where there is none. toward says that p travels from from to to.
func (v *view) holds(p *Packet, toward bool) *Packet {
	list := v.twins(p)
	// The same numbers again, retransmitted, are another packet: of n here and m there, pairs go by time.
	for _, q := range list {
		lo, hi := v.expected(p.Time)
		if toward {
			hi += longest
		} else {
			lo -= longest
		}
		if q.Time >= lo && q.Time <= hi {
			return q
		}
	}
	return nil
}

// covered reports whether all data of p, or what an empty p acknowledges, is in other segments at to.
func (v *view) covered(p *Packet) bool {
	m := v.streams[p.Stream]
	if m == nil {
		return false
	}
	if p.Len == 0 {
		if p.Flags&(SYN|FIN) != 0 {
			return false
		}
		lo, hi := v.expected(p.Time)
		for _, q := range v.to.Streams[m.stream] {
			if q.Src == m.flip[p.Src] && q.ACK == p.ACK+m.shift[p.Dst] && q.Len > 0 && q.Time > lo-1e7 && q.Time < hi+1e7 {
				return true
			}
		}
		return false
	}
	at := p.SEQ + m.shift[p.Src]
	for end := at + uint32(p.Len); above(end, at) > 0; {
		next := at
		for _, q := range v.to.Streams[m.stream] {
			if q.Src == m.flip[p.Src] && q.Len > 0 && !q.Has(RST) && above(at, q.SEQ) >= 0 && above(q.DataEnd(), next) > 0 {
				next = q.DataEnd()
			}
		}
		if next == at {
			return false
		}
		at = next
	}
	return true
}

// span returns the times of the first and the last segment.
func (c *Capture) span() (first, last int64) {
	return c.First, c.Last
}

// CheckComparison checks what a report says about several captures, by name of their places.
func CheckComparison(captures map[string]*Capture, report *Comparison) *Result {
	r := &Result{}
	r.init()
	x := &across{at: captures, between: map[[2]string]*view{}}
	names := make([]string, 0, len(report.Vantages))
	for _, v := range report.Vantages {
		names = append(names, v.Name)
	}
	for _, a := range names {
		for _, b := range names {
			if a != b {
				v := meet(captures[a], captures[b])
				x.between[[2]string{a, b}] = v
				v.clock(func(p *Packet) (bool, bool) { return v.toward(p) })
			}
		}
	}
	wrong := func(m *SharedReset, kind, says, why string) {
		frame := 0
		if len(m.Seen) > 0 {
			frame = m.Seen[0].Frame
		}
		r.Violations = append(r.Violations, Violation{Path: strings.Join(names, ", "), Frame: frame, Kind: kind, Says: says,
			Wrong: why})
		r.kind(kind).Wrong++
	}
	listed := map[PacketAt]int{}
	for i := range report.Resets {
		m := &report.Resets[i]
		r.Resets++
		x.reset = m
		for _, s := range m.Seen {
			listed[s]++
		}
		r.kind("seen").Claims++
		r.kind("seen").Full++
		if why := x.seen(); why != "" {
			wrong(m, "seen", m.Verdict, why)
		}
		for j := range m.Shows {
			k := &m.Shows[j]
			c := r.kind(k.Claim)
			c.Claims++
			check := vantageChecks[k.Claim]
			if check == nil {
				wrong(m, k.Claim, k.Says, "there is no check of this kind")
				continue
			}
			grade, why := check(x, k)
			switch grade {
			case Full:
				c.Full++
			case Part:
				c.Part++
			default:
				c.None++
			}
			if why != "" {
				wrong(m, k.Claim, k.Says, why)
			}
		}
	}
	for _, name := range names {
		for _, p := range captures[name].Packets {
			if p.ICMP == nil && p.Has(RST) && listed[PacketAt{name, p.Frame}] != 1 {
				wrong(&SharedReset{Seen: []PacketAt{{name, p.Frame}}}, "seen", "", fmt.Sprintf("the RST at %s is in %d entries",
					name, listed[PacketAt{name, p.Frame}]))
			}
		}
	}
	return r
}

// toward reports whether p travels from from to to, and whether that is known: by the TTLs of the connection's packets
// on both sides, or else because packets of its sender come later, by comparison, than those of the other side.
func (v *view) toward(p *Packet) (bool, bool) {
	m := v.streams[p.Stream]
	if m == nil {
		return false, false
	}
	way, ok := m.ways[p.Src]
	if !ok {
		way = v.way(p)
		m.ways[p.Src] = way
	}
	return way > 0, way != 0
}

func (v *view) way(p *Packet) int {
	n := 0
	var sum, count [2]int64 // of the sender of p, and of the other
	for _, q := range v.from.Streams[p.Stream] {
		if q.Copy || q.Has(RST) {
			continue
		}
		list := v.twins(q)
		if len(list) == 0 {
			continue
		}
		side := 0
		if q.Src != p.Src {
			side = 1
		}
		sum[side] += list[0].Time - q.Time
		count[side]++
		if q.TTL == list[0].TTL {
			continue
		}
		if d := (q.TTL > list[0].TTL) == (q.Src == p.Src); d {
			n++
		} else {
			n--
		}
	}
	if n != 0 || count[0] == 0 || count[1] == 0 {
		return n
	}
	if d := sum[0]/count[0] - sum[1]/count[1]; d > 100e3 || d < -100e3 {
		return int(d)
	}
	return 0
}

// packet returns a packet that a claim names.
func (x *across) packet(p PacketAt) *Packet {
	c := x.at[p.At]
	if c == nil {
		return nil
	}
	q := c.Frame(p.Frame)
	if q == nil || q.ICMP != nil {
		return nil
	}
	return q
}

// see returns how the capture at b shows what the one at a holds.
func (x *across) see(a, b string) *view { return x.between[[2]string{a, b}] }

// seen checks that the packets of an entry are one RST.
func (x *across) seen() string {
	altered := slices.ContainsFunc(x.reset.Shows, func(k SharedClaim) bool { return k.Claim == "altered" })
	for i, a := range x.reset.Seen {
		p := x.packet(a)
		if p == nil || !p.Has(RST) {
			return fmt.Sprintf("frame %d at %s is no RST", a.Frame, a.At)
		}
		for _, b := range x.reset.Seen[:i] {
			q := x.packet(b)
			if a.At == b.At {
				renumbered := altered && p.IPID != 0 && p.IPID == q.IPID
				if p.SEQ != q.SEQ && !renumbered || p.Src != q.Src {
					return fmt.Sprintf("frames %d and %d at %s are not one packet", b.Frame, a.Frame, a.At)
				}
				continue
			}
			v := x.see(b.At, a.At)
			if v.streams[q.Stream] == nil {
				if sameAddresses(p, q) {
					continue // nothing but RSTs
				}
				continue
			}
			if !altered && !slices.Contains(v.twins(q), p) && !v.goesOn(q, p) && !x.see(a.At, b.At).goesOn(p, q) {
				return fmt.Sprintf("frame %d at %s and frame %d at %s are not one packet", b.Frame, b.At, a.Frame, a.At)
			}
			if lo, hi := v.expected(q.Time); p.Time < lo-longest || p.Time > hi+longest {
				return fmt.Sprintf("frame %d at %s is too far from frame %d at %s in time", a.Frame, a.At, b.Frame, b.At)
			}
		}
	}
	return ""
}

func sameAddresses(p, q *Packet) bool { return p.Src == q.Src && p.Dst == q.Dst }
