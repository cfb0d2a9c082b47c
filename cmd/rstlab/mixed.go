//go:build linux

package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rstexplain/rstexplain/cmd/rstlab/netns"
	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
	"github.com/rstexplain/rstexplain/cmd/rstlab/wire"
)

// A thread is one kind of connection in the mixed capture: both ends of it, on a port of its own, and the
// truth about its RSTs.
type thread struct {
	port   int
	says   string // what a person would tell of its RSTs
	times  int
	serve  func(c *net.TCPConn)            // nil: nothing listens, or the kernel alone
	client func(m *mix, to netip.AddrPort) // one connection from beginning to end
	truth  func(stage.RST) stage.Label     // nil: no RST may be
}

// A mix is the mixed situation being played.
type mix struct {
	*story
	cert tls.Certificate
}

func (m *mix) dial(to netip.AddrPort) *net.TCPConn {
	c, err := m.Client.Dial(to, 20*time.Second)
	must(err)
	return c
}

func read(c net.Conn, n int) bool {
	c.SetReadDeadline(time.Now().Add(30 * time.Second))
	_, err := io.ReadFull(c, make([]byte, n))
	return err == nil
}

func drain(c net.Conn) {
	c.SetReadDeadline(time.Now().Add(30 * time.Second))
	io.Copy(io.Discard, c)
}

// exchanges answers whole exchanges until the client ends.
func exchanges(p protocol, size int) func(*net.TCPConn) {
	return func(c *net.TCPConn) {
		defer c.Close()
		for i := 0; read(c, len(p.request(i))); i++ {
			io.WriteString(c, p.response(i, size))
		}
	}
}

// served answers n exchanges and goes on with then.
func served(p protocol, n, size int, then func(*net.TCPConn)) func(*net.TCPConn) {
	return func(c *net.TCPConn) {
		for i := range n {
			if !read(c, len(p.request(i))) {
				c.Close()
				return
			}
			io.WriteString(c, p.response(i, size))
		}
		then(c)
	}
}

// asked makes n exchanges and goes on with then.
func asked(p protocol, n, size int, then func(*mix, *net.TCPConn)) func(*mix, netip.AddrPort) {
	return func(m *mix, to netip.AddrPort) {
		c := m.dial(to)
		for i := range n {
			io.WriteString(c, p.request(i))
			if !read(c, len(p.response(i, size))) {
				break
			}
			time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
		}
		then(m, c)
	}
}

func pause(from, to int) { time.Sleep(time.Duration(from+rand.IntN(to-from+1)) * time.Millisecond) }

func closeConn(_ *mix, c *net.TCPConn) { c.Close() }
func resetConn(_ *mix, c *net.TCPConn) { pause(60, 300); netns.Reset(c) }
func untilEOF(_ *mix, c *net.TCPConn)  { drain(c); c.Close() }

// ordinary are connections that end well.
func ordinary(cert *tls.Certificate) []thread {
	var out []thread
	for i, p := range []protocol{httpProtocol, redisProtocol, opaqueProtocol} {
		for j, n := range []int{1, 3, 6} {
			size := 80 + 400*j
			out = append(out, thread{port: 8000 + 10*i + j, times: []int{420, 260, 90}[j], serve: exchanges(p, size),
				client: asked(p, n, size, closeConn)})
		}
	}
	return append(out, thread{port: 443, times: 40,
		serve: func(c *net.TCPConn) {
			t := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{*cert}})
			defer c.Close()
			if t.Handshake() == nil && read(t, 77) {
				io.WriteString(t, httpProtocol.response(0, 200))
				drain(t)
			}
		},
		client: func(m *mix, to netip.AddrPort) {
			c := m.dial(to)
			t := tls.Client(c, &tls.Config{InsecureSkipVerify: true, ServerName: "shop.example"})
			must(t.Handshake())
			io.WriteString(t, httpProtocol.request(0))
			read(t, len(httpProtocol.response(0, 200)))
			c.CloseWrite()
			drain(c)
			c.Close()
		}})
}

