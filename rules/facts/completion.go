package facts

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
)

// Completion says how far the two applications were when the sender closed: the line between peer-crash
// and fast-close.
type Completion struct {
	State CompletionState
	Side  flows.Side    // whose message stands open, is cut or came last
	Frame int           // of that message
	Since time.Duration // from its last byte to the moment of closing
	Text  string        // its first line, "" when opaque
	Got   int64         // bytes of a cut body; of an open request, those that the other side sent after it
	Want  int64         // bytes announced, −1 unknown
	Left  int64         // bytes at the end of a cut request that the sender had not acknowledged, where the capture holds them

	// Of an open request: the other side sent new data after it. Sealed says that whether these answer it cannot be
	// read: they are encrypted, or of no known protocol.
	After, Sealed bool
	TwoWay        bool // by the protocol, messages of either side need no answer (WebSocket, RFC 6455)
	Preliminary   bool // what it sent is a preliminary reply (FTP 1yz, RFC 959 §4.2)
	Header        bool // of CutRequest: its header is not complete
	Events        bool // of CutResponse: it is a stream of events, which has no end of its own

	Stream Stream // of Running
	Fall   Fall   // of Unread, where the window shows it
	Full   bool   // of Unread: the window is closed
}

// A CompletionState is what stood open, or that nothing did.
type CompletionState uint8

// The states. From OpenRequest to Unread something was left undone, whoever closes; Unused is so for a
// responder only.
const (
	Unclear       CompletionState = iota // the capture does not show
	OpenRequest                          // a request stands unanswered
	OpenHandshake                        // TLS or another set-up is not finished
	CutResponse                          // a response is cut short
	CutRequest                           // a request is cut short: its body has not all arrived
	InFlight                             // data of the peer was under way
	// inside TLS, by turns complete; but it closed without close_notify, and not at once
	Unended
	Running     // one side was sending, without an end that the protocol shows
	CutTransfer // an FTP transfer, which another connection asks for, is cut short
	Unread      // data that wants no answer, or had been followed by one, was not read
	Unused      // nothing has been requested yet
	Answered    // the last message was an answer, and all of it
	Transferred // all of an FTP transfer was sent
	OneWay      // the last message wants no answer by its protocol
	SaidGoodbye // the last messages end the exchange by the protocol
)

// Finished reports whether s left nothing undone by closing: the exchange was complete, or s is the
// originator and had never used the connection.
func (b Completion) Finished(s flows.Side) bool {
	switch b.State {
	case Answered, Transferred, OneWay, SaidGoodbye:
		return true
	case Unused:
		return s == flows.Originator
	}
	return false
}

// Unfinished reports whether s left something undone.
func (b Completion) Unfinished(s flows.Side) bool {
	return b.State != Unclear && !b.Finished(s)
}

// CutCompletion reports whether that the exchange was complete when the sender closed rests on payload that the snaplen
// cut. After a second without data it rests on the time too.
func (c *Facts) CutCompletion() bool {
	switch c.Close.Completion.State {
	case Answered, OneWay, SaidGoodbye:
		return c.Conn.Defects.Has(flows.SnapCut) && c.Idle() < time.Second
	}
	return false
}

