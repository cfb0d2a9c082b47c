package track

import (
	"unsafe"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/slab"
	"github.com/rstexplain/rstexplain/flows/track/internal/tuple"
)

// Few connections of a capture are reset, and what is told of a reset is told of its connection. So segments in
// good order do not go to the table when they come. They wait in their connection's journal, in the goroutine
// that defers batches, which costs one cache line for the connection and half of one for the segment. The table
// gets them, in their order and as if they came now, once something may ask for the connection as it stands: a
// segment that is not in good order, a RST, the journal's bound. Of most connections nothing ever asks, and they
// are forgotten when they have been closed for long enough.
//
// What waits lies in the backlog (backlog.go), whose size is bounded. What is overwritten there is handed over
// before.
//
// What other connections hear of a segment (streams, hosts, services, what was over) never waits: it comes with
// SYNs, with a side's first segment, with another TTL, with RSTs. Nor does what the application says in long
// segments, whose octets are not kept: the exchange hears it in its turn, with all that waits before it.
//
// The journals know nothing of what the table makes of segments. They keep their own account of sequence
// numbers, begun by a SYN-ACK or when all of both sides is acknowledged, and take what fits in.

// journals are those of one table. They are for the goroutine that defers its batches.
type journals struct {
	index   tuple.Index
	list    []journal // by number; 0 is none
	free    []uint32
	limit   int    // how many there may be
	hand    uint32 // where the search for one that is not in use begins
	backlog backlog
	clock   flows.Time // latest time of all segments

	over     slab.Queue // connections that are over, oldest first: number and journal.since
	overs    uint32
	maxOver  int        // TableOptions.MaxClosed
	fallen   slab.Queue // connections that were reset, in the same way
	falls    uint32
	maxFalls uint32 // TableOptions.Lookahead
	blind    uint32 // until there are so many falls, no journal is begun; 0: now
}

// A journal is what must be known of a connection to tell whether its next segment is in order. Ends are those of
// the tuple, the lower one first.
type journal struct {
	start          flows.Time // what it begins with
	lo, hi         uint32     // the tuple
	portLo, portHi uint16
	ends           [2]journalEnd
	first, last    uint32 // places in the backlog of the oldest and the newest segment
	hash           uint32 // of the tuple
	since          uint32 // count of overs or falls when the connection was over or fell
	bits           journalBits
	n              uint8 // segments
	untold         uint8 // of the newest, those that the exchange has not heard
}

// A journalEnd is what a journal knows of one end.
type journalEnd struct {
	nxt, una flows.Seq // SND.NXT and SND.UNA, with all segments
	origin   uint16    // of its last segment; noOrigin until its first ordinary one
	ttl      uint8
}

const noOrigin = 1<<16 - 1

// A journal, and what goes into it, is looked at for nearly every packet: they are made for cache lines.
var (
	_ [64]byte = [unsafe.Sizeof(journal{})]byte{}
	_ [64]byte = [unsafe.Sizeof(Ordinary{})]byte{}
	_ [32]byte = [unsafe.Sizeof(deferred{})]byte{}
)

type journalBits uint16

const (
	journalOpen   journalBits = 1 << iota // segments may go into it
	journalHeard0                         // the lower end has been heard, one bit higher the other
	journalHeard1
	journalFIN0 // the lower end's FIN is in it
	journalFIN1
	journalOver0 // it was acknowledged
	journalOver1
	journalClean   // in good order since the SYN-ACK, as far as was captured: nothing waits for missing octets
	journalSYNACK0 // of its connection the lower end's SYN-ACK has been seen, and no answer
	journalSYNACK1
	journalEnding // a FIN has gone by that is not in it: it stays closed
	journalFallen // reset: the table watches what comes after, and the journal stays closed
	journalUsed   // since the hand came by
	journalUnsaid // some of the untold have data

	journalHeard  = journalHeard0 | journalHeard1
	journalFINs   = journalFIN0 | journalFIN1
	journalOver   = journalOver0 | journalOver1
	journalSYNACK = journalSYNACK0 | journalSYNACK1
)

