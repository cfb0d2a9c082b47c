package flows

import "time"

// A Reset is one RST segment with all that the observer knew when it came and what it saw after it.
type Reset struct {
	Event           // the RST itself; From and To hold both ends' states
	Conn      *Conn // as it stood just before the RST was applied
	Class     Class
	Opts      Options
	HeaderLen uint8
	Unknown   Fields // of the RST's segment
	WND       uint16 // raw window field
	MAC       uint64 // Ethernet source, 0 where the link has none
	Domain    uint32 // VLAN or tunnel key, 0 on the plain wire
	Interface uint16 // pcapng interface that it was captured on
	Payload   []byte // text that devices put in a RST (RFC 9293 §3.5.3 allows it), at most 256 bytes

	// Trigger is the segment that this RST answers by the numbers of RFC 9293 §3.10.7, nil when none fits.
	Trigger      *Event
	TriggerDelay time.Duration
	// Candidates counts the captured segments that fit equally well. Of those that no earlier RST answered, the Trigger
	// is the first that can have been in flight: one that took as long as the sender's shortest reaction, and not much
	// longer. Data is preferred to a FIN there, and where none was in flight the latest is taken.
	Candidates int

	DuplicateOf int           // frame of the RST of which this one is a second capture (Notes has Duplicate), else 0
	Accept      Acceptability // at the receiver
	Proof       Proof         // who sent it, as another capture proves
	PriorLost   bool          // earlier RSTs of its sender did not arrive, as another capture proves
	Prior       []PriorReset  // earlier RSTs of this connection, oldest first, at most MaxPrior
	After       After
	Related     Related
}

// MaxPrior bounds Reset.Prior: the first RST of each side and the latest others are kept.
const MaxPrior = 8

// A PriorReset is an earlier RST of the same connection.
type PriorReset struct {
	Mark
	Side  Side
	SEQ   Seq
	Class Class
}

// A Proof is what captures at other places of the path prove about who sent a RST.
type Proof uint8

// The proofs.
const (
	NoProof  Proof = iota
	ByHost         // it left the host that it names: the host's own capture holds it
	ByDevice       // it arrived, and never left that host
	ByOther        // neither it nor what it answers was ever at that host: a device sent it, or another host
)

// A Class is what the numbers of a RST say about how it came to be (RFC 9293 §3.5.2, §3.10.7).
type Class uint8

// The classes.
const (
	ClassUnclear  Class = iota
	ClassReply          // no ACK, SEG.SEQ is the trigger's SEG.ACK: answers a segment that had ACK
	ClassReplyACK       // RST+ACK, SEG.SEQ 0, SEG.ACK is the trigger's end: answers a segment without ACK
	ClassActive         // RST+ACK at SND.NXT: the sender's own decision (or a stack that always sets ACK)
	ClassBare           // no ACK, and no captured segment has this ACK
)

// String names the class.
func (f Class) String() string {
	return [...]string{"unclear", "reply", "reply-ack", "active", "bare"}[f]
}

// Acceptability is what RFC 9293 §3.10.7.4 and RFC 5961 §3.2 make of a RST's sequence number at the receiver.
type Acceptability uint8

// The three tests, and not knowing.
const (
	AcceptUnknown Acceptability = iota
	AcceptExact                 // SEG.SEQ is RCV.NXT: the connection is reset
	AcceptWindow                // in the window: a challenge ACK is due
	AcceptOutside               // outside: dropped
	AcceptSynSent               // in SYN-SENT: SEG.ACK acknowledges the SYN
	// one below RCV.NXT, just behind the FIN of its sender: RFC 9293 drops it, Linux accepts it (tcp_reset_check)
	AcceptAtFIN
)

