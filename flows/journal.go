package flows

import "unsafe"

// Few connections of a capture are reset, and what is told of a reset is told of its connection. So of a
// connection that is calm, or closes in good order, the segments are not followed when they come. They go into
// its journal, which costs one cache line for the connection and half of one for the segment. They are followed,
// in their order and as if they came now, once something asks for the connection as it stands: a segment that does
// not fit in, a RST, the journal's bound. Of most connections nothing ever asks, and they are forgotten when they
// have been closed for long enough.
//
// What waits lies in the backlog (backlog.go), whose size does not depend on the capture. What is overwritten
// there is followed before, if its connection is still known.
//
// What other connections hear of a segment (streams, hosts, services, what was over) never waits. Nor does what
// the application says in long segments, whose octets are not kept: the exchange hears it at once, with all that
// waits before it.

// A journal is what must be known of a connection to tell whether its next segment is in order: copied from
// its record when the journal is opened. Ends are those of the tuple, the lower one first.
type journal struct {
	start          Time   // record.start
	lo, hi         uint32 // the tuple
	portLo, portHi uint16
	ends           [2]journalEnd
	first, last    uint32 // places in the backlog of the oldest and the newest segment
	talk           uint32 // record.talk, as far as known
	n              uint8  // segments
	untold         uint8  // of the newest, those that the exchange may not have heard
	bits           journalBits
	_              uint32 // so that journals lie in cache lines
}

// A journalEnd is what a journal knows of one end.
type journalEnd struct {
	nxt, una Seq    // SND.NXT and SND.UNA, with all segments of the journal
	origin   uint16 // of its segments; noOrigin until the first
	ttl      uint8
}

const noOrigin = 1<<16 - 1

// A journal, and what goes into it, is looked at for nearly every packet: they are made for cache lines.
var (
	_ [64]byte = [unsafe.Sizeof(journal{})]byte{}
	_ [64]byte = [unsafe.Sizeof(Ordinary{})]byte{}
	_ [32]byte = [unsafe.Sizeof(deferred{})]byte{}
)

type journalBits uint8

const (
	journalOpen journalBits = 1 << iota // segments may go into it
	journalFIN0                         // the lower end's FIN is in it, one bit higher the other's
	journalFIN1
	journalOver0 // it was acknowledged
	journalOver1

	journalFINs = journalFIN0 | journalFIN1
	journalOver = journalOver0 | journalOver1
)

// maxJournal is how many segments of a connection wait at most: what follows them has the connection in its
// cache.
const maxJournal = 64

// maxJournals is how many connections have a journal at most: those with the lowest numbers of records. Where
// far more are open, a connection's segments are too far from each other for the backlog.
const maxJournals = 1 << 15

// isOf tells whether the journal is open, and that of l's connection.
func (j *journal) isOf(l *Ordinary) bool {
	return j.bits&journalOpen != 0 && j.lo == l.lo && j.hi == l.hi && j.portLo == l.portLo && j.portHi == l.portHi
}

// journalOf returns the record of l if its journal is open, else 0.
func (t *Table) journalOf(l *Ordinary) uint32 {
	x := &t.index
	for i := l.hash & x.mask; ; i = (i + 1) & x.mask {
		slot := x.slots[i]
		if slot == 0 {
			return 0
		}
		if id := uint32(slot); uint32(slot>>32) == l.hash && int(id) < len(t.journals) && t.journals[id].isOf(l) {
			return id
		}
	}
}

