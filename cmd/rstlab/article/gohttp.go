//go:build linux

package article

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/actor"
)

func init() { actor.Register("gohttp", playGoHTTP) }

// playGoHTTP is Go's net/http as a client of the experiments. It talks with the conductor as the clients
// in other languages do: settings as name=value arguments, "@pause where" out, "go" in.
func playGoHTTP(a *actor.Actor) {
	g := &goHTTP{actor: a, settings: map[string]string{}}
	for _, arg := range a.Args {
		name, value, _ := strings.Cut(arg, "=")
		g.settings[name] = value
	}
	dialer := &net.Dialer{Timeout: g.millis("connect-timeout")}
	transport := &http.Transport{Protocols: new(http.Protocols), TLSClientConfig: &tls.Config{RootCAs: g.roots()},
		DialContext: dialer.DialContext}
	switch g.settings["protocol"] {
	case "h2":
		transport.Protocols.SetHTTP2(true)
	case "h2c":
		transport.Protocols.SetUnencryptedHTTP2(true)
	default:
		transport.Protocols.SetHTTP1(true)
	}
	if p := g.settings["proxy"]; p != "" {
		transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: p})
	}
	client := &http.Client{Transport: transport, Timeout: g.millis("read-timeout")}
	for i := range max(g.number("times"), 1) {
		if i > 0 {
			g.pause("idle")
		}
		g.exchange(client)
	}
	g.pause("end")
}

type goHTTP struct {
	actor    *actor.Actor
	settings map[string]string
}

func (g *goHTTP) exchange(client *http.Client) {
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { g.pause("connected") },
	})
	method, body := "GET", io.Reader(nil)
	if n := g.number("upload"); n > 0 {
		method, body = "POST", &upload{goHTTP: g, left: n}
	}
	if d := g.millis("cancel"); d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		time.AfterFunc(d, cancel)
	}
	req, err := http.NewRequestWithContext(ctx, method, g.settings["url"], body)
	if err != nil {
		g.thrown(err)
		return
	}
	req.ContentLength = int64(g.number("upload"))
	resp, err := client.Do(req)
	if err != nil {
		g.thrown(err)
		return
	}
	defer resp.Body.Close()
	n, err := resp.Body.Read(make([]byte, 1))
	if err == nil {
		g.pause("body")
		if g.settings["close-early"] != "" {
			return
		}
		if g.settings["exit"] != "" {
			os.Exit(0)
		}
	}
	rest := int64(0)
	if err == nil {
		rest, err = io.Copy(io.Discard, resp.Body)
	}
	if err != nil && err != io.EOF {
		g.thrown(err)
		return
	}
	g.actor.Say("@result %d %d", resp.StatusCode, int64(n)+rest)
}

// An upload is a body that comes in small pieces.
type upload struct {
	*goHTTP
	left, sent int
}

func (u *upload) Read(p []byte) (int, error) {
	if u.left == 0 {
		return 0, io.EOF
	}
	if u.sent > 0 {
		time.Sleep(u.millis("upload-gap"))
	}
	if u.sent == 1024 {
		u.pause("upload")
	}
	n := min(len(p), 1024, u.left)
	clear(p[:n])
	u.left -= n
	u.sent += n
	return n, nil
}

func (g *goHTTP) pause(where string) {
	if strings.Contains(","+g.settings["pause"]+",", ","+where+",") {
		g.actor.Say("@pause %s", where)
		g.actor.Wait("go")
	}
}

// thrown says the error's text, and the errno below it where there is one.
func (g *goHTTP) thrown(err error) {
	words, _ := json.Marshal(err.Error())
	g.actor.Say("@words %s", words)
	var errno syscall.Errno
	if errors.As(err, &errno) {
		g.actor.Say("@errno %d", int(errno))
	}
}

func (g *goHTTP) number(name string) int {
	n, _ := strconv.Atoi(g.settings[name])
	return n
}

func (g *goHTTP) millis(name string) time.Duration {
	return time.Duration(g.number(name)) * time.Millisecond
}

func (g *goHTTP) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	for _, file := range strings.Split(g.settings["ca"], ",") {
		if pem, err := os.ReadFile(file); err == nil {
			pool.AppendCertsFromPEM(pem)
		}
	}
	return pool
}