const (
	// maxJournal is how many segments of a connection wait at most: what follows them has the connection in its
	// cache.
	maxJournal = 64

	// maxJournals is how many connections have a journal at most. Where far more are open, a connection's
	// segments are too far from each other for the backlog.
	maxJournals = 1 << 15
)

// setUp makes the journals of a table with the options o.
func (x *journals) setUp(o *stageOptions) {
	x.limit = min(maxJournals, o.journals)
	x.maxOver, x.maxFalls = o.maxClosed, uint32(min(o.lookahead, 1<<30))
	const pieceOctets = int64(backlogUnit) << backlogShift
	x.backlog.limit, x.backlog.shift = max(min(backlogPieces, int(o.memory/pieceOctets)), 4), backlogShift
	x.list = make([]journal, 1)
	x.index.Grow()
}

// keep takes l, of b, of the connection whose journal probably is id, and tells whether it waits in the journal. If
// not, it goes to the table, after all of its connection that has waited.
func (x *journals) keep(b *lineBatch, l *Ordinary, id uint32, late bool) bool {
	switch whole := l.bits&ordinaryWhole != 0; {
	case whole && b.whole[l.text].tuple.Wide:
		return false
	case whole, l.Flags&uint8(flows.SYN) != 0:
		x.passOther(b, x.find(l), l)
		return false
	}
	if id == 0 || !x.list[id].isOf(l) {
		id = x.find(l) // it may be one of those just begun
	}
	if id != 0 && x.write(b, id, l, late) {
		return true
	}
	x.pass(b, id, l)
	return false
}

// isOf tells whether j is that of l's connection.
func (j *journal) isOf(l *Ordinary) bool {
	return j.lo == l.lo && j.hi == l.hi && j.portLo == l.portLo && j.portHi == l.portHi
}

// find returns the number of the journal of l's connection, 0 if there is none.
func (x *journals) find(l *Ordinary) uint32 {
	y := &x.index
	for i := l.hash & y.Mask; ; i = (i + 1) & y.Mask {
		slot := y.Slots[i]
		if slot == 0 {
			return 0
		}
		if id := uint32(slot); uint32(slot>>32) == l.hash && x.list[id].isOf(l) {
			return id
		}
	}
}

// take returns the number of a new journal, of l's connection; 0 if there may be no more. It takes one that is
// not in use from another connection only if it must.
func (x *journals) take(l *Ordinary, must bool) uint32 {
	if x.blind != 0 {
		if int32(x.falls-x.blind) < 0 {
			return 0
		}
		x.blind = 0
	}
	if len(x.free) == 0 && len(x.list) > x.limit && must {
		const tries = 4
		for range tries {
			if x.hand++; int(x.hand) >= len(x.list) {
				x.hand = 1
			}
			j := &x.list[x.hand]
			if j.n == 0 && j.bits&(journalUsed|journalFallen|journalOver) == 0 {
				x.release(x.hand)
				break
			}
			j.bits &^= journalUsed
		}
	}
	var id uint32
	if n := len(x.free); n > 0 {
		id = x.free[n-1]
		x.free = x.free[:n-1]
	} else if len(x.list) <= x.limit {
		id = uint32(len(x.list))
		x.list = append(x.list, journal{})
	} else {
		return 0
	}
	j := &x.list[id]
	j.lo, j.hi, j.portLo, j.portHi, j.hash, j.start = l.lo, l.hi, l.portLo, l.portHi, l.hash, l.Time
	j.ends[0].origin, j.ends[1].origin = noOrigin, noOrigin
	x.index.Insert(l.hash, id)
	return id
}

// release forgets the journal id.
func (x *journals) release(id uint32) {
	j := &x.list[id]
	x.index.Remove(j.hash, id)
	x.backlog.live -= int(j.n)
	*j = journal{}
	x.free = append(x.free, id)
}

// memory returns the octets that the journals and what waits in them take.
func (x *journals) memory() int64 {
	return x.backlog.memory() + x.index.Memory() + int64(cap(x.list))*int64(unsafe.Sizeof(journal{}))
}

