//go:build linux

package main

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
	"github.com/rstexplain/rstexplain/cmd/rstlab/wire"
)

// An injector watches a wire and forges segments that fit what it saw, as devices on the path do.
type injector struct {
	w    *wire.Wire
	mu   sync.Mutex
	last [2]wire.Frame // last segment seen in each direction
	next [2]uint32     // SEQ that follows all that has passed: what the receiver expects next
	data [2]int        // bytes seen
	did  bool
}

// watch calls f for each TCP segment. What f forges travels ahead of the segment.
func watch(w *wire.Wire, f func(in *injector, d wire.Dir, s wire.Frame)) *injector {
	in := &injector{w: w}
	w.SetHook(func(d wire.Dir, s wire.Frame) wire.Verdict {
		if !s.TCP() {
			return wire.Verdict{}
		}
		in.mu.Lock()
		defer in.mu.Unlock()
		n := uint32(len(s.Payload()))
		if s.Flags()&(wire.SYN|wire.FIN) != 0 {
			n++
		}
		in.last[d], in.data[d] = append(wire.Frame(nil), s...), in.data[d]+len(s.Payload())
		f(in, d, s)
		if end := s.SEQ() + n; in.next[d] == 0 || int32(end-in.next[d]) > 0 {
			in.next[d] = end
		}
		return wire.Verdict{}
	})
	return in
}

// once reports true the first time.
func (in *injector) once() bool {
	first := !in.did
	in.did = true
	return first
}

// like returns a segment that travels in direction d, and the TTL that its sender's packets have there.
func (in *injector) like(d wire.Dir) (wire.Frame, byte) {
	if in.last[d] != nil {
		return in.last[d], in.last[d].TTL()
	}
	f := in.last[1-d].Reverse()
	return f, f.TTL()
}

// reset forges a RST in direction d with SEQ next+step. ttl 0 copies the sender's.
func (in *injector) reset(d wire.Dir, step int, flags byte, ttl byte) {
	f, own := in.like(d)
	if ttl == 0 {
		ttl = own
	}
	g := wire.Forgery{SEQ: in.next[d] + uint32(step), Flags: flags, TTL: ttl, IPID: uint16(0x3a00 + step)}
	if flags&wire.ACK != 0 {
		g.ACK, g.Window = in.next[1-d], 0x1a2b>>uint(step&3)
	}
	if d == wire.AtoB { // the device sits near the router: what the client sent before is ahead of it
		in.w.InjectBehind(d, wire.Forge(f, g))
	} else {
		in.w.Inject(d, wire.Forge(f, g))
	}
}

// forgery is the truth about forged RSTs and what the victims answer afterwards.
func forgery(imposed, why string) func(stage.RST) stage.Label {
	return func(r stage.RST) stage.Label {
		if r.Hand == stage.Forged {
			return stage.Label{Cause: imposed, Why: why, AlsoOK: []string{fast, unknown}}
		}
		l := stage.Label{Cause: unknown, Detail: "late-segment", AlsoOK: []string{crash}, Why: "a forged RST had taken " +
			"the connection from this host; it answers the peer's genuine segment"}
		// All forgers here sit on the near wire: what they sent to the client, only the client's captures hold.
		if end := r.Point == "client" || r.Point == "snap"; end != (r.Sender == "client") {
			l = blind(l, crash, fast)
		}
		return l
	}
}

