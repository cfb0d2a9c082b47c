//go:build linux

package main

import (
	"fmt"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
)

func crashes() []stage.Situation {
	var out []stage.Situation
	for _, part := range [][]stage.Situation{dataAfterFIN(), unreadData(), earlyResponses(), cutTransfers(), lostStates(),
		droppedAfterAccept(), applicationTimeouts(), refusedTLS()} {
		out = append(out, part...)
	}
	return out
}

// dataAfterFIN: the process dies or closes with an empty receive queue; its kernel says FIN, and each
// later segment of the peer is answered with a RST.
func dataAfterFIN() []stage.Situation {
	why := "the process was gone; its kernel had sent FIN in mid-exchange, and the peer's data met the dead socket"
	truth := all(crash, "data-after-fin", why)
	upload := func(gap time.Duration, chunk, chunks int) func(*story) {
		return func(t *story) {
			t.serve(8080, "accept", "say up", "drain")
			c := t.dial(send(post(chunk*40)), fmt.Sprintf("trickle %d %v %q", chunks, gap, string(filler(chunk))))
			t.says(t.server, "up")
			t.sleep(6*gap + t.RTT())
			t.server.Kill()
			t.says(c, "end")
			t.settle()
		}
	}
	out := vary(stage.Situation{
		Name: "killed-during-upload", Rule: "data-after-fin",
		Says: "kill -9 of the server while it reads an upload and has read all that came; the client sends on.",
		Run:  scene(upload(40*time.Millisecond, 600, 14)), Truth: truth,
	}, map[string]stage.Spec{"": {}, "-v6": {V6: true, Near: 3 * time.Millisecond, Far: 15 * time.Millisecond}})
	out = append(out, vary(stage.Situation{
		Name: "killed-during-upload-fast",
		Says: "kill -9 of the server while it reads an upload; many segments are in flight, each draws its RST.",
		Run:  scene(upload(3*time.Millisecond, 900, 40)), Truth: truth,
	}, map[string]stage.Spec{"": {Far: 20 * time.Millisecond},
		"-v6": {V6: true, Far: 12 * time.Millisecond, NoTS: true}})...)
	for _, p := range protocols {
		out = append(out, stage.Situation{
			Name: "closed-before-request-" + p.name, Keep: []string{"client", "server", "snap"},
			Spec: stage.Spec{V6: p.name == "redis", Far: time.Duration(5+7*len(p.name)) * time.Millisecond},
			Says: "The server accepts and closes without a word, with nothing to read yet; the client's first request comes " +
				"after the FIN.",
			Run: scene(func(t *story) {
				t.serve(p.port, "accept", "sleep 30ms", "close")
				t.dial("sleep 150ms", send(p.request(1)), "eof", "close")
				t.ends()
			}),
			Truth: truth,
		}, stage.Situation{
			Name: "killed-in-response-" + p.name, Keep: []string{"client", "server", "router"},
			Spec: stage.Spec{V6: p.name == "http", Near: 4 * time.Millisecond},
			Says: "The server is killed when half of its second response is sent; the client, which pipelines, sends the " +
				"next requests after its FIN.",
			Run: scene(func(t *story) {
				half := p.response(2, 3000)
				t.serve(p.port, "accept", p.serve(1, 500), fmt.Sprintf("read %d", len(p.request(1))), send(half[:len(half)/2]),
					"say half", "hang")
				t.dial(p.ask(1, 500), send(p.request(1)), "sleep 150ms", send(p.request(2)), "sleep 60ms", send(p.request(3)))
				t.says(t.server, "half")
				t.sleep(40 * time.Millisecond)
				t.server.Kill()
				t.says(t.client, "end")
				t.settle()
			}),
			Truth: cutResponse(p, truth),
		})
	}
	out = append(out, vary(stage.Situation{
		Name: "worker-killed",
		Says: "One of two processes that share a port (SO_REUSEPORT) is killed in mid-upload; the port goes on listening.",
		Run: scene(func(t *story) {
			t.serveWith([]string{"opt reuseport 1"}, 8080, "accept", "say up", "drain")
			worker := t.server
			t.dial(send(post(90000)), fmt.Sprintf("trickle 16 40ms %q", string(filler(500))))
			t.says(worker, "up")
			t.serveWith([]string{"opt reuseport 1"}, 8080, "accept", "hang")
			t.sleep(200 * time.Millisecond)
			worker.Kill()
			t.says(t.client, "end")
			t.settle()
		}),
		Truth: truth,
	}, map[string]stage.Spec{"": {}, "-v6": {V6: true}})...)
	out = append(out, vary(stage.Situation{
		Name: "tls-killed-before-request",
		Says: "The server is killed right after the TLS handshake; the client's first request meets the dead socket.",
		Run: scene(func(t *story) {
			t.serve(443, "accept", "tls-server", "say up", "hang")
			t.dial("tls-client", "say up", "sleep 200ms", send(httpProtocol.request(1)), "sleep 50ms")
			t.says(t.server, "up")
			t.says(t.client, "up")
			t.sleep(60 * time.Millisecond)
			t.server.Kill()
			t.says(t.client, "end")
			t.settle()
		}),
		Truth: byPayload(truth),
	}, map[string]stage.Spec{"": {}, "-v6": {V6: true, Far: 25 * time.Millisecond}})...)
	out = append(out, stage.Situation{
		Name: "client-killed-before-response",
		Says: "The client is killed while it waits for a slow response; the response meets the dead socket.",
		Run: scene(func(t *story) {
			t.serve(8080, "accept", fmt.Sprintf("read %d", len(httpProtocol.request(1))), "say got",
				"sleep 300ms", send(httpProtocol.response(1, 6000)), "sleep 50ms")
			t.dial(send(httpProtocol.request(1)), "drain", "hang")
			t.says(t.server, "got")
			t.sleep(100 * time.Millisecond)
			t.client.Kill()
			t.says(t.server, "end")
			t.settle()
		}),
		Truth: all(crash, "data-after-fin", "the client's process was gone with a request open; the response met the "+
			"dead socket"),
	})
	return out
}

