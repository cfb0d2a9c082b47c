package dissection

import (
	"errors"
	"fmt"
	"io"
)

// What an export may ask memory for. Wireshark shows no packet deeper than its dissectors nest, a few dozen
// levels, and no field that is read here is longer than valueMax.
const (
	nestingMax = 512
	valueMax   = 1 << 20
	elementMax = 4 * valueMax // an element of PDML with all its attributes
	payloadMax = 256 << 10    // bytes of a segment's data, as of a packet in a capture
)

// Errors for what no export of Wireshark holds.
var (
	errNesting = fmt.Errorf("values are nested more than %d deep", nestingMax)
	errLength  = fmt.Errorf("a name, number or element is longer than %d bytes", valueMax)
)

// A jsonBounds passes JSON on with its strings cut to valueMax bytes: a decoder keeps each as a whole.
type jsonBounds struct {
	from  io.Reader
	cut   *int  // strings that were cut
	bytes int64 // that were left out

	inString, escaped, cutting bool
	hex                        int // digits of \uXXXX still to come
	run                        int // length of the present string or number
}

func (b *jsonBounds) Read(p []byte) (int, error) {
	return bounded(b.from, p, b.keep, &b.bytes)
}

// keep reports whether c is passed on.
func (b *jsonBounds) keep(c byte) (bool, error) {
	b.run++
	if !b.inString {
		switch c {
		case '"':
			b.inString, b.run = true, 0
		case ' ', '\t', '\r', '\n', ',', ':', '[', ']', '{', '}':
			b.run = 0
		}
		if b.run > valueMax {
			return false, errLength
		}
		return true, nil
	}
	whole := b.hex == 0 && !b.escaped // the string may be cut before c
	switch {
	case b.escaped:
		b.escaped = false
		if c == 'u' {
			b.hex = 4
		}
	case c == '"':
		if b.cutting {
			*b.cut++
		}
		b.inString, b.escaped, b.cutting, b.hex, b.run = false, false, false, 0, 0
		return true, nil
	case b.hex > 0:
		b.hex--
	case c == '\\':
		b.escaped = true
	}
	if whole && b.run > valueMax {
		b.cutting = true
	}
	return !b.cutting, nil
}

// An xmlBounds passes XML on with its attributes cut to valueMax bytes.
type xmlBounds struct {
	from  io.Reader
	cut   *int
	bytes int64

	state   xmlState
	quote   byte
	entity  bool // from & to ;
	cutting bool
	run     int // length of the present text or attribute
	element int // length of the present element, as far as it is passed on
}

type xmlState uint8

const (
	inText   xmlState = iota
	inOpen            // behind <
	inMarkup          // a comment, a directive
	inElement
	inAttribute
)

func (b *xmlBounds) Read(p []byte) (int, error) {
	return bounded(b.from, p, b.keep, &b.bytes)
}

func (b *xmlBounds) keep(c byte) (bool, error) {
	b.run++
	switch b.state {
	case inText:
		if c == '<' {
			b.state, b.run, b.element = inOpen, 0, 0
		}
	case inOpen, inElement, inMarkup:
		switch {
		case c == '>':
			b.state, b.run = inText, 0
		case b.state == inOpen && (c == '!' || c == '?'):
			b.state = inMarkup
		case b.state == inMarkup:
		case c == '"' || c == '\'':
			b.state, b.quote, b.run = inAttribute, c, 0
		default:
			b.state = inElement
		}
	case inAttribute:
		switch {
		case c == b.quote:
			if b.cutting {
				*b.cut++
			}
			b.state, b.cutting, b.entity, b.run = inElement, false, false, 0
		case b.run > valueMax && !b.entity:
			b.cutting = true
		case c == '&':
			b.entity = true
		case c == ';':
			b.entity = false
		}
	}
	if b.cutting {
		return false, nil
	}
	if b.element++; b.state != inText && b.element > elementMax || b.run > valueMax+64 {
		return false, errLength
	}
	return true, nil
}

// bounded reads from in to p what keep wants of it, and counts the bytes that it does not.
func bounded(in io.Reader, p []byte, keep func(byte) (bool, error), dropped *int64) (int, error) {
	for {
		n, err := in.Read(p)
		kept := 0
		for _, c := range p[:n] {
			ok, bad := keep(c)
			if bad != nil {
				return kept, bad
			}
			if ok {
				p[kept] = c
				kept++
			} else {
				*dropped++
			}
		}
		if kept > 0 || err != nil || len(p) == 0 {
			return kept, err
		}
	}
}

// refusal returns the error of text at a byte that no export of Wireshark holds, nil when err is another.
func refusal(at int64, err error) error {
	if errors.Is(err, errNesting) || errors.Is(err, errLength) {
		return fmt.Errorf("byte %d: %w, which is not valid in an export by Wireshark", at, err)
	}
	return nil
}
