//go:build linux

package article

import (
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/actor"
)

func init() { actor.Register("quitter", playQuitter) }

// playQuitter is a client that leaves, at a moment that is written down beforehand: the victim's
// counterpart.
//
//	-server 192.0.2.1:8080 -plan 'get:/drip read:1000 reset'
func playQuitter(a *actor.Actor) {
	flags := flag.NewFlagSet("quitter", flag.ExitOnError)
	server := flags.String("server", "", "address to connect to")
	plan := flags.String("plan", "", "what to do")
	_ = flags.Parse(a.Args)
	c, err := net.Dial("tcp", *server)
	a.Check(err)
	tcp := c.(*net.TCPConn)
	for _, s := range strings.Fields(*plan) {
		name, arg, _ := strings.Cut(s, ":")
		switch name {
		case "get":
			fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", arg, *server)
		case "post": // post:announced:sent
			announced, sent, _ := strings.Cut(arg, ":")
			n, _ := strconv.Atoi(sent)
			fmt.Fprintf(c, "POST /up HTTP/1.1\r\nHost: %s\r\nContent-Length: %s\r\n\r\n%s", *server, announced, filler(n))
		case "read":
			n, _ := strconv.Atoi(arg)
			_, _ = io.CopyN(io.Discard, c, int64(n))
		case "drain": // reads until nothing has come for so long
			d, err := time.ParseDuration(arg)
			a.Check(err)
			buf := make([]byte, 4096)
			for err == nil {
				_ = c.SetReadDeadline(time.Now().Add(d))
				_, err = c.Read(buf)
			}
		case "sleep":
			d, err := time.ParseDuration(arg)
			a.Check(err)
			time.Sleep(d)
		case "reset":
			_ = tcp.SetLinger(0)
			tcp.Close()
		case "close":
			tcp.Close()
		case "kill":
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		default:
			a.Check(fmt.Errorf("%w %q", errStep, name))
		}
	}
	a.Say("@done")
}
