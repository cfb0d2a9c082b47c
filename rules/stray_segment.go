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
)

var straySegment = &Rule{
	ID:       "stray-segment",
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
	Match: func(c *Case) float64 {
		if c.Manner != Reply || c.Snd.Segments > 0 || c.Rcv.SYN.Seen() || c.Snd.HasISS {
			return 0
		}
		if c.Form == flows.FormReplyACK && c.Answers == ToNothing {
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
	Tell: func(c *Case, f *Finding) {
		f.Summary = fmt.Sprintf("%s does not know the connection that %s uses: the capture shows no opening and no sign that it ever took part.", capital(c.sender()), c.receiver())
		if c.Rcv.First.Seen() {
			f.say("the capture holds the connection from here on, in the middle of it", c.Rcv.First.Frame)
		}
		c.sayRST(f)
		if c.Snd.Missing > 0 {
			f.say(fmt.Sprintf("before that %s acknowledged %s that the capture does not hold", c.receiver(), octets(int64(c.Snd.Missing))), c.Rcv.First.Frame)
		}
		f.open(PeerCrash, "state-lost", 0.8, "no packet shows that this host had the connection a moment ago")
		f.open(FastClose, "", 0.1, "nothing shows that it closed the connection")
	},
	Against: "the host that resets had taken part in the connection",
}
