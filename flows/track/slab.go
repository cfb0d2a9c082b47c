package track

import (
	"unsafe"

	"github.com/rstexplain/rstexplain/flows/track/internal/pages"
)

// A slab holds values of one pointer-free type in large pieces, so that a million of them cost the
// garbage collector nothing and never move. Index 0 is never given out: it means "none".
type slab[T any] struct {
	pieces [][]T
	free   []uint32 // given back, last first
	top    uint32   // indices below top have been given out at least once
	live   int
}

// pieceBits is the base-two logarithm of the values in one piece.
const pieceBits = 10

// at returns the value with index i. The pointer stays good until the value is given back.
func (s *slab[T]) at(i uint32) *T {
	return &s.pieces[i>>pieceBits][i&(1<<pieceBits-1)]
}

// take returns the index of a zeroed value.
func (s *slab[T]) take() uint32 {
	s.live++
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		var zero T
		*s.at(i) = zero
		return i
	}
	if s.top == 0 {
		s.top = 1
	}
	i := s.top
	s.top++
	if int(i>>pieceBits) == len(s.pieces) {
		s.pieces = append(s.pieces, pages.Make[T](1<<pieceBits))
	}
	return i
}

// give takes the value with index i back; 0 is ignored.
func (s *slab[T]) give(i uint32) {
	if i != 0 {
		s.live--
		s.free = append(s.free, i)
	}
}

// memory returns the bytes that the slab takes.
func (s *slab[T]) memory() int64 {
	var v T
	return int64(len(s.pieces))*int64(unsafe.Sizeof(v))<<pieceBits + int64(cap(s.free))*4
}

// touched returns n new values, with each page of their memory written once. A page that is read before it is
// written is mapped twice, and the second time all processors that the program runs on are interrupted.
func touched[T any](n int) []T {
	list := pages.Make[T](n)
	const page = 4096
	var zero T
	for i := 0; i < n; i += max(1, page/max(1, int(unsafe.Sizeof(zero)))) {
		list[i] = zero
	}
	return list
}
