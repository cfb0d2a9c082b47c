package exchange

// Names keeps what States point at but cannot hold: the strings (SNI, Host, first lines), once each, and
// the scraps, beginnings of messages that the next segment completes. Both are bounded, so a capture of
// any size needs the same memory; what had to go is counted. One Names serves all connections of one
// table, and the same segments in the same order leave the same Names. It is not safe for concurrent use.
type Names struct {
	slots  []slot
	free   []uint16 // slots without a string
	index  map[string]id
	hand   int // next slot that the clock looks at
	octets int // of all strings that can go
	text   []byte

	maxSlots, maxOctets int
	recycled            uint64

	scraps scraps
	starts startMemo
	hpackScratch
}

// An id names a string of a Names: its slot in the low half, and in the high half how often that slot
// had been given away, so that the id of a string that went prints as nothing and not as another's
// string. 0 is the empty string.
type id uint32

type slot struct {
	text  string
	round uint16
	used  bool // asked for since the clock last came by
}

// The bounds of a Names: 65,536 strings, 6 MiB of them, 256 scraps.
const (
	maxNames      = 1 << 16
	maxNameOctets = 6 << 20
	maxScraps     = 256
)

// NewNames returns an empty Names.
func NewNames() *Names { return newNames(maxNames, maxNameOctets, maxScraps) }

func newNames(slots, octets, scraps int) *Names {
	n := &Names{maxSlots: max(slots, len(fixedTexts)+1), maxOctets: octets, index: make(map[string]id)}
	n.scraps.max = scraps
	for i, text := range fixedTexts {
		n.slots = append(n.slots, slot{text: text})
		n.index[text] = id(i)
	}
	n.hand = len(fixedTexts)
	return n
}

// Recycled returns how many strings and how many begun messages had to go to keep the bounds. A string
// that went is "" in the Summaries of the connections that used it; a begun message that went is read
// as if its octets had been missing from the capture.
func (n *Names) Recycled() (strings, begun uint64) { return n.recycled, n.scraps.recycled }

// get returns the string of an id, "" when it had to go.
func (n *Names) get(i id) string {
	if s := int(i & 0xffff); n != nil && s < len(n.slots) && n.slots[s].round == uint16(i>>16) {
		return n.slots[s].text
	}
	return ""
}

// intern returns the id of b as printable text of at most max octets.
func (n *Names) intern(b []byte, max int) id {
	if len(b) == 0 {
		return 0
	}
	if !isPlain(b, max) {
		n.text = printable(n.text[:0], b, max)
		b = n.text
	}
	return n.keep(b)
}

// keep returns the id of b, which is printable.
func (n *Names) keep(b []byte) id {
	if i, ok := n.index[string(b)]; ok {
		n.slots[i&0xffff].used = true
		return i
	}
	if len(b) > n.maxOctets {
		n.recycled++
		return 0
	}
	for n.octets+len(b) > n.maxOctets || len(n.free) == 0 && len(n.slots) == n.maxSlots {
		n.evict()
	}
	var s int
	if k := len(n.free); k > 0 {
		s, n.free = int(n.free[k-1]), n.free[:k-1]
	} else {
		s = len(n.slots)
		n.slots = append(n.slots, slot{})
	}
	e := &n.slots[s]
	e.text, e.used = string(b), false
	n.octets += len(b)
	i := id(s) | id(e.round)<<16
	n.index[e.text] = i
	return i
}

// again is intern for what is most likely the string of old: what was said in its place the last time.
func (n *Names) again(old id, b []byte, max int) id {
	if s := &n.slots[old&0xffff]; s.text == string(b) && s.round == uint16(old>>16) && len(b) <= max {
		s.used = true
		return old
	}
	return n.intern(b, max)
}

// renew asks for the string of an id again; it returns false when the string had to go.
func (n *Names) renew(i id) bool {
	s := &n.slots[i&0xffff]
	if s.round != uint16(i>>16) {
		return false
	}
	s.used = true
	return true
}

// line interns two words with a space between them, cutting each to its own bound.
func (n *Names) line(a []byte, maxA int, b []byte, maxB int) id {
	n.text = printable(n.text[:0], a, maxA)
	if len(b) > 0 {
		n.text = append(n.text, ' ')
		n.text = printable(n.text, b, maxB)
	}
	return n.keep(n.text)
}

// evict frees the slot of a string that nobody asked for since the clock's last round.
func (n *Names) evict() {
	for {
		if n.hand >= len(n.slots) {
			n.hand = len(fixedTexts)
		}
		e := &n.slots[n.hand]
		n.hand++
		if e.text == "" {
			continue
		}
		if e.used {
			e.used = false
			continue
		}
		delete(n.index, e.text)
		n.octets -= len(e.text)
		e.text = ""
		e.round++
		n.free = append(n.free, uint16(n.hand-1))
		n.recycled++
		return
	}
}
