package exchange

import "math"

// A State is what must be remembered of one connection to tell what its two ends said: of fixed size and
// free of pointers, because a million of them may live at a time. The zero State has heard nothing.
//
// Readers of a protocol see the front of what is new of one side. What they do not need they leave to
// voice.left, so that a segment in the middle of a body or a record costs a subtraction.
type State struct {
	voice [2]voice

	askTime  int64  // of the last request of either side
	askFrame uint32 // 0: none
	last     uint32 // time of the last octets, in units of 2^20 ns

	line   id // the last request's first line: "GET /a"
	host   id // Host, or the target of CONNECT
	agent  id // User-Agent
	server id // Server, or the SNI once TLS is spoken
	alpn   id

	alert uint32 // frame of the first alert

	tls    tlsBits
	queue  uint16 // what the next unanswered requests are, two bits each, the oldest lowest
	status uint16

	proto    protocol
	via      protocol // spoken before proto took over
	speaker  uint8    // side that spoke last, plus one
	first    uint8    // side that spoke first, plus one
	talk     uint8    // side that began the last message other than housekeeping, plus one
	bits     bits
	version  uint8 // TLS: minor version plus one, 0 unknown
	overhead uint8 // TLS: octets that encryption adds to a record, 0 unknown
	desc     uint8 // description of the first alert in clear
}

// A voice is one side: its last message, and where in its protocol it is.
type voice struct {
	time  int64 // of the last message's first octet
	left  int64 // octets to pass over before the reader is asked again
	frame uint32
	end   uint32
	len   uint32
	text  id
	scrap uint32 // handle of octets that wait for more, 0 none
	bye   uint32 // frame of the first goodbye
	turns uint32
	aux   uint32 // the reader's own
	wait  uint16 // requests of this side that stand unanswered
	flags flags
	kind  Kind
	phase uint8 // the reader's own; 0 at the start of a message
	pings uint8 // keep-alive pings that stand unanswered
	high  uint8 // the reader's own; HTTP/1: bits 32 to 39 of the announced length, aux holds the others
}

// Phases that every protocol knows, beside 0.
const (
	phaseLost  = 254 // octets are missing: the next segment that looks like a start is one
	phaseTurns = 255 // not read: who speaks is all that is known
)

// forever is more than any connection carries.
const forever = math.MaxInt64 / 2

// pause is the silence after which the same side begins something new, in units of 2^20 ns: about 1 s.
const pause = 954

// bits are what is known of a State as a whole.
type bits uint8

const (
	doubt      bits = 1 << iota // octets were lost: the counts are a guess
	clientIs1                   // TLS: the responder sent the Client Hello
	askedBy1                    // the last request is the responder's
	alertBy1                    // TLS: the responder sent the first alert
	alertClear                  // TLS: it was in clear, desc holds its description
	turnTaking                  // some messages were told apart by turns alone
)

// flags are what is known of one side.
type flags uint16

const (
	asked    flags = 1 << iota // has sent a request of its own
	more                       // the protocol says that the last message is not at its end
	skipLine                   // pass over everything to the next line feed
	closes                     // the last message announces the end of the connection
	f1                         // the reader's own, and so are the following
	f2
	f3
	f4
	f5
	f6
	f7
	f8
	broken // octets are missing behind the scrap
)

// Say hands the State the next octets of a side in sequence order, each octet once: resends and copies
// are left out by the caller. The segment carried dataLen octets, of which payload holds the captured
// ones (fewer when the snaplen cut them, none is allowed). time is in Unix nanoseconds. Strings go to
// names, which must be the same for all calls.
func (s *State) Say(names *Names, side, frame int, time int64, payload []byte, dataLen uint32) {
	v := &s.voice[side]
	now := uint32(time >> 20)
	if int64(dataLen) <= v.left && s.speaker == uint8(side)+1 && int32(now-s.last) < pause {
		v.left -= int64(dataLen)
		v.grow(int64(dataLen))
		v.end = clip(frame)
		s.last = now
		return
	}
	s.hear(names, side, frame, time, payload, dataLen)
}

