package flows

import (
	"sync"
	"unsafe"
)

// A Batch is a run of segments in the order of the capture, in the form that a Table takes fastest. The
// batches of a table are filled by one goroutine, which may be another than the table's own.
type Batch struct {
	lines []Ordinary
	whole []Segment // those that an Ordinary does not hold
	text  []byte    // short payloads
	long  [][]byte  // longer ones, where the caller put them
	table *Table
	known []origin // the table's origins, as far as this batch needs them
	taken int      // lines that the table has taken
}

// NewBatch returns an empty batch, to be filled and then given to AddBatch. It may be called beside the
// other methods of the table.
func (t *Table) NewBatch() *Batch {
	b := t.spare.get()
	b.table, b.known = t, t.origins.list
	return b
}

// Len returns how many segments the batch holds.
func (b *Batch) Len() int { return len(b.lines) }

// clear makes the batch empty, and lets go of what it points to.
func (b *Batch) clear() {
	clear(b.whole)
	clear(b.long)
	b.lines, b.whole, b.text, b.long, b.known, b.taken = b.lines[:0], b.whole[:0], b.text[:0], b.long[:0], nil, 0
}

// spare holds the batches that are not in use.
type spare struct {
	mu   sync.Mutex
	list []*Batch
}

func (s *spare) get() *Batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.list)
	if n == 0 {
		return &Batch{}
	}
	b := s.list[n-1]
	s.list = s.list[:n-1]
	return b
}

func (s *spare) put(b *Batch) {
	b.clear()
	s.mu.Lock()
	s.list = append(s.list, b)
	s.mu.Unlock()
}

// together is how many segments AddBatch looks up before it takes them: the processor then waits for what they
// need from memory once, and not for each.
const together = 32

// AddPart takes the segments of b, in the order of the capture and as Add does one at a time, up to number
// end, that it has not taken yet.
func (t *Table) AddPart(b *Batch, end int) {
	t.known = b.known
	lines := b.lines[b.taken:end]
	b.taken = end
	// Four groups are under way: of the last, the index is fetched, of the one before it what the index
	// names, then what hangs on that; and the first is taken.
	var ids [3][together]uint32
	cut := func() (some []Ordinary) {
		some, lines = lines[:min(together, len(lines))], lines[min(together, len(lines)):]
		return some
	}
	groups := [3][]Ordinary{cut(), cut(), cut()}
	t.foresee(b, groups[0], &ids[0])
	t.foresee(b, groups[1], &ids[1])
	t.fetchRest(groups[0], &ids[0])
	for g := 0; len(groups[g]) > 0; g = (g + 1) % 3 {
		next, last := (g+1)%3, (g+2)%3
		t.fetchSlots(lines[:min(together, len(lines))])
		t.foresee(b, groups[last], &ids[last])
		t.fetchRest(groups[next], &ids[next])
		t.addTogether(b, groups[g], &ids[g])
		groups[g] = cut()
	}
}

// addTogether takes lines of b. ids are their records, as far as foresee could tell.
func (t *Table) addTogether(b *Batch, lines []Ordinary, ids *[together]uint32) {
	for k := range lines {
		l, id := &lines[k], ids[k]
		if l.bits&ordinaryWhole != 0 {
			s := &b.whole[l.text]
			t.add(s, &s.tuple, id)
		} else {
			if id == 0 {
				id = t.journalOf(l) // it may be one of those just taken
			}
			if t.write(id, l, b) {
				continue
			}
			b.unpack(l, t.known, &t.unpacked)
			tp := t.tupleOfLine(l)
			t.add(&t.unpacked, &tp, id)
		}
		t.openJournal(t.current)
	}
}

// foresee finds the records that lines of b probably belong to, 0 where there is none, and has fetched from
// memory what they need.
func (t *Table) foresee(b *Batch, lines []Ordinary, ids *[together]uint32) {
	x := &t.index
	for k := range lines {
		l := &lines[k]
		id := uint32(0)
		for i := l.hash & x.mask; ; i = (i + 1) & x.mask {
			slot := x.slots[i]
			if uint32(slot>>32) == l.hash {
				id = uint32(slot)
			} else if slot != 0 {
				continue
			}
			break
		}
		ids[k] = id
		switch {
		case l.bits&ordinaryWhole != 0:
			t.fetchFirst(id, &b.whole[l.text])
		case int(id) < len(t.journals):
			prefetch(unsafe.Pointer(&t.journals[id]))
		default:
			t.fetchRecord(id)
		}
	}
}

// AddBatch takes the segments of b that have not been taken yet. The batch is the table's from then on; the
// octets of its payloads are not.
func (t *Table) AddBatch(b *Batch) {
	t.AddPart(b, len(b.lines))
	t.spare.put(b)
}

// fetchSlots fetches the slots of the index where the search for lines begins, if it is a large index.
func (t *Table) fetchSlots(lines []Ordinary) {
	if len(t.index.slots) <= sparseBelow {
		return
	}
	for k := range lines {
		prefetch(unsafe.Pointer(t.index.slot(lines[k].hash)))
	}
}

// fetchRest fetches what hangs on the records of lines, as far as they need it.
func (t *Table) fetchRest(lines []Ordinary, ids *[together]uint32) {
	for k := range lines {
		l, id := &lines[k], ids[k]
		switch {
		case id == 0:
		case l.bits&ordinaryWhole == 0 && int(id) < len(t.journals):
			if j := &t.journals[id]; l.bits&ordinaryLong != 0 { // the exchange hears it at once
				prefetch(unsafe.Pointer(t.conns.at(id)))
				if j.talk != 0 {
					prefetch4(unsafe.Pointer(t.talks.at(j.talk)))
				}
				if j.untold > 0 {
					prefetch(unsafe.Pointer(t.backlog.at(j.last)))
				}
			}
		default:
			c := t.conns.at(id)
			if ring := t.lines.ring(c); ring != nil {
				prefetch(unsafe.Pointer(&ring[c.ringPos]))
			}
			if c.talk != 0 {
				prefetch4(unsafe.Pointer(t.talks.at(c.talk)))
			}
		}
	}
}

// slot returns the slot where the search for hash begins: most often the right one.
func (x *index) slot(hash uint32) *uint64 { return &x.slots[hash&x.mask] }

// fetchFirst fetches the record id, or, where there seems to be none, the grave of s; and what else a SYN needs.
func (t *Table) fetchFirst(id uint32, s *Segment) {
	if id != 0 {
		t.fetchRecord(id)
	} else if t.graves.sets != nil {
		prefetch2(unsafe.Pointer(t.graves.set(&s.tuple)))
	}
	t.around.fetch(s)
}

// fetchRecord fetches the record id.
func (t *Table) fetchRecord(id uint32) {
	if id != 0 {
		prefetch4(unsafe.Pointer(t.conns.at(id)))
	}
}

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
	if s.Flags&SYN == 0 {
		return
	}
	a.hosts.fetch(hashIP(&s.Src.IP, publicSeed))
	if s.Flags&ACK != 0 {
		a.services.fetch(hashAddr(&s.Src, publicSeed))
		a.pairs.fetch(pairPlace(&s.Src, &s.Dst))
	}
}

// fetch fetches the set of place.
func (x *cache[T]) fetch(place uint64) {
	if x.sets != nil {
		prefetch4(unsafe.Pointer(x.set(uint32(place))))
	}
}
