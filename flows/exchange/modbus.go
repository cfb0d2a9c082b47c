package exchange

// Modbus (MODBUS Messaging on TCP/IP, §3.1.3). Its header is short, so only a segment that it fits exactly
// is taken for it.

func isModbus(b []byte, side int) verdict {
	switch {
	case side != 0, len(b) > 2 && b[2] != 0, len(b) > 3 && b[3] != 0, len(b) > 4 && b[4] != 0,
		len(b) > 5 && (b[5] < 2 || b[5] > 254):
		return no
	case len(b) > 7 && (b[7] == 0 || b[7] > 43 && b[7] != 90): // 90 is Schneider's
		return no
	case len(b) > 260:
		return no
	}
	if len(b) > 5 && len(b) > 6+int(b[5]) {
		return no
	}
	if len(b) < 8 || len(b) < 6+int(b[5]) {
		return maybe
	}
	return yes
}

func startsModbus(b []byte) bool {
	return len(b) >= 8 && b[2] == 0 && b[3] == 0 && b[4] == 0 && b[5] >= 2 && len(b) == 6+int(b[5])
}

func (h *hearing) readModbus(b []byte, last bool) int {
	if len(b) < 8 {
		return h.short(b, last)
	}
	n := be16(b[4:])
	if b[2] != 0 || b[3] != 0 || n < 2 || n > 254 {
		return h.strange(b)
	}
	h.names.text = appendInt(append(h.names.text[:0], "function "...), int(b[7]&0x7f))
	text := h.names.intern(h.names.text, maxText)
	if h.side == 0 {
		h.request(text)
	} else {
		h.answer(Response, text)
	}
	return h.frameOf(8, int64(6+n))
}
