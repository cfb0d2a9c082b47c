package exchange

import (
	"encoding/binary"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// Longest texts kept, in bytes. What is longer ends in an ellipsis.
const (
	maxText  = 64  // first line of a message, where it is no request line
	maxPath  = 96  // request target
	maxHost  = 253 // a DNS name (RFC 1035 §2.3.4, without the root)
	maxAgent = 96  // User-Agent, Server
)

const ellipsis = "…"

// printable appends b to dst as text that no terminal and no reader can be fooled with, in at most max
// bytes: control characters, invalid UTF-8, bidirectional controls and other invisible characters are
// written as escapes. It is done here, at the source, so that no renderer can forget it.
func printable(dst, b []byte, max int) []byte {
	start := len(dst)
	last := len(dst) // end of the text that leaves room for the ellipsis
	for len(b) > 0 {
		if n := plainPrefix(b[:min(len(b), max-(len(dst)-start))]); n > 0 {
			if room := max - len(ellipsis) - (len(dst) - start); room >= 0 {
				last = len(dst) + min(n, room)
			}
			dst, b = append(dst, b[:n]...), b[n:]
			continue
		}
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n <= 1:
			dst = append(dst, '\\', 'x', hexDigits[b[0]>>4], hexDigits[b[0]&15])
		case isPlainASCII(b[0]):
			dst = append(dst, b[0])
		case r < utf8.RuneSelf:
			dst = append(dst, '\\', 'x', hexDigits[r>>4], hexDigits[r&15])
		case r == '…' || unicode.IsPrint(r): // the first is our own, in most request targets
			dst = append(dst, b[:n]...)
		default:
			dst = append(dst, '\\', 'u', '{')
			dst = strconv.AppendInt(dst, int64(r), 16)
			dst = append(dst, '}')
		}
		if len(dst)-start > max {
			return append(dst[:last], ellipsis...)
		}
		if len(dst)-start <= max-len(ellipsis) {
			last = len(dst)
		}
		b = b[n:]
	}
	return dst
}

const hexDigits = "0123456789abcdef"

// isPlain reports whether printable would return b as it is.
func isPlain(b []byte, max int) bool {
	return len(b) <= max && plainPrefix(b) == len(b)
}

// isPlainASCII reports whether c is a visible ASCII character or a space.
func isPlainASCII(c byte) bool { return ' ' <= c && c < 0x7f }

// plainPrefix returns how many bytes at the front of b are visible ASCII characters and spaces. Nearly
// all text that is said is nothing else, so it looks at eight bytes at a time.
func plainPrefix(b []byte) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	n := 0
	for len(b)-n >= 8 {
		// A byte's top bit is set when it is below a space, is DEL, or has it set itself; a borrow or
		// carry only goes out of such a byte.
		if x := binary.LittleEndian.Uint64(b[n:]); ((x-' '*ones)|x|(x+ones))&tops != 0 {
			break
		}
		if n += 8; n < len(b) && n > len(b)-8 {
			n = len(b) - 8 // the last eight, some of them again
		}
	}
	for n < len(b) && isPlainASCII(b[n]) {
		n++
	}
	return n
}

// trim removes spaces and tabs at both ends.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// hasFold reports whether b begins with prefix, which must be in lower case; ASCII letters of b are
// compared without regard to case.
func hasFold(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && equalFold(b[:len(prefix)], prefix)
}

// equalFold reports whether b is want, which must be in lower case, without regard to case.
func equalFold(b []byte, want string) bool {
	if len(b) != len(want) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != want[i] {
			return false
		}
	}
	return true
}

// containsFold reports whether want, in lower case, occurs in b without regard to case.
func containsFold(b []byte, want string) bool {
	for i := 0; i+len(want) <= len(b); i++ {
		if equalFold(b[i:i+len(want)], want) {
			return true
		}
	}
	return false
}

// has reports whether b begins with prefix.
func has(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && string(b[:len(prefix)]) == prefix
}

// token splits b at its first run of spaces.
func token(b []byte) (first, rest []byte) {
	for i, c := range b {
		if c == ' ' || c == '\t' {
			return b[:i], trim(b[i:])
		}
	}
	return b, nil
}

// number reads b as a decimal number; ok is false when b is none or does not fit in 62 bits.
func number(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

func be16(b []byte) int { return int(b[0])<<8 | int(b[1]) }
func be24(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }
func be32(b []byte) int64 {
	return int64(b[0])<<24 | int64(b[1])<<16 | int64(b[2])<<8 | int64(b[3])
}
func le16(b []byte) int   { return int(b[1])<<8 | int(b[0]) }
func le24(b []byte) int   { return int(b[2])<<16 | int(b[1])<<8 | int(b[0]) }
func le32(b []byte) int64 { return int64(b[3])<<24 | int64(b[2])<<16 | int64(b[1])<<8 | int64(b[0]) }

// appendInt appends n in decimal.
func appendInt(dst []byte, n int) []byte { return strconv.AppendInt(dst, int64(n), 10) }
