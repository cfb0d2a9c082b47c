package rules

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that one side closed although the other still had data to send.
const (
	afterFINOpen    = 0.985 // an exchange was unfinished when it closed, and data came
	afterFINAnswer  = 0.95  // more of the server's data reached a client that had closed
	afterFINUnclear = 0.80
	afterFINUnended = 0.90 // inside TLS, only the missing close_notify shows it
	afterFINNoData  = 0.94 // only a FIN or ACK came
	afterFINBlind   = 0.75 // what came is not in the capture
	afterFINCut     = 0.60 // little came after a complete exchange, and the snaplen cut what it was
	afterFINServed  = 0.85 // it sent other data after the request: some servers answer one request and close
	afterFINUnused  = 0.75 // nothing had been exchanged yet for a second and more: perhaps a time limit
	afterFINTwoWay  = 0.80 // what was unanswered needs no answer by its protocol
	afterFINMoved   = 0.90 // in the middle of an FTP transfer, which people cancel
	afterFINMeant   = 0.80 // its close_notify shows that it closed on purpose
	afterFINParting = 0.60 // perhaps it had its answer, and the server's closing message alone came
	afterFINEnded   = 0.90 // it had ended the session while more was coming
	afterFINEvents  = 0.60 // a client ends a stream of events only by closing
	afterFINBroker  = 0.65 // a broker that gives up on a client by its protocol need not say why
	afterFINLeft    = 0.75 // a client of MQTT left without DISCONNECT, as some do on purpose
)

// smallParting is up to how many bytes of data may be a closing message.
const smallParting = 200

// dataAfterFINID is what other rules call it by.
const dataAfterFINID = "data-after-fin"

