//go:build linux

package article

import (
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/actor"
	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
	"github.com/rstexplain/rstexplain/cmd/rstlab/wire"
)

// Experiments lists all that can be played.
func Experiments() []*Experiment {
	var all []*Experiment
	all = append(all, connecting()...)
	all = append(all, answering()...)
	all = append(all, encrypted()...)
	all = append(all, uploading()...)
	all = append(all, pooled()...)
	all = append(all, lost()...)
	all = append(all, leaving()...)
	all = append(all, okhttpExperiments()...)
	return all
}

// during names what is done at one pause of the program.
func during(where string, do func(*Scene, *actor.Process) error) map[string]func(*Scene, *actor.Process) error {
	return map[string]func(*Scene, *actor.Process) error{where: do}
}

// connecting: the connection does not come about.
func connecting() []*Experiment {
	return []*Experiment{
		{
			Name: "refused", Title: "Nothing listens on the port",
			Made: "Each program asks for a page on a port of the server where nothing listens.",
			Notice: "One SYN, one RST+ACK with SEQ 0 a round trip later. HAProxy tries again (retries 3) and draws a RST " +
				"each time.",
			Play: matrix{proxies: true}.play,
		},
		{
			Name: "connect-unanswered", lossy: true, Title: "The SYN is never answered",
			Made: `The wire drops every SYN; the client's kernel resends it once (net.ipv4.tcp_syn_retries=1) and gives up after 3 s.
				No program has a connect timeout of its own that is shorter.`,
			Notice: "No RST anywhere: the errno is ETIMEDOUT, and the capture holds resent SYNs alone.",
			Spec:   stage.Spec{Client: []string{"net.ipv4.tcp_syn_retries=1"}},
			Play: func(s *Scene) error {
				s.Near.SetHook(func(d wire.Dir, f wire.Frame) wire.Verdict {
					return wire.Verdict{Drop: d == wire.AtoB && f.TCP() && f.Flags()&wire.SYN != 0}
				})
				return matrix{proxies: true}.play(s)
			},
		},
		{
			Name: "connect-given-up", lossy: true, Title: "The connect timeout of the program ends before the SYN-ACK comes",
			Made: "The wire holds each SYN-ACK back for 600 ms; the programs give up after 300 ms.",
			Notice: "SYN, nothing for 600 ms, SYN-ACK, and the client's kernel, which no longer knows the connection, " +
				"answers with a RST without ACK.",
			Play: func(s *Scene) error {
				s.Near.SetHook(func(d wire.Dir, f wire.Frame) wire.Verdict {
					if d == wire.BtoA && f.TCP() && f.Flags()&wire.SYN != 0 {
						return wire.Verdict{Extra: 600 * time.Millisecond}
					}
					return wire.Verdict{}
				})
				return matrix{plan: "serve", needs: []string{"timeouts"}, proxies: true,
					settings: Settings{"connect-timeout": "300"},
					after:    func(s *Scene, _ *actor.Process) error { time.Sleep(700 * time.Millisecond); return nil }}.play(s)
			},
			Labels: map[string]stage.Label{
				"client": label(unknownConnection, "", "SYN-ACK for a connect() that was given up"),
			},
		},
		{
			Name: "killed-during-handshake", Title: "The server is killed before the third step of the handshake arrives",
			Made: "The program is held back as soon as its connect has succeeded; the server process is killed within the " +
				"same round trip, before it could accept.",
			Notice: "SYN, SYN-ACK, ACK, RST: the third ACK, or the connection that waits to be accepted, meets a listener " +
				"that is closing.",
			Spec: stage.Spec{Near: 20 * time.Millisecond, Far: 40 * time.Millisecond},
			Play: matrix{plan: "serve", needs: []string{"pause"}, without: []*Program{curl},
				settings: Settings{"pause": "connected"},
				on: during("connected", func(s *Scene, v *actor.Process) error {
					v.Kill()
					s.rest()
					return nil
				})}.play,
			Labels: map[string]stage.Label{
				"server": blind(label(peerCrash, "accepted-then-dropped",
					"killed while the handshake was under way: the third ACK met no socket", closedPort)),
				"server TCP_STATE": label(peerCrash, "accepted-then-dropped",
					"killed with the connection waiting to be accepted"),
				"server TCP_ABORT_ON_CLOSE": label(peerCrash, "unread-data",
					"killed with the request waiting in a connection not yet accepted", fastClose),
				"server TCP_TIMEWAIT_SOCKET": label(peerCrash, "data-after-fin", "killed before the request came"),
				"server TCP_ABORT_ON_DATA":   label(peerCrash, "data-after-fin", "killed before the request came"),
			},
		},
	}
}

