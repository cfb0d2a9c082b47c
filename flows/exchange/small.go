package exchange

// Protocols of a few octets: DNS over TCP (RFC 1035 §4.2.2), STUN over TCP (RFC 8489), Telnet (RFC 854).

const dnsHeader = 2 + 12

// isDNS knows a query with one question.
func isDNS(b []byte, side int) verdict {
	if side != 0 {
		return no
	}
	if len(b) < dnsHeader {
		if len(b) > 4 && b[4]&0xf8 != 0 || len(b) > 6 && b[6] != 0 || len(b) > 7 && b[7] != 1 || len(b) > 8 && b[8] != 0 {
			return no
		}
		return maybe
	}
	n := be16(b)
	if n < 17 || n > 4096 || b[4]&0xf8 != 0 || be16(b[6:]) != 1 || be16(b[8:]) != 0 || be16(b[10:]) != 0 || be16(b[12:]) > 2 {
		return no
	}
	return yes
}

func startsDNS(b []byte) bool {
	return len(b) >= dnsHeader && be16(b) >= 12 && be16(b[6:]) == 1
}

func (h *hearing) readDNS(b []byte, last bool) int {
	if len(b) < 5 {
		return h.short(b, last)
	}
	n := be16(b)
	if n < 12 {
		return h.strange(b)
	}
	if b[4]&0x80 == 0 {
		h.request(h.phrase("query"))
	} else {
		h.answer(Response, h.phrase("response"))
	}
	return h.frameOf(5, int64(2+n))
}

const (
	stunHeader = 20
	stunCookie = 0x2112a442
)

// stunFrame reads the header of a STUN message, or of one in the framing of ICE over TCP (RFC 4571).
func stunFrame(b []byte) (kind int, total int64, v verdict) {
	skip := 0
	if len(b) >= 2 && b[0]&0xc0 == 0 {
		if len(b) >= 8 && be32(b[4:]) == stunCookie {
			skip = 0
		} else {
			skip = 2
		}
	}
	if len(b) < skip+8 {
		return 0, 0, maybe
	}
	m := b[skip:]
	if m[0]&0xc0 != 0 || be32(m[4:]) != stunCookie || m[3]&3 != 0 {
		return 0, 0, no
	}
	total = int64(stunHeader + be16(m[2:]))
	if skip == 2 && int64(be16(b)) != total {
		return 0, 0, no
	}
	return be16(m), int64(skip) + total, yes
}

func isSTUN(b []byte, _ int) verdict {
	switch {
	case b[0]&0xc0 != 0:
		return no
	case len(b) < 10:
		// Either octets 4 to 7 or octets 6 to 9 are the cookie.
		plain, framed := maybe, maybe
		if len(b) > 4 {
			plain = prefix(b[4:], "\x21\x12\xa4\x42")
		}
		if len(b) > 6 {
			framed = prefix(b[6:], "\x21\x12\xa4\x42")
		}
		if plain == no && framed == no {
			return no
		}
		if plain != yes {
			return maybe
		}
	}
	_, _, v := stunFrame(b)
	return v
}

func startsSTUN(b []byte) bool {
	_, _, v := stunFrame(b)
	return v == yes
}

func (h *hearing) readSTUN(b []byte, last bool) int {
	kind, total, v := stunFrame(b)
	switch {
	case v == maybe:
		return h.short(b, last)
	case v == no && len(b) >= 2 && be16(b) > 0: // media in the framing of RFC 4571
		h.begin(Housekeeping, textData)
		return h.frameOf(2, int64(2+be16(b)))
	case v == no:
		return h.strange(b)
	}
	switch kind & 0x110 {
	case 0:
		h.request(h.phrase("STUN request"))
	case 0x100:
		h.answer(Response, h.phrase("STUN success"))
	case 0x110:
		h.answer(Response, h.phrase("STUN error"))
	default:
		h.begin(Housekeeping, h.phrase("STUN indication"))
	}
	return h.frameOf(8, total)
}

// isTelnet knows option negotiation: IAC and WILL, WONT, DO or DONT, twice or in a segment of its own.
func isTelnet(b []byte, _ int) verdict {
	for i, c := range b[:min(len(b), 6)] {
		switch i % 3 {
		case 0:
			if c != 255 && i == 0 {
				return no
			}
		case 1:
			if (c < 251 || c > 254) && i == 1 {
				return no
			}
		case 2:
			if c > 49 && i == 2 {
				return no
			}
		}
	}
	if len(b) < 3 {
		return maybe
	}
	return yes
}

// readTelnet goes by turns, but for segments that hold option negotiation and nothing else.
func (h *hearing) readTelnet(b []byte, last bool) int {
	if b[0] == 255 {
		switch {
		case len(b) < 3:
			return h.shortTelnet(b, last)
		case b[1] >= 251 && b[1] <= 254:
			h.run(Handshake, h.phrase("option negotiation"))
			return 3
		case b[1] == 250: // a subnegotiation, up to IAC SE
			for i := 2; i+1 < len(b); i++ {
				if b[i] == 255 && b[i+1] == 240 {
					h.run(Handshake, h.phrase("option negotiation"))
					return i + 2
				}
			}
			return h.shortTelnet(b, last)
		}
	}
	h.stream(textText)
	i := 1
	for i < len(b) && b[i] != 255 {
		i++
	}
	return i
}

func (h *hearing) shortTelnet(b []byte, last bool) int {
	if last || len(b) >= maxLine {
		h.run(Handshake, h.phrase("option negotiation"))
		return len(b)
	}
	return 0
}
