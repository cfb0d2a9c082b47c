package facts

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
)

// AfterClose is what of the peer reached the socket that the RST's sender had closed by FIN: all that came after the
// FIN or crossed it, up to the RST. One RST of a train answers one segment; the event is about all of them.
type AfterClose struct {
	Data    flows.Mark // first data of the application
	Bytes   uint32     // how much
	Frames  []int      // frames of it, at most maxAfterFrames
	Bye     flows.Mark // first goodbye: alert, QUIT, housekeeping
	Bare    flows.Mark // first segment without data: FIN, ACK, probe
	Likely  bool       // Bye cannot be read: its size and its place leave nothing else
	Unasked bool       // Data is the server's, and the client had requested nothing: a greeting, a setting

	// What the sender still received: the last segment that acknowledges new data of the peer after the FIN, and how
	// many bytes. It had closed its own direction only, and its socket later.
	Received      flows.Mark
	ReceivedBytes uint32

	parting   uint32    // bytes of Bye and Data together, at their first sending
	acked     flows.Seq // what the FIN acknowledged, with acksKnown
	acksKnown bool
}

// maxAfterFrames bounds AfterClose.Frames.
const maxAfterFrames = 128

// Nothing reports whether the capture shows nothing that reached the closed socket.
func (m AfterClose) Nothing() bool { return !m.Data.Seen() && !m.Bye.Seen() && !m.Bare.Seen() }

// findAfterClose collects c.AfterClose.
func (c *Facts) findAfterClose() {
	m, l := &c.AfterClose, &c.Close
	if l.By != ByFIN && l.By != ByUnseenFIN {
		return
	}
	peer := c.Side.Peer()
	known, acked, bye := false, flows.Seq(0), uint32(0) // acked: what the FIN acknowledged
	for i := range c.Conn.Events {
		if e := &c.Conn.Events[i]; e.Frame == l.Frame && e.Side == c.Side && e.Flags.Has(flows.ACK) {
			known, acked = true, e.ACK
		}
	}
	m.acked, m.acksKnown = acked, known
	received := c.receivesOn(acked, known)
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		if e.Side != peer || e.Flags&flows.RST != 0 || e.Notes&flows.Duplicate != 0 {
			continue
		}
		fresh := e.LEN() > 0 && (!known || e.End().Sub(acked) > 0)
		if e.Frame < l.Frame && !(fresh && known) || e.DataLen > 0 && !fresh {
			continue // the sender had it when it closed
		}
		if e.DataLen > 0 && m.Received.Seen() && e.End().Sub(received) <= 0 {
			continue // the socket was not closed yet
		}
		switch {
		case e.DataLen == 0 || e.Notes&(flows.KeepAlive|flows.WindowProbe) != 0:
			if !m.Bare.Seen() {
				m.Bare = e.Mark
			}
		case c.saysGoodbye(e):
			if !m.Bye.Seen() {
				m.Bye = e.Mark
			}
			if e.Notes&flows.Retransmitted == 0 {
				bye += e.DataLen
			}
		default:
			if !m.Data.Seen() {
				m.Data = e.Mark
			}
			if m.Bytes > 0 && (e.Notes&flows.Retransmitted != 0 || c.sentBefore(i)) {
				continue
			}
			m.Bytes += e.DataLen
			if len(m.Frames) < maxAfterFrames {
				m.Frames = append(m.Frames, e.Frame)
			}
		}
	}
	m.parting = m.Bytes + bye
	m.Unasked = m.Data.Seen() && c.ByClient() && c.Close.Completion.State == Unused
	if c.isParting() {
		m.Likely = !m.Bye.Seen() || m.Data.Frame < m.Bye.Frame
		m.Bye, m.Data, m.Bytes, m.Frames = m.Data, flows.Mark{}, 0, nil
	}
}

