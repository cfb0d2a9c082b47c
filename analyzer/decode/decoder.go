// Package decode turns captured packets into TCP segments: link layers, tunnels, IP with its fragments,
// and the TCP header with its options.
//
// It agrees with Wireshark about which frames hold a TCP header, because its users look at the same
// capture there. What it cannot read it counts, with a reason and the first frame.
package decode

import (
	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/flows"
)

// MaxDepth is how many headers that hold a further packet (tunnels, tags, labels) are followed in one
// frame. A hostile packet can nest thousands; a real one seldom has more than four.
const MaxDepth = 32

// An Outcome is what a packet turned out to be.
type Outcome uint8

// The outcomes.
const (
	NotTCP     Outcome = iota // read, and it is something else
	Segment                   // a TCP segment
	ICMPError                 // an ICMP error that quotes a TCP segment
	Unreadable                // not read, or not far enough to tell; Counts says why
)

// A Decoder reads packets one at a time. Its zero value is ready. It is not safe for use by several
// goroutines; give each its own and add up their Counts.
type Decoder struct {
	Counts Counts

	// Note is the last ICMP error, valid after Decode returned ICMPError. Its Stream is −1.
	Note flows.ICMPNote

	pkt    *capture.Packet
	mac    uint64
	domain uint32
	depth  int
	why    Reason
}

// Decode reads p into seg. For every outcome but Segment the contents of seg are undefined. seg.Payload
// points into p.Data. It does not allocate.
func (d *Decoder) Decode(p *capture.Packet, seg *flows.Segment) Outcome {
	d.pkt, d.mac, d.domain, d.depth = p, 0, 0, 0
	out := d.link(p.Link, p.Data, int(p.Length), seg)
	d.Counts.Packets++
	switch out {
	case Segment:
		d.Counts.Segments++
	case ICMPError:
		d.Counts.ICMPErrors++
	case NotTCP:
		d.Counts.NotTCP++
	default:
		d.Counts.unreadable(d.why, p)
	}
	return out
}

// fail gives up on the packet.
func (d *Decoder) fail(why Reason) Outcome {
	d.why = why
	return Unreadable
}

func be16(b []byte) uint16 { return uint16(b[1]) | uint16(b[0])<<8 }
func be32(b []byte) uint32 {
	return uint32(b[3]) | uint32(b[2])<<8 | uint32(b[1])<<16 | uint32(b[0])<<24
}
