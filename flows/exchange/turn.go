package exchange

import "math"

// takeTurn follows the exchange by who speaks: the originator asks, the responder answers.
func (h *hearing) takeTurn() {
	v, p := h.v, h.peer()
	if v.phase == phaseTurns {
		v.left = forever
	}
	if !h.fresh && v.kind != None && h.talk == uint8(h.side)+1 {
		return
	}
	kind := Opaque
	if h.proto > opaque {
		kind = Request
		if h.side == 1 {
			kind = Response
		}
	}
	if v.phase == phaseTurns {
		if h.turn {
			p.aux = bump(p.aux, 16)
		} else if v.kind != None {
			v.aux = bump(v.aux, 0)
		}
	}
	h.begin(kind, 0)
	if h.side == 0 {
		v.wait = 1
		v.flags |= asked
		h.ask()
	} else {
		p.wait = 0
	}
}

// bump adds one to the 16-bit counter that lies in n at the given bit, unless it is full. A voice that
// is followed by turns counts its messages in aux: low half those that came after a pause without an
// answer in between, high half those that were answered.
func bump(n uint32, bit int) uint32 {
	if n>>bit&0xffff == 0xffff {
		return n
	}
	return n + 1<<bit
}

// begin starts a message with the unit at hand.
func (h *hearing) begin(kind Kind, text id) {
	v := h.v
	h.begun = true
	text = h.quoted(text)
	v.kind, v.text, v.len, v.frame, v.time = kind, text, 0, h.frame, h.time
	v.flags &^= more | closes
	switch kind {
	case Housekeeping:
		return
	case Response:
		if h.alert != 0 && h.proto != tls && h.side == h.verdictSide() {
			h.alert, h.alpn = 0, 0 // it grants something after all
		}
	case Goodbye:
		if v.bye == 0 {
			v.bye = h.frame
		}
		v.wait -= min(v.wait, uint16(v.pings)) // its pings are withdrawn
		v.pings = 0
	}
	h.talk = uint8(h.side) + 1
}

// verdict notes that the message at hand refuses what was asked for, or says what went wrong, in these words.
func (h *hearing) verdict(text id) {
	if h.proto == tls {
		return
	}
	h.alert, h.alpn = h.v.frame, h.quoted(text)
	h.bits &^= alertBy1
	if h.side == 1 {
		h.bits |= alertBy1
	}
}

// verdictSide returns the side that gave the verdict.
func (s *State) verdictSide() int {
	if s.bits&alertBy1 != 0 {
		return 1
	}
	return 0
}

// run starts a message, or lets the last one go on when it is of the same kind and the other side has
// begun nothing since.
func (h *hearing) run(kind Kind, text id) {
	if h.v.kind != kind || h.talk != uint8(h.side)+1 {
		h.begin(kind, text)
	}
}

// request starts a message that wants an answer.
func (h *hearing) request(text id) {
	if h.voice[0].wait == 0 && h.voice[1].wait == 0 && h.peer().phase < phaseLost {
		h.bits &^= doubt
	}
	h.begin(Request, text)
	h.v.flags |= asked
	h.v.owe()
	h.ask()
}

// owe counts one more answer that this side waits for.
func (v *voice) owe() {
	if v.wait < math.MaxUint16 {
		v.wait++
	}
}

// ask remembers the message at hand as the last request.
func (h *hearing) ask() {
	h.askFrame, h.askTime, h.line = h.v.frame, h.v.time, h.v.text
	if h.side == 1 {
		h.bits |= askedBy1
	} else {
		h.bits &^= askedBy1
	}
}

// answer starts a message that answers the other side's oldest request.
func (h *hearing) answer(kind Kind, text id) {
	h.begin(kind, text)
	h.answered()
}

// answered counts the other side's oldest request as answered.
func (h *hearing) answered() {
	if p := h.peer(); p.wait > 0 {
		p.wait--
	}
}

// ping takes a keep-alive ping, which wants its answer as any request does: a peer that leaves it
// unanswered is why many connections are given up. pong takes the answer.
func (h *hearing) ping(text id) {
	if h.v.kind == Goodbye && h.v.bye != 0 && h.talk == uint8(h.side)+1 {
		return // its session is over: nothing answers (DISCONNECT and PINGREQ of MQTT in one segment)
	}
	h.begin(Housekeeping, text)
	if h.v.wait == 0 {
		h.ask() // else the request that stands open is worth more
	}
	if h.v.pings < math.MaxUint8 {
		h.v.pings++
		h.v.owe()
	}
}

func (h *hearing) pong(text id) {
	h.begin(Housekeeping, text)
	if p := h.peer(); p.pings > 0 {
		p.pings--
		h.answered()
	}
}

// turns gives up reading both sides: from here on only who speaks is followed.
func (h *hearing) turns() {
	for i := range h.voice {
		v := &h.voice[i]
		if v.scrap != 0 && i != h.side {
			h.names.scraps.drop(v.scrap)
			v.scrap = 0
		}
		v.phase, v.left, v.aux = phaseTurns, forever, 0
		v.flags &^= more | skipLine
	}
}

// byTurns takes a message of a protocol whose messages do not say whether they ask or answer: the
// originator's ask, the responder's answer all that was asked.
func (h *hearing) byTurns(text id) {
	if h.side == 0 {
		h.bits |= turnTaking
		wait := h.v.wait
		h.request(text)
		h.v.wait = max(wait, uint16(h.v.pings)+1)
		return
	}
	h.begin(Response, text)
	if p := h.peer(); p.wait > uint16(p.pings) {
		h.bits |= turnTaking
		p.wait = uint16(p.pings)
	}
}

// stream is byTurns for protocols without messages: all that a side says in its turn is one.
func (h *hearing) stream(text id) {
	if h.v.kind == kindOf(h.side) && h.talk == uint8(h.side)+1 {
		return
	}
	h.byTurns(text)
}

// kindOf returns what a side's messages are where they do not say: the originator asks.
func kindOf(side int) Kind {
	if side == 0 {
		return Request
	}
	return Response
}
