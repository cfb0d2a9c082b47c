//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
	"github.com/rstexplain/rstexplain/cmd/rstlab/wire"
)

// further are situations on the boundaries between the labels.
func further() []stage.Situation {
	var out []stage.Situation
	for _, part := range [][]stage.Situation{unused(), withdrawn(), cutByFirewall(), oddities(), onLoopback()} {
		out = append(out, part...)
	}
	return out
}

// unused: the originator drops a connection that it never used.
func unused() []stage.Situation {
	var out []stage.Situation
	for i, after := range []time.Duration{40 * time.Millisecond, 3 * time.Second} {
		out = append(out, stage.Situation{
			Name: fmt.Sprintf("unused-tls-dropped-%v", after), Keep: []string{"client", "server"}, Spec: stage.Spec{V6: i == 1},
			Says: fmt.Sprintf("A browser's spare connection: the TLS handshake is done, no request follows; after %v the "+
				"client drops it (SO_LINGER 0).", after),
			Run: scene(func(t *story) {
				t.serve(443, "accept", "tls-server", "eof", "close")
				t.dial("tls-client", "drain", fmt.Sprintf("sleep %v", after), "reset")
				t.ends()
			}),
			Truth: all(fast, "", "the originator dropped a connection that it had never used"),
		}, stage.Situation{
			Name: fmt.Sprintf("unused-dropped-%v", after+time.Second), Keep: []string{"client",
				"server"}, Spec: stage.Spec{V6: i == 0, Far: 16 * time.Millisecond},
			Says: fmt.Sprintf("A spare connection without a request is dropped by the client (SO_LINGER 0) "+
				"after %v.", after+time.Second),
			Run: scene(func(t *story) {
				t.serve(8080, "accept", "eof", "close")
				t.dial(fmt.Sprintf("sleep %v", after+time.Second), "reset")
				t.ends()
			}),
			Truth: all(fast, "", "the originator dropped a connection that it had never used"),
		})
	}
	return append(out, stage.Situation{
		Name: "banner-read-then-reset", Keep: []string{"client", "server"},
		Says: "A monitor reads the server's greeting, says nothing and closes with SO_LINGER 0.",
		Run: scene(func(t *story) {
			t.serve(22, "accept", send("SSH-2.0-OpenSSH_9.2\r\n"), "eof", "close")
			t.dial("line", "sleep 50ms", "reset")
			t.ends()
		}),
		Truth: all(fast, "", "the originator dropped a connection that it had never used, after the greeting", crash),
	}, stage.Situation{
		Name: "bgp-collision", Keep: []string{"client", "server"},
		Says: "Two BGP speakers have connected to each other at once; one drops the second connection with a Cease " +
			"notification and SO_LINGER 0.",
		Run: scene(func(t *story) {
			open, cease := bgp(1, 29), bgp(3, 21)
			t.serve(179, "accept", fmt.Sprintf("read %d", len(open)), send(open), "sleep 30ms", send(cease),
				"sleep 60ms", "reset")
			t.dial(send(open), "eof", "close")
			t.ends()
		}),
		Truth: all(fast, "", "one of two colliding connections was dropped on purpose", crash),
	})
}

func bgp(kind byte, size int) string {
	m := []byte(strings.Repeat("\xff", 16))
	m = append(binary.BigEndian.AppendUint16(m, uint16(size)), kind)
	for len(m) < size {
		m = append(m, 4+byte(len(m))%7)
	}
	return string(m)
}