// troubled are connections that are reset.
func troubled() []thread {
	h, r, o := httpProtocol, redisProtocol, opaqueProtocol
	refused := func(m *mix, to netip.AddrPort) {
		if c, err := m.Client.Dial(to, 3*time.Second); err == nil {
			c.Close()
		}
	}
	never := func(c *net.TCPConn) { time.Sleep(20 * time.Second); c.Close() }
	return []thread{
		{port: 9001, says: "connections to a port without a listener",
			times: 24, client: refused, truth: all(closedPort, "", "a SYN reached a port without a listener")},
		{port: 9002, says: "connections that a firewall rejects in the host's name",
			times: 14, client: refused, truth: all(closedPort, "policy-reject",
				"a firewall on the way refused the SYN in the host's name")},
		{port: 9003, says: "a server that closes with the next request unread, or just before it comes",
			times: 26, serve: served(h, 1, 300, func(c *net.TCPConn) { pause(80, 400); c.Close() }),
			client: asked(h, 1, 300, func(m *mix, c *net.TCPConn) { io.WriteString(c, h.request(1)); untilEOF(m, c) }),
			truth: func(r stage.RST) stage.Label {
				if r.First == "TCP_ABORT_ON_CLOSE" {
					return stage.Label{Cause: crash, Detail: "unread-data", AlsoOK: []string{fast}, Why: "the socket was closed " +
						"with an unread request in its queue"}
				}
				// The request was late: the server had closed an idle connection.
				return stage.Label{Cause: fast, Detail: "keepalive-race", AlsoOK: []string{crash}, Why: "the server closed an " +
					"idle kept-alive connection; the client's next request met the closed socket"}
			}},
		{port: 9004, says: "a server that drops connections right after accepting them",
			times: 18, serve: func(c *net.TCPConn) { netns.Reset(c) },
			client: func(m *mix, to netip.AddrPort) { untilEOF(m, m.dial(to)) },
			truth:  all(crash, "accepted-then-dropped", "the server dropped the connection right after it was accepted")},
		{port: 9005, says: "a client that closes by RST after finished exchanges",
			times: 30, serve: exchanges(r, 500), client: asked(r, 3, 500, resetConn), truth: all(fast,
				"abortive-close", "SO_LINGER 0 after a finished exchange")},
		{port: 9006, says: "a server that closes by RST after finished exchanges",
			times: 26, serve: served(o, 2, 700, func(c *net.TCPConn) { resetConn(nil, c) }), client: asked(o, 2, 700, untilEOF),
			truth: all(fast, "abortive-close", "SO_LINGER 0 after a finished exchange")},
		{port: 9007, says: "a server that answers the client's FIN with RST",
			times: 26, serve: func(c *net.TCPConn) {
				served(h, 2, 400, func(c *net.TCPConn) { drain(c); netns.Reset(c) })(c)
			}, client: asked(h, 2, 400, closeConn), truth: all(fast, "reset-instead-of-fin",
				"SO_LINGER 0 close in answer to the peer's FIN, after a finished exchange")},
		{port: 9008, says: "a server that closes idle kept-alive connections before the client's next request",
			times: 24, serve: served(h, 2, 300, func(c *net.TCPConn) { pause(900, 1800); c.Close() }),
			client: asked(h, 2, 300, func(m *mix,
				c *net.TCPConn) {
				pause(2600, 3600)
				io.WriteString(c, h.request(2))
				untilEOF(m, c)
			}),
			truth: all(fast, "keepalive-race", "the server closed an idle kept-alive connection; the client's next request "+
				"met the closed socket", crash)},
		{port: 9009, says: "a server that closes in the middle of uploads",
			times: 16, serve: func(c *net.TCPConn) { go drain(c); pause(120, 260); c.CloseRead(); c.Close() },
			client: func(m *mix, to netip.AddrPort) {
				c := m.dial(to)
				io.WriteString(c, post(60000))
				for range 14 {
					if _, err := c.Write(filler(300)); err != nil {
						break
					}
					pause(25, 45)
				}
				c.Close()
			},
			truth: all(crash, "", "the server closed in the middle of an upload", fast)},
		{port: 9010, says: "a host that loses connections",
			times: 20, serve: served(r, 2, 200, func(c *net.TCPConn) { pause(120, 200); netns.Forget(c) }),
			client: asked(r, 2, 200, func(m *mix,
				c *net.TCPConn) {
				pause(500, 900)
				io.WriteString(c, r.request(2))
				untilEOF(m, c)
			}),
			truth: all(crash, "state-lost", "the host had lost the connection a moment ago", unknown)},
		{port: 25, says: "SMTP sessions in which both sides say goodbye at once",
			times: 14, serve: func(c *net.TCPConn) {
				io.WriteString(c, "220 mail.shop.example ESMTP\r\n")
				read(c, len("EHLO lab.example\r\n"))
				io.WriteString(c, "250 mail.shop.example\r\n")
				pause(60, 200)
				io.WriteString(c, "421 4.4.2 closing\r\n")
				c.Close()
			}, client: func(m *mix, to netip.AddrPort) {
				c := m.dial(to)
				read(c, len("220 mail.shop.example ESMTP\r\n"))
				io.WriteString(c, "EHLO lab.example\r\n")
				read(c, len("250 mail.shop.example\r\n421 4.4.2 closing\r\n"))
				pause(5, 40)
				io.WriteString(c, "QUIT\r\n")
				untilEOF(m, c)
			}, truth: byPayload(all(fast, "late-goodbye",
				"both sides had said goodbye; the second farewell met the closed socket"))},
		{port: 9012, says: "a client that breaks off downloads",
			times: 10, serve: func(c *net.TCPConn) {
				read(c, len(h.request(1)))
				io.WriteString(c, head(40000))
				for range 20 {
					c.Write(filler(1400))
					pause(4, 8)
				}
				c.Close()
			}, client: func(m *mix, to netip.AddrPort) {
				c := m.dial(to)
				io.WriteString(c, h.request(1))
				read(c, 9000)
				netns.Reset(c)
			}, truth: all(crash, "abort-mid-transfer", "the client aborted in the middle of a response", fast)},
		{port: 9013, says: "a monitor that opens connections and resets them",
			times: 24, serve: untilEOFServer, client: func(m *mix, to netip.AddrPort) { netns.Reset(m.dial(to)) },
			truth: all(fast, "health-probe", "a monitor closed its probe on purpose, never having wanted an exchange")},
		{port: 9014, says: "keep-alive probes that are lost",
			times: 8, serve: served(o, 2, 200, never), client: asked(o, 2, 200, func(m *mix, c *net.TCPConn) {
				for _, s := range []netns.SocketOption{netns.IntOption(unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 2),
					netns.IntOption(unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 1),
					netns.IntOption(unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 3), netns.IntOption(unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)} {
					must(netns.SetOption(c, s))
				}
				untilEOF(m, c)
			}), truth: all(timedOut, "keepalive-unanswered", "all keep-alive probes went unanswered")},
		{port: 9015, says: "requests that are lost, given up by the client",
			times: 10, serve: served(r, 2, 200, never), client: asked(r, 2, 200, func(m *mix, c *net.TCPConn) {
				pause(200, 300)
				io.WriteString(c, r.request(2)) // lost from now on, see mixedLoss
				pause(2600, 3400)
				netns.Reset(c)
			}), truth: all(timedOut, "data-unacked", "the client gave up on a request that it had resent without an answer")},
		{port: 9016, says: "connects that are withdrawn before the SYN-ACK comes",
			times: 12, serve: never, client: func(m *mix, to netip.AddrPort) {
				p, err := spawn(m.Client, fmt.Sprintf("withdraw %v 3ms", to), "say end", "hang")
				must(err)
				m.says(p, "end")
				p.Kill()
			}, truth: all(unknown, "connect-withdrawn", "connect() had been given up before the SYN-ACK came")},
		{port: 9017, says: "raw SYNs of a scanner, to one port",
			times: 6, serve: never, client: func(m *mix, to netip.AddrPort) {
				raw(m.Client, m.Client.At(20000+rand.IntN(9000)), to,
					wire.Forgery{SEQ: rand.Uint32(), Flags: wire.SYN, Window: 1024, TTL: 50})
			}, truth: all(unknown, "syn-probe", "the scanner's kernel knows nothing of the raw SYN that the SYN-ACK answers")},
		{port: 9018, says: "a client whose timer runs out with its request open",
			times: 12, serve: served(h, 1, 200, func(c *net.TCPConn) { drain(c); c.Close() }),
			client: asked(h, 1, 200, func(m *mix, c *net.TCPConn) {
				io.WriteString(c, h.request(1))
				time.Sleep(time.Duration(1+rand.IntN(3)) * time.Second)
				netns.Reset(c)
			}), truth: all(crash, "application-timeout", "a timer of the client ran out with its request open", fast)},
		{port: 9019, says: "a device that cuts exchanges in the server's name",
			times: 10, serve: func(c *net.TCPConn) {
				read(c, len(h.request(1)))
				for range 20 {
					c.Write(filler(700))
					pause(5, 9)
				}
				c.Close()
			}, client: func(m *mix, to netip.AddrPort) {
				c := m.dial(to)
				io.WriteString(c, h.request(1))
				untilEOF(m, c)
			}, truth: forgery(crash, "a device on the way cut the exchange in the peer's name")},
		{port: 9020, says: "a server that resets pooled connections after some idle seconds",
			times: 14, serve: served(o, 3, 150, func(c *net.TCPConn) { pause(3000, 6000); netns.Reset(c) }),
			client: asked(o, 3, 150, untilEOF),
			truth:  all(fast, "idle-release", "SO_LINGER 0 on a pooled connection, long after its last exchange")},
	}
}

