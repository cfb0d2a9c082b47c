//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
	"github.com/rstexplain/rstexplain/cmd/rstlab/wire"
)

func unknowns() []stage.Situation {
	var out []stage.Situation
	for _, part := range [][]stage.Situation{strays(), lateSegments(), handshakesGivenUp(), probes(), reusedTuples(),
		expiries(), failovers()} {
		out = append(out, part...)
	}
	return out
}

// raw sends a segment from a raw socket of a host: the host's TCP knows nothing of it.
func raw(h *stage.Host, from, to netip.AddrPort, g wire.Forgery) {
	if g.TTL == 0 {
		g.TTL = 64
	}
	packet := wire.Forge(wire.Blank(from, to), g)[14:]
	must(h.Do(func() error {
		family := unix.AF_INET
		var sa unix.Sockaddr
		if to.Addr().Is4() {
			sa = &unix.SockaddrInet4{Addr: to.Addr().As4()}
		} else {
			family, sa = unix.AF_INET6, &unix.SockaddrInet6{Addr: to.Addr().As16()}
		}
		fd, err := unix.Socket(family, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return unix.Sendto(fd, packet, 0, sa)
	}))
}

// strays: segments of connections that the host never had.
func strays() []stage.Situation {
	why := "the host never had the connection of this segment"
	kinds := []wire.Forgery{
		{Flags: wire.PSH | wire.ACK, Window: 501, Payload: []byte("GET /late HTTP/1.1\r\nHost: shop.example\r\n\r\n")},
		{Flags: wire.ACK, Window: 229},
		{Flags: wire.FIN | wire.ACK, Window: 1024},
		{Flags: wire.SYN | wire.ACK, Window: 65160},
	}
	play := func(listening bool) func(*story) {
		return func(t *story) {
			if listening {
				t.serve(8080, "hang")
			}
			for i, g := range kinds {
				g.SEQ, g.ACK = rand.Uint32(), rand.Uint32()
				raw(t.Client, t.Client.At(41000+7*i), t.Server.At(8080), g)
				t.sleep(60 * time.Millisecond)
			}
			t.settle()
		}
	}
	out := vary(stage.Situation{
		Name: "stray-segment", Rule: "stray-segment",
		Says: "Data, an ACK, a FIN and a SYN-ACK of connections that the host never had reach a port without a listener.",
		Run:  scene(play(false)), Truth: all(unknown, "stray-segment", why, crash),
	}, map[string]stage.Spec{"": {}, "-v6": {V6: true}})
	out = append(out, stage.Situation{
		Name: "stray-segment-listening", Keep: []string{"client", "server"},
		Spec: stage.Spec{Far: 20 * time.Millisecond, ServerTTL: 128},
		Says: "The same segments reach a port that listens.",
		Run:  scene(play(true)), Truth: all(unknown, "stray-segment", why, crash),
	})
	odd := []wire.Forgery{{Flags: 0, Window: 1024}, {Flags: wire.FIN, Window: 1024},
		{Flags: wire.FIN | wire.PSH | 0x20, Window: 1024}}
	out = append(out, stage.Situation{
		Name: "stray-odd-flags", Keep: []string{"client", "server"},
		Says: "Segments without ACK (no flags, FIN, FIN+PSH+URG), as scanners send them, reach a port without a listener: " +
			"RST+ACK with SEQ 0.",
		Run: scene(func(t *story) {
			for i, g := range odd {
				g.SEQ = rand.Uint32()
				raw(t.Client, t.Client.At(52000+i), t.Server.At(8081), g)
				t.sleep(40 * time.Millisecond)
			}
			t.settle()
		}),
		Truth: all(unknown, "", why, closedPort),
	})
	for i, p := range protocols {
		out = append(out, stage.Situation{
			Name: "capture-began-late-" + p.name, Keep: []string{"client", "server", "snap"},
			Spec: stage.Spec{V6: i == 2, Late: true},
			Says: "The capture begins when the host has already forgotten the connection: the first thing seen is the trigger.",
			Run: scene(func(t *story) {
				t.serve(p.port, "accept", p.serve(2, 250), "sleep 400ms", "forget") // after the delayed ACK
				t.dial(p.ask(2, 250), "wait go", send(p.request(3)), "eof", "close")
				t.says(t.server, "end")
				must(t.Record())
				t.client.Tell("go")
				t.says(t.client, "end")
				t.settle()
			}),
			Truth: all(unknown, "stray-segment", "the host no longer had the connection; the capture holds only the segment "+
				"and its answer", crash),
		})
	}
	return out
}

// lateSegments: the connection was over when the segment came.
func lateSegments() []stage.Situation {
	var out []stage.Situation
	for i, p := range protocols {
		s := stage.Situation{
			Name: "late-duplicate-" + p.name, Keep: []string{"client", "server", "any"}, Spec: stage.Spec{V6: i == 1},
			Says: "A copy of a request is held back on the way and arrives when the connection is over for the server: both " +
				"FINs are acknowledged.",
			Run: scene(func(t *story) {
				held := false
				t.Near.SetHook(func(d wire.Dir, f wire.Frame) wire.Verdict {
					if d == wire.AtoB && f.TCP() && len(f.Payload()) > 0 && !held {
						held = true
						copied := append(wire.Frame(nil), f...)
						time.AfterFunc(time.Duration(700+500*i)*time.Millisecond, func() { t.Near.Inject(wire.AtoB, copied) })
					}
					return wire.Verdict{}
				})
				t.serve(p.port, "accept", p.serve(2, 250), "eof", "close")
				t.dial(p.ask(2, 250), "close")
				t.ends()
				t.sleep(time.Duration(900+500*i) * time.Millisecond)
			}),
			Truth: func(r stage.RST) stage.Label {
				l := stage.Label{Cause: unknown, Detail: "late-segment", Why: "the connection was over for this host when a " +
					"late copy of a segment came"}
				if r.Point == "client" || r.Point == "snap" {
					l.Blind, l.AlsoOK = true, []string{fast, crash} // the copy did not pass here
				}
				return l
			},
			From: "server",
		}
		if i == 0 {
			s.Rule, s.Keep = "late-segment", nil
		}
		out = append(out, s)
	}
	for i, wait := range []time.Duration{1800 * time.Millisecond, 3500 * time.Millisecond} {
		p := protocols[2*i]
		out = append(out, stage.Situation{
			Name: fmt.Sprintf("fin-wait-expired-%v", wait), Keep: []string{"client", "server",
				"router"}, Spec: stage.Spec{V6: i == 1, Server: []string{"net.ipv4.tcp_fin_timeout=1"}},
			Says: fmt.Sprintf("The server closes after its exchange; its FIN-WAIT-2 expires. The client's own FIN comes %v "+
				"later and meets no socket.", wait),
			Run: scene(func(t *story) {
				t.serve(p.port, "accept", p.serve(2, 250), "close")
				t.dial(p.ask(2, 250), fmt.Sprintf("sleep %v", wait), "close")
				t.ends()
			}),
			Truth: all(unknown, "late-segment", "the half-closed connection had expired when the peer's FIN came", fast),
		})
	}
	return out
}

// handshakesGivenUp: the SYN-ACK comes when the connecter no longer wants it.
func handshakesGivenUp() []stage.Situation {
	slow := func(extra, after time.Duration) func(*story) {
		return func(t *story) {
			t.serve(8080, "accept", "hang")
			lag := func(d wire.Dir, f wire.Frame) wire.Verdict {
				if d == wire.BtoA && f.TCP() && f.Flags()&wire.SYN != 0 {
					return wire.Verdict{Extra: extra}
				}
				return wire.Verdict{}
			}
			t.Far.SetHook(lag)
			p, err := spawn(t.Client, fmt.Sprintf("withdraw %v %v", t.Server.At(8080), after), "say end", "hang")
			must(err)
			t.says(p, "end")
			t.sleep(extra + 300*time.Millisecond)
		}
	}
	late := func(r stage.RST) stage.Label {
		return stage.Label{Cause: unknown, Detail: "late-syn-ack", AlsoOK: []string{timedOut}, Why: "connect() had been " +
			"given up, its SYN resent without an answer, when the SYN-ACK came"}
	}
	out := vary(stage.Situation{
		Name: "late-syn-ack", Rule: "late-syn-ack", NearMiss: "connect-withdrawn",
		Says: "The SYN-ACK takes 2.5 s; the client gave its connect() up after 2 s and one resent SYN.",
		Run:  scene(slow(2500*time.Millisecond, 2*time.Second)), Truth: late,
	}, map[string]stage.Spec{
		"":    {Server: []string{"net.ipv4.tcp_synack_retries=0"}},
		"-v6": {V6: true, Near: 7 * time.Millisecond, Server: []string{"net.ipv4.tcp_synack_retries=0"}}})
	out = append(out, vary(stage.Situation{
		Name: "connect-withdrawn", Rule: "connect-withdrawn", NearMiss: "syn-probe",
		Says:  "The client gives its connect() up after 10 ms; the SYN-ACK comes after 60.",
		Run:   scene(slow(0, 10*time.Millisecond)),
		Truth: all(unknown, "connect-withdrawn", "connect() had been given up before the SYN-ACK came"),
	}, map[string]stage.Spec{"": {Far: 28 * time.Millisecond}, "-v6": {V6: true, Far: 40 * time.Millisecond},
		"-nots": {NoTS: true, Far: 50 * time.Millisecond}})...)
	out = append(out, stage.Situation{
		Name: "connect-withdrawn-slow", NearMiss: "late-syn-ack", Keep: []string{"client", "server"},
		Says:  "The SYN-ACK takes 0.8 s; the client gave its connect() up after 0.5 s.",
		Run:   scene(slow(800*time.Millisecond, 500*time.Millisecond)),
		Truth: all(unknown, "", "connect() had been given up before the SYN-ACK came"),
	})
	return out
}

// probes: SYNs of raw sockets, and SYN-ACKs that fit no SYN.
func probes() []stage.Situation {
	scan := func(ports []int, g wire.Forgery) func(*story) {
		return func(t *story) {
			t.serve(8080, "hang")
			for i, port := range ports {
				f := g
				f.SEQ = rand.Uint32()
				raw(t.Client, t.Client.At(44000+i), t.Server.At(port), f)
				t.sleep(30 * time.Millisecond)
			}
			t.settle()
		}
	}
	truth := func(r stage.RST) stage.Label {
		if r.Sender == "server" {
			return stage.Label{Cause: closedPort, Why: "a scanner's SYN reached a port without a listener"}
		}
		return stage.Label{Cause: unknown, Detail: "syn-probe", Why: "the scanner's kernel knows nothing of the raw SYN " +
			"that the SYN-ACK answers"}
	}
	out := vary(stage.Situation{
		Name: "syn-probe", Rule: "syn-probe", NearMiss: "health-probe",
		Says: "A scanner's raw SYN (no options, window 1024) is answered; the scanner's kernel resets the SYN-ACK.",
		Run:  scene(scan([]int{8080}, wire.Forgery{Flags: wire.SYN, Window: 1024, TTL: 47})), Truth: truth,
	}, map[string]stage.Spec{"": {}, "-v6": {V6: true}})
	out = append(out, stage.Situation{
		Name: "syn-scan", NearMiss: "port-scan", Keep: []string{"client", "server", "any"},
		Says:  "A scanner's raw SYNs (window 65535, IP ID 54321) try four ports; one is open.",
		Run:   scene(scan([]int{22, 8080, 3389, 445}, wire.Forgery{Flags: wire.SYN, Window: 65535, TTL: 255, IPID: 54321})),
		Truth: truth,
	})
	bad := vary(stage.Situation{
		Name: "bad-handshake-ack", Rule: "bad-handshake-ack",
		Says: "A device on the way answers the client's SYN with a SYN-ACK that acknowledges something else; the client " +
			"resets it. The resent SYN reaches the server.",
		Run: scene(func(t *story) {
			t.serve(8080, "accept", httpProtocol.serve(1, 300), "eof", "close")
			first := true
			t.Near.SetHook(func(d wire.Dir, f wire.Frame) wire.Verdict {
				if d != wire.AtoB || !f.TCP() || f.Flags() != wire.SYN || !first {
					return wire.Verdict{}
				}
				first = false
				t.Near.Inject(wire.BtoA, wire.Forge(f.Reverse(),
					wire.Forgery{SEQ: rand.Uint32(), ACK: f.SEQ() + 0x10f00, Flags: wire.SYN | wire.ACK, Window: 8192, TTL: 61}))
				return wire.Verdict{Drop: true}
			})
			t.dial(httpProtocol.ask(1, 300), "close")
			t.ends()
		}),
		Truth: func(r stage.RST) stage.Label {
			l := stage.Label{Cause: unknown, Detail: "bad-handshake-ack", Why: "the SYN-ACK acknowledged what the client had " +
				"never sent"}
			if r.Point != "client" && r.Point != "snap" {
				l = blind(l, closedPort, crash, fast)
			}
			return l
		},
	}, map[string]stage.Spec{"": {}, "-v6": {V6: true}})
	bad[1].NearMiss = "tuple-reuse"
	return append(out, bad...)
}

// reusedTuples: a SYN on a 4-tuple that the server still holds.
func reusedTuples() []stage.Situation {
	return vary(stage.Situation{
		Name: "tuple-reuse", Rule: "tuple-reuse", NearMiss: "bad-handshake-ack",
		Says: "The client's host forgets a connection and connects again from the same port: the server, which still " +
			"holds the old one, sends a challenge ACK, the client a RST, and then its SYN again.",
		Run: scene(func(t *story) {
			p := opaqueProtocol
			t.serve(p.port, "accept", p.serve(2, 250), "say old", "conn 1", "accept", p.serve(1, 250), "eof", "close")
			local := t.Client.At(41234).String()
			c, err := spawn(t.Client, steps("connect "+t.Server.At(p.port).String()+" "+local, p.ask(2, 250),
				"sleep 200ms", "forget", "sleep 200ms",
				"connect "+t.Server.At(p.port).String()+" "+local, p.ask(1, 250), "close", "say end", "hang")...)
			must(err)
			t.client = c
			t.ends()
		}),
		Truth: all(unknown, "tuple-reuse", "the SYN met an old connection on the same ports; its plain ACK fits no SYN"),
	}, map[string]stage.Spec{"": {}, "-v6": {V6: true, Far: 16 * time.Millisecond}})
}

// expiries: a stateful firewall forgets idle connections and rejects what comes later.
func expiries() []stage.Situation {
	firewall := func(seconds int) string {
		return `table inet lab {
			counter rejected { }
			chain forward { type filter hook forward priority 0;
				ct state established,related accept
				tcp flags & (syn|ack|rst) == syn ct state new accept
				meta l4proto tcp counter name rejected reject with tcp reset
			}
		}`
	}
	var out []stage.Situation
	for i, v := range []struct {
		expiry, idle int
		who, name    string
		spec         stage.Spec
	}{
		{2, 6, "client", "", stage.Spec{ServerTTL: 128}},
		{3, 10, "client", "-v6", stage.Spec{V6: true, Far: 25 * time.Millisecond}},
		{5, 31, "client", "-31s", stage.Spec{Near: 4 * time.Millisecond}},
		{2, 8, "server", "-server", stage.Spec{ClientTTL: 128}},
	} {
		p := protocols[i%len(protocols)]
		s := stage.Situation{
			Name: "idle-expiry" + v.name, Spec: v.spec, Keep: []string{"client", "server", "any"},
			Says: fmt.Sprintf("A stateful firewall (nftables, conntrack) on the router forgets connections after %d s; %d s "+
				"after the last exchange the %s sends on, and the router resets it.", v.expiry, v.idle, v.who),
			Run: scene(func(t *story) {
				must(t.Router.NFT(firewall(v.expiry)))
				must(t.Router.Sysctl("net.netfilter.nf_conntrack_tcp_loose=0",
					fmt.Sprintf("net.netfilter.nf_conntrack_tcp_timeout_established=%d", v.expiry),
					fmt.Sprintf("net.netfilter.nf_conntrack_tcp_timeout_unacknowledged=%d", v.expiry)))
				idle := fmt.Sprintf("sleep %ds", v.idle)
				if v.who == "client" {
					t.serve(p.port, "accept", p.serve(3, 300), "wait never")
					t.dial(p.ask(3, 300, "sleep 20ms"), idle, send(p.request(3)), "eof", "close")
					t.says(t.client, "end")
				} else {
					t.serve(p.port, "accept", p.serve(3, 300), idle, send(p.response(4, 120)), "eof", "close")
					t.dial(p.ask(3, 300), "wait never")
					t.says(t.server, "end")
				}
				t.settle()
			}),
			Truth: onRouter(all(unknown, "idle-expiry",
				"a firewall on the way had forgotten the idle connection and answered in the peer's name")),
			From: v.who,
		}
		if i == 0 {
			s.Rule, s.Keep = "idle-expiry", nil
		}
		out = append(out, s)
	}
	for i, idle := range []int{8, 35} {
		p := protocols[2-i]
		out = append(out, stage.Situation{
			Name: fmt.Sprintf("state-gone-after-idle-%ds", idle), Spec: stage.Spec{V6: i == 0}, Keep: []string{"client",
				"server"},
			Says: fmt.Sprintf("The server's host forgets an idle connection; the client's next request, %d s after the last "+
				"exchange, is answered with a RST.", idle),
			Run: scene(func(t *story) {
				t.serve(p.port, "accept", p.serve(2, 300), "sleep 4s", "forget")
				t.dial(p.ask(2, 300), fmt.Sprintf("sleep %ds", idle), send(p.request(3)), "eof", "close")
				t.ends()
			}),
			Truth: all(unknown, "", "the host no longer had the connection after a long idle time", crash),
		})
	}
	out[len(out)-1].NearMiss = "idle-expiry"
	return out
}

// failovers: the address moves to another machine that knows nothing of its connections.
func failovers() []stage.Situation {
	return vary(stage.Situation{
		Name: "wrong-host", Rule: "wrong-host",
		Says: "The server's address moves to a machine with another MAC address and initial TTL (the connection is " +
			"forgotten, and the interface's address and the host's TTL change); the client's next request reaches the new one.",
		Run: scene(func(t *story) {
			p := httpProtocol
			t.serve(p.port, "accept", p.serve(3, 400), "say served", "wait go", "forget")
			t.dial(p.ask(3, 400, "sleep 40ms"), "wait go", send(p.request(3)), "eof", "close")
			t.says(t.server, "served")
			t.settle()
			t.server.Tell("go")
			t.says(t.server, "end")
			must(t.Server.Move("52:54:00:77:01:02"))
			must(t.Server.Sysctl("net.ipv4.ip_default_ttl=255", "net.ipv6.conf.eth0.hop_limit=255"))
			t.client.Tell("go")
			t.says(t.client, "end")
			t.settle()
		}),
		Truth: func(r stage.RST) stage.Label {
			return stage.Label{Cause: unknown, Detail: "wrong-host", AlsoOK: []string{crash}, Origin: "unsure",
				Why: "another machine had the address and knew nothing of the connection"}
		},
		NearMiss: "stray-segment",
	}, map[string]stage.Spec{"": {}, "-v6": {V6: true}})
}
