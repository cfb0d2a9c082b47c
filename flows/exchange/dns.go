package exchange

// DNS over TCP (RFC 1035 §4.2.2, RFC 7766).

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
	if n < 17 || n > 4096 || b[4]&0xf8 != 0 || be16(b[6:]) != 1 || be16(b[8:]) != 0 || be16(b[10:]) != 0 ||
		be16(b[12:]) > 2 {
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
