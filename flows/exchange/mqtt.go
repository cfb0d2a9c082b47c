package exchange

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
	}
	total := int64(size) + n
	text := h.phrase(mqttNames[kind])
	v := h.v
	switch kind {
	case mqttConnect:
		h.begin(Handshake, text)
		v.wait = 1
		h.ask()
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
