package track

import (
	"unsafe"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/prefetch"
	"github.com/rstexplain/rstexplain/flows/track/internal/tuple"
)

// The records of many connections do not stay in the processor's caches. So what the next segments need is asked
// of the memory some segments ahead (prefetch_amd64.s), and has arrived when it is needed. Nothing here changes
// the result.

// fetchRecord fetches the record or the SYN cache entry id.
func (t *Table) fetchRecord(id uint32) {
	switch {
	case id&isSYNEntry != 0:
		prefetch.Lines2(unsafe.Pointer(t.synEntries.At(id &^ isSYNEntry)))
	case id != 0:
		prefetch.Lines4(unsafe.Pointer(t.conns.At(id)))
	}
}

// fetchTombstone fetches what is touched when the record id is forgotten.
func (t *Table) fetchTombstone(id uint32) {
	c := t.conns.At(id)
	if c.marks&gone != 0 || t.tombstones.sets == nil {
		return
	}
	var tp tuple.Tuple
	t.tupleOf(&tp, c)
	t.fetchPlaces(&tp)
}

// fetchSYNEntry fetches what is touched when the SYN cache entry id is forgotten, which comes soon.
func (t *Table) fetchSYNEntry(id uint32) {
	if !t.synEntries.Has(id) || t.tombstones.sets == nil {
		return
	}
	var tp tuple.Tuple
	tupleOfSYNEntry(&tp, t.synEntries.At(id), t.seed)
	t.fetchPlaces(&tp)
}

// fetchPlaces fetches where tp is found, and where its tombstone will be.
func (t *Table) fetchPlaces(tp *tuple.Tuple) {
	prefetch.Line(unsafe.Pointer(t.index.Slot(tp.Hash())))
	prefetch.Lines2(unsafe.Pointer(t.tombstones.set(tp)))
}

// fetch fetches what the SYN or SYN-ACK touches that comes from a host and port; src and dst are hashes of the
// addresses.
func (a *related) fetch(src, dst uint64, port uint16, flags flows.Flags) {
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
