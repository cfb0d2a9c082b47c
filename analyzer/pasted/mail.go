package pasted

import (
	"bufio"
	"bytes"
	"errors"
)

// Mails as they are stored are encoded as quoted-printable (RFC 2045 §6.7): "=3D" stands for "=", "=E2=86=92" for the
// arrow, and a line that ends with "=" goes on in the next.

// codedNumber are words of Wireshark whose "=" is encoded, or is not.
var codedNumber = [...]string{"Seq=", "Ack=", "Win=", "Len=", "MSS=", "TSval="}

// encodes reports whether a line shows that the text is quoted-printable, and whether it shows that it is not.
func encodes(b []byte) (is, isNot bool) {
	if bytes.IndexByte(b, '=') < 0 {
		if k := bytes.Index(b, []byte("quoted-printable")); k > 0 && len(b) < 200 {
			return bytes.HasPrefix(bytes.ToLower(b), []byte("content-transfer-encoding:")), false
		}
		return false, false
	}
	for _, w := range codedNumber {
		if k := bytes.Index(b, []byte(w)); k >= 0 {
			coded := bytes.HasPrefix(b[k+len(w):], []byte("3D"))
			return coded, !coded && k+len(w) < len(b)
		}
	}
	if bytes.Contains(b, []byte("=E2=86=92")) {
		return true, false
	}
	// The longest line has 76 characters.
	return len(b) > 60 && len(b) <= 76 && softBreak(b) && shown(b)+bytes.Count(b, []byte(" > ")) > 0, false
}

// softBreak reports whether a line goes on in the next.
func softBreak(b []byte) bool {
	return len(b) > 1 && b[len(b)-1] == '=' && b[len(b)-2] != '='
}

// decoded returns a line of a quoted-printable text, with those that it goes on in.
func (l *lines) decoded(b []byte) []byte {
	is, isNot := encodes(b)
	if l.encoded = (l.encoded || is) && !isNot; !l.encoded {
		if bytes.Contains(b, []byte("=3D")) {
			return bytes.ReplaceAll(b, []byte("=3D"), []byte("="))
		}
		return b
	}
	if softBreak(b) {
		l.soft = append(l.soft[:0], b...)
		for softBreak(l.soft) && len(l.soft) < maxLine {
			more, err := l.in.ReadSlice('\n')
			if errors.Is(err, bufio.ErrBufferFull) || len(more) == 0 {
				l.soft = append(l.soft, more...)
				break
			}
			l.skipped++
			l.soft = append(l.soft[:len(l.soft)-1], bytes.TrimRight(more, "\r\n")...)
		}
		b = l.soft
	}
	if bytes.IndexByte(b, '=') < 0 {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '=' && i+2 < len(b) {
			if hi, lo := hexDigit(b[i+1]), hexDigit(b[i+2]); hi >= 0 && lo >= 0 {
				out = append(out, byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		out = append(out, b[i])
	}
	return out
}
