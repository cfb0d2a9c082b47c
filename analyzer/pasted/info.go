package pasted

import (
	"bytes"

	"github.com/rstexplain/rstexplain/flows"
)

// The column Info of Wireshark's packet list, as the dissector of TCP fills it: "[TCP Retransmission] 443 → 51506 [ACK]
// Seq=1 Ack=518 Win=501 Len=0 TSval=1 TSecr=1".

// tcpInfo returns where in a line the words of TCP begin as Wireshark shows them in Info, "[TCP …] 443 → 51506 [ACK]
// Seq=1", −1 where there are none.
func tcpInfo(line []byte) int {
	k := bytes.Index(line, []byte("] Seq="))
	if k < 0 {
		if k = bytes.Index(line, []byte("], Seq=")); k < 0 {
			return -1
		}
	}
	open := bytes.LastIndexByte(line[:k], '[')
	if open < 0 {
		return -1
	}
	i := trimRight(line, open)
	i = wordLeft(line, i) // port
	i = trimRight(line, i)
	j := wordLeft(line, i)
	if !isArrow(line[j:i]) {
		// "51374->8080" without blanks
		if m := bytes.Index(line[i:open], []byte("->")); m > 0 {
			j = i + lead(line[i:])
			return words(line, j)
		}
		if m := bytes.IndexByte(line[i:open], '>'); m > 0 {
			j = i + lead(line[i:])
			return words(line, j)
		}
		return -1
	}
	j = trimRight(line, j)
	j = wordLeft(line, j)
	return behindF5(line, words(line, j))
}

// behindF5 goes back over what Wireshark's dissector of F5's trailer puts before the ports: "OUT s1/tmm0 : ".
func behindF5(line []byte, i int) int {
	colon := wordBefore(line, i)
	processor := wordBefore(line, colon)
	way := wordBefore(line, processor)
	w := string(bytes.TrimSpace(line[way:processor]))
	if string(bytes.TrimSpace(line[colon:i])) == ":" && bytes.Contains(line[processor:colon], []byte("tmm")) &&
		(w == "IN" || w == "OUT") {
		return way
	}
	return i
}

// isArrow reports whether a word is the arrow between two ports, or what other encodings leave of it.
func isArrow(w []byte) bool {
	switch string(w) {
	case ">", "->", "-->", "=>", "?", "??", "???", "\ufffd", "\u00e0":
		return true
	}
	return false
}

// bothPorts returns what stands before an arrow, and behind it.
func bothPorts(b []byte) (src, dst []byte, ok bool) {
	if words := bytes.Fields(b); len(words) == 3 && isArrow(words[1]) {
		return words[0], words[2], true
	}
	if src, dst, ok = bytes.Cut(b, []byte("->")); !ok {
		src, dst, ok = bytes.Cut(b, []byte(">"))
	}
	return src, dst, ok
}

func lead(b []byte) int { return len(b) - len(bytes.TrimLeft(b, " \t")) }

func trimRight(b []byte, i int) int {
	for i > 0 && (b[i-1] == ' ' || b[i-1] == '\t') {
		i--
	}
	return i
}

func wordLeft(b []byte, i int) int {
	for i > 0 && b[i-1] != ' ' && b[i-1] != '\t' && b[i-1] != '"' && b[i-1] != '|' && b[i-1] != ']' {
		i--
	}
	return i
}

// words goes back over Wireshark's remarks in brackets before i.
func words(line []byte, i int) int {
	for {
		k := trimRight(line, i)
		if k == 0 || line[k-1] != ']' {
			return i
		}
		open := bytes.LastIndexByte(line[:k], '[')
		if open < 0 {
			return i
		}
		i = open
	}
}

// remarks are Wireshark's words about a segment.
var remarks = []struct {
	text  string
	words Words
}{
	{"Retransmission", SaysRetransmission}, {"Keep-Alive ACK", SaysKeepAliveACK}, {"Keep-Alive", SaysKeepAlive},
	{"Port numbers reused", SaysReused},
	{"Window Update", SaysWindowUpdate}, {"Dup ACK", SaysDupACK}, {"Previous segment", SaysLostBefore},
	{"ACKed unseen", SaysLostBefore}, {"ACKed lost", SaysLostBefore},
}

