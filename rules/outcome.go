package rules

import "strings"

// A situation is what an application went through: it decides the errno and, by the runtime, the words.
type situation uint8

const (
	sawNothing      situation = iota // the connection was done with
	sawRefused                       // its connect failed
	sawNoResponse                    // RST where the response should have begun
	sawMidBody                       // RST within the response
	sawEOF                           // FIN where the response should have begun, then RST
	sawEOFMidBody                    // FIN within the response, then RST
	sawHandshake                     // RST during the TLS handshake
	sawEOFTLS                        // FIN during the TLS handshake, then RST
	sawStream                        // RST with an HTTP/2 stream open
	sawEOFStream                     // FIN with an HTTP/2 stream open, then RST
	sawGiveUp                        // its TCP gave up on a silent peer
	sawOwnLimit                      // its own time limit for the answer ran out
	sawConnectTime                   // its own time limit for connecting ran out
	sawUntrusted                     // it refused the server's certificate
	sawClientGone                    // a server lost its client
	sawClientClosed                  // a server's client sent FIN, then RST
	sawPush                          // RST while sending
	sawEOFPush                       // FIN while sending, then RST

	situationCount = iota
)

// errno is what the kernel hands to the application.
var errno = words{
	sawRefused:    "ECONNREFUSED (connection refused)",
	sawNoResponse: "ECONNRESET (connection reset by peer)",
	sawMidBody:    "ECONNRESET (connection reset by peer), after part of the data",
	sawEOF:        "end of file on reading, then EPIPE (broken pipe) or ECONNRESET on writing",
	sawEOFMidBody: "end of file before all data had come, then EPIPE or ECONNRESET on writing",
	sawHandshake:  "ECONNRESET (connection reset by peer) in the TLS handshake",
	sawEOFTLS:     "end of file in the TLS handshake",
	sawStream:     "ECONNRESET (connection reset by peer), for every open stream",
	sawEOFStream:  "end of file, for every open stream",
	sawGiveUp:     "ETIMEDOUT (connection timed out)",
	sawClientGone: "ECONNRESET (connection reset by peer) on reading, EPIPE (broken pipe) on writing",
	// Behind a FIN the stream has its end for the reader, and a RST becomes EPIPE (Linux tcp_reset, CLOSE-WAIT).
	sawClientClosed: "end of file on reading, EPIPE (broken pipe) on writing",
	sawPush:         "ECONNRESET (connection reset by peer) or EPIPE (broken pipe) on writing",
	sawEOFPush:      "EPIPE (broken pipe) or ECONNRESET (connection reset by peer) on writing",
}

// whens name the situations.
var whens = words{
	sawRefused:      "the connect was refused",
	sawNoResponse:   "a RST came where the response should have begun",
	sawMidBody:      "a RST came within the response",
	sawEOF:          "a FIN came where the response should have begun",
	sawEOFMidBody:   "a FIN came within the response",
	sawHandshake:    "a RST came in the TLS handshake",
	sawEOFTLS:       "a FIN came in the TLS handshake",
	sawStream:       "a RST came with an HTTP/2 stream open",
	sawEOFStream:    "a FIN came with an HTTP/2 stream open",
	sawGiveUp:       "its system gave up on a silent peer",
	sawOwnLimit:     "its own time limit for the answer ran out",
	sawConnectTime:  "its own time limit for connecting ran out",
	sawUntrusted:    "it does not trust the server's certificate",
	sawClientGone:   "a server lost its client",
	sawClientClosed: "a server's client closed before it had all",
	sawPush:         "a RST came while it was sending",
	sawEOFPush:      "a FIN came while it was sending",
}

// errnoOf returns what the kernel hands to an application in s, and what that is called on Windows.
func errnoOf(s situation, windows bool) string {
	says := errno[s]
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
