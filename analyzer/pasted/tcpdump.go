package pasted

import (
	"bytes"

	"github.com/rstexplain/rstexplain/flows"
)

// A tcpdumpStyle reads what tcpdump prints, today's form ("Flags [S], seq 1") and that before version 4 ("S 1:1(0)"),
// with any of its options but -q, and what programs print that were made of it: Juniper's monitor traffic, F5's
// tcpdump, PAN-OS's view-pcap, and Cisco ASA's show capture.
type tcpdumpStyle struct {
	r       *Reader
	p       Packet
	text    []byte // the lines of the packet so far, one behind the other
	joined  int    // lines in text
	width   int    // of the last of them
	state   parsed
	quoted  bool // an ICMP error quotes it (-v)
	failure icmpError
	dump    dump
	sack    []uint32
	veiled  bool // the line has its second reading

	passage passage // what pktmon told of the packet in the line before
}

// maxArrows is how many places of a line are looked at that may stand between two ends: tunnels in tunnels.
const maxArrows = 16

// parsed says how far a text could be read as a packet.
type parsed uint8

const (
	notMine    parsed = iota
	incomplete        // it begins a packet; its end may stand in the next line
	complete
	otherProtocol
	quiet      // printed with -q: without flags and numbers
	unreadable // a number does not fit its field
	anError    // of ICMP
	counted    // as left out
)

// maxJoined is how many lines a packet is put together of, where a mail program or a terminal wrapped it.
const maxJoined = 8

func (t *tcpdumpStyle) begin(line []byte) verdict {
	if at, ok := t.r.pktmon(line); ok {
		t.passage = at
		return taken
	}
	t.p = Packet{Line: t.r.lines.n, Style: Tcpdump}
	t.state = t.parse(line)
	t.quoted = t.state == incomplete && len(line) > 0 && line[0] == '\t' && bytes.HasPrefix(line[1:], []byte("IP"))
	switch t.state {
	case notMine:
		return foreign
	case otherProtocol:
		t.r.leave(OtherProtocol)
	case quiet:
		t.r.leave(Quiet)
	case unreadable:
		t.r.leave(TooLarge)
	case incomplete, complete, anError:
	}
	t.text, t.width = append(t.text[:0], line...), t.r.lines.columns
	t.joined = 1
	t.dump.reset()
	return opened
}

func (t *tcpdumpStyle) more(line []byte) bool {
	if t.dump.take(line) {
		return true
	}
	if t.state == anError {
		return t.quotes(line)
	}
	if t.state != incomplete || t.joined >= maxJoined {
		return false
	}
	if len(bytes.TrimSpace(line)) == 0 {
		return t.p.Has&HasFlags == 0 // some mail programs put a blank line behind each
	}
	if !t.wrapped(line) {
		return false
	}
	was := len(t.text)
	t.text = t.r.tear.join(t.text, t.width, line)
	t.width = t.r.lines.columns
	at := t.p.Line
	t.p = Packet{Line: at, Style: Tcpdump}
	switch state := t.parse(t.text); state {
	case incomplete, complete, anError:
		t.state = state
	case otherProtocol:
		t.state = state
		t.r.leave(OtherProtocol)
	default:
		t.text = t.text[:was]
		t.p = Packet{Line: at, Style: Tcpdump}
		t.parse(t.text)
		return false
	}
	t.joined++
	return true
}

// wrapped reports whether a line can be the rest of the text so far: it begins no packet itself.
func (t *tcpdumpStyle) wrapped(line []byte) bool {
	if _, _, ok := clockOf(firstWord(line)); ok {
		return false
	}
	return !bytes.Contains(line, []byte("Flags [")) || !bytes.Contains(t.text, []byte("Flags ["))
}

func (t *tcpdumpStyle) close() {
	if t.dump.n > 0 {
		t.p.Dump, t.p.Has = t.dump.bytes(), t.p.Has|HasDump
		if t.state == otherProtocol || t.state == quiet {
			t.r.unleave(t.state)
		}
		t.r.put(&t.p)
		return
	}
	if t.state == anError {
		t.r.putError(&t.p, &t.failure)
		return
	}
	if t.quoted || t.state != complete && t.state != incomplete {
		return
	}
	if t.p.Has&HasFlags == 0 {
		t.r.leaveAt(NoFlags, t.p.Line)
		return
	}
	if at := t.passage; at.seen && t.p.Clock == NoClock {
		t.p.Style, t.p.Time, t.p.Clock, t.p.Face = Pktmon, at.at, at.clock, at.face
	}
	t.passage = passage{}
	t.r.put(&t.p)
}

