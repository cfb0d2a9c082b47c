package rules

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that a finished connection was closed by RST on purpose.
const (
	abortiveSure   = 0.95
	abortiveOpaque = 0.88 // no known protocol
	abortiveFlight = 0.80 // its own last data was not yet acknowledged
)

// abortiveCloseID is what other rules call it by.
const abortiveCloseID = "abortive-close"

var abortiveClose = &Rule{
	ID:       abortiveCloseID,
	Cause:    FastClose,
	Severity: Info,
	Pattern:  Habit,
	RFC:      []string{"RFC 9293 §3.10.5", "RFC 1122 §4.2.2.13"},
	Doc: Doc{
		Title: "A finished connection was closed by RST on purpose",
		Happened: "The exchange was complete; one side closed the connection with a RST in place of a FIN, as SO_LINGER " +
			"with time 0 does: without TIME-WAIT afterwards.",
		Recognised: "The last message is a complete response or wants none, all data is acknowledged, and a RST of the " +
			"sender's own decision follows without a FIN.",
		LookAlikes: "A program that closes or dies with unread data sends the same RST while an exchange is unfinished " +
			"(unread-data).",
		Prints: "Nothing as a rule. If the other side still reads or writes: ECONNRESET.",
		Remedy: "If it is not intended, do not set SO_LINGER to 0: a RST can destroy data that is still in flight.",
		Limits: "Whether it was intended.",
	},
	Match: func(c *facts.Facts) float64 {
		b := c.Close.Completion
		if c.Kind == facts.KindReply || c.Close.By != facts.ByThis || !b.Finished(c.Side) {
			return 0
		}
		p := abortiveSure
		switch {
		case c.Close.Unacked != [2]uint32{}:
			p = abortiveFlight
		case c.Close.Exchange.Protocol == "" && b.State == facts.Answered:
			p = abortiveOpaque
		}
		return c.Lowered(p, facts.LostBytes|flows.SnapCut)
	},
	Explain: func(c *facts.Facts, f *Finding) {
		f.Summary = words.Sentence("%s closed the connection with a RST %s.", words.Capital(Sender(c)), Circumstances(c))
		f.SayCompletion(c)
		if n := c.Close.Unacked[c.Side]; n > 0 {
			f.Say(claim.Claim{Kind: claim.UnackedData, Side: c.Side, Bytes: int64(n)}, c.Snd.LastData.Frame, c.Frame)
			f.Severity = Warning
		} else if c.Snd.Bytes > 0 && c.Close.Unacked[c.Side.Peer()] == 0 && c.Rcv.Segments > 0 {
			f.Say(claim.Claim{Kind: claim.AllAcked, Side: c.Side}, c.Rcv.Last.Frame)
		}
		f.SayRST(c)
		f.Open(PeerCrash, unreadDataID, 0.9, "no unfinished exchange was seen; a program that dies at this moment sends "+
			"the same packets")
		f.Open(UnknownConnection, "", 0.05, "the RST has the sequence number of a live connection")
	},
}
