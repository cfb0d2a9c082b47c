package rules

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// mptcpSubflowSure is how sure it is that a RST with a reason of MPTCP closes a subflow and no more.
const mptcpSubflowSure = 0.88

var mptcpSubflow = &Rule{
	ID:       "mptcp-subflow",
	Cause:    FastClose,
	Severity: Warning,
	Pattern:  Habit,
	RFC:      []string{"RFC 8684 §3.5", "RFC 8684 §3.6"},
	Doc: Doc{
		Title: "A subflow of a Multipath TCP connection was reset",
		Happened: "One side closed one of the subflows of a Multipath TCP connection and stated why: a lack of " +
			"resources, a policy, too much outstanding data, a path that performs too badly, a middlebox that interferes. " +
			"The Multipath TCP connection goes on with its other subflows, and data that had been sent on this one is sent " +
			"again there.",
		Recognised: "A RST of the sender's own decision with the MP_TCPRST option and a reason other than 0, without " +
			"MP_FASTCLOSE.",
		LookAlikes: "With MP_FASTCLOSE the whole Multipath TCP connection ends: that is an abort like that of any other " +
			"connection. Reason 0 says nothing.",
		Prints: "Nothing, unless this was the last subflow: then ECONNRESET.",
		Remedy: "Harmless where another subflow is open. Otherwise the reason says what to look at: resources and " +
			"policies of the side that sent the RST, the quality of the path, middleboxes that change MPTCP options.",
		Limits: "Which other connections in the capture are subflows of the same Multipath TCP connection is not " +
			"worked out.",
	},
	Match: func(c *facts.Facts) float64 {
		const both = flows.MPTCPReset | flows.MPTCPFastClose
		if c.Opts.MPTCP&both != flows.MPTCPReset || c.Opts.MPTCPReason == 0 || c.Kind == facts.KindReply ||
			c.Close.By != facts.ByThis {
			return 0
		}
		return mptcpSubflowSure
	},
	Explain: func(c *facts.Facts, f *Finding) {
		f.Summary = words.Sentence("%s reset this subflow of an MPTCP connection; the reason that it gives "+
			"is: %s.", words.Capital(Sender(c)), words.MPTCPReason(c.Opts.MPTCPReason))
		f.Say(claim.Claim{Kind: claim.MPTCPReason, Side: c.Side, Number: uint64(c.Opts.MPTCPReason)}, c.Frame)
		f.SayRST(c)
		f.SayRelated(c)
		f.Open(PeerCrash, abortMidTransferID, 0.8, "by its reason the RST closes one subflow")
	},
}
