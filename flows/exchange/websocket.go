package exchange

// WebSocket frames (RFC 6455 §5.2). Messages ask and answer by turns; pings and Close say what they are.

const (
	wsText   = 1
	wsBinary = 2
	wsClose  = 8
	wsPing   = 9
	wsPong   = 10
)

func (h *hearing) readWebSocket(b []byte, last bool) int {
	need := 2
	if len(b) >= 2 {
		switch b[1] & 0x7f {
		case 126:
			need += 2
		case 127:
			need += 8
		}
		if b[1]&0x80 != 0 {
			need += 4
		}
	}
	if len(b) < need {
		if last {
			h.lose()
			return len(b)
		}
		return 0
	}
	n := int64(b[1] & 0x7f)
	switch n {
	case 126:
		n = int64(be16(b[2:]))
	case 127:
		n = be32(b[2:])&0x7fffffff<<32 | be32(b[6:])
	}
	op := b[0] & 15
	if b[0]&0x70 == 0x70 || op > wsBinary && op < wsClose || op > wsPong {
		h.lose()
		return len(b)
	}
	switch op {
	case wsClose:
		h.begin(Goodbye, textClose)
	case wsPing:
		h.ping(textPing)
	case wsPong:
		h.pong(textPong)
	case wsText:
		h.byTurns(textText)
	case wsBinary:
		h.byTurns(textBinary)
	}
	if op <= wsBinary {
		h.v.flags &^= more
		if b[0]&0x80 == 0 {
			h.v.flags |= more
		}
	}
	h.v.left = min(n, forever/2)
	return need
}
