package rules

import (
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure a release without further signs is.
const (
	unexplainedReleaseDone = 0.72
	unexplainedReleaseOdd  = 0.50
)

var unexplainedRelease = &Rule{
	ID:       "unexplained-release",
	Cause:    FastClose,
	Fallback: true,
	Severity: Info,
	Pattern:  Habit,
	RFC:      []string{"RFC 9293 §3.10.5", "RFC 9293 §3.5.3"},
	Doc: Doc{
		Title: "A connection was reset, and the capture shows no unfinished exchange",
		Happened: "One side reset the connection. As far as the capture shows no exchange was unfinished, which makes a " +
			"deliberate close the likeliest cause; but it shows little.",
		Recognised: "A RST for which no better explanation fits. This rule always matches and comes last.",
		LookAlikes: "All other resets of a side's own decision; with more packets one of them would fit.",
		Prints:     "Nothing, or ECONNRESET at the next use of the connection.",
		Remedy:     "Capture the whole connection.",
		Limits:     "This is a weak explanation: little supports it.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.Close.Completion.Finished(c.Side) {
			return c.Lowered(unexplainedReleaseDone, facts.AnyDefect)
		}
		return c.Lowered(unexplainedReleaseOdd, facts.AnyDefect)
	},
	Explain: func(c *facts.Facts, f *Finding) {
		f.Summary = words.Sentence("%s perhaps just closed the connection by RST, %s; the capture does not "+
			"show more.", words.Capital(Sender(c)), Circumstances(c))
		if !c.Close.Completion.Finished(c.Side) {
			f.Severity = Warning // it shows no exchange that was lost, and none that was complete
		}
		f.SayCompletion(c)
		f.SayClose(c)
		f.SayRST(c)
		f.Open(PeerCrash, "", 0.7, "no unfinished exchange was seen")
		f.Open(UnknownConnection, "", 0.2, "its numbers leave that open")
	},
}
