package deferral

import (
	"encoding/binary"
	"unsafe"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/pages"
)

// A Deferred is a segment in a connection's queue: what the queue, and all segments after it there, do not
// say of it. Its payload lies in the units behind it.
type Deferred struct {
	kept
	before uint32 // place of the queue's segment before this one
	lo     uint32 // time since the queue's start
	hi     uint16
	Flags  uint8
	Bits   deferredBits
}

type deferredBits uint8

const (
	DeferredFromHi deferredBits = 1 << iota // as in an Line
	deferredBare                            // its payload is not here: the exchange has heard it
	DeferredTS                              // Line.Has begins here
	DeferredSACK
	DeferredLate // its time is before that of another segment before it
)

// After returns the time of d since its queue's start.
func (d *Deferred) After() flows.Time { return flows.Time(uint64(d.hi)<<32 | uint64(d.lo)) }

// A ring holds what is deferred. It is a ring of pieces. When one is full, the oldest is used again, or where too
// much of it still waits a new one is put before it: what is seldom needed would else be given to the table, and what
// few connections need stays in the processor's cache. No segment lies in two pieces.
type ring struct {
	Pieces  []piece
	current int  // number of the piece that is being filled
	used    int  // units of it
	room    int  // units that it has, 0 before the first piece
	Live    int  // segments that wait
	Limit   int  // pieces at most
	Shift   uint // base-two logarithm of a piece's units
}

// A piece of the ring.
type piece struct {
	units  []Deferred
	firsts []uint32 // queues that begin here
	next   int      // number of the piece after it in the ring
}

const (
	unitSize   = int(unsafe.Sizeof(Deferred{}))
	ringShift  = 12
	ringLeast  = 4   // pieces, before one is used again
	ringPieces = 256 // at most, 32 MiB: 700,000 small segments

	// ringWorth is the part of a piece (one in so many units) that is worth a new piece if it still waits.
	ringWorth = 16

	// ringSpare is how many units there may be for each segment that waits. It takes three at most, and a
	// queue is on average half full; but what waits for long must not make the ring grow all the time.
	ringSpare = 12
)

// A place names a unit: its number in all pieces plus one. 0 is none.

// at returns the unit at a place.
func (w *ring) at(place uint32) *Deferred {
	i := place - 1
	return &w.Pieces[i>>w.Shift].units[i&(1<<w.Shift-1)]
}

// pieceOf returns the number of the piece in which a place lies.
func (w *ring) pieceOf(place uint32) int { return int((place - 1) >> w.Shift) }

// whole returns the units of the segment at a place.
func (w *ring) whole(place uint32) []Deferred {
	i := (place - 1) & (1<<w.Shift - 1)
	units := w.Pieces[w.pieceOf(place)].units[i:]
	return units[:units[0].Units()]
}

// Units returns how many units d takes.
func (d *Deferred) Units() int {
	if d.Bits&deferredBare != 0 {
		return 1
	}
	return 1 + (int(d.Captured)+unitSize-1)/unitSize
}

// Text returns the payload of d.
func (d *Deferred) Text() []byte {
	if d.Bits&deferredBare != 0 || d.Captured == 0 {
		return nil
	}
	return d.behind()
}

// behind returns the units behind d as bytes, as many as d has of payload.
func (d *Deferred) behind() []byte {
	return unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(d), unitSize)), d.Captured)
}

// fill puts text behind d, into as many units: one or two.
func (d *Deferred) fill(text *[shortText]byte, units int) {
	copyUnit((*textUnit)(unsafe.Add(unsafe.Pointer(d), unitSize)), (*textUnit)(text[:]))
	if units > 1 {
		copyUnit((*textUnit)(unsafe.Add(unsafe.Pointer(d), 2*unitSize)), (*textUnit)(text[unitSize:]))
	}
}

// A textUnit is a unit that holds text.
type textUnit [unitSize]byte

// copyUnit copies a unit of text. For an assignment the compiler calls a function, because the two might overlap.
func copyUnit(to, from *textUnit) {
	o := binary.NativeEndian
	a, b, c, d := o.Uint64(from[:]), o.Uint64(from[8:]), o.Uint64(from[16:]), o.Uint64(from[24:])
	o.PutUint64(to[:], a)
	o.PutUint64(to[8:], b)
	o.PutUint64(to[16:], c)
	o.PutUint64(to[24:], d)
}

// few reports whether there are too few pieces to use one again.
func (w *ring) few() bool { return len(w.Pieces) < min(ringLeast, w.Limit) }

// mayGrow reports whether there may be a piece more.
func (w *ring) mayGrow() bool {
	return len(w.Pieces) < w.Limit && len(w.Pieces)<<w.Shift < ringSpare*w.Live
}

// oldest returns the number of the piece that comes after the one that is being filled.
func (w *ring) oldest() int { return w.Pieces[w.current].next }

// grow puts a new piece after the one that was filled, and begins it.
func (w *ring) grow() {
	n := len(w.Pieces)
	w.Pieces = append(w.Pieces, piece{units: pages.Make[Deferred](1 << w.Shift)})
	if n > 0 {
		last := &w.Pieces[w.current]
		w.Pieces[n].next, last.next = last.next, n
	}
	w.begin(n)
}

// begin begins to fill the piece number n.
func (w *ring) begin(n int) {
	w.current, w.used, w.room = n, 0, 1<<w.Shift
}

// next takes n units, for which there is room, and returns the first, with its place. It holds old values.
func (w *ring) next(n int) (at uint32, d *Deferred) {
	at = uint32(w.current<<w.Shift+w.used) + 1
	d = &w.Pieces[w.current].units[w.used]
	w.used += n
	return at, d
}

// first notes that the queue id begins in the piece that is being filled.
func (w *ring) first(id uint32) {
	p := &w.Pieces[w.current]
	p.firsts = append(p.firsts, id)
}

func (w *ring) memory() int64 {
	return int64(len(w.Pieces)) * int64(unitSize) << w.Shift
}