// receivesOn finds what the sender acknowledged after its FIN, which acknowledged all below acked, and returns the
// highest number that it acknowledged.
func (c *Facts) receivesOn(acked flows.Seq, known bool) flows.Seq {
	m, received := &c.AfterClose, acked
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		if !known || e.Side != c.Side || e.Frame <= c.Close.Frame || e.Frame >= c.Frame ||
			e.Flags&(flows.ACK|flows.RST) != flows.ACK || e.Notes&flows.Duplicate != 0 {
			continue
		}
		if e.ACK.Sub(received) > 0 && c.hasData(e.ACK) {
			m.Received, received = e.Mark, e.ACK
		}
	}
	m.ReceivedBytes = uint32(received.Sub(acked))
	return received
}

// hasData reports whether the timeline holds data of the peer that ends at a number: what is acknowledged there is no
// FIN.
func (c *Facts) hasData(end flows.Seq) bool {
	for i := range c.Conn.Events {
		if e := &c.Conn.Events[i]; e.Side != c.Side && e.DataLen > 0 && e.SEQ.Add(e.DataLen) == end {
			return true
		}
	}
	return false
}

// PartingBytes returns how many bytes of data reached the closed socket before the RST, closing messages included.
func (c *Facts) PartingBytes() int64 { return int64(c.AfterClose.parting) }

// DrawnByData reports whether data that came after the sender's FIN caused a RST that has ACK: the RST acknowledges
// more of the peer than the FIN did. Windows, Solaris and many embedded stacks abort so where Linux sends the bare RST
// of a reply.
func (c *Facts) DrawnByData() bool {
	m := &c.AfterClose
	return c.Close.By == ByFIN && m.acksKnown && c.Flags.Has(flows.ACK) && c.SEQ != 0 && c.ACK.Sub(m.acked) > 0 &&
		(m.Data.Seen() || m.Bye.Seen())
}

// maxParting is the size up to which data that cannot be read may be a goodbye: BYE and the tagged OK of IMAP with
// their texts, encrypted, take some 120 bytes.
const maxParting = 200

// isParting reports whether the data that reached the closed socket is most likely the peer's closing message: the
// exchange was complete, and the closer had sent its own closing message; or, inside TLS, the client closed and the
// server's little data is followed by its own FIN at once, which more of a response would not be; or it is a few bytes
// of no known protocol.
func (c *Facts) isParting() bool {
	m, b := &c.AfterClose, c.Close.Completion
	if !m.Data.Seen() || m.Bytes > maxParting || !b.Finished(c.Side) || b.State == Unused || c.SessionEnded() ||
		c.MidConversation() {
		return false
	}
	x := c.Close.Exchange
	ended := b.State == SaidGoodbye && b.Side == c.Side || x.CloseNotify[c.Side] != 0
	switch {
	case m.requests(c):
		return false // by its protocol it wants an answer
	case ended && (c.ByClient() || !x.TLS) && !c.SendsMore():
		return true // but what a client sends into a TLS connection that was closed may be its next request
	case x.Protocol == "" && m.Bytes <= maxTrailer && c.Idle() < time.Second && !c.SendsMore():
		return true
	case !c.ByClient():
		return false
	}
	if !(x.TLS && x.HandshakeOK) {
		return false
	}
	soon := func(at flows.Time) bool {
		d := at.Sub(m.Data.Time)
		return d >= 0 && d <= max(c.RTT/4, 2*time.Millisecond)
	}
	fin := c.Rcv.FIN
	if fin.Seen() && fin.Frame >= m.Data.Frame && soon(fin.Time) {
		return true
	}
	for i := range c.After.Events {
		if e := &c.After.Events[i]; e.Side != c.Side && e.Flags.Has(flows.FIN) && soon(e.Time) {
			return true
		}
	}
	return false
}

// SendsMore reports whether the RST's receiver sent new data after it.
func (c *Facts) SendsMore() bool {
	for i := range c.After.Events {
		if e := &c.After.Events[i]; e.Side != c.Side && e.DataLen > 0 && e.Notes&(flows.Retransmitted|flows.Duplicate) == 0 {
			return true
		}
	}
	return false
}

