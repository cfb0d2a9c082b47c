package pasted

import (
	"bytes"

	"github.com/rstexplain/rstexplain/flows"
)

// A snoopStyle reads the summary lines of Solaris' snoop: "  1   0.00000   client -> server   TCP D=443 S=40000 Syn
// Seq=3000000000 Len=0 Win=64240 Options=<mss 1460>". The numbers are as on the wire; the time is that since the packet
// before, a time of the day with -ta, or since the first packet with -tr.
type snoopStyle struct{ oneLine }

func (n *snoopStyle) begin(line []byte) verdict {
	k := bytes.Index(line, []byte("TCP D="))
	if k < 0 {
		return foreign
	}
	ends, arrow := line[:k], []byte(" -> ")
	at := bytes.Index(ends, arrow)
	if at < 0 {
		return foreign
	}
	n.p = Packet{Line: n.r.lines.n, Style: Snoop, Form: Raw, Has: HasPorts | HasFlags}
	p := &n.p
	src := bytes.TrimRight(ends[:at], " \t")
	from := bytes.LastIndexAny(src, " \t") + 1
	var ok bool
	if p.Src, ok = n.r.host(src[from:]); !ok {
		return foreign
	}
	if p.Dst, ok = n.r.host(firstWord(ends[at+len(arrow):])); !ok {
		return foreign
	}
	s := scan{b: src[:from]}
	for w := s.word(); len(w) > 0; w = s.word() {
		if t, clock, ok := clockOf(w); ok {
			p.Time, p.Clock = t, clock
		} else if t, ok := seconds(w); ok && bytes.IndexByte(w, '.') > 0 {
			p.Time, p.Clock = t, Delta
		} else if v, ok := whole(w); ok {
			p.Number = int(v)
		}
	}
	s = scan{b: line, i: k + len("TCP ")}
	for w := s.word(); len(w) > 0; w = s.word() {
		name, value, _ := bytes.Cut(w, []byte("="))
		v, width := decimal(value)
		if width < 0 {
			n.r.leave(TooLarge)
			return taken
		}
		switch string(name) {
		case "D":
			p.Dst.Port, ok = n.r.portOf(value)
		case "S":
			p.Src.Port, ok = n.r.portOf(value)
		case "Seq":
			p.SEQ, p.Has = v, p.Has|HasSEQ
		case "Ack":
			p.ACK, p.Flags, p.Has = v, p.Flags|flows.ACK, p.Has|HasACK
		case "Len":
			p.Len, p.Has = v, p.Has|HasLen
		case "Win":
			p.Window, p.Has = v, p.Has|HasWindow
		case "Syn":
			p.Flags |= flows.SYN
		case "Fin":
			p.Flags |= flows.FIN
		case "Rst":
			p.Flags |= flows.RST
		case "Push":
			p.Flags |= flows.PSH
		}
		if !ok {
			return foreign
		}
	}
	return opened
}
