package kernel

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/rstexplain/rstexplain/flows"
)

// A table is one of the tools that print a heading and then a row for each event.
type table uint8

// The tables.
const (
	noTable table = iota
	tableDrop
	tableStates
	tableLife
	tableRetransmit
	tableNstat
	tableNetstat // /proc/net/netstat and snmp
	tableSS
)

// header recognises the heading of a table.
func (p *lines) header(s string) bool {
	f := strings.Fields(s)
	has := func(word string) bool {
		for _, w := range f {
			if w == word {
				return true
			}
		}
		return false
	}
	switch {
	case len(f) < 4:
		return false
	case has("OLDSTATE") && has("NEWSTATE"):
		p.table = tableStates
		p.named("bcc tcpstates")
	case has("LADDR") && has("LPORT") && has("TX_KB"):
		p.table = tableLife
		p.named("bcc tcplife")
	case has("SADDR:SPORT") && has("DADDR:DPORT"):
		p.table = tableDrop
		p.named("bcc tcpdrop")
	case has("LADDR:LPORT") && has("RADDR:RPORT"):
		p.table = tableRetransmit
		p.named("bcc tcpretrans")
	case f[0] == "State" && has("Recv-Q") && has("Send-Q"):
		p.table = tableSS
		p.named("ss")
	default:
		return false
	}
	return true
}

// row reads a row of the table whose heading came last.
func (p *lines) row(s string) bool {
	f := strings.Fields(s)
	switch {
	case len(f) == 0: // vertical tabs, say
		return false
	case len(f) > 256:
		f = f[:256]
	}
	if p.socket != nil && (s[0] == ' ' || s[0] == '\t') {
		p.socketDetails(f)
		p.socket = nil
		return true
	}
	p.socket = nil
	switch p.table {
	case tableDrop:
		return p.dropRow(f)
	case tableRetransmit:
		return p.retransmitRow(f)
	case tableStates:
		return p.statesRow(f)
	case tableLife:
		return p.lifeRow(f)
	case tableNstat:
		return p.nstatRow(f)
	case tableSS:
		return p.socketRow(f)
	}
	return p.netstatRow(f)
}

// timeOfDay reads HH:MM:SS, which is in the host's own time zone, or seconds with a fraction.
func (p *lines) timeOfDay(s string) (int64, bool) {
	var part [3]int64
	f := strings.Split(s, ":")
	if len(f) != 3 {
		at, ok := seconds(s)
		if ok && strings.IndexByte(s, '.') >= 0 {
			digits := len(s) - strings.IndexByte(s, '.') - 1
			for p.resolution = 1e9; digits > 0; digits-- {
				p.resolution /= 10
			}
			return at, true
		}
		return 0, false
	}
	frac := int64(0)
	if whole, fraction, ok := strings.Cut(f[2], "."); ok && len(fraction) <= 9 {
		f[2] = whole
		frac, _ = strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
	} else {
		p.resolution = 1e9
	}
	for i, w := range f {
		n, err := strconv.ParseUint(w, 10, 6)
		if err != nil || len(w) != 2 {
			return 0, false
		}
		part[i] = int64(n)
	}
	return (part[0]*3600+part[1]*60+part[2])*1e9 + frac, true
}

// dropRow reads a row of tcpdrop, of bcc ("20:49:06 0 4 A:P > B:P CLOSE (ACK)") or of bpftrace ("20:49:06 0 swapper
// A:P B:P CLOSE"), with a reason behind where the tool prints it.
func (p *lines) dropRow(f []string) bool {
	if len(f) < 5 {
		return false
	}
	at, ok := p.timeOfDay(f[0])
	if !ok {
		return false
	}
	i := 1
	for i < len(f) && address(f[i]) == (flows.Addr{}) {
		i++
	}
	if i+2 >= len(f) {
		return false
	}
	e := Event{Kind: Drop, Time: at, Src: address(f[i])}
	if f[i+1] == ">" {
		i++
	}
	e.Dst = address(f[i+1])
	rest := f[i+2:]
	if e.Dst == (flows.Addr{}) {
		return false
	}
	for _, w := range rest {
		w = strings.Trim(w, "(),")
		switch {
		case e.State == "" && p.state(w) != "" && strings.Trim(w, "0123456789") != "":
			e.State = p.state(w)
		case strings.Contains(w, "_") && strings.ToUpper(w) == w || w == "OTHERHOST":
			e.Reason = p.dropReason(w)
		}
	}
	p.drop(e.Reason)
	p.add(e)
	return true
}

