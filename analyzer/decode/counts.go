package decode

import "fmt"

// A Reason is why a packet was not read, or not read whole.
type Reason uint8

// The reasons. The first group makes a packet Unreadable; of a packet in the second group a Segment was
// read all the same, with what is left of it.
const (
	UnknownLink   Reason = iota // link type that this package does not know; Counts.Links has the numbers
	CutLink                     // snaplen cut a header below IP
	ShortLink                   // packet ends inside a header below IP
	BadLink                     // header below IP that contradicts itself
	CutIP                       // snaplen cut an IP header
	ShortIP                     // packet ends inside an IP header
	BadIPVersion                // neither 4 nor 6, or not the one announced
	BadIPHeader                 // IPv4 header length below 20 bytes
	BadIPLength                 // IPv4 total length below its header's length
	CutTCP                      // snaplen cut the TCP header before its flags
	ShortTCP                    // IP carries fewer bytes than a TCP header needs
	BadDataOffset               // TCP data offset below 5: the outcome is Malformed
	FragmentAlone               // IP fragment of a datagram that never became whole
	FragmentCut                 // IP fragment cut by the snaplen, so that its datagram cannot be put together
	TooDeep                     // more than MaxDepth headers inside each other
	UnknownTunnel               // a tunnel of a kind that is not read
	OtherVXLAN                  // VXLAN on UDP port 8472, without Decoder.LinuxVXLAN
	Samples                     // sFlow
	EncryptedIP                 // IPsec ESP
	EncryptedLink               // MACsec, encrypted 802.11, MPPE
	CompressedPPP               // PPP with compressed or split packets
	FragmentWiFi                // 802.11 fragment

	CutOptions     // snaplen cut the TCP header after its flags
	LongDataOffset // TCP data offset points beyond the segment
	CutFragment    // first IP fragment, cut by the snaplen: read alone, its datagram is longer
	SeveralTCP     // more than one TCP segment in the frame: only the last was read

	reasons
)

var reasonWords = [reasons]string{
	UnknownLink:    "unknown link type",
	CutLink:        "snaplen cut the link or tunnel header",
	ShortLink:      "frame ends inside its link or tunnel header",
	BadLink:        "malformed link or tunnel header",
	CutIP:          "snaplen cut the IP header",
	ShortIP:        "packet ends inside its IP header",
	BadIPVersion:   "bad IP version",
	BadIPHeader:    "bad IP header length",
	BadIPLength:    "IP length shorter than its header",
	CutTCP:         "snaplen cut the TCP header before its flags",
	ShortTCP:       "packet ends inside its TCP header",
	BadDataOffset:  "bad TCP data offset",
	FragmentAlone:  "IP fragment without the rest of its datagram",
	FragmentCut:    "IP fragment cut by the snaplen",
	TooDeep:        fmt.Sprintf("more than %d headers inside each other", MaxDepth),
	UnknownTunnel:  "tunnel of a kind that is not read",
	OtherVXLAN:     "VXLAN on UDP port 8472, which Wireshark does not read either unless it is told to",
	Samples:        "sFlow samples of packets seen elsewhere",
	EncryptedIP:    "encrypted by IPsec",
	EncryptedLink:  "encrypted on the link",
	CompressedPPP:  "compressed or split PPP packet",
	FragmentWiFi:   "802.11 fragment",
	CutOptions:     "snaplen cut the TCP header after its flags",
	LongDataOffset: "TCP header longer than its segment",
	CutFragment:    "first IP fragment cut by the snaplen, read alone",
	SeveralTCP:     "several TCP segments in one frame, only the last read",
}

// String returns the reason in words for a report: "snaplen cut the IP header".
func (r Reason) String() string { return reasonWords[r] }

// A Tally counts the packets of one reason.
type Tally struct {
	Packets uint64
	First   int // frame of the first of them
}

func (t *Tally) add(n uint64, frame int) {
	if t.Packets == 0 || frame < t.First {
		t.First = frame
	}
	t.Packets += n
}

// Counts say what became of packets. Packets is the sum of the six that follow; a fragment that never
// found the rest of its datagram is counted under its reason too.
type Counts struct {
	Packets    uint64
	Segments   uint64           // TCP segments, also those of which a header was cut (By tells)
	ICMPErrors uint64           // ICMP errors that quote a TCP segment
	Malformed  uint64           // TCP headers with an impossible data offset
	NotTCP     uint64           // read, and something else
	Fragments  uint64           // IP fragments held back until their datagram is whole
	Unreadable uint64           // not read, or not far enough to tell
	By         [reasons]Tally   // packets of each Reason, which is the index
	Links      map[uint16]Tally // packets of each unknown link type
}

// Reasons lists those that occurred, in the order of their declaration.
func (c *Counts) Reasons() []Reason {
	var rs []Reason
	for r := range reasons {
		if c.By[r].Packets > 0 {
			rs = append(rs, r)
		}
	}
	return rs
}

// link adds t to the tally of an unknown link type.
func (c *Counts) link(typ uint16, t Tally) {
	if c.Links == nil {
		c.Links = make(map[uint16]Tally)
	}
	sum := c.Links[typ]
	sum.add(t.Packets, t.First)
	c.Links[typ] = sum
}
