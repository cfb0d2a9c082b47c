package claims

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// VantageNames returns the kinds of claims about several captures that there are checks of.
func VantageNames() []string { return slices.Sorted(maps.Keys(vantageChecks)) }

// vantageChecks decide claims about several captures: each returns how far it looked, and what is wrong.
var vantageChecks map[string]func(*across, *SharedClaim) (Grade, string)

func init() {
	vantageChecks = map[string]func(*across, *SharedClaim) (Grade, string){
		"left-host":             (*across).leftHost,
		"arrived":               (*across).arrived,
		"never-left":            (*across).notThere,
		"lost-on-the-way":       (*across).notThere,
		"trigger-never-arrived": (*across).notThere,
		"syn-never-arrived":     (*across).notThere,
		"answered-between":      (*across).answeredBetween,
		"altered":               (*across).altered,
		"goes-on":               (*across).goesOn,
		"other-ttl":             (*across).otherTTL,
		"too-soon":              (*across).tooSoon,
		"trigger-arrived":       (*across).both,
		"syn-arrived":           (*across).both,
		"connection-not-here":   (*across).notHere,
		"capture-empty":         (*across).empty,
		"same-request-relayed":  (*across).relayed,
		"both-reset":            (*across).bothReset,
		"segments-lost":         (*across).segmentsLost,
		"full-size-lost":        (*across).fullSize,
		"idle-dropped":          (*across).idleDropped,
		"icmp-at-one-place":     (*across).icmpAtOne,
	}
}

// frames returns the packets of a claim, or what is wrong with them.
func (x *across) frames(k *SharedClaim, n int) ([]*Packet, string) {
	if len(k.Frames) < n {
		return nil, fmt.Sprintf("%d frames are named, not %d", len(k.Frames), n)
	}
	var list []*Packet
	for _, f := range k.Frames {
		p := x.packet(f)
		if p == nil {
			return nil, fmt.Sprintf("frame %d at %s is no TCP segment", f.Frame, f.At)
		}
		list = append(list, p)
	}
	return list, ""
}

// fromHost reports whether a TTL is one with which hosts begin.
func fromHost(ttl uint8) bool { return ttl == 32 || ttl == 64 || ttl == 128 || ttl == 255 }

// icmpAtOne checks that an ICMP error about a connection is in one capture, and none of its kind about these ports in
// another.
func (x *across) icmpAtOne(k *SharedClaim) (Grade, string) {
	if len(k.Frames) != 1 || x.at[k.Frames[0].At] == nil || x.at[k.Not] == nil || k.Not == k.Frames[0].At {
		return Full, "it does not name a frame of one capture, and another capture"
	}
	p := x.at[k.Frames[0].At].Frame(k.Frames[0].Frame)
	if p == nil || p.ICMP == nil {
		return Full, "it is no ICMP error about a TCP segment"
	}
	for _, o := range x.at[k.Not].Packets {
		if o.ICMP != nil && o.ICMP.Type == p.ICMP.Type && o.ICMP.Code == p.ICMP.Code && o.ICMP.V6 == p.ICMP.V6 &&
			(o.Src.Port() == p.Src.Port() || o.SEQ == p.SEQ) && o.Dst.Port() == p.Dst.Port() {
			return Full, fmt.Sprintf("frame %d at %s is such an error too", o.Frame, k.Not)
		}
	}
	return Full, ""
}

func (x *across) leftHost(k *SharedClaim) (Grade, string) {
	list, why := x.frames(k, 1)
	if why != "" {
		return Full, why
	}
	p := list[0]
	switch {
	case !p.Has(RST):
		return Full, "it is no RST"
	case x.reset.Origin == "middlebox":
		return Full, "the verdict is that a device made it"
	}
	for _, s := range x.reset.Seen {
		q := x.packet(s)
		if s.At == k.Frames[0].At || q == nil {
			continue
		}
		if q.TTL > p.TTL {
			return Full, fmt.Sprintf("its TTL is %d there, and %d at %s: it passed that place first", p.TTL, q.TTL, s.At)
		}
	}
	for _, o := range x.at[k.Frames[0].At].Streams[p.Stream] {
		if o.Src == p.Src && !o.Has(RST) && !o.Copy && o.TTL != p.TTL && !fromHost(p.TTL) {
			return Full, fmt.Sprintf("its TTL is %d, and frame %d of the same sender has %d", p.TTL, o.Frame, o.TTL)
		}
	}
	return Part, "" // that no machine beside the host sent it cannot be searched for
}