// withdrawn: a side closes although something is open; the other answers its FIN with a RST.
func withdrawn() []stage.Situation {
	var out []stage.Situation
	for i, p := range protocols {
		out = append(out, stage.Situation{
			Name: "withdrawn-request-" + p.name, Keep: []string{"client", "server"},
			Spec: stage.Spec{V6: i == 1, Far: time.Duration(6+9*i) * time.Millisecond},
			Says: "The client closes although its request is unanswered; the server, which has read it, answers the FIN with " +
				"SO_LINGER 0.",
			Run: scene(func(t *story) {
				t.serve(p.port, "accept", p.serve(1, 200), fmt.Sprintf("read %d", len(p.request(1))), "eof", "reset")
				t.dial(p.ask(1, 200), send(p.request(1)), fmt.Sprintf("sleep %dms", 130+200*i), "close")
				t.ends()
			}),
			Truth: all(fast, "reset-instead-of-fin", "the peer had withdrawn its request with a FIN; the RST answers it", crash),
		}, stage.Situation{
			Name: "half-closed-request-" + p.name, Keep: []string{"client", "server"}, Spec: stage.Spec{V6: i == 2},
			Says: "The client sends its request and half-closes; the server answers completely and closes with SO_LINGER 0.",
			Run: scene(func(t *story) {
				t.serve(p.port, "accept", p.serve(1, 600), "eof", "sleep 90ms", "reset")
				t.dial(send(p.request(0)), "shutdown", "eof", "close")
				t.ends()
			}),
			Truth: all(fast, "", "SO_LINGER 0 close after the whole answer to a half-closed peer"),
		}, stage.Situation{
			Name: "data-long-after-fin-" + p.name, Keep: []string{"client", "server"},
			Spec: stage.Spec{V6: i == 0, ServerTTL: 128},
			Says: "The server closes in the middle of its second response; the client, which does not notice, asks on 3 " +
				"s later.",
			Run: scene(func(t *story) {
				half := p.response(1, 2000)
				t.serve(p.port, "accept", p.serve(1, 200), fmt.Sprintf("read %d", len(p.request(1))), send(half[:900]), "close")
				t.dial(p.ask(1, 200), send(p.request(1)), fmt.Sprintf("sleep %dms", 2600+400*i), send(p.request(2)),
					"sleep 60ms", "close")
				t.ends()
			}),
			Truth: cutResponse(p, func(r stage.RST) stage.Label {
				if r.Sender == "client" { // it had not read the half response
					return stage.Label{Cause: crash, AlsoOK: []string{fast}, Why: "the client closed with data unread, after the " +
						"server had closed in mid-response"}
				}
				return stage.Label{Cause: crash, Detail: "data-after-fin", Why: "the server had closed in mid-response; the " +
					"client's next request met the closed socket"}
			}),
		})
	}
	return out
}

// cutByFirewall: a rule appears while a connection is in use.
func cutByFirewall() []stage.Situation {
	return vary(stage.Situation{
		Name: "firewall-cuts-exchange", Keep: []string{"client", "server", "any"},
		Says: "In the middle of a conversation the router's nftables begins to reject what the client sends.",
		Run: scene(func(t *story) {
			p := opaqueProtocol
			t.serve(p.port, "accept", p.serve(8, 300), "drain", "wait never")
			t.dial(p.ask(4, 300, "sleep 40ms"), "say half", "wait go", send(p.request(4)), "eof", "close")
			t.says(t.client, "half")
			must(t.Router.NFT(fmt.Sprintf(rejectForward, fmt.Sprintf("tcp dport %d tcp flags & (fin|rst) == 0", p.port))))
			t.sleep(60 * time.Millisecond)
			t.client.Tell("go")
			t.says(t.client, "end")
			t.settle()
		}),
		Truth: onRouter(all(crash, "", "a firewall on the way cut the exchange in the server's name", unknown)),
	}, map[string]stage.Spec{"": {ServerTTL: 128}, "-v6": {V6: true, Far: 25 * time.Millisecond},
		"-same-initial-ttl": {Far: 12 * time.Millisecond}})
}

// oddities: rare but real.
func oddities() []stage.Situation {
	out := vary(stage.Situation{
		Name: "refused-syn-with-data", Keep: []string{"client", "server"},
		Says: "A SYN that carries data (as with TCP Fast Open) reaches a port without a listener: the RST acknowledges " +
			"the data too.",
		Run: scene(func(t *story) {
			for i := range 2 {
				raw(t.Client, t.Client.At(47001+i), t.Server.At(8443),
					wire.Forgery{SEQ: rand.Uint32(), Flags: wire.SYN, Window: 64240, Payload: []byte(httpProtocol.request(1))})
				t.sleep(80 * time.Millisecond)
			}
			t.settle()
		}),
		Truth: all(closedPort, "no-listener", "a SYN reached a port without a listener"),
	}, map[string]stage.Spec{"": {}, "-v6": {V6: true}})
	out = append(out, stage.Situation{
		Name: "nginx-send-timeout", Keep: []string{"client", "server", "router"},
		Says: "nginx with send_timeout 2s and reset_timedout_connection: the client asks for a large file and does not " +
			"read; its window closes.",
		Run: scene(func(t *story) {
			t.nginx(8080, "send_timeout 2s; reset_timedout_connection on;")
			t.dialWith([]string{"opt rcvbuf 8192"}, send(get("/big")), "sleep 3500ms", "close")
			t.says(t.client, "end")
			t.settle()
		}),
		Truth: func(r stage.RST) stage.Label {
			return stage.Label{Cause: timedOut, Detail: "zero-window", AlsoOK: []string{crash}, Why: "nginx gave up on a " +
				"window that stayed closed"}
		},
	}, stage.Situation{
		Name: "resets-lost", Keep: []string{"client", "server", "router"}, Spec: stage.Spec{Far: 12 * time.Millisecond},
		Says: "The server is killed with unread data and its RSTs are lost: the client resends, and each resend draws " +
			"another RST.",
		Run: scene(func(t *story) {
			lose(t.Near, func(d wire.Dir, f wire.Frame) bool { return d == wire.BtoA && f.TCP() && f.Flags()&wire.RST != 0 })
			t.serve(7400, "accept", opaqueProtocol.serve(1, 300), "hang")
			t.dial(opaqueProtocol.ask(1, 300), send(opaqueProtocol.request(1)), "sleep 250ms", send(opaqueProtocol.request(2)),
				"sleep 2500ms")
			t.sleep(200 * time.Millisecond)
			t.server.Kill()
			t.says(t.client, "end")
			t.settle()
		}),
		Truth: all(crash, "unread-data", "the socket was closed with unread data; its peer never got the RST and resent"),
	}, stage.Situation{
		Name: "socket-destroyed", Keep: []string{"client", "server"},
		Says: "An administrator destroys the server's idle socket (ss -K).",
		Run: scene(func(t *story) {
			t.serve(6379, "accept", redisProtocol.serve(2, 300), "eof", "close")
			t.dial(redisProtocol.ask(2, 300), "eof", "close")
			t.sleep(900 * time.Millisecond)
			if _, err := t.Server.Output("ss", "-K", "sport", "=", ":6379"); err != nil {
				must(err)
			}
			t.says(t.client, "end")
			t.settle()
		}),
		Truth: all(fast, "", "an administrator destroyed an idle connection", crash),
	})
	return out
}

