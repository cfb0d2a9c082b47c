package rules

import (
	"strings"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
)

// A situation is what the application on the side that received the RST went through: it decides the errno
// and, by the runtime, the words.
type situation uint8

const (
	sawNothing     situation = iota // the connection was done with
	sawRefused                      // its connect failed
	sawNoResponse                   // RST where the response should have begun
	sawMidBody                      // RST within the response
	sawEOF                          // FIN where the response should have begun, then RST
	sawEOFMidBody                   // FIN within the response, then RST
	sawHandshake                    // RST during the TLS handshake
	sawStream                       // RST with an HTTP/2 stream open
	sawGiveUp                       // it is the sender that gave up
	sawRefusedBusy                  // the handshake was done, then RST at once
	sawClientGone                   // a server lost its client
	sawPushReset                    // RST while sending
)

// A printer is a program or runtime and what it prints in each situation. Measured on Linux.
type printer struct {
	name  string
	marks []string // what tells it by User-Agent or Server, in lower case
	says  map[situation]string
}

// errno is what the kernel hands to the application.
var errno = map[situation]string{
	sawRefused:     "ECONNREFUSED (connection refused)",
	sawNoResponse:  "ECONNRESET (connection reset by peer)",
	sawMidBody:     "ECONNRESET (connection reset by peer), after part of the data",
	sawEOF:         "end of file on reading, then EPIPE (broken pipe) or ECONNRESET on writing",
	sawEOFMidBody:  "end of file before all data had come, then EPIPE or ECONNRESET on writing",
	sawHandshake:   "ECONNRESET (connection reset by peer) in the TLS handshake",
	sawStream:      "ECONNRESET (connection reset by peer), for every open stream",
	sawGiveUp:      "ETIMEDOUT (connection timed out)",
	sawRefusedBusy: "ECONNRESET (connection reset by peer) on the first write or read",
	sawClientGone:  "ECONNRESET (connection reset by peer) on reading, EPIPE (broken pipe) on writing",
	sawPushReset:   "ECONNRESET (connection reset by peer) or EPIPE (broken pipe) on writing",
}

