package facts

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// GuessedRTT is taken where the capture does not show the round trip.
const GuessedRTT = 200 * time.Millisecond

// roundTrip returns the round trip of a connection: of its handshake, else the sum of the shortest
// reactions of both ends; more where the latest acknowledgments of a transfer took longer, because queues filled.
func roundTrip(k *flows.Conn) (time.Duration, bool) {
	if k.HandshakeRTT > 0 {
		return max(k.HandshakeRTT, recentReaction(k, flows.Originator), recentReaction(k, flows.Responder)), true
	}
	a, b := k.Ends[0].Reaction, k.Ends[1].Reaction
	switch {
	case a > 0 && b > 0:
		return a + b, true
	case a+b > 0:
		return a + b, true
	}
	return GuessedRTT, false
}

// recentReaction returns the shortest of the last times in which side acknowledged several segments of its peer by one
// without data, 0 where the timeline holds fewer than three. A host does not delay such acknowledgments (RFC 9293
// §3.8.6.3), so that they show the way and its queues.
func recentReaction(k *flows.Conn, side flows.Side) (shortest time.Duration) {
	const enough, last = 3, 8
	if k.End(side.Peer()).DataSegments < 2*enough {
		return 0
	}
	var room [32]*flows.Event
	open := room[:0] // segments toward side that it has not acknowledged
	var took [last]time.Duration
	n := 0
	for i := range k.Events {
		e := &k.Events[i]
		switch {
		case e.Notes&flows.Duplicate != 0 || e.Flags&(flows.RST|flows.SYN) != 0:
		case e.Side != side && e.Notes&flows.Retransmitted != 0:
			open = open[:0] // which sending is answered is not known
		case e.Side != side && e.DataLen > 0:
			if len(open) == cap(open) {
				open = open[:copy(open, open[1:])]
			}
			open = append(open, e)
		case e.Side == side && e.Flags.Has(flows.ACK):
			covered := 0
			for covered < len(open) && e.ACK.Sub(open[covered].End()) >= 0 {
				covered++
			}
			if covered >= 2 && e.DataLen == 0 && e.ACK == open[covered-1].End() {
				if d := e.Time.Sub(open[covered-1].Time); d > 0 {
					took[n%last] = d
					n++
				}
			}
			open = open[:copy(open, open[covered:])]
		}
	}
	if n < enough {
		return 0
	}
	for _, d := range took[:min(n, last)] {
		if shortest == 0 || d < shortest {
			shortest = d
		}
	}
	return shortest
}

// Soon is how long a segment may come after a RST and still have been under way when the RST was sent: one
// round trip, and what queues and reordering add to it.
func (c *Facts) Soon() time.Duration {
	return c.RTT + c.RTT/2 + 5*time.Millisecond
}

// reactionFrom is the least time in which a SYN-ACK came that says something about the distance by itself: shorter
// ones may be due to address resolution, or to a host that had to wake up.
const reactionFrom = 10 * time.Millisecond

// Distance returns the least time that a segment needs from the capture point to the RST's sender and its
// answer back, 0 when the capture does not show it, and whether more than one answer took about that time:
// a single one may have been slow for other reasons.
func (c *Facts) Distance() (least time.Duration, sure bool) {
	var sampleRoom [16]time.Duration
	var askedRoom [16]*flows.Event
	samples := sampleRoom[:0]
	asked := askedRoom[:0] // segments toward the sender that it has not acknowledged
	for i := range c.Conn.Events {
		e := &c.Conn.Events[i]
		if e.Skipped > 0 && c.Conn.Defects.Has(flows.NoHandshake) {
			return 0, false // sooner answers may be among what the timeline leaves out
		}
		switch {
		case e.Notes&flows.Duplicate != 0 || e.Flags&flows.RST != 0:
		case e.Side != c.Side && e.Notes&flows.Retransmitted != 0:
			asked = asked[:0] // which sending is answered is not known
		case e.Side != c.Side && e.LEN() > 0:
			asked = append(asked, e)
		case e.Side == c.Side && e.Flags.Has(flows.ACK):
			n := 0
			for n < len(asked) && e.ACK.Sub(asked[n].End()) >= 0 {
				n++
			}
			if n > 0 {
				samples = append(samples, e.Time.Sub(asked[n-1].Time))
				asked = asked[n:]
			}
		}
	}
	for _, d := range samples {
		if d > 0 && (least == 0 || d < least) {
			least = d
		}
	}
	if least == 0 && c.Snd.Reaction >= reactionFrom {
		return c.Snd.Reaction, false // of its SYN-ACK alone
	}
	near := 0
	for _, d := range samples {
		if d <= least*3/2+500*time.Microsecond {
			near++
		}
	}
	if r := c.Snd.Reaction; r > 0 && r < least*2/3 {
		return r, false // an older answer came sooner
	}
	if r := c.Related.SenderReaction; r > 0 && r < least*2/3 {
		return r, c.Related.SenderReactions >= 3 // one in another connection
	}
	return least, near >= 2
}

// AtReceiver reports whether the capture was made at the RST's receiver, or next to it: it answers at once what the
// other side takes much longer for. A RST that was captured there did arrive.
func (c *Facts) AtReceiver() bool {
	const near = time.Millisecond
	r, s := c.Rcv.Reaction, c.Snd.Reaction
	return r > 0 && r < near && s > 4*near
}

// atOnce is the longest reaction of a TCP on the host, or behind the port, where the capture was made.
const atOnce = 300 * time.Microsecond

// AtSender reports whether the RST was captured where it was made: its TTL is one that systems begin with, and it
// follows the segment that it answers at once. The host of its address sent it, or the machine or device on which the
// capture was made did so in its name.
func (c *Facts) AtSender() bool {
	return initialTTL(c.TTL) && c.Trigger != nil && c.TriggerDelay >= 0 && c.TriggerDelay < atOnce &&
		!c.Unknown.Has(flows.FieldTTL)
}
