package vantage

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"

	"github.com/rstexplain/rstexplain/flows"
)

// A request is what a segment says of an application's request, in digests, 0 for what it does not say. A proxy that
// ends the connection passes these on.
type request struct {
	conn      uint32
	frame     uint32
	time      flows.Time
	line      uint64 // method and target
	host      uint64 // Host
	agent     uint64 // User-Agent
	id        uint64 // X-Request-ID and the like
	hello     uint64 // random and session ID of a ClientHello
	forwarded [16]byte
	proxied   flows.Addr // the client, of a PROXY protocol header
}

// Bounds of the requests that are kept.
const (
	maxRequests      = 1 << 16
	maxRequestsOfOne = 32 // of one connection
)

// A requestLog holds requests. Appending to it moves nothing.
type requestLog struct {
	blocks [][]request
	n      int
}

const requestBlock = 1 << 10

func (l *requestLog) at(i int) *request { return &l.blocks[i/requestBlock][i%requestBlock] }

func (l *requestLog) add(q *request) {
	if l.n == len(l.blocks)*requestBlock {
		l.blocks = append(l.blocks, make([]request, requestBlock))
	}
	l.n++
	*l.at(l.n - 1) = *q
}

// noteRequest keeps what the beginning of a segment's data says of a request.
func (r *Recorder) noteRequest(c *conn, id uint32, s *flows.Segment) {
	if len(s.Payload) < 16 || r.requests.n >= r.asked || c.requests >= maxRequestsOfOne {
		return
	}
	q := request{conn: id, frame: uint32(s.Frame), time: s.Time}
	switch s.Payload[0] {
	case 0x16:
		q.readHello(s.Payload)
	case 'P', '\r':
		q.readProxyHeader(s.Payload)
	case 'G', 'H', 'D', 'O', 'C', 'T':
		q.readHTTP(s.Payload)
	default:
		return
	}
	if q.line|q.hello != 0 || q.proxied != (flows.Addr{}) {
		r.requests.add(&q)
		c.requests++
	}
}

func digestOf(parts ...[]byte) uint64 {
	h := uint64(len(parts))
	for _, p := range parts {
		h ^= uint64(len(p)) << 56
		for ; len(p) >= 8; p = p[8:] {
			h = (h ^ binary.LittleEndian.Uint64(p)) * 0xff51afd7ed558ccd
			h ^= h >> 32
		}
		for _, b := range p {
			h = (h ^ uint64(b)) * 0xc4ceb9fe1a85ec53
			h ^= h >> 29
		}
	}
	return h | 1
}

// readHello reads the random and the session ID of a TLS ClientHello (RFC 8446 §4.1.2).
func (q *request) readHello(data []byte) {
	const random, session = 11, 43
	if len(data) < session+1 || data[1] != 3 || data[5] != 1 {
		return
	}
	end := session + 1 + int(data[session])
	q.hello = digestOf(data[random:session], data[session+1:min(end, len(data))])
}

var proxySignature = []byte("\r\n\r\n\x00\r\nQUIT\n")

// readProxyHeader reads a PROXY protocol header of version 1 or 2, or a request that begins with P.
func (q *request) readProxyHeader(data []byte) {
	switch {
	case bytes.HasPrefix(data, []byte("PROXY TCP")):
		line, _, _ := bytes.Cut(data, []byte("\r\n"))
		f := strings.Fields(string(line[:min(len(line), 108)]))
		if len(f) == 6 {
			if from, err := netip.ParseAddrPort(joinPort(f[2], f[4])); err == nil {
				q.proxied = flows.AddrFrom(from)
			}
		}
	case bytes.HasPrefix(data, proxySignature) && len(data) >= 28 && data[12]>>4 == 2:
		if f := data[13] >> 4; f == 1 {
			from := netip.AddrPortFrom(netip.AddrFrom4([4]byte(data[16:20])), binary.BigEndian.Uint16(data[24:]))
			q.proxied = flows.AddrFrom(from)
		} else if f == 2 && len(data) >= 52 {
			q.proxied = flows.Addr{IP: [16]byte(data[16:32]), Port: binary.BigEndian.Uint16(data[48:])}
		}
	default:
		q.readHTTP(data)
	}
}

