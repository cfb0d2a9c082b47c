package vantage

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// A host is what one capture shows of the distance of an IP address.
type host struct {
	sent     bool          // something besides RSTs
	ttl      uint8         // of its segments, RSTs not counted
	other    bool          // not all of them had it
	twice    bool          // the capture holds its packets before and behind a router
	mapped   bool          // it is known by another address at another place
	nearest  int           // the vantage point next to it, −1 where that is not known
	reaction time.Duration // shortest time in which it answered a segment of the connections that were looked at, else 0
}

// maxHosts bounds the hosts of a capture that are kept apart.
const maxHosts = 1 << 16

// initialTTL reports whether a TTL is as it left its host.
func initialTTL(ttl uint8) bool { return ttl == 64 || ttl == 128 || ttl == 255 || ttl == 32 }

// near reports whether packets of the host have passed no router where they were captured.
func (h *host) near() bool { return h != nil && h.sent && !h.other && initialTTL(h.ttl) }

// seeHost notes the TTL of an end of a connection, and returns its host, nil for one too many.
func (r *Recorder) seeHost(c *conn, end int) *host {
	h := r.hosts[c.addr[end].IP]
	if h == nil {
		if len(r.hosts) >= maxHosts {
			return nil
		}
		h = &host{nearest: -1}
		r.hosts[c.addr[end].IP] = h
	}
	h.twice = h.twice || c.state&(forwarded<<end) != 0
	switch {
	case c.state&(sent<<end) == 0: // nothing but RSTs
	case !h.sent:
		h.sent, h.ttl = true, c.ttl[end]
		h.other = c.state&(otherTTLs<<end) != 0
	default:
		h.other = h.other || h.ttl != c.ttl[end] || c.state&(otherTTLs<<end) != 0
	}
	return h
}

// host returns what is known of the host of a side of x at v, nil where it sent nothing but RSTs.
func (x *Verdict) host(v int, side flows.Side) *host {
	g := x.Group
	if h := g.Traces[v].hosts[g.side(v, side)]; h != nil && h.sent {
		return h
	}
	return nil
}

// react notes how soon the hosts of a connection answer.
func (t *Trace) react() {
	var last [2]struct { // the last segment of each side that takes sequence space, time 0 if it was answered
		time flows.Time
		end  flows.Seq
	}
	for i := range t.list {
		s := &t.list[i]
		if s.Copy || s.Flags&flows.RST != 0 {
			continue
		}
		// The last segment of the peer may be what this one answers.
		if p := &last[s.Side.Peer()]; p.time != 0 && s.Flags.Has(flows.ACK) && s.ACK == p.end {
			if h, d := t.hosts[s.Side], s.Time.Sub(p.time); h != nil && d > 0 && (h.reaction == 0 || d < h.reaction) {
				h.reaction = d
			}
			p.time = 0
		}
		if s.End() != s.SEQ {
			last[s.Side].time, last[s.Side].end = s.Time, s.End()
		}
	}
}
