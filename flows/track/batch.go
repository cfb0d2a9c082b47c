package track

import (
	"sync"
	"unsafe"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/pages"
	"github.com/rstexplain/rstexplain/flows/track/internal/prefetch"
	"github.com/rstexplain/rstexplain/flows/track/internal/tuple"
)

// A Batch is a run of segments in the order of the capture, in the form that a Table takes fastest. The
// batches of a table are filled by one goroutine, dealt with by Defer in one, and given to the table in its own, all
// in the same order; the three may be one. Segments that can wait are not in the batch, but in the journals
// of their connections (journal.go).
type Batch struct {
	added      []Ordinary // what was added
	deferred   int        // of these, how many Defer has dealt with
	dealt      bool       // with all of them
	whole      []segment  // those that an Ordinary does not hold
	asides     []aside    // what comes between them
	wholeTexts int        // of whole, those with a payload
	text       []byte     // short payloads
	long       [][]byte   // longer ones, where the caller put them

	lines  []Ordinary // what the table gets of them, and of journals
	handed []handed
	units  []deferred // of handed

	table      *Table
	known      []origin   // the table's origins, as far as this batch needs them
	met        tuple.List // the same of its aliases
	journalled int64      // octets that the journals took when the batch had been dealt with
	taken      int        // lines that the table has taken
	before     int        // segments that the table had taken before

	_ apart // from the next batch
}

// NewBatch returns an empty batch, to be filled, given to Defer and then to AddBatch. It may be called beside the
// methods of the table that are not for filling batches.
func (t *Table) NewBatch() *Batch {
	b := t.spare.get()
	b.table, b.known, b.met = t, t.origins.list, t.aliases.List
	return b
}

// Segments returns how many segments were added.
func (b *Batch) Segments() int { return len(b.added) }

// Borrowed returns how many payloads of the batch lie where the caller put them.
func (b *Batch) Borrowed() int { return len(b.long) + b.wholeTexts }

// place returns the line of the segment that is added next. It holds old values.
func (b *Batch) place() *Ordinary {
	l := oneMore(&b.added)
	l.at = uint32(len(b.added) - 1)
	return l
}

// oneMore appends a line to list and returns it. It holds old values.
func oneMore(list *[]Ordinary) *Ordinary {
	n := len(*list)
	if n == cap(*list) {
		*list = append(pages.Make[Ordinary](max(2*n, 64))[:0], *list...)
	}
	*list = (*list)[:n+1]
	if next := n + linesAhead; next%linesAtOnce == 0 && next+linesAtOnce <= cap(*list) {
		prefetch.SpanW(unsafe.Pointer(&(*list)[:cap(*list)][next]), linesAtOnce*int(unsafe.Sizeof(Ordinary{})))
	}
	return &(*list)[n]
}

// Defer decides which segments of a batch wait in journals, once all have been added. One goroutine must do it for all
// batches of a table, in the order in which they were filled; AddBatch does it where nobody has.
func (b *Batch) Defer() {
	if b.dealt {
		return // the journals may be at work for another goroutine
	}
	b.dealt = true
	for i := range b.asides {
		a := &b.asides[i]
		b.deferTo(a.before)
		if tp := &a.header.tuple; !a.isError && !tp.Wide {
			// It may begin a new connection: the table must have followed all that waits of the one before.
			var l Ordinary
			l.setTuple(tp)
			b.table.journals.recall(b, &l)
		}
		a.before = len(b.lines)
	}
	b.deferTo(len(b.added))
}

