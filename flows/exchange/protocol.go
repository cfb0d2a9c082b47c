package exchange

import mathbits "math/bits"

// A protocol is what two ends speak, as far as the first bytes tell.
type protocol uint8

const (
	undecided protocol = iota
	opaque             // no protocol known here
	http1
	rtsp
	sip
	websocket
	http2
	tls
	ssh
	replies // SMTP or FTP: the greeting did not tell
	smtp
	ftp
	pop3
	imap
	irc
	redis
	nats
	mysql
	postgres
	tds
	mongodb
	kafka
	smb
	ldap
	mqtt
	amqp
	amqp1
	tpkt
	opcua
	modbus
	ams
	bgp
	ldp
	msdp
	openflow
	dns
	stun
	telnet
	openvpn
	pptp
	c37118
	syslog
	statsd
	proxyLine
	socks4
	socks5
	httpConnect // HTTP until a CONNECT was answered
	httpUpgraded
)

var protocolNames = [...]string{
	http1: "HTTP/1.1", rtsp: "RTSP", sip: "SIP", websocket: "WebSocket", http2: "HTTP/2", tls: "TLS", ssh: "SSH",
	replies: "SMTP or FTP", smtp: "SMTP", ftp: "FTP", pop3: "POP3", imap: "IMAP", irc: "IRC", redis: "Redis", nats: "NATS",
	mysql: "MySQL", postgres: "PostgreSQL", tds: "TDS", mongodb: "MongoDB", kafka: "Kafka", smb: "SMB", ldap: "LDAP",
	mqtt: "MQTT", amqp: "AMQP 0-9-1", amqp1: "AMQP 1.0", tpkt: "TPKT", opcua: "OPC UA", modbus: "Modbus", ams: "ADS",
	bgp: "BGP", ldp: "LDP", msdp: "MSDP", openflow: "OpenFlow", dns: "DNS", stun: "STUN", telnet: "Telnet",
	openvpn: "OpenVPN",
	pptp:    "PPTP", c37118: "C37.118", syslog: "syslog", statsd: "StatsD",
	proxyLine: "PROXY", socks4: "SOCKS4", socks5: "SOCKS5",
	httpConnect: "HTTP CONNECT", httpUpgraded: "HTTP Upgrade",
}

// parse has the reader of the protocol read one unit from the front of b. A reader returns how many
// bytes it used; it may leave the rest of its unit to voice.left. It returns 0 to ask for more than b,
// which it must not do when last is set (no more is captured) or b holds maxScrap bytes. What a reader
// makes of a message must not depend on how segments cut it.
func (h *hearing) parse(b []byte, last bool) int {
	switch h.proto {
	case undecided:
		return h.detect(b, last)
	case http1, rtsp, sip:
		return h.readHTTP(b, last)
	case websocket:
		return h.readWebSocket(b, last)
	case http2:
		return h.readHTTP2(b, last)
	case tls:
		return h.readTLS(b, last)
	case ssh:
		if h.v.phase == sshSealed {
			return h.readSealed(b)
		}
		return h.readSSH(b, last)
	case replies, smtp, ftp:
		return h.readReplies(b, last)
	case pop3:
		return h.readPOP3(b, last)
	case imap:
		return h.readIMAP(b, last)
	case irc:
		return h.readIRC(b, last)
	case redis:
		return h.readRedis(b, last)
	case nats:
		return h.readNATS(b, last)
	case mysql:
		return h.readMySQL(b, last)
	case postgres:
		return h.readPostgres(b, last)
	case tds:
		return h.readTDS(b, last)
	case mongodb:
		return h.readMongoDB(b, last)
	case kafka:
		return h.readKafka(b, last)
	case smb:
		return h.readSMB(b, last)
	case ldap:
		return h.readLDAP(b, last)
	case mqtt:
		return h.readMQTT(b, last)
	case amqp:
		return h.readAMQP(b, last)
	case amqp1:
		return h.readAMQP1(b, last)
	case tpkt:
		return h.readTPKT(b, last)
	case opcua:
		return h.readOPCUA(b, last)
	case modbus:
		return h.readModbus(b, last)
	case ams:
		return h.readAMS(b, last)
	case bgp:
		return h.readBGP(b, last)
	case ldp:
		return h.readLDP(b, last)
	case msdp:
		return h.readMSDP(b, last)
	case openflow:
		return h.readOpenFlow(b, last)
	case dns:
		return h.readDNS(b, last)
	case stun:
		return h.readSTUN(b, last)
	case telnet:
		return h.readTelnet(b, last)
	case openvpn:
		return h.readOpenVPN(b, last)
	case pptp:
		return h.readPPTP(b, last)
	case c37118:
		return h.readC37118(b, last)
	case syslog:
		return h.readSyslog(b, last)
	case statsd:
		return h.readStatsD(b, last)
	case proxyLine:
		return h.readProxy(b, last)
	case socks4:
		return h.readSOCKS4(b, last)
	case socks5:
		return h.readSOCKS5(b, last)
	}
	h.turns()
	h.takeTurn()
	return len(b)
}

