package flows

import "unsafe"

// A deferred is a segment in a connection's journal: what the record, with all before it followed, does not
// say of it. Its payload lies in the units behind it.
type deferred struct {
	before   uint32 // place of the journal's segment before this one; of the first, the record
	frame    uint32
	lo       uint32 // time since the record's start
	ack      Seq
	tsval    uint32
	hi       uint16
	wnd      uint16
	ipid     uint16
	dataLen  uint16
	captured uint16 // octets of payload that were captured
	flags    uint8
	bits     deferredBits
}

type deferredBits uint8

const (
	deferredFromHi deferredBits = 1 << iota // as in an Ordinary
	deferredTS
	deferredSACK
	deferredFirst // of its journal
	deferredBare  // its payload is not here: the exchange has heard it, or does not look at it
	deferredGap   // no segment: nothing follows in this piece
)

// A backlog holds what is deferred, in a ring of units that is made of pieces, so that little is allocated
// for a small capture. No segment lies in two pieces.
type backlog struct {
	pieces [][]deferred
	head   int // units entered so far
	tail   int // units passed so far: the oldest segment is here
	size   int // units of the ring, a multiple of backlogPiece
}

const (
	backlogUnit  = int(unsafe.Sizeof(deferred{}))
	backlogPiece = 1 << 12
	backlogUnits = 112 * backlogPiece // 14 MiB: 300,000 small segments
)

// at returns the unit at a place, which is its number in the ring plus one.
func (w *backlog) at(place uint32) *deferred {
	i := place - 1
	return &w.pieces[i/backlogPiece][i%backlogPiece]
}

// place returns the place of unit i.
func (w *backlog) place(i int) uint32 { return uint32(i%w.size) + 1 }

// units returns how many d takes.
func (d *deferred) units() int { return unitsOf(d.bits, d.captured) }

// unitsOf is units by the fields that matter.
func unitsOf(bits deferredBits, captured uint16) int {
	if bits&deferredBare != 0 {
		return 1
	}
	return 1 + (int(captured)+backlogUnit-1)/backlogUnit
}

// text returns the payload of the segment at a place.
func (w *backlog) text(place uint32) []byte {
	d := w.at(place)
	if d.bits&deferredBare != 0 || d.captured == 0 {
		return nil
	}
	return w.textAt(place, int(d.captured))
}

// textAt returns the n octets behind the unit at a place.
func (w *backlog) textAt(place uint32, n int) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(w.at(place+1))), n)
}

// makeBacklogRoom makes room for n units at the head of the backlog. For that it passes the oldest segments; a
// journal that begins with one is followed.
func (t *Table) makeBacklogRoom(n int) {
	w := &t.backlog
	need, left := n, backlogPiece-w.head%backlogPiece
	if left < n {
		need += left
	}
	for w.head+need-w.tail > w.size {
		t.passOldest()
	}
	if len(w.pieces) == 0 || left < n || left == backlogPiece {
		if left < n {
			w.at(w.place(w.head)).bits = deferredGap
			w.head += left
		}
		if int(w.place(w.head)-1)/backlogPiece == len(w.pieces) {
			w.pieces = append(w.pieces, make([]deferred, backlogPiece))
		}
	}
}

// passOldest gives up the oldest segment of the backlog.
func (t *Table) passOldest() {
	w := &t.backlog
	at := w.place(w.tail)
	d := w.at(at)
	if d.bits&deferredGap != 0 {
		w.tail += backlogPiece - w.tail%backlogPiece
		return
	}
	w.tail += d.units()
	if d.bits&deferredFirst != 0 {
		if j := t.journaled(d.before); j != nil && j.first == at {
			t.follow(d.before)
		}
	}
}

// next returns where the next segment goes, for which there is room, and its place. It holds old values.
func (w *backlog) next() (at uint32, d *deferred) {
	at = w.place(w.head)
	return at, w.at(at)
}

// enterText writes the payload of the segment at a place.
func (w *backlog) enterText(at uint32, payload []byte) {
	if len(payload) > 0 {
		copy(w.textAt(at, len(payload)), payload)
	}
}

func (w *backlog) memory() int64 { return int64(len(w.pieces)) * backlogPiece * int64(backlogUnit) }