var dataAfterFIN = &Rule{
	ID:       dataAfterFINID,
	Cause:    PeerCrash,
	Severity: Error,
	Pattern:  Cut,
	RFC:      []string{"RFC 9293 §3.6", "RFC 9293 §3.5.2", "RFC 1122 §4.2.2.13"},
	Doc: Doc{
		Title: "One side closed in the middle of the exchange, and data of the other reached a closed socket",
		Happened: "A program ended or closed its connection before the exchange was complete: it crashed, was killed, " +
			"timed out, or closed too early. Its system sent a FIN; the data that came after that reached a closed socket " +
			"and was answered by RSTs.",
		Recognised: "FIN of one side while a request is unanswered, a response is being sent, or before the first request " +
			"was answered; then data of the other side, and a RST of the first in answer to each segment. Or no FIN yet, " +
			"because the side was sending all that may be under way, and its FIN waits behind the rest.",
		LookAlikes: "FIN after a complete exchange on an idle connection, then a request: keepalive-race. If only a " +
			"closing message or FIN follows a complete exchange: close-notify-race, late-goodbye.",
		Prints: "At the side whose peer closed: end of file where a response was due (curl 52, Go EOF, " +
			"RemoteDisconnected, socket hang up, unexpected end of stream), then EPIPE or ECONNRESET on writing.",
		Remedy: "Look into the log of the side that closed, at the time of its FIN: a crash, a kill (out of memory, " +
			"deployment), a timeout. If it is the client: was the request cancelled?",
		Limits: "A process that dies and a program that closes too early send the same packets.",
	},
	Match: func(c *facts.Facts) float64 {
		if queuedFIN(c) {
			return c.Lowered(afterFINQueued, facts.LostBytes|flows.Reordered)
		}
		if otherLayer(c) || c.Close.By != facts.ByFIN && c.Close.By != facts.ByUnseenFIN ||
			c.Kind == facts.KindAbort && c.Rcv.LastData.Frame < c.Close.Frame {
			return 0
		}
		b := c.Close.Completion
		data := c.AfterClose.Data.Seen() || c.Kind == facts.KindAbort
		p := 0.0
		switch {
		case b.State == facts.Unended:
			p = afterFINUnended
		case data && refused(c):
			p = afterFINUnclear
		case b.Unfinished(c.Side) && data:
			p = afterFINOpen
		case data && c.ByClient() && b.State != facts.Unclear:
			p = afterFINAnswer
		case data:
			p = afterFINUnclear
		case data && c.MidConversation(), c.MidConversation() && c.AfterClose.Nothing():
			p = afterFINUnclear
		case c.MidConversation():
			p = afterFINNoData
		case b.Unfinished(c.Side) && c.AfterClose.Nothing():
			p = afterFINBlind
		case b.Unfinished(c.Side):
			p = afterFINNoData
		default:
			return 0
		}
		if c.Conn.Defects.Has(flows.SnapCut) && b.Finished(c.Side) && data && c.AfterClose.Bytes <= smallParting {
			p = min(p, afterFINCut)
		}
		if closedOnPurpose(c) {
			p = min(p, afterFINMeant)
		}
		if b.State == facts.OpenRequest && b.TwoWay {
			p = min(p, afterFINTwoWay)
		}
		if b.State == facts.OpenRequest && b.Side == c.Side && b.Sealed && onlyParting(c) {
			p = min(p, afterFINParting)
		}
		if endedSession(c) {
			p = min(p, afterFINEnded)
		}
		if b.Events && c.ByClient() {
			p = min(p, afterFINEvents)
		}
		if silentBroker(c) {
			p = min(p, afterFINBroker)
		}
		if c.Close.Exchange.Protocol == "MQTT" && c.MidConversation() {
			p = min(p, afterFINLeft)
		}
		if b.State == facts.CutTransfer || leftTransfer(c) {
			p = min(p, afterFINMoved)
		}
		if b.State == facts.OpenRequest && b.Side != c.Side && b.After && !b.Sealed && data {
			p = min(p, afterFINServed)
		}
		if neverUsed(c) && c.Idle() >= time.Second {
			p = min(p, afterFINUnused)
		}
		return c.Lowered(p, facts.AnyDefect)
	},
	Explain: func(c *facts.Facts, f *Finding) {
		if queuedFIN(c) {
			explainQueuedFIN(c, f)
			return
		}
		f.Summary = words.Sentence("%s closed %s", words.Capital(Sender(c)), Circumstances(c))
		outage := c.ClosedInOutage()
		if outage != nil {
			f.sayOutage(c, outage)
		}
		if endedSession(c) {
			f.Summary = words.Sentence("%s ended the session and closed", words.Capital(Sender(c)))
		}
		switch {
		case inFlightInPart(c):
			f.Summary += words.Sentence("; data of %s reached a closed socket.", Receiver(c))
		case c.AfterClose.Data.Seen():
			f.Summary += words.Sentence("; %s of %s %s and reached a closed socket.", arrived(c), Receiver(c),
				CameInBytes(c, c.AfterClose.Data))
		case c.Trigger != nil:
			f.Summary += words.Sentence("; %s %s and reached a closed socket.", triggerSegment(c), cameTrigger(c))
		default:
			f.Summary += "; what came later reached a closed socket."
		}
		if onlyPings(c) {
			f.Severity, f.Harm = Info, "Harmless: only a keep-alive ping was unanswered."
			f.Summary += " Only a keep-alive ping was unanswered."
			f.Remedy = "Harmless in itself. A program that stops on purpose should end the exchange by its protocol first " +
				"(in WebSocket, with a Close frame)."
		}
		if outage == nil {
			f.SayCompletion(c)
		}
		b := c.Close.Completion
		if b.State == facts.CutTransfer || leftTransfer(c) {
			f.Remedy = remedyOfTransfer(c)
		}
		left := outage == nil && c.ByClient() && !leftTransfer(c) && b.State == facts.OpenRequest && b.Side == c.Side &&
			f.waited(b.Since)
		if left && f.Severity != Info && (f.Claims(claim.Unanswered) || f.Claims(claim.NoResponse)) {
			f.Remedy = "The client stopped waiting after " + words.Span(b.Since) + ", or ended: compare that with its time " +
				"limit (or its caller's), and look at the server for what took so long. In the client's log look for a " +
				"cancelled call or a crash at the time of its FIN."
			if c.RTTKnown && b.Since < 2*c.RTT {
				f.Remedy = "The client closed about one round trip after its request: look in its log for a cancelled call or a " +
					"crash at the time of its FIN."
			}
		}
		if closedOnPurpose(c) || endedSession(c) {
			if f.Severity == Error {
				f.Severity = Warning
			}
			f.Remedy = "It closed on purpose: it had sent its close_notify. Look for what made it close: a cancelled call, a " +
				"time limit, a limit on size."
		}
		if b.State == facts.OpenRequest && b.Side == c.Side && b.Sealed && onlyParting(c) && f.Severity == Error {
			f.Severity = Warning // it may have had its answer
		}
		if b.Events && c.ByClient() {
			f.Severity, f.Remedy = Warning, remedyOfEvents
		}
		if refused(c) {
			f.Remedy = words.Sentence("Read %s's last message%s: it says why it ended the session.", Sender(c),
				words.Quoted(c.Close.Completion.Text))
		}
		f.SayIdle(c)
		if closedOnPurpose(c) {
			f.Say(claim.Claim{Kind: claim.GoodbyeSent, Side: c.Side, What: claim.CloseNotify},
				c.Close.Exchange.CloseNotify[c.Side])
		}
		f.SayClose(c)
		if c.AfterClose.Data.Seen() {
			f.SayAfterClose(c)
		} else if c.Close.By != facts.ByThis {
			f.sayLateTrigger(c)
		}
		f.SayRST(c)
		f.SayRelated(c)
		why := "an exchange was under way at the close; but a program that stops on purpose sends the same packets as one " +
			"that dies"
		if closedOnPurpose(c) {
			why = "an exchange was under way at the close"
		}
		switch b := c.Close.Completion; {
		case neverUsed(c):
			why = "what the client then sent was lost; but a program that stops on purpose sends the same packets as one that dies"
		case b.Events && c.ByClient():
			why = "more events reached the closed socket; but a client ends such a stream by closing"
		case outage != nil:
			why = words.Sentence("%s closed while its data did not get through", Sender(c))
		case silentBroker(c):
			why = "what the client then sent was lost; but a broker closes like this too when another client connects with the " +
				"same client identifier"
			f.Remedy = "Look into the broker's log at the time of its FIN: did another client with the same client identifier " +
				"take the session over, was the client rejected, or did the broker stop?"
		case b.State == facts.Unclear:
			why = "data reached the closed socket; what was exchanged before is not in the capture"
		case b.Finished(c.Side):
			why = "data still reached the closed socket"
		}
		if neverUsed(c) {
			f.Harm = "Not harmless: what the client sent after the close was lost."
			if c.Idle() >= time.Second {
				f.Remedy = "Compare the time that the connection was unused with the server's time limit for a first request; " +
					"look for a crash or kill only if they differ. A client that opens connections ahead should use them before."
			}
		}
		gentle, share := keepaliveRaceID, 0.8
		if b.Events || silentBroker(c) {
			share = 0.95
		}
		if c.ByClient() {
			gentle = lateGoodbyeID
		}
		f.Open(FastClose, gentle, share, why)
		f.Open(UnknownConnection, lateSegmentID, 0.2, "this host had closed the connection itself")
	},
	Effects: Effects{Outcomes: closingOutcomes},
}

