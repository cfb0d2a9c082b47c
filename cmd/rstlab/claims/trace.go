package claims

import (
	"net/netip"
	"strconv"
	"strings"
)

// The claims about what a kernel recorded are checked against the text of its trace (tracefs), line by line.

// member returns the value of name=value in a line.
func member(line, name string) string {
	for _, w := range strings.Fields(line) {
		if v, ok := strings.CutPrefix(w, name+"="); ok {
			return v
		}
	}
	return ""
}

// traced counts the trace's lines of an event for which ok holds.
func (q *question) traced(event string, ok func(line string) bool) int {
	n := 0
	for _, l := range q.c.Trace {
		if strings.Contains(l, event+": ") && ok(l) {
			n++
		}
	}
	return n
}

// isAddr reports whether a field of a line is an address with its port.
func isAddr(line, name string, a netip.AddrPort) bool {
	ap, err := netip.ParseAddrPort(member(line, name))
	return err == nil && ap == a
}

// isSocket reports whether a line is about the socket of local to peer.
func isSocket(line string, local, peer netip.AddrPort) bool {
	one := func(v4, v6, port string, a netip.AddrPort) bool {
		addr := member(line, v4)
		if a.Addr().Is6() {
			addr = member(line, v6)
		}
		got, err := netip.ParseAddr(addr)
		return err == nil && got == a.Addr() && member(line, port) == strconv.Itoa(int(a.Port()))
	}
	return one("saddr", "saddrv6", "sport", local) && one("daddr", "daddrv6", "dport", peer)
}

// untraced reports that there is no trace to check against.
func (q *question) untraced() bool {
	if q.c.Trace == nil {
		q.grade = None
		return true
	}
	return false
}

func checkKernelSent(q *question) {
	if q.untraced() {
		return
	}
	reason, state, _ := strings.Cut(q.e.Values.Text, " in ")
	n := q.traced("tcp_send_reset", func(l string) bool {
		if !isAddr(l, "src", q.sender) {
			return false
		}
		dst, err := netip.ParseAddrPort(member(l, "dest"))
		listens := err == nil && dst.Port() == 0 && dst.Addr().IsUnspecified()
		return (listens || isAddr(l, "dest", q.receiver)) && member(l, "reason") == reason && (state == "" || member(l,
			"state") == "TCP_"+state)
	})
	if n == 0 {
		q.fail("the trace has no such RST")
	}
	q.part() // its time
}

func checkKernelReceived(q *question) {
	if q.untraced() {
		return
	}
	if q.traced("tcp_receive_reset", func(l string) bool { return isSocket(l, q.receiver, q.sender) }) == 0 {
		q.fail("the trace has no socket that accepted a RST")
	}
	q.part()
}

func checkKernelSilent(q *question) {
	if q.untraced() {
		return
	}
	if n := q.traced("tcp_send_reset", func(string) bool { return true }); n == 0 || n != q.e.Values.Count {
		q.fail("the trace has %d RSTs", n)
	}
	// Of the RSTs of this connection in the capture, at most so many are in the trace as the other ones.
	captured := 0
	for _, p := range q.conn {
		if p.Flags&RST != 0 && p.Src == q.sender {
			captured++
		}
	}
	n := q.traced("tcp_send_reset", func(l string) bool {
		return isAddr(l, "src", q.sender) && isAddr(l,
			"dest", q.receiver)
	})
	if n >= captured {
		q.fail("the trace has %d RSTs of the connection, and the capture %d", n, captured)
	}
	q.part()
}

func checkKernelRetransmits(q *question) {
	if q.untraced() {
		return
	}
	if n := q.traced("tcp_retransmit_skb", func(l string) bool {
		return isSocket(l, q.side,
			q.peer)
	}); n < q.e.Values.Count || q.e.Values.Count == 0 {
		q.fail("the trace has %d", n)
	}
	q.part()
}
