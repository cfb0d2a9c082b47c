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
	torn    []byte // the line
	width   int    // of its last part

	unplaced bool // the text does not tell the connection of p
	said     bool // the protocol of p is TCP itself
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
	if len(line) < 12 || bytes.Contains(line, []byte("TCP D=")) { // of snoop
		return foreign
	}
	sep := separator(line)
	if l.head(line, sep) {
		return taken
	}
	l.fresh(Packet{Line: l.r.lines.n, Style: PacketList, Form: ByWireshark})
	info := tcpInfo(line)
	if info < 0 && l.columns == nil && !l.learned.ok && !bytes.Contains(line, []byte(" -> ")) &&
		bytes.Count(line, []byte(".")) < 6 && bytes.Count(line, []byte(":")) < 4 {
		return foreign
	}
	l.cells = l.cells[:0]
	if sep != ' ' {
		l.split(line, sep)
	} else {
		l.words(line, info)
	}
	if len(l.cells) < 3 && info < 0 {
		return foreign
	}
	l.torn = l.torn[:0]
	if sep == ' ' {
		l.torn, l.width = append(l.torn, line...), l.r.lines.columns
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
	if !ok && info >= 0 {
		l.fresh(Packet{Line: l.r.lines.n, Style: PacketList, Form: ByWireshark})
		ok = l.infoAlone()
	}
	if !ok {
		return foreign
	}
	l.dump.reset()
	l.other = false
	return opened
}

// continues takes the rest of a line that was torn within the column Info.
func (l *listStyle) continues(line []byte) bool {
	flags := l.p.Has&HasFlags != 0
	if len(l.torn) == 0 || !flags && !l.said || len(l.torn)+len(line) > 2*maxTorn || beginsTimed(line) ||
		bytes.IndexByte(line, '=') < 0 {
		return false
	}
	if w := firstWord(line); flags && !slices.Contains(terminals, l.width) {
		name, value, ok := bytes.Cut(w, []byte("="))
		if !ok && string(w) != "SACK_PERM" || ok && (len(name) < 2 || len(value) == 0 || name[0] < 'A' || name[0] > 'Z' ||
			!isDigit(value[0])) {
			return false
		}
	}
	text := l.r.tear.join(bytes.Clone(l.torn), l.width, line)
	if tcpInfo(text) < 0 {
		return false
	}
	at, end := l.p.Line, l.r.lines.columns
	if l.begin(text) == opened {
		l.p.Line, l.width = at, end
	}
	return true
}

// fresh begins a packet.
func (l *listStyle) fresh(p Packet) {
	l.p, l.unplaced, l.said, l.alien, l.failed = p, false, false, false, false
}

