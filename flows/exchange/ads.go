package exchange

// ADS of Beckhoff's controllers (TwinCAT ADS/AMS specification).

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

var amsCommands = [...]string{"command", "ReadDeviceInfo", "Read", "Write", "ReadState",
	"WriteControl", "AddNotification",
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
