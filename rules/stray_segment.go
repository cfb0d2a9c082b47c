package rules

import (
	"fmt"

	"github.com/rstexplain/rstexplain/flows"
)

// How sure it is that the RST's sender never had the connection.
const (
	straySure  = 0.97 // the trigger is the first that is seen of the connection
	strayAlive = 0.85 // segments of the peer before it acknowledge something unseen: somebody answered them
	strayLong  = 0.92
	strayOpens = 0.95 // the connection opens afterwards
	strayEarly = 0.85 // it acknowledges a SYN, but no SYN-ACK came before it
)

// straySegmentID is what other rules call it by.
const straySegmentID = "stray-segment"

var straySegment = &Rule{
	ID:       straySegmentID,
	Cause:    UnknownConnection,
	Severity: Warning,
	RFC:      []string{"RFC 9293 §3.5.1", "RFC 9293 §3.5.2", "RFC 9293 §3.10.7.1"},
	Doc: Doc{
		Title:      "A segment for a connection that the receiving host does not have",
		Happened:   "A host got a segment in the middle of a connection that it knows nothing of, and answered with a RST. The connection is from before a restart, belongs to another host that had this address, or was closed long ago.",
		Recognised: "The first segments that the capture holds are not an opening; the host that resets was never seen to take part; its RST has the form of a reply.",
		LookAlikes: "If the capture had begun earlier, it might show that the host just lost its state (state-lost) or had closed (late-segment).",
		Prints:     "ECONNRESET: connection reset by peer.",
		Remedy:     "Start the capture earlier. If it happens after a fail-over or a restart it is to be expected, and clients should open the connection again.",
		Limits:     "What was before the capture.",
	},
	Match: func(c *Facts) float64 {
		if c.acksOwnSYN() {
			if _, ack := c.opensAfter(); ack.Seen() {
				return strayOpens
			}
			return c.lowered(strayEarly, lostOctets)
		}
		if c.Kind != KindReply || c.Snd.Segments > 0 || c.Rcv.SYN.Seen() || c.Snd.HasISS {
			return 0
		}
		if c.Class == flows.ClassReplyACK && c.Answers == ToNothing {
			return 0
		}
		switch {
		case c.Trigger == nil:
			return strayAlive * 0.8
		case c.Trigger.Frame == c.Rcv.First.Frame || c.Conn.Start.Frame == c.Trigger.Frame:
			return straySure
		case c.Snd.Missing > 0:
			return strayAlive
		}
		return strayLong
	},
	Explain: func(c *Facts, f *Finding) {
		if c.acksOwnSYN() {
			c.tellEarly(f)
			return
		}
		f.Summary = sentence("%s does not know the connection that %s uses: the capture shows no opening and no sign that it ever took part.", capital(c.sender()), c.receiver())
		if c.Rcv.First.Seen() {
			f.say("the capture holds the connection from here on, in the middle of it", c.Rcv.First.Frame)
		}
		c.sayRST(f)
		if c.Snd.Missing > 0 {
			f.say(sentence("before that %s acknowledged %s that the capture does not hold", c.receiver(), octets(int64(c.Snd.Missing))), c.Rcv.First.Frame)
		}
		f.open(PeerCrash, stateLostID, 0.8, "no packet shows that this host had the connection a moment ago")
		f.open(FastClose, "", 0.1, "nothing shows that it closed the connection")
	},
	WhyNot: "the host that resets had taken part in the connection",
}

// acksOwnSYN reports whether the RST answers a segment without SYN that came while its sender still opened the
// connection, and that acknowledges its SYN: no older connection can know that number.
func (c *Facts) acksOwnSYN() bool {
	t := c.Trigger
	return c.Unopened() && c.Kind == KindReply && t != nil && t.Flags&(flows.SYN|flows.ACK) == flows.ACK &&
		c.Snd.HasISS && t.ACK == c.Snd.SND.ISS+1 && !c.Rcv.SYN.Seen()
}

// tellEarly tells of a segment that came in place of the SYN-ACK.
func (c *Facts) tellEarly(f *Finding) {
	t := c.Trigger
	f.Summary = sentence("While %s was opening the connection, %s reached it with no SYN-ACK before it; it belongs to no connection that %s has.", c.sender(), segment(t), c.sender())
	f.say(c.sender()+" asks for a new connection", c.Snd.SYN.Frame)
	f.say("it acknowledges the SYN, but the SYN-ACK that would have to come first is not there", c.Snd.SYN.Frame, t.Frame)
	for i := range c.Conn.Events {
		if e := &c.Conn.Events[i]; e.Frame == c.Snd.SYN.Frame && e.IPID != 0 && e.IPID == t.IPID {
			f.say(fmt.Sprintf("its IP ID 0x%04x is copied from the SYN: somebody on the path made it", t.IPID), e.Frame, t.Frame)
		}
	}
	c.sayRST(f)
	if synack, ack := c.opensAfter(); ack.Seen() {
		f.Summary = f.Summary[:len(f.Summary)-1] + ", and the connection opened all the same."
		f.say(sentence("the SYN-ACK comes %s later, and %s completes the handshake", span(synack.Time.Sub(c.Time)), c.sender()), c.Frame, synack.Frame, ack.Frame)
		f.Symptom = "nothing: the connection opened afterwards"
		f.Remedy = "Nothing was lost. Who sent segments in " + c.receiver() + "'s name shows a capture on its own host: those that are not in it were made on the path."
	} else {
		f.open(PeerCrash, stateLostID, 0.4, "the client was opening a connection: it had none to lose")
	}
	f.open(FastClose, "", 0.3, "nothing had been exchanged yet")
}
