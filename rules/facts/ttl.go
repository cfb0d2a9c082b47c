package facts

import "github.com/rstexplain/rstexplain/flows"

// A yardstick is what a RST's TTL is compared with: the TTL of packets that are known to come from its sender.
type yardstick struct {
	ttl, low, high uint8
	frame          int             // a packet that arrived with ttl
	other          *flows.ConnMark // set where that packet is of another connection
	synack         bool            // that packet is its SYN-ACK, and its other packets are not known to be its own
	steady         bool            // several packets, and all with the same TTL
}

// yardstick returns what the RST's TTL is compared with. Only the SYN and SYN-ACK of a connection that opened are known
// to come from its ends; what came with another TTL just before the RST, and with the RST's own, is as much in doubt as
// the RST itself. The zero yardstick says that there is nothing to compare.
func (c *Facts) yardstick() yardstick {
	if accepts := c.synackAfter(); accepts.Seen() && c.Snd.Segments == 0 && c.Refused() {
		// The RST came beside a SYN-ACK to the same SYN: that one names the number which the client took up.
		if e := c.eventAfter(accepts.Frame); e != nil && e.TTL != 0 {
			return yardstick{ttl: e.TTL, low: e.TTL, high: e.TTL, frame: e.Frame, synack: true}
		}
	}
	k, s := c.Snd, &c.Related
	if k.Segments == 0 && s.SenderTTL == 0 && s.SenderRSTTTL != c.TTL {
		// Of the host the capture holds RSTs alone, and most of them come from as far away as another one.
		t := s.SenderRSTTTL
		return yardstick{ttl: t, low: t, high: t, other: &s.SenderRSTTTLSeen, steady: true}
	}
	if k.Segments == 0 || k.TTL == 0 {
		y := yardstick{ttl: s.SenderTTL, low: s.SenderTTLMin, high: s.SenderTTLMax, steady: s.SenderTTLMin == s.SenderTTLMax}
		if m := &s.SenderTTLSeen; m.Stream == c.Conn.Stream {
			y.frame = m.Frame // one that comes after the RST
		} else {
			y.other = m
		}
		return y
	}
	if k.SYNTTL != 0 && k.SYNTTL != c.TTL && c.TTL >= k.TTLMin && c.TTL <= k.TTLMax && c.opened() && c.suspects() {
		return yardstick{ttl: k.SYNTTL, low: k.SYNTTL, high: k.SYNTTL, frame: k.SYN.Frame, synack: !c.ByClient()}
	}
	return yardstick{ttl: k.TTL, low: k.TTLMin, high: k.TTLMax, frame: c.withTTL(k.TTL, k.Last.Frame),
		steady: k.TTLMin == k.TTLMax && k.Segments >= 3}
}

// opened reports whether the SYN or SYN-ACK of the RST's sender is one that its peer has acknowledged.
func (c *Facts) opened() bool {
	return c.Snd.HasISS && c.Snd.SYN.Seen() && c.Rcv.HasRCV && c.Rcv.RCV.NXT.Sub(c.Snd.SND.ISS) > 0
}

// maxSuspects is how many packets may have the RST's TTL and still come from whoever sent the RST.
const maxSuspects = 2

// suspects reports whether the packets of the RST's sender that arrived with the RST's TTL are few and came in one
// burst with it, in mid-connection: then whoever sent the RST may have sent them.
func (c *Facts) suspects() bool {
	n := 0
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		if e.Side != c.Side || e.TTL != c.TTL || e.Frame >= c.Frame || e.Notes&flows.Duplicate != 0 {
			continue
		}
		if n++; n > maxSuspects || c.Time.Sub(e.Time) > c.Soon() {
			return c.backToYardstick()
		}
	}
	return n > 0
}

// InjectedAnswer returns the data that whoever sent the RST had sent just before it in the same name: data with the
// RST's TTL, which is not that of the SYN-ACK. The zero Mark where there is none.
func (c *Facts) InjectedAnswer() flows.Mark {
	if k := c.Snd; c.ByClient() || k.SYNTTL == 0 || k.SYNTTL == c.TTL || !c.opened() || !c.suspects() {
		return flows.Mark{}
	}
	for i := range c.Conn.Events {
		if e := &c.Conn.Events[i]; e.Side == c.Side && e.TTL == c.TTL && e.DataLen > 0 && e.Frame < c.Frame &&
			e.Notes&flows.Duplicate == 0 {
			return e.Mark
		}
	}
	return flows.Mark{}
}

