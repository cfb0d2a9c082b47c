package pasted

import (
	"bytes"
	"io"
	"net/netip"
	"slices"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/decode"
	"github.com/rstexplain/rstexplain/flows"
)

// A Reason says why lines brought no segment.
type Reason uint8

// The reasons.
const (
	OtherProtocol Reason = iota // packets of UDP, ARP, ICMP and others
	Quiet                       // printed by tcpdump -q
	NoFlags                     // without the flags of TCP
	TooLarge                    // a number does not fit its field
	LongLine                    // cut
	BadDump                     // a hex dump of no packet
	Sockets                     // ss, netstat: sockets and no packets
	Stream                      // what "Follow stream" shows
	RouterOS                    // its packet sniffer
	Netfilter                   // the LOG target of iptables, without sequence numbers
	Conntrack                   // connections
	Kernel                      // pwru: functions of the kernel
	Ngrep                       // without sequence numbers
	Headless                    // tshark -T fields without the names of the fields
	NoPlace                     // the words of an application, in a connection that no line before it names
	Joined                      // packets in a line with others, from which nothing parts them
	Unread                      // lines that show flags or numbers of TCP, and no packet
	reasons
)

// Unfit returns why lines that show connections or packets cannot be read: what most of them are.
func (r *Reader) Unfit() (why Reason, ok bool) {
	most := 0
	for _, k := range [...]Reason{NoFlags, Netfilter, Conntrack, Kernel, Ngrep, Headless, NoPlace, Unread, Joined} {
		if n := r.Left[k].Count; n > most {
			why, most = k, n
		}
	}
	return why, most > 0
}

// String says the reason for a report, complete but for the count.
func (r Reason) String() string {
	return [...]string{
		"lines of other protocols than TCP",
		"lines that tcpdump printed with -q, without flags and numbers",
		"packets of TCP whose flags the text does not hold",
		"lines with a number that does not fit its field",
		"lines longer than 64 KiB, of which the rest was passed over",
		"hex dumps that hold no IP packet",
		"lines of ss or netstat: they list sockets and no packets",
		"prints of \"Follow stream\": it shows the data and no packets",
		"packets that RouterOS's sniffer shows, without flags and numbers; save them with file-name and give that file",
		"packets that iptables logged without their sequence numbers (LOG --log-tcp-sequence writes them)",
		"lines of conntrack: they list connections and no packets",
		"lines of pwru: they list the kernel's functions, and nothing of TCP but flags",
		"packets that ngrep or tcpsnoop shows, without sequence numbers",
		"lines of fields without their names; tshark -T fields -E header=y prints these",
		"lines that show an application's words, with nothing in the text to tell their connection",
		"packets in one line with others, whose beginnings could not be found; paste them with their line breaks",
		"lines that show a packet's flags and numbers, but cannot be read as a packet",
	}[r]
}

// A Lines counts the lines, or packets, of one reason.
type Lines struct{ Count, First int }

// An Item is what was read of one packet: a segment of TCP, or an ICMP error about one.
type Item struct {
	Line    int // of the text
	Number  int // as the text numbers it, 0: it does not
	Paste   int // of several in one text, from 0: Reader.Pastes
	ICMP    bool
	Segment flows.Segment
	Note    flows.ICMPNote
	SACK    []uint32 // edges of the blocks, valid as the Item is
}

// A verdict is what a style makes of a line.
type verdict uint8

const (
	foreign verdict = iota // no line of this style
	taken                  // understood, and done with
	opened                 // begins a packet that further lines may belong to
)

// A style reads the lines of one program.
type style interface {
	begin(line []byte) verdict
	more(line []byte) bool // reports whether a line belongs to the packet that begin opened
	close()                // the packet is complete
}

// oneLine is what styles have in common whose packets are lines.
type oneLine struct {
	r *Reader
	p Packet
}

func (o *oneLine) more([]byte) bool { return false }
func (o *oneLine) close()           { o.r.put(&o.p) }

// A Reader reads packets from text.
type Reader struct {
	Packets int                  // read so far
	Left    [reasons]Lines       // what brought no segment
	Styles  map[Style]int        // packets by style
	Lacks   map[flows.Fields]int // packets that lack a field
	Pastes  []Paste              // that were told apart

	lines      *lines
	styles     []style
	open       style
	last       style // that took a line before
	quoted     bool  // the packet at hand is quoted: so are its further lines
	followed   followed
	names      names
	ports      map[string]uint16
	portNames  []string
	faces      map[string]uint16
	numbers    numbering
	clock      clockwork
	decoder    decode.Decoder
	before     int // the text's number of the packet before
	parting    parting
	first      first // of the paste
	timed      timedLine
	f5Causes   []f5Cause
	guessed    tally    // ICMP errors whose connection was guessed
	byLines    tally    // packets whose dump shows no segment
	unmeasured []Packet // lines of one connection, from one that does not show its length on
	waiting    []Packet // lines of an application that wait for one that names their connection
	tear       tear
	torn       torn
	listed     Packet // the line of the packet list before a dissection

	out  []Item
	next int
	end  bool
	err  error
}