func (x *across) arrived(k *SharedClaim) (Grade, string) {
	list, why := x.frames(k, 2)
	if why != "" {
		return Full, why
	}
	p, q := list[0], list[1]
	v := x.see(k.Frames[0].At, k.Frames[1].At)
	switch {
	case !p.Has(RST) || !q.Has(RST):
		return Full, "one of them is no RST"
	case k.Count != int(p.TTL)-int(q.TTL) && (k.Count != 0 || p.TTL > q.TTL && q.TTL != 0):
		return Full, fmt.Sprintf("the TTLs are %d and %d", p.TTL, q.TTL)
	}
	if !v.known() {
		return Part, ""
	}
	// By the bounds of the clocks it takes between these times, and none is less than nothing.
	d := q.Time - p.Time
	least, most := d-max(v.low, v.high)-clockSlack, d-min(v.low, v.high)+clockSlack
	if k.Span < least || k.Span > most {
		return Full, fmt.Sprintf("it takes %v to %v, not %v", time.Duration(least), time.Duration(most),
			time.Duration(k.Span))
	}
	if d-min(v.low, v.high) < -clockSlack { // they cross where a clock was set
		return Full, "it arrives before it was sent"
	}
	return Full, ""
}

// notThere checks that the capture at Not, which ran then, does not hold the first packet.
func (x *across) notThere(k *SharedClaim) (Grade, string) {
	list, why := x.frames(k, 1)
	if why != "" {
		return Full, why
	}
	p := list[0]
	if (k.Claim == "never-left" || k.Claim == "lost-on-the-way") && !p.Has(RST) {
		return Full, "it is no RST"
	}
	if k.Claim == "syn-never-arrived" && !p.Has(SYN) {
		return Full, "it is no SYN"
	}
	if x.at[k.Not] == nil || k.Not == k.Frames[0].At {
		return Full, fmt.Sprintf("%q is no other capture", k.Not)
	}
	return Full, x.lacks(k, 0, k.Claim != "never-left")
}

// lacks says what is wrong with the packet at i not being in the capture at Not. toward says that it would arrive there
// later.
func (x *across) lacks(k *SharedClaim, i int, toward bool) string {
	at, not := k.Frames[i], k.Not
	p, v := x.packet(at), x.see(at.At, not)
	if q := v.holds(p, toward); q != nil && !x.elsewhere(not, q, at) {
		return fmt.Sprintf("the capture at %s holds it: frame %d", not, q.Frame)
	}
	if p.Len > 0 && v.covered(p) {
		return fmt.Sprintf("the capture at %s holds its data in other segments", not)
	}
	first, last := x.at[not].span()
	if lo, hi := v.expected(p.Time); v.known() && len(x.at[not].Packets) > 0 && (hi < first || lo > last) && !k.Limited {
		return fmt.Sprintf("the capture at %s did not run then", not)
	}
	return ""
}

// elsewhere reports whether a packet is listed as another one than that at a place, or is as much like one of those
// there that come first.
func (x *across) elsewhere(name string, q *Packet, at PacketAt) bool {
	p := x.packet(at)
	like := x.at[at.At].like(p)
	if len(like) < 2 {
		return false
	}
	return len(x.see(name, at.At).twins(q)) >= 2 && len(x.at[name].like(q)) < len(like)
}

// both checks that two packets are one.
func (x *across) both(k *SharedClaim) (Grade, string) {
	list, why := x.frames(k, 2)
	if why != "" {
		return Full, why
	}
	if k.Claim == "syn-arrived" && !list[0].Has(SYN) {
		return Full, "it is no SYN"
	}
	return Full, x.one(k.Frames[0], k.Frames[1])
}

// one says what is wrong with two packets being one.
func (x *across) one(a, b PacketAt) string {
	p, q := x.packet(a), x.packet(b)
	v := x.see(a.At, b.At)
	if v == nil {
		return fmt.Sprintf("%s and %s are not two captures", a.At, b.At)
	}
	if !slices.Contains(v.twins(p), q) {
		if v.streams[p.Stream] == nil && sameAddresses(p, q) && p.SEQ == q.SEQ {
			return "" // the connection is a single segment that has no mark
		}
		if v.goesOn(p, q) || x.see(b.At, a.At).goesOn(q, p) {
			return ""
		}
		return fmt.Sprintf("frame %d at %s and frame %d at %s are not one packet", a.Frame, a.At, b.Frame, b.At)
	}
	if lo, hi := v.expected(p.Time); q.Time < lo-longest || q.Time > hi+longest {
		return "they are too far apart in time"
	}
	return ""
}

