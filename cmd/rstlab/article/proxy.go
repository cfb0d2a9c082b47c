//go:build linux

package article

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
)

// A proxy is a reverse proxy in front of the server under test. It runs on the client's host, where curl
// asks it over the loopback interface: what the captures show is its own connection to the server.
type proxy struct {
	start func(s *Scene, listen int, backend netip.AddrPort, set Settings) *exec.Cmd
	words func(log string) []string // its own words about a failure, from what it logged
}

// The proxies, in the order of the tables.
var (
	nginx     = &Program{Name: "nginx", skills: "reuse upload timeouts", proxy: &proxy{nginxProxy, nginxWords}}
	haproxy   = &Program{Name: "haproxy", skills: "reuse upload timeouts", proxy: &proxy{haproxyProxy, haproxyWords}}
	caddy     = &Program{Name: "caddy", skills: "reuse upload timeouts", proxy: &proxy{caddyProxy, caddyWords}}
	mitmproxy = &Program{Name: "mitmproxy", skills: "reuse upload", proxy: &proxy{mitmProxy, mitmWords}}

	proxyPrograms = []*Program{nginx, haproxy, caddy, mitmproxy}
)

func (s *Scene) performProxy(turn *performance, set Settings, on map[string]func() error) error {
	listen := s.nextPort()
	cmd := turn.proxy.start(s, listen, turn.Server, set)
	turn.CommandLine = commandLine(cmd.Args, s.parts.dir, s.Dir)
	logFile := filepath.Join(s.Dir, fmt.Sprintf("%s-%d.log", turn.Name, listen))
	stop, err := s.daemon(s.Client, cmd, logFile, listen)
	if err != nil {
		return err
	}
	defer stop()
	times, _ := strconv.Atoi(set["times"])
	told := 0
	for i := range max(times, 1) {
		if f := on["idle"]; i > 0 && f != nil {
			if err := f(); err != nil {
				return err
			}
		}
		ask := Settings{"url": fmt.Sprintf("http://127.0.0.1:%d/", listen)}
		if set["upload"] != "" {
			ask["upload"] = set["upload"]
		}
		d, err := begin(curlCommand(s, ask), s.Client.Start)
		if err != nil {
			return err
		}
		if set["upload"] != "" {
			gap, _ := strconv.Atoi(set["upload-gap"])
			go trickle(d.stdin, time.Duration(gap)*time.Millisecond)
		}
		said, err := d.hear(on, turnLimit)
		if err != nil {
			d.kill()
			return err
		}
		time.Sleep(200 * time.Millisecond) // the log is written after the answer
		log, err := os.ReadFile(logFile)
		if err != nil {
			return err
		}
		words := turn.proxy.words(string(log))
		answer := saying{At: time.Now()}
		if len(words) > told {
			answer.Words = strings.Join(words[told:], "\n")
			told = len(words)
		}
		for _, x := range said {
			if x.Result != "" {
				answer.Result = x.Result
			}
		}
		turn.Said = append(turn.Said, answer)
	}
	return nil
}

// daemon starts cmd on a host, its output in logFile, and waits until it listens on port. The function
// returned ends it, kill -9 to all of its processes.
func (s *Scene) daemon(h *stage.Host, cmd *exec.Cmd, logFile string, port int) (kill func(), err error) {
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := h.Start(cmd); err != nil {
		return nil, err
	}
	gone := make(chan struct{})
	go func() { cmd.Wait(); close(gone) }()
	kill = sync.OnceFunc(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-gone
	})
	for range 200 {
		if listens(cmd.Process.Pid, port) {
			return kill, nil
		}
		select {
		case <-gone:
			b, _ := os.ReadFile(logFile)
			return nil, fmt.Errorf("%s does not start: %s", cmd.Path, b)
		case <-time.After(50 * time.Millisecond):
		}
	}
	kill()
	b, _ := os.ReadFile(logFile)
	return nil, fmt.Errorf("%s does not listen on %d: %s", cmd.Path, port, b)
}

