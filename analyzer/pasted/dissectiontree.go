package pasted

import (
	"bytes"

	"github.com/rstexplain/rstexplain/flows"
)

// A treeStyle reads Wireshark's dissection of packets, as tshark -V prints it and Wireshark exports it: lines that are
// indented by what they belong to.
type treeStyle struct {
	r      *Reader
	p      Packet
	dump   dump
	layer  treeLayer
	quoted bool // inside of an ICMP error
	icmp   bool
	failed icmpError
	blank  bool   // the last line was empty
	indent int    // of the whole print
	frame  []byte // the bytes of the packet, where a dump shows them
}

type treeLayer uint8

const (
	treeOther treeLayer = iota
	treeFrame
	treeEthernet
	treeVLAN
	treeIP
	treeTCP
	treeICMP
)

func (t *treeStyle) begin(line []byte) verdict {
	indent := lead(line)
	rest, ok := bytes.CutPrefix(line[indent:], []byte("Frame "))
	if !ok {
		return foreign
	}
	n, w := decimal(rest)
	if w <= 0 || w >= len(rest) || rest[w] != ':' && rest[w] != ' ' ||
		!bytes.Contains(rest, []byte("bytes on wire")) && !bytes.Contains(rest, []byte(" bytes")) {
		return foreign
	}
	*t = treeStyle{r: t.r, dump: t.dump, layer: treeFrame, frame: t.frame[:0], indent: indent}
	t.dump.reset()
	t.p = Packet{Line: t.r.lines.n, Style: DissectionTree, Form: Raw, Number: int(n)}
	s := scan{b: rest, i: w}
	s.skip(":")
	if size, ok := s.number(); ok {
		t.p.Wire, t.p.Has = size, HasWire
	}
	return opened
}

func (t *treeStyle) more(line []byte) bool {
	trimmed := bytes.TrimLeft(line, " \t")
	line = line[min(t.indent, len(line)-len(trimmed)):]
	if len(trimmed) == 0 {
		t.blank = true
		return true
	}
	if at, _, ok := dumpOffset(line); ok && at == 0 {
		t.endDump()
	}
	if t.dump.take(line) {
		return true
	}
	if len(trimmed) == len(line) {
		if t.blank && !t.head(line) || bytes.HasPrefix(line, []byte("Frame ")) {
			return false
		}
		t.blank = false
		if !t.head(line) {
			t.layer = treeOther
			return isHeading(line)
		}
		return true
	}
	t.blank = false
	if !t.quoted {
		t.field(trimmed)
	}
	return true
}

// isHeading reports whether a line without indent can be the heading of a layer: a name, and perhaps values.
func isHeading(line []byte) bool {
	return len(line) < 400 && line[0] >= 'A' && line[0] <= 'z' && !bytes.HasPrefix(line, []byte("No. ")) ||
		line[0] == '[' || line[0] == '<'
}

// head takes the heading of a layer.
func (t *treeStyle) head(line []byte) bool {
	has := func(s string) bool { return bytes.HasPrefix(line, []byte(s)) }
	p := &t.p
	switch {
	case has("Ethernet II"), has("IEEE 802.3"), has("Linux cooked"):
		t.layer = treeEthernet
		if v := after(line, "Src: "); v != nil {
			if k := bytes.IndexByte(v, '('); k >= 0 {
				v = v[k+1:]
			}
			if m, ok := mac(v); ok && p.MAC == 0 {
				p.MAC = m
			}
		}
	case has("802.1Q"):
		t.layer = treeVLAN
		if v := after(line, "ID: "); v != nil {
			n, _ := decimal(v)
			p.VLAN = p.VLAN<<12 | n
		}
	case has("Internet Protocol Version"), has("Internet Protocol, Src"):
		t.layer = treeIP
		if t.icmp {
			t.quoted = true
			return true
		}
		p.Has &^= HasTTL | HasIPID
		t.address(&p.Src, after(line, "Src: "))
		t.address(&p.Dst, after(line, "Dst: "))
	case has("Internet Control Message Protocol"):
		t.layer, t.icmp, t.failed = treeICMP, true, icmpError{v6: bytes.Contains(line, []byte("v6"))}
	case has("Transmission Control Protocol"):
		t.layer = treeTCP
		if t.quoted {
			return true
		}
		p.Flags, p.Opts = 0, flows.Options{}
		p.Has = p.Has&(HasWire|HasTTL|HasIPID) | HasOptions
		p.Src.Port = t.port(after(line, "Src Port: "))
		p.Dst.Port = t.port(after(line, "Dst Port: "))
		if v := after(line, "Seq: "); v != nil {
			p.SEQ, _ = decimal(v)
			p.Has |= HasSEQ
			p.Form = ByWireshark
		}
		if v := after(line, "Ack: "); v != nil {
			p.ACK, _ = decimal(v)
			p.Has |= HasACK
		}
		if v := after(line, "Len: "); v != nil {
			p.Len, _ = decimal(v)
			p.Has |= HasLen
		}
	default:
		return false
	}
	return true
}

