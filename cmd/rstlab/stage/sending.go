//go:build linux

package stage

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/ktrace"
)

// A sending is one RST at the place where it was sent.
type sending struct {
	RST
	key key
}

// sendings finds the place and the reason of every RST sent on the stage.
func (s *Stage) sendings(captures map[string][]*RST) ([]*sending, error) {
	events, err := s.trace.Between(s.began, time.Now(), s.ours)
	if err != nil {
		return nil, err
	}
	// What a host sends to itself passes no capture point.
	events = slices.DeleteFunc(events, func(e ktrace.Event) bool {
		return !s.Loopback && (s.Client.has(e.Src.Addr()) && s.Client.has(e.Dst.Addr()) ||
			s.Server.has(e.Src.Addr()) && s.Server.has(e.Dst.Addr()))
	})
	var all []*sending
	known := map[key]bool{}
	ends := []*Host{s.Client, s.Server}
	if s.Loopback {
		ends = ends[:1]
	}
	for _, h := range ends {
		var mine []*sending
		for _, f := range captures[h.Role] {
			if h.has(f.Src.Addr()) {
				x := &sending{RST: *f, key: s.key(h.Role, f)}
				x.Sender, x.At = h.Role, h.Role
				mine = append(mine, x)
			}
		}
		events, err = s.reasons(h, mine, events)
		if err != nil {
			return nil, err
		}
		for _, x := range mine {
			known[x.key] = true
		}
		all = append(all, mine...)
	}
	if len(events) > 0 {
		return nil, fmt.Errorf("the kernel sent RSTs that no capture holds: %+v", events)
	}
	if s.Loopback {
		return s.tagged(all), nil
	}
	for _, w := range []struct {
		name string
		wire interface{ injectedResets() []*sending }
	}{{"near", wireOf{s.Near}}, {"far", wireOf{s.Far}}} {
		for _, x := range w.wire.injectedResets() {
			x.Hand, x.At, x.Sender = Forged, w.name, s.role(x.Src.Addr())
			x.key = s.key(w.name, &x.RST)
			all = append(all, x)
			known[x.key] = true
		}
	}
	rejected, err := s.rejected(captures, known)
	if err != nil {
		return nil, err
	}
	all = append(all, rejected...)
	return s.tagged(all), nil
}

// tagged orders sendings by time and gives each the tag of its connection.
func (s *Stage) tagged(all []*sending) []*sending {
	sort.SliceStable(all, func(i, j int) bool { return all[i].Time.Before(all[j].Time) })
	for _, x := range all {
		x.Tag = s.tag(x.Src, x.Dst)
	}
	return all
}

// reasons gives each RST that host h sent the kernel's record of it, in order for each connection, and
// returns the records left. What has no record must have been sent by a REJECT rule on h, and be counted there.
func (s *Stage) reasons(h *Host, mine []*sending, events []ktrace.Event) ([]ktrace.Event, error) {
	const slack = 100 * time.Millisecond // more than a busy machine needs from decision to wire
	frames := map[[2]netip.AddrPort][]*sending{}
	for _, x := range mine {
		p := [2]netip.AddrPort{x.Src, x.Dst}
		frames[p] = append(frames[p], x)
	}
	var rest, listeners []ktrace.Event
	byPair := map[[2]netip.AddrPort][]ktrace.Event{}
	for _, e := range events {
		switch {
		case !h.has(e.Src.Addr()):
			rest = append(rest, e)
		case e.Dst.Port() == 0:
			listeners = append(listeners, e)
		default:
			p := [2]netip.AddrPort{e.Src, e.Dst}
			byPair[p] = append(byPair[p], e)
		}
	}
	put := func(x *sending, e ktrace.Event) error {
		if d := x.Time.Sub(e.Time); d < -time.Millisecond || d > slack {
			return fmt.Errorf("%s frame %d and the kernel's record are %v apart", h.Role, x.Frame, d)
		}
		x.Hand, x.Reason, x.State = Kernel, e.Reason, e.State
		return nil
	}
	var open []*sending
	for p, fs := range frames {
		es := byPair[p]
		delete(byPair, p)
		// A listening socket's records name no peer; they are recognized by time below.
		i := 0
		for _, f := range fs {
			if i < len(es) && f.Time.Sub(es[i].Time) >= -time.Millisecond &&
				(len(fs) == len(es) || f.Time.Sub(es[i].Time) < slack) {
				if err := put(f, es[i]); err != nil {
					return nil, err
				}
				i++
			} else {
				open = append(open, f)
			}
		}
		if i != len(es) {
			return nil, fmt.Errorf("%s: %d RSTs on the wire from %v to %v, %d in the "+
				"kernel's record", h.Role, len(fs), p[0], p[1], len(es))
		}
	}
	for p, es := range byPair {
		return nil, fmt.Errorf("%s: the kernel's record has RSTs from %v to %v that the capture "+
			"lacks: %+v", h.Role, p[0], p[1], es)
	}
	return rest, h.listening(&open, listeners, put)
}