// completion judges what stood open at l.
func (c *Facts) completion(l *Close) Completion {
	x := l.Exchange
	last := func(m CompletionState, side flows.Side) Completion {
		msg := &x.Last[side]
		b := Completion{State: m, Side: side, Frame: msg.Frame, Text: msg.Text, Want: -1}
		if end := l.LastData[side]; end.Seen() && end.Frame <= l.Frame {
			b.Since = c.between(end, l.Mark)
		}
		if m == CutRequest && x.InHeader[side] {
			b.Header, b.Got = true, int64(msg.Len)
		}
		b.Events = m == CutResponse && x.EventStream
		return b
	}
	const o, r = flows.Originator, flows.Responder
	judged := last
	last = func(m CompletionState, side flows.Side) Completion {
		if m == Unused && c.Conn.Ends[o].Missing > 1 {
			return Completion{State: Unclear} // a request may be among what the capture lacks
		}
		return judged(m, side)
	}
	if y := c.uncrossed(l); y != x {
		x = y
		l.Exchange = y
	}
	if t := c.Transfer(); t != nil {
		return c.transferred(l, t)
	}
	mid := c.Conn.Defects&(flows.NoHandshake|flows.Evicted) != 0 // set-up messages may lie before the capture
	if x.Last[o].Kind == exchange.ClientHello || x.RequestSide == int(o) && x.Request.Kind == exchange.ClientHello ||
		x.SNI != "" {
		mid = false // the opening of the exchange is there
	}
	if c.OneSided() {
		return c.oneSidedCompletion(l, mid)
	}
	if l.By == ByThis && c.missedAtEnd(c.Side.Peer()) > 0 &&
		!(x.BodySide >= 0 && x.BodyWant-x.BodyGot > int64(c.missedAtEnd(c.Side.Peer()))) {
		return Completion{State: Unclear} // the last that was said is not in the capture
	}
	if x.Speaker < 0 {
		if mid || c.Conn.Defects.Has(flows.MissedPackets) {
			return Completion{State: Unclear}
		}
		return Completion{State: Unused, Side: o}
	}
	speaker := flows.Side(x.Speaker)
	kind := x.Last[speaker].Kind

	if x.TLS && !x.HandshakeOK && !mid && x.Pending == 0 && setup(x.Last[o].Kind) && setup(x.Last[r].Kind) {
		return last(OpenHandshake, speaker)
	}
	if x.BodySide >= 0 && x.BodyWant >= 0 && x.BodyGot < x.BodyWant && !c.Conn.Defects.Has(flows.MissedPackets) {
		b := last(CutResponse, flows.Side(x.BodySide))
		if x.BodySide == int(o) {
			b.State = CutRequest
		}
		b.Got, b.Want = x.BodyGot, x.BodyWant
		return b
	}
	if m := &x.Last[r]; x.Open[o] && m.Frame > x.Last[o].Frame &&
		(m.Kind == exchange.Response || m.Kind == exchange.Refusal || m.Kind == exchange.Partial) {
		b := last(CutRequest, o) // answered while the request was still coming
		if x.BodySide == int(o) && !b.Header {
			b.Got = x.BodyGot
		}
		return b
	}
	if x.Open[o] && speaker == o && x.Pending == 0 && !x.TLS && !x.Guess && l.Unacked[o] < x.Last[o].Len {
		return last(CutRequest, o) // in the middle of a message, one that wants no answer too
	}
	if (x.Last[r].Kind == exchange.Partial || x.Open[r]) && speaker == r {
		b := last(CutResponse, r)
		// how much of it was captured behind a gap is not counted
		if x.BodySide == int(r) && c.Conn.Ends[r].Missing <= 1 {
			b.Got, b.Want = x.BodyGot, x.BodyWant
		}
		return b
	}
	if x.Protocol == "HTTP/2" && !x.TLS && x.Waiting[o] == 1 && x.Last[r].Frame > x.Request.Frame &&
		(x.Last[r].Kind == exchange.Partial || x.Last[r].Kind == exchange.Response && x.Open[r]) {
		return last(CutResponse, r) // its stream is not ended
	}
	if c.halfAsked(x) {
		if b := last(CutRequest, o); b.Since >= halfAskedFrom {
			b.Got = int64(x.Last[o].Len)
			return b
		}
	}
	if x.Pending > 0 && c.answeredSealed(x) {
		y := *x
		y.Last[r].Kind, y.Waiting, y.Pending = exchange.Response, [2]int{}, 0
		l.Exchange = &y
		if x.Open[o] {
			return last(CutRequest, o) // answered while the request was still coming
		}
		return c.flight(l, last(Answered, r))
	}
	if x.Pending > 0 && (turnedAway(x) || c.sessionRefused(l)) {
		return last(Answered, r)
	}
	if x.Pending > 0 && !answeredByTurn(x) {
		asker := o
		if x.Waiting[o] == 0 {
			asker = r
		}
		switch {
		case c.answeredUnseen(l, asker):
			return last(Answered, asker.Peer())
		case c.parting(l, asker):
			return last(SaidGoodbye, asker)
		}
		b := last(OpenRequest, asker)
		if x.RequestSide == int(asker) && x.Request.Frame > 0 {
			b.Frame, b.Text = x.Request.Frame, x.Request.Text
			if x.Last[asker].Frame != x.Request.Frame { // housekeeping followed it
				b.Since = c.between(flows.Mark{Frame: x.Request.Frame, Time: flows.Time(x.Request.Time)}, l.Mark)
			}
		}
		return c.running(l, c.sentAfter(l, b))
	}
	if bye := goodbye(x); bye >= 0 {
		b := last(SaidGoodbye, flows.Side(bye))
		if at := c.answeredBefore(x, x.Last[r].Frame); x.TLS && b.Side == r && at > 0 {
			if z := c.flight(l, b); z.State == CutRequest { // it answered and ended the session in the middle of the request
				y := *x
				y.Last[r] = exchange.Message{Kind: exchange.Response, Frame: at, End: at}
				l.Exchange = &y
				return z
			}
		}
		return b
	}
	if x.Last[r].Kind == exchange.Refusal && x.Last[r].Frame > x.Last[o].Frame {
		return last(Answered, r)
	}
	if kind == exchange.OneWay && x.Pending == 0 {
		return last(OneWay, speaker)
	}
	if c.sentAway(l) {
		return last(Answered, r)
	}
	if x.Unused[o] && x.Last[o].Kind == exchange.Refusal && x.Last[o].Frame > x.Last[r].Frame {
		return last(OpenHandshake, o) // it turns down what the responder opened with
	}
	if x.Messages[o] == 0 && speaker == r && c.ByClient() && c.Conn.Ends[r].Bytes > MaxGreeting && l.Unacked[r] > 0 {
		return c.flight(l, last(Answered, r))
	}
	if x.Unused[o] && x.Upgraded != "" && !x.TLS && x.Last[r].Frame > x.Last[o].Frame {
		if b := last(Answered, r); b.Since >= time.Second {
			return b // a tunnel, at rest
		}
	}
	if x.Unused[o] && (x.HandshakeOK || !x.TLS) && !mid {
		if x.Last[r].Frame > x.Last[o].Frame {
			return last(Unused, r) // it spoke last, of the set-up
		}
		return last(Unused, o)
	}
	switch kind {
	case exchange.Refusal, exchange.Response:
		if speaker == r {
			return c.flight(l, last(Answered, r))
		}
		return last(Answered, speaker)
	case exchange.Greeting:
		if mid {
			return last(Answered, r)
		}
		return last(Unused, r)
	case exchange.ClientHello, exchange.Handshake, exchange.Alert:
		switch {
		case mid && !x.HandshakeOK:
			return Completion{State: Unclear}
		case x.HandshakeOK && x.Upgraded != "":
			return last(Answered, speaker)
		case x.HandshakeOK && kind != exchange.Alert:
			return last(Unused, o)
		}
		return last(OpenHandshake, speaker)
	case exchange.Housekeeping:
		if mid && x.Unused[o] && x.Protocol == "HTTP/2" {
			return Completion{State: Unclear} // its own frames tell nothing of requests before the capture
		}
		if k := x.Last[speaker.Peer()].Kind; k == exchange.Response || k == exchange.Refusal {
			speaker = speaker.Peer() // what follows an answer and wants nothing is none
		}
		return last(Answered, speaker)
	case exchange.Request:
		if !x.Guess && x.Waiting[speaker] == 0 && x.Messages[speaker.Peer()] > 0 {
			return c.flight(l, last(Answered, speaker.Peer())) // what came after the answer is no request
		}
		if c.answeredUnseen(l, speaker) {
			return last(Answered, speaker.Peer())
		}
		return c.running(l, c.sentAfter(l, last(OpenRequest, speaker)))
	}
	// Bytes of no known protocol: turn-taking decides. The originator asks, the responder answers.
	if speaker == o {
		if c.answeredUnseen(l, o) {
			return last(Answered, r)
		}
		return c.running(l, c.sentAfter(l, last(OpenRequest, o)))
	}
	if x.First == int(r) && x.Messages[o] == 0 {
		if mid {
			return c.flight(l, last(Answered, r))
		}
		return last(Unused, r) // it spoke first, and nothing was requested
	}
	return c.flight(l, last(Answered, r))
}