func (l *listStyle) more(line []byte) bool {
	if l.continues(line) {
		return true
	}
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
	if rest, ok := bytes.CutPrefix(bytes.TrimLeft(line, " \t"), []byte("Frame ")); ok && l.p.Number > 0 {
		if n, w := decimal(rest); w > 0 && int(n) == l.p.Number {
			l.r.listed, l.p.Style = l.p, "" // its dissection follows, and says more as a rule
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
	word := t
	if k := bytes.IndexByte(t, ' '); k > 0 {
		word = t[:k]
	}
	for _, sep := range [...]byte{',', ';'} { // unquoted
		if bytes.Count(word, []byte{sep}) >= 4 {
			return sep
		}
	}
	return ' '
}

// split cuts a line with a separator into cells.
func (l *listStyle) split(line []byte, sep byte) {
	switch sep {
	case ',', ';':
		if bytes.IndexByte(line, '"') < 0 || sep == ';' {
			n := len(l.columns)
			if info := tcpInfo(line); n == 0 && info > 0 {
				n = bytes.Count(line[:info], []byte{sep}) + 1
			} else if n == 0 {
				n = -1
			}
			l.cells = append(l.cells, bytes.SplitN(line, []byte{sep}, n)...)
			return
		}
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
			if words && k < len(l.cells) && isArrow(l.cells[k]) {
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
	src, dst, ports := -1, -1, [2]uint16{}
	for i := 0; i < len(l.cells)-2 && i < 8; i++ {
		j, at, arrow, ok := l.ends(i)
		if !ok || !known && !(l.learned.ok && i == l.learned.words) &&
			!(overTCP[string(l.cells[j+1])] && (arrow || l.numbersAround(i, j))) {
			continue
		}
		src, dst, ports = i, j, at
		break
	}
	if src < 0 {
		return false
	}
	to := dst
	if ports != [2]uint16{} {
		to--
	}
	if !l.end(&l.p.Src, l.cells[src]) || !l.end(&l.p.Dst, l.cells[to]) || !l.before(l.cells[:src]) && !known {
		return false
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
	if k >= len(l.cells) || !l.info(proto, l.tail(k), ports) {
		return false
	}
	if known {
		l.learned = shape{src, sep, true}
	}
	return true
}

// numbersAround reports whether addresses, and not names, stand in two cells, with a time before them and a length
// behind the protocol: so much is no prose.
func (l *listStyle) numbersAround(src, dst int) bool {
	_, ok1 := addrOf(l.cells[src])
	_, ok2 := addrOf(l.cells[dst])
	return ok1 && ok2 && src > 0 && plainTime(l.cells[src-1]) && len(l.cells) > dst+2 && allDigits(l.cells[dst+2])
}

// infoAlone reads the cells where the column Info is all that a person copied, perhaps with a number, a time, the protocol
// and the length: the hosts are known by their ports alone.
func (l *listStyle) infoAlone() bool {
	before := l.cells[:len(l.cells)-1]
	for len(before) > 0 && (allDigits(before[len(before)-1]) && len(before) > 1 || string(before[len(before)-1]) == "TCP") {
		before = before[:len(before)-1]
	}
	for len(before) > 0 && (string(before[0]) == "-" || string(before[0]) == "*" || string(before[0]) == "Frame") {
		before = before[1:]
	}
	if len(before) == 1 { // of a numbered list
		before[0] = bytes.TrimRight(before[0], ".)#")
	}
	src, dst, ok := bothPorts(infoPorts(l.cells[len(l.cells)-1]))
	if !ok {
		return false
	}
	a, ok1 := l.r.portOf(port(src))
	b, ok2 := l.r.portOf(port(dst))
	if !ok1 || !ok2 || a == b || !l.before(before) || !l.info([]byte("TCP"), l.cells[len(l.cells)-1], [2]uint16{}) {
		return false
	}
	l.p.Src, l.p.Dst = l.r.atPort(l.p.Src.Port), l.r.atPort(l.p.Dst.Port)
	return true
}

// infoPorts returns what stands before the flags, behind Wireshark's remarks.
func infoPorts(info []byte) []byte {
	for bytes.HasPrefix(info, []byte("[")) {
		k := bytes.IndexByte(info, ']')
		if k < 0 {
			return nil
		}
		info = bytes.TrimLeft(info[k+1:], " ")
	}
	before, _, _ := bytes.Cut(info, []byte("["))
	return before
}

// before reads the cells before the first address: a number, times, and what a log put before them. It reports whether
// all of them were understood.
func (l *listStyle) before(cells [][]byte) bool {
	for i, c := range cells {
		if isMonth(c) && len(cells) >= i+4 && l.time(bytes.Join(cells[i:], []byte(" "))) {
			return l.numbered(cells[:i])
		}
	}
	k := len(cells)
	for k > 0 && len(cells[k-1]) > 0 && (bytes.IndexAny(cells[k-1], ".:,") > 0 || k > 1 && allDigits(cells[k-1]) &&
		allDigits(cells[k-2]) && k == len(cells)) && plainTime(cells[k-1]) {
		k--
	}
	times := cells[k:]
	if k > 0 && bytes.IndexByte(cells[k-1], ' ') > 0 && l.time(cells[k-1]) { // with a date, in a cell
		return l.numbered(cells[:k-1])
	}
	if k > 0 {
		if _, ok := dateOf(cells[k-1]); ok && len(times) > 0 {
			k--
			return l.time(bytes.Join([][]byte{cells[k], times[0]}, []byte(" "))) && l.numbered(cells[:k])
		}
	}
	if len(times) > 0 && !l.time(times[0]) {
		return false
	}
	return l.numbered(cells[:k])
}

// numbered reads the number of the packet, the last of cells.
func (l *listStyle) numbered(cells [][]byte) bool {
	if len(cells) == 0 {
		return true
	}
	if n, ok := whole(bytes.TrimSuffix(cells[len(cells)-1], []byte(":"))); ok {
		l.p.Number = int(n)
	} else if k := bytes.LastIndexByte(cells[len(cells)-1], ':'); k > 0 && len(cells) == 1 { // of grep
		n, ok := whole(cells[0][k+1:])
		l.p.Number = int(n)
		return ok
	} else {
		return false
	}
	return len(cells) == 1
}

// plainTime reports whether a cell is a time of one word.
func plainTime(c []byte) bool {
	if _, ok := seconds(c); ok {
		return true
	}
	if _, _, ok := clockOf(c); ok {
		return true
	}
	_, ok := minutes(c)
	return ok
}

// ends reports whether two ends stand in the cells from i on, with ports behind the addresses or without, and a
// protocol behind them. Its last cell is the one at last.
func (l *listStyle) ends(i int) (last int, ports [2]uint16, arrow, ok bool) {
	cell := func(k int) []byte {
		if k < len(l.cells) {
			return l.cells[k]
		}
		return nil
	}
	last = i + 1
	n, ok1 := whole(cell(i + 1))
	m, ok2 := whole(cell(i + 3))
	if ok1 && ok2 && n < 1<<16 && m < 1<<16 && len(l.cells) > i+4 {
		last, ports = i+3, [2]uint16{uint16(n), uint16(m)}
		return last, ports, false, plausible(cell(i)) && plausible(cell(i+2)) && isProtocol(cell(i+4))
	}
	if arrow = isArrow(cell(last)); arrow {
		last++
	}
	return last, ports, arrow, last < len(l.cells)-1 && plausible(cell(i)) && plausible(cell(last)) &&
		isProtocol(cell(last+1))
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
