package rules

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// synProbeID is what other rules call it by.
const synProbeID = "syn-probe"

// How sure it is that a scanner probed.
const (
	synProbeSure = 0.985
	ackProbeSure = 0.93 // by what its host sends elsewhere
)

var synProbe = &Rule{
	ID:       synProbeID,
	Cause:    UnknownConnection,
	Severity: Info,
	Pattern:  Scan,
	RFC:      []string{"RFC 9293 §3.5.1", "RFC 9293 §3.10.7.1"},
	Doc: Doc{
		Title: "A scanner probed the port",
		Happened: "A scanner sent a SYN that it made itself, past its own system's TCP. When the SYN-ACK came, that " +
			"system did not know of any such connection and reset it: the port is open, and no connection was wanted. Or the " +
			"scanner sent a segment that no system sends (no flags, FIN alone, or FIN, PSH and URG), or an ACK of no " +
			"connection, and the host that got it answered with a RST, as RFC 9293 requires.",
		Recognised: "SYN, SYN-ACK, bare RST, and no ACK that completes the handshake. The SYN is no system's: no options " +
			"or only a maximum segment size and a window that scanners use, a window below 512, a timestamp of 4294967295, " +
			"further flags, or many ports and hosts from one source. Or a RST with ACK that answers a segment without ACK " +
			"and SYN; or a bare RST that answers an ACK without connection of a host that sends several such segments.",
		LookAlikes: "A program that gives up connecting at that moment resets in the same way, but its SYN is an ordinary " +
			"one (connect-withdrawn).",
		Prints: "Nothing: no application on either side sees a connection.",
		Remedy: "Nothing to repair. Find out who scans, if no scan is expected.",
		Limits: "A scanner that sends an ordinary SYN is explained as connect-withdrawn; the label is the same.",
	},
	Match: func(c *facts.Facts) float64 {
		switch {
		case oddProbe(c), c.ResetsSYNACK() && crafted(c) && !c.Translated():
			return synProbeSure
		case ackProbe(c):
			return ackProbeSure
		}
		return 0
	},
	Explain: func(c *facts.Facts, f *Finding) {
		if oddProbe(c) {
			f.Summary = words.Sentence("A scanner's probe: %s sent a segment without ACK and SYN, and %s answered it "+
				"with a RST.", Receiver(c), Sender(c))
			f.Say(claim.Claim{Kind: claim.OddFlags, Side: c.Side.Peer(), Text: c.Trigger.Flags.String()}, c.Trigger.Frame)
			f.SayRST(c)
			f.Open(ClosedPort, "", 0.5, "a refusal answers a SYN; this RST answers another segment")
			return
		}
		if ackProbe(c) {
			f.Summary = words.Sentence("A scanner's probe: %s sent an ACK of no connection, and %s answered it with a RST.",
				Receiver(c), Sender(c))
			f.Say(claim.Claim{Kind: claim.Crafted, Side: c.Side.Peer(), Count: c.Related.Crafted})
			f.Say(claim.Claim{Kind: claim.NoHandshake, Side: c.Side}, c.Conn.Start.Frame)
			f.SayRST(c)
			f.Open(PeerCrash, stateLostID, 0.5, "the client's host scans")
			return
		}
		f.Summary = words.Sentence("A scanner's probe: %s sent a SYN that its own TCP did not make, and its TCP, which "+
			"has no such connection, reset the SYN-ACK.", Sender(c))
		f.sayHalfOpenOfFlood(c, "the SYN-ACK to this one reached a TCP that has no such connection, and that reset it")
		f.SayHalfOpen(c)
		f.sayCrafted(c)
		f.Open(FastClose, healthProbeID, 0.6, "a program that closes its socket on purpose sends RST+ACK; this RST is a "+
			"system's reply to a SYN-ACK")
	},
	Effects: Effects{Outcomes: openingOutcomes},
}

// sayCrafted says by what the SYN is no system's.
func (f *Finding) sayCrafted(c *facts.Facts) {
	f.sayCraftedBy(c, c.Side)
}

// sayCraftedBy says by what the SYN of side s is no system's.
func (f *Finding) sayCraftedBy(c *facts.Facts, s flows.Side) {
	e := c.Conn.End(s)
	if flags := c.SYNFlags(s); oddSYN(flags) {
		f.Say(claim.Claim{Kind: claim.OddFlags, Side: s, Text: flags.String()}, e.SYN.Frame)
		return
	}
	if e.SYNOpts.Kinds == flows.UnknownKinds {
		return // a text may not show them
	}
	odd := claim.Claim{Kind: claim.OddSYN, Side: s, Count: int(e.SYNOpts.Kinds), Number: uint64(e.SYNWND)}
	if e.HasTS && e.TSval == scannersTimestamp {
		odd.Expected = scannersTimestamp
	}
	f.Say(odd, e.SYN.Frame)
}

// scannersTimestamp is the timestamp by which scanners ask for a stack's options.
const scannersTimestamp = 1<<32 - 1

// craftedSYN reports whether no common system sends a SYN like that of side s: unlike crafted, it needs no sign beside
// that.
func craftedSYN(c *facts.Facts, s flows.Side) bool {
	e := c.Conn.End(s)
	o := e.SYNOpts
	if e.HasTS {
		o.HasTS, o.TSval = true, e.TSval
	}
	return e.SYN.Seen() && flows.CraftedSYN(c.SYNFlags(s), e.SYNWND, &o)
}

// oddSYN reports whether no system sends a SYN with these flags.
func oddSYN(f flows.Flags) bool { return f&(flows.FIN|flows.PSH|flows.URG) != 0 }

// oddProbe reports whether the RST answers a segment without ACK and SYN that begins the connection: a NULL, FIN or
// Xmas probe. A reply may leave the FIN out of its ACK.
func oddProbe(c *facts.Facts) bool {
	t := c.Trigger
	return c.Answers == facts.ToOdd && c.Snd.Segments == 0 && !c.Rcv.SYN.Seen() && t.DataLen == 0 &&
		t.Frame == c.Conn.Start.Frame
}

// scannerFrom is how many crafted segments make a host a scanner.
const scannerFrom = 3

// ackProbe reports whether the RST answers a plain ACK of no connection that a scanner's host sent.
func ackProbe(c *facts.Facts) bool {
	return c.Kind == facts.KindReply && c.Answers == facts.ToACK && !c.ByClient() && c.Snd.Segments == 0 &&
		!c.Rcv.SYN.Seen() && c.Rcv.Bytes == 0 && c.Related.Crafted >= scannerFrom
}

// crafted reports whether the SYN was made by a program instead of a system: hardly any options, and a
// window such as scanners use.
func crafted(c *facts.Facts) bool {
	o := &c.Snd.SYNOpts
	if craftedSYN(c, c.Side) {
		return true
	}
	if o.HasTS || o.SACKOK || o.HasWScale || o.Kinds > 1 || !c.Snd.SYN.Seen() {
		return false
	}
	switch c.Snd.SYNWND {
	case 512, 8192, 16384, 65535:
		return true
	}
	return o.Kinds == 0 || c.Related.ScanPorts >= 3 || c.Related.ScanHosts >= 3
}
