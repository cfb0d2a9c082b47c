package track

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// recent keeps the last SYNs of the whole capture that began connections.
type recent struct {
	last [64]sighting
	n    int // how many there have been
}

// A sighting is one of them.
type sighting struct {
	place
	src, dst flows.Addr
	seq      flows.Seq
	tsval    uint32
	ipid     uint16
	ttl      uint8
}

func (r *recent) add(s *segment, stream uint32) {
	r.last[r.n%len(r.last)] = sighting{place{stampOf(s), stream}, s.Src, s.Dst, s.SEQ, s.Opts.TSval, s.IPID, s.TTL}
	r.n++
}

// back returns the sighting i before the last, nil when it has been overwritten or never was.
func (r *recent) back(i int) *sighting {
	if i >= min(r.n, len(r.last)) {
		return nil
	}
	return &r.last[(r.n-1-i)%len(r.last)]
}

// sameSYN returns the SYN on another connection that is a connection's own before its destination was translated:
// source, number, timestamp and IP ID are alike, and it came first. A scanner sends SYNs with one source and number to
// several ports, each a packet of its own.
func (r *recent) sameSYN(stream uint32) (m flows.ConnMark, to flows.Addr) {
	own := r.of(stream)
	if own == nil {
		return m, to
	}
	for i := 0; ; i++ {
		switch x := r.back(i); {
		case x == nil:
			return m, to
		case x.stream == stream || x.seq != own.seq || x.src != own.src:
		case m.Seen() && to != x.dst, x.tsval != own.tsval, x.ipid != own.ipid, x.ttl != own.ttl && x.ttl != own.ttl+1,
			x.at.frame > own.at.frame, own.at.time().Sub(x.at.time()) > translatedWithin:
			return flows.ConnMark{}, flows.Addr{}
		default:
			m, to = x.mark(), x.dst
		}
	}
}

// of returns the sighting of a connection's SYN, nil when it has been overwritten or never was.
func (r *recent) of(stream uint32) *sighting {
	for i := 0; ; i++ {
		if x := r.back(i); x == nil || x.stream == stream {
			return x
		}
	}
}

// translatedWithin is how long a router takes to send a packet on, at most.
const translatedWithin = 10 * time.Millisecond

// translated returns the sending of a connection's SYN on another connection: the same segment, whose addresses a router
// has translated, captured where it came in and where it went out. before says that the other one came in.
func (r *recent) translated(stream uint32) (m flows.ConnMark, src, dst flows.Addr, before bool) {
	own := r.of(stream)
	if own == nil {
		return m, src, dst, false
	}
	for i := 0; ; i++ {
		x := r.back(i)
		if x == nil {
			return m, src, dst, false
		}
		if x.stream == stream || x.seq != own.seq || x.tsval != own.tsval || x.ipid != own.ipid {
			continue
		}
		in, out := own, x
		if x.at.frame < own.at.frame {
			in, out = x, own
		}
		if d := out.at.time().Sub(in.at.time()); out.ttl+1 == in.ttl && d >= 0 && d <= translatedWithin &&
			(in.src == out.src) != (in.dst == out.dst) {
			return x.mark(), x.src, x.dst, in == x
		}
	}
}
