package exchange

// Modbus (MODBUS Messaging on TCP/IP, §3.1.3) and ADS of Beckhoff (TwinCAT ADS/AMS specification): short
// headers with a length, so that only a segment that they fit exactly is taken for one.

func isModbus(b []byte, side int) verdict {
	switch {
	case side != 0, len(b) > 2 && b[2] != 0, len(b) > 3 && b[3] != 0, len(b) > 4 && b[4] != 0, len(b) > 5 && (b[5] < 2 || b[5] > 254):
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

const (
	amsHeader  = 6 + 32
	amsAnswer  = 1
	amsRequest = 4
)

func isAMS(b []byte, _ int) verdict {
	if b[0] != 0 || len(b) > 1 && b[1] != 0 {
		return no
	}
	if len(b) < amsHeader {
		if len(b) >= 6 && (le32(b[2:]) < 32 || le32(b[2:]) > 1<<22) {
			return no
		}
		return maybe
	}
	n, data, state := le32(b[2:]), le32(b[26:]), le16(b[24:])
	if n != 32+data || state != amsRequest && state != amsRequest|amsAnswer || le16(b[22:]) > 9 {
		return no
	}
	return yes
}

func startsAMS(b []byte) bool { return isAMS(b, 0) == yes }

var amsCommands = [...]string{"command", "ReadDeviceInfo", "Read", "Write", "ReadState", "WriteControl", "AddNotification",
	"DeleteNotification", "Notification", "ReadWrite"}

func (h *hearing) readAMS(b []byte, last bool) int {
	if len(b) < amsHeader {
		return h.short(b, last)
	}
	if !startsAMS(b) {
		return h.strange(b)
	}
	text := h.phrase(amsCommands[le16(b[22:])])
	switch state := le16(b[24:]); {
	case state&amsAnswer != 0:
		h.answer(Response, text)
	case le16(b[22:]) == 8:
		h.begin(Housekeeping, text) // news from the device
	default:
		h.request(text)
	}
	return h.frameOf(amsHeader, 6+le32(b[2:]))
}