func untilEOFServer(c *net.TCPConn) { drain(c); c.Close() }

// mixedWires loses what the threads want lost, and forges in the others.
func mixedWires(m *mix) {
	type side struct {
		a, b netip.AddrPort
	}
	seen := map[side]int{}
	lose(m.Far, func(d wire.Dir, f wire.Frame) bool {
		if d != wire.AtoB || !f.TCP() {
			return false
		}
		k := side{f.Src(), f.Dst()}
		switch f.Dst().Port() {
		case 9014: // keep-alive probes: no data, SEQ one below what was acknowledged
			if len(f.Payload()) > 0 {
				seen[k] = int(f.SEQ()) + len(f.Payload())
			}
			return seen[k] != 0 && len(f.Payload()) == 0 && int(f.SEQ()) == seen[k]-1
		case 9015: // the third request and all that follows
			if seen[k] >= 2 {
				return true
			}
			if len(f.Payload()) > 0 {
				seen[k]++
			}
		}
		return false
	})
	cut := map[side]int{}
	m.Near.SetHook(func(d wire.Dir, f wire.Frame) wire.Verdict {
		if d == wire.BtoA && f.TCP() && f.Src().Port() == 9019 && len(f.Payload()) > 0 {
			k := side{f.Src(), f.Dst()}
			if cut[k]++; cut[k] == 7 {
				ttl := f.TTL()
				if f.Dst().Port()%2 == 0 {
					ttl = 111
				}
				m.Near.Inject(wire.BtoA, wire.Forge(f, wire.Forgery{SEQ: f.SEQ(), Flags: wire.RST, TTL: ttl, IPID: 7}))
			}
		}
		return wire.Verdict{}
	})
}

