package rules

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
)

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
	effects := &f.Rule.Effects
	switch {
	case effects.Got != sawNothing:
		return []situation{effects.Got}
	case f.Cause == ClosedPort:
		return []situation{sawRefused}
	case toClient && effects.Unanswered != nil && effects.Unanswered(c):
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
	case b.State == CutRequest, effects.Sending:
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
func (e *Engine) symptom(c *Facts, f *Finding) {
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
			e.prints(c, f, o, sawOwnLimit)
		}
	case f.Rule.Effects.Symptom != nil:
		f.Symptom = f.Rule.Effects.Symptom(c, s)
	case c.Unopened():
		f.Symptom = capital(c.receiver()) + "'s application noticed nothing: the handshake was not finished, so that it was never handed the connection"
		e.ownWords(c, f)
	case s == sawNothing:
		f.Symptom = capital(c.receiver()) + "'s application most likely noticed nothing: it was done with the connection"
		switch reset := c.Close.By == ByThis; {
		case f.Origin == OriginMiddlebox && c.ended().Seen():
		case c.ByClient() || x.Messages[o] == 0:
		case x.TLS && reset:
			f.Symptom += ". Where its response was not complete, which encryption hides, it prints"
			e.prints(c, f, r.Peer(), sawMidBody, sawStream)
		case x.TLS:
			f.Symptom += ". Where its response was not complete, which encryption hides, it prints"
			e.prints(c, f, r.Peer(), sawEOFMidBody, sawEOFStream)
		case reset && !c.Rcv.FIN.Seen():
			f.Symptom += ". Should it use the connection again, that fails"
			e.prints(c, f, r.Peer(), sawNoResponse)
		}
		e.ownWords(c, f)
	case s == sawGiveUp:
		f.Symptom = capital(c.receiver()) + "'s application gets " + c.errno(sawNoResponse, rcv) + ", if the RST arrives at all. " +
			capital(c.sender()) + "'s own gets " + c.errno(s, c.Side)
		if c.ByClient() {
			e.prints(c, f, o, saw...)
		}
	case s == sawClientGone, s == sawClientClosed:
		f.Symptom = capital(c.receiver()) + "'s application gets " + c.errno(s, rcv)
		e.prints(c, f, r, s)
		e.ownWords(c, f)
	default:
		f.Symptom = capital(c.receiver()) + "'s application gets " + c.errno(s, rcv)
		e.prints(c, f, rcv, saw...)
	}
}

// ownWords tells what the client prints when it is the client that let go before it had its answer: the RST is
// the end of a story whose beginning only the client can tell.
func (e *Engine) ownWords(c *Facts, f *Finding) {
	if !c.ByClient() {
		return
	}
	b := c.Close.Completion
	s, says := sawNothing, ""
	if own := f.Rule.Effects.Own; own != nil {
		s, says = own(c)
	}
	switch {
	case s != sawNothing:
		f.Symptom += ". " + says
	case (b.State == OpenRequest || b.State == CutResponse) && b.Since >= ownLimitFrom:
		s = sawOwnLimit
		f.Symptom += ". The client itself had waited for " + span(b.Since) + "; perhaps its time limit for the answer ran out"
	default:
		return
	}
	if len(f.Prints) > maxOwn {
		f.Prints = f.Prints[:maxOwn]
	}
	e.prints(c, f, flows.Originator, s)
}

// maxOwn is how many programs of the receiving side are named where the client's own words are told as well.
const maxOwn = 2

// ownLimitFrom is how long a request must have stood unanswered for the client's own time limit to be told.
const ownLimitFrom = 150 * time.Millisecond

// errno is what the kernel of side by hands to the application, with the words of Windows where it is one.
func (c *Facts) errno(s situation, by flows.Side) string {
	ttl := c.Conn.End(by).TTL
	return errnoOf(s, ttl > 64 && ttl <= 128)
}

// prints adds what the programs print that side by most likely runs.
func (e *Engine) prints(c *Facts, f *Finding, by flows.Side, saw ...situation) {
	limit := 2
	if by == flows.Originator && named(printers, c.Conn.Exchange.UserAgent) != nil {
		limit = len(saw) // one program: room for all that it may have printed
	}
	for _, p := range e.likelyPrograms(c.Conn, by) {
		if len(f.Prints) == MaxPrints {
			return
		}
		if says := p.phrase(saw, limit); says != "" {
			f.Prints = append(f.Prints, Print{By: by, Program: p.name, Says: says})
		}
	}
}

// likelyPrograms lists the programs that side by may be. The list is valid until the next call.
func (e *Engine) likelyPrograms(k *flows.Conn, by flows.Side) []*printer {
	e.likely = appendLikely(e.likely[:0], k, by)
	return e.likely
}
