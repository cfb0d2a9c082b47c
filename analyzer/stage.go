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

// segments are the TCP segments of one batch of packets, in the order of the file.
type segments struct {
	batch  capture.Batch // holds the octets that payloads point to
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

// decode reads the headers of all packets of b, for t.
func (d *decoding) decode(b capture.Batch, t *flows.Table) *segments {
	d.Lock()
	defer d.Unlock()
	s := recycled.Get().(*segments)
	s.batch, s.list = b, t.NewBatch()
	if d.over {
		return s
	}
	s.packets = len(b.Packets)
	seg := &d.segment
	for i := range b.Packets {
		s.extend(b.Packets[i].Time)
		switch d.decoder.DecodeTo(s.list, &b.Packets[i], seg) {
		case decode.ICMPError:
			s.asides = append(s.asides, aside{s.list.Recall(seg.Src, seg.Dst), *seg, !d.decoder.Unnumbered, true, d.decoder.Note})
		case decode.Malformed:
			s.asides = append(s.asides, aside{before: s.list.Recall(seg.Src, seg.Dst), header: *seg, numbered: !d.decoder.Unnumbered})
		}
	}
	s.list.Sort()
	return s
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

// release gives the batch back to its reader, and s to the next batch.
func (s *segments) release() {
	s.batch.Release()
	clear(s.asides) // a header may point to its octets
	s.asides = s.asides[:0]
	s.timeSpan = timeSpan{}
	recycled.Put(s)
}
