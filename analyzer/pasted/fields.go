package pasted

import (
	"bytes"
	"encoding/csv"
	"slices"

	"github.com/rstexplain/rstexplain/flows"
)

// A fieldsStyle reads what tshark -T fields prints with -E header=y: a line of field names, then a line of values for
// each packet. Without the line of names nothing tells what a value means.
type fieldsStyle struct {
	r     *Reader
	p     Packet
	list  listStyle // reads the column Info
	names []string
	sep   byte
	cells [][]byte

	failure icmpError

	raw, options bool // the columns hold numbers as on the wire; they show which options there are
}

// maxFields is how many columns are looked at.
const maxFields = 256

func (f *fieldsStyle) begin(line []byte) verdict {
	if f.head(line) {
		return taken
	}
	if f.names == nil || bytes.IndexByte(line, f.sep) < 0 {
		return foreign
	}
	f.split(line)
	if len(f.cells) != len(f.names) {
		return foreign
	}
	f.p, f.list.unplaced, f.list.alien, f.list.failed = Packet{Line: f.r.lines.n, Style: Fields, Form: ByWireshark}, false,
		false, false
	f.failure = icmpError{}
	switch f.packet() {
	case complete:
		return opened
	case anError:
		f.r.putError(&f.p, &f.failure)
	case otherProtocol:
		f.r.leave(OtherProtocol)
	case unreadable:
		f.r.leave(TooLarge)
	case counted:
	case notMine:
		return foreign
	case incomplete, quiet:
		f.r.leave(NoFlags)
	}
	return taken
}

func (f *fieldsStyle) more([]byte) bool { return false }

func (f *fieldsStyle) close() {
	if f.list.unplaced {
		f.r.hold(&f.p)
		return
	}
	if f.list.failed {
		f.r.putListError(&f.p, &f.list.failure)
		return
	}
	if f.p.Has&HasPorts != 0 {
		f.r.place(&f.p)
	}
	f.r.put(&f.p)
}

// head takes a line of names: all of them fields of Wireshark, with an address among them.
func (f *fieldsStyle) head(line []byte) bool {
	if !bytes.Contains(line, []byte("tcp.")) && !bytes.Contains(line, []byte("_ws.col.")) {
		return false
	}
	for _, sep := range [...]byte{'\t', ',', ';', '|', ' '} {
		if bytes.IndexByte(line, sep) < 0 {
			continue
		}
		var names []string
		address := false
		for _, w := range bytes.Split(line, []byte{sep}) {
			name := string(bytes.Trim(w, `"' `))
			if !isField(name) || len(names) >= maxFields {
				names = nil
				break
			}
			address = address || name == "ip.src" || name == "ipv6.src" || name == "ip.src_host" || name == "_ws.col.Source" ||
				name == "_ws.col.def_src"
			names = append(names, name)
		}
		if len(names) >= 3 && address {
			f.names, f.sep = names, sep
			f.raw = f.has("tcp.seq_raw") && (f.has("tcp.ack_raw") || !f.has("tcp.seq"))
			f.options = f.has("tcp.options") || f.has("tcp.options.timestamp.tsval") && f.has("tcp.options.mss_val")
			return true
		}
	}
	return false
}

// isField reports whether a word can be the name of a field of Wireshark.
func isField(name string) bool {
	dot := false
	for i := range len(name) {
		switch c := name[i]; {
		case c == '.' && i > 0:
			dot = true
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == '-', isDigit(c) && i > 0:
		default:
			return false
		}
	}
	return dot
}

func (f *fieldsStyle) split(line []byte) {
	f.cells = f.cells[:0]
	if bytes.IndexByte(line, '"') >= 0 { // -E quote=d
		c := csv.NewReader(bytes.NewReader(line))
		c.Comma, c.LazyQuotes = rune(f.sep), true
		if row, err := c.Read(); err == nil {
			for _, cell := range row {
				f.cells = append(f.cells, []byte(cell))
			}
		}
		return
	}
	for _, cell := range bytes.Split(line, []byte{f.sep}) {
		f.cells = append(f.cells, bytes.TrimSpace(cell))
	}
}

// A field of which a packet has several values, one for each layer, shows them with commas between. The innermost is
// that of the segment.
func innermost(cell []byte) []byte {
	if k := bytes.LastIndexByte(cell, ','); k >= 0 {
		return cell[k+1:]
	}
	return cell
}

