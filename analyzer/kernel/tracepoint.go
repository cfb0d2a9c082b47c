package kernel

import (
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"

	"github.com/rstexplain/rstexplain/flows"
)

// tracepoint reads a line of tracefs, trace-cmd report, perf script, or of the script for bpftrace that record-help
// prints:
//
//	prog-12   [000] b..2.  1763.123456: tcp_send_reset: skbaddr=… src=192.0.2.1:80 dest=… state=TCP_LISTEN reason=NO_SOCKET
//	prog      12 [000]  1763.123456789:  tcp:tcp_send_reset: skbaddr=… state=0x7 reason=…
//	1763123456789 tcp_send_reset: src=\x02\x00\x00\x50… dest=… state=7 reason=11
func (p *lines) tracepoint(s string) bool {
	before, name, fields, ok := splitEvent(s)
	if !ok {
		return false
	}
	at, nanoseconds, ok := timeAtEnd(before)
	if !ok {
		return false
	}
	kind, known := kindNamed(name)
	if !known {
		p.Other++
		return true
	}
	switch {
	case nanoseconds:
		p.named("bpftrace")
	case strings.Contains(name, ":"):
		p.named("perf script")
	default:
		p.named("trace text")
	}
	v := values(fields)
	e := Event{Kind: kind, Time: at, State: p.state(v.get("state")), Program: p.program(before, v)}
	switch kind {
	case SendReset:
		e.Src, e.Dst = p.ends(v, "src", "dest")
		e.Reason = p.resetReason(v.get("reason"))
	case SetState:
		if proto := v.get("protocol"); proto != "" && proto != "IPPROTO_TCP" && proto != "6" && proto != "0x6" &&
			proto != "IPPROTO_MPTCP" && proto != "262" && proto != "0x106" {
			p.Other++
			return true
		}
		e.Old, e.State = p.state(v.get("oldstate")), p.state(v.get("newstate"))
		e.Src, e.Dst = p.ends(v, "src", "dest")
	case Drop:
		// no IP
		if proto := v.get("protocol"); proto != "" && proto != "2048" && proto != "34525" && proto != "0x800" &&
			proto != "0x86dd" {
			p.Other++
			return true
		}
		e.Reason = p.dropReason(v.get("reason:"))
		if e.Reason == "" {
			e.Reason = p.dropReason(v.get("reason"))
		}
		p.drop(e.Reason)
		return true // the tracepoint names no addresses
	default:
		e.Src, e.Dst = p.ends(v, "src", "dest")
	}
	if e.Src.Port == 0 && kind != SetState {
		return false
	}
	if kind == SetState && !p.socketPort(v.get("skaddr"), &e) {
		return true
	}
	p.add(e)
	return true
}

// socketPort fills in the port of a socket that begins to connect: the kernel gives it one only after it has set the
// state to SYN_SENT. It reports whether the event can be used as it is.
func (p *lines) socketPort(sk string, e *Event) bool {
	if sk == "" || len(sk) > maxWord {
		return e.Src.Port != 0
	}
	if e.Src.Port == 0 {
		if e.Dst.Port == 0 {
			return false
		}
		if p.open == nil || len(p.open) > 1<<12 {
			p.open = map[string]int{}
		}
		p.add(*e)
		p.open[string([]byte(sk))] = len(p.Events) - 1
		return false
	}
	if i, ok := p.open[sk]; ok {
		if i < len(p.Events) && p.Events[i].Dst == e.Dst {
			p.Events[i].Src = e.Src
		}
		delete(p.open, sk)
	}
	return true
}

// splitEvent splits a line into what stands before the event's name, the name and the fields.
func splitEvent(s string) (before, name, fields string, ok bool) {
	for from := 0; ; {
		i := strings.Index(s[from:], ": ")
		if i < 0 {
			return "", "", "", false
		}
		i += from
		start := strings.LastIndexAny(s[:i], " \t") + 1
		word := s[start:i]
		if start > 0 && word != "" && (word[0] < '0' || word[0] > '9') && word[0] != '[' && start < 200 {
			if _, _, timed := timeAtEnd(s[:start]); timed {
				return s[:start], word, s[i+2:], true
			}
		}
		from = i + 2
	}
}

// timeAtEnd reads the time that stands before an event's name: seconds with a fraction and a colon, or nanoseconds.
func timeAtEnd(s string) (at int64, nanoseconds, ok bool) {
	s = strings.TrimRight(s, " \t")
	i := strings.LastIndexAny(s, " \t") + 1
	w := s[i:]
	if sec, isTime := strings.CutSuffix(w, ":"); isTime {
		if strings.IndexByte(sec, '.') < 0 {
			return 0, false, false
		}
		at, ok = seconds(sec)
		return at, false, ok
	}
	if len(w) < 7 {
		return 0, false, false
	}
	n, err := strconv.ParseInt(w, 10, 64)
	return n, true, err == nil && n >= 0
}

