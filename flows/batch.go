package flows

import "unsafe"

// batchAhead is the distance, in segments, at which AddBatch fetches what the next ones need: far enough
// that it has arrived, near enough that it is still in the cache.
const batchAhead = 8

// fetchAbove is the number of records above which they do not stay in the processor's caches, so that
// fetching ahead pays.
const fetchAbove = 1 << 9

// shortMessage is more than the octets of most segments that begin and end a message.
const shortMessage = 512

// AddBatch takes segments in the order of the capture, as Add does one at a time. It is faster where many
// connections are open and the segments are prepared: what the next ones need is fetched from memory
// while the present one is worked on.
func (t *Table) AddBatch(segs []Segment) {
	if t.conns.live < t.fetchAbove || len(t.index.slots) == 0 {
		for i := range segs {
			t.Add(&segs[i])
		}
		return
	}
	var ids [batchAhead]uint32 // records of the segments that come next, as far as the index tells
	for i := range segs {
		if k := i + 4*batchAhead; k < len(segs) {
			prefetch4(unsafe.Pointer(&segs[k]))
		}
		if k := i + 3*batchAhead; k < len(segs) {
			prefetch(unsafe.Pointer(t.index.slot(segs[k].tuple.hash())))
		}
		if k := i + batchAhead; k < len(segs) {
			t.fetchRest(ids[k%batchAhead])
		}
		if k := i + 2*batchAhead; k < len(segs) {
			ids[k%batchAhead] = t.fetchFirst(&segs[k])
		}
		t.Add(&segs[i])
	}
}

// slot returns the slot where the search for hash begins: most often the right one.
func (x *index) slot(hash uint32) *uint64 { return &x.slots[hash&x.mask] }

// fetchFirst fetches the record of s, or, where there seems to be none, the grave. It returns the record.
func (t *Table) fetchFirst(s *Segment) (id uint32) {
	hash := s.tuple.hash()
	if slot := *t.index.slot(hash); uint32(slot>>32) == hash {
		id = uint32(slot)
		t.fetchRecord(id)
	} else if t.graves.sets != nil {
		prefetch2(unsafe.Pointer(t.graves.set(&s.tuple)))
	}
	if s.Flags&SYN != 0 {
		t.around.fetch(s)
	}
	if uint(len(s.Payload)-1) < shortMessage { // longer ones lie within a message as a rule, and are not read
		prefetch(unsafe.Pointer(unsafe.SliceData(s.Payload)))
	}
	return id
}

// fetchRest fetches what hangs on the record id.
func (t *Table) fetchRest(id uint32) {
	if id == 0 {
		return
	}
	c := t.conns.at(id)
	if ring := t.lines.ring(c); ring != nil {
		prefetch(unsafe.Pointer(&ring[c.ringPos]))
	}
	if c.talk != 0 {
		prefetch4(unsafe.Pointer(t.talks.at(c.talk)))
	}
}

// fetchRecord fetches the record id.
func (t *Table) fetchRecord(id uint32) { prefetch4(unsafe.Pointer(t.conns.at(id))) }

// fetchGrave fetches what is touched when the record id is forgotten.
func (t *Table) fetchGrave(id uint32) {
	c := t.conns.at(id)
	if c.marks&gone != 0 || t.graves.sets == nil {
		return
	}
	tp := t.tupleOfRecord(c)
	prefetch(unsafe.Pointer(t.index.slot(tp.hash())))
	prefetch2(unsafe.Pointer(t.graves.set(&tp)))
}

// fetch fetches what the SYN or SYN-ACK s touches.
func (a *around) fetch(s *Segment) {
	a.hosts.fetch(hashIP(&s.Src.IP, publicSeed))
	if s.Flags&ACK != 0 {
		a.services.fetch(hashAddr(&s.Src, publicSeed))
	}
}

// fetch fetches the set of place.
func (x *cache[T]) fetch(place uint64) {
	if x.sets != nil {
		prefetch4(unsafe.Pointer(x.set(uint32(place))))
	}
}