func injections() []stage.Situation {
	var out []stage.Situation
	stream := func(p protocol) func(*story) {
		return func(t *story) {
			t.serve(p.port, "accept", fmt.Sprintf("read %d", len(p.request(1))),
				fmt.Sprintf("trickle 24 6ms %q", string(filler(900))),
				"sleep 60ms", "close")
			t.dial(send(p.request(1)), "eof", "close")
			t.ends()
		}
	}
	const why = "a device on the way cut the exchange in the peer's name"
	at := 9000 // bytes of the response after which the device acts
	for _, v := range []struct {
		name, says string
		act        func(in *injector)
		spec       stage.Spec
		p          protocol
	}{
		{"same-ttl", "one RST to the client with the server's own TTL",
			func(in *injector) { in.reset(wire.BtoA, 0, wire.RST, 0) }, stage.Spec{}, httpProtocol},
		{"same-ttl-v6", "one RST+ACK to the client with the server's own hop limit",
			func(in *injector) { in.reset(wire.BtoA, 0, wire.RST|wire.ACK, 0) },
			stage.Spec{V6: true, Far: 15 * time.Millisecond}, opaqueProtocol},
		{"other-ttl", "one RST to the client with another TTL", func(in *injector) { in.reset(wire.BtoA, 0, wire.RST, 113) },
			stage.Spec{}, redisProtocol},
		{"other-ttl-v6", "one RST+ACK to the client with another hop limit",
			func(in *injector) { in.reset(wire.BtoA, 0, wire.RST|wire.ACK, 47) }, stage.Spec{V6: true}, httpProtocol},
		{"burst", "five RSTs to the client, their SEQ stepping by one segment", func(in *injector) {
			for i := range 5 {
				in.reset(wire.BtoA, 900*i, wire.RST, 0)
			}
		}, stage.Spec{Far: 20 * time.Millisecond}, httpProtocol},
		{"burst-rstack", "three RST+ACKs to the client, their SEQ stepping by 1460 and 4380, with " +
			"another TTL", func(in *injector) {
			for _, step := range []int{0, 1460, 4380} {
				in.reset(wire.BtoA, step, wire.RST|wire.ACK, 93)
			}
		}, stage.Spec{Far: 11 * time.Millisecond, ServerTTL: 128}, opaqueProtocol},
		{"both-sides", "a RST to each side, in the name of the other",
			func(in *injector) { in.reset(wire.BtoA, 0, wire.RST, 0); in.reset(wire.AtoB, 0, wire.RST, 0) },
			stage.Spec{ClientTTL: 128}, opaqueProtocol},
		{"both-sides-ttl-v6", "a RST+ACK to each side with hop limits of its own", func(in *injector) {
			in.reset(wire.BtoA, 0, wire.RST|wire.ACK, 200)
			in.reset(wire.AtoB, 0, wire.RST|wire.ACK, 200)
		}, stage.Spec{V6: true, Near: 5 * time.Millisecond}, httpProtocol},
		{"to-server", "one RST to the server in the client's name",
			func(in *injector) { in.reset(wire.AtoB, 0, wire.RST, 0) }, stage.Spec{}, httpProtocol},
		{"to-server-ttl", "one RST+ACK to the server in the client's name, with another TTL",
			func(in *injector) { in.reset(wire.AtoB, 0, wire.RST|wire.ACK, 240) }, stage.Spec{NoTS: true}, redisProtocol},
	} {
		out = append(out, stage.Situation{
			Name: "forged-" + v.name, Spec: v.spec, Keep: []string{"client", "server", "router"},
			Says: "A device between client and router watches a response of 21600 bytes " +
				"and, after " + fmt.Sprint(at) + " of them, forges " + v.says + ". The real ends know nothing of it.",
			Run: scene(func(t *story) {
				watch(t.Near, func(in *injector, d wire.Dir, s wire.Frame) {
					if d == wire.BtoA && in.data[wire.BtoA] >= at && in.once() {
						v.act(in)
					}
				})
				stream(v.p)(t)
			}),
			Truth: forgery(crash, why),
		})
	}
	out = append(out, ignored(stream)...)
	out = append(out, onWords()...)
	out = append(out, forgedRefusals()...)
	return append(out, idleResets()...)
}

