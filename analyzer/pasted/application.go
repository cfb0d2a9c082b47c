package pasted

import (
	"bytes"

	"github.com/rstexplain/rstexplain/flows"
)

// overTCP are protocols whose lines are segments of TCP though Info shows nothing of it. Others are passed over.
var overTCP = map[string]bool{
	"TCP": true, "HTTP": true, "HTTP2": true, "HTTP/JSON": true, "HTTP/XML": true, "OCSP": true,
	"SSL": true, "SSLv2": true, "SSLv3": true, "TLS": true, "TLSv1": true,
	"TLSv1.1": true, "TLSv1.2": true, "TLSv1.3": true, "SSH": true, "SSHv1": true, "SSHv2": true,
	"SMTP": true, "SMTP|IMF": true, "IMF": true, "FTP": true,
	"FTP-DATA": true, "POP": true, "IMAP": true, "TELNET": true, "LDAP": true, "SMB": true,
	"SMB2": true, "NBSS": true, "TDS": true, "MySQL": true, "MariaDB": true, "PGSQL": true,
	"RESP": true, "Redis": true, "MONGO": true, "AMQP": true, "MQTT": true, "BGP": true,
	"LDP": true, "RDP": true, "RDPMT": true, "TPKT": true, "COTP": true, "X.224": true, "S7COMM": true,
	"Modbus/TCP": true, "WebSocket": true, "GIOP": true, "DCERPC": true, "NFS": true, "RPC": true,
	"IRC": true, "XMPP": true, "XMPP/XML": true, "Socks": true, "DIAMETER": true,
	"TNS": true, "SMPP": true, "OpenFlow": true, "Kafka": true, "CQL": true, "ISCSI": true,
	"iSCSI": true, "RTMP": true, "RTSP": true, "MSNMS": true, "GRPC": true, "PROXYv1": true, "PROXYv2": true,
	"SIP": true, "SIP/SDP": true, "FIX": true, "IMPI": true, "VNC": true, "PPTP": true,
	"MSRP": true, "DNP 3.0": true, "X11": true,
	"AJP13": true, "Thrift": true, "memcache": true, "MEMCACHE": true, "EPM": true, "LSARPC": true, "SAMR": true,
	"DRSUAPI": true, "KRB5": true, "OPCUA": true, "OpcUa": true, "ADS": true, "AMS": true,
	"SKINNY": true, "BitTorrent": true,
	"git": true, "Git": true, "RSYNC": true, "LPD": true, "IPP": true, "NNTP": true, "Gearman": true, "ZMTP": true,
}

// application takes a line in which an application's words stand for those of TCP. It belongs to the connection of the
// same hosts that was seen last.
func (l *listStyle) application(proto, b []byte, ports [2]uint16) bool {
	p := &l.p
	if !overTCP[string(proto)] {
		if bytes.HasPrefix(b, []byte("Continuation")) || bytes.HasPrefix(b, []byte("Application Data")) {
			// an application that is not listed, over TCP all the same
		} else if len(proto) == 0 || !isProtocol(proto) {
			return false
		} else {
			l.alien = !l.icmp(proto, b)
			return true
		}
	}
	p.Words |= SaysApplication
	l.said = string(proto) == "TCP"
	if ports[0] != 0 && ports[1] != 0 {
		p.Src.Port, p.Dst.Port = ports[0], ports[1]
	} else if !l.r.numbers.latest(p) {
		if src, dst, ok := portsIn(b); ok {
			p.Src.Port, p.Dst.Port = src, dst
		} else {
			l.unplaced = true // unless its bytes follow
		}
	}
	p.Flags = flows.ACK | flows.PSH
	return true
}

// icmpInfos are the words of Wireshark (packet-icmp.c, packet-icmpv6.c) for errors, in the order in which they are
// looked for.
var icmpInfos = []struct {
	words     string
	typ, code uint8
	v6        bool
}{
	{"(Network unreachable)", 3, 0, false}, {"(Host unreachable)", 3, 1, false}, {"(Protocol unreachable)", 3, 2, false},
	{"(Port unreachable)", 3, 3, false},
	{"(Fragmentation needed)", 3, 4, false}, {"(Source route failed)", 3, 5, false}, {"(Network administratively " +
		"prohibited)", 3, 9, false},
	{"(Host administratively prohibited)", 3, 10, false}, {"(Communication administratively filtered)", 3, 13, false},
	{"Time-to-live exceeded", 11, 0, false},
	{"(no route to destination)", 1, 0, true}, {"(Administratively prohibited)", 1, 1, true},
	{"(Beyond scope", 1, 2, true},
	{"(Address unreachable)", 1, 3, true}, {"(Port unreachable)", 1, 4, true}, {"Packet Too Big", 2, 0, true},
	{"Time Exceeded", 3, 0, true},
}

