package claims

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// bytesFrom returns the data of an endpoint from a segment on, as far as it was captured without a gap before a
// frame.
func (q *question) bytesFrom(p *Packet, until int) (data []byte, whole bool) {
	at := p.SEQ
	if p.Has(SYN) {
		at++
	}
	left := q.by(p.Src).between(0, until).data()
	for {
		moved := false
		for _, s := range left {
			start := s.SEQ
			if s.Has(SYN) {
				start++
			}
			d := above(at, start)
			if d < 0 || int(d) >= s.Len {
				continue
			}
			if int(d) < len(s.Payload) {
				data = append(data, s.Payload[d:]...)
			}
			if s.Cut() {
				return data, false
			}
			at, moved = s.DataEnd(), true
		}
		if !moved {
			return data, above(at, p.DataEnd()) >= 0
		}
	}
}

// quotes compares the text that a claim takes from a message with the bytes of the message. Text that the report made
// of other bytes (a name for a binary message) is not in them: the claim is then checked in part.
func (q *question) quotes(p *Packet) {
	text := strings.TrimRight(q.e.Values.Text, "…")
	if text == "" {
		return
	}
	data, whole := q.bytesFrom(p, 0)
	if bytes.Contains(data, []byte(text)) {
		return
	}
	first, _, _ := strings.Cut(text, " ")
	methods := []string{"GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "CONNECT",
		"TRACE", "HTTP/1.0", "HTTP/1.1"}
	if slices.Contains(methods, first) && whole && isText(data) && !bytes.HasPrefix(data, []byte("PRI * HTTP/2.0")) {
		q.fail("the message at frame %d begins with %q", p.Frame, data[:min(len(data), 40)])
	}
	if d := q.c.dissect(); d != nil && d.says(p.Frame, text) {
		return
	}
	q.part()
}

func isText(b []byte) bool {
	b = b[:min(len(b), 8)]
	for _, c := range b {
		if c < 9 || c > 126 || c > 13 && c < 32 {
			return false
		}
	}
	return len(b) > 0
}

// carries fails unless p is of the claim's side and has data.
func (q *question) carries(p *Packet) bool {
	if p == nil {
		return false
	}
	if p.Len == 0 {
		return q.fail("frame %d has no data", p.Frame)
	}
	return q.sent(p, q.side)
}

func checkRequest(q *question) {
	p := q.frame()
	if !q.carries(p) {
		return
	}
	if q.e.Values.Text == "" {
		q.part() // that data is a request
	}
	q.quotes(p)
	if d := q.c.dissect(); d != nil && d.response[p.Frame] {
		q.fail("tshark takes frame %d for a response", p.Frame)
	}
	if q.e.Values.Span != 0 && q.e.From > 0 {
		q.span(q.c.byFrame[q.e.From], p)
	}
}

func checkUnanswered(q *question) {
	p := q.frame()
	if !q.carries(p) {
		return
	}
	until := q.until()
	if plain, id := q.http2Request(p); plain {
		for _, f := range q.http2(q.peer, until) {
			if f.stream == id && f.frame > p.Frame && f.kind <= 1 {
				q.fail("frame %d answers on HTTP/2 stream %d", f.frame, id)
				return
			}
		}
	} else if a := q.by(q.peer).newData().between(p.Frame, until).first(); a != nil {
		q.fail("frame %d holds new data of the peer (%d bytes)", a.Frame, a.Len)
		return
	}
	if before := q.by(q.side).before(p.Frame).data(); p.Len == 1 && probe(p, q.by(q.side).before(p.Frame)) &&
		len(before) >= 0 {
		q.fail("frame %d is a keep-alive probe", p.Frame)
	}
	q.quotes(p)
	if q.e.Values.Text == "" {
		q.part()
	}
	if v := q.e.Values.Span; v != 0 {
		end := q.c.byFrame[until]
		ok := false
		for _, s := range q.by(q.side).between(p.Frame-1, until).data() {
			ok = ok || near(v, end.Time-s.Time)
		}
		if !ok {
			q.fail("no data of the side from frame %d on was sent %d ns before frame %d", p.Frame, v, until)
		}
	}
	if d := q.c.dissect(); d != nil {
		if in := d.answered[p.Frame]; in > 0 && in < until {
			q.fail("tshark finds its response in frame %d", in)
		}
	}
	q.visible(q.peer, p.Frame, until, 2)
}

