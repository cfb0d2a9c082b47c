//go:build linux

package main

import (
	"fmt"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
)

func fastCloses() []stage.Situation {
	var out []stage.Situation
	for _, part := range [][]stage.Situation{abortiveCloses(), finAndReset(), keepaliveRaces(), tlsGoodbyes(),
		idleReleases(), lateGoodbyes()} {
		out = append(out, part...)
	}
	return out
}

// abortiveCloses: SO_LINGER 0 after a finished exchange.
func abortiveCloses() []stage.Situation {
	var out []stage.Situation
	for i, p := range protocols {
		for _, who := range []string{"client", "server"} {
			s := stage.Situation{
				Name: who + "-abortive-close-" + p.name, Keep: []string{"client", "server", "any"},
				Spec: stage.Spec{V6: i == 1, NoTS: i == 2 && who == "client", ServerTTL: 64 << (i % 2),
					Near: time.Duration(1+2*i) * time.Millisecond, Far: time.Duration(30-9*i) * time.Millisecond},
				Says: "Three exchanges, all acknowledged; then the " + who + " closes with SO_LINGER 0.",
				Run: scene(func(t *story) {
					end := map[bool]string{true: "reset", false: "eof"}
					t.serve(p.port, "accept", p.serve(3, 200+900*i), "sleep 120ms", end[who == "server"], "close")
					t.dial(p.ask(3, 200+900*i), "sleep 90ms", end[who == "client"], "close")
					t.ends()
				}),
				Truth: all(fast, "abortive-close", "SO_LINGER 0 after a finished exchange"),
			}
			if i == 0 && who == "client" {
				s.Rule, s.NearMiss, s.Keep = "abortive-close", "abort-mid-transfer", nil
			}
			if i == 1 && who == "server" {
				s.NearMiss = "unread-data"
			}
			out = append(out, s)
		}
	}
	out = append(out, stage.Situation{
		Name: "disconnect-after-exchange", Spec: stage.Spec{V6: false, Far: 12 * time.Millisecond},
		Says: "One exchange, all acknowledged; then the client dissolves the connection with connect(AF_UNSPEC).",
		Run: scene(func(t *story) {
			t.serve(6379, "accept", redisProtocol.serve(1, 900), "eof", "close")
			t.dial(redisProtocol.ask(1, 900), "sleep 100ms", "disconnect")
			t.ends()
		}),
		Truth: all(fast, "abortive-close", "the client dissolved the connection after a finished exchange"),
	}, stage.Situation{
		Name: "abortive-close-at-once", Keep: []string{"client", "server"},
		Says: "The client closes with SO_LINGER 0 the moment that it has read the whole response; no ACK of its own left " +
			"before.",
		Run: scene(func(t *story) {
			t.serve(8080, "accept", httpProtocol.serve(1, 300), "eof", "close")
			t.dial(httpProtocol.ask(1, 300), "reset")
			t.ends()
		}),
		Truth: all(fast, "", "SO_LINGER 0 after a finished exchange", crash),
	})
	return out
}

