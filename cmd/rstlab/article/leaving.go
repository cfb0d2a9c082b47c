//go:build linux

package article

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
)

// The servers whose words are wanted when their client leaves. The proxies have a backend that does what
// the other servers do by themselves.
var leftPrograms = []*Program{
	{Name: "go-server", server: func(s *Scene, at netip.AddrPort) *exec.Cmd {
		exe, err := os.Executable()
		if err != nil {
			panic(err)
		}
		cmd := exec.Command(exe, "listen="+at.String())
		cmd.Args[0] = "goserver"
		cmd.Env = append(os.Environ(), "RSTLAB_ROLE=goserver")
		return cmd
	}},
	{Name: "python-server", server: func(s *Scene, at netip.AddrPort) *exec.Cmd {
		return exec.Command("python3", filepath.Join(s.parts.dir, "server.py"), "listen="+at.String())
	}},
	{Name: "node-server", server: func(s *Scene, at netip.AddrPort) *exec.Cmd {
		return exec.Command("node", filepath.Join(s.parts.dir, "server.mjs"), "listen="+at.String())
	}},
	{Name: "jdk-server", server: func(s *Scene, at netip.AddrPort) *exec.Cmd {
		return exec.Command("java", "-XX:TieredStopAtLevel=1", "-cp", s.parts.classpath, "Server", "listen="+at.String())
	}},
	{Name: "nginx", proxy: &proxy{nginxFront, nginxWords}},
	{Name: "haproxy", proxy: &proxy{haproxyProxy, haproxyWords}},
	{Name: "caddy", proxy: &proxy{caddyFront, caddyWords}},
}

// left plays one way of leaving with every server.
func left(plan, backendPlan string) func(*Scene) error {
	return func(s *Scene) error {
		for _, p := range leftPrograms {
			if !s.parts.has(p.Name) {
				continue
			}
			if err := s.leave(p, plan, backendPlan); err != nil {
				return fmt.Errorf("%s: %w", p.Name, err)
			}
		}
		return nil
	}
}

// leave plays one turn: a quitter leaves server program p.
func (s *Scene) leave(p *Program, plan, backendPlan string) error {
	at := s.Server.At(s.nextPort())
	turn := &performance{Program: p, Version: s.parts.versions[p.Name], Situation: s.exp.Title, Server: at,
		From: time.Now()}
	if p.proxy != nil {
		_, behind, err := backend(s, backendPlan, "")
		if err != nil {
			return err
		}
		log := filepath.Join(s.Dir, fmt.Sprintf("%s-%d.log", p.Name, at.Port()))
		cmd := p.proxy.start(s, int(at.Port()), behind, Settings{"listen": s.Server.Addr.String()})
		turn.CommandLine = commandLine(cmd.Args, s.parts.dir, s.Dir)
		kill, err := s.daemon(s.Server, cmd, log, int(at.Port()))
		if err != nil {
			return err
		}
		defer kill()
		if err := s.quit(at, plan); err != nil {
			return err
		}
		b, err := os.ReadFile(log)
		if err != nil {
			return err
		}
		turn.Said = []saying{{At: time.Now(), Words: strings.Join(p.proxy.words(string(b)), "\n")}}
	} else {
		cmd := p.server(s, at)
		turn.CommandLine = commandLine(cmd.Args, s.parts.dir, s.Dir)
		d, err := begin(cmd, s.Server.Start)
		if err != nil {
			return err
		}
		defer d.kill()
		for i := 0; !listens(d.cmd.Process.Pid, int(at.Port())); i++ {
			if i == 200 {
				return fmt.Errorf("does not listen")
			}
			time.Sleep(50 * time.Millisecond)
		}
		if err := s.quit(at, plan); err != nil {
			return err
		}
		d.stdin.Close()
		if turn.Said, err = d.hear(nil, turnLimit); err != nil {
			return err
		}
		if len(turn.Said) == 0 {
			turn.Said = []saying{{At: time.Now()}}
		}
	}
	s.rest()
	turn.To = time.Now()
	s.performances = append(s.performances, turn)
	return nil
}

