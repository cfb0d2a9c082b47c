//go:build linux

package main

import (
	"fmt"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
)

// lostStates: the host no longer has the connection; nothing was said on the wire.
func lostStates() []stage.Situation {
	var out []stage.Situation
	for _, p := range protocols {
		s := stage.Situation{
			Name: "state-lost-" + p.name, Spec: stage.Spec{V6: p.name == "redis", ServerTTL: 64 + 64*(len(p.name)%2)},
			Says: "After an exchange the server's host forgets the connection; the client's next request, a moment later, is " +
				"answered with a RST.",
			Run: scene(func(t *story) {
				t.serve(p.port, "accept", p.serve(2, 250), "sleep 150ms", "forget")
				t.dial(p.ask(2, 250), "sleep 350ms", send(p.request(3)), "eof", "close")
				t.ends()
			}),
			Truth: all(crash, "state-lost", "the host had lost the connection a moment ago", unknown),
		}
		switch p.name {
		case "http":
			s.Rule = "state-lost"
		case "redis":
			s.NearMiss = "wrong-host"
		}
		out = append(out, s)
	}
	out = append(out, vary(stage.Situation{
		Name: "host-restarted",
		Says: "A host with five connections loses them all at once, and its service is gone too: each connection's next " +
			"request is answered with a RST, a new SYN is refused.",
		Run: scene(func(t *story) {
			var script []any
			for i := range 5 {
				script = append(script, fmt.Sprintf("conn %d", i), "accept", fmt.Sprintf("read %d", len(opaqueProtocol.request(0))),
					send(opaqueProtocol.response(0, 200)))
			}
			script = append(script, "say all", "wait go")
			for i := range 5 {
				script = append(script, fmt.Sprintf("conn %d", i), "forget")
			}
			t.serve(7400, append(script, "close-listener")...)
			var ask, again []any
			for i := range 5 {
				ask = append(ask, fmt.Sprintf("conn %d", i), "connect "+t.Server.At(7400).String(),
					steps(opaqueProtocol.ask(1, 200)))
				again = append(again, fmt.Sprintf("conn %d", i), send(opaqueProtocol.request(1)), "sleep 30ms")
			}
			c, err := spawn(t.Client, steps(steps(ask...), "say asked", "wait go", steps(again...),
				"connect "+t.Server.At(7400).String(), "say end", "hang")...)
			must(err)
			t.client = c
			t.says(c, "asked")
			t.says(t.server, "all")
			t.server.Tell("go")
			t.says(t.server, "end")
			t.sleep(300 * time.Millisecond)
			c.Tell("go")
			t.says(c, "end")
			t.settle()
		}),
		Truth: func(r stage.RST) stage.Label {
			if r.Flags&0x10 != 0 { // RST+ACK: it answers the SYN
				return stage.Label{Cause: closedPort, Detail: "", Why: "a SYN reached the port after its service was gone"}
			}
			return stage.Label{Cause: crash, Detail: "state-lost", AlsoOK: []string{unknown}, Why: "the host had lost all " +
				"its connections a moment ago"}
		},
	}, map[string]stage.Spec{"": {}, "-v6": {V6: true, Far: 30 * time.Millisecond}})...)
	out = append(out, vary(stage.Situation{
		Name: "keepalive-finds-lost-state", Rule: "state-lost-keepalive", NearMiss: "keepalive-unanswered",
		Says: "The client's keep-alive probe reaches a host that has forgotten the connection.",
		Run: scene(func(t *story) {
			t.serve(7400, "accept", opaqueProtocol.serve(2, 300), "sleep 1500ms", "forget")
			t.dial("set keepalive 1 1 4", opaqueProtocol.ask(2, 300), "eof", "close")
			t.ends()
		}),
		Truth: all(crash, "state-lost-keepalive", "a keep-alive probe met a host that had lost the connection", unknown),
	}, map[string]stage.Spec{"": {}, "-v6": {V6: true}})...)
	out = append(out, stage.Situation{
		Name: "server-keepalive-finds-lost-client",
		Says: "The server's keep-alive probe reaches a client that has forgotten the connection.",
		Run: scene(func(t *story) {
			t.serve(8080, "accept", "set keepalive 1 1 4", httpProtocol.serve(1, 3000), "eof", "close")
			t.dial(httpProtocol.ask(1, 3000), "sleep 300ms", "forget")
			t.ends()
		}),
		Truth: all(crash, "state-lost-keepalive", "a keep-alive probe met a host that had lost the connection", unknown),
	}, stage.Situation{
		Name: "state-lost-under-push", NearMiss: "late-segment",
		Says: "A server that pushes messages loses its client: the client's host forgets the connection between two " +
			"messages.",
		Run: scene(func(t *story) {
			t.serve(7400, "accept", "read 37", fmt.Sprintf("trickle 12 80ms %q", opaqueProtocol.response(1, 120)))
			t.dial(send(opaqueProtocol.request(1)), "read 500", "forget")
			t.ends()
		}),
		Truth: all(crash, "state-lost", "the host had lost the connection a moment ago", unknown),
	})
	return out
}

