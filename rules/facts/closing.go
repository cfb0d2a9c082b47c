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
	if !fin.Seen() {
		return c.Close.By == ByThis && c.FINByReset()
	}
	if fin.Frame >= c.Close.Frame {
		return false
	}
	if c.Close.By == ByThis && c.Flags.Has(flows.ACK) && c.Rcv.FIN.Seen() && c.Class != flows.ClassReplyACK &&
		c.ACK.Sub(c.Rcv.FINSEQ) <= 0 {
		return false
	}
	return true
}

// FINByReset reports whether the RST acknowledges just one number above all that its receiver was captured to have
// sent, or that had been acknowledged: most likely the receiver's FIN, which the capture lacks.
func (c *Facts) FINByReset() bool {
	if c.Kind == KindReply || !c.Flags.Has(flows.ACK) || !c.Snd.HasRCV || c.Rcv.FIN.Seen() || c.Rcv.UnseenFIN.Seen() ||
		!c.Conn.SYNACK.Seen() {
		return false
	}
	end := c.Snd.RCV.NXT
	if c.Rcv.Segments > 0 && c.Rcv.HasSND && c.Rcv.SND.NXT.Sub(end) > 0 {
		end = c.Rcv.SND.NXT
	}
	return c.ACK.Sub(end) == 1
}

// OwnFINUnseen reports whether the RST's number is one above all that was captured of its sender, and the peer
// acknowledges that number afterwards: the sender's own FIN came first, and the capture lacks it.
func (c *Facts) OwnFINUnseen() bool {
	if c.Kind != KindAbort || c.Snd.FIN.Seen() || c.Snd.UnseenFIN.Seen() || c.MissedByReset(c.Side) != 1 {
		return false
	}
	for i := range c.After.Events {
		if e := &c.After.Events[i]; e.Side != c.Side && e.Flags&(flows.ACK|flows.RST) == flows.ACK && e.ACK == c.SEQ {
			return true
		}
	}
	return false
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

// saysWhy is up to which idle time a server of a database that closes without a word has most likely died: it would say
// why it ends the session. After longer ones it may have been a proxy.
const saysWhy = 10 * time.Second

// MidConversation reports whether the sender closed, without a goodbye, right after one answer of many in a
// protocol that ends by one, or in which servers say why they end the session, or while its data went unacknowledged.
func (c *Facts) MidConversation() bool {
	if c.ClosedInOutage() != nil {
		return true
	}
	x := c.Close.Exchange
	switch x.Protocol {
	case "MQTT": // a client ends its session by DISCONNECT; without one, the broker takes it for lost (MQTT 3.1.1 §3.14)
		switch c.Close.Completion.State {
		case Answered, OneWay, Unused:
			return c.ByClient() && x.Messages[flows.Responder] > 0 && x.Goodbye[flows.Originator] == 0
		}
		return false
	case "PostgreSQL":
		k := x.Last[flows.Responder].Kind
		return !c.ByClient() && !x.TLS && !x.Guess && c.Close.Completion.State == Answered && c.Idle() < saysWhy &&
			(k == exchange.Response || k == exchange.Housekeeping)
	case "SMTP", "FTP", "POP3", "IMAP", "NNTP":
	default:
		return false
	}
	return c.Close.Completion.State == Answered && x.Last[flows.Responder].Kind == exchange.Response &&
		c.Idle() < time.Second && !c.SessionEnded()
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
		m := &x.Last[flows.Responder]
		switch m.Kind {
		case exchange.Refusal, exchange.Goodbye:
			return true
		}
		if c.sessionRefused(&c.Close) {
			return true
		}
		// In place of its greeting, which a command of the client crossed.
		return x.Messages[flows.Responder] == 1 && m.Text != "" && (m.Text[0] == '4' || m.Text[0] == '5')
	case "":
		return c.TurnedAway()
	case "HTTP/1.1", "HTTP/2": // 408 and 503 end a connection, not what it is used for
	default:
		return x.Last[flows.Responder].Kind == exchange.Refusal // "Exceeded MaxStartups", FATAL, "Too many connections"
	}
	return false
}

// TurnedAway reports whether the server, in no known protocol, sent one short message before it was asked anything and
// closed directly behind it: most likely the message says why it does not serve the client.
func (c *Facts) TurnedAway() bool { return c.sentAway(&c.Close) }