// An After is what happened on the connection after a RST, until the connection was used again or
// forgotten.
type After struct {
	SenderSegments      int  // segments of the RST's sender, RSTs not counted
	SenderNewData       Mark // first new data of the RST's sender, at or above the RST's SEQ: it lives
	SenderACK           Mark // first ACK or SYN-ACK of the RST's sender
	SenderISS           Seq  // of its first SYN-ACK after the RST, valid with HasSenderISS
	HasSenderISS        bool
	SenderRSTs          []RSTMark // further RSTs of the same sender, at most 16
	SenderRSTCount      int
	ReceiverSegments    int     // segments of the receiver, RSTs not counted
	ReceiverData        Mark    // its first data after the RST
	ReceiverRetransmits int     // retransmissions of the receiver: the RST did not reach it, or was not accepted
	ReceiverRST         Mark    // it resets as well
	ReceiverSYN         Mark    // its first SYN after the RST: a SYN-ACK that follows answers this one
	ChallengeACK        Mark    // receiver's plain ACK in answer to the RST (RFC 5961 §3.2)
	Echo                Mark    // its first segment with timestamps after the RST, which echoes EchoTSecr
	EchoTSecr           uint16  // low bits, which are kept of segments that are taken in batches
	EchoMoved           Mark    // its first segment after Echo with a newer TSecr: a segment of its peer has reached it
	Reopened            Mark    // SYN of the next incarnation on the same 4-tuple
	Last                Mark    // last packet of the connection
	Duplicates          int     // how often this very RST was captured again
	Events              []Event // the first events after the RST, at most MaxAfter
	Complete            bool    // false: the capture or the wait for it ended first
}

// MaxAfter bounds After.Events.
const MaxAfter = 8

// A RSTMark is one RST of a train.
type RSTMark struct {
	Mark
	SEQ Seq
	TTL uint8
	ACK bool
}

// A Related is what other connections of the capture say about a reset. All of it is counted in
// bounded tables; what was forgotten makes a count smaller, never larger.
type Related struct {
	// Into is how long after the first segment of the capture the connection's first came: what that answers may have
	// been sent before.
	Into time.Duration

	// The responder's address and port.
	AcceptedBefore ConnMark // last connection that it accepted by a SYN-ACK before the reset
	AcceptedAfter  ConnMark // first connection that was asked for after the reset and that it accepted
	HalfOpenAfter  ConnMark // first SYN-ACK after the reset that it had sent before: a handshake is not complete
	RefusedBefore  ConnMark // last refused SYN before the reset, other connections only
	RefusedAfter   ConnMark // first refused SYN after it
	Refused        int      // refused connections of this service in all

	// SameSYN is this connection's own SYN on another connection, toward another destination, that nothing answered there:
	// one segment, whose destination was translated between two places.
	SameSYN   ConnMark
	SameSYNTo Addr // its destination

	// Translated is the connection's own SYN on another connection, where the capture holds it before and after a router
	// translated its source or destination. TranslatedSrc and TranslatedDst are its addresses there. TranslatedHere
	// says that the other one came first: this connection is the translated one.
	Translated                   ConnMark
	TranslatedSrc, TranslatedDst Addr
	TranslatedHere               bool

	// The originator's host.
	ScanPorts int // different ports that answered its SYNs with a RST, on the responder's host
	ScanHosts int // different hosts that did, on the responder's port
	// ScanPortsSpan and ScanHostsSpan are the times from the first of these refusals to the last.
	ScanPortsSpan, ScanHostsSpan time.Duration

	// What the originator's host asked for by SYNs, whatever the answer: different ports and hosts, counted as
	// MaxDifferent says, connections, and of these the ones that a SYN-ACK answered.
	AskedPorts, AskedHosts int
	Asked, Answered        int
	AskedSpan              time.Duration // from the first of these SYNs to the last
	// Crafted counts the connections that the originator's host began with a segment that no system's TCP makes
	// (Segment.Crafted).
	Crafted int
	// Unasked counts the connections whose first segment in the capture is a SYN-ACK to the originator's host, or a
	// refusal of a SYN of it. OriginatorSeen says that the capture holds segments of that host, RSTs not counted.
	Unasked        int
	OriginatorSeen bool

	// Different hosts that sent a SYN to the responder's address and port, and the time from the first
	// such SYN to the last.
	Askers     int
	AskersSpan time.Duration

	// The RST sender's host: other connections that it reset within TogetherWindow of this RST; refused ones do not
	// count.
	ResetTogether      []ConnMark // at most 8
	ResetTogetherCount int        // MaxResetTogether at most
	// LostTogether counts those of them that one loss of the host's state can have ended: the host used neither
	// connection after it had reset the other.
	LostTogether int

	// Earlier connections between the same hosts to the same port that ended alike: reset by the same side in the same
	// phase, with data of the same sides.
	Similar       []ConnMark // at most 8, oldest first
	SimilarCount  int
	SimilarPeriod time.Duration // their usual distance, 0 when irregular or fewer than three

	SenderTTL     uint8    // most frequent TTL of the sender's host over all connections, RSTs not counted; 0 unknown
	SenderTTLSeen ConnMark // a packet that arrived with it
	// SenderTTLMin and SenderTTLMax are the least and the greatest TTL of the sender's host over all its
	// connections, RSTs and duplicates not counted; 0 unknown.
	SenderTTLMin, SenderTTLMax uint8
	// SenderRSTTTL is the most frequent TTL of the RSTs by which the sender's host answered segments without ACK, and
	// SenderRSTTTLSeen the last that arrived with it; 0: there are not several more of it than of others.
	SenderRSTTTL     uint8
	SenderRSTTTLSeen ConnMark
	// SenderReaction is the shortest time in which the sender's host answered a SYN with a SYN-ACK, or a
	// SYN-ACK with an ACK, in any of its connections: how far away it is. Zero: never seen.
	SenderReaction  time.Duration
	SenderReactions int // how many of these times were seen, at most 255

	// TakenOver is the CONNECT of MQTT by which another connection asked the same broker for the session of the same client
	// identifier, after this one; the zero mark: none was captured.
	TakenOver ConnMark

	Transfer *Transfer // nil: the connection carries no data of FTP, and is no FTP session with a transfer

	OtherDir     bool     // another connection of the same two hosts shows both directions
	OpenedBefore ConnMark // SYN-ACK of the responder on the last such one before the reset, where it was its first segment
	ICMP         []ICMPNote
}

