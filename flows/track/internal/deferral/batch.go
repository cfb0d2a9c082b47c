package deferral

import (
	"unsafe"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/pages"
	"github.com/rstexplain/rstexplain/flows/track/internal/prefetch"
	"github.com/rstexplain/rstexplain/flows/track/internal/tuple"
)

// A Stage is where the segments of one table wait on their way to it. Its parts are for different goroutines.
type Stage struct {
	seed uint64 // of the hashes, secret

	_         Apart
	origins   origins         // for the goroutine that fills batches
	Addresses tuple.Addresses // for the same
	_         Apart
	Queues    Queues // for the one that defers segments
	_         Apart
}

// Apart keeps what different goroutines write in different cache lines, and in different pairs of them, which are
// fetched together: a write takes the line away from the other processor.
type Apart [128]byte

// Options bound a stage.
type Options struct {
	Connections int   // connections whose segments may wait
	MaxClosed   int   // TableOptions.MaxClosed
	Lookahead   int   // TableOptions.Lookahead
	Memory      int64 // bytes that what waits may take, about
	Addresses   int   // addresses that have an compressed address at most
}

// SetUp makes x a stage with a seed.
func (x *Stage) SetUp(o Options, seed uint64) {
	x.seed, x.Addresses.Seed, x.Addresses.Limit = seed, seed, min(tuple.MaxAliases, o.Addresses)
	x.Queues.setUp(&o)
}

// Begin makes b, which is empty, a batch of x.
func (x *Stage) Begin(b *Batch) {
	b.Stage, b.Origins, b.Addresses = x, x.origins.list, x.Addresses.List
}

// A wholeSegment is a segment that a line does not hold.
type wholeSegment struct {
	flows.Segment
	Tuple tuple.Tuple
}

// A Batch is a run of segments in the order of the capture, most of them in one cache line each. Segments that can
// wait are not among the lines that the table gets, but in the queues of their connections.
type Batch struct {
	added      []Line         // what was added
	Decided    int            // of these, how many Defer has dealt with
	decided    bool           // with all of them
	Whole      []wholeSegment // those that an Line does not hold
	Asides     []aside        // what comes between them
	wholeTexts int            // of whole, those with a payload
	text       []byte         // short payloads
	long       [][]byte       // longer ones, where the caller put them

	Lines []Line // what the table gets of them, and of queues
	Runs  []Run
	Units []Deferred // of handed

	Stage     *Stage
	Origins   []Origin   // the table's origins, as far as this batch needs them
	Addresses tuple.List // the same of its compressed addresses
	Memory    int64      // bytes that the queues took when the batch had been dealt with
}

// Segments returns how many segments were added.
func (b *Batch) Segments() int { return len(b.added) }

// Borrowed returns how many payloads of the batch lie where the caller put them.
func (b *Batch) Borrowed() int { return len(b.long) + b.wholeTexts }

// place returns the line of the segment that is added next. It holds old values.
func (b *Batch) place() *Line {
	l := oneMore(&b.added)
	l.At = uint32(len(b.added) - 1)
	return l
}

// oneMore appends a line to list and returns it. It holds old values.
func oneMore(list *[]Line) *Line {
	n := len(*list)
	if n == cap(*list) {
		*list = append(pages.Make[Line](max(2*n, 64))[:0], *list...)
	}
	*list = (*list)[:n+1]
	if next := n + linesAhead; next%linesAtOnce == 0 && next+linesAtOnce <= cap(*list) {
		prefetch.SpanW(unsafe.Pointer(&(*list)[:cap(*list)][next]), linesAtOnce*int(unsafe.Sizeof(Line{})))
	}
	return &(*list)[n]
}

// Defer decides which segments of a batch wait in queues, once all have been added. One goroutine must do it for all
// batches of a table, in the order in which they were filled; AddBatch does it where nobody has.
func (b *Batch) Defer() {
	if b.decided {
		return // the queues may be at work for another goroutine
	}
	b.decided = true
	for i := range b.Asides {
		a := &b.Asides[i]
		b.decide(a.Before)
		if tp := &a.Header.Tuple; !a.IsError && !tp.Wide {
			// It may begin a new connection: the table must have followed all that waits of the one before.
			var l Line
			l.setTuple(tp)
			b.Stage.Queues.recall(b, &l)
		}
		a.Before = len(b.Lines)
	}
	b.decide(len(b.added))
}

// decide decides which of the first n segments wait in queues.
func (b *Batch) decide(n int) {
	x := &b.Stage.Queues
	// As in addPart: while a group is looked at, the queues of the next are fetched, the slots of the index for
	// the one behind it, and the lines of the fourth.
	var ids [2][Together]uint32
	group := func(g int) []Line {
		return b.added[min(n, b.Decided+g*Together):min(n, b.Decided+(g+1)*Together)]
	}
	if x.limit > 0 {
		for g := range 4 {
			FetchLines(group(g))
		}
		FetchSlots(&x.index, group(0))
		FetchSlots(&x.index, group(1))
		x.foresee(group(0), &ids[0])
	}
	for g := 0; b.Decided < n; g ^= 1 {
		some := group(0)
		if x.limit > 0 {
			FetchLines(group(4))
			b.fetchText(&some[0])
			FetchSlots(&x.index, group(2))
			x.foresee(group(1), &ids[g^1])
		}
		for k := range some {
			l := &some[k]
			b.Decided++
			late := l.Time < x.clock
			x.clock = max(x.clock, l.Time)
			if x.limit > 0 && x.wait(b, l, ids[g][k], late) {
				continue
			}
			to := oneMore(&b.Lines)
			*to = *l
			if late {
				to.Bits |= IsLate
			}
		}
	}
	b.Memory = x.memory()
}

// An aside is what comes between the segments of a batch: a TCP header that only gets a number, or an ICMP error.
type aside struct {
	Before  int          // number of the segment that follows; after Defer, of the line
	Header  wholeSegment // to be numbered
	Note    flows.ICMPNote
	IsError bool // note is to be added
}

// Number gives a stream number to a TCP header that is no segment of a connection, as Table.Number does. Of s.Payload
// nothing is kept.
func (b *Batch) Number(s *flows.Segment) {
	a := aside{Before: len(b.added), Header: wholeSegment{Segment: *s}}
	a.Header.Payload = nil
	b.Stage.Addresses.Tuple(&a.Header.Tuple, &s.Src, &s.Dst, true)
	b.Addresses = b.Stage.Addresses.List
	b.Asides = append(b.Asides, a)
}

// AddICMP appends an ICMP error that quotes a segment, as Table.AddICMP takes it.
func (b *Batch) AddICMP(n flows.ICMPNote) {
	b.Asides = append(b.Asides, aside{Before: len(b.added), Note: n, IsError: true})
}

// Clear makes the batch empty, and lets go of what it points to.
func (b *Batch) Clear() {
	clear(b.Whole)
	clear(b.long)
	b.Asides, b.decided = b.Asides[:0], false
	b.added, b.Whole, b.text, b.long = b.added[:0], b.Whole[:0], b.text[:0], b.long[:0]
	b.Lines, b.Runs, b.Units = b.Lines[:0], b.Runs[:0], b.Units[:0]
	b.Origins, b.Addresses, b.wholeTexts, b.Decided, b.Memory = nil, nil, 0, 0, 0
}
