package rules

import (
	"fmt"
	"strings"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// addNotes adds what is worth knowing about a reset whatever its cause.
func (f *Finding) addNotes(c *facts.Facts) {
	note := func(says string, frames ...int) {
		f.Notes = append(f.Notes, f.text(-1, says, frames))
	}
	a := &c.After
	switch {
	case a.ChallengeACK.Seen():
		note(words.Sentence("%s did not accept this RST and asked back with a challenge ACK (RFC 5961 §3.2)", Receiver(c)), c.Frame, a.ChallengeACK.Frame)
	case c.Accept == flows.AcceptOutside && asksForIt(c):
		// What the sender sent last had not arrived: the receiver waits for this very number.
	case c.Accept == flows.AcceptOutside && c.WrongEcho():
		note("a Linux client in SYN-SENT drops a segment that echoes a timestamp it never sent (tcp_rcv_synsent_state_process)", c.Frame)
	case c.Accept == flows.AcceptOutside && c.From[c.Side.Peer()] == flows.SynSent:
		note(words.Sentence("it does not acknowledge %s's SYN: in SYN-SENT %s drops it (RFC 9293 §3.10.7.3)", Receiver(c), Receiver(c)), c.Frame)
	case c.Accept == flows.AcceptOutside:
		note(words.Sentence("its sequence number lies outside of %s's window: %s drops it (RFC 9293 §3.10.7.4)", Receiver(c), Receiver(c)), c.Frame)
	case c.Accept == flows.AcceptWindow:
		note(words.Sentence("its sequence number is in %s's window but not the next one expected: since RFC 5961 §3.2 it is not accepted at once", Receiver(c)), c.Frame)
	}
	if n := a.ReceiverRetransmits; n > 0 && !a.ChallengeACK.Seen() {
		switch {
		case c.Answers == facts.ToSYN:
			note(words.Sentence("%s asks again after this RST (%s): it did not arrive, or %s's system tries again by itself, as Windows does", Receiver(c), words.Count(n, "resend"), Receiver(c)), c.Frame, a.ReceiverSYN.Frame)
		case resentLater(c):
			note(words.Sentence("%s goes on resending after this RST (%s): it visibly did not arrive", Receiver(c), words.Count(n, "resend")), c.Frame, a.ReceiverData.Frame)
		}
	}
	if text := words.Printable(c.Payload); text != "" {
		note(fmt.Sprintf("the RST carries the text %q (RFC 9293 §3.5.3 allows it): devices state their reason there", text), c.Frame)
	}
	switch {
	case c.Opts.MPTCP&flows.MPTCPReset != 0:
		note(fmt.Sprintf("MP_TCPRST gives reason %d: %s (RFC 8684 §3.6)", c.Opts.MPTCPReason, words.MPTCPReason(c.Opts.MPTCPReason)), c.Frame)
	case c.Opts.MPTCP&flows.MPTCPFastClose != 0:
		note("MP_FASTCLOSE ends the whole Multipath TCP connection at once (RFC 8684 §3.5)", c.Frame)
	}
	for _, n := range c.Related.ICMP {
		if says := words.ICMP(&n); says != "" {
			note(says, n.Frame)
		}
	}
}

// asksForIt reports whether the RST has the very number that its receiver asked for in the segment that it
// answers, sent so long after the RST's sender had last sent something new that this cannot have been under way.
func asksForIt(c *facts.Facts) bool {
	t := c.Trigger
	return t != nil && t.ACK == c.SEQ && c.Snd.LastData.Seen() && t.Time.Sub(c.Snd.LastData.Time) > c.Soon()
}

// resentLater reports whether the receiver retransmits when the RST must have reached it; what it retransmits
// before that was under way when it came.
func resentLater(c *facts.Facts) bool {
	for i := range c.After.Events {
		e := &c.After.Events[i]
		if e.Side != c.Side && e.Notes&flows.Retransmitted != 0 && e.Time.Sub(c.Time) > c.Soon() {
			return true
		}
	}
	return c.After.ReceiverRetransmits > len(c.After.Events)
}

// captureNext says what to capture to decide what stays open, "" when enough is decided.
func captureNext(c *facts.Facts, f *Finding) string {
	next := make([]string, 0, 8)
	if f.Origin != OriginEndpoint {
		next = append(next, "capture on "+Sender(c)+"'s own host too: if this RST is not in it, the path sent it")
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
			next = append(next, "look into the log of "+Sender(c)+" at that moment; on Linux 6.10 and later the tracepoint tcp:tcp_send_reset there records why")
		} else if len(next) == 0 {
			next = append(next, "on "+Sender(c)+"'s host record the tracepoint tcp:tcp_send_reset (Linux 6.10 and later): it tells the kernel's reason")
		}
	}
	return strings.Join(next, "; ")
}
