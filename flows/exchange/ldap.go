package exchange

// LDAP (RFC 4511): BER messages of an id and an operation, after a SASL bind perhaps wrapped (RFC 4422
// §3.7).

const (
	ldapPeek  = 64
	ldapToken = 512 // of a wrapped token: what may hold several messages

	ldapWrapped  = f1 // messages come wrapped, behind a length of four bytes
	ldapStartTLS = f2 // the last request was StartTLS
)

// berLength reads a length at b[1:]; size is the bytes of tag and length, 0 when they have not come, −1
// when they are none that LDAP uses.
func berLength(b []byte) (n int64, size int) {
	if len(b) < 2 {
		return 0, 0
	}
	if b[1] < 0x80 {
		return int64(b[1]), 2
	}
	k := int(b[1] & 0x7f)
	if k == 0 || k > 4 {
		return 0, -1
	}
	if len(b) < 2+k {
		return 0, 0
	}
	for _, c := range b[2 : 2+k] {
		n = n<<8 | int64(c)
	}
	return n, 2 + k
}

// ldapOp returns the operation of a message; size is the bytes up to and with its tag, 0 when they have
// not come, −1 when this is no message of LDAP.
func ldapOp(b []byte) (op byte, total int64, size int) {
	if len(b) > 0 && b[0] != 0x30 {
		return 0, 0, -1
	}
	n, at := berLength(b)
	if at <= 0 {
		return 0, 0, at
	}
	if len(b) < at+2 {
		return 0, 0, 0
	}
	if b[at] != 2 || b[at+1] == 0 || b[at+1] > 4 {
		return 0, 0, -1
	}
	i := at + 2 + int(b[at+1])
	if len(b) <= i {
		return 0, 0, 0
	}
	switch op = b[i]; op {
	case 0x60, 0x61, 0x42, 0x63, 0x64, 0x65, 0x73, 0x66, 0x67, 0x68, 0x69, 0x4a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x50, 0x77,
		0x78, 0x79:
	default:
		return 0, 0, -1
	}
	if n < int64(i+1-at) {
		return 0, 0, -1
	}
	return op, int64(at) + n, i + 1
}

func isLDAP(b []byte, _ int) verdict {
	_, total, size := ldapOp(b)
	switch {
	case size < 0 || total > 1<<24:
		return no
	case size == 0:
		return maybe
	}
	return yes
}

func startsLDAP(b []byte) bool { return isLDAP(b, 0) == yes || len(b) > 20 && b[0] == 0 && b[4] == 5 }

func (h *hearing) readLDAP(b []byte, last bool) int {
	if b[0] == 0 {
		return h.readWrapped(b, last)
	}
	op, total, size := ldapOp(b)
	switch {
	case size < 0:
		return h.strange(b)
	case size == 0:
		return h.short(b, last)
	}
	peek := int(min(total, ldapPeek))
	if (op == 0x77 || op == ldapBindDone) && len(b) < peek && !last {
		return 0
	}
	h.ldapMessage(op, b[size:min(len(b), max(peek, size))])
	return h.frameOf(size, total)
}

// readWrapped takes a message that SASL has wrapped: with GSS-API and integrity alone, the message proper
// stands behind a token of 16 bytes and a checksum of at least 12 (RFC 4121 §4.2.6.2).
func (h *hearing) readWrapped(b []byte, last bool) int {
	if len(b) < 4 {
		return h.short(b, last)
	}
	n := be32(b)
	if n > 1<<24 {
		return h.strange(b)
	}
	peek := int(min(4+n, ldapToken))
	if len(b) < peek && !last {
		return 0
	}
	body := b[4:min(len(b), peek)]
	h.v.flags |= ldapWrapped
	if len(body) > 16 && body[0] == 5 && body[1] == 4 && body[2]&2 == 0 {
		for _, skip := range [...]int{16, 16 + 12, 16 + 16} {
			if skip >= len(body) {
				break
			}
			read := false
			for rest := body[skip:]; ; read = true { // a token may hold several messages
				op, total, size := ldapOp(rest)
				if size <= 0 {
					break
				}
				h.ldapMessage(op, rest[min(size, len(rest)):])
				rest = rest[min(total, int64(len(rest))):]
			}
			if read {
				return h.frameOf(4+len(body), 4+n)
			}
		}
	}
	switch {
	case h.side == 1:
		h.byTurns(h.phrase("wrapped"))
	case n <= ldapUnbindWrapped:
		h.begin(Goodbye, h.phrase("unbind"))
		h.v.wait = 0
	default:
		h.byTurns(h.phrase("wrapped"))
	}
	return h.frameOf(4+len(body), 4+n)
}

