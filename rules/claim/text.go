package claim

import (
	"strconv"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/words"
)

// Statement returns the claim as a sentence without its full stop, beginning in lower case where its first word is none
// that has a capital: "the server closes the connection: its FIN". It is the only place where evidence is worded.
func (c *Claim) Statement() string {
	if c.Kind >= numKinds || sentences[c.Kind] == nil {
		return ""
	}
	s := sentences[c.Kind](c)
	if c.Limited {
		s += " (as far as this capture shows)"
	}
	return words.Timeless(s)
}

// side and peer name both ends of the claim's connection.
func (c *Claim) side() string { return words.Side(c.Side) }
func (c *Claim) peer() string { return words.Side(c.Side.Peer()) }

// Segment names the segment that the claim speaks of, of side s: "the client's data (120 bytes)".
func (c *Claim) Segment(s flows.Side) string { return segment(words.Side(s), c.What, c.Bytes) }

func segment(who string, w What, n int64) string {
	size := ""
	if n > 0 {
		size = " (" + words.Bytes(n) + ")"
	}
	switch w {
	case SYN, SYNACK, FIN, ACK:
		return who + "'s " + strings.ToUpper(w.String())
	case HandshakeACK:
		return who + "'s ACK, the last segment of the handshake"
	case Data, Message:
		return who + "'s data" + size
	case DataFIN:
		return who + "'s data" + size + " with FIN"
	case KeepAlive:
		return who + "'s keep-alive probe"
	case WindowProbe:
		return who + "'s zero-window probe"
	case ChallengeACK:
		return who + "'s challenge ACK"
	case NoACK:
		return who + "'s segment without ACK"
	case Reset:
		return who + "'s RST"
	case Retransmission:
		return who + "'s retransmission" + size
	case Request:
		return who + "'s request" + size
	case Response:
		return who + "'s response" + size
	case ClientHello:
		return who + "'s Client Hello"
	case ServerHello:
		return who + "'s Server Hello"
	case CloseNotify:
		return who + "'s close_notify"
	case Alert:
		return who + "'s TLS alert"
	case Goodbye:
		return who + "'s closing message" + size
	}
	return who + "'s segment"
}

// thing names what was sent again: "the SYN", "its data (1448 bytes)".
func (c *Claim) thing() string {
	switch c.What {
	case SYN, SYNACK, FIN:
		return "its " + strings.ToUpper(c.What.String())
	}
	if c.Bytes > 0 {
		return words.Bytes(c.Bytes) + " of data"
	}
	return "its data"
}

