package pasted

import (
	"bytes"
	"encoding/csv"
	"slices"
)

// A listStyle reads Wireshark's packet list: as tshark prints it, as Wireshark copies or exports it, as text with
// blanks, as tab- or comma-separated values, and as a table of Markdown. Its columns stand in the order of the last
// head line, or in that which the first line with TCP's words in Info shows.ws.
type listStyle struct {
	r       *Reader
	p       Packet
	columns []column // of the head line; nil: none was seen
	learned shape
	cells   [][]byte
	dump    dump
	other   bool // the dump at hand is not of the packet
	sack    []uint32

	unplaced bool // the text does not tell the connection of p
	alien    bool // p is of another protocol, as its line has it
	failed   bool // p is an ICMP error
	failure  icmpError
}

type column uint8

const (
	colOther column = iota
	colNumber
	colTime
	colDelta
	colSource
	colDestination
	colProtocol
	colLength
	colInfo
	colSourcePort
	colDestinationPort
)

// A shape is how the columns before Info stood in the last line that was read without a head line.
type shape struct {
	words int // before the source
	sep   byte
	ok    bool
}

var columnNames = map[string]column{
	"no.": colNumber, "no": colNumber, "number": colNumber, "frame": colNumber, "#": colNumber,
	"time": colTime, "utc": colTime, "abs time": colTime, "absolute": colTime,
	"delta": colDelta, "source": colSource, "src": colSource, "destination": colDestination,
	"dest": colDestination, "dst": colDestination, "protocol": colProtocol,
	"proto": colProtocol, "length": colLength, "len": colLength, "size": colLength, "info": colInfo,
	"information": colInfo, "sport": colSourcePort, "srcport": colSourcePort,
	"dport": colDestinationPort, "dstport": colDestinationPort,
}

func (l *listStyle) begin(line []byte) verdict {
	if len(line) < 12 {
		return foreign
	}
	sep := separator(line)
	if l.head(line, sep) {
		return taken
	}
	l.fresh(Packet{Line: l.r.lines.n, Style: PacketList, Form: ByWireshark})
	info := tcpInfo(line)
	if info < 0 && l.columns == nil && !l.learned.ok && !bytes.Contains(line, []byte(" -> ")) {
		return foreign
	}
	l.cells = l.cells[:0]
	if sep != ' ' {
		l.split(line, sep)
	} else {
		l.words(line, info)
	}
	if len(l.cells) < 3 {
		return foreign
	}
	ok := false
	if l.columns != nil && sep == ' ' {
		ok = l.byHead(true)
	} else if l.columns != nil && len(l.cells) <= len(l.columns)+2 {
		ok = l.byHead(false)
	}
	if !ok {
		ok = l.byShape(info >= 0, sep)
	}
	if !ok {
		return foreign
	}
	l.dump.reset()
	l.other = false
	return opened
}

// fresh begins a packet.
func (l *listStyle) fresh(p Packet) { l.p, l.unplaced, l.alien, l.failed = p, false, false, false }

func (l *listStyle) more(line []byte) bool {
	if own, ok := dumpHeading(line); ok {
		l.other = !own
		return true
	}
	if l.other {
		if _, _, ok := dumpOffset(line); ok {
			return true
		}
	} else if l.dump.take(line) {
		return true
	}
	if rest, ok := bytes.CutPrefix(line, []byte("Frame ")); ok && l.p.Number > 0 {
		if n, w := decimal(rest); w > 0 && int(n) == l.p.Number {
			l.p.Style = "" // its dissection follows, and says more
		}
		return false
	}
	return len(bytes.TrimSpace(line)) == 0
}

func (l *listStyle) close() {
	if l.p.Style == "" {
		return
	}
	if l.dump.n > 0 {
		l.p.Dump, l.p.Has = l.dump.bytes(), l.p.Has|HasDump
	} else if l.unplaced {
		l.r.hold(&l.p)
		return
	} else if l.alien {
		l.r.leaveAt(OtherProtocol, l.p.Line)
		return
	} else if l.failed {
		l.r.putListError(&l.p, &l.failure)
		return
	}
	if l.p.Has&HasPorts != 0 {
		l.r.place(&l.p)
	}
	l.r.put(&l.p)
}

// separator returns what stands between the columns of a line.
func separator(line []byte) byte {
	t := bytes.TrimLeft(line, " \t")
	switch {
	case len(t) > 0 && t[0] == '"' && bytes.Contains(t, []byte(`","`)):
		return ','
	case len(t) > 0 && t[0] == '|' && bytes.Count(t, []byte("|")) >= 5:
		return '|'
	case bytes.Count(t, []byte("\t")) >= 3:
		return '\t'
	case bytes.Count(t, []byte(",")) >= 5 && !bytes.Contains(t, []byte("] Seq=")) &&
		bytes.Contains(bytes.ToLower(t), []byte("source,")):
		return ','
	case bytes.Count(t, []byte(" | ")) >= 4:
		return '|'
	}
	return ' '
}

