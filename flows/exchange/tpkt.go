package exchange

// TPKT (RFC 1006) with COTP (RFC 905): S7 of Siemens' controllers, MMS, RDP.

const (
	tpktPeek = 4 + 3 + 12

	cotpCR = 0xe0 // connection request
	cotpCC = 0xd0 // connection confirm
	cotpDR = 0x80 // disconnect request
	cotpDC = 0xc0 // disconnect confirm
	cotpDT = 0xf0 // data

	mcsDisconnect = 8 // DomainMCSPDU, in the upper six bits (ITU-T T.125 §7, [MS-RDPBCGR] §2.2.2.3)

	s7Classic = 0x32
	s7Plus    = 0x72
)

func isTPKT(b []byte, _ int) verdict {
	switch {
	case b[0] != 3, len(b) > 1 && b[1] != 0:
		return no
	case len(b) < 6:
		return maybe
	}
	n := be16(b[2:])
	if n < 7 || int(b[4]) > n-5 || b[4] < 2 {
		return no
	}
	switch b[5] & 0xf0 {
	case cotpCR, cotpCC, cotpDR, cotpDC, cotpDT:
		return yes
	}
	return no
}

func startsTPKT(b []byte) bool { return isTPKT(b, 0) == yes }

func (h *hearing) readTPKT(b []byte, last bool) int {
	if len(b) < 4 {
		return h.short(b, last)
	}
	if b[0] >= tlsCCS && b[0] <= tlsAppData && b[1] == 3 { // RDP goes on in TLS ([MS-RDPBCGR] §5.4.5)
		h.upgrade(tpkt, tls)
		return h.parse(b, last)
	}
	n := be16(b[2:])
	if b[0] != 3 || n < 7 {
		return h.strange(b)
	}
	peek := min(n, tpktPeek)
	if len(b) < peek && !last {
		return 0
	}
	if len(b) < 6 {
		return h.short(b, last)
	}
	body := b[4:min(len(b), peek)]
	switch body[1] & 0xf0 {
	case cotpCR:
		h.begin(Handshake, h.phrase("connection request"))
		h.v.wait = 1
		h.ask()
	case cotpCC:
		h.answer(Handshake, h.phrase("connection confirm"))
	case cotpDR:
		h.begin(Goodbye, h.phrase("disconnect request"))
	case cotpDC:
		h.begin(Goodbye, h.phrase("disconnect confirm"))
	case cotpDT:
		header := min(1+int(body[0]), len(body))
		ends := header < 3 || body[2]&0x80 != 0
		h.cotpData(body[header:], ends)
	default:
		return h.strange(b)
	}
	return h.frameOf(4+len(body), int64(n))
}

// cotpData takes a data unit; ends says that it is the last of its message.
func (h *hearing) cotpData(body []byte, ends bool) {
	v := h.v
	going := v.flags&more != 0
	switch {
	case going: // goes on with the message before
	case len(body) > 1 && body[0] == s7Classic:
		h.s7(body)
	case len(body) > 4 && body[0] == s7Plus:
		h.s7Plus(body)
	case len(body) == 2 && body[0]>>2 == mcsDisconnect:
		h.begin(Goodbye, h.phrase("MCS Disconnect Provider Ultimatum"))
		v.wait = 0 // it withdraws what is open
	case len(body) > 0:
		h.byTurns(textData)
	default:
		return
	}
	v.flags &^= more
	if !ends {
		v.flags |= more
	}
}

// s7 takes a message of S7comm: jobs want an answer, user data says itself which it is.
func (h *hearing) s7(body []byte) {
	switch body[1] {
	case 1:
		h.request(h.phrase("S7 job"))
	case 2, 3:
		h.answer(Response, h.phrase("S7 ack"))
	case 7:
		if h.side == 0 {
			h.request(h.phrase("S7 user data"))
		} else if h.peer().wait > 0 {
			h.answer(Response, h.phrase("S7 user data"))
		} else {
			h.begin(Response, h.phrase("S7 user data"))
		}
	default:
		h.byTurns(textData)
	}
}

// s7Plus takes a message of S7comm-plus; protocol version 254 is its keep-alive.
func (h *hearing) s7Plus(body []byte) {
	if body[1] == 0xfe || body[1] == 0xff {
		h.begin(Housekeeping, textKeepAlive)
		return
	}
	switch body[4] {
	case 0x31:
		h.request(h.phrase("S7 plus request"))
	case 0x32:
		h.answer(Response, h.phrase("S7 plus response"))
	case 0x33:
		h.begin(Housekeeping, h.phrase("S7 plus notification"))
	default: // with integrity data in front, as newer versions have it
		h.byTurns(textData)
	}
}
