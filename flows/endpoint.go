package flows

import "time"

// An Endpoint is the observer's copy of one side's TCB (RFC 9293 §3.3.1): what that side must hold if
// every segment seen arrived, and no other. All counts are of distinct packets; duplicates that the capture
// made are left out.
type Endpoint struct {
	Addr  Addr
	State State

	SND struct {
		ISS Seq // valid with HasISS
		UNA Seq // oldest byte that the peer has not acknowledged
		NXT Seq // next byte this side would send; valid with HasSND
	}
	RCV struct {
		NXT Seq    // highest ACK this side has sent; valid with HasRCV
		WND uint32 // window it last advertised, scaled where the scale is known
	}
	HasISS, HasSND, HasRCV bool
	Missing                uint32 // bytes this side sent that the capture missed (seen acknowledged, or skipped over)

	// What it offered in its SYN or SYN-ACK; the values of its timestamps are not kept.
	SYNOpts Options
	SYNWND  uint16

	Segments     uint32 // segments seen
	DataSegments uint32 // of these with data, retransmissions included
	Bytes        uint64 // distinct bytes of data
	First, Last  Mark   // first and last segment of any kind, RSTs not counted

	SYN       Mark // first SYN or SYN-ACK
	LastSYN   Mark // last retransmission of it; equal to SYN when sent once
	SYNs      uint32
	FirstData Mark   // first data
	LastData  Mark   // last segment with data that was new
	LastLen   uint32 // its bytes
	LastSEQ   Seq    // its SEQ

	FIN       Mark // first FIN
	FINSEQ    Seq  // sequence number that the FIN itself takes
	FINAcked  Mark // peer's first segment that acknowledges the FIN
	FINs      uint32
	UnseenFIN Mark // peer's ACK of one byte past all it is known to have sent: a FIN that the capture missed
	RST       Mark // first RST
	RSTs      uint32

	Retransmits   Run    // retransmissions of the oldest unacknowledged thing, still unanswered now
	KeepAlives    Run    // keep-alive probes, still unanswered now
	WndProbes     Run    // probes of the peer's zero window since that window closed
	Unheard       Run    // retransmissions or keep-alive probes with one old TSecr: the peer's answers did not arrive
	Echo          uint16 // the low bits of TSecr in all of Unheard
	ZeroWND       Mark   // since when it advertises a zero window; zero while the window is open
	Retransmitted uint32 // retransmissions in the whole connection
	MaxAcked      uint32 // largest segment of this side that the peer acknowledged
	// bytes of the peer it acknowledged after its own last data: in a one-way capture the only sign of an answer
	AckedSince uint32
	Unread     uint32 // bytes received since its last data or FIN: what its application has not answered

	TTL, TTLMin, TTLMax uint8  // most frequent, least and greatest TTL, RSTs not counted; 0: nothing seen
	SYNTTL              uint8  // of its SYN or SYN-ACK
	IPID                uint16 // of its last segment before the RST
	IPIDZero            bool   // every IP ID so far was 0
	IPIDStep            uint16 // largest forward step between its consecutive IP IDs, 0 with fewer than 3 segments
	MAC                 uint64 // Ethernet source of its first segment; 0: unknown
	TSval               uint32 // last timestamp value, valid with SYNOpts.HasTS or HasTS
	HasTS               bool

	// Reaction is the shortest time seen between a segment toward this side and its answer: the round
	// trip from the capture point to it. Zero: never seen.
	Reaction time.Duration
}

// A Run is a series of sendings that nothing has answered yet.
type Run struct {
	What     RunKind
	Count    int    // retransmissions or probes; the original is not counted
	SEQ      Seq    // of what is sent again
	LEN      uint32 // its sequence space
	Orig     Mark   // the first sending, where seen
	First    Mark   // first retransmission or probe
	Last     Mark
	Frames   []int // frames of the retransmissions or probes, at most MaxRunFrames, oldest first
	PeerLast Mark  // last segment of the peer after the first sending: it lives, and still does not acknowledge
}

// MaxRunFrames bounds Run.Frames.
const MaxRunFrames = 12

// RunKind tells what a Run repeats.
type RunKind uint8

// The kinds of a Run.
const (
	RunNone       RunKind = iota // nothing
	RunSYN                       // a SYN
	RunSYNACK                    // a SYN-ACK
	RunData                      // data (RFC 9293 §3.8.1)
	RunFIN                       // a FIN
	RunKeepAlive                 // keep-alive probes (RFC 9293 §3.8.4)
	RunZeroWindow                // probes of a zero window (RFC 9293 §3.8.6.1)
)

// UnackedData returns the bytes of data that this side has sent and the peer has not acknowledged: Outstanding without
// SYN and FIN.
func (e *Endpoint) UnackedData() uint32 {
	n := e.Outstanding()
	if n > 0 && e.HasISS && e.SND.UNA == e.SND.ISS {
		n--
	}
	if n > 0 && e.FIN.Seen() && e.SND.NXT == e.FINSEQ+1 {
		n--
	}
	return n
}

// Outstanding returns the bytes of sequence space that this side has sent and the peer has not
// acknowledged.
func (e *Endpoint) Outstanding() uint32 {
	if !e.HasSND {
		return 0
	}
	if d := e.SND.NXT.Sub(e.SND.UNA); d > 0 {
		return uint32(d)
	}
	return 0
}