// parse reads text into t.p.
func (t *tcpdumpStyle) parse(b []byte) parsed {
	from, other := 0, notMine
	for tries := 0; tries < maxArrows; {
		k := bytes.Index(b[from:], []byte(" > "))
		if k < 0 {
			break
		}
		k += from
		from = k + 3
		for from < len(b) && b[from] == ' ' {
			from++
		}
		end := from
		for end < len(b) && b[end] != ' ' && b[end] != '\t' {
			end++
		}
		dst := b[from:end]
		if len(dst) < 2 || dst[len(dst)-1] != ':' {
			continue
		}
		tries++
		dst = dst[:len(dst)-1]
		start := k
		for start > 0 && b[start-1] == ' ' {
			start--
		}
		stop := start
		for start > 0 && b[start-1] != ' ' && b[start-1] != '\t' && b[start-1] != ')' && b[start-1] != '|' {
			start--
		}
		src := b[start:stop]
		rest := scan{b: b, i: end}
		rest.blanks()
		old := false
		switch {
		case bytes.HasPrefix(rest.rest(), []byte("Flags [")):
		case beginsOld(rest):
			old = true
		case rest.done() && ipLine(b[:start]):
			return incomplete
		case other != notMine: // inside of a tunnel, or of what was said
			continue
		case ipLine(b[:start]):
			if t.ends(src, dst) {
				t.head(b[:start])
			}
			switch {
			case bytes.HasPrefix(rest.rest(), []byte("ICMP")) && t.p.Src.IP.IsValid() && t.p.Dst.IP.IsValid() &&
				t.icmp(rest.rest()):
				return anError
			case bytes.HasPrefix(rest.rest(), []byte("tcp ")):
				other = quiet
			case bytes.HasPrefix(rest.rest(), []byte("Flags")) && len(rest.rest()) < 8:
				other = incomplete
			default:
				other = otherProtocol
			}
			continue
		default:
			continue
		}
		if !t.ends(src, dst) {
			continue
		}
		t.head(b[:start])
		if old {
			return t.oldTail(rest)
		}
		return t.tail(rest)
	}
	if other == notMine && !t.veiled {
		if c, ok := repaired(b); ok {
			t.veiled = true
			defer func() { t.veiled = false }()
			return t.parse(c)
		}
	}
	switch {
	case other != notMine:
		return other
	case bytes.Contains(b, []byte("IP (tos ")), bytes.Contains(b, []byte("IP6 (")):
		t.head(b)
		return incomplete
	case bytes.Contains(b, []byte("ARP, ")), bytes.Contains(b, []byte(" arp ")):
		if _, _, ok := clockOf(firstWord(b)); ok {
			return otherProtocol
		}
	case ipLine(b) && !hasFlags(b):
		if beginsTimed(b) {
			return incomplete // wrapped before the arrow
		}
	}
	return notMine
}

func firstWord(b []byte) []byte {
	s := scan{b: b}
	return s.word()
}

// ipLine reports whether what stands before two ends says that they are of an IP packet.
func ipLine(b []byte) bool {
	return bytes.Contains(b, []byte("IP ")) || bytes.Contains(b, []byte("IP6 ")) ||
		bytes.Contains(b, []byte("ethertype IPv"))
}

// beginsOld reports whether flags stand here as tcpdump printed them before version 4.
func beginsOld(s scan) bool {
	if _, ok := flagLetters(s.word()); !ok {
		return false
	}
	w := s.word()
	if len(w) == 0 {
		return false
	}
	switch string(w) {
	case "ack", "win", "cksum", "urg", "[tcp", "[bad":
		return true
	}
	return w[0] == '<' || isDigit(w[0]) && bytes.IndexByte(w, ':') > 0
}

// ends reads both ends, an address or a name and perhaps a port each.
func (t *tcpdumpStyle) ends(src, dst []byte) bool {
	var a, b, ok bool
	if m, n, ok := twoPorts(src, dst); ok {
		t.p.Src, t.p.Dst = t.r.atPort(m), t.r.atPort(n)
		t.p.Has |= HasPorts
		return true
	}
	if t.p.Src, a, ok = t.r.hostPort(src); !ok {
		return false
	}
	if t.p.Dst, b, ok = t.r.hostPort(dst); !ok {
		return false
	}
	if a && b {
		t.p.Has |= HasPorts
	}
	return true
}

