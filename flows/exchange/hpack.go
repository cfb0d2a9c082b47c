package exchange

import (
	"bytes"

	"golang.org/x/net/http2/hpack"
)

// Header blocks of HTTP/2 (RFC 7541). The dynamic table is not kept, for it would be kilobytes for each
// connection: fields that were sent literally or stand in the static table are read, references to
// earlier fields are passed over. The first request of a connection can so be named, a later one by
// whatever of it is new.

// maxHPACK is how much of a header block is read.
const maxHPACK = 4 << 10

// Static table entries that are read (RFC 7541 appendix A).
const (
	hpackAuthority = 1
	hpackGET       = 2
	hpackPOST      = 3
	hpackPath      = 4
	hpackIndexPath = 5
	hpackStatus    = 8 // to 14
	hpackServer    = 54
	hpackAgent     = 58
	hpackStatic    = 61
)

var hpackStatuses = [...]uint16{200, 204, 206, 304, 400, 404, 500}

// readHPACK reads a header block and returns what the message is called.
func (h *hearing) readHPACK(b []byte, request bool) id {
	n := h.names
	n.method, n.path = n.method[:0], n.path[:0]
	status := uint16(0)
	for r := (reader{b: b}); len(r.b) > 0 && !r.bad; {
		first := r.b[0]
		var index int
		switch {
		case first&0x80 != 0: // indexed
			switch index = r.hpackInt(7); {
			case index == hpackGET:
				n.method = append(n.method, "GET"...)
			case index == hpackPOST:
				n.method = append(n.method, "POST"...)
			case index == hpackPath:
				n.path = append(n.path, '/')
			case index == hpackIndexPath:
				n.path = append(n.path, "/index.html"...)
			case index >= hpackStatus && index < hpackStatus+len(hpackStatuses):
				status = hpackStatuses[index-hpackStatus]
			}
			continue
		case first&0xe0 == 0x20: // table size
			r.hpackInt(5)
			continue
		case first&0xc0 == 0x40:
			index = r.hpackInt(6)
		default:
			index = r.hpackInt(4)
		}
		name := -1
		if index == 0 {
			r.hpackString()
		} else if index <= hpackStatic {
			name = index
		}
		raw, huffman := r.hpackString()
		if r.bad || name < 0 {
			continue
		}
		value := raw
		if huffman {
			n.huffman.Reset()
			if _, err := hpack.HuffmanDecode(&n.huffman, raw); err != nil {
				continue
			}
			value = n.huffman.Bytes()
		}
		switch {
		case name == hpackAuthority:
			h.host = n.again(h.host, value, maxHost)
		case name == hpackGET || name == hpackPOST:
			n.method = append(n.method[:0], value...)
		case name == hpackPath || name == hpackIndexPath:
			n.path = append(n.path[:0], value...)
		case name >= hpackStatus && name < hpackStatus+len(hpackStatuses):
			if v, ok := number(value); ok && v < 1000 {
				status = uint16(v)
			}
		case name == hpackServer && !request:
			h.server = n.again(h.server, value, maxAgent)
		case name == hpackAgent && request:
			h.agent = n.again(h.agent, value, maxAgent)
		}
	}
	if request {
		if len(n.method) == 0 {
			return textHeaders
		}
		text, host, namesHost := n.requestText(n.method, n.path)
		if namesHost {
			h.host = host
		}
		return text
	}
	if status == 0 {
		return 0
	}
	h.status = status
	n.method = append(n.method[:0], "HTTP/2 "...)
	n.method = append(n.method, '0'+byte(status/100%10), '0'+byte(status/10%10), '0'+byte(status%10))
	return n.intern(n.method, maxText)
}

// hpackInt reads an integer with a prefix of the given bits (RFC 7541 §5.1).
func (r *reader) hpackInt(bits int) int {
	limit := 1<<bits - 1
	n := r.u8() & limit
	if n < limit {
		return n
	}
	for shift := 0; shift < 28; shift += 7 {
		c := r.u8()
		n += c & 0x7f << shift
		if c&0x80 == 0 {
			return n
		}
	}
	r.b, r.bad = nil, true
	return 0
}

// hpackString reads a string (RFC 7541 §5.2).
func (r *reader) hpackString() (s []byte, huffman bool) {
	if len(r.b) == 0 {
		r.bad = true
		return nil, false
	}
	huffman = r.b[0]&0x80 != 0
	return r.take(r.hpackInt(7)), huffman
}

// hpackScratch is where header blocks are put together.
type hpackScratch struct {
	method, path []byte
	huffman      bytes.Buffer
}