// packet reads the cells into f.p.
func (f *fieldsStyle) packet() parsed {
	p := &f.p
	var proto, info []byte
	var bits flows.Flags // of the fields tcp.flags.syn and so on
	hasBits, icmp, tooLarge := false, false, false
	if f.raw {
		p.Form = Raw
	}
	for i, name := range f.names {
		cell := f.cells[i]
		if len(cell) == 0 {
			continue
		}
		last := innermost(cell)
		s := scan{b: last}
		num := func(has Has) uint32 {
			n, ok := s.number()
			if ok {
				p.Has |= has
			} else if isDigit(last[0]) {
				tooLarge = true
			}
			return n
		}
		switch name {
		case "frame.number":
			n, _ := whole(cell)
			p.Number = int(n)
		case "frame.len":
			p.Wire = num(HasWire)
		case "frame.time_epoch", "frame.time", "frame.time_utc":
			f.time(cell, Absolute)
		case "frame.time_relative":
			f.time(cell, Since)
		case "frame.time_delta":
			f.time(cell, Delta)
		case "_ws.col.Time", "_ws.col.cls_time", "_ws.col.def_time":
			if p.Clock == NoClock {
				f.list.p = Packet{}
				f.list.time(cell)
				p.Time, p.Clock = f.list.p.Time, f.list.p.Clock
			}
		case "eth.src", "sll.src.eth":
			p.MAC, _ = mac(cell)
		case "vlan.id":
			p.VLAN, _ = whole(last)
		case "ip.src", "ipv6.src", "ip.src_host", "_ws.col.Source", "_ws.col.def_src":
			f.end(&p.Src, last)
		case "ip.dst", "ipv6.dst", "ip.dst_host", "_ws.col.Destination", "_ws.col.def_dst":
			f.end(&p.Dst, last)
		case "ip.ttl", "ipv6.hlim":
			p.TTL = uint8(num(HasTTL))
		case "ip.id":
			p.IPID = uint16(num(HasIPID))
		case "ip.flags.df":
			p.DF = last[0] == '1' || last[0] == 'T'
		case "icmp.type", "icmpv6.type":
			icmp = true
			f.failure.v6, f.failure.typ = name == "icmpv6.type", uint8(num(0))
		case "icmp.code", "icmpv6.code":
			f.failure.code = uint8(num(0))
		case "icmp.mtu", "icmpv6.mtu":
			f.failure.mtu = uint16(min(num(0), 1<<16-1))
		case "tcp.srcport":
			p.Src.Port, _ = f.r.portOf(last)
			p.Has |= HasPorts
		case "tcp.dstport":
			p.Dst.Port, _ = f.r.portOf(last)
		case "tcp.port": // both
			if a, b, ok := bytes.Cut(cell, []byte(",")); ok && p.Has&HasPorts == 0 {
				p.Src.Port, _ = f.r.portOf(a)
				p.Dst.Port, _ = f.r.portOf(b)
				p.Has |= HasPorts
			}
		case "tcp.flags":
			p.Flags = flows.Flags(num(HasFlags)) & 0x1ff
		case "tcp.flags.str":
			if flags, ok := flagString(last); ok && p.Has&HasFlags == 0 {
				p.Flags, p.Has = flags, p.Has|HasFlags
			}
		case "tcp.seq":
			if !f.raw {
				p.SEQ = num(HasSEQ)
			}
		case "tcp.ack":
			if !f.raw {
				p.ACK = num(HasACK)
			}
		case "tcp.seq_raw":
			if f.raw {
				p.SEQ = num(HasSEQ)
			}
		case "tcp.ack_raw":
			if f.raw {
				p.ACK = num(HasACK)
			}
		case "tcp.len":
			p.Len = num(HasLen)
		case "tcp.window_size_value":
			p.Window = num(HasWindow)
			p.Words &^= SaysScaled
		case "tcp.window_size":
			if p.Has&HasWindow == 0 {
				p.Window, p.Words = num(HasWindow), p.Words|SaysScaled
			}
		case "_ws.col.Protocol", "_ws.col.protocol":
			proto = cell
		case "_ws.col.Info", "_ws.col.info":
			info = cell
		default:
			if flag, ok := flagFields[name]; ok {
				hasBits = true
				if last[0] == '1' || last[0] == 'T' {
					bits |= flag
				}
			} else {
				f.option(name, last, &s)
			}
		}
	}
	if hasBits && p.Has&HasFlags == 0 {
		p.Flags, p.Has = bits, p.Has|HasFlags
	}
	if f.options {
		p.Has |= HasOptions
	}
	switch {
	case tooLarge:
		return unreadable
	case icmp && f.quotes():
		return anError
	case icmp || string(proto) == "ICMP" || string(proto) == "ICMPv6":
		return otherProtocol
	case !p.Src.IP.IsValid() || !p.Dst.IP.IsValid():
		return notMine
	}
	if len(info) > 0 && (p.Has&HasFlags == 0 || p.Has&HasSEQ == 0 || p.Has&HasPorts == 0) {
		return f.info(proto, info)
	}
	switch {
	case p.Has&HasPorts == 0:
		return otherProtocol
	case p.Has&HasFlags == 0:
		return incomplete
	case p.Has&HasLen == 0 && p.Flags&(flows.SYN|flows.RST) != 0:
		p.Has |= HasLen // none, as a rule
	}
	return complete
}

