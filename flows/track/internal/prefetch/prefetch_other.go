//go:build !amd64 || plain

package prefetch

import "unsafe"

func Line(unsafe.Pointer)   {}
func Lines2(unsafe.Pointer) {}
func Lines3(unsafe.Pointer) {}
func Lines4(unsafe.Pointer) {}

func Span(unsafe.Pointer, int)  {}
func SpanW(unsafe.Pointer, int) {}

func Slots(*uint64, uint32, *uint32, uintptr, int)   {}
func Elements(unsafe.Pointer, uintptr, *uint32, int) {}