// retransmitRow reads a row of tcpretrans: "01:55:05 0 4 A:P R> B:P ESTABLISHED".
func (p *lines) retransmitRow(f []string) bool {
	if len(f) < 4 {
		return false
	}
	at, ok := p.timeOfDay(f[0])
	if !ok {
		return false
	}
	e := Event{Kind: Retransmit, Time: at}
	for _, w := range f[1:] {
		a := address(w)
		switch {
		case a != (flows.Addr{}) && e.Src == (flows.Addr{}):
			e.Src = a
		case a != (flows.Addr{}) && e.Dst == (flows.Addr{}):
			e.Dst = a
		case e.Dst != (flows.Addr{}) && e.State == "":
			e.State = p.state(w)
		}
	}
	if e.Dst == (flows.Addr{}) {
		return false
	}
	p.add(e)
	return true
}

// pair reads address and port from two columns each.
func pair(laddr, lport, raddr, rport string) (local, peer flows.Addr, ok bool) {
	one := func(addr, port string) (flows.Addr, bool) {
		a, err := netip.ParseAddr(addr)
		n, errPort := strconv.ParseUint(port, 10, 16)
		if err != nil || errPort != nil || a.Zone() != "" {
			return flows.Addr{}, false
		}
		return flows.AddrFrom(netip.AddrPortFrom(a, uint16(n))), true
	}
	local, ok = one(laddr, lport)
	if ok {
		peer, ok = one(raddr, rport)
	}
	return local, peer, ok
}

// statesRow reads a row of tcpstates: "[TIME] SKADDR PID COMM LADDR LPORT RADDR RPORT OLDSTATE -> NEWSTATE MS".
func (p *lines) statesRow(f []string) bool {
	arrow := 0
	for i, w := range f {
		if w == "->" {
			arrow = i
		}
	}
	if arrow < 6 || arrow+1 >= len(f) {
		return false
	}
	e := Event{Kind: SetState, Time: untimed, Old: p.state(f[arrow-1]), State: p.state(f[arrow+1])}
	var ok bool
	if e.Src, e.Dst, ok = pair(f[arrow-5], f[arrow-4], f[arrow-3], f[arrow-2]); !ok || e.State == "" {
		return false
	}
	if at, timed := p.timeOfDay(f[0]); timed {
		e.Time = at
	}
	if e.Src.Port != 0 {
		p.add(e)
	}
	return true
}

// lifeRow reads a row of tcplife: "[TIME] PID COMM LADDR LPORT RADDR RPORT TX_KB RX_KB MS".
func (p *lines) lifeRow(f []string) bool {
	n := len(f)
	if n < 8 {
		return false
	}
	e := Event{Kind: SetState, Time: untimed, State: "CLOSE"}
	var ok bool
	if e.Src, e.Dst, ok = pair(f[n-7], f[n-6], f[n-5], f[n-4]); !ok {
		return false
	}
	if at, timed := p.timeOfDay(f[0]); timed {
		e.Time = at
	}
	p.add(e)
	return true
}

// nstatRow reads "TcpExtListenOverflows 5 0.0".
func (p *lines) nstatRow(f []string) bool {
	if len(f) != 3 {
		return false
	}
	v, err := strconv.ParseInt(f[1], 10, 64)
	if err != nil {
		return false
	}
	p.counter(f[0], v)
	return true
}

func (p *lines) counter(name string, v int64) {
	if w := p.word(name); w != "" && len(p.Counters) < maxCounters {
		p.Counters = append(p.Counters, Counter{w, v})
	}
}

// netstatRow reads /proc/net/netstat: a line of names, and one of values.
func (p *lines) netstatRow(f []string) bool {
	group, ok := strings.CutSuffix(f[0], ":")
	if !ok || len(f) < 2 || group != "TcpExt" && group != "Tcp" && group != "IpExt" && group != "Ip" &&
		group != "MPTcpExt" && group != "Icmp" && group != "Udp" && group != "IcmpMsg" && group != "UdpLite" {
		return false
	}
	if _, err := strconv.ParseInt(f[1], 10, 64); err != nil {
		p.prefix = append(p.prefix[:0], f...)
		p.named("/proc/net/netstat")
		return true
	}
	if len(p.prefix) != len(f) || p.prefix[0] != f[0] {
		return false
	}
	for i, w := range f[1:] {
		if v, err := strconv.ParseInt(w, 10, 64); err == nil {
			p.counter(group+p.prefix[i+1], v)
		}
	}
	return true
}