// answering: plain HTTP/1.1, the server ends in the place of an answer or in the middle of it.
func answering() []*Experiment {
	const abort = "SO_LINGER 0 close with the request unanswered"
	const unaccepted = "killed while a connection waited to be accepted"
	return []*Experiment{
		{
			Name: "killed-before-request", Title: "The server is killed between connect and request",
			Made: `The program is held back between connect and request (curl by strace, the others by their own hooks);
				the server process is killed, then the program goes on.`,
			Notice: `FIN first, since the kernel closes what the process had open; the request then meets the dead socket and draws a RST without ACK.
				The program sees the FIN's end of file, not the RST. HttpURLConnection tries again by itself and meets a closed port.`,
			Play: matrix{plan: "hold:connected", needs: []string{"pause"}, settings: Settings{"pause": "connected"},
				on: during("connected", kill)}.play,
			Labels: byServer(peerCrash, "data-after-fin", "killed before the request came"),
		},
		{
			Name: "reset-before-response", Title: "The server resets instead of answering",
			Made: "The server reads the request, then closes with SO_LINGER {1,0}.",
			Notice: "RST+ACK in the active form, with the connection's timestamps and a window, right after the request. " +
				"Clients that retry draw the same again.",
			Play:   matrix{plan: "head reset", proxies: true}.play,
			Labels: byServer(peerCrash, "", abort, fastClose),
		},
		{
			Name: "killed-with-request-unread", Title: "The server is killed with the request unread",
			Made: "The request is in the server's receive queue, still unread, and the process kills itself with " +
				"SIGKILL.",
			Notice: "The same RST as a deliberate abort: the kernel alone knows (TCP_ABORT_ON_CLOSE). A retry meets a " +
				"closed port.",
			Play:   matrix{plan: "arrive kill", proxies: true}.play,
			Labels: byServer(peerCrash, "unread-data", "killed with unread data", fastClose),
		},
		{
			Name: "killed-after-request", Title: "The server is killed after it has read the request",
			Made: "The server reads the request and kills itself with SIGKILL.",
			Notice: "A clean FIN in the place of an answer, no RST: the program tells of an end of file. Retries meet a " +
				"closed port.",
			Play:   matrix{plan: "head kill", proxies: true}.play,
			Labels: byServer(peerCrash, "accepted-then-dropped", unaccepted),
		},
		{
			Name: "killed-in-body", Title: "The server is killed in the middle of a response",
			Made: "The server announces 20000 bytes, sends 512 of them and kills itself with SIGKILL.",
			Notice: "FIN after 512 bytes, mostly no RST. HttpURLConnection takes the truncated body for a complete one and " +
				"says nothing.",
			Play:   matrix{plan: "head body:512:20000 sleep:100ms kill", proxies: true}.play,
			Labels: byServer(peerCrash, "accepted-then-dropped", unaccepted),
		},
		{
			Name: "reset-in-body", Title: "The server resets in the middle of a response",
			Made:   "The server announces 20000 bytes, sends 512 of them and closes with SO_LINGER {1,0}.",
			Notice: "RST+ACK in the active form after part of the body.",
			Play:   matrix{plan: "head body:512:20000 sleep:100ms reset", proxies: true}.play,
			Labels: map[string]stage.Label{"server": byPayload(label(peerCrash, "abort-mid-transfer",
				"SO_LINGER 0 close in mid-response", fastClose))},
		},
		{
			Name: "read-timeout", Title: "The program gives up waiting for the response",
			Made: "The server answers after 900 ms, the programs wait 400 ms.",
			Notice: "The client sends FIN while its request is unanswered; the late response meets the closed socket and " +
				"draws a RST.",
			Play: matrix{plan: "head sleep:900ms body:5:5", needs: []string{"timeouts"}, proxies: true,
				settings: Settings{"read-timeout": "400"},
				after:    func(s *Scene, _ *actor.Process) error { time.Sleep(800 * time.Millisecond); return nil }}.play,
			Labels: map[string]stage.Label{"client": label(peerCrash, "application-timeout",
				"closed on the program's own timeout, then the response came", fastClose)},
		},
	}
}

