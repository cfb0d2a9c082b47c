//go:build !plain

package prefetch

import "unsafe"

// Line asks for the cache line at p, which may be any address.
//
//go:noescape
func Line(p unsafe.Pointer)

// Lines2 asks for two cache lines.
//
//go:noescape
func Lines2(p unsafe.Pointer)

// Lines3 asks for three cache lines.
//
//go:noescape
func Lines3(p unsafe.Pointer)

// Lines4 asks for four cache lines.
//
//go:noescape
func Lines4(p unsafe.Pointer)

// Span asks for n bytes at p, at least for the first.
//
//go:noescape
func Span(p unsafe.Pointer, n int)

// SpanW is Span for bytes that are to be written.
//
//go:noescape
func SpanW(p unsafe.Pointer, n int)

// Slots asks for the slots of a hash table where the search for n hashes begins, which are stride bytes apart.
//
//go:noescape
func Slots(slots *uint64, mask uint32, hash *uint32, stride uintptr, n int)

// Elements asks for the first cache line of n elements of a list, by their numbers; each has size bytes.
//
//go:noescape
func Elements(list unsafe.Pointer, size uintptr, numbers *uint32, n int)
