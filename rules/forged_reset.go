package rules

import (
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that a device cut a live connection.
const forgedSure = 0.93

// forgedResetID is what other rules call it by.
const forgedResetID = "forged-reset"

var forgedReset = &Rule{
	ID:       forgedResetID,
	Cause:    PeerCrash,
	Path:     true,
	Severity: Error,
	Pattern:  Device,
	RFC:      []string{"RFC 3360 §2.2", "RFC 5961 §3.2", "RFC 9293 §3.5.3"},
	Doc: Doc{
		Title:      "A device on the path cut the connection in the name of one side",
		Happened:   "Neither side wanted the connection to end. A device between them (an intrusion prevention system, a filter, a censor, a misled firewall) sent a RST in one side's name, often to both. The side that got it lost the exchange; the other goes on until it learns of it.",
		Recognised: "The RST bears the signs of another sender: the side that it names goes on as if nothing had happened, the RST comes sooner than that side could answer, several RSTs guess at sequence numbers, TTL, IP ID or Ethernet address are not those of that side's other packets. Never one weak sign alone.",
		LookAlikes: "A genuine RST carries on the sender's TTL and IP IDs, and nothing of the sender follows it. A device that forgot an idle connection answers only after a silence (idle-expiry, idle-reset).",
		Prints:     "ECONNRESET: connection reset by peer, although the peer knows nothing of it.",
		Remedy:     "Capture on both hosts: a RST that only the receiving side's capture holds was made on the way. Then look for filters that reset by content, name (SNI, Host) or address.",
		Limits:     "Which device it was; the TTL tells how far away. A device that copies TTL and numbers well is not recognised by the RST itself.",
	},
	Match: func(c *facts.Facts) float64 {
		if !c.PathSigns.Middlebox() || c.Refused() || afterOwn(c) {
			return 0
		}
		return forgedSure
	},
	Explain: func(c *facts.Facts, f *Finding) {
		f.Summary = words.Sentence("A device on the path cut the connection in %s's name, %s; %s itself most likely did not send this RST.", Sender(c), Circumstances(c), Sender(c))
		if c.WentOn() {
			f.Summary = words.Sentence("A device on the path sent a RST in %s's name, %s; %s itself most likely did not send it, and the connection went on.", Sender(c), Circumstances(c), Sender(c))
		}
		f.SayCompletion(c)
		f.SaySigns(c)
		f.Open(FastClose, "", 0.5, "the RST was most likely made on the path")
		f.Open(UnknownConnection, idleExpiryID, 0.4, "the connection was in use")
	},
	WhyNot: "nothing shows that the RST came from elsewhere than the named sender",
}