func (c *Facts) sentAway(l *Close) bool {
	const o, r = flows.Originator, flows.Responder
	x := l.Exchange
	return !c.ByClient() && x.Protocol == "" && l.By == ByFIN && x.Messages[o] == 0 && x.Messages[r] == 1 &&
		x.Last[r].Len <= shortMessage && c.Conn.SYN.Seen() && c.Conn.Defects&(LostBytes|flows.SnapCut) == 0 &&
		c.between(l.LastData[r], l.Mark) <= refusedWithin
}

// shortMessage is the most that a line of text takes (RFC 1459 §2.3, RFC 5321 §4.5.3.1.5).
const shortMessage = 512

// RefusedInWords reports whether the server's own last words are that it does not serve the client.
func (c *Facts) RefusedInWords() bool {
	return c.SessionEnded() && (c.Close.Exchange.Last[flows.Responder].Kind == exchange.Refusal || c.TurnedAway())
}

// refusedWithin is how soon a server that gives up on its client closes behind the error that says so.
const refusedWithin = 5 * time.Millisecond

// sessionRefused reports whether the server, in a mail protocol or FTP, ended the session by its own words: SMTP 421,
// IMAP BYE, or an error (NO, -ERR, 5yz) as the last message with its FIN directly behind. Commands that it found behind
// the one that it refused are refused with it.
func (c *Facts) sessionRefused(l *Close) bool {
	const o, r = flows.Originator, flows.Responder
	x := l.Exchange
	switch x.Protocol {
	case "SMTP", "FTP", "POP3", "IMAP", "NNTP":
	default:
		return false
	}
	m := &x.Last[r]
	switch {
	case c.ByClient() || x.TLS || x.Guess || l.By != ByFIN:
		return false
	case m.Kind == exchange.Refusal:
		return !c.servedAt(x)
	}
	return m.Kind == exchange.Response && x.VerdictSide == int(r) && x.Verdict.Frame == m.Frame &&
		m.Frame > x.Last[o].Frame && c.between(l.LastData[r], l.Mark) <= refusedWithin
}

// servedAt reports whether the server had received the last open request before it spoke its last message, and had sent
// nothing in between: it was at work on it, and did not only find it behind the command that it refused.
func (c *Facts) servedAt(x *exchange.Summary) bool {
	const o, r = flows.Originator, flows.Responder
	if x.Pending == 0 || x.RequestSide != int(o) {
		return false
	}
	end, sent, served := flows.Seq(0), false, false
	for i := range c.Conn.Events {
		switch e := &c.Conn.Events[i]; {
		case e.Frame >= x.Last[r].Frame:
			return served
		case e.Side == o && e.Frame == x.Request.Frame:
			end, sent = e.End(), true
		case e.Side == r && sent && e.DataLen > 0:
			return false // an answer to what came before it
		case e.Side == r && sent && e.Flags.Has(flows.ACK) && e.ACK.Sub(end) >= 0:
			served = true
		}
	}
	return served
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

// graceOfMQTT is how much later than one and a half times the keep alive brokers look after it.
const graceOfMQTT = 10 * time.Second

// KeepAliveExceeded returns the client's last message, and how long it had been silent when the server closed, where a
// client of MQTT had sent nothing for one and a half times the keep alive that its CONNECT announces: then the server
// must close (MQTT 3.1.1 §3.1.2.10). 0 where it had not.
func (c *Facts) KeepAliveExceeded() (from flows.Mark, silent time.Duration) {
	limit := time.Duration(c.Close.Exchange.KeepAliveTime) * 1500 * time.Millisecond
	if limit == 0 || c.ByClient() || c.Conn.Defects&LostBytes != 0 || c.Close.Exchange.Protocol != "MQTT" {
		return from, 0
	}
	from = c.dataBefore(flows.Originator, c.Close.Frame)
	silent = c.between(from, c.Close.Mark)
	if !from.Seen() || silent < limit-c.RTT-50*time.Millisecond || silent > limit+limit/3+graceOfMQTT {
		return flows.Mark{}, 0
	}
	return from, silent
}

// takenOverWithin is how soon a broker closes a session that another connection has taken over.
const takenOverWithin = time.Second

// TakenOver returns the CONNECT of another connection by which the server, a broker, ended this one's session: it closed
// directly after that. The zero mark: no such was captured.
func (c *Facts) TakenOver() flows.ConnMark {
	m := c.Related.TakenOver
	if c.ByClient() || c.Close.Exchange.Protocol != "MQTT" || !m.Seen() || m.Frame >= c.Close.Frame ||
		c.Close.Time.Sub(m.Time) > takenOverWithin {
		return flows.ConnMark{}
	}
	return m
}
