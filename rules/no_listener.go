package rules

import (
	"strconv"

	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// noListenerID is what other rules call it by.
const noListenerID = "no-listener"

var noListener = &Rule{
	ID:       noListenerID,
	Cause:    ClosedPort,
	Severity: Error,
	Pattern:  Refusal,
	RFC:      []string{"RFC 9293 §3.5.2", "RFC 9293 §3.10.7.1"},
	Doc: Doc{
		Title: "Nothing accepts connections on this port",
		Happened: "A client sent a SYN, and the host answered with a RST, most likely because nothing there accepts the " +
			"connection: the service is not running, listens on another port, or listens on another address (often only on " +
			"127.0.0.1). A firewall that rejects connections, on the host or on the path, sends the same RST.",
		Recognised: "The RST answers a SYN: it carries ACK, its sequence number is 0, and it acknowledges the SYN's " +
			"number plus one. It comes one round trip after the SYN, and no SYN-ACK came before.",
		LookAlikes: "A firewall that rejects sends the same bytes (policy-reject): only TTL, timing, or a capture on the " +
			"server tell them apart. A service that is restarting refuses for a while and accepts again (restart-window).",
		Prints: "ECONNREFUSED: connection refused.",
		Remedy: "On the server, ss -ltn shows what listens. Start the service, or bind it to the address and port that the " +
			"client uses; if it listens there, look for a firewall rule that rejects (REJECT with tcp-reset).",
		Limits: "Whether the service was ever meant to run there is not in the packets, nor is whether a rejecting firewall " +
			"answered for it.",
	},
	Match: func(c *facts.Facts) float64 {
		if c.Related.HalfOpenAfter.Seen() {
			return 0
		}
		return refusal(c)
	},
	Explain: explainRefusal,
}

func explainRefusal(c *facts.Facts, f *Finding) {
	f.Summary = words.Sentence("%s refused the connection: nothing accepts connections on %s there, or a firewall rejects "+
		"them.", words.Capital(Sender(c)), portOf(c))
	if c.Trigger == nil && !c.Rcv.SYN.Seen() {
		f.Summary = words.Sentence("%s %srefused a connection: the SYN is not in the capture, and this RST has the form that "+
			"one draws where nothing accepts connections on %s, or a firewall rejects them.", words.Capital(Sender(c)),
			words.Probably(f.Confidence), portOf(c))
	}
	f.sayTranslated(c)
	f.SayRefusal(c)
}

// sayTranslated says of a connection that a router translated between two places of the capture, which is the same one,
// and who refused it.
func (f *Finding) sayTranslated(c *facts.Facts) {
	r := &c.Related
	if !r.Translated.Seen() || !c.Refused() {
		return
	}
	says := claim.Claim{Kind: claim.TranslatedSYN, Side: c.Side.Peer(),
		Text: r.TranslatedSrc.String() + " > " + r.TranslatedDst.String()}
	at := words.Sentence("TCP stream %s", strconv.Itoa(r.Translated.Stream))
	switch {
	case r.TranslatedHere:
		says.What = claim.SYN
		f.Summary += " A router had translated the addresses of the SYN, which is in the capture before too (" + at + ")."
	case r.TranslatedDst == c.Snd.Addr:
		f.Severity = Warning
		f.Summary += " A router translated the client's address: it is one refusal, which the capture holds twice (" + at +
			")."
	default:
		f.Severity, f.Harm = Warning, refusedHarm
		f.Summary = words.Sentence("The connection to %s was refused by %s: a router translated the SYN's destination, and "+
			"this RST is the answer, translated back. It is one refusal, which the capture holds twice (%s).",
			c.Snd.Addr.String(), r.TranslatedDst.String(), at)
		f.Remedy = words.Sentence("See the refusal in %s: look for what listens on %s, and whether the translation is meant "+
			"to lead there.", at, r.TranslatedDst.String())
		f.CaptureNext = "capture on the host of " + r.TranslatedDst.String() + " too, at the same time (rstexplain compare)"
	}
	f.SayOf(r.Translated.Stream, says, r.Translated.Frame)
}