// split cuts a line with a separator into cells.
func (l *listStyle) split(line []byte, sep byte) {
	switch sep {
	case ',':
		c := csv.NewReader(bytes.NewReader(line))
		c.LazyQuotes = true
		row, err := c.Read()
		if err != nil {
			return
		}
		for _, f := range row {
			l.cells = append(l.cells, []byte(f))
		}
	case '|':
		line = bytes.Trim(line, " \t|")
		for _, f := range bytes.Split(line, []byte("|")) {
			l.cells = append(l.cells, bytes.Trim(f, " \t`*"))
		}
	default:
		for _, f := range bytes.Split(line, []byte{sep}) {
			l.cells = append(l.cells, bytes.TrimSpace(f))
		}
		for len(l.cells) > 0 && len(l.cells[0]) == 0 {
			l.cells = l.cells[1:]
		}
	}
}

// words cuts a line into words up to Info, which begins at info where TCP's words show it.
func (l *listStyle) words(line []byte, info int) {
	end := len(line)
	if info >= 0 {
		end = info
	}
	s := scan{b: line[:end]}
	for n := 0; n < 24; n++ {
		for s.i < end && (line[s.i] == ' ' || line[s.i] == '\t') {
			s.i++
		}
		from := s.i
		for s.i < end && line[s.i] != ' ' && line[s.i] != '\t' {
			s.i++
		}
		if from == s.i {
			break
		}
		l.cells = append(l.cells, line[from:s.i])
	}
	if info >= 0 {
		l.cells = append(l.cells, line[info:])
	}
}

// head takes a line of column names.
func (l *listStyle) head(line []byte, sep byte) bool {
	low := bytes.ToLower(line)
	if !bytes.Contains(low, []byte("source")) || !bytes.Contains(low, []byte("destination")) ||
		!bytes.Contains(low, []byte("info")) {
		if sep == '|' && len(bytes.Trim(line, " |-:")) == 0 {
			return l.columns != nil // the rule below the head of a table
		}
		return false
	}
	if tcpInfo(line) >= 0 {
		return false
	}
	l.cells = l.cells[:0]
	if sep == ' ' {
		l.words(low, -1)
	} else {
		l.split(low, sep)
	}
	columns := make([]column, 0, len(l.cells))
	seen := map[column]bool{}
	for _, c := range l.cells {
		k := columnNames[string(bytes.Trim(c, `"*`+"`"))]
		if seen[k] {
			k = colOther
		}
		seen[k] = true
		columns = append(columns, k)
	}
	if !seen[colSource] || !seen[colDestination] || !seen[colInfo] {
		return false
	}
	l.columns = columns
	return true
}

// byHead reads the cells by the columns of the head line. By words, a time may be two of them, and Info is the rest.
func (l *listStyle) byHead(words bool) bool {
	k := 0
	next := func() []byte {
		if k >= len(l.cells) {
			return nil
		}
		k++
		return l.cells[k-1]
	}
	var info, proto []byte
	var ports [2]uint16
	for i, col := range l.columns {
		if words && col == colInfo {
			if k >= len(l.cells) {
				return false
			}
			info = l.tail(k)
			break
		}
		c := next()
		switch col {
		case colNumber:
			n, ok := whole(c)
			if !ok {
				return false
			}
			l.p.Number = int(n)
		case colTime, colDelta:
			if words && k < len(l.cells) {
				if _, ok := dateOf(c); ok {
					c = append(append(append([]byte(nil), c...), ' '), next()...)
				}
			}
			if !l.time(c) && len(c) > 0 {
				return false
			}
			if col == colDelta && l.p.Clock == Since {
				if slices.Contains(l.columns, colTime) {
					break
				}
				l.p.Clock = Delta
			}
		case colSource:
			if !l.end(&l.p.Src, c) {
				return false
			}
			if words && k < len(l.cells) && (string(l.cells[k]) == "->" || string(l.cells[k]) == ">") {
				k++
			}
		case colDestination:
			if !l.end(&l.p.Dst, c) {
				return false
			}
		case colProtocol:
			proto = c
		case colLength:
			if n, ok := whole(c); ok {
				l.p.Wire, l.p.Has = n, l.p.Has|HasWire
			} else if len(c) > 0 && words {
				return false
			}
		case colSourcePort, colDestinationPort:
			n, ok := l.r.portOf(c)
			if ok && col == colSourcePort {
				ports[0] = n
			} else if ok {
				ports[1] = n
			}
		case colInfo:
			info = c
			if !words && i == len(l.columns)-1 && k < len(l.cells) {
				info = bytes.Join(l.cells[k-1:], []byte(" "))
			}
		case colOther:
		}
	}
	return l.info(proto, info, ports)
}

