package track

import (
	"sync"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/deferral"
	"github.com/rstexplain/rstexplain/flows/track/internal/tuple"
)

// A Batch is a run of segments in the order of the capture, in the form that a Table takes fastest. The
// batches of a table are filled by one goroutine, dealt with by Defer in one, and given to the table in its own, all
// in the same order; the three may be one.
type Batch struct {
	lines  deferral.Batch
	taken  int // lines that the table has taken
	before int // segments that the table had taken before

	_ deferral.Apart // from the next batch
}

// NewBatch returns an empty batch, to be filled, given to Defer and then to AddBatch. It may be called beside the
// methods of the table that are not for filling batches.
func (t *Table) NewBatch() *Batch {
	b := t.spare.get()
	t.stage.Begin(&b.lines)
	return b
}

// Add appends s to the batch. The bytes of s.Payload must stay as they are until AddBatch returns.
func (b *Batch) Add(s *flows.Segment) { b.lines.Add(s) }

// Number gives a stream number to a TCP header that is no segment of a connection, as Table.Number does. Of s.Payload
// nothing is kept.
func (b *Batch) Number(s *flows.Segment) { b.lines.Number(s) }

// AddICMP appends an ICMP error that quotes a segment, as Table.AddICMP takes it.
func (b *Batch) AddICMP(n flows.ICMPNote) { b.lines.AddICMP(n) }

// Defer decides which segments of the batch wait, once all have been added. One goroutine must do it for all
// batches of a table, in the order in which they were filled; AddBatch does it where nobody has.
func (b *Batch) Defer() { b.lines.Defer() }

// Segments returns how many segments were added.
func (b *Batch) Segments() int { return b.lines.Segments() }

// Borrowed returns how many payloads of the batch lie where the caller put them.
func (b *Batch) Borrowed() int { return b.lines.Borrowed() }

// Last returns the segment that was added last, as far as the batch keeps it.
func (b *Batch) Last() flows.Segment { return b.lines.Last() }

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
	b.lines.Clear()
	b.taken, b.before = 0, 0
	s.mu.Lock()
	s.list = append(s.list, b)
	s.mu.Unlock()
}

// AddBatch takes what of b has not been taken yet. The batch is the table's from then on; the
// octets of its payloads are not.
func (t *Table) AddBatch(b *Batch) {
	b.Defer()
	for i := range b.lines.Asides {
		a := &b.lines.Asides[i]
		t.addPart(b, a.Before)
		if a.IsError {
			t.AddICMP(a.Note)
		} else {
			t.number(&segment{Segment: a.Header.Segment}, a.Header.Tuple)
		}
	}
	t.addPart(b, len(b.lines.Lines))
	t.stats.Segments = b.before + b.lines.Segments()
	t.spare.put(b)
}

// addPart takes the lines of b, in the order of the capture and as Add does with one segment at a time, up to number
// end, that it has not taken yet.
func (t *Table) addPart(b *Batch, end int) {
	t.known, t.met.List = b.lines.Origins, b.lines.Addresses
	if b.lines.Decided > 0 {
		t.journalled = b.lines.Memory
	}
	if b.taken == 0 {
		b.before = t.stats.Segments
	}
	lines := b.lines.Lines[b.taken:end]
	b.taken = end
	// Lines are taken group by group. While one is taken, the next waits for what hangs on its records, the
	// one behind it for the records, and of a fourth the index is asked for.
	var ids [3][deferral.Together]uint32
	deferral.FetchLines(lines[:min(2*deferral.Together, len(lines))])
	cut := func() (some []deferral.Line) {
		some, lines = lines[:min(deferral.Together, len(lines))], lines[min(deferral.Together, len(lines)):]
		deferral.FetchLines(lines[min(deferral.Together, len(lines)):min(2*deferral.Together, len(lines))])
		b.lines.FetchWhole(some)
		return some
	}
	groups := [3][]deferral.Line{cut(), cut(), cut()}
	t.foresee(b, groups[0], &ids[0])
	t.foresee(b, groups[1], &ids[1])
	t.fetchRest(groups[0], &ids[0])
	for g := 0; len(groups[g]) > 0; g = (g + 1) % 3 {
		next, last := (g+1)%3, (g+2)%3
		t.fetchSlots(lines[:min(deferral.Together, len(lines))])
		t.foresee(b, groups[last], &ids[last])
		t.fetchRest(groups[next], &ids[next])
		t.addTogether(b, groups[g], &ids[g])
		groups[g] = cut()
	}
}

// addTogether takes lines of b. ids are their records, as far as foresee could tell.
func (t *Table) addTogether(b *Batch, lines []deferral.Line, ids *[deferral.Together]uint32) {
	var tp tuple.Tuple
	for k := range lines {
		l, id := &lines[k], ids[k]
		switch {
		case l.Bits&deferral.IsItem != 0:
			t.takeItem(b, l, id)
		case l.Bits&deferral.IsWhole != 0:
			w := &b.lines.Whole[l.Text]
			t.single = segment{Segment: w.Segment}
			t.stats.Segments = b.before + int(l.At) + 1
			t.add(&t.single, &w.Tuple, id, l.Bits&deferral.IsLate != 0)
		default:
			s := &t.unpacked
			if l.Flags&uint8(flows.SYN) != 0 {
				s = &t.opening
			}
			s.place = b.lines.Unpack(l, t.known, &s.Segment) + 1
			tupleOfLine(&tp, l, t.seed)
			t.stats.Segments = b.before + int(l.At) + 1
			t.add(s, &tp, id, l.Bits&deferral.IsLate != 0)
		}
	}
}