// onLoopback: one host that talks to itself.
func onLoopback() []stage.Situation {
	v4, v6 := stage.Spec{Loopback: true}, stage.Spec{Loopback: true, V6: true}
	return []stage.Situation{{
		Name: "loopback-no-listener", Spec: v4, Keep: []string{"client"},
		Says: "A client connects to a local port where nothing listens.",
		Run: scene(func(t *story) {
			t.refused(t.Server.At(8443))
			t.sleep(50 * time.Millisecond)
			t.refused(t.Server.At(8443))
		}),
		Truth: all(closedPort, "no-listener", "a SYN reached a port without a listener"),
	}, {
		Name: "loopback-killed-unread", Spec: v6, Keep: []string{"client"},
		Says: "A local server is killed with a request unread.",
		Run: scene(func(t *story) {
			t.serve(8080, "accept", httpProtocol.serve(1, 300), "hang")
			t.dial(httpProtocol.ask(1, 300), send(httpProtocol.request(1)), "eof", "close")
			t.sleep(250 * time.Millisecond)
			t.server.Kill()
			t.says(t.client, "end")
			t.settle()
		}),
		Truth: all(crash, "unread-data", "the socket was closed with unread data in its queue, a request", fast),
	}, {
		Name: "loopback-data-after-fin", Spec: v4, Keep: []string{"client"},
		Says: "A local server is killed in mid-upload with nothing unread; the client sends on.",
		Run: scene(func(t *story) {
			t.serve(8080, "accept", "drain", "say up", "hang")
			t.dial(send(post(90000)), fmt.Sprintf("trickle 12 40ms %q", string(filler(500))))
			t.sleep(300 * time.Millisecond)
			t.server.Kill()
			t.says(t.client, "end")
			t.settle()
		}),
		Truth: all(crash, "data-after-fin", "the process was gone; its kernel had sent FIN in mid-exchange"),
	}, {
		Name: "loopback-abortive-close", Spec: v6, Keep: []string{"client"},
		Says: "A local client closes with SO_LINGER 0 after its exchange.",
		Run: scene(func(t *story) {
			t.serve(6379, "accept", redisProtocol.serve(2, 300), "eof", "close")
			t.dial(redisProtocol.ask(2, 300), "sleep 120ms", "reset")
			t.ends()
		}),
		Truth: all(fast, "abortive-close", "SO_LINGER 0 after a finished exchange"),
	}, {
		Name: "loopback-state-lost", Spec: v4, Keep: []string{"client"},
		Says: "A local server's connection is forgotten; the client asks on a moment later.",
		Run: scene(func(t *story) {
			t.serve(7400, "accept", opaqueProtocol.serve(2, 250), "sleep 150ms", "forget")
			t.dial(opaqueProtocol.ask(2, 250), "sleep 400ms", send(opaqueProtocol.request(2)), "eof", "close")
			t.ends()
		}),
		Truth: all(crash, "state-lost", "the host had lost the connection a moment ago", unknown),
	}}
}
