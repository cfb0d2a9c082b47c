package exchange

import "bytes"

// maxLine is how much of a line is read; the rest of a longer one is passed over.
const maxLine = 1024

// takeLine returns the line at the front of b without its end, and the bytes it takes; used is 0 when
// its end has not come.
func (h *hearing) takeLine(b []byte, last bool) (line []byte, used int) {
	window := b[:min(len(b), maxLine)]
	if i := bytes.IndexByte(window, '\n'); i >= 0 {
		return trimCR(window[:i]), i + 1
	}
	if len(window) == maxLine {
		h.v.flags |= skipLine
		return window, maxLine
	}
	if last {
		h.cut = b
		return trimCR(b), len(b)
	}
	return nil, 0
}

// trimCR removes one carriage return at the end of a line.
func trimCR(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}

// passLine passes over the rest of a line that was too long.
func (h *hearing) passLine(b []byte) int {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return len(b)
	}
	h.v.flags &^= skipLine
	return i + 1
}

// firstLine returns the first line of b for a signature: maybe while its end has not come, no when b is
// no text.
func firstLine(b []byte) ([]byte, verdict) {
	window := b[:min(len(b), maxSignature)]
	i := bytes.IndexByte(window, '\n')
	line := window
	if i >= 0 {
		line = trimCR(window[:i])
	}
	for _, c := range line[plainPrefix(line):] {
		if c < ' ' && c != '\t' && c != '\r' || c == 0x7f {
			return nil, no
		}
	}
	if i < 0 && len(b) < maxSignature {
		return line, maybe
	}
	return line, yes
}

// lineEnds says whether a signature's line is there, given what it is when it is there.
func lineEnds(v verdict, is bool) verdict {
	if v == yes && !is {
		return no
	}
	return v
}

// prefix tells whether b begins with want, or may when more of it has come.
func prefix(b []byte, want string) verdict {
	n := min(len(b), len(want))
	switch {
	case string(b[:n]) != want[:n]:
		return no
	case n < len(want):
		return maybe
	}
	return yes
}

// prefixFold is prefix without regard to case; want is in lower case.
func prefixFold(b []byte, want string) verdict {
	n := min(len(b), len(want))
	switch {
	case !equalFold(b[:n], want[:n]):
		return no
	case n < len(want):
		return maybe
	}
	return yes
}

// dot is what ends a text in SMTP (RFC 5321 §4.1.1.4) and POP3 (RFC 1939 §3).
const dot = "\r\n.\r\n"

// untilDot passes over b up to the dot. The bytes of it that b ends with are remembered in voice.high,
// which is 2 where a line begins.
func (h *hearing) untilDot(b []byte) (used int, done bool) {
	v := h.v
	var seam [2 * len(dot)]byte
	n := copy(seam[:], dot[:v.high])
	n += copy(seam[n:], b[:min(len(b), len(dot)-1)])
	if i := bytes.Index(seam[:n], []byte(dot)); i >= 0 {
		used = i + len(dot) - int(v.high)
		v.high = 0
		return used, true
	}
	if i := bytes.Index(b, []byte(dot)); i >= 0 {
		v.high = 0
		return i + len(dot), true
	}
	tail := b
	if len(b) < len(dot) {
		tail = seam[:n]
	}
	for k := min(len(dot)-1, len(tail)); ; k-- {
		if string(tail[len(tail)-k:]) == dot[:k] {
			v.high = uint8(k)
			return len(b), false
		}
	}
}

// isWord reports whether b is one of the words, which are in upper case, and returns it.
func isWord(b []byte, words []string) (string, bool) {
	for _, w := range words {
		if len(b) == len(w) {
			same := true
			for i, c := range b {
				if 'a' <= c && c <= 'z' {
					c -= 'a' - 'A'
				}
				if c != w[i] {
					same = false
					break
				}
			}
			if same {
				return w, true
			}
		}
	}
	return "", false
}

// otherLine takes a line that begins with no command of the protocol: it goes on with AUTH, where the server has
// asked for that or AUTH stands open, else it is a command that is not known. It may hold a password and is not kept.
func (h *hearing) otherLine(continues bool) {
	v := h.v
	if continues || v.wait > 0 && (v.text == textContinued || h.names.get(v.text) == "AUTH") {
		h.request(textContinued)
		return
	}
	h.request(textUnknown)
}

// upper interns a command's name in upper case.
func (h *hearing) upper(name []byte) id {
	var upper [maxText]byte
	n := copy(upper[:], name)
	for i, c := range upper[:n] {
		if 'a' <= c && c <= 'z' {
			upper[i] = c - 'a' + 'A'
		}
	}
	return h.names.again(h.v.text, upper[:n], maxText)
}
