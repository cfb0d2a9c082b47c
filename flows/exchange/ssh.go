package exchange

// SSH (RFC 4253): banners, the key exchange in clear, and then only sizes and turns.

const (
	sshBanner = 0
	sshPacket = 1

	sshDisconnect = 1
	sshKEXInit    = 20
	sshNewKeys    = 21
)

// isSSH knows a banner, or what OpenSSH says instead of it to clients that it turns away.
func isSSH(b []byte, side int) verdict {
	v := prefix(b, "SSH-")
	if side == 1 && v == no {
		return max(prefix(b, "Exceeded MaxStartups"), prefix(b, "Not allowed at this time"))
	}
	if v == yes && len(b) > 4 && b[4] != '1' && b[4] != '2' {
		return no
	}
	return v
}

func (h *hearing) readSSH(b []byte, last bool) int {
	v := h.v
	if v.phase == sshBanner {
		line, used := h.takeLine(b, last)
		if used == 0 {
			return 0
		}
		switch text := h.names.intern(line, maxText); {
		case has(line, "SSH-") && h.side == 1 && h.peer().kind == None:
			h.begin(Greeting, text)
			v.phase = sshPacket
		case has(line, "SSH-"):
			h.begin(Handshake, text)
			v.phase = sshPacket
		default:
			// RFC 4253 §4.2 allows lines before the banner; servers use one to say that they refuse.
			h.begin(Refusal, text)
		}
		return used
	}
	if len(b) < 6 {
		return h.short(b, last)
	}
	n, message := be32(b), b[5]
	if n < 2 || n > 1<<18 {
		return h.strange(b)
	}
	switch message {
	case sshDisconnect:
		h.begin(Goodbye, h.phrase("disconnect"))
	case sshNewKeys:
		h.run(Handshake, textHandshake)
		v.left = 4 + n - 6
		v.phase = sshSealed
		return 6
	default:
		if h.peer().wait == 0 && message == sshKEXInit && h.side == 0 {
			h.begin(Handshake, h.phrase("key exchange"))
		} else {
			h.run(Handshake, h.phrase("key exchange"))
		}
	}
	return h.frameOf(6, 4+n)
}

// sshSealed is the phase of a side that has sent New Keys: what follows is encrypted.
const sshSealed = 2

// readSealed follows an encrypted session by turns.
func (h *hearing) readSealed(b []byte) int {
	h.v.phase, h.v.aux = phaseTurns, 0
	h.fresh = true
	h.takeTurn()
	return len(b)
}
