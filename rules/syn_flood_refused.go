package rules

import (
	"strconv"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/programs"
	"github.com/rstexplain/rstexplain/rules/words"
)

const synFloodSure = 0.97

var synFlood = &Rule{
	ID:       "syn-flood-refused",
	Cause:    ClosedPort,
	Pattern:  HalfOpen,
	Severity: Warning,
	RFC:      []string{"RFC 4987 §2.2", "RFC 9293 §3.10.7.1"},
	Doc: Doc{
		Title: "One of many SYNs of a flood",
		Happened: "Very many hosts, or one host with forged source addresses, sent SYNs to one port. Nothing accepts " +
			"connections there, and each SYN was refused.",
		Recognised: "The RST refuses a SYN without options, as no common system sends it; at least 32 different addresses " +
			"sent a SYN to the same port, one a second or more, and this one no more than two.",
		LookAlikes: "Many clients of a service that is down send ordinary SYNs, and send them again (no-listener, " +
			"restart-window). One address that tries many ports is port-scan.",
		Prints: "Nothing that an application would show.",
		Remedy: "Drop the flood before the host: a rate limit, a filter of the provider. Where the port is open, " +
			"enable SYN cookies.",
		Limits: "Whether the source addresses are forged. A flood of SYNs with the options of a common system is not " +
			"recognised.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.ByClient() || !ofFlood(c) {
			return 0
		}
		return min(refusal(c), synFloodSure)
	},
	Explain: func(c *facts.Facts, f *Finding) {
		f.SayRefusal(c)
		f.Summary = words.Sentence("A SYN flood: at least %s sent a SYN to %s; nothing accepts connections there, and "+
			"this one was refused.", words.Count(c.Related.Askers, "different host"), portOf(c))
		f.Harm = "No exchange was lost: the SYNs of the flood were refused."
		f.sayFlood(c)
		f.Say(claim.Claim{Kind: claim.OddSYN, Side: c.Side.Peer(), Count: int(c.Rcv.SYNOpts.Kinds),
			Number: uint64(c.Rcv.SYNWND)}, c.Rcv.SYN.Frame)
	},
	Effects: Effects{Symptom: func(*facts.Facts, programs.Outcome) string {
		return "Most likely nothing: whoever floods waits for no answer"
	}},
}

// ofFlood reports whether the connection was asked for by a SYN of a flood: one without options, as no common system
// sends it, of many hosts that each sent one or two.
func ofFlood(c *facts.Facts) bool {
	o := c.Conn.End(flows.Originator)
	return c.Flooded() && o.SYN.Seen() && o.SYNOpts.Kinds == 0 && c.Related.Asked <= 2
}

// sayHalfOpenOfFlood makes f a finding about one of the half-open connections of a flood, where the connection is one.
func (f *Finding) sayHalfOpenOfFlood(c *facts.Facts, became string) {
	if !ofFlood(c) {
		return
	}
	f.Severity = Warning
	f.Summary = words.Sentence("A SYN flood: at least %s sent a SYN to port %s; %s.", words.Count(c.Related.Askers,
		"different host"), strconv.Itoa(int(c.Conn.End(flows.Responder).Addr.Port)), became)
	f.Remedy = "Enable SYN cookies, and drop the flood before the host: a rate limit, a filter of the provider."
	f.sayFlood(c)
}

// sayFlood says how many hosts asked for the responder's port.
func (f *Finding) sayFlood(c *facts.Facts) {
	f.Say(claim.Claim{Kind: claim.Askers, Side: flows.Responder, Count: c.Related.Askers, AtLeast: true,
		Span: c.Related.AskersSpan})
}
