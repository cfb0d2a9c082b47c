package deferral

import (
	"encoding/binary"
	"unsafe"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/slab"
	"github.com/rstexplain/rstexplain/flows/track/internal/tuple"
)

// Few connections of a capture are reset, and only of those is anything reported. So segments in good order are not
// given to the table when they come: they wait in a queue of their connection, which costs one cache line for the
// connection and half of one for the segment. The table gets them, in order and as if they came now, once something
// asks for the connection: a segment that is not in good order, a RST, the bound of the queue. Of most connections
// nothing ever does, and they are dropped when they have been closed for long enough.
//
// Never deferred is what other connections depend on: SYNs, the first segment of a side, another TTL, RSTs. Nor is the
// text of long segments, which is not copied: the exchange gets it at once, after all that waits before it.

// Queues are those of one table. They are for the goroutine that defers its batches.
type Queues struct {
	index tuple.Index
	List  []queue // by number; 0 is none
	free  []uint32
	limit int    // how many there may be
	hand  uint32 // where the search for one that is not in use begins
	Ring  ring
	clock flows.Time // latest time of all segments

	closed    slab.Queue // connections that are over, oldest first: number and queue.since
	closings  uint32
	maxClosed int        // TableOptions.MaxClosed
	reset     slab.Queue // connections that were reset, in the same way
	resets    uint32
	lookahead uint32         // TableOptions.Lookahead
	sessions  [1 << 4]uint64 // hashes of the pairs of hosts between which FTP data connections were announced, as a bitmap
	hasFTP    bool           // it has any
	blind     uint32         // until there have been so many resets, no queue is begun; 0: now
}

// A queue is what must be known of a connection to tell whether its next segment is in order. Ends are those of
// the tuple, the lower one first.
type queue struct {
	start          flows.Time // what it begins with
	lo, hi         uint32     // the tuple
	portLo, portHi uint16
	ends           [2]queueEnd
	first, last    uint32 // places in the ring of the oldest and the newest segment
	hash           uint32 // of the tuple
	since          uint32 // count of closings or resets when the connection was closed or reset
	bits           queueBits
	N              uint8 // segments
	unread         uint8 // of the newest, those that the exchange has not heard
}

// A queueEnd is what a queue knows of one end.
type queueEnd struct {
	nxt, una flows.Seq // SND.NXT and SND.UNA, with all segments
	origin   uint16    // of its last segment; noOrigin until its first ordinary one
	ttl      uint8
}

const NoOrigin = 1<<16 - 1

// A queue, and what goes into it, is looked at for nearly every packet: they are made for cache lines.
var (
	_ [64]byte = [unsafe.Sizeof(queue{})]byte{}
	_ [64]byte = [unsafe.Sizeof(Line{})]byte{}
	_ [32]byte = [unsafe.Sizeof(Deferred{})]byte{}
)

type queueBits uint16

const (
	queueOpen   queueBits = 1 << iota // segments may go into it
	queueHeard0                       // the lower end has been heard, one bit higher the other
	queueHeard1
	queueFIN0 // the lower end's FIN is in it
	queueFIN1
	queueClosed0 // it was acknowledged
	queueClosed1
	queueClean   // in good order since the SYN-ACK, as far as was captured: nothing waits for missing bytes
	queueSYNACK0 // of its connection the lower end's SYN-ACK has been seen, and no answer
	queueSYNACK1
	queueEnding // a FIN has gone by that is not in it: it stays closed
	queueReset  // reset: the table watches what comes after, and the queue stays closed
	queueUsed   // since the hand came by
	queueUnread // some of the unread ones have data
	queueDirect // of FTP: other connections depend on what is said here, so nothing waits

	queueHeard  = queueHeard0 | queueHeard1
	queueFINs   = queueFIN0 | queueFIN1
	queueClosed = queueClosed0 | queueClosed1
	queueSYNACK = queueSYNACK0 | queueSYNACK1
)

const (
	// maxQueue is how many segments of a connection wait at most: what follows them has the connection in its
	// cache.
	maxQueue = 64

	// maxQueues is how many connections have a queue at most. Where far more are open, a connection's
	// segments are too far from each other for the ring.
	maxQueues = 1 << 15
)

// setUp makes the queues of a table with the options o.
func (x *Queues) setUp(o *Options) {
	x.limit = min(maxQueues, o.Connections)
	x.maxClosed, x.lookahead = o.MaxClosed, uint32(min(o.Lookahead, 1<<30))
	const pieceOctets = int64(unitSize) << ringShift
	x.Ring.Limit, x.Ring.Shift = max(min(ringPieces, int(o.Memory/pieceOctets)), 4), ringShift
	x.List = make([]queue, 1)
	x.index.Grow()
}