// finAndReset: FIN and RST share a close that both sides wanted.
func finAndReset() []stage.Situation {
	var out []stage.Situation
	for i, p := range protocols {
		s := stage.Situation{
			Name: "reset-instead-of-fin-" + p.name, Keep: []string{"client", "server", "snap"},
			Spec: stage.Spec{V6: i == 2, ClientTTL: 128},
			Says: "After its exchange the client closes; the server answers its FIN with a close under SO_LINGER 0.",
			Run: scene(func(t *story) {
				t.serve(p.port, "accept", p.serve(2, 500), "eof", "reset")
				t.dial(p.ask(2, 500), fmt.Sprintf("sleep %dms", 20+200*i), "close")
				t.ends()
			}),
			Truth: all(fast, "reset-instead-of-fin", "SO_LINGER 0 close in answer to the peer's FIN, after a finished exchange"),
		}
		if i == 0 {
			s.Rule, s.NearMiss, s.Keep = "reset-instead-of-fin", "reset-after-fin", nil
		}
		out = append(out, s)
		s = stage.Situation{
			Name: "reset-after-fin-" + p.name, Keep: []string{"client", "server", "router"},
			Spec: stage.Spec{V6: i == 0, Far: time.Duration(6+8*i) * time.Millisecond},
			Says: "After its exchange the client sends FIN (shutdown) and aborts (SO_LINGER 0) before the server's FIN comes.",
			Run: scene(func(t *story) {
				t.serve(p.port, "accept", p.serve(2, 700), "eof", "sleep 400ms", "close")
				t.dial(p.ask(2, 700), "sleep 60ms", "shutdown", fmt.Sprintf("sleep %dms", 1+6*i), "reset")
				t.ends()
			}),
			// Beside the abort there may be an answer to the server's late ACK of the FIN.
			Truth: all(fast, "reset-after-fin", "SO_LINGER 0 close right behind the sender's own FIN, after a finished "+
				"exchange"),
		}
		if i == 0 {
			s.Rule, s.NearMiss, s.Keep = "reset-after-fin", "reset-instead-of-fin", nil
		}
		out = append(out, s)
	}
	out = append(out, stage.Situation{
		Name: "linger2-negative", Keep: []string{"client", "server"},
		Says: "The client's TCP_LINGER2 is negative: it sends FIN, and a RST once the FIN is acknowledged and the socket " +
			"closed.",
		Run: scene(func(t *story) {
			t.serve(8080, "accept", httpProtocol.serve(1, 500), "eof", "sleep 300ms", "close")
			t.dial("set linger2 -1", httpProtocol.ask(1, 500), "sleep 60ms", "shutdown", "sleep 100ms", "close")
			t.ends()
		}),
		Truth: all(fast, "reset-after-fin", "close in FIN-WAIT-2 with TCP_LINGER2 < 0, after a finished exchange"),
	}, stage.Situation{
		Name: "reset-in-last-ack", Keep: []string{"client", "server", "any"},
		Says: "Both close; the server does so under SO_LINGER 0 while its own FIN is unacknowledged. The client's ACK " +
			"finds no socket.",
		Run: scene(func(t *story) {
			t.serve(8080, "accept", httpProtocol.serve(1, 500), "eof", "shutdown", "reset")
			t.dial(httpProtocol.ask(1, 500), "sleep 60ms", "close")
			t.ends()
		}),
		Truth: all(fast, "", "SO_LINGER 0 close right behind the sender's own FIN, after a finished exchange", unknown),
	})
	return out
}

// keepaliveRaces: the server closes an idle kept-alive connection, the client uses it once more.
func keepaliveRaces() []stage.Situation {
	var out []stage.Situation
	for i, idle := range []time.Duration{700 * time.Millisecond, 2 * time.Second, 5 * time.Second, 20 * time.Second} {
		for j, late := range []bool{false, true} {
			p := protocols[(i+j)%len(protocols)]
			name := map[bool]string{false: "crosses", true: "late"}[late]
			s := stage.Situation{
				Name: fmt.Sprintf("keepalive-race-%s-%v", name, idle), Keep: []string{"client", "server", "snap"},
				Spec: stage.Spec{V6: (i+j)%2 == 1, Near: time.Duration(1+i) * time.Millisecond,
					Far: time.Duration(15+5*i) * time.Millisecond},
				Says: fmt.Sprintf("Two exchanges; the server closes the idle connection after %v. The client's next request %s "+
					"its FIN.", idle, map[bool]string{false: "crosses", true: "comes after"}[late]),
				Run: scene(func(t *story) {
					t.serve(p.port, "accept", p.serve(2, 400), fmt.Sprintf("sleep %v", idle), "say closing", "close")
					// The FIN takes half a round trip; the request leaves before it arrives, or well after.
					t.dial(p.ask(2, 400, "sleep 30ms"), "wait go", send(p.request(2)), "eof", "close")
					t.says(t.server, "closing")
					if late {
						t.sleep(t.RTT() + 400*time.Millisecond)
					}
					t.client.Tell("go")
					t.ends()
				}),
				Truth: all(fast, "keepalive-race", "the server closed an idle kept-alive connection; the client's next request "+
					"met the closed socket", crash),
			}
			if i == 2 && !late {
				s.Rule, s.NearMiss, s.Keep = "keepalive-race", "idle-release", nil
			}
			out = append(out, s)
		}
	}
	return out
}

