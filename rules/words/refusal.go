package words

// An icmpMeaning is the name of an ICMP code in its standard, and the error of a connecting socket on Linux
// (icmp_err_convert in net/ipv4/icmp.c, tab_unreach in net/ipv6/icmp.c).
type icmpMeaning struct{ says, errno string }

const (
	eNet     = "ENETUNREACH (network is unreachable)"
	eHost    = "EHOSTUNREACH (no route to host)"
	eRefused = "ECONNREFUSED (connection refused)"
	eDenied  = "EACCES (permission denied)"
)

// Refuses reports whether an ICMP error of this type and code ends an attempt to connect.
func Refuses(v6 bool, typ, code uint8) bool { return meaning(v6, typ, code) != nil }

// Refusal returns the name of the ICMP code in its standard, and the error that a connecting socket gets on Linux; ""
// for what does not end an attempt to connect.
func Refusal(v6 bool, typ, code uint8) (says, errno string) {
	if m := meaning(v6, typ, code); m != nil {
		return m.says, m.errno
	}
	return "", ""
}

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