// socketRow reads the first line of a socket that ss prints.
func (p *lines) socketRow(f []string) bool {
	if len(f) < 5 || p.state(f[0]) == "" && f[0] != "UNCONN" {
		return false
	}
	rq, err := strconv.ParseInt(f[1], 10, 64)
	sq, err2 := strconv.ParseInt(f[2], 10, 64)
	if err != nil || err2 != nil {
		return false
	}
	local := func(s string) flows.Addr {
		if i := strings.IndexByte(s, '%'); i >= 0 { // the interface
			if j := strings.LastIndexByte(s, ':'); j > i {
				s = s[:i] + s[j:]
			}
		}
		if port, ok := strings.CutPrefix(s, "*:"); ok {
			s = "[::]:" + port
		}
		return address(s)
	}
	s := Socket{State: p.state(f[0]), Local: local(f[3]), Peer: local(f[4]), RecvQ: rq, SendQ: sq}
	if s.State == "" || s.Local == (flows.Addr{}) {
		return f[0] == "UNCONN"
	}
	if len(p.Sockets) == maxSockets {
		p.LeftOut++
		return true
	}
	p.Sockets = append(p.Sockets, s)
	p.socket = &p.Sockets[len(p.Sockets)-1]
	p.socketDetails(f[5:])
	return true
}

// socketDetails reads what ss -i prints of a socket.
func (p *lines) socketDetails(f []string) {
	for _, w := range f {
		name, v, _ := strings.Cut(w, ":")
		n, err := strconv.ParseInt(v, 10, 64)
		switch name {
		case "retrans":
			p.socket.Retrans = p.word(v)
		case "unacked":
			if err == nil {
				p.socket.Unacked = n
			}
		case "lost":
			if err == nil {
				p.socket.Lost = n
			}
		}
	}
}

// pwru reads a line of pwru with --output-tuple: "0xffff… 2 prog:12 … 192.0.2.1:80->192.0.2.2:5000(tcp)
// kfree_skb_reason(SKB_DROP_REASON_NO_SOCKET) …".
func (p *lines) pwru(s string) bool {
	if !strings.Contains(s, "->") {
		if strings.HasPrefix(s, "SKB ") && strings.Contains(s, " CPU ") && strings.Contains(s, "FUNC") {
			p.named("pwru")
			p.Lines--
			p.clock = 0
			for i, w := range strings.Fields(s) {
				if strings.HasPrefix(w, "TIME") {
					p.clock = i
				}
			}
			return true
		}
		return false
	}
	if !strings.HasPrefix(s, "0x") {
		return false
	}
	f := strings.Fields(s)
	at := int64(untimed)
	for i, w := range f {
		if i > 32 {
			return false
		}
		if i > 0 && i == p.clock {
			if t, ok := p.clockColumn(w); ok {
				at = t
				continue
			}
		}
		from, to, ok := strings.Cut(w, "->")
		if !ok {
			continue
		}
		to, proto, _ := strings.Cut(to, "(")
		e := Event{Time: at, Src: address(from), Dst: address(to)}
		if !strings.HasPrefix(proto, "tcp") || e.Src == (flows.Addr{}) || e.Dst == (flows.Addr{}) {
			p.Other++
			return true
		}
		p.named("pwru")
		for _, w := range f[i+1:] {
			name, arg, _ := strings.Cut(w, "(")
			switch {
			case name == "tcp_v4_send_reset" || name == "tcp_v6_send_reset": // it answers this packet
				e.Kind, e.Src, e.Dst = SendReset, e.Dst, e.Src
				p.add(e)
				return true
			case strings.HasPrefix(arg, "SKB_DROP_REASON_"):
				e.Kind, e.Reason = Drop, p.dropReason(strings.TrimSuffix(arg, ")"))
				p.drop(e.Reason)
				p.add(e)
				return true
			}
		}
		p.Other++
		return true
	}
	return false
}

// clockColumn reads pwru's column of times: a time of day, or nanoseconds.
func (p *lines) clockColumn(w string) (int64, bool) {
	if strings.Count(w, ":") == 2 {
		return p.timeOfDay(w)
	}
	n, err := strconv.ParseInt(w, 10, 64)
	return n, err == nil && n >= 0
}
