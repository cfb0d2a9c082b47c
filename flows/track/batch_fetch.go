//go:build !plain

package track

import (
	"unsafe"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/deferral"
	"github.com/rstexplain/rstexplain/flows/track/internal/prefetch"
	"github.com/rstexplain/rstexplain/flows/track/internal/tuple"
)

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
		case id&isSYNEntry == 0 && l.Bits&(deferral.ItemData|deferral.ItemClosed) != 0: // the front of the record says enough
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
		if id == 0 || id&isSYNEntry != 0 || l.Bits&deferral.ItemClosed != 0 {
			continue
		}
		c := t.conns.At(id)
		if l.Bits&deferral.ItemData == 0 {
			switch ring := t.lines.ring(c); {
			case ring == nil:
			case l.Bits&deferral.IsWhole != 0 && l.Flags&uint8(flows.RST) != 0: // all of it will be reported
				prefetch.Span(unsafe.Pointer(&ring[0]), len(ring)*int(unsafe.Sizeof(ring[0])))
			default:
				prefetch.Line(unsafe.Pointer(&ring[c.ringPos]))
			}
		}
		if c.application != 0 {
			prefetch.Lines3(unsafe.Pointer(t.applications.At(c.application)))
		}
	}
}

// fetchFirst fetches the record or the SYN cache entry id of l, or, where there seems to be none, its tombstone; and
// what else a SYN needs.
func (t *Table) fetchFirst(b *Batch, l *deferral.Line, id uint32) {
	if id != 0 {
		t.fetchRecord(id)
	} else if t.tombstones.sets != nil {
		tp := tuple.Tuple{Lo: l.Lo, Hi: l.Hi, PortLo: l.PortLo, PortHi: l.PortHi}
		prefetch.Lines2(unsafe.Pointer(t.tombstones.set(&tp)))
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
	t.related.fetch(src, dst, port, flows.Flags(l.Flags))
}