// info reads the column Info.
func (l *listStyle) info(proto, b []byte, ports [2]uint16) bool {
	p := &l.p
	if k := bytes.Index(b, []byte(" : ")); k > 0 && k < 24 && behindF5(b, k+3) == 0 {
		b = b[k+3:]
	}
	for {
		b = bytes.TrimLeft(b, " \t")
		if !bytes.HasPrefix(b, []byte("[TCP ")) && !bytes.HasPrefix(b, []byte("[ACK ")) {
			break
		}
		k := bytes.IndexByte(b, ']')
		if k < 0 {
			break
		}
		for _, m := range remarks {
			if bytes.Contains(b[:k], []byte(m.text)) {
				p.Words |= m.words
				break
			}
		}
		if bytes.Contains(b[:k], []byte("segment of a reassembled PDU")) && len(bytes.TrimSpace(b[k+1:])) == 0 {
			p.Words |= SaysPart
			b = nil
			break
		}
		b = b[k+1:]
	}
	if at := bytes.Index(b, []byte("] Seq=")); at >= 0 || bytes.Contains(b, []byte("], Seq=")) {
		return l.tcp(b)
	}
	return l.application(proto, b, ports)
}

// tcp reads "51374 > 8080 [SYN] Seq=0 Win=8192 Len=0 MSS=1460".
func (l *listStyle) tcp(b []byte) bool {
	p := &l.p
	open := bytes.IndexByte(b, '[')
	if open < 0 {
		return false
	}
	src, dst, ok := bothPorts(b[:open])
	if !ok {
		return false
	}
	if p.Src.Port, ok = l.r.portOf(port(src)); !ok {
		return false
	}
	if p.Dst.Port, ok = l.r.portOf(port(dst)); !ok {
		return false
	}
	p.Has |= HasPorts
	end := bytes.IndexByte(b[open:], ']')
	if end < 0 {
		return false
	}
	f, ok := flagNames(b[open+1 : open+end])
	if !ok {
		return false
	}
	p.Flags, p.Has = f, p.Has|HasFlags
	p.Words |= SaysScaled
	if f.Has(flows.RST) {
		l.r.f5(b)
	}
	s := scan{b: b, i: open + end + 1}
	for {
		w := s.word()
		if len(w) == 0 {
			break
		}
		name, value, ok := bytes.Cut(w, []byte("="))
		if !ok {
			if string(name) == "SACK_PERM" {
				p.Opts.SACKOK = true
				p.Opts.Kinds++
			}
			continue
		}
		n, width := decimal(value)
		if width < 0 {
			l.r.leaveAt(TooLarge, p.Line)
			p.Style = ""
			return true
		}
		if width == 0 {
			continue
		}
		switch string(name) {
		case "Seq":
			p.SEQ, p.Has = n, p.Has|HasSEQ
		case "Ack":
			p.ACK, p.Has = n, p.Has|HasACK
		case "Win":
			p.Window, p.Has = n, p.Has|HasWindow
		case "Len":
			p.Len, p.Has = n, p.Has|HasLen|HasOptions
		case "MSS":
			p.Opts.MSS = uint16(n)
			p.Opts.Kinds++
		case "WS":
			p.Opts.WScale, p.Opts.HasWScale = shiftOf(n), true
			p.Opts.Kinds++
		case "SACK_PERM":
			p.Opts.SACKOK = true
			p.Opts.Kinds++
		case "TSval", "TSV":
			p.Opts.TSval, p.Opts.HasTS = n, true
			p.Opts.Kinds++
		case "TSecr", "TSER":
			p.Opts.TSecr = n
		case "SLE", "SRE":
			if !p.Opts.HasSACK {
				p.Opts.HasSACK = true
				p.Opts.Kinds++
				l.sack = l.sack[:0]
			}
			if len(l.sack) < maxSACK && (name[1] == 'R') == (len(l.sack)%2 == 1) {
				l.sack = append(l.sack, n)
			}
			p.SACK = l.sack[:len(l.sack)&^1]
		}
	}
	return true
}

// port returns the port of "51374", "http(80)", "http (80)".
func port(b []byte) []byte {
	b = bytes.TrimSpace(b)
	if k := bytes.IndexByte(b, '('); k > 0 && b[len(b)-1] == ')' {
		if in := b[k+1 : len(b)-1]; allDigits(in) {
			return in
		}
		return bytes.TrimSpace(b[:k])
	}
	return b
}

// shiftOf returns the shift count of a window scale that is shown as the factor, or, by old versions, as the shift.
func shiftOf(n uint32) uint8 {
	for shift := uint8(0); shift <= 14; shift++ {
		if n == 1<<shift {
			return shift
		}
	}
	return uint8(min(n, 14))
}
