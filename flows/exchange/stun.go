package exchange

// STUN over TCP (RFC 8489), alone or in the framing of ICE (RFC 4571).

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
		// Either bytes 4 to 7 or bytes 6 to 9 are the cookie.
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
