//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
)

// programs are situations that real programs make: HAProxy and nginx with their own ways to close.
func programs() []stage.Situation { return append(haproxies(), nginxes()...) }

// haproxy starts HAProxy on a host and waits until it is up.
func (t *story) haproxy(h *stage.Host, config string, ready func() bool) {
	file := filepath.Join(t.Dir, "haproxy.cfg")
	must(os.WriteFile(file, []byte("global\n  maxconn 100\ndefaults\n  mode tcp\n  timeout connect 2s\n  timeout "+
		"client 20s\n  timeout server 20s\n"+config), 0o644))
	_, err := h.Daemon("haproxy", "-f", file, "-db")
	must(err)
	t.await("haproxy", ready)
}

func (t *story) await(what string, ready func() bool) {
	for range 100 {
		if ready() {
			return
		}
		t.sleep(30 * time.Millisecond)
	}
	must(fmt.Errorf("%s is not up after 3 s", what))
}

// listens reports whether a port of the host accepts, asked on the host itself.
func (t *story) listens(h *stage.Host, port int) func() bool {
	return func() bool {
		out, err := h.Output("ss", "-Hltn", fmt.Sprintf("sport = :%d", port))
		return err == nil && strings.TrimSpace(out) != ""
	}
}

func haproxies() []stage.Situation {
	out := vary(stage.Situation{
		Name: "haproxy-health-probe", Rule: "health-probe", NearMiss: "connect-withdrawn",
		Says: "HAProxy on the client's host checks the server every 400 ms; a real connection is served in between.",
		Run: scene(func(t *story) {
			t.serve(8080, "accept", "sleep 1ms", "conn 1", "accept", "conn 2", "accept", "hang")
			t.server.Kill()
			p, err := spawn(t.Server, "listen "+t.Server.At(8080).String(), "hang")
			must(err)
			t.says(p, "listening")
			t.haproxy(t.Client, fmt.Sprintf("backend b\n  server s %s check inter 400ms\nlisten unused\n  bind %s\n  "+
				"default_backend b\n", t.Server.At(8080), t.Client.At(7999)), t.listens(t.Client, 7999))
			t.sleep(2100 * time.Millisecond)
		}),
		Truth: all(fast, "health-probe", "a load balancer's check closed its probe on purpose"),
	}, map[string]stage.Spec{"": {}, "-v6": {V6: true, Far: 15 * time.Millisecond}})
	out = append(out, vary(stage.Situation{
		Name: "health-probe-handshake", NearMiss: "accepted-then-dropped",
		Says: "A monitor connects every 350 ms, completes the handshake and closes with SO_LINGER 0.",
		Run: scene(func(t *story) {
			p, err := spawn(t.Server, "listen "+t.Server.At(6379).String(), "hang")
			must(err)
			t.says(p, "listening")
			t.port = 6379
			for range 5 {
				t.dial("reset")
				t.says(t.client, "end")
				t.client.Kill()
				t.sleep(350 * time.Millisecond)
			}
			t.settle()
		}),
		Truth: all(fast, "health-probe", "a monitor closed its probe on purpose, never having wanted an exchange"),
	}, map[string]stage.Spec{"": {Far: 3 * time.Millisecond}, "-v6": {V6: true}})...)
	out = append(out, vary(stage.Situation{
		Name: "haproxy-nolinger",
		Says: "HAProxy with `option nolinger` in front of a server: after the exchange it closes with FIN, then RST+ACK.",
		Run: scene(func(t *story) {
			p := httpProtocol
			t.serve(p.port, "accept", p.serve(2, 300), "eof", "close")
			t.haproxy(t.Server, fmt.Sprintf("frontend f\n  bind %s\n  mode http\n  option httpclose\n  option nolinger\n  "+
				"default_backend b\nbackend b\n  mode http\n  server s %s\n", t.Server.At(6380), t.Server.At(p.port)),
				t.listens(t.Server, 6380))
			t.port = 6380
			t.dial(send(p.request(0)), "eof", "sleep 300ms", "close")
			t.says(t.client, "end")
			t.settle()
		}),
		Truth: all(fast, "reset-after-fin", "HAProxy closed with option nolinger, after a finished exchange"),
	}, map[string]stage.Spec{"": {}, "-v6": {V6: true}})...)
	out = append(out, stage.Situation{
		Name: "haproxy-reject", Keep: []string{"client", "server"},
		Says: "HAProxy's `tcp-request connection reject` drops each connection right after it is accepted.",
		Run: scene(func(t *story) {
			t.haproxy(t.Server, fmt.Sprintf("frontend f\n  bind %s\n  tcp-request connection "+
				"reject\n", t.Server.At(8080)), t.listens(t.Server, 8080))
			t.port = 8080
			for range 3 {
				t.dial("eof", "close")
				t.says(t.client, "end")
			}
			t.settle()
		}),
		Truth: all(crash, "accepted-then-dropped", "the proxy dropped the connection right after it was accepted"),
	}, stage.Situation{
		Name: "haproxy-silent-drop", Keep: []string{"client", "server"},
		Says: "HAProxy's silent-drop forgets the connection with the request unanswered; the client's next segment is " +
			"answered with a RST.",
		Run: scene(func(t *story) {
			t.haproxy(t.Server, fmt.Sprintf("frontend f\n  bind %s\n  mode http\n  http-request "+
				"silent-drop\n", t.Server.At(8080)), t.listens(t.Server, 8080))
			t.port = 8080
			t.dial(send(httpProtocol.request(1)), "sleep 700ms", send(httpProtocol.request(2)), "eof", "close")
			t.says(t.client, "end")
			t.settle()
		}),
		Truth: all(crash, "state-lost", "the proxy had forgotten the connection on purpose a moment ago", unknown),
	})
	return out
}

