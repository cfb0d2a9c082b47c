package exchange

import "strconv"

// AMQP 0-9-1 (RabbitMQ and others) and AMQP 1.0 (ISO/IEC 19464).

const (
	amqpPeek     = 7 + 4
	amqp1Frame   = 8
	amqpMethod   = 1
	amqpBeat     = 8
	amqpConnect  = 10 // class
	amqpChannel  = 20
	amqpBasic    = 60
	amqpClose    = 50 // method of class connection
	amqpCloseOK  = 51
	amqpChClose  = 40 // method of class channel
	amqpReason   = amqpPeek + 2 + 1 + 255
	amqpSuccess  = 200
	amqp1Open    = 0x10
	amqp1Close   = 0x18
	amqp1Error   = 0x1d
	amqp1SASLLow = 0x40
)

func isAMQP(b []byte, _ int) verdict { return prefix(b, "AMQP\x00\x00\x09") }
func isAMQP1(b []byte, _ int) verdict {
	if len(b) > 4 && b[4] == 3 {
		return prefix(b, "AMQP\x03\x01\x00\x00")
	}
	if len(b) > 4 && b[4] == 2 {
		return prefix(b, "AMQP\x02\x01\x00\x00")
	}
	return prefix(b, "AMQP\x00\x01\x00\x00")
}

func startsAMQP(b []byte) bool {
	return len(b) >= 8 && (b[0] >= 1 && b[0] <= 3 || b[0] == amqpBeat) && be32(b[3:]) < 1<<20 &&
		(int(be32(b[3:]))+8 > len(b) || b[7+be32(b[3:])] == 0xce)
}

func (h *hearing) readAMQP(b []byte, last bool) int {
	if b[0] == 'A' {
		if len(b) < 8 {
			return h.short(b, last)
		}
		h.begin(Handshake, h.phrase("protocol header"))
		if h.side == 0 {
			h.v.wait = 1
			h.ask()
		}
		return 8
	}
	if len(b) < amqpPeek && (!last || len(b) < 7) && !(len(b) >= 8 && be32(b[3:]) == 0) {
		return h.short(b, last)
	}
	n := be32(b[3:])
	if n > 1<<28 {
		return h.strange(b)
	}
	switch b[0] {
	case amqpMethod:
		if len(b) >= amqpPeek {
			class, method := be16(b[7:]), be16(b[9:])
			closes := class == amqpConnect && method == amqpClose || class == amqpChannel && method == amqpChClose
			if closes && !last && int64(len(b)) < min(7+n, amqpReason) {
				return 0 // the words of an error
			}
			h.amqpMethod(class, method)
			if closes {
				h.amqpReason(b[amqpPeek:min(7+n, int64(len(b)))])
			}
		}
	case 2, 3: // content
	case amqpBeat:
		h.begin(Housekeeping, textHeartbeat)
	default:
		return h.strange(b)
	}
	return h.frameOf(min(len(b), 7), 7+n+1)
}

// amqpMethod takes a method. An answer's number is one more than the request's, which is a multiple of
// ten, but for those of class basic that want no answer.
func (h *hearing) amqpMethod(class, method int) {
	v := h.v
	switch {
	case class == amqpConnect && (method == amqpClose || method == amqpCloseOK):
		h.begin(Goodbye, h.phrase("Connection.Close"))
	case class == amqpConnect && method < amqpClose && h.side == 0:
		h.begin(Handshake, textHandshake)
		v.wait = 1
		h.ask()
	case class == amqpConnect:
		h.answer(Handshake, textHandshake)
	case class == amqpBasic && (method == 40 || method == 60 || method == 50 ||
		method >= 80 && method != 110 && method != 111):
		h.run(kindOf(h.side), h.phrase("Basic"))
		if h.side == 0 {
			v.flags |= asked
		}
	case method%10 == 0:
		h.request(h.phrase("method"))
	default:
		h.answer(Response, h.phrase("method"))
	}
}

// amqpReason takes reply-code and reply-text of a Close, which say what went wrong unless the code is that of success.
func (h *hearing) amqpReason(b []byte) {
	if len(b) < 3 {
		return
	}
	code := be16(b)
	if code == 0 || code == amqpSuccess {
		return
	}
	text := b[3:min(3+int(b[2]), len(b))]
	h.v.text = h.names.line(strconv.AppendInt([]byte("Close "), int64(code), 10), maxText, text, maxText)
	h.verdict(h.v.text)
}

// amqp1Condition takes the error of a Close, a list whose first field names what went wrong: amqp:connection:forced.
func (h *hearing) amqp1Condition(b []byte) {
	list := func() bool { // passes the head of a list that is not empty
		switch {
		case len(b) >= 3 && b[0] == 0xc0 && b[2] > 0:
			b = b[3:]
		case len(b) >= 9 && b[0] == 0xd0 && be32(b[5:]) > 0:
			b = b[9:]
		default:
			return false
		}
		return true
	}
	if !list() || len(b) < 3 || b[0] != 0 || b[1] != 0x53 || b[2] != amqp1Error {
		return
	}
	if b = b[3:]; !list() || len(b) < 2 || b[0] != 0xa3 {
		return
	}
	h.v.text = h.names.line([]byte("Close"), maxText, b[2:min(2+int(b[1]), len(b))], maxText)
	h.verdict(h.v.text)
}

func (h *hearing) readAMQP1(b []byte, last bool) int {
	if b[0] == 'A' {
		if len(b) < 8 {
			return h.short(b, last)
		}
		h.begin(Handshake, h.phrase("protocol header"))
		if b[4] == 2 && h.side == 1 {
			h.upgrade(amqp1, tls)
		}
		return 8
	}
	if len(b) < amqp1Frame {
		return h.short(b, last)
	}
	n := be32(b)
	if n < amqp1Frame || n > 1<<28 || b[4] < 2 {
		return h.strange(b)
	}
	if n == amqp1Frame {
		h.begin(Housekeeping, textHeartbeat)
		return amqp1Frame
	}
	need := int(b[4])*4 + 3
	if int64(need) > n {
		need = amqp1Frame
	}
	if len(b) < need {
		return h.short(b, last)
	}
	switch code := b[need-1]; {
	case code == amqp1Close:
		if !last && int64(len(b)) < min(n, amqpReason) {
			return 0 // the words of an error
		}
		h.begin(Goodbye, textClose)
		h.amqp1Condition(b[need:min(n, int64(len(b)))])
	case code >= amqp1SASLLow || code == amqp1Open:
		h.run(Handshake, textHandshake)
	default:
		h.byTurns(h.phrase("frame"))
	}
	return h.frameOf(min(need, amqp1Frame), n)
}
