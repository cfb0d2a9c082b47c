package pasted

import (
	"bytes"
	"slices"
	"strings"

	"github.com/rstexplain/rstexplain/flows"
)

// People paste several prints in one text: of the client and of the server, of what works and of what fails. Each is a
// capture of its own. Where the next begins shows in a clock or in packet numbers that go back; where a person wrote
// something between two packets, also in a first packet that comes again, and in a heading before another connection.

// A Paste is one of several prints in a text.
type Paste struct {
	Line    int    // of its first packet
	Packet  int    // number of that packet among all that were read
	Heading string // what the text says of it, "" where it says nothing
}

// maxPastes is how many pastes are told apart.
const maxPastes = 64

// A parting is what was read between two packets.
type parting struct {
	prose   bool   // a person's words, or those of a program that begins or ends
	fresh   bool   // a program began
	heading string // words that are a heading
}

// words takes a line that is no packet, no blank and no omission mark.
func (d *parting) words(t []byte) {
	d.prose = true
	d.fresh = d.fresh || begins(t)
	if h, ok := headingOf(t); ok {
		d.heading = h
	}
}

// begins reports whether a capture program says that it begins, or is called.
func begins(t []byte) bool {
	for _, s := range [...]string{"listening on ", "Capturing on ", "packets captured",
		"$ tcpdump ", "# tcpdump ", "$ sudo tcpdump ", "$ tshark ", "# tshark "} {
		if bytes.Contains(t, []byte(s)) {
			return true
		}
	}
	return false
}

// kindsOfPaste are words by which people say of what a print is.
var kindsOfPaste = []string{"client", "server", "working", "works", "failing", "fails", "failed", "failure", "good",
	"bad", "broken", "success", "successful", "before", "after", "sender", "receiver", "source", "destination",
	"first", "second", "node", "host", "proxy", "backend", "frontend", "capture", "trace", "attempt", "case"}

// headingOf reports whether a line is a heading, and returns its words.
func headingOf(t []byte) (string, bool) {
	marked := t[0] == '#' && bytes.HasPrefix(bytes.TrimLeft(t, "#"), []byte(" ")) ||
		len(t) > 4 && bytes.HasPrefix(t, []byte("**")) && bytes.HasSuffix(bytes.TrimRight(t, ": "), []byte("**"))
	h := strings.Trim(string(t), "#*=-_:~` \t")
	words := strings.FieldsFunc(strings.ToLower(h), func(r rune) bool { return r < 'a' || r > 'z' })
	if len(h) == 0 || len(h) > 80 || len(words) > 12 {
		return "", false
	}
	named := slices.ContainsFunc(words, func(w string) bool { return slices.Contains(kindsOfPaste, w) })
	return h, named && (marked || t[len(t)-1] == ':' || len(words) <= 4) || marked && len(words) > 0
}

// The first packet of a paste, to know it again.
type first struct {
	src, dst flows.Addr
	flags    flows.Flags
	seq, ack uint32
	length   uint32
}

func firstOf(p *Packet) first {
	if p.Has&HasDump != 0 || !p.Src.IP.IsValid() || !p.Dst.IP.IsValid() {
		return first{}
	}
	return first{addr(&p.Src), addr(&p.Dst), p.Flags, p.SEQ, p.ACK, p.Len}
}

// backAtAll is how far the clock may go back within one paste, as between the processors of a machine.
const backAtAll = int64(2e6)

// begun notes that p begins a paste, if it does.
func (r *Reader) begun(p *Packet) {
	d := r.parting
	r.parting = parting{}
	f := firstOf(p)
	switch {
	case len(r.Pastes) == 0:
	case len(r.Pastes) >= maxPastes || !r.parts(p, &d, &f):
		r.before = max(p.Number, 0)
		return
	default:
		r.clock = clockwork{made: r.clock.made, delta: r.clock.delta}
		r.numbers.forget()
	}
	r.before = p.Number
	r.first = f
	r.Pastes = append(r.Pastes, Paste{Line: p.Line, Packet: r.Packets + 1, Heading: d.heading})
}

// parts reports whether p, before which d was read, is of another paste than the packet before it.
func (r *Reader) parts(p *Packet, d *parting, f *first) bool {
	back := r.clock.back(p)
	if p.Number > 0 && r.before > 0 {
		if p.Number == 1 && r.before > 1 || d.prose && p.Number <= r.before {
			return true
		}
		if p.Number > r.before {
			return false // as numbered, it follows
		}
	}
	switch {
	case back > backwards, d.prose && back > backAtAll, d.fresh:
		return true
	case d.prose && r.clock.changed(p): // of day, and of a date
		return true
	case !d.prose:
		return false
	case *f != first{} && *f == r.first:
		return true
	case d.heading != "" && f.src.Port != 0:
		return f.flags&(flows.SYN|flows.ACK) == flows.SYN || !r.numbers.knows(f.src, f.dst)
	}
	return false
}

// knows reports whether a packet of the connection between two ends was read in this paste.
func (n *numbering) knows(a, b flows.Addr) bool {
	if less(&b, &a) {
		a, b = b, a
	}
	_, ok := n.convs[ends{a, b}]
	return ok
}
