//go:build linux

package article

import (
	"bufio"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/actor"
	"github.com/rstexplain/rstexplain/cmd/rstlab/netns"
)

func init() { actor.Register("victim", playVictim) }

// playVictim is a server that ends badly, at a moment that is written down beforehand.
//
//	-listen 192.0.2.1:8080 -plan 'head body:4096:100000 kill | serve'
//
// The plan says what happens to each connection, "|" between connections; its last part holds for all
// further ones. Steps are real system calls: kill is SIGKILL to the process itself, reset is close(2)
// with SO_LINGER {1,0}. It says "@listening" and, when a hold is reached, "@hold name"; each "go"
// releases one hold.
func playVictim(a *actor.Actor) {
	flags := flag.NewFlagSet("victim", flag.ExitOnError)
	listen := flags.String("listen", "", "address to listen on")
	plan := flags.String("plan", "serve", "what happens to each connection")
	cert := flags.String("cert", "", "certificate for the tls step (PEM)")
	key := flags.String("key", "", "its key (PEM)")
	alpn := flags.String("alpn", "http/1.1", "protocol to agree on in the tls step")
	_ = flags.Parse(a.Args)
	v := &victim{actor: a}
	if *cert != "" {
		pair, err := tls.LoadX509KeyPair(*cert, *key)
		a.Check(err)
		// No session tickets: they would be data that the client has not read.
		v.tls = &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{*alpn}, SessionTicketsDisabled: true}
	}
	l, err := net.Listen("tcp", *listen)
	a.Check(err)
	v.listener = l
	a.Say("@listening")

	plans := strings.Split(*plan, "|")
	for i := 0; ; i++ {
		c, err := l.Accept()
		if err != nil {
			select {} // the listener is closed; the connections live on
		}
		steps := strings.Fields(plans[min(i, len(plans)-1)])
		conn := &served{victim: v, tcp: c.(*net.TCPConn), Conn: c, r: bufio.NewReader(c)}
		go conn.run(steps)
	}
}

type victim struct {
	actor    *actor.Actor
	listener net.Listener
	tls      *tls.Config
}

// A served is one accepted connection: Conn is what the application talks to, tcp what is below it.
type served struct {
	*victim
	net.Conn
	tcp *net.TCPConn
	r   *bufio.Reader
}

func (c *served) run(steps []string) {
	for i, s := range steps {
		name, arg, _ := strings.Cut(s, ":")
		switch name {
		case "tls":
			t := tls.Server(c.Conn, c.victim.tls)
			if t.Handshake() != nil {
				c.tcp.Close()
				return
			}
			c.Conn, c.r = t, bufio.NewReader(t)
		case "h2":
			c.http2(steps[i+1:])
			return
		default:
			if !c.step(name, arg, nil) {
				return
			}
		}
	}
	_, _ = io.Copy(io.Discard, c.r)
	c.Close()
}

var errStep = errors.New("unknown step")

// step carries out one step and reports whether to go on. w is the response of an HTTP/2 stream, nil
// where the step writes HTTP/1.1 itself.
func (c *served) step(name, arg string, w http.ResponseWriter) bool {
	switch name {
	case "hold":
		c.actor.Say("@hold %s", arg)
		c.actor.Wait("go")
	case "sleep":
		d, err := time.ParseDuration(arg)
		c.actor.Check(err)
		time.Sleep(d)
	case "arrive": // the peer's data is there, and is not read
		c.arrive()
	case "head":
		return c.head()
	case "read":
		n, _ := strconv.Atoi(arg)
		_, err := io.CopyN(io.Discard, c.r, int64(n))
		return err == nil
	case "body": // body:sent:announced
		sent, announced, _ := strings.Cut(arg, ":")
		n, _ := strconv.Atoi(sent)
		if w != nil {
			w.Header().Set("Content-Length", announced)
			_, _ = w.Write(filler(n))
			w.(http.Flusher).Flush()
			return true
		}
		_, err := fmt.Fprintf(c.Conn, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: "+
			"%s\r\n\r\n%s", announced, filler(n))
		return err == nil
	case "drip": // drip:pieces:gap, 512 bytes each, of a longer response
		pieces, gap, _ := strings.Cut(arg, ":")
		n, _ := strconv.Atoi(pieces)
		d, err := time.ParseDuration(gap)
		c.actor.Check(err)
		_, err = fmt.Fprintf(c.Conn, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\n")
		for ; n > 0 && err == nil; n-- {
			_, err = c.Conn.Write(filler(512))
			time.Sleep(d)
		}
		return err == nil
	case "refuse": // an early answer that ends the exchange, refuse:413
		_, err := fmt.Fprintf(c.Conn, "HTTP/1.1 %s Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", arg)
		return err == nil
	case "serve": // serves n requests, 1 when not given
		n, _ := strconv.Atoi(arg)
		for range max(n, 1) {
			if !c.head() || !c.step("body", "2:2", nil) {
				return false
			}
		}
	case "stop-listening":
		c.listener.Close()
	case "reset":
		_ = c.tcp.SetLinger(0)
		c.tcp.Close()
		return false
	case "close": // the socket, with no word of TLS
		c.tcp.Close()
		return false
	case "forget": // the host loses the connection without a word on the wire
		_ = netns.Forget(c.tcp)
		return false
	case "kill":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	default:
		c.actor.Check(fmt.Errorf("%w %q", errStep, name))
	}
	return true
}

// arrive waits until the kernel holds data that is still unread.
func (c *served) arrive() {
	raw, err := c.tcp.SyscallConn()
	c.actor.Check(err)
	one := make([]byte, 1)
	_ = raw.Read(func(fd uintptr) bool {
		n, _, err := syscall.Recvfrom(int(fd), one, syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		return n > 0 || err != syscall.EAGAIN
	})
}

// head reads a request's head and reports whether there was one.
func (c *served) head() bool {
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return false
		}
		if line == "\r\n" {
			return true
		}
	}
}

// http2 serves HTTP/2 on c; each request gets the steps that are left.
func (c *served) http2(steps []string) {
	srv := &http.Server{
		Protocols: new(http.Protocols),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for _, s := range steps {
				name, arg, _ := strings.Cut(s, ":")
				switch name {
				case "serve":
					_, _ = io.WriteString(w, "ok")
					return
				case "abort": // RST_STREAM
					panic(http.ErrAbortHandler)
				}
				if !c.step(name, arg, w) {
					break
				}
			}
			<-r.Context().Done()
		}),
		ErrorLog: log.New(io.Discard, "", 0),
	}
	srv.Protocols.SetHTTP2(true)
	srv.Protocols.SetUnencryptedHTTP2(true)
	_ = srv.Serve(&single{conn: c.Conn})
}

// A single is a listener that accepts one connection, which is there already.
type single struct {
	conn net.Conn
	done bool
}

func (s *single) Accept() (net.Conn, error) {
	if s.done {
		select {}
	}
	s.done = true
	return s.conn, nil
}
func (s *single) Close() error   { return nil }
func (s *single) Addr() net.Addr { return s.conn.LocalAddr() }

func filler(n int) []byte { return []byte(strings.Repeat("0123456789abcdef", n/16+1)[:n]) }