// afterGap looks again at an exchange that the responder completed, as far as captured: where it acknowledged bytes of
// the originator after that which the capture lacks, a further request may be among them.
func (c *Facts) afterGap(l *Close, b Completion) Completion {
	answer := l.Exchange.Last[flows.Responder].Frame
	if b.State != Answered || b.Side != flows.Responder || answer == 0 {
		return b
	}
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		if e.Side == flows.Responder && e.Frame > answer && e.Frame < l.Frame && e.Notes&flows.AckedUnseen != 0 &&
			c.Conn.Ends[flows.Originator].Missing > 1 && l.LastData[flows.Originator].Frame < e.Frame {
			return Completion{State: Unclear}
		}
	}
	return b
}

// sentAfter adds to an open request what the other side sent after it.
func (c *Facts) sentAfter(l *Close, b Completion) Completion {
	x, peer := l.Exchange, b.Side.Peer()
	b.Got = 0
	known := true
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		if e.Frame <= b.Frame || e.Frame >= l.Frame {
			continue
		}
		known = known && e.Skipped == 0
		if e.Side == peer && e.DataLen > 0 && e.Notes&(flows.Retransmitted|flows.Duplicate|flows.KeepAlive) == 0 {
			b.After = true
			b.Got += int64(e.DataLen)
		}
	}
	if m := l.LastData[peer]; m.Frame > b.Frame && m.Frame < l.Frame {
		b.After = true
	}
	if !known || x.TLS && !c.saidSince(x) { // what it sent before the request arrived is no part of an answer
		b.Got = 0
	}
	m := &x.Last[peer]
	b.TwoWay = x.Protocol == "WebSocket"
	b.Preliminary = b.After && x.Protocol == "FTP" && m.Kind == exchange.Housekeeping && m.Frame > b.Frame &&
		len(m.Text) > 3 && m.Text[0] == '1'
	b.Sealed = b.After && (x.TLS || x.Guess || x.Protocol == "")
	return b
}

