//go:build linux

// Package stage sets up client, router and server as network namespaces, plays a situation on them with
// captures running, and writes the captures with the truth about each RST in them.
//
//	client eth0 ──Near── eth0 router eth1 ──Far── eth0 server
//
// Near and Far are wires with a delay, a hook for loss, and injection; the router is a Linux kernel that
// forwards, and counts TTLs down.
package stage

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/actor"
	"github.com/rstexplain/rstexplain/cmd/rstlab/ktrace"
	"github.com/rstexplain/rstexplain/cmd/rstlab/netns"
	"github.com/rstexplain/rstexplain/cmd/rstlab/wire"
)

// A Spec is what may differ from stage to stage. The zero Spec is an IPv4 path with 2 ms to the router
// and 8 ms from there to the server.
type Spec struct {
	V6        bool
	Near, Far time.Duration // one-way delays, client–router and router–server
	ClientTTL int           // initial TTL or hop limit, 0: 64
	ServerTTL int
	Offload   bool          // giant segments and unfilled checksums in the captures
	NoTS      bool          // no TCP timestamps
	MTU       int           // of all links but FarMTU's, 0: 1500
	FarMTU    int           // of the router's interface toward the server, which the server does not know of
	ServerIPs int           // further addresses of the server
	Loss      float64       // part of the frames that each wire loses by chance
	Jitter    time.Duration // the most that each wire delays a frame beyond its delay
	Loopback  bool          // client and server are one host that talks to itself; captured on lo
	Path      bool          // captured at PathPoints, and the kernel's trace kept as text
	Clock     string        // of that trace, "" for what the kernel begins with: "local"
	NAT       NAT           // what the router rewrites
	Shift     uint32        // a device before the server adds this to the client's sequence numbers
	Late      bool          // the situation starts the captures itself, with Record
	Snap      int           // snaplen of the short capture, 0: 64, or 96 with IPv6

	Client, Router, Server []string // sysctls of each, "net.ipv4.tcp_retries2=3"
}

// A Host is one of the three machines.
type Host struct {
	*netns.NS
	Role  string       // "client", "router" or "server"
	Addr  netip.Addr   // its first address; the router's is the one toward the client
	Addrs []netip.Addr // all its addresses

	stage *Stage
}

// Move gives the host's interface another Ethernet address, and tells the router.
func (h *Host) Move(mac string) error {
	dev := "eth0"
	if h == h.stage.Server {
		dev = "eth1"
	}
	var cmds []string
	for _, a := range h.Addrs {
		cmds = append(cmds, fmt.Sprintf("neigh replace %s lladdr %s dev %s nud permanent", a, mac, dev))
	}
	return errors.Join(h.Batch("link set eth0 address "+mac), h.stage.Router.Batch(cmds...))
}

// At returns the host's address with a port.
func (h *Host) At(port int) netip.AddrPort { return netip.AddrPortFrom(h.Addr, uint16(port)) }

// Spawn starts a role of package actor on the host. It is killed with the stage.
func (h *Host) Spawn(role string, args ...string) (*actor.Process, error) {
	p, err := actor.Start(h.Start, role, args...)
	if err == nil {
		h.stage.atEnd(p.Kill)
	}
	return p, err
}

// Daemon starts a program on the host, which is killed with the stage.
func (h *Host) Daemon(name string, args ...string) (*exec.Cmd, error) {
	cmd := exec.Command(name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	log, err := os.Create(filepath.Join(h.stage.Dir, h.Role+"-"+filepath.Base(name)+".log"))
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := h.Start(cmd); err != nil {
		return nil, err
	}
	gone := make(chan struct{})
	go func() { cmd.Wait(); close(gone) }()
	h.stage.atEnd(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-gone
	})
	return cmd, nil
}

// A Stage is one client–router–server world.
type Stage struct {
	Spec
	Client, Router, Server *Host
	Near, Far              *wire.Wire
	Dir                    string // scratch, removed with the stage
	Rand                   *rand.Rand

	trace   *ktrace.Trace
	began   time.Time
	records []*record
	path    *ktrace.Text // with Path
	far     netip.Addr   // the router's address toward the server
	mu      sync.Mutex
	tags    map[[2]netip.AddrPort]string
	ends    []func()
}

// RTT returns the round-trip time of the path.
func (s *Stage) RTT() time.Duration {
	if s.Loopback {
		return time.Millisecond
	}
	return 2 * (s.Spec.Near + s.Spec.Far)
}

func (s *Stage) atEnd(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ends = append(s.ends, f)
}

var stages atomic.Uint32

