package rules

import (
	"time"

	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that an idle connection was closed on purpose.
const (
	idleReleaseSure    = 0.94
	idleReleaseUnclear = 0.80 // what was said before is not in the capture
	idleReleaseFrom    = time.Second
)

// idleReleaseID is what other rules call it by.
const idleReleaseID = "idle-release"

var idleRelease = &Rule{
	ID:       idleReleaseID,
	Cause:    FastClose,
	Severity: Info,
	Pattern:  Idle,
	RFC:      []string{"RFC 9293 §3.10.5", "RFC 9112 §9.5"},
	Doc: Doc{
		Title: "An idle connection was closed by RST",
		Happened: "After a complete exchange no data was sent for a while. Then one side closed the connection with a " +
			"RST in place of a normal close: a connection pool is emptied, a program ends, an idle timeout expires.",
		Recognised: "The last exchange is complete, some idle time, then a RST of the sender's own decision that answers " +
			"nothing; no FIN before.",
		LookAlikes: "A device on the path that ends idle connections is recognised by its origin (idle-reset).",
		Prints:     "Nothing as a rule; the other side finds the connection closed when it next uses it.",
		Remedy:     "Harmless. Prefer a normal close: do not set SO_LINGER to 0.",
		Limits:     "A program that crashes while idle looks the same, if it had unread data.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.Kind == facts.KindReply || c.Close.By != facts.ByThis || c.Idle() < idleReleaseFrom || c.PeerClosedFirst() {
			return 0
		}
		switch b := c.Close.Completion; {
		case b.Finished(c.Side):
			return c.Lowered(idleReleaseSure, facts.LostBytes)
		case b.State == facts.Unclear:
			return c.Lowered(idleReleaseUnclear, facts.LostBytes)
		}
		return 0
	},
	Explain: func(c *facts.Facts, f *Finding) {
		after := "the last data"
		if c.LastData().Frame == c.Conn.HandshakeACK.Frame {
			after = "the handshake"
		}
		f.Summary = words.Sentence("%s closed the idle connection with a RST %s after %s, %s.", words.Capital(Sender(c)),
			words.Span(c.Idle()), after, Circumstances(c))
		f.SayCompletion(c)
		f.SayIdle(c)
		f.SayRST(c)
		f.Open(PeerCrash, "", 0.85, "no unfinished exchange was seen; a program that ends at this moment sends the same "+
			"packets")
		f.Open(UnknownConnection, "", 0.1, "the RST carries the numbers of a live connection")
	},
}
