package pasted

import (
	"bytes"
	"net/netip"

	"github.com/rstexplain/rstexplain/flows"
)

// An icmpError is an ICMP error as tcpdump prints it: "ICMP host 198.51.100.7 unreachable - admin prohibited, length
// 68", with -v a print of the packet that it quotes below it.
type icmpError struct {
	typ, code uint8
	v6        bool
	mtu       uint16
	target    netip.Addr // that was not reached, where it is named
	port      uint16     // there
	src, dst  Host       // of the segment that is quoted, where it is shown
	syn       bool
	shown     bool
}

// icmpCodes are the words of tcpdump (print-icmp.c, print-icmp6.c) for codes of Destination Unreachable, in the order
// in which they are looked for.
var icmpCodes = []struct {
	words     string
	typ, code uint8
}{
	{"need to frag", 3, 4}, {"admin prohibited filter", 3, 13}, {"host precedence", 3, 14}, {"precedence cutoff", 3, 15},
	{"admin prohibited", 3, 10}, {"source route failed", 3, 5}, {" tcp port ", 3, 3}, {" protocol ", 3, 2}, {"net ", 3, 0},
	{"host ", 3, 1},
}

var icmp6Codes = []struct {
	words     string
	typ, code uint8
}{
	{"unreachable route", 1, 0}, {"unreachable prohibited", 1, 1}, {"beyond scope", 1, 2}, {"unreachable address", 1, 3},
	{"unreachable port", 1, 4},
	{"packet too big", 2, 0}, {"time exceeded", 3, 0},
}

// icmp reads what follows the ends of an ICMP packet, and reports whether it is an error that is known.
func (t *tcpdumpStyle) icmp(b []byte) bool {
	t.failure = icmpError{}
	e := &t.failure
	switch {
	case bytes.HasPrefix(b, []byte("ICMP6, ")):
		e.v6 = true
		for _, c := range icmp6Codes {
			if bytes.Contains(b, []byte(c.words)) {
				e.typ, e.code = c.typ, c.code
				break
			}
		}
	case bytes.HasPrefix(b, []byte("ICMP time exceeded")):
		e.typ = 11
	case bytes.HasPrefix(b, []byte("ICMP ")) && bytes.Contains(b, []byte("unreachable")):
		for _, c := range icmpCodes {
			if bytes.Contains(b, []byte(c.words)) {
				e.typ, e.code = c.typ, c.code
				break
			}
		}
	}
	if e.typ == 0 {
		return false
	}
	s := scan{b: b}
	for w := s.word(); len(w) > 0; w = s.word() {
		switch string(bytes.TrimLeft(w, "(")) {
		case "port":
			e.port, _ = t.r.portOf(s.word())
		case "mtu":
			if n, ok := s.number(); ok && n < 1<<16 {
				e.mtu = uint16(n)
			}
		default:
			a, ok := addrOf(w)
			if !ok {
				a, ok = t.r.names.of[string(w)]
			}
			if ok && !e.target.IsValid() {
				e.target = a
			}
		}
	}
	return true
}

// quotes takes a line of the packet that an ICMP error quotes.
func (t *tcpdumpStyle) quotes(line []byte) bool {
	if len(line) == 0 || line[0] != ' ' && line[0] != '\t' {
		return false
	}
	k := bytes.Index(line, []byte(" > "))
	if k < 0 {
		return bytes.Contains(line, []byte("IP"))
	}
	src := line[bytes.LastIndexAny(line[:k], " \t")+1 : k]
	s := scan{b: line, i: k + 3}
	dst := bytes.TrimSuffix(s.word(), []byte(":"))
	a, ok1, ok2 := t.r.hostPort(src)
	b, ok3, ok4 := t.r.hostPort(dst)
	if ok1 && ok2 && ok3 && ok4 {
		t.failure.src, t.failure.dst, t.failure.shown = a, b, true
		t.failure.syn = bytes.Contains(line, []byte("Flags [S]")) || bytes.Contains(line, []byte(": S "))
	}
	return true
}

// putError takes the ICMP error of p: about the connection that it quotes, or about the one between its receiver and
// the host that it names which was seen last.
func (r *Reader) putError(p *Packet, e *icmpError) {
	r.measure()
	if !e.shown {
		to := e.target
		if !to.IsValid() {
			r.leaveAt(OtherProtocol, p.Line)
			return
		}
		c, ok := r.numbers.between(p.Dst.IP, to, e.port)
		if !ok {
			r.leaveAt(OtherProtocol, p.Line)
			return
		}
		e.src, e.dst, e.syn = c.src, c.dst, c.syn
	}
	r.begun(p)
	r.Packets++
	r.Styles[p.Style]++
	it := r.item(p)
	it.ICMP = true
	it.Note = flows.ICMPNote{
		Mark: flows.Mark{Frame: r.Packets, Time: flows.Time(r.clock.moment(p))}, From: addr(&Host{IP: p.Src.IP}), Type: e.typ,
		Code: e.code,
		V6:   e.v6, MTU: e.mtu, Src: addr(&e.src), Dst: addr(&e.dst), QuotedSYN: e.syn, Stream: -1,
	}
}

// maxSearched is how many connections are looked through for one between two hosts.
const maxSearched = 1000

// between returns the connection from one host to another that was seen last, to a port where that is not 0, and
// whether its last segment is a SYN.
func (n *numbering) between(from, to netip.Addr, port uint16) (found struct {
	src, dst Host
	syn      bool
}, ok bool) {
	if len(n.convs) > maxSearched {
		return found, false
	}
	a, b := from.As16(), to.As16()
	var at int64
	for k, c := range n.convs {
		src, dst, me := k.lo, k.hi, &c.half[0]
		if src.IP != a {
			src, dst, me = dst, src, &c.half[1]
		}
		if src.IP != a || dst.IP != b || port != 0 && dst.Port != port || !me.sent {
			continue
		}
		if !ok || me.at > at || me.at == at && src.Port > found.src.Port {
			found.src, found.dst, found.syn = hostOf(&src), hostOf(&dst), me.asking
			at, ok = me.at, true
		}
	}
	return found, ok
}

// asked returns the host to which from has sent SYNs that are not answered, if it is one.
func (n *numbering) asked(from netip.Addr) (to netip.Addr, ok bool) {
	if len(n.convs) > maxSearched {
		return to, false
	}
	a := from.As16()
	for k, c := range n.convs {
		dst, me := k.hi, &c.half[0]
		if k.lo.IP != a {
			dst, me = k.lo, &c.half[1]
		}
		if k.lo.IP != a && k.hi.IP != a || !me.asking {
			continue
		}
		host := hostOf(&dst).IP
		if ok && host != to {
			return to, false
		}
		to, ok = host, true
	}
	return to, ok
}