// halfAskedFrom is how long the rest of a request must have been awaited: before that, it may be on its way.
const halfAskedFrom = 900 * time.Millisecond

// halfAsked reports whether the one open request of the originator is not at its end, by its protocol: what the
// responder waited for is its rest.
func (c *Facts) halfAsked(x *exchange.Summary) bool {
	const o = flows.Originator
	m := &x.Last[o]
	return x.Open[o] && x.Speaker == int(o) && m.Kind == exchange.Request && x.Waiting[o] == 1 && m.Frame == x.Request.Frame &&
		!x.TLS && !x.Guess && c.Conn.Defects&(LostBytes|flows.SnapCut|flows.NoHandshake) == 0
}

// turnedAway reports whether the responder ended the session before it had served a request: its first words after a
// greeting refuse it (IMAP's BYE), which is the answer to whatever the originator has sent.
func turnedAway(x *exchange.Summary) bool {
	const o, r = flows.Originator, flows.Responder
	m := &x.Last[r]
	return m.Kind == exchange.Refusal && !x.TLS && !x.Guess && x.Status == 0 && x.Messages[r] <= 2 && x.First == int(r) &&
		x.Waiting[r] == 0 && m.Frame > x.Last[o].Frame
}

// answeredByTurn reports whether the requests that are counted as open have been answered as far as turns
// show, where nothing but turns does (the snaplen cut the answer, say).
func answeredByTurn(x *exchange.Summary) bool {
	if !x.Guess || x.RequestSide < 0 || x.Speaker != 1-x.RequestSide {
		return false
	}
	m := &x.Last[x.Speaker]
	return m.Frame > x.Request.Frame && m.Kind != exchange.Housekeeping && m.Kind != exchange.Handshake &&
		x.Protocol != "" && !x.TLS
}

