package rules

import (
	"slices"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/programs"
	"github.com/rstexplain/rstexplain/rules/words"
)

// likelyOutcomes returns what the receiving application went through: the likeliest first, and more than one where
// encryption hides how far the exchange was.
func likelyOutcomes(c *facts.Facts, f *Finding) []programs.Outcome {
	b, x := c.Close.Completion, c.Close.Exchange
	closed := c.Close.By == facts.ByFIN || c.Close.By == facts.ByUnseenFIN
	either := func(reset, eof programs.Outcome) programs.Outcome {
		if closed {
			return eof
		}
		return reset
	}
	toClient := !c.ByClient()
	effects := &f.Rule.Effects
	switch {
	case effects.Got != programs.Nothing:
		return []programs.Outcome{effects.Got}
	case f.Cause == ClosedPort:
		return []programs.Outcome{programs.Refused}
	case toClient && effects.Unanswered != nil && effects.Unanswered(c):
	case f.Severity == Info:
		return []programs.Outcome{programs.Nothing}
	case f.Cause == RetransmitTimeout:
		return []programs.Outcome{programs.GiveUp}
	case !toClient:
		return []programs.Outcome{either(programs.ClientGone, programs.ClientClosed)}
	case b.State == facts.OpenHandshake && x.TLS, x.TLS && !x.HandshakeOK && x.Last[flows.Originator].Kind == exchange.ClientHello:
		return []programs.Outcome{either(programs.Handshake, programs.EOFHandshake)}
	}
	out := []programs.Outcome{either(programs.NoResponse, programs.EOF)}
	switch {
	case b.State == facts.CutRequest, effects.Sending:
		out = []programs.Outcome{either(programs.Push, programs.EOFPush), either(programs.NoResponse, programs.EOF)}
	case x.Protocol == "HTTP/2":
		return []programs.Outcome{either(programs.Stream, programs.EOFStream)}
	case b.State == facts.CutResponse || b.State == facts.InFlight || b.State == facts.CutTransfer:
		out[0] = either(programs.MidBody, programs.EOFMidBody)
	case x.Last[flows.Originator].Len >= facts.LongMessage:
		out = append(out, either(programs.Push, programs.EOFPush))
	}
	switch {
	case responded(c):
		out = slices.DeleteFunc(out, func(s programs.Outcome) bool {
			return s == programs.NoResponse || s == programs.EOF
		})
	case served(c):
		out = append(out, programs.Reused)
	}
	if x.TLS && x.ALPN == "h2" {
		out = append([]programs.Outcome{either(programs.Stream, programs.EOFStream)}, out...)
	}
	if x.TLS { // neither its phase nor the version of HTTP is in clear
		out = append(out, either(programs.NoResponse, programs.EOF), either(programs.MidBody, programs.EOFMidBody),
			either(programs.Stream, programs.EOFStream), either(programs.Push, programs.EOFPush))
	}
	return out
}

// responded reports whether the client's last request, which was not complete, was answered all the same.
func responded(c *facts.Facts) bool {
	b, x := c.Close.Completion, c.Close.Exchange
	m := &x.Last[flows.Responder]
	return (b.State == facts.CutRequest || bodyRefused(c)) && !x.TLS && m.Frame > x.Request.Frame &&
		(m.Kind == exchange.Response || m.Kind == exchange.Refusal || m.Kind == exchange.Partial)
}

// served reports whether a request of the client had been answered on the connection before the one that was not.
func served(c *facts.Facts) bool {
	b, x := c.Close.Completion, c.Close.Exchange
	switch b.State {
	case facts.Answered:
		return c.AfterClose.Data.Seen() && !bodyRefused(c)
	case facts.OpenRequest:
		m := &x.Last[flows.Responder]
		return b.Side == flows.Originator && !x.TLS && m.Kind == exchange.Response && m.Frame < b.Frame
	}
	return false
}

// named adds whose words the client's are where its request names it: a proxy passes the User-Agent of its client on.
func (f *Finding) named(c *facts.Facts) {
	for _, p := range f.Prints {
		if p.By == flows.Originator && p.Named && programs.ByUserAgent(c.Conn, p.Program) {
			f.Symptom += "; its request carries the User-Agent of " + p.Program + ", which a proxy passes on"
			return
		}
	}
}

