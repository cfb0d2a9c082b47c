package decode

import (
	"encoding/binary"
	"encoding/hex"
	"strings"

	"github.com/rstexplain/rstexplain/analyzer/capture"
)

// Builders of packets, from the inside out, that build what no well-behaved serialiser would.

func cat(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// unhex reads bytes as text; spaces are for the eye.
func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func u16(n int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(n)) }
func u32(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }

// tcpOff is a segment of 192.0.2.1:port to 198.51.100.2:80 with a data offset of its own.
func tcpOff(off, port int, flags byte, opts, data []byte) []byte {
	return cat(u16(port), u16(80), u32(0x01020304), u32(0x05060708), []byte{byte(off << 4), flags}, u16(500), u16(0), u16(9), opts, data)
}

func tcpOpts(port int, flags byte, opts, data []byte) []byte {
	return tcpOff(5+len(opts)/4, port, flags, opts, data)
}

func tcp(port int, flags byte) []byte { return tcpOpts(port, flags, nil, []byte("abc")) }

func udp(src, dst int, data []byte) []byte {
	return cat(u16(src), u16(dst), u16(8+len(data)), u16(0), data)
}

type ip4 struct {
	id, frag, total int
	opts            []byte
	back            bool // from the responder's address
}

func (h ip4) wrap(proto int, data []byte) []byte {
	n := 20 + len(h.opts)
	if h.total == 0 {
		h.total = n + len(data)
	}
	src, dst := []byte{192, 0, 2, 1}, []byte{198, 51, 100, 2}
	if h.back {
		src, dst = dst, src
	}
	return cat([]byte{0x40 | byte(n/4), 0}, u16(h.total), u16(h.id), u16(h.frag), []byte{64, byte(proto)}, u16(0), src, dst, h.opts, data)
}

func ipv4(proto int, data []byte) []byte { return ip4{id: 7}.wrap(proto, data) }

func ipv6Len(n, next int, data []byte) []byte {
	return cat(u32(6<<28), u16(n), []byte{byte(next), 64}, unhex("20010db8000000000000000000000001 20010db8000000000000000000000002"), data)
}

func ipv6(next int, data []byte) []byte { return ipv6Len(len(data), next, data) }

func ether(typ int, data []byte) []byte {
	return cat(unhex("020000000002 020000000001"), u16(typ), data)
}

func eth4(proto int, data []byte) []byte { return ether(0x0800, ipv4(proto, data)) }
func eth6(next int, data []byte) []byte  { return ether(0x86dd, ipv6(next, data)) }

func icmp(typ, code int, rest []byte, quoted []byte) []byte {
	return cat([]byte{byte(typ), byte(code)}, u16(0), rest, quoted)
}

// ext is an IPv6 extension header of 8 bytes: next header, length, a PadN option.
func ext(next int, data []byte) []byte { return cat([]byte{byte(next), 0, 1, 4, 0, 0, 0, 0}, data) }

// frag6 is an IPv6 fragment header with its fragment.
func frag6(next, offset, more, id int, data []byte) []byte {
	return cat([]byte{byte(next), 0}, u16(offset|more), u32(id), data)
}

// label is an entry of an MPLS label stack.
func label(n int, bottom bool) []byte {
	s := 0
	if bottom {
		s = 0x100
	}
	return u32(n<<12 | s | 64)
}

func packet(link int, data []byte) *capture.Packet {
	return &capture.Packet{Data: data, Length: uint32(len(data)), Link: uint16(link), Frame: 1}
}

// cut is p as a snaplen of n bytes leaves it.
func cut(p *capture.Packet, n int) *capture.Packet {
	p.Data = p.Data[:n]
	return p
}