// after returns what follows mark in line, nil where it is not there.
func after(line []byte, mark string) []byte {
	if _, v, ok := bytes.Cut(line, []byte(mark)); ok {
		return v
	}
	return nil
}

func (t *treeStyle) address(h *Host, v []byte) {
	w := v
	if k := bytes.IndexAny(v, ", "); k >= 0 {
		w = v[:k]
	}
	if _, in, ok := bytes.Cut(v, []byte("(")); ok && !bytes.Contains(v[:len(v)-len(in)], []byte(",")) {
		if a, _, ok := bytes.Cut(in, []byte(")")); ok { // "name (192.0.2.1)"
			w = a
		}
	}
	if x, ok := t.r.host(w); ok {
		*h = x
	}
}

// port reads "443", "https (443)", "https(443)".
func (t *treeStyle) port(v []byte) uint16 {
	if k := bytes.IndexByte(v, ','); k >= 0 {
		v = v[:k]
	}
	n, _ := t.r.portOf(port(v))
	return n
}

// field takes a line below a heading.
func (t *treeStyle) field(b []byte) {
	p := &t.p
	if t.layer == treeICMP {
		t.failure(b)
		return
	}
	b = bytes.TrimLeft(b, ".01 =[") // the bits of a mask before a field, and the bracket of what was calculated
	name, value, ok := bytes.Cut(b, []byte(":"))
	if !ok {
		return
	}
	s := scan{b: bytes.TrimLeft(value, " ")}
	num := func() uint32 {
		n, _ := s.number()
		return n
	}
	switch t.layer {
	case treeFrame:
		switch string(name) {
		case "Epoch Time", "Epoch Arrival Time":
			if at, _, ok := clockOf(s.word()); ok {
				p.Time, p.Clock = at, Absolute
			}
		case "Arrival Time", "UTC Arrival Time":
			if at, ok := longTime(s.rest()); ok && p.Clock == NoClock {
				p.Time, p.Clock = at, Absolute
			}
		case "Time since reference or first frame":
			if at, ok := seconds(s.word()); ok && p.Clock == NoClock {
				p.Time, p.Clock = at, Since
			}
		case "Frame Number":
			p.Number = int(num())
		}
	case treeIP:
		switch string(name) {
		case "Time to Live", "Time to live", "Hop Limit", "Hop limit":
			p.TTL, p.Has = uint8(num()), p.Has|HasTTL
		case "Identification":
			p.IPID, p.Has = uint16(num()), p.Has|HasIPID
		case "Don't fragment", "Don't Fragment":
			p.DF = bytes.HasPrefix(s.rest(), []byte("Set"))
		}
	case treeTCP:
		t.tcp(string(name), &s)
	case treeOther, treeEthernet, treeVLAN, treeICMP:
	}
}

// failure takes a line of an ICMP error, and of the packet that it quotes.
func (t *treeStyle) failure(b []byte) {
	e := &t.failed
	name, value, _ := bytes.Cut(b, []byte(": "))
	number := func() uint32 { // "3 (Destination unreachable)", "Packet Too Big (2)"
		n, w := decimal(value)
		if k := bytes.LastIndexByte(value, '('); w <= 0 && k >= 0 {
			n, _ = decimal(value[k+1:])
		}
		return n
	}
	switch string(name) {
	case "Type":
		if !e.shown {
			e.typ = uint8(number())
		}
	case "Code":
		e.code = uint8(number())
	case "MTU of next hop", "MTU":
		e.mtu = uint16(min(number(), 1<<16-1))
	case "Internet Protocol Version 4, Src", "Internet Protocol Version 6, Src":
		t.address(&e.src, value)
		t.address(&e.dst, after(value, "Dst: "))
	case "Transmission Control Protocol, Src Port":
		e.src.Port, e.dst.Port = t.port(value), t.port(after(value, "Dst Port: "))
		e.shown = e.src.IP.IsValid() && e.dst.IP.IsValid()
	case "Flags":
		e.syn = e.syn || e.shown && bytes.HasSuffix(value, []byte("(SYN)"))
	}
}

