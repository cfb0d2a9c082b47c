package analyzer

import (
	"context"
	"fmt"
	"iter"
	"path"
	"runtime"
	"strings"
	"sync"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/decode"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/flows"
)

// until yields what comes from c until it is closed or ctx ends.
func until[T any](ctx context.Context, c <-chan T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for ctx.Err() == nil {
			select {
			case v, ok := <-c:
				if !ok || !yield(v) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

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

// segments are the TCP segments of one batch of packets, in the order of the file.
type segments struct {
	batch  capture.Batch // holds the octets that Segment.Payload points to
	list   []flows.Segment
	asides []aside
	octets []byte // of the data, where they come from an export
	timeSpan
}

// An aside is a TCP header that is no segment of a connection: an ICMP error quotes it, or it is malformed.
type aside struct {
	before   int // index in list of the segment that follows
	header   flows.Segment
	numbered bool // Wireshark gives it a stream number, so the table must count it
	isError  bool // note is the ICMP error that quotes it
	note     flows.ICMPNote
}

// recycled holds the segments that are not in flight.
var recycled = sync.Pool{New: func() any { return new(segments) }}

// decodeBatch reads the headers of all packets of b.
func decodeBatch(d *decode.Decoder, b capture.Batch) *segments {
	s := recycled.Get().(*segments)
	s.batch = b
	for i := range b.Packets {
		s.extend(b.Packets[i].Time)
	}
	s.packets = len(b.Packets)
	list := s.list[:0]
	for i := range b.Packets {
		if len(list) == cap(list) {
			list = append(list, flows.Segment{})[:len(list)]
		}
		seg := &list[:len(list)+1][len(list)]
		switch d.Decode(&b.Packets[i], seg) {
		case decode.Segment:
			list = list[:len(list)+1]
		case decode.ICMPError:
			s.asides = append(s.asides, aside{len(list), *seg, !d.Unnumbered, true, d.Note})
		case decode.Malformed:
			s.asides = append(s.asides, aside{before: len(list), header: *seg, numbered: !d.Unnumbered})
		}
	}
	s.list = list
	return s
}

// follow adds the segments to t, and failed connects to failed.
func (s *segments) follow(t *flows.Table, failed *unreachables) {
	from := 0
	for i := range s.asides {
		a := &s.asides[i]
		t.AddBatch(s.list[from:a.before])
		from = a.before
		if a.numbered {
			t.Number(&a.header)
		}
		if a.isError {
			t.AddICMP(a.note)
			failed.add(&a.note)
		}
	}
	t.AddBatch(s.list[from:])
}

// release gives the batch back to its reader, and s to the next batch.
func (s *segments) release() {
	s.batch.Release()
	clear(s.asides) // a header may point to its octets
	s.asides = s.asides[:0]
	s.timeSpan = timeSpan{}
	recycled.Put(s)
}
