package track

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
)

// takeovers relates sessions of MQTT: a broker has one of each client identifier, and ends it when another connection
// asks for the same (MQTT 3.1.1 §3.1.4). What is needed is known when it comes, because no CONNECT is deferred.
type takeovers struct {
	holders cache[place] // the latest CONNECT, by the broker's address and port, and the hash of the identifier
	takers  cache[place] // the CONNECT that took a session over, by the stream that had it
}

// hear takes a CONNECT on c.
func (x *takeovers) hear(t *Table, c *record, n *exchange.FTPNote) {
	ends := t.addrs(c)
	holder := x.holders.get(t.addrKey(&ends[flows.Responder]).and(t.keyOf(uint64(n.Size), 7), t.seed))
	now := place{stampAt(flows.Mark{Frame: n.Frame, Time: flows.Time(n.Time)}), c.stream}
	if holder.at.frame != 0 && holder.stream != c.stream {
		if v := x.takers.get(t.keyOf(uint64(holder.stream), 8)); v.at.frame == 0 {
			*v = now
		}
	}
	*holder = now
}

// of returns the CONNECT that took the session of a stream over, the zero mark without one.
func (x *takeovers) of(t *Table, stream uint32) flows.ConnMark {
	if v := x.takers.find(t.keyOf(uint64(stream), 8)); v != nil {
		return v.mark()
	}
	return flows.ConnMark{}
}
