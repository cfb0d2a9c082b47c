//go:build linux

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/rstexplain/rstexplain/cmd/rstlab/netns"
)

var unspecAddr [16]byte // sa_family AF_UNSPEC: connect() to it aborts a connection

var unspec = uintptr(unsafe.Pointer(&unspecAddr))

func (p *player) control(bind netip.AddrPort) func(string, string, syscall.RawConn) error {
	opts := p.opts
	if bind.IsValid() {
		opts = append(opts[:len(opts):len(opts)], netns.Bind(bind))
	}
	return func(_, _ string, c syscall.RawConn) (err error) {
		e := c.Control(func(fd uintptr) {
			for _, o := range opts {
				err = errors.Join(err, o(int(fd)))
			}
		})
		return errors.Join(e, err)
	}
}

func (p *player) listen(args []string) error {
	lc := net.ListenConfig{Control: p.control(netip.AddrPort{}), KeepAlive: -1}
	lc.SetMultipathTCP(p.mptcp)
	ln, err := lc.Listen(context.Background(), "tcp", args[0])
	p.a.Check(err)
	p.ln = ln.(*net.TCPListener)
	if len(args) > 1 {
		n, _ := strconv.Atoi(args[1])
		rc, err := p.ln.SyscallConn()
		p.a.Check(err)
		rc.Control(func(fd uintptr) { err = unix.Listen(int(fd), n) })
		p.a.Check(err)
	}
	p.a.Say("listening")
	return nil
}

func (p *player) connect(args []string) error {
	d := net.Dialer{Timeout: 8 * time.Second, KeepAlive: -1}
	d.SetMultipathTCP(p.mptcp)
	var local netip.AddrPort
	if len(args) > 1 {
		local = netip.MustParseAddrPort(args[1])
	}
	d.Control = p.control(local)
	c, err := d.Dial("tcp", args[0])
	if err != nil {
		p.a.Say("refused %v", err)
		return nil
	}
	p.slots[p.slot] = c
	p.a.Say("connected %s", c.LocalAddr())
	return nil
}

// withdraw begins to connect and closes the socket after a time, however far the handshake is.
func withdraw(p *player, to netip.AddrPort, after time.Duration) error {
	family := unix.AF_INET
	var sa unix.Sockaddr
	if to.Addr().Is4() {
		sa = &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}
	} else {
		family, sa = unix.AF_INET6, &unix.SockaddrInet6{Port: int(to.Port()), Addr: to.Addr().As16()}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	p.a.Check(err)
	if err := unix.Connect(fd, sa); err != nil && err != unix.EINPROGRESS {
		return err
	}
	time.Sleep(after)
	return unix.Close(fd)
}

func (p *player) option(name string, v int) error {
	switch name {
	case "rcvbuf":
		p.opts = append(p.opts, netns.IntOption(unix.SOL_SOCKET, unix.SO_RCVBUF, v))
	case "sndbuf":
		p.opts = append(p.opts, netns.IntOption(unix.SOL_SOCKET, unix.SO_SNDBUF, v))
	case "reuseport":
		p.opts = append(p.opts, netns.IntOption(unix.SOL_SOCKET, unix.SO_REUSEPORT, v))
	case "mss":
		p.opts = append(p.opts, netns.IntOption(unix.IPPROTO_TCP, unix.TCP_MAXSEG, v))
	case "mptcp":
		p.mptcp = v != 0
	default:
		return fmt.Errorf("%w: no such option", errScript)
	}
	return nil
}

func (p *player) set(args []string) error {
	v := make([]int, len(args)-1)
	for i := range v {
		v[i], _ = strconv.Atoi(args[i+1])
	}
	set := func(level, name, v int) error { return netns.SetOption(p.tcp(), netns.IntOption(level, name, v)) }
	switch args[0] {
	case "user-timeout":
		return set(unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, v[0])
	case "linger2":
		return set(unix.IPPROTO_TCP, unix.TCP_LINGER2, v[0])
	case "nodelay":
		return set(unix.IPPROTO_TCP, unix.TCP_NODELAY, v[0])
	case "quickack":
		return set(unix.IPPROTO_TCP, unix.TCP_QUICKACK, v[0])
	case "keepalive":
		return errors.Join(set(unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, v[0]), set(unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, v[1]),
			set(unix.IPPROTO_TCP, unix.TCP_KEEPCNT, v[2]), set(unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1))
	}
	return fmt.Errorf("%w: no such setting", errScript)
}

func (p *player) tls(verb string, args []string) error {
	conf := &tls.Config{InsecureSkipVerify: verb == "tls-client", ServerName: "shop.example",
		NextProtos: []string{"http/1.1"}}
	if len(args) > 0 && args[0] == "1.2" {
		conf.MaxVersion = tls.VersionTLS12
	}
	if len(args) > 0 && args[0] == "1.3" {
		conf.MinVersion = tls.VersionTLS13
	}
	var t *tls.Conn
	if verb == "tls-server" {
		conf.Certificates = []tls.Certificate{certificate()}
		t = tls.Server(p.conn(), conf)
	} else {
		t = tls.Client(p.conn(), conf)
	}
	if err := t.Handshake(); err != nil {
		p.a.Say("tls-failed %v", err)
		return err
	}
	p.slots[p.slot] = t
	p.a.Say("tls")
	return nil
}

// certificate makes a self-signed one.
func certificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // no randomness
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "shop.example"},
		DNSNames:  []string{"shop.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour * 24)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