// listening gives RSTs that a listening socket sent its records, in order for each socket, and takes them
// out of open. What is left there must have been sent by a REJECT rule on h, and be counted.
func (h *Host) listening(open *[]*sending, events []ktrace.Event, put func(*sending, ktrace.Event) error) error {
	byTime := func(a, b *sending) int { return a.Time.Compare(b.Time) }
	slices.SortStableFunc(*open, byTime)
	slices.SortStableFunc(events, func(a, b ktrace.Event) int { return a.Time.Compare(b.Time) })
	byPort := map[netip.AddrPort][]ktrace.Event{}
	for _, e := range events {
		byPort[e.Src] = append(byPort[e.Src], e)
	}
	var left []*sending
	for _, x := range *open {
		es := byPort[x.Src]
		if len(es) == 0 {
			left = append(left, x)
			continue
		}
		if err := put(x, es[0]); err != nil {
			return err
		}
		byPort[x.Src] = es[1:]
	}
	for at, es := range byPort {
		if len(es) > 0 {
			return fmt.Errorf("%s: the kernel's record has %d RSTs of the listening socket %v that the "+
				"capture lacks", h.Role, len(es), at)
		}
	}
	*open = left
	if len(left) > 0 {
		n, err := h.rejectCount()
		if err != nil {
			return err
		}
		if n != len(left) {
			return fmt.Errorf("%s: %d RSTs without a kernel record, first frame %d; its REJECT rules "+
				"sent %d", h.Role, len(left), left[0].Frame, n)
		}
		for _, x := range left {
			x.Hand = Netfilter
		}
	}
	return nil
}

// rejected finds the RSTs of the router's REJECT rules: those that arrive at an end and that nobody else sent.
func (s *Stage) rejected(captures map[string][]*RST, known map[key]bool) ([]*sending, error) {
	var found []*sending
	for _, h := range []*Host{s.Client, s.Server} {
		for _, f := range captures[h.Role] {
			if !h.has(f.Src.Addr()) && !known[s.key(h.Role, f)] {
				x := &sending{RST: *f, key: s.key(h.Role, f)}
				x.Hand, x.At, x.Sender = Netfilter, "router", s.role(f.Src.Addr())
				if d := s.Spec.Far; h == s.Client { // f is its arrival
					x.Time = x.Time.Add(-s.Spec.Near - 5*time.Millisecond)
				} else {
					x.Time = x.Time.Add(-d - 5*time.Millisecond)
				}
				found = append(found, x)
			}
		}
	}
	if len(found) == 0 {
		return nil, nil
	}
	n, err := s.Router.rejectCount()
	if err != nil {
		return nil, err
	}
	if n != len(found) {
		return nil, fmt.Errorf("%d RSTs arrived that no host sent (first: %s frame %d); the router's REJECT rules sent %d",
			len(found), found[0].Point, found[0].Frame, n)
	}
	return found, nil
}

var packets = regexp.MustCompile(`packets (\d+)`)

// rejectCount adds up the named counters of the host whose name begins with "reject".
func (h *Host) rejectCount() (int, error) {
	out, err := h.Output("nft", "list", "counters")
	if err != nil {
		return 0, err
	}
	n := 0
	for _, part := range strings.Split(out, "counter ")[1:] {
		if m := packets.FindStringSubmatch(part); m != nil && strings.HasPrefix(part, "reject") {
			v, _ := strconv.Atoi(m[1])
			n += v
		}
	}
	return n, nil
}

func (h *Host) has(a netip.Addr) bool {
	for _, x := range h.Addrs {
		if x == a {
			return true
		}
	}
	return false
}

func (s *Stage) ours(a netip.Addr) bool { return s.Client.has(a) || s.Server.has(a) || s.Router.has(a) }

func (s *Stage) role(a netip.Addr) string {
	if s.Client.has(a) || s.NAT != NoNAT && a == s.far {
		return "client"
	}
	return "server"
}

// count numbers the RSTs of each connection.
func (s *Stage) count(sent []*sending) {
	type side struct{ src, dst netip.AddrPort }
	n := map[side]int{}
	first := map[side]*sending{}
	for _, x := range sent {
		k, back := side{x.Src, x.Dst}, side{x.Dst, x.Src}
		x.Nth, x.NthConn = n[k], n[k]+n[back]
		if n[k]++; n[k] == 1 {
			first[k] = x
		}
		x.Opener = x.Sender
		if f, b := first[k], first[back]; b != nil && b.Time.Before(f.Time) {
			x.Opener = b.Sender
		}
		x.SinceFirst, x.First = x.Time.Sub(first[k].Time), first[k].Reason
	}
}
