package deferral

import (
	"unsafe"

	"github.com/rstexplain/rstexplain/flows/track/internal/prefetch"
	"github.com/rstexplain/rstexplain/flows/track/internal/tuple"
)

// Together is how many segments are looked up before they are taken: the processor then waits for what they
// need from memory once, and not for each.
const Together = 32

// A batch goes from one goroutine to another and comes back, and with it its memory from one processor's cache to
// another's, which may be far from it. So what is written next in a batch, and what is read next, is fetched well
// ahead: so many lines, and bytes of text. What is to be written is fetched by the piece.
const (
	linesAhead  = 16
	linesAtOnce = 8
	textAhead   = 1024
	textAtOnce  = 512
)

// FetchSlots fetches the slots of x where the search for lines begins.
func FetchSlots(x *tuple.Index, lines []Line) {
	if len(lines) > 0 {
		x.Fetch(&lines[0].Hash, unsafe.Sizeof(lines[0]), len(lines))
	}
}

// FetchLines fetches lines of a batch that another goroutine has filled.
func FetchLines(lines []Line) {
	if len(lines) > 0 {
		prefetch.Span(unsafe.Pointer(&lines[0]), len(lines)*int(unsafe.Sizeof(lines[0])))
	}
}

// fetchText fetches short payloads that come some groups after l.
func (b *Batch) fetchText(l *Line) {
	if from := int(l.Text) + 2*textAhead; l.Bits&(IsWhole|isLong) == 0 && from < len(b.text) {
		prefetch.Span(unsafe.Pointer(&b.text[from]), min(2*textAhead, len(b.text)-from))
	}
}

// FetchWhole fetches the Segments of lines.
func (b *Batch) FetchWhole(lines []Line) {
	for k := range lines {
		if l := &lines[k]; l.Bits&IsWhole != 0 {
			prefetch.Span(unsafe.Pointer(&b.Whole[l.Text]), int(unsafe.Sizeof(b.Whole[0])))
		}
	}
}

// foresee finds the queues that lines probably belong to, 0 where there is none, and fetches them.
func (x *Queues) foresee(lines []Line, ids *[Together]uint32) {
	for k := range lines {
		ids[k] = x.index.Probably(lines[k].Hash)
	}
	prefetch.Elements(unsafe.Pointer(&x.List[0]), unsafe.Sizeof(x.List[0]), &ids[0], len(lines))
}

// fetchClosed fetches what is touched when the connections that are over are forgotten which come soon.
func (x *Queues) fetchClosed() {
	const soon = 4
	if x.closed.N > 2*soon {
		prefetch.Line(unsafe.Pointer(&x.List[x.closed.Peek(2*soon)>>32]))
		prefetch.Line(unsafe.Pointer(x.index.Slot(x.List[x.closed.Peek(soon)>>32].hash)))
	}
}
