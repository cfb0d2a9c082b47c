package track

import (
	"encoding/binary"
	"unsafe"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/pages"
)

// A deferred is a segment in a connection's journal: what the journal, and all segments after it there, do not
// say of it. Its payload lies in the units behind it.
type deferred struct {
	kept
	before uint32 // place of the journal's segment before this one
	lo     uint32 // time since the journal's start
	hi     uint16
	flags  uint8
	bits   deferredBits
}

type deferredBits uint8

const (
	deferredFromHi deferredBits = 1 << iota // as in an Ordinary
	deferredBare                            // its payload is not here: the exchange has heard it
	deferredTS                              // Ordinary.Has begins here
	deferredSACK
	deferredLate // its time is before that of another segment before it
)

// after returns the time of d since its journal's start.
func (d *deferred) after() flows.Time { return flows.Time(uint64(d.hi)<<32 | uint64(d.lo)) }

// A backlog holds what is deferred. It is a ring of pieces. When one is full, the oldest is used again, or where too
// much of it still waits a new one is put before it: what is seldom needed would else be handed over, and what few
// connections need stays in the processor's cache. No segment lies in two pieces.
type backlog struct {
	pieces  []piece
	current int  // number of the piece that is being filled
	used    int  // units of it
	room    int  // units that it has, 0 before the first piece
	live    int  // segments that wait
	limit   int  // pieces at most
	shift   uint // base-two logarithm of a piece's units
}

// A piece of the backlog.
type piece struct {
	units  []deferred
	firsts []uint32 // journals that begin here
	next   int      // number of the piece after it in the ring
}

const (
	backlogUnit   = int(unsafe.Sizeof(deferred{}))
	backlogShift  = 12
	backlogLeast  = 4   // pieces, before one is used again
	backlogPieces = 256 // at most, 32 MiB: 700,000 small segments

	// backlogWorth is the part of a piece (one in so many units) that is worth a new piece if it still waits.
	backlogWorth = 16

	// backlogSpare is how many units there may be for each segment that waits. It takes three at most, and a
	// journal is on average half full; but what waits for long must not make the ring grow all the time.
	backlogSpare = 12
)

// A place names a unit: its number in all pieces plus one. 0 is none.

// at returns the unit at a place.
func (w *backlog) at(place uint32) *deferred {
	i := place - 1
	return &w.pieces[i>>w.shift].units[i&(1<<w.shift-1)]
}

// pieceOf returns the number of the piece in which a place lies.
func (w *backlog) pieceOf(place uint32) int { return int((place - 1) >> w.shift) }

// whole returns the units of the segment at a place.
func (w *backlog) whole(place uint32) []deferred {
	i := (place - 1) & (1<<w.shift - 1)
	units := w.pieces[w.pieceOf(place)].units[i:]
	return units[:units[0].units()]
}

// units returns how many units d takes.
func (d *deferred) units() int {
	if d.bits&deferredBare != 0 {
		return 1
	}
	return 1 + (int(d.captured)+backlogUnit-1)/backlogUnit
}

// text returns the payload of d.
func (d *deferred) text() []byte {
	if d.bits&deferredBare != 0 || d.captured == 0 {
		return nil
	}
	return d.behind()
}

// behind returns the units behind d as octets, as many as d has of payload.
func (d *deferred) behind() []byte {
	return unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(d), backlogUnit)), d.captured)
}

// fill puts text behind d, into as many units: one or two.
func (d *deferred) fill(text *[shortText]byte, units int) {
	copyUnit((*textUnit)(unsafe.Add(unsafe.Pointer(d), backlogUnit)), (*textUnit)(text[:]))
	if units > 1 {
		copyUnit((*textUnit)(unsafe.Add(unsafe.Pointer(d), 2*backlogUnit)), (*textUnit)(text[backlogUnit:]))
	}
}

// A textUnit is a unit that holds text.
type textUnit [backlogUnit]byte

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
func (w *backlog) few() bool { return len(w.pieces) < min(backlogLeast, w.limit) }

// mayGrow reports whether there may be a piece more.
func (w *backlog) mayGrow() bool {
	return len(w.pieces) < w.limit && len(w.pieces)<<w.shift < backlogSpare*w.live
}

// oldest returns the number of the piece that comes after the one that is being filled.
func (w *backlog) oldest() int { return w.pieces[w.current].next }

// grow puts a new piece after the one that was filled, and begins it.
func (w *backlog) grow() {
	n := len(w.pieces)
	w.pieces = append(w.pieces, piece{units: pages.Make[deferred](1 << w.shift)})
	if n > 0 {
		last := &w.pieces[w.current]
		w.pieces[n].next, last.next = last.next, n
	}
	w.begin(n)
}

// begin begins to fill the piece number n.
func (w *backlog) begin(n int) {
	w.current, w.used, w.room = n, 0, 1<<w.shift
}

// next takes n units, for which there is room, and returns the first, with its place. It holds old values.
func (w *backlog) next(n int) (at uint32, d *deferred) {
	at = uint32(w.current<<w.shift+w.used) + 1
	d = &w.pieces[w.current].units[w.used]
	w.used += n
	return at, d
}

// first notes that the journal id begins in the piece that is being filled.
func (w *backlog) first(id uint32) {
	p := &w.pieces[w.current]
	p.firsts = append(p.firsts, id)
}

func (w *backlog) memory() int64 {
	return int64(len(w.pieces)) * int64(backlogUnit) << w.shift
}
