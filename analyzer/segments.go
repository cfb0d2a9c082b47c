package analyzer

import (
	"io"
	"sync"
	"sync/atomic"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/decode"
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
)

// segments are the TCP segments of a piece of the input, in the order of the file.
type segments struct {
	held   capture.Batch // holds the bytes that payloads point to
	list   *track.Batch
	errors []flows.ICMPNote // those in list
	table  *track.Table     // that list is for
	timeSpan
}

// packetsAhead is how many packets ahead it is known what will be asked of the memory.
const packetsAhead = 4

// recycled holds the segments that are not in flight.
var recycled = sync.Pool{New: func() any { return new(segments) }}

// decoding reads headers, until it is ended: the worker that reads the input may outlive the report.
type decoding struct {
	sync.Mutex
	decoder decode.Decoder
	segment flows.Segment // at hand
	counted int64         // bytes of the input
	over    bool
	watch   func(*flows.Segment) // may be nil
}

// end returns the decoder, which is not used any more.
func (d *decoding) end() *decode.Decoder {
	d.Lock()
	defer d.Unlock()
	d.over = true
	d.decoder.Flush()
	return &d.decoder
}

// next reads the next piece of in and its headers, for the table at t, or for one that another makes, and puts there,
// where what follows has nothing to do with what came before. read, where set, grows by the bytes that were read.
func (d *decoding) next(in input, t **track.Table, another func() *track.Table, read *atomic.Int64) (*segments, error) {
	var p piece
	if err := in.next(&p); err != nil {
		return nil, io.EOF // the input reports what could not be read
	}
	if n := in.bytesRead(); read != nil {
		read.Add(n - d.counted)
		d.counted = n
	}
	if p.export != nil {
		if p.export.apart {
			*t = another()
		}
		s := p.export.segments(*t)
		if d.watch != nil {
			for i := range p.export.list {
				d.watch(&p.export.list[i])
			}
		}
		s.table = *t
		return s, nil
	}
	s := d.decode(p.batch, *t)
	s.table = *t
	return s, nil
}

// decode reads the headers of all packets of b, for t.
func (d *decoding) decode(b capture.Batch, t *track.Table) *segments {
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
	aliases := s.list.HasIPv6()
	for i := range b.Packets {
		if next := i + packetsAhead; aliases && next < len(b.Packets) {
			decode.Foresee(s.list, &b.Packets[next])
		}
		first, last = min(first, b.Packets[i].Time), max(last, b.Packets[i].Time)
		if out := d.decodeTo(s.list, &b.Packets[i], seg); out == decode.ICMPError || out == decode.Malformed {
			if !d.decoder.Unnumbered {
				s.list.Number(seg)
			}
			if out == decode.ICMPError {
				s.addICMP(&d.decoder.Note)
			}
		}
	}
	s.extend(first)
	s.extend(last)
	if s.list.Borrowed() == 0 {
		b.Release() // while its bytes are in the cache, for the next ones
	} else {
		s.held = b
	}
	return s
}

// decodeTo reads the headers of p, and shows the segment to who watches.
func (d *decoding) decodeTo(b *track.Batch, p *capture.Packet, seg *flows.Segment) decode.Outcome {
	if d.watch == nil {
		return d.decoder.DecodeTo(b, p, seg)
	}
	out := d.decoder.Decode(p, seg)
	if out == decode.Segment {
		d.watch(seg)
		b.Add(seg)
	}
	return out
}

// addICMP appends an ICMP error.
func (s *segments) addICMP(n *flows.ICMPNote) {
	s.list.AddICMP(*n)
	s.errors = append(s.errors, *n)
}

// follow adds the segments to t, and failed connects to failed.
func (s *segments) follow(t *track.Table, failed *unreachables) {
	for i := range s.errors {
		failed.add(&s.errors[i])
	}
	t.AddBatch(s.list)
	s.list, s.table = nil, nil
}

// release gives what it holds back to the reader, and s to the next segments.
func (s *segments) release() {
	s.held.Release()
	s.errors = s.errors[:0]
	s.timeSpan = timeSpan{}
	recycled.Put(s)
}
