//go:build !linux || plain

package pages

import "unsafe"

// large does nothing where the kernel chooses the pages by itself.
func large(unsafe.Pointer, uintptr) {}
