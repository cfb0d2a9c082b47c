//go:build linux

package main

import (
	"fmt"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
	"github.com/rstexplain/rstexplain/cmd/rstlab/wire"
)

func timeouts() []stage.Situation {
	var out []stage.Situation
	for _, part := range [][]stage.Situation{dataUnacked(), silentGiveUps(), keepalives(), zeroWindows(),
		unansweredHandshakes(), blackHoles()} {
		out = append(out, part...)
	}
	return out
}

// blind is what a capture point knows that the loss kept from the packets that would tell.
func blind(l stage.Label, also ...string) stage.Label {
	l.Detail, l.Blind, l.AlsoOK = "", true, also
	return l
}

// dataUnacked: the application gives up after its own time and aborts, with resends unanswered.
func dataUnacked() []stage.Situation {
	var out []stage.Situation
	for i, p := range protocols {
		for _, lost := range []string{"both", "data", "acks"} {
			after := time.Duration(2500+900*i) * time.Millisecond
			s := stage.Situation{
				Name: "data-unacked-" + p.name + "-" + lost, Keep: []string{"client", "server", "any"},
				Spec: stage.Spec{V6: (i+len(lost))%2 == 1, Far: time.Duration(4+8*i) * time.Millisecond,
					NoTS: i == 1 && lost == "both"},
				Says: fmt.Sprintf("The path begins to lose %s; the client resends its request and aborts after %v (SO_LINGER 0).",
					map[string]string{"both": "everything", "data": "what the client sends, but not " +
						"its RST",
						"acks": "what the server sends"}[lost], after),
				Run: scene(func(t *story) {
					t.serve(p.port, "accept", p.serve(2, 300), "drain", "wait never")
					t.dial(p.ask(2, 300), "say asked", "wait go", send(p.request(2)), fmt.Sprintf("sleep %v", after), "reset")
					t.says(t.client, "asked")
					t.settle()
					lose(t.Far, func(d wire.Dir, f wire.Frame) bool {
						switch lost {
						case "data":
							return d == wire.AtoB && f.TCP() && f.Flags()&wire.RST == 0
						case "acks":
							return d == wire.BtoA
						}
						return true
					})
					t.client.Tell("go")
					t.says(t.client, "end")
					t.settle()
				}),
				Truth: func(r stage.RST) stage.Label {
					l := stage.Label{Cause: timedOut, Detail: "data-unacked", Why: "the client gave up on a request that it had " +
						"resent without an answer"}
					if r.Point == "server" && lost == "data" { // nothing of the request or its resends was seen here
						l = blind(l, fast, crash)
					}
					if r.Point == "server" && lost == "acks" { // the server's answers are seen, and not that they were lost
						l.AlsoOK = []string{crash}
					}
					return l
				},
			}
			if i == 2 && lost == "both" {
				s.NearMiss = "mtu-black-hole"
			}
			if i == 0 && lost == "both" {
				s.Rule, s.NearMiss, s.Keep = "data-unacked", "gave-up-silently", nil
			}
			out = append(out, s)
		}
	}
	out = append(out, stage.Situation{
		Name: "server-response-unacked", Keep: []string{"client", "server"}, Spec: stage.Spec{ServerTTL: 128},
		Says: "The path loses what the server sends in the middle of a response; after some resends the server aborts " +
			"(SO_LINGER 0). Its RST arrives.",
		Run: scene(func(t *story) {
			t.serve(8080, "accept", "read 77", send(head(30000)), "fill 10000", "say half",
				"wait go", "fill 6000", "sleep 3s", "reset")
			t.dial(send(httpProtocol.request(1)), "eof", "close")
			t.says(t.server, "half")
			t.settle()
			lose(t.Far, func(d wire.Dir, f wire.Frame) bool { return d == wire.BtoA && f.TCP() && f.Flags()&wire.RST == 0 })
			t.server.Tell("go")
			t.ends()
		}),
		Truth: func(r stage.RST) stage.Label {
			l := stage.Label{Cause: timedOut, Detail: "data-unacked", Why: "the server gave up on data that it had resent " +
				"without an answer"}
			if r.Point != "server" {
				l = blind(l, fast, crash)
			}
			return l
		},
	})
	return out
}