// wait takes l, of b, of the connection whose queue probably is id, and reports whether it waits in the queue. If
// not, it goes to the table, after all of its connection that has waited.
func (x *Queues) wait(b *Batch, l *Line, id uint32, late bool) bool {
	switch whole := l.Bits&IsWhole != 0; {
	case whole && b.Whole[l.Text].Tuple.Wide:
		return false
	case whole, l.Flags&uint8(flows.SYN) != 0:
		x.passOther(b, x.find(l), l)
		return false
	}
	if id == 0 || !x.List[id].isOf(l) {
		id = x.find(l) // it may be one of those just begun
	}
	if id != 0 && x.enqueue(b, id, l, late) {
		return true
	}
	x.pass(b, id, l)
	return false
}

// isOf reports whether j is that of l's connection.
func (j *queue) isOf(l *Line) bool {
	return j.lo == l.Lo && j.hi == l.Hi && j.portLo == l.PortLo && j.portHi == l.PortHi
}

// find returns the number of the queue of l's connection, 0 if there is none.
func (x *Queues) find(l *Line) uint32 {
	y := &x.index
	for i := l.Hash & y.Mask; ; i = (i + 1) & y.Mask {
		slot := y.Slots[i]
		if slot == 0 {
			return 0
		}
		if id := uint32(slot); uint32(slot>>32) == l.Hash && x.List[id].isOf(l) {
			return id
		}
	}
}

// take returns the number of a new queue, of l's connection; 0 if there may be no more. It takes one that is
// not in use from another connection only if it must.
func (x *Queues) take(l *Line, must bool) uint32 {
	if x.blind != 0 {
		if int32(x.resets-x.blind) < 0 {
			return 0
		}
		x.blind = 0
	}
	if len(x.free) == 0 && len(x.List) > x.limit && must {
		const tries = 4
		for range tries {
			if x.hand++; int(x.hand) >= len(x.List) {
				x.hand = 1
			}
			j := &x.List[x.hand]
			if j.N == 0 && j.bits&(queueUsed|queueReset|queueClosed) == 0 {
				x.release(x.hand)
				break
			}
			j.bits &^= queueUsed
		}
	}
	var id uint32
	if n := len(x.free); n > 0 {
		id = x.free[n-1]
		x.free = x.free[:n-1]
	} else if len(x.List) <= x.limit {
		id = uint32(len(x.List))
		x.List = append(x.List, queue{})
	} else {
		return 0
	}
	j := &x.List[id]
	j.lo, j.hi, j.portLo, j.portHi, j.hash, j.start = l.Lo, l.Hi, l.PortLo, l.PortHi, l.Hash, l.Time
	j.ends[0].origin, j.ends[1].origin = NoOrigin, NoOrigin
	x.index.Insert(l.Hash, id)
	return id
}

// release forgets the queue id.
func (x *Queues) release(id uint32) {
	j := &x.List[id]
	x.index.Remove(j.hash, id)
	x.Ring.Live -= int(j.N)
	*j = queue{}
	x.free = append(x.free, id)
}

// memory returns the bytes that the queues and what waits in them take.
func (x *Queues) memory() int64 {
	return x.Ring.memory() + x.index.Memory() + int64(cap(x.List))*int64(unsafe.Sizeof(queue{}))
}

