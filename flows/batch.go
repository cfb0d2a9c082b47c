package flows

import "sync"

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

// AddBatch takes the segments of b that have not been taken yet. The batch is the table's from then on; the
// octets of its payloads are not.
func (t *Table) AddBatch(b *Batch) {
	t.AddPart(b, len(b.lines))
	t.spare.put(b)
}

// AddPart takes the segments of b, in the order of the capture and as Add does one at a time, up to number
// end, that it has not taken yet.
func (t *Table) AddPart(b *Batch, end int) {
	t.known = b.known
	lines := b.lines[b.taken:end]
	b.taken = end
	// Segments are taken group by group. While one is taken, the next waits for what hangs on its records, the
	// one behind it for the records, and of a fourth the index is asked for.
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
