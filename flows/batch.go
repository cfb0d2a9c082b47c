package flows

import "sync"

// A Batch is a run of segments in the order of the capture, in the form that a Table takes fastest. The
// batches of a table are filled by one goroutine, which may be another than the table's own, and must be given to
// the table in the order in which they were filled. Segments that can wait are not in the batch, but in the journals
// of their connections (journal.go).
type Batch struct {
	lines      []Ordinary
	whole      []Segment // those that an Ordinary does not hold
	wholeTexts int       // of whole, those with a payload
	text       []byte    // short payloads
	long       [][]byte  // longer ones, where the caller put them
	handed     []handed
	units      []deferred // of handed

	// The segments added last: they are looked up together.
	ahead    [together]Ordinary
	payloads [together][]byte
	nAhead   int

	segments int // that were added, with those that wait
	table    *Table
	known    []origin // the table's origins, as far as this batch needs them
	taken    int      // lines that the table has taken
	before   int      // segments that the table had taken before
}

// NewBatch returns an empty batch, to be filled and then given to AddBatch. It may be called beside the
// methods of the table that are not for filling batches.
func (t *Table) NewBatch() *Batch {
	b := t.spare.get()
	b.table, b.known = t, t.origins.list
	return b
}

// Segments returns how many segments were added.
func (b *Batch) Segments() int { return b.segments + b.nAhead }

// Weight returns how much the table gets of the batch: lines, and units of 32 octets that journals hand over.
func (b *Batch) Weight() int { return len(b.lines) + len(b.units) }

// Borrowed returns how many payloads the lines of the batch have that lie where the caller put them.
func (b *Batch) Borrowed() int { return len(b.long) + b.wholeTexts }

// place returns the line of the segment that is added next, whose payload is text. It holds old values.
func (b *Batch) place(text []byte) *Ordinary {
	if b.nAhead == together {
		b.Defer()
	}
	k := b.nAhead
	b.nAhead++
	b.payloads[k] = text
	return &b.ahead[k]
}

// Defer decides which of the segments added so far wait, and returns how many lines the batch has, for AddPart. It
// must be called by the goroutine that fills the batch when it is full.
func (b *Batch) Defer() (lines int) {
	x := &b.table.journals
	n := b.nAhead
	b.nAhead = 0
	var ids [together]uint32
	if x.limit > 0 {
		x.foresee(b.ahead[:n], &ids)
	}
	for k := range n {
		l := &b.ahead[k]
		l.at = uint32(b.segments)
		b.segments++
		late := l.Time < x.clock
		x.clock = max(x.clock, l.Time)
		if x.limit > 0 && x.keep(b, l, ids[k], b.payloads[k], late) {
			continue
		}
		to := b.line()
		*to = *l
		if late {
			to.bits |= ordinaryLate
		}
		if to.bits&ordinaryWhole == 0 {
			b.setText(to, b.payloads[k])
		}
	}
	return len(b.lines)
}

// Recall has the table follow all that waits of the connection between two ends, before what is added next: for
// Table.Number, which may begin a new one. It returns what Defer returns.
func (b *Batch) Recall(src, dst Addr) (lines int) {
	b.Defer()
	var l Ordinary
	b.setTuple(&l, &src, &dst)
	if src.isV4() && dst.isV4() {
		b.table.journals.recall(b, &l)
	}
	return len(b.lines)
}

// clear makes the batch empty, and lets go of what it points to.
func (b *Batch) clear() {
	clear(b.whole)
	clear(b.long)
	clear(b.payloads[:])
	b.lines, b.whole, b.text, b.long, b.handed, b.units = b.lines[:0], b.whole[:0], b.text[:0], b.long[:0], b.handed[:0], b.units[:0]
	b.known, b.wholeTexts, b.taken, b.before, b.nAhead, b.segments = nil, 0, 0, 0, 0, 0
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

// AddBatch takes what of b has not been taken yet. The batch is the table's from then on; the
// octets of its payloads are not.
func (t *Table) AddBatch(b *Batch) {
	b.Defer() // nothing is left to do where it was filled by another goroutine
	t.AddPart(b, len(b.lines))
	t.stats.Segments = b.before + b.segments
	t.spare.put(b)
}

// AddPart takes the lines of b, in the order of the capture and as Add does with one segment at a time, up to number
// end, that it has not taken yet.
func (t *Table) AddPart(b *Batch, end int) {
	t.known = b.known
	if b.taken == 0 {
		b.before = t.stats.Segments
	}
	lines := b.lines[b.taken:end]
	b.taken = end
	// Lines are taken group by group. While one is taken, the next waits for what hangs on its records, the
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
		switch {
		case l.bits&lineItem != 0:
			t.takeItem(b, l, id)
		case l.bits&ordinaryWhole != 0:
			s := &b.whole[l.text]
			t.stats.Segments = b.before + int(l.at) + 1
			t.add(s, &s.tuple, id, l.bits&ordinaryLate != 0)
		default:
			b.unpack(l, t.known, &t.unpacked)
			tp := t.tupleOfLine(l)
			t.stats.Segments = b.before + int(l.at) + 1
			t.add(&t.unpacked, &tp, id, l.bits&ordinaryLate != 0)
		}
	}
}