// silentGiveUps: the kernel gives up without a word; what the peer sends later is answered with a RST.
func silentGiveUps() []stage.Situation {
	var out []stage.Situation
	why := "the host had given up on resends without an answer; the peer's later segment met no socket"
	for i, p := range protocols {
		for _, how := range []string{"user-timeout", "retries"} {
			s := stage.Situation{
				Name: "gave-up-silently-" + p.name + "-" + how, Keep: []string{"client", "server", "router"},
				Spec: stage.Spec{V6: i == 1, Far: time.Duration(5+6*i) * time.Millisecond,
					Client: []string{"net.ipv4.tcp_retries2=3"}},
				Says: "The path loses everything for a while; the client's kernel gives its request up. When the path heals, " +
					"the server's next message meets no socket.",
				Run: scene(func(t *story) {
					limit := "set quickack 1"
					if how == "user-timeout" {
						limit = "set user-timeout 1500"
					}
					t.serve(p.port, "accept", p.serve(2, 300), "wait go", send(p.response(2, 200)), "sleep 50ms")
					t.dial(limit, p.ask(2, 300), "say asked", "wait go", send(p.request(2)), "eof", "say gone")
					t.says(t.client, "asked")
					t.settle()
					lose(t.Near, func(wire.Dir, wire.Frame) bool { return true })
					t.client.Tell("go")
					t.says(t.client, "gone")
					t.sleep(300 * time.Millisecond)
					lose(t.Near, nil)
					t.server.Tell("go")
					t.says(t.server, "end")
					t.settle()
				}),
				Truth: func(r stage.RST) stage.Label {
					l := stage.Label{Cause: timedOut, Detail: "gave-up-silently", AlsoOK: []string{unknown}, Why: why}
					if r.Point != "client" && r.Point != "snap" { // the loss hides the resends
						l = blind(l, crash, unknown)
					}
					return l
				},
			}
			if i == 0 && how == "user-timeout" {
				s.Rule, s.NearMiss, s.Keep = "gave-up-silently", "data-unacked", nil
			}
			if i == 1 && how == "retries" {
				s.NearMiss = "state-lost"
			}
			out = append(out, s)
		}
	}
	out = append(out, stage.Situation{
		Name: "gave-up-fin", Keep: []string{"client", "server"},
		Spec: stage.Spec{Client: []string{"net.ipv4.tcp_orphan_retries=3"}},
		Says: "The client's FIN and its resends are lost until its kernel forgets the connection; when the path heals, " +
			"the server's message meets no socket.",
		Run: scene(func(t *story) {
			p := opaqueProtocol
			t.serve(p.port, "accept", p.serve(2, 300), "wait go", send(p.response(2, 200)), "sleep 50ms", "close")
			t.dial(p.ask(2, 300), "say asked", "wait go", "close")
			t.says(t.client, "asked")
			t.settle()
			lose(t.Near, func(wire.Dir, wire.Frame) bool { return true })
			t.client.Tell("go")
			t.sleep(7 * time.Second)
			lose(t.Near, nil)
			t.server.Tell("go")
			t.ends()
		}),
		Truth: func(r stage.RST) stage.Label {
			l := stage.Label{Cause: timedOut, Detail: "gave-up-silently", AlsoOK: []string{unknown}, Why: "the host had " +
				"given up on its resent FIN; the peer's later segment met no socket"}
			if r.Point != "client" && r.Point != "snap" {
				l = blind(l, crash, unknown)
			}
			return l
		},
	})
	return out
}

// keepalives: keep-alive probes go unanswered.
func keepalives() []stage.Situation {
	var out []stage.Situation
	for i, v := range []struct {
		idle, interval, count int
		who, lost, name       string
		spec                  stage.Spec
	}{
		{1, 1, 3, "client", "both", "", stage.Spec{}},
		{2, 1, 4, "client", "acks", "-acks", stage.Spec{V6: true, Far: 25 * time.Millisecond}},
		{1, 2, 3, "server", "both", "-server", stage.Spec{ServerTTL: 255}},
		{1, 1, 5, "server", "probes", "-server-v6", stage.Spec{V6: true}},
		{3, 1, 2, "client", "both", "-nots", stage.Spec{NoTS: true, Near: 5 * time.Millisecond}},
	} {
		p := protocols[i%len(protocols)]
		keep := fmt.Sprintf("set keepalive %d %d %d", v.idle, v.interval, v.count)
		s := stage.Situation{
			Name: "keepalive-unanswered" + v.name, Spec: v.spec, Keep: []string{"client", "server", "any"},
			Says: fmt.Sprintf("The %s probes an idle connection after %d s, every %d s; %s; after %d probes its kernel "+
				"resets.", v.who, v.idle, v.interval,
				map[string]string{"both": "the path loses everything", "acks": "the path loses what the " +
					"server sends",
					"probes": "the path loses the probes, but not the RST"}[v.lost], v.count),
			Run: scene(func(t *story) {
				server, client := "set nodelay 1", keep
				if v.who == "server" {
					server, client = client, server
				}
				t.serve(p.port, "accept", server, p.serve(2, 250), "eof", "close")
				t.dial(client, p.ask(2, 250), "say asked", "eof", "close")
				t.says(t.client, "asked")
				t.settle()
				lose(t.Far, func(d wire.Dir, f wire.Frame) bool {
					switch v.lost {
					case "acks":
						return d == wire.BtoA
					case "probes":
						return d == wire.BtoA && f.TCP() && f.Flags()&wire.RST == 0
					}
					return true
				})
				prober := t.client
				if v.who == "server" {
					prober = t.server
				}
				t.says(prober, "end")
				t.settle()
			}),
			Truth: func(r stage.RST) stage.Label {
				l := stage.Label{Cause: timedOut, Detail: "keepalive-unanswered", Why: "all keep-alive probes went unanswered"}
				if v.lost == "acks" && r.Point == "server" { // the answers are seen, and not that they were lost
					l.AlsoOK = []string{fast}
				}
				if v.lost == "probes" && r.Point != "server" {
					l = blind(l, fast, crash)
				}
				return l
			},
		}
		if i == 0 {
			s.Rule, s.NearMiss, s.Keep = "keepalive-unanswered", "state-lost-keepalive", nil
		}
		out = append(out, s)
	}
	return out
}