// write puts l, of b, into the journal of the record id, if it is the segment that comes next in good order: with
// new data, a new ACK, or a FIN. Else it changes nothing and returns false.
func (t *Table) write(id uint32, l *Ordinary, b *Batch) bool {
	if int(id) >= len(t.journals) {
		return false
	}
	j := &t.journals[id]
	if !j.isOf(l) {
		return false
	}
	from := l.bits & ordinaryFromHi
	a, p := &j.ends[from], &j.ends[from^1]
	acked := uint32(l.ACK - p.una)
	fin := l.Flags & uint8(FIN)
	length := uint32(l.DataLen) + uint32(fin)
	after := uint64(l.Time - j.start)
	if l.Flags&uint8(ACK) == 0 || l.SEQ != a.nxt || acked > uint32(p.nxt-p.una) || length|acked == 0 || l.WND == 0 || l.TTL != a.ttl || after >= 1<<47 {
		return false
	}
	units := 1
	if l.bits&ordinaryLong == 0 {
		units += (int(l.captured) + backlogUnit - 1) / backlogUnit
	}
	if w := &t.backlog; w.used+units > w.room {
		if t.makeBacklogRoom(); j.bits&journalOpen == 0 {
			return false // it began where room had to be made
		}
	}
	bits := deferredBits(from) | deferredBits(l.Has)*deferredTS
	untold := j.untold + 1
	// Of most segments none of this is so.
	if l.origin != a.origin || l.Time < t.clock || l.bits&ordinaryLong != 0 || j.bits&journalFINs|journalBits(fin) != 0 {
		if !t.admits(id, j, l, length) {
			return false
		}
		if l.bits&ordinaryLong != 0 {
			t.sayLong(id, j, l, b)
			bits |= deferredBare
			untold = 0
		}
	}
	at, d := t.backlog.next(units)
	d.kept = l.kept
	d.before, d.lo, d.hi = j.last, uint32(after), uint16(after>>32)
	d.flags, d.bits = l.Flags, bits
	if units > 1 {
		copy(d.behind(), b.text[l.text:])
	}
	if j.n == 0 {
		j.first = at
		t.backlog.begin(id)
	}
	j.last = at
	j.n++
	j.untold = untold
	t.stats.Segments++
	t.clock = max(t.clock, l.Time)
	a.nxt += Seq(length)
	p.una = l.ACK
	if j.bits&journalFINs != 0 && acked != 0 {
		t.finAcked(id, j, from^1)
	}
	if j.n == maxJournal {
		t.follow(id)
	}
	if t.opts.LookaheadTime > 0 {
		t.Settle(t.clock)
	}
	return true
}

// admits tells whether l, which comes next in good order and takes length of sequence space, may go into the
// journal j as far as that does not show in most segments; and notes what else it shows.
func (t *Table) admits(id uint32, j *journal, l *Ordinary, length uint32) bool {
	from := l.bits & ordinaryFromHi
	a := &j.ends[from]
	fin := journalBits(l.Flags & uint8(FIN))
	if j.bits&journalFINs|fin != 0 && (length != 0 && j.bits&(journalFIN0<<from) != 0 || l.bits&ordinaryLong != 0) {
		return false // after its FIN a side only acknowledges; and a FIN ends what the exchange hears at once
	}
	if l.origin != a.origin && a.origin != noOrigin {
		return false
	}
	a.origin = l.origin
	j.bits |= fin * journalFIN0 << from
	if l.Time < t.clock {
		t.conns.at(id).defects |= Reordered
	}
	return true
}

// finAcked takes an ACK of what an end has sent, perhaps its FIN. When both FINs are acknowledged, the connection is
// over.
func (t *Table) finAcked(id uint32, j *journal, end ordinaryBits) {
	if e := &j.ends[end]; j.bits&(journalFIN0<<end) != 0 && e.una == e.nxt {
		if j.bits |= journalOver0 << end; j.bits&journalOver == journalOver {
			t.current = id
			t.leave(t.conns.at(id))
		}
	}
}

// places lists the places of the newest n segments in the journal j, oldest first.
func (t *Table) places(j *journal, n uint8, list *[maxJournal]uint32) []uint32 {
	at := j.last
	for k := int(n) - 1; k >= 0; k-- {
		list[k] = at
		at = t.backlog.at(at).before
	}
	return list[:n]
}

// sayLong tells the exchange the payload of l, of b, which does not stay, and before it what it has not heard of
// the journal j, of the record id.
func (t *Table) sayLong(id uint32, j *journal, l *Ordinary, b *Batch) {
	c := t.conns.at(id)
	t.current = id
	if j.untold > 0 {
		var list [maxJournal]uint32
		for _, at := range t.places(j, j.untold, &list) {
			if d := t.backlog.at(at); d.DataLen > 0 {
				t.say(c, c.sideOf(d.bits&deferredFromHi != 0), stampAt(Mark{int(d.Frame), j.start + d.after()}), t.backlog.text(at), uint32(d.DataLen))
			}
		}
	}
	t.say(c, c.sideOf(l.bits&ordinaryFromHi != 0), stampAt(Mark{int(l.Frame), l.Time}), b.long[l.text], uint32(l.DataLen))
	if l.captured < l.DataLen {
		c.defects |= SnapCut
	}
	j.talk = c.talk
}

