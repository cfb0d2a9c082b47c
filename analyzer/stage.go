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

// What is handed on together while the next stage is busy, which is not woken for less.
const (
	piecesAtOnce = 4    // that are read
	linesAtOnce  = 2048 // of a batch, with asides and what journals hand over
	chunksAtOnce = 4    // that a batch's payloads lie in
)

// readAll passes on the pieces of in.
func readAll(in input, pieces chan<- []piece, finished <-chan struct{}, opts *Options) error {
	counted := int64(0)
	var some []piece
	for p := (piece{}); in.next(&p) == nil; p = (piece{}) {
		if opts.Read != nil {
			opts.Read.Add(in.bytesRead() - counted)
			counted = in.bytesRead()
		}
		some = append(some, p)
		if len(pieces) == 0 || opts.Follow || len(some) == piecesAtOnce {
			if !send(pieces, some, finished) {
				return nil
			}
			some = nil
		}
	}
	if len(some) > 0 {
		send(pieces, some, finished)
	}
	return nil
}

// segments are the TCP segments of some packets, in the order of the file.
type segments struct {
	held   []capture.Batch // hold the octets that payloads point to
	list   *flows.Batch
	asides []aside
	timeSpan
}

// An aside is a TCP header that is no segment of a connection: an ICMP error quotes it, or it is malformed.
type aside struct {
	before   int // number in list of the line that follows
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

// decodeAll decodes the packets of all pieces, for t; atOnce, it hands on those of each piece by themselves.
func (d *decoding) decodeAll(pieces <-chan []piece, decoded chan<- *segments, finished <-chan struct{}, t *flows.Table, atOnce bool) {
	var s *segments
	for some := range pieces {
		for _, p := range some {
			if p.export != nil {
				s = p.export.segments(t)
			} else {
				s = d.decode(p.batch, s, t)
			}
			if atOnce || s.full() || p.export != nil {
				if !send(decoded, s, finished) {
					return
				}
				s = nil
			}
		}
		if s != nil && len(decoded) == 0 && len(pieces) == 0 {
			if !send(decoded, s, finished) {
				return
			}
			s = nil
		}
	}
	if s != nil {
		send(decoded, s, finished)
	}
}

// decode reads the headers of all packets of b into s, for t, and returns s; where it is nil, a new one.
func (d *decoding) decode(b capture.Batch, s *segments, t *flows.Table) *segments {
	d.Lock()
	defer d.Unlock()
	if s == nil {
		s = recycled.Get().(*segments)
		s.list = t.NewBatch()
	}
	if d.over {
		return s
	}
	s.packets += len(b.Packets)
	seg, borrowed := &d.segment, s.list.Borrowed()
	for i := range b.Packets {
		s.extend(b.Packets[i].Time)
		if out := d.decoder.DecodeTo(s.list, &b.Packets[i], seg); out == decode.ICMPError || out == decode.Malformed {
			seg.Payload = nil // b may be released before the table takes the header
			a := aside{before: s.list.Recall(seg.Src, seg.Dst), header: *seg, numbered: !d.decoder.Unnumbered}
			if a.isError = out == decode.ICMPError; a.isError {
				a.note = d.decoder.Note
			}
			s.asides = append(s.asides, a)
		}
	}
	s.list.Defer()
	if s.list.Borrowed() == borrowed {
		b.Release() // while its octets are in the cache, for the next ones
	} else {
		s.held = append(s.held, b)
	}
	return s
}

// full tells whether s holds enough to be handed on.
func (s *segments) full() bool {
	return len(s.held) >= chunksAtOnce || s.list.Weight()+len(s.asides) >= linesAtOnce
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
	for i := range s.held {
		s.held[i].Release()
	}
	s.held = s.held[:0]
	clear(s.asides)
	s.asides = s.asides[:0]
	s.timeSpan = timeSpan{}
	recycled.Put(s)
}