// zeroWindows: the reader stops reading, the writer gives up.
func zeroWindows() []stage.Situation {
	zero := func(t *story, script ...any) {
		t.serveWith([]string{"opt rcvbuf 8192"}, 7400, "accept", "wait go", "eof", "close")
		t.dialWith([]string{"opt sndbuf 65536"}, append([]any{"fill 24000"}, script...)...)
	}
	out := vary(stage.Situation{
		Name: "zero-window-abort", Rule: "zero-window",
		Says: "The server does not read, its window closes; the client probes it for 4 s and aborts (SO_LINGER 0).",
		Run: scene(func(t *story) {
			zero(t, "sleep 4s", "reset")
			t.says(t.client, "end")
			t.settle()
		}),
		Truth: all(timedOut, "zero-window", "the client gave up on a window that stayed closed", crash),
	}, map[string]stage.Spec{"": {}, "-v6": {V6: true, Far: 30 * time.Millisecond}})
	return append(out, stage.Situation{
		Name: "zero-window-silent",
		Says: "The server does not read, its window closes; TCP_USER_TIMEOUT ends the connection silently. When the " +
			"server reads at last, its window update meets no socket.",
		Run: scene(func(t *story) {
			zero(t, "set user-timeout 2500", "eof", "say gone")
			t.says(t.client, "gone")
			t.sleep(200 * time.Millisecond)
			t.server.Tell("go")
			t.settle()
			t.settle()
		}),
		Truth: all(timedOut, "", "the client's host had given up on a window that stayed closed; the window update met "+
			"no socket", unknown, crash),
	})
}

// unansweredHandshakes: SYN-ACKs are resent until the responder forgets.
func unansweredHandshakes() []stage.Situation {
	return vary(stage.Situation{
		Name: "syn-ack-unanswered",
		Says: "The client's third ACK is lost, and so is what follows; the server resends its SYN-ACK, forgets the " +
			"connection, and answers the client's request, which comes when the path heals, with a RST.",
		Run: scene(func(t *story) {
			t.serve(8080, "accept", "hang")
			lose(t.Near, func(d wire.Dir, f wire.Frame) bool { return d == wire.AtoB && f.TCP() && f.Flags()&wire.SYN == 0 })
			t.dial("wait go", send(httpProtocol.request(1)), "eof", "close")
			t.sleep(4200 * time.Millisecond)
			lose(t.Near, nil)
			t.client.Tell("go")
			t.says(t.client, "end")
			t.settle()
		}),
		Truth: func(r stage.RST) stage.Label {
			return stage.Label{Cause: timedOut, Detail: "", AlsoOK: []string{unknown, crash}, Why: "the server had given up " +
				"on its resent SYN-ACK; the client's request met no connection"}
		},
	}, map[string]stage.Spec{
		"":    {Server: []string{"net.ipv4.tcp_synack_retries=1"}},
		"-v6": {V6: true, Server: []string{"net.ipv4.tcp_synack_retries=1"}},
	})
}

// blackHoles: only full-size segments are lost.
func blackHoles() []stage.Situation {
	return vary(stage.Situation{
		Name: "mtu-black-hole", Rule: "mtu-black-hole",
		Says: "A link on the way carries 1400 bytes, and the router's ICMP is filtered: small segments pass, full-size " +
			"ones vanish. The client resends and aborts after 5 s (SO_LINGER 0).",
		Run: scene(func(t *story) {
			must(t.Router.NFT(`table inet lab {
				chain output { type filter hook output priority 0; meta l4proto { icmp, icmpv6 } drop; }
			}`))
			t.serve(8080, "accept", httpProtocol.serve(2, 300), "drain", "wait never")
			t.dial(httpProtocol.ask(2, 300), send(post(40000)), "sleep 60ms", "fill 40000", "sleep 5s", "reset")
			t.says(t.client, "end")
			t.settle()
		}),
		Truth: func(r stage.RST) stage.Label {
			l := stage.Label{Cause: timedOut, Detail: "mtu-black-hole", Why: "the client gave up on full-size segments that " +
				"never arrived"}
			if r.Point == "server" {
				l = blind(l, fast, crash)
			}
			return l
		},
	}, map[string]stage.Spec{"": {FarMTU: 1400}, "-v6": {V6: true, FarMTU: 1400, Near: 6 * time.Millisecond}})
}