// ignored: forged RSTs that the victim does not accept.
func ignored(stream func(protocol) func(*story)) []stage.Situation {
	var out []stage.Situation
	for i, v := range []struct {
		name, says string
		step       int
		spec       stage.Spec
	}{
		{"in-window", "2000 beyond the next byte: inside the window, so that the client answers with a challenge ACK and " +
			"goes on", 2000, stage.Spec{}},
		{"out-of-window", "ten million beyond the next byte: outside the window, so that the client " +
			"ignores it", 10_000_000, stage.Spec{V6: true}},
		{"behind-data", "600 before the next byte, behind data that already arrived: the client " +
			"ignores it", -600, stage.Spec{ServerTTL: 255}},
	} {
		out = append(out, stage.Situation{
			Name: "forged-" + v.name, Spec: v.spec, Keep: []string{"client", "server", "router"},
			Says: "A device forges a RST to the client whose SEQ lies " + v.says + ".",
			Run: scene(func(t *story) {
				watch(t.Near, func(in *injector, d wire.Dir, s wire.Frame) {
					if d == wire.BtoA && in.data[wire.BtoA] >= 7000 && in.once() {
						in.reset(wire.BtoA, v.step, wire.RST, 0)
					}
				})
				stream(protocols[i])(t)
			}),
			Truth: forgery(crash, "a device on the way tried to cut the exchange; the connection lived on"),
		})
	}
	return out
}

// onWords: devices that reset when they see a word.
func onWords() []stage.Situation {
	hello := func(version string, act func(in *injector)) func(*story) {
		return func(t *story) {
			watch(t.Near, func(in *injector, d wire.Dir, s wire.Frame) {
				if p := s.Payload(); d == wire.AtoB && len(p) > 5 && p[0] == 0x16 && p[5] == 1 && in.once() {
					act(in)
				}
			})
			t.serve(443, "accept", "tls-server", "eof", "close")
			t.dial("tls-client "+version, "close")
			t.ends()
		}
	}
	three := func(in *injector) {
		for i := range 3 {
			in.reset(wire.BtoA, 0, wire.RST|wire.ACK, byte(80+11*i))
		}
		in.reset(wire.AtoB, 0, wire.RST, 80)
	}
	out := []stage.Situation{{
		Name: "forged-after-client-hello", Keep: []string{"client", "server", "router"},
		Says: "A device sees the ClientHello and forges a RST to each side, with the ends' own TTLs. The genuine " +
			"ServerHello comes later.",
		Run: scene(hello("1.3", func(in *injector) {
			in.reset(wire.BtoA, 0, wire.RST, 0)
			in.reset(wire.AtoB, 0, wire.RST,
				0)
		})),
		Truth: forgery(crash, "a device on the way cut the TLS handshake when it saw the ClientHello"),
	}, {
		Name: "forged-after-client-hello-v6", Keep: []string{"client", "server", "router"},
		Spec: stage.Spec{V6: true, Far: 30 * time.Millisecond},
		Says: "A device sees the ClientHello and forges three RST+ACKs to the client, with hop limits of their own, and " +
			"one RST to the server.",
		Run: scene(hello("1.2", three)), Truth: forgery(crash,
			"a device on the way cut the TLS handshake when it saw the ClientHello"),
	}}
	for _, v6 := range []bool{false, true} {
		out = append(out, stage.Situation{
			Name: "forged-after-host" + map[bool]string{true: "-v6"}[v6], Spec: stage.Spec{V6: v6, Far: 18 * time.Millisecond},
			Keep: []string{"client",
				"server", "router"},
			Says: "A device sees a host name in an HTTP request and forges RSTs to the client; the genuine response " +
				"comes later.",
			Run: scene(func(t *story) {
				watch(t.Near, func(in *injector, d wire.Dir, s wire.Frame) {
					if d == wire.AtoB && bytes.Contains(s.Payload(), []byte("Host: shop.example")) && in.once() {
						in.reset(wire.BtoA, 0, wire.RST|wire.ACK, 0)
						if v6 {
							in.reset(wire.BtoA, 1460, wire.RST|wire.ACK, 0)
						}
					}
				})
				t.serve(8080, "accept", httpProtocol.serve(1, 3000), "eof", "close")
				t.dial(send(httpProtocol.request(0)), "eof", "close")
				t.ends()
			}),
			Truth: forgery(crash, "a device on the way cut the exchange when it saw the host name"),
		})
	}
	return out
}

