package pasted

import (
	"bytes"
	"encoding/binary"
)

// maxDump is how many bytes of a packet are taken from its dump.
const maxDump = 64 << 10

// A dump gathers the bytes of one packet from the lines of a hex dump: tcpdump's ("0x0010:  4500 003c"), Wireshark's,
// and FortiGate's.
type dump struct {
	buf []byte
	n   int // lines
}

func (d *dump) reset() { d.buf, d.n = d.buf[:0], 0 }

func (d *dump) bytes() []byte { return d.buf }

// take adds a line, if it is the next of the dump.
func (d *dump) take(line []byte) bool {
	at, rest, ok := dumpOffset(line)
	if !ok || at != len(d.buf) || at > maxDump {
		return false
	}
	n := len(d.buf)
	d.buf = dumpBytes(d.buf, rest)
	if len(d.buf) == n {
		return false
	}
	d.n++
	return true
}

// dumpOffset reads the offset that a line of a dump begins with.
func dumpOffset(line []byte) (at int, rest []byte, ok bool) {
	t := bytes.TrimLeft(line, " \t")
	prefixed := bytes.HasPrefix(t, []byte("0x"))
	if prefixed {
		t = t[2:]
	}
	v, w := hexadecimal(t)
	if w < 4 || w > 8 || v > maxDump || len(t) < w+2 {
		return 0, nil, false
	}
	t = t[w:]
	colon := t[0] == ':'
	if colon {
		t = t[1:]
	}
	if prefixed && !colon && t[0] != '\t' && t[0] != ' ' ||
		!prefixed && !bytes.HasPrefix(t, []byte(" ")) && !bytes.HasPrefix(t, []byte("\t")) {
		return 0, nil, false
	}
	if v&15 != 0 {
		return 0, nil, false
	}
	return int(v), bytes.TrimLeft(t, " \t"), true
}

// dumpBytes appends the bytes of a line, at most sixteen: groups of two or four digits with single blanks between them;
// behind two blanks stands their text.
func dumpBytes(to, b []byte) []byte {
	from := len(to)
	for len(to)-from < 16 {
		v, w := hexadecimal(b)
		if w == 0 || w&1 != 0 || len(b) > w && b[w] != ' ' && b[w] != '\t' {
			return to
		}
		for k := w - 2; k >= 0 && len(to)-from < 16; k -= 2 {
			to = append(to, byte(v>>(4*k)))
		}
		b = b[w:]
		if len(b) == 0 {
			return to
		}
		b = b[1:]
		if len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
			// Wireshark sets eight bytes apart from eight by two blanks; text is farther to the right.
			if len(to)-from != 8 || len(b) < 3 || b[1] == ' ' {
				return to
			}
			b = b[1:]
		}
	}
	return to
}

// The link types (https://www.tcpdump.org/linktypes.html) that a dump is looked at for.
const (
	linkNull     = 0
	linkEthernet = 1
	linkRaw      = 101
	linkSLL      = 113
	linkNFLOG    = 239
	linkSLL2     = 276
	noLink       = 1<<16 - 1
)

// maxLinkHeader is how far into a dump the IP header is looked for behind a link header that is not known here.
const maxLinkHeader = 128

// inside finds the IP header in a packet whose link header is not known here, of FDDI, Token Ring or NFLOG for example:
// behind the EtherType of IP, as SNAP and others have it, or by the checksum of IPv4. It returns 0 where there is none.
func inside(b []byte) int {
	for at := 1; at+20 <= len(b) && at <= maxLinkHeader; at++ {
		typed := func(typ uint16) bool { return at >= 2 && uint16(b[at-2])<<8|uint16(b[at-1]) == typ }
		n := int(b[at+2])<<8 | int(b[at+3])
		switch {
		case b[at]>>4 == 4 && b[at]&15 >= 5 && (b[at+9] == 6 || b[at+9] == 1) && n >= 40 &&
			(typed(0x0800) || checksumOK(b[at:])):
			return at
		case b[at]>>4 == 6 && at+40 <= len(b) && (b[at+6] == 6 || b[at+6] == 58) && typed(0x86dd):
			return at
		}
	}
	return 0
}

