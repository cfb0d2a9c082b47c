package exchange

// maxScrap is the longest beginning of a message that is kept for the next segment: enough for a Client
// Hello with a post-quantum key share and tickets. Every reader settles for that many octets.
const maxScrap = 8 << 10

// scraps is a bounded store of message beginnings. When it is full, the oldest goes: in a capture that
// is not made to hurt, few connections are in the middle of a header at one moment.
type scraps struct {
	slots    []*scrap
	free     []uint16
	hand     int
	max      int
	recycled uint64
}

type scrap struct {
	b     []byte
	frame uint32 // of its first octet
	time  int64
	round uint32
	taken bool
}

// keep stores b under the handle, which is 0 where nothing was stored before, and returns the handle.
func (s *scraps) keep(handle uint32, b []byte, frame uint32, time int64) uint32 {
	if p := s.get(handle); p != nil {
		p.b = append(p.b[:0], b...)
		return handle
	}
	var i int
	switch k := len(s.free); {
	case k > 0:
		i, s.free = int(s.free[k-1]), s.free[:k-1]
	case len(s.slots) < s.max:
		i = len(s.slots)
		s.slots = append(s.slots, &scrap{})
	default:
		i = s.hand
		s.hand = (s.hand + 1) % len(s.slots)
		s.recycled++
	}
	p := s.slots[i]
	p.round = (p.round + 1) & 0xfffff
	p.b, p.frame, p.time, p.taken = append(p.b[:0], b...), frame, time, true
	return uint32(i+1) | p.round<<12
}

// get returns the scrap of a handle, nil when there is none or it had to go.
func (s *scraps) get(handle uint32) *scrap {
	i := int(handle&0xfff) - 1
	if i < 0 || i >= len(s.slots) {
		return nil
	}
	if p := s.slots[i]; p.taken && p.round == handle>>12 {
		return p
	}
	return nil
}

// drop gives the scrap of a handle back.
func (s *scraps) drop(handle uint32) {
	if p := s.get(handle); p != nil {
		p.taken = false
		s.free = append(s.free, uint16(handle&0xfff)-1)
	}
}
