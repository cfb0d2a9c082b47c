package wire

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
)

// A Script is what a text holds, in the order of its lines.
type Script struct {
	Items []Item
}

// An Item is one line that the capture point saw: a segment, or an ICMP error.
type Item struct {
	Line    int // 1-based line of the text
	Segment *flows.Segment
	ICMP    *flows.ICMPNote
	Quoted  *Quoted // what ICMP quotes
}

// A Quoted is a segment quoted by an ICMP error, of which Len bytes are there.
type Quoted struct {
	flows.Segment
	Len int
}

// Numbered tells whether Wireshark gives a stream number to the quoted segment: it does when it sees the
// header as far as the window field, unless the error is a redirect.
func (it *Item) Numbered() bool { return it.Quoted.Len >= 16 && (it.ICMP.Type != 5 || it.ICMP.V6) }

// Parse returns the segments of text. An error names the line and what is wrong with it; lines with
// ICMP errors are checked and left out (see Read).
func Parse(text string) ([]flows.Segment, error) {
	s, err := Read(text)
	if err != nil {
		return nil, err
	}
	var segs []flows.Segment
	for _, it := range s.Items {
		if it.Segment != nil {
			segs = append(segs, *it.Segment)
		}
	}
	return segs, nil
}

// MustParse is Parse for texts that are constants of a test; it panics on an error.
func MustParse(text string) []flows.Segment {
	segs, err := Parse(text)
	if err != nil {
		panic(err)
	}
	return segs
}

// Read returns all that text holds. An error names the line and what is wrong with it.
func Read(text string) (*Script, error) {
	p := parser{conns: map[int]*conn{}, frame: 1, start: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), current: 1}
	for i, line := range strings.Split(text, "\n") {
		p.line = i + 1
		if err := p.read(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return &p.script, nil
}

// Play gives all items of s to t, in order. It does not flush.
func (s *Script) Play(t *track.Table) {
	for _, it := range s.Items {
		if it.Segment != nil {
			t.Add(it.Segment)
			continue
		}
		if it.Numbered() {
			t.Number(&it.Quoted.Segment)
		}
		t.AddICMP(*it.ICMP)
	}
}

// Resets runs text through a table with default options and returns its resets in the order of their
// frames.
func Resets(text string) ([]*flows.Reset, error) {
	s, err := Read(text)
	if err != nil {
		return nil, err
	}
	var out []*flows.Reset
	t := track.NewTable(track.TableOptions{}, func(r *flows.Reset) { out = append(out, r) })
	s.Play(t)
	t.Flush()
	return out, nil
}

// parser holds what earlier lines have set.
type parser struct {
	script  Script
	conns   map[int]*conn
	current int
	start   time.Time
	now     time.Duration
	frame   int
	line    int
}

// conn is a connection of the script.
type conn struct {
	side [2]side
}

// side is one end of it: what its segments carry unless their line says otherwise.
type side struct {
	addr   netip.AddrPort
	iss    flows.Seq
	ttl    uint8
	win    uint16
	ipid   uint16
	runs   bool // ipid counts
	df     bool
	mac    uint64
	vlan   uint32
	iface  uint16
	ts     bool
	tsBase uint32
	tsLast uint32 // last timestamp sent, echoed by the peer
}

// conn returns connection n, made on first use.
func (p *parser) conn(n int) *conn {
	c := p.conns[n]
	if c == nil {
		c = &conn{}
		c.side[0] = side{addr: netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), uint16(40000+n)),
			iss: flows.Seq(1000 * n), ttl: 64, win: 64240, ipid: 1, runs: true, df: true}
		c.side[1] = side{addr: netip.AddrPortFrom(netip.MustParseAddr("198.51.100.1"), 80),
			iss: flows.Seq(500000 + 1000*n), ttl: 64, win: 65160, ipid: 1, runs: true, df: true}
		p.conns[n] = c
	}
	return c
}