// write puts l, of b, into the journal id if it is the segment that comes next in good order: with new data, a new
// ACK, or a FIN. Else it changes nothing and returns false.
func (x *journals) write(b *lineBatch, id uint32, l *Ordinary, late bool) bool {
	j := &x.list[id]
	if j.bits&journalOpen == 0 {
		return false
	}
	from := l.bits & ordinaryFromHi
	a, p := &j.ends[from], &j.ends[from^1]
	acked := uint32(l.ACK - p.una)
	fin := l.Flags & uint8(flows.FIN)
	length := uint32(l.DataLen) + uint32(fin)
	after := uint64(l.Time - j.start)
	if l.Flags&uint8(flows.ACK) == 0 || l.SEQ != a.nxt || acked > uint32(p.nxt-p.una) || length|acked == 0 || l.WND == 0 || l.TTL != a.ttl || after >= 1<<47 {
		return false
	}
	long := l.bits&ordinaryLong != 0
	units := 1
	if !long {
		units += (int(l.captured) + backlogUnit - 1) / backlogUnit
	}
	if w := &x.backlog; w.used+units > w.room {
		x.makeRoom(b)
	}
	bits := deferredBits(from) | deferredBits(l.Has)*deferredTS
	untold := j.untold + 1
	// Of most segments none of this is so.
	if l.origin != a.origin || late || long || j.bits&journalFINs|journalBits(fin) != 0 {
		if !j.admits(l, length, long) {
			return false
		}
		if late {
			bits |= deferredLate
		}
		if long {
			x.sayLong(b, j, l)
			bits |= deferredBare
			untold = 0
		}
	}
	at, d := x.backlog.next(units)
	d.kept = l.kept
	d.before, d.lo, d.hi = j.last, uint32(after), uint16(after>>32)
	d.flags, d.bits = l.Flags, bits
	if units > 1 {
		d.fill((*[shortText]byte)(b.text[l.text:][:shortText]), units-1)
	}
	if j.n == 0 {
		j.first = at
		x.backlog.first(id)
	}
	j.last = at
	j.n++
	x.backlog.live++
	j.untold = untold
	j.bits |= journalUsed
	if l.DataLen > 0 && !long {
		j.bits |= journalUnsaid
	}
	a.nxt += flows.Seq(length)
	p.una = l.ACK
	if j.bits&journalFINs != 0 && acked != 0 {
		x.finAcked(b, id, j, from^1)
	}
	if j.n == maxJournal {
		x.handOver(b, j)
	}
	return true
}

// admits tells whether l, which comes next in good order and takes length of sequence space, may go into the
// journal as far as that does not show in most segments; and notes what else it shows.
func (j *journal) admits(l *Ordinary, length uint32, long bool) bool {
	from := l.bits & ordinaryFromHi
	a := &j.ends[from]
	fin := journalBits(l.Flags & uint8(flows.FIN))
	if (fin != 0 || long) && j.bits&journalClean == 0 {
		return false // what was missing before it may have to be told first
	}
	if j.bits&journalFINs|fin != 0 && (length != 0 && j.bits&(journalFIN0<<from) != 0 || long) {
		return false // after its FIN a side only acknowledges; and a FIN ends what the exchange hears in its turn
	}
	if l.origin != a.origin && a.origin != noOrigin {
		return false
	}
	a.origin = l.origin
	j.bits |= fin * journalFIN0 << from
	return true
}

// finAcked takes an ACK of what an end has sent, perhaps its FIN. When both FINs are acknowledged, the connection is
// over; when enough others are, the table has forgotten it.
func (x *journals) finAcked(b *lineBatch, id uint32, j *journal, end ordinaryBits) {
	e := &j.ends[end]
	if j.bits&(journalFIN0<<end) == 0 || e.una != e.nxt || j.bits&journalOver == journalOver {
		return
	}
	if j.bits |= journalOver0 << end; j.bits&journalOver != journalOver {
		return
	}
	b.item(j, lineOver)
	x.overs++
	j.since = x.overs
	x.over.Push(uint64(id)<<32 | uint64(j.since))
	for x.over.N > x.maxOver {
		x.fetchOver()
		v := x.over.Pop()
		if j := &x.list[v>>32]; j.bits&journalOver == journalOver && j.since == uint32(v) {
			x.release(uint32(v >> 32))
		}
	}
}