// encrypted: the same over TLS, and with an HTTP/2 stream open.
func encrypted() []*Experiment {
	tls, h2 := []string{"tls"}, []string{"h2"}
	h2Settings := Settings{"protocol": "h2"}
	const goodbye = "the client's goodbye met the dead socket of a cut exchange"
	return []*Experiment{
		{
			Name: "tls-reset-in-handshake", Title: "The server resets in answer to the ClientHello",
			Made:   "The server waits for the ClientHello and closes with SO_LINGER {1,0}.",
			Notice: "ClientHello, RST. What the programs say does not always show that TLS was about to begin.",
			Play:   matrix{plan: "arrive reset tls", needs: tls}.play,
			Labels: byServer(peerCrash, "tls-rejected", "SO_LINGER 0 close after the ClientHello", fastClose),
		},
		{
			Name: "tls-closed-in-handshake", Title: "The server closes in answer to the ClientHello",
			Made:   "The server reads the ClientHello and closes.",
			Notice: "ClientHello, FIN. Clients that send an alert or data after it draw a RST.",
			Play:   matrix{plan: "arrive sleep:30ms read:5 close tls", needs: tls}.play,
			Labels: byServer(peerCrash, "", "closed in the TLS handshake, then the client's alert came", fastClose),
		},
		{
			Name: "tls-certificate-refused", Title: "The client does not trust the server's certificate",
			Made: "The clients are not given the authority that signed the server's certificate.",
			Notice: "The client ends the handshake; who resets depends on whether an alert was sent, and on what the other " +
				"still sends.",
			Play: matrix{plan: "tls head", needs: tls, settings: Settings{"ca": ""}}.play,
			Labels: map[string]stage.Label{
				"server": label(peerCrash, "tls-rejected", "the handshake failed on the client's side", fastClose),
				"client": label(peerCrash, "tls-rejected", "the client refused the certificate and closed", fastClose),
			},
		},
		{
			Name: "tls-killed-after-request", Title: "The server is killed after it has read the request, over TLS",
			Made:   "As killed-after-request, over TLS 1.3.",
			Notice: "FIN without close_notify; the client's own close_notify meets the dead socket and draws a RST.",
			Play:   matrix{plan: "tls head kill", needs: tls}.play,
			Labels: byServer(peerCrash, "data-after-fin", goodbye, fastClose),
		},
		{
			Name: "tls-reset-before-response", Title: "The server resets instead of answering, over TLS",
			Made: "As reset-before-response, over TLS 1.3.",
			Play: matrix{plan: "tls head reset", needs: tls}.play, Notice: "The RST looks as without TLS.",
			Labels: byServer(peerCrash, "", "SO_LINGER 0 close with the request unanswered", fastClose),
		},
		{
			Name: "tls-killed-in-body", Title: "The server is killed in the middle of a response, over TLS",
			Made: "As killed-in-body, over TLS 1.3.", Notice: "FIN without close_notify, then the client's close_notify and " +
				"its RST.",
			Play:   matrix{plan: "tls head body:512:20000 sleep:100ms kill", needs: tls}.play,
			Labels: map[string]stage.Label{"server": blind(label(peerCrash, "data-after-fin", goodbye, fastClose))},
		},
		{
			Name: "tls-reset-in-body", Title: "The server resets in the middle of a response, over TLS",
			Made: "As reset-in-body, over TLS 1.3.", Notice: "Python's ssl module tells of an end of file, not of a reset: " +
				"suppress_ragged_eofs.",
			Play: matrix{plan: "tls head body:512:20000 sleep:100ms reset", needs: tls}.play,
			Labels: map[string]stage.Label{"server": blind(label(peerCrash, "abort-mid-transfer",
				"SO_LINGER 0 close in mid-response", fastClose))},
		},
		{
			Name: "h2-killed-before-response", Title: "The server is killed with an HTTP/2 stream open",
			Made: "HTTP/2 over TLS; the server kills itself when the request's HEADERS have come.", Notice: "What is sent " +
				"after the FIN (SETTINGS acknowledgement, close_notify) draws the RST.",
			Play: matrix{plan: "tls h2 kill", needs: h2, alpn: "h2", settings: h2Settings}.play,
			Labels: map[string]stage.Label{"server": blind(label(peerCrash, "data-after-fin", goodbye, fastClose)),
				"server TCP_ABORT_ON_CLOSE": blind(label(peerCrash, "unread-data", "killed with unread frames", fastClose))},
		},
		{
			Name: "h2-reset-before-response", Title: "The server resets with an HTTP/2 stream open",
			Made: "HTTP/2 over TLS; the server closes with SO_LINGER {1,0} when the request's HEADERS " +
				"have come.", Notice: "One RST for all streams of the connection.",
			Play: matrix{plan: "tls h2 reset", needs: h2, alpn: "h2", settings: h2Settings}.play,
			Labels: map[string]stage.Label{"server": blind(label(peerCrash, "",
				"SO_LINGER 0 close with a stream open", fastClose))},
		},
		{
			Name: "h2-killed-in-body", Title: "The server is killed in the middle of an HTTP/2 response",
			Made: "HTTP/2 over TLS; killed after 512 of 20000 bytes.", Notice: "FIN without GOAWAY or close_notify. Node's " +
				"http2 ends the stream without an error event.",
			Play:   matrix{plan: "tls h2 body:512:20000 sleep:100ms kill", needs: h2, alpn: "h2", settings: h2Settings}.play,
			Labels: map[string]stage.Label{"server": blind(label(peerCrash, "data-after-fin", goodbye, fastClose))},
		},
		{
			Name: "h2-reset-in-body", Title: "The server resets in the middle of an HTTP/2 response",
			Made: "HTTP/2 over TLS; closed with SO_LINGER {1,0} after 512 of 20000 bytes.", Notice: "RST+ACK in the active " +
				"form with a stream open.",
			Play: matrix{plan: "tls h2 body:512:20000 sleep:100ms reset", needs: h2, alpn: "h2", settings: h2Settings}.play,
			Labels: map[string]stage.Label{"server": blind(label(peerCrash, "abort-mid-transfer",
				"SO_LINGER 0 close in mid-response", fastClose))},
		},
	}
}

