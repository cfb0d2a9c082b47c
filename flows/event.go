package flows

// A Mark points at a packet of the capture. The zero Mark means "never seen".
type Mark struct {
	Frame int
	Time  Time
}

// Seen reports whether m points at a packet.
func (m Mark) Seen() bool { return m.Frame != 0 }

// A Side is one of the two ends of a connection.
type Side uint8

// The sides. The originator sent the first SYN; where no handshake was captured, the side that most
// likely did (see Conn.Guessed).
const (
	Originator Side = iota
	Responder
)

// Peer returns the other side.
func (s Side) Peer() Side { return s ^ 1 }

// String prints the side's name.
func (s Side) String() string {
	if s == Originator {
		return "originator"
	}
	return "responder"
}

// Notes are what the observer noticed about one segment.
type Notes uint16

// The notes.
const (
	Retransmitted Notes = 1 << iota // bytes or a SYN or FIN that this side had sent before
	OutOfOrder                      // fills a gap left by segments captured earlier
	KeepAlive                       // keep-alive probe: SEQ = SND.NXT−1 with 0 or 1 byte (RFC 9293 §3.8.4)
	ZeroWindow                      // advertises a window of 0
	WindowProbe                     // probes the peer's zero window (RFC 9293 §3.8.6.1)
	Duplicate                       // the same packet captured a second time: no event of the connection
	ChallengeACK                    // answers an unacceptable segment (RFC 5961 §3.2, §4.2)
	DupACK                          // acknowledges nothing new, carries nothing
	AckedUnseen                     // acknowledges bytes that the capture does not hold
	Gap                             // bytes before it are missing from the capture
	TupleReuse                      // SYN that starts a new incarnation of a used 4-tuple
	NotAccepted                     // RST that the receiver visibly did not accept
	Copied                          // the packet was captured a second time
)

// An Event is one line of a connection's timeline: a segment as seen, and what it did to both ends.
type Event struct {
	Mark
	Side     Side
	Flags    Flags
	SEQ, ACK Seq
	DataLen  uint32
	WND      uint32   // scaled where the scale is known
	From, To [2]State // states of originator and responder before and after
	Notes    Notes
	TTL      uint8
	IPID     uint16
	Skipped  uint32 // events left out of the timeline just before this one
}

// LEN returns SEG.LEN: data, SYN and FIN.
func (e *Event) LEN() uint32 {
	n := e.DataLen
	if e.Flags&SYN != 0 {
		n++
	}
	if e.Flags&FIN != 0 {
		n++
	}
	return n
}

// End returns SEG.SEQ + SEG.LEN.
func (e *Event) End() Seq { return e.SEQ.Add(e.LEN()) }

// Has reports whether n holds all of want.
func (n Notes) Has(want Notes) bool { return n&want == want }