// forgedRefusals: a device answers SYNs.
func forgedRefusals() []stage.Situation {
	var out []stage.Situation
	for _, v := range []struct {
		name string
		ttl  byte
		spec stage.Spec
	}{{"same-ttl", 0, stage.Spec{}}, {"other-ttl", 117, stage.Spec{}}, {"v6", 33, stage.Spec{V6: true}}} {
		out = append(out, stage.Situation{
			Name: "forged-refusal-" + v.name, Spec: v.spec, Keep: []string{"client", "server", "router"},
			Says: "A device answers SYNs to one port with RST+ACK and keeps them from the server; another port of the host " +
				"serves in the same capture.",
			Run: scene(func(t *story) {
				var ttl byte
				t.Near.SetHook(func(d wire.Dir, f wire.Frame) wire.Verdict {
					if !f.TCP() {
						return wire.Verdict{}
					}
					if d == wire.BtoA {
						ttl = f.TTL()
					}
					if d != wire.AtoB || f.Dst().Port() != 5060 {
						return wire.Verdict{}
					}
					use := v.ttl
					if use == 0 {
						use = ttl
					}
					t.Near.Inject(wire.BtoA, wire.Forge(f.Reverse(),
						wire.Forgery{ACK: f.SEQ() + 1, Flags: wire.RST | wire.ACK, TTL: use, DF: v.ttl == 0}))
					return wire.Verdict{Drop: true}
				})
				t.serve(8080, "accept", httpProtocol.serve(2, 500), "eof", "close")
				t.dial(httpProtocol.ask(2, 500), "close")
				t.refused(t.Server.At(5060))
				t.ends()
			}),
			Truth: func(r stage.RST) stage.Label {
				// With the server's own TTL only the round-trip time differs.
				return stage.Label{Cause: closedPort, Detail: "policy-reject", Why: "a device on the way refused the SYN in the " +
					"host's name"}
			},
		})
	}
	return out
}

// idleResets: a load balancer drops an idle connection and tells both sides.
func idleResets() []stage.Situation {
	var out []stage.Situation
	for i, v := range []struct {
		idle time.Duration
		ttl  byte
		name string
		spec stage.Spec
	}{
		{10 * time.Second, 0, "", stage.Spec{}},
		{30 * time.Second, 250, "-ttl", stage.Spec{V6: false, ServerTTL: 64}},
		{5 * time.Second, 0, "-v6", stage.Spec{V6: true}},
	} {
		p := protocols[i]
		s := stage.Situation{
			Name: "idle-reset" + v.name, Spec: v.spec, Keep: []string{"client", "server", "router"}, From: "router",
			Says: fmt.Sprintf("A load balancer on the way drops a connection after %v of nothing and resets both sides. (The "+
				"load balancer is the wire; the ends are real.)", v.idle),
			Run: scene(func(t *story) {
				in := watch(t.Far, func(*injector, wire.Dir, wire.Frame) {})
				t.serve(p.port, "accept", p.serve(3, 400), "eof", "close")
				t.dial(p.ask(3, 400, "sleep 30ms"), "say asked", "eof", "close")
				t.says(t.client, "asked")
				t.sleep(v.idle)
				in.mu.Lock()
				in.reset(wire.BtoA, 0, wire.RST, v.ttl)
				in.reset(wire.AtoB, 0, wire.RST, v.ttl)
				in.mu.Unlock()
				t.ends()
			}),
			Truth: func(r stage.RST) stage.Label {
				// Each end sees its own RST alone. The router, whose interface toward the client is captured, sees one too.
				return stage.Label{Cause: fast, Detail: "idle-reset", Hidden: v.ttl == 0, Why: "a load balancer dropped the " +
					"idle connection and told both sides"}
			},
		}
		if v.name == "-ttl" {
			s.Rule, s.Keep, s.From = "idle-reset", nil, "client"
		}
		out = append(out, s)
	}
	return out
}
