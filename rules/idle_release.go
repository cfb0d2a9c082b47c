package rules

import (
	"time"

	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that an idle connection was dropped on purpose.
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
		Title:      "An idle connection was dropped on purpose",
		Happened:   "After a complete exchange nothing was said for a while. Then one side dropped the connection with a RST in place of an orderly closing: a connection pool that is emptied, a program that ends, an idle time that ran out.",
		Recognised: "The last exchange is complete, some idle time, then a RST by its own decision, answering nothing; no FIN before.",
		LookAlikes: "A device on the path that ends idle connections is told by its origin (idle-reset).",
		Prints:     "Nothing as a rule; the other side finds the connection closed when it uses it next.",
		Remedy:     "Harmless. A FIN would be kinder: close without SO_LINGER 0.",
		Limits:     "A program that ends by a crash while idle looks the same, if it had data unread.",
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
		f.Summary = words.Sentence("%s dropped the idle connection with a RST %s after the last data, %s.", words.Capital(Sender(c)), words.Span(c.Idle()), Circumstances(c))
		f.SayCompletion(c)
		f.SayIdle(c)
		f.SayRST(c)
		f.Open(PeerCrash, "", 0.85, "no unfinished exchange was seen; a program that ends at this moment sends the same packets")
		f.Open(UnknownConnection, "", 0.1, "the RST carries the numbers of a live connection")
	},
	WhyNot: "the connection was not idle, or something stood open",
}