func (x *across) answeredBetween(k *SharedClaim) (Grade, string) {
	list, why := x.frames(k, 2)
	if why != "" {
		return Full, why
	}
	answer, rst := list[0], list[1]
	switch {
	case !answer.Has(SYN) || !answer.Has(ACK):
		return Full, "it is no SYN-ACK"
	case !rst.Has(RST) || rst.SEQ != 0 || k.Frames[1].At != k.Not:
		return Full, "the second does not refuse a SYN there"
	case answer.ACK != rst.ACK && x.see(k.Frames[0].At, k.Not).streams[answer.Stream] == nil:
		return Full, "they answer two SYNs"
	}
	return Full, x.lacks(k, 0, false)
}

// goesOn reports whether q is p in a stream that goes on with p's under another port: it has no SYN, and begins with
// a packet that p's stream has at the other place.
func (v *view) goesOn(p, q *Packet) bool {
	m := v.streams[p.Stream]
	if m == nil || m.stream == q.Stream || p.SEQ+m.shift[p.Src] != q.SEQ || p.Flags != q.Flags || p.Len != q.Len {
		return false
	}
	first := v.to.Streams[q.Stream][0]
	return !first.Has(SYN) && slices.ContainsFunc(v.from.Streams[p.Stream], func(o *Packet) bool {
		return o.Len > 0 && o.Len == first.Len && o.SEQ+m.shift[o.Src] == first.SEQ &&
			(o.HasTS && first.HasTS && o.TSval == first.TSval || o.IPID != 0 && o.IPID == first.IPID)
	})
}

func (x *across) altered(k *SharedClaim) (Grade, string) {
	list, why := x.frames(k, 2)
	if why != "" {
		return Full, why
	}
	p, q := list[0], list[1]
	v := x.see(k.Frames[0].At, k.Frames[1].At)
	m := v.streams[p.Stream]
	if m == nil {
		return None, ""
	}
	var fields []string
	if seq := p.SEQ + m.shift[p.Src]; q.SEQ != seq && !(p.SEQ == 0 && q.SEQ == 0) {
		fields = append(fields, "SEQ")
	}
	if p.Has(ACK) && q.Has(ACK) && q.ACK != p.ACK+m.shift[p.Dst] {
		fields = append(fields, "ACK")
	}
	if p.Flags != q.Flags {
		fields = append(fields, "flags")
	}
	if strings.Contains(k.Text, "TTL") {
		if x.hops(v, p) == int(p.TTL)-int(q.TTL) {
			return Full, "its TTL fell as that of the sender's other packets"
		}
		fields = append(fields, "TTL")
	}
	if p.Window != q.Window {
		fields = append(fields, "window")
	}
	if p.Options != q.Options {
		fields = append(fields, "options")
	}
	if got := strings.Join(fields, ", "); got != k.Text {
		return Full, fmt.Sprintf("what differs is: %s", got)
	}
	return Full, ""
}

// hops returns by how much the TTL of other packets of p's sender falls between two captures.
func (x *across) hops(v *view, p *Packet) int {
	for _, o := range v.from.Streams[p.Stream] {
		if list := v.twins(o); o.Src == p.Src && !o.Has(RST) && len(list) > 0 {
			return int(o.TTL) - int(list[0].TTL)
		}
	}
	return math.MinInt
}