// checkNoResponse reads HTTP/2 in the clear by its streams, and asks tshark about other protocols.
func checkNoResponse(q *question) {
	p := q.frame()
	if !q.carries(p) {
		return
	}
	until := q.until()
	if plain, id := q.http2Request(p); plain {
		for _, f := range q.http2(q.peer, until) {
			if f.stream == id && f.frame > p.Frame && f.kind <= 1 {
				q.fail("frame %d answers on HTTP/2 stream %d", f.frame, id)
				return
			}
		}
	} else {
		q.part()
	}
	if d := q.c.dissect(); d != nil {
		if in := d.answered[p.Frame]; in > 0 && in < until {
			q.fail("tshark finds its response in frame %d", in)
		}
	}
	q.sentSince(p, until)
	q.quotes(p)
	q.visible(q.peer, p.Frame, until, 2)
}

func checkSentAfter(q *question) {
	p := q.frame()
	if !q.carries(p) {
		return
	}
	q.part() // that the data cannot be read
	q.sentSince(p, q.until())
	q.quotes(p)
}

// sentSince compares the bytes of a claim with the new data that the peer sent between a segment and a frame.
func (q *question) sentSince(p *Packet, until int) {
	have := spans{}
	got := q.by(q.peer).newData().between(p.Frame, until)
	if len(got) == 0 {
		q.fail("the peer sent no new data after frame %d", p.Frame)
		return
	}
	for _, s := range got {
		have.add(got[0].SEQ, s.SEQ, s.DataEnd())
	}
	if n := have.below(far); q.e.Values.Bytes != 0 && n != q.e.Values.Bytes {
		q.fail("the peer sent %d bytes after frame %d", n, p.Frame)
	}
}

func checkResponse(q *question) {
	p := q.frame()
	if !q.carries(p) {
		return
	}
	q.part() // that it is a response
	q.quotes(p)
}

// An http2Frame is the header of a HTTP/2 frame that was sent in the clear.
type http2Frame struct {
	kind   byte
	stream uint32
	frame  int // of the capture, in which it begins
}

// http2 returns the HTTP/2 frames of an endpoint before a frame of the capture, as far as they can be read from its
// first data on.
func (q *question) http2(who netip.AddrPort, until int) (all []http2Frame) {
	own := q.by(who).before(until).data()
	if len(own) == 0 {
		return nil
	}
	data, _ := q.bytesFrom(own[0], until)
	at := 0
	if preface := []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"); bytes.HasPrefix(data, preface) {
		at = len(preface)
	}
	for at+9 <= len(data) {
		b := data[at:]
		f := http2Frame{kind: b[3], stream: binary.BigEndian.Uint32(b[5:]) & (1<<31 - 1)}
		for _, s := range own {
			if covers(s, own[0].SEQ+uint32(at)) {
				f.frame = s.Frame
				break
			}
		}
		all = append(all, f)
		at += 9 + (int(b[0])<<16 | int(b[1])<<8 | int(b[2]))
	}
	return all
}

// http2Request returns the stream of the HTTP/2 request that begins in a segment, where HTTP/2 is spoken in the clear.
func (q *question) http2Request(p *Packet) (plain bool, stream uint32) {
	first := q.by(p.Src).data().first()
	if first == nil || !bytes.HasPrefix(first.Payload, []byte("PRI * HTTP/2.0")) {
		return false, 0
	}
	for _, f := range q.http2(p.Src, 0) {
		if f.frame == p.Frame && f.kind == 1 {
			return true, f.stream
		}
	}
	return false, 0
}

