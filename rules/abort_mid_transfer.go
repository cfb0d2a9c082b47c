package rules

import (
	"strings"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that a transfer was aborted.
const (
	abortKnown  = 0.98 // the protocol says that it was not complete
	abortFlight = 0.97 // data was under way
	abortOutrun = 0.90 // its own data was, by turns before the answer
	abortSealed = 0.78 // inside TLS, a moment after the last bytes of a message that may be whole
	abortAsked  = 0.95 // the client withdrew its request
	abortTurns  = 0.60 // the last of many messages of no known protocol, which may have been an answer
	abortUnseen = 0.75 // the same, and the capture has no segment of the server
	abortBehind = 0.70 // complete as far as captured before it, and the peer was sending more
	abortStream = 0.80 // the sender was sending, and whether that was complete is not known
)

// abortMidTransferID is what other rules call it by.
const abortMidTransferID = "abort-mid-transfer"

var abortMidTransfer = &Rule{
	ID:       abortMidTransferID,
	Cause:    PeerCrash,
	Severity: Error,
	Pattern:  Cut,
	RFC:      []string{"RFC 9293 §3.10.5", "RFC 1122 §4.2.2.13", "RFC 2525 §2.17"},
	Doc: Doc{
		Title: "A transfer was aborted before it was complete",
		Happened: "One side reset the connection while data was being sent or was still due: a download was cancelled, " +
			"a program crashed or was killed with unread data, or a limit was reached.",
		Recognised: "A RST of the sender's own decision in the middle of a message: less was delivered than announced, " +
			"data of the peer was in flight, the sender was itself sending, or it withdrew its request before the response.",
		LookAlikes: "From the packets alone, a deliberate abort in mid-transfer and a crash with unread data look the same.",
		Prints: "The other side gets ECONNRESET or EPIPE; a download ends short (curl 56 or 18, unexpected EOF, " +
			"IncompleteRead).",
		Remedy: "Expected where clients cancel. Otherwise look into the log of the side that reset: a crash, a kill, " +
			"out of memory, a limit on size or time.",
		Limits: "Whether the abort was intended.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.Kind == facts.KindReply || c.Close.By != facts.ByThis && !c.AtOnce() || c.PeerClosedFirst() {
			return 0
		}
		b := c.Close.Completion
		switch {
		case b.Events && c.ByClient():
			return c.Lowered(afterFINEvents, facts.LostBytes)
		case b.State == facts.CutRequest && b.Left > 0 && c.Close.Exchange.Guess:
			return c.Lowered(abortOutrun, facts.LostBytes)
		case b.State == facts.CutResponse,
			b.State == facts.CutRequest && c.ByClient():
			return c.Lowered(abortKnown, facts.LostBytes)
		case b.State == facts.InFlight, b.State == facts.CutTransfer:
			return c.Lowered(abortFlight, facts.LostBytes)
		case b.State == facts.Unended:
			return c.Lowered(abortSealed, facts.AnyDefect)
		case b.State == facts.Running && b.Side == c.Side:
			return c.Lowered(abortStream, facts.LostBytes)
		case b.TwoWay && c.ByClient() && b.State == facts.OpenRequest:
			return c.Lowered(abortTurns, facts.LostBytes|flows.SnapCut)
		case c.OpaqueTurns() && c.ByClient() && b.Side == flows.Originator:
			return c.Lowered(abortTurns, facts.LostBytes|flows.SnapCut)
		case b.State == facts.OpenRequest && c.ByClient() && b.Side == flows.Originator && c.OneSided():
			return c.Lowered(abortUnseen, facts.LostBytes|flows.SnapCut)
		case b.State == facts.OpenRequest && c.ByClient() && b.Side == flows.Originator:
			return c.Lowered(abortAsked, facts.LostBytes|flows.SnapCut)
		case losesBehind(c):
			return abortBehind
		}
		return 0
	},
	Explain: func(c *facts.Facts, f *Finding) {
		f.Summary = words.Sentence("%s reset the connection %s.", words.Capital(Sender(c)), Circumstances(c))
		f.SayCompletion(c)
		if c.AtOnce() {
			f.SayClose(c)
		}
		if losesBehind(c) {
			f.Summary = strings.TrimSuffix(f.Summary, ".") + words.Sentence("; %s's next data was in flight.", Receiver(c))
			f.Severity = Warning
			f.Say(claim.Claim{Kind: claim.SendsOn, Side: c.Side.Peer()}, c.CrossedAfter().Frame)
			f.SayRST(c)
			f.Open(FastClose, abortiveCloseID, 0.95, "the peer was still sending")
			return
		}
		if c.Close.Completion.State == facts.CutTransfer {
			f.Remedy = remedyOfTransfer(c)
		}
		f.SayRST(c)
		if c.Snd.ZeroWND.Seen() {
			f.Say(claim.Claim{Kind: claim.ZeroWindow, Side: c.Side, Until: c.Frame, Span: c.Time.Sub(c.Snd.ZeroWND.Time)},
				c.Snd.ZeroWND.Frame)
		}
		if n := c.After.SenderRSTCount; n > 0 && c.After.SenderRSTs[0].TTL == c.TTL {
			f.Say(claim.Claim{Kind: claim.FurtherResets, Side: c.Side, Count: n}, c.After.SenderRSTs[0].Frame)
		}
		f.SayRelated(c)
		if c.Close.Completion.Events && c.ByClient() {
			f.Severity, f.Remedy = Warning, remedyOfEvents
			f.Open(FastClose, abortiveCloseID, 0.95, "more events would have come; but a client ends such a stream by closing")
			return
		}
		f.Open(FastClose, abortiveCloseID, 0.95,
			"the transfer was still under way; but a deliberate abort and a crash send the same packets here")
	},
}
