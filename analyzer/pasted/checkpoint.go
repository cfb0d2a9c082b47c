package pasted

import (
	"bytes"

	"github.com/rstexplain/rstexplain/flows"
)

// A checkPointStyle reads what Check Point's fw monitor prints: a line with the interface, the place in the chain and
// the addresses, "[vs_0][fw_1] eth0:i[40]: 192.0.2.1 -> 198.51.100.7 (TCP) len=40 id=1", and a line of TCP, "TCP:
// 40000 -> 443 .S.... seq=3b9aca00 ack=00000000". The numbers are hexadecimal, as on the wire. A packet is shown at
// each place that it passes.
type checkPointStyle struct {
	r *Reader
	p Packet
}

func (c *checkPointStyle) begin(line []byte) verdict {
	k := bytes.Index(line, []byte(" (TCP) len="))
	if k < 0 {
		return foreign
	}
	head, ends, ok := bytes.Cut(line[:k], []byte("]: "))
	if !ok {
		return foreign
	}
	src, dst, ok := bytes.Cut(ends, []byte(" -> "))
	if !ok {
		return foreign
	}
	c.p = Packet{Line: c.r.lines.n, Style: CheckPoint, Form: Raw}
	p := &c.p
	if p.Src, ok = c.r.host(src); !ok {
		return foreign
	}
	if p.Dst, ok = c.r.host(dst); !ok {
		return foreign
	}
	if at := bytes.LastIndexByte(head, '['); at > 0 {
		p.Face = c.r.face(firstWord(bytes.TrimLeft(head[bytes.LastIndexByte(head[:at], ']')+1:at], " ")))
	}
	s := scan{b: head}
	for w := s.word(); len(w) > 0; w = s.word() {
		if at, clock, ok := clockOf(w); ok {
			p.Time, p.Clock = at, clock
		}
	}
	s = scan{b: line, i: k + len(" (TCP) len=")}
	if n, ok := s.number(); ok {
		p.Wire = n
	}
	s.blanks()
	if s.skip("id=") {
		if n, ok := s.number(); ok && n < 1<<16 {
			p.IPID, p.Has = uint16(n), p.Has|HasIPID
		}
	}
	return opened
}

func (c *checkPointStyle) more(line []byte) bool {
	rest, ok := bytes.CutPrefix(bytes.TrimLeft(line, " \t"), []byte("TCP: "))
	p := &c.p
	if !ok || p.Has&HasFlags != 0 {
		return false
	}
	s := scan{b: rest}
	src, ok1 := c.r.portOf(s.word())
	arrow := s.word()
	dst, ok2 := c.r.portOf(s.word())
	if !ok1 || !ok2 || string(arrow) != "->" {
		return false
	}
	p.Src.Port, p.Dst.Port = src, dst
	letters := bytes.ReplaceAll(s.word(), []byte("."), nil)
	letters = bytes.ReplaceAll(letters, []byte("A"), []byte("."))
	f, ok := flagLetters(letters)
	if !ok {
		return false
	}
	p.Flags, p.Has = f, p.Has|HasFlags|HasPorts
	for w := s.word(); len(w) > 0; w = s.word() {
		name, value, _ := bytes.Cut(w, []byte("="))
		n, width := hexadecimal(value)
		switch {
		case width == 0 || width > 8:
		case string(name) == "seq":
			p.SEQ, p.Has = uint32(n), p.Has|HasSEQ
		case string(name) == "ack":
			p.ACK, p.Has = uint32(n), p.Has|HasACK
		}
	}
	// The header of TCP is not shown: it takes 20 to 60 bytes.
	const headers, options = 40, 40
	if p.Wire <= headers || p.Flags&(flows.SYN|flows.RST) != 0 {
		p.Has |= HasLen
	} else {
		p.rough(p.Wire-headers, options)
	}
	return true
}

func (c *checkPointStyle) close() {
	if c.p.Has&HasFlags == 0 {
		c.r.leaveAt(NoFlags, c.p.Line)
		return
	}
	c.r.put(&c.p)
}
