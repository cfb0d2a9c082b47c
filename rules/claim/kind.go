package claim

import "github.com/rstexplain/rstexplain/flows"

// A Kind is what a claim states. The list is closed: docs/report.schema.json has each kind with its meaning.
type Kind uint8

// The kinds. Their meanings, which a checker decides from the packets alone, stand in Kinds.
const (
	None Kind = iota

	// What the numbers of the RST say.
	ReplyTo
	ReplyUnseen
	EchoesBoth
	Abort
	AbortOffset
	AbortAlone
	SEQNotNext
	RefusalOffset
	WrongEcho
	ReplyOrAbort

	// Opening.
	SYNSent
	SYNACKSent
	ProxySYNACK
	Handshake
	BadACK
	OddSYN
	OddFlags
	Crafted
	SYNData
	NoSYN
	OtherACK
	SYNAgain
	NoSYNACK
	OpenedAfter
	NoHandshake
	RolesGuessed
	AckedUnseen

	// Sent again, and not answered.
	FirstSent
	SentAgain
	Unacked
	PeerHeard
	Silent
	AckedEachTime
	EchoUnmoved
	KeepAliveProbes
	WindowProbes
	ProbesAnswered
	ZeroWindow
	MaxAcked
	ICMPError

	// What the applications said.
	RequestSent
	Unanswered
	HandshakeOpen
	Delivered
	NotEnded
	UnackedData
	SendsOn
	NoCloseNotify
	NothingAsked
	NothingSent
	LastMessage
	GoodbyeSent
	AlertSent
	TLSVersion
	ServerName
	Unread
	LastData
	NoResponse
	SentAfter
	ResponseSent
	Verdict
	Sending
	WindowFell
	TransferCut
	Transaction
	KeepAliveAnnounced
	LastSent
	SameClientID

	// How the connection was closed.
	ClosedBy
	ClosedUnseen
	FINAcked
	ReceivesOn
	NoFIN
	AfterClose
	AllAcked
	NothingBetween
	Idle
	MatchesTimeout
	ResetBefore
	LastSegment

	// What other connections show.
	Accepted
	Refused
	RefusedCount
	AlsoReset
	AlsoResetCount
	Scan
	Asked
	Askers
	Unasked
	Probes
	ProbeBefore
	SYNACKAgain
	OpenedElsewhere
	SameSYN
	TranslatedSYN
	FTPTransfer
	TransferEnded
	TransferLeft

	// Who sent the RST.
	TTLSame
	TTLDiffers
	IPIDContinues
	IPIDCopied
	IPIDBreaks
	WindowCopied
	TimestampContinues
	MACDiffers
	SendsAfterReset
	AcksAfterReset
	AcceptsAfterReset
	SEQOutside
	GuessesSEQ
	Repeated
	TooSoon
	BothReset
	CapturedOnce
	AfterFirstData
	ReplyWithACK
	OverBefore
	ComparedWith
	TooSoonElsewhere
	IPIDNotZero
	AnswersReset
	ACKOutside
	MirrorsData

	// What became of the RST, and what it carries.
	Challenged
	OutOfWindow
	InWindow
	NotForSYN
	RetransmitsAfter
	RetransmissionsAfterReset
	ResetText
	MPTCPReason
	MPTCPFastClose
	FurtherResets
	AtFIN
	GoesOn
	EchoMoves
	ImpossibleFlags

	// What an application sees as a refused connection, without a RST.
	ICMPRefused
	ICMPRefusedMore

	// A RST that belongs to the event of an earlier one.
	SameEvent
	Duplicate

	// What the kernel of one end recorded beside the capture.
	KernelSent
	KernelReceived
	KernelSilent
	KernelRetransmits

	numKinds
)

// A Meaning documents a kind.
type Meaning struct {
	Kind    Kind
	Name    string // in the JSON report
	Means   string // exactly what is claimed, so that the packets decide it
	Values  string // the values that it has, and their meaning
	Absence bool   // it states that something is not there: Limited may apply
}