// answeredSealed reports whether a record inside TLS that looks like housekeeping of the responder, a session
// ticket by its size, is the answer to the open request: a ticket follows the handshake at once, and this came
// when the request had arrived, which the client had sent later.
func (c *Facts) answeredSealed(x *exchange.Summary) bool {
	const o, r = flows.Originator, flows.Responder
	if !x.TLS || !x.Guess || x.RequestSide != int(o) || x.Waiting[r] > 0 || x.Last[r].Frame <= x.Request.Frame ||
		x.ALPN == "h2" {
		return false
	}
	switch x.Last[r].Kind {
	case exchange.Handshake, exchange.Housekeeping, exchange.Goodbye:
	default:
		return false
	}
	if !c.saidSince(x) {
		return false
	}
	asked, before := flows.Time(x.Request.Time), c.dataBefore(o, x.Request.Frame)
	if c.RTTKnown && flows.Time(x.Last[r].Time).Sub(asked) > max(3*c.RTT, c.RTT+50*time.Millisecond) {
		return true // a ticket does not come so late
	}
	return before.Seen() && asked.Sub(before.Time) > max(10*time.Millisecond, c.RTT/2) &&
		flows.Time(x.Last[r].Time).Sub(asked) >= c.Conn.Ends[r].Reaction*9/10
}

// MaxSealedAlert is the most bytes that a close_notify inside TLS 1.3 takes: its record, with padding (RFC 8446 §5.4, §6.1).
const MaxSealedAlert = 40

// answeredBefore returns the frame of the responder's last data before its closing message at a frame, behind the
// beginning of the request; 0 if the capture shows none.
func (c *Facts) answeredBefore(x *exchange.Summary, bye int) (at int) {
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		if e.Side == flows.Responder && e.DataLen > 0 && e.Frame > x.Last[flows.Originator].Frame && e.Frame < bye &&
			e.Notes&(flows.Retransmitted|flows.Duplicate) == 0 {
			at = e.Frame
		}
	}
	return at
}

// saidSince reports whether the responder can have answered the open request: it sent more than a close_notify that
// acknowledges the request. What it sent before the request arrived does not.
func (c *Facts) saidSince(x *exchange.Summary) bool {
	var end flows.Seq
	known := false
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		switch {
		case e.Frame == x.Request.Frame:
			end, known = e.SEQ.Add(e.DataLen), true
		case e.Frame < x.Request.Frame:
		case e.Skipped > 0:
			return true // the capture has it, and this list does not
		case e.Side == flows.Responder && e.DataLen > 0 && (!known || e.ACK.Sub(end) >= 0) &&
			(e.Frame != x.CloseNotify[flows.Responder] || e.DataLen > MaxSealedAlert):
			return true
		}
	}
	return !known
}

// setup reports whether a message of this kind belongs to the opening of a connection.
func setup(k exchange.Kind) bool {
	switch k {
	case exchange.None, exchange.ClientHello, exchange.Handshake, exchange.Alert:
		return true
	}
	return false
}

// goodbye returns the side whose goodbye stands, −1 without one. A goodbye counts when it is the last
// message of its side and nothing that wants an answer came after it.
func goodbye(x *exchange.Summary) int {
	for _, s := range [2]int{x.Speaker, 1 - x.Speaker} {
		m := &x.Last[s]
		if m.Kind != exchange.Goodbye && x.CloseNotify[s] == 0 {
			continue
		}
		if s == x.Speaker || x.Last[1-s].Kind == exchange.Housekeeping || x.Last[1-s].Kind == exchange.Response ||
			x.Last[1-s].Kind == exchange.Goodbye {
			return s
		}
	}
	return -1
}

// answeredUnseen reports whether side s, which spoke last as far as the capture shows, acknowledged bytes
// of its peer after that: the answer is missing from the capture. A single byte may be a FIN.
func (c *Facts) answeredUnseen(l *Close, s flows.Side) bool {
	if c.Conn.Defects&(flows.OneDirection|flows.MissedPackets) == 0 {
		return false
	}
	e := &c.Conn.Ends[s]
	x := l.Exchange
	asked := x.Last[s].End
	if x.RequestSide == int(s) && x.Request.Frame > 0 {
		asked = x.Request.Frame
	}
	if e.HasRCV {
		for i := range c.Conn.Events {
			if ev := &c.Conn.Events[i]; ev.Side == s && ev.Frame >= asked && ev.DataLen > 0 && ev.Flags.Has(flows.ACK) {
				return e.RCV.NXT.Sub(ev.ACK) > 1
			}
		}
	}
	return e.AckedSince > 1
}

