// Package exchange reads what two applications said to each other from the first bytes of their
// segments, without being a dissector: enough to tell whether an exchange was finished when its
// connection was reset, and to name it in a sentence.
//
// A State hears the bytes of one connection in sequence order (Say), what the capture misses of them
// (Lost) and the FINs (Fin), and tells how the exchange stands (Summary). It is small and free of
// pointers; strings and begun messages lie in a Names that all connections share, and that is bounded.
// What a State makes of a conversation does not depend on how segments cut it; only after missing bytes
// is a message looked for where a segment begins. Protocols are known by what is said, never by ports.
//
// What cannot be read (unknown protocols, what TLS encrypts) is followed by turns and sizes: who spoke
// last, and whether that can be an answer. Summary.Guess then says so.
//
// Texts are printable whatever the network sent, and carry no secrets: of commands only verbs are kept,
// of request targets only the path, of statements the first word.
package exchange

// A Kind is what one application message is for the exchange.
type Kind uint8

// The kinds. None is the zero Kind: this side has said nothing.
const (
	None        Kind = iota
	Opaque           // bytes of no known protocol
	Greeting         // a responder that speaks first: SMTP 220, SSH banner, MySQL handshake
	Request          // asks for an answer
	Response         // answers, complete as far as its own length says
	Partial          // a response that its own length says is not complete
	Refusal          // a final negative answer that ends the exchange: SMTP 421/521, HTTP 408/503 with close
	Goodbye          // ends the exchange by the protocol: QUIT, 221, close_notify, GOAWAY, Terminate, unbind
	Handshake        // TLS, SSH or protocol set-up after the first message; a login too, which may wait for its answer
	ClientHello      // TLS Client Hello
	Alert            // fatal TLS alert in clear, or an encrypted record during the handshake that must be one
	// keep-alive of the application, SETTINGS, preface, WINDOW_UPDATE, PING: wants nothing but perhaps a PONG
	Housekeeping
	OneWay // wants no answer by its protocol: a log line, a measurement, a command of C37.118
)

// String names the kind.
func (k Kind) String() string {
	return [...]string{"none", "opaque", "greeting", "request", "response", "partial response", "refusal",
		"goodbye", "handshake", "client hello", "alert", "housekeeping", "one-way message"}[k]
}

// A Message is one side's last message.
type Message struct {
	Kind  Kind
	Frame int    // frame of its first byte, 0 none
	Time  int64  // Unix nanoseconds of that frame
	Text  string // its first line, shortened and printable: "GET /a", "HTTP/1.1 200 OK", "250 ok"
	Len   uint32 // bytes of the message seen so far
	End   int    // frame of its last byte seen
}

// A Summary is the state of an exchange at one moment, index 0 for the originator and 1 for the responder.
type Summary struct {
	Protocol string // "HTTP/1.1", "HTTP/2", "TLS 1.3", "SMTP", …; "" unknown
	Last     [2]Message
	Messages [2]int // turns taken: changes of the speaking side, counted for each
	Speaker  int    // side that spoke last: 0, 1, or −1 when neither did
	First    int    // side that spoke first, or −1

	// Pending counts the requests that stand unanswered, as far as the protocol tells. A response that has
	// begun has answered, except where its protocol marks the end (HTTP/2 streams, PostgreSQL): see
	// Last[i].Kind Partial and Open for one that is cut.
	Pending int

	// HTTP, RTSP and SIP; after CONNECT what it asked for
	Method, Host, Path string // of the last request; Path without what follows a "?"
	UserAgent          string // of the originator
	Server             string // Server header of the responder
	Status             int    // of the last response, 0 none
	KeepAlive          bool   // both sides may use the connection again
	BodyWant           int64  // bytes of body announced for the last message with one; −1 unknown or chunked
	BodyGot            int64  // bytes of it seen
	BodySide           int    // side that sends this body, −1 none

	InHeader    [2]bool // the side's last message of HTTP, RTSP or SIP is not at the end of its header
	EventStream bool    // HTTP/1: the last response is a stream of events, which has no end of its own (text/event-stream)
	// Withheld says that the originator's last request of HTTP/1 was answered before its body was sent, which waits for
	// that (Expect: 100-continue).
	Withheld bool

	// KeepAliveTime is the keep alive in seconds that the originator's CONNECT of MQTT announces: after one and a half times
	// of it without a message of the client, the server ends the connection. 0 for none.
	KeepAliveTime  int
	KeepAliveFrame int // of that CONNECT

	// OtherLayer says that the server's first message is of a protocol that the client does not speak: a response of
	// HTTP in the clear to a Client Hello, a TLS alert to a request in the clear, the greeting of SSH to either.
	OtherLayer bool

	// Transaction is the frame of PostgreSQL's last ReadyForQuery where that says that a transaction is open, else 0;
	// TransactionFailed, that it has failed and can only be rolled back.
	Transaction       int
	TransactionFailed bool

	// TLS
	TLS         bool
	TLSVersion  string // as negotiated, else offered: "TLS 1.2"
	SNI         string
	ALPN        string // negotiated in clear (TLS 1.2), else the first offered unless its first words are of another
	HandshakeOK bool   // the handshake is finished as far as can be seen
	AlertSide   int    // side that sent a fatal alert in clear, −1 none
	AlertText   string // "handshake_failure (40)"
	CloseNotify [2]int // frame of each side's close_notify, 0 none; encrypted ones are recognized by their size

	Unused [2]bool // the side has sent no request of its own: handshake, preface, SETTINGS, GOAWAY at most

	// Waiting counts the requests of each side that stand unanswered; Pending is their sum. Pings are the
	// keep-alive pings among them. Long polls (IMAP IDLE, SMB CHANGE_NOTIFY, OPC UA Publish, Kafka Fetch)
	// are not counted: they are left open by design.
	Waiting [2]int
	Pings   [2]int

	// Guess says that Pending, Waiting, Unused and the kinds rest on turn-taking alone (unknown protocol,
	// inside TLS, or bytes missing from the capture), and not on what the protocol says of itself.
	Guess bool

	// Request is the last request or ping of either side, kept when housekeeping or a goodbye followed it.
	// Its Frame is 0 when there was none. RequestSide is −1 then.
	Request     Message
	RequestSide int

	Goodbye        [2]int  // frame of each side's first goodbye, close_notify included; 0 none
	CloseAnnounced [2]bool // the side's last message says that the connection ends with it: HTTP "Connection: close"

	// Open says that the side's last bytes end inside a unit whose length is known (a TLS record, an
	// HTTP body, a frame): more of it was to come. Likely says the same on weaker ground: the unit is
	// whole, but as large as units can be (a TLS record of 2^14 bytes), so that it hardly was the last.
	Open, Likely [2]bool

	AlertFrame [2]int // first TLS alert other than close_notify, in clear or told by its size, at its side; 0 none
	TLSClient  int    // side that sent the Client Hello; 0 where none was captured

	// Verdict is the last message in which a side refused what it was asked for, or said what went wrong, in the words
	// of its protocol: SMTP 550, STATUS_LOGON_FAILURE, HTTP 413. A later answer that grants something withdraws it. Its
	// Frame is 0 without one; VerdictSide is −1 then.
	Verdict     Message
	VerdictSide int

	// Upgraded names what was spoken before the protocol in Protocol took over: "HTTP CONNECT",
	// "HTTP Upgrade", "SMTP", "PROXY", "SOCKS5"; "" when it was spoken from the start.
	Upgraded string
}