// spoken returns the data of the connection without what HTTP/2 sends on its own, where it is spoken in the clear:
// segments in which frames begin, and none of them is HEADERS or DATA.
func (q *question) spoken() list {
	all := q.idleData()
	first := q.by(q.originator).data().first()
	if first == nil || !bytes.HasPrefix(first.Payload, []byte("PRI * HTTP/2.0")) {
		return all
	}
	begin, says := map[int]bool{}, map[int]bool{}
	for _, f := range append(q.http2(q.originator, 0), q.http2(q.responder, 0)...) {
		begin[f.frame] = true
		says[f.frame] = says[f.frame] || f.kind <= 1
	}
	return all.keep(func(p *Packet) bool { return !begin[p.Frame] || says[p.Frame] })
}

// lastMessage returns the last data of either side before a frame, without what HTTP/2 sends on its own; lastData, with
// it.
func (q *question) lastMessage(until int) *Packet { return q.lastOf(q.spoken(), until) }
func (q *question) lastData(until int) *Packet    { return q.lastOf(q.idleData(), until) }

func (q *question) lastOf(data list, until int) *Packet {
	var l list
	for _, p := range data {
		if p.Frame < until && contains(q.by(p.Src).newData(), p) {
			l = append(l, p)
		}
	}
	return l.last()
}

// begins reports whether the message that the last data ends may begin at p: from there on only its side sent data.
func (q *question) begins(p, last *Packet) bool {
	if last == nil || last.Frame < p.Frame || last.Src != p.Src {
		return false
	}
	return len(q.by(other(q, p.Src)).newData().between(p.Frame, last.Frame)) == 0
}

func checkHandshakeOpen(q *question) {
	p := q.frame()
	if !q.carries(p) {
		return
	}
	q.part()
	until := q.until()
	if last := q.lastData(until); !q.begins(p, last) {
		q.fail("the last data before frame %d is frame %d", until, cmp.Or(last, &Packet{}).Frame)
	}
	q.whole(q.by(q.side).between(p.Frame-1, until).data())
	q.visible(q.side, p.Frame, until, 2)
	if len(q.wrong) == 0 {
		q.visible(q.peer, p.Frame, until, 2)
	}
}

// checkDelivered counts the body of a HTTP/1 message with a Content-Length; other lengths are checked by sizes alone.
func checkDelivered(q *question) {
	p := q.frame()
	if !q.carries(p) {
		return
	}
	v := &q.e.Values
	until := q.until()
	total := int64(0)
	have := spans{}
	end := q.c.byFrame[until]
	for _, s := range q.by(q.side).data() {
		if s.Frame < until || end.Src == q.side && above(end.SEQ, s.DataEnd()) >= 0 { // sent before, captured later
			have.add(p.SEQ, s.SEQ, s.DataEnd())
		}
	}
	total = have.below(far)
	if v.Bytes >= v.Of {
		q.fail("%d of %d bytes are all", v.Bytes, v.Of)
	}
	if reach := q.reach(p, until); v.Bytes > total && !(q.e.Limited && v.Bytes <= reach) {
		q.fail("only %d bytes were captured from there on", total)
	}
	data, _ := q.bytesFrom(p, 0)
	head, _, found := bytes.Cut(data, []byte("\r\n\r\n"))
	if length, ok := contentLength(head); found && ok && isText(data) {
		if length != v.Of {
			q.fail("Content-Length is %d, not %d", length, v.Of)
		}
		if body := total - int64(len(head)) - 4; body != v.Bytes && !(q.e.Limited && v.Bytes > body) {
			q.fail("%d bytes of the body were captured, not %d", body, v.Bytes)
		}
	} else {
		q.part()
	}
	q.arrived(p.Frame, until)
}

// reach returns how far the side's numbers had come before a frame, as far as captured, counted from p on: the capture
// may lack bytes in between.
func (q *question) reach(p *Packet, until int) int64 {
	end, _ := q.by(q.side).before(max(until, p.Frame+1)).highest()
	if ack, ok := q.by(q.peer).before(until).highestACK(); ok && above(ack, end) > 0 {
		end = ack
	}
	return int64(above(end, p.SEQ))
}