// mixed is a capture like those in the wild: thousands of ordinary connections, and some hundred resets of
// all kinds among them.
func mixed() []stage.Situation {
	threads := troubled()
	byPort, says := map[uint16]func(stage.RST) stage.Label{}, map[uint16]string{}
	for _, t := range threads {
		byPort[uint16(t.port)], says[uint16(t.port)] = t.truth, t.says
	}
	for _, t := range ordinary(nil) {
		says[uint16(t.port)] = "a late segment of an ordinary connection"
	}
	return []stage.Situation{{
		Name: "mixed", Keep: []string{"client"}, Stories: says, Spec: stage.Spec{ServerIPs: 5, ClientTTL: 128},
		Says: "Some 2400 ordinary connections (HTTP, Redis, TLS, a binary protocol) within a minute, and among them " +
			"resets of twenty kinds, hundreds in all: refused, rejected, crashed, forgotten, timed out, released, forged.",
		Run: scene(func(t *story) {
			m := &mix{story: t, cert: certificate()}
			must(t.Router.NFT(fmt.Sprintf(rejectForward, "tcp dport 9002")))
			mixedWires(m)
			var wg sync.WaitGroup
			failed := make(chan error, 4096)
			for i, th := range append(ordinary(&m.cert), threads...) {
				to := withAddr(t.Server.At(th.port), t.Server.Addrs[i%len(t.Server.Addrs)])
				if th.serve != nil {
					ln, err := t.Server.Listen(to)
					must(err)
					defer ln.Close()
					go func() {
						for {
							c, err := ln.AcceptTCP()
							if err != nil {
								return
							}
							c.SetKeepAlive(false)
							go th.serve(c)
						}
					}()
				}
				for n := range th.times {
					wg.Add(1)
					go func() {
						defer wg.Done()
						defer func() {
							if p, ok := recover().(plotError); ok {
								failed <- fmt.Errorf("port %d: %w", th.port, p.error)
							}
						}()
						// Spread over 40 s, each kind evenly.
						time.Sleep(time.Duration((float64(n)+rand.Float64())/float64(th.times)*40_000) * time.Millisecond)
						th.client(m, to)
					}()
				}
			}
			wg.Wait()
			close(failed)
			for err := range failed {
				must(err)
			}
			t.settle()
		}),
		Truth: func(r stage.RST) stage.Label {
			port := r.Src.Port()
			if r.Sender == "client" {
				port = r.Dst.Port()
			}
			if f := byPort[port]; f != nil {
				l := f(r)
				if r.Point == "server" && port == 9014 || r.Point == "server" && port == 9015 { // the loss lies before it
					l = blind(l, fast, crash)
				}
				return l
			}
			if r.Reason == "NO_SOCKET" || r.Reason == "TCP_FLAGS" {
				// A FIN was resent needlessly, and the ACK of the copy came when all was over.
				return stage.Label{Cause: unknown, Detail: "late-segment", AlsoOK: []string{fast}, Why: "the connection had " +
					"ended well; a late ACK found it gone"}
			}
			return stage.Label{Cause: "?", Why: fmt.Sprintf("a RST on the ordinary port %d", port)}
		},
	}}
}
