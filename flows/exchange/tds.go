package exchange

// TDS, the protocol of Microsoft SQL Server ([MS-TDS] §2.2.3): packets of eight bytes and what follows;
// the last of a message is marked.

const (
	tdsHeader   = 8
	tdsBatch    = 1
	tdsRPC      = 3
	tdsAnswer   = 4
	tdsCancel   = 6
	tdsBulk     = 7
	tdsTM       = 14
	tdsLogin    = 16
	tdsSSPI     = 17
	tdsPrelogin = 18

	tdsInside = f1 // inside a message of several packets
)

// isTDS knows the client's first packet: PRELOGIN, whose first token is VERSION.
func isTDS(b []byte, side int) verdict {
	if side != 0 || b[0] != tdsPrelogin || len(b) > 1 && b[1] != 1 || len(b) > 4 && b[4] != 0 || len(b) > 7 && b[7] != 0 {
		return no
	}
	if len(b) < tdsHeader+1 {
		return maybe
	}
	if n := be16(b[2:]); n < 20 || n > 4096 || b[8] != 0 {
		return no
	}
	return yes
}

func startsTDS(b []byte) bool {
	if len(b) < tdsHeader || b[1] > 31 || be16(b[2:]) < tdsHeader || b[7] != 0 {
		return false
	}
	switch b[0] {
	case tdsBatch, tdsRPC, tdsAnswer, tdsCancel, tdsBulk, tdsTM, tdsLogin, tdsPrelogin:
		return true
	}
	return false
}

func (h *hearing) readTDS(b []byte, last bool) int {
	if len(b) < tdsHeader {
		return h.short(b, last)
	}
	if b[0] >= tlsCCS && b[0] <= tlsAppData && b[1] == 3 { // the login is over, and all is encrypted from here on
		h.upgrade(tds, tls)
		return h.parse(b, last)
	}
	n := be16(b[2:])
	if n < tdsHeader {
		return h.strange(b)
	}
	v := h.v
	if v.flags&tdsInside == 0 || v.kind == None {
		h.tdsBegin(b[0])
	}
	v.flags |= tdsInside | more
	if b[1]&1 != 0 {
		v.flags &^= tdsInside | more
	}
	return h.frameOf(tdsHeader, int64(n))
}

func (h *hearing) tdsBegin(kind byte) {
	switch kind {
	case tdsPrelogin, tdsLogin, tdsSSPI:
		if h.side == 0 {
			h.begin(Handshake, h.phrase("login"))
			h.v.wait = 1
			h.ask()
		} else {
			h.answer(Handshake, h.phrase("login"))
		}
	case tdsBatch:
		h.request(h.phrase("SQL batch"))
	case tdsRPC:
		h.request(h.phrase("RPC"))
	case tdsBulk:
		h.request(h.phrase("bulk load"))
	case tdsTM:
		h.request(h.phrase("transaction"))
	case tdsCancel:
		h.begin(Housekeeping, h.phrase("attention"))
	case tdsAnswer:
		if h.voice[0].kind == Handshake {
			h.answer(Handshake, h.phrase("login"))
		} else {
			h.answer(Response, h.phrase("result"))
		}
	default:
		h.run(Opaque, 0)
	}
}
