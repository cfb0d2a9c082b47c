package pasted

import (
	"bytes"

	"github.com/rstexplain/rstexplain/flows"
)

// A fortiStyle reads what FortiOS prints for "diagnose sniffer packet", verbose 1 to 6: "2.429703 port1 in
// 192.0.2.1.1234 -> 198.51.100.2.443: syn 123456", with a hex dump behind it or without. The numbers are as on the wire; of data it
// shows no length.
type fortiStyle struct {
	r    *Reader
	p    Packet
	dump dump
}

func (f *fortiStyle) begin(line []byte) verdict {
	k := bytes.Index(line, []byte(" -> "))
	if k < 0 {
		return f.debugFlow(line)
	}
	from := k
	for from > 0 && line[from-1] != ' ' && line[from-1] != '\t' {
		from--
	}
	s := scan{b: line, i: k + 4}
	dst := s.word()
	if len(dst) < 2 || dst[len(dst)-1] != ':' {
		return foreign
	}
	p := Packet{Line: f.r.lines.n, Style: FortiGate, Form: Raw}
	var a, b, ok bool
	if p.Src, a, ok = f.r.hostPort(line[from:k]); !ok || p.Src.Name {
		return foreign
	}
	if p.Dst, b, ok = f.r.hostPort(dst[:len(dst)-1]); !ok || p.Dst.Name {
		return foreign
	}
	head := scan{b: line[:from]}
	var last []byte
	var date int64
	for {
		w := head.word()
		if len(w) == 0 {
			break
		}
		if d, ok := dateOf(w); ok {
			date = d
		} else if at, clock, ok := clockOf(w); ok {
			if p.Time, p.Clock = at+date, clock; date != 0 {
				p.Clock = Absolute
			}
		} else if at, ok := seconds(w); ok && bytes.IndexByte(w, '.') > 0 && p.Clock == NoClock {
			p.Time, p.Clock = at, Since
		} else if string(w) == "in" || string(w) == "out" {
			p.Face = f.r.face(last)
		}
		last = w
	}
	f.dump.reset()
	f.p = p
	if !a || !b {
		f.r.leave(OtherProtocol)
		return opened
	}
	f.flags(s)
	if f.p.Has&HasFlags == 0 {
		f.r.leave(OtherProtocol)
	}
	return opened
}

// debugFlow reads a line of "diagnose debug flow", which shows the packets that arrive: "… received a packet(proto=6,
// 192.0.2.1:1234->198.51.100.2:443) from port1. flag [S], seq 123456, ack 0, win 64240".
func (f *fortiStyle) debugFlow(line []byte) verdict {
	head, rest, ok := bytes.Cut(line, []byte("received a packet(proto=6, "))
	if !ok {
		return foreign
	}
	p := Packet{Line: f.r.lines.n, Style: FortiGate, Form: Raw}
	ends, rest, _ := bytes.Cut(rest, []byte(")"))
	src, dst, _ := bytes.Cut(ends, []byte("->"))
	var a, b bool
	if p.Src, a, ok = f.r.hostPort(src); !ok || !a {
		return foreign
	}
	if p.Dst, b, ok = f.r.hostPort(dst); !ok || !b {
		return foreign
	}
	s := scan{b: head}
	var date int64
	for w := s.word(); len(w) > 0; w = s.word() {
		if d, ok := dateOf(w); ok {
			date = d
		} else if at, clock, ok := clockOf(w); ok {
			if p.Time, p.Clock = at+date, clock; date != 0 {
				p.Clock = Absolute
			}
		}
	}
	p.Has = HasPorts
	s = scan{b: rest}
	for w := s.word(); len(w) > 0; w = s.word() {
		switch string(w) {
		case "from":
			p.Face = f.r.face(bytes.TrimRight(s.word(), "."))
		case "flag":
			if p.Flags, ok = flagLetters(bytes.Trim(s.word(), "[]")); ok {
				p.Has |= HasFlags
			}
		case "seq":
			if n, ok := s.number(); ok {
				p.SEQ, p.Has = n, p.Has|HasSEQ
			}
		case "ack":
			if n, ok := s.number(); ok {
				p.ACK, p.Has = n, p.Has|HasACK
			}
		case "win":
			if n, ok := s.number(); ok {
				p.Window, p.Has = n, p.Has|HasWindow
			}
		}
	}
	if p.Flags&flows.PSH != 0 {
		p.Words |= SaysRough
		p.Len, p.Least, p.Most = 1, 1, 1<<16
	}
	f.p = p
	f.dump.reset()
	if p.Has&HasFlags == 0 {
		f.r.leave(NoFlags)
	}
	return opened
}

func (f *fortiStyle) flags(s scan) {
	p := &f.p
	for {
		var flag flows.Flags
		switch string(s.word()) {
		case "syn":
			flag = flows.SYN
		case "fin":
			flag = flows.FIN
		case "rst":
			flag = flows.RST
		case "psh":
			flag = flows.PSH
			p.Words |= SaysRough
			p.Len, p.Least, p.Most = 1, 1, 1<<16
		case "ack":
			n, ok := s.number()
			if !ok {
				return
			}
			p.ACK, p.Flags, p.Has = n, p.Flags|flows.ACK, p.Has|HasACK|HasFlags|HasPorts
			continue
		default:
			return
		}
		p.Flags |= flag
		if n, ok := s.number(); ok {
			p.SEQ, p.Has = n, p.Has|HasSEQ|HasFlags|HasPorts
		}
	}
}

func (f *fortiStyle) more(line []byte) bool { return f.dump.take(line) }

func (f *fortiStyle) close() {
	if f.dump.n > 0 {
		f.p.Dump, f.p.Has = f.dump.bytes(), f.p.Has|HasDump
		f.r.put(&f.p)
	} else if f.p.Has&HasFlags != 0 {
		f.r.put(&f.p)
	}
}