// New sets up a stage. Its addresses are its own among all stages of this machine, as far as chance allows.
func New(spec Spec, trace *ktrace.Trace) (s *Stage, err error) {
	if spec.Near == 0 {
		spec.Near = 2 * time.Millisecond
	}
	if spec.Far == 0 {
		spec.Far = 8 * time.Millisecond
	}
	if spec.MTU == 0 {
		spec.MTU = 1500
	}
	if spec.FarMTU == 0 {
		spec.FarMTU = spec.MTU
	}
	if spec.Snap == 0 {
		spec.Snap = 64
		if spec.V6 {
			spec.Snap = 96
		}
	}
	n := stages.Add(1)
	s = &Stage{Spec: spec, trace: trace, tags: map[[2]netip.AddrPort]string{},
		Rand: rand.New(rand.NewPCG(uint64(os.Getpid()), uint64(n)^uint64(time.Now().UnixNano())))}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if s.Dir, err = os.MkdirTemp("", "rstlab-"); err != nil {
		return nil, err
	}
	os.Chmod(s.Dir, 0o777)
	s.atEnd(func() { os.RemoveAll(s.Dir) })
	var hub *netns.NS
	for _, x := range []struct {
		role string
		host **Host
	}{{"client", &s.Client}, {"router", &s.Router}, {"server", &s.Server}, {"hub", nil}} {
		ns, err := netns.New(fmt.Sprintf("%s%d", x.role, n))
		if err != nil {
			return nil, err
		}
		s.atEnd(ns.Delete)
		if x.host == nil {
			hub = ns
		} else {
			*x.host = &Host{NS: ns, Role: x.role, stage: s}
		}
	}
	near, far := subnet(s.Rand, spec.V6), subnet(s.Rand, spec.V6)
	s.Router.Addr, s.Client.Addr = host(near, 1), host(near, uint64(10+s.Rand.IntN(90)))
	routerFar := host(far, 1)
	s.far = routerFar
	s.Router.Addrs = []netip.Addr{s.Router.Addr, routerFar}
	s.Client.Addrs = []netip.Addr{s.Client.Addr}
	first := uint64(10 + s.Rand.IntN(90))
	for i := range uint64(spec.ServerIPs) + 1 {
		s.Server.Addrs = append(s.Server.Addrs, host(far, first+i))
	}
	s.Server.Addr = s.Server.Addrs[0]
	if spec.Loopback {
		// An address of its own, so that the kernel's record tells this stage from others on 127.0.0.1.
		s.Client.Addr = s.Server.Addr
		if err := s.Client.Batch(fmt.Sprintf("addr add %s/%d dev lo", s.Client.Addr, s.Client.Addr.BitLen())); err != nil {
			return nil, err
		}
		s.Client.Addrs, s.Server = []netip.Addr{s.Client.Addr}, s.Client
		return s, nil
	}
	if err := s.connect(hub, near, far, routerFar); err != nil {
		return nil, err
	}
	if s.Near, err = wire.New(hub, "a0", "a1", spec.Near); err != nil {
		return nil, err
	}
	s.atEnd(s.Near.Close)
	if s.Far, err = wire.New(hub, "b0", "b1", spec.Far); err != nil {
		return nil, err
	}
	s.atEnd(s.Far.Close)
	if err := s.translate(); err != nil {
		return nil, err
	}
	if spec.Loss > 0 || spec.Jitter > 0 {
		s.Near.SetNoise(spec.Loss, spec.Jitter)
		s.Far.SetNoise(spec.Loss, spec.Jitter)
	}
	return s, nil
}

// subnet picks a network for one side.
func subnet(r *rand.Rand, v6 bool) netip.Prefix {
	if v6 {
		a := [16]byte{0x20, 0x01, 0x0d, 0xb8, byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())}
		return netip.PrefixFrom(netip.AddrFrom16(a), 64)
	}
	var a [4]byte
	switch r.IntN(4) {
	case 0:
		a = [4]byte{192, 168, byte(r.Uint32())}
	case 1:
		a = [4]byte{172, byte(16 + r.IntN(16)), byte(r.Uint32())}
	case 2:
		a = [4]byte{198, byte(18 + r.IntN(2)), byte(r.Uint32())} // RFC 2544
	default:
		a = [4]byte{10, byte(r.Uint32()), byte(r.Uint32())}
	}
	return netip.PrefixFrom(netip.AddrFrom4(a), 24)
}

func host(p netip.Prefix, n uint64) netip.Addr {
	b := p.Addr().AsSlice()
	b[len(b)-1] = byte(n)
	a, _ := netip.AddrFromSlice(b)
	return a
}

func (s *Stage) mac() string {
	return fmt.Sprintf("52:54:00:%02x:%02x:%02x", s.Rand.IntN(256), s.Rand.IntN(256), s.Rand.IntN(256))
}