func joinPort(ip, port string) string {
	if strings.Contains(ip, ":") {
		return "[" + ip + "]:" + port
	}
	return ip + ":" + port
}

// cutLine returns the first line of data, without its end, and what follows it.
func cutLine(data []byte) (line, rest []byte, ok bool) {
	n := bytes.IndexByte(data, '\n')
	if n < 0 {
		return data, nil, false
	}
	return bytes.TrimSuffix(data[:n], []byte("\r")), data[n+1:], true
}

// readHTTP reads a request of HTTP/1.
func (q *request) readHTTP(data []byte) {
	const longest = 10 // of methods
	n := bytes.IndexByte(data[:min(len(data), longest+1)], ' ')
	if n < 3 {
		return
	}
	method := data[:n]
	line, rest, ok := cutLine(data[n+1:])
	target, version, _ := bytes.Cut(line, []byte(" "))
	if !ok || !bytes.HasPrefix(version, []byte("HTTP/1.")) {
		return
	}
	q.line = digestOf(method, target) // proxies may speak another version
	var lower [20]byte                // the name of a header in lower case; no longer one is looked for
	for len(rest) > 0 {
		line, rest, _ = cutLine(rest)
		if len(line) == 0 { // the body follows
			return
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if len(name) > len(lower) {
			continue
		}
		value = bytes.TrimSpace(value)
		n := lower[:copy(lower[:], name)]
		for i, b := range n {
			if b >= 'A' && b <= 'Z' {
				n[i] = b + 'a' - 'A'
			}
		}
		switch string(n) {
		case "host":
			q.host = digestOf(value)
		case "user-agent":
			q.agent = digestOf(value)
		case "x-forwarded-for":
			first, _, _ := bytes.Cut(value, []byte(","))
			if from, err := netip.ParseAddr(string(bytes.TrimSpace(first))); err == nil {
				q.forwarded = from.As16()
			}
		case "x-request-id", "x-correlation-id", "x-amzn-trace-id", "traceparent", "x-b3-traceid":
			if q.id != 0 || len(value) < 8 {
				continue
			}
			if string(n) == "traceparent" && len(value) >= 35 {
				value = value[3:35] // the trace ID; the span is another one at each step
			}
			q.id = digestOf(value)
		}
	}
}

// A Relay is one request in two connections: a proxy that ends the one passes it on in the other. What ends one of
// these connections need not end the other.
type Relay struct {
	Other       *Group
	Here, There Place    // the request
	Signs       []string // in what they agree
	at          flows.Time
}

// maxRelays bounds the connections that one request may be in.
const maxRelays = 8

// findRelays finds requests that are in two connections.
func (c *Comparison) findRelays() {
	type entry struct {
		*request
		v int
		g *Group
	}
	var all []entry
	for v := range c.Vantages {
		r := c.Vantages[v].Recorder
		for i := range r.requests.n {
			q := r.requests.at(i)
			if g := r.traces[q.conn].group; g != nil && g.order[0] == v { // of a shared connection, once
				all = append(all, entry{q, v, g})
			}
		}
	}
	originator := func(e entry) flows.Addr { return e.g.addr(e.v, flows.Originator) }
	add := func(a, b entry, signs ...string) {
		if a.g.sameClient(b.g) {
			return
		}
		known := func(r Relay) bool { return r.There == Place{b.v, int(b.frame)} }
		if a.g == b.g || slices.ContainsFunc(c.relays[a.g], known) ||
			len(c.relays[a.g]) >= maxRelays*maxRequestsOfOne {
			return
		}
		here, there := Place{a.v, int(a.frame)}, Place{b.v, int(b.frame)}
		c.relays[a.g] = append(c.relays[a.g], Relay{b.g, here, there, signs, c.Common(a.v, a.time)})
		c.relays[b.g] = append(c.relays[b.g], Relay{a.g, there, here, signs, c.Common(b.v, b.time)})
	}
	classes := func(key func(*request) uint64) [][]entry {
		count := newTally(len(all))
		for i := range all {
			if k := key(all[i].request); k != 0 {
				*count.at(k)++
			}
		}
		place := map[uint64]int{}
		var out [][]entry
		for _, e := range all {
			k := key(e.request)
			if k == 0 {
				continue
			}
			if n := *count.at(k); n < 2 || n > 4*maxRelays {
				continue
			}
			i, ok := place[k]
			if !ok {
				i = len(out)
				place[k] = i
				out = append(out, nil)
			}
			out[i] = append(out[i], e)
		}
		return out
	}
	pairs := func(list []entry, f func(a, b entry)) {
		for i := range list {
			for j := range i {
				if list[i].g != list[j].g {
					f(list[j], list[i])
				}
			}
		}
	}
	for _, list := range classes(func(q *request) uint64 { return q.id }) {
		pairs(list, func(a, b entry) {
			if a.line == b.line {
				add(a, b, "request line", "request ID")
			}
		})
	}
	for _, list := range classes(func(q *request) uint64 { return q.hello }) {
		pairs(list, func(a, b entry) { add(a, b, "TLS random and session ID") })
	}
	for _, list := range classes(func(q *request) uint64 { return q.line }) {
		groups := map[*Group]bool{}
		for _, e := range list {
			groups[e.g] = true
		}
		pairs(list, func(a, b entry) {
			signs := []string{"request line"}
			if a.host != 0 && a.host == b.host {
				signs = append(signs, "Host")
			}
			if a.agent != 0 && a.agent == b.agent {
				signs = append(signs, "User-Agent")
			}
			for _, x := range [2][2]entry{{a, b}, {b, a}} {
				if f := x[0].forwarded; f != [16]byte{} && f == originator(x[1]).IP {
					signs = append(signs, "X-Forwarded-For")
				}
			}
			apart := absolute(c.Common(a.v, a.time).Sub(c.Common(b.v, b.time)))
			// Other clients ask for the same too: only one may be meant.
			if len(list) == 2 && len(groups) == 2 && len(signs) > 1 && (!c.Clocks[a.v].Known || !c.Clocks[b.v].Known ||
				apart < int64(farthest)) {
				add(a, b, signs...)
			}
		})
	}
	clients := map[flows.Addr]entry{}
	for _, e := range all {
		if at := originator(e); e.proxied == (flows.Addr{}) {
			if _, ok := clients[at]; !ok {
				clients[at] = e
			}
		}
	}
	for _, e := range all {
		if from, ok := clients[e.proxied]; ok && e.proxied != (flows.Addr{}) {
			add(from, e, "address in the PROXY protocol header")
		}
	}
	for g := range c.relays {
		slices.SortStableFunc(c.relays[g], func(x, y Relay) int { return cmp.Compare(x.at, y.at) })
	}
}

// sameClient reports whether both connections come from one host, by a capture that holds both: no proxy passed the
// request of the one on in the other.
func (g *Group) sameClient(h *Group) bool {
	return slices.ContainsFunc(g.order, func(v int) bool {
		return h.Traces[v] != nil && g.addr(v, flows.Originator).IP == h.addr(v, flows.Originator).IP
	})
}

// Relayed returns the connections that carry the same request as the one that a RST ends: the last one before the RST.
func (c *Comparison) Relayed(x *Verdict) []Relay {
	var out []Relay
	for _, r := range c.relays[x.Group] {
		if i := slices.IndexFunc(out, func(o Relay) bool { return o.Other == r.Other }); i < 0 {
			out = append(out, r)
		} else if r.at <= x.Time {
			out[i] = r
		}
	}
	return out[:min(len(out), maxRelays)]
}

// Requests returns how many pairs of connections carry the same request.
func (c *Comparison) Requests() int {
	type pair struct{ a, b *Group }
	seen := map[pair]bool{}
	n := 0
	for g, list := range c.relays {
		for _, r := range list {
			if !seen[pair{r.Other, g}] && !seen[pair{g, r.Other}] {
				seen[pair{g, r.Other}] = true
				n++
			}
		}
	}
	return n
}

// Addr returns the addresses of the connection at the first vantage point that holds it, and that vantage point.
func (g *Group) Addr() (originator, responder flows.Addr, v int) {
	v = g.order[0]
	originator, responder = g.At(v)
	return originator, responder, v
}

// At returns the addresses of the connection at a vantage point that holds it.
func (g *Group) At(v int) (originator, responder flows.Addr) {
	return g.addr(v, flows.Originator), g.addr(v, flows.Responder)
}
