package rules

import (
	"fmt"
	"strings"

	"github.com/rstexplain/rstexplain/flows"
)

// beside tells what is worth knowing about a reset whatever its cause.
func (c *Facts) beside(f *Finding) {
	tell := func(says string, frames ...int) {
		f.Notes = append(f.Notes, f.evidence(-1, says, frames))
	}
	a := &c.After
	switch {
	case a.ChallengeACK.Seen():
		tell(sentence("%s did not accept this RST and asked back with a challenge ACK (RFC 5961 §3.2)", c.receiver()), c.Frame, a.ChallengeACK.Frame)
	case c.Accept == flows.AcceptOutside && c.asksForIt():
		// What the sender sent last had not arrived: the receiver waits for this very number.
	case c.Accept == flows.AcceptOutside && c.wrongEcho():
		tell("a Linux client in SYN-SENT drops a segment that echoes a timestamp it never sent (tcp_rcv_synsent_state_process)", c.Frame)
	case c.Accept == flows.AcceptOutside && c.From[c.Side.Peer()] == flows.SynSent:
		tell(sentence("it does not acknowledge %s's SYN: in SYN-SENT %s drops it (RFC 9293 §3.10.7.3)", c.receiver(), c.receiver()), c.Frame)
	case c.Accept == flows.AcceptOutside:
		tell(sentence("its sequence number lies outside of %s's window: %s drops it (RFC 9293 §3.10.7.4)", c.receiver(), c.receiver()), c.Frame)
	case c.Accept == flows.AcceptWindow:
		tell(sentence("its sequence number is in %s's window but not the next one expected: since RFC 5961 §3.2 it is not accepted at once", c.receiver()), c.Frame)
	}
	if n := a.ReceiverRetransmits; n > 0 && !a.ChallengeACK.Seen() {
		switch {
		case c.Answers == ToSYN:
			tell(sentence("%s asks again after this RST (%s): it did not arrive, or %s's system tries again by itself, as Windows does", c.receiver(), count(n, "resend"), c.receiver()), c.Frame, a.ReceiverSYN.Frame)
		case c.resentLater():
			tell(sentence("%s goes on resending after this RST (%s): it visibly did not arrive", c.receiver(), count(n, "resend")), c.Frame, a.ReceiverData.Frame)
		}
	}
	if text := printable(c.Payload); text != "" {
		tell(fmt.Sprintf("the RST carries the text %q (RFC 9293 §3.5.3 allows it): devices state their reason there", text), c.Frame)
	}
	switch {
	case c.Opts.MPTCP&flows.MPTCPReset != 0:
		tell(fmt.Sprintf("MP_TCPRST gives reason %d: %s (RFC 8684 §3.6)", c.Opts.MPTCPReason, mptcpReason(c.Opts.MPTCPReason)), c.Frame)
	case c.Opts.MPTCP&flows.MPTCPFastClose != 0:
		tell("MP_FASTCLOSE ends the whole Multipath TCP connection at once (RFC 8684 §3.5)", c.Frame)
	}
	for _, n := range c.Related.ICMP {
		if says := icmpSays(&n); says != "" {
			tell(says, n.Frame)
		}
	}
}

// asksForIt reports whether the RST has the very number that its receiver asked for in the segment that it
// answers, sent so long after the RST's sender had last sent something new that this cannot have been under way.
func (c *Facts) asksForIt() bool {
	t := c.Trigger
	return t != nil && t.ACK == c.SEQ && c.Snd.LastData.Seen() && t.Time.Sub(c.Snd.LastData.Time) > c.Soon()
}

// resentLater reports whether the receiver resends when the RST must have reached it; what it resends before that
// was under way when it came.
func (c *Facts) resentLater() bool {
	for i := range c.After.Events {
		e := &c.After.Events[i]
		if e.Side != c.Side && e.Notes&flows.Retransmitted != 0 && e.Time.Sub(c.Time) > c.Soon() {
			return true
		}
	}
	return c.After.ReceiverRetransmits > len(c.After.Events)
}

// printable returns the text of a RST's payload when it is one: ASCII letters for the most part.
func printable(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	good := 0
	s := strings.Map(func(r rune) rune {
		if r >= ' ' && r < 0x7f {
			good++
			return r
		}
		return '.'
	}, string(b))
	if good*4 < len(b)*3 {
		return ""
	}
	return strings.Trim(s, ". ")
}

// mptcpReason names the reason codes of RFC 8684 §3.6.
func mptcpReason(code uint8) string {
	reasons := [...]string{"unspecified error", "MPTCP-specific error", "lack of resources", "administratively prohibited",
		"too much outstanding data", "unacceptable performance", "middlebox interference"}
	if int(code) < len(reasons) {
		return reasons[code]
	}
	return "unassigned"
}

// icmpSays tells an ICMP error in words.
func icmpSays(n *flows.ICMPNote) string {
	from := n.From.AddrPort().Addr().String()
	what := ""
	switch {
	case !n.V6 && n.Type == 3 && n.Code == 4, n.V6 && n.Type == 2:
		what = "a packet was too big for the path"
		if n.MTU > 0 {
			what += fmt.Sprintf(", which takes %d bytes", n.MTU)
		}
	case !n.V6 && n.Type == 3 && (n.Code == 9 || n.Code == 10 || n.Code == 13), n.V6 && n.Type == 1 && (n.Code == 1 || n.Code == 5 || n.Code == 6):
		what = "communication is administratively prohibited"
	case !n.V6 && n.Type == 3 && n.Code == 3, n.V6 && n.Type == 1 && n.Code == 4:
		what = "the port is unreachable"
	case !n.V6 && n.Type == 3, n.V6 && n.Type == 1:
		what = "the destination is unreachable"
	case !n.V6 && n.Type == 11, n.V6 && n.Type == 3:
		what = "the hop limit was exceeded"
	default:
		return ""
	}
	of := "a segment of this connection"
	if n.QuotedSYN {
		of = "a SYN of this connection"
	}
	return sentence("ICMP from %s about %s: %s", from, of, what)
}

// captureNext says what to capture to decide what stays open, "" when enough is decided.
func (c *Facts) captureNext(f *Finding) string {
	next := make([]string, 0, 8)
	if f.Origin != OriginEndpoint {
		next = append(next, "capture on "+c.sender()+"'s own host too: if this RST is not in it, the path sent it")
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
			next = append(next, "look into the log of "+c.sender()+" at that moment; on Linux 6.10 and later the tracepoint tcp:tcp_send_reset there records why")
		} else if len(next) == 0 {
			next = append(next, "on "+c.sender()+"'s host record the tracepoint tcp:tcp_send_reset (Linux 6.10 and later): it tells the kernel's reason")
		}
	}
	return strings.Join(next, "; ")
}
