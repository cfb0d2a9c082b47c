package pasted

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// maxLine is how many bytes of a line are looked at. The longest lines of packets, an -A dump aside, have a few
// hundred; the rest of a longer line is passed over.
const maxLine = 64 << 10

// lines reads a text line by line, in bounded memory.
type lines struct {
	in    *bufio.Reader
	n     int // number of the line that was read last
	long  int // lines that were cut
	first int // of these

	columns int // width of the line that was read last
	buf     []byte

	parts  [][]byte // of the line that was read last, those that were not returned
	split  [][]byte
	carry  []byte // the end of what was read of a line that goes on
	goesOn bool

	joined Lines // packets that share a line with another, from which nothing parts them

	encoded bool // quoted-printable
	soft    []byte
	skipped int // lines that the one read last goes on in
}

func newLines(in io.Reader) *lines {
	l := &lines{in: bufio.NewReaderSize(in, maxLine)}
	switch head, _ := l.in.Peek(3); {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, _ = l.in.Discard(3)
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		_, _ = l.in.Discard(2)
		l.in = bufio.NewReaderSize(&wide{in: l.in, big: head[0] == 0xfe}, maxLine)
	}
	return l
}

// next returns the next line without its end, or the next part of a line that holds several. It is valid until the
// next call.
func (l *lines) next() ([]byte, error) {
	for len(l.parts) == 0 {
		b, err := l.physical()
		if err != nil {
			return nil, err
		}
		l.part(b)
	}
	b := l.parts[0]
	l.parts = l.parts[1:]
	return b, nil
}

// physical returns the next line of the text, or what was read of one that is longer than maxLine.
func (l *lines) physical() ([]byte, error) {
	b, err := l.in.ReadSlice('\n')
	full := errors.Is(err, bufio.ErrBufferFull)
	if len(b) == 0 && err != nil && !full && !l.goesOn {
		return nil, err
	}
	if !l.goesOn {
		l.n += 1 + l.skipped
		l.skipped = 0
	}
	if full || l.goesOn {
		l.buf = append(append(l.buf[:0], l.carry...), b...)
		b = l.buf
	}
	l.carry, l.goesOn = l.carry[:0], false
	if full {
		if k := lastBeginning(b); k > 0 {
			l.carry, l.goesOn = append(l.carry, b[k:]...), true
			b = b[:k]
		} else {
			if l.long++; l.long == 1 {
				l.first = l.n
			}
			b = b[:min(len(b), maxLine)]
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = l.in.ReadSlice('\n')
			}
		}
	}
	b = bytes.TrimRight(b, "\r\n")
	if !full {
		b = l.decoded(b)
	}
	l.columns = len(b)
	return b, nil
}

// lastBeginning returns where the last packet begins that a long line shows, 0 where it shows no second one.
func lastBeginning(b []byte) int {
	if k := bytes.LastIndex(b, []byte(`\n`)); k > 0 && len(b)-k < maxLine && shown(b[:k]) > 0 {
		return k
	}
	if starts := beginnings(b); len(starts) > 1 {
		return starts[len(starts)-1]
	}
	return 0
}

// part finds the lines that a line of the text holds.
func (l *lines) part(b []byte) {
	l.parts = l.parts[:0]
	if !escaped(b) {
		l.plain(b)
	} else {
		l.split = unescape(l.split[:0], b)
		for _, b := range l.split {
			l.plain(b)
		}
	}
	for _, p := range l.parts {
		if len(p) < 160 {
			continue
		}
		if n := shown(p); n > 1 {
			if l.joined.Count == 0 {
				l.joined.First = l.n
			}
			l.joined.Count += n - 1
		}
	}
}

// plain takes a line, or several that tags of HTML make of it.
func (l *lines) plain(b []byte) {
	b = untagged(l.clean(b))
	for {
		line, rest, more := bytes.Cut(b, []byte("\n"))
		if len(line) > 0 || !more && len(l.parts) == 0 {
			l.parts = separate(l.parts, logged(bare(line)))
		}
		if b = rest; !more {
			return
		}
	}
}

