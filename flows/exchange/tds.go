package exchange

import (
	"strconv"
	"unicode/utf8"
)

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

	// Tokens of an answer that have a length of two bytes.
	tdsError     = 0xaa
	tdsInfo      = 0xab
	tdsEnvChange = 0xe3

	tdsTokens = 512 // so many bytes of an answer are read for an error
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
		if b[0] == tdsAnswer && !last && len(b) < min(n, tdsTokens) {
			return 0 // the words of an error
		}
		h.tdsBegin(b[0], b[tdsHeader:min(n, len(b))])
	}
	v.flags |= tdsInside | more
	if b[1]&1 != 0 {
		v.flags &^= tdsInside | more
	}
	return h.frameOf(tdsHeader, int64(n))
}

func (h *hearing) tdsBegin(kind byte, body []byte) {
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
		login, text := h.voice[0].kind == Handshake, h.tdsError(body)
		switch {
		case login && text != 0:
			h.answer(Refusal, text)
		case login:
			h.answer(Handshake, h.phrase("login"))
		case text != 0:
			h.answer(Response, text)
		default:
			h.answer(Response, h.phrase("result"))
		}
		if text != 0 {
			h.verdict(text)
		}
	default:
		h.run(Opaque, 0)
	}
}

// tdsError returns number and text of the error with which an answer begins ([MS-TDS] §2.2.7.10), 0 where it begins
// otherwise. Notices may come before it.
func (h *hearing) tdsError(body []byte) id {
	for len(body) > 3 {
		token, rest := body[0], body[3:]
		n := int(body[1]) | int(body[2])<<8
		switch token {
		case tdsInfo, tdsEnvChange:
			body = body[min(3+n, len(body)):]
			continue
		case tdsError:
		default: // a login that is acknowledged, or a result
			return 0
		}
		if len(rest) < 8 {
			return 0
		}
		number := int(rest[0]) | int(rest[1])<<8 | int(rest[2])<<16 | int(rest[3])<<24
		chars := int(rest[6]) | int(rest[7])<<8
		text := make([]byte, 0, maxText)
		for wide := rest[8:]; len(wide) > 1 && chars > 0 && len(text) < maxText; wide, chars = wide[2:], chars-1 {
			text = utf8.AppendRune(text, rune(wide[0])|rune(wide[1])<<8)
		}
		return h.names.line(strconv.AppendInt(nil, int64(number), 10), maxText, text, maxText)
	}
	return 0
}
