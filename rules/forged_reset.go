package rules

import (
	"slices"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that a device cut a live connection.
const (
	forgedSure   = 0.93
	forgedReply  = 0.55 // an exact reply at the distance of a host: a device without the connection answers so too
	forgedProven = 0.99 // a capture at another place proves that a device sent the RST
)

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
		Title: "A device on the path cut the connection in the name of one side",
		Happened: "Neither side ended the connection. A device between them (an intrusion prevention system, a filter, " +
			"a censor, a misconfigured firewall) sent a RST with one side's address, often one to each side. The receiver " +
			"aborts the connection; the other side goes on sending until its segments are answered with a RST.",
		Recognised: "The RST has signs of another sender: the side whose address it has goes on sending, the RST comes " +
			"sooner than that side could answer, several RSTs try different sequence numbers, TTL, IP ID or Ethernet address " +
			"are not those of that side's other packets. Never one weak sign alone.",
		LookAlikes: "A genuine RST has the sender's TTL and continues its IP IDs, and the sender sends nothing after it. " +
			"A device that dropped the state of an idle connection sends its RST after an idle time (idle-expiry, idle-reset).",
		Prints: "ECONNRESET: connection reset by peer, although the peer did not reset the connection.",
		Remedy: "Capture on both hosts: a RST that is only in the capture of the receiving side was sent by a device " +
			"on the path. Then look for filters that reset by content, name (SNI, Host) or address.",
		Limits: "Which device it was; the TTL shows how far away it is. A RST with the right TTL, IP ID and numbers " +
			"is not recognised as forged.",
	},
	Match: func(c *facts.Facts) float64 {
		if !c.PathSigns.Middlebox() || c.Refused() || afterOwn(c) {
			return 0
		}
		if c.Proof == flows.ByDevice {
			return forgedProven
		}
		if c.RepliesFromDevice() {
			return forgedReply
		}
		return forgedSure
	},
	Explain: func(c *facts.Facts, f *Finding) {
		doubt := "most likely "
		if c.Proof == flows.ByDevice {
			doubt = ""
			f.Remedy = "Look for filters that reset by content, name (SNI, Host) or address, between the places of the captures."
		}
		when := Circumstances(c)
		if n := unansweredAtCut(c); n > 0 {
			when = "while " + words.Bytes(n) + " of " + Receiver(c) + "'s data were unacknowledged"
			f.Say(claim.Claim{Kind: claim.UnackedData, Side: c.Side.Peer(), Bytes: n}, c.Rcv.LastData.Frame, c.Frame)
		}
		f.Summary = words.Sentence("A device on the path cut the connection in %s's name, %s; %s itself %sdid not send "+
			"this RST.", Sender(c), when, Sender(c), doubt)
		if c.WentOn() {
			f.Summary = words.Sentence("A device on the path sent a RST in %s's name, %s, and the connection went on; %s "+
				"itself %sdid not send this RST.", Sender(c), Circumstances(c), Sender(c), doubt)
		}
		f.SayCompletion(c)
		f.Evidence = slices.CompactFunc(f.Evidence, func(a, b Evidence) bool { return a.Kind == b.Kind && a.Says == b.Says })
		if c.Proof != flows.ByDevice && c.RepliesFromDevice() {
			f.explainDeviceReply(c)
			return
		}
		f.SaySigns(c)
		f.Open(FastClose, "", 0.5, "the RST was most likely made on the path")
		f.Open(UnknownConnection, idleExpiryID, 0.4, "the connection was in use")
	},
}

// unansweredAtCut returns how many bytes of the receiver's data its peer had not acknowledged when a RST came that the
// peer did not send: what the RST's form says of its sender's side is not known of the peer's.
func unansweredAtCut(c *facts.Facts) int64 {
	n := c.Rcv.Outstanding()
	if c.WentOn() || n == 0 || c.Rcv.LastData.Frame <= max(c.Snd.LastData.Frame, c.Rcv.FIN.Frame) {
		return 0
	}
	return int64(n)
}

// explainDeviceReply explains an exact reply in the name of a host that others answer for: a rule rejected the segment,
// or the device that forwards the connection no longer has it.
func (f *Finding) explainDeviceReply(c *facts.Facts) {
	f.Summary = words.Sentence("A device on the path answered %s in %s's name: a rule of the device rejects it, or the "+
		"device has lost the connection; %s itself most likely did not send this RST.", triggerSegment(c), Sender(c),
		Sender(c))
	f.SayRST(c)
	f.SaySigns(c)
	f.Open(UnknownConnection, deviceReplyID, 0.9, "a device that has lost the connection sends the same RST")
	f.Open(FastClose, "", 0.05, "the RST was most likely made on the path")
	f.Remedy = "Look at the device: is there a rule that rejects with a TCP reset (REJECT, reset-both), and was its " +
		"NAT or connection table flushed, did an entry expire, did it restart or fail over at this time?"
}