// backToYardstick reports whether the sender's packets go on with the TTL of its SYN or SYN-ACK after the RST.
func (c *Facts) backToYardstick() bool {
	for i := range c.After.Events {
		if e := &c.After.Events[i]; e.Side == c.Side && e.TTL == c.Snd.SYNTTL && e.Flags&flows.RST == 0 {
			return true
		}
	}
	return false
}

// eventAfter returns the event of the RST's aftermath at frame, nil without one.
func (c *Facts) eventAfter(frame int) *flows.Event {
	for i := range c.After.Events {
		if e := &c.After.Events[i]; e.Frame == frame {
			return e
		}
	}
	return nil
}

// ttl compares the RST's TTL with that of packets that are known to come from its sender.
func (s *PathSigns) ttl(c *Facts) {
	if c.TTL == 0 || c.ResetsSYNACK() {
		return // scanners send their SYNs with a TTL of their own: see spoofed-syn
	}
	y := c.yardstick()
	if y.ttl == 0 {
		return
	}
	if y.low == 0 {
		y.low, y.high = y.ttl, y.ttl
	}
	if y.low == 1 && (initialTTL(c.TTL) || c.TTL == 1) {
		return // BGP between neighbours (eBGP) sends with TTL 1; a stack without the socket answers with its own
	}
	off := 0
	switch {
	case c.TTL < y.low:
		off = int(y.low) - int(c.TTL)
	case c.TTL > y.high:
		off = int(c.TTL) - int(y.high)
	}
	if off <= 2 && c.Conn.Duplicates > 0 && c.After.Duplicates == 0 {
		off = 0 // copies made on the way differ by the routers between
	}
	if off == 0 {
		if c.TTL == y.ttl && !initialTTL(c.TTL) {
			s.add(Sign{Kind: SignSameTTL, Weight: genuineTTL, Compared: y.other}, c.Frame, y.frame)
		}
		return
	}
	nearer := Hops(c.TTL) < Hops(y.ttl)
	w := signOtherTTL
	switch {
	case Hops(c.TTL) == Hops(y.ttl):
		w = signOtherStart
	case off == 1 && nearer && Hops(c.TTL) == 0 && y.steady:
		w = signOnLink
	case off == 1, off == 2 && y.other != nil:
		w = signOneHop
	case y.steady && (y.other == nil || start(c.TTL) != start(y.ttl)): // of another connection, a balancer's other server
		w = signOtherHops
	case nearer, y.steady:
		w = signNearer
	}
	s.add(Sign{Kind: SignOtherTTL, Weight: w, N: int64(y.ttl), SYNACK: y.synack, Compared: y.other}, c.Frame, y.frame)
	if d := &c.Device; d.At.Seen() && d.TTL == c.TTL && d.At.Stream != c.Conn.Stream {
		s.add(Sign{Kind: SignSeenDevice, Weight: signSeenDevice, Compared: &d.At}, c.Frame)
	}
}

// withTTL returns the last packet of the RST's sender on the connection before the RST that arrived with a TTL, else
// the one given.
func (c *Facts) withTTL(ttl uint8, last int) int {
	for i := len(c.Conn.Events) - 1; i >= 0; i-- {
		if e := &c.Conn.Events[i]; e.Side == c.Side && e.Frame < c.Frame && e.TTL == ttl && e.Flags&flows.RST == 0 {
			return e.Frame
		}
	}
	if c.Snd.SYN.Seen() && c.Snd.SYNTTL == ttl && c.Snd.TTLMin != c.Snd.TTLMax {
		return c.Snd.SYN.Frame
	}
	return last
}

// initialTTL reports whether a TTL is as it left its host: it says nothing about the path.
func initialTTL(ttl uint8) bool { return ttl == 64 || ttl == 128 || ttl == 255 || ttl == 32 }

// Hops returns how many routers a packet has passed, when its host began with one of the usual values.
func Hops(ttl uint8) int { return start(ttl) - int(ttl) }

// start returns the usual value with which the host of a packet began.
func start(ttl uint8) int {
	for _, from := range [...]int{32, 64, 128} {
		if int(ttl) <= from {
			return from
		}
	}
	return 255
}

// Nearer reports whether the RST's TTL is that of somebody nearer than its named sender: a device on the way to it, where
// the difference is not the sender's own.
func (c *Facts) Nearer() bool {
	for i := range c.PathSigns.Against {
		if g := &c.PathSigns.Against[i]; g.Kind == SignOtherTTL && start(c.TTL) == start(uint8(g.N)) && c.TTL > uint8(g.N) {
			return true
		}
	}
	return false
}
