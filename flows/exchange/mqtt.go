package exchange

import "hash/fnv"

// MQTT 3.1.1 and 5 (OASIS): a type, a length, and for some types an answer that must come.

const (
	mqttConnect = 1 + iota
	mqttConnAck
	mqttPublish
	mqttPubAck
	mqttPubRec
	mqttPubRel
	mqttPubComp
	mqttSubscribe
	mqttSubAck
	mqttUnsubscribe
	mqttUnsubAck
	mqttPingReq
	mqttPingResp
	mqttDisconnect
	mqttAuth
)

var mqttNames = [...]string{"", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC",
	"PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK",
	"UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH"}

func isMQTT(b []byte, side int) verdict {
	if side != 0 || b[0] != mqttConnect<<4 {
		return no
	}
	_, size := mqttLength(b)
	if size < 0 {
		return no
	}
	if size == 0 {
		return maybe
	}
	return max(prefix(b[size:], "\x00\x04MQTT"), prefix(b[size:], "\x00\x06MQIsdp"))
}

// mqttLength reads the length behind the type; size is the bytes of both, 0 when they have not come, −1
// when they are wrong.
func mqttLength(b []byte) (n int64, size int) {
	for i := 1; i <= 4; i++ {
		if i >= len(b) {
			return 0, 0
		}
		n |= int64(b[i]&0x7f) << (7 * (i - 1))
		if b[i]&0x80 == 0 {
			return n, i + 1
		}
	}
	return 0, -1
}

func startsMQTT(b []byte) bool {
	n, size := mqttLength(b)
	kind := b[0] >> 4
	if size <= 0 || kind == 0 || kind != mqttPublish && b[0]&15 != mqttFlags(kind) {
		return false
	}
	return int64(size)+n == int64(len(b)) || kind == mqttPublish && n > 2
}

// mqttFlags returns the flags that a type must have.
func mqttFlags(kind byte) byte {
	switch kind {
	case mqttPubRel, mqttSubscribe, mqttUnsubscribe:
		return 2
	}
	return 0
}

func (h *hearing) readMQTT(b []byte, last bool) int {
	n, size := mqttLength(b)
	kind := b[0] >> 4
	switch {
	case size < 0 || kind == 0 || kind != mqttPublish && b[0]&15 != mqttFlags(kind):
		return h.strange(b)
	case size == 0 || kind == mqttConnAck && n >= 2 && len(b) < size+2:
		return h.short(b, last)
	case !last && len(b) < size+int(min(n, mqttPeek(kind))):
		return 0
	}
	total := int64(size) + n
	text := h.phrase(mqttNames[kind])
	v := h.v
	switch kind {
	case mqttConnect:
		h.begin(Handshake, text)
		v.wait = 1
		h.ask()
		body := b[size:min(len(b), size+int(n))]
		h.status, v.aux = mqttKeepAlive(body), h.frame
		h.noteSession(body)
	case mqttConnAck:
		if n >= 2 && b[size+1] != 0 {
			h.answer(Refusal, h.mqttRefusal(b[size+1]))
			h.verdict(h.v.text)
		} else {
			h.answer(Handshake, text)
		}
		size = int(min(int64(size)+2, total))
	case mqttPublish:
		if b[0]>>1&3 != 0 { // QoS 1 or 2
			h.request(text)
		} else if h.side == 0 {
			h.begin(OneWay, text)
			v.flags |= asked
		} else {
			h.begin(Response, text)
		}
	case mqttSubscribe, mqttUnsubscribe:
		h.request(text)
	case mqttPubRec, mqttPubRel:
		h.begin(Housekeeping, text) // in the middle of a delivery
	case mqttPubAck, mqttPubComp, mqttSubAck, mqttUnsubAck:
		h.answer(Response, text)
	case mqttPingReq:
		h.ping(text)
	case mqttPingResp:
		h.pong(text)
	case mqttDisconnect:
		h.begin(Goodbye, text)
		if n > 0 && len(b) > size && b[size] >= 0x80 { // MQTT 5
			v.text = h.mqttReason(b[size])
			h.verdict(v.text)
		}
	default:
		h.begin(Handshake, text)
	}
	return h.frameOf(size, total)
}

// mqttRefusals are the return codes of CONNACK in MQTT 3 (MQTT 3.1.1 §3.2.2.3); those of MQTT 5 are from 128 on.
var mqttRefusals = [...]string{"", "unacceptable protocol version", "identifier rejected",
	"server unavailable", "bad user name or password", "not authorized"}

// mqttRefusal names a CONNACK that refuses.
func (h *hearing) mqttRefusal(code byte) id {
	if int(code) < len(mqttRefusals) {
		return h.phrase("CONNACK: " + mqttRefusals[code])
	}
	return h.names.line([]byte("CONNACK: reason code"), maxText, appendInt(nil, int(code)), maxText)
}

// noteSession notes the client identifier of a CONNECT: a broker has one session of each (MQTT 3.1.1 §3.1.4).
func (h *hearing) noteSession(body []byte) {
	if len(body) < 2 || h.side != 0 || len(h.names.ftp) >= maxFTPNotes {
		return
	}
	at := 2 + be16(body) + 4 // name, level, flags, keep alive
	if at >= len(body) {
		return
	}
	if body[at-4] >= 5 { // properties
		n, size := mqttLength(body[at-1:])
		if size <= 0 {
			return
		}
		at += size - 1 + int(n)
	}
	if at+2 > len(body) {
		return
	}
	id := body[at+2:]
	if n := be16(body[at:]); n == 0 || n > len(id) {
		return
	} else {
		id = id[:n]
	}
	hash := fnv.New64a()
	hash.Write(id)
	h.names.ftp = append(h.names.ftp, FTPNote{Kind: Session, Side: h.side, Frame: int(h.frame), Time: h.time,
		Size: int64(hash.Sum64())})
}

// mqttPeek returns how many bytes of a message behind its length are read: of CONNECT up to its client identifier, of
// DISCONNECT the reason.
func mqttPeek(kind byte) int64 {
	switch kind {
	case mqttConnect:
		return 128
	case mqttDisconnect:
		return 1
	}
	return 0
}

// mqttKeepAlive returns the keep alive in seconds that a CONNECT announces (MQTT 3.1.1 §3.1.2.10), 0 for none: it
// follows the protocol's name, level and flags.
func mqttKeepAlive(body []byte) uint16 {
	if len(body) < 2 {
		return 0
	}
	at := 2 + be16(body) + 2
	if at+2 > len(body) {
		return 0
	}
	return uint16(be16(body[at:]))
}

// mqttReasons are reasons for which a server of MQTT 5 ends a session (MQTT 5 §3.14.2.1).
var mqttReasons = map[byte]string{0x81: "malformed packet", 0x82: "protocol error", 0x87: "not authorized", 0x89: "server busy",
	0x8b: "server shutting down", 0x8d: "keep alive timeout", 0x8e: "session taken over", 0x93: "receive maximum exceeded",
	0x95: "packet too large", 0x96: "message rate too high", 0x97: "quota exceeded", 0x98: "administrative action",
	0x9c: "use another server", 0x9d: "server moved"}

// mqttReason names a DISCONNECT that says what went wrong.
func (h *hearing) mqttReason(code byte) id {
	if reason := mqttReasons[code]; reason != "" {
		return h.phrase("DISCONNECT: " + reason)
	}
	return h.names.line([]byte("DISCONNECT: reason code"), maxText, appendInt(nil, int(code)), maxText)
}