// maxTrailer is the size up to which data of no known protocol, right behind a complete exchange, is more likely its
// end than a request: a length of 0, a mark, a status.
const maxTrailer = 4

// requests reports whether the data is a request by its protocol.
func (m *AfterClose) requests(c *Facts) bool {
	last := &c.Conn.Exchange.Last[c.Side.Peer()]
	return !c.Conn.Exchange.Guess && last.Kind == exchange.Request && last.Frame >= m.Data.Frame
}

// sentBefore reports whether an earlier event of the same side has the sequence numbers of event i.
func (c *Facts) sentBefore(i int) bool {
	e := &c.Conn.Events[i]
	for k := range c.Conn.Events[:i] {
		if f := &c.Conn.Events[k]; f.Side == e.Side && f.SEQ == e.SEQ && f.DataLen == e.DataLen {
			return true
		}
	}
	return false
}

// Sizes of encrypted TLS records that hold an alert: of the AEAD ciphers, and up to those of CBC with a long
// MAC (RFC 8446 §5.2, RFC 5246 §6.2.3).
const (
	alertFrom = 23
	alertTo   = 40
)

// saysGoodbye reports whether data of the peer only ends the exchange: a TLS alert, QUIT, 221, or
// housekeeping that wants nothing.
func (c *Facts) saysGoodbye(e *flows.Event) bool {
	x := &c.Conn.Exchange
	m := &x.Last[e.Side]
	if at := x.Goodbye[e.Side]; at != 0 && e.Frame >= at &&
		!(m.Kind == exchange.Request && !x.Guess && m.Frame > at && m.Frame <= e.Frame) { // a command after all
		return true
	}
	if at := x.CloseNotify[e.Side]; at != 0 && e.Frame >= at {
		return true
	}
	if m.Frame <= e.Frame && (m.End >= e.Frame || e.Notes&flows.Retransmitted != 0) {
		switch m.Kind {
		case exchange.Goodbye, exchange.Alert, exchange.Housekeeping:
			return x.Protocol != "IMAP" || m.Text != "IDLE" // a command, which by design is not answered soon
		}
	}
	if c.askedNoMore(e.Side) {
		return true
	}
	if e.DataLen < alertFrom || e.DataLen > alertTo {
		return false
	}
	// An encrypted record of that size; or, where the snaplen cut it, bytes of that size directly before
	// the peer's own FIN.
	return x.TLS && x.HandshakeOK || x.Protocol == "" && c.Conn.Defects.Has(flows.SnapCut) && c.Conn.End(e.Side).FIN.Seen()
}

// askedNoMore reports whether side s has asked for nothing since the RST's sender closed after a complete
// exchange: GOAWAY before close_notify, say.
func (c *Facts) askedNoMore(s flows.Side) bool {
	x := &c.Conn.Exchange
	if !x.TLS && x.Protocol != "HTTP/2" || x.Waiting[s] > 0 || x.RequestSide != int(s) || x.Request.Frame == 0 ||
		x.Request.Frame >= c.Close.Frame {
		return false
	}
	switch x.Last[s].Kind {
	case exchange.Goodbye, exchange.Alert, exchange.Housekeeping:
		return c.Close.Completion.Finished(c.Side)
	}
	return false
}

// TextAfterClose returns the first line of what the peer said after the sender had closed, "" when it is not known.
func (c *Facts) TextAfterClose() string {
	x, peer := &c.Conn.Exchange, c.Side.Peer()
	if m := &x.Last[peer]; m.Kind == exchange.Request {
		if m.Frame < c.AfterClose.Data.Frame {
			return "" // it began before
		}
		return m.Text
	}
	if x.RequestSide == int(peer) && x.Request.Frame >= c.AfterClose.Data.Frame {
		return x.Request.Text
	}
	return "" // a goodbye followed it
}

// AnswersGoodbye reports whether the data that the RST answers only ends the exchange.
func (c *Facts) AnswersGoodbye() bool {
	return c.Trigger != nil && c.Trigger.DataLen > 0 && c.saysGoodbye(c.Trigger)
}
