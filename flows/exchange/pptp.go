package exchange

// PPTP (RFC 2637 §2): control messages of fixed lengths behind a magic cookie.

const (
	pptpHeader = 12
	pptpPeek   = 17 // with the result code of an Outgoing-Call-Reply
	pptpCookie = 0x1a2b3c4d
)

// pptpNames names the control messages by their types.
var pptpNames = [...]string{
	1: "Start-Control-Connection-Request", 2: "Start-Control-Connection-Reply", 3: "Stop-Control-Connection-Request",
	4: "Stop-Control-Connection-Reply", 5: "Echo-Request", 6: "Echo-Reply", 7: "Outgoing-Call-Request",
	8: "Outgoing-Call-Reply", 9: "Incoming-Call-Request", 10: "Incoming-Call-Reply", 11: "Incoming-Call-Connected",
	12: "Call-Clear-Request", 13: "Call-Disconnect-Notify", 14: "WAN-Error-Notify", 15: "Set-Link-Info",
}

func isPPTP(b []byte, _ int) verdict {
	switch {
	case b[0] != 0, len(b) > 1 && (b[1] < pptpHeader || b[1] > 220), len(b) > 2 && b[2] != 0, len(b) > 3 && b[3] != 1:
		return no
	case len(b) < 8:
		return maybe
	case be32(b[4:]) != pptpCookie:
		return no
	}
	return yes
}

func startsPPTP(b []byte) bool { return isPPTP(b, 0) == yes }

func (h *hearing) readPPTP(b []byte, last bool) int {
	if len(b) < 8 {
		return h.short(b, last)
	}
	n := be16(b)
	if n < pptpHeader || be32(b[4:]) != pptpCookie {
		return h.strange(b)
	}
	peek := min(n, pptpPeek)
	if len(b) < peek && (!last || len(b) < pptpHeader) {
		return h.short(b, last)
	}
	kind := be16(b[8:])
	if kind == 0 || kind >= len(pptpNames) {
		return h.strange(b)
	}
	name := pptpNames[kind]
	switch text := h.phrase(name); kind {
	case 1, 7, 9:
		h.request(text)
	case 2, 8, 10:
		h.answer(Response, text)
	case 5:
		h.ping(text)
	case 6:
		h.pong(text)
	case 3, 4, 12, 13: // they end a call or the connection, and withdraw what is open
		h.begin(Goodbye, text)
		h.v.wait = 0
	case 15:
		h.begin(Housekeeping, text)
	default:
		h.oneWay(text)
	}
	if at := pptpResult(kind); at > 0 && len(b) > at && b[at] > 1 {
		h.v.text = h.names.line([]byte(name+": result"), maxText, appendInt(nil, int(b[at])), maxText)
		h.verdict(h.v.text)
	}
	return h.frameOf(min(len(b), peek), int64(n))
}

// pptpResult returns where the result code of a message lies, 0 where it has none. 1 is success.
func pptpResult(kind int) int {
	switch kind {
	case 2:
		return 14
	case 8, 10:
		return 16
	}
	return 0
}