// nginx starts nginx on the server's host.
func (t *story) nginx(port int, server string) {
	dir := filepath.Join(t.Dir, "nginx")
	must(os.MkdirAll(dir, 0o777))
	conf := fmt.Sprintf(`user root; worker_processes 1; daemon off; pid %[1]s/pid; error_log stderr;
events { worker_connections 64; }
http { access_log off; client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
server { listen %[2]s; root %[1]s; %[3]s } }`, dir, t.Server.At(port), server)
	must(os.WriteFile(filepath.Join(dir, "conf"), []byte(conf), 0o644))
	must(os.WriteFile(filepath.Join(dir, "big"), filler(300000), 0o644))
	must(os.WriteFile(filepath.Join(dir, "small"), filler(700), 0o644))
	_, err := t.Server.Daemon("nginx", "-e", "stderr", "-c", filepath.Join(dir, "conf"))
	must(err)
	t.port = port
	t.await("nginx", t.listens(t.Server, port))
	t.sleep(200 * time.Millisecond)
}

func get(path string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: lab/1\r\n\r\n"
}

func nginxes() []stage.Situation {
	out := vary(stage.Situation{
		Name: "nginx-return-444",
		Says: "nginx `return 444` with reset_timedout_connection closes the connection with SO_LINGER 0 in place of an " +
			"answer.",
		Run: scene(func(t *story) {
			t.nginx(8080, "reset_timedout_connection on; location / { return 444; }")
			for range 2 {
				t.dial(send(get("/x")), "eof", "close")
				t.says(t.client, "end")
			}
			t.settle()
		}),
		Truth: all(crash, "", "nginx dropped the request on purpose, unanswered", fast),
	}, map[string]stage.Spec{"": {}, "-v6": {V6: true}})
	out = append(out, stage.Situation{
		Name: "nginx-header-timeout", Keep: []string{"client", "server"},
		Says: "nginx with reset_timedout_connection and client_header_timeout 2s: the client sends half a request and " +
			"no more.",
		Run: scene(func(t *story) {
			t.nginx(8080, "reset_timedout_connection on; client_header_timeout 2s;")
			t.dial(send(get("/x")[:25]), "eof", "close")
			t.says(t.client, "end")
			t.settle()
		}),
		Truth: all(crash, "application-timeout", "nginx's timer ran out while it waited for the rest of a request", fast),
	}, stage.Situation{
		Name: "nginx-413", Keep: []string{"client", "server", "any"},
		Says: "nginx answers 413 to an upload above client_max_body_size, and gives the body one second (lingering_time) " +
			"before it closes, unread data or not.",
		Run: scene(func(t *story) {
			t.nginx(8080, "client_max_body_size 1k; keepalive_timeout 0; lingering_time 1s;")
			t.dial(send(post(300000)), fmt.Sprintf("trickle 40 50ms %q", string(filler(1300))), "eof", "close")
			t.says(t.client, "end")
			t.settle()
		}),
		Truth: all(crash, "early-response", "nginx answered and closed while the upload ran unread", fast),
	}, stage.Situation{
		Name: "nginx-keepalive-race", Keep: []string{"client", "server"}, Spec: stage.Spec{Far: 20 * time.Millisecond},
		Says: "nginx closes a kept-alive connection after keepalive_timeout 2s; the client uses it again a moment later.",
		Run: scene(func(t *story) {
			t.nginx(8080, "keepalive_timeout 2s;")
			t.dial("drain", send(get("/small")), "sleep 200ms", send(get("/small")), "sleep 2600ms", send(get("/small")),
				"sleep 50ms", "close")
			t.says(t.client, "end")
			t.settle()
		}),
		Truth: func(r stage.RST) stage.Label {
			return stage.Label{Cause: fast, Detail: "keepalive-race", AlsoOK: []string{crash}, Why: "nginx had closed the " +
				"idle connection; the client's next request met the closed socket"}
		},
	}, stage.Situation{
		Name: "nginx-worker-killed", Keep: []string{"client", "server", "router"},
		Says: "kill -9 of nginx's worker in the middle of a slow response, with a second request in its queue; the master " +
			"lives and the port listens.",
		Run: scene(func(t *story) {
			t.nginx(8080, "location /big { limit_rate 40k; }")
			t.dial(send(get("/big")), "drain", "sleep 300ms", send(get("/small")), "sleep 1s", "say mid", "hang")
			t.sleep(800 * time.Millisecond)
			must(killWorker(t))
			t.says(t.client, "mid")
			t.settle()
		}),
		Truth: byPayload(all(crash, "", "the worker was killed in the middle of its response")),
	})
	return out
}

// killWorker kills the child of this stage's nginx master.
func killWorker(t *story) error {
	pid, err := os.ReadFile(filepath.Join(t.Dir, "nginx", "pid"))
	if err != nil {
		return err
	}
	_, err = t.Server.Output("pkill", "-9", "-P", strings.TrimSpace(string(pid)))
	return err
}