// cutResponse is truth for a response that was cut: only its own length tells, and in a language that
// nobody knows it may have been whole.
func cutResponse(p protocol, truth func(stage.RST) stage.Label) func(stage.RST) stage.Label {
	return func(r stage.RST) stage.Label {
		l := byPayload(truth)(r)
		if p.name == "opaque" {
			l = blind(l, fast)
		}
		return l
	}
}

// byPayload is truth that only the bytes of the data tell.
func byPayload(truth func(stage.RST) stage.Label) func(stage.RST) stage.Label {
	return func(r stage.RST) stage.Label {
		l := truth(r)
		l.Payload = true
		return l
	}
}

// unreadData: closing a socket with unread data makes the kernel say RST in place of FIN.
func unreadData() []stage.Situation {
	why := "the socket was closed with unread data in its queue"
	var out []stage.Situation
	for _, p := range protocols {
		for _, how := range []string{"killed", "closed"} {
			s := stage.Situation{
				Name: how + "-unread-" + p.name, Keep: []string{"client", "server", "any"},
				Spec: stage.Spec{V6: p.name == "opaque", ClientTTL: 128, Far: time.Duration(len(p.name)) * 4 * time.Millisecond},
				Says: "The server answers one request, then stops reading; the next request waits in its queue " +
					"when it is " + how + ".",
				Run: scene(func(t *story) {
					t.serve(p.port, "accept", p.serve(1, 300), "wait go", "close")
					t.dial(p.ask(1, 300), send(p.request(2)), "say asked", "eof", "close")
					t.says(t.client, "asked")
					t.sleep(t.RTT() + 120*time.Millisecond)
					if how == "killed" {
						t.server.Kill()
					} else {
						t.server.Tell("go")
					}
					t.says(t.client, "end")
					t.settle()
				}),
				Truth: all(crash, "unread-data", why+", a request", fast),
			}
			if p.name == "http" && how == "killed" {
				s.Rule = "unread-data"
				s.Keep = nil
			}
			out = append(out, s)
		}
	}
	out = append(out, vary(stage.Situation{
		Name: "killed-unread-upload", NearMiss: "early-response",
		Says: "The server is killed while an upload fills its queue; further segments in flight draw further RSTs.",
		Run: scene(func(t *story) {
			t.serve(8080, "accept", "say up", "sleep 10s")
			t.dial(send(post(400000)), fmt.Sprintf("trickle 60 2ms %q", string(filler(1200))))
			t.says(t.server, "up")
			t.sleep(t.RTT() + 70*time.Millisecond)
			t.server.Kill()
			t.says(t.client, "end")
			t.settle()
		}),
		Truth: all(crash, "unread-data", why+", part of an upload"),
	}, map[string]stage.Spec{"": {Far: 15 * time.Millisecond}, "-v6": {V6: true, NoTS: true},
		"-offload": {Offload: true, ServerTTL: 128}})...)
	out = append(out, stage.Situation{
		Name: "killed-with-closed-window", NearMiss: "zero-window",
		Says: "The server does not read until its window closes, and is killed while the client probes: the reader " +
			"resets, not the prober.",
		Run: scene(func(t *story) {
			t.serveWith([]string{"opt rcvbuf 8192"}, 7400, "accept", "hang")
			t.dial("fill 24000", "eof", "close")
			t.sleep(1500 * time.Millisecond)
			t.server.Kill()
			t.says(t.client, "end")
			t.settle()
		}),
		Truth: all(crash, "unread-data", why),
	}, stage.Situation{
		Name: "killed-unread-tls", NearMiss: "data-after-fin",
		Says: "After the TLS handshake the server is killed with the client's first request unread.",
		Run: scene(func(t *story) {
			t.serve(443, "accept", "tls-server", "say up", "hang")
			t.dial("tls-client 1.2", "say up", send(httpProtocol.request(1)), "eof", "close")
			t.says(t.server, "up")
			t.says(t.client, "up")
			t.sleep(120 * time.Millisecond)
			t.server.Kill()
			t.says(t.client, "end")
			t.settle()
		}),
		Truth: all(crash, "unread-data", why+", a request", fast),
	}, stage.Situation{
		Name: "client-closed-unread-response", Keep: []string{"client", "server", "router"},
		Says: "The client closes with the whole response of its request unread. On the wire this is an abortive close " +
			"after a finished exchange.",
		Run: scene(func(t *story) {
			t.serve(8080, "accept", httpProtocol.serve(1, 2500), "eof", "close")
			t.dial(send(httpProtocol.request(0)), "sleep 250ms", "close")
			t.ends()
		}),
		Truth: func(stage.RST) stage.Label {
			return blind(stage.Label{Cause: crash, Why: why + ", the response"}, fast)
		},
	}, stage.Situation{
		Name: "mptcp-killed-unread", Keep: []string{"client", "server", "router"},
		Says: "The same with Multipath TCP: the server is killed with unread data, and says MP_FASTCLOSE.",
		Run: scene(func(t *story) {
			t.serveWith([]string{"opt mptcp 1"}, 8080, "accept", "say up", "hang")
			t.dialWith([]string{"opt mptcp 1"}, send(post(20000)), fmt.Sprintf("fill %d", 20000), "eof", "close")
			t.says(t.server, "up")
			t.sleep(150 * time.Millisecond)
			t.server.Kill()
			t.says(t.client, "end")
			t.settle()
		}),
		Truth: all(crash, "unread-data", why),
	})
	return out
}