// Lost tells the State that n octets of a side are missing from the capture at this place.
func (s *State) Lost(side int, n uint32) {
	if n != 0 {
		h := hearing{State: s, side: side, v: &s.voice[side]}
		h.miss(int64(n))
	}
}

// Fin tells the State that a side's FIN has come at its place in the sequence, after all of its octets.
// What ends with the connection is then complete: an HTTP body without a length. And who leaves an SSH
// session in the moment of speaking has said SSH_MSG_DISCONNECT, which cannot be read.
func (s *State) Fin(side int, time int64) {
	v := &s.voice[side]
	switch {
	case s.proto == http1 && v.phase == httpUntilEnd:
		v.flags &^= more
	case s.proto == ssh && v.phase == phaseTurns && s.speaker == uint8(side)+1 && uint32(time>>20)-s.last <= noWait>>20:
		v.kind, v.wait = Goodbye, 0
		if v.bye == 0 {
			v.bye = v.end
		}
	}
}

// grow counts n octets of the last message.
func (v *voice) grow(n int64) {
	v.len = uint32(min(int64(v.len)+n, math.MaxUint32))
}

// clip returns a frame number as it is stored.
func clip(frame int) uint32 { return uint32(min(frame, math.MaxUint32)) }

// A hearing is one call of Say at work.
type hearing struct {
	*State
	names *Names
	side  int
	v     *voice
	frame uint32 // of the unit at hand
	time  int64
	fresh bool // the other side spoke before, or nobody for a while
	turn  bool // the other side spoke before
	begun bool // a message began
}

// peer returns the other side's voice.
func (h *hearing) peer() *voice { return &h.voice[1-h.side] }

func (s *State) hear(names *Names, side, frame int, time int64, payload []byte, dataLen uint32) {
	if dataLen == 0 {
		return
	}
	h := hearing{State: s, names: names, side: side, v: &s.voice[side], frame: clip(frame), time: time}
	v := h.v
	now := uint32(time >> 20)
	h.turn = s.speaker != uint8(side)+1
	h.fresh = h.turn || int32(now-s.last) >= pause
	s.last = now
	v.end = h.frame
	if h.turn {
		s.speaker = uint8(side) + 1
		v.turns++
		if s.first == 0 {
			s.first = s.speaker
		}
	}
	for i := range s.voice {
		if s.voice[i].flags&broken != 0 {
			s.salvage(names, i)
		}
	}
	if h.turn && s.proto == undecided && v.scrap != 0 {
		s.salvage(names, side) // the other side has answered to it: no more of it will come
	}
	b := payload[:min(int64(len(payload)), int64(dataLen))]
	missing := int64(dataLen) - int64(len(b))

	if v.phase == phaseTurns && !h.again(b) {
		h.takeTurn()
		v.grow(int64(dataLen))
		return
	}
	if v.left > 0 {
		n := min(v.left, int64(dataLen))
		v.left -= n
		v.grow(n)
		k := min(n, int64(len(b)))
		b = b[k:]
		missing -= n - k
		if len(b) == 0 && missing == 0 {
			return
		}
	}
	if v.phase == phaseLost {
		if len(b) == 0 || !h.starts(b) {
			h.takeTurn()
			v.grow(int64(len(b)) + missing)
			return
		}
		v.phase = 0
	}
	h.read(h.stitch(b, missing), missing)
}

// read gives b to the reader of the protocol, unit by unit; missing octets follow that were not captured.
func (h *hearing) read(b []byte, missing int64) {
	v := h.v
	for len(b) > 0 && v.phase < phaseLost {
		n := h.unit(b, missing > 0)
		if n == 0 {
			v.scrap = h.names.scraps.keep(v.scrap, b, h.frame, h.time)
			if h.proto == undecided {
				h.takeTurn()
			}
			return
		}
		k := int(min(v.left, int64(len(b)-n)))
		v.left -= int64(k)
		v.grow(int64(n + k))
		b = b[n+k:]
	}
	if missing > 0 {
		h.miss(missing)
	}
	v.grow(int64(len(b)) + missing)
}

