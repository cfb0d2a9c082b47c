package pasted

import (
	"bytes"

	"github.com/rstexplain/rstexplain/flows"
)

// overTCP are protocols whose lines are segments of TCP though Info shows nothing of it. Others are passed over.
var overTCP = map[string]bool{
	"TCP": true, "HTTP": true, "HTTP2": true, "HTTP/JSON": true, "HTTP/XML": true, "OCSP": true, "SSL": true, "SSLv2": true, "SSLv3": true, "TLS": true, "TLSv1": true,
	"TLSv1.1": true, "TLSv1.2": true, "TLSv1.3": true, "SSH": true, "SSHv1": true, "SSHv2": true, "SMTP": true, "SMTP|IMF": true, "IMF": true, "FTP": true,
	"FTP-DATA": true, "POP": true, "IMAP": true, "TELNET": true, "LDAP": true, "SMB": true, "SMB2": true, "NBSS": true, "TDS": true, "MySQL": true, "MariaDB": true, "PGSQL": true,
	"RESP": true, "Redis": true, "MONGO": true, "AMQP": true, "MQTT": true, "BGP": true, "LDP": true, "RDP": true, "RDPMT": true, "TPKT": true, "COTP": true, "X.224": true, "S7COMM": true,
	"Modbus/TCP": true, "WebSocket": true, "GIOP": true, "DCERPC": true, "NFS": true, "RPC": true, "IRC": true, "XMPP": true, "XMPP/XML": true, "Socks": true, "DIAMETER": true,
	"TNS": true, "SMPP": true, "OpenFlow": true, "Kafka": true, "CQL": true, "ISCSI": true, "iSCSI": true, "RTMP": true, "RTSP": true, "MSNMS": true, "GRPC": true, "PROXYv1": true, "PROXYv2": true,
	"SIP": true, "SIP/SDP": true, "FIX": true, "IMPI": true, "VNC": true, "PPTP": true, "MSRP": true, "DNP 3.0": true, "X11": true, "AJP13": true, "Thrift": true, "memcache": true, "MEMCACHE": true, "EPM": true, "LSARPC": true, "SAMR": true,
	"DRSUAPI": true, "KRB5": true, "OPCUA": true, "OpcUa": true, "ADS": true, "AMS": true, "SKINNY": true, "BitTorrent": true, "git": true, "Git": true, "RSYNC": true, "LPD": true, "IPP": true, "NNTP": true, "Gearman": true, "ZMTP": true,
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
			l.r.leave(OtherProtocol)
			p.Style = ""
			return true
		}
	}
	p.Words |= SaysApplication
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
