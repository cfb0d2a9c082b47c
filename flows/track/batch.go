//go:build !plain

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

// AddIPv4 appends the segment of a header and a payload, as Add does, without a Segment in between. The bytes of
// payload, of which there are as many as were captured of the segment's data, must stay as they are until AddBatch
// returns. It reports false, and appends nothing, for what must be added by Add: a RST, a SYN with data, a segment of
// 64 KiB or more, and some addresses.
func (b *Batch) AddIPv4(h *Header, src, dst uint32, payload []byte) bool {
	return max(src, dst) < tuple.FirstCompressed && b.addHeader(h, src, dst, payload)
}

// AddIPv6 is AddIPv4 for IPv6.
func (b *Batch) AddIPv6(h *Header, src, dst *[16]byte, payload []byte) bool {
	x := &b.lines.Stage.Addresses
	from, ok := x.Compress(src, true)
	to, both := x.Compress(dst, true)
	if len(b.lines.Addresses) != len(x.List) {
		b.lines.Addresses = x.List
	}
	return ok && both && b.addHeader(h, from, to, payload)
}

// addHeader appends a segment from src to dst, IPv4 addresses or what stands for IPv6 ones.
func (b *Batch) addHeader(h *Header, src, dst uint32, payload []byte) bool {
	if h.Flags&(flows.RST|flows.AE) != 0 || h.DataLen > 0 && (h.Flags&flows.SYN != 0 || h.DataLen >= 1<<16) {
		return false
	}
	l := b.lines.Line(uint64(src)<<16|uint64(h.SrcPort), uint64(dst)<<16|uint64(h.DstPort), h.MAC, h.Domain, h.Interface,
		payload)
	if l == nil {
		return false
	}
	l.Time, l.Frame, l.SEQ, l.ACK, l.DataLen = h.Time, uint32(h.Frame), h.SEQ, h.ACK, uint16(h.DataLen)
	l.WND, l.IPID, l.Flags, l.TTL = h.WND, h.IPID, uint8(h.Flags), h.TTL
	l.SetOptions(&h.Opts)
	return true
}

// HasIPv6 reports whether there have been IPv6 addresses so far: then Expect may help.
func (b *Batch) HasIPv6() bool { return len(b.lines.Addresses) > 0 }

// Expect says that AddIPv6 will be called for ip, a few packets ahead: what it needs is asked of the memory.
func (b *Batch) Expect(ip *[16]byte) { b.lines.Stage.Addresses.Fetch(ip) }

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
// bytes of its payloads are not.
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
	t.origins, t.addresses.List = b.lines.Origins, b.lines.Addresses
	if b.lines.Decided > 0 {
		t.deferredMemory = b.lines.Memory
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
			s := &t.ordinary
			if l.Flags&uint8(flows.SYN) != 0 {
				s = &t.opening
			}
			s.point = b.lines.Unpack(l, t.origins, &s.Segment) + 1
			tupleOfLine(&tp, l, t.seed)
			t.stats.Segments = b.before + int(l.At) + 1
			t.add(s, &tp, id, l.Bits&deferral.IsLate != 0)
		}
	}
}

// batching is what a Table has for batches alone.
type batching struct {
	_     deferral.Apart
	stage deferral.Stage
	spare spare
	_     deferral.Apart
}

// given makes tp the tuple of s, which comes in no batch.
func (t *Table) given(tp *tuple.Tuple, s *flows.Segment) {
	t.stage.Addresses.Tuple(tp, &s.Src, &s.Dst, true)
	t.addresses.List = t.stage.Addresses.List
}

// stage returns how a table with the options o defers segments. Where resets are handed out after some time of the
// capture, none are: the table must see each in its turn.
func (o *TableOptions) stage() deferral.Options {
	s := deferral.Options{
		Connections: min(o.ShortAbove/2, o.MaxConnections/32), // of the few it is not known for how long they are idle
		MaxClosed:   o.MaxClosed, Lookahead: o.Lookahead, Memory: o.MaxMemory / 8, Addresses: int(o.MaxMemory / 1024),
	}
	if o.LookaheadTime > 0 {
		s.Connections = 0
	}
	return s
}
