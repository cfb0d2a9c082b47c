package rules

import (
	"strings"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// addNotes adds what is worth knowing about a reset whatever its cause.
func (f *Finding) addNotes(c *facts.Facts) {
	peer := c.Side.Peer()
	own := func(k claim.Kind) { f.Note(claim.Claim{Kind: k, Side: c.Side}, c.Frame) }
	a := &c.After
	switch {
	case a.ChallengeACK.Seen() && f.Claims(claim.Challenged):
	case a.ChallengeACK.Seen():
		f.Note(claim.Claim{Kind: claim.Challenged, Side: peer}, c.Frame, a.ChallengeACK.Frame)
	case c.Accept == flows.AcceptOutside && asksForIt(c):
		// What the sender sent last had not arrived: the receiver waits for this very number.
	case c.Accept == flows.AcceptOutside && c.WrongEcho():
		// Said with the refusal: a Linux client in SYN-SENT drops it (tcp_rcv_synsent_state_process).
	case c.Accept == flows.AcceptOutside && c.From[c.Side.Peer()] == flows.SynSent:
		own(claim.NotForSYN)
	case c.Accept == flows.AcceptOutside:
		own(claim.OutOfWindow)
	case c.Accept == flows.AcceptWindow && c.OwnFINUnseen(): // it is the next one, behind that FIN
	case c.Accept == flows.AcceptWindow:
		own(claim.InWindow)
	case c.AtAckedFIN():
		f.Note(claim.Claim{Kind: claim.AtFIN, Side: c.Side}, c.Snd.FIN.Frame, c.Snd.FINAcked.Frame)
	}
	if m := c.GoesOn(); m.Seen() && !a.ChallengeACK.Seen() && a.ReceiverRetransmits == 0 {
		f.Note(claim.Claim{Kind: claim.GoesOn, Side: peer, Span: m.Time.Sub(c.Time)}, m.Frame)
	}
	switch n := a.ReceiverRetransmits; {
	case goesOnRetransmitting(c):
		f.Note(claim.Claim{Kind: claim.RetransmissionsAfterReset, Side: peer, Count: n}, c.Frame, resentLater(c).Frame)
	case n > 0 && !a.ChallengeACK.Seen() && c.Answers == facts.ToSYN:
		if m := sameSYNLater(c); m.Seen() {
			f.Note(claim.Claim{Kind: claim.RetransmitsAfter, Side: peer, Count: n}, c.Frame, m.Frame)
		}
	}
	if c.Conn.Guessed && c.Conn.Exchange.Protocol == "" && c.Conn.Start.Frame < c.Frame {
		f.Note(claim.Claim{Kind: claim.RolesGuessed}, c.Conn.Start.Frame)
	}
	if text := words.Printable(c.Payload); text != "" && !impossible(c) {
		f.Note(claim.Claim{Kind: claim.ResetText, Side: c.Side, Text: text}, c.Frame)
	}
	switch {
	case c.Opts.MPTCP&flows.MPTCPReset != 0 && !f.Claims(claim.MPTCPReason):
		f.Note(claim.Claim{Kind: claim.MPTCPReason, Side: c.Side, Number: uint64(c.Opts.MPTCPReason)}, c.Frame)
	case c.Opts.MPTCP&flows.MPTCPFastClose != 0 && !f.Claims(claim.MPTCPFastClose):
		own(claim.MPTCPFastClose)
	}
	if r := &c.Related; r.SimilarCount >= periodicFrom && r.SimilarPeriod > 0 && !f.Claims(claim.Probes) {
		f.Note(claim.Claim{Kind: claim.Probes, Side: c.Side, Count: r.SimilarCount, Every: r.SimilarPeriod})
	}
	for _, n := range c.Related.ICMP {
		if words.ICMP(&n) != "" {
			f.Note(icmpClaim(&n), n.Frame)
		}
	}
}

// periodicFrom is from how many earlier connections on that ended alike, at even distances, they are worth a note.
const periodicFrom = 3

// asksForIt reports whether the RST has the very number that its receiver asked for in the segment that it
// answers, sent so long after the RST's sender had last sent something new that this cannot have been under way.
func asksForIt(c *facts.Facts) bool {
	t := c.Trigger
	return t != nil && t.ACK == c.SEQ && c.Snd.LastData.Seen() && t.Time.Sub(c.Snd.LastData.Time) > c.Soon()
}

// sameSYNLater returns the first SYN of the receiver after the RST, other than the one that it answers: a capture on
// several queues can hold that later.
func sameSYNLater(c *facts.Facts) flows.Mark {
	if m := c.After.ReceiverSYN; c.Trigger == nil || m.Frame != c.Trigger.Frame {
		return m
	}
	for i := range c.After.Events {
		if e := &c.After.Events[i]; e.Side != c.Side && e.Flags&(flows.SYN|flows.ACK) == flows.SYN &&
			e.Frame > c.Trigger.Frame {
			return e.Mark
		}
	}
	return flows.Mark{}
}

// goesOnRetransmitting reports whether the RST did not arrive, or was not accepted: its receiver retransmits data on.
func goesOnRetransmitting(c *facts.Facts) bool {
	return c.After.ReceiverRetransmits > 0 && !c.After.ChallengeACK.Seen() && c.Answers != facts.ToSYN &&
		resentLater(c).Seen()
}

// resentLater returns the first retransmission of the receiver at a time when the RST must have reached it; what it
// retransmits before that was under way when it came.
func resentLater(c *facts.Facts) flows.Mark {
	for i := range c.After.Events {
		e := &c.After.Events[i]
		if e.Side != c.Side && e.DataLen > 0 && e.Notes&flows.Retransmitted != 0 && e.Time.Sub(c.Time) > c.Soon() {
			return e.Mark
		}
	}
	return flows.Mark{}
}

// captureNext says what to capture to decide what stays open, "" when enough is decided.
func captureNext(c *facts.Facts, f *Finding) string {
	next := make([]string, 0, 8)
	if f.Origin == OriginUnknown && f.Cause == ClosedPort && c.AtSender() {
		next = append(next, "this RST was made on the host of this capture, or right beside it: there, ss -ltn shows what "+
			"listens, and nft list ruleset or iptables -S what a firewall rejects")
	} else if f.Origin != OriginEndpoint {
		next = append(next, "capture on "+Sender(c)+
			"'s own host too, at the same time: if this RST is not in it, a device on the path sent it (rstexplain compare)")
	} else if f.Cause == RetransmitTimeout {
		next = append(next, "capture on both hosts at the same time: which segments were lost, and where, is then known "+
			"(rstexplain compare)")
	}
	d := c.Conn.Defects
	if f.Confidence < 0.9 {
		if d.Has(flows.OneDirection) && c.Rcv.Segments == 0 {
			next = append(next, "capture both directions (a mirror port for both, or on one of the hosts)")
		}
		if d&(flows.NoHandshake|flows.Evicted) != 0 {
			next = append(next, "start the capture before the connection opens")
		}
		if d.Has(flows.SnapCut) {
			next = append(next, "capture whole packets (tcpdump -s 0)")
		}
		if d.Has(flows.MissedPackets) {
			next = append(next, "capture without loss (a larger buffer, tcpdump -B, or a filter)")
		}
	}
	if f.Confidence < 0.8 && len(f.Alternatives) > 0 && f.Origin != OriginMiddlebox {
		a := f.Alternatives[0].Cause
		if f.Cause == PeerCrash && a == FastClose || f.Cause == FastClose && a == PeerCrash {
			next = append(next, "look into the log of "+Sender(c)+
				" at that moment; on Linux 6.10 and later the tracepoint tcp:tcp_send_reset there records why")
		} else if len(next) == 0 {
			next = append(next, "on "+Sender(c)+"'s host record the tracepoint tcp:tcp_send_reset (Linux 6.10 and later): it "+
				"records the kernel's reason")
		}
	}
	return strings.Join(next, "; ")
}