// NewReader returns a Reader of the text.
func NewReader(text io.Reader) *Reader {
	r := &Reader{lines: newLines(text), Styles: map[Style]int{}, Lacks: map[flows.Fields]int{}}
	r.styles = []style{
		&tcpdumpStyle{r: r},
		&snoopStyle{oneLine{r: r}},
		&listStyle{r: r},
		&treeStyle{r: r},
		&fortiStyle{r: r},
		&netmonStyle{oneLine{r: r}},
		&checkPointStyle{r: r},
		&netfilterStyle{oneLine{r: r}},
		&ipreportStyle{r: r},
		&fieldsStyle{r: r},
		&psmlStyle{r: r},
		&dumpStyle{r: r},
	}
	return r
}

// Next returns the next packet; it is valid until the next call. At the end of the text it returns io.EOF, or the error
// that ended it.
func (r *Reader) Next() (*Item, error) {
	for r.next >= len(r.out) || r.timeless() {
		if r.end {
			return nil, r.err
		}
		if r.next >= len(r.out) {
			r.out, r.next = r.out[:0], 0
		}
		line, err := r.lines.next()
		if err != nil {
			r.shut()
			r.measure()
			for i := range r.waiting {
				r.leaveAt(NoPlace, r.waiting[i].Line)
			}
			r.end, r.err = true, err
			r.Left[LongLine] = Lines{r.lines.long, r.lines.first}
			r.Left[Joined] = r.lines.joined
			continue
		}
		r.take(line)
	}
	r.next++
	return &r.out[r.next-1], nil
}

// maxTimeless is how many packets without a time wait for one that has it.
const maxTimeless = 16

// timeless reports whether the packets at hand, the first ones of the text, have no time yet: where the text was cut in
// the middle of a packet, they get that of the next one.
func (r *Reader) timeless() bool {
	if r.end || r.clock.begun || r.Packets != len(r.out) || r.Packets >= maxTimeless {
		if r.clock.begun && r.next == 0 && r.Packets == len(r.out) {
			for i := range r.out {
				if s := &r.out[i].Segment; s.Unknown.Has(flows.FieldTime) {
					s.Time = flows.Time(r.clock.last)
				}
			}
		}
		return false
	}
	return true
}

// take reads one line.
func (r *Reader) take(line []byte) {
	before := len(line)
	q := unquoted(line)
	quoted := len(q) != len(line)
	if quoted && r.quoted {
		line, quoted = q, false
	}
	if r.open != nil && r.open.more(line) || quoted && r.open != nil && r.open.more(q) {
		return
	}
	line = q
	r.quoted = len(q) != before
	r.shut()
	if r.last != nil && r.begins(r.last, line) {
		return
	}
	for _, s := range r.styles {
		if s != r.last && r.begins(s, line) {
			r.last = s
			return
		}
	}
	if r.mend(line) {
		return
	}
	r.tears(line)
	r.stray(line)
}

func (r *Reader) begins(s style, line []byte) bool {
	switch s.begin(line) {
	case opened:
		r.open = s
	case taken:
	case foreign:
		return false
	}
	return true
}

func (r *Reader) shut() {
	if r.open != nil {
		r.open.close()
		r.open = nil
	}
}

// leave counts the line at hand as left out.
func (r *Reader) leave(why Reason) { r.leaveAt(why, r.lines.n) }

func (r *Reader) leaveAt(why Reason, line int) {
	if r.Left[why].Count++; r.Left[why].Count == 1 {
		r.Left[why].First = line
	}
}

// unleave takes back the line that was counted last: its bytes tell what it is.
func (r *Reader) unleave(state parsed) {
	why := OtherProtocol
	if state == quiet {
		why = Quiet
	}
	r.Left[why].Count--
}

// face numbers the interfaces that the text names.
func (r *Reader) face(name []byte) uint16 {
	if n, ok := r.faces[string(name)]; ok {
		return n
	}
	if r.faces == nil {
		r.faces = map[string]uint16{}
	}
	if len(r.faces) >= 1000 {
		return 0
	}
	r.faces[string(name)] = uint16(len(r.faces))
	return r.faces[string(name)]
}

// stray takes a line that no style knows.
func (r *Reader) stray(line []byte) {
	t := bytes.TrimSpace(line)
	switch {
	case len(t) == 0:
	case omission(t):
		r.measure()
		r.numbers.omit()
	case r.followed.line(t):
		r.leave(Stream)
	case sockets(t):
		r.leave(Sockets)
	case routerOS(t):
		r.leave(RouterOS)
	default:
		if why, ok := logLine(t); ok {
			r.leave(why)
			return
		}
		if shown(t) > 0 {
			r.leave(Unread)
			r.torn.unread = true
		}
		if at, clock, ok := clockOf(firstWord(t)); ok {
			r.timed = timedLine{r.lines.n, at, clock}
		}
		r.measure()
		r.parting.words(t)
	}
}