// parting reports whether what looks like an open request of side s was its last word: nothing but turns
// says that it wants an answer, and s closed before one could come. Whoever asks and at once leaves has not
// asked.
func (c *Facts) parting(l *Close, s flows.Side) bool {
	x := l.Exchange
	if !x.Guess || x.Last[s].Kind == exchange.ClientHello || x.Last[s].Len >= LongMessage {
		return false
	}
	closed := c.Conn.Ends[s].FIN
	if !closed.Seen() || s == c.Side && l.By != ByFIN || s != c.Side && closed.Frame > l.Frame {
		return false
	}
	asked := l.LastData[s]
	if x.RequestSide == int(s) && x.Request.Frame > 0 && x.Last[s].Frame != x.Request.Frame { // something followed it
		asked = flows.Mark{Frame: x.Request.Frame, Time: flows.Time(x.Request.Time)}
	}
	return asked.Seen() && closed.Time.Sub(asked.Time) < max(c.RTT/2, time.Millisecond)
}

// trainAfter counts the sender's further resets of the same flight.
func (c *Facts) trainAfter() int {
	n := 0
	for _, m := range c.After.SenderRSTs {
		if m.Time.Sub(c.Time) <= c.Soon() && !m.ACK {
			n++
		}
	}
	return n
}

// MaxGreeting is how much a server says at most before the first request; more is the transfer of something that was
// asked for elsewhere, as on a data connection of FTP.
const MaxGreeting = LongMessage

// LongMessage is more than fits into one segment: a request of that size is an upload.
const LongMessage = 2000

// flight turns an answered exchange into a cut one when the answer was still coming.
func (c *Facts) flight(l *Close, b Completion) Completion {
	if b.Side != flows.Responder {
		return b
	}
	if !c.ByClient() && l.By == ByThis && l.Unacked[flows.Responder] > 0 && b.Since > max(3*c.RTT, 200*time.Millisecond) {
		b.State, b.Got, b.Want = InFlight, int64(l.Unacked[flows.Responder]), -1 // its own answer never arrived
		return b
	}
	if !c.ByClient() {
		// It answered while the other side was still in the middle of a long message.
		const o = flows.Originator
		long := l.Exchange.Last[o].Len >= LongMessage
		if l.By == ByThis && c.Kind == KindAbort && l.Unacked[o] >= c.Conn.Exchange.Last[o].Len+LongMessage {
			long = true // more was under way than what it said after the answer
		}
		if long && l.By == ByThis && c.After.ReceiverData.Seen() && c.After.ReceiverData.Time.Sub(c.Time) < c.Soon() ||
			long && l.Unacked[o] > 0 || l.By == ByThis && c.Blind() && c.trainAfter() >= 2 {
			cut := Completion{State: CutRequest, Side: o, Frame: l.Exchange.Last[o].Frame, Want: -1}
			if cut.Left = int64(l.Unacked[o]); !long || cut.Left == 0 || l.LastData[o].Frame == 0 {
				cut.Left, cut.Got = 0, int64(l.Exchange.Last[o].Len)
			}
			return cut
		}
		return b
	}
	if y := c.sending(l, b); y.State == Running {
		return y
	}
	// The responder had data under way that the sender had not acknowledged when it closed.
	if l.Unacked[flows.Responder] > 0 && l.LastData[flows.Responder].Frame > 0 &&
		l.Unacked[flows.Responder] > c.Conn.Ends[flows.Responder].Missing {
		b.State, b.Got, b.Want = InFlight, int64(l.Unacked[flows.Responder]), -1
		return b
	}
	// Or the sender answers a train of its segments, which the capture does not hold.
	if l.By == ByThis && c.Blind() && c.trainAfter() >= 1 && b.Since < time.Second {
		b.State, b.Want = InFlight, -1
		return b
	}
	// Or it went on sending although it had not yet heard: more of the same answer.
	if l.By == ByThis && c.After.ReceiverData.Seen() && c.After.ReceiverData.Time.Sub(c.Time) < c.Soon() &&
		(b.Since < c.Soon() || c.acksUnseen()) {
		b.State, b.Want = InFlight, -1
	}
	return b
}