// enqueue puts l, of b, into the queue id if it is the segment that comes next in good order: with new data, a new
// ACK, or a FIN. Else it changes nothing and returns false.
func (x *Queues) enqueue(b *Batch, id uint32, l *Line, late bool) bool {
	j := &x.List[id]
	if j.bits&queueOpen == 0 {
		return false
	}
	from := l.Bits & FromHi
	a, p := &j.ends[from], &j.ends[from^1]
	acked := uint32(l.ACK - p.una)
	fin := l.Flags & uint8(flows.FIN)
	length := uint32(l.DataLen) + uint32(fin)
	after := uint64(l.Time - j.start)
	if l.Flags&uint8(flows.ACK) == 0 || l.SEQ != a.nxt || acked > uint32(p.nxt-p.una) ||
		length|acked == 0 || l.WND == 0 || l.TTL != a.ttl || after >= 1<<47 {
		return false
	}
	long := l.Bits&isLong != 0
	units := 1
	if !long {
		if units += (int(l.Captured) + unitSize - 1) / unitSize; units > 1 && announcesData(b.text[l.Text:][:4]) {
			x.direct(j)
			return false
		}
		if units > 1 && opensSession(b.text[l.Text:][:4]) {
			return false
		}
	}
	if w := &x.Ring; w.used+units > w.room {
		x.makeRoom(b)
	}
	bits := deferredBits(from) | deferredBits(l.Has)*DeferredTS
	untold := j.unread + 1
	// Of most segments none of this is so.
	if l.origin != a.origin || late || long || j.bits&queueFINs|queueBits(fin) != 0 {
		if !j.admits(l, length, long) {
			return false
		}
		if late {
			bits |= DeferredLate
		}
		if long {
			x.passLong(b, j, l)
			bits |= deferredBare
			untold = 0
		}
	}
	at, d := x.Ring.next(units)
	d.kept = l.kept
	d.before, d.lo, d.hi = j.last, uint32(after), uint16(after>>32)
	d.Flags, d.Bits = l.Flags, bits
	if units > 1 {
		d.fill((*[shortText]byte)(b.text[l.Text:][:shortText]), units-1)
	}
	if j.N == 0 {
		j.first = at
		x.Ring.first(id)
	}
	j.last = at
	j.N++
	x.Ring.Live++
	j.unread = untold
	j.bits |= queueUsed
	if l.DataLen > 0 && !long {
		j.bits |= queueUnread
	}
	a.nxt += flows.Seq(length)
	p.una = l.ACK
	if j.bits&queueFINs != 0 && acked != 0 {
		x.finAcked(b, id, j, from^1)
	}
	if j.N == maxQueue {
		x.flush(b, j)
	}
	return true
}

// announcesData reports whether a payload begins as the lines of FTP do that other connections depend on: a data
// connection, which is about to begin. Behind each payload, more bytes can be read than it has.
func announcesData(text []byte) bool {
	switch binary.LittleEndian.Uint32(text) | 0x20202020 {
	case 'p' | 'a'<<8 | 's'<<16 | 'v'<<24, 'e' | 'p'<<8 | 's'<<16 | 'v'<<24, 'p' | 'o'<<8 | 'r'<<16 | 't'<<24,
		'e' | 'p'<<8 | 'r'<<16 | 't'<<24, '2' | '2'<<8 | '7'<<16 | ' '<<24, '2' | '2'<<8 | '9'<<16 | ' '<<24:
		return true
	}
	return false
}

// opensSession reports whether a payload begins as a CONNECT of MQTT, on which other connections depend: its type, its
// length, and the length of the protocol's name.
func opensSession(text []byte) bool {
	return text[0] == 0x10 && (text[2] == 0 && (text[3] == 4 || text[3] == 6) || text[1]&0x80 != 0 && text[3] == 0)
}

// direct makes the connection of j one of which nothing waits, and those that begin between the same hosts from now on.
func (x *Queues) direct(j *queue) {
	j.bits |= queueDirect
	x.hasFTP = true
	at := tuple.Mix(uint64(j.lo), uint64(j.hi), tuple.PublicSeed)
	x.sessions[at>>6&15] |= 1 << (at & 63)
}

// isDirect returns queueDirect where nothing of a connection between the hosts of l is to wait, else 0.
func (x *Queues) isDirect(l *Line) queueBits {
	if !x.hasFTP {
		return 0
	}
	at := tuple.Mix(uint64(l.Lo), uint64(l.Hi), tuple.PublicSeed)
	if x.sessions[at>>6&15]>>(at&63)&1 == 0 {
		return 0
	}
	return queueDirect
}

// admits reports whether l, which comes next in good order and takes length of sequence space, may go into the
// queue as far as that does not show in most segments; and notes what else it shows.
func (j *queue) admits(l *Line, length uint32, long bool) bool {
	from := l.Bits & FromHi
	a := &j.ends[from]
	fin := queueBits(l.Flags & uint8(flows.FIN))
	if (fin != 0 || long) && j.bits&queueClean == 0 {
		return false // what was missing before it may have to be fed first
	}
	if j.bits&queueFINs|fin != 0 && (length != 0 && j.bits&(queueFIN0<<from) != 0 || long) {
		return false // after its FIN a side only acknowledges; and a FIN ends what the exchange hears in its turn
	}
	if l.origin != a.origin && a.origin != NoOrigin {
		return false
	}
	a.origin = l.origin
	j.bits |= fin * queueFIN0 << from
	return true
}

