package exchange

import "bytes"

// IRC (RFC 1459): lines in both directions that mostly want no answer. Only pings, goodbyes and STARTTLS
// are reported; the rest goes by turns.

func isIRC(b []byte, side int) verdict {
	best := no
	if side == 1 {
		if b[0] != ':' {
			return prefix(b, "NOTICE AUTH ")
		}
		line, v := firstLine(b)
		return lineEnds(v, bytes.Contains(line, []byte(" NOTICE ")) || bytes.Contains(line, []byte(" 001 ")))
	}
	for _, p := range [...]string{"NICK ", "CAP LS", "STARTTLS\r\n"} {
		best = max(best, prefix(b, p))
	}
	if prefix(b, "USER ") != no { // of FTP and POP3 too, which have no real name behind a colon
		line, v := firstLine(b)
		best = max(best, lineEnds(v, bytes.Contains(line, []byte(" :"))))
	}
	return best
}

func (h *hearing) readIRC(b []byte, last bool) int {
	line, used := h.takeLine(b, last)
	if used == 0 {
		return 0
	}
	source := []byte(nil)
	rest := line
	if len(line) > 0 && line[0] == ':' {
		source, rest = token(line)
	}
	verb, _ := token(rest)
	switch {
	case len(verb) == 0:
	case string(verb) == "PING":
		h.ping(textPing)
	case string(verb) == "PONG":
		h.pong(textPong)
	case string(verb) == "QUIT" && source == nil, string(verb) == "ERROR":
		h.begin(Goodbye, h.names.intern(verb, maxText))
	case string(verb) == "670" && h.side == 1: // RPL_STARTTLS
		h.begin(Response, h.names.intern(verb, maxText))
		h.upgrade(irc, tls)
	default:
		h.byTurns(h.names.intern(verb, maxText))
	}
	return used
}
