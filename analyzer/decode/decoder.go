// Package decode turns captured packets into TCP segments: link layers, tunnels, IP with its fragments,
// and the TCP header with its options.
//
// It agrees with Wireshark about which frames hold a TCP header, because its users look at the same
// capture there; where it knowingly reads more, the comment says so. It looks at headers only and trusts
// nothing but their lengths: checksums may be wrong (they are, on packets captured before the network
// card fills them in). What it cannot read it counts, with the reason and the first frame.
//
// What most captures hold is read by hand, because it takes a sixth of the time of gopacket's DecodingLayerParser and
// allocates nothing (BenchmarkDecode, BenchmarkGopacket): Ethernet with its tags, LLC, Linux cooked, loopback, IP with
// its fragments, TCP and ICMP. gopacket is the second opinion there: the tests compare with it, and with tshark,
// packet by packet. All other links and tunnels are peeled by gopacket, down to the IP packet inside (peel), with
// small layers registered for those that it lacks (link_layers.go, tunnel_layers.go).
//
// To add a link or a tunnel: find or register its layer, say in follow what comes behind it, and name it in
// linkLayers, etherTunnels, ipTunnels or udpTunnels.
package decode

import (
	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
)

// MaxDepth is how many tags, labels and tunnels are followed inside each other. Real packets seldom
// have more than four; a hostile one can hold thousands.
const MaxDepth = 32

// An Outcome is what a packet turned out to be.
type Outcome uint8

// The outcomes.
const (
	// NotTCP is a packet that was read and is something else.
	NotTCP Outcome = iota

	// Segment is a TCP segment.
	Segment

	// ICMPError is an ICMP error that quotes a TCP segment: Decoder.Note tells of the error, and the
	// Segment holds the quoted header as far as it was quoted.
	ICMPError

	// Malformed is a TCP header with an impossible data offset: no segment, for no TCP would take it.
	// The Segment holds its addresses, ports, SEQ, ACK and Flags, because Wireshark numbers it.
	Malformed

	// Fragment is an IP fragment, held until its datagram is whole.
	Fragment

	// Unreadable is a packet that was not read, or not far enough to tell; Decoder.Counts says why.
	Unreadable
)

// A Decoder reads the packets of a capture one at a time, in their order, in which the fragments of a
// datagram find each other. Its zero value is ready. It is not safe for use by several goroutines.
type Decoder struct {
	// LinuxVXLAN reads VXLAN on UDP port 8472 too, the default of Linux. Wireshark has to be told so as
	// well (Decode As), and numbers its streams otherwise if it is not.
	LinuxVXLAN bool

	Counts Counts

	// Note is the ICMP error after Decode returned ICMPError. Its Stream is −1.
	Note flows.ICMPNote

	// Unnumbered tells, after Segment, ICMPError or Malformed, that Wireshark shows no tcp.stream for
	// this header: fewer than 16 bytes of it are there, or an ICMP redirect quotes it. All others it
	// numbers, quoted ones too, and takes them for segments of the connection when it looks for a SYN
	// that starts the next incarnation.
	Unnumbered bool

	pkt    *capture.Packet
	mac    uint64 // innermost Ethernet source
	domain uint32 // VLAN and tunnel numbers so far
	depth  int    // tags, labels and tunnels so far
	quoted bool   // inside the quotation of an ICMP error
	why    Reason // of the last fail

	fragments fragments
	window    *[65535]byte // what gopacket is shown of a header

	outlining bool // Outline is at work
	outline   []Layer

	header     []byte // of the last TCP segment found, from its header on
	headerWire int    // its length by the account of IP
}

// Decode reads p into seg. seg.Payload points into p.Data, or into memory of its own when the segment
// was put together from fragments. For the outcomes NotTCP, Fragment and Unreadable the contents of seg
// are undefined. Decode allocates only for fragments, and for links and tunnels that gopacket reads.
func (d *Decoder) Decode(p *capture.Packet, seg *flows.Segment) Outcome {
	out := d.read(p, seg)
	d.count(out)
	return out
}

// read is Decode without counting.
func (d *Decoder) read(p *capture.Packet, seg *flows.Segment) Outcome {
	d.pkt, d.mac, d.domain, d.depth, d.quoted, d.Unnumbered = p, 0, 0, 0, false, false
	return d.link(uint32(p.Link), p.Data, max(int(p.Length), len(p.Data)), seg)
}

// DecodeTo does as Decode, and adds a Segment to b. Of a Segment the contents of seg are undefined too. It is the
// faster way.
func (d *Decoder) DecodeTo(b *track.Batch, p *capture.Packet, seg *flows.Segment) Outcome {
	if fast(p, b) {
		d.Unnumbered = false
		d.Counts.Packets++
		d.Counts.Segments++
		return Segment
	}
	out := d.Decode(p, seg)
	if out == Segment {
		b.Add(seg)
	}
	return out
}

// Flush gives up on the datagrams that are not whole and counts their fragments. Call it at the end of
// the capture, before Counts is read for the last time.
func (d *Decoder) Flush() { d.fragments.flush(&d.Counts) }

// count books an outcome.
func (d *Decoder) count(out Outcome) {
	c := &d.Counts
	switch out {
	case Segment:
		c.Segments++
	case NotTCP:
		c.NotTCP++
	case ICMPError:
		c.ICMPErrors++
	case Fragment:
		c.Fragments++
	case Malformed:
		c.Malformed++
		c.By[BadDataOffset].add(1, d.pkt.Frame)
	default:
		c.Unreadable++
		c.By[d.why].add(1, d.pkt.Frame)
		if d.why == UnknownLink {
			c.link(d.pkt.Link, Tally{1, d.pkt.Frame})
		}
	}
	c.Packets++
}

// fail gives up on the packet.
func (d *Decoder) fail(why Reason) Outcome {
	d.why = why
	return Unreadable
}

// ends gives up on a packet that ends inside a header: cut when the snaplen took the rest away, short
// when there never was more.
func (d *Decoder) ends(wasThere bool, cut, short Reason) Outcome {
	if wasThere {
		return d.fail(cut)
	}
	return d.fail(short)
}

// endsLink is ends for a header of n bytes below IP, of which wire bytes were on the wire.
func (d *Decoder) endsLink(wire, n int) Outcome { return d.ends(wire >= n, CutLink, ShortLink) }

// partly notes that the segment is not read whole.
func (d *Decoder) partly(why Reason) { d.Counts.By[why].add(1, d.pkt.Frame) }

// deeper counts one more tag, label or tunnel, and reports whether it may be followed.
func (d *Decoder) deeper() bool {
	d.depth++
	return d.depth <= MaxDepth
}

// key mixes a VLAN or tunnel number into the segment's domain, so that equal addresses in different
// networks stay apart. The first number stays as it is: VLAN 7 alone is domain 7.
func (d *Decoder) key(n uint32) { d.domain = d.domain*0x9e3779b1 + n }

func be16(b []byte) uint16 { return uint16(b[1]) | uint16(b[0])<<8 }
func be24(b []byte) uint32 { return uint32(b[2]) | uint32(b[1])<<8 | uint32(b[0])<<16 }
func be32(b []byte) uint32 {
	return uint32(b[3]) | uint32(b[2])<<8 | uint32(b[1])<<16 | uint32(b[0])<<24
}
func le16(b []byte) uint16 { return uint16(b[0]) | uint16(b[1])<<8 }
func le32(b []byte) uint32 {
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}