// tlsGoodbyes: both say close_notify.
func tlsGoodbyes() []stage.Situation {
	body := httpProtocol.response(0, 1200)
	var out []stage.Situation
	for i, version := range []string{"1.3", "1.2"} {
		for _, first := range []string{"server", "client"} {
			s := stage.Situation{
				Name: "close-notify-race-" + first + "-" + version, Keep: []string{"client", "server",
					"any"}, Spec: stage.Spec{V6: i == 1 && first == "client", Far: time.Duration(8+7*i) * time.Millisecond},
				Says: fmt.Sprintf("TLS %s: after the exchange the %s sends close_notify and closes; the other side's own "+
					"close_notify meets the closed socket.", version, first),
				Run: scene(func(t *story) {
					// The side that closes first closes its socket at once; the other notices and closes in turn.
					server, client := []any{"eof", "close"}, []any{"eof", "close"}
					if first == "server" {
						server = []any{"sleep 20ms", "close"}
					} else {
						client = []any{"sleep 20ms", "close"}
					}
					t.serve(443, "accept", "tls-server", "read 77", send(body), steps(server...))
					t.dial("tls-client "+version, send(httpProtocol.request(0)), fmt.Sprintf("read %d", len(body)), steps(client...))
					t.ends()
				}),
				Truth: all(fast, "close-notify-race", "both sides had said close_notify; the second one met the closed socket"),
			}
			if i == 0 && first == "server" {
				s.Rule, s.NearMiss, s.Keep = "close-notify-race", "tls-rejected", nil
			}
			out = append(out, s)
		}
	}
	out = append(out, stage.Situation{
		Name: "close-notify-late", Spec: stage.Spec{V6: true},
		Says: "The server says close_notify after an idle second and closes; the client notices only half a second later " +
			"and says its own.",
		Run: scene(func(t *story) {
			t.serve(443, "accept", "tls-server", "read 77", send(body), "sleep 1s", "close")
			t.dial("tls-client", send(httpProtocol.request(0)), fmt.Sprintf("read %d", len(body)), "sleep 1600ms", "close")
			t.ends()
		}),
		Truth: func(r stage.RST) stage.Label {
			if r.Sender == "client" {
				return stage.Label{Cause: fast, Why: "the client said close_notify and closed with the server's " +
					"close_notify unread"}
			}
			return stage.Label{Cause: fast, Detail: "close-notify-race", Why: "both sides had said close_notify; the second " +
				"one met the closed socket"}
		},
	}, stage.Situation{
		Name: "tls-reset-after-exchange", Keep: []string{"client", "server"},
		Says: "TLS 1.2: the exchange is complete and acknowledged; the client closes the TCP with SO_LINGER 0 and no " +
			"close_notify.",
		Run: scene(func(t *story) {
			t.serve(443, "accept", "tls-server", "read 77", send(body), "eof", "close")
			t.dial("tls-client 1.2", send(httpProtocol.request(0)), fmt.Sprintf("read %d", len(body)), "sleep 200ms", "reset")
			t.ends()
		}),
		Truth: all(fast, "abortive-close", "SO_LINGER 0 after a finished exchange", crash),
	})
	return out
}

// idleReleases: a pooled connection is dropped with SO_LINGER 0 after some idle time.
func idleReleases() []stage.Situation {
	var out []stage.Situation
	for i, idle := range []time.Duration{1500 * time.Millisecond, 4 * time.Second, 12 * time.Second, 33 * time.Second} {
		p := protocols[i%len(protocols)]
		who := []string{"client", "server"}[i%2]
		s := stage.Situation{
			Name: fmt.Sprintf("idle-release-%s-%v", who, idle), Keep: []string{"client", "server",
				"router"}, Spec: stage.Spec{V6: i%2 == 1, ServerTTL: 64 + 64*(i%2), NoTS: i == 3},
			Says: fmt.Sprintf("Exchanges, then %v of nothing; the %s drops the pooled connection with SO_LINGER 0.", idle, who),
			Run: scene(func(t *story) {
				if who == "client" {
					t.serve(p.port, "accept", p.serve(3, 350), "eof", "close")
					t.dial(p.ask(3, 350), fmt.Sprintf("sleep %v", idle), "reset")
				} else {
					t.serve(p.port, "accept", p.serve(3, 350), fmt.Sprintf("sleep %v", idle), "reset")
					t.dial(p.ask(3, 350), "eof", "close")
				}
				t.ends()
			}),
			Truth: all(fast, "idle-release", "SO_LINGER 0 on a pooled connection, long after its last exchange"),
		}
		if i == 2 {
			s.Rule, s.NearMiss, s.Keep = "idle-release", "keepalive-race", nil
		} else if i < 2 {
			s.NearMiss = []string{"application-timeout", "idle-reset"}[i]
		}
		out = append(out, s)
	}
	return out
}

