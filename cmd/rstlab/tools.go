//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/actor"
	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
)

// run runs a program on a host, with the time that it may take, and returns when it is done. How it ends does
// not matter: most of these programs are to fail.
func (t *story) run(h *stage.Host, kill time.Duration, name string, args ...string) {
	cmd := exec.Command(name, args...)
	must(h.Start(cmd))
	done := make(chan struct{})
	go func() { cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(kill):
		cmd.Process.Kill() // kill -9
		<-done
	}
}

// url is the address of the server for a program.
func (t *story) url(scheme, path string) string {
	return fmt.Sprintf("%s://%s%s", scheme, t.Server.At(t.port), path)
}

const patience = 30 * time.Second

// tools are everyday programs as clients and servers.
func tools() []stage.Situation {
	serveSlow := func(t *story, wait string, answer string) {
		t.serve(8080, "accept", "drain", "sleep "+wait, send(answer), "sleep 30ms", "close")
	}
	var out []stage.Situation
	for i, v := range []struct {
		name, wait string
		args       []string
	}{{"curl", "1600ms", []string{"-s", "--max-time", "1"}}, {"wget", "3500ms", []string{"-q",
		"-O", "/dev/null", "--tries=1", "--timeout=2"}}} {
		out = append(out, stage.Situation{
			Name: v.name + "-timeout", Needs: []string{v.name}, Keep: []string{"client", "server"},
			Spec: stage.Spec{V6: i == 1, Far: 14 * time.Millisecond},
			Says: "The server answers more slowly than " + v.name + " waits (" + strings.Join(v.args,
				" ") + "); the late response meets the closed socket.",
			Run: scene(func(t *story) {
				serveSlow(t, v.wait, httpProtocol.response(1, 700))
				t.run(t.Client, patience, v.name, append(v.args, t.url("http", "/slow"))...)
				t.says(t.server, "end")
				t.settle()
			}),
			Truth: all(crash, "application-timeout",
				"a timer of the client ran out with its request open; the late response met the closed socket"),
		})
	}
	out = append(out, stage.Situation{
		Name: "curl-killed-in-download", Needs: []string{"curl"}, Keep: []string{"client",
			"server"}, Spec: stage.Spec{Far: 20 * time.Millisecond, ServerTTL: 128},
		Says: "kill -9 of curl in the middle of a download that it reads as fast as it comes.",
		Run: scene(func(t *story) {
			t.serve(8080, "accept", "line", send(head(300000)), fmt.Sprintf("trickle 60 20ms %q", string(filler(2400))))
			t.run(t.Client, 700*time.Millisecond, "curl", "-s", "-o", "/dev/null", t.url("http", "/big"))
			t.says(t.server, "end")
			t.settle()
		}),
		Truth: all(crash, "", "the client was killed in the middle of a response", fast),
	}, stage.Situation{
		Name: "curl-refused", Needs: []string{"curl"}, Keep: []string{"client", "server"}, Spec: stage.Spec{V6: true},
		Says: "curl retries a refused connection three times.",
		Run: scene(func(t *story) {
			t.port = 8443
			t.run(t.Client, patience, "curl", "-sk", "--retry", "3", "--retry-connrefused",
				"--retry-delay", "1", t.url("https", "/"))
		}),
		Truth: all(closedPort, "no-listener", "a SYN reached a port without a listener"),
	}, stage.Situation{
		Name: "curl-untrusted-certificate", Needs: []string{"curl"}, Keep: []string{"client", "server"},
		Says: "curl does not trust the server's certificate: it sends its alert and closes; what the server says " +
			"afterwards meets the closed socket.",
		Run: scene(func(t *story) {
			t.serve(443, "accept", "tls-server", send("late\r\n"), "sleep 20ms", "close")
			t.run(t.Client, patience, "curl", "-s", t.url("https", "/"))
			t.says(t.server, "end")
			t.settle()
		}),
		Truth: byPayload(all(crash, "", "the client refused the certificate and closed")),
	}, stage.Situation{
		Name: "openssl-client-leaves", Needs: []string{"openssl"}, Keep: []string{"client", "server"},
		Says: "openssl s_client ends (close_notify, FIN) after the exchange; the server's own close_notify meets the " +
			"closed socket.",
		Run: scene(func(t *story) {
			t.serve(443, "accept", "tls-server", "line", send("hello\r\n"), "sleep 900ms", "close")
			t.run(t.Client, patience, "sh", "-c", fmt.Sprintf("(echo hi; sleep 0.6) | openssl s_client -quiet -no_ign_eof "+
				"-connect %s", t.Server.At(443)))
			t.says(t.server, "end")
			t.settle()
		}),
		Truth: all(fast, "", "both ends were finished; nothing but goodbyes was left"),
	}, stage.Situation{
		Name: "openssl-version-refused", Needs: []string{"openssl"}, Keep: []string{"client",
			"server"}, Spec: stage.Spec{V6: true, Far: 22 * time.Millisecond},
		Says: "openssl s_client offers TLS 1.2 to a server that wants 1.3: alert, then SO_LINGER 0.",
		Run: scene(func(t *story) {
			t.serve(443, "accept", "tls-server 1.3", "reset")
			t.run(t.Client, patience, "sh", "-c", fmt.Sprintf("sleep 1 | openssl s_client -tls1_2 "+
				"-connect %s", t.Server.At(443)))
			t.says(t.server, "end")
			t.settle()
		}),
		Truth: byPayload(all(crash, "tls-rejected", "the server refused the version and aborted")),
	})
	return append(out, scripted()...)
}

