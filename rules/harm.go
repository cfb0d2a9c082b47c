package rules

import "github.com/rstexplain/rstexplain/rules/facts"

// What readers ask first of a reset: is it harmless?
const (
	noEffect     = "No effect: the connection went on after this RST."
	harmless     = "Harmless: nothing shows that an exchange was lost."
	maybeHarmful = "Possibly harmful: something may have been lost, or may be the next time."
	ignoredHarm  = "Possibly harmful: the receiver did not take this RST, and goes on."
	refusedHarm  = "Not harmless: a connection was refused."
	lostHarm     = "Not harmless: an exchange was interrupted."
	oldHarm      = "Harmless: it ended an old connection, and the new one went on."
	unopenedHarm = "Not harmless: the connection cannot be opened like this."
	brokenHarm   = "Not harmless: a connection in use was broken."
)

// setHarm answers whether the reset did harm. A RST after which both sides go on, which was not accepted or was forged
// and did not arrive, did none.
func (f *Finding) setHarm(c *facts.Facts) {
	if f.Repeats != 0 || f.Harm != "" {
		return // of its event, the first reset says it; or its rule has
	}
	if c.WentOn() {
		f.Severity, f.Harm = Info, noEffect
		return
	}
	if f.Severity == Info && c.GoesOn().Seen() {
		f.Severity, f.Harm = Warning, ignoredHarm // the receiver goes on with a connection that its peer no longer has
		return
	}
	switch f.Severity {
	case Info:
		f.Harm = harmless
	case Warning:
		f.Harm = maybeHarmful
	case Error:
		f.Harm = lostHarm
		switch {
		case f.Cause == ClosedPort:
			f.Harm = refusedHarm
		case f.Cause == UnknownConnection, f.Cause == RetransmitTimeout:
			f.Harm = brokenHarm
		}
	}
}