// printers are the clients whose words are known, most common first.
var printers = []printer{
	{"curl", []string{"curl/"}, map[situation]string{
		sawRefused:     "curl: (7) Failed to connect to … port …: Couldn't connect to server",
		sawNoResponse:  "curl: (56) Recv failure: Connection reset by peer",
		sawMidBody:     "curl: (56) Recv failure: Connection reset by peer (after partial data)",
		sawEOF:         "curl: (52) Empty reply from server",
		sawEOFMidBody:  "curl: (18) transfer closed with … bytes remaining to read",
		sawHandshake:   "curl: (35) … Connection reset by peer",
		sawStream:      "curl: (56) Recv failure: Connection reset by peer",
		sawGiveUp:      "curl: (28) Operation timed out, or (56) Recv failure: Connection timed out",
		sawRefusedBusy: "curl: (56) Recv failure: Connection reset by peer",
		sawPushReset:   "curl: (55) Send failure: Connection reset by peer",
	}},
	{"Go", []string{"go-http-client", "go-resty"}, map[situation]string{
		sawRefused:     "dial tcp …: connect: connection refused",
		sawNoResponse:  "read tcp …: read: connection reset by peer",
		sawMidBody:     "read tcp …: read: connection reset by peer",
		sawEOF:         "EOF",
		sawEOFMidBody:  "unexpected EOF",
		sawHandshake:   "read tcp …: read: connection reset by peer",
		sawStream:      "http2: client connection lost, or read: connection reset by peer",
		sawGiveUp:      "read tcp …: read: connection timed out",
		sawRefusedBusy: "read tcp …: read: connection reset by peer",
		sawPushReset:   "write tcp …: write: connection reset by peer, or write: broken pipe",
	}},
	{"Python", []string{"python", "aiohttp", "urllib", "httpx"}, map[situation]string{
		sawRefused:     "ConnectionRefusedError: [Errno 111] Connection refused",
		sawNoResponse:  "ConnectionResetError: [Errno 104] Connection reset by peer",
		sawMidBody:     "ConnectionResetError: [Errno 104] Connection reset by peer",
		sawEOF:         "RemoteDisconnected: Remote end closed connection without response",
		sawEOFMidBody:  "IncompleteRead(… bytes read, … more expected)",
		sawHandshake:   "ConnectionResetError: [Errno 104] Connection reset by peer",
		sawStream:      "ConnectionResetError: [Errno 104] Connection reset by peer",
		sawGiveUp:      "TimeoutError: [Errno 110] Connection timed out",
		sawRefusedBusy: "ConnectionResetError: [Errno 104] Connection reset by peer",
		sawPushReset:   "ConnectionResetError: [Errno 104], or BrokenPipeError: [Errno 32] Broken pipe",
	}},
	{"Node.js", []string{"node", "axios", "undici", "got ("}, map[situation]string{
		sawRefused:     "connect ECONNREFUSED …",
		sawNoResponse:  "read ECONNRESET",
		sawMidBody:     "aborted, or terminated (ECONNRESET)",
		sawEOF:         "socket hang up (ECONNRESET)",
		sawEOFMidBody:  "aborted",
		sawHandshake:   "ECONNRESET: Client network socket disconnected before secure TLS connection was established",
		sawStream:      "read ECONNRESET",
		sawGiveUp:      "ETIMEDOUT",
		sawRefusedBusy: "read ECONNRESET",
		sawPushReset:   "write ECONNRESET, or write EPIPE",
	}},
	{"OkHttp", []string{"okhttp"}, map[situation]string{
		sawRefused:     "java.net.ConnectException: Failed to connect to … (Connection refused)",
		sawNoResponse:  "java.net.SocketException: Connection reset",
		sawMidBody:     "java.net.SocketException: Connection reset",
		sawEOF:         "java.io.IOException: unexpected end of stream on Connection{…}",
		sawEOFMidBody:  "java.net.ProtocolException: unexpected end of stream",
		sawHandshake:   "javax.net.ssl.SSLException / SSLHandshakeException: Connection reset, or Connection closed by peer (Android)",
		sawStream:      "okhttp3.internal.http2.StreamResetException: stream was reset: CANCEL, or SocketException: Connection reset",
		sawGiveUp:      "java.net.SocketTimeoutException, or SocketException: Connection timed out",
		sawRefusedBusy: "java.net.SocketException: Connection reset",
		sawPushReset:   "java.net.SocketException: Broken pipe, or Connection reset",
	}},
	{"Java", []string{"java/", "apache-httpclient", "jakarta"}, map[situation]string{
		sawRefused:     "java.net.ConnectException: Connection refused",
		sawNoResponse:  "java.net.SocketException: Connection reset",
		sawMidBody:     "java.net.SocketException: Connection reset",
		sawEOF:         "java.net.SocketException: Unexpected end of file from server",
		sawEOFMidBody:  "java.io.IOException: Premature EOF",
		sawHandshake:   "javax.net.ssl.SSLException: Connection reset",
		sawStream:      "java.io.IOException: Connection reset",
		sawGiveUp:      "java.net.SocketException: Connection timed out",
		sawRefusedBusy: "java.net.SocketException: Connection reset",
		sawPushReset:   "java.net.SocketException: Broken pipe (Write failed), or Connection reset",
	}},
	{"a browser", []string{"mozilla/"}, map[situation]string{
		sawRefused:     "ERR_CONNECTION_REFUSED (Chrome)",
		sawNoResponse:  "ERR_CONNECTION_RESET (Chrome)",
		sawMidBody:     "ERR_CONNECTION_RESET (Chrome)",
		sawEOF:         "ERR_EMPTY_RESPONSE or ERR_CONNECTION_CLOSED (Chrome)",
		sawEOFMidBody:  "ERR_CONTENT_LENGTH_MISMATCH or ERR_INCOMPLETE_CHUNKED_ENCODING (Chrome)",
		sawHandshake:   "ERR_CONNECTION_RESET (Chrome)",
		sawStream:      "ERR_CONNECTION_RESET (Chrome)",
		sawGiveUp:      "ERR_CONNECTION_TIMED_OUT (Chrome)",
		sawRefusedBusy: "ERR_CONNECTION_RESET (Chrome)",
		sawPushReset:   "ERR_CONNECTION_RESET (Chrome)",
	}},
	{"nginx as proxy", nil, map[situation]string{
		sawRefused:     "connect() failed (111: Connection refused) while connecting to upstream, 502",
		sawNoResponse:  "recv() failed (104: Connection reset by peer) while reading response header from upstream, 502",
		sawMidBody:     "readv() failed (104: Connection reset by peer) while reading upstream, a truncated 200",
		sawEOF:         "upstream prematurely closed connection while reading response header from upstream, 502",
		sawEOFMidBody:  "upstream prematurely closed connection while reading upstream",
		sawHandshake:   "SSL_do_handshake() failed … while SSL handshaking to upstream",
		sawGiveUp:      "upstream timed out (110: Connection timed out), 504",
		sawRefusedBusy: "recv() failed (104: Connection reset by peer) while reading response header from upstream, 502",
	}},
	{"HAProxy", nil, map[situation]string{
		sawRefused:    "termination state SC, 503",
		sawNoResponse: "termination state SH, 502",
		sawMidBody:    "termination state SD",
		sawEOF:        "termination state SH, 502",
		sawEOFMidBody: "termination state SD",
		sawHandshake:  "termination state SC",
		sawGiveUp:     "termination state SH, 504",
	}},
}

