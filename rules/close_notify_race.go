package rules

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that only the other side's closing messages of TLS reached the closed socket.
const (
	closeNotifyData   = 0.95 // its alert
	closeNotifyLikely = 0.85 // a small record with its closing right behind it
	closeNotifyFIN    = 0.94 // its FIN or last ACK
	closeNotifyBlind  = 0.85 // something that the capture does not hold
	closeNotifyCut    = 0.89 // only the types of its records are known
)

var closeNotifyRace = &Rule{
	ID:       "close-notify-race",
	Cause:    FastClose,
	Severity: Info,
	Pattern:  Habit,
	RFC:      []string{"RFC 8446 §6.1", "RFC 9293 §3.6", "RFC 9293 §3.10.7.1"},
	Doc: Doc{
		Title: "Closing messages of TLS crossed",
		Happened: "One side had finished, sent its close_notify and closed its socket. The other side's own " +
			"close_notify or FIN then reached a closed socket and was answered by a RST. All application data had been " +
			"exchanged before.",
		Recognised: "TLS; the last exchange is complete; FIN of one side; then of the other only an alert (an encrypted " +
			"record of some 24 to 31 bytes, more with older ciphers), a FIN or an ACK; RSTs of the first side in answer.",
		LookAlikes: "Application data in place of the alert would have been lost (data-after-fin, keepalive-race).",
		Prints:     "Nothing, in most programs. Some TLS libraries log a failed shutdown at debug level.",
		Remedy:     "Harmless: among the most frequent resets of any network.",
		Limits:     "In TLS 1.3 an encrypted alert is recognised by its size only.",
	},
	Match: func(c *facts.Facts) float64 {
		x := c.Close.Exchange
		if !x.TLS || c.Kind == facts.KindAbort && !c.DrawnByData() || c.PathSigns.Middlebox() {
			return 0
		}
		b := c.Close.Completion
		closed := c.Close.By == facts.ByFIN || c.Close.By == facts.ByUnseenFIN
		if !closed && !(b.State == facts.SaidGoodbye && c.PeerClosedFirst()) ||
			!b.Finished(c.Side) && b.State != facts.Unused && b.State != facts.Unclear {
			return 0
		}
		p := 0.0
		switch {
		case c.AfterClose.Data.Seen():
			return 0
		case c.AfterClose.Likely:
			p = closeNotifyLikely
		case c.AfterClose.Bye.Seen() || c.AnswersGoodbye():
			p = closeNotifyData
		case c.AfterClose.Bare.Seen():
			p = closeNotifyFIN
		case c.Answers == facts.ToNothing && c.Blind():
			p = closeNotifyBlind
		}
		if b.State == facts.Unclear {
			p *= 0.85
		}
		if c.Conn.Defects.Has(flows.SnapCut) {
			p = min(p, closeNotifyCut)
		}
		return c.Lowered(p, facts.LostBytes)
	},
	Explain: func(c *facts.Facts, f *Finding) {
		what := lateMessage(c)
		if !c.AfterClose.Bye.Seen() && !c.AnswersGoodbye() {
			what = "last FIN or ACK"
			if c.Trigger == nil {
				what = "segment, which the capture does not hold,"
			}
		}
		closed := "closed"
		if c.Conn.Exchange.CloseNotify[c.Side] != 0 && c.Close.Completion.State != facts.SaidGoodbye {
			closed = "sent its close_notify and closed"
		}
		f.Summary = words.Sentence("%s had %s %s; %s's own %s reached a closed socket.", words.Capital(Sender(c)), closed,
			Circumstances(c), Receiver(c), what)
		f.SayCompletion(c)
		if at := c.Conn.Exchange.CloseNotify[c.Side]; at != 0 &&
			(c.Close.Completion.State != facts.SaidGoodbye || c.Close.Completion.Side != c.Side) {
			f.Say(claim.Claim{Kind: claim.GoodbyeSent, Side: c.Side, What: claim.CloseNotify}, at)
		}
		f.SayClose(c)
		f.SayRST(c)
		f.Open(UnknownConnection, lateSegmentID, 0.5, "this host had closed the connection itself")
		f.Open(PeerCrash, dataAfterFINID, 0.4, whyParting(c))
	},
	Effects: Effects{Outcomes: closingOutcomes},
}

// lateMessage names what of the peer reached the closed socket, with its article left out: a closing message where its
// kind says so, or its size does and nothing more came.
func lateMessage(c *facts.Facts) string {
	x, peer := c.Conn.Exchange, c.Side.Peer()
	hidden := x.TLS && (x.TLSVersion == "" || x.TLSVersion == "TLS 1.3") // below that an alert is a record type of its own
	m := &x.Last[peer]
	data := "last message"
	if c.PartingBytes() > 0 {
		data = "data"
	}
	switch kind := m.Kind; {
	case !c.AfterClose.Bye.Seen() || m.Frame > c.AfterClose.Bye.Frame:
		return data
	case x.CloseNotify[peer] != 0 && !hidden, kind == exchange.Alert && !hidden:
		return "TLS alert"
	case kind == exchange.Goodbye && !hidden, kind == exchange.Alert:
		return "closing message"
	case (kind == exchange.Goodbye || c.AfterClose.Likely && hidden) && c.PartingBytes() <= maxClosing && !c.SendsMore():
		return "last message, probably a closing one,"
	case kind == exchange.Housekeeping || kind == exchange.Handshake:
		if peer == flows.Responder && x.TLS {
			return data + ", most likely session tickets or settings,"
		}
		return data + ", most likely settings or pings,"
	}
	return data
}

// maxClosing is the most bytes that closing messages have which only their size shows: close_notify in TLS 1.3, with
// GOAWAY in front of it.
const maxClosing = 80

// whyParting is what speaks against a crash where something reached a socket that was closed after a complete exchange.
func whyParting(c *facts.Facts) string {
	switch what := lateMessage(c); {
	case c.AfterClose.Nothing():
		return "the exchange was complete when it closed, as far as this capture shows"
	case what == "TLS alert" || what == "closing message":
		return "only closing messages were seen to reach the closed socket"
	}
	return "nothing was seen that the side which closed still waited for"
}