// finAcked takes an ACK of what an end has sent, perhaps its FIN. When both FINs are acknowledged, the connection is
// over; when enough others are, the table has forgotten it.
func (x *Queues) finAcked(b *Batch, id uint32, j *queue, end Bits) {
	e := &j.ends[end]
	if j.bits&(queueFIN0<<end) == 0 || e.una != e.nxt || j.bits&queueClosed == queueClosed {
		return
	}
	if j.bits |= queueClosed0 << end; j.bits&queueClosed != queueClosed {
		return
	}
	b.item(j, ItemClosed)
	x.closings++
	j.since = x.closings
	x.closed.Push(uint64(id)<<32 | uint64(j.since))
	for x.closed.N > x.maxClosed {
		x.fetchClosed()
		v := x.closed.Pop()
		if j := &x.List[v>>32]; j.bits&queueClosed == queueClosed && j.since == uint32(v) {
			x.release(uint32(v >> 32))
		}
	}
}

// places lists the places of the newest n segments in the queue j, oldest first.
func (x *Queues) places(j *queue, n uint8, list *[maxQueue]uint32) []uint32 {
	at := j.last
	for k := int(n) - 1; k >= 0; k-- {
		list[k] = at
		at = x.Ring.at(at).before
	}
	return list[:n]
}

// passLong has the exchange hear the text of l, which does not stay, and before it what it has not heard of the
// queue j.
func (x *Queues) passLong(b *Batch, j *queue, l *Line) {
	if j.bits&queueUnread != 0 {
		var list [maxQueue]uint32
		for _, at := range x.places(j, j.unread, &list) {
			if d := x.Ring.at(at); d.DataLen > 0 {
				said := b.item(j, ItemData)
				said.kept, said.Time = d.kept, j.start+d.After()
				said.Bits |= Bits(d.Bits) & FromHi
				b.setText(said, d.Text())
			}
		}
		j.bits &^= queueUnread
	}
	said := b.item(j, ItemData)
	said.kept, said.Time = l.kept, l.Time
	said.Bits |= l.Bits & (FromHi | isLong)
	said.Text = l.Text
}

// flush gives the table what is in the queue j.
func (x *Queues) flush(b *Batch, j *queue) {
	if j.N == 0 {
		return
	}
	h := Run{Start: j.start, First: uint32(len(b.Units)), N: j.N, Read: j.N - j.unread}
	for i, e := range j.ends {
		h.Nxt[i], h.Origin[i], h.TTL[i] = e.nxt, e.origin, e.ttl
	}
	var list [maxQueue]uint32
	for _, at := range x.places(j, j.N, &list) {
		d := x.Ring.at(at)
		h.Nxt[d.Bits&DeferredFromHi] -= flows.Seq(d.DataLen) + flows.Seq(d.Flags&uint8(flows.FIN))
		b.Units = append(b.Units, x.Ring.whole(at)...)
	}
	x.Ring.Live -= int(j.N)
	j.N, j.unread = 0, 0
	j.bits &^= queueUnread
	b.item(j, itemRun).Text = uint32(len(b.Runs))
	b.Runs = append(b.Runs, h)
}

// makeRoom begins another piece of the ring: a new one, or the oldest, whose queues are given to the table.
func (x *Queues) makeRoom(b *Batch) {
	w := &x.Ring
	if w.few() || w.mayGrow() && x.waiting(w.oldest()) > w.room/ringWorth {
		w.grow()
		return
	}
	old := w.oldest()
	w.begin(old)
	p := &w.Pieces[old]
	for _, id := range p.firsts {
		if j := &x.List[id]; x.begins(j, old) {
			x.flush(b, j)
		}
	}
	p.firsts = p.firsts[:0]
}

// waiting counts segments that wait in queues which begin in a piece of the ring, until it is clear that they
// are enough for a new piece.
func (x *Queues) waiting(piece int) (n int) {
	w := &x.Ring
	for _, id := range w.Pieces[piece].firsts {
		if j := &x.List[id]; x.begins(j, piece) {
			if n += int(j.N); n > w.room/ringWorth {
				break
			}
		}
	}
	return n
}

// begins reports whether segments wait in j, the oldest in a piece of the ring.
func (x *Queues) begins(j *queue, piece int) bool {
	return j.N > 0 && x.Ring.pieceOf(j.first) == piece
}

// recall hands over the queue of l's connection, and forgets it if the connection has not been reset.
func (x *Queues) recall(b *Batch, l *Line) {
	if id := x.find(l); id != 0 {
		j := &x.List[id]
		x.flush(b, j)
		if j.bits&queueReset == 0 {
			x.release(id)
		}
	}
}

