package exchange

import "bytes"

// maxLine is how much of a line is read; the rest of a longer one is passed over.
const maxLine = 1024

// line returns the line at the front of b without its end, and the octets it takes; used is 0 when its
// end has not come.
func (h *hearing) takeLine(b []byte, last bool) (line []byte, used int) {
	window := b[:min(len(b), maxLine)]
	if i := bytes.IndexByte(window, '\n'); i >= 0 {
		line = window[:i]
		if i > 0 && line[i-1] == '\r' {
			line = line[:i-1]
		}
		return line, i + 1
	}
	if len(window) == maxLine {
		h.v.flags |= skipLine
		return window, maxLine
	}
	if last {
		return b, len(b)
	}
	return nil, 0
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