func (t *treeStyle) tcp(name string, s *scan) {
	p := &t.p
	num := func() uint32 {
		n, ok := s.number()
		if !ok {
			return 0
		}
		return n
	}
	o := &p.Opts
	option := func() { o.Kinds++ }
	switch name {
	case "Source Port", "Source port":
		p.Src.Port = t.port(s.rest())
	case "Destination Port", "Destination port":
		p.Dst.Port = t.port(s.rest())
	case "TCP Segment Len":
		p.Len, p.Has = num(), p.Has|HasLen
	case "Sequence Number (raw)", "Sequence number (raw)":
		p.SEQ, p.Has, p.Form = num(), p.Has|HasSEQ, Raw
	case "Acknowledgment number (raw)", "Acknowledgment Number (raw)":
		p.ACK, p.Has = num(), p.Has|HasACK
	case "Sequence number", "Sequence Number":
		if p.Has&HasSEQ == 0 || p.Form == ByWireshark {
			p.SEQ, p.Has, p.Form = num(), p.Has|HasSEQ, ByWireshark
		}
	case "Acknowledgment number", "Acknowledgment Number", "Acknowledgement number":
		if p.Form == ByWireshark {
			p.ACK, p.Has = num(), p.Has|HasACK
		}
	case "Flags":
		if p.Has&HasFlags == 0 {
			p.Flags, p.Has = flows.Flags(num())&0x1ff, p.Has|HasFlags
		}
	case "Window", "Window size value":
		p.Window, p.Has = num(), p.Has|HasWindow
	case "Window size":
		if p.Has&HasWindow == 0 {
			p.Window, p.Has, p.Words = num(), p.Has|HasWindow, p.Words|SaysScaled
		}
	case "TCP Option - Maximum segment size", "Maximum segment size":
		if o.MSS == 0 {
			o.MSS = uint16(num())
			option()
		}
	case "TCP Option - Window scale", "Window scale":
		if !o.HasWScale {
			o.WScale, o.HasWScale = uint8(min(num(), 14)), true
			option()
		}
	case "TCP Option - Timestamps", "Timestamps":
		if v := after(s.b, "TSval "); v != nil && !o.HasTS {
			o.TSval, _ = decimal(v)
			o.TSecr, _ = decimal(after(s.b, "TSecr "))
			o.HasTS = true
			option()
		}
	case "TCP Option - SACK":
		o.HasSACK = true
		option()
	case "Options":
		if bytes.Contains(s.b, []byte("SACK permitted")) && !o.SACKOK {
			o.SACKOK = true
			option()
		}
		n, _ := decimal(bytes.TrimLeft(s.b, "( "))
		p.OptLen = uint8(min(n, 40))
	}
}

// endDump ends a dump. One is of the packet, others of its data and of what was put together from several.
func (t *treeStyle) endDump() {
	if t.dump.n > 0 && len(t.frame) == 0 && len(t.dump.buf) == int(t.p.Wire) {
		t.frame = append(t.frame, t.dump.buf...)
	}
	t.dump.reset()
}

func (t *treeStyle) close() {
	p := &t.p
	t.endDump()
	if len(t.frame) > 0 {
		p.Dump, p.Has = t.frame, p.Has|HasDump
		t.r.put(p)
		return
	}
	if t.icmp && t.failed.shown && t.failed.isError() {
		t.r.putError(p, &t.failed)
		return
	}
	if t.quoted || p.Src.Port == 0 && p.Dst.Port == 0 {
		t.r.leaveAt(OtherProtocol, p.Line)
		return
	}
	if p.Has&HasFlags == 0 && !t.folded() {
		t.r.leaveAt(NoFlags, p.Line)
		return
	}
	p.Has |= HasPorts
	t.r.put(p)
}

// folded takes a packet of which only the headings of the layers were unfolded. The line of the packet list that stands
// before it has the flags; else the heading of TCP shows an ACK, or that there is none, and whether it begins at 0.
func (t *treeStyle) folded() bool {
	p := &t.p
	if l := &t.r.listed; l.Number == p.Number && l.Has&HasFlags != 0 && l.Src.Port == p.Src.Port {
		ttl, id, mac, has := p.TTL, p.IPID, p.MAC, p.Has&(HasTTL|HasIPID)
		*p = *l
		p.TTL, p.IPID, p.MAC, p.Style, p.Has = ttl, id, mac, PacketList, p.Has|has
		return true
	}
	p.Has &^= HasOptions
	switch ack := p.Has&HasACK != 0; {
	case p.Has&HasSEQ == 0 || p.Has&HasLen == 0:
		return false
	case p.SEQ == 0 && p.Len == 0:
		p.Flags = flows.SYN
		if ack {
			p.Flags |= flows.ACK
		}
	case !ack:
		p.Flags = flows.RST
	case p.Len > 0:
		p.Flags = flows.PSH | flows.ACK
	default:
		return false
	}
	p.Has |= HasFlags
	return true
}
