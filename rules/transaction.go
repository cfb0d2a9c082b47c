package rules

import (
	"strings"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
)

// sayTransaction says that a transaction was open when the session ended: the database rolls it back, however complete
// the exchange of statements was.
func (f *Finding) sayTransaction(c *facts.Facts) {
	x := c.Close.Exchange
	if x.Transaction == 0 || x.Transaction >= c.Close.Frame || f.Repeats != 0 {
		return
	}
	status := "status T"
	if x.TransactionFailed {
		status = "status E"
	}
	f.Say(claim.Claim{Kind: claim.Transaction, Side: flows.Responder, Until: c.Close.Frame, Text: status}, x.Transaction)
	if f.Severity == Info {
		f.Severity = Warning
	}
	if f.Harm != "" || c.WentOn() || f.Cause != PeerCrash && f.Cause != FastClose {
		return
	}
	switch {
	case x.TransactionFailed:
		f.Harm = "Possibly harmful: a transaction was open, which had failed before."
	case x.Pending > 0: // perhaps its COMMIT
		f.Severity, f.Harm = Error, "Not harmless: an exchange was interrupted, in a transaction that was open."
	case c.ByClient():
		f.Harm = "Possibly harmful: a transaction was open, and the database rolls it back."
	default:
		f.Severity, f.Harm = Error, "Not harmless: a transaction was open, and the database rolls it back."
	}
}

// remedyOfSession returns what to do about the message by which a server of PostgreSQL ended the session, by its code
// (appendix A of its manual); "" for others.
func remedyOfSession(text string) string {
	code, _, _ := strings.Cut(text, " ")
	switch code {
	case "57P01":
		return "An administrator's command ended the session, or the server was shut down or restarted: let the client " +
			"connect again and repeat its open transaction."
	case "57P02":
		return "Another process of the database server crashed, and the server ended all sessions: look in its log for the " +
			"process that a signal terminated. Let the client connect again and repeat its open transaction."
	case "57P03":
		return "The server was starting up, shutting down or recovering: let the client try again later."
	case "25P03":
		return "The session was idle in a transaction for longer than idle_in_transaction_session_timeout: let the client end " +
			"its transactions sooner, or raise that limit."
	case "57P05":
		return "The session was idle for longer than idle_session_timeout: let the client's pool close idle connections " +
			"before that."
	}
	return ""
}