// Kinds documents all kinds. "Peer" is the other side than the claim's, "the RST" the reset that the claim is
// about, "new data" are bytes of sequence space above all that the same side had sent before in the capture.
//
// Packets that the capture holds twice count once: alike in all numbers of the TCP header and in the IP ID, at most
// 100 ms apart, with an IP ID that the sender gave to no other packet, or another TTL, Ethernet source or interface.
// Before and after go by frame numbers. Where the timestamps of a connection run backwards, the order of the file is
// known to be wrong in places: a claim may then rest on the order of the timestamps instead.
//
// Frames are given in the order in which the meaning names them, as far as they were captured. A span without until
// ends at the RST. In another connection, a side is meant by its address there.
var Kinds = []Meaning{
	{ReplyTo, "reply-to", "the RST has the numbers that RFC 9293 §3.5.2 gives to the answer to the first frame, a " +
		"segment of the peer: without ACK, its SEQ is that segment's ACK; with ACK, its SEQ is 0 and its ACK that " +
		"segment's SEQ plus its length, from which a FIN without ACK may be left out. The second frame is the RST",
		"what: kind of the segment answered; bytes: its data; span: time from it to the RST; count: where the RST was " +
			"sent again, how many of the last segments have that ACK", false},
	{ReplyUnseen, "reply-unseen", "the RST has no ACK, or SEQ 0 and ACK, and no captured segment of the peer between " +
		"its sender's last segment (RSTs not counted) and it is one that it answers by reply-to's rule", "", true},
	{EchoesBoth, "echoes-both", "the RST's SEQ is the first frame's ACK, and its ACK that frame's SEQ plus " +
		"its length",
		"what, bytes, span as in reply-to", false},
	{Abort, "abort", "the RST's SEQ is the next that its sender had to send: one above the highest sequence number " +
		"that it was captured to have sent before, or, where the peer had acknowledged more, that ACK", "", false},
	{AbortOffset, "abort-offset", "the RST has ACK, and its SEQ differs from the next that its sender had to send, as " +
		"far as captured",
		"bytes: the difference, negative when the SEQ is below", false},
	{AbortAlone, "abort-alone", "the RST has ACK and a SEQ other than 0, and no segment of its sender before it is in " +
		"the capture to compare it with", "", true},
	{SEQNotNext, "seq-not-next", "the RST's SEQ is not the next that its sender had to send, as far as " +
		"captured",
		"bytes: the difference, negative when the SEQ is below", false},
	{RefusalOffset, "refusal-offset", "the RST has ACK, and its ACK is not one above the SEQ of the SYN at the " +
		"first frame",
		"bytes: ACK minus what it would have to be; span: time from the SYN to the RST", false},
	{WrongEcho, "wrong-echo", "the RST's TSecr is no timestamp that its receiver was captured to " +
		"have sent",
		"number: TSecr; expected: the TSval of the receiver's last segment before it", false},

	{ReplyOrAbort, "reply-or-abort", "the RST has no ACK, its SEQ is the next that its sender had to send, as in abort",
		"", false},

	{SYNSent, "syn", "the side sent a SYN at the first frame, and the same SYN again at the " +
		"further ones",
		"count: how often in all before the RST; number: SEQ; text: where to, as address and port; span: time from the " +
			"first to the RST, where set", false},
	{SYNACKSent, "syn-ack", "the side sent a SYN-ACK at the first frame",
		"span: time since the peer's SYN, where one was captured", false},
	{ProxySYNACK, "proxy-syn-ack", "the side's SYN-ACK at the frame has a window of 0, as a SYN proxy sends it in a server's " +
		"name until the server itself has accepted (Linux, synproxy_send_client_synack)",
		"", false},
	{Handshake, "handshake", "the frame is the first segment of the side, the originator, that acknowledges the peer's " +
		"SYN-ACK",
		"span: time from it to the RST", false},
	{BadACK, "bad-ack", "the SYN-ACK at the frame, or the segment that completes the handshake, of the peer, " +
		"acknowledges another number than one above the side's SYN, and none that the side had sent",
		"number: its ACK; expected: one above the SYN's SEQ; what: SYN-ACK, or handshake-ack", false},
	{OddSYN, "odd-syn", "the SYN at the frame has so many options and this window",
		"count: options, padding not counted; number: window; expected: its timestamp, where that is 4294967295", false},
	{OddFlags, "odd-flags", "the frame, of the side, is a SYN with further flags, without ACK: FIN, " +
		"PSH or URG; or a segment without SYN, ACK and RST",
		"text: its flags", false},
	{Crafted, "crafted", "the side's host began at least so many connections of the capture with a segment as no " +
		"common system's TCP makes it: no SYN, ACK and RST; a timestamp of 4294967295; or a SYN with further flags, a window " +
		"below 512, no options, or the MSS alone and a window of 1024, 2048, 3072 or 4096",
		"count", false},
	{SYNData, "syn-data", "the SYN at the frame, of the side, has data", "bytes", false},
	{NoSYN, "no-syn", "the side sent no SYN on the connection before the RST", "", true},
	{OtherACK, "other-ack", "the frame, of the side, has ACK and no SYN, comes after the peer's SYN and before any " +
		"SYN-ACK to it, and does not acknowledge that SYN",
		"number: its ACK; expected: one above the SYN's SEQ", false},
	{SYNAgain, "syn-again", "the side sent a SYN at the frame, after the RST", "span: time since the RST", false},
	{NoSYNACK, "no-syn-ack", "the side sent no SYN-ACK before the RST", "", true},
	{OpenedAfter, "opened-after", "after the RST the handshake was completed: the last frame is the originator's " +
		"acknowledgment of a SYN-ACK",
		"span: time from the RST to it", false},
	{NoHandshake, "no-handshake", "the frame is the first of the connection in the capture, and no SYN or SYN-ACK of " +
		"it comes before the RST", "", true},
	{RolesGuessed, "roles-guessed", "the frame is the first of the connection in the capture, and no segment of it has " +
		"SYN before the RST: which side is the originator is a guess", "", false},
	{AckedUnseen, "acked-unseen", "the peer acknowledges bytes of the side that the capture does " +
		"not hold",
		"bytes: how many at least", false},

	{FirstSent, "first-sent", "the frame is the first sending of what was sent again " +
		"afterwards",
		"what; bytes: its data", false},
	{SentAgain, "retransmitted", "the side sent the same sequence numbers again at each of " +
		"the frames",
		"what: SYN, SYN-ACK, data or FIN; count: how often, first sending not counted; span: time from the first sending, " +
			"or the first repetition where that was not captured, to the last", false},
	{Unacked, "unacked", "no segment of the peer between the frame from and the frame until acknowledges the end of " +
		"what was sent again, at the frame or in the claim beside it", "what: ack where the segment at until " +
		"acknowledges it", true},
	{PeerHeard, "peer-heard", "the peer sent the frame after the first sending of what was sent again, and does not " +
		"acknowledge the end of it", "", false},
	{Silent, "silent", "the side sent no segment between the frame from and the frame until",
		"span: time from its last segment to until", true},
	{AckedEachTime, "acked-each-time", "the peer acknowledged what was sent again, and the side repeated it after " +
		"that: the acknowledgments did not reach it, or it ignored them", "what: SYN-ACK where that was sent again", false},
	{EchoUnmoved, "echo-unmoved", "all frames are the side's and have the same TSecr, although the peer sent a " +
		"later TSval " +
		"between the first and the last, with a SEQ that the side's ACK covers", "", false},
	{KeepAliveProbes, "keep-alive-probes", "each frame has at most one byte, at the SEQ one below the " +
		"side's next",
		"count: how many in a row; every: their usual distance; what: window-probe where the distances grow", false},
	{WindowProbes, "window-probes", "each frame was sent by the side while the peer's last advertised " +
		"window was 0",
		"count: how many", false},
	{ProbesAnswered, "probes-answered", "the side sent the frame after the last window probe of its peer, with a " +
		"window of 0",
		"", false},
	{ZeroWindow, "window-closed", "the side advertised a window of 0 at the frame, and none above 0 until the " +
		"frame until",
		"span: time from the frame to until", true},
	{MaxAcked, "max-acked", "the largest segment of the side that was acknowledged has this size; the one that was " +
		"sent again is larger",
		"bytes: the largest acknowledged; of: the one that was lost", false},
	{ICMPError, "icmp", "the frame is an ICMP error that quotes a segment of the connection", "number: type in the " +
		"second byte, code in the lowest; expected: the MTU that it gives; text: who sent it; what: SYN when it quotes " +
		"one, else segment", false},

	{RequestSent, "request", "the side sent a request at the frame",
		"text: its first line; span: time since the frame from, where set", false},
	{Unanswered, "unanswered", "the peer sent no new data after the request at the frame and before the frame until; " +
		"where HTTP/2 is spoken in the clear, no HEADERS or DATA frame on the request's stream",
		"text: the request's first line; span: from the request's last byte to until; what: data where nothing but turns " +
			"says that it is a request, RST where the peer's next data follows it at once, message where the protocol's " +
			"messages need no answer", true},
	{HandshakeOpen, "handshake-open", "the handshake of the application's protocol is not finished before the frame " +
		"until; the last message is the side's at the frame",
		"text: the message's name, and the server name asked for", true},
	{Delivered, "delivered", "the message that begins at the frame announces a length, and fewer bytes of its body are " +
		"in the capture before the frame until",
		"what: request or response; bytes: of its body captured, if limited at most; of: announced", true},
	{NotEnded, "not-ended", "the message that begins at the frame announces its end by its own framing, and that end " +
		"is not in the capture before the frame until",
		"what: request or response, header where the request is not at the end of its header, event-stream where the " +
			"response is one by its Content-Type and has none; bytes: of it captured, if limited at most, 0 unknown", true},
	{UnackedData, "unacked-data", "when the second frame was sent, the peer had not acknowledged the last bytes of the " +
		"side's data, which end at the first frame",
		"bytes: how many", true},
	{SendsOn, "sends-on", "the side sent new data at the frame, after the RST", "what: response where a request of the " +
		"peer was open", false},
	{NoCloseNotify, "no-close-notify", "the side closed a TLS connection after the handshake, and its last record " +
		"before that is no alert",
		"span: time from its last new data to the close", true},
	{NothingAsked, "nothing-asked", "the originator has sent no data that is a request before the frame until; the " +
		"last message is the side's at the frame, which may carry the FIN",
		"text: that message's first line", true},
	{NothingSent, "nothing-sent", "neither side has sent any data before the frame until", "", true},
	{LastMessage, "last-message", "the last data before the close began at the first frame, ended at the second where " +
		"there is one, and is the side's; data that the close did not acknowledge is left out, and so is what HTTP/2 " +
		"sends on its own",
		"what: response where it answers a request, else message; text: its first line", false},
	{GoodbyeSent, "goodbye", "the frame, of the side, ends the session by the protocol's " +
		"own words",
		"what: close-notify where it is a TLS alert, message where only its place shows it, just before its side closes; " +
			"text: its first line", false},
	{AlertSent, "alert", "the frame holds a TLS alert of the side, in the clear",
		"text: the alert's name (RFC 8446 §6)", false},
	{TLSVersion, "tls-version", "the TLS version in the message at the frame",
		"what: Server Hello (chosen) or Client Hello (offered); text: the version", false},
	{ServerName, "server-name", "the Client Hello of the side at the frame asks for this server name (RFC " +
		"6066 §3)",
		"text: the name", false},
	{Unread, "unread", "after its last own data or FIN the side received these bytes of data, which end at the frame, " +
		"before the RST",
		"bytes; span: from the frame to the RST", false},

	{LastData, "last-data", "the frame is the last of the side with new data before the RST",
		"span: time from it to the RST", true},
	{NoResponse, "no-response", "by the framing of the protocol, which is in the clear, none of the new data that the " +
		"peer sent after the request at the frame and before the frame until is a response to it",
		"what: response where the peer's last data is a preliminary reply (RFC 959 §4.2); text: the request's first " +
			"line; bytes: how many new bytes the peer sent, 0 where that is not known; span: from the request's last " +
			"byte to until", true},
	{SentAfter, "sent-after", "after the request at the frame and before the frame until the peer sent new data; " +
		"whether that answers it, and whether in full, the capture does not show",
		"text: the request's first line; bytes: how many new bytes, 0 where that is not known", false},
	{ResponseSent, "response", "the side sent a response at the frame", "text: its first line", false},
	{Verdict, "verdict", "the message that begins at the frame, of the side, refuses what was requested or says what " +
		"went wrong, in the words of its protocol",
		"text: its first line, or the name of the error", false},
	{Transaction, "transaction", "the message that begins at the frame is the last ReadyForQuery of the side, a " +
		"server of PostgreSQL, before the frame until, and its status says that a transaction is open",
		"text: the status, \"status T\" (open) or \"status E\" (open and failed)", false},
	{KeepAliveAnnounced, "keep-alive", "the frame, of the side, holds a CONNECT of MQTT that announces a keep " +
		"alive",
		"every: the keep alive", false},
	{SameClientID, "same-client", "the frame, in the stream, holds a CONNECT of MQTT to the same server with the client " +
		"identifier of the CONNECT of the connection's own client, which comes before it",
		"span: from it to the FIN of the server on the connection", false},
	{LastSent, "last-sent", "the side sent no data after the first frame and before the second", "span: between the two", true},
	{Sending, "sending", "from the first frame to the second, both of the peer, its ACK rises, and it sends no new " +
		"data from the first to the frame until",
		"bytes: by how much the ACK rises; span: between the two", false},
	{WindowFell, "window-fell", "from the first frame to the second, both of the side, its ACK rises by so many bytes " +
		"and ACK plus window does not, but for the rounding of the window scale: its receive buffer still held them",
		"bytes; span: between the two", false},
	{TransferCut, "transfer-cut", "the side, which sends the data of an FTP transfer, sent no FIN before the frame until",
		"bytes: how many of its bytes the frame acknowledges, 0 not known; of: the size that a reply gives", true},

	{ClosedBy, "closed-by", "the side sent a FIN at the frame, its first", "span: time from it to the RST", false},
	{ClosedUnseen, "closed-unseen", "at the frame the peer acknowledges one byte above all that the side was captured " +
		"to have sent, or that the peer had acknowledged before: a FIN that the capture lacks",
		"span: time from the frame to the RST; what: RST where the frame is the RST itself", false},
	{ReceivesOn, "receives-on", "after its FIN, at the frame from, the side acknowledges so much new data of the peer, " +
		"the last at the frame", "bytes; span: from its FIN to the frame", false},
	{FINAcked, "fin-acked", "the side's FIN is at the first frame, and the peer acknowledges it at " +
		"the second",
		"span: time from the FIN to the RST", false},
	{NoFIN, "no-fin", "no FIN and no RST of the side was captured before the RST", "", true},
	{AfterClose, "after-close", "the frames, of the peer, hold data that the side's FIN, or RST, at the frame from did " +
		"not acknowledge, and that it did not acknowledge later",
		"what; bytes: in all; text: first line; span: from the side's close to the first of the frames, negative when it " +
			"was captured before it", false},
	{AllAcked, "all-acked", "before the RST, or by it, all data captured of both sides are acknowledged", "", false},
	{NothingBetween, "nothing-between", "the side sent no new data between the frame from and the frame until", "", true},
	{Idle, "idle", "neither side sent data, new or again, between the frame from and the frame until; keep-alive " +
		"probes are left out",
		"span: time from the one to the other", true},
	{MatchesTimeout, "matches-timeout", "the span equals a known idle time, within its " +
		"tolerance",
		"span; text: whose", false},
	{ResetBefore, "reset-before", "the side sent a RST at the frame, before the RST",
		"span: time from the one to the other", false},
	{LastSegment, "last-segment", "the frame is the last segment of the side before the RST, RSTs not " +
		"counted",
		"span: time from it to the RST", true},

	{Accepted, "accepted-elsewhere", "the side's address and port sent a SYN-ACK at the frame, in the stream, the first " +
		"there; when it came after the RST, so did the SYN that it answers, where that was captured",
		"span: from the RST to it, negative when it came before", false},
	{Refused, "refused-elsewhere", "the side's address and port refused a SYN by the RST at the frame, in " +
		"the stream",
		"span: from the RST to it, negative when it came before", false},
	{RefusedCount, "refused-count", "the side's address and port refused so many connections in the " +
		"capture", "count", false},
	{AlsoReset, "also-reset", "the side's host sent a RST in the stream at the frame",
		"span: from the RST to it, negative when it came before", false},
	{AlsoResetCount, "also-reset-count", "the side's host reset so many other connections within this time of " +
		"the RST",
		"count; span", false},
	{Scan, "scan", "SYNs of the side's host were answered by RSTs of so many ports of the peer, or of so many hosts on " +
		"the peer's port; a RST with ACK and SEQ 0 that is the first segment of its connection in the capture answers a SYN " +
		"that was not captured",
		"count: ports; hosts; span: from the first to the last", false},
	{Asked, "asked", "in the capture the side's host sent SYNs to at least so many different ports, " +
		"and hosts",
		"count: ports; hosts; of: connections that it began so; number: of these, answered by a SYN-ACK; span: from the " +
			"first SYN to the last", false},
	{Askers, "askers", "in the capture at least so many different hosts sent a SYN to the side's address " +
		"and port",
		"count; span: from the first SYN to the last", false},
	{Unasked, "unasked", "in the capture so many connections of the side's host begin with a SYN-ACK to it, or with a " +
		"RST to it that has ACK and SEQ 0", "count", false},
	{Probes, "probes", "so many connections between the two hosts to the same port, before this one, ended in the " +
		"same way",
		"count; every: their usual distance, 0 when irregular", false},
	{ProbeBefore, "probe-before", "the frame, in the stream, ended such a connection",
		"span: from the RST to it, negative", false},

	{SYNACKAgain, "syn-ack-again", "the side's address and port sent a SYN-ACK at the frame, in the stream, which " +
		"it had " +
		"sent there before the RST too: a handshake that is not complete, and a port that is listening",
		"span: from the RST to it", false},
	{OpenedElsewhere, "opened-elsewhere", "the frame, in the stream, is of the side's host, and the first there that it " +
		"sent to the peer's host, which had sent to it before",
		"span: from the RST to it, negative when it came before", false},

	{SameSYN, "same-syn", "the frame, in the stream, is a SYN with the source address, port and SEQ of the side's SYN on " +
		"the reset's own connection, and with another destination",
		"text: its destination", false},
	{TranslatedSYN, "translated-syn", "the frame, in the stream, is the side's SYN on the RST's own connection with another " +
		"source or destination: SEQ, TSval and IP ID are the same, the TTL of the later is one less than that of the " +
		"earlier, and at most 10 ms are between them",
		"text: its addresses, as SOURCE > DESTINATION; what: syn where it came before the own one", false},
	{FTPTransfer, "ftp-transfer", "the stream is an FTP control connection between the same two hosts: the line at the " +
		"first frame announces the address and port of the RST's connection (PORT, EPRT, or the reply to PASV or EPSV), " +
		"the second is the command for a transfer, the third a preliminary reply to it",
		"text: the command; bytes: the size that a reply gives", false},
	{TransferEnded, "transfer-ended", "the RST's connection is an FTP control connection, and the stream the last data " +
		"connection that it announces; the side sends the data there, and its first FIN is the frame",
		"span: from it to the RST", false},
	{TransferLeft, "transfer-left", "the RST's connection is an FTP control connection, and the stream the last data " +
		"connection that it announces; the frame is a FIN or RST of the side there, before any FIN of the side that " +
		"sends the data",
		"text: the command; span: from it to the RST", false},

	{TTLSame, "ttl-same", "the RST's TTL, or hop limit, is that of the frame before it, a packet of the " +
		"same sender",
		"what: data where that frame is data, rst where it is a RST on another connection; number: the TTL", false},
	{TTLDiffers, "ttl-differs", "the RST's TTL, or hop limit, is not that of the first frame, a packet of the " +
		"same sender",
		"what: syn, or syn-ack, where that frame is its SYN, or SYN-ACK, and no other packet can be meant; number: the " +
			"RST's; expected: the other's", false},
	{IPIDContinues, "ip-id-continues", "the RST's IP ID is at most 8 above that of the sender's last packet before it, " +
		"at the first frame, in either byte order",
		"number: the RST's; expected: the other's", false},
	{IPIDCopied, "ip-id-copied", "the RST's IP ID is that of the first frame, a segment of the peer", "number", false},
	{IPIDBreaks, "ip-id-breaks", "the RST's IP ID is not within 4096 above that of the sender's last packet, at the " +
		"first frame",
		"number: the RST's; expected: the other's", false},
	{WindowCopied, "window-copied", "the RST's window field is that of the first frame, a segment of " +
		"the peer", "number", false},
	{TimestampContinues, "timestamp-continues", "the RST's TSval is the same as, or above, that of the sender's last " +
		"segment, at the first frame",
		"number: the RST's; expected: the other's", false},
	{MACDiffers, "mac-differs", "the RST's Ethernet source is not that of the sender's first packet, at the " +
		"first frame",
		"text: the RST's, a slash, the other's", false},
	{SendsAfterReset, "sends-after-reset", "the RST's sender sent new data at each further frame, after " +
		"the RST",
		"span: from the RST to the first", false},
	{AcksAfterReset, "acks-after-reset", "the RST's sender acknowledges, at each further frame, more than it had " +
		"before the RST, and, where the first comes within 3 ms of the RST, more than the RST itself does: less may have " +
		"left before it and been overtaken",
		"count; span: from the RST to the first", false},
	{AcceptsAfterReset, "accepts-after-reset", "the RST's sender sent a SYN-ACK at the frame, after the RST, before " +
		"which the peer had sent nothing but SYNs, each of which a RST had answered, and the peer sent no further SYN in " +
		"between", "span", false},
	{SEQOutside, "seq-outside", "the RST's SEQ lies this far from the next that its sender had to send, as far as " +
		"captured, and no captured segment of the peer before it has that ACK",
		"bytes: negative when below", false},
	{GuessesSEQ, "guesses-seq", "further RSTs in the side's name have SEQs above all that it was captured to have " +
		"sent, different from each other or the RST's",
		"bytes: the largest distance", false},
	{Repeated, "repeated", "RSTs with the same SEQ and ACK were captured so often within a millisecond", "count", false},
	{TooSoon, "too-soon", "the RST follows the first frame by less time than its sender needed, at least, to answer " +
		"any other segment before the RST",
		"span: between the two; every: the least time of another answer", false},
	{BothReset, "both-reset", "both sides sent a RST, at the two frames", "span: between the two", false},
	{CapturedOnce, "captured-once", "the RST was captured once, and of the connection's other packets so " +
		"many duplicates were captured",
		"count: duplicates; hosts: other packets", false},
	{AfterFirstData, "after-first-data", "the RST comes after the originator's first data, at the first frame, and " +
		"before any data of the responder", "", false},
	{ReplyWithACK, "reply-with-ack", "the RST has ACK and a SEQ other than 0, and answers data that came after its " +
		"sender had ended the connection, at the first frame", "", false},
	{OverBefore, "over-before", "the connection had ended at the first frame: by a RST of the peer, or by the " +
		"acknowledgment of the second FIN",
		"what: RST or FIN; span: from there to the RST", false},
	{TooSoonElsewhere, "too-soon-elsewhere", "the RST refuses the SYN at the first frame, and follows it by less than " +
		"an eighth of the least time in which its sender answered a SYN, or a SYN-ACK, on another connection",
		"span: between the two; every: the least time of another answer", false},
	{IPIDNotZero, "ip-id-not-zero", "the RST's IP ID is not 0, and that of all packets of its sender before it on the " +
		"connection is, of which the first frame is the last",
		"number: the RST's", false},
	{AnswersReset, "answers-reset", "the RST has SEQ 0 and ACK, and its ACK is the SEQ of the first frame, a RST " +
		"without ACK of the peer",
		"span: between the two", false},
	{ACKOutside, "ack-outside", "the RST has ACK, and its ACK is more than 1048576 above the end of all that its " +
		"receiver was captured to have sent, of which the first frame is the last segment, or as far below the first " +
		"number that it sent",
		"bytes: its distance from that end, negative when below", false},
	{MirrorsData, "mirrors-data", "the RST has a payload, and its first bytes are those of the first frame, data of " +
		"the peer", "", false},
	{ComparedWith, "compared-with", "the frame, in the stream, is a packet of the RST's sender with the value that the " +
		"RST was compared with", "number", false},

	{Challenged, "challenge-ack", "the side, the RST's receiver, answered the RST with a plain ACK at the second " +
		"frame, which acknowledges no more than before the RST, and goes on", "", false},
	{OutOfWindow, "out-of-window", "the RST's SEQ is outside of the window that its receiver advertised last, as far " +
		"as captured", "", false},
	{InWindow, "in-window", "the RST's SEQ is in its receiver's window, and not the next expected (RFC " +
		"5961 §3.2)", "", false},
	{NotForSYN, "not-for-syn", "the receiver had sent a SYN only, and the RST does not acknowledge it", "", false},
	{RetransmitsAfter, "syn-after", "the RST's receiver sent its SYN again after the RST, at the " +
		"second frame", "count", false},
	{RetransmissionsAfterReset, "retransmits-after",
		"the RST's receiver sent data again after the RST, at the frames after it", "count", false},
	{ResetText, "reset-text", "the RST carries this text (RFC 9293 §3.5.3)", "text", false},
	{MPTCPReason, "mptcp-reason", "the RST carries MP_TCPRST with this reason (RFC 8684 §3.6)", "number", false},
	{MPTCPFastClose, "mptcp-fastclose", "the RST carries MP_FASTCLOSE (RFC 8684 §3.5)", "", false},
	{FurtherResets, "further-resets", "the side sent so many further RSTs on the connection after the RST; the frame " +
		"is the first of them", "count", false},
	{AtFIN, "at-fin", "the RST's SEQ is that of the FIN of its sender at the first frame, which the peer acknowledged " +
		"at the second, before the RST: one below the next that the peer expects", "", false},
	{GoesOn, "goes-on", "the side, the RST's receiver, sent a segment other than a RST at the frame, after " +
		"the RST",
		"span: time from the RST to it", false},
	{EchoMoves, "echo-moves", "the side, the RST's receiver, sent both frames after the RST, and the second has a " +
		"newer TSecr: a segment of its peer reached it in between",
		"span: time from the RST to the second frame", false},
	{ImpossibleFlags, "impossible-flags", "the RST has SYN or FIN set too", "text: its flags", false},

	{ICMPRefused, "icmp-refused", "each frame is an ICMP error of this type and code, from this host, that quotes a " +
		"SYN to this address and port; where there are more, the frames are the first of them",
		"text: who sent it and where the SYN went, as ADDRESS > ADDRESS:PORT; number: type in the second byte, code in " +
			"the lowest, bit 16 for ICMPv6; count: how many in the capture", false},
	{ICMPRefusedMore, "icmp-refused-more", "so many further ICMP errors in the capture quote a SYN, and refuse it by " +
		"their type and code", "count", false},

	{SameEvent, "same-event", "the frame is an earlier RST of the connection", "span: from it to the RST", false},
	{Duplicate, "duplicate", "the first frame has the same addresses, ports, SEQ, ACK, flags and IP ID as " +
		"the RST", "", false},

	{KernelSent, "kernel-sent", "the trace of the sender's kernel has a RST with the RST's source, and its destination " +
		"or, where a listening socket sent it, none",
		"text: the reason and the socket's state, as the kernel names them; number: when, in nanoseconds since the Unix " +
			"epoch by the capture's clock", false},
	{KernelReceived, "kernel-received", "the trace of the receiver's kernel has a RST that a socket with the RST's " +
		"destination as its own address and the source as its peer's accepted",
		"number as in kernel-sent", false},
	{KernelSilent, "kernel-silent", "the trace of the kernel that has the RST's source as an address of its own, and " +
		"that has other RSTs, has none like it at that time",
		"count: RSTs that it sent, in the trace", false},
	{KernelRetransmits, "kernel-retransmits",
		"the trace of the side's kernel has so many retransmissions of the connection", "count", false},
}

