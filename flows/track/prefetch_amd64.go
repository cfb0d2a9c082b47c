package track

import "unsafe"

// Go has no prefetch instruction of its own. An ordinary load will not do: the processor cannot go on for
// long before it has arrived.

// prefetch asks for the cache line at p, which may be any address.
//
//go:noescape
func prefetch(p unsafe.Pointer)

// prefetch2 asks for two cache lines.
//
//go:noescape
func prefetch2(p unsafe.Pointer)

// prefetch3 asks for three cache lines.
//
//go:noescape
func prefetch3(p unsafe.Pointer)

// prefetch4 asks for four cache lines.
//
//go:noescape
func prefetch4(p unsafe.Pointer)

// prefetchSlots asks for the slots of an index where the search for n lines begins.
//
//go:noescape
func prefetchSlots(slots *uint64, mask uint32, lines *Ordinary, n int)

// prefetchSpan asks for n octets at p, at least for the first.
//
//go:noescape
func prefetchSpan(p unsafe.Pointer, n int)

// prefetchSpanW is prefetchSpan for octets that are to be written.
//
//go:noescape
func prefetchSpanW(p unsafe.Pointer, n int)

// prefetchJournals asks for the journals of list that n ids name.
//
//go:noescape
func prefetchJournals(list *journal, ids *uint32, n int)
