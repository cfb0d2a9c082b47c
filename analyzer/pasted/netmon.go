package pasted

import (
	"bytes"

	"github.com/rstexplain/rstexplain/flows"
)

// A netmonStyle reads the frame summaries of Microsoft's Network Monitor and Message Analyzer: columns with a number, a
// time and both addresses, and "TCP:Flags=...A.R.., SrcPort=443, DstPort=50123, PayloadLen=0, Seq=1, Ack=2, Win=0". The
// numbers are as on the wire.
type netmonStyle struct{ oneLine }

func (n *netmonStyle) begin(line []byte) verdict {
	k := bytes.Index(line, []byte("Flags="))
	at := bytes.Index(line, []byte("TCP:"))
	if at < 0 || k < at || len(line) < k+14 {
		return n.other(line)
	}
	p := Packet{Line: n.r.lines.n, Style: NetMon, Form: Raw}
	f, ok := netmonFlags(line[k+6:])
	if !ok {
		return foreign
	}
	p.Flags, p.Has = f, HasFlags|HasPorts
	s := scan{b: line, i: k}
	s.word()
	for w := s.word(); len(w) > 0; w = s.word() {
		name, value, ok := bytes.Cut(w, []byte("="))
		if !ok {
			continue
		}
		v, width := decimal(value)
		switch {
		case width <= 0:
		case string(name) == "PayloadLen":
			p.Len, p.Has = v, p.Has|HasLen
		case string(name) == "Seq":
			p.SEQ, p.Has = v, p.Has|HasSEQ
		case string(name) == "Ack":
			p.ACK, p.Has = v, p.Has|HasACK
		case string(name) == "Win":
			p.Window, p.Has = v, p.Has|HasWindow
		}
	}
	src, dst := n.port(line, "SrcPort="), n.port(line, "DstPort=")
	if src == 0 && dst == 0 || !n.head(&p, line[:at]) {
		return foreign
	}
	if !p.Src.IP.IsValid() { // the description alone
		p.Src, p.Dst = n.r.atPort(src), n.r.atPort(dst)
	}
	p.Src.Port, p.Dst.Port = src, dst
	n.p = p
	return opened
}

// head reads the columns before the description: a number, times, a process, both addresses, the protocol and perhaps
// a window.
func (n *netmonStyle) head(p *Packet, b []byte) (ok bool) {
	words := columnsOf(b)
	for i := len(words) - 1; i >= 0; i-- {
		if string(words[i]) == "TCP" {
			words = words[:i]
			break
		}
	}
	switch len(words) {
	case 0:
		return true
	case 1:
		return false
	}
	ends := words[len(words)-2:]
	if p.Src, ok = n.r.host(ends[0]); !ok {
		return false
	}
	if p.Dst, ok = n.r.host(ends[1]); !ok {
		return false
	}
	for i, w := range words[:len(words)-2] {
		if v, ok := whole(w); ok && i == 0 {
			p.Number = int(v)
		} else if at, ok := seconds(w); ok && bytes.IndexByte(w, '.') > 0 && p.Clock != Since { // what follows is a delta
			p.Time, p.Clock = at, Since
		} else if at, clock, ok := clockOf(w); ok && p.Clock == NoClock {
			switch half := string(words[i+1]); {
			case half == "PM" && at < day/2:
				at += day / 2
			case half == "AM" && at >= day/2:
				at -= day / 2
			}
			p.Time, p.Clock = at, clock
		}
	}
	return true
}

func columnsOf(b []byte) (words [][]byte) {
	s := scan{b: b}
	for w := s.word(); len(w) > 0 && len(words) < 24; w = s.word() {
		words = append(words, w)
	}
	return words
}

// other takes a line that shows another protocol's words, its name before them: "192.0.2.1 198.51.100.7 SMB2 SMB2:R …".
// What it holds of TCP is not known.
func (n *netmonStyle) other(line []byte) verdict {
	words := columnsOf(line[:min(len(line), 400)])
	for k := 2; k < len(words); k++ {
		name, _, ok := bytes.Cut(words[k], []byte(":"))
		named := ok && bytes.Equal(name, words[k-1])
		over := ok && len(name) > 1 && name[0] >= 'A' && name[0] <= 'Z' && (named && k > 2 ||
			!named && bytes.Contains(line, []byte("TCP:")) && bytes.IndexByte(line, '{') > 0)
		if !over {
			continue
		}
		ends := words[k-2 : k]
		if named {
			ends = words[k-3 : k-1]
		}
		if !address(ends[0]) && !isName(ends[0]) || !address(ends[1]) && !isName(ends[1]) {
			continue
		}
		n.r.leave(NoPlace)
		n.r.measure()
		n.r.numbers.omit()
		return taken
	}
	return foreign
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
