//go:build linux

package stage

import (
	"fmt"
	"net/netip"
	"os/exec"
	"sort"
	"strconv"
	"strings"
	"time"
)

// A Hand says what sent a RST.
type Hand string

// The hands.
const (
	Kernel    Hand = "kernel"    // the TCP of the host that it names
	Netfilter Hand = "netfilter" // a REJECT rule, on the host that it names or on the router
	Forged    Hand = "forged"    // the wire
)

// A RST is one RST frame of one capture with all that is known about its sending.
type RST struct {
	Point  string // capture that holds it
	Frame  int
	Stream int
	Time   time.Time // in this capture

	Src, Dst netip.AddrPort
	SEQ, ACK uint32
	Flags    int
	Window   int
	TTL      int

	Hand       Hand
	Sender     string        // "client" or "server": whom it names as its sender
	At         string        // "client", "router", "server", "near" or "far": where it was really sent
	Reason     string        // the kernel's, for Kernel
	State      string        // of the sending socket, for Kernel
	Nth        int           // how many RSTs with this sender its connection had before
	NthConn    int           // how many RSTs of anyone its connection had before
	SinceFirst time.Duration // since the sender's first RST in this connection, at the place of sending
	First      string        // the kernel's reason of the sender's first RST in this connection
	Opener     string        // who sent the connection's first RST
	Tag        string        // what the situation called the connection

	of *sending // this frame shows it
}

type key struct {
	src, dst      netip.AddrPort
	seq, ack      uint32
	flags, window int
}

func (r *RST) key() key { return key{r.Src, r.Dst, r.SEQ, r.ACK, r.Flags, r.Window} }

// resets lists the RST frames of a capture as tshark sees them.
func resets(file string) ([]*RST, error) {
	fields := []string{"frame.number", "tcp.stream", "frame.time_epoch", "ip.src", "ip.dst",
		"ipv6.src", "ipv6.dst", "tcp.srcport", "tcp.dstport",
		"tcp.seq_raw", "tcp.ack_raw", "tcp.flags", "tcp.window_size_value", "ip.ttl", "ipv6.hlim"}
	args := []string{"-r", file, "-n", "-Y", "tcp.flags.reset==1 && !icmp && !icmpv6", "-T",
		"fields", "-E", "separator=|", "-E", "occurrence=l"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	out, err := exec.Command("tshark", args...).Output()
	if err != nil {
		return nil, fmt.Errorf("tshark %s: %w", file, err)
	}
	var all []*RST
	for _, l := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		if l == "" {
			continue
		}
		v := strings.Split(l, "|")
		num := func(i int) int {
			n, _ := strconv.ParseInt(v[i], 0, 64)
			return int(n)
		}
		addr := func(v4, v6, port int) netip.AddrPort {
			a, _ := netip.ParseAddr(v[v4] + v[v6])
			return netip.AddrPortFrom(a, uint16(num(port)))
		}
		sec, frac, _ := strings.Cut(v[2], ".")
		s, _ := strconv.ParseInt(sec, 10, 64)
		ns, _ := strconv.ParseInt((frac + "000000000")[:9], 10, 64)
		all = append(all, &RST{Frame: num(0), Stream: num(1), Time: time.Unix(s, ns), Src: addr(3, 5, 7), Dst: addr(4, 6, 8),
			SEQ: uint32(num(9)), ACK: uint32(num(10)), Flags: num(11), Window: num(12), TTL: num(13) + num(14)})
	}
	return all, nil
}

// match names, for each RST frame of each capture, who sent it and why. Every frame must come from a
// kernel's record, a counted REJECT rule, or the wire's own list; anything else is an error.
func (s *Stage) match(captures map[string][]*RST) error {
	sent, err := s.sendings(captures)
	if err != nil {
		return err
	}
	s.count(sent)
	byKey := map[key][]*sending{}
	for _, x := range sent {
		byKey[x.key] = append(byKey[x.key], x)
	}
	for point, frames := range captures {
		seen := map[key][]*RST{}
		for _, f := range frames {
			f.Point = point
			k := s.key(point, f)
			seen[k] = append(seen[k], f)
		}
		for k, fs := range seen {
			var from []*sending
			for _, x := range byKey[k] {
				if at, ok := s.arrival(x, point); ok {
					c := *x
					c.Time, c.of = at, x
					from = append(from, &c)
				}
			}
			sort.SliceStable(from, func(i, j int) bool { return from[i].Time.Before(from[j].Time) })
			if len(from) == 0 {
				return fmt.Errorf("%s frame %d: nobody sent this RST", point, fs[0].Frame)
			}
			for i, f := range fs {
				switch {
				case len(fs) == len(from):
					f.take(from[i])
				case len(fs) == 2*len(from) && point == "any":
					f.take(from[i/2])
				default: // some were lost on the way: the last one that could be here when this frame was seen
					j := sort.Search(len(from), func(j int) bool { return from[j].Time.After(f.Time.Add(time.Millisecond)) })
					if j == 0 {
						return fmt.Errorf("%s frame %d: seen before it was sent", point, f.Frame)
					}
					if from[0].Hand != from[len(from)-1].Hand {
						return fmt.Errorf("%s frame %d: equal RSTs of two senders, and not all of them are here", point, f.Frame)
					}
					f.take(from[j-1])
				}
			}
		}
	}
	return nil
}

// arrival tells whether a RST passes a capture point, and when it does without loss.
func (s *Stage) arrival(x *sending, point string) (time.Time, bool) {
	// Places along the path, and the time from each to the next.
	place := map[string]int{"client": 0, "snap": 0, "near": 1, "router": 2, "router-in": 2,
		"any": 2, "router-out": 3, "far": 4, "server": 5}
	delays := []time.Duration{s.Spec.Near, 0, 0, 0, s.Spec.Far} // a forged RST leaves its wire at once
	if x.At == "near" {
		delays[0] = 0
	}
	if x.At == "far" {
		delays[4] = 0
	}
	from, to := place[x.At], place[point]
	forward := x.Sender == "client"
	if forward && to < from || !forward && to > from {
		return time.Time{}, false
	}
	at := x.Time
	for i := min(from, to); i < max(from, to); i++ {
		at = at.Add(delays[i])
	}
	return at, true
}

func (r *RST) take(x *sending) {
	r.of = x.of
	r.Hand, r.Sender, r.At, r.Reason, r.State = x.Hand, x.Sender, x.At, x.Reason, x.State
	r.Nth, r.NthConn, r.SinceFirst, r.First, r.Opener, r.Tag = x.Nth, x.NthConn, x.SinceFirst, x.First, x.Opener, x.Tag
}
