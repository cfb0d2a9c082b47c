package track

import (
	"unsafe"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/deferral"
	"github.com/rstexplain/rstexplain/flows/track/internal/prefetch"
	"github.com/rstexplain/rstexplain/flows/track/internal/slab"
	"github.com/rstexplain/rstexplain/flows/track/internal/tuple"
)

// The records of many connections do not stay in the processor's caches. So what the next segments need is asked
// of the memory some segments ahead (prefetch_amd64.s), and has arrived when it is needed. Nothing here changes
// what is told.

// foresee finds the records that lines of b probably belong to, 0 where there is none, and has fetched from
// memory what they need.
func (t *Table) foresee(b *Batch, lines []deferral.Line, ids *[deferral.Together]uint32) {
	for k := range lines {
		l := &lines[k]
		id := t.index.Probably(l.Hash)
		ids[k] = id
		switch {
		case l.Bits&deferral.IsItem == 0 && (l.Bits&deferral.IsWhole != 0 || l.Flags&uint8(flows.SYN) != 0):
			t.fetchFirst(b, l, id)
		case id == 0:
		case id&embryonic == 0 && l.Bits&(deferral.ItemData|deferral.ItemClosed) != 0: // the front of the record says enough
			prefetch.Line(unsafe.Pointer(t.conns.At(id)))
		default:
			t.fetchRecord(id)
		}
	}
}

// fetchSlots fetches the slots of the index where the search for lines begins, if it is a large index.
func (t *Table) fetchSlots(lines []deferral.Line) {
	if len(t.index.Slots) > tuple.SparseBelow {
		deferral.FetchSlots(&t.index, lines)
	}
}

// fetchRest fetches what hangs on the records of lines, as far as they need it.
func (t *Table) fetchRest(lines []deferral.Line, ids *[deferral.Together]uint32) {
	for k := range lines {
		l, id := &lines[k], ids[k]
		if id == 0 || id&embryonic != 0 || l.Bits&deferral.ItemClosed != 0 {
			continue
		}
		c := t.conns.At(id)
		if l.Bits&deferral.ItemData == 0 {
			switch ring := t.lines.ring(c); {
			case ring == nil:
			case l.Bits&deferral.IsWhole != 0 && l.Flags&uint8(flows.RST) != 0: // all of it will be told
				prefetch.Span(unsafe.Pointer(&ring[0]), len(ring)*int(unsafe.Sizeof(ring[0])))
			default:
				prefetch.Line(unsafe.Pointer(&ring[c.ringPos]))
			}
		}
		if c.talk != 0 {
			prefetch.Lines3(unsafe.Pointer(t.talks.At(c.talk)))
		}
	}
}

// fetchFirst fetches the record or the embryo id of l, or, where there seems to be none, its grave; and what else
// a SYN needs.
func (t *Table) fetchFirst(b *Batch, l *deferral.Line, id uint32) {
	if id != 0 {
		t.fetchRecord(id)
	} else if t.graves.sets != nil {
		tp := tuple.Tuple{Lo: l.Lo, Hi: l.Hi, PortLo: l.PortLo, PortHi: l.PortHi}
		prefetch.Lines2(unsafe.Pointer(t.graves.set(&tp)))
	}
	if l.Flags&uint8(flows.SYN) == 0 {
		return
	}
	var src, dst uint64
	if l.Bits&deferral.IsWhole != 0 {
		s := &b.lines.Whole[l.Text]
		src, dst = tuple.HashIP(&s.Src.IP, tuple.PublicSeed), tuple.HashIP(&s.Dst.IP, tuple.PublicSeed)
	} else {
		src, dst = b.lines.Addresses.Hash(l.Lo, tuple.PublicSeed), b.lines.Addresses.Hash(l.Hi, tuple.PublicSeed)
		if l.Bits&deferral.FromHi != 0 {
			src, dst = dst, src
		}
	}
	port := l.PortLo
	if l.Bits&deferral.FromHi != 0 {
		port = l.PortHi
	}
	t.around.fetch(src, dst, port, flows.Flags(l.Flags))
}

// fetchRecord fetches the record or the embryo id.
func (t *Table) fetchRecord(id uint32) {
	switch {
	case id&embryonic != 0:
		prefetch.Lines2(unsafe.Pointer(t.embryos.At(id &^ embryonic)))
	case id != 0:
		prefetch.Lines4(unsafe.Pointer(t.conns.At(id)))
	}
}

// fetchGrave fetches what is touched when the record id is forgotten.
func (t *Table) fetchGrave(id uint32) {
	c := t.conns.At(id)
	if c.marks&gone != 0 || t.graves.sets == nil {
		return
	}
	var tp tuple.Tuple
	t.tupleOf(&tp, c)
	t.fetchPlaces(&tp)
}

// fetchEmbryo fetches what is touched when the embryo id is forgotten, which comes soon.
func (t *Table) fetchEmbryo(id uint32) {
	if id >= t.embryos.Top || t.embryos.Pieces[id>>slab.PieceBits] == nil || t.graves.sets == nil {
		return
	}
	var tp tuple.Tuple
	tupleOfEmbryo(&tp, t.embryos.At(id), t.seed)
	t.fetchPlaces(&tp)
}

// fetchPlaces fetches where tp is found, and where its grave will be.
func (t *Table) fetchPlaces(tp *tuple.Tuple) {
	prefetch.Line(unsafe.Pointer(t.index.Slot(tp.Hash())))
	prefetch.Lines2(unsafe.Pointer(t.graves.set(tp)))
}

// fetch fetches what the SYN or SYN-ACK touches that comes from a host and port; src and dst are hashes of the
// addresses.
func (a *around) fetch(src, dst uint64, port uint16, flags flows.Flags) {
	a.hosts.fetch(src)
	if flags&flows.ACK != 0 {
		a.services.fetch(tuple.Mix(src, uint64(port), tuple.PublicSeed))
		a.pairs.fetch(pairPlace(src, dst))
	}
}

// fetch fetches the set of place.
func (x *cache[T]) fetch(place uint64) {
	if x.sets != nil {
		prefetch.Lines4(unsafe.Pointer(x.set(uint32(place))))
	}
}

// fetchReset fetches a Reset that is to be handed out soon: it has waited for long.
func fetchReset(r *flows.Reset) {
	prefetch.Span(unsafe.Pointer(r), int(unsafe.Sizeof(*r)))
	prefetch.Span(unsafe.Pointer(r.Conn), int(unsafe.Sizeof(*r.Conn)))
}