// uploading: the server ends while the request is still being sent.
func uploading() []*Experiment {
	upload := []string{"upload"}
	slowly := Settings{"upload": "60000", "upload-gap": "20"}
	return []*Experiment{
		{
			Name: "killed-in-upload", Title: "The server is killed while it reads the request's body",
			Made: "The programs send 60000 bytes, 1024 each 20 ms; the server kills itself after 2000 with nothing unread.",
			Notice: "FIN, then the next piece draws a RST without ACK; a write after that fails with EPIPE, since the FIN " +
				"had come first.",
			Play: matrix{plan: "head read:2000 sleep:10ms read:40 kill", needs: upload, proxies: true, settings: slowly}.play,
			Labels: map[string]stage.Label{
				"server": label(peerCrash, "data-after-fin", "killed while the body was coming"),
				"server TCP_ABORT_ON_CLOSE": label(peerCrash, "unread-data",
					"killed while the body was coming, some of it unread", fastClose),
			},
		},
		{
			Name: "killed-with-upload-unread", Title: "The server is killed with part of the request's body unread",
			Made:   "As killed-in-upload; the server reads the head only and kills itself 100 ms later.",
			Notice: "RST in the active form at once; a write after it fails with ECONNRESET.",
			Play:   matrix{plan: "head sleep:100ms kill", needs: upload, proxies: true, settings: slowly}.play,
			Labels: byServer(peerCrash, "unread-data", "killed with unread data", fastClose),
		},
		{
			Name: "answered-before-upload-read", Title: "The server answers 413 and closes without reading the body",
			Made: "The server reads the head, answers 413 with Connection: close and closes while the body is coming.",
			Notice: "Response, then RST: whether a program sees the 413 or the reset depends on whether it reads or " +
				"writes first.",
			Play: matrix{plan: "head refuse:413 sleep:60ms close", needs: upload, proxies: true, settings: slowly}.play,
			Labels: map[string]stage.Label{
				"server": label(peerCrash, "early-response", "closed with the upload unread after an early answer", fastClose),
				"client": label(peerCrash, "abort-mid-transfer", "the proxy dropped the upload that was answered early", fastClose),
			},
		},
	}
}