// pass takes the ordinary segment l, which goes to the table, of the connection whose queue is id, 0: none.
func (x *Queues) pass(b *Batch, id uint32, l *Line) {
	usable := l.Flags&uint8(flows.ACK) != 0
	if id == 0 {
		if !usable || l.Flags&uint8(flows.FIN) != 0 {
			return
		}
		if id = x.take(l, false); id == 0 {
			return
		}
		x.List[id].bits = x.isDirect(l)
	}
	j := &x.List[id]
	if j.bits&queueReset != 0 {
		return
	}
	if x.flush(b, j); !usable {
		x.release(id)
		return
	}
	from := l.Bits & FromHi
	heard := queueHeard0 << from
	a, p := &j.ends[from], &j.ends[from^1]
	inOrder := l.SEQ == a.nxt && j.bits&heard != 0
	end := l.SEQ.Add(uint32(l.DataLen)) + flows.Seq(l.Flags&uint8(flows.FIN))
	if j.bits&heard == 0 {
		a.nxt, a.una = end, l.SEQ
	}
	if a.nxt.Less(l.SEQ) {
		j.bits &^= queueClean // bytes before it are missing
	}
	if a.nxt.Less(end) {
		a.nxt = end
	}
	if j.bits&queueSYNACK == queueSYNACK0<<(from^1) {
		// The first answer to a SYN-ACK must be just that.
		if j.bits &^= queueSYNACK; !inOrder || l.ACK != p.nxt {
			j.bits &^= queueClean
		}
	}
	switch {
	case j.bits&(heard^queueHeard) == 0, p.nxt.Less(l.ACK):
		if j.bits&(heard^queueHeard) != 0 {
			j.bits &^= queueClean // it acknowledges what was not captured
		}
		p.nxt, p.una = l.ACK, l.ACK
	case p.una.Less(l.ACK):
		p.una = l.ACK
	}
	a.origin, a.ttl = l.origin, l.TTL
	j.bits |= heard | queueUsed
	j.bits &^= queueOpen
	if l.Flags&uint8(flows.FIN) != 0 {
		j.bits |= queueEnding
	}
	if inOrder && l.ACK == p.nxt && l.WND != 0 && j.bits&queueHeard == queueHeard &&
		j.bits&(queueEnding|queueFINs|queueSYNACK|queueDirect) == 0 {
		j.bits |= queueOpen
	}
}

// passOther takes l, which is no segment for a queue and goes to the table, of the connection whose queue is id,
// 0: none.
func (x *Queues) passOther(b *Batch, id uint32, l *Line) {
	j := &x.List[id]
	if id != 0 {
		x.flush(b, j)
	}
	from := l.Bits & FromHi
	switch fallen := j.bits&queueReset != 0; {
	case flows.Flags(l.Flags)&flows.RST != 0:
		if !fallen {
			x.resets++
			if id == 0 {
				if id = x.take(l, true); id == 0 {
					x.blind = max(x.resets+x.lookahead+1, 1) // no queue says so, thus none may
					return
				}
			}
			j = &x.List[id]
			j.bits, j.since = queueReset, x.resets
			x.reset.Push(uint64(id)<<32 | uint64(x.resets))
			x.settle()
		}
		j.since = x.resets
	case fallen:
	case flows.Flags(l.Flags)&(flows.SYN|flows.ACK) == flows.SYN|flows.ACK && l.DataLen == 0:
		if id != 0 && j.bits&queueSYNACK == queueSYNACK0<<from && j.ends[from].nxt == l.SEQ+1 && j.ends[from^1].nxt == l.ACK {
			return // again
		}
		if id != 0 {
			x.release(id)
		}
		if id = x.take(l, true); id == 0 {
			return
		}
		j = &x.List[id]
		j.bits = queueClean | queueHeard | queueUsed | queueSYNACK0<<from | x.isDirect(l)
		j.ends[from] = queueEnd{nxt: l.SEQ + 1, una: l.SEQ, origin: NoOrigin, ttl: l.TTL}
		j.ends[from^1] = queueEnd{nxt: l.ACK, una: l.ACK, origin: NoOrigin}
	case id != 0:
		x.release(id)
	}
}

// settle forgets the queues of connections that were reset so long ago that the table has told of them.
func (x *Queues) settle() {
	for x.reset.N > 0 {
		v := x.reset.Peek(0)
		if x.resets-uint32(v) <= x.lookahead {
			return
		}
		x.reset.Pop()
		id := uint32(v >> 32)
		if j := &x.List[id]; j.since != uint32(v) { // it was reset again
			x.reset.Push(uint64(id)<<32 | uint64(j.since))
		} else {
			x.release(id)
		}
	}
}
