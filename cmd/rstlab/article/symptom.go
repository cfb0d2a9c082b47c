//go:build linux

package article

import (
	"strings"

	"golang.org/x/sys/unix"
)

// A Symptom is what one program said about one request.
type Symptom struct {
	Experiment string `json:"experiment"`
	Capture    string `json:"capture"`          // of the program's side, relative to this file
	Frame      int    `json:"frame"`            // RST of the event that it speaks of, 0 when there was none
	Role       string `json:"role,omitempty"`   // "receiver" or "sender" of that RST
	Late       bool   `json:"late,omitempty"`   // the RST came after the words: an end of file or a timer spoke first
	Frames     []int  `json:"frames,omitempty"` // all RSTs of its turn in this capture
	Program    string `json:"program"`
	Setting    string `json:"setting,omitempty"` // what was set differently from other lines of the program
	Version    string `json:"version"`
	Words      string `json:"words"`            // word for word; "" when it said nothing
	Result     string `json:"result,omitempty"` // the answer that it got, or believed to have got
	Errno      int    `json:"errno,omitempty"`
	ErrnoName  string `json:"errno_name,omitempty"`
	Expect     string `json:"expect"` // what an explanation's symptom should contain, without addresses and counts
	Situation  string `json:"situation"`
}

func errnoName(n int) string {
	if n == 0 {
		return ""
	}
	return unix.ErrnoName(unix.Errno(n))
}

// phrases are the lasting parts of what programs say, the more special first. A saying that holds none
// of them fails the experiment, so that this list is always complete.
var phrases = []string{
	"Couldn't connect to server", "Timeout was reached", // curl, before OkHttp's "Failed to connect to"
	// OkHttp
	"unexpected end of stream on Connection{",
	"java.net.ProtocolException: unexpected end of stream", "Failed to connect to",
	"stream was reset: CANCEL", "stream was reset: PROTOCOL_ERROR",
	"ConnectionShutdownException", "java.io.IOException: Canceled", "SocketTimeoutException: timeout", "Socket closed",
	// the JDK
	"HTTP/1.1 header parser received no bytes", "Remote host terminated the handshake", "SSL peer shut down incorrectly",
	"Error writing request body to server", "Unexpected end of file from server",
	"unable to find valid certification path",
	"EOF reached while reading", "ClosedChannelException", "HTTP connect timed out", "request timed out",
	// Python
	"Remote end closed connection without response", "IncompleteRead(",
	"UNEXPECTED_EOF_WHILE_READING", "CERTIFICATE_VERIFY_FAILED",
	"[Errno 104] Connection reset by peer", "[Errno 111] Connection refused",
	"[Errno 32] Broken pipe", "[Errno 110] Connection timed out",
	"(104, 'Connection reset by peer')", "(32, 'Broken pipe')",
	"(110, 'Connection timed out')", "TimeoutError: timed out", "Read timed out",
	// Node.js
	"other side closed", "socket hang up", "Client network socket disconnected",
	"Error: aborted", "connect ECONNREFUSED", "connect ETIMEDOUT",
	"read ECONNRESET", "read ETIMEDOUT", "write EPIPE", "write ECONNRESET",
	"Connect Timeout Error", "unable to verify the first certificate",
	"The operation was aborted",
	// Go
	"http: server closed idle connection", "connect: connection refused",
	"connect: connection timed out", "read: connection reset by peer",
	"write: connection reset by peer", "write: broken pipe", "read: connection timed out",
	"use of closed network connection", "unexpected EOF",
	"client connection lost", "context canceled", "Client.Timeout exceeded",
	"context deadline exceeded", "failed to verify certificate", ": EOF",
	// nginx
	"client prematurely closed connection", "upstream prematurely closed connection while reading " +
		"response header",
	"upstream prematurely closed connection while reading upstream",
	"upstream timed out (110: Connection timed out)", "(104: Connection reset by peer)",
	"(111: Connection refused)", "(32: Broken pipe)",
	// mitmproxy
	"server closed connection", "error establishing server connection",
	"peer closed connection without sending complete message body",
	// HAProxy: termination states
	" SC-- ", " SH-- ", " SD-- ", " sH-- ", " sC-- ", " CD-- ", " -- ",
	// curl
	"Empty reply from server", "Recv failure: Connection reset by peer", "Recv failure: Connection timed out",
	"Send failure: Broken pipe", "Send failure: Connection reset by peer", "bytes remaining to read", "SSL_ERROR_SYSCALL",
	"was not closed cleanly before end of the underlying stream", "SSL certificate problem",
	"Operation timed out", "Connection timed out after",
	// what several share
	"Connection reset by peer", "Connection reset", "Broken pipe", "Connection refused",
	"Connection timed out", "connect timed out", "Connect timed out",
	"i/o timeout", "timed out", "timeout",
}

// expect returns the lasting part of words.
func expect(words string) string {
	for _, p := range phrases {
		if strings.Contains(words, p) {
			return p
		}
	}
	return ""
}