// quotes reports whether the line is an ICMP error about a segment, whose ends stand behind those of the error.
func (f *fieldsStyle) quotes() bool {
	e, p := &f.failure, &f.p
	e.src, e.dst, e.shown = p.Src, p.Dst, true
	outer := false
	for i, name := range f.names {
		before, _, ok := bytes.Cut(f.cells[i], []byte(","))
		if !ok {
			continue
		}
		switch name {
		case "ip.src", "ipv6.src", "ip.src_host", "_ws.col.Source", "_ws.col.def_src":
			f.end(&p.Src, before)
			outer = true
		case "ip.dst", "ipv6.dst", "ip.dst_host", "_ws.col.Destination", "_ws.col.def_dst":
			f.end(&p.Dst, before)
		}
	}
	e.syn = p.Has&HasFlags != 0 && p.Flags&(flows.SYN|flows.ACK) == flows.SYN
	return outer && p.Has&HasPorts != 0 && e.isError()
}

// flagFields are the fields of one flag each.
var flagFields = map[string]flows.Flags{
	"tcp.flags.syn": flows.SYN, "tcp.flags.ack": flows.ACK, "tcp.flags.fin": flows.FIN, "tcp.flags.reset": flows.RST,
	"tcp.flags.push": flows.PSH, "tcp.flags.urg": flows.URG, "tcp.flags.ece": flows.ECE,
	"tcp.flags.ecn": flows.ECE, "tcp.flags.cwr": flows.CWR,
}

// flagString reads "·······A··S·", in which each flag that is not set is a dot.
func flagString(b []byte) (f flows.Flags, ok bool) {
	for _, c := range bytes.ReplaceAll(b, []byte("·"), []byte(".")) {
		switch c {
		case '.', '*':
		case 'S':
			f |= flows.SYN
		case 'A':
			f |= flows.ACK
		case 'F':
			f |= flows.FIN
		case 'R':
			f |= flows.RST
		case 'P':
			f |= flows.PSH
		case 'U':
			f |= flows.URG
		case 'E':
			f |= flows.ECE
		case 'C':
			f |= flows.CWR
		case 'N':
			f |= flows.AE
		default:
			return 0, false
		}
	}
	return f, true
}

// option takes a field of an option.
func (f *fieldsStyle) option(name string, last []byte, s *scan) {
	o := &f.p.Opts
	n, ok := s.number()
	if !ok {
		return
	}
	switch name {
	case "tcp.options.mss_val":
		o.MSS = uint16(n)
	case "tcp.options.wscale.shift":
		o.WScale, o.HasWScale = uint8(min(n, 14)), true
	case "tcp.options.timestamp.tsval":
		o.TSval, o.HasTS = n, true
	case "tcp.options.timestamp.tsecr":
		o.TSecr = n
		return
	case "tcp.options.sack_perm":
		o.SACKOK = true
	case "tcp.options.sack", "tcp.options.sack_le":
		o.HasSACK = true
	default:
		return
	}
	o.Kinds++
}

// has reports whether the text has a column for a field.
func (f *fieldsStyle) has(name string) bool { return slices.Contains(f.names, name) }

func (f *fieldsStyle) end(h *Host, cell []byte) {
	if x, ok := f.r.host(cell); ok {
		h.IP, h.Name = x.IP, x.Name
	}
}

// time takes a time, of which an absolute one is better than one that counts from the first packet.
func (f *fieldsStyle) time(cell []byte, clock Clock) {
	if f.p.Clock == Absolute || f.p.Clock == Since && clock == Delta {
		return
	}
	at, ok := seconds(cell)
	if !ok && clock == Absolute {
		if at, ok = longTime(cell); !ok {
			var c Clock
			at, c, ok = clockOf(cell)
			ok = ok && c == Absolute
		}
	}
	if ok {
		f.p.Time, f.p.Clock = at, clock
	}
}

// info reads what Info says beside the fields.
func (f *fieldsStyle) info(proto, info []byte) parsed {
	p := &f.p
	l := &f.list
	l.r = f.r
	ports := [2]uint16{p.Src.Port, p.Dst.Port}
	l.fresh(Packet{Line: p.Line, Style: Fields, Form: ByWireshark, Number: p.Number, Clock: p.Clock, Time: p.Time,
		Src: p.Src, Dst: p.Dst, Wire: p.Wire,
		Has: p.Has & (HasWire | HasTTL | HasIPID), TTL: p.TTL, IPID: p.IPID, DF: p.DF, MAC: p.MAC, VLAN: p.VLAN})
	if !l.info(proto, info, ports) {
		return notMine
	}
	switch {
	case l.p.Style == "":
		return counted
	case l.alien:
		return otherProtocol
	}
	*p = l.p
	return complete
}
