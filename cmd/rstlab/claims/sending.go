package claims

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// checkVerdict decides whether a message refuses something: by the first digit of a reply, the word that a text
// protocol has for it, or the status field of a header. Others are checked for their text alone.
func checkVerdict(q *question) {
	p := q.frame()
	if !q.carries(p) {
		return
	}
	b := p.Payload
	text := q.e.Values.Text
	switch {
	case len(b) > 3 && '0' <= b[0] && b[0] <= '9' && '0' <= b[1] && b[1] <= '9' && '0' <= b[2] && b[2] <= '9':
		if b[0] != '4' && b[0] != '5' || !strings.HasPrefix(text, string(b[:3])) {
			q.fail("frame %d begins with reply %s", p.Frame, b[:3])
		}
	case bytes.HasPrefix(b, []byte("HTTP/1.")) && len(b) > 9:
		if b[9] != '4' && b[9] != '5' {
			q.fail("frame %d has status %c..", p.Frame, b[9])
		}
	case len(b) >= 16 && b[0] == 0 && b[4] == 0xfe && string(b[5:8]) == "SMB":
		if status := binary.LittleEndian.Uint32(b[12:]); status>>30 != 3 && !strings.Contains(text, "STATUS") {
			q.fail("frame %d has status 0x%08x", p.Frame, status)
		}
		q.part()
	case bytes.HasPrefix(b, []byte("+OK")):
		q.fail("frame %d begins with +OK", p.Frame)
	default:
		q.part()
	}
}

// checkTransaction looks for ReadyForQuery, a Z, a length of 5 and the status, in the segments of the server.
func checkTransaction(q *question) {
	p := q.frame()
	if !q.carries(p) {
		return
	}
	status := func(data []byte) string {
		at := bytes.LastIndex(data, []byte{'Z', 0, 0, 0, 5})
		if at < 0 || at+5 >= len(data) {
			return ""
		}
		return string(data[at+5])
	}
	data, _ := q.bytesFrom(p, q.until())
	if s := status(data); "status "+s != q.e.Values.Text || s != "T" && s != "E" {
		q.fail("the last ReadyForQuery from frame %d on has status %q", p.Frame, s)
	}
}

// checkKeepAlive reads the CONNECT of MQTT at the frame: type and length, the protocol's name, level, flags.
func checkKeepAlive(q *question) {
	p := q.frame()
	if !q.carries(p) {
		return
	}
	data, _ := q.bytesFrom(p, 0)
	at := bytes.Index(data, []byte("\x00\x04MQTT"))
	if at < 0 || at+10 > len(data) || data[0] != 0x10 {
		q.part()
		return
	}
	if n := int64(binary.BigEndian.Uint16(data[at+8:])) * 1e9; n != q.e.Values.Every {
		q.fail("the keep alive is %d ns", n)
	}
}

// checkSameClient compares the client identifiers of two CONNECTs of MQTT.
func checkSameClient(q *question) {
	p := q.frame()
	closes := q.by(q.responder).before(q.rst.Frame).keep(func(p *Packet) bool { return p.Has(FIN) }).first()
	if p == nil {
		return
	}
	if closes == nil {
		q.fail("the server sends no FIN")
		return
	}
	id := func(b []byte) string {
		at := bytes.Index(b, []byte("\x00\x04MQTT"))
		if at < 0 || at+13 > len(b) {
			return ""
		}
		v5 := b[at+6] >= 5
		if at += 10; v5 && b[at] < 0x80 { // properties
			at += 1 + int(b[at])
		}
		if at+2 > len(b) || at+2+int(binary.BigEndian.Uint16(b[at:])) > len(b) {
			return ""
		}
		return string(b[at+2 : at+2+int(binary.BigEndian.Uint16(b[at:]))])
	}
	own := q.by(q.originator).before(p.Frame).data().first()
	switch {
	case p.Dst != q.responder:
		q.fail("frame %d goes to %v", p.Frame, p.Dst)
	case own == nil:
		q.fail("the connection has no CONNECT before frame %d", p.Frame)
	case id(p.Payload) == "" || id(own.Payload) == "":
		q.part()
	case id(p.Payload) != id(own.Payload):
		q.fail("the identifiers are %q and %q", id(own.Payload), id(p.Payload))
	}
	q.span(p, closes)
}

// checkLastSent looks for data of the side between two frames.
func checkLastSent(q *question) {
	l := q.frames()
	if len(l) != 2 {
		q.fail("it does not name two frames")
		return
	}
	if !q.carries(l[0]) {
		return
	}
	if p := q.by(q.side).between(l[0].Frame, l[1].Frame).data().first(); p != nil {
		q.fail("frame %d holds data", p.Frame)
	}
	q.span(l[0], l[1])
	q.visible(q.side, l[0].Frame, l[1].Frame, 2)
}

// checkSending compares two acknowledgments of the peer, and looks for no new data of it.
func checkSending(q *question) {
	l := q.frames()
	if len(l) != 2 || !q.sent(l[0], q.peer) || !q.sent(l[1], q.peer) {
		q.fail("it names no two frames of the peer")
		return
	}
	q.span(l[0], l[1])
	if n := int64(above(l[1].ACK, l[0].ACK)); n <= 0 || n != q.e.Values.Bytes {
		q.fail("the ACK rises by %d, not %d", n, q.e.Values.Bytes)
	}
	if s := q.by(q.peer).newData().between(l[0].Frame, q.until()).first(); s != nil {
		q.fail("the peer sent data at frame %d", s.Frame)
	}
}

// checkWindowFell compares ACK plus window, scaled by the option of the side's SYN where both sides have it.
func checkWindowFell(q *question) {
	l := q.frames()
	if len(l) != 2 || !q.sent(l[0], q.side) || !q.sent(l[1], q.side) {
		q.fail("it names no two frames of the side")
		return
	}
	q.span(l[0], l[1])
	if n := int64(above(l[1].ACK, l[0].ACK)); n <= 0 || n != q.e.Values.Bytes {
		q.fail("the ACK rises by %d, not %d", n, q.e.Values.Bytes)
	}
	syn := q.by(q.side).keep(func(p *Packet) bool { return p.Has(SYN) }).first()
	if syn == nil {
		q.fail("the scale of the window is not known")
		return
	}
	shift := 0
	if peers := q.by(q.peer).keep(func(p *Packet) bool { return p.Has(SYN) }).first(); syn.Scale > 0 &&
		(peers == nil || peers.Scale >= 0) {
		shift = syn.Scale
	}
	first, last := l[0].ACK+uint32(l[0].Window)<<shift, l[1].ACK+uint32(l[1].Window)<<shift
	if d := above(last, first); d > 1<<shift || d < -(1<<shift) {
		q.fail("ACK plus window changes by %d", d)
	}
}
