package pasted

import (
	"bytes"
	"net/netip"
)

// An ipreportStyle reads what AIX' ipreport prints of a trace of iptrace, with or without the protocol's name before
// each line (-s): "====( 60 bytes received on interface en0 )==== 10:00:00.000000000", and then the headers, a field or
// some in a line. All that TCP needs is shown, the numbers as they are on the wire: decimal, hexadecimal by old
// versions.
type ipreportStyle struct {
	r      *Reader
	p      Packet
	number int
	ends   [2]bool
	size   uint32 // of the IP packet
	header uint32 // bytes of both headers
	tcp    bool
	hex    bool
}

var ipreportBegins = []byte(" on interface ")

func (i *ipreportStyle) begin(line []byte) verdict {
	t := ipreportLine(line)
	if rest, ok := bytes.CutPrefix(t, []byte("Packet Number ")); ok {
		n, _ := decimal(rest)
		i.number = int(n)
		return taken
	}
	if !bytes.HasPrefix(t, []byte("====(")) || !bytes.Contains(t, ipreportBegins) {
		return foreign
	}
	*i = ipreportStyle{r: i.r, number: i.number, hex: i.hex}
	i.p = Packet{Line: i.r.lines.n, Number: i.number, Style: IPReport, Form: Raw}
	i.number = 0
	s := scan{b: t}
	for w := s.word(); len(w) > 0; w = s.word() {
		if at, clock, ok := clockOf(w); ok {
			i.p.Time, i.p.Clock = at, clock
		} else if string(w) == "interface" {
			i.p.Face = i.r.face(s.word())
		}
	}
	return opened
}

// ipreportLine returns a line without the protocol's name that -s puts before it.
func ipreportLine(line []byte) []byte {
	t := bytes.TrimLeft(line, " \t")
	for _, name := range [...]string{"ETH:", "IP:", "TCP:"} {
		if rest, ok := bytes.CutPrefix(t, []byte(name)); ok {
			return bytes.TrimLeft(rest, " \t")
		}
	}
	return t
}

func (i *ipreportStyle) more(line []byte) bool {
	t := ipreportLine(line)
	if len(t) == 0 || bytes.HasPrefix(t, []byte("====(")) || bytes.HasPrefix(t, []byte("Packet Number ")) {
		return false
	}
	p := &i.p
	if end, ok := bytes.CutPrefix(t, []byte("< SRC =")); ok {
		p.Src.IP, i.ends[0] = i.address(end)
		return true
	}
	if end, ok := bytes.CutPrefix(t, []byte("< DST =")); ok {
		p.Dst.IP, i.ends[1] = i.address(end)
		return true
	}
	if rest, ok := bytes.CutPrefix(t, []byte("<source port=")); ok {
		src, dst, _ := bytes.Cut(rest, []byte("destination port="))
		var ok1, ok2 bool
		p.Src.Port, ok1 = i.r.portOf(leading(src))
		p.Dst.Port, ok2 = i.r.portOf(leading(dst))
		if ok1 && ok2 {
			p.Has |= HasPorts
		}
		return true
	}
	s := scan{b: t}
	known := false
	for w := s.word(); len(w) > 0; w = s.word() {
		if flags, ok := bytes.CutPrefix(w, []byte("flags<")); ok {
			i.flags(append(bytes.Clone(flags), s.rest()...))
			return true
		}
		name, value, ok := bytes.Cut(w, []byte("="))
		if ok && i.field(string(name), value) {
			known = true
		} else if string(w) == "DF" {
			p.DF = true
		}
		i.tcp = i.tcp || string(w) == "(TCP)"
	}
	// Addresses of Ethernet, options, the names of headers, and the data.
	return known || len(line) > 0 && (blank(line[0]) || isDigit(line[0])) || len(t) < len(line) ||
		bytes.HasSuffix(t, []byte("header breakdown:")) || bytes.HasPrefix(t, []byte("ETHERNET"))
}

// address reads "192.0.2.1 >".
func (i *ipreportStyle) address(b []byte) (ip netip.Addr, ok bool) {
	h, ok := i.r.host(firstWord(b))
	return h.IP, ok
}

// leading returns the number or the name with which b begins: "22(ssh), ".
func leading(b []byte) []byte {
	if k := bytes.IndexAny(b, "( ,>"); k >= 0 {
		return b[:k]
	}
	return b
}

func (i *ipreportStyle) field(name string, value []byte) bool {
	p := &i.p
	n, width := decimal(value)
	ok := width > 0
	switch name {
	case "ip_len":
		i.size = n
	case "ip_hl":
		i.header += n
	case "ip_id":
		p.IPID = uint16(n)
		p.Has |= HasIPID
	case "ip_ttl":
		p.TTL = uint8(n)
		p.Has |= HasTTL
	case "th_off":
		i.header += 4 * n
		i.tcp = true
	case "th_seq":
		if p.SEQ, ok = i.sequence(value); ok {
			p.Has |= HasSEQ
		}
	case "th_ack":
		if p.ACK, ok = i.sequence(value); ok {
			p.Has |= HasACK
		}
	case "th_win":
		p.Window = n
		p.Has |= HasWindow
	case "ip_v", "ip_tos", "ip_off", "ip_sum", "ip_p", "th_sum", "th_urp":
		return true
	default:
		return false
	}
	return ok
}

// sequence reads a sequence number: once a letter stood in one, they are hexadecimal.
func (i *ipreportStyle) sequence(b []byte) (uint32, bool) {
	b = leading(b)
	if !i.hex && !allDigits(b) {
		i.hex = true
	}
	if i.hex {
		n, width := hexadecimal(b)
		return uint32(n), width > 0 && width <= 8
	}
	return whole(b)
}

// flags reads "SYN | ACK>".
func (i *ipreportStyle) flags(b []byte) {
	b = bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("|"), []byte(" ")), []byte("PUSH"), []byte("PSH"))
	if k := bytes.IndexByte(b, '>'); k >= 0 {
		b = b[:k]
	}
	if f, ok := flagNames(b); ok || len(bytes.TrimSpace(b)) == 0 {
		i.p.Flags, i.p.Has = f, i.p.Has|HasFlags
	}
}

func (i *ipreportStyle) close() {
	p := &i.p
	switch {
	case !i.tcp:
		i.r.leaveAt(OtherProtocol, p.Line)
		return
	case !i.ends[0] || !i.ends[1] || p.Has&HasPorts == 0:
		i.r.leaveAt(NoFlags, p.Line)
		return
	case i.header >= 40 && i.size >= i.header:
		p.Len, p.Has = i.size-i.header, p.Has|HasLen
	}
	i.r.put(p)
}
