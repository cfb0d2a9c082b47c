package pasted

import (
	"bytes"

	"github.com/rstexplain/rstexplain/flows"
)

// A netfilterStyle reads what the LOG target of iptables and nftables writes with --log-tcp-sequence: "IN=eth0 OUT=
// SRC=192.0.2.1 DST=198.51.100.7 LEN=60 TTL=64 ID=1 DF PROTO=TCP SPT=40000 DPT=443 SEQ=1 ACK=0 WINDOW=64240 SYN
// URGP=0". Without that option there are no numbers, and such lines are left out.
type netfilterStyle struct{ oneLine }

func (n *netfilterStyle) begin(line []byte) verdict {
	k := bytes.Index(line, []byte("IN="))
	if k < 0 || !bytes.Contains(line, []byte("PROTO=TCP ")) || !bytes.Contains(line, []byte(" SEQ=")) {
		return foreign
	}
	n.p = Packet{Line: n.r.lines.n, Style: NetfilterLog, Form: Raw, Has: HasFlags | HasPorts}
	p := &n.p
	s := scan{b: line[:k]}
	for w := s.word(); len(w) > 0; w = s.word() {
		w = bytes.Trim(w, "[]")
		if at, ok := seconds(w); ok && bytes.IndexByte(w, '.') > 0 { // since the kernel began: finer than the log's
			p.Time, p.Clock = at, Since
		} else if at, clock, ok := clockOf(w); ok && p.Clock == NoClock {
			p.Time, p.Clock = at, clock
		}
	}
	ok := [2]bool{}
	size, header := uint32(0), uint32(20)
	s = scan{b: line, i: k}
	for w := s.word(); len(w) > 0; w = s.word() {
		name, value, _ := bytes.Cut(w, []byte("="))
		v, width := decimal(value)
		switch string(name) {
		case "IN", "OUT":
			if len(value) > 0 {
				p.Face = n.r.face(value)
			}
		case "SRC":
			p.Src, ok[0] = n.r.host(value)
		case "DST":
			p.Dst, ok[1] = n.r.host(value)
		case "LEN":
			size = v
		case "TTL", "HOPLIMIT":
			p.TTL, p.Has = uint8(v), p.Has|HasTTL
		case "ID":
			p.IPID, p.Has = uint16(v), p.Has|HasIPID
		case "DF":
			p.DF = true
		case "SPT":
			p.Src.Port = uint16(v)
		case "DPT":
			p.Dst.Port = uint16(v)
		case "SEQ":
			p.SEQ, p.Has = v, p.Has|HasSEQ
		case "ACK":
			if width > 0 {
				p.ACK, p.Has = v, p.Has|HasACK
			} else {
				p.Flags |= flows.ACK
			}
		case "WINDOW":
			p.Window, p.Has = v, p.Has|HasWindow
		case "OPT":
			header += uint32(len(bytes.Trim(s.word(), "()"))) / 2
		case "SYN":
			p.Flags |= flows.SYN
		case "FIN":
			p.Flags |= flows.FIN
		case "RST":
			p.Flags |= flows.RST
		case "PSH":
			p.Flags |= flows.PSH
		case "URG":
			p.Flags |= flows.URG
		}
	}
	if !ok[0] || !ok[1] || p.Src.Port == 0 && p.Dst.Port == 0 {
		return foreign
	}
	// Options are logged with --log-tcp-options alone: a segment up to their size may hold no data.
	const options = 40
	if header > 20 && size >= 20+header {
		p.Len, p.Has = size-20-header, p.Has|HasLen
	} else if size <= 40 || p.Flags&(flows.SYN|flows.RST) != 0 {
		p.Has |= HasLen
	} else {
		p.rough(size-40, options)
	}
	return opened
}
