package slab

import "testing"

// TestIndices takes values over the borders of the first pieces: each has an index and a place of its own, Next comes
// by all of them in their order, and what lies between two pieces is no value.
func TestIndices(t *testing.T) {
	const n = 1<<firstBits + 1<<nextBits + 1<<PieceBits + 5
	var s Slab[uint32]
	var taken []uint32
	for k := range uint32(n) {
		i := s.Take()
		*s.At(i) = k
		taken = append(taken, i)
	}
	if s.Live != n || taken[0] != 1 {
		t.Fatalf("%d values live of %d, the first with index %d", s.Live, n, taken[0])
	}
	at := uint32(0)
	for k, i := range taken {
		if at = s.Next(at); at != i {
			t.Fatalf("value %d has index %d, Next gives %d", k, i, at)
		}
		if !s.Has(i) || *s.At(i) != uint32(k) {
			t.Fatalf("index %d: %t, %d instead of %d", i, s.Has(i), *s.At(i), k)
		}
	}
	if i := s.Next(at); i != 0 {
		t.Errorf("Next gives %d after the last", i)
	}
	for _, i := range []uint32{1 << firstBits, 1<<PieceBits - 1, 1<<PieceBits + 1<<nextBits, s.Top, 1 << 30} {
		if s.Has(i) {
			t.Errorf("index %d is said to be a value", i)
		}
	}
	s.Give(taken[3])
	if i := s.Take(); i != taken[3] || *s.At(i) != 0 {
		t.Errorf("index %d with value %d instead of %d with 0, which was given back", i, *s.At(i), taken[3])
	}
}