// places lists the places of the newest n segments in the journal j, oldest first.
func (x *journals) places(j *journal, n uint8, list *[maxJournal]uint32) []uint32 {
	at := j.last
	for k := int(n) - 1; k >= 0; k-- {
		list[k] = at
		at = x.backlog.at(at).before
	}
	return list[:n]
}

// sayLong has the exchange hear the text of l, which does not stay, and before it what it has not heard of the
// journal j.
func (x *journals) sayLong(b *lineBatch, j *journal, l *Ordinary) {
	if j.bits&journalUnsaid != 0 {
		var list [maxJournal]uint32
		for _, at := range x.places(j, j.untold, &list) {
			if d := x.backlog.at(at); d.DataLen > 0 {
				said := b.item(j, lineHeard)
				said.kept, said.Time = d.kept, j.start+d.after()
				said.bits |= ordinaryBits(d.bits) & ordinaryFromHi
				b.setText(said, d.text())
			}
		}
		j.bits &^= journalUnsaid
	}
	said := b.item(j, lineHeard)
	said.kept, said.Time = l.kept, l.Time
	said.bits |= l.bits & (ordinaryFromHi | ordinaryLong)
	said.text = l.text
}

// handOver gives the table what is in the journal j.
func (x *journals) handOver(b *lineBatch, j *journal) {
	if j.n == 0 {
		return
	}
	h := handed{start: j.start, first: uint32(len(b.units)), n: j.n, told: j.n - j.untold}
	for i, e := range j.ends {
		h.nxt[i], h.origin[i], h.ttl[i] = e.nxt, e.origin, e.ttl
	}
	var list [maxJournal]uint32
	for _, at := range x.places(j, j.n, &list) {
		d := x.backlog.at(at)
		h.nxt[d.bits&deferredFromHi] -= flows.Seq(d.DataLen) + flows.Seq(d.flags&uint8(flows.FIN))
		b.units = append(b.units, x.backlog.whole(at)...)
	}
	x.backlog.live -= int(j.n)
	j.n, j.untold = 0, 0
	j.bits &^= journalUnsaid
	b.item(j, lineHanded).text = uint32(len(b.handed))
	b.handed = append(b.handed, h)
}

// makeRoom begins another piece of the backlog: a new one, or the oldest, whose journals are handed over.
func (x *journals) makeRoom(b *lineBatch) {
	w := &x.backlog
	if w.few() || w.mayGrow() && x.waiting(w.oldest()) > w.room/backlogWorth {
		w.grow()
		return
	}
	old := w.oldest()
	w.begin(old)
	p := &w.pieces[old]
	for _, id := range p.firsts {
		if j := &x.list[id]; x.begins(j, old) {
			x.handOver(b, j)
		}
	}
	p.firsts = p.firsts[:0]
}

// waiting counts segments that wait in journals which begin in a piece of the backlog, until it is clear that they
// are enough for a new piece.
func (x *journals) waiting(piece int) (n int) {
	w := &x.backlog
	for _, id := range w.pieces[piece].firsts {
		if j := &x.list[id]; x.begins(j, piece) {
			if n += int(j.n); n > w.room/backlogWorth {
				break
			}
		}
	}
	return n
}

// begins reports whether segments wait in j, the oldest in a piece of the backlog.
func (x *journals) begins(j *journal, piece int) bool {
	return j.n > 0 && x.backlog.pieceOf(j.first) == piece
}

// recall hands over the journal of l's connection, and forgets it if the connection has not been reset.
func (x *journals) recall(b *lineBatch, l *Ordinary) {
	if id := x.find(l); id != 0 {
		j := &x.list[id]
		x.handOver(b, j)
		if j.bits&journalFallen == 0 {
			x.release(id)
		}
	}
}

