package rules

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/programs"
	"github.com/rstexplain/rstexplain/rules/words"
)

const connectWithdrawnSure = 0.98

// connectWithdrawnID is what other rules call it by.
const connectWithdrawnID = "connect-withdrawn"

var connectWithdrawn = &Rule{
	ID:       connectWithdrawnID,
	Cause:    UnknownConnection,
	Severity: Info,
	RFC:      []string{"RFC 9293 §3.5.1", "RFC 9293 §3.10.7.1"},
	Doc: Doc{
		Title: "The client cancelled its connection attempt",
		Happened: "A program began to connect and closed its socket before the SYN-ACK came, however soon: it tried two " +
			"addresses at once and took the other, was cancelled, or ended. Its system no longer had the connection attempt " +
			"when the SYN-ACK came, and answered with a RST.",
		Recognised: "An ordinary SYN, a SYN-ACK soon after, and a bare RST of the client whose sequence number is the ACK " +
			"of the SYN-ACK; no third step of the handshake.",
		LookAlikes: "A scanner's SYN has hardly any options (syn-probe). A health check that resets on purpose sends " +
			"RST+ACK (health-probe). A SYN-ACK that comes a second or more later points to a connect timeout (late-syn-ack).",
		Prints: "Nothing: the program had closed the socket itself.",
		Remedy: "Usually harmless: clients that try several addresses or ports at once keep one connection and cancel the " +
			"others. When it is frequent with a single attempt each time, look at what cancels it.",
		Limits: "The packets do not show why the program cancelled it.",
	},
	Match: func(c *facts.Facts) float64 {
		if !c.ByClient() || c.Answers != facts.ToSYNACK || c.Flags.Has(flows.ACK) || c.Conn.HandshakeACK.Seen() ||
			c.Snd.Bytes > 0 || c.Translated() {
			return 0
		}
		return connectWithdrawnSure
	},
	Explain: func(c *facts.Facts, f *Finding) {
		f.Summary = words.Sentence("%s cancelled its connection attempt: when the SYN-ACK reached it, its socket "+
			"was closed.", words.Capital(Sender(c)))
		f.SayHalfOpen(c)
		if m := otherConnection(c); m.Seen() {
			f.SayOf(m.Stream, claim.Claim{Kind: claim.OpenedElsewhere, Side: c.Side.Peer(), Span: m.Time.Sub(c.Time)}, m.Frame)
		}
		f.Open(FastClose, healthProbeID, 0.6, "a program that closes its socket after the SYN-ACK sends RST+ACK; this RST "+
			"has the form of a reply")
	},
	Effects: Effects{Outcomes: openingOutcomes, Own: connectCancelled},
}

// otherConnection returns another connection of the two hosts that was open when the client cancelled this one, where
// both were begun together.
func otherConnection(c *facts.Facts) flows.ConnMark {
	m := c.Related.OpenedBefore
	if !m.Seen() || !c.Snd.SYN.Seen() || c.Conn.Defects.Has(flows.Reordered) {
		return flows.ConnMark{}
	}
	if d := m.Time.Sub(c.Snd.SYN.Time); d > raceWithin || d < -raceWithin {
		return flows.ConnMark{}
	}
	return m
}

// raceWithin is how far apart attempts to connect are that belong together (RFC 8305 §5 has 250 ms, and 2 s at most).
const raceWithin = 2 * time.Second

// shortestLimit is the shortest time limit for connecting that is worth a guess.
const shortestLimit = 900 * time.Millisecond

// possibleLimit is the shortest time limit that programs are known to set for connecting within one site.
const possibleLimit = 100 * time.Millisecond

// connectCancelled is Effects.Own of a client that had closed its socket when the SYN-ACK reached it.
func connectCancelled(c *facts.Facts) (programs.Outcome, string) {
	waited := c.Time.Sub(c.Snd.SYN.Time)
	switch {
	case c.Snd.SYN.Seen() && waited >= shortestLimit:
		return connectLimit(c)
	case c.Snd.SYN.Seen() && waited >= possibleLimit:
		return programs.ConnectLimit, "The client itself had closed the socket: it took another connection, was cancelled, " +
			"or had a very short time limit"
	case otherConnection(c).Seen():
		return programs.Nothing, "The client itself had closed the socket: it had begun another connection to the server's " +
			"host at the same time, and may have taken that one"
	}
	return programs.Nothing, "The client itself had closed the socket: it took another connection, or was cancelled"
}
