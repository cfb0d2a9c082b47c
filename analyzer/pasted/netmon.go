package pasted

import (
	"bytes"

	"github.com/rstexplain/rstexplain/flows"
)

// A netmonStyle reads the frame summaries of Microsoft's Network Monitor and Message Analyzer: columns with a number, a
// time and both addresses, and "TCP:Flags=...A.R.., SrcPort=443, DstPort=50123, PayloadLen=0, Seq=1, Ack=2, Win=0". The
// numbers are as on the wire.
type netmonStyle struct {
	r *Reader
	p Packet
}

func (n *netmonStyle) begin(line []byte) verdict {
	k := bytes.Index(line, []byte("Flags="))
	if k < 4 || !bytes.Contains(line[:k], []byte("TCP:")) || len(line) < k+14 {
		return foreign
	}
	p := Packet{Line: n.r.lines.n, Style: NetMon, Form: Raw}
	f, ok := netmonFlags(line[k+6:])
	if !ok {
		return foreign
	}
	p.Flags, p.Has = f, HasFlags
	s := scan{b: line, i: k}
	s.word()
	for {
		w := s.word()
		if len(w) == 0 {
			break
		}
		name, value, ok := bytes.Cut(w, []byte("="))
		if !ok {
			continue
		}
		v, _ := decimal(value)
		switch string(name) {
		case "PayloadLen":
			p.Len, p.Has = v, p.Has|HasLen
		case "Seq":
			p.SEQ, p.Has = v, p.Has|HasSEQ
		case "Ack":
			p.ACK, p.Has = v, p.Has|HasACK
		case "Win":
			p.Window, p.Has = v, p.Has|HasWindow
		}
	}
	p.Src.Port, p.Dst.Port = n.port(line, "SrcPort="), n.port(line, "DstPort=")
	if p.Src.Port == 0 && p.Dst.Port == 0 {
		return foreign
	}
	head := line[:bytes.Index(line, []byte("TCP:"))]
	var words [][]byte
	h := scan{b: head}
	for w := h.word(); len(w) > 0 && len(words) < 24; w = h.word() {
		words = append(words, w)
	}
	if len(words) > 0 && string(words[len(words)-1]) == "TCP" {
		words = words[:len(words)-1]
	}
	if len(words) < 2 {
		return foreign
	}
	src, dst := words[len(words)-2], words[len(words)-1]
	ports := [2]uint16{p.Src.Port, p.Dst.Port}
	if p.Src, ok = n.r.host(src); !ok {
		return foreign
	}
	if p.Dst, ok = n.r.host(dst); !ok {
		return foreign
	}
	p.Src.Port, p.Dst.Port = ports[0], ports[1]
	p.Has |= HasPorts
	for i, w := range words[:len(words)-2] {
		if v, ok := whole(w); ok && i == 0 {
			p.Number = int(v)
		} else if at, ok := seconds(w); ok && bytes.IndexByte(w, '.') > 0 {
			p.Time, p.Clock = at, Since
		} else if at, clock, ok := clockOf(w); ok && p.Clock == NoClock {
			if i+2 < len(words) && string(words[i+1]) == "PM" && at < day/2 {
				at += day / 2
			}
			p.Time, p.Clock = at, clock
		}
	}
	n.p = p
	return opened
}

// port reads "443" or "HTTP Alternate(8080)".
func (n *netmonStyle) port(line []byte, name string) uint16 {
	v := after(line, name)
	if k := bytes.IndexByte(v, ','); k >= 0 {
		v = v[:k]
	}
	p, _ := n.r.portOf(port(v))
	return p
}

// netmonFlags reads eight letters or dots, CWR first.
func netmonFlags(b []byte) (f flows.Flags, ok bool) {
	const letters = "CEUAPRSF"
	for i := range letters {
		switch b[i] {
		case '.':
		case letters[i]:
			f |= [...]flows.Flags{flows.CWR, flows.ECE, flows.URG, flows.ACK, flows.PSH, flows.RST, flows.SYN, flows.FIN}[i]
		default:
			return 0, false
		}
	}
	return f, true
}

func (n *netmonStyle) more([]byte) bool { return false }
func (n *netmonStyle) close()           { n.r.put(&n.p) }
