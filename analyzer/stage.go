package analyzer

import (
	"fmt"
	"path"
	"runtime"
	"strings"
	"sync"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/decode"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/flows"
)

// send passes v on and reports whether anyone still wants it.
func send[T any](c chan<- T, v T, finished <-chan struct{}) bool {
	select {
	case c <- v:
		return true
	case <-finished:
		return false
	}
}

// A bug is a panic of a stage. It ends the work on the file, not the program: what was explained before it
// still stands in the report.
type bug struct {
	what  any
	where string // the function and line that panicked
}

func (b *bug) Error() string { return fmt.Sprintf("internal error: %v, at %s", b.what, b.where) }

func (b *bug) warning() report.Warning {
	return report.Warning{Lost: true, Says: b.Error(),
		Hint: "this is a mistake of rstexplain: please report it; what was explained before it is right"}
}

// guarded returns stage with its panics made into errors of type *bug.
func guarded(stage func() error) func() error {
	return func() (err error) {
		defer func() {
			if v := recover(); v != nil {
				err = &bug{v, panicked()}
			}
		}()
		return stage()
	}
}

// panicked names the place of the panic that is being recovered from.
func panicked() string {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, "runtime.") || !more {
			return fmt.Sprintf("%s (%s:%d)", path.Base(f.Function), path.Base(f.File), f.Line)
		}
	}
}

// A handOn passes things on to the next stage, which is not woken for each: while it is busy, some wait for the others.
type handOn[T any] struct {
	to       chan<- []T
	finished <-chan struct{}
	most     int // that wait
	some     []T
}

// What is handed on together at the most: enough that a stage is seldom woken, and few enough to stay in the cache.
const (
	piecesAtOnce = 6  // of the input
	resetsAtOnce = 64 // so that a batch which holds thousands is no burst of memory
)

// add passes v on, at once if the next stage has nothing to do or now is set, and reports whether anyone still
// wants it.
func (h *handOn[T]) add(v T, now bool) bool {
	h.some = append(h.some, v)
	return len(h.some) < h.most && !now && len(h.to) > 0 || h.flush()
}

// flush passes on what waits.
func (h *handOn[T]) flush() bool {
	if len(h.some) == 0 {
		return true
	}
	some := h.some
	h.some = nil
	return send(h.to, some, h.finished)
}

// segments are the TCP segments of a piece of the input, in the order of the file.
type segments struct {
	held   capture.Batch // holds the octets that payloads point to
	list   *flows.Batch
	asides []aside
	timeSpan
}

// An aside is a TCP header that is no segment of a connection: an ICMP error quotes it, or it is malformed.
type aside struct {
	before   int // number of the segment that follows; once deferred, of the line
	header   flows.Segment
	numbered bool // Wireshark gives it a stream number, so the table must count it
	isError  bool // note is the ICMP error that quotes it
	note     flows.ICMPNote
}

// recycled holds the segments that are not in flight.
var recycled = sync.Pool{New: func() any { return new(segments) }}

// decoding reads headers, until it is ended: the goroutine that reads the input may outlive the report.
type decoding struct {
	sync.Mutex
	decoder decode.Decoder
	segment flows.Segment // at hand
	over    bool
}

// end returns the decoder, which is not used any more.
func (d *decoding) end() *decode.Decoder {
	d.Lock()
	defer d.Unlock()
	d.over = true
	d.decoder.Flush()
	return &d.decoder
}

// decodeAll reads all pieces of in and their headers, for t.
func (d *decoding) decodeAll(in input, decoded chan<- []*segments, finished <-chan struct{}, t *flows.Table, opts *Options) {
	counted := int64(0)
	next := handOn[*segments]{to: decoded, finished: finished, most: piecesAtOnce}
	for p := (piece{}); in.next(&p) == nil; p = (piece{}) {
		if opts.Read != nil {
			opts.Read.Add(in.bytesRead() - counted)
			counted = in.bytesRead()
		}
		var s *segments
		if p.export != nil {
			s = p.export.segments(t)
		} else {
			s = d.decode(p.batch, t)
		}
		if !next.add(s, opts.Follow) {
			return
		}
	}
	next.flush()
}

// decode reads the headers of all packets of b, for t.
func (d *decoding) decode(b capture.Batch, t *flows.Table) *segments {
	d.Lock()
	defer d.Unlock()
	s := recycled.Get().(*segments)
	s.list = t.NewBatch()
	if d.over {
		return s
	}
	s.packets = len(b.Packets)
	seg, first, last := &d.segment, b.Packets[0].Time, b.Packets[0].Time
	s.extend(first)
	for i := range b.Packets {
		first, last = min(first, b.Packets[i].Time), max(last, b.Packets[i].Time)
		if out := d.decoder.DecodeTo(s.list, &b.Packets[i], seg); out == decode.ICMPError || out == decode.Malformed {
			seg.Payload = nil // b may be released before the table takes the header
			a := aside{before: s.list.Segments(), header: *seg, numbered: !d.decoder.Unnumbered}
			if a.isError = out == decode.ICMPError; a.isError {
				a.note = d.decoder.Note
			}
			s.asides = append(s.asides, a)
		}
	}
	s.extend(first)
	s.extend(last)
	if s.list.Borrowed() == 0 {
		b.Release() // while its octets are in the cache, for the next ones
	} else {
		s.held = b
	}
	return s
}

// deferAll puts by what can wait of all segments.
func deferAll(decoded <-chan []*segments, deferred chan<- []*segments, finished <-chan struct{}, follow bool) {
	next := handOn[*segments]{to: deferred, finished: finished, most: piecesAtOnce}
	for some := range decoded {
		for _, s := range some {
			s.putBy()
			if !next.add(s, follow) {
				return
			}
		}
	}
	next.flush()
}

// putBy puts by what can wait of the segments.
func (s *segments) putBy() {
	for i := range s.asides {
		a := &s.asides[i]
		a.before = s.list.Recall(a.before, a.header.Src, a.header.Dst)
	}
	s.list.Defer(s.list.Segments())
}

// follow adds the segments to t, and failed connects to failed.
func (s *segments) follow(t *flows.Table, failed *unreachables) {
	for i := range s.asides {
		a := &s.asides[i]
		t.AddPart(s.list, a.before)
		if a.numbered {
			t.Number(&a.header)
		}
		if a.isError {
			t.AddICMP(a.note)
			failed.add(&a.note)
		}
	}
	t.AddBatch(s.list)
	s.list = nil
}

// release gives what it holds back to the reader, and s to the next segments.
func (s *segments) release() {
	s.held.Release()
	clear(s.asides)
	s.asides = s.asides[:0]
	s.timeSpan = timeSpan{}
	recycled.Put(s)
}
