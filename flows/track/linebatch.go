package track

import (
	"unsafe"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/pages"
	"github.com/rstexplain/rstexplain/flows/track/internal/prefetch"
	"github.com/rstexplain/rstexplain/flows/track/internal/tuple"
)

// A stage is where the segments of one table wait on their way to it. Its parts are for different goroutines.
type stage struct {
	seed uint64 // of the hashes, secret

	_        apart
	origins  origins         // for the goroutine that fills batches
	aliases  tuple.Addresses // for the same
	_        apart
	journals journals // for the one that defers segments
	_        apart
}

// apart keeps what different goroutines write in different cache lines, and in different pairs of them, which are
// fetched together: a write takes the line away from the other processor.
type apart [128]byte

// stageOptions bound a stage.
type stageOptions struct {
	journals  int   // connections whose segments may wait
	maxClosed int   // TableOptions.MaxClosed
	lookahead int   // TableOptions.Lookahead
	memory    int64 // bytes that what waits may take, about
	addresses int   // addresses that have an alias at most
}

// setUp makes x a stage with a seed.
func (x *stage) setUp(o stageOptions, seed uint64) {
	x.seed, x.aliases.Seed, x.aliases.Limit = seed, seed, min(tuple.MaxAliases, o.addresses)
	x.journals.setUp(&o)
}

// begin makes b, which is empty, a batch of x.
func (x *stage) begin(b *lineBatch) { b.stage, b.known, b.met = x, x.origins.list, x.aliases.List }

// A wholeSegment is a segment that a line does not hold.
type wholeSegment struct {
	flows.Segment
	tuple tuple.Tuple
}

// A lineBatch is a run of segments in the order of the capture, most of them in one cache line each. Segments that can
// wait are not among the lines that the table gets, but in the journals of their connections.
type lineBatch struct {
	added      []Ordinary     // what was added
	deferred   int            // of these, how many Defer has dealt with
	dealt      bool           // with all of them
	whole      []wholeSegment // those that an Ordinary does not hold
	asides     []aside        // what comes between them
	wholeTexts int            // of whole, those with a payload
	text       []byte         // short payloads
	long       [][]byte       // longer ones, where the caller put them

	lines  []Ordinary // what the table gets of them, and of journals
	handed []handed
	units  []deferred // of handed

	stage      *stage
	known      []origin   // the table's origins, as far as this batch needs them
	met        tuple.List // the same of its aliases
	journalled int64      // octets that the journals took when the batch had been dealt with
}

// Segments returns how many segments were added.
func (b *lineBatch) Segments() int { return len(b.added) }

// Borrowed returns how many payloads of the batch lie where the caller put them.
func (b *lineBatch) Borrowed() int { return len(b.long) + b.wholeTexts }

// place returns the line of the segment that is added next. It holds old values.
func (b *lineBatch) place() *Ordinary {
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
func (b *lineBatch) Defer() {
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
			b.stage.journals.recall(b, &l)
		}
		a.before = len(b.lines)
	}
	b.deferTo(len(b.added))
}

// deferTo decides which of the first n segments wait in journals.
func (b *lineBatch) deferTo(n int) {
	x := &b.stage.journals
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
	before  int          // number of the segment that follows; after Defer, of the line
	header  wholeSegment // to be numbered
	note    flows.ICMPNote
	isError bool // note is to be added
}

// Number gives a stream number to a TCP header that is no segment of a connection, as Table.Number does. Of s.Payload
// nothing is kept.
func (b *lineBatch) Number(s *flows.Segment) {
	a := aside{before: len(b.added), header: wholeSegment{Segment: *s}}
	a.header.Payload = nil
	b.stage.aliases.Tuple(&a.header.tuple, &s.Src, &s.Dst, true)
	b.met = b.stage.aliases.List
	b.asides = append(b.asides, a)
}

// AddICMP appends an ICMP error that quotes a segment, as Table.AddICMP takes it.
func (b *lineBatch) AddICMP(n flows.ICMPNote) {
	b.asides = append(b.asides, aside{before: len(b.added), note: n, isError: true})
}

// clear makes the batch empty, and lets go of what it points to.
func (b *lineBatch) clear() {
	clear(b.whole)
	clear(b.long)
	b.asides, b.dealt = b.asides[:0], false
	b.added, b.whole, b.text, b.long = b.added[:0], b.whole[:0], b.text[:0], b.long[:0]
	b.lines, b.handed, b.units = b.lines[:0], b.handed[:0], b.units[:0]
	b.known, b.met, b.wholeTexts, b.deferred, b.journalled = nil, nil, 0, 0, 0
}