// serverPrinters say what servers log when their client resets.
var serverPrinters = []printer{
	{"nginx", []string{"nginx", "openresty"}, map[situation]string{
		sawClientGone: "client closed connection (104: Connection reset by peer), status 499 where a request was open",
	}},
	{"Apache httpd", []string{"apache"}, map[situation]string{
		sawClientGone: "(104)Connection reset by peer: … (at LogLevel info)",
	}},
	{"Go", []string{"caddy", "go"}, map[situation]string{
		sawClientGone: "write: broken pipe, or read: connection reset by peer; the request's context is canceled",
	}},
	{"Python", []string{"gunicorn", "uvicorn", "werkzeug", "basehttp", "simplehttp", "python"}, map[situation]string{
		sawClientGone: "ConnectionResetError: [Errno 104], or BrokenPipeError: [Errno 32]",
	}},
	{"Node.js", []string{"express", "node"}, map[situation]string{
		sawClientGone: "read ECONNRESET, event 'aborted' or 'close' before 'end'",
	}},
	{"Java", []string{"jetty", "tomcat", "coyote", "undertow"}, map[situation]string{
		sawClientGone: "java.io.IOException: Connection reset by peer, or Broken pipe (Tomcat: ClientAbortException)",
	}},
}

// saw tells what the receiving application went through.
func (c *Case) saw(f *Finding) situation {
	b := c.LetGo.Business
	first := c.LetGo.By == ByFIN || c.LetGo.By == ByUnseenFIN
	toClient := !c.ByClient()
	switch {
	case f.Cause == ClosedPort && f.Rule.ID == "accept-queue-overflow":
		return sawRefusedBusy
	case f.Cause == ClosedPort:
		return sawRefused
	case f.Rule.ID == "keepalive-race" && toClient:
		return sawEOF
	case f.Severity == Info:
		return sawNothing
	case f.Cause == RetransmitTimeout:
		return sawGiveUp
	case !toClient:
		return sawClientGone
	case b.Matter == OpenHandshake:
		return sawHandshake
	case c.LetGo.Exchange.Protocol == "HTTP/2" && b.Unfinished(c.Side):
		return sawStream
	case b.Matter == CutRequest || f.Rule.ID == "early-response":
		return sawPushReset
	case b.Matter == CutResponse || b.Matter == InFlight:
		if first {
			return sawEOFMidBody
		}
		return sawMidBody
	case first:
		return sawEOF
	case b.Matter == Unused:
		return sawRefusedBusy
	}
	return sawNoResponse
}

// symptom tells what the application on the receiving side most likely printed.
func (c *Case) symptom(f *Finding) string {
	if f.Repeats != 0 {
		return "nothing more than at the first RST of the event"
	}
	s := c.saw(f)
	switch s {
	case sawNothing:
		return capital(c.receiver()) + "'s application most likely noticed nothing: it was done with the connection"
	case sawGiveUp:
		who := capital(c.sender()) + "'s application gets " + errno[s]
		if p := client(c.LetGo.Exchange); p != nil && c.ByClient() {
			return who + "; " + p.name + " prints: " + p.says[s]
		}
		return who + "; " + general[s] + ". " + capital(c.receiver()) + " gets ECONNRESET, if the RST arrives at all"
	case sawClientGone:
		who := capital(c.receiver()) + "'s application gets " + errno[s]
		server := strings.ToLower(c.LetGo.Exchange.Server)
		for _, p := range serverPrinters {
			if server != "" && has(server, p.marks) {
				return who + "; " + p.name + " logs: " + p.says[s]
			}
		}
		return who + "; most servers log it at a low level or not at all"
	}
	who := capital(c.receiver()) + "'s application gets " + errno[s]
	if p := client(c.LetGo.Exchange); p != nil && c.Side == flows.Responder {
		return who + "; " + p.name + " prints: " + p.says[s]
	}
	return who + "; " + general[s]
}

// client returns the printer that the User-Agent names, nil when it names none that is known.
func client(x *exchange.Summary) *printer {
	ua := strings.ToLower(x.UserAgent)
	if ua == "" {
		return nil
	}
	for i := range printers {
		if has(ua, printers[i].marks) {
			return &printers[i]
		}
	}
	return nil
}

func has(s string, marks []string) bool {
	for _, m := range marks {
		if strings.Contains(s, m) {
			return true
		}
	}
	return false
}

// general holds the words of the common programs for each situation, joined once: they are the longest text
// of a finding.
var general = func() map[situation]string {
	out := map[situation]string{}
	for s := range errno {
		var words []string
		for _, p := range printers {
			if says := p.says[s]; says != "" && p.name != "Java" && p.name != "a browser" {
				words = append(words, p.name+": "+says)
			}
		}
		out[s] = strings.Join(words, "; ")
	}
	return out
}()
