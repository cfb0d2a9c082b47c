package pasted

import (
	"bytes"
	"net/netip"

	"github.com/rstexplain/rstexplain/flows"
)

// A scan walks over the words of a line. Its methods that read something report false, and stay where they are, when
// it does not stand there.
type scan struct {
	b []byte
	i int
}

func (s *scan) rest() []byte { return s.b[s.i:] }
func (s *scan) done() bool   { return s.i >= len(s.b) }

// blanks passes over blanks, commas too.
func (s *scan) blanks() {
	for s.i < len(s.b) && (s.b[s.i] == ' ' || s.b[s.i] == '\t' || s.b[s.i] == ',') {
		s.i++
	}
}

// skip passes over text if it stands here.
func (s *scan) skip(text string) bool {
	if len(s.b)-s.i < len(text) || string(s.b[s.i:s.i+len(text)]) != text {
		return false
	}
	s.i += len(text)
	return true
}

// word returns what stands before the next blank or comma.
func (s *scan) word() []byte {
	s.blanks()
	from := s.i
	for s.i < len(s.b) && s.b[s.i] != ' ' && s.b[s.i] != '\t' && s.b[s.i] != ',' {
		s.i++
	}
	return s.b[from:s.i]
}

// number reads a decimal or 0x… number of at most 32 bits. What is larger is passed over, and no number.
func (s *scan) number() (n uint32, ok bool) {
	s.blanks()
	n, width := decimal(s.rest())
	if width == 1 && s.b[s.i] == '0' && s.i+2 < len(s.b) && s.b[s.i+1] == 'x' {
		v, k := hexadecimal(s.b[s.i+2:])
		s.i += 2 + k
		return uint32(v), k > 0 && k <= 8
	}
	if width <= 0 {
		for s.i < len(s.b) && width < 0 && isDigit(s.b[s.i]) {
			s.i++
		}
		return 0, false
	}
	s.i += width
	return n, true
}

func isDigit(c byte) bool { return c-'0' < 10 }

func allDigits(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return len(b) > 0
}

// decimal reads the number that b begins with: its width is 0 where there is none, and negative where it takes more
// than 32 bits.
func decimal(b []byte) (n uint32, width int) {
	var v uint64
	for width < len(b) && isDigit(b[width]) {
		if v = v*10 + uint64(b[width]-'0'); v > 1<<32-1 {
			return 0, -1
		}
		width++
	}
	return uint32(v), width
}

// whole reads b as a decimal number and nothing else.
func whole(b []byte) (uint32, bool) {
	n, width := decimal(b)
	return n, width > 0 && width == len(b)
}

func hexadecimal(b []byte) (v uint64, width int) {
	for width < len(b) && width < 17 {
		d := hexDigit(b[width])
		if d < 0 {
			break
		}
		v = v<<4 | uint64(d)
		width++
	}
	return v, width
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// ipv4 reads four numbers with dots between them.
func ipv4(b []byte) (ip [4]byte, width int) {
	for part := range 4 {
		n, w := decimal(b[width:])
		if w <= 0 || w > 3 || n > 255 {
			return ip, 0
		}
		ip[part] = byte(n)
		width += w
		if part < 3 {
			if width >= len(b) || b[width] != '.' {
				return ip, 0
			}
			width++
		}
	}
	return ip, width
}

// mac reads six bytes with colons, hyphens or dots between them.
func mac(b []byte) (addr uint64, ok bool) {
	if len(b) < 17 {
		return 0, false
	}
	for k := range 6 {
		hi, lo := hexDigit(b[3*k]), hexDigit(b[3*k+1])
		if hi < 0 || lo < 0 || k < 5 && b[3*k+2] != ':' && b[3*k+2] != '-' {
			return 0, false
		}
		addr = addr<<8 | uint64(hi<<4|lo)
	}
	return addr, true
}

// flag letters, as tcpdump prints them: S, F, P, R, U, E, W, "." for ACK, "e" for AE.
func flagLetters(b []byte) (f flows.Flags, ok bool) {
	for _, c := range b {
		switch c {
		case 'S':
			f |= flows.SYN
		case 'F':
			f |= flows.FIN
		case 'P':
			f |= flows.PSH
		case 'R':
			f |= flows.RST
		case 'U':
			f |= flows.URG
		case 'E':
			f |= flows.ECE
		case 'W':
			f |= flows.CWR
		case 'e':
			f |= flows.AE
		case '.':
			f |= flows.ACK
		default:
			return 0, false
		}
	}
	return f, len(b) > 0
}

// flagNames reads "SYN, ACK" and the like.
func flagNames(b []byte) (f flows.Flags, ok bool) {
	s := scan{b: b}
	for {
		w := s.word()
		if len(w) == 0 {
			return f, ok
		}
		ok = true
		switch string(w) {
		case "SYN":
			f |= flows.SYN
		case "ACK":
			f |= flows.ACK
		case "FIN":
			f |= flows.FIN
		case "RST":
			f |= flows.RST
		case "PSH":
			f |= flows.PSH
		case "URG":
			f |= flows.URG
		case "ECN", "ECE":
			f |= flows.ECE
		case "CWR":
			f |= flows.CWR
		case "NS", "AE":
			f |= flows.AE
		case "<None>", "none", "None", "Reserved":
		default:
			return 0, false
		}
	}
}

// addrOf returns the address that b spells.
func addrOf(b []byte) (netip.Addr, bool) {
	if ip, w := ipv4(b); w > 0 && w == len(b) {
		return netip.AddrFrom4(ip), true
	}
	if bytes.IndexByte(b, ':') < 0 || len(b) > 64 {
		return netip.Addr{}, false
	}
	if k := bytes.IndexByte(b, '%'); k > 0 {
		b = b[:k]
	}
	a, err := netip.ParseAddr(string(b))
	return a, err == nil
}
