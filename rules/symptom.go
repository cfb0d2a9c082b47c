package rules

import (
	"slices"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
)

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

// saw tells what the receiving application went through: the likeliest first, and more than one where
// encryption hides how far the exchange was.
func (c *Facts) saw(f *Finding) []situation {
	b, x := c.Close.Completion, c.Close.Exchange
	closed := c.Close.By == ByFIN || c.Close.By == ByUnseenFIN
	either := func(reset, eof situation) situation {
		if closed {
			return eof
		}
		return reset
	}
	toClient := !c.ByClient()
	switch {
	case f.Cause == ClosedPort && f.Rule.ID == "accept-queue-overflow":
		return []situation{sawNoResponse}
	case f.Cause == ClosedPort:
		return []situation{sawRefused}
	case (f.Rule.ID == "keepalive-race" || f.Rule.ID == "late-goodbye" && c.AfterClose.Data.Seen()) && toClient:
	case f.Severity == Info:
		return []situation{sawNothing}
	case f.Cause == RetransmitTimeout:
		return []situation{sawGiveUp}
	case !toClient:
		return []situation{either(sawClientGone, sawClientClosed)}
	case b.State == OpenHandshake, x.TLS && !x.HandshakeOK && x.Last[flows.Originator].Kind == exchange.ClientHello:
		return []situation{either(sawHandshake, sawEOFTLS)}
	}
	out := []situation{either(sawNoResponse, sawEOF)}
	switch {
	case b.State == CutRequest, f.Rule.ID == "early-response":
		out = []situation{either(sawPush, sawEOFPush), either(sawNoResponse, sawEOF)}
	case x.Protocol == "HTTP/2":
		return []situation{either(sawStream, sawEOFStream)}
	case b.State == CutResponse || b.State == InFlight:
		out[0] = either(sawMidBody, sawEOFMidBody)
	case x.Last[flows.Originator].Len >= longMessage:
		out = append(out, either(sawPush, sawEOFPush))
	}
	if x.TLS && x.ALPN == "h2" {
		out = append([]situation{either(sawStream, sawEOFStream)}, out...)
	}
	if x.TLS { // neither its phase nor the version of HTTP is in clear
		out = append(out, either(sawNoResponse, sawEOF), either(sawMidBody, sawEOFMidBody), either(sawStream, sawEOFStream), either(sawPush, sawEOFPush))
	}
	return out
}

// symptom tells what the application on the receiving side most likely got and printed, and what the side that
// let go did where its words say more.
func (c *Facts) symptom(f *Finding) {
	const o, r = flows.Originator, flows.Responder
	if f.Symptom != "" {
		return // the rule knows better
	}
	if f.Repeats != 0 {
		f.Symptom = "nothing more than at the first RST of the event"
		return
	}
	saw := c.saw(f)
	b, x := c.Close.Completion, c.Close.Exchange
	rcv := c.Side.Peer()
	switch s := saw[0]; {
	case !c.ByClient() && c.PeerClosedFirst() && x.Pending > 0 && f.Severity != Info:
		f.Symptom = "The client's application had let go before the RST came"
		if b.Since >= ownLimitFrom && b.State == OpenRequest && b.Side == o {
			f.Symptom += ", most likely because its time limit for the answer ran out"
			c.prints(f, o, sawOwnLimit)
		}
	case f.Rule.ID == "port-scan":
		f.Symptom = "A scanner reports the port as closed; any other program gets " + c.errno(s, rcv)
	case f.Rule.ID == "tuple-reuse":
		f.Symptom = capital(c.receiver()) + "'s application, which still had the old connection, gets " + c.errno(sawClientGone, rcv) +
			" there. " + capital(c.sender()) + "'s notices nothing but a slower connect, when its next SYN is accepted"
	case c.Unopened():
		f.Symptom = capital(c.receiver()) + "'s application noticed nothing: the handshake was not finished, so that it was never handed the connection"
		c.ownWords(f)
	case s == sawNothing:
		f.Symptom = capital(c.receiver()) + "'s application most likely noticed nothing: it was done with the connection"
		switch reset := c.Close.By == ByThis; {
		case f.Origin == OriginMiddlebox && c.ended().Seen():
		case c.ByClient() || x.Messages[o] == 0:
		case x.TLS && reset:
			f.Symptom += ". Where its response was not complete, which encryption hides, it prints"
			c.prints(f, r.Peer(), sawMidBody, sawStream)
		case x.TLS:
			f.Symptom += ". Where its response was not complete, which encryption hides, it prints"
			c.prints(f, r.Peer(), sawEOFMidBody, sawEOFStream)
		case reset && !c.Rcv.FIN.Seen():
			f.Symptom += ". Should it use the connection again, that fails"
			c.prints(f, r.Peer(), sawNoResponse)
		}
		c.ownWords(f)
	case s == sawGiveUp:
		f.Symptom = capital(c.receiver()) + "'s application gets " + c.errno(sawNoResponse, rcv) + ", if the RST arrives at all. " +
			capital(c.sender()) + "'s own gets " + c.errno(s, c.Side)
		if c.ByClient() {
			c.prints(f, o, saw...)
		}
	case s == sawClientGone, s == sawClientClosed:
		f.Symptom = capital(c.receiver()) + "'s application gets " + c.errno(s, rcv)
		c.prints(f, r, s)
		c.ownWords(f)
	default:
		f.Symptom = capital(c.receiver()) + "'s application gets " + c.errno(s, rcv)
		c.prints(f, rcv, saw...)
	}
}

