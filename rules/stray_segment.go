package rules

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that the RST's sender never had the connection.
const (
	straySure  = 0.80 // the trigger is the first that is seen of the connection; it may have had it before the capture
	strayAlive = 0.75 // segments of the peer before it acknowledge something unseen: the host had answered them
	strayLong  = 0.78
	strayOpens = 0.95 // the connection opens afterwards
	strayOther = 0.88 // its peer still receives segments from the host that has the connection
	strayEarly = 0.85 // it acknowledges a SYN, but no SYN-ACK came before it
)

// straySegmentID is what other rules call it by.
const straySegmentID = "stray-segment"

var straySegment = &Rule{
	ID:       straySegmentID,
	Cause:    UnknownConnection,
	Severity: Warning,
	Pattern:  Unasked,
	RFC:      []string{"RFC 9293 §3.5.1", "RFC 9293 §3.5.2", "RFC 9293 §3.10.7.1"},
	Doc: Doc{
		Title: "A segment for a connection that the receiving host does not have",
		Happened: "A host received a segment of a connection that it does not have, and answered with a RST. The " +
			"connection is from before a restart, belongs to another host that had this address, or was closed long ago.",
		Recognised: "The first segments that the capture holds are not an opening; the host that resets was never seen to " +
			"take part; its RST has the form of a reply.",
		LookAlikes: "If the capture had begun earlier, it might show that the host just lost its state (state-lost) or " +
			"had closed (late-segment).",
		Prints: "ECONNRESET: connection reset by peer.",
		Remedy: "Start the capture earlier. If it happens after a fail-over or a restart it is to be expected, and " +
			"clients should open the connection again.",
		Limits: "What came before the capture is not known.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.AcksOwnSYN() {
			if _, ack := c.OpensAfter(); ack.Seen() {
				return strayOpens
			}
			return c.Lowered(strayEarly, facts.LostBytes)
		}
		if c.Kind != facts.KindReply || c.Snd.Segments > 0 || c.Rcv.SYN.Seen() || c.Snd.HasISS ||
			c.Class == flows.ClassReplyACK && c.Answers == facts.ToNothing {
			return 0
		}
		switch {
		case c.Supplanted():
			return strayOther
		case c.Trigger == nil:
			return strayAlive * 0.8
		case c.Trigger.Frame == c.Rcv.First.Frame || c.Conn.Start.Frame == c.Trigger.Frame:
			return straySure
		case c.Snd.Missing > 0:
			return strayAlive
		}
		return strayLong
	},
	Explain: func(c *facts.Facts, f *Finding) {
		if c.AcksOwnSYN() {
			explainEarly(c, f)
			return
		}
		f.Summary = words.Sentence("%s does not know the connection that %s uses: the capture has no handshake, and no "+
			"segment of %s before the RST.", words.Capital(Sender(c)), Receiver(c), Sender(c))
		f.Say(claim.Claim{Kind: claim.NoHandshake, Side: c.Side}, c.Conn.Start.Frame)
		f.SayRST(c)
		if c.Supplanted() {
			explainOther(c, f)
		}
		if c.Snd.Missing > 0 {
			f.Say(claim.Claim{Kind: claim.AckedUnseen, Side: c.Side, Bytes: int64(c.Snd.Missing)}, c.Rcv.First.Frame)
		}
		f.Open(PeerCrash, stateLostID, 0.8, "no captured packet shows that this host had the connection a moment ago")
		f.Open(FastClose, "", 0.1, "no FIN or RST of it was seen before")
	},
}

// explainEarly explains a segment that came in place of the SYN-ACK.
func explainEarly(c *facts.Facts, f *Finding) {
	t := c.Trigger
	f.Summary = words.Sentence("While %s was opening the connection, %s reached it; no SYN-ACK was captured before it, "+
		"and it belongs to no connection that %s has.", Sender(c), words.Segment(t), Sender(c))
	f.saySYN(c.Side, c.Snd)
	f.Say(claim.Claim{Kind: claim.NoSYNACK, Side: c.Side.Peer(),
		Limited: c.After.SenderSegments+c.After.ReceiverSegments > 0}, c.Frame)
	f.SayRST(c)
	if synack, ack := c.OpensAfter(); ack.Seen() {
		f.Summary = f.Summary[:len(f.Summary)-1] + ", and the connection opened all the same."
		f.Say(claim.Claim{Kind: claim.OpenedAfter, Side: flows.Originator, Span: ack.Time.Sub(c.Time)}, synack.Frame,
			ack.Frame)
		f.Symptom = "nothing: the connection opened afterwards"
		f.Remedy = "Nothing was lost. Who sent segments in " + Receiver(c) +
			"'s name shows a capture on its own host: those that are not in it were made on the path."
	} else {
		f.Open(PeerCrash, stateLostID, 0.4, "the client was opening a connection")
	}
	f.Open(FastClose, "", 0.3, "the connection was still being opened")
}

// explainOther explains a RST from a host that does not have the connection, where another does.
func explainOther(c *facts.Facts, f *Finding) {
	f.Summary = words.Sentence("The RST comes from a host that does not have the connection; another has: its segments "+
		"still reach %s, and %s goes on.", Receiver(c), Receiver(c))
	f.Say(claim.Claim{Kind: claim.EchoMoves, Side: c.Side.Peer(), Span: c.After.EchoMoved.Time.Sub(c.Time)},
		c.After.Echo.Frame, c.After.EchoMoved.Frame)
	f.Harm = ignoredHarm
	f.Symptom = words.Capital(Receiver(c)) + "'s application notices nothing of this RST: its TCP goes on, but what it " +
		"sends reaches a host that does not have the connection"
	f.Remedy = "Find out why " + Receiver(c) + "'s segments reach another host than their answers come from: a changed or " +
		"asymmetric route, a tunnel, an address that two hosts have, an address translation that is missing."
}
