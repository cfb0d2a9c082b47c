// Package claim holds what a report may state about packets: a closed list of kinds of claims, each with an exact
// meaning that a second program can decide from the capture alone, and the sentence that is made of each.
//
// A claim names the frames that it rests on. Build one as a literal, and word it with Statement:
//
//	c := claim.Claim{Kind: claim.ClosedBy, Side: flows.Responder, Stream: claim.Own, Frames: []int{24}}
//	c.Statement() // "the server closes the connection: its FIN"
//
// Whatever a report says about packets, in evidence, summary or notes, is a claim: a fact without a kind here needs a
// kind first, with its meaning, its sentence and its check.
package claim

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// A Claim is one statement about packets of the capture.
type Claim struct {
	Kind   Kind
	Side   flows.Side // whom the claim is about; the RST's sender where the kind is about the RST itself
	Stream int        // connection that the frames belong to; Own: the reset's own
	Frames []int      // the frames that it rests on, ascending; what each kind needs stands with the kind

	// Until is the frame at which the span of an absence ends, and From the one at which it begins. Neither frame
	// itself is in the span.
	From, Until int

	// Limited says that the capture could not have shown the opposite: a gap, one direction only, a payload that the
	// snaplen cut. The claim then only states what was not seen.
	Limited bool

	// What the claim measures. Each kind has the values that Kinds names for it; the others are zero.

	What What // kind of segment or message
	// text from the network, or a name: first line of a message, text in the RST, Ethernet addresses
	Text     string
	Bytes    int64         // bytes of sequence space or payload
	Of       int64         // bytes announced, 0 where the message does not say
	Count    int           // segments, connections, ports
	Hosts    int           // hosts
	AtLeast  bool          // the counts are lower bounds: their counters were full
	Span     time.Duration // a time between two frames
	Every    time.Duration // the usual distance of repetitions
	Number   uint64        // a header field: TTL, IP ID, window, sequence number, timestamp, ICMP type, port
	Expected uint64        // what it was compared with
	HopLimit bool          // the packets are of IPv6, which calls a TTL hop limit
}

// Own is the Stream of a claim about the reset's own connection.
const Own = -1

// Interruption reports whether the claim shows that something was left undone when the connection ended.
func (c *Claim) Interruption() bool {
	switch c.Kind {
	case Unanswered:
		return c.What != Data // whether it is a request is not known
	case SendsOn:
		return c.What != Response
	case NotEnded:
		return c.What != EventStream // it has no end of its own
	case NoResponse, HandshakeOpen, Delivered, TransferCut, UnackedData, Unread, AfterClose, NothingAsked, NothingSent,
		Unacked, ZeroWindow, WindowFell, RetransmitsAfter, RetransmissionsAfterReset, Refused:
		return true
	case ReplyTo, EchoesBoth:
		return c.What == Data || c.What == DataFIN // which reached a host without the connection
	}
	return false
}

// A What is the kind of a segment or of an application's message.
type What uint8

// The kinds of segments and messages.
const (
	Segment        What = iota
	SYN                 // SYN without ACK
	SYNACK              // SYN-ACK
	HandshakeACK        // third segment of the handshake
	Data                // data
	DataFIN             // data with FIN
	FIN                 // FIN without data
	ACK                 // acknowledgment without data
	KeepAlive           // keep-alive probe (RFC 9293 §3.8.4)
	WindowProbe         // zero-window probe (RFC 9293 §3.8.6.1)
	ChallengeACK        // challenge ACK (RFC 5961)
	NoACK               // segment without ACK and SYN: NULL, FIN or Xmas
	Reset               // RST
	Retransmission      // of data
	Request             // an application's request
	Response            // an application's response
	Message             // a message of an application, direction of no meaning
	ClientHello         // TLS Client Hello
	ServerHello         // TLS Server Hello
	CloseNotify         // TLS close_notify, or an encrypted alert that can be nothing else
	Alert               // TLS alert
	Goodbye             // the protocol's own end of a session: QUIT, 221, GOAWAY
	Header              // the header of a request
	EventStream         // a response that is a stream of events (text/event-stream)
)

var whatNames = [...]string{
	"segment", "syn", "syn-ack", "handshake-ack", "data", "data-fin", "fin", "ack", "keep-alive", "window-probe",
	"challenge-ack", "no-ack", "rst", "retransmission", "request", "response", "message", "client-hello", "server-hello",
	"close-notify", "alert", "goodbye", "header", "event-stream",
}

// String returns the name that the JSON report uses: "syn-ack".
func (w What) String() string { return whatNames[w] }

// WhatOf returns the kind of a captured segment.
func WhatOf(e *flows.Event) What {
	switch {
	case e.Flags.Has(flows.RST):
		return Reset
	case e.Flags.Has(flows.SYN | flows.ACK):
		return SYNACK
	case e.Flags.Has(flows.SYN):
		return SYN
	case !e.Flags.Has(flows.ACK):
		return NoACK
	case e.Notes&flows.KeepAlive != 0:
		return KeepAlive
	case e.Notes&flows.WindowProbe != 0:
		return WindowProbe
	case e.DataLen > 0 && e.Flags.Has(flows.FIN):
		return DataFIN
	case e.DataLen > 0 && e.Notes&flows.Retransmitted != 0:
		return Retransmission
	case e.DataLen > 0:
		return Data
	case e.Flags.Has(flows.FIN):
		return FIN
	case e.Notes&flows.ChallengeACK != 0:
		return ChallengeACK
	}
	return ACK
}