// pass takes the ordinary segment l, which goes to the table, of the connection whose journal is id, 0: none.
func (x *journals) pass(b *lineBatch, id uint32, l *Ordinary) {
	usable := l.Flags&uint8(flows.ACK) != 0
	if id == 0 {
		if !usable || l.Flags&uint8(flows.FIN) != 0 {
			return
		}
		if id = x.take(l, false); id == 0 {
			return
		}
	}
	j := &x.list[id]
	if j.bits&journalFallen != 0 {
		return
	}
	if x.handOver(b, j); !usable {
		x.release(id)
		return
	}
	from := l.bits & ordinaryFromHi
	heard := journalHeard0 << from
	a, p := &j.ends[from], &j.ends[from^1]
	inOrder := l.SEQ == a.nxt && j.bits&heard != 0
	end := l.SEQ.Add(uint32(l.DataLen)) + flows.Seq(l.Flags&uint8(flows.FIN))
	if j.bits&heard == 0 {
		a.nxt, a.una = end, l.SEQ
	}
	if a.nxt.Less(l.SEQ) {
		j.bits &^= journalClean // octets before it are missing
	}
	if a.nxt.Less(end) {
		a.nxt = end
	}
	if j.bits&journalSYNACK == journalSYNACK0<<(from^1) {
		// The first answer to a SYN-ACK must be just that.
		if j.bits &^= journalSYNACK; !inOrder || l.ACK != p.nxt {
			j.bits &^= journalClean
		}
	}
	switch {
	case j.bits&(heard^journalHeard) == 0, p.nxt.Less(l.ACK):
		if j.bits&(heard^journalHeard) != 0 {
			j.bits &^= journalClean // it acknowledges what was not captured
		}
		p.nxt, p.una = l.ACK, l.ACK
	case p.una.Less(l.ACK):
		p.una = l.ACK
	}
	a.origin, a.ttl = l.origin, l.TTL
	j.bits |= heard | journalUsed
	j.bits &^= journalOpen
	if l.Flags&uint8(flows.FIN) != 0 {
		j.bits |= journalEnding
	}
	if inOrder && l.ACK == p.nxt && l.WND != 0 && j.bits&journalHeard == journalHeard && j.bits&(journalEnding|journalFINs|journalSYNACK) == 0 {
		j.bits |= journalOpen
	}
}

// passOther takes l, which is no segment for a journal and goes to the table, of the connection whose journal is id,
// 0: none.
func (x *journals) passOther(b *lineBatch, id uint32, l *Ordinary) {
	j := &x.list[id]
	if id != 0 {
		x.handOver(b, j)
	}
	from := l.bits & ordinaryFromHi
	switch fallen := j.bits&journalFallen != 0; {
	case flows.Flags(l.Flags)&flows.RST != 0:
		if !fallen {
			x.falls++
			if id == 0 {
				if id = x.take(l, true); id == 0 {
					x.blind = max(x.falls+x.maxFalls+1, 1) // no journal says so, thus nobody may have one
					return
				}
			}
			j = &x.list[id]
			j.bits, j.since = journalFallen, x.falls
			x.fallen.Push(uint64(id)<<32 | uint64(x.falls))
			x.settle()
		}
		j.since = x.falls
	case fallen:
	case flows.Flags(l.Flags)&(flows.SYN|flows.ACK) == flows.SYN|flows.ACK && l.DataLen == 0:
		if id != 0 && j.bits&journalSYNACK == journalSYNACK0<<from && j.ends[from].nxt == l.SEQ+1 && j.ends[from^1].nxt == l.ACK {
			return // again
		}
		if id != 0 {
			x.release(id)
		}
		if id = x.take(l, true); id == 0 {
			return
		}
		j = &x.list[id]
		j.bits = journalClean | journalHeard | journalUsed | journalSYNACK0<<from
		j.ends[from] = journalEnd{nxt: l.SEQ + 1, una: l.SEQ, origin: noOrigin, ttl: l.TTL}
		j.ends[from^1] = journalEnd{nxt: l.ACK, una: l.ACK, origin: noOrigin}
	case id != 0:
		x.release(id)
	}
}

// settle forgets the journals of connections that were reset so long ago that the table has told of them.
func (x *journals) settle() {
	for x.fallen.N > 0 {
		v := x.fallen.Peek(0)
		if x.falls-uint32(v) <= x.maxFalls {
			return
		}
		x.fallen.Pop()
		id := uint32(v >> 32)
		if j := &x.list[id]; j.since != uint32(v) { // it was reset again
			x.fallen.Push(uint64(id)<<32 | uint64(j.since))
		} else {
			x.release(id)
		}
	}
}