// droppedAfterAccept: the responder drops a connection that the originator opened and did not use yet.
func droppedAfterAccept() []stage.Situation {
	truth := all(crash, "accepted-then-dropped", "the server dropped the connection right after it was accepted")
	out := vary(stage.Situation{
		Name: "accepted-then-reset", Rule: "accepted-then-dropped", NearMiss: "accept-queue-overflow",
		Says: "The server accepts and aborts at once (SO_LINGER 0), four times.",
		Run: scene(func(t *story) {
			t.serve(8080, "accept", "reset", "accept", "reset", "accept", "sleep 40ms", "reset", "accept", "reset")
			for range 4 {
				t.dial("eof", "close")
				t.says(t.client, "end")
			}
			t.settle()
		}),
		Truth: truth,
	}, map[string]stage.Spec{"": {}, "-v6": {V6: true, NoTS: true}, "-far": {Far: 60 * time.Millisecond}})
	return append(out, vary(stage.Situation{
		Name: "listener-closed-with-queue",
		Says: "A listener with three connections in its accept queue is closed: each is reset, and the next SYN is refused.",
		Run: scene(func(t *story) {
			t.serve(8080, "wait go", "close-listener")
			for range 3 {
				c, err := t.Client.Dial(t.Server.At(8080), time.Second)
				must(err)
				defer c.Close()
			}
			t.sleep(100 * time.Millisecond)
			t.server.Tell("go")
			t.says(t.server, "end")
			t.settle()
			t.refused(t.Server.At(8080))
		}),
		Truth: func(r stage.RST) stage.Label {
			if r.Reason == "NO_SOCKET" {
				return stage.Label{Cause: closedPort, Why: "a SYN reached the port after its listener was closed"}
			}
			return stage.Label{Cause: crash, Detail: "accepted-then-dropped", Why: "the listener was closed with the " +
				"connection in its accept queue"}
		},
	}, map[string]stage.Spec{"": {}, "-v6": {V6: true}})...)
}

