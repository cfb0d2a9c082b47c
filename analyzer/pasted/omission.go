package pasted

import (
	"bytes"
	"slices"
)

// People leave out lines, and say so: by dots, or by a word.

// omissionWords are such words.
var omissionWords = []string{"snip", "snipped", "omitted", "truncated", "skipped",
	"elided", "cut", "removed", "trimmed", "etc", "deleted"}

// omission reports whether a line says that lines were left out there.
func omission(t []byte) bool {
	if len(t) > 80 {
		return false
	}
	if bytes.Contains(t, []byte("8<")) || bytes.Contains(t, []byte(">8")) {
		return len(t) < 40
	}
	core := bytes.Trim(t, "[](){}<>*-=_ \t")
	switch {
	case len(core) == 0:
		return false
	case len(bytes.Trim(core, ".:")) == 0: // "...", ":", "[..]"
		return len(core) < 12
	case bytes.HasPrefix(core, []byte("..")) && len(core) < 60: // "... 200 more lines"
		return true
	}
	words := bytes.FieldsFunc(bytes.ToLower(core), func(r rune) bool { return r < 'a' || r > 'z' })
	return len(words) > 0 && len(words) <= 6 &&
		slices.ContainsFunc(words, func(w []byte) bool { return slices.Contains(omissionWords, string(w)) })
}
