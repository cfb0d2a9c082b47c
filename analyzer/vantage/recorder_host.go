package vantage

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// A host is what one capture shows of the distance of an IP address.
type host struct {
	ttl      uint8 // of its segments, RSTs not counted
	other    bool  // not all of them had it
	segments int
	reaction time.Duration // shortest time in which it answered a segment, 0 if it never did
}

// maxHosts bounds the hosts of a capture that are kept apart.
const maxHosts = 1 << 16

// initialTTL reports whether a TTL is as it left its host.
func initialTTL(ttl uint8) bool { return ttl == 64 || ttl == 128 || ttl == 255 || ttl == 32 }

// host notes the TTL of the sender, and how soon it answers.
func (r *Recorder) host(t *Trace, g *Sighting) {
	h := t.host[g.Side]
	if h == nil {
		if h = r.hostOf(t.Addr[g.Side].IP, g.TTL); h == nil {
			return
		}
		t.host[g.Side] = h
	}
	h.segments++
	h.other = h.other || h.ttl != g.TTL
	// The last segment of the peer may be what this one answers.
	if last := t.lastOf[g.Side.Peer()]; last.time != 0 && g.Flags.Has(flows.ACK) && g.ACK == last.end {
		if d := g.Time.Sub(last.time); d > 0 && (h.reaction == 0 || d < h.reaction) {
			h.reaction = d
		}
		t.lastOf[g.Side.Peer()].time = 0
	}
	if g.End() != g.SEQ {
		t.lastOf[g.Side].time, t.lastOf[g.Side].end = g.Time, g.End()
	}
}

// hostOf returns the host with an address, nil for one too many.
func (r *Recorder) hostOf(ip [16]byte, ttl uint8) *host {
	h := r.hosts[ip]
	if h == nil && len(r.hosts) < maxHosts {
		h = &host{ttl: ttl}
		r.hosts[ip] = h
	}
	return h
}