// applicationTimeouts: a timer of an application runs out.
func applicationTimeouts() []stage.Situation {
	var out []stage.Situation
	for i, after := range []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second,
		30 * time.Second} {
		p := protocols[i%len(protocols)]
		s := stage.Situation{
			Name: fmt.Sprintf("client-timeout-%v-reset", after), Keep: []string{"client", "server"},
			Spec: stage.Spec{V6: i%2 == 1},
			Says: fmt.Sprintf("The server does not answer; after %v the client gives up and aborts (SO_LINGER 0).", after),
			Run: scene(func(t *story) {
				t.serve(p.port, "accept", p.serve(1, 200), "drain", "wait never")
				t.dial(p.ask(1, 200), send(p.request(1)), fmt.Sprintf("sleep %v", after), "reset")
				t.says(t.client, "end")
				t.settle()
			}),
			Truth: all(crash, "application-timeout", "a timer of the client ran out with its request open", fast),
		}
		if after == 5*time.Second {
			s.Rule = "application-timeout"
		}
		out = append(out, s)
	}
	for i, after := range []time.Duration{time.Second, 3 * time.Second, 15 * time.Second} {
		p := protocols[i%len(protocols)]
		out = append(out, stage.Situation{
			Name: fmt.Sprintf("client-timeout-%v-close", after), Keep: []string{"client", "server"},
			Spec: stage.Spec{V6: i%2 == 0},
			Says: fmt.Sprintf("The server is slow; after %v the client gives up and closes; the late response meets the "+
				"closed socket.", after),
			Run: scene(func(t *story) {
				t.serve(p.port, "accept", fmt.Sprintf("read %d", len(p.request(1))),
					fmt.Sprintf("sleep %v", after+180*time.Millisecond), send(p.response(1, 900)),
					"sleep 20ms", "close")
				t.dial(send(p.request(1)), fmt.Sprintf("sleep %v", after), "close")
				t.ends()
			}),
			Truth: all(crash, "application-timeout",
				"a timer of the client ran out with its request open; the late response met the closed socket"),
		})
	}
	out = append(out, stage.Situation{
		Name: "server-timeout-request", Keep: []string{"client", "server"},
		Says: "The client sends half a request and no more; after 2 s the server aborts (SO_LINGER 0).",
		Run: scene(func(t *story) {
			t.serve(8080, "accept", "read 30", "sleep 2s", "reset")
			t.dial(send(httpProtocol.request(1)[:30]), "eof", "close")
			t.ends()
		}),
		Truth: all(crash, "application-timeout",
			"a timer of the server ran out while it waited for the rest of a request", fast),
	})
	return out
}

// refusedTLS: the handshake of TLS ends badly.
func refusedTLS() []stage.Situation {
	out := vary(stage.Situation{
		Name: "client-hello-reset", Rule: "tls-rejected",
		Says: "The server reads the ClientHello and aborts (SO_LINGER 0).",
		Run: scene(func(t *story) {
			t.serve(443, "accept", "read 150", "drain", "sleep 5ms", "reset")
			t.dial("tls-client", "close")
			t.ends()
		}),
		Truth: all(crash, "tls-rejected", "the server aborted on the ClientHello", fast),
	}, map[string]stage.Spec{"": {}, "-v6": {V6: true, Far: 18 * time.Millisecond}})
	out = append(out, stage.Situation{
		Name: "client-hello-unread", Keep: []string{"client", "server", "router"},
		Says: "The server closes with the ClientHello unread.",
		Run: scene(func(t *story) {
			t.serve(443, "accept", "sleep 120ms", "close")
			t.dial("tls-client", "close")
			t.ends()
		}),
		Truth: all(crash, "tls-rejected", "the server closed with the ClientHello unread"),
	}, stage.Situation{
		Name: "certificate-refused", NearMiss: "close-notify-race",
		Says: "The client does not trust the server's certificate: it sends its alert and aborts.",
		Run: scene(func(t *story) {
			t.serve(443, "accept", "tls-server", "close")
			t.dial("tls-trust 1.2", "reset")
			t.ends()
		}),
		Truth: byPayload(all(crash, "tls-rejected", "the client refused the certificate and aborted")),
	}, stage.Situation{
		Name: "tls-version-refused", Spec: stage.Spec{V6: true},
		Says: "The server wants TLS 1.3, the client offers 1.2 at most: the server sends its alert and aborts.",
		Run: scene(func(t *story) {
			t.serve(443, "accept", "tls-server 1.3", "reset")
			t.dial("tls-client 1.2", "close")
			t.ends()
		}),
		Truth: byPayload(all(crash, "tls-rejected", "the server refused the version and aborted")),
	})
	return out
}
