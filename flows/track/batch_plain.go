//go:build plain

package track

import (
	"math"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/tuple"
)

// With the build tag plain a Batch is a list, and all that it holds goes the way of Table.Add.

// A Batch is a run of segments in the order of the capture.
type Batch struct {
	list     []batched
	segments int
	payloads int
}

// A batched is a segment, a header that only gets a number, or an ICMP error.
type batched struct {
	segment flows.Segment
	note    flows.ICMPNote
	what    batchedKind
}

type batchedKind uint8

const (
	batchedSegment batchedKind = iota
	batchedHeader
	batchedICMP
)

// NewBatch returns an empty batch, to be filled and then given to AddBatch.
func (t *Table) NewBatch() *Batch { return &Batch{} }

// Add appends s to the batch. The bytes of s.Payload must stay as they are until AddBatch returns.
func (b *Batch) Add(s *flows.Segment) {
	b.list = append(b.list, batched{segment: *s})
	b.segments++
	if len(s.Payload) > 0 {
		b.payloads++
	}
}

// Number gives a stream number to a TCP header that is no segment of a connection, as Table.Number does.
func (b *Batch) Number(s *flows.Segment) {
	b.list = append(b.list, batched{segment: *s, what: batchedHeader})
	b.list[len(b.list)-1].segment.Payload = nil
}

// AddICMP appends an ICMP error that quotes a segment, as Table.AddICMP takes it.
func (b *Batch) AddICMP(n flows.ICMPNote) {
	b.list = append(b.list, batched{note: n, what: batchedICMP})
}

// AddIPv4 reports false: its segments must be added by Add.
func (b *Batch) AddIPv4(h *Header, src, dst uint32, payload []byte) bool { return false }

// AddIPv6 reports false: its segments must be added by Add.
func (b *Batch) AddIPv6(h *Header, src, dst *[16]byte, payload []byte) bool { return false }

// HasIPv6 reports false.
func (b *Batch) HasIPv6() bool { return false }

// Expect does nothing.
func (b *Batch) Expect(ip *[16]byte) {}

// Defer does nothing.
func (b *Batch) Defer() {}

// Segments returns how many segments were added.
func (b *Batch) Segments() int { return b.segments }

// Borrowed returns how many payloads of the batch lie where the caller put them.
func (b *Batch) Borrowed() int { return b.payloads }

// Last returns what was added last, a segment.
func (b *Batch) Last() flows.Segment { return b.list[len(b.list)-1].segment }

// AddBatch takes what b holds.
func (t *Table) AddBatch(b *Batch) {
	for i := range b.list {
		switch e := &b.list[i]; e.what {
		case batchedSegment:
			t.Add(&e.segment)
		case batchedHeader:
			t.Number(&e.segment)
		case batchedICMP:
			t.AddICMP(e.note)
		}
	}
}

// batching is what a Table has for batches alone.
type batching struct{}

// setUpBatching turns SYN cache entries off as well.
func (t *Table) setUpBatching() { t.floodFrom = math.MaxInt }

// given makes tp the tuple of s. IPv6 addresses are not compressed.
func (t *Table) given(tp *tuple.Tuple, s *flows.Segment) {
	t.addresses.Tuple(tp, &s.Src, &s.Dst, false)
}