// checksumOK reports whether the checksum of an IPv4 header is right.
func checksumOK(b []byte) bool {
	n := int(b[0]&15) * 4
	if n > len(b) || b[10]|b[11] == 0 {
		return false
	}
	sum := 0
	for i := 0; i < n; i += 2 {
		sum += int(b[i])<<8 | int(b[i+1])
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return sum == 0xffff
}

// linkOf finds what the bytes of a packet begin with, and how long the packet was on the wire.
func linkOf(b []byte) (link uint16, length int) {
	u16 := func(i int) int {
		if i+2 > len(b) {
			return -1
		}
		return int(b[i])<<8 | int(b[i+1])
	}
	ip := func(at int) (int, bool) {
		if at+20 > len(b) {
			return 0, false
		}
		switch b[at] >> 4 {
		case 4:
			n := u16(at + 2)
			return max(at+n, len(b)), b[at]&15 >= 5 && (n >= 20 || n == 0)
		case 6:
			return max(at+40+u16(at+4), len(b)), true
		}
		return 0, false
	}
	etherType := func(at int) bool {
		switch u16(at) {
		case 0x0800, 0x86dd, 0x8100, 0x88a8, 0x8864, 0x8847:
			return true
		}
		return false
	}
	switch {
	case etherType(12):
		if n, ok := ip(14); ok {
			return linkEthernet, n
		}
		return linkEthernet, len(b)
	case etherType(14) && u16(0) <= 4:
		if n, ok := ip(16); ok {
			return linkSLL, n
		}
	case etherType(0):
		if n, ok := ip(20); ok {
			return linkSLL2, n
		}
	}
	if len(b) > 4 && (b[0] == 2 || b[0] == 0x1e || b[0] == 0x18) && b[1]|b[2]|b[3] == 0 {
		if n, ok := ip(4); ok {
			return linkNull, n
		}
	}
	if n, ok := ip(0); ok {
		return linkRaw, n
	}
	if isNFLOG(b) {
		return linkNFLOG, len(b)
	}
	return noLink, 0
}

// isNFLOG reports whether a packet begins as Linux's netfilter log has it: family, version 0, and attributes, the last
// of which is the payload.
func isNFLOG(b []byte) bool {
	const payload = 9
	if len(b) < 8 || b[0] != 2 && b[0] != 7 && b[0] != 10 || b[1] != 0 {
		return false
	}
	for at := 4; at+4 <= len(b); {
		n, typ := int(binary.LittleEndian.Uint16(b[at:])), binary.LittleEndian.Uint16(b[at+2:])
		if n < 4 {
			return false
		}
		if typ == payload {
			return n > 4
		}
		at += (n + 3) &^ 3
	}
	return false
}

// A timedLine is a line that no style knows, but which begins with a time: a dump behind it was captured then.
type timedLine struct {
	line  int
	time  int64
	clock Clock
}

// A dumpStyle reads hex dumps that stand alone: what Wireshark and tshark print with -x, and text2pcap reads.
type dumpStyle struct {
	r     *Reader
	p     Packet
	dump  dump
	other bool // the next dump is of no packet
}

// dumpHeading reports whether a line is the heading of a dump, as Wireshark prints it where a packet has several:
// "Frame (101 bytes):", which is its own, or of what was put together or decrypted, "Reassembled TCP (1483 bytes):".
func dumpHeading(line []byte) (own, ok bool) {
	if len(line) == 0 || line[0] < 'A' || line[0] > 'Z' || !bytes.HasSuffix(line, []byte(" bytes):")) {
		return false, false
	}
	open := bytes.LastIndexByte(line, '(')
	if open < 2 || !allDigits(line[open+1:len(line)-len(" bytes):")]) {
		return false, false
	}
	return string(line[:open]) == "Frame ", true
}

func (d *dumpStyle) begin(line []byte) verdict {
	d.dump.reset()
	if own, ok := dumpHeading(line); ok {
		d.other = !own
		return taken
	}
	at, _, ok := dumpOffset(line)
	if !ok || at != 0 || !d.dump.take(line) || len(d.dump.buf) < 16 {
		return foreign
	}
	d.p = Packet{Line: d.r.lines.n, Style: HexDump, Form: Raw}
	if at := d.r.timed; at.line > 0 && at.line == d.p.Line-1 {
		d.p.Time, d.p.Clock = at.time, at.clock
	}
	return opened
}

func (d *dumpStyle) more(line []byte) bool { return d.dump.take(line) }

func (d *dumpStyle) close() {
	if d.other {
		d.other = false
		return
	}
	d.p.Dump, d.p.Has = d.dump.bytes(), HasDump
	d.r.put(&d.p)
}