// openJournal opens the journal of the record id, or closes it, as the connection stands.
func (t *Table) openJournal(id uint32) {
	c := t.conns.at(id)
	if c.marks&(calm|isV6) != calm || int(id) >= min(maxJournals, t.opts.ShortAbove/2) {
		if int(id) < len(t.journals) {
			t.journals[id].bits = 0
		}
		return
	}
	for int(id) >= len(t.journals) {
		t.journals = append(t.journals, journal{})
	}
	j := &t.journals[id]
	lo, hi := &c.side[0], &c.side[1]
	if c.marks&origIsHi != 0 {
		lo, hi = hi, lo
	}
	j.lo, j.hi, j.portLo, j.portHi, j.start, j.talk = c.lo, c.hi, c.portLo, c.portHi, Time(c.start), c.talk
	j.ends[0] = journalEnd{lo.nxt, lo.una, noOrigin, lo.ttl}
	j.ends[1] = journalEnd{hi.nxt, hi.una, noOrigin, hi.ttl}
	j.first, j.last, j.n, j.untold, j.bits = 0, 0, 0, 0, journalOpen
}

// closeJournal follows what is in the journal of the record id, and closes it.
func (t *Table) closeJournal(id uint32) {
	if int(id) < len(t.journals) {
		t.follow(id)
		t.journals[id].bits = 0
	}
}

// dropJournal forgets the journal of the record id.
func (t *Table) dropJournal(id uint32) {
	if int(id) < len(t.journals) {
		t.journals[id] = journal{}
	}
}

// journaled returns the journal of the record id if there is something in it, else nil.
func (t *Table) journaled(id uint32) *journal {
	if int(id) < len(t.journals) && t.journals[id].n > 0 {
		return &t.journals[id]
	}
	return nil
}

// follow takes the segments in the journal of the record id.
func (t *Table) follow(id uint32) {
	j := t.journaled(id)
	if j == nil {
		return
	}
	c := t.conns.at(id)
	var list [maxJournal]uint32
	places := t.places(j, j.n, &list)
	told := int(j.n - j.untold)
	origins := [2]*origin{t.originOf(&j.ends[0]), t.originOf(&j.ends[1])}
	j.n = 0
	current := t.current
	t.current, t.following = id, true
	s := &t.followed
	for k, at := range places {
		d := t.backlog.at(at)
		side := c.sideOf(d.bits&deferredFromHi != 0)
		h := &c.side[side]
		o := origins[d.bits&deferredFromHi]
		s.Frame, s.Time, s.SEQ, s.ACK = int(d.Frame), Time(c.start)+d.after(), h.nxt, d.ACK
		s.DataLen, s.Flags, s.WND, s.TTL, s.IPID = uint32(d.DataLen), Flags(d.flags), d.WND, h.ttl, d.IPID
		s.MAC, s.Domain, s.Interface, s.place = o.mac, o.domain, o.iface, o.place+1
		s.Opts.TSval, s.Opts.HasTS, s.Opts.HasSACK = d.TSval, d.bits&deferredTS != 0, d.bits&deferredSACK != 0
		s.Src, s.Dst = mappedV4(c.lo, c.portLo), mappedV4(c.hi, c.portHi)
		if d.bits&deferredFromHi != 0 {
			s.Src, s.Dst = s.Dst, s.Src
		}
		s.told, s.Payload = k < told, nil
		if !s.told {
			s.Payload = t.backlog.text(at)
		}
		if d.captured < d.DataLen {
			c.defects |= SnapCut
		}
		t.takeInOrder(c, side, s)
	}
	t.current, t.following = current, false
	t.openJournal(id)
}

// originOf returns where the segments of an end come from, nil if there are none.
func (t *Table) originOf(e *journalEnd) *origin {
	if e.origin == noOrigin {
		return nil
	}
	return &t.known[e.origin]
}