// symptom says what the application on the receiving side most likely got and printed, and what the side that
// closed did where that says more.
func (e *Engine) symptom(c *facts.Facts, f *Finding) {
	const o, r = flows.Originator, flows.Responder
	if f.Symptom != "" {
		return // the rule knows better
	}
	if f.Repeats != 0 {
		f.Symptom = "nothing more than at the first RST of the event"
		return
	}
	outcomes := likelyOutcomes(c, f)
	b, x := c.Close.Completion, c.Close.Exchange
	rcv := c.Side.Peer()
	switch s := outcomes[0]; {
	// a FIN is noticed in any case
	case c.Accept == flows.AcceptOutside && !c.GoesOn().Seen() && c.From[rcv] != flows.SynSent && s != programs.Nothing &&
		!c.Snd.FIN.Seen() && !asksForIt(c):
		f.Symptom = words.Capital(Receiver(c)) + "'s application notices nothing of this RST, if its TCP drops it as the " +
			"numbers say; else it gets " + Errno(c, s, rcv)
	case c.Dropped() && c.GoesOn().Seen():
		f.Symptom = words.Capital(Receiver(c)) +
			"'s application notices nothing of this RST, which its TCP does not accept: it goes on until " +
			"a later segment is answered or it times out"
	case goesOnRetransmitting(c) && s != programs.Nothing && c.Kind == facts.KindReply:
		f.Symptom = words.Capital(Receiver(c)) + "'s application notices nothing of this RST: its TCP goes on retransmitting " +
			"until that is answered or times out"
	case !c.ByClient() && c.PeerClosedFirst() && x.Pending > 0 && f.Severity != Info && !b.Finished(c.Side):
		f.Symptom = "The client's application had given up before the RST came"
		if !f.says(claim.ClosedBy, o) && !f.says(claim.FINAcked, o) && !f.says(claim.ClosedUnseen, o) {
			f.Note(claim.Claim{Kind: claim.ClosedBy, Side: o, Span: c.Time.Sub(c.Rcv.FIN.Time)}, c.Rcv.FIN.Frame)
		}
		if b.Since >= ownLimitFrom && b.State == facts.OpenRequest && b.Side == o {
			if says := unanswered(b, c.Close.Frame); !f.waited(b.Since) && says.Span > 0 {
				f.Note(says, b.Frame)
			}
			f.Symptom += ", most likely because its time limit for the answer ran out"
			e.prints(c, f, o, programs.OwnLimit)
		}
	case f.Rule.Effects.Symptom != nil:
		f.Symptom = f.Rule.Effects.Symptom(c, s)
	case c.Unopened() && f.showsOpening():
		f.Symptom = words.Capital(Receiver(c)) +
			"'s application noticed nothing: the handshake was not finished, so that it was never handed the connection"
		e.ownErrors(c, f)
	case s == programs.ClientClosed && c.Rcv.FIN.Seen() && c.Rcv.FIN.Frame < c.Frame:
		f.Symptom = "The server's application had closed the connection itself when the RST came, and most likely noticed nothing"
		e.ownErrors(c, f)
	case s == programs.Nothing:
		f.Symptom = words.Capital(Receiver(c)) + "'s application most likely noticed nothing"
		switch reset := c.Close.By == facts.ByThis; {
		case f.Origin == OriginMiddlebox && c.EndedBefore().Seen(), c.WentOn():
		case c.ByClient() && reset && !c.Rcv.FIN.Seen() && c.Conn.HandshakeACK.Seen():
			f.Symptom = "The server's application gets ECONNRESET where it reads on; between requests few programs report that"
		case c.ByClient() || x.Messages[o] == 0:
		case x.TLS && x.Messages[r] > 0 && reset:
			f.Symptom += ". Where its response was not complete, which encryption hides, it gets " +
				Errno(c, programs.MidBody, rcv)
			e.prints(c, f, r.Peer(), programs.MidBody, programs.Stream)
		case x.TLS && x.Messages[r] > 0:
			f.Symptom += ". Where its response was not complete, which encryption hides, it gets " +
				Errno(c, programs.EOFMidBody, rcv)
			e.prints(c, f, r.Peer(), programs.EOFMidBody, programs.EOFStream)
		case reset && !c.Rcv.FIN.Seen():
			f.Symptom += ". Should it use the connection again, that fails"
			e.prints(c, f, r.Peer(), programs.NoResponse)
		}
		e.ownErrors(c, f)
	case s == programs.GiveUp:
		f.Symptom = words.Capital(Receiver(c)) + "'s application gets " + Errno(c, programs.NoResponse, rcv)
		if !c.AtReceiver() {
			f.Symptom += ", if the RST arrives at all"
		}
		f.Symptom += ". " + words.Capital(Sender(c)) + "'s own gets " + Errno(c, s, c.Side)
		if c.ByClient() {
			e.prints(c, f, o, outcomes...)
		}
	case s == programs.ClientGone, s == programs.ClientClosed:
		f.Symptom = words.Capital(Receiver(c)) + "'s application gets " + Errno(c, s, rcv)
		e.prints(c, f, r, s)
		e.ownErrors(c, f)
	default:
		f.Symptom = words.Capital(Receiver(c)) + "'s application gets " + Errno(c, s, rcv)
		e.prints(c, f, rcv, outcomes...)
	}
}

