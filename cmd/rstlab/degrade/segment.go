package degrade

import (
	"encoding/binary"

	"github.com/gopacket/gopacket/layers"
)

// The flag bits of TCP that matter here.
const (
	syn = 0x02
	rst = 0x04
	ack = 0x10
)

// A side is one end of a connection.
type side struct {
	ip   [16]byte
	port uint16
}

// A tuple is a connection, the same from both sides.
type tuple [2]side

// A segment is the little that degrading needs to know of a packet.
type segment struct {
	ok       bool
	v6       bool
	src, dst side
	seq      uint32
	flags    byte
	len      int // bytes of data
}

func (s *segment) tuple() tuple {
	for i := range s.src.ip {
		if s.src.ip[i] != s.dst.ip[i] {
			if s.src.ip[i] < s.dst.ip[i] {
				return tuple{s.src, s.dst}
			}
			return tuple{s.dst, s.src}
		}
	}
	if s.src.port < s.dst.port {
		return tuple{s.src, s.dst}
	}
	return tuple{s.dst, s.src}
}

// dissect reads Ethernet or Linux cooked frames with plain IP and TCP, which is all that the lab makes.
func dissect(link layers.LinkType, d []byte) (s segment) {
	off, etherType := 14, 12
	if link == layers.LinkTypeLinuxSLL {
		off, etherType = 16, 14
	}
	if len(d) < off+20 {
		return s
	}
	ip := d[off:]
	var tcp []byte
	switch binary.BigEndian.Uint16(d[etherType:]) {
	case 0x0800:
		h := int(ip[0]&15) * 4
		if ip[9] != 6 || len(ip) < h+16 {
			return s
		}
		copy(s.src.ip[12:], ip[12:16])
		copy(s.dst.ip[12:], ip[16:20])
		tcp, s.len = ip[h:], int(binary.BigEndian.Uint16(ip[2:]))-h
	case 0x86dd:
		if len(ip) < 56 || ip[6] != 6 {
			return s
		}
		copy(s.src.ip[:], ip[8:24])
		copy(s.dst.ip[:], ip[24:40])
		tcp, s.len, s.v6 = ip[40:], int(binary.BigEndian.Uint16(ip[4:])), true
	default:
		return s
	}
	s.ok = true
	s.src.port, s.dst.port = binary.BigEndian.Uint16(tcp), binary.BigEndian.Uint16(tcp[2:])
	s.seq, s.flags = binary.BigEndian.Uint32(tcp[4:]), tcp[13]
	s.len -= int(tcp[12]>>4) * 4
	return s
}

// streams numbers connections as tshark does: a SYN with another SEQ on a known 4-tuple begins a new one.
type streams struct {
	n    int
	of   map[tuple]int
	base map[tuple]map[side]uint32
}

func newStreams() *streams {
	return &streams{of: map[tuple]int{}, base: map[tuple]map[side]uint32{}}
}

func (x *streams) number(s segment) int {
	if !s.ok {
		return -1
	}
	t := s.tuple()
	n, ok := x.of[t]
	if b, seen := x.base[t][s.src]; ok && s.flags&(syn|ack) == syn && seen && b != s.seq {
		ok = false
	}
	if !ok {
		n = x.n
		x.of[t], x.base[t] = n, map[side]uint32{}
		x.n++
	}
	if _, seen := x.base[t][s.src]; !seen || s.flags&syn != 0 {
		x.base[t][s.src] = s.seq
		if s.flags&syn == 0 {
			x.base[t][s.src]--
		}
	}
	return n
}