// head reads what stands before the ends: the time, the interface, Ethernet addresses, and the fields of the IP header.
func (t *tcpdumpStyle) head(b []byte) {
	p := &t.p
	s := scan{b: b}
	var last []byte
	var day int64
	for {
		w := s.word()
		if len(w) == 0 {
			return
		}
		if w[0] == '(' {
			w = w[1:]
		}
		w = named(w)
		switch {
		case len(w) == 0:
		case isDigit(w[0]):
			if d, ok := dateOf(w); ok {
				day = d
			} else if at, clock, ok := clockOf(w); ok {
				if clock == OfDay && day != 0 {
					at, clock, day = at+day, Absolute, 0
				}
				p.Time, p.Clock = at, clock
			} else if m, ok := mac(w); ok && p.MAC == 0 {
				p.MAC = m
			} else if n, ok := whole(bytes.TrimSuffix(w, []byte(":"))); ok && len(last) == 0 && p.Clock == NoClock &&
				w[len(w)-1] == ':' {
				p.Number = int(n) // as ASA prints it
			}
		default:
			switch string(w) {
			case "In", "Out", "IN", "OUT", "in", "out":
				if len(last) > 0 && last[0] != '-' && !isDigit(last[0]) {
					p.Face = t.r.face(last)
				}
			case "tos", "ttl":
				if n, ok := s.number(); ok && string(w) == "ttl" {
					p.TTL, p.Has = uint8(n), p.Has|HasTTL
				}
			case "hlim":
				if n, ok := s.number(); ok {
					p.TTL, p.Has = uint8(n), p.Has|HasTTL
				}
			case "id":
				if n, ok := s.number(); ok {
					p.IPID, p.Has = uint16(n), p.Has|HasIPID
				}
			case "flags":
				p.DF = bytes.Contains(s.word(), []byte("DF"))
			case "vlan", "802.1Q":
				if n, ok := s.number(); ok {
					p.VLAN = n
				}
			default:
				if m, ok := mac(w); ok && p.MAC == 0 {
					p.MAC = m
				} else if n, found := bytes.CutPrefix(w, []byte("vlan#")); found {
					p.VLAN, _ = whole(n)
				}
			}
		}
		last = w
	}
}

// unread says what a number is that could not be read, which began at from: too large, or cut.
func (s *scan) unread(from int) parsed {
	if s.i > from && s.i <= len(s.b) && isDigit(s.b[s.i-1]) {
		return unreadable
	}
	return incomplete
}

// tail reads what follows the ends in today's form.
func (t *tcpdumpStyle) tail(s scan) parsed {
	p := &t.p
	s.skip("Flags [")
	k := bytes.IndexByte(s.rest(), ']')
	if k < 0 {
		return incomplete
	}
	letters := s.rest()[:k]
	s.i += k + 1
	if string(letters) != "none" {
		f, ok := flagLetters(letters)
		if !ok {
			return unreadable
		}
		p.Flags = f
	}
	p.Has |= HasFlags
	for {
		w := s.word()
		from := s.i
		switch string(w) {
		case "":
			return incomplete
		case "cksum":
			s.word()
			s.blanks()
			s.group('(', ')')
		case "seq":
			n, ok := s.number()
			if !ok {
				return s.unread(from)
			}
			p.SEQ, p.Has = n, p.Has|HasSEQ
			if s.skip(":") {
				if end, ok := s.number(); ok {
					p.Len, p.Has = end-n, p.Has|HasLen
				}
			}
		case "ack":
			n, ok := s.number()
			if !ok {
				return s.unread(from)
			}
			p.ACK, p.Has = n, p.Has|HasACK
		case "win":
			n, ok := s.number()
			if !ok {
				return incomplete
			}
			p.Window, p.Has = n, p.Has|HasWindow
		case "urg":
			s.number()
		case "options":
			s.blanks()
			list, ok := s.group('[', ']')
			if !ok {
				return incomplete
			}
			t.options(list)
		case "length":
			n, ok := s.number()
			if !ok {
				return incomplete
			}
			p.Len, p.Has = n, p.Has|HasLen|HasOptions
			if p.Flags.Has(flows.RST) {
				t.r.f5(s.rest())
			}
			return complete
		case "[tcp", "[bad":
			if k := bytes.IndexByte(s.rest(), ']'); k >= 0 {
				s.i += k + 1
				continue
			}
			return incomplete
		default:
			return complete // what a person wrote beside it
		}
	}
}

// group passes over what stands in brackets here, and returns it.
func (s *scan) group(from, to byte) ([]byte, bool) {
	if s.done() || s.b[s.i] != from {
		return nil, false
	}
	depth := 0
	for k := s.i; k < len(s.b); k++ {
		switch s.b[k] {
		case from:
			depth++
		case to:
			if depth--; depth == 0 {
				in := s.b[s.i+1 : k]
				s.i = k + 1
				return in, true
			}
		}
	}
	return nil, false
}