// lateGoodbyes: a protocol's farewell meets a socket that was closed after the other's.
func lateGoodbyes() []stage.Situation {
	mail := []string{"EHLO lab.example\r\n", "MAIL FROM:<a@lab.example>\r\n", "RCPT TO:<b@shop.example>\r\n"}
	answers := []string{"250-mail.shop.example\r\n250 SIZE 1000000\r\n", "250 2.1.0 ok\r\n", "550 5.1.1 no such user\r\n"}
	smtp := func(serverEnd, clientEnd []any) func(*story) {
		return func(t *story) {
			server, client := []any{"accept", send("220 mail.shop.example ESMTP\r\n")}, []any{"line"}
			for i := range mail {
				server = append(server, "line", send(answers[i]))
				client = append(client, send(mail[i]), "line")
				if i == 0 {
					client = append(client, "line")
				}
			}
			t.serve(25, append(server, serverEnd...)...)
			t.dial(append(client, clientEnd...)...)
			t.ends()
		}
	}
	out := vary(stage.Situation{
		Name: "smtp-421-quit", Rule: "late-goodbye",
		Says: "The mail server says 421 and closes; the client's QUIT meets the closed socket.",
		Run: scene(smtp([]any{"sleep 100ms", send("421 4.4.2 mail.shop.example closing\r\n"),
			"close"}, []any{"line", "sleep 20ms", send("QUIT\r\n"), "eof", "close"})),
		Truth: byPayload(all(fast, "late-goodbye", "both sides had said goodbye; the second farewell met the closed socket")),
	}, map[string]stage.Spec{"": {}, "-v6": {V6: true, Far: 40 * time.Millisecond}})
	quit := func(port int, greet, ask, answer, bye, answered string, clientEnd ...any) func(*story) {
		return func(t *story) {
			t.serve(port, "accept", send(greet), "line", send(answer), "line", send(answered), "close")
			t.dial("line", send(ask), "line", send(bye), steps(clientEnd...))
			t.ends()
		}
	}
	out = append(out, stage.Situation{
		Name: "ftp-quit-reset", Keep: []string{"client", "server"},
		Says: "FTP: the client says QUIT, the server 221; the client then aborts (SO_LINGER 0) in place of a FIN.",
		Run: scene(quit(21, "220 ready\r\n", "NOOP\r\n", "200 ok\r\n", "QUIT\r\n",
			"221 bye\r\n", "line", "sleep 2ms", "reset")),
		Truth: all(fast, "", "SO_LINGER 0 close after both sides had said goodbye"),
	}, stage.Situation{
		Name: "smtp-quit-then-more", NearMiss: "late-goodbye", Keep: []string{"client", "server"},
		Spec: stage.Spec{Far: 20 * time.Millisecond},
		Says: "The mail server dies in mid-conversation (FIN without a word); the client's next command meets the closed " +
			"socket. This is no goodbye.",
		Run: scene(smtp([]any{"sleep 100ms", "close"}, []any{"sleep 300ms", send("RCPT TO:<c@shop.example>\r\n"),
			"eof", "close"})),
		Truth: byPayload(all(crash, "data-after-fin",
			"the server closed in mid-conversation; the next command met the closed socket", fast)),
	}, stage.Situation{
		Name: "server-refuses-521", Keep: []string{"client", "server"},
		Says: "The mail server greets with 521 and closes; the client's EHLO, which it sent without waiting, meets the " +
			"closed socket.",
		Run: scene(func(t *story) {
			t.serve(25, "accept", send("521 5.3.2 no mail here\r\n"), "close")
			t.dial("line", send("QUIT\r\n"), "eof", "close")
			t.ends()
		}),
		Truth: byPayload(all(fast, "late-goodbye",
			"the server had refused service and closed; the client's farewell met the closed socket")),
	})
	return out
}
