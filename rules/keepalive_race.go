package rules

import (
	"slices"
	"strconv"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/programs"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that a request crossed the closing of an idle connection.
const (
	raceTimeout = 0.96 // the idle time matches one that servers are known to use
	raceIdle    = 0.96

	raceKeepAlive = 0.94 // by the protocol the server had to close: the keep alive had run out, the session was taken over
	raceBusy      = 0.92 // closed right after an answer
	raceUnseen    = 0.85 // the FIN is not in the capture
	raceUnclear   = 0.62 // what was said before is not in the capture
	raceDied      = 0.84 // its port refuses connections from then on
	raceFell      = 0.50 // another connection of its host was reset at the moment of the FIN
)

// keepaliveRaceID is what other rules call it by.
const keepaliveRaceID = "keepalive-race"

var keepaliveRace = &Rule{
	ID:       keepaliveRaceID,
	Cause:    FastClose,
	Severity: Warning,
	Pattern:  Race,
	RFC:      []string{"RFC 9112 §9.3", "RFC 9112 §9.5", "RFC 9293 §3.10.7.1"},
	Doc: Doc{
		Title: "A kept-alive connection was closed, and the next request reached a closed socket",
		Happened: "After a complete exchange the connection stayed open for the next request. The server's idle timeout " +
			"expired and it closed; the client, which had not seen that yet, sent its next request into the closed " +
			"connection and received a RST in answer.",
		Recognised: "The last exchange is complete; FIN of the server, usually after some idle time; then a request of " +
			"the client, within one round trip of the FIN or later; a RST answers it.",
		LookAlikes: "A server process that dies between two requests sends the same FIN; if its port refuses connections " +
			"from then on, that is likelier, and the report says so. A FIN in the middle of an exchange is data-after-fin.",
		Prints: "Go: EOF or connection reset by peer; Python: RemoteDisconnected or ConnectionResetError; Node.js: " +
			"socket hang up; OkHttp: unexpected end of stream. Many clients try again by themselves when the request may be " +
			"repeated.",
		Remedy: "Set the client's (or proxy's) idle timeout below the server's, and let requests that may be repeated " +
			"be retried. For servers behind a load balancer: the server's keep-alive timeout above the balancer's.",
		Limits: "From this connection alone a crash of an idle server looks the same.",
	},
	Match: func(c *facts.Facts) float64 {
		if keptSilent(c) || takenOver(c) {
			return c.Lowered(raceKeepAlive, facts.AnyDefect)
		}
		closed := c.Close.By == facts.ByFIN || c.Close.By == facts.ByUnseenFIN
		if !closed || c.Kind == facts.KindAbort && !c.DrawnByData() || !c.AfterClose.Data.Seen() {
			return 0
		}
		if c.ByClient() && !answersRequest(c) {
			return 0
		}
		b := c.Close.Completion
		if isStream(c) {
			return 0
		}
		if c.MidConversation() || c.SessionEnded() {
			return 0
		}
		if b.State == facts.Unclear && c.Close.By == facts.ByFIN && !c.ByClient() {
			return raceUnclear
		}
		if b.State != facts.Answered && b.State != facts.SaidGoodbye &&
			!(b.State == facts.Unclear && c.Close.By == facts.ByUnseenFIN) {
			return 0
		}
		p := raceBusy
		idle := c.Idle()
		if _, crossed := c.CrossedIdle(); crossed > idle {
			idle = crossed
		}
		switch {
		case c.Close.By == facts.ByUnseenFIN:
			p = raceUnseen
		case idle >= time.Second && len(c.Timers(idle)) > 0:
			p = raceTimeout
		case idle >= time.Second:
			p = raceIdle
		}
		if c.ServiceDied() {
			p = min(p, raceDied)
		}
		if c.FellTogether().Seen() {
			p = min(p, raceFell)
		}
		return c.Lowered(p, flows.NoHandshake|flows.Reordered|flows.SnapCut)
	},
	Explain: func(c *facts.Facts, f *Finding) {
		switch {
		case takenOver(c):
			f.explainTakenOver(c)
			return
		case keptSilent(c):
			f.explainKeptSilent(c)
			return
		}
		how := Came(c, c.AfterClose.Data)
		text, what := c.TextAfterClose(), "next request"
		if !answersRequest(c) || c.Conn.Exchange.Guess {
			what = "next data" // whether it is a request cannot be read
		}
		which, after := "kept-alive connection", AfterIdle(c)
		silent, crossed := c.CrossedIdle()
		switch {
		case c.Idle() >= time.Second || c.Close.By != facts.ByFIN:
		case crossed >= time.Second:
			after = " " + words.Span(crossed) + " after its last data"
		default:
			which = "connection"
			f.Remedy = "Let the client see that the server has closed before it uses the connection again, and retry requests " +
				"that may be repeated."
		}
		f.Summary = words.Sentence("%s closed the %s%s; %s's %s%s %s and reached a closed socket.",
			words.Capital(Sender(c)), which, after, Receiver(c), what, words.Quoted(text), how)
		f.SayCompletion(c)
		f.SayIdle(c)
		if c.Idle() < time.Second && crossed >= time.Second {
			f.Say(claim.Claim{Kind: claim.Silent, Side: c.Side, From: silent.Frame, Until: c.Close.Frame, Span: crossed},
				silent.Frame, c.Close.Frame)
			f.SayTimeout(c, crossed, silent.Frame, c.Close.Frame)
		}
		f.SayClose(c)
		f.SayAfterClose(c)
		f.SayRST(c)
		f.SayRelated(c)
		why := "no unfinished exchange was seen when it closed; a process that dies at this moment sends the same packets"
		if m := c.FellTogether(); m.Seen() {
			why = words.Sentence("no unfinished exchange was seen when it closed; but %s's host reset stream %s within %s of this "+
				"FIN (frame %s), as a process that dies does", Sender(c), strconv.Itoa(m.Stream), words.Span(fellWithin(c, m)), strconv.Itoa(m.Frame))
			f.Remedy = "Look into the server's log at the time of its FIN for a crash, a kill or a restart; if there is none, set " +
				"the client's (or proxy's) idle timeout below the server's."
		}
		f.Open(PeerCrash, dataAfterFINID, 0.8, why)
		f.Open(UnknownConnection, lateSegmentID, 0.2, "this host had closed the connection itself")
	},
	Effects: Effects{
		Outcomes:   slices.Concat(closedOutcomes, lostOutcomes, []programs.Outcome{programs.Reused}),
		Unanswered: func(*facts.Facts) bool { return true },
	},
}

// fellWithin returns the time between the FIN and the reset of another connection.
func fellWithin(c *facts.Facts, m flows.ConnMark) time.Duration {
	return m.Time.Sub(c.Close.Time).Abs()
}

// Messages in either direction from which on, and the pause between them up to which, an unknown protocol is a stream.
const (
	streamFrom  = 5
	streamPause = 100 * time.Millisecond
)

// isStream reports whether messages of a protocol that is not known followed each other so closely that the close came
// in the middle of them: no connection was kept alive for a next request.
func isStream(c *facts.Facts) bool {
	x := c.Close.Exchange
	return x.Protocol == "" && x.Messages[flows.Originator] >= streamFrom && c.Idle() < streamPause &&
		c.AfterClose.Data.Time.Sub(c.Close.Time) <= streamPause
}

// answersRequest reports whether the data that reached the closed socket asks for something, by its protocol.
func answersRequest(c *facts.Facts) bool {
	m := &c.Conn.Exchange.Last[c.Side.Peer()]
	return m.Kind == exchange.Request && m.Frame > c.Close.Frame
}

// keptSilent reports whether a server of MQTT closed because its client had sent no message for longer than its keep
// alive allows, and what the client sent then reached a closed socket.
func keptSilent(c *facts.Facts) bool {
	_, silent := c.KeepAliveExceeded()
	return silent > 0 && c.Close.By == facts.ByFIN && c.Kind == facts.KindReply && c.Trigger != nil &&
		(c.AfterClose.Data.Seen() || c.AfterClose.Bye.Seen())
}

// explainKeptSilent explains the reset of what a client of MQTT sent after its keep alive had run out.
func (f *Finding) explainKeptSilent(c *facts.Facts) {
	x := c.Close.Exchange
	from, silent := c.KeepAliveExceeded()
	every := time.Duration(x.KeepAliveTime) * time.Second
	f.Summary = words.Sentence("%s closed: %s had sent no message for %s, and its CONNECT announces a keep alive of %s; %s %s "+
		"and reached a closed socket.", words.Capital(Sender(c)), Receiver(c), words.Span(silent), words.Span(every),
		triggerSegment(c), cameTrigger(c))
	f.Say(claim.Claim{Kind: claim.KeepAliveAnnounced, Side: flows.Originator, Every: every}, x.KeepAliveFrame)
	f.Say(claim.Claim{Kind: claim.LastSent, Side: flows.Originator, Until: c.Close.Frame, Span: silent}, from.Frame,
		c.Close.Frame)
	f.SayClose(c)
	f.sayLateTrigger(c)
	f.SayRST(c)
	f.Remedy = "Let the client send a message, or PINGREQ, within its keep alive: after one and a half times that the broker " +
		"must close the connection (MQTT 3.1.1 §3.1.2.10). Look for what kept it from that."
	f.Open(PeerCrash, dataAfterFINID, 0.8, "the keep alive had run out; but a process that dies at this moment sends the same "+
		"packets")
	f.Open(UnknownConnection, lateSegmentID, 0.2, "this host had closed the connection itself")
}

// takenOver reports whether a server of MQTT closed because another client took the session over, and what the client
// sent then reached a closed socket.
func takenOver(c *facts.Facts) bool {
	return c.TakenOver().Seen() && c.Close.By == facts.ByFIN && c.Kind == facts.KindReply && c.Trigger != nil &&
		(c.AfterClose.Data.Seen() || c.AfterClose.Bye.Seen())
}

// explainTakenOver explains the reset of what a client of MQTT sent when its session was another's.
func (f *Finding) explainTakenOver(c *facts.Facts) {
	m := c.TakenOver()
	f.Summary = words.Sentence("Another connection asked %s for the session of the same client identifier, and %s ended the "+
		"older one, as its protocol demands; %s %s and reached a closed socket.", Sender(c), Sender(c), triggerSegment(c), cameTrigger(c))
	f.SayOf(m.Stream, claim.Claim{Kind: claim.SameClientID, Side: flows.Originator, Span: c.Close.Time.Sub(m.Time)},
		m.Frame)
	f.SayClose(c)
	f.sayLateTrigger(c)
	f.SayRST(c)
	f.Remedy = "Give each client an identifier of its own: of two that share one, each connection ends the other's session " +
		"(MQTT 3.1.1 §3.1.4). A client that reconnects before its old connection is gone does the same to itself."
	f.Open(PeerCrash, dataAfterFINID, 0.8, "another client had just taken the session over")
	f.Open(UnknownConnection, lateSegmentID, 0.2, "this host had closed the connection itself")
}
