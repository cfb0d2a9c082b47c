package main

import (
	"strings"
	"unicode"
)

// shown makes text of strangers, such as the name of a file, harmless to a terminal: control characters,
// marks that turn the direction of writing around and what is no UTF-8 become dots.
func shown(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || unicode.IsPrint(r) && r != unicode.ReplacementChar {
			return r
		}
		return '·'
	}, s)
}