// read reads one line.
func (p *parser) read(line string) error {
	words, err := split(line)
	if err != nil || len(words) == 0 {
		return err
	}
	switch words[0] {
	case "conn":
		return p.readConn(words[1:])
	case ">", "<":
		return p.conn(p.current).side[sideOf(words[0])].set(words[1:])
	case "start":
		if len(words) != 2 {
			return fmt.Errorf("start wants one time")
		}
		p.start, err = time.Parse(time.RFC3339Nano, words[1])
		return err
	case "frame":
		if len(words) != 2 {
			return fmt.Errorf("frame wants one number")
		}
		p.frame, err = strconv.Atoi(words[1])
		return err
	}
	return p.readTimed(words)
}

// readConn reads "conn N [ADDR > ADDR]" after its first word.
func (p *parser) readConn(words []string) error {
	if len(words) != 1 && len(words) != 4 {
		return fmt.Errorf("conn wants a number, and may have ADDR > ADDR")
	}
	n, err := strconv.Atoi(words[0])
	if err != nil || n < 0 {
		return fmt.Errorf("conn wants a number, not %q", words[0])
	}
	p.current = n
	c := p.conn(n)
	if len(words) == 1 {
		return nil
	}
	if words[2] != ">" {
		return fmt.Errorf("conn wants ADDR > ADDR, not %q between the addresses", words[2])
	}
	for i, w := range []string{words[1], words[3]} {
		if c.side[i].addr, err = netip.ParseAddrPort(w); err != nil {
			return err
		}
	}
	return nil
}

// readTimed reads a line that begins with a time: a segment or an ICMP error.
func (p *parser) readTimed(words []string) error {
	at, err := p.moment(words[0])
	if err != nil {
		return err
	}
	if len(words) < 2 {
		return fmt.Errorf("nothing after the time %q", words[0])
	}
	n := p.current
	dir := strings.TrimLeft(words[1], "0123456789")
	if num := words[1][:len(words[1])-len(dir)]; num != "" {
		if n, err = strconv.Atoi(num); err != nil {
			return fmt.Errorf("bad connection number %q", num)
		}
	}
	c := p.conn(n)
	item := Item{Line: p.line}
	switch dir {
	case ">", "<":
		item.Segment, err = p.segment(c, sideOf(dir), at, words[2:])
	case "icmp":
		item.ICMP, item.Quoted, err = p.icmp(c, at, words[2:])
	default:
		err = fmt.Errorf("%q is neither a direction (> or <) nor icmp", words[1])
	}
	if err != nil {
		return err
	}
	p.now = at
	p.script.Items = append(p.script.Items, item)
	return nil
}

// moment reads a time: seconds from the start, or from the line before when it begins with + or −.
func (p *parser) moment(s string) (time.Duration, error) {
	d, err := time.ParseDuration(strings.TrimSuffix(s, "s") + "s")
	if err != nil {
		return 0, fmt.Errorf("%q is neither a directive nor a time in seconds", s)
	}
	if s[0] == '+' || s[0] == '-' {
		d += p.now
	}
	return d, nil
}

// takeFrame gives the next frame number.
func (p *parser) takeFrame() int {
	p.frame++
	return p.frame - 1
}

func sideOf(dir string) int {
	if dir == ">" {
		return 0
	}
	return 1
}

// split cuts a line into words; a string literal and an option list in angle brackets are one word each.
func split(line string) ([]string, error) {
	var words []string
	for {
		line = strings.TrimLeft(line, " \t\r")
		switch {
		case line == "" || line[0] == '#':
			return words, nil
		case line[0] == '"':
			q, err := strconv.QuotedPrefix(line)
			if err != nil {
				return nil, fmt.Errorf("string is not closed, or has a bad escape: %s", line)
			}
			words, line = append(words, q), line[len(q):]
		case line[0] == '<' && len(words) > 2: // earlier, "<" is a direction
			end := strings.IndexByte(line, '>')
			if end < 0 {
				return nil, fmt.Errorf("option list is not closed: %s", line)
			}
			words, line = append(words, line[:end+1]), line[end+1:]
		default:
			end := strings.IndexAny(line, " \t\r")
			if end < 0 {
				end = len(line)
			}
			words, line = append(words, line[:end]), line[end:]
		}
	}
}
