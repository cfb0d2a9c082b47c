package flows

import (
	"time"

	"github.com/rstexplain/rstexplain/flows/exchange"
)

// A Conn is one incarnation of a connection, as the observer knows it at one moment. It is a copy that
// belongs to whoever received it; the table's own record is compact and not exported.
type Conn struct {
	Stream      int // number that Wireshark gives it (tcp.stream)
	Incarnation int // 0 for the first connection seen on this 4-tuple
	Ends        [2]Endpoint

	Start, Last Mark
	Omitted     Omissions
	Packets     uint32 // packets of the connection, duplicates included
	Duplicates  uint32 // of these, packets captured a second time

	SYN, SYNACK, HandshakeACK Mark // the three steps, first sending of each
	// HandshakeRTT is the time from the last SYN to the third ACK where all three steps were seen, else
	// from SYN to SYN-ACK; zero when not measured.
	HandshakeRTT time.Duration
	Guessed      bool // originator and responder were told apart without a SYN

	Events   []Event   // the timeline: handshake, then the last events before the reset
	Closes   [2]*Close // the moment when each side gave the connection up; nil: it has not yet
	Exchange exchange.Summary
	Defects  Defects
	History  string  // Zeek's history letters, at most 32
	Domain   uint32  // VLAN or tunnel key of its first packet
	Before   *Before // the incarnation before it, nil: none was seen
}

// Omissions are the places where the source of a connection left segments out (FieldsBefore).
type Omissions struct {
	First, Last Mark // segments behind such a place
	Count       uint32
}

// Within reports whether segments were, or may have been, left out behind one frame and up to another.
func (o *Omissions) Within(from, until int) bool {
	in := func(frame int) bool { return frame > from && frame <= until }
	return o.Count > 0 && (in(o.First.Frame) || in(o.Last.Frame) ||
		o.Count > 2 && from >= o.First.Frame && until < o.Last.Frame)
}

// A Before is what is remembered of the incarnation that a SYN on a used 4-tuple ended. Index 0 is the
// side that is now the originator.
type Before struct {
	Stream   int
	Last     Mark // its last packet, RSTs not counted
	States   [2]State
	NXT, UNA [2]Seq // SND.NXT and SND.UNA of both sides
}

// End returns the endpoint of side s.
func (c *Conn) End(s Side) *Endpoint { return &c.Ends[s] }

// A Close is the state of a connection at the moment when one side gave it up, by its first FIN or, without
// one, by its first RST: whether an exchange was still going on then decides what a reset means.
type Close struct {
	Mark
	FIN         bool
	Exchange    exchange.Summary // what had been said by then
	Unread      uint32           // that side's Endpoint.Unread
	Outstanding [2]uint32        // bytes that originator and responder had sent and not yet seen acknowledged
	LastData    [2]Mark          // their last data
}

// Defects are faults of the capture that touch a connection and limit what may be concluded from it.
type Defects uint16

// The defects.
const (
	NoHandshake   Defects = 1 << iota // the connection began before the capture
	OneDirection                      // segments of one side only
	MissedPackets                     // acknowledged bytes that the capture does not hold
	Duplicated                        // packets captured more than once
	Reordered                         // timestamps went backwards, or answers before their cause
	SnapCut                           // payload cut by the snaplen
	Evicted                           // its beginning was dropped to bound memory
)

// Has reports whether d holds all of want.
func (d Defects) Has(want Defects) bool { return d&want == want }

// A Phase says how far a connection had come, in the words of Cloudflare Radar.
type Phase string

// The phases.
const (
	PostSYN Phase = "post-syn" // a SYN, no more
	PostACK Phase = "post-ack" // the handshake is complete, no data yet
	PostPSH Phase = "post-psh" // after the originator's first data
	Later   Phase = "later"
)

// Phase returns how far the connection had come.
func (c *Conn) Phase() Phase {
	o, r := &c.Ends[Originator], &c.Ends[Responder]
	switch data := o.DataSegments + r.DataSegments; {
	case c.SYN.Seen() && !c.HandshakeACK.Seen() && data == 0 && !o.FIN.Seen() && !r.FIN.Seen():
		return PostSYN
	case data == 0:
		return PostACK
	case o.DataSegments == 1 && r.DataSegments == 0:
		return PostPSH
	}
	return Later
}