var kindNames = func() (names [numKinds]string) {
	for _, m := range Kinds {
		names[m.Kind] = m.Name
	}
	return names
}()

// String returns the name of the kind in the JSON report: "reply-to".
func (k Kind) String() string { return kindNames[k] }

// Absence reports whether the kind states that something is not there.
func (k Kind) Absence() bool { return absences[k] }

var absences = func() (is [numKinds]bool) {
	for _, m := range Kinds {
		is[m.Kind] = m.Absence
	}
	return is
}()

// NeedsPayload reports whether an absence can be seen only where payload was captured whole: lengths alone do not
// show where an application's message ends.
func (k Kind) NeedsPayload() bool {
	switch k {
	case HandshakeOpen, Delivered, NotEnded, NoCloseNotify, NothingAsked, NoResponse:
		return true
	}
	return false
}

// NeedsBeginning reports whether an absence reaches back to the beginning of the connection.
func (k Kind) NeedsBeginning() bool {
	switch k {
	case NoFIN, TransferCut, NoSYNACK, NoSYN, NothingSent, NothingAsked:
		return true
	}
	return false
}

// Waits reports whether the span of a claim of the kind is a time in which something did not happen.
func (k Kind) Waits() bool {
	switch k {
	case Idle, Silent, MatchesTimeout, LastData, LastSegment, NoCloseNotify, Unanswered, NoResponse, ZeroWindow,
		KeepAliveProbes, WindowProbes:
		return true
	}
	return false
}

// Watches returns the sides of whose segments a claim of the kind, about side s, states an absence.
func (k Kind) Watches(s flows.Side) []flows.Side {
	switch k {
	case ReplyUnseen, Unacked, Unanswered, UnackedData:
		return onlySide[s.Peer()][:]
	case HandshakeOpen, NothingSent, Idle, NoHandshake:
		return bothSides[:]
	case NothingAsked:
		return onlySide[flows.Originator][:]
	}
	return onlySide[s][:]
}

var (
	bothSides = [...]flows.Side{flows.Originator, flows.Responder}
	onlySide  = [...][1]flows.Side{{flows.Originator}, {flows.Responder}}
)