func (x *across) goesOn(k *SharedClaim) (Grade, string) {
	list, why := x.frames(k, 2)
	if why != "" {
		return Full, why
	}
	on, rst := list[0], list[1]
	v := x.see(k.Frames[1].At, k.Frames[0].At)
	sender, ok := v.partner(rst.Stream, rst.Src)
	switch {
	case !rst.Has(RST):
		return Full, "the second is no RST"
	case ok && on.Src != sender:
		return Full, "the RST names another sender"
	case on.Has(RST) || on.Len == 0 && !on.Has(FIN):
		return Full, "it carries neither data nor FIN"
	}
	if !v.known() {
		return Part, ""
	}
	lo, hi := v.expected(rst.Time)
	if on.Time-hi > k.Span || on.Time-lo < k.Span {
		return Full, fmt.Sprintf("it comes %v to %v after the RST", time.Duration(on.Time-hi), time.Duration(on.Time-lo))
	}
	for _, o := range x.at[k.Frames[0].At].Streams[on.Stream] {
		if o.Frame < on.Frame && o.Src == on.Src && !on.Has(FIN) && o.Len > 0 && above(o.DataEnd(), on.DataEnd()) >= 0 {
			return Full, fmt.Sprintf("its data was sent before, in frame %d", o.Frame)
		}
	}
	return Full, ""
}

func (x *across) otherTTL(k *SharedClaim) (Grade, string) {
	list, why := x.frames(k, 1)
	if why != "" {
		return Full, why
	}
	p := list[0]
	if !p.Has(RST) || int64(p.TTL) != k.Number {
		return Full, fmt.Sprintf("it has TTL %d", p.TTL)
	}
	n := 0
	for _, o := range x.at[k.Frames[0].At].Streams[p.Stream] {
		if o.Src != p.Src || o.Has(RST) {
			continue
		}
		if n++; int64(o.TTL) != k.Expected {
			return Full, fmt.Sprintf("frame %d of the sender has TTL %d", o.Frame, o.TTL)
		}
	}
	if n < k.Count && strings.Contains(x.reset.Verdict, "has another port there") {
		return Part, "" // the packets of another stream are the sender's too
	}
	if n != k.Count || k.Number == k.Expected {
		return Full, fmt.Sprintf("%d other packets of the sender are there", n)
	}
	return Full, ""
}

func (x *across) tooSoon(k *SharedClaim) (Grade, string) {
	list, why := x.frames(k, 2)
	if why != "" {
		return Full, why
	}
	asked, rst := list[0], list[1]
	switch {
	case k.Frames[0].At != k.Frames[1].At || asked.Stream != rst.Stream || asked.Src == rst.Src || !rst.Has(RST):
		return Full, "the second is no RST that could answer the first"
	case rst.Time-asked.Time != k.Span:
		return Full, fmt.Sprintf("it follows by %v", time.Duration(rst.Time-asked.Time))
	case k.Span >= k.Need:
		return Full, "there is time enough"
	}
	// The shortest way there and back that any packets needed: to the capture that does not hold the RST.
	for name := range x.at {
		if v := x.see(k.Frames[0].At, name); v != nil && v.known() {
			if least := v.high - v.low; least >= k.Need-int64(clockSlack)/10 {
				return Full, ""
			}
		}
	}
	return Full, fmt.Sprintf("no two captures are %v apart and back", time.Duration(k.Need))
}

func (x *across) notHere(k *SharedClaim) (Grade, string) {
	list, why := x.frames(k, 1)
	if why != "" {
		return Full, why
	}
	p := list[0]
	if m := x.see(k.Frames[0].At, k.Not).streams[p.Stream]; m != nil {
		for _, q := range x.at[k.Frames[0].At].Streams[p.Stream] {
			if tw := x.see(k.Frames[0].At, k.Not).holds(q, q.Src != p.Src); tw != nil {
				return Full, fmt.Sprintf("the capture at %s holds frame %d of it: frame %d", k.Not, q.Frame, tw.Frame)
			}
		}
	}
	return Part, ""
}

func (x *across) empty(k *SharedClaim) (Grade, string) {
	if c := x.at[k.Not]; c == nil || slices.ContainsFunc(c.Packets, func(p *Packet) bool { return p.ICMP == nil }) {
		return Full, "it holds TCP segments"
	}
	return Full, ""
}

func (x *across) relayed(k *SharedClaim) (Grade, string) {
	list, why := x.frames(k, 2)
	if why != "" {
		return Full, why
	}
	p, q := list[0], list[1]
	if k.Frames[0].At == k.Frames[1].At && p.Stream == q.Stream {
		return Full, "they are of one connection"
	}
	line := func(p *Packet) string {
		f := bytes.Fields(p.Payload[:max(bytes.IndexByte(p.Payload, '\n'), 0)])
		if len(f) < 2 {
			return ""
		}
		return string(f[0]) + " " + string(f[1])
	}
	switch {
	case strings.Contains(k.Text, "request line"):
		if line(p) != line(q) || line(p) == "" {
			return Full, fmt.Sprintf("the request lines are %q and %q", line(p), line(q))
		}
	case strings.Contains(k.Text, "TLS random"):
		if len(p.Payload) < 43 || len(q.Payload) < 43 || !bytes.Equal(p.Payload[11:43], q.Payload[11:43]) {
			return Full, "the randoms differ"
		}
	default:
		return None, ""
	}
	return Part, ""
}