// pooled: the second request of a kept-alive connection.
func pooled() []*Experiment {
	reuse := []string{"reuse"}
	twice := Settings{"times": "2", "pause": "idle"}
	race := label(fastClose, "keepalive-race",
		"the idle connection was closed after a finished exchange; the next request met it", peerCrash)
	return []*Experiment{
		{
			Name: "idle-killed", Title: "The server is killed while the connection is idle in the client's pool",
			Made: "One request is answered; the server process is killed; a second request follows.",
			Notice: `Clients that look at the connection before they use it open a new one and are refused; the others send the request into the closed
				connection, draw a RST, and then retry or tell of an end of file.`,
			Play:   matrix{plan: "serve hold:idle", needs: reuse, proxies: true, settings: twice, on: idly(kill)}.play,
			Labels: map[string]stage.Label{"server": race},
		},
		{
			Name: "idle-closed", Title: "The server closes the idle connection and goes on listening",
			Made:   "One request is answered; the server closes the connection; a second request follows.",
			Notice: "As idle-killed, but what connects again is served.",
			Play: matrix{plan: "serve hold:idle close | serve:9", needs: reuse, proxies: true, settings: twice,
				on: idly(release)}.play,
			Labels: map[string]stage.Label{"server": race},
		},
		{
			Name: "idle-reset", Title: "The server resets the idle connection and goes on listening",
			Made:   "One request is answered; the server closes the connection with SO_LINGER {1,0}; a second request follows.",
			Notice: "RST+ACK in the active form at an idle moment; nothing was lost.",
			Play: matrix{plan: "serve hold:idle reset | serve:9", needs: reuse, proxies: true, settings: twice,
				on: idly(release)}.play,
			Labels: byServer(fastClose, "", "SO_LINGER 0 close after a finished exchange"),
		},
		{
			Name: "keepalive-race", Title: "The server closes the idle connection while the next request is on its way",
			Made: "One request is answered; server and client act in the same moment, half a round trip apart: the FIN and " +
				"the request cross.",
			Notice: "Request and FIN pass each other; the request draws a RST without ACK.",
			Play: matrix{plan: "serve hold:idle close | serve:9", needs: reuse, proxies: true, settings: twice,
				on: idly(func(s *Scene, v *actor.Process) error {
					if _, err := v.Expect("@hold"); err != nil {
						return err
					}
					v.Tell("go")
					return nil
				})}.play,
			Labels: map[string]stage.Label{"server": race, "client": label(fastClose, "",
				"the proxy had closed the idle connection", unknownConnection)},
		},
		{
			Name: "second-request-reset", Title: "The server resets instead of answering the second request",
			Made: "One request is answered; the server reads the second and closes with SO_LINGER {1,0}; it goes on " +
				"listening.",
			Notice: "Clients that retry on a connection of the pool are served; the others tell of the reset.",
			Play: matrix{plan: "serve head reset | serve:9", needs: reuse, proxies: true,
				settings: Settings{"times": "2"}}.play,
			Labels: byServer(peerCrash, "", "SO_LINGER 0 close with the request unanswered", fastClose),
		},
	}
}

