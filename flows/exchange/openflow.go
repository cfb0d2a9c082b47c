package exchange

// OpenFlow (Open Networking Foundation), where the responder asks.

const (
	ofHello      = 0
	ofError      = 1
	ofEcho       = 2
	ofEchoAnswer = 3
)

// isOpenFlow knows a HELLO, or a segment from the middle that messages of one version fill exactly.
func isOpenFlow(b []byte, _ int) verdict {
	if len(b) >= 8 && b[1] != ofHello && (b[0] == 1 || b[0] >= 4) {
		rest := b
		for len(rest) >= 8 && rest[0] == b[0] && startsOpenFlow(rest) && be16(rest[2:]) <= len(rest) {
			rest = rest[be16(rest[2:]):]
		}
		if len(rest) == 0 {
			return yes
		}
	}
	switch {
	case b[0] == 0 || b[0] > 6, len(b) > 1 && b[1] != ofHello, len(b) > 2 && b[2] != 0,
		len(b) > 3 && (b[3] < 8 || b[3]&7 != 0 || b[3] > 64):
		return no
	case len(b) < 8:
		return maybe
	case int(b[3]) > 8 && len(b) >= 12 && be16(b[8:]) != 1: // a hello's element is a version bitmap
		return no
	case b[3] == 8 && len(b) > 8 && b[8] != b[0]:
		return no
	}
	return yes
}

func startsOpenFlow(b []byte) bool {
	return len(b) >= 8 && b[0] > 0 && b[0] <= 6 && b[1] <= 35 && be16(b[2:]) >= 8
}

func (h *hearing) readOpenFlow(b []byte, last bool) int {
	if len(b) < 8 {
		return h.short(b, last)
	}
	if !startsOpenFlow(b) {
		return h.strange(b)
	}
	kind := b[1]
	v := h.v
	switch {
	case kind == ofHello:
		h.begin(Handshake, h.phrase("HELLO"))
	case kind == ofError:
		if h.peer().wait > 0 {
			h.answer(Response, h.phrase("ERROR"))
		} else {
			h.begin(Refusal, h.phrase("ERROR"))
		}
	case kind == ofEcho:
		h.ping(h.phrase("ECHO_REQUEST"))
	case kind == ofEchoAnswer:
		h.pong(h.phrase("ECHO_REPLY"))
	case ofAsks(b[0], kind):
		h.request(h.phrase("request"))
	case kind > ofEcho && ofAsks(b[0], kind-1):
		h.answer(Response, h.phrase("reply"))
	default: // PACKET_IN, FLOW_MOD and others that want no answer
		h.begin(Response, textData)
		v.flags |= asked
	}
	return h.frameOf(8, int64(be16(b[2:])))
}

// ofAsks reports whether messages of the type want an answer, whose type is one more.
func ofAsks(version, kind byte) bool {
	switch kind {
	case 5, 7: // FEATURES, GET_CONFIG
		return true
	case 16: // STATS of version 1.0
		return version == 1
	case 18: // BARRIER of version 1.0, MULTIPART of later ones
		return true
	case 20, 22, 24, 26: // BARRIER, QUEUE_GET_CONFIG, ROLE, GET_ASYNC
		return version > 1
	}
	return false
}