func (x *across) bothReset(k *SharedClaim) (Grade, string) {
	list, why := x.frames(k, 1)
	if why != "" {
		return Full, why
	}
	p := list[0]
	// In some other capture, the sender gets a RST in its peer's name that is not in this one.
	for name := range x.at {
		v := x.see(k.Frames[0].At, name)
		if v == nil || v.streams[p.Stream] == nil {
			continue
		}
		sender, _ := v.partner(p.Stream, p.Src)
		for _, q := range x.at[name].Streams[v.streams[p.Stream].stream] {
			if q.Has(RST) && q.Src != sender && !q.Copy && x.see(name, k.Frames[0].At).holds(q, false) == nil {
				return Full, ""
			}
		}
	}
	return Full, "no capture holds another RST in the peer's name that was not sent"
}

// lost returns the segments of a side that were sent before the RST and are not at another place.
func (x *across) lost(k *SharedClaim) (lost, came []*Packet) {
	p := x.packet(k.Frames[0])
	v := x.see(k.Frames[0].At, k.Not)
	first, last := x.at[k.Not].span()
	for _, q := range x.at[k.Frames[0].At].Streams[p.Stream] {
		if q.Src != p.Src || q.Copy || q.Has(RST) {
			continue
		}
		if v.holds(q, true) != nil || v.covered(q) {
			came = append(came, q)
			continue
		}
		if lo, hi := v.expected(q.Time); hi >= first && lo <= last {
			lost = append(lost, q)
		}
	}
	return lost, came
}

func (x *across) segmentsLost(k *SharedClaim) (Grade, string) {
	list, why := x.frames(k, 1)
	if why != "" {
		return Full, why
	}
	for i, f := range k.Frames {
		if list[i].Src != list[0].Src || f.At != k.Frames[0].At {
			return Full, "they are not all of one sender"
		}
		if why := x.lacks(k, i, true); why != "" {
			return Full, fmt.Sprintf("frame %d: %s", f.Frame, why)
		}
	}
	lost, _ := x.lost(k)
	if k.Count < len(k.Frames) {
		return Full, fmt.Sprintf("%d frames are named", len(k.Frames))
	}
	if k.Count > len(lost)+len(k.Frames) {
		return Full, fmt.Sprintf("%d are not there", len(lost))
	}
	return Part, "" // those behind the RST are not told apart
}

func (x *across) fullSize(k *SharedClaim) (Grade, string) {
	list, why := x.frames(k, 1)
	if why != "" {
		return Full, why
	}
	least := int64(math.MaxInt64)
	for _, p := range list {
		if p.Len > 0 {
			least = min(least, int64(p.Len))
		}
	}
	if k.Number > least || k.Number <= k.Expected {
		return Full, fmt.Sprintf("the smallest lost segment has %d bytes", least)
	}
	_, came := x.lost(k)
	for _, p := range came {
		if int64(p.Len) >= k.Number && p.Frame < list[len(list)-1].Frame {
			return Full, fmt.Sprintf("frame %d with %d bytes arrived", p.Frame, p.Len)
		}
	}
	return Full, ""
}

func (x *across) idleDropped(k *SharedClaim) (Grade, string) {
	list, why := x.frames(k, 3)
	if why != "" {
		return Full, why
	}
	if why := x.one(k.Frames[0], k.Frames[1]); why != "" {
		return Full, why
	}
	if why := x.lacks(k, 2, true); why != "" {
		return Full, why
	}
	before := int64(math.MinInt64)
	for _, q := range x.at[k.Frames[2].At].Streams[list[2].Stream] {
		if q.Frame < k.Frames[2].Frame {
			before = q.Time
		}
	}
	if list[2].Time-before != k.Span {
		return Full, fmt.Sprintf("it was idle for %v", time.Duration(list[2].Time-before))
	}
	return Full, ""
}
