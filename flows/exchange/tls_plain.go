package exchange

// One side speaks TLS and the other does not: an HTTP server gets a Client Hello, or a TLS server a request in the clear.

// otherLayer says of a server's voice that it answered a Client Hello in plain HTTP, or a request of HTTP with a TLS alert.
const otherLayer = f10

// answersPlainly reports whether b, the first bytes of a server after a Client Hello, begin a response of HTTP/1, or a
// page alone, as the answer to HTTP/0.9.
func (h *hearing) answersPlainly(b []byte) bool {
	return h.side != h.client() && h.v.kind == None && h.tls&(sawClientHello|sawServerHello) == sawClientHello &&
		max(prefix(b, "HTTP/1."), prefix(b, "<!DOCTYPE ")) != no
}

// plainAnswer takes the status line of such a response: as an alert, where its status says that the request could not be
// read. Others may be pages of a device on the path, and are followed by turns.
func (h *hearing) plainAnswer(b []byte, last bool) int {
	line, used := h.takeLine(b, last)
	if used == 0 {
		return 0
	}
	said := h.names.startLine(line)
	if b[0] == '<' {
		said = startLine{kind: Response, status: 400, text: h.names.intern(line, maxText)}
	}
	switch {
	case said.kind != Response:
		return h.strange(b)
	case said.status != 400 && said.status != 414 && said.status != 431 && said.status != 501 && said.status != 505:
		return h.strange(b)
	default:
		h.status = said.status
		h.begin(Alert, said.text)
		h.answered()
		h.v.flags |= otherLayer
		h.v.left = forever
	}
	return used
}

// sealedAnswer takes a TLS alert in answer to a request of HTTP in the clear: used is 0 where b is none, or may become
// one.
func (h *hearing) sealedAnswer(b []byte, last bool) (used int, ok bool) {
	if h.side != 1 || h.v.kind != None || h.proto != http1 || b[0] != tlsAlert {
		return 0, false
	}
	if len(b) < tlsHeader+2 {
		return 0, !last
	}
	if !startsTLS(b) || be16(b[3:]) != 2 || b[5] != 1 && b[5] != 2 {
		return 0, false
	}
	h.answer(Refusal, h.names.line([]byte("TLS alert"), maxText, []byte(alertName(b[6])), maxText))
	h.v.flags |= otherLayer
	h.v.left = forever
	h.verdict(h.v.text)
	return tlsHeader + 2, true
}