// says reports whether the evidence holds a claim of this kind about a side.
func (f *Finding) says(k claim.Kind, side flows.Side) bool {
	return slices.ContainsFunc(f.Evidence, func(e Evidence) bool { return e.Kind == k && e.Side == side })
}

// waited reports whether the evidence says that a request was without an answer for this long.
func (f *Finding) waited(d time.Duration) bool {
	return slices.ContainsFunc(f.Evidence, func(e Evidence) bool {
		// shorter ones are not printed
		return (e.Kind == claim.Unanswered || e.Kind == claim.NoResponse) && e.Span == d && d >= 100*time.Millisecond
	})
}

// showsOpening reports whether the evidence shows a connection that was being opened: in a capture of one direction,
// one that was open can look so.
func (f *Finding) showsOpening() bool {
	return slices.ContainsFunc(f.Evidence, func(e Evidence) bool {
		switch e.Kind {
		case claim.SYNSent, claim.SYNACKSent, claim.OtherACK, claim.BadACK, claim.NoSYN, claim.ReplyTo:
			return true
		}
		return false
	})
}

// ownErrors says what the client prints when it is the client that closed before it had its answer: the RST is
// the end of what only the client can report.
func (e *Engine) ownErrors(c *facts.Facts, f *Finding) {
	if !c.ByClient() {
		return
	}
	b := c.Close.Completion
	s, says := programs.Nothing, ""
	if own := f.Rule.Effects.Own; own != nil {
		s, says = own(c)
	}
	switch {
	case says != "":
		if f.Symptom += ". " + says; s == programs.Nothing {
			return
		}
	case c.OwnWindowClosed() >= closedNoted: // it did not read
		return
	case c.OpaqueTurns(), leftTransfer(c):
		return // that it waited is a guess
	case (b.State == facts.OpenRequest || b.State == facts.CutResponse) && b.Since >= ownLimitFrom && f.waited(b.Since):
		s = programs.OwnLimit
		f.Symptom += ". The client itself had waited for " + words.Span(b.Since) +
			"; perhaps its time limit for the answer ran out"
	default:
		return
	}
	if len(f.Prints) > maxOwn {
		f.Prints = f.Prints[:maxOwn]
	}
	e.prints(c, f, flows.Originator, s)
}

// maxOwn is how many programs of the receiving side are named where the client's own errors are reported as well.
const maxOwn = 2

// ownLimitFrom is how long a request must have stood unanswered for the client's own time limit to be reported.
const ownLimitFrom = 150 * time.Millisecond

// Errno is what the kernel of side by hands to the application, with the words of Windows where it is one.
func Errno(c *facts.Facts, s programs.Outcome, by flows.Side) string {
	ttl := c.Conn.End(by).TTL
	says := programs.Errno(s, ttl > 64 && ttl <= 128)
	if c.Conn.End(by).Addr.Is6() {
		says = strings.Replace(says, "a TTL of", "a hop limit of", 1)
	}
	return says
}

// prints adds what the programs print that side by most likely runs.
func (e *Engine) prints(c *facts.Facts, f *Finding, by flows.Side, outcomes ...programs.Outcome) {
	limit := 2
	if by == flows.Originator && programs.NamesItself(c.Conn.Exchange.UserAgent) {
		limit = len(outcomes) // one program: room for all that it may have printed
	}
	for _, p := range e.likelyPrograms(c.Conn, by) {
		if len(f.Prints) == MaxPrints {
			return
		}
		if says := p.Phrase(outcomes, limit); says != "" {
			f.Prints = append(f.Prints, Print{By: by, Program: p.Name, Says: says, Named: programs.Names(c.Conn, by, p)})
		}
	}
}

// likelyPrograms lists the programs that side by may be. The list is valid until the next call.
func (e *Engine) likelyPrograms(k *flows.Conn, by flows.Side) []*programs.Program {
	e.likely = programs.AppendLikely(e.likely[:0], k, by)
	return e.likely
}