// put takes a packet of a style.
func (r *Reader) put(p *Packet) {
	if !r.wait(p) {
		r.settle(p)
	}
}

// settle takes a packet of which all is known that the text says.
func (r *Reader) settle(p *Packet) {
	if p.Has&HasDump != 0 {
		r.decode(p)
		return
	}
	if !p.Src.IP.IsValid() || !p.Dst.IP.IsValid() || p.Has&HasFlags == 0 && p.Words&SaysApplication == 0 {
		r.leaveAt(NoFlags, p.Line)
		return
	}
	r.begun(p)
	r.Packets++
	r.Styles[p.Style]++
	it := r.item(p)
	r.numbers.resolve(p, r.clock.moment(p), &it.Segment)
	it.SACK = r.numbers.sack(p)
	it.Segment.Frame = r.Packets
	for f := flows.Fields(1); f <= it.Segment.Unknown; f <<= 1 {
		if it.Segment.Unknown&f != 0 {
			r.Lacks[f]++
		}
	}
}

// Names returns the names that stand for addresses in what was read so far, in the order in which they were met.
func (r *Reader) Names() []string { return r.names.order }

// Address returns the address of a name.
func (r *Reader) Address(name string) netip.Addr { return r.names.of[name] }

// maxWaiting is how many lines of an application may wait.
const maxWaiting = 64

// hold puts by a line that shows an application's words, before any line that names a connection of its hosts.
func (r *Reader) hold(p *Packet) {
	if len(r.waiting) >= maxWaiting {
		r.leaveAt(NoPlace, r.waiting[0].Line)
		r.waiting = slices.Delete(r.waiting, 0, 1)
	}
	r.waiting = append(r.waiting, *p)
	r.waiting[len(r.waiting)-1].SACK = slices.Clone(p.SACK)
}

// place gives the lines that wait the connection that p names, and takes them.
func (r *Reader) place(p *Packet) {
	if len(r.waiting) == 0 {
		return
	}
	var mine []Packet
	rest := r.waiting[:0]
	for _, w := range r.waiting {
		switch {
		case w.Src.IP == p.Src.IP && w.Dst.IP == p.Dst.IP:
			w.Src.Port, w.Dst.Port = p.Src.Port, p.Dst.Port
			mine = append(mine, w)
		case w.Src.IP == p.Dst.IP && w.Dst.IP == p.Src.IP:
			w.Src.Port, w.Dst.Port = p.Dst.Port, p.Src.Port
			mine = append(mine, w)
		default:
			rest = append(rest, w)
		}
	}
	r.waiting = rest
	if len(mine) == 0 {
		return
	}
	r.numbers.backward(p, mine)
	for i := range mine {
		r.put(&mine[i])
	}
}

// item makes room for what comes of p.
func (r *Reader) item(p *Packet) *Item {
	r.out = append(r.out, Item{Line: p.Line, Number: p.Number, Paste: len(r.Pastes) - 1})
	return &r.out[len(r.out)-1]
}

// decode reads the bytes of p.
func (r *Reader) decode(p *Packet) {
	data := p.Dump
	link, length := linkOf(data)
	if link == noLink {
		data = data[inside(data):]
		link, length = linkOf(data)
	}
	c := capture.Packet{Data: data, Frame: r.Packets + 1, Length: uint32(length), Link: link}
	if link == noLink {
		if !r.byLine(p) {
			r.leaveAt(BadDump, p.Line)
		}
		return
	}
	_, c.Time = r.clock.after(p)
	var segment flows.Segment
	kind := r.decoder.Decode(&c, &segment)
	known := kind == decode.Segment || kind == decode.ICMPError
	if !known && r.byLine(p) {
		return
	}
	r.begun(p)
	at := flows.Time(r.clock.moment(p))
	if !known {
		r.leaveAt(OtherProtocol, p.Line)
		return
	}
	r.Packets++
	r.Styles[p.Style]++
	it := r.item(p)
	if kind == decode.ICMPError {
		it.ICMP, it.Note = true, r.decoder.Note
		it.Note.Time = at
		return
	}
	it.Segment = segment
	it.Segment.Time = at
	it.Segment.Payload = slices.Clone(segment.Payload)
	it.Segment.Interface = p.Face
	r.numbers.observe(&it.Segment, p.Line)
}

// byLine takes a packet whose dump shows no segment from the line before the dump, where that shows one.
func (r *Reader) byLine(p *Packet) bool {
	if p.Has&HasFlags == 0 || p.Has&HasPorts == 0 {
		return false
	}
	p.Has &^= HasDump
	r.byLines.add(p.Line)
	r.put(p)
	return true
}
