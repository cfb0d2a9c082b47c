package pasted

import (
	"bytes"
	"fmt"
	"net/netip"
	"unicode/utf8"
)

// names gives each name, or address made unreadable, an address of those that RFC 5737 and RFC 3849 set aside for
// documentation, the same one wherever it stands.
type names struct {
	of    map[string]netip.Addr
	order []string // in which they were met
	taken map[netip.Addr]bool
	next  int
}

// maxNames is how many names are kept apart.
const maxNames = 1 << 16

// The nets of RFC 5737.
var documentation = [...][3]byte{{203, 0, 113}, {198, 51, 100}, {192, 0, 2}}

// seen notes an address that the text itself shows: no name gets it from then on.
func (n *names) seen(ip netip.Addr) {
	b := ip.Unmap().AsSlice()
	for _, d := range documentation {
		if len(b) == 4 && [3]byte(b[:3]) == d {
			if n.taken == nil {
				n.taken = map[netip.Addr]bool{}
			}
			n.taken[ip] = true
		}
	}
}

// addr returns the address for a name.
func (n *names) addr(name []byte) (netip.Addr, bool) {
	if a, ok := n.of[string(name)]; ok {
		return a, true
	}
	if len(n.of) >= maxNames {
		return netip.Addr{}, false
	}
	if n.of == nil {
		n.of = map[string]netip.Addr{}
	}
	var a netip.Addr
	for {
		k := n.next
		n.next++
		if k < 254*len(documentation) {
			d := documentation[k/254]
			a = netip.AddrFrom4([4]byte{d[0], d[1], d[2], byte(k%254 + 1)})
		} else {
			a = netip.AddrFrom16([16]byte{0: 0x20, 1: 0x01, 2: 0x0d, 3: 0xb8, 13: byte(k >> 16), 14: byte(k >> 8), 15: byte(k)})
		}
		if !n.taken[a] {
			break
		}
	}
	n.of[string(name)] = a
	n.order = append(n.order, string(name))
	return a, true
}

// isName reports whether b can be the name of a host, or an address of which digits were replaced.
func isName(b []byte) bool {
	if len(b) == 0 || len(b) > 253 {
		return false
	}
	letter := false
	for k, c := range b {
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '*' || c == '#' || c >= utf8.RuneSelf:
			letter = true
		case isDigit(c):
		case k == 0 && bytes.IndexByte([]byte("<[{($"), c) >= 0, k == len(b)-1 && bytes.IndexByte([]byte(">]})"), c) >= 0:
		case c == '-' || c == '.' || c == ':':
			if k == 0 && c == '-' {
				return false
			}
		default:
			return false
		}
	}
	return letter
}

// services are the ports that printers show by their names in /etc/services and its like, those that people meet.
var services = map[string]uint16{
	"ftp-data": 20, "ftp": 21, "ssh": 22, "telnet": 23, "smtp": 25, "time": 37, "whois": 43,
	"tacacs": 49, "domain": 53, "gopher": 70,
	"finger": 79, "http": 80, "www": 80, "kerberos": 88, "kerberos-sec": 88, "pop3": 110,
	"sunrpc": 111, "auth": 113, "nntp": 119,
	"ntp": 123, "epmap": 135, "loc-srv": 135, "netbios-ns": 137, "netbios-ssn": 139, "imap": 143,
	"imap2": 143, "snmp": 161, "bgp": 179,
	"irc": 194, "ldap": 389, "https": 443, "microsoft-ds": 445, "kpasswd": 464, "submissions": 465,
	"urd": 465, "igmpv3lite": 465, "shell": 514,
	"printer": 515, "rtsp": 554, "nntps": 563, "submission": 587, "ipp": 631, "ldaps": 636,
	"msdp": 639, "ldp": 646, "rsync": 873, "ftps-data": 989,
	"ftps": 990, "telnets": 992, "imaps": 993, "pop3s": 995, "rmpp": 1121, "openvpn": 1194,
	"ms-sql-s": 1433, "ms-sql-m": 1434, "ncube-lm": 1521,
	"oracle": 1521, "h323hostcall": 1720, "pptp": 1723, "radius": 1812, "mqtt": 1883, "msnp": 1863,
	"nfs": 2049, "gsiftp": 2811, "eforward": 2181,
	"iscsi-target": 3260, "squid": 3128, "ndl-aas": 3128, "mysql": 3306, "ms-wbt-server": 3389,
	"svn": 3690, "amqps": 5671, "amqp": 5672,
	"sip": 5060, "sips": 5061, "xmpp-client": 5222, "xmpp-server": 5269, "postgresql": 5432,
	"personal-agent": 5555, "rplay": 5555, "x11": 6000, "redis": 6379,
	"ircd": 6667, "afs3-fileserver": 7000, "http-alt": 8080, "http-proxy": 8080, "webcache": 8080,
	"intermapper": 8181, "pcsync-https": 8443, "ddi-tcp-1": 8888,
	"xmpp-bosh": 5280, "git": 9418, "amanda": 10080, "zabbix-agent": 10050, "zabbix-trapper": 10051,
	"memcache": 11211, "memcached": 11211, "webmin": 10000,
	"mongodb": 27017, "cslistener": 9000, "jetdirect": 9100, "hp-pdl-datastr": 9100,
	"sun-answerbook": 8888, "commplex-main": 5000, "complex-main": 5000, "ms-olap4": 2383, "wap-wsp": 9200,
	"vrace": 9300, "hbci": 3000, "ppp": 3000, "tproxy": 8081, "sunproxyadmin": 8081, "irdmi": 8000,
	"us-cli": 8082, "mcreport": 8003, "ssdp": 1900, "rfb": 5900, "vnc": 5900, "vnc-server": 5900,
}

