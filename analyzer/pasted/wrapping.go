package pasted

import (
	"bytes"
	"slices"
)

// What a web page, a mail, a chat or a log puts around each line of a print is taken off here, before a style sees it.

// tags are the elements of HTML in which prints stand. Others may be options of TCP, or stand for an address.
var tags = []string{"p", "br", "pre", "code", "div", "span", "li", "ul", "ol", "td", "th", "tr", "table", "tbody",
	"thead", "b", "i", "em", "strong", "font", "tt", "blockquote", "mark", "hr", "samp", "kbd"}

// lineTags are those of them that begin and end a line.
var lineTags = []string{"p", "br", "pre", "div", "li", "tr", "table", "blockquote", "hr"}

// tag returns the length of the tag that b begins with, 0 where it is none, and what stands for it: a tab for the
// beginning of a cell, a line break.
func tag(b []byte) (n int, as string) {
	k := 1
	ends := k < len(b) && b[k] == '/'
	if ends {
		k++
	}
	from := k
	for k < len(b) && (b[k] >= 'a' && b[k] <= 'z' || b[k] >= 'A' && b[k] <= 'Z') {
		k++
	}
	if k == from || k >= len(b) || b[k] != '>' && b[k] != ' ' && b[k] != '/' {
		return 0, ""
	}
	name := string(bytes.ToLower(b[from:k]))
	end := bytes.IndexByte(b[k:], '>')
	if end < 0 || end > 0 && b[k] == ' ' && bytes.IndexByte(b[k:k+end], '=') < 0 && b[k+end-1] != '/' ||
		!slices.Contains(tags, name) {
		return 0, ""
	}
	switch {
	case !ends && (name == "td" || name == "th"):
		as = "\t"
	case slices.Contains(lineTags, name):
		as = "\n"
	}
	return k + end + 1, as
}

// untagged removes the tags of HTML from a line, which may become several.
func untagged(b []byte) []byte {
	k := bytes.IndexByte(b, '<')
	if k < 0 {
		return b
	}
	var out []byte
	for k >= 0 {
		n, as := tag(b[k:])
		if n == 0 {
			next := bytes.IndexByte(b[k+1:], '<')
			if next < 0 {
				break
			}
			k += 1 + next
			continue
		}
		if out == nil {
			out = make([]byte, 0, len(b))
		}
		out = append(append(out, b[:k]...), as...)
		b = b[k+n:]
		k = bytes.IndexByte(b, '<')
	}
	if out == nil {
		return b
	}
	return append(out, b...)
}

// bare removes from a line the marks that JIRA, Markdown and diff put directly before and behind it.
func bare(b []byte) []byte {
	t := bytes.TrimLeft(b, " \t")
	if len(t) == 0 {
		return b
	}
	switch t[0] {
	case '{':
		for _, mark := range [...]string{"{code", "{noformat", "{quote"} {
			if k := bytes.IndexByte(t, '}'); k > 0 && bytes.HasPrefix(t, []byte(mark)) {
				return bare(t[k+1:])
			}
		}
	case '`', '*', '+', '>':
		rest := bytes.TrimLeft(t, "`*+>")
		if len(rest) > 0 && (isDigit(rest[0]) || bytes.HasPrefix(rest, []byte("IP"))) {
			return bytes.TrimRight(rest, "`*")
		}
	}
	return b
}

// beginsTimed reports whether a line begins with a time, a date or a number before a time.
func beginsTimed(b []byte) bool {
	s := scan{b: b}
	for range 2 {
		w := s.word()
		if _, ok := dateOf(w); ok {
			return true
		}
		if _, _, ok := clockOf(w); ok {
			return true
		}
		if at, ok := seconds(w); ok && at >= 0 && bytes.IndexByte(w, '.') > 0 {
			return true
		}
		if !allDigits(w) {
			return false
		}
	}
	return false
}

// named removes what grep puts before a time: the number of the line, or the name of the file.
func named(w []byte) []byte {
	if k := bytes.IndexByte(w, ':'); k > 0 && k+8 < len(w) {
		if _, _, ok := clockOf(w[k+1:]); ok {
			return w[k+1:]
		}
	}
	return w
}