// program writes a program's text to the stage's directory and starts it on the server.
func (t *story) program(interpreter, name, text string, port int) {
	file := filepath.Join(t.Dir, name)
	must(os.WriteFile(file, []byte(text), 0o644))
	_, err := t.Server.Daemon(interpreter, file, t.Server.Addr.String(), fmt.Sprint(port))
	must(err)
	t.port = port
	t.await(name, t.listens(t.Server, port))
}

// killed ends a program of the server's host with kill -9, found by its file in this stage's directory.
func (t *story) killed(name string) {
	_, err := t.Server.Output("pkill", "-9", "-f", filepath.Join(t.Dir, name))
	must(err)
}

const nodeServer = `
const server = require('http').createServer((req, res) => res.end('x'.repeat(500)));
server.keepAliveTimeout = 2000;
server.listen(Number(process.argv[3]), process.argv[2]);
`

const pythonServer = `
import sys, http.server, socket, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        body = b'y' * 900
        if self.path == '/slow': time.sleep(5)
        self.send_response(200); self.send_header('Content-Length', str(len(body))); self.end_headers(); self.wfile.write(body)
    def log_message(self, *a): pass
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
Server((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
`

// scripted are servers of interpreted languages with their own ways.
func scripted() []stage.Situation {
	ask := func(t *story, steps ...any) *actor.Process { return t.dial(append([]any{"drain"}, steps...)...) }
	var out []stage.Situation
	for _, v6 := range []bool{false, true} {
		suffix := map[bool]string{true: "-v6"}[v6]
		spec := stage.Spec{V6: v6, Far: 17 * time.Millisecond}
		out = append(out, stage.Situation{
			Name: "node-keepalive-race" + suffix, Needs: []string{"node"}, Tries: 2, Keep: []string{"client",
				"server"}, Spec: spec,
			Says: "Node.js closes a kept-alive connection some time after its keepAliveTimeout of 2 s; the client uses it " +
				"again shortly after the FIN.",
			Run: scene(func(t *story) {
				t.program("node", "server.js", nodeServer, 3000)
				c := ask(t, send(get("/a")), "sleep 200ms", send(get("/b")), "sleep 4500ms", send(get("/c")), "sleep 80ms", "close")
				t.says(c, "end")
				t.settle()
			}),
			Truth: all(fast, "keepalive-race", "Node.js had closed the idle connection; the client's next request met the "+
				"closed socket", crash),
		}, stage.Situation{
			Name: "python-killed" + suffix, Needs: []string{"python3"}, Keep: []string{"client", "server"}, Spec: spec,
			Says: "kill -9 of a Python HTTP server that works on a request; the client, which pipelines, asks on.",
			Run: scene(func(t *story) {
				t.program("python3", "server.py", pythonServer, 8000)
				c := ask(t, send(get("/a")), "sleep 200ms", send(get("/slow")), "say asked",
					"sleep 900ms", send(get("/b")), "sleep 80ms", "close")
				t.says(c, "asked")
				t.sleep(400 * time.Millisecond)
				t.killed("server.py")
				t.says(c, "end")
				t.settle()
			}),
			Truth: all(crash, "data-after-fin", "the process was gone with a request open; the next one met the dead socket"),
		}, stage.Situation{
			Name: "python-killed-unread" + suffix, Needs: []string{"python3"}, Keep: []string{"client", "server"}, Spec: spec,
			Says: "kill -9 of a Python HTTP server that works on one request and has another one unread.",
			Run: scene(func(t *story) {
				t.program("python3", "server.py", pythonServer, 8000)
				// More than Python's buffer holds follows the slow request.
				c := ask(t, send(get("/slow")), "sleep 150ms", send(post(20000)), "fill 20000", "say asked", "sleep 1s", "close")
				t.says(c, "asked")
				t.sleep(400 * time.Millisecond)
				t.killed("server.py")
				t.says(c, "end")
				t.settle()
			}),
			Truth: all(crash, "unread-data", "the process was gone with requests open and unread", fast),
		})
	}
	return out
}