// listens reports whether anything in the network namespace of a process listens on port. It looks
// instead of connecting, since a connection would be in the captures and in the logs.
func listens(pid, port int) bool {
	for _, table := range []string{"tcp", "tcp6"} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if err != nil {
			return false
		}
		for _, l := range strings.Split(string(b), "\n") {
			v := strings.Fields(l)
			if len(v) > 3 && v[3] == "0A" && strings.HasSuffix(v[1], fmt.Sprintf(":%04X", port)) {
				return true
			}
		}
	}
	return false
}

// or returns a setting in milliseconds as "500ms", or otherwise when it is not set.
func (s Settings) or(name, otherwise string) string {
	if v := s[name]; v != "" {
		return v + "ms"
	}
	return otherwise
}

func nginxProxy(s *Scene, listen int, backend netip.AddrPort, set Settings) *exec.Cmd {
	return nginxDaemon(s, listen, fmt.Sprintf(`
	upstream backend { server %s; keepalive 4; }
	server {
		listen 127.0.0.1:%d;
		location / {
			proxy_pass http://backend;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_buffering off;
			proxy_request_buffering off;
			proxy_connect_timeout %s;
			proxy_read_timeout %s;
		}
	}`, backend, listen, set.or("connect-timeout", "60s"), set.or("read-timeout", "60s")))
}

// nginxDaemon returns the command for an nginx with the given http section.
func nginxDaemon(s *Scene, id int, http string) *exec.Cmd {
	dir := filepath.Join(s.Dir, fmt.Sprintf("nginx-%d", id))
	_ = os.MkdirAll(dir, 0o777)
	conf := filepath.Join(dir, "nginx.conf")
	paths := ""
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		paths += fmt.Sprintf("\t%s_temp_path %s/%s;\n", kind, dir, kind)
	}
	_ = os.WriteFile(conf, []byte(fmt.Sprintf("daemon off;\nuser root;\nworker_processes 1;\npid %s/pid;\nerror_log "+
		"stderr;\nevents {}\nhttp {\n\taccess_log off;\n%s%s\n}\n",
		dir, paths, http)), 0o644)
	return exec.Command("nginx", "-e", "stderr", "-p", dir, "-c", conf)
}

var nginxPrefix = regexp.MustCompile(`^\S+ \S+ \[(error|crit|alert|warn|info)\] \d+#\d+: \*\d+ `)

func nginxWords(log string) []string { return cut(log, nginxPrefix) }

// cut returns the lines of a log that prefix matches, without it.
func cut(log string, prefix *regexp.Regexp) []string {
	var words []string
	for _, l := range strings.Split(log, "\n") {
		if at := prefix.FindStringIndex(l); at != nil {
			words = append(words, l[at[1]:])
		}
	}
	return words
}

func haproxyProxy(s *Scene, listen int, backend netip.AddrPort, set Settings) *exec.Cmd {
	conf := filepath.Join(s.Dir, fmt.Sprintf("haproxy-%d.cfg", listen))
	_ = os.WriteFile(conf, []byte(fmt.Sprintf(`global
	log stdout format raw local0
defaults
	mode http
	log global
	option httplog
	timeout connect %s
	timeout client 60s
	timeout server %s
frontend front
	bind %s:%d
	default_backend back
backend back
	http-reuse always
	server one %s
`, set.or("connect-timeout", "5s"), set.or("read-timeout", "60s"), cmp.Or(set["listen"],
		"127.0.0.1"), listen, backend)), 0o644)
	return exec.Command("haproxy", "-f", conf)
}

// HAProxy's own account: the whole log line, since termination state and timers are what people read.
var haproxyLine = regexp.MustCompile(`^[\d.]+:\d+ \[`)