// ownWords tells what the client prints when it is the client that let go before it had its answer: the RST is
// the end of a story whose beginning only the client can tell.
func (c *Facts) ownWords(f *Finding) {
	if !c.ByClient() {
		return
	}
	x, b := c.Close.Exchange, c.Close.Completion
	var s situation
	switch {
	case f.Rule.ID == "tls-rejected" && x.AlertSide == int(flows.Originator):
		s = sawUntrusted
		f.Symptom += ". The client itself most likely does not trust the server's certificate"
	case f.Rule.ID == "late-syn-ack" || f.Rule.ID == "connect-withdrawn":
		s = sawConnectTime
		f.Symptom += ". The client itself most likely had a time limit for connecting, which ran out"
	case (b.State == OpenRequest || b.State == CutResponse) && b.Since >= ownLimitFrom:
		s = sawOwnLimit
		f.Symptom += ". The client itself had waited for " + span(b.Since) + "; perhaps its time limit for the answer ran out"
	default:
		return
	}
	if len(f.Prints) > maxOwn {
		f.Prints = f.Prints[:maxOwn]
	}
	c.prints(f, flows.Originator, s)
}

// maxOwn is how many programs of the receiving side are named where the client's own words are told as well.
const maxOwn = 2

// ownLimitFrom is how long a request must have stood unanswered for the client's own time limit to be told.
const ownLimitFrom = 150 * time.Millisecond

// errno is what the kernel of side by hands to the application, with the words of Windows where it is one.
func (c *Facts) errno(s situation, by flows.Side) string {
	says := errno[s]
	if ttl := c.Conn.End(by).TTL; ttl > 64 && ttl <= 128 {
		for _, e := range winsock {
			if strings.Contains(says, e.errno) {
				return says + ", on Windows (which begins with a TTL of 128) " + e.says
			}
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

// prints adds what the programs print that side by most likely runs.
func (c *Facts) prints(f *Finding, by flows.Side, saw ...situation) {
	limit := 2
	if by == flows.Originator && named(printers, c.Conn.Exchange.UserAgent) != nil {
		limit = len(saw) // one program: room for all that it may have printed
	}
	for _, p := range c.likely(by) {
		if len(f.Prints) == MaxPrints {
			return
		}
		if says := p.phrase(saw, limit); says != "" {
			f.Prints = append(f.Prints, Print{By: by, Program: p.name, Says: says})
		}
	}
}

// likely lists the programs that side by may be, likeliest first: the one that names itself, or else those that
// speak the protocol, the most common first. The list is valid until the next call.
func (c *Facts) likely(by flows.Side) []*printer {
	x := &c.Conn.Exchange
	out := c.programs[:0]
	defer func() { c.programs = out }()
	add := func(list []printer, names ...string) {
		for i := range list {
			if len(names) == 0 || slices.Contains(names, list[i].name) {
				out = append(out, &list[i])
			}
		}
	}
	web := c.web()
	if by == flows.Responder {
		switch p := named(serverPrinters, x.Server); {
		case !web:
			add(protocolPrinters[x.Protocol])
			add(runtimes)
		case p != nil:
			out = append(out, p)
		default:
			add(serverPrinters)
		}
		return out
	}
	switch p := named(printers, x.UserAgent); {
	case !web:
		add(protocolPrinters[x.Protocol])
		add(runtimes)
	case p != nil:
		out = append(out, p)
		add(proxies, "nginx", "HAProxy") // which pass the User-Agent of their client on
	case x.ALPN == "h2" || x.Protocol == "HTTP/2":
		add(printers, "curl", "Go", "Node.js", "OkHttp", "JDK HttpClient")
	default:
		add(printers, "curl", "Go", "requests (Python)", "Node.js")
		add(printers, "OkHttp", "Java")
		add(proxies)
	}
	return out
}

// web reports whether the connection speaks HTTP, or may do so: it is encrypted, or nobody has said anything.
func (c *Facts) web() bool {
	x := &c.Conn.Exchange
	switch {
	case strings.HasPrefix(x.Protocol, "HTTP/"):
		return true
	case x.Upgraded != "" && !strings.HasPrefix(x.Upgraded, "HTTP CONNECT") && !strings.HasPrefix(x.Upgraded, "SOCKS") && x.Upgraded != "PROXY":
		return false
	case x.TLS:
		return x.ALPN == "" || x.ALPN == "h2" || strings.HasPrefix(x.ALPN, "http/")
	}
	return x.Protocol == "" && x.Speaker < 0 && c.Conn.Defects&(flows.NoHandshake|flows.Evicted) == 0
}

// phrase joins what p prints in the first limit of the situations that it has words for.
func (p *printer) phrase(saw []situation, limit int) string {
	var room [situationCount]string
	out := room[:0]
	for _, s := range saw {
		if len(out) == limit {
			break
		}
		if says := p.says[s]; says != "" && !slices.ContainsFunc(out, func(said string) bool { return strings.Contains(said, says) }) {
			out = append(out, says)
		}
	}
	return strings.Join(out, ", or ")
}

// named returns the printer that a User-Agent or Server header names, nil when it names none that is known.
func named(list []printer, header string) *printer {
	header = strings.ToLower(header)
	if header == "" {
		return nil
	}
	for i := range list {
		for _, m := range list[i].marks {
			if strings.Contains(header, m) {
				return &list[i]
			}
		}
	}
	return nil
}