// tail joins the cells from k on.
func (l *listStyle) tail(k int) []byte {
	if k == len(l.cells)-1 {
		return l.cells[k]
	}
	return bytes.Join(l.cells[k:], []byte(" "))
}

// byShape reads the cells without a head line: two addresses in a row, before them a number and a time where there are
// any, behind them a protocol, perhaps numbers, and Info.
func (l *listStyle) byShape(known bool, sep byte) bool {
	src, dst := -1, -1
	for i := 0; i < len(l.cells)-2 && i < 8; i++ {
		j := i + 1
		arrow := string(l.cells[j]) == "->" || string(l.cells[j]) == ">"
		if arrow {
			j++
		}
		if known || l.learned.ok && i == l.learned.words || arrow && j+1 < len(l.cells) && overTCP[string(l.cells[j+1])] {
			if j < len(l.cells)-1 && plausible(l.cells[i]) && plausible(l.cells[j]) &&
				isProtocol(l.cells[min(j+1, len(l.cells)-1)]) {
				src, dst = i, j
				break
			}
		}
	}
	if src < 0 {
		return false
	}
	if !l.end(&l.p.Src, l.cells[src]) || !l.end(&l.p.Dst, l.cells[dst]) {
		return false
	}
	before := l.cells[:src]
	if len(before) > 0 {
		if n, ok := whole(before[0]); ok {
			l.p.Number = int(n)
			before = before[1:]
		}
	}
	if len(before) > 0 {
		at := before[0]
		if len(before) > 1 {
			if _, ok := dateOf(at); ok {
				at = bytes.Join(before[:2], []byte(" "))
			} else if len(before) >= 4 && isMonth(before[0]) {
				at = bytes.Join(before, []byte(" "))
			}
		}
		if !l.time(at) && !known {
			return false
		}
	}
	k := dst + 1
	proto := l.cells[k]
	k++
	for first := true; k < len(l.cells)-1; k++ {
		n, ok := whole(l.cells[k])
		if !ok {
			break
		}
		if first {
			l.p.Wire, l.p.Has = n, l.p.Has|HasWire
			first = false
		}
	}
	if k >= len(l.cells) {
		return false
	}
	if !l.info(proto, l.tail(k), [2]uint16{}) {
		return false
	}
	if known {
		l.learned = shape{src, sep, true}
	}
	return true
}

func isMonth(b []byte) bool {
	return len(b) >= 3 && bytes.Contains([]byte("JanFebMarAprMayJunJulAugSepOctNovDec"), b[:3])
}

// plausible reports whether a cell can be an address or a host's name.
func plausible(b []byte) bool {
	if _, ok := addrOf(b); ok {
		return true
	}
	if _, ok := seconds(b); ok {
		return false
	}
	return isName(b) && !bytes.HasSuffix(b, []byte(":"))
}

// isProtocol reports whether a cell can be a name of Wireshark's column Protocol.
func isProtocol(b []byte) bool {
	if len(b) < 2 || len(b) > 24 || b[0] < 'A' || b[0] > 'Z' && b[0] < 'a' || b[0] > 'z' {
		return false
	}
	for _, c := range b {
		if c == '.' && len(b) < 4 || c == ':' {
			return false
		}
	}
	return true
}

func (l *listStyle) end(h *Host, c []byte) bool {
	if len(c) > 2 && c[0] == '(' {
		c = bytes.Trim(c, "()")
	}
	var ok bool
	*h, ok = l.r.host(c)
	return ok
}

// time reads a time in one of the forms that Wireshark offers.
func (l *listStyle) time(c []byte) bool {
	p := &l.p
	if at, ok := seconds(c); ok {
		if at > 1e17 { // since 1970
			p.Time, p.Clock = at, Absolute
			return true
		}
		p.Time, p.Clock = at, Since
		return true
	}
	if k := bytes.IndexByte(c, ' '); k > 0 {
		if d, ok := dateOf(c[:k]); ok {
			if at, clock, ok := clockOf(bytes.TrimSpace(c[k+1:])); ok && clock == OfDay {
				p.Time, p.Clock = d+at, Absolute
				return true
			}
		}
		if at, ok := longTime(c); ok {
			p.Time, p.Clock = at, Absolute
			return true
		}
	}
	if at, clock, ok := clockOf(c); ok {
		p.Time, p.Clock = at, clock
		return true
	}
	if at, ok := minutes(c); ok {
		p.Time, p.Clock = at, Since
		return true
	}
	return false
}

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
	if arrow := string(line[j:i]); arrow != ">" && arrow != "->" {
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
	return words(line, j)
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
	src, dst, ok := bytes.Cut(b[:open], []byte("->"))
	if !ok {
		if src, dst, ok = bytes.Cut(b[:open], []byte(">")); !ok {
			return false
		}
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