func haproxyWords(log string) []string {
	var words []string
	for _, l := range strings.Split(log, "\n") {
		if haproxyLine.MatchString(l) && !strings.Contains(l, " ---- ") {
			words = append(words, l)
		}
	}
	return words
}

func caddyProxy(s *Scene, listen int, backend netip.AddrPort, set Settings) *exec.Cmd {
	return caddyDaemon(s, listen, fmt.Sprintf(`http://127.0.0.1:%d {
	bind 127.0.0.1
	reverse_proxy %s {
		flush_interval -1
		transport http {
			dial_timeout %s
			response_header_timeout %s
		}
	}
}`, listen, backend, set.or("connect-timeout", "20s"), set.or("read-timeout", "60s")))
}

// caddyDaemon returns the command for a Caddy with the given sites.
func caddyDaemon(s *Scene, id int, sites string) *exec.Cmd {
	conf := filepath.Join(s.Dir, fmt.Sprintf("Caddyfile-%d", id))
	_ = os.WriteFile(conf, []byte("{\n\tadmin off\n\tauto_https off\n\tservers {\n\t\tprotocols h1 h2 "+
		"h2c\n\t}\n}\n"+sites+"\n"), 0o644)
	cmd := exec.Command("caddy", "run", "--config", conf, "--adapter", "caddyfile")
	cmd.Env = append(os.Environ(), "XDG_DATA_HOME="+s.Dir, "XDG_CONFIG_HOME="+s.Dir, "HOME="+s.Dir)
	return cmd
}

// caddyWords reads Caddy's JSON log: the message and error of each entry of its handlers.
func caddyWords(log string) []string {
	var words []string
	for _, l := range strings.Split(log, "\n") {
		var e struct {
			Level, Logger, Msg, Error string
			Status                    int
		}
		if json.Unmarshal([]byte(l), &e) != nil || e.Level == "info" || e.Level == "debug" || !strings.HasPrefix(e.Logger,
			"http.") {
			continue
		}
		w := e.Logger + ": " + e.Msg
		if e.Error != "" {
			w += ": " + e.Error
		}
		if e.Status != 0 {
			w += fmt.Sprintf(" (status %d)", e.Status)
		}
		words = append(words, w)
	}
	return words
}

func mitmProxy(s *Scene, listen int, backend netip.AddrPort, set Settings) *exec.Cmd {
	return mitmDaemon(s, "127.0.0.1", listen, "--mode", "reverse:http://"+backend.String())
}

// mitmDaemon returns the command for a mitmdump. Bodies are streamed, as a proxy in real use must.
func mitmDaemon(s *Scene, host string, listen int, more ...string) *exec.Cmd {
	args := append([]string{"--listen-host", host, "-p", strconv.Itoa(listen), "--set",
		"confdir=" + filepath.Join(s.Dir, "mitmproxy"),
		"--set", "stream_large_bodies=1", "--set", "termlog_verbosity=info", "--set",
		"flow_detail=1", "--ssl-insecure"}, more...)
	return exec.Command("mitmdump", args...)
}

var (
	mitmPrefix = regexp.MustCompile(`^(127\.0\.0\.1:\d+: |\s*<< )`)
	mitmAnswer = regexp.MustCompile(`^\d\d\d .*( \S+b|\(content missing\))$`) // "200 OK 2b"
)

// mitmWords keeps what mitmdump tells of failures and leaves out its connects and requests.
func mitmWords(log string) []string {
	var words []string
	for _, l := range cut(log, mitmPrefix) {
		switch {
		case strings.HasPrefix(l, "client "), strings.HasPrefix(l, "server connect "), strings.HasPrefix(l,
			"server disconnect "),
			strings.HasPrefix(l, "Streaming re"), strings.HasPrefix(l, "GET "), strings.HasPrefix(l,
				"POST "), mitmAnswer.MatchString(l):
		default:
			words = append(words, l)
		}
	}
	return words
}
