package main

import (
	"strings"
	"unicode"
)

// shown makes untrusted text, such as the name of a file, safe for a terminal: control characters, bidirectional
// control characters and invalid UTF-8 become dots.
func shown(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || unicode.IsPrint(r) && r != unicode.ReplacementChar {
			return r
		}
		return '·'
	}, s)
}