// stitch completes the unit that an earlier segment began with the octets of this one, and returns those
// that are left over.
func (h *hearing) stitch(b []byte, missing int64) []byte {
	v := h.v
	if v.scrap == 0 || len(b) == 0 {
		return b
	}
	frame, time := h.frame, h.time
	p := h.names.scraps.get(v.scrap)
	if p == nil {
		v.scrap = 0
		h.lose()
		return b
	}
	h.frame, h.time = p.frame, p.time
	old, pos, took := len(p.b), 0, 0 // octets of p.b from earlier segments, read, and of b that went to p.b
	for pos < old && v.phase < phaseLost {
		k := min(len(b)-took, maxScrap-len(p.b))
		p.b = append(p.b, b[took:took+k]...)
		took += k
		n := h.unit(p.b[pos:], missing > 0 && took == len(b))
		if n == 0 {
			p.b = append(p.b[:0], p.b[pos:]...)
			old, pos = old-pos, 0
			if took == len(b) {
				p.frame, p.time = h.frame, h.time
				return nil
			}
			continue
		}
		skip := int(min(v.left, int64(old+len(b)-pos-n)))
		v.left -= int64(skip)
		v.grow(int64(n + skip))
		pos += n + skip
		h.frame, h.time = frame, time
	}
	h.names.scraps.drop(v.scrap)
	v.scrap = 0
	h.frame, h.time = frame, time
	return b[max(pos-old, 0):]
}

// unit has the next unit of b read. It returns the octets used, or 0 when the unit needs more than b and
// more will come.
func (h *hearing) unit(b []byte, last bool) int {
	if h.v.flags&skipLine != 0 {
		return h.passLine(b)
	}
	n := h.parse(b, last)
	if n == 0 && (last || len(b) >= maxScrap) {
		// No reader gets here by its own account; should one, its place is lost and nothing else.
		h.lose()
		return len(b)
	}
	return min(n, len(b))
}

// miss passes over n octets that the capture does not hold.
func (h *hearing) miss(n int64) {
	if h.v.left >= n && h.v.scrap == 0 {
		h.v.left -= n
		return
	}
	switch {
	case h.v.phase == phaseTurns:
	case h.v.scrap != 0:
		h.v.flags |= broken // read by salvage
	default:
		h.lose()
	}
}

// salvage reads what there is of a message whose rest will not come.
func (s *State) salvage(names *Names, side int) {
	h := hearing{State: s, names: names, side: side, v: &s.voice[side]}
	v := h.v
	v.flags &^= broken
	if p := names.scraps.get(v.scrap); p != nil && v.phase < phaseLost {
		h.frame, h.time = p.frame, p.time
		for b := p.b; len(b) > 0 && v.phase < phaseLost; {
			n := h.unit(b, true)
			v.left = 0
			v.grow(int64(n))
			b = b[n:]
		}
	}
	h.lose()
}

// lose gives up the place in the protocol until a segment looks like a start.
func (h *hearing) lose() {
	v := h.v
	switch h.proto {
	case http1, rtsp, sip:
		h.cutHTTP()
	}
	if v.scrap != 0 {
		h.names.scraps.drop(v.scrap)
		v.scrap = 0
	}
	v.left = 0
	v.phase = phaseLost
	v.flags &^= more | skipLine
	h.bits |= doubt
	if h.names != nil && h.fresh && !h.begun {
		h.takeTurn()
	}
}

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
	v.kind, v.text, v.len, v.frame, v.time = kind, text, 0, h.frame, h.time
	v.flags &^= more | closes
	switch kind {
	case Housekeeping:
		return
	case Goodbye:
		if v.bye == 0 {
			v.bye = h.frame
		}
	}
	h.talk = uint8(h.side) + 1
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
	if h.v.wait < math.MaxUint16 {
		h.v.wait++
	}
	h.ask()
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

// ping counts a keep-alive ping, pong its answer.
func (h *hearing) ping(text id) {
	h.begin(Housekeeping, text)
	if h.v.pings < math.MaxUint8 {
		h.v.pings++
	}
}

func (h *hearing) pong(text id) {
	h.begin(Housekeeping, text)
	if p := h.peer(); p.pings > 0 {
		p.pings--
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
