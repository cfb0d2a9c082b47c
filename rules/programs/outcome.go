// Package programs knows what applications print when their connection is reset: for each Outcome the words of curl,
// Go, Python, nginx and others. Begin with AppendLikely, which lists the programs that one side of a connection may
// be, and Program.Phrase.
package programs

import "strings"

// An Outcome is what an application went through: it decides the errno and, by the runtime, the words.
type Outcome uint8

// The outcomes.
const (
	Nothing      Outcome = iota // the connection was done with
	Refused                     // its connect failed
	NoResponse                  // RST where the response should have begun
	MidBody                     // RST within the response
	EOF                         // FIN where the response should have begun, then RST
	EOFMidBody                  // FIN within the response, then RST
	Handshake                   // RST during the TLS handshake
	EOFHandshake                // FIN during the TLS handshake, then RST
	Stream                      // RST with an HTTP/2 stream open
	EOFStream                   // FIN with an HTTP/2 stream open, then RST
	GiveUp                      // its TCP gave up on a silent peer
	OwnLimit                    // its own time limit for the answer ran out
	ConnectLimit                // its own time limit for connecting ran out
	Untrusted                   // it refused the server's certificate
	ClientGone                  // a server lost its client
	ClientClosed                // a server's client sent FIN, then RST
	Push                        // RST while sending
	EOFPush                     // FIN while sending, then RST
	Reused                      // FIN or RST in place of a response, on a connection that had served a request before

	outcomeCount = iota
)

// errnos is what the kernel hands to the application.
var errnos = phrases{
	Refused:      "ECONNREFUSED (connection refused)",
	NoResponse:   "ECONNRESET (connection reset by peer)",
	MidBody:      "ECONNRESET (connection reset by peer), after part of the data",
	EOF:          "end of file on reading, then EPIPE (broken pipe) or ECONNRESET on writing",
	EOFMidBody:   "end of file before all data had come, then EPIPE or ECONNRESET on writing",
	Handshake:    "ECONNRESET (connection reset by peer) in the TLS handshake",
	EOFHandshake: "end of file in the TLS handshake",
	Stream:       "ECONNRESET (connection reset by peer), for every open stream",
	EOFStream:    "end of file, for every open stream",
	GiveUp:       "ETIMEDOUT (connection timed out)",
	ClientGone:   "ECONNRESET (connection reset by peer) on reading, EPIPE (broken pipe) on writing",
	// Behind a FIN the stream has its end for the reader, and a RST becomes EPIPE (Linux tcp_reset, CLOSE-WAIT).
	ClientClosed: "end of file on reading, EPIPE (broken pipe) on writing",
	Push:         "ECONNRESET (connection reset by peer) or EPIPE (broken pipe) on writing",
	EOFPush:      "EPIPE (broken pipe) or ECONNRESET (connection reset by peer) on writing",
}

// when names the outcomes.
var when = phrases{
	Refused:      "the connect was refused",
	NoResponse:   "a RST came where the response should have begun",
	MidBody:      "a RST came within the response",
	EOF:          "a FIN came where the response should have begun",
	EOFMidBody:   "a FIN came within the response",
	Handshake:    "a RST came in the TLS handshake",
	EOFHandshake: "a FIN came in the TLS handshake",
	Stream:       "a RST came with an HTTP/2 stream open",
	EOFStream:    "a FIN came with an HTTP/2 stream open",
	GiveUp:       "its system gave up on a silent peer",
	OwnLimit:     "its own time limit for the answer ran out",
	ConnectLimit: "its own time limit for connecting ran out",
	Untrusted:    "it does not trust the server's certificate",
	ClientGone:   "a server lost its client",
	ClientClosed: "a server's client closed before it had all",
	Push:         "a RST came while it was sending",
	EOFPush:      "a FIN came while it was sending",
	Reused:       "a FIN or RST came in place of a response, on a connection that had served a request before",
}

// String says when an application meets the outcome: "a RST came within the response".
func (o Outcome) String() string { return when[o] }

// Errno returns what the kernel hands to an application in s, and what that is called on Windows.
func Errno(s Outcome, windows bool) string {
	says := errnos[s]
	if !windows {
		return says
	}
	for _, e := range winsock {
		if strings.Contains(says, e.errno) {
			return says + ", on Windows (which begins with a TTL of 128) " + e.says
		}
	}
	return says
}

// winsock has the names of Windows for errnos.
var winsock = [...]struct{ errno, says string }{
	{"ECONNREFUSED", "WSAECONNREFUSED (10061)"},
	{"EPIPE", "WSAECONNRESET (10054) or WSAECONNABORTED (10053)"},
	{"ECONNRESET", "WSAECONNRESET (10054)"},
	{"ETIMEDOUT", "WSAETIMEDOUT (10060)"},
}
