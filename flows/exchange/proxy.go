package exchange

import "bytes"

// What goes before the protocol proper: the PROXY protocol (haproxy.org, proxy-protocol.txt) and SOCKS
// (RFC 1928).

const proxyV2 = "\r\n\r\n\x00\r\nQUIT\n"

func isProxy(b []byte, side int) verdict {
	if side != 0 {
		return no
	}
	return max(prefix(b, "PROXY TCP"), prefix(b, "PROXY UNKNOWN"), prefix(b, proxyV2))
}

func (h *hearing) readProxy(b []byte, last bool) int {
	if b[0] == 'P' {
		line, used := h.takeLine(b, last)
		if used == 0 {
			return 0
		}
		h.begin(Handshake, h.names.intern(line, maxText))
		h.upgrade(proxyLine, undecided)
		return used
	}
	if len(b) < 16 {
		return h.short(b, last)
	}
	total := int64(16 + be16(b[14:]))
	h.begin(Handshake, h.phrase("PROXY"))
	h.upgrade(proxyLine, undecided)
	return h.frameOf(16, total)
}

const (
	socksGreeted = 1 // the client has offered its methods, or the server has chosen one
	socksAsked   = 2 // the client has named where to go
)

// isSOCKS5 knows a client's methods, when they are all of a segment.
func isSOCKS5(b []byte, side int) verdict {
	if side != 0 || b[0] != 5 || len(b) > 1 && (b[1] == 0 || b[1] > 8 || len(b) > 2+int(b[1])) {
		return no
	}
	for _, method := range b[min(len(b), 2):] {
		if method > 9 && method < 0x80 {
			return no
		}
	}
	if len(b) < 2 || len(b) < 2+int(b[1]) {
		return maybe
	}
	return yes
}

func (h *hearing) readSOCKS5(b []byte, last bool) int {
	v := h.v
	if len(b) < 2 {
		return h.short(b, last)
	}
	if h.side == 1 {
		return h.socksAnswer(b, last)
	}
	switch {
	case v.phase == 0 && b[0] == 5:
		v.phase = socksGreeted
		h.begin(Handshake, h.phrase("methods"))
		v.wait = 1
		h.ask()
		return h.frameOf(2, int64(2+int(b[1])))
	case b[0] == 1 && h.peer().high == 2: // a password, of which nothing is kept
		if len(b) < 3+int(b[1]) {
			return h.short(b, last)
		}
		h.begin(Handshake, h.phrase("login"))
		v.wait = 1
		h.ask()
		return h.frameOf(3+int(b[1]), int64(3+int(b[1])+int(b[2+int(b[1])])))
	case b[0] != 5:
		return h.strange(b)
	}
	size := socksAddress(b)
	switch {
	case size < 0:
		return h.strange(b)
	case size == 0 || len(b) < size:
		return h.short(b, last)
	}
	h.host = h.socksTarget(b[:size])
	h.request(h.names.line([]byte("CONNECT"), maxText, []byte(h.names.get(h.host)), maxHost))
	v.phase = socksAsked
	return size
}

// socksAddress returns the size of a request or its answer, 0 when that has not come, −1 when it is none.
func socksAddress(b []byte) int {
	if len(b) < 5 {
		return 0
	}
	switch b[3] {
	case 1:
		return 4 + 4 + 2
	case 3:
		return 4 + 1 + int(b[4]) + 2
	case 4:
		return 4 + 16 + 2
	}
	return -1
}

// socksTarget returns the name and port in a request; addresses are left to the packets of the proxy.
func (h *hearing) socksTarget(b []byte) id {
	if b[3] != 3 {
		return 0
	}
	n := len(b) - 2
	t := append([]byte(nil), b[5:n]...)
	t = append(t, ':')
	return h.names.intern(appendInt(t, be16(b[n:])), maxHost)
}

func (h *hearing) socksAnswer(b []byte, last bool) int {
	v, p := h.v, h.peer()
	if p.phase != socksAsked {
		h.answer(Handshake, h.phrase("method"))
		if b[0] == 5 {
			v.high = b[1]
			if b[1] == 0xff {
				v.kind = Refusal
			}
		} else if b[1] != 0 {
			v.kind = Refusal
		}
		return 2
	}
	size := socksAddress(b)
	switch {
	case size < 0:
		return h.strange(b)
	case size == 0 || len(b) < size:
		return h.short(b, last)
	}
	if b[1] != 0 {
		h.answer(Refusal, h.phrase("refused"))
		return size
	}
	h.answer(Response, h.phrase("connected"))
	h.upgrade(socks5, undecided)
	return size
}

// isSOCKS4 knows a request to connect, when it is all of a segment.
func isSOCKS4(b []byte, side int) verdict {
	if side != 0 || b[0] != 4 || len(b) > 1 && b[1] != 1 {
		return no
	}
	if len(b) < 9 {
		return maybe
	}
	rest := b[8:]
	end := bytes.IndexByte(rest, 0)
	if b[4] == 0 && b[5] == 0 && b[6] == 0 && b[7] != 0 && end >= 0 { // 4a: a name behind the user
		rest = rest[end+1:]
		end = bytes.IndexByte(rest, 0)
	}
	switch {
	case end < 0 && len(b) < maxSignature:
		return maybe
	case end != len(rest)-1:
		return no
	}
	return yes
}

func (h *hearing) readSOCKS4(b []byte, last bool) int {
	if h.side == 0 {
		switch isSOCKS4(b, 0) {
		case yes:
			h.request(h.phrase("CONNECT"))
			return len(b)
		case maybe:
			return h.short(b, last)
		}
		return h.strange(b)
	}
	if len(b) < 8 {
		return h.short(b, last)
	}
	if b[0] != 0 {
		return h.strange(b)
	}
	if b[1] != 90 {
		h.answer(Refusal, h.phrase("refused"))
		return 8
	}
	h.answer(Response, h.phrase("connected"))
	h.upgrade(socks4, undecided)
	return 8
}
