package track

import "github.com/rstexplain/rstexplain/flows"

// history packs Zeek's history letters (the "history" field of conn.log), 5 bits each, first letter
// lowest. It holds twelve; the letters of a connection that shows more kinds than that are left out.
type history uint64

// historyLetters in upper case, as the originator's are written: SYN, SYN-ACK, pure ACK, data, FIN, RST,
// gap, retransmitted data, zero window, and a packet with both SYN and FIN or RST.
const historyLetters = "SHADFRGTWQ"

const (
	letterSYN = iota + 1
	letterSYNACK
	letterACK
	letterData
	letterFIN
	letterRST
	letterGap
	letterRetransmitted
	letterZeroWindow
	letterMulti
)

// add notes a letter of side s, once.
func (h *history) add(letter int, s flows.Side) {
	code := history(letter) | history(s)<<4
	for shift := 0; shift < 60; shift += 5 {
		switch *h >> shift & 31 {
		case code:
			return
		case 0:
			*h |= code << shift
			return
		}
	}
}

// has reports whether letter of side s was noted.
func (h history) has(letter int, s flows.Side) bool {
	for code := history(letter) | history(s)<<4; h != 0; h >>= 5 {
		if h&31 == code {
			return true
		}
	}
	return false
}

// swapped exchanges the sides.
func (h history) swapped() history {
	for shift := 0; h>>shift != 0; shift += 5 {
		h ^= 16 << shift
	}
	return h
}

// String writes the letters, the responder's in lower case.
func (h history) String() string {
	var b []byte
	for ; h != 0; h >>= 5 {
		letter := historyLetters[h&15-1]
		if h&16 != 0 {
			letter |= 0x20
		}
		b = append(b, letter)
	}
	return string(b)
}