// ldapUnbindWrapped is the longest sealed message that is taken for an unbind, the shortest request there
// is: 7 bytes, or 11 with lengths in the long form as Windows writes them, and 60 for the token, the
// confounder, the copied token and the checksum.
const ldapUnbindWrapped = 11 + 60

// ldapBindDone is the operation that answers a bind.
const ldapBindDone = 0x61

// ldapResults names the results with which a bind is refused (RFC 4511 §4.1.9); 14 goes on.
var ldapResults = map[byte]string{1: "operationsError", 2: "protocolError", 7: "authMethodNotSupported",
	8:  "strongerAuthRequired",
	13: "confidentialityRequired", 32: "noSuchObject", 34: "invalidDNSyntax", 48: "inappropriateAuthentication",
	49: "invalidCredentials", 50: "insufficientAccessRights", 51: "busy", 52: "unavailable", 53: "unwillingToPerform"}

// ldapResult takes the result of a bind, body being what follows its tag.
func (h *hearing) ldapResult(body []byte) {
	_, size := berLength(append([]byte{ldapBindDone}, body[:min(len(body), 5)]...))
	if size <= 0 || len(body) < size+2 || body[size-1] != 10 || body[size] != 1 {
		return
	}
	if name := ldapResults[body[size+1]]; name != "" {
		h.v.text = h.names.line([]byte("bind result:"), maxText, []byte(name), maxText)
		h.verdict(h.v.text)
	}
}

func (h *hearing) ldapMessage(op byte, body []byte) {
	v, p := h.v, h.peer()
	switch op {
	case 0x42:
		h.begin(Goodbye, h.phrase("unbind"))
		v.wait = 0 // it withdraws what is open (RFC 4511 §4.3)
	case 0x50:
		h.begin(Housekeeping, h.phrase("abandon"))
		if v.wait > 0 {
			v.wait--
		}
	case 0x60:
		h.request(h.phrase("bind"))
	case 0x63:
		h.request(h.phrase("search"))
	case 0x66, 0x68, 0x4a, 0x6c:
		h.request(h.phrase("modify"))
	case 0x6e:
		h.request(h.phrase("compare"))
	case 0x77:
		v.flags &^= ldapStartTLS
		if containsFold(body, "1.3.6.1.4.1.1466.20037") {
			h.request(h.phrase("StartTLS"))
			v.flags |= ldapStartTLS
		} else {
			h.request(h.phrase("extended"))
		}
	case 0x64, 0x73, 0x79: // entry, reference, intermediate
		h.run(Response, h.phrase("search result"))
		v.flags |= more
	case 0x78:
		switch {
		case p.wait == 0:
			h.begin(Refusal, h.phrase("notice of disconnection"))
		case p.flags&ldapStartTLS != 0:
			h.answer(Response, h.phrase("StartTLS"))
			p.flags &^= ldapStartTLS
			h.upgrade(ldap, tls)
		default:
			h.answer(Response, h.phrase("extended"))
		}
	default:
		h.run(Response, h.phrase("result"))
		v.flags &^= more
		h.answered()
		if op == ldapBindDone {
			h.ldapResult(body)
		}
	}
}
