package exchange

import "bytes"

// The two sides speak different protocols: an HTTP server gets a Client Hello, a TLS server a request in the clear, or a
// server of another protocol either of them.

// otherLayer says of a server's voice that it answered a Client Hello or a request of HTTP in another protocol.
const otherLayer = f10

// answersPlainly reports whether b, the first bytes of a server after a Client Hello, begin a response of HTTP/1, or a
// page alone, as the answer to HTTP/0.9.
func (h *hearing) answersPlainly(b []byte) bool {
	return h.side != h.client() && h.v.kind == None && h.tls&(sawClientHello|sawServerHello) == sawClientHello &&
		(max(prefix(b, "HTTP/1."), prefix(b, "<!DOCTYPE ")) != no || h.via == undecided && greets(b) != no)
}

// plainAnswer takes the status line of such a response: as an alert, where its status says that the request could not be
// read. Others may be pages of a device on the path, and are followed by turns.
func (h *hearing) plainAnswer(b []byte, last bool) int {
	switch v := greets(b); {
	case v == yes:
		return h.greeting(Alert, b)
	case v == maybe && last:
		return h.strange(b)
	}
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

// greets tells whether b, the first bytes of a server, are a greeting or refusal of a protocol in which the server speaks
// first, or says that it expects another header: SSH (RFC 4253 §4.2), SMTP and FTP, POP3, IMAP, AMQP (0-9-1 §4.2.2).
func greets(b []byte) (v verdict) {
	for _, p := range [...]string{"SSH-", "220 ", "220-", "+OK", "-ERR", "* OK", "AMQP"} {
		v = max(v, prefix(b, p))
	}
	return v
}

// greeting takes what greets knows as the server's answer to what is none of its protocol.
func (h *hearing) greeting(kind Kind, b []byte) int {
	line := b
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		line = trimCR(b[:i])
	}
	if has(b, "AMQP") {
		line = b[:4] // what follows is binary
	}
	h.answer(kind, h.names.line(line, maxText, nil, 0))
	h.v.flags |= otherLayer
	h.v.left = forever
	h.verdict(h.v.text)
	return len(b)
}

// strangeAnswer takes the greeting of another protocol in answer to a request of HTTP; used is as of sealedAnswer.
func (h *hearing) strangeAnswer(b []byte, last bool) (used int, ok bool) {
	if h.side != 1 || h.v.kind != None || h.proto != http1 {
		return 0, false
	}
	switch v := greets(b); {
	case v == yes:
		return h.greeting(Refusal, b), true
	case v == maybe && !last:
		return 0, true
	}
	return 0, false
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