// lost: one side forgets the connection, or what it sends does not arrive.
func lost() []*Experiment {
	return []*Experiment{
		{
			Name: "host-forgot", Title: "The server's host loses the connection between connect and request",
			Made: "The program is held back between connect and request; the server's kernel drops the connection without " +
				"a packet (TCP_REPAIR); the program goes on.",
			Notice: "Request, RST without ACK, no FIN before it: the server does not know the connection any more, and the " +
				"program gets ECONNRESET.",
			Play: matrix{plan: "hold:connected forget | serve:9", needs: []string{"pause"},
				settings: Settings{"pause": "connected"},
				on:       during("connected", release)}.play,
			Labels: byServer(peerCrash, "state-lost", "the host lost the connection's state a moment ago", unknownConnection),
		},
		{
			Name: "host-forgot-idle", Title: "The server's host loses an idle connection, the next request comes later",
			Made: `One request is answered. The server's kernel drops the connection without a packet (TCP_REPAIR), as a host does that was restarted or failed over;
				6 s later a second request follows.`,
			Notice: `6 s of nothing, request, RST without ACK. Nothing in the packets says why the server no longer knows the connection. Node.js' agent has the kernel probe its
				idle connections after 1 s: the probe (SEQ one below, no data) draws the RST long before the request, which then goes over a new connection.`,
			Play: matrix{plan: "serve hold:idle forget | serve:9", needs: []string{"reuse"},
				without:  []*Program{requests, nodeFetch, jdkClient},
				settings: Settings{"times": "2", "pause": "idle"},
				labels: map[*Program]map[string]stage.Label{
					nodeHTTP: byServer(peerCrash, "state-lost-keepalive",
						"a keep-alive probe met a host that had lost the connection a moment ago", unknownConnection)},
				on: idly(func(s *Scene, v *actor.Process) error {
					err := release(s, v)
					time.Sleep(6 * time.Second)
					return err
				})}.play,
			Labels: byServer(unknownConnection, "", "the host lost the connection's state while it was idle", peerCrash),
		},
		{
			Name: "request-lost", lossy: true, Title: "The request never arrives",
			Made: `The wire drops every segment with data from the client. Its kernel resends it twice (net.ipv4.tcp_retries2=2) and gives up; then the
				server sends something on the connection.`,
			Notice: "Resends with growing gaps, silence, and at last the server's data, to which the client's kernel answers " +
				"with a RST without ACK.",
			Spec: stage.Spec{Client: []string{"net.ipv4.tcp_retries2=2"}},
			Play: func(s *Scene) error {
				s.Near.SetHook(func(d wire.Dir, f wire.Frame) wire.Verdict {
					return wire.Verdict{Drop: d == wire.AtoB && f.TCP() && len(f.Payload()) > 0}
				})
				return matrix{plan: "hold:lost body:5:5", proxies: true, after: release}.play(s)
			},
			Labels: map[string]stage.Label{
				"client": label(retransmitTimeout, "gave-up-silently",
					"resends exhausted, then the server's data came", unknownConnection),
				"client@server": blind(label(retransmitTimeout, "",
					"resends exhausted out of sight, then the server's data came", unknownConnection, peerCrash, fastClose)),
			},
		},
		{
			Name: "response-lost", lossy: true, Title: "The response never arrives",
			Made: `The wire drops every segment with data from the server. The server's kernel resends it twice (net.ipv4.tcp_retries2=2) and gives up in silence; the programs
				wait 2.5 s and close.`,
			Notice: "The server's resends are in server.pcapng alone. What the client's capture shows is a request that was " +
				"acknowledged, 2.5 s of nothing, FIN, RST.",
			Spec: stage.Spec{Server: []string{"net.ipv4.tcp_retries2=2"}},
			Play: func(s *Scene) error {
				s.Far.SetHook(func(d wire.Dir, f wire.Frame) wire.Verdict {
					return wire.Verdict{Drop: d == wire.BtoA && f.TCP() && len(f.Payload()) > 0}
				})
				return matrix{plan: "head body:5:5", needs: []string{"timeouts"},
					settings: Settings{"read-timeout": "2500"}}.play(s)
			},
			Labels: map[string]stage.Label{
				"server": blind(label(retransmitTimeout, "", "resends of the response exhausted out of sight, then the "+
					"client's FIN came", unknownConnection, fastClose, peerCrash)),
				"server@server": label(retransmitTimeout, "gave-up-silently",
					"resends of the response exhausted, then the client's FIN came", unknownConnection),
			},
		},
	}
}
