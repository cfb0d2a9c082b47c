package slab

import (
	"unsafe"

	"github.com/rstexplain/rstexplain/flows/track/internal/pages"
)

// A Slab holds values of one pointer-free type in large pieces, so that a million of them cost the
// garbage collector nothing and never move. Index 0 is never given out: it means "none".
type Slab[T any] struct {
	Pieces [][]T
	Free   []uint32 // given back, last first
	Top    uint32   // indices below top have been given out at least once
	Live   int
}

// PieceBits is the base-two logarithm of the values in one piece.
const PieceBits = 10

// At returns the value with index i. The pointer stays good until the value is given back.
func (s *Slab[T]) At(i uint32) *T {
	return &s.Pieces[i>>PieceBits][i&(1<<PieceBits-1)]
}

// Take returns the index of a zeroed value.
func (s *Slab[T]) Take() uint32 {
	s.Live++
	if n := len(s.Free); n > 0 {
		i := s.Free[n-1]
		s.Free = s.Free[:n-1]
		var zero T
		*s.At(i) = zero
		return i
	}
	if s.Top == 0 {
		s.Top = 1
	}
	i := s.Top
	s.Top++
	if int(i>>PieceBits) == len(s.Pieces) {
		s.Pieces = append(s.Pieces, pages.Make[T](1<<PieceBits))
	}
	return i
}

// Give takes the value with index i back; 0 is ignored.
func (s *Slab[T]) Give(i uint32) {
	if i != 0 {
		s.Live--
		s.Free = append(s.Free, i)
	}
}

// Memory returns the bytes that the slab takes.
func (s *Slab[T]) Memory() int64 {
	var v T
	return int64(len(s.Pieces))*int64(unsafe.Sizeof(v))<<PieceBits + int64(cap(s.Free))*4
}

// Touched returns n new values, with each page of their memory written once. A page that is read before it is
// written is mapped twice, and the second time all processors that the program runs on are interrupted.
func Touched[T any](n int) []T {
	list := pages.Make[T](n)
	const page = 4096
	var zero T
	for i := 0; i < n; i += max(1, page/max(1, int(unsafe.Sizeof(zero)))) {
		list[i] = zero
	}
	return list
}
