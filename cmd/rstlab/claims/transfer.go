package claims

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// Lines of FTP that announce the port of a data connection (RFC 959 §4.1.2, RFC 2428), and that ask for a transfer.
var (
	portOfSix  = regexp.MustCompile(`(?im)^(?:PORT |227[ -].*?)\(?\d+,\d+,\d+,\d+,(\d+),(\d+)`)
	portOfBars = regexp.MustCompile(`(?im)^(?:EPRT |229[ -].*?\()(.)[^\r\n]*?\D(\d+)\D\)?`)
	fileVerb   = regexp.MustCompile(`(?im)^(RETR|STOR|STOU|APPE|LIST|NLST|MLSD)\b`)
)

// lineFrom returns what a side says from a packet on, in this and its next two segments with data.
func (c *Capture) lineFrom(p *Packet) string {
	var b strings.Builder
	n := 0
	for _, s := range c.Streams[p.Stream] {
		if s.Frame >= p.Frame && s.Src == p.Src && s.Len > 0 && !s.Copy && n < 3 {
			b.Write(s.Payload)
			n++
		}
	}
	return b.String()
}

// announced returns the ports that the lines of a text announce.
func announced(text string) (ports []uint16) {
	for _, m := range portOfSix.FindAllStringSubmatch(text, -1) {
		hi, _ := strconv.Atoi(m[1])
		lo, _ := strconv.Atoi(m[2])
		ports = append(ports, uint16(hi<<8|lo))
	}
	for _, m := range portOfBars.FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(m[2])
		ports = append(ports, uint16(n))
	}
	return ports
}

func announces(text string, port uint16) bool {
	for _, p := range announced(text) {
		if p == port {
			return true
		}
	}
	return false
}

// opener returns the SYN of a stream.
func (c *Capture) opener(stream int) *Packet {
	for _, s := range c.Streams[stream] {
		if isSYN(s) {
			return s
		}
	}
	return nil
}

// checkFTPTransfer: the frames are the lines of a control connection between the same hosts.
func checkFTPTransfer(q *question) {
	l := q.frames()
	if len(l) < 2 {
		q.fail("it names no line that announces the connection, or no command")
		return
	}
	for _, p := range l {
		if hosts := pairOf(p); hosts[0].Addr() != pairOf(q.rst)[0].Addr() || hosts[1].Addr() != pairOf(q.rst)[1].Addr() {
			q.fail("frame %d is of other hosts", p.Frame)
		}
	}
	if p := l[0]; p.Src.Addr() != q.responder.Addr() || !announces(q.c.lineFrom(p), q.responder.Port()) {
		q.fail("frame %d does not announce %v", p.Frame, q.responder)
	}
	verb, _, _ := strings.Cut(q.e.Values.Text, " ")
	if line := q.c.lineFrom(l[1]); !fileVerb.MatchString(line) || !strings.Contains(strings.ToUpper(line), verb) {
		q.fail("frame %d is no command %s", l[1].Frame, verb)
	}
	if up := verb == "STOR" || verb == "STOU" || verb == "APPE"; up == (q.side.Addr() != l[1].Src.Addr()) {
		q.fail("%s does not have %v send the data", verb, q.side)
	}
	if len(l) > 2 && (l[2].Src != l[1].Dst || !strings.HasPrefix(q.c.lineFrom(l[2]), "1")) {
		q.fail("frame %d is no preliminary reply", l[2].Frame)
	}
	q.sizeGiven(q.e.Values.Bytes, l[0].Stream)
}

// sizeGiven fails where no reply of a control connection before the RST holds a number of bytes.
func (q *question) sizeGiven(n int64, stream int) {
	if n == 0 {
		return
	}
	given := regexp.MustCompile(`(?m)^(213 |150 .*\(|125 .*\()` + strconv.FormatInt(n, 10) + `\b`)
	for _, p := range q.c.Streams[stream] {
		if p.Frame < q.rst.Frame && p.Len > 0 && given.MatchString(q.c.lineFrom(p)) {
			return
		}
	}
	q.fail("no reply gives a size of %d", n)
}

// checkTransferCut: no FIN of the side, and the frame acknowledges so many of its bytes.
func checkTransferCut(q *question) {
	own := q.by(q.side)
	for _, p := range own {
		if p.Has(FIN) && p.Frame < q.until() {
			q.fail("frame %d is a FIN", p.Frame)
		}
	}
	q.visible(q.side, 0, q.until(), 1)
	if q.e.Values.Bytes == 0 {
		return
	}
	p := q.c.byFrame[q.e.Frames[0]]
	for _, s := range own {
		if s.Has(SYN) {
			if got := int64(above(p.ACK, s.SEQ+1)); p.Src != q.peer || got != q.e.Values.Bytes {
				q.fail("frame %d acknowledges %d bytes", p.Frame, got)
			}
			return
		}
	}
	q.fail("no SYN of %v tells what is acknowledged", q.side)
}

// dataConnection returns the SYN of the claim's stream, after it has checked that the stream is the data connection that
// the RST's connection announced last, and the side of the frame.
func (q *question) dataConnection(p *Packet) *Packet {
	syn := q.c.opener(p.Stream)
	if syn == nil {
		q.fail("no SYN of the data connection was captured")
		return nil
	}
	last := uint16(0)
	for _, s := range q.conn {
		if s.Frame < q.rst.Frame && s.Len > 0 && s.Src.Addr() == syn.Dst.Addr() {
			for _, port := range announced(string(s.Payload)) {
				last = port
			}
		}
	}
	if last != syn.Dst.Port() || p.Src.Addr() != q.side.Addr() {
		q.fail("frame %d of %v is not of the data connection to port %d", p.Frame, p.Src, last)
	}
	q.span(p, q.rst)
	return syn
}

// closers returns the first FIN of a host in a stream, and its first FIN or RST.
func (c *Capture) closers(stream int, host netip.Addr) (fin, end *Packet) {
	for _, s := range c.Streams[stream] {
		if s.Src.Addr() != host || !s.Has(FIN) && !s.Has(RST) {
			continue
		}
		if end == nil {
			end = s
		}
		if fin == nil && s.Has(FIN) {
			fin = s
		}
	}
	return fin, end
}

func checkTransferEnded(q *question) {
	p := q.frame()
	if p == nil || q.dataConnection(p) == nil {
		return
	}
	if fin, _ := q.c.closers(p.Stream, p.Src.Addr()); fin != p {
		q.fail("frame %d is not the first FIN of its side", p.Frame)
	}
}

func checkTransferLeft(q *question) {
	p := q.frame()
	if p == nil || q.dataConnection(p) == nil {
		return
	}
	if _, end := q.c.closers(p.Stream, p.Src.Addr()); end != p {
		q.fail("frame %d is not the first FIN or RST of its side", p.Frame)
	}
	if fin, _ := q.c.closers(p.Stream, p.Dst.Addr()); fin != nil && fin.Frame < p.Frame {
		q.fail("the sender of the data had closed before, at frame %d", fin.Frame)
	}
}
