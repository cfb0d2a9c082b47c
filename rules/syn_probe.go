package rules

import (
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

const synProbeSure = 0.985

var synProbe = &Rule{
	ID:       "syn-probe",
	Cause:    UnknownConnection,
	Severity: Info,
	Pattern:  Scan,
	RFC:      []string{"RFC 9293 §3.5.1", "RFC 9293 §3.10.7.1"},
	Doc: Doc{
		Title:      "A scanner asked whether the port is open",
		Happened:   "A scanner sent a SYN that it made itself, past its own system's TCP. When the SYN-ACK came, that system did not know of any such connection and reset it. The port is open; nobody wanted a connection.",
		Recognised: "SYN, SYN-ACK, bare RST, and no third step of the handshake. The SYN gives itself away: no options or only a maximum segment size, a small round window, or many ports and hosts from one source.",
		LookAlikes: "A program that gives up connecting at that moment resets in the same way, but its SYN is an ordinary one (connect-withdrawn).",
		Prints:     "Nothing: no application on either side sees a connection.",
		Remedy:     "Nothing to repair. Find out who scans, when nobody should.",
		Limits:     "A scanner that forges an ordinary SYN is told as connect-withdrawn; the label is the same.",
	},
	Match: func(c *facts.Facts) float64 {
		if !c.ResetsSYNACK() || !crafted(c) {
			return 0
		}
		return synProbeSure
	},
	Explain: func(c *facts.Facts, f *Finding) {
		f.Summary = words.Sentence("A scanner's probe: %s sent a SYN that its own TCP did not make, and its TCP, which has no such connection, reset the SYN-ACK.", Sender(c))
		f.SayHalfOpen(c)
		f.Say(claim.Claim{Kind: claim.OddSYN, Side: c.Side, Count: int(c.Snd.SYNOpts.Kinds), Number: uint64(c.Snd.SYNWND)}, c.Snd.SYN.Frame)
		f.Open(FastClose, healthProbeID, 0.6, "a probe that closes on purpose sends RST+ACK from a socket; this is a system's reply to a SYN-ACK that it did not ask for")
	},
	Effects: Effects{Outcomes: openingOutcomes},
	WhyNot:  "the SYN is an ordinary one",
}

// crafted reports whether the SYN was made by a program instead of a system: hardly any options, and a
// window such as scanners use.
func crafted(c *facts.Facts) bool {
	o := &c.Snd.SYNOpts
	plain := !o.HasTS && !o.SACKOK && !o.HasWScale && o.Kinds <= 1
	if !plain || !c.Snd.SYN.Seen() {
		return false
	}
	switch c.Snd.SYNWND {
	case 512, 1024, 2048, 3072, 4096, 8192, 16384, 65535:
		return true
	}
	return o.Kinds == 0 || c.Related.ScanPorts >= 3 || c.Related.ScanHosts >= 3
}
