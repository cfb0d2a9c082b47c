package exchange

import "bytes"

// Protocols whose messages want no answer: syslog over TCP (RFC 6587), StatsD, and the commands and measurements of
// IEEE C37.118.

// oneWay starts a message that wants no answer.
func (h *hearing) oneWay(text id) {
	h.begin(OneWay, text)
	h.v.flags |= asked
}

// unasked takes what the other side of a one-way protocol sends all the same: who speaks is all that is known.
func (h *hearing) unasked(b []byte) int {
	h.turns()
	h.fresh = true
	h.takeTurn()
	return len(b)
}

// isSyslog knows a priority in angle brackets, behind a length where bytes are counted (RFC 6587 §3.4.1, octet
// counting).
func isSyslog(b []byte, side int) verdict {
	if side != 0 {
		return no
	}
	i := 0
	for i < len(b) && i < 6 && isDigit(b[i]) {
		i++
	}
	if i > 0 {
		switch {
		case i == len(b):
			return maybe
		case b[i] != ' ':
			return no
		}
		i++
	}
	switch {
	case i == len(b):
		return maybe
	case b[i] != '<':
		return no
	}
	from := i + 1
	for i = from; i < len(b) && i < from+4 && isDigit(b[i]); i++ {
	}
	switch {
	case i == len(b) && i < from+4:
		return maybe
	case i == from || i > from+3 || b[i] != '>':
		return no
	}
	return yes
}

func startsSyslog(b []byte) bool { return isSyslog(b, 0) == yes }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func (h *hearing) readSyslog(b []byte, last bool) int {
	if h.side != 0 {
		return h.unasked(b)
	}
	if !isDigit(b[0]) {
		_, used := h.takeLine(b, last)
		if used > 0 {
			h.oneWay(h.phrase("syslog message"))
		}
		return used
	}
	i := bytes.IndexByte(b[:min(len(b), 7)], ' ')
	if i < 0 {
		if len(b) >= 7 {
			return h.strange(b)
		}
		return h.short(b, last)
	}
	n, ok := number(b[:i])
	if !ok {
		return h.strange(b)
	}
	h.oneWay(h.phrase("syslog message"))
	return h.frameOf(i+1, int64(i+1)+n)
}

// isStatsD knows a first line "name:value|type".
func isStatsD(b []byte, side int) verdict {
	if side != 0 {
		return no
	}
	i := 0
	take := func(is func(c byte) bool) int {
		from := i
		for i < len(b) && is(b[i]) {
			i++
		}
		return i - from
	}
	name := take(func(c byte) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || isDigit(c) || c == '.' || c == '_' || c == '-' || c == '/'
	})
	switch {
	case i == len(b) && name < 128:
		return maybe
	case name == 0 || name >= 128 || b[i] != ':':
		return no
	}
	i++
	value := take(func(c byte) bool { return isDigit(c) || c == '.' || c == '-' || c == '+' })
	switch {
	case i == len(b) && value < 32:
		return maybe
	case value == 0 || value >= 32 || b[i] != '|':
		return no
	}
	i++
	kind := take(func(c byte) bool { return c == 'c' || c == 'g' || c == 'm' || c == 's' || c == 'h' || c == 'd' })
	switch {
	case i == len(b) && kind <= 2:
		return maybe
	case kind == 0 || kind > 2 || b[i] != '\n' && b[i] != '\r' && b[i] != '|':
		return no
	}
	return yes
}

func (h *hearing) readStatsD(b []byte, last bool) int {
	if h.side != 0 {
		return h.unasked(b)
	}
	_, used := h.takeLine(b, last)
	if used > 0 {
		h.oneWay(h.phrase("StatsD metric"))
	}
	return used
}

// Frames of IEEE C37.118.2 (§6.2): a sync word, the length, and in a command the command itself.
const (
	c37Sync    = 0xaa
	c37Header  = 14
	c37Command = 4 // frame type
	c37Off     = 1 // commands: data off, data on; the others ask for a frame
	c37On      = 2
)

func isC37118(b []byte, _ int) verdict {
	switch {
	case b[0] != c37Sync, len(b) > 1 && (b[1] > 0x5f || b[1]&15 == 0 || b[1]&15 > 3):
		return no
	case len(b) < 4:
		return maybe
	case be16(b[2:]) < c37Header+2:
		return no
	}
	return yes
}

func startsC37118(b []byte) bool { return isC37118(b, 0) == yes }

func (h *hearing) readC37118(b []byte, last bool) int {
	if len(b) < 4 {
		return h.short(b, last)
	}
	n, kind := be16(b[2:]), b[1]>>4
	if b[0] != c37Sync || n < c37Header+2 {
		return h.strange(b)
	}
	if kind == c37Command && len(b) < c37Header+2 {
		return h.short(b, last)
	}
	switch {
	case kind == 0:
		h.run(OneWay, h.phrase("data frame"))
		h.v.flags |= asked
	case kind != c37Command:
		h.answer(Response, h.phrase("configuration frame"))
	case be16(b[c37Header:]) == c37Off:
		h.oneWay(h.phrase("command: data off"))
	case be16(b[c37Header:]) == c37On:
		h.oneWay(h.phrase("command: data on"))
	default:
		h.request(h.phrase("command"))
	}
	return h.frameOf(min(len(b), c37Header+2), int64(n))
}