// clean makes plain text of what a web page, a terminal or a mail made of a line.
func (l *lines) clean(b []byte) []byte {
	odd := false
	for _, c := range b {
		if c < ' ' && c != '\t' || c == '&' || c >= 0x7f {
			odd = true
			break
		}
	}
	if !odd {
		return b
	}
	l.columns = utf8.RuneCount(b)
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); {
		rest := b[i:]
		switch c := b[i]; {
		case c == 0x1b: // an escape sequence of a terminal
			i++
			if i < len(b) && b[i] == '[' {
				for i++; i < len(b) && (b[i] < '@' || b[i] > '~'); i++ {
				}
				i++
			}
			continue
		case c == '&' && arrowAt(rest) == 0:
			if s, n := entity(rest); n > 0 {
				out = append(out, s)
				i += n
				continue
			}
		case c == 0xc2 && len(rest) > 1 && rest[1] == 0xa0: // no-break space
			out = append(out, ' ')
			i += 2
			continue
		case arrowAt(rest) > 0:
			out = append(out, "->"...)
			i += arrowAt(rest)
			continue
		case bytes.HasPrefix(rest, []byte("\u2026")): // …
			out = append(out, "..."...)
			i += len("\u2026")
			continue
		case bytes.HasPrefix(rest, []byte("\u201c")), bytes.HasPrefix(rest, []byte("\u201d")): // “ and ”
			out = append(out, '"')
			i += 3
			continue
		case bytes.HasPrefix(rest, []byte("\u200b")), bytes.HasPrefix(rest, []byte("\u200e")):
			i += 3
			continue
		case c < ' ' && c != '\t' || c == 0x7f:
			i++
			continue
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(rest)
			if i += n; r == utf8.RuneError && n == 1 { // of another encoding
				out = append(out, '?')
			} else {
				out = append(out, rest[:n]...)
			}
			continue
		}
		out = append(out, b[i])
		i++
	}
	return out
}

// arrows are those that stand for "→": others of Unicode, what mail programs make of "-->", an entity, and the three bytes
// of the arrow read as Windows-1252.
var arrows = [...]string{"\u2192", "\u21d2", "\u27f6", "\u2794", "\u279c", "\u27a1", "\uf0e0", "\u00e2\u2020\u2019", "&rarr;",
	"&#8594;", "&#x2192;", "\u2013>", "\u2014>"}

// arrowAt returns the length of the arrow that b begins with, 0 where it begins with none.
func arrowAt(b []byte) int {
	if b[0] != '&' && b[0] < utf8.RuneSelf {
		return 0
	}
	for _, a := range arrows {
		if bytes.HasPrefix(b, []byte(a)) {
			return len(a)
		}
	}
	return 0
}

// entity reads an HTML entity that stands for a character of such texts.
func entity(b []byte) (c byte, n int) {
	for _, e := range [...]struct {
		name string
		c    byte
	}{{"&gt;", '>'}, {"&lt;", '<'}, {"&amp;", '&'}, {"&nbsp;", ' '}, {"&quot;", '"'}, {"&#62;", '>'}, {"&#60;", '<'},
		{"&#39;", '\''}} {
		if bytes.HasPrefix(b, []byte(e.name)) {
			return e.c, len(e.name)
		}
	}
	return 0, 0
}

// wide reads UTF-16 as UTF-8: what a program prints into a file on Windows may be that.
type wide struct {
	in   *bufio.Reader
	big  bool
	rest []byte
	buf  [2 * utf8.UTFMax]byte
}

func (w *wide) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) {
		if len(w.rest) > 0 {
			k := copy(b[n:], w.rest)
			w.rest = w.rest[k:]
			n += k
			continue
		}
		r, err := w.unit()
		if err != nil {
			if n > 0 {
				return n, nil
			}
			return 0, err
		}
		if utf16.IsSurrogate(r) {
			low, err := w.unit()
			if err == nil {
				r = utf16.DecodeRune(r, low)
			}
		}
		w.rest = utf8.AppendRune(w.buf[:0], r)
	}
	return n, nil
}

func (w *wide) unit() (rune, error) {
	x, err := w.in.ReadByte()
	if err != nil {
		return 0, err
	}
	y, err := w.in.ReadByte()
	if err != nil {
		return 0, err
	}
	if w.big {
		return rune(x)<<8 | rune(y), nil
	}
	return rune(y)<<8 | rune(x), nil
}

// unquoted removes the marks by which mails and Markdown quote a line: "> ", "| " is left to tables.
func unquoted(b []byte) []byte {
	for {
		t := bytes.TrimLeft(b, " \t")
		if len(t) > 1 && t[0] == '>' && (t[1] == ' ' || t[1] == '>' || t[1] == '\t') {
			b = t[1:]
			continue
		}
		if bytes.Equal(t, []byte(">")) {
			return nil
		}
		return b
	}
}