// oldTail reads what follows the ends in the form before version 4.
func (t *tcpdumpStyle) oldTail(s scan) parsed {
	p := &t.p
	p.Flags, _ = flagLetters(s.word())
	p.Has |= HasFlags
	state := incomplete
	for {
		s.blanks()
		if s.done() {
			return state
		}
		switch c := s.b[s.i]; {
		case c == '<':
			list, ok := s.group('<', '>')
			if !ok {
				return incomplete
			}
			t.options(list)
			continue
		case c == '[':
			if _, ok := s.group('[', ']'); !ok {
				return incomplete
			}
			continue
		case c == '(':
			in, ok := s.group('(', ')')
			if !ok {
				return incomplete
			}
			if string(in) == "DF" {
				p.DF = true
			} else {
				was := p.Clock
				at := p.Time
				t.head(in)
				p.Clock, p.Time = was, at
			}
			continue
		case isDigit(c):
			n, ok := s.number()
			if !ok {
				return unreadable
			}
			if !s.skip(":") {
				return state
			}
			end, ok := s.number()
			if !ok {
				return incomplete
			}
			p.SEQ, p.Len, p.Has = n, end-n, p.Has|HasSEQ|HasLen
			if in, ok := s.group('(', ')'); ok {
				p.Len, _ = whole(in)
			}
			continue
		}
		switch w := s.word(); string(w) {
		case "ack":
			n, ok := s.number()
			if !ok {
				return incomplete
			}
			p.ACK, p.Has = n, p.Has|HasACK
			p.Flags |= flows.ACK
		case "win":
			n, ok := s.number()
			if !ok {
				return incomplete
			}
			p.Window, p.Has = n, p.Has|HasWindow|HasOptions|HasLen
			state = complete
		case "cksum":
			s.word()
			s.blanks()
			s.group('(', ')')
		case "urg":
			s.number()
		default:
			return state
		}
	}
}

// maxSACK is how many edges of blocks a header has room for.
const maxSACK = 8

// sackEdges reads "{1:101}{201:301}".
func sackEdges(to []uint32, s *scan) []uint32 {
	for len(to) < maxSACK {
		s.blanks()
		in, ok := s.group('{', '}')
		if !ok {
			break
		}
		e := scan{b: in}
		left, ok1 := e.number()
		sep := e.skip(":")
		right, ok2 := e.number()
		if !ok1 || !sep || !ok2 {
			break
		}
		to = append(to, left, right)
	}
	return to
}

// options reads a list of TCP options.
func (t *tcpdumpStyle) options(list []byte) {
	p := &t.p
	o := &p.Opts
	p.Has |= HasOptions
	p.OptLen = 0
	for len(list) > 0 {
		item := list
		depth := 0
		end := len(list)
		for k, c := range list {
			if c == '{' {
				depth++
			} else if c == '}' {
				depth--
			} else if c == ',' && depth == 0 {
				end = k
				break
			}
		}
		item = bytes.Trim(list[:end], " \t")
		list = list[min(end+1, len(list)):]
		s := scan{b: item}
		size := uint8(0)
		switch w := s.word(); string(w) {
		case "nop", "eol":
			p.OptLen++
			continue
		case "mss":
			n, _ := s.number()
			o.MSS, size = uint16(n), 4
		case "sackOK":
			o.SACKOK, size = true, 2
		case "wscale":
			n, _ := s.number()
			o.WScale, o.HasWScale, size = uint8(min(n, 14)), true, 3
		case "TS":
			s.word()
			o.TSval, _ = s.number()
			s.word()
			o.TSecr, _ = s.number()
			o.HasTS, size = true, 10
		case "timestamp":
			o.TSval, _ = s.number()
			o.TSecr, _ = s.number()
			o.HasTS, size = true, 10
		case "sack":
			n, _ := s.number()
			o.HasSACK, size = true, uint8(2+8*min(n, 4))
			p.SACK = sackEdges(t.sack[:0], &s)
			t.sack = p.SACK
		case "mptcp":
			o.MPTCP |= flows.MPTCPPresent
			n, _ := s.number()
			size = uint8(min(n, 40))
			rest := s.rest()
			switch {
			case bytes.Contains(rest, []byte("fclose")), bytes.Contains(rest, []byte("fast")):
				o.MPTCP |= flows.MPTCPFastClose
			case bytes.Contains(rest, []byte("reset")), bytes.Contains(rest, []byte("rst")):
				o.MPTCP |= flows.MPTCPReset
			}
		case "":
			continue
		}
		o.Kinds++
		p.OptLen += size
	}
}
