package rules

import (
	"strings"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
)

// A situation is what an application went through: it decides the errno and, by the runtime, the words.
type situation uint8

const (
	sawNothing     situation = iota // the connection was done with
	sawRefused                      // its connect failed
	sawNoResponse                   // RST where the response should have begun
	sawMidBody                      // RST within the response
	sawEOF                          // FIN where the response should have begun, then RST
	sawEOFMidBody                   // FIN within the response, then RST
	sawHandshake                    // RST during the TLS handshake
	sawEOFTLS                       // FIN during the TLS handshake, then RST
	sawStream                       // RST with an HTTP/2 stream open
	sawEOFStream                    // FIN with an HTTP/2 stream open, then RST
	sawGiveUp                       // its TCP gave up on a silent peer
	sawOwnLimit                     // its own time limit for the answer ran out
	sawConnectTime                  // its own time limit for connecting ran out
	sawUntrusted                    // it refused the server's certificate
	sawClientGone                   // a server lost its client
	sawPush                         // RST while sending
	sawEOFPush                      // FIN while sending, then RST
)

// errno is what the kernel hands to the application.
var errno = map[situation]string{
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
	sawPush:       "ECONNRESET (connection reset by peer) or EPIPE (broken pipe) on writing",
	sawEOFPush:    "EPIPE (broken pipe) or ECONNRESET (connection reset by peer) on writing",
}

// saw tells what the receiving application went through: the likeliest first, and more than one where
// encryption hides how far the exchange was.
func (c *Case) saw(f *Finding) []situation {
	b, x := c.LetGo.Business, c.LetGo.Exchange
	closed := c.LetGo.By == ByFIN || c.LetGo.By == ByUnseenFIN
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
	case f.Rule.ID == "keepalive-race" && toClient:
	case f.Severity == Info:
		return []situation{sawNothing}
	case f.Cause == RetransmitTimeout:
		return []situation{sawGiveUp}
	case !toClient:
		return []situation{sawClientGone}
	case b.Matter == OpenHandshake, x.TLS && !x.HandshakeOK && x.Last[flows.Originator].Kind == exchange.ClientHello:
		return []situation{either(sawHandshake, sawEOFTLS)}
	}
	out := []situation{either(sawNoResponse, sawEOF)}
	switch {
	case b.Matter == CutRequest, f.Rule.ID == "early-response":
		out = []situation{either(sawPush, sawEOFPush), either(sawNoResponse, sawEOF)}
	case x.Protocol == "HTTP/2":
		return []situation{either(sawStream, sawEOFStream)}
	case b.Matter == CutResponse || b.Matter == InFlight:
		out[0] = either(sawMidBody, sawEOFMidBody)
	case x.Last[flows.Originator].Len >= longMessage:
		out = append(out, either(sawPush, sawEOFPush))
	}
	if x.TLS { // neither its phase nor the version of HTTP is in clear
		out = append(out, either(sawNoResponse, sawEOF), either(sawMidBody, sawEOFMidBody), either(sawStream, sawEOFStream), either(sawPush, sawEOFPush))
	}
	return out
}

// symptom tells what the application on the receiving side most likely printed, and what the side that let go
// did where its words say more.
func (c *Case) symptom(f *Finding) string {
	if f.Repeats != 0 {
		return "nothing more than at the first RST of the event"
	}
	saw := c.saw(f)
	x := c.LetGo.Exchange
	if !c.ByClient() && c.PeerClosedFirst() && x.Pending > 0 && f.Severity != Info {
		return "the client's application had let go before the RST came; where its time limit for the answer ran out: " + words(x, sawOwnLimit)
	}
	switch s := saw[0]; s {
	case sawNothing:
		says := capital(c.receiver()) + "'s application most likely noticed nothing: it was done with the connection"
		switch reset := c.LetGo.By == ByThis; {
		case c.ByClient() || x.Messages[flows.Originator] == 0:
		case x.TLS && reset:
			says += "; where its response was not complete, which encryption hides: " + words(x, sawMidBody, sawStream)
		case x.TLS:
			says += "; where its response was not complete, which encryption hides: " + words(x, sawEOFMidBody, sawEOFStream)
		case reset && !c.Rcv.FIN.Seen():
			says += ". Should it use the connection again, that fails: " + words(x, sawNoResponse)
		}
		return says + c.ownWords(f)
	case sawGiveUp:
		says := capital(c.sender()) + "'s application gets " + errno[s]
		if c.ByClient() {
			says += "; " + words(x, saw...)
		}
		return says + ". " + capital(c.receiver()) + "'s gets ECONNRESET, if the RST arrives at all"
	case sawClientGone:
		says := capital(c.receiver()) + "'s application gets " + errno[s]
		if p := named(serverPrinters, x.Server); p != nil {
			says += "; " + p.name + " logs: " + p.says[s]
		} else {
			says += "; " + listed(serverPrinters, saw)
		}
		return says + c.ownWords(f)
	}
	return capital(c.receiver()) + "'s application gets " + errno[saw[0]] + "; " + words(x, saw...)
}

// ownWords tells what the client prints when it is the client that let go before it had its answer: the RST is
// the end of a story whose beginning only the client can tell.
func (c *Case) ownWords(f *Finding) string {
	if !c.ByClient() {
		return ""
	}
	x, b := c.LetGo.Exchange, c.LetGo.Business
	var s situation
	switch {
	case f.Rule.ID == "tls-rejected" && x.AlertSide == int(flows.Originator):
		s = sawUntrusted
	case c.Unopened() && f.Rule.ID != "syn-probe":
		s = sawConnectTime
	case (b.Matter == OpenRequest || b.Matter == CutResponse) && b.Since >= ownLimitFrom:
		s = sawOwnLimit
	default:
		return ""
	}
	when := map[situation]string{
		sawUntrusted:   "where it does not trust the server's certificate",
		sawConnectTime: "where its time limit for connecting ran out",
		sawOwnLimit:    "where its time limit for the answer ran out",
	}[s]
	return ". The client itself, " + when + ": " + words(x, s)
}

// ownLimitFrom is how long a request must have stood unanswered for the client's own time limit to be told.
const ownLimitFrom = 150e6 // nanoseconds

// words lists what the client prints, by its User-Agent, and what a reverse proxy that passes this on does; or
// what the common programs print.
func words(x *exchange.Summary, saw ...situation) string {
	p := named(printers, x.UserAgent)
	if p == nil || p.phrase(saw) == "" {
		return listed(printers, saw) + "; " + listed(proxies, saw)
	}
	says := p.name + " prints: " + p.phrase(saw)
	if through := listed(proxies, saw); through != "" {
		says += ". A reverse proxy in its place: " + through
	}
	return says
}

// phrase joins what p prints in any of the situations.
func (p *printer) phrase(saw []situation) string {
	var out []string
	for _, s := range saw {
		if says := p.says[s]; says != "" && !strings.Contains(strings.Join(out, "\n"), says) {
			out = append(out, says)
		}
	}
	return strings.Join(out, ", or ")
}

// listed tells the words of the programs in list, without those of browsers, which nobody looks for in a
// general report.
func listed(list []printer, saw []situation) string {
	var out []string
	for i := range list {
		if says := list[i].phrase(saw); says != "" && list[i].name != "a browser" {
			out = append(out, list[i].name+": "+says)
		}
	}
	return strings.Join(out, "; ")
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
