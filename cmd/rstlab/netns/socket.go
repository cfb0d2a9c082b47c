//go:build linux

package netns

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A SocketOption is set on a socket before it is connected or bound.
type SocketOption func(fd int) error

// IntOption sets an integer socket option, such as (unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 800).
func IntOption(level, name, value int) SocketOption {
	return func(fd int) error { return unix.SetsockoptInt(fd, level, name, value) }
}

// Bind binds the socket to a local address before it connects, reusing a port that is still in TIME-WAIT.
func Bind(addr netip.AddrPort) SocketOption {
	return func(fd int) error {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return err
		}
		if addr.Addr().Is4() {
			return unix.Bind(fd, &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()})
		}
		return unix.Bind(fd, &unix.SockaddrInet6{Port: int(addr.Port()), Addr: addr.Addr().As16()})
	}
}

func control(opts []SocketOption) func(string, string, syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) error {
		var err error
		if e := c.Control(func(fd uintptr) {
			for _, o := range opts {
				if err == nil {
					err = o(int(fd))
				}
			}
		}); e != nil {
			return e
		}
		return err
	}
}

// Dial connects from inside the namespace. Go's own keep-alive probes are off.
func (n *NS) Dial(addr netip.AddrPort, timeout time.Duration, opts ...SocketOption) (*net.TCPConn, error) {
	var conn net.Conn
	err := n.Do(func() error {
		d := net.Dialer{Timeout: timeout, KeepAlive: -1, Control: control(opts)}
		d.SetMultipathTCP(false)
		var err error
		conn, err = d.Dial("tcp", addr.String())
		return err
	})
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

// Listen listens inside the namespace.
func (n *NS) Listen(addr netip.AddrPort, opts ...SocketOption) (*net.TCPListener, error) {
	var ln net.Listener
	err := n.Do(func() error {
		lc := net.ListenConfig{KeepAlive: -1, Control: control(opts)}
		lc.SetMultipathTCP(false)
		var err error
		ln, err = lc.Listen(context.Background(), "tcp", addr.String())
		return err
	})
	if err != nil {
		return nil, err
	}
	return ln.(*net.TCPListener), nil
}

// SetOption sets a socket option of a connection.
func SetOption(c *net.TCPConn, opt SocketOption) error {
	return control([]SocketOption{opt})("", "", rawConn(c))
}

func rawConn(c *net.TCPConn) syscall.RawConn {
	rc, err := c.SyscallConn()
	if err != nil {
		panic(err) // the connection is not a socket: a fault of the lab
	}
	return rc
}

// Reset closes a connection with SO_LINGER {1, 0}: the kernel sends a RST in place of a FIN.
func Reset(c *net.TCPConn) error {
	if err := c.SetLinger(0); err != nil {
		return err
	}
	return c.Close()
}

// Forget removes a connection from its kernel without a word on the wire (TCP_REPAIR, then close), as a
// host does that loses its state.
func Forget(c *net.TCPConn) error {
	if err := SetOption(c, IntOption(unix.IPPROTO_TCP, unix.TCP_REPAIR, 1)); err != nil {
		return err
	}
	return c.Close()
}
