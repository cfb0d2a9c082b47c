package claims

import "net/netip"

// A numbering counts connections as Wireshark's tcp.stream does: a new one for each new pair of addresses and ports,
// and for each SYN without ACK on a known pair whose sequence number is not the first of its side.
type numbering struct {
	last map[[2]netip.AddrPort]*incarnation
	next int
}

type incarnation struct {
	stream int
	base   map[netip.AddrPort]uint32 // first sequence number of each side, that of its SYN
}

func pairOf(p *Packet) [2]netip.AddrPort {
	if p.Src.Compare(p.Dst) < 0 {
		return [2]netip.AddrPort{p.Src, p.Dst}
	}
	return [2]netip.AddrPort{p.Dst, p.Src}
}

func (n *numbering) of(p *Packet) int {
	pair := pairOf(p)
	in := n.last[pair]
	if in != nil && p.Has(SYN) && !p.Has(ACK) {
		if base, ok := in.base[p.Src]; ok && base != p.SEQ {
			in = nil
		}
	}
	if in == nil {
		in = &incarnation{stream: n.next, base: map[netip.AddrPort]uint32{}}
		n.next++
		n.last[pair] = in
	}
	if _, ok := in.base[p.Src]; !ok {
		in.base[p.Src] = p.SEQ - 1
		if p.Has(SYN) {
			in.base[p.Src] = p.SEQ
		}
	}
	if p.Has(SYN|ACK) && !p.Has(RST) {
		in.base[p.Src] = p.SEQ
	}
	if _, ok := in.base[p.Dst]; !ok && p.Has(ACK) {
		in.base[p.Dst] = p.ACK - 1
	}
	return in.stream
}

// copyWithin is how far apart two captures of one packet may be; retransmission timers are longer.
const copyWithin = 100e6

// markCopies finds the packets of a connection that the capture holds twice: alike in all numbers of their TCP header
// and in their IP ID, at most 100 ms apart, and with a sign that they are one packet: an IP ID that the sender gave to
// no other packet, another TTL, another Ethernet source, or another interface. Those without a sign are only alike.
func markCopies(conn []*Packet) {
	type mark struct {
		src  netip.AddrPort
		ipid uint16
	}
	users := map[mark]*Packet{}
	shared := map[mark]bool{} // IP IDs that differing packets have
	for _, p := range conn {
		m := mark{p.Src, p.IPID}
		if q := users[m]; q == nil {
			users[m] = p
		} else if numbersOf(p) != numbersOf(q) {
			shared[m] = true
		}
	}
	type place struct {
		ttl   uint8
		mac   string
		place int
	}
	type group struct {
		last int64
		at   map[place]int // captures at each place
		most int
	}
	groups := map[numbers]*group{}
	for _, p := range conn {
		n := numbersOf(p)
		g := groups[n]
		if g == nil || p.Time-g.last > copyWithin || g.last-p.Time > copyWithin {
			g = &group{at: map[place]int{}}
			groups[n] = g
		}
		g.last = p.Time
		where := place{p.TTL, p.MAC, p.Place}
		g.at[where]++
		switch {
		case p.IPID != 0 && !shared[mark{p.Src, p.IPID}]:
			p.Copy = len(g.at) > 1 || g.at[where] > 1
		case g.at[where] <= g.most: // as many were captured elsewhere
			p.Copy = true
		default:
			g.most = g.at[where]
			p.Alike = g.most > 1
		}
	}
}

// numbers are all that is the same in two captures of one packet.
type numbers struct {
	src, dst     netip.AddrPort
	seq, ack     uint32
	flags        Flags
	window, ipid uint16
	size         int
	tsval, tsecr uint32
}

func numbersOf(p *Packet) numbers {
	return numbers{p.Src, p.Dst, p.SEQ, p.ACK, p.Flags, p.Window, p.IPID, p.Len, p.TSval, p.TSecr}
}

// A list is segments of one connection in the order of the file.
type list []*Packet

func (l list) keep(f func(*Packet) bool) (kept list) {
	for _, p := range l {
		if f(p) {
			kept = append(kept, p)
		}
	}
	return kept
}

// by keeps what an endpoint sent, packets captured twice once.
func (l list) by(who netip.AddrPort) list {
	return l.keep(func(p *Packet) bool { return p.Src == who && !p.Copy })
}

// between keeps what lies between two frames, neither included; 0 stands for no bound.
func (l list) between(from, until int) list {
	return l.keep(func(p *Packet) bool { return p.Frame > from && (until == 0 || p.Frame < until) })
}

func (l list) before(frame int) list { return l.between(0, frame) }

// resets and others part the RSTs from the rest.
func (l list) resets() list { return l.keep(func(p *Packet) bool { return p.Has(RST) }) }
func (l list) others() list { return l.keep(func(p *Packet) bool { return !p.Has(RST) }) }
func (l list) data() list   { return l.keep(func(p *Packet) bool { return p.Len > 0 && !p.Has(RST) }) }

// highest returns the highest end of the segments, RSTs not counted.
func (l list) highest() (end uint32, ok bool) {
	for _, p := range l {
		if p.Has(RST) {
			continue
		}
		if !ok || above(p.End(), end) > 0 {
			end, ok = p.End(), true
		}
	}
	return end, ok
}

// highestACK returns the highest acknowledgment of the segments, RSTs not counted.
func (l list) highestACK() (ack uint32, ok bool) {
	for _, p := range l {
		if p.Has(RST) || !p.Has(ACK) {
			continue
		}
		if !ok || above(p.ACK, ack) > 0 {
			ack, ok = p.ACK, true
		}
	}
	return ack, ok
}

// newData keeps the segments of one side whose data reaches above all that the side sent before. The list must hold all
// that the side sent.
func (l list) newData() (kept list) {
	var nxt uint32
	var any bool
	for _, p := range l {
		if p.Has(RST) {
			continue
		}
		if p.Len > 0 && (!any || above(p.DataEnd(), nxt) > 0) {
			kept = append(kept, p)
		}
		if !any || above(p.End(), nxt) > 0 {
			nxt, any = p.End(), true
		}
	}
	return kept
}

// span returns the time from the earliest segment to the latest.
func (l list) span() int64 {
	if len(l) == 0 {
		return 0
	}
	from, to := l[0].Time, l[0].Time
	for _, p := range l {
		from, to = min(from, p.Time), max(to, p.Time)
	}
	return to - from
}

func (l list) last() *Packet {
	if len(l) == 0 {
		return nil
	}
	return l[len(l)-1]
}

func (l list) first() *Packet {
	if len(l) == 0 {
		return nil
	}
	return l[0]
}
