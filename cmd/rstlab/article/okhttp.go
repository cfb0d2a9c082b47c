//go:build linux

package article

import (
	"fmt"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
)

// okhttpExperiments kill what OkHttp talks to, in each phase of an exchange, with its retries on and off.
func okhttpExperiments() []*Experiment {
	var all []*Experiment
	for _, name := range []string{"raw", "nginx", "caddy", "mitmproxy"} {
		for _, p := range []phase{beforeRequest, inUpload, inResponse, whileIdle} {
			all = append(all, killing(name, p))
		}
	}
	return append(all, closesEarly(), severalAddresses())
}

var okhttpPrograms = []*Program{okhttp, okhttpOnce}

// killing is the experiment of one server and one phase, over all schemes.
func killing(name string, p phase) *Experiment {
	called := map[string]string{"raw": "a small server of the lab", "nginx": "nginx", "caddy": "Caddy",
		"mitmproxy": "mitmproxy, the HTTP proxy on the way,"}[name]
	when := map[phase]string{
		beforeRequest: "between connect and request", inUpload: "while it receives the request",
		inResponse: "in the middle of its response", whileIdle: "while the connection is idle in OkHttp's pool"}[p]
	e := &Experiment{
		Name:  fmt.Sprintf("okhttp-%s-%s", name, p),
		Title: fmt.Sprintf("OkHttp; %s is killed %s", called, when),
		Made: fmt.Sprintf(`OkHttp is held back (%s); all processes of the server are killed with SIGKILL; OkHttp goes on.
			Each scheme is played with retryOnConnectionFailure on and off.`, map[phase]string{
			beforeRequest: "by a network interceptor, which OkHttp calls when it is connected and has not written the request",
			inUpload:      "by its own RequestBody after the first 1024 bytes",
			inResponse:    "after the first bytes of the body",
			whileIdle:     "between two requests"}[p]),
		Notice: map[phase]string{
			beforeRequest: "The kernel closes what the process had open: FIN, and the request that comes then draws a RST " +
				"without ACK. Over TLS the client's close_notify draws another.",
			inUpload: "As before the request, with data on its way in the moment of the kill; a write that follows the " +
				"RST fails.",
			inResponse: "FIN where the rest of the response should be. In clear there is mostly no RST at all; over TLS " +
				"the client's close_notify draws one.",
			whileIdle: `With retries on, a request on the dead connection draws a RST and the retry a second one from the closed port: one kill, two labels. Where OkHttp notices the FIN in time,
				there is the closed port alone.`,
		}[p],
	}
	e.Play = func(s *Scene) error {
		srv := servers[name]
		if srv.program != "" && !s.parts.has(srv.program) {
			return fmt.Errorf("%s is not there", srv.program)
		}
		for _, c := range srv.schemes {
			for _, program := range okhttpPrograms {
				if err := s.killDuring(srv, program, c, p, nil); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return e
}

// killDuring plays one turn: program asks srv, which is killed in phase p. more, if not nil, adds settings.
func (s *Scene) killDuring(srv server, program *Program, c scheme, p phase, more func(port int) Settings) error {
	port := s.nextPort()
	t, err := srv.start(s, port, c, p)
	if err != nil {
		return err
	}
	defer t.kill()
	pause := map[phase]string{beforeRequest: "connected", inUpload: "upload", inResponse: "body", whileIdle: "idle"}[p]
	set := t.set.with(c.settings()).with(Settings{"pause": pause})
	switch p {
	case inUpload:
		set = set.with(Settings{"upload": "20000", "upload-gap": "20"})
	case whileIdle:
		set["times"] = "2"
	}
	s.labels = killLabels(p, c)
	if more != nil {
		set = set.with(more(port))
	}
	return s.perform(program, string(c), s.Server.At(port), set, map[string]func() error{pause: func() error {
		s.rest()
		if p == whileIdle {
			time.Sleep(idleFor)
		}
		t.kill()
		s.rest()
		return nil
	}})
}

// killLabels says why the server's host reset in a phase. What an encrypted exchange had come to is not in
// the packets, nor is the first request of HTTP/2 told from its housekeeping.
func killLabels(p phase, c scheme) map[string]stage.Label {
	hidden := c == http2TLS || c == overTLS && (p == inResponse || p == whileIdle)
	mark := func(l stage.Label) stage.Label {
		l.Blind = hidden
		l.Payload = !hidden && (p == inResponse || c == http2C)
		return l
	}
	unread := mark(label(peerCrash, "unread-data", "killed with unread data", fastClose))
	switch p {
	case whileIdle:
		return map[string]stage.Label{
			"server": mark(label(fastClose, "",
				"killed while idle after a finished exchange; what the client sent then met the closed connection", peerCrash)),
			"server TCP_ABORT_ON_CLOSE": mark(label(fastClose, "",
				"killed while idle after a finished exchange, with housekeeping of the protocol unread", peerCrash)),
		}
	case inResponse:
		return map[string]stage.Label{
			"server": mark(label(peerCrash, "data-after-fin",
				"killed in mid-response; the client's goodbye or housekeeping met the dead socket", fastClose)),
			"server TCP_ABORT_ON_CLOSE": unread,
		}
	}
	return map[string]stage.Label{
		"server": mark(label(peerCrash, "data-after-fin",
			"killed before the request was served", fastClose)),
		"server TCP_ABORT_ON_CLOSE": unread,
	}
}

// severalAddresses is the kill before the request where OkHttp has another address to try: with retries
// on, one kill shows as a peer-crash and a closed-port.
func severalAddresses() *Experiment {
	return &Experiment{
		Name:  "okhttp-two-addresses",
		Title: "OkHttp; the server is killed between connect and request, and its name has two addresses",
		Made:  "As okhttp-raw-before-request over HTTP; OkHttp's Dns gives two addresses of the same host.",
		Notice: "With retries on OkHttp goes to the second address after the first failed and is refused there: one kill, " +
			"a peer-crash and a closed-port. With retries off there is the first alone.",
		Spec: stage.Spec{ServerIPs: 1},
		Play: func(s *Scene) error {
			for _, program := range okhttpPrograms {
				more := func(port int) Settings {
					return Settings{"addresses": fmt.Sprintf("%s,%s", s.Server.Addrs[0], s.Server.Addrs[1]),
						"url": fmt.Sprintf("http://server.test:%d/", port)}
				}
				if err := s.killDuring(servers["raw"], program, plainHTTP, beforeRequest, more); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// closesEarly turns the tables: the client gives up.
func closesEarly() *Experiment {
	return &Experiment{
		Name:  "okhttp-closes-early",
		Title: "OkHttp gives up: cancels, closes the body early, exits",
		Made: `The server answers late, or drips its response (512 bytes each 30 ms). OkHttp cancels the call, closes the response body with most of it unread, or the
			JVM halts.`,
		Notice: `FIN, then a RST without ACK to each piece that still comes; or, when something lay unread, RST+ACK at once. Over HTTP/2 a cancelled call is a RST_STREAM: no TCP reset, the
			connection lives.`,
		Labels: map[string]stage.Label{
			"client": label(peerCrash, "abort-mid-transfer",
				"the client gave the exchange up, then the rest of it came", fastClose),
			"client TCP_ABORT_ON_CLOSE": label(peerCrash, "abort-mid-transfer",
				"the client closed with part of the response unread", fastClose),
			"server": label(fastClose, "",
				"the client's goodbye met a connection that the server had closed as well", peerCrash),
		},
		Play: func(s *Scene) error {
			for _, v := range []struct {
				situation, plan, alpn string
				set                   Settings
				labels                map[string]stage.Label
			}{
				{"call.cancel() while waiting for the response", "head sleep:800ms body:512:512", "", Settings{"cancel": "400"},
					nil},
				{"call.cancel() in the body", "head drip:40:30ms", "", Settings{"cancel": "700"}, nil},
				{"body closed early", "head drip:40:30ms", "", Settings{"close-early": "1"}, nil},
				{"the JVM halts in the body", "head drip:40:30ms", "", Settings{"exit": "body", "pause": "body"}, nil},
				{"HTTPS, call.cancel() in the body", "tls head drip:40:30ms", "http/1.1", Settings{"cancel": "900"}, nil},
				{"HTTP/2 over TLS, call.cancel() in the body", "tls h2 body:512:20000 hold:x", "h2", Settings{"cancel": "900",
					"protocol": "h2", "pause": "end"}, map[string]stage.Label{
					"client": blind(label(fastClose, "", "stream cancelled, GOAWAY and close_notify said; the server's own goodbye "+
						"came to the closed socket", peerCrash)),
					"server": blind(label(fastClose, "",
						"stream cancelled; the client's goodbye met a connection that the server had closed as well", peerCrash)),
				}},
			} {
				port := s.nextPort()
				vic, err := s.victim(s.Server, s.Server.At(port), v.plan, v.alpn)
				if err != nil {
					return err
				}
				set := Settings{"url": fmt.Sprintf("http://%s/", s.Server.At(port))}
				if v.alpn != "" {
					ca, err := s.ca()
					if err != nil {
						return err
					}
					set = Settings{"url": fmt.Sprintf("https://%s/", s.Server.At(port)), "ca": ca}
				}
				s.labels = v.labels
				err = s.perform(okhttp, v.situation, s.Server.At(port), set.with(v.set), map[string]func() error{
					"body": func() error { time.Sleep(200 * time.Millisecond); return nil },
					"end":  func() error { time.Sleep(400 * time.Millisecond); return nil },
				})
				if err != nil {
					return err
				}
				time.Sleep(700 * time.Millisecond)
				vic.Kill()
			}
			return nil
		},
	}
}
