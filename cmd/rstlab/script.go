//go:build linux

package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rstexplain/rstexplain/cmd/rstlab/actor"
	"github.com/rstexplain/rstexplain/cmd/rstlab/netns"
	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
)

// A script is what one process does with its sockets, one step a line:
//
//	listen ADDR [BACKLOG]      accept                     connect ADDR [LOCAL]
//	withdraw ADDR AFTER        (a connect that is given up)
//	opt NAME VALUE             (for the sockets made afterwards: rcvbuf, sndbuf, reuseport, mss, fastopen, mptcp)
//	set NAME VALUE             (on the connection: user-timeout, keepalive "IDLE INTERVAL COUNT", linger2, nodelay, quickack)
//	send "TEXT"   fill N       (N bytes of filler)   trickle N GAP "TEXT"
//	read N        line         eof (read to the end)  drain (in the background)
//	tls-server    tls-client [MAX-VERSION]            (wraps the connection; tls-trust: and verifies, which fails)
//	sleep D       say WORD     wait WORD              hang
//	shutdown      close        reset (SO_LINGER 0)    forget (without a word)    disconnect (connect to AF_UNSPEC)
//	conn K        (switches to connection slot K)     close-listener
//
// Errors of the network end nothing: they are said ("failed STEP: …") and the script goes on, as programs do.
func init() { actor.Register("script", playScript) }

type player struct {
	a     *actor.Actor
	ln    *net.TCPListener
	slots map[string]net.Conn
	slot  string
	opts  []netns.SocketOption
	mptcp bool
}

func playScript(a *actor.Actor) {
	p := &player{a: a, slots: map[string]net.Conn{}, slot: "0"}
	for _, step := range a.Args {
		verb, rest, _ := strings.Cut(step, " ")
		if err := p.do(verb, rest); err != nil {
			if errors.Is(err, errScript) {
				a.Check(fmt.Errorf("%s: %w", step, err))
			}
			a.Say("failed %s: %v", verb, err)
		}
	}
}

var errScript = errors.New("script is wrong")

func (p *player) conn() net.Conn { return p.slots[p.slot] }

func (p *player) tcp() *net.TCPConn {
	switch c := p.conn().(type) {
	case *net.TCPConn:
		return c
	case *tls.Conn:
		return c.NetConn().(*net.TCPConn)
	}
	return nil
}

func (p *player) do(verb, rest string) error {
	args := strings.Fields(rest)
	num := func(i int) int {
		n, err := strconv.Atoi(args[i])
		p.a.Check(err)
		return n
	}
	dur := func(i int) time.Duration {
		d, err := time.ParseDuration(args[i])
		p.a.Check(err)
		return d
	}
	text := func(s string) []byte {
		t, err := strconv.Unquote(s)
		p.a.Check(err)
		return []byte(t)
	}
	switch verb {
	case "listen":
		return p.listen(args)
	case "accept":
		c, err := p.ln.AcceptTCP()
		if err != nil {
			return err
		}
		c.SetKeepAlive(false)
		p.slots[p.slot] = c
		p.a.Say("accepted %s", c.RemoteAddr())
	case "connect":
		return p.connect(args)
	case "withdraw":
		return withdraw(p, netip.MustParseAddrPort(args[0]), dur(1))
	case "opt":
		return p.option(args[0], num(1))
	case "set":
		return p.set(args)
	case "send":
		_, err := p.conn().Write(text(rest))
		return err
	case "fill":
		_, err := p.conn().Write(filler(num(0)))
		return err
	case "trickle":
		t := text(strings.Join(args[2:], " "))
		for range num(0) {
			if _, err := p.conn().Write(t); err != nil {
				return err
			}
			time.Sleep(dur(1))
		}
	case "read":
		_, err := io.ReadFull(p.conn(), make([]byte, num(0)))
		return err
	case "line":
		for b := make([]byte, 1); b[0] != '\n'; {
			if _, err := p.conn().Read(b); err != nil {
				return err
			}
		}
	case "eof":
		_, err := io.Copy(io.Discard, p.conn())
		return err
	case "drain":
		go io.Copy(io.Discard, p.conn())
	case "tls-server", "tls-client", "tls-trust":
		return p.tls(verb, args)
	case "sleep":
		time.Sleep(dur(0))
	case "say":
		p.a.Say("%s", rest)
	case "wait":
		p.a.Wait(rest)
	case "hang":
		select {}
	case "shutdown":
		if t, ok := p.conn().(*tls.Conn); ok {
			return t.CloseWrite()
		}
		return p.tcp().CloseWrite()
	case "fin": // of the TCP under a TLS connection, without close_notify
		return p.tcp().CloseWrite()
	case "close":
		return p.conn().Close()
	case "close-tcp":
		return p.tcp().Close()
	case "reset":
		return netns.Reset(p.tcp())
	case "forget":
		return netns.Forget(p.tcp())
	case "disconnect":
		return netns.SetOption(p.tcp(), func(fd int) error {
			_, _, e := unix.Syscall(unix.SYS_CONNECT, uintptr(fd), unspec, 16)
			if e != 0 {
				return e
			}
			return nil
		})
	case "conn":
		p.slot = rest
	case "close-listener":
		return p.ln.Close()
	case "die": // without waiting for anything
		os.Exit(1)
	default:
		return fmt.Errorf("%w: no such step", errScript)
	}
	return nil
}

// filler returns n bytes that no protocol begins with and that compress well.
func filler(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = 0xa0 + byte(i%23)
	}
	return b
}

// spawn starts a script on a host.
func spawn(h *stage.Host, steps ...string) (*actor.Process, error) {
	return h.Spawn("script", steps...)
}

// send is the step that sends a text.
func send(s string) string { return "send " + strconv.Quote(s) }
