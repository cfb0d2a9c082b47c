package exchange

// A State is what must be remembered of one connection to tell what its two ends said: fixed size and
// free of pointers, because a million of them may live at a time. The zero State has heard nothing.
type State struct {
	says    [2]speech
	speaker int8 // side that spoke last plus one
	first   int8 // side that spoke first plus one
}

// A speech is one side's last message.
type speech struct {
	time       int64
	frame, end uint32
	len        uint32
	turns      uint32
	kind       Kind
}

// Say hands the State the next octets of a side in sequence order, each octet once: resends and copies
// are left out by the caller. The segment carried dataLen octets, of which payload holds the captured
// ones (fewer when the snaplen cut them). The strings go to names.
func (s *State) Say(names *Names, side, frame int, time int64, payload []byte, dataLen uint32) {
	if dataLen == 0 {
		return
	}
	m := &s.says[side]
	if s.first == 0 {
		s.first = int8(side) + 1
	}
	if s.speaker != int8(side)+1 {
		s.speaker = int8(side) + 1
		m.turns++
		m.frame, m.time, m.len, m.kind = uint32(frame), time, 0, Opaque
	}
	m.end = uint32(frame)
	m.len += dataLen
}

// Lost tells the State that n octets of a side are missing from the capture at this place.
func (s *State) Lost(side int, n uint32) {}

// Fin tells the State that a side's FIN has come at its place in the sequence: what ends with the
// connection is complete (HTTP bodies without a length), and the moment is kept for Summary.AtFIN.
func (s *State) Fin(side int) {}

// Summary tells what was said so far. The strings come from names, the table that Say was given.
func (s *State) Summary(names *Names) Summary {
	out := Summary{Speaker: int(s.speaker) - 1, First: int(s.first) - 1, BodySide: -1, AlertSide: -1, BodyWant: -1}
	for i, m := range s.says {
		out.Last[i] = Message{Kind: m.kind, Frame: int(m.frame), Time: m.time, Len: m.len, End: int(m.end)}
		out.Messages[i] = int(m.turns)
	}
	return out
}
