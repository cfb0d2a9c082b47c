//go:build !amd64

package flows

import "unsafe"

func prefetch(unsafe.Pointer)  {}
func prefetch2(unsafe.Pointer) {}
func prefetch3(unsafe.Pointer) {}
func prefetch4(unsafe.Pointer) {}

func prefetchSpan(unsafe.Pointer, int)  {}
func prefetchSpanW(unsafe.Pointer, int) {}

func prefetchSlots(*uint64, uint32, *Ordinary, int) {}
func prefetchJournals(*journal, *uint32, int)       {}
