package exchange

// A hearing is one call of Say at work.
type hearing struct {
	*State
	names *Names
	side  int
	v     *voice
	frame uint32 // of the unit at hand
	time  int64
	fresh bool   // the other side spoke before, or nobody for a while
	turn  bool   // the other side spoke before
	begun bool   // a message began
	cut   []byte // the text at hand, where the capture does not hold its end
}

// peer returns the other side's voice.
func (h *hearing) peer() *voice { return &h.voice[1-h.side] }

func (s *State) hear(names *Names, side, frame int, time int64, payload []byte, dataLen uint32) {
	if dataLen == 0 {
		return
	}
	v := &s.voice[side]
	var h hearing // field by field, for a literal is made elsewhere and copied, which takes as long as a turn
	h.State, h.names, h.side, h.v, h.frame, h.time = s, names, side, v, clip(frame), time
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
	if s.bits&gap != 0 {
		s.bits &^= gap
		for i := range s.voice {
			if s.voice[i].flags&broken != 0 {
				s.salvage(names, i)
			}
		}
	}
	if h.turn && s.proto == undecided && v.scrap != 0 {
		s.salvage(names, side) // the other side has answered to it: no more of it will come
	}
	b := payload[:min(int64(len(payload)), int64(dataLen))]
	missing := int64(dataLen) - int64(len(b))

	if missing > 0 && len(b) >= 2 && len(b) < tlsHeader && v.left == 0 {
		if record := h.cutRecord(b, int(dataLen)); record != nil {
			if h.proto == undecided {
				h.decide(tls)
			}
			h.bits |= doubt
			v.phase = 0
			h.read(record, missing-int64(len(record)-len(b)))
			return
		}
	}
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
		if h.turnsToTLS(b) {
			h.upgrade(h.proto, tls)
		} else if len(b) == 0 || !h.starts(b) {
			h.takeTurn()
			v.grow(int64(len(b)) + missing)
			return
		}
		v.phase = 0
	}
	h.read(h.stitch(b, missing), missing)
}

// read gives b to the reader of the protocol, unit by unit; missing bytes follow that were not captured.
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

// stitch completes the unit that an earlier segment began with the bytes of this one, and returns those
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
	old, pos, took := len(p.b), 0, 0 // bytes of p.b from earlier segments, read, and of b that went to p.b
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

// unit has the next unit of b read. It returns the bytes used, or 0 when the unit needs more than b and
// more will come.
func (h *hearing) unit(b []byte, last bool) int {
	if h.v.flags&skipLine != 0 {
		return h.passLine(b)
	}
	if h.turnsToTLS(b) {
		h.upgrade(h.proto, tls) // what agreed on it was not captured, or cut
	}
	n := h.parse(b, last)
	if n == 0 && (last || len(b) >= maxScrap) {
		// No reader gets here by its own account; should one, its place is lost and nothing else.
		h.lose()
		return len(b)
	}
	return min(n, len(b))
}

// miss passes over n bytes that the capture does not hold.
func (h *hearing) miss(n int64) {
	if h.v.left >= n && h.v.scrap == 0 {
		h.v.left -= n
		return
	}
	switch {
	case h.v.phase == phaseTurns:
	case h.v.scrap != 0:
		h.v.flags |= broken // read by salvage
		h.bits |= gap
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
	if v.phase < phaseLost {
		h.lose()
	} else if v.scrap != 0 {
		names.scraps.drop(v.scrap)
		v.scrap = 0
	}
}

// lose gives up the place in the protocol until a segment looks like a start.
func (h *hearing) lose() {
	v := h.v
	switch h.proto {
	case http1, rtsp, sip:
		h.cutHTTP()
	case replies, smtp, ftp:
		v.flags &^= inReply // its last line is among what is missing
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