func (s *Stage) connect(hub *netns.NS, near, far netip.Prefix, routerFar netip.Addr) error {
	link := func(ns *netns.NS, name, peer, mac string, mtu int) error {
		return hub.Batch(
			fmt.Sprintf("link add %s address %s mtu %d netns %s type veth peer name %s mtu %d", name, mac, mtu, ns.Name, peer,
				mtu),
			"link set "+peer+" up")
	}
	macs := [4]string{s.mac(), s.mac(), s.mac(), s.mac()}
	err := errors.Join(
		hub.Sysctl("net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"),
		link(s.Client.NS, "eth0", "a0", macs[0], s.MTU), link(s.Router.NS, "eth0", "a1", macs[1], s.MTU),
		link(s.Router.NS, "eth1", "b0", macs[2], s.MTU), link(s.Server.NS, "eth0", "b1", macs[3], s.MTU),
		s.Router.Batch(fmt.Sprintf("link set eth1 mtu %d", s.FarMTU)))
	if err != nil {
		return err
	}
	for _, h := range []*Host{s.Client, s.Router, s.Server} {
		// Neighbours are fixed, so that no resolution distorts the first round trip.
		if err := h.Sysctl("net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0",
			"net.ipv6.conf.all.accept_ra=0", "net.ipv6.conf.default.router_solicitations=0"); err != nil {
			return err
		}
	}
	arm := func(h *Host, dev string, addrs []netip.Addr, bits int, peers []netip.Addr, peerMAC string,
		gateway netip.Addr) error {
		var cmds []string
		if !s.V6 {
			if err := h.Sysctl("net.ipv6.conf." + dev + ".disable_ipv6=1"); err != nil {
				return err
			}
		}
		for _, a := range addrs {
			nodad := ""
			if s.V6 {
				nodad = " nodad"
			}
			cmds = append(cmds, fmt.Sprintf("addr add %s/%d dev %s%s", a, bits, dev, nodad))
		}
		cmds = append(cmds, "link set "+dev+" up")
		for _, p := range peers {
			cmds = append(cmds, fmt.Sprintf("neigh replace %s lladdr %s dev %s nud permanent", p, peerMAC, dev))
		}
		if gateway.IsValid() {
			cmds = append(cmds, "route add default via "+gateway.String())
		}
		if err := h.Batch(cmds...); err != nil {
			return err
		}
		return h.Offload(dev, s.Offload)
	}
	bits := near.Bits()
	err = errors.Join(
		arm(s.Client, "eth0", s.Client.Addrs, bits, []netip.Addr{s.Router.Addr}, macs[1], s.Router.Addr),
		arm(s.Router, "eth0", []netip.Addr{s.Router.Addr}, bits, s.Client.Addrs, macs[0], netip.Addr{}),
		arm(s.Router, "eth1", []netip.Addr{routerFar}, bits, s.Server.Addrs, macs[3], netip.Addr{}),
		arm(s.Server, "eth0", s.Server.Addrs, bits, []netip.Addr{routerFar}, macs[2], routerFar))
	if err != nil {
		return err
	}
	set := func(h *Host, ttl int, more []string) error {
		settings := append([]string{"net.ipv4.tcp_no_metrics_save=1"}, more...)
		if ttl != 0 {
			settings = append(settings, fmt.Sprintf("net.ipv4.ip_default_ttl=%d", ttl),
				fmt.Sprintf("net.ipv6.conf.all.hop_limit=%d", ttl), fmt.Sprintf("net.ipv6.conf.default.hop_limit=%d", ttl))
			if s.V6 {
				settings = append(settings, fmt.Sprintf("net.ipv6.conf.eth0.hop_limit=%d", ttl))
			}
		}
		if s.NoTS {
			settings = append(settings, "net.ipv4.tcp_timestamps=0")
		}
		return h.Sysctl(settings...)
	}
	return errors.Join(set(s.Client, s.ClientTTL, s.Spec.Client), set(s.Server, s.ServerTTL, s.Spec.Server),
		s.Router.Sysctl(append([]string{"net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"}, s.Spec.Router...)...))
}

// Tag names a connection for the situation's Truth. Either end's connection may be given.
func (s *Stage) Tag(c net.Conn, tag string) {
	a, b := c.LocalAddr().(*net.TCPAddr).AddrPort(), c.RemoteAddr().(*net.TCPAddr).AddrPort()
	s.TagPair(a, b, tag)
}

// TagPair is Tag for a pair of addresses.
func (s *Stage) TagPair(a, b netip.AddrPort, tag string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, b = netip.AddrPortFrom(a.Addr().Unmap(), a.Port()), netip.AddrPortFrom(b.Addr().Unmap(), b.Port())
	s.tags[[2]netip.AddrPort{a, b}], s.tags[[2]netip.AddrPort{b, a}] = tag, tag
}

func (s *Stage) tag(a, b netip.AddrPort) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tags[[2]netip.AddrPort{a, b}]
}

// Close ends every process of the stage and takes it down.
func (s *Stage) Close() {
	s.mu.Lock()
	ends := s.ends
	s.ends = nil
	s.mu.Unlock()
	for i := len(ends) - 1; i >= 0; i-- {
		ends[i]()
	}
}
