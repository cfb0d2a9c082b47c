package exchange

// maxScrap is the longest beginning of a message that is kept for the next segment: enough for a Client
// Hello with a post-quantum key share and tickets. Every reader settles for that many bytes.
const maxScrap = 8 << 10

// scraps holds the beginnings of messages. A State has one for each side at most, which is its own until it drops it.
type scraps struct {
	slots []*scrap
	free  []uint32
	bytes int // that the slots have room for
}

type scrap struct {
	b     []byte
	frame uint32 // of its first byte
	time  int64
	taken bool
}

// keep stores b under the handle, which is 0 where nothing was stored before, and returns the handle.
func (s *scraps) keep(handle uint32, b []byte, frame uint32, time int64) uint32 {
	if p := s.get(handle); p != nil {
		s.set(p, b)
		return handle
	}
	var i uint32
	if k := len(s.free); k > 0 {
		i, s.free = s.free[k-1], s.free[:k-1]
	} else {
		i = uint32(len(s.slots))
		s.slots = append(s.slots, &scrap{})
	}
	p := s.slots[i]
	s.set(p, b)
	p.frame, p.time, p.taken = frame, time, true
	return i + 1
}

// set makes b the bytes of p.
func (s *scraps) set(p *scrap, b []byte) {
	s.bytes -= cap(p.b)
	p.b = append(p.b[:0], b...)
	s.bytes += cap(p.b)
}

// get returns the scrap of a handle, nil when there is none.
func (s *scraps) get(handle uint32) *scrap {
	if handle == 0 {
		return nil
	}
	if p := s.slots[handle-1]; p.taken {
		return p
	}
	return nil
}

// drop gives the scrap of a handle back.
func (s *scraps) drop(handle uint32) {
	if p := s.get(handle); p != nil {
		p.taken = false
		s.free = append(s.free, handle-1)
	}
}
