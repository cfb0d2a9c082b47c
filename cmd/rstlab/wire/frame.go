//go:build linux

package wire

import (
	"encoding/binary"
	"net/netip"
)

// A Frame is an Ethernet frame with IPv4 or IPv6 and TCP inside. Its fields are read and written in
// place; TCP reports whether there are any.
type Frame []byte

// The TCP flag bits.
const (
	FIN = 1 << iota
	SYN
	RST
	PSH
	ACK
)

const ethLen = 14

func (f Frame) v6() bool { return f[12] == 0x86 && f[13] == 0xdd }

// TCP reports whether the frame holds a TCP segment right behind an IP header.
func (f Frame) TCP() bool {
	switch {
	case len(f) >= ethLen+40 && f[12] == 0x08 && f[13] == 0x00 && f[ethLen+9] == 6:
		return len(f) >= f.tcpOff()+20
	case len(f) >= ethLen+60 && f.v6() && f[ethLen+6] == 6:
		return true
	}
	return false
}

func (f Frame) tcpOff() int {
	if f.v6() {
		return ethLen + 40
	}
	return ethLen + int(f[ethLen]&15)*4
}

func (f Frame) tcp() []byte { return f[f.tcpOff():] }

func (f Frame) addrs() (src, dst []byte) {
	if f.v6() {
		return f[ethLen+8 : ethLen+24], f[ethLen+24 : ethLen+40]
	}
	return f[ethLen+12 : ethLen+16], f[ethLen+16 : ethLen+20]
}

// Src returns the source address and port.
func (f Frame) Src() netip.AddrPort {
	a, _ := f.addrs()
	addr, _ := netip.AddrFromSlice(a)
	return netip.AddrPortFrom(addr, binary.BigEndian.Uint16(f.tcp()))
}

// Dst returns the destination address and port.
func (f Frame) Dst() netip.AddrPort {
	_, a := f.addrs()
	addr, _ := netip.AddrFromSlice(a)
	return netip.AddrPortFrom(addr, binary.BigEndian.Uint16(f.tcp()[2:]))
}

// SEQ returns SEG.SEQ.
func (f Frame) SEQ() uint32 { return binary.BigEndian.Uint32(f.tcp()[4:]) }

// ACK returns SEG.ACK.
func (f Frame) ACK() uint32 { return binary.BigEndian.Uint32(f.tcp()[8:]) }

// Flags returns the low eight flag bits.
func (f Frame) Flags() byte { return f.tcp()[13] }

// Window returns the window field.
func (f Frame) Window() uint16 { return binary.BigEndian.Uint16(f.tcp()[14:]) }

// TTL returns the TTL or hop limit.
func (f Frame) TTL() byte {
	if f.v6() {
		return f[ethLen+7]
	}
	return f[ethLen+8]
}

// Payload returns the data of the segment.
func (f Frame) Payload() []byte {
	t := f.tcp()
	end := int(binary.BigEndian.Uint16(f[ethLen+2:])) - int(f[ethLen]&15)*4
	if f.v6() {
		end = int(binary.BigEndian.Uint16(f[ethLen+4:]))
	}
	off := int(t[12]>>4) * 4
	if off > end || end > len(t) {
		return nil
	}
	return t[off:end]
}

// A Forgery is what an injector writes into a segment of its own.
type Forgery struct {
	SEQ, ACK uint32
	Flags    byte
	Window   uint16
	TTL      byte
	IPID     uint16
	DF       bool
	Payload  []byte
}

// Forge builds a segment that travels as like does (addresses, ports, Ethernet), with the fields of g. To
// answer like instead, reverse it first.
func Forge(like Frame, g Forgery) Frame {
	l3 := 20
	if like.v6() {
		l3 = 40
	}
	f := make(Frame, ethLen+l3+20+len(g.Payload))
	copy(f, like[:ethLen])
	ip := f[ethLen:]
	if like.v6() {
		copy(ip, like[ethLen:ethLen+40])
		binary.BigEndian.PutUint16(ip[4:], uint16(20+len(g.Payload)))
		ip[7] = g.TTL
	} else {
		ip[0], ip[8], ip[9] = 0x45, g.TTL, 6
		binary.BigEndian.PutUint16(ip[2:], uint16(40+len(g.Payload)))
		binary.BigEndian.PutUint16(ip[4:], g.IPID)
		if g.DF {
			ip[6] = 0x40
		}
		copy(ip[12:20], like[ethLen+12:ethLen+20])
		binary.BigEndian.PutUint16(ip[10:], fold(sum(0, ip[:20])))
	}
	t := ip[l3:]
	copy(t[:4], like.tcp()[:4])
	binary.BigEndian.PutUint32(t[4:], g.SEQ)
	binary.BigEndian.PutUint32(t[8:], g.ACK)
	t[12], t[13] = 5<<4, g.Flags
	binary.BigEndian.PutUint16(t[14:], g.Window)
	copy(t[20:], g.Payload)
	src, dst := f.addrs()
	pseudo := sum(sum(uint32(6+len(t)), src), dst)
	binary.BigEndian.PutUint16(t[16:], fold(sum(pseudo, t)))
	return f
}