// seconds reads seconds with a fraction as nanoseconds.
func seconds(s string) (int64, bool) {
	whole, frac, _ := strings.Cut(s, ".")
	n, err := strconv.ParseUint(whole, 10, 33)
	if err != nil || len(frac) > 12 || strings.Trim(frac, "0123456789") != "" {
		return 0, false
	}
	ns, _ := strconv.ParseInt((frac + "000000000")[:9], 10, 64)
	return int64(n)*1e9 + ns, true
}

func kindNamed(name string) (Kind, bool) {
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		name = name[i+1:]
	}
	for k := range numKinds {
		if k.String() == name {
			return k, true
		}
	}
	return 0, false
}

// program is what ran on the processor: "prog-12 [000]" in tracefs, "prog 12 [000]" in perf.
func (p *lines) program(before string, v valueList) string {
	if c := v.get("comm"); c != "" {
		return p.word(c)
	}
	cut := strings.IndexByte(before, '[')
	if cut < 0 {
		return ""
	}
	s := strings.TrimSpace(before[:cut])
	if _, rest, ok := strings.Cut(s, ": "); ok { // the buffer's name, of trace-cmd
		s = strings.TrimSpace(rest)
	}
	if i := strings.LastIndexAny(s, "- "); i > 0 {
		return p.word(strings.TrimSpace(s[:i]))
	}
	return ""
}

// A valueList is the fields of an event: name=value, and the "reason: VALUE" of kfree_skb.
type valueList []string

func values(s string) valueList {
	f := strings.Fields(s)
	if len(f) > 64 {
		f = f[:64]
	}
	return f
}

func (v valueList) get(name string) string {
	for i, w := range v {
		if strings.HasSuffix(name, ":") {
			if w == name && i+1 < len(v) {
				return v[i+1]
			}
		} else if len(w) > len(name) && w[len(name)] == '=' && w[:len(name)] == name {
			return w[len(name)+1:]
		}
	}
	return ""
}

// ends reads both addresses: src and dest with their ports, or saddr, daddr, their IPv6 forms, sport and dport.
func (p *lines) ends(v valueList, src, dst string) (a, b flows.Addr) {
	if s := v.get(src); s != "" {
		return address(s), address(v.get(dst))
	}
	one := func(v4, v6, port string) flows.Addr {
		a, err := netip.ParseAddr(v.get(v4))
		if b, err6 := netip.ParseAddr(v.get(v6)); err6 == nil &&
			(err != nil || a.IsUnspecified() && !b.Unmap().IsUnspecified() && v.get("family") != "AF_INET") {
			a, err = b, nil
		}
		n, errPort := strconv.ParseUint(v.get(port), 0, 16)
		if err != nil || errPort != nil || a.Zone() != "" {
			return flows.Addr{}
		}
		return flows.AddrFrom(netip.AddrPortFrom(a, uint16(n)))
	}
	return one("saddr", "saddrv6", "sport"), one("daddr", "daddrv6", "dport")
}

// address reads "192.0.2.1:80" and "[2001:db8::1]:80" of the kernel's %pISpc, "2001:db8::1:80" of bcc, and a sockaddr
// in hexadecimal digits. What is none, and what is 0, is the zero Addr.
func address(s string) flows.Addr {
	if ap, err := netip.ParseAddrPort(s); err == nil && ap.Addr().Zone() == "" {
		if ap.Port() == 0 {
			return flows.Addr{}
		}
		return flows.AddrFrom(ap)
	}
	if i := strings.LastIndexByte(s, ':'); i > 0 {
		a, err := netip.ParseAddr(strings.Trim(s[:i], "[]"))
		n, errPort := strconv.ParseUint(s[i+1:], 10, 16)
		if err == nil && errPort == nil && n != 0 && a.Zone() == "" {
			return flows.AddrFrom(netip.AddrPortFrom(a, uint16(n)))
		}
		return flows.Addr{}
	}
	return socketAddress(s)
}

// socketAddress reads struct sockaddr_in or sockaddr_in6, little-endian family first, as hexadecimal digits,
// each byte behind \x or not.
func socketAddress(s string) flows.Addr {
	b, err := hex.DecodeString(strings.ReplaceAll(s, `\x`, ""))
	if err != nil || len(b) < 28 {
		return flows.Addr{}
	}
	port := uint16(b[2])<<8 | uint16(b[3])
	switch family := int(b[0]) | int(b[1])<<8; {
	case port == 0:
	case family == 2:
		return flows.AddrFrom(netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), port))
	case family == 10:
		return flows.AddrFrom(netip.AddrPortFrom(netip.AddrFrom16([16]byte(b[8:24])), port))
	}
	return flows.Addr{}
}
