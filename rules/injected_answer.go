package rules

import (
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/programs"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that a device answered the request and reset the connection after it.
const injectedAnswerSure = 0.93

// injectedAnswerID is what other rules call it by.
const injectedAnswerID = "injected-answer"

var injectedAnswer = &Rule{
	ID:       injectedAnswerID,
	Cause:    FastClose,
	Pattern:  Device,
	Path:     true,
	Severity: Warning,
	RFC:      []string{"RFC 3360 §2.2", "RFC 9293 §3.5.3"},
	Doc: Doc{
		Title: "A device on the path answered in the server's name and reset the connection",
		Happened: "A device on the path (a web filter, an intrusion prevention system, a censor) saw the client's " +
			"request, sent an answer of its own in the server's name, most often a block page, and a RST after it. What the " +
			"server itself answers reaches a client that has closed.",
		Recognised: "The connection opened with a SYN-ACK of one TTL (hop limit); the answer and the RST come directly " +
			"after the request, both with another TTL, and the RST has further signs of another sender.",
		LookAlikes: "A load balancer that opens connections for the servers behind it sends the SYN-ACK with another TTL " +
			"than they have: there all that follows has the servers' TTL, and the RST fits the numbers. A device that only " +
			"resets is forged-reset.",
		Prints: "What the injected answer says; over TLS, a failed handshake, because the answer is not TLS.",
		Remedy: "Look at the text of the injected answer: block pages name who blocks. Capture on the server: neither " +
			"the answer nor the RST is in that capture.",
		Limits: "Which device it was; the TTL shows how far away it is. A device that copies the server's TTL is not " +
			"recognised by it.",
	},
	Match: func(c *facts.Facts) float64 {
		if !c.PathSigns.Middlebox() || c.Refused() || afterOwn(c) || !c.InjectedAnswer().Seen() {
			return 0
		}
		return injectedAnswerSure
	},
	Explain: func(c *facts.Facts, f *Finding) {
		answer := c.InjectedAnswer()
		f.Summary = words.Sentence("A device on the path most likely answered in %s's name, and then reset the "+
			"connection.", Sender(c))
		f.Say(claim.Claim{Kind: claim.ResponseSent, Side: c.Side}, answer.Frame)
		f.Say(claim.Claim{Kind: claim.TTLSame, Side: c.Side, What: claim.Data, Number: uint64(c.TTL)}, answer.Frame, c.Frame)
		f.SaySigns(c)
		f.Open(PeerCrash, forgedResetID, 0.6, "the device had answered before it reset the connection")
		f.Open(UnknownConnection, idleExpiryID, 0.2, "the RST follows an answer")
	},
	Effects: Effects{Symptom: func(c *facts.Facts, _ programs.Outcome) string {
		s := words.Capital(Receiver(c)) + "'s application gets the injected answer, then ECONNRESET or the end of the stream"
		if c.Conn.Exchange.TLS {
			s = words.Capital(Receiver(c)) + "'s application gets an error in the TLS handshake, most likely a wrong record " +
				"or version: the injected answer is not what TLS expects"
		}
		return s
	}},
}
