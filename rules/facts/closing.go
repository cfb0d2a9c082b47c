package facts

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
)

// PeerClosedFirst reports whether the other side had closed before the sender closed, and the sender could
// know it: a FIN that the RST's own acknowledgment leaves out crossed it on the way.
func (c *Facts) PeerClosedFirst() bool {
	fin := c.Rcv.FIN
	if !fin.Seen() {
		fin = c.Rcv.UnseenFIN
	}
	if !fin.Seen() || fin.Frame >= c.Close.Frame {
		return false
	}
	if c.Close.By == ByThis && c.Flags.Has(flows.ACK) && c.Rcv.FIN.Seen() && c.Class != flows.ClassReplyACK &&
		c.ACK.Sub(c.Rcv.FINSEQ) <= 0 {
		return false
	}
	return true
}

// BothClosed reports whether both FINs had been acknowledged before the RST's trigger (or the RST itself,
// when nothing triggered it): the connection was over.
func (c *Facts) BothClosed() bool {
	at := c.Frame
	if c.Trigger != nil {
		at = c.Trigger.Frame
	}
	a, b := c.Snd.FINAcked, c.Rcv.FINAcked
	return a.Seen() && b.Seen() && a.Frame < at && b.Frame < at
}

// HalfCloseExpired reports whether the trigger, a bare FIN or ACK, comes so long after the sender's own FIN
// was acknowledged that FIN-WAIT-2 or TIME-WAIT is likely over.
func (c *Facts) HalfCloseExpired() bool {
	switch c.Answers {
	case ToFIN, ToACK, ToKeepAlive:
	default:
		return false
	}
	if c.AfterClose.Data.Seen() || !c.Snd.FINAcked.Seen() || c.Snd.FINAcked.Frame >= c.Trigger.Frame {
		return false
	}
	gap := c.Trigger.Time.Sub(c.Snd.FINAcked.Time)
	return gap >= time.Second && gap > 4*c.RTT
}

// EndedBefore returns what had ended the connection long before this RST: an earlier RST, or the last acknowledgment of
// both FINs. It is the zero Mark when nothing had.
func (c *Facts) EndedBefore() flows.Mark {
	for _, p := range c.Prior {
		if c.Time.Sub(p.Time) > max(time.Second, 4*c.RTT) {
			return p.Mark
		}
	}
	if c.ResetsNothing() {
		return c.BothClosedAt()
	}
	return flows.Mark{}
}

// AnsweredReset returns the RST of the peer that this RST answers, nil when it answers none: it has SEQ 0 and ACK, and
// that is the peer's SEQ. No host answers a RST (RFC 9293 §3.10.7.1); NAT engines do.
func (c *Facts) AnsweredReset() *Earlier {
	if c.SEQ != 0 || !c.Flags.Has(flows.ACK) {
		return nil
	}
	for i := len(c.Earlier) - 1; i >= 0; i-- {
		if p := &c.Earlier[i]; p.Side != c.Side && p.SEQ == c.ACK && !p.Flags.Has(flows.ACK) &&
			c.Time.Sub(p.Time) <= c.Soon()+time.Second {
			return p
		}
	}
	return nil
}

// PeersReset returns the latest RST by which the other side itself had ended the connection, and that the RST follows
// or whose connection the trigger belongs to; nil without one.
func (c *Facts) PeersReset() *Earlier {
	for i := len(c.Earlier) - 1; i >= 0; i-- {
		if p := &c.Earlier[i]; p.Side != c.Side && p.Verdict.Origin == "endpoint" &&
			(c.Trigger == nil || c.Trigger.Frame > p.Frame) {
			if c.Trigger == nil && c.Time.Sub(p.Time) > c.Soon()+time.Second {
				return nil // nothing draws it: a device speaks by its own clock
			}
			return p
		}
	}
	return nil
}

// MidConversation reports whether the sender closed, without a goodbye, right after one answer of many in a
// protocol that ends by one.
func (c *Facts) MidConversation() bool {
	x := c.Close.Exchange
	switch x.Protocol {
	case "SMTP", "FTP", "POP3", "IMAP", "NNTP":
	default:
		return false
	}
	return c.Close.Completion.State == Answered && x.Last[flows.Responder].Kind == exchange.Response &&
		c.Idle() < time.Second
}

// SessionEnded reports whether the server ended the session by its protocol: a final refusal (SMTP 421, 521, 554,
// "Exceeded MaxStartups") or its closing message (221). What the client sends after that cannot be answered on this
// connection.
func (c *Facts) SessionEnded() bool {
	if c.ByClient() {
		return false
	}
	switch x := c.Close.Exchange; x.Protocol {
	case "SMTP", "FTP", "POP3", "IMAP", "NNTP":
		switch x.Last[flows.Responder].Kind {
		case exchange.Refusal, exchange.Goodbye:
			return true
		}
	case "", "HTTP/1.1", "HTTP/2": // 408 and 503 end a connection, not what it is used for
	default:
		return x.Last[flows.Responder].Kind == exchange.Refusal // "Exceeded MaxStartups", FATAL, "Too many connections"
	}
	return false
}

// BothClosedAt returns the moment when both FINs had been acknowledged, the zero Mark before that.
func (c *Facts) BothClosedAt() flows.Mark {
	a, b := c.Snd.FINAcked, c.Rcv.FINAcked
	switch {
	case !a.Seen() || !b.Seen() || a.Frame > c.Frame || b.Frame > c.Frame:
		return flows.Mark{}
	case a.Frame > b.Frame:
		return a
	}
	return b
}

// ResetsNothing reports whether a RST that answers nothing comes long after both sides had closed. A TCP in
// TIME-WAIT sends none by itself, and after that it has nothing to send one for (RFC 9293 §3.10.8).
func (c *Facts) ResetsNothing() bool {
	over := c.BothClosedAt()
	return c.Trigger == nil && over.Seen() && c.Time.Sub(over.Time) > max(time.Second, 4*c.RTT)
}