// deferTo decides which of the first n segments wait in journals.
func (b *Batch) deferTo(n int) {
	x := &b.table.journals
	// As in addPart: while a group is looked at, the journals of the next are fetched, the slots of the index for
	// the one behind it, and the lines of the fourth.
	var ids [2][together]uint32
	group := func(g int) []Ordinary {
		return b.added[min(n, b.deferred+g*together):min(n, b.deferred+(g+1)*together)]
	}
	if x.limit > 0 {
		for g := range 4 {
			fetchLines(group(g))
		}
		fetchSlots(&x.index, group(0))
		fetchSlots(&x.index, group(1))
		x.foresee(group(0), &ids[0])
	}
	for g := 0; b.deferred < n; g ^= 1 {
		some := group(0)
		if x.limit > 0 {
			fetchLines(group(4))
			b.fetchText(&some[0])
			fetchSlots(&x.index, group(2))
			x.foresee(group(1), &ids[g^1])
		}
		for k := range some {
			l := &some[k]
			b.deferred++
			late := l.Time < x.clock
			x.clock = max(x.clock, l.Time)
			if x.limit > 0 && x.keep(b, l, ids[g][k], late) {
				continue
			}
			to := oneMore(&b.lines)
			*to = *l
			if late {
				to.bits |= ordinaryLate
			}
		}
	}
	b.journalled = x.memory()
}

// An aside is what comes between the segments of a batch: a TCP header that only gets a number, or an ICMP error.
type aside struct {
	before  int     // number of the segment that follows; after Defer, of the line
	header  segment // to be numbered
	note    flows.ICMPNote
	isError bool // note is to be added
}

// Number gives a stream number to a TCP header that is no segment of a connection, as Table.Number does. Of s.Payload
// nothing is kept.
func (b *Batch) Number(s *flows.Segment) {
	a := aside{before: len(b.added), header: segment{Segment: *s}}
	a.header.Payload = nil
	b.table.aliases.Tuple(&a.header.tuple, &s.Src, &s.Dst, true)
	b.met = b.table.aliases.List
	b.asides = append(b.asides, a)
}

// AddICMP appends an ICMP error that quotes a segment, as Table.AddICMP takes it.
func (b *Batch) AddICMP(n flows.ICMPNote) {
	b.asides = append(b.asides, aside{before: len(b.added), note: n, isError: true})
}

// clear makes the batch empty, and lets go of what it points to.
func (b *Batch) clear() {
	clear(b.whole)
	clear(b.long)
	b.asides, b.dealt = b.asides[:0], false
	b.added, b.whole, b.text, b.long = b.added[:0], b.whole[:0], b.text[:0], b.long[:0]
	b.lines, b.handed, b.units = b.lines[:0], b.handed[:0], b.units[:0]
	b.known, b.met, b.wholeTexts, b.deferred, b.taken, b.before, b.journalled = nil, nil, 0, 0, 0, 0, 0
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
	b.Defer()
	for i := range b.asides {
		a := &b.asides[i]
		t.addPart(b, a.before)
		if a.isError {
			t.AddICMP(a.note)
		} else {
			t.number(&a.header, a.header.tuple)
		}
	}
	t.addPart(b, len(b.lines))
	t.stats.Segments = b.before + len(b.added)
	t.spare.put(b)
}

// addPart takes the lines of b, in the order of the capture and as Add does with one segment at a time, up to number
// end, that it has not taken yet.
func (t *Table) addPart(b *Batch, end int) {
	t.known, t.met.List = b.known, b.met
	if b.deferred > 0 {
		t.journalled = b.journalled
	}
	if b.taken == 0 {
		b.before = t.stats.Segments
	}
	lines := b.lines[b.taken:end]
	b.taken = end
	// Lines are taken group by group. While one is taken, the next waits for what hangs on its records, the
	// one behind it for the records, and of a fourth the index is asked for.
	var ids [3][together]uint32
	fetchLines(lines[:min(2*together, len(lines))])
	cut := func() (some []Ordinary) {
		some, lines = lines[:min(together, len(lines))], lines[min(together, len(lines)):]
		fetchLines(lines[min(together, len(lines)):min(2*together, len(lines))])
		b.fetchWhole(some)
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
	var tp tuple.Tuple
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
			s := &t.unpacked
			if l.Flags&uint8(flows.SYN) != 0 {
				s = &t.opening
			}
			b.unpack(l, t.known, s)
			tupleOfLine(&tp, l, t.seed)
			t.stats.Segments = b.before + int(l.at) + 1
			t.add(s, &tp, id, l.bits&ordinaryLate != 0)
		}
	}
}
