package rewrite

import (
	"fmt"
	"strings"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/decode"
	"github.com/rstexplain/rstexplain/flows"
)

// Carried counts what a copied capture contains besides headers, and that others may learn from.
type Carried struct {
	capture.Copied
	Data int // segments with data
}

// packet counts a copied packet.
func (c *Carried) packet(outcome decode.Outcome, s *flows.Segment) {
	if outcome == decode.Segment && len(s.Payload) > 0 {
		c.Data++
	}
}

// String lists what there is: "2 blocks of decryption secrets, the data of 17 segments"; "" for nothing.
func (c *Carried) String() string {
	var l list
	l.add(c.Secrets, "a block of decryption secrets", "%d blocks of decryption secrets")
	l.add(c.Data, "the data of 1 segment", "the data of %d segments")
	l.add(c.Names, "a block of resolved names", "%d blocks of resolved names")
	l.add(c.Journals, "an entry of a system journal", "%d entries of a system journal")
	l.add(c.Others, "a block of an unknown kind", "%d blocks of unknown kinds")
	return strings.Join(l, ", ")
}

// String lists what is left out; "" for nothing.
func (n *Left) String() string {
	var l list
	data := fmt.Sprintf(" (%d bytes)", n.DataBytes)
	l.add(n.Data, "the data of 1 packet"+data, "the data of %d packets"+data)
	l.add(n.Headers, "link, VLAN and tunnel headers, IP options and extension headers of 1 packet",
		"link, VLAN and tunnel headers, IP options and extension headers of %d packets")
	l.add(n.Options, "the contents of a TCP option", "the contents of %d TCP options")
	l.add(n.Trailers, "bytes after the IP packet in 1 frame", "bytes after the IP packet in %d frames")
	l.add(n.Joined, "the fragmentation of 1 packet", "the fragmentation of %d packets")
	l.add(n.Alone, "an IP fragment without the rest of its datagram",
		"%d IP fragments without the rest of their datagrams")
	l.add(n.Malformed, "a packet with an impossible TCP data offset", "%d packets with an impossible TCP data offset")
	l.add(n.Domains, "a packet of a VLAN or tunnel, as there are too many",
		"%d packets of VLANs and tunnels, as there are too many")
	return strings.Join(l, ", ")
}

// A list is the parts of one line.
type list []string

// add adds the singular or plural for n, and nothing for 0.
func (l *list) add(n int, one, more string) {
	if n == 1 {
		*l = append(*l, one)
	} else if n > 1 {
		*l = append(*l, fmt.Sprintf(more, n))
	}
}