// starts reports whether b, the front of a segment, looks like the start of a message, after bytes were
// missing.
func (h *hearing) starts(b []byte) bool {
	switch h.proto {
	case undecided, opaque:
		return true
	case http1, rtsp, sip:
		return startsHTTP(b)
	case http2:
		return startsHTTP2(b)
	case tls:
		return startsTLS(b)
	case replies, smtp, ftp:
		return startsReplies(b)
	case pop3:
		return startsPOP3(b)
	case imap:
		return startsIMAP(b)
	case irc, telnet:
		return true
	case redis:
		return startsRedis(b)
	case nats:
		return startsNATS(b)
	case mysql:
		return startsMySQL(b)
	case postgres:
		return startsPostgres(b)
	case tds:
		return startsTDS(b)
	case mongodb:
		return startsMongoDB(b)
	case smb:
		return startsSMB(b)
	case ldap:
		return startsLDAP(b)
	case mqtt:
		return startsMQTT(b)
	case amqp:
		return startsAMQP(b)
	case tpkt:
		return startsTPKT(b)
	case opcua:
		return startsOPCUA(b)
	case modbus:
		return startsModbus(b)
	case ams:
		return startsAMS(b)
	case bgp:
		return startsBGP(b)
	case ldp:
		return startsLDP(b)
	case msdp:
		return startsMSDP(b)
	case openflow:
		return startsOpenFlow(b)
	case dns:
		return startsDNS(b)
	case stun:
		return startsSTUN(b)
	case openvpn:
		return startsOpenVPN(b)
	case pptp:
		return startsPPTP(b)
	case c37118:
		return startsC37118(b)
	case syslog:
		return startsSyslog(b)
	case statsd:
		return true
	}
	return false
}

// A verdict is what the front of a connection is to the signature of a protocol.
type verdict uint8

const (
	no verdict = iota
	maybe
	yes
)

// signatures are tried in order; the first that says yes decides. They see the front of what a side says
// when nothing is known, at most maxSignature bytes matter. The first three cannot be mistaken.
var signatures = [...]struct {
	proto protocol
	match func(b []byte, side int) verdict
}{
	{tls, isTLS},
	{http2, isHTTP2},
	{http1, isHTTP}, // and RTSP, and SIP
	{ssh, isSSH},
	{replies, isReplies},
	{smtp, isSMTP},
	{pop3, isPOP3},
	{imap, isIMAP},
	{redis, isRedis},
	{nats, isNATS},
	{irc, isIRC},
	{amqp, isAMQP},
	{amqp1, isAMQP1},
	{proxyLine, isProxy},
	{postgres, isPostgres},
	{smb, isSMB},
	{opcua, isOPCUA},
	{bgp, isBGP},
	{mqtt, isMQTT},
	{ldap, isLDAP},
	{tpkt, isTPKT},
	{tds, isTDS},
	{mongodb, isMongoDB},
	{stun, isSTUN},
	{ams, isAMS},
	{mysql, isMySQL},
	{ldp, isLDP},
	{msdp, isMSDP},
	{openflow, isOpenFlow},
	{kafka, isKafka},
	{openvpn, isOpenVPN},
	{dns, isDNS},
	{modbus, isModbus},
	{socks5, isSOCKS5},
	{socks4, isSOCKS4},
	{telnet, isTelnet},
	{pptp, isPPTP},
	{c37118, isC37118},
	{syslog, isSyslog},
	{statsd, isStatsD},
}

// candidates holds the signatures that a side's first byte leaves possible, one bit for each: what says
// no to one byte says no to whatever follows it.
var candidates = func() (sets [2][256]uint64) {
	first := make([]byte, 1)
	for side := range sets {
		for c := range sets[side] {
			first[0] = byte(c)
			for i := range signatures {
				if signatures[i].match(first, side) != no {
					sets[side][c] |= 1 << i
				}
			}
		}
	}
	return sets
}()

// unmistakable are the first three signatures.
const unmistakable = 1<<3 - 1

// maxSignature is how many bytes of an unknown protocol are waited for.
const maxSignature = 512