// earlyResponses: the server has answered and closed before it read the request's body.
func earlyResponses() []stage.Situation {
	answer := "HTTP/1.1 413 Content Too Large\r\nServer: lab\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
	early := func(body, gap string) func(*story) {
		return func(t *story) {
			t.serve(8080, "accept", fmt.Sprintf("read %d", len(post(300000))), send(answer), "sleep "+gap, "close")
			t.dial(send(post(300000)), body, "eof", "close")
			t.ends()
		}
	}
	truth := all(crash, "early-response", "the server answered and closed while the upload ran unread", fast)
	out := vary(stage.Situation{
		Name: "early-response", Rule: "early-response",
		Says: "The server answers 413 to an upload's header and closes at once, with the body on its way unread.",
		Run:  scene(early(fmt.Sprintf("trickle 60 1ms %q", string(filler(1400))), "5ms")), Truth: truth,
	}, map[string]stage.Spec{"": {}, "-v6": {V6: true, Far: 25 * time.Millisecond}})
	return append(out, stage.Situation{
		Name: "early-response-slow",
		Says: "The server answers 413 to an upload's header, waits a moment and closes, with a part of the body unread.",
		Run:  scene(early(fmt.Sprintf("trickle 30 12ms %q", string(filler(700))), "150ms")), Truth: truth,
	})
}

