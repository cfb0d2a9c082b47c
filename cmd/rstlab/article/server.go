//go:build linux

package article

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/rstexplain/rstexplain/cmd/rstlab/actor"
)

// A phase is the moment in an exchange at which the server is killed.
type phase string

// The phases.
const (
	beforeRequest phase = "before-request" // connected, nothing asked
	inUpload      phase = "in-upload"      // part of the request's body is sent
	inResponse    phase = "in-response"    // part of the response is received
	whileIdle     phase = "while-idle"     // one exchange is finished, the connection waits in the pool
)

// plan returns what the victim does with a plain connection up to this phase.
func (p phase) plan() string {
	switch p {
	case inUpload:
		return "head read:1000000"
	case inResponse:
		return "head body:512:20000 hold:body"
	}
	return "serve:9"
}

// A scheme is how client and server speak.
type scheme string

// The schemes.
const (
	plainHTTP scheme = "HTTP"
	overTLS   scheme = "HTTPS"
	http2TLS  scheme = "HTTP/2 over TLS"
	http2C    scheme = "HTTP/2 in clear" // with prior knowledge
)

func (c scheme) tls() bool { return c == overTLS || c == http2TLS }

// settings returns what a client is told to speak so.
func (c scheme) settings() Settings {
	switch c {
	case http2TLS:
		return Settings{"protocol": "h2"}
	case http2C:
		return Settings{"protocol": "h2c"}
	}
	return Settings{}
}

// A server can be started on the server's host, and killed.
type server struct {
	program string // key of Parts.versions, "" for the lab's own
	schemes []scheme
	start   func(s *Scene, port int, c scheme, p phase) (target, error)
}

// A target is a running server under test.
type target struct {
	kill func()   // kill -9 to all of its processes
	set  Settings // what the client needs: url, proxy, ca
}

var servers = map[string]server{
	"raw":       {"", []scheme{plainHTTP, overTLS, http2TLS, http2C}, startRaw},
	"nginx":     {"nginx", []scheme{plainHTTP, overTLS, http2TLS, http2C}, startNginx},
	"caddy":     {"caddy", []scheme{plainHTTP, overTLS, http2TLS, http2C}, startCaddy},
	"mitmproxy": {"mitmproxy", []scheme{plainHTTP, overTLS, http2TLS}, startMitmproxy},
}

// direct returns the settings for a client that asks the server itself.
func (s *Scene) direct(port int, c scheme) (Settings, error) {
	if !c.tls() {
		return Settings{"url": fmt.Sprintf("http://%s/", s.Server.At(port))}, nil
	}
	ca, err := s.ca()
	return Settings{"url": fmt.Sprintf("https://%s/", s.Server.At(port)), "ca": ca}, err
}

// speak puts the steps for a scheme before a plan.
func speak(c scheme, p phase) (plan, alpn string) {
	switch c {
	case overTLS:
		return "tls " + p.plan(), "http/1.1"
	case http2TLS, http2C:
		steps := map[phase]string{inUpload: "h2 hold:upload", inResponse: "h2 body:512:20000 hold:body"}[p]
		if steps == "" {
			steps = "h2 serve"
		}
		if c == http2TLS {
			steps = "tls " + steps
		}
		return steps, "h2"
	}
	return p.plan(), "http/1.1"
}

func startRaw(s *Scene, port int, c scheme, p phase) (target, error) {
	set, err := s.direct(port, c)
	if err != nil {
		return target{}, err
	}
	plan, alpn := speak(c, p)
	v, err := s.victim(s.Server, netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(port)), plan, alpn)
	if err != nil {
		return target{}, err
	}
	return target{v.Kill, set}, nil
}

// backend starts what the servers and proxies under test ask in turn: a victim on the loopback interface
// of the server's host, out of sight of the captures.
func backend(s *Scene, plan, alpn string) (*actor.Process, netip.AddrPort, error) {
	at := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(s.nextPort()))
	v, err := s.victim(s.Server, at, plan, alpn)
	return v, at, err
}

func startNginx(s *Scene, port int, c scheme, p phase) (target, error) {
	set, err := s.direct(port, c)
	if err != nil {
		return target{}, err
	}
	_, behind, err := backend(s, p.plan(), "")
	if err != nil {
		return target{}, err
	}
	listen := fmt.Sprint(port)
	if c.tls() {
		listen += " ssl"
	}
	if c == http2TLS || c == http2C {
		listen += " http2"
	}
	certificate := ""
	if c.tls() {
		certificate = fmt.Sprintf("ssl_certificate %s/cert.pem; ssl_certificate_key %s/key.pem;", s.Dir, s.Dir)
	}
	cmd := nginxDaemon(s, port, fmt.Sprintf(`
	server {
		listen %s;
		%s
		location / {
			proxy_pass http://%s;
			proxy_buffering off;
			proxy_request_buffering off;
		}
	}`, listen, certificate, behind))
	kill, err := s.daemon(s.Server, cmd, filepath.Join(s.Dir, fmt.Sprintf("nginx-%d.log", port)), port)
	return target{kill, set}, err
}

func startCaddy(s *Scene, port int, c scheme, p phase) (target, error) {
	set, err := s.direct(port, c)
	if err != nil {
		return target{}, err
	}
	_, behind, err := backend(s, p.plan(), "")
	if err != nil {
		return target{}, err
	}
	site, certificate := fmt.Sprintf("http://:%d", port), ""
	if c.tls() {
		site, certificate = fmt.Sprintf("https://:%d", port), fmt.Sprintf("tls %s/cert.pem %s/key.pem", s.Dir, s.Dir)
	}
	cmd := caddyDaemon(s, port, fmt.Sprintf(`%s {
	%s
	reverse_proxy %s {
		flush_interval -1
	}
}`, site, certificate, behind))
	kill, err := s.daemon(s.Server, cmd, filepath.Join(s.Dir, fmt.Sprintf("caddy-%d.log", port)), port)
	return target{kill, set}, err
}

// startMitmproxy starts mitmdump as the HTTP proxy between client and origin, as a developer's laptop has it.
func startMitmproxy(s *Scene, port int, c scheme, p phase) (target, error) {
	plan, alpn := speak(c, p)
	_, origin, err := backend(s, plan, alpn)
	if err != nil {
		return target{}, err
	}
	cmd := mitmDaemon(s, s.Server.Addr.String(), port)
	kill, err := s.daemon(s.Server, cmd, filepath.Join(s.Dir, fmt.Sprintf("mitmproxy-%d.log", port)), port)
	set := Settings{"proxy": s.Server.At(port).String(), "url": fmt.Sprintf("http://%s/", origin)}
	if c.tls() {
		set["url"] = fmt.Sprintf("https://%s/", origin)
		set["ca"] = filepath.Join(s.Dir, "mitmproxy", "mitmproxy-ca-cert.pem")
		if _, err := os.Stat(set["ca"]); err != nil {
			return target{}, err
		}
	}
	return target{kill, set}, err
}
