package exchange

import (
	"strings"
	"unsafe"
)

// Names keeps what States point at but cannot hold: the strings (SNI, Host, first lines), once each, and
// the beginnings of messages that the next segment completes. One Names serves all States of one table, and it holds
// as much as they need: whoever keeps States drops them by Release, and calls Sweep when the Names is Full. It is not
// safe for concurrent use.
type Names struct {
	texts  []string // by id; "" is free, or the first
	free   []id
	index  map[string]id
	octets int // of all strings that can go
	text   []byte

	most, mostOctets int // from which Sweep is worth its time

	scraps scraps
	starts startMemo
	ftp    []FTPNote // of the last call of Say
	hpackScratch
}

// An id names a string of a Names. 0 is the empty string.
type id uint32

// From so many strings on, or so many bytes of them, a Names is Full.
const (
	manyNames  = 1 << 16
	manyOctets = 6 << 20
)

// NewNames returns an empty Names.
func NewNames() *Names { return newNames(manyNames, manyOctets) }

func newNames(most, mostOctets int) *Names {
	n := &Names{most: most, mostOctets: mostOctets, index: make(map[string]id)}
	for i, text := range fixedTexts {
		n.texts = append(n.texts, text)
		n.index[text] = id(i)
	}
	return n
}

// Full reports whether there are so many strings that it is worth to look for those that no State names.
func (n *Names) Full() bool { return len(n.index) >= n.most || n.octets >= n.mostOctets }

// Sweep drops the strings that no State names. It calls each, which must call keep for all States.
func (n *Names) Sweep(each func(keep func(*State))) {
	named := make([]bool, len(n.texts))
	each(func(s *State) {
		for _, i := range [...]id{s.line, s.host, s.agent, s.server, s.alpn, s.voice[0].text, s.voice[1].text} {
			named[i] = true
		}
	})
	n.starts = startMemo{}
	for i := len(fixedTexts); i < len(n.texts); i++ {
		if text := n.texts[i]; !named[i] && text != "" {
			delete(n.index, text)
			n.octets -= len(text)
			n.texts[i] = ""
			n.free = append(n.free, id(i))
		}
	}
	n.most, n.mostOctets = max(n.most, 2*len(n.index)), max(n.mostOctets, 2*n.octets)
}

// Memory returns the bytes that the strings and the beginnings of messages take, about.
func (n *Names) Memory() int64 {
	const entry = unsafe.Sizeof("") + 2*unsafe.Sizeof("") // in the list and in the index
	return int64(n.octets) + int64(len(n.texts))*int64(entry) + int64(n.scraps.bytes)
}

// get returns the string of an id.
func (n *Names) get(i id) string {
	if n == nil || int(i) >= len(n.texts) {
		return ""
	}
	return n.texts[i]
}

// intern returns the id of b as printable text of at most max bytes.
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
		return i
	}
	var i id
	if k := len(n.free); k > 0 {
		i, n.free = n.free[k-1], n.free[:k-1]
	} else {
		i = id(len(n.texts))
		n.texts = append(n.texts, "")
	}
	text := string(b)
	n.texts[i], n.index[text] = text, i
	n.octets += len(text)
	return i
}

// again is intern for what is most likely the string of old: what was said in its place the last time.
func (n *Names) again(old id, b []byte, max int) id {
	if n.texts[old] == string(b) && len(b) <= max {
		return old
	}
	return n.intern(b, max)
}

// quoted returns text with an ellipsis, where it ends with what the capture holds of a longer one.
func (h *hearing) quoted(text id) id {
	if len(h.cut) == 0 || text == 0 {
		return text
	}
	said := h.names.get(text)
	tail := printable(nil, trimCR(h.cut[max(len(h.cut)-8, 0):]), maxText)
	if !strings.HasSuffix(said, string(tail)) && !strings.HasSuffix(string(tail), said) {
		return text
	}
	return h.names.keep([]byte(said + ellipsis))
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