// cutTransfers: an end aborts while a response is under way.
func cutTransfers() []stage.Situation {
	cancel := func(body int, how string) func(*story) {
		return func(t *story) {
			t.serve(8080, "accept", fmt.Sprintf("read %d", len(httpProtocol.request(1))), send(head(body)),
				fmt.Sprintf("trickle %d 2ms %q", body/2000, string(filler(2000))))
			t.dial(send(httpProtocol.request(1)), "read 12000", "say some", how)
			t.says(t.client, "some")
			if how == "hang" {
				t.client.Kill()
			}
			t.says(t.server, "end")
			t.settle()
		}
	}
	truth := func(r stage.RST) stage.Label {
		return stage.Label{Cause: crash, Detail: "abort-mid-transfer", AlsoOK: []string{fast}, Why: "the client aborted in " +
			"the middle of a response"}
	}
	out := vary(stage.Situation{
		Name: "client-killed-in-download", Rule: "abort-mid-transfer",
		Says: "The client is killed in the middle of a download with unread data; what is in flight draws further RSTs.",
		Run:  scene(cancel(120000, "hang")), Truth: truth,
	}, map[string]stage.Spec{"": {}, "-v6": {V6: true, Far: 20 * time.Millisecond}, "-offload": {Offload: true}})
	out = append(out, stage.Situation{
		Name: "client-cancels-download", NearMiss: "abortive-close",
		Says: "The client aborts (SO_LINGER 0) in the middle of a download.",
		Run:  scene(cancel(90000, "reset")), Truth: truth,
	}, stage.Situation{
		Name: "client-closes-in-download",
		Says: "The client closes in the middle of a download with data unread.",
		Spec: stage.Spec{Near: 6 * time.Millisecond, ServerTTL: 255},
		Run:  scene(cancel(90000, "close")), Truth: truth,
	})
	for _, p := range protocols {
		out = append(out, stage.Situation{
			Name: "server-aborts-response-" + p.name, Keep: []string{"client", "server", "snap"},
			Spec: stage.Spec{V6: p.name == "opaque"},
			Says: "The server aborts (SO_LINGER 0) when half of a response is sent and acknowledged.",
			Run: scene(func(t *story) {
				resp := p.response(1, 8000)
				t.serve(p.port, "accept", fmt.Sprintf("read %d", len(p.request(1))), send(resp[:len(resp)/2]),
					"sleep 150ms", "reset")
				t.dial(send(p.request(1)), "eof", "close")
				t.ends()
			}),
			Truth: cutResponse(p, all(crash, "abort-mid-transfer",
				"the server aborted when half of its response was sent", fast)),
		})
	}
	return out
}