var sentences = [numKinds]func(*Claim) string{
	ReplyTo: func(c *Claim) string {
		what := segment(c.peer(), c.What, c.Bytes)
		if c.What == SYN {
			return c.side() + "'s RST acknowledges exactly " + what + later(c.Span) +
				": the standard reply where nothing accepts the connection (RFC 9293 §3.5.2), which a rejecting firewall sends too"
		}
		if c.What == NoACK {
			return c.side() + "'s RST answers " + what + later(c.Span) + ": its ACK is the end of that segment (RFC 9293 §3.5.2)"
		}
		which := ""
		if c.Count > 1 {
			which = ", or another of the " + words.Count(c.Count, "segment") + " with the same ACK"
		}
		return c.side() + "'s RST answers " + what + later(c.Span) + which + ": its sequence number is that segment's ACK, " +
			"the standard reply for a connection that does not exist (RFC 9293 §3.5.2)"
	},
	ReplyUnseen: func(c *Claim) string {
		return c.side() + "'s RST has the form of a reply (RFC 9293 §3.5.2), but the segment that it would answer is not " +
			"in this capture"
	},
	EchoesBoth: func(c *Claim) string {
		return c.side() + "'s RST takes both its numbers from " + segment(c.peer(), c.What, c.Bytes) + later(c.Span)
	},
	Abort: func(c *Claim) string {
		return c.side() + "'s RST has its sender's next sequence number (SND.NXT): a local abort"
	},
	AbortOffset: func(c *Claim) string {
		return c.side() + "'s RST has ACK and a sequence number " + distance(c.Bytes) +
			" the sender's next one as captured: by its form a local abort"
	},
	AbortAlone: func(c *Claim) string {
		return c.side() + "'s RST has ACK and a sequence number other than 0: by its form a local abort, not a reply to a SYN"
	},
	SEQNotNext: func(c *Claim) string {
		return "the RST's sequence number is " + distance(c.Bytes) + " the next one of " + c.side() +
			" as captured: by its numbers it can be a reply or an abort"
	},
	ReplyOrAbort: func(c *Claim) string {
		return c.side() + "'s RST has no ACK and its sender's next sequence number: a local abort, or a reply to a segment " +
			"that is not in this capture"
	},
	RefusalOffset: func(c *Claim) string {
		return "the RST follows the SYN by " + words.Span(c.Span) + ", but its ACK is " + distance(c.Bytes) +
			" the number that acknowledges that SYN"
	},
	WrongEcho: func(c *Claim) string {
		return "the RST echoes the timestamp " + number(c.Number) + ", which " + c.peer() +
			" was not seen to send; its last segment has " + number(c.Expected)
	},

	SYNSent: func(c *Claim) string {
		s := c.side() + " sends a SYN"
		if c.Text != "" {
			s += " to " + c.Text
		}
		if c.Count > 1 {
			s += ", " + strconv.Itoa(c.Count) + " times in all"
			if c.Span != 0 {
				s += ", the first"
			}
			return strings.TrimSuffix(s+" "+strings.TrimPrefix(beforeRST(c.Span), ", "), " ")
		}
		return s + beforeRST(c.Span)
	},
	ProxySYNACK: func(c *Claim) string {
		return "the SYN-ACK has a window of 0: a SYN proxy on the path accepts in the name of " + c.side()
	},
	SYNACKSent: func(c *Claim) string { return c.side() + " accepts with a SYN-ACK" + later(c.Span) },
	Handshake:  func(c *Claim) string { return "the handshake is complete" + beforeRST(c.Span) },
	BadACK: func(c *Claim) string {
		what, of := "'s SYN-ACK", "'s SYN"
		if c.What == HandshakeACK {
			what, of = "'s ACK of the handshake", "'s SYN-ACK"
		}
		return c.peer() + what + " acknowledges " + number(c.Number) + "; " + c.side() + of +
			" calls for " + number(c.Expected)
	},
	OddSYN: func(c *Claim) string {
		if c.Expected != 0 {
			return c.side() + "'s SYN has the timestamp " + number(c.Expected) + " and window " + number(c.Number) +
				", as scanners send it and no common system does"
		}
		return c.side() + "'s SYN has " + words.Count(c.Count, "option") + " and window " + number(c.Number) +
			", as scanners send it and no common system does"
	},
	OddFlags: func(c *Claim) string {
		if !strings.Contains(c.Text, "SYN") {
			return c.side() + "'s segment has the flags " + c.Text + ": without SYN, ACK and RST no TCP sends one " +
				"(RFC 9293 §3.10.7.4 drops it), and scanners do"
		}
		return c.side() + "'s SYN has the flags " + c.Text + ", which no system sends together"
	},
	Crafted: func(c *Claim) string {
		return c.side() + "'s host began at least " + words.Count(c.Count, "connection") +
			" of this capture with segments that scanners make, and no common system"
	},
	SYNData: func(c *Claim) string { return c.side() + "'s SYN carries " + words.Bytes(c.Bytes) + " of data" },
	NoSYN:   func(c *Claim) string { return c.side() + " sent no SYN" },
	OtherACK: func(c *Claim) string {
		return c.side() + " answers the SYN with an ACK for " + number(c.Number) +
			" instead of a SYN-ACK: it belongs to another connection of the same addresses and ports"
	},
	SYNAgain: func(c *Claim) string { return c.side() + " sends its SYN again" + later(c.Span) },
	NoSYNACK: func(c *Claim) string { return "no SYN-ACK of " + c.side() + " came before it" },
	OpenedAfter: func(c *Claim) string {
		return "the handshake is completed " + words.Span(c.Span) + " after the RST"
	},
	NoHandshake: func(*Claim) string {
		return "the capture has no handshake of this connection: it begins in the middle of it"
	},
	RolesGuessed: func(*Claim) string {
		return "no SYN of the connection was captured before: which side is the client is a guess"
	},
	AckedUnseen: func(c *Claim) string {
		return c.peer() + " acknowledges " + words.Bytes(c.Bytes) + " of " + c.side() + " that are not in this capture"
	},

	FirstSent: func(c *Claim) string { return c.side() + " sends " + c.thing() + " for the first time" },
	SentAgain: func(c *Claim) string {
		return c.side() + " retransmits " + c.thing() + " " + words.Times(c.Count) + " within " + words.Span(c.Span)
	},
	Unacked: func(c *Claim) string {
		s := "no segment of " + c.peer() + " acknowledges it"
		if c.What == ACK {
			s += " before the one that the RST answers"
		}
		return s
	},
	PeerHeard: func(c *Claim) string {
		return c.peer() + " still sends segments, but does not acknowledge it"
	},
	Silent: func(c *Claim) string {
		return c.side() + " sends nothing for " + words.Span(c.Span)
	},
	AckedEachTime: func(c *Claim) string {
		if c.What == KeepAlive {
			return c.peer() + " answers each, and " + c.side() + " goes on all the same: the answers do not reach it"
		}
		if c.What == SYNACK {
			return c.peer() + " acknowledges it, and " + c.side() + " retransmits it all the same"
		}
		return c.peer() + " acknowledges it, and " + c.side() +
			" retransmits all the same: the acknowledgments do not reach it"
	},
	EchoUnmoved: func(c *Claim) string {
		return "each has the same TSecr, although " + c.peer() +
			" sent later timestamps in between: they did not reach " + c.side()
	},
	KeepAliveProbes: func(c *Claim) string {
		if c.What == WindowProbe {
			return c.side() + " sends " + words.Count(c.Count, "probe") +
				", one below its next sequence number, at growing distances"
		}
		s := c.side() + " sends " + words.Count(c.Count, "keep-alive probe")
		if c.Every > 0 {
			s += " about " + words.Span(c.Every) + " apart"
		}
		return s
	},
	WindowProbes: func(c *Claim) string {
		return c.side() + " sends " + words.Count(c.Count, "zero-window probe")
	},
	ProbesAnswered: func(c *Claim) string {
		return c.side() + " answers the last probe, with a window that is still zero"
	},
	ZeroWindow: func(c *Claim) string {
		s := c.side() + " advertises a zero window"
		if c.Span > 0 {
			s += " for " + words.Span(c.Span)
		}
		return s + ": its application does not read"
	},
	MaxAcked: func(c *Claim) string {
		return "the largest segment of " + c.side() + " that was acknowledged has " + words.Bytes(c.Bytes) +
			", the lost one " + words.Bytes(c.Of)
	},
	ICMPError: icmpText,

	TranslatedSYN: func(c *Claim) string {
		if c.What == SYN {
			return c.side() + "'s SYN came with other addresses, " + c.Text + ", and a router translated them"
		}
		return "a router translates " + c.side() + "'s SYN, and sends it on as " + c.Text
	},
	FTPTransfer:   ftpTransferText,
	TransferCut:   transferCutText,
	TransferEnded: transferEndedText,
	TransferLeft:  transferLeftText,

	RequestSent: func(c *Claim) string { return c.side() + " sends a request" + c.quoted() },
	Unanswered: func(c *Claim) string {
		switch c.What {
		case Data:
			s := c.side() + " sends data, and none of " + c.peer() + " comes after it"
			if c.Span >= 100*time.Millisecond {
				s += " within " + words.Span(c.Span)
			}
			return s
		case Reset:
			return c.side() + " sends a request" + c.quoted() + " that is not answered before the RST"
		}
		what := "request"
		if c.What == Message {
			what = "message"
		}
		s := c.side() + " sends a " + what + c.quoted() + " that is not answered"
		if c.Span >= 100*time.Millisecond {
			s += " within " + words.Span(c.Span)
		}
		return s
	},
	NoResponse: func(c *Claim) string {
		s := c.side() + " sends a request" + c.quoted() + " that is not answered"
		if c.What == Response {
			s = c.side() + " sends a request" + c.quoted() + " to which no final response comes"
		}
		if c.Span >= 100*time.Millisecond {
			s += " within " + words.Span(c.Span)
		}
		if c.What == Response {
			return s + "; what " + c.peer() + " sends after it is a preliminary reply"
		}
		return s + "; what " + c.peer() + " sends after it is no response to it"
	},
	SentAfter: func(c *Claim) string {
		s := c.side() + " sends a request" + c.quoted() + "; whether " + c.peer() + "'s data after it"
		if c.Bytes > 0 {
			s += " (" + words.Bytes(c.Bytes) + ")"
		}
		return s + " answer it in full cannot be seen"
	},
	ResponseSent: func(c *Claim) string { return c.side() + " sends a response" + c.quoted() },
	Transaction: func(c *Claim) string {
		s := c.side() + "'s last ReadyForQuery" + c.quoted() + " says that a transaction is open"
		if c.Text == "status E" {
			s += " and has failed"
		}
		return s
	},
	KeepAliveAnnounced: func(c *Claim) string {
		return c.side() + "'s CONNECT announces a keep alive of " + words.Span(c.Every)
	},
	SameClientID: func(c *Claim) string {
		return "another connection (TCP stream " + strconv.Itoa(c.Stream) + ") asks for the session of the same client " +
			"identifier, " + words.Span(c.Span) + " before the server closes"
	},
	LastSent: func(c *Claim) string {
		return c.side() + " sends nothing of its own for " + words.Span(c.Span)
	},
	Verdict: func(c *Claim) string { return c.side() + " reports an error" + c.quoted() },
	Sending: func(c *Claim) string {
		return c.side() + " is sending: " + c.peer() + " acknowledges " + words.Bytes(c.Bytes) +
			" within " + words.Span(c.Span)
	},
	WindowFell: func(c *Claim) string {
		return c.side() + "'s receive window falls by the " + words.Bytes(c.Bytes) +
			" that it acknowledges within " + words.Span(c.Span) + ": its application has not read them"
	},
	HandshakeOpen: func(c *Claim) string {
		return "the application's handshake is not finished: the last message is " + c.side() + "'s" + c.quoted()
	},
	Delivered: func(c *Claim) string {
		return "the " + c.What.String() + " announces " + words.Bytes(c.Of) + ", of which " + c.atMost() +
			words.Bytes(c.Bytes) +
			" were captured"
	},
	NotEnded: func(c *Claim) string {
		if c.What == Header {
			return "the header of the request is not complete: " + c.atMost() + words.Bytes(c.Bytes) +
				" of it were captured, and not the empty line that ends it"
		}
		if c.What == EventStream {
			return "the response is a stream of events (text/event-stream), which goes on until one side closes; " + c.atMost() +
				words.Bytes(c.Bytes) + " of it were captured"
		}
		s := "the " + c.What.String() + " has not reached the end that its framing announces"
		if c.Bytes > 0 {
			s += "; " + c.atMost() + words.Bytes(c.Bytes) + " of it were captured"
		}
		return s
	},
	UnackedData: func(c *Claim) string {
		return "the last " + words.Bytes(c.Bytes) + " of " + c.side() + "'s data were not acknowledged at that moment"
	},
	SendsOn: func(c *Claim) string {
		if c.What == Response {
			return c.side() + "'s next data follows the RST: most likely the answer"
		}
		return c.side() + " was still sending: data of it follows the RST"
	},
	NoCloseNotify: func(c *Claim) string {
		return c.side() + " closes without close_notify, " + words.Span(c.Span) + " after its last data"
	},
	NothingAsked: func(c *Claim) string {
		return "the client has sent no request yet; the last message is " + c.side() + "'s" + c.quoted()
	},
	NothingSent: func(*Claim) string { return "neither side has sent any data" },
	LastMessage: func(c *Claim) string {
		what := "message"
		if c.What == Response {
			what = "response"
		}
		if what += c.quoted(); len(c.Frames) > 1 {
			what += ", from its first segment to its last"
		}
		return "the last message is " + c.side() + "'s " + what
	},
	GoodbyeSent: func(c *Claim) string {
		if c.What == Message {
			return c.side() + "'s last message, probably one that ends the session: it closes right after it"
		}
		if c.What == CloseNotify {
			return c.side() + " sends a TLS alert that is encrypted, most likely its close_notify"
		}
		return c.side() + " ends the session by its protocol" + c.quoted()
	},
	AlertSent: func(c *Claim) string { return c.side() + " sends the TLS alert " + c.Text },
	TLSVersion: func(c *Claim) string {
		if c.What == ServerHello {
			return "the TLS version is " + c.Text
		}
		return "the TLS version offered is " + c.Text
	},
	ServerName: func(c *Claim) string { return c.side() + "'s Client Hello asks for " + c.Text },
	Unread: func(c *Claim) string {
		return c.side() + " received " + words.Bytes(c.Bytes) +
			" after its own last data, the last of them " + words.Span(c.Span) + " before"
	},

	LastData: func(c *Claim) string {
		return c.side() + "'s last data" + ago(c.Span)
	},

	ClosedBy: func(c *Claim) string { return c.side() + " closes the connection: its FIN" + beforeRST(c.Span) },
	ClosedUnseen: func(c *Claim) string {
		if c.What == Reset {
			return "the RST acknowledges one number more than " + c.side() +
				" was seen to send: most likely its FIN, which is " +
				"missing from the capture"
		}
		return c.side() + " has closed the connection: its FIN is acknowledged here, but missing from the " +
			"capture" + beforeRST(c.Span)
	},
	ReceivesOn: func(c *Claim) string {
		return c.side() + " goes on receiving after its FIN: it acknowledges " + words.Bytes(c.Bytes) + ", the last " +
			words.Span(c.Span) + " after it, and closes its socket later"
	},
	FINAcked: func(c *Claim) string {
		return c.side() + " has closed the connection" + beforeRST(c.Span) + ", and its FIN is acknowledged"
	},
	NoFIN: func(c *Claim) string { return "no FIN and no RST of " + c.side() + " was captured before" },
	AfterClose: func(c *Claim) string {
		if c.Span < 0 {
			return segment(c.peer(), c.What, c.Bytes) + c.quoted() + " was in flight when " + c.side() +
				" closed, and reached a closed socket"
		}
		return segment(c.peer(), c.What, c.Bytes) + c.quoted() + " reached a closed socket" + later(c.Span)
	},
	AllAcked:       func(*Claim) string { return "all data captured is acknowledged" },
	NothingBetween: func(c *Claim) string { return c.side() + " sends no new data in between" },
	Idle:           func(c *Claim) string { return "the connection is idle for " + words.Span(c.Span) },
	MatchesTimeout: func(c *Claim) string { return words.Span(c.Span) + " matches " + c.Text },
	ResetBefore:    func(c *Claim) string { return c.side() + " had reset the connection" + ago(c.Span) },
	LastSegment:    func(c *Claim) string { return c.side() + "'s last segment" + ago(c.Span) },

	Accepted: func(c *Claim) string { return "the same port accepts a connection" + later(c.Span) },
	Refused:  func(c *Claim) string { return "the same port refuses a connection" + later(c.Span) },
	SYNACKAgain: func(c *Claim) string {
		return "the same port sends a SYN-ACK again on another connection" + later(c.Span) + ": it is listening, and that " +
			"handshake is not complete"
	},
	OpenedElsewhere: func(c *Claim) string {
		return "another connection between the two hosts: " + c.side() + " answers there" + later(c.Span)
	},
	SameSYN: func(c *Claim) string {
		return "the same SYN, by source port and sequence number, goes to " + c.Text + ": its destination is translated on " +
			"the way"
	},
	RefusedCount: func(c *Claim) string {
		return c.atLeast() + words.Count(c.Count, "connection") + " to this port " + wasWere(c.Count) +
			" refused in this capture"
	},
	AlsoReset: func(c *Claim) string {
		return c.side() + " resets another connection too (TCP stream " + strconv.Itoa(c.Stream) + ")" + later(c.Span)
	},
	AlsoResetCount: func(c *Claim) string {
		return c.side() + "'s host resets " + c.atLeast() + words.Count(c.Count,
			"other connection") + " within " + words.Span(c.Span)
	},
	Scan: func(c *Claim) string {
		var what []string
		if c.Count > 1 {
			what = append(what, words.Count(c.Count, "different port"))
		}
		if c.Hosts > 1 {
			what = append(what, words.Count(c.Hosts, "host"))
		}
		return c.side() + " was refused by " + c.atLeast() + strings.Join(what, " and ") + " within " + words.Span(c.Span)
	},
	Asked: func(c *Claim) string {
		return c.side() + "'s host sent SYNs to " + c.atLeast() + words.Count(c.Count,
			"different port") + " and " + words.Count(c.Hosts, "host") + " within " + words.Span(c.Span) +
			"; a SYN-ACK came on " + number(c.Number) + " of " + words.Count(int(c.Of), "connection")
	},
	Askers: func(c *Claim) string {
		return c.atLeast() + words.Count(c.Count, "different host") +
			" sent a SYN to this port of " + c.side() + " within " + words.Span(c.Span)
	},
	Unasked: func(c *Claim) string {
		return words.Count(c.Count, "connection") + " of " + c.side() +
			"'s host begin in this capture with an answer to a SYN that is not in it"
	},
	Probes: func(c *Claim) string {
		s := c.atLeast() + words.Count(c.Count, "earlier connection") + " of the same client to this port ended alike"
		if c.Every > 0 {
			s += ", about every " + words.Span(c.Every)
		}
		return s
	},
	ProbeBefore: func(c *Claim) string { return "an earlier connection of the same client ends alike" + later(c.Span) },

	TTLSame: func(c *Claim) string {
		if c.What == Reset {
			return "its " + c.ttl() + " " + number(c.Number) + " is that of a RST on another connection (TCP stream " +
				strconv.Itoa(c.Stream) + "), which a device sent in the name of " + c.side() + "'s host"
		}
		if c.What == Data {
			return "its " + c.ttl() + " " + number(c.Number) + " is that of the data just before it"
		}
		return "its " + c.ttl() + " " + number(c.Number) + " is that of " + c.side() + "'s other packets"
	},
	TTLDiffers: func(c *Claim) string {
		if c.What == SYN {
			return "its " + c.ttl() + " is " + number(c.Number) + "; the SYN arrived with " + number(c.Expected)
		}
		if c.What == SYNACK {
			return "its " + c.ttl() + " is " + number(c.Number) + "; " + c.side() + "'s SYN-ACK arrived with " + number(c.Expected)
		}
		return "its " + c.ttl() + " is " + number(c.Number) + "; " + c.side() + "'s other packets arrive with " + number(c.Expected)
	},
	IPIDContinues: func(c *Claim) string {
		return "its IP ID " + hex16(c.Number) + " continues the count of " + c.side() +
			"'s last packet (" + hex16(c.Expected) + ")"
	},
	IPIDCopied: func(c *Claim) string {
		return "the IP ID " + hex16(c.Number) + " is copied from a segment of " + c.peer()
	},
	IPIDBreaks: func(c *Claim) string {
		return "its IP ID " + hex16(c.Number) + " does not continue the count of " + c.side() +
			"'s other packets (last " + hex16(c.Expected) + ")"
	},
	WindowCopied: func(c *Claim) string {
		return "its window " + number(c.Number) + " is that of the segment that it answers"
	},
	TimestampContinues: func(c *Claim) string {
		return "its TCP timestamp continues that of " + c.side() + "'s last segment"
	},
	MACDiffers: func(c *Claim) string {
		own, other, _ := strings.Cut(c.Text, "/")
		return "its Ethernet source is " + own + "; " + c.side() + "'s first packet came from " + other
	},
	SendsAfterReset: func(c *Claim) string {
		return c.side() + " still sends new data " + words.Span(c.Span) + " after its RST, as if it had not sent it"
	},
	AcksAfterReset: func(c *Claim) string {
		return c.side() + " goes on acknowledging data " + words.Span(c.Span) + " after its RST, as if it had not sent it"
	},
	AcceptsAfterReset: func(c *Claim) string {
		return c.side() + " accepts the connection " + words.Span(c.Span) +
			" after the RST that refused it, without another SYN in this capture"
	},
	SEQOutside: func(c *Claim) string {
		return "its sequence number is " + distance(c.Bytes) + " the next one of " + c.side() +
			" as captured, and no captured segment has that ACK"
	},
	GuessesSEQ: func(c *Claim) string {
		return "further RSTs in " + c.side() + "'s name have sequence numbers up to " + words.Bytes(c.Bytes) +
			" above all that it was seen to send"
	},
	Repeated: func(c *Claim) string {
		return "it was sent " + words.Times(c.Count) + " within a millisecond, with the same numbers"
	},
	TooSoon: func(c *Claim) string {
		return "it follows what it answers by " + words.Span(c.Span) +
			"; the fastest answer of " + c.side() + " before it took " + words.Span(c.Every)
	},
	BothReset: func(c *Claim) string { return "both ends get a RST within " + words.Span(c.Span) },
	CapturedOnce: func(c *Claim) string {
		return "it was captured once; of the connection's " + words.Count(c.Hosts, "other packet") + " the capture holds " +
			words.Count(c.Count, "duplicate") + ", as on a router that forwards them"
	},
	AfterFirstData: func(*Claim) string { return "it comes directly after the client's first data, where filters decide" },
	ReplyWithACK: func(*Claim) string {
		return "it answers late data with RST+ACK, where a host that has ended the connection sends a RST without ACK"
	},
	OverBefore: func(c *Claim) string {
		if c.What == Reset {
			return "the connection had been reset by " + c.peer() + ago(c.Span)
		}
		return "both sides had closed the connection" + ago(c.Span)
	},
	TooSoonElsewhere: func(c *Claim) string {
		return "it follows the SYN by " + words.Span(c.Span) + "; the fastest answer of " + c.side() +
			" on its other connections took " + words.Span(c.Every)
	},
	IPIDNotZero: func(c *Claim) string {
		return "its IP ID is " + hex16(c.Number) + "; all other packets of " + c.side() + " have 0"
	},
	AnswersReset: func(c *Claim) string {
		return "it answers " + c.peer() + "'s RST" + later(c.Span) +
			": no host answers a RST (RFC 9293 §3.10.7.1), devices that translate addresses do"
	},
	ACKOutside: func(c *Claim) string {
		return "its ACK is " + distance(c.Bytes) + " the next number of " + c.peer() + ", who never sent that"
	},
	MirrorsData:  func(c *Claim) string { return "its payload begins with " + c.peer() + "'s own data" },
	ComparedWith: func(*Claim) string { return "the packet that it was compared with" },

	Challenged: func(c *Claim) string {
		return c.side() + " did not accept this RST: it answers with a challenge ACK (RFC 5961 §3.2)"
	},
	OutOfWindow: func(c *Claim) string {
		return "its sequence number is outside of " + c.peer() + "'s receive window: " + c.peer() +
			" drops it (RFC 9293 §3.10.7.4)"
	},
	InWindow: func(c *Claim) string {
		return "its sequence number is in " + c.peer() +
			"'s receive window, but not the next one expected: it calls for a challenge ACK (RFC 5961 §3.2)"
	},
	AtFIN: func(c *Claim) string {
		return "its sequence number is that of " + c.side() + "'s own FIN, which " + c.peer() +
			" had acknowledged: " + c.peer() +
			" expects the next one and, by RFC 5961 §3.2, does not accept this RST; Linux does"
	},
	GoesOn: func(c *Claim) string {
		return c.side() + " goes on: it sends a segment " + words.Span(c.Span) + " after this RST"
	},
	EchoMoves: func(c *Claim) string {
		return c.side() + " echoes a newer timestamp " + words.Span(c.Span) + " after this RST: segments of " + c.peer() +
			" still reach it"
	},
	ImpossibleFlags: func(c *Claim) string {
		return "the RST has the flags " + c.Text + ", which no TCP sends together"
	},
	NotForSYN: func(c *Claim) string {
		return "it does not acknowledge " + c.peer() + "'s SYN: in SYN-SENT, " + c.peer() + " drops it (RFC 9293 §3.10.7.3)"
	},
	RetransmitsAfter: func(c *Claim) string {
		return c.side() + " sends its SYN again after this RST (" + words.Times(c.Count) +
			"): the RST did not arrive, or the system tries again by itself, as Windows does"
	},
	RetransmissionsAfterReset: func(c *Claim) string {
		return c.side() + " goes on retransmitting after this RST (" + words.Times(c.Count) +
			"): it did not arrive, or was not accepted"
	},
	ResetText: func(c *Claim) string {
		return "the RST carries the text " + strconv.Quote(c.Text) + " (RFC 9293 §3.5.3): devices state their reason there"
	},
	MPTCPReason: func(c *Claim) string {
		return "MP_TCPRST gives reason " + number(c.Number) + ", " + words.MPTCPReason(uint8(c.Number)) + " (RFC 8684 §3.6)"
	},
	MPTCPFastClose: func(*Claim) string {
		return "MP_FASTCLOSE ends the whole Multipath TCP connection at once (RFC 8684 §3.5)"
	},
	FurtherResets: func(c *Claim) string {
		return c.atLeast() + words.Count(c.Count, "further RST") + " of " + c.side() + " follow" + s(c.Count)
	},

	ICMPRefused: icmpRefused,
	ICMPRefusedMore: func(c *Claim) string {
		return words.Count(c.Count, "further ICMP error") + " in response to SYNs to other services"
	},

	SameEvent: func(c *Claim) string { return "the first RST of this event" + ago(c.Span) },
	KernelSent: func(c *Claim) string {
		if c.Text == "" {
			return c.side() + "'s kernel recorded that it sent this RST, at " + clockTime(c.Number)
		}
		return c.side() + "'s kernel recorded why it sent this RST: " + c.Text + ", at " + clockTime(c.Number)
	},
	KernelReceived: func(c *Claim) string {
		return c.side() + "'s kernel recorded that its socket accepted this RST, at " + clockTime(c.Number)
	},
	KernelSilent: func(c *Claim) string {
		return c.side() + "'s kernel did not record this RST, but " + words.Count(c.Count, "other one") +
			": a packet filter there (REJECT leaves no record), a raw socket or a device on the path sent it"
	},
	KernelRetransmits: func(c *Claim) string {
		return c.side() + "'s kernel recorded " + words.Count(c.Count, "retransmission") + " on this connection"
	},
	Duplicate: func(*Claim) string { return "same addresses, numbers and IP ID: the same packet captured twice" },
}

// ago returns ", 3.0 ms before", "" for a span of zero.
func ago(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return ", " + words.Span(d) + " before"
}