// icmp takes the line of an ICMP error. What it quotes is not shown: it is taken to be about the connection of its
// receiver that was seen last, with the sender or, of a router, with the only host that has not answered.
func (l *listStyle) icmp(proto, b []byte) bool {
	v6 := string(proto) == "ICMPv6"
	if string(proto) != "ICMP" && !v6 {
		return false
	}
	for _, i := range icmpInfos {
		if i.v6 == v6 && bytes.Contains(b, []byte(i.words)) {
			l.failure = icmpError{typ: i.typ, code: i.code, v6: v6}
			l.failed = true
			return true
		}
	}
	return false
}

// putListError takes the ICMP error of p as Wireshark's packet list shows it.
func (r *Reader) putListError(p *Packet, e *icmpError) {
	e.target = p.Src.IP
	if _, ok := r.numbers.between(p.Dst.IP, e.target, 0); !ok {
		if e.target, ok = r.numbers.asked(p.Dst.IP); !ok {
			r.leaveAt(OtherProtocol, p.Line)
			return
		}
	}
	r.guessed.add(p.Line)
	r.putError(p, e)
}

// portsIn reads "443 > 51506 [ACK]" without numbers.
func portsIn(b []byte) (src, dst uint16, ok bool) {
	s := scan{b: b}
	x, ok1 := whole(s.word())
	arrow := s.word()
	y, ok2 := whole(s.word())
	if !ok1 || !ok2 || string(arrow) != "->" && string(arrow) != ">" || x > 1<<16-1 || y > 1<<16-1 {
		return 0, 0, false
	}
	return uint16(x), uint16(y), true
}

// application fills in what a line of Wireshark's packet list leaves out because it shows the application's words.
func (n *numbering) application(p *Packet, c *conv, me, peer *half, s *flows.Segment) {
	s.Flags = flows.ACK
	if p.Words&SaysPart == 0 {
		s.Flags |= flows.PSH
	}
	if p.Has&HasLen == 0 && p.Has&HasWire == 0 {
		s.DataLen = 1
	} else if p.Has&HasLen == 0 {
		less := me.lengthLess
		if !me.hasOverhead {
			if less = peer.lengthLess; !peer.hasOverhead {
				less = 54
			}
		}
		s.DataLen = uint32(max(int(p.Wire)-less, 1))
	}
	src, dst := s.Src, s.Dst
	next, ok := me.expected()
	if !ok {
		n.make(p, c, me, &src)
		next = me.base + 1
	}
	if p.Words&SaysRetransmission != 0 && me.hasNXT {
		next = me.nxt - s.DataLen
	}
	s.SEQ = flows.Seq(next)
	n.Derived.add(p.Line)
	ack, ok := peer.expected()
	if !ok {
		n.make(p, c, peer, &dst)
		ack = peer.base + 1
		peer.nxt, peer.hasNXT = ack, true
	}
	if me.hasACK && int32(me.ack-ack) > 0 {
		ack = me.ack
	}
	s.ACK = flows.Seq(ack)
}

// overhead notes how many bytes of a frame are no data. A short frame may be padded.
func (h *half) overhead(p *Packet) {
	const shortest = 60
	n := int(p.Wire) - int(p.Len)
	if p.Flags&flows.SYN != 0 || n < 40 || n > 200 || p.Len == 0 && (p.Wire <= shortest || p.Wire == 64) {
		if !h.hasOverhead && p.Flags&flows.SYN == 0 && p.Len == 0 && n <= 64 && n >= 40 {
			h.lengthLess = 54
			if p.Opts.HasTS {
				h.lengthLess = 66
			}
			h.hasOverhead = true
		}
		return
	}
	h.lengthLess, h.hasOverhead = n, true
}