// detect decides what is spoken. Bytes that it waits for are kept; when it decides, the other side's
// are read too.
func (h *hearing) detect(b []byte, last bool) int {
	switch p := identify(b, h.side, last); p {
	case undecided:
		return 0
	case opaque:
		h.decide(opaque)
		h.fresh = true
		h.turns()
		h.takeTurn()
		return len(b)
	default:
		h.decide(p)
		return h.parse(b, last)
	}
}

// identify tells what b, the first bytes of a side, belongs to: undecided when more bytes would tell.
func identify(b []byte, side int, last bool) protocol {
	wait := false
	for set := candidates[side][b[0]]; set != 0; set &= set - 1 {
		s := &signatures[mathbits.TrailingZeros64(set)]
		switch s.match(b, side) {
		case yes:
			if s.proto == http1 {
				p, _ := httpKind(b)
				return p
			}
			return s.proto
		case maybe:
			wait = true
		}
	}
	switch {
	case wait && !last && len(b) < maxSignature:
		return undecided
	case last && startsHTTP(b):
		return http1
	case last && side == 1 && len(b) >= 8 && isReplies(b, side) == maybe:
		return replies // its line is cut
	}
	return opaque
}

// decide settles the protocol, after which what the other side had begun to say is read.
func (h *hearing) decide(p protocol) {
	h.proto = p
	if p != opaque {
		// What was said while nothing was decided is read now, and no request of before.
		h.askFrame, h.line = 0, 0
		for i := range h.voice {
			v := &h.voice[i]
			v.wait = 0
			if i == h.side || v.scrap != 0 {
				v.flags &^= asked
				v.kind = None
			}
		}
	}
	o := hearing{State: h.State, names: h.names, side: 1 - h.side, v: h.peer(), frame: h.frame, time: h.time, fresh: true}
	if o.v.phase == phaseTurns && p != opaque {
		o.v.phase, o.v.left, o.v.aux = phaseLost, 0, 0
		return
	}
	waiting := h.names.scraps.get(o.v.scrap)
	if waiting == nil || p == opaque {
		return
	}
	o.frame, o.time = waiting.frame, waiting.time
	b := waiting.b
	for len(b) > 0 && o.v.phase < phaseLost {
		n := o.unit(b, false)
		if n == 0 {
			waiting.b = append(waiting.b[:0], b...)
			return
		}
		k := int(min(o.v.left, int64(len(b)-n)))
		o.v.left -= int64(k)
		o.v.grow(int64(n + k))
		b = b[n+k:]
	}
	h.names.scraps.drop(o.v.scrap)
	o.v.scrap = 0
}

// again reports whether a side that was not read so far begins, with b, to speak a protocol that cannot
// be mistaken; it is then read from here on.
func (h *hearing) again(b []byte) bool {
	if h.side == 1 && h.proto == opaque && h.turn && isRedisReply(b) {
		h.decide(redis)
		for i := range h.voice { // a command on a line of its own needs no more than the line
			h.voice[i].phase, h.voice[i].left, h.voice[i].aux = 0, 0, 0
		}
		if !isRedisTurnedAway(b) {
			h.peer().wait = 1
		}
		return true
	}
	if h.proto != opaque || !h.turn || len(b) < 8 || candidates[h.side][b[0]]&unmistakable == 0 {
		return false
	}
	p := opaque
	switch {
	case isTLS(b, h.side) == yes:
		p = tls
	case isHTTP2(b, h.side) == yes:
		p = http2
	default:
		if kind, v := httpKind(b); v != yes || kind != http1 {
			return false
		}
		p = http1
	}
	h.decide(p)
	h.v.phase, h.v.left, h.v.aux = 0, 0, 0
	return true
}

// turnsToTLS reports whether b, of a protocol whose messages are lines of text, is a record of TLS.
func (h *hearing) turnsToTLS(b []byte) bool {
	if len(b) < tlsHeader || b[0] < tlsCCS || b[0] > tlsAppData || b[1] != 3 {
		return false
	}
	switch h.proto {
	case replies, smtp, ftp, pop3, imap, irc:
		return isTLS(b, h.side) == yes
	}
	return false
}

// upgrade ends what was spoken and starts to listen for what comes inside, on both sides. What was said
// before was set-up, and no request of what follows.
func (h *hearing) upgrade(via, to protocol) {
	if h.via == undecided {
		h.via = via
	}
	h.proto = to
	h.alert, h.alpn = 0, 0
	h.bits &^= alertBy1 | alertClear
	for i := range h.voice {
		v := &h.voice[i]
		v.phase, v.left, v.aux, v.high, v.wait, v.pings = 0, 0, 0, 0, 0, 0
		v.flags = 0
		if i != h.side {
			h.names.scraps.drop(v.scrap)
			v.scrap = 0
		}
	}
}
