package slab

import (
	"unsafe"

	"github.com/rstexplain/rstexplain/flows/pages"
)

// A Slab holds values of one pointer-free type in pieces, so that a million of them cost the garbage collector nothing
// and never move. The upper bits of an index choose the piece. Index 0 is never given out: it means "none".
type Slab[T any] struct {
	Pieces [][]T
	Free   []uint32 // given back, last first
	Top    uint32   // indices below top have been given out at least once, if a piece has them
	Live   int
}

// PieceBits is the base-two logarithm of the values in a piece. The first pieces are shorter, and the indices that
// they lack are left out: to clear the memory for a thousand connections took two thirds of the time that a capture
// with ten of them takes.
const (
	PieceBits = 10
	firstBits = 5
	nextBits  = 8
)

// PieceLen returns how many values piece p holds.
func PieceLen(p int) int {
	switch p {
	case 0:
		return 1 << firstBits
	case 1:
		return 1 << nextBits
	}
	return 1 << PieceBits
}

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
	i := s.Top
	if last := len(s.Pieces) - 1; last < 0 || int(i&(1<<PieceBits-1)) == PieceLen(last)&(1<<PieceBits-1) {
		i = max(uint32(len(s.Pieces))<<PieceBits, 1)
		s.Pieces = append(s.Pieces, pages.Make[T](PieceLen(last+1)))
	}
	s.Top = i + 1
	return i
}

// Has reports whether there is a value with index i, be it in use or given back.
func (s *Slab[T]) Has(i uint32) bool {
	p := int(i >> PieceBits)
	return i < s.Top && p < len(s.Pieces) && int(i&(1<<PieceBits-1)) < len(s.Pieces[p])
}

// Next returns the index after i of those that have been given out, 0 after the last.
func (s *Slab[T]) Next(i uint32) uint32 {
	if i++; i >= s.Top {
		return 0
	}
	if p := i >> PieceBits; int(i&(1<<PieceBits-1)) >= PieceLen(int(p)) {
		i = (p + 1) << PieceBits
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
	n := 0
	for p := range min(len(s.Pieces), 2) {
		n += PieceLen(p)
	}
	n += max(len(s.Pieces)-2, 0) << PieceBits
	return int64(n)*int64(unsafe.Sizeof(v)) + int64(cap(s.Free))*4
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