// portOf returns the port that b names, by number or by service.
func (r *Reader) portOf(b []byte) (uint16, bool) {
	if n, ok := whole(b); ok {
		return uint16(n), n <= 1<<16-1
	}
	if p, ok := services[string(b)]; ok {
		return p, true
	}
	if !isName(b) || bytes.ContainsAny(b, ":<>{}()$#*") {
		return 0, false
	}
	p, ok := r.ports[string(b)]
	if !ok && len(r.ports) < maxNames {
		// A service that is not known here gets a port that no service has, the same wherever it stands.
		if r.ports == nil {
			r.ports = map[string]uint16{}
		}
		p, ok = uint16(1<<16-1-len(r.ports)%1000), true
		r.ports[string(b)] = p
		r.portNames = append(r.portNames, string(b))
	}
	return p, ok
}

// host returns the end that b names: an address or a name.
func (r *Reader) host(b []byte) (h Host, ok bool) {
	if len(b) > 1 && b[0] == '(' && b[len(b)-1] == ')' {
		b = b[1 : len(b)-1]
	}
	if h.IP, ok = addrOf(b); ok {
		r.names.seen(h.IP)
		return h, true
	}
	if !isName(b) {
		return h, false
	}
	h.Name = true
	h.IP, ok = r.names.addr(b)
	return h, ok
}

// atPort stands for the host at a port, where no address is shown.
func (r *Reader) atPort(port uint16) Host {
	h, _ := r.host(fmt.Appendf(nil, "host-at-port-%d", port))
	h.Port = port
	return h
}

// twoPorts reads two ends of which the text shows the ports alone. Two that are equal would not be told apart.
func twoPorts(src, dst []byte) (m, n uint16, ok bool) {
	x, ok1 := whole(src)
	y, ok2 := whole(dst)
	return uint16(x), uint16(y), ok1 && ok2 && x != y && x < 1<<16 && y < 1<<16 && x > 0 && y > 0
}

// hostPort returns the end that b names in tcpdump's way: address, dot, port.
func (r *Reader) hostPort(b []byte) (h Host, port, ok bool) {
	if ip, w := ipv4(b); w > 0 {
		h.IP = netip.AddrFrom4(ip)
		if ip[0] == 203 || ip[0] == 198 || ip[0] == 192 {
			r.names.seen(h.IP)
		}
		if w == len(b) {
			return h, false, true
		}
		// "192.0.2.1.pool.example.net.40000" is a name.
		if b[w] == '.' && bytes.IndexByte(b[w+1:], '.') < 0 || b[w] == ':' {
			h.Port, ok = r.portOf(b[w+1:])
			return h, true, ok
		}
		h = Host{}
	}
	k := bytes.LastIndexByte(b, '.')
	if k > 0 && k+1 < len(b) {
		name, number := b[:k], b[k+1:]
		_, isService := services[string(number)]
		n, isNumber := whole(number)
		if isNumber && n > 255 && len(bytes.Trim(name, "0123456789.")) == 0 {
			// no address of this world, put in the place of one
			h.Name = true
			if h.IP, ok = r.names.addr(name); ok {
				h.Port, ok = r.portOf(number)
			}
			return h, true, ok
		}
		if h, ok = r.plain(name, isService || isNumber || number[0] == '['); ok {
			h.Port, ok = r.portOf(number)
			return h, true, ok
		}
	}
	h, ok = r.host(b)
	return h, false, ok
}

// plain is host, for an address of IPv6, or, where the end of the word is a port, a name.
func (r *Reader) plain(b []byte, port bool) (h Host, ok bool) {
	if h.IP, ok = addrOf(b); ok {
		r.names.seen(h.IP)
		return h, true
	}
	if !port {
		return h, false
	}
	// Three numbers and a fourth are an address without a port: "10.0.0.1" is not the port 1 of a host 10.0.0.
	return r.host(b)
}
