package analyzer

import (
	"fmt"

	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/flows"
)

// unreachables collects the ICMP errors that ended a connection attempt: the application sees a failed connection, often
// a refused one, without a RST.
type unreachables struct {
	kinds  []*unreachable // in the order in which they were met
	by     map[unreachableKey]*unreachable
	others int // of kinds that are not kept
}

type unreachableKey struct {
	from      [16]byte
	dst       flows.Addr
	typ, code uint8
	v6        bool
}

// An unreachable is all ICMP errors of one kind, from one place, about one service.
type unreachable struct {
	unreachableKey
	frames []int // the first ones
	count  int
}

// Bounds on what is kept and named.
const (
	unreachableKinds  = 100
	unreachableFrames = 8
)

// add takes an ICMP error that quotes a TCP segment.
func (u *unreachables) add(n *flows.ICMPNote) {
	if !n.QuotedSYN || meaning(n.V6, n.Type, n.Code) == nil {
		return
	}
	k := unreachableKey{n.From.IP, n.Dst, n.Type, n.Code, n.V6}
	e := u.by[k]
	if e == nil {
		if len(u.kinds) == unreachableKinds {
			u.others++
			return
		}
		if u.by == nil {
			u.by = map[unreachableKey]*unreachable{}
		}
		e = &unreachable{unreachableKey: k}
		u.by[k] = e
		u.kinds = append(u.kinds, e)
	}
	e.count++
	if len(e.frames) < unreachableFrames {
		e.frames = append(e.frames, n.Frame)
	}
}

// notes lists them.
func (u *unreachables) notes() []report.Evidence {
	var out []report.Evidence
	for _, e := range u.kinds {
		m := meaning(e.v6, e.typ, e.code)
		from := flows.Addr{IP: e.from}.AddrPort().Addr()
		times := ""
		if e.count > 1 {
			times = fmt.Sprintf(" (%d times)", e.count)
		}
		out = append(out, report.Evidence{Frames: e.frames, Says: fmt.Sprintf(
			"ICMP %q from %v in response to the SYN to %v%s: the application gets %s, and there is no RST", m.says, from, e.dst, times, m.errno)})
	}
	if u.others > 0 {
		out = append(out, report.Evidence{Frames: []int{}, Says: fmt.Sprintf("%d more ICMP errors in response to SYNs to other services", u.others)})
	}
	return out
}

// An icmpMeaning is the name of an ICMP code in its standard, and the error of a connecting socket on Linux
// (icmp_err_convert in net/ipv4/icmp.c, tab_unreach in net/ipv6/icmp.c).
type icmpMeaning struct{ says, errno string }

const (
	eNet     = "ENETUNREACH (network is unreachable)"
	eHost    = "EHOSTUNREACH (no route to host)"
	eRefused = "ECONNREFUSED (connection refused)"
	eDenied  = "EACCES (permission denied)"
)

// meaning returns nil for what does not end an attempt to connect.
func meaning(v6 bool, typ, code uint8) *icmpMeaning {
	table, unreachableType := unreachable4, uint8(3)
	if v6 {
		table, unreachableType = unreachable6, 1
	}
	m, ok := table[code]
	if typ != unreachableType || !ok {
		return nil
	}
	return &m
}

// Codes of Destination Unreachable: RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1.
var unreachable4 = map[uint8]icmpMeaning{
	0:  {"net unreachable", eNet},
	1:  {"host unreachable", eHost},
	2:  {"protocol unreachable", "ENOPROTOOPT (protocol not available)"},
	3:  {"port unreachable", eRefused},
	5:  {"source route failed", "EOPNOTSUPP (operation not supported)"},
	6:  {"destination network unknown", eNet},
	7:  {"destination host unknown", "EHOSTDOWN (host is down)"},
	9:  {"network administratively prohibited", eNet},
	10: {"host administratively prohibited", eHost},
	11: {"network unreachable for type of service", eNet},
	12: {"host unreachable for type of service", eHost},
	13: {"communication administratively prohibited", eHost},
	14: {"host precedence violation", eHost},
	15: {"precedence cutoff in effect", eHost},
}

// Codes of Destination Unreachable: RFC 4443 §3.1.
var unreachable6 = map[uint8]icmpMeaning{
	0: {"no route to destination", eNet},
	1: {"communication administratively prohibited", eDenied},
	2: {"beyond scope of source address", eHost},
	3: {"address unreachable", eHost},
	4: {"port unreachable", eRefused},
	5: {"source address failed policy", eDenied},
	6: {"reject route to destination", eDenied},
}
