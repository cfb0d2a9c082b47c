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
	buf   []byte
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

// next returns the next line without its end. It is valid until the next call.
func (l *lines) next() ([]byte, error) {
	b, err := l.in.ReadSlice('\n')
	if len(b) == 0 && err != nil && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, err
	}
	l.n++
	if errors.Is(err, bufio.ErrBufferFull) {
		if l.long++; l.long == 1 {
			l.first = l.n
		}
		l.buf = append(l.buf[:0], b...)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = l.in.ReadSlice('\n')
		}
		b = l.buf
	}
	return l.clean(bytes.TrimRight(b, "\r\n")), nil
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
		case c == '&':
			if s, n := entity(rest); n > 0 {
				out = append(out, s)
				i += n
				continue
			}
		case c == 0xc2 && len(rest) > 1 && rest[1] == 0xa0: // no-break space
			out = append(out, ' ')
			i += 2
			continue
		case bytes.HasPrefix(rest, []byte("\u2192")): // →
			out = append(out, "->"...)
			i += len("\u2192")
			continue
		case bytes.HasPrefix(rest, []byte("\u2026")): // …
			out = append(out, "..."...)
			i += len("\u2026")
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
