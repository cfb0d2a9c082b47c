package exchange

import (
	"encoding/binary"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// spell writes a script as the bytes that FuzzSay reads: for each segment an order, a length of two
// bytes, and the payload.
func spell(tb testing.TB, s script) (out []byte) {
	for _, g := range s.segments(tb) {
		order := byte(g.side)
		switch {
		case g.lost > 0:
			order |= 2
			out = append(out, order, byte(g.lost>>8), byte(g.lost))
			continue
		case g.fin:
			out = append(out, order|4, 0, 0)
			continue
		case g.wait > 0:
			out = append(out, order|6, 0, 0)
			continue
		}
		out = append(out, order)
		out = binary.BigEndian.AppendUint16(out, uint16(len(g.data)))
		out = append(out, g.data...)
	}
	return out
}

// perform has a State hear what spell wrote; the bits of an order beyond those that spell uses cut the
// capture of a segment short.
func perform(in []byte, names *Names) *State {
	st, now := new(State), int64(1_700_000_000_000_000_000)
	for frame := 1; len(in) >= 3; frame++ {
		order, n := in[0], int(binary.BigEndian.Uint16(in[1:]))
		in = in[3:]
		side := int(order & 1)
		now += 1e6
		switch order & 6 {
		case 2:
			st.Lost(side, uint32(n))
		case 4:
			st.Fin(side, now)
		case 6:
			now += 1e10
		default:
			payload := in[:min(n, len(in))]
			in = in[len(payload):]
			if order&8 != 0 {
				payload = payload[:len(payload)/2]
			}
			st.Say(names, side, frame, now, payload, uint32(n))
		}
	}
	return st
}

func FuzzSay(f *testing.F) {
	for _, s := range seeds {
		f.Add(spell(f, s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		names := NewNames()
		st := perform(in, names)
		s := st.Summary(names)
		checkSummary(t, s)
		if again := st.Summary(names); again.Pending != s.Pending || again.Protocol != s.Protocol {
			t.Errorf("a second Summary differs:\n%+v\n%+v", s, again)
		}
		other := NewNames()
		if twin := perform(in, other); !reflect.DeepEqual(twin, st) {
			t.Errorf("the same bytes fed twice differ:\n%+v\n%+v", st, twin)
		}
		shot := st.Snapshot(names)
		if again := shot.Summary(names); !reflect.DeepEqual(again, s) {
			t.Errorf("a Snapshot differs:\n%+v\n%+v", s, again)
		}
		if len(names.scraps.slots)-len(names.scraps.free) > 2 {
			t.Errorf("%d begun messages of two sides", len(names.scraps.slots)-len(names.scraps.free))
		}
		if st.Release(names); len(names.scraps.slots) != len(names.scraps.free) {
			t.Errorf("%d begun messages are left", len(names.scraps.slots)-len(names.scraps.free))
		}
	})
}

// checkSummary holds what must be true of any Summary.
func checkSummary(t *testing.T, s Summary) {
	t.Helper()
	for _, text := range []string{s.Protocol, s.Upgraded, s.Last[0].Text, s.Last[1].Text, s.Request.Text, s.Method, s.Host, s.Path,
		s.UserAgent, s.Server, s.TLSVersion, s.SNI, s.ALPN, s.AlertText} {
		if i := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 || !utf8.ValidString(text) {
			t.Errorf("%q is not printable", text)
		}
		if len(text) > maxHost+len("METHOD ")+20 {
			t.Errorf("%q is too long", text)
		}
	}
	if s.Pending != s.Waiting[0]+s.Waiting[1] || s.Pending < 0 {
		t.Errorf("pending %d, waiting %v", s.Pending, s.Waiting)
	}
	if s.BodySide >= 0 && (s.BodyGot < 0 || s.BodyWant >= 0 && s.BodyGot > s.BodyWant) {
		t.Errorf("body of %d: %d of %d", s.BodySide, s.BodyGot, s.BodyWant)
	}
	for i, m := range s.Last {
		if m.Frame > m.End {
			t.Errorf("message of %d: frames %d to %d", i, m.Frame, m.End)
		}
		if s.Messages[i] == 0 && m.Kind != None {
			t.Errorf("%d said nothing, and that was a %v", i, m.Kind)
		}
	}
	if s.Speaker < 0 != (s.First < 0) || s.Speaker > 1 || s.First > 1 {
		t.Errorf("speaker %d, first %d", s.Speaker, s.First)
	}
}

var seeds = []script{
	`> "GET /a?b HTTP/1.1\r\nHost: example.com\r\nUser-Agent: x\x1b[31m\r\nConnection: close\r\n\r\n"
	 < "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
	 < fin`,
	`> "CONNECT h:1 HTTP/1.1\r\n\r\n"
	 < "HTTP/1.1 200 OK\r\n\r\n"
	 > $ch13
	 < $hrr`,
	`> "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"
	 < "HTTP/1.1 101 x\r\n\r\n"
	 > 8980 00000000`,
	tls12Hello + `
	 > 170303+500
	 < 170303+16408
	 < lost 1000`,
	tls13Hello + `
	 > 170303+81
	 < 170303+250 170303+57
	 > 170303+19`,
	`> "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" 000000 04 00 00000000 000010 01 05 00000001 82 86 84 41 8c f1e3c2e5f23a6ba0ab90f4ff`,
	`< "220 a ESMTP\r\n"
	 > "DATA\r\n"
	 < "354 go\r\n"
	 > "x\r\n.\r\nSTARTTLS\r\n"
	 < "250 ok\r\n220 ok\r\n"`,
	`< "+OK\r\n"
	 > "RETR 1\r\n"
	 < "+OK\r\nx\r\n.\r\n"`,
	`< "* OK\r\n"
	 > "a LOGIN {3+}\r\nabc\r\n"`,
	`> "NICK a\r\n"`,
	`> "*2\r\n$3\r\nGET\r\n$1\r\na\r\n"
	 < "*2\r\n%1\r\n+a\r\n:1\r\n$-1\r\n"`,
	`< "INFO {}\r\n"
	 > "PUB a 5\r\nhello\r\n"`,
	`< [my0 0a "8" 00]
	 > [my1 85a20f00]
	 < [my2 00 00 00 0200 0000]
	 > [my0 03 "SELECT"]
	 < [my1 01] [my2 fe 0000 0a00]`,
	`> [be32+4 04d2162f]
	 < "N"
	 > [be32+4 00030000 "user" 00 "a" 00 00]
	 < "E" [be32+4 "SFATAL" 00 "C1" 00 "Mx" 00 00]`,
	`> 1201 [be16+4 0000 0000 00 001a0006 01 00200001 ff 080001550000 00]`,
	`> [le32+4 01000000 00000000 dd070000 00000000 00 [le32+4 02 "find" 00 02000000 "a" 00 00]]`,
	`> [be32 0012 0003 00000001 0003 "app" 00]
	 < [be32 00000001 0000]`,
	`> [be32 fe "SMB" 4000 0000 00000000 0800 0100 00000000 00000000 0500000000000000 "rest"]`,
	`> 30 0c 020101 6007 020103 0400 8000
	 > [be32 050406ff0000001c000000003a8d97b0 "sealed"]`,
	`> 10 [be8 0004 "MQTT" 04 02 003c 0003 "dev"]
	 < 20020000`,
	`> "AMQP" 00000901
	 < 01 0000 [be32 000a 000a 0009] ce`,
	`> "AMQP" 00010000
	 > [be32+4 02 00 0000 00 53 10 c0]`,
	`< "SSH-2.0-a\r\n"
	 > "SSH-2.0-b\r\n" [be32 04 14 "key exchange init" 00000000]`,
	`> 0300 [be16+4 11 e0 0000 0001 00 c1020100 c2020102 c0010a]
	 > 0300 [be16+4 02 f0 80 32 01 0000 0000 0008]`,
	`> "HELF" [le32+8 00000000]
	 > "MSGF" [le32+8 01000000 01000000 02000000 02000000 0100cd01]`,
	`> 0001 0000 [be16 01 03 0000 000a]`,
	`> 0000 [le32 c0a800010101 5203 c0a800020101 8000 0400 0400 00000000 00000000 01000000]`,
	`> ffffffffffffffffffffffffffffffff [be16+18 04]`,
	`> 0001 [be16 0a000001 0000 0200 [be16 00000001 0500]]`,
	`> 040003`,
	`> 04 00 [be16+4 00000001 0001 0008 00000010]`,
	`> [be16 1234 0100 0001 0000 0000 0000 07 "example" 00 0001 0001]`,
	`> [be16 0001 [be16-16 2112a442 000102030405060708090a0b]]`,
	`< fffd18 fffa18 01 fff0 "login: "`,
	`> [be16 38 0102030405060708 00 00000000]
	 < [be16 40 0807060504030201 01 00000000 0102030405060708 00000000]`,
	`> "PROXY TCP4 1 2 3 4\r\n"`,
	`> "\r\n\r\n\x00\r\nQUIT\n" 21 11 [be16 c0000201 c0000202 1234 0019]`,
	`> 05 01 00
	 < 05 00
	 > 05 01 00 03 [be8 "a"] 01bb
	 < 05 00 00 01 00000000 0000`,
	`> 04 01 01bb 00000001 "user" 00 "example.com" 00`,
	`> "OPTIONS rtsp://a RTSP/1.0\r\n\r\n"
	 < "$" 00 [be16 "media"]`,
	`> "REGISTER sip:a SIP/2.0\r\nl: 0\r\n\r\n"`,
	`> 99 "what"
	 wait 10s
	 > 99 "what"`,
}
