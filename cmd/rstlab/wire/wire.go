//go:build linux

// Package wire is a cable between two interfaces that takes time, loses and injects: a small forwarder
// in user space for kernels without netem.
package wire

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rstexplain/rstexplain/cmd/rstlab/netns"
)

// A Dir is a direction along the wire.
type Dir int

// The directions: end A is the first interface named to New.
const (
	AtoB Dir = iota
	BtoA
)

// A Verdict is what becomes of a frame. The zero Verdict passes it on unchanged.
type Verdict struct {
	Drop  bool
	Extra time.Duration // added to the wire's delay
}

// A Hook sees each frame before it is passed on. It runs on the wire's reading goroutine of that
// direction, so that what it injects leaves before the frame itself.
type Hook func(d Dir, f Frame) Verdict

// A Wire connects two interfaces of one namespace.
type Wire struct {
	Delay time.Duration // one way

	mu       sync.Mutex
	hook     Hook
	noise    func() Verdict
	rewrite  func(Dir, Frame)
	injected []Injection
	ends     [2]int // AF_PACKET sockets
	due      [2]chan sending
	done     chan struct{}
}

// An Injection records a frame that the wire itself sent.
type Injection struct {
	Time  time.Time
	Dir   Dir
	Frame Frame
}

type sending struct {
	at   time.Time
	data []byte // virtio_net_hdr, then the frame
}

const vnetHdrLen = 10

// New connects interfaces a and b of the namespace.
func New(ns *netns.NS, a, b string, delay time.Duration) (*Wire, error) {
	w := &Wire{Delay: delay, done: make(chan struct{})}
	for i, name := range []string{a, b} {
		err := ns.Do(func() error {
			ifi, err := net.InterfaceByName(name)
			if err != nil {
				return err
			}
			w.ends[i], err = open(ifi.Index)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("wire end %s: %w", name, err)
		}
		w.due[i] = make(chan sending, 1<<16)
	}
	for _, d := range []Dir{AtoB, BtoA} {
		go w.read(d)
		go w.write(d)
	}
	return w, nil
}

func open(ifindex int) (int, error) {
	proto := htons(unix.ETH_P_ALL)
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	// Own sendings are not to be read back; offload information travels with each frame.
	for _, opt := range []int{unix.PACKET_IGNORE_OUTGOING, unix.PACKET_VNET_HDR} {
		if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, opt, 1); err != nil {
			return 0, err
		}
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 8<<20)
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 200_000})
	return fd, unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: proto, Ifindex: ifindex})
}

func htons(v uint16) uint16 { return v<<8 | v>>8 }

func (w *Wire) read(d Dir) {
	defer close(w.due[1-d])
	buf := make([]byte, 1<<17)
	for {
		n, _, err := unix.Recvfrom(w.ends[d], buf, 0)
		select {
		case <-w.done:
			return
		default:
		}
		if err != nil {
			if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) || errors.Is(err, unix.ENETDOWN) {
				continue
			}
			return
		}
		if n <= vnetHdrLen {
			continue
		}
		data := append([]byte(nil), buf[:n]...)
		hook, noise, rewrite := w.current()
		var v, chance Verdict
		if hook != nil {
			v = hook(d, Frame(data[vnetHdrLen:]))
		}
		if rewrite != nil {
			rewrite(d, Frame(data[vnetHdrLen:]))
		}
		if noise != nil {
			chance = noise()
		}
		if !v.Drop && !chance.Drop {
			w.due[1-d] <- sending{time.Now().Add(w.Delay + v.Extra + chance.Extra), data}
		}
	}
}

func (w *Wire) current() (Hook, func() Verdict, func(Dir, Frame)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hook, w.noise, w.rewrite
}

// write sends what is due through end number to. Frames with extra delay let the later ones pass.
func (w *Wire) write(to Dir) {
	for s := range w.due[to] {
		wait := time.Until(s.at)
		if wait > w.Delay+time.Millisecond {
			time.AfterFunc(wait, func() { w.send(to, s.data) })
			continue
		}
		time.Sleep(wait)
		w.send(to, s.data)
	}
}

func (w *Wire) send(to Dir, data []byte) {
	select {
	case <-w.done:
	default:
		_, _ = unix.Write(w.ends[to], data) // a link that is down loses the frame, as cables do
	}
}

// SetHook replaces the hook; nil removes it.
func (w *Wire) SetHook(h Hook) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hook = h
}

// SetRewrite lets the wire change frames in place, behind the hook: a device that rewrites headers.
func (w *Wire) SetRewrite(f func(Dir, Frame)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rewrite = f
}

// SetNoise makes the wire a bad one: it loses a part of all frames by chance, and delays each by up to jitter
// more, so that they may pass each other.
func (w *Wire) SetNoise(loss float64, jitter time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.noise = func() Verdict {
		return Verdict{Drop: rand.Float64() < loss, Extra: time.Duration(rand.Float64() * float64(jitter))}
	}
}

// Inject sends a frame of the wire's own in direction d, at once, and records it.
func (w *Wire) Inject(d Dir, f Frame) {
	w.mu.Lock()
	w.injected = append(w.injected, Injection{time.Now(), d, append(Frame(nil), f...)})
	w.mu.Unlock()
	w.send(1-d, append(make([]byte, vnetHdrLen), f...))
}

// InjectBehind sends a frame of the wire's own in direction d behind those that are on their way, and
// records it.
func (w *Wire) InjectBehind(d Dir, f Frame) {
	at := time.Now().Add(w.Delay)
	w.mu.Lock()
	w.injected = append(w.injected, Injection{at, d, append(Frame(nil), f...)})
	w.mu.Unlock()
	w.due[1-d] <- sending{at, append(make([]byte, vnetHdrLen), f...)}
}

// Injected returns the frames that the wire sent of its own.
func (w *Wire) Injected() []Injection {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Injection(nil), w.injected...)
}

// Close cuts the wire.
func (w *Wire) Close() {
	close(w.done)
	time.AfterFunc(time.Second, func() {
		unix.Close(w.ends[0])
		unix.Close(w.ends[1])
	})
}