// A Transfer is what an FTP session says of one of its data connections (RFC 959 §3.2), as far as it was captured before
// the RST.
type Transfer struct {
	OfControl bool     // the RST's connection is the session's control connection, and not the data connection
	Control   ConnMark // the line of the control connection that announces the address and port
	Command   Mark     // the command for the transfer there
	Text      string   // its line: "RETR f"
	Up        bool     // the client sends the data
	Opened    Mark     // preliminary reply to the command
	Final     Mark     // final reply
	Size      int64    // bytes announced, −1 unknown
	Data      ConnMark // SYN of the data connection
	Sender    Side     // of the data connection: whose data it carries
	Ended     Mark     // FIN of that side there
	Left      Mark     // FIN or RST of the other side there, or RST of that side, where it came first
}

// MaxResetTogether bounds Related.ResetTogetherCount: where it is reached, at least so many were reset.
const MaxResetTogether = 128

// MaxDifferent bounds the counts of different ports and hosts in a Related. They are never above the truth, and the
// further below it the nearer they are to MaxDifferent.
const MaxDifferent = 512

// TogetherWindow is how close in time resets of one host count as one event.
const TogetherWindow = time.Second

// A ConnMark points at a packet of another connection.
type ConnMark struct {
	Mark
	Stream int
}

// An ICMPNote is an ICMP error that quoted a segment of a connection.
type ICMPNote struct {
	Mark
	From       Addr // who sent the error; port 0
	Type, Code uint8
	V6         bool
	QuotedSYN  bool
	Src, Dst   Addr // of the quoted segment
	Stream     int  // −1: the connection is not in the capture
	MTU        uint16
}