// Blank returns a segment from one address to another that holds nothing else, for Forge to copy from.
func Blank(from, to netip.AddrPort) Frame {
	l3 := 20
	if from.Addr().Is6() {
		l3 = 40
	}
	f := make(Frame, ethLen+l3+20)
	ip := f[ethLen:]
	if l3 == 40 {
		f[12], f[13], ip[0], ip[6] = 0x86, 0xdd, 0x60, 6
		copy(ip[8:], from.Addr().AsSlice())
		copy(ip[24:], to.Addr().AsSlice())
	} else {
		f[12], f[13], ip[0], ip[9] = 0x08, 0x00, 0x45, 6
		copy(ip[12:], from.Addr().AsSlice())
		copy(ip[16:], to.Addr().AsSlice())
	}
	binary.BigEndian.PutUint16(ip[l3:], from.Port())
	binary.BigEndian.PutUint16(ip[l3+2:], to.Port())
	return f
}

// Reverse returns a copy of the frame with both ends exchanged, as its answer would travel.
func (f Frame) Reverse() Frame {
	r := append(Frame(nil), f...)
	copy(r[0:6], f[6:12])
	copy(r[6:12], f[0:6])
	rs, rd := r.addrs()
	s, d := f.addrs()
	copy(rs, d)
	copy(rd, s)
	copy(r.tcp()[0:2], f.tcp()[2:4])
	copy(r.tcp()[2:4], f.tcp()[0:2])
	return r
}

// Shift adds n to the client's sequence numbers where the frame passes them on, toward the server, and takes
// it off again in what the server acknowledges.
func (f Frame) Shift(toServer bool, n uint32) {
	t := f.tcp()
	length := int(binary.BigEndian.Uint16(f[ethLen+2:])) - int(f[ethLen]&15)*4
	if f.v6() {
		length = int(binary.BigEndian.Uint16(f[ethLen+4:]))
	}
	if length < 20 || length > len(t) {
		return
	}
	t = t[:length]
	add := func(b []byte, n uint32) { binary.BigEndian.PutUint32(b, binary.BigEndian.Uint32(b)+n) }
	switch {
	case toServer && (f.SEQ() != 0 || f.Flags()&RST == 0): // a RST that answers a segment without ACK has SEQ 0
		add(t[4:], n)
	case !toServer && f.Flags()&ACK != 0:
		add(t[8:], -n)
		for o := 20; o+1 < min(int(t[12]>>4)*4, len(t)) && t[o] != 0; {
			if t[o] == 1 {
				o++
				continue
			}
			size := int(t[o+1])
			if size < 2 || o+size > len(t) {
				break
			}
			for e := o + 2; t[o] == 5 && e+4 <= o+size; e += 4 { // SACK (RFC 2018)
				add(t[e:], -n)
			}
			o += size
		}
	}
	t[16], t[17] = 0, 0
	src, dst := f.addrs()
	binary.BigEndian.PutUint16(t[16:], fold(sum(sum(uint32(6+len(t)), src), dst)+sum(0, t)))
}

func sum(acc uint32, b []byte) uint32 {
	for i := 0; i+1 < len(b); i += 2 {
		acc += uint32(b[i])<<8 | uint32(b[i+1])
	}
	if len(b)%2 == 1 {
		acc += uint32(b[len(b)-1]) << 8
	}
	return acc
}

func fold(acc uint32) uint16 {
	for acc > 0xffff {
		acc = acc>>16 + acc&0xffff
	}
	return ^uint16(acc)
}