// silentBroker reports whether a server of MQTT closed a session that it had accepted, with no request open: versions
// before 5 have no message by which it could say why.
func silentBroker(c *facts.Facts) bool {
	x := c.Close.Exchange
	switch c.Close.Completion.State {
	case facts.Unused, facts.Answered, facts.OneWay:
		return x.Protocol == "MQTT" && !c.ByClient() && x.Messages[flows.Responder] > 0 && !c.ServiceDied()
	}
	return false
}

// remedyOfEvents is for a client that left a stream of events.
const remedyOfEvents = "Expected where the client cancels the stream on purpose: closing is how it ends one. Otherwise look " +
	"in its log, at that time, for a crash or a kill."

// arrived names how much reached the closed socket before the RST, and that more followed.
func arrived(c *facts.Facts) string {
	s := words.Bytes(int64(c.AfterClose.Bytes))
	if c.SendsMore() || c.Close.Unacked[c.Side.Peer()] > c.AfterClose.Bytes {
		s += " and more"
	}
	return s
}

// neverUsed reports whether a server closed before either side had sent anything, and then data of the client came.
func neverUsed(c *facts.Facts) bool {
	return !c.ByClient() && c.Close.Completion.State == facts.Unused && c.Snd.Bytes == 0 && c.AfterClose.Data.Seen() &&
		c.Close.LastData == [2]flows.Mark{} && c.Close.By == facts.ByFIN
}

// closedOnPurpose reports whether the sender's close_notify shows that its program closed, and did not die: an
// exchange was unfinished all the same.
func closedOnPurpose(c *facts.Facts) bool {
	return c.Close.Exchange.CloseNotify[c.Side] != 0 && c.Close.Completion.State != facts.SaidGoodbye
}

// endedSession reports whether the sender's close_notify is the end of the session as far as turns show, and more than a
// closing message of its peer came all the same: it left in the middle of something.
func endedSession(c *facts.Facts) bool {
	b, x := c.Close.Completion, c.Close.Exchange
	return b.State == facts.SaidGoodbye && b.Side == c.Side && x.TLS && x.CloseNotify[c.Side] != 0 &&
		c.AfterClose.Data.Seen() && c.AfterClose.Bytes > facts.MaxSealedAlert
}

// onlyParting reports whether inside TLS no more reached the closed socket than a FIN or one record of a closing
// message's size.
func onlyParting(c *facts.Facts) bool {
	m := &c.AfterClose
	return c.Close.Exchange.TLS && (!m.Data.Seen() || m.Bytes <= facts.MaxSealedAlert) && !m.Nothing() && !c.SendsMore()
}

// refused reports whether the sender's last message refused the session while it was being set up.
func refused(c *facts.Facts) bool {
	b := c.Close.Completion
	return b.State == facts.OpenHandshake && b.Side == c.Side && c.Close.Exchange.Last[c.Side].Kind == exchange.Refusal
}

// onlyPings reports whether nothing but keep-alive pings stood unanswered when the sender closed, and nothing came
// after that which is larger than an answer to them.
func onlyPings(c *facts.Facts) bool {
	x := c.Close.Exchange
	open := x.Waiting[flows.Originator] + x.Waiting[flows.Responder]
	return c.Close.Completion.State == facts.OpenRequest && open > 0 &&
		open == x.Pings[flows.Originator]+x.Pings[flows.Responder] && c.AfterClose.Bytes <= maxPong
}

// maxPong is the size of the largest WebSocket control frame (RFC 6455 §5.5: at most 125 bytes) from a server,
// header included; other protocols' pings are smaller.
const maxPong = 127