func contentLength(head []byte) (int64, bool) {
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		name, value, _ := strings.Cut(string(line), ":")
		if strings.EqualFold(name, "content-length") {
			n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}

func checkNotEnded(q *question) {
	p := q.frame()
	if !q.carries(p) {
		return
	}
	until := q.until()
	q.part()
	data, _ := q.bytesFrom(p, until)
	head, _, ended := bytes.Cut(data, []byte("\r\n\r\n"))
	if ended && q.e.Values.What == "header" {
		q.fail("the header ends after %d bytes", len(head))
	}
	if q.e.Values.What == "event-stream" && !bytes.Contains(bytes.ToLower(head), []byte("text/event-stream")) {
		q.fail("the header of the response names no event stream")
	}
	if bytes.Contains(bytes.ToLower(head), []byte("chunked")) && bytes.HasSuffix(data, []byte("0\r\n\r\n")) {
		q.fail("its last chunk is in the capture")
	}
	have := spans{}
	for _, s := range q.by(q.side).between(0, until).data() {
		have.add(p.SEQ, s.SEQ, s.DataEnd())
	}
	if n := have.below(far); q.e.Values.Bytes > n && !(q.e.Limited && q.e.Values.Bytes <= q.reach(p, until)) {
		q.fail("only %d bytes were captured from there on", n)
	}
	q.whole(q.by(q.side).between(p.Frame-1, until).data())
	q.arrived(p.Frame, until)
}

func checkUnackedData(q *question) {
	l := q.frames()
	if len(l) == 0 || !q.carries(l[0]) {
		q.fail("it names no data")
		return
	}
	moment := q.rst
	if len(l) > 1 {
		moment = l[1]
	}
	n := q.e.Values.Bytes
	var found []int64
	for _, until := range []int{moment.Frame, moment.Frame + 1} {
		acks := q.by(q.peer).before(until)
		ack, ok := acks.highestACK()
		if moment.Src == q.peer && moment.Has(RST|ACK) && until > moment.Frame && (!ok || above(moment.ACK, ack) > 0) {
			ack, ok = moment.ACK, true
		}
		if !ok {
			have := spans{}
			first := q.by(q.side).data().first()
			for _, s := range q.by(q.side).before(moment.Frame).data() {
				have.add(first.SEQ, s.SEQ, s.DataEnd())
			}
			found = append(found, have.below(far))
			continue
		}
		found = append(found, int64(above(l[0].DataEnd(), ack)))
	}
	if n <= 0 || !slices.Contains(found, n) {
		q.fail("not acknowledged were %v bytes, not %d", slices.Compact(found), n)
	}
	if s := q.by(q.side).before(moment.Frame).newData().between(l[0].Frame, 0).first(); s != nil {
		q.fail("frame %d holds later data of the side", s.Frame)
	}
}

func checkSendsOn(q *question) {
	p := q.frame()
	if q.carries(p) && q.after(p) && !contains(q.by(q.side).newData(), p) {
		q.fail("frame %d holds no new data", p.Frame)
	}
}

// closing returns the segment by which a side ends the connection: its first FIN, else the RST.
func (q *question) closing() *Packet {
	if f := q.by(q.side).before(q.rst.Frame +
		1).keep(func(p *Packet) bool { return p.Has(FIN) || p.Has(RST) }).first(); f != nil {
		return f
	}
	return q.rst
}

func checkNoCloseNotify(q *question) {
	closing := q.closing()
	if p := q.frames(); len(p) > 0 && p.last().Src == q.side && (p.last().Has(FIN) || p.last().Has(RST)) {
		closing = p.last()
	}
	until := closing.Frame
	if closing.Len > 0 {
		until++
	}
	own := q.by(q.side).before(until).data()
	if len(own) == 0 {
		q.fail("the side sent no data before frame %d", closing.Frame)
		return
	}
	q.span(q.by(q.side).before(until).newData().last(), closing)
	q.visible(q.side, 0, closing.Frame, 2)
	records := q.records(own[0], until)
	if len(records) == 0 {
		q.part()
		q.whole(own)
		return
	}
	switch r := records[len(records)-1]; {
	case r.kind == 21:
		q.fail("its last record, in frame %d, is an alert", r.frame)
	case hidden(r) && !q.e.Limited:
		q.fail("its last record, of %d bytes, can be an encrypted alert", r.length)
	}
}

func checkNothingAsked(q *question) {
	until := q.until()
	if p := q.frames().first(); p != nil {
		closes := p.Frame == until && p.Has(FIN) // it carries the close
		if last := q.lastData(until); q.carries(p) && !closes && !q.begins(p, last) && !q.begins(p, q.lastMessage(until)) {
			q.fail("the last data before frame %d is frame %d", until, cmp.Or(last, &Packet{}).Frame)
		}
		q.quotes(p)
	}
	if d := q.by(q.originator).before(until).data(); len(d) > 0 {
		q.part() // whether it is a request
		q.whole(d)
	}
	q.visible(q.originator, 0, until, 2)
}

func checkNothingSent(q *question) {
	for _, who := range []bool{true, false} {
		end := q.originator
		if !who {
			end = q.responder
		}
		if p := q.by(end).before(q.until()).data().first(); p != nil {
			q.fail("frame %d holds data", p.Frame)
			return
		}
		if len(q.wrong) == 0 {
			q.visible(end, 0, q.until(), 2)
		}
	}
	if first := q.conn[0]; !q.e.Limited && !first.Has(SYN) && !first.Has(RST) {
		q.fail("the capture could not have shown it, and the claim is not limited: it has no handshake")
	}
}

func checkLastMessage(q *question) {
	p := q.frame()
	if !q.carries(p) {
		return
	}
	if q.e.Values.What == "response" || q.e.Values.Text != "" {
		q.quotes(p)
		q.part()
	}
	// The second frame, if any, is where the message ends.
	ends := func(last *Packet) bool {
		l := q.frames()
		return q.begins(p, last) && (len(l) < 2 || l[1] == last)
	}
	if ends(q.lastMessage(q.until())) {
		return
	}
	for _, s := range q.conn {
		if !s.Has(FIN) && !s.Has(RST) || s.Frame > q.rst.Frame {
			continue
		}
		if ends(q.lastMessage(s.Frame)) || ends(q.lastMessage(s.Frame+1)) {
			return
		}
		// Data that the close did not acknowledge crossed it.
		ack, ok := q.by(s.Src).before(s.Frame + 1).highestACK()
		if s.Has(RST|ACK) && s.SEQ != 0 {
			ack, ok = s.ACK, true
		}
		var heard list
		for _, d := range q.spoken() {
			own := d.Src == s.Src && (d.Frame <= s.Frame || above(s.SEQ, d.DataEnd()) >= 0) // sent before, captured later
			if own || d.Src != s.Src && d.Frame <= s.Frame && ok && above(d.DataEnd(), ack) <= 0 {
				heard = append(heard, d)
			}
		}
		if last := heard.last(); last != nil && last.Src == p.Src && last.Frame >= p.Frame && (len(q.e.Frames) < 2 || last == q.frames()[1]) &&
			len(heard.between(p.Frame, last.Frame).keep(func(d *Packet) bool { return d.Src != p.Src })) == 0 {
			return
		}
	}
	q.fail("the last data before the close is frame %d", cmp.Or(q.lastMessage(q.rst.Frame), &Packet{}).Frame)
}

func checkGoodbye(q *question) {
	p := q.frame()
	if !q.carries(p) {
		return
	}
	if q.e.Values.What != "close-notify" {
		q.part()
		q.quotes(p)
		return
	}
	var in []record
	for _, r := range q.records(p, p.Frame+1) {
		if r.frame == p.Frame || r.start == 0 {
			in = append(in, r)
		}
	}
	if len(in) == 0 {
		q.part()
		return
	}
	for _, r := range in {
		if r.kind == 21 && (r.length != 2 || len(r.body) == 2 && r.body[1] == 0) {
			return
		}
		if hidden(r) {
			q.part() // TLS 1.3 does not show what it is
			return
		}
	}
	q.fail("frame %d holds no alert that can be it", p.Frame)
}

// A record is a TLS record.
type record struct {
	kind   byte
	length int
	body   []byte // as far as captured
	frame  int    // in which it begins
	start  int    // offset from where the reading began
}

// hidden reports whether a record may hold an alert that TLS 1.3 encrypts: two bytes, the type, and the tag.
func hidden(r record) bool { return r.kind == 23 && (r.length == 19 || r.length == 11) }

// records returns the TLS records of a side from the segment p on, before a frame; none where p does not begin with
// one.
func (q *question) records(p *Packet, until int) (all []record) {
	data, _ := q.bytesFrom(p, until)
	own := q.by(p.Src).before(until).data()
	for at := 0; at+5 <= len(data); {
		b := data[at:]
		if b[0] < 20 || b[0] > 24 || b[1] != 3 || b[2] > 4 {
			return all
		}
		r := record{kind: b[0], length: int(binary.BigEndian.Uint16(b[3:])), start: at}
		r.body = b[5:min(len(b), 5+r.length)]
		for _, s := range own {
			if covers(s, p.SEQ+uint32(at)) {
				r.frame = s.Frame
				break
			}
		}
		all = append(all, r)
		at += 5 + r.length
	}
	return all
}

// alertNames are the descriptions of RFC 8446 §6, and those of RFC 5246 §7.2 that it left out.
var alertNames = map[byte]string{
	0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed", 22: "record_overflow",
	30: "decompression_failure", 40: "handshake_failure", 41: "no_certificate", 42: "bad_certificate",
	43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
	47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error", 51: "decrypt_error",
	60: "export_restriction", 70: "protocol_version", 71: "insufficient_security", 80: "internal_error",
	86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation", 109: "missing_extension",
	110: "unsupported_extension", 111: "certificate_unobtainable", 112: "unrecognized_name",
	113: "bad_certificate_status_response", 114: "bad_certificate_hash_value", 115: "unknown_psk_identity",
	116: "certificate_required", 120: "no_application_protocol",
}

func checkAlert(q *question) {
	p := q.frame()
	if !q.carries(p) {
		return
	}
	records := q.records(p, p.Frame+1)
	if len(records) == 0 { // it begins in the middle of a record: read from the side's first data on
		if first := q.by(q.side).data().first(); first != nil {
			records = q.records(first, p.Frame+1)
		}
	}
	found := false
	for _, r := range records {
		if r.kind != 21 || r.length != 2 || r.frame != p.Frame {
			continue
		}
		found = true
		if len(r.body) == 2 && strings.Contains(q.e.Values.Text, alertNames[r.body[1]]) && alertNames[r.body[1]] != "" {
			return
		}
		if len(r.body) == 2 {
			q.fail("the alert is %d (%s)", r.body[1], alertNames[r.body[1]])
		}
	}
	if !found {
		if d := q.c.dissect(); d != nil && d.alert[p.Frame] {
			q.part()
			return
		}
		q.fail("frame %d holds no alert in the clear", p.Frame)
	}
}

func checkTLSVersion(q *question) {
	p := q.frame()
	if p == nil {
		return
	}
	records := q.records(p, 0)
	if len(records) == 0 || len(records[0].body) < 6 || records[0].kind != 22 {
		q.part()
		return
	}
	kind, version := hello(records[0].body)
	if want := map[string]byte{"client-hello": 1, "server-hello": 2}[q.e.Values.What]; kind != want {
		q.fail("the message at frame %d has type %d", p.Frame, kind)
		return
	}
	if version == 0 {
		q.part()
		return
	}
	name := map[uint16]string{0x0300: "SSL 3.0", 0x0301: "TLS 1.0", 0x0302: "TLS 1.1", 0x0303: "TLS 1.2",
		0x0304: "TLS 1.3"}[version]
	if strings.ReplaceAll(name, " ", "") != strings.ReplaceAll(q.e.Values.Text, " ", "") &&
		!strings.HasSuffix(name, q.e.Values.Text) {
		q.fail("the version is %s (0x%04x)", name, version)
	}
}

// checkServerName looks for the name, and for its length before it, in the Client Hello.
func checkServerName(q *question) {
	p := q.frame()
	if !q.carries(p) {
		return
	}
	name := q.e.Values.Text
	for _, r := range q.records(p, 0) {
		coded := append([]byte{0, byte(len(name) >> 8), byte(len(name))}, name...)
		if len(r.body) > 0 && r.kind == 22 && r.body[0] == 1 && bytes.Contains(r.body, coded) {
			return
		}
	}
	q.fail("no Client Hello at frame %d has this name", p.Frame)
}

// hello returns the type of a Hello, and the version that it chooses or the highest that it offers, 0 where it is cut.
func hello(b []byte) (kind byte, version uint16) {
	kind = b[0]
	version = binary.BigEndian.Uint16(b[4:])
	b = b[min(len(b), 6+32):]
	skip := func(lengthBytes int) {
		if len(b) < lengthBytes {
			b, version = nil, 0
			return
		}
		n := 0
		for _, c := range b[:lengthBytes] {
			n = n<<8 | int(c)
		}
		if len(b) < lengthBytes+n {
			b, version = nil, 0
			return
		}
		b = b[lengthBytes+n:]
	}
	skip(1) // session
	if kind == 1 {
		skip(2) // cipher suites
		skip(1) // compression
	} else if len(b) >= 3 {
		b = b[3:]
	}
	if len(b) < 2 {
		return kind, version
	}
	for b = b[2:]; len(b) >= 4; {
		typ, n := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if len(b) < 4+n {
			return kind, 0 // the capture lacks the rest
		}
		body := b[4 : 4+n]
		b = b[4+n:]
		if typ != 43 {
			continue
		}
		if kind == 2 && len(body) >= 2 {
			return kind, binary.BigEndian.Uint16(body)
		}
		for k := 1; k+2 <= len(body); k += 2 {
			if v := binary.BigEndian.Uint16(body[k:]); v>>8 == 3 && v > version {
				version = v
			}
		}
	}
	return kind, version
}

// checkUnread sums the data that a side got after its own last.
func checkUnread(q *question) {
	p := q.frame()
	if p == nil {
		return
	}
	p = list(q.frames()).last()
	if !q.sent(p, q.peer) {
		return
	}
	own := q.by(q.side).before(q.rst.Frame)
	var starts []int
	for _, l := range []list{own.data(), own.keep(isFIN),
		own.keep(func(p *Packet) bool { return p.Len > 0 || p.Has(FIN) })} {
		if s := l.last(); s != nil {
			starts = append(starts, s.Frame)
		}
	}
	if len(starts) == 0 {
		starts = []int{0}
	}
	base := p.SEQ
	for _, s := range q.by(q.peer).data() {
		if above(s.SEQ, base) < 0 {
			base = s.SEQ
		}
	}
	var found []int64
	for _, start := range starts {
		before, all := spans{}, spans{}
		data := q.by(q.peer).data().before(q.rst.Frame)
		for _, s := range data {
			if all.add(base, s.SEQ, s.DataEnd()); s.Frame < start {
				before.add(base, s.SEQ, s.DataEnd())
			}
		}
		if l := q.by(q.peer).newData().before(q.rst.Frame).last(); l != nil && start < l.Frame && l.Frame <= p.Frame {
			found = append(found, all.below(far)-before.below(far))
		}
	}
	if !slices.Contains(found, q.e.Values.Bytes) {
		q.fail("they are %s bytes, ending at frame %d", fmt.Sprint(found), p.Frame)
	}
	q.span(p, q.rst)
}