// quit lets a quitter do as planned, and gives the server time to notice.
func (s *Scene) quit(at netip.AddrPort, plan string) error {
	q, err := s.Client.Spawn("quitter", "-server", at.String(), "-plan", plan)
	if err != nil {
		return err
	}
	if !strings.Contains(plan, "kill") {
		if _, err := q.Expect("@done"); err != nil {
			return err
		}
	}
	time.Sleep(1800 * time.Millisecond)
	q.Kill()
	return nil
}

// nginxFront is nginx in front of a backend, telling what it tells at level info: its words about clients.
func nginxFront(s *Scene, listen int, backend netip.AddrPort, set Settings) *exec.Cmd {
	cmd := nginxDaemon(s, listen, fmt.Sprintf(`
	error_log stderr info;
	server {
		listen %s:%d;
		location / {
			proxy_pass http://%s;
			proxy_buffering off;
			proxy_request_buffering off;
		}
	}`, set["listen"], listen, backend))
	return cmd
}

func caddyFront(s *Scene, listen int, backend netip.AddrPort, set Settings) *exec.Cmd {
	return caddyDaemon(s, listen, fmt.Sprintf("http://:%d {\n\treverse_proxy %s {\n\t\tflush_interval "+
		"-1\n\t}\n}", listen, backend))
}

// leaving: the client ends, and what matters is what the server says.
func leaving() []*Experiment {
	byClient := func(detail, why string) map[string]stage.Label {
		return map[string]stage.Label{"client": label(peerCrash, detail, why, fastClose)}
	}
	const drip = "head drip:40:30ms"
	return []*Experiment{
		{
			Name: "client-resets-waiting", Title: "The client resets while it waits for the response", programsAt: "server",
			Made:   "The client asks for a page that takes 600 ms and closes with SO_LINGER {1,0} after 200 ms.",
			Notice: "RST+ACK in the active form with the request unanswered; servers find out when they write, or not at all.",
			Play:   left("get:/wait sleep:200ms reset", "head sleep:600ms body:512:512"),
			Labels: byClient("", "SO_LINGER 0 close with its own request unanswered"),
		},
		{
			Name: "client-resets-download", Title: "The client resets in the middle of the response", programsAt: "server",
			Made: "The server sends 512 bytes each 30 ms; the client reads 2000 and closes with SO_LINGER {1,0}.",
			Notice: "RST+ACK in the active form, then a RST without ACK to each piece that was under way. A write gets " +
				"ECONNRESET first, EPIPE from then on.",
			Play:   left("get:/drip read:2000 reset", drip),
			Labels: byClient("abort-mid-transfer", "SO_LINGER 0 close in mid-response"),
		},
		{
			Name: "client-killed-download", Title: "The client is killed in the middle of the response", programsAt: "server",
			Made: "The server sends 512 bytes each 30 ms; the client stops reading for 200 ms and is killed with SIGKILL, " +
				"with data unread.",
			Notice: "The same packets as a deliberate reset: TCP_ABORT_ON_CLOSE is known to the kernel alone.",
			Play:   left("get:/drip read:1000 sleep:200ms kill", drip),
			Labels: byClient("abort-mid-transfer", "killed with part of the response unread"),
		},
		{
			Name: "client-closes-download", Title: "The client closes in the middle of the response, " +
				"nothing unread", programsAt: "server",
			Made: "The server sends 512 bytes each 300 ms; the client reads what there is and closes.",
			Notice: "FIN, and the next piece meets a closed socket: RST without ACK. The write after that gets EPIPE, since " +
				"the FIN had come first.",
			Play:   left("get:/slow drain:100ms close", "head drip:5:300ms"),
			Labels: byClient("data-after-fin", "closed in mid-response, then more of it came"),
		},
		{
			Name: "client-resets-upload", Title: "The client resets in the middle of its request", programsAt: "server",
			Made:   "The client announces 60000 bytes, sends 2000 and closes with SO_LINGER {1,0}.",
			Notice: "RST+ACK in the active form where the rest of the request should be; a read gets ECONNRESET.",
			Play:   left("post:60000:2000 sleep:100ms reset", "head read:60000 body:2:2"),
			Labels: byClient("abort-mid-transfer", "SO_LINGER 0 close in mid-request"),
		},
	}
}
