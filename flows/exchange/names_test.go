package exchange

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestPrintable(t *testing.T) {
	for _, c := range []struct {
		in   string
		max  int
		want string
	}{
		{"GET /a", 64, "GET /a"},
		{"", 64, ""},
		{"a\x1b[31mb", 64, `a\x1b[31mb`},
		{"a\r\nb\x00\x7f", 64, `a\x0d\x0ab\x00\x7f`},
		{"caf\u00e9", 64, "caf\u00e9"},
		{"\xff\xfe", 64, `\xff\xfe`},
		{"a\u202eb", 64, `a\u{202e}b`},               // right-to-left override
		{"a\u2066b\u200b", 64, `a\u{2066}b\u{200b}`}, // isolate, zero width space
		{"\u00a0", 64, `\u{a0}`},                     // a space that is none
		{"0123456789", 10, "0123456789"},
		{"0123456789a", 10, "0123456" + ellipsis},
		{"\x00\x01\x02\x03", 10, `\x00` + ellipsis},
		{"1234\x00abc", 10, `1234` + ellipsis},
		{"12345678\xff", 12, `12345678\xff`},
		{"1234567\x7f", 10, `1234567` + ellipsis},
		{"1234567\x80", 11, `1234567\x80`},
		{strings.Repeat("\u00e9", 6), 10, strings.Repeat("\u00e9", 3) + ellipsis},
	} {
		got := string(printable(nil, []byte(c.in), c.max))
		if got != c.want {
			t.Errorf("%q in %d bytes: %q, want %q", c.in, c.max, got, c.want)
		}
		if len(got) > c.max {
			t.Errorf("%q: %d bytes, more than %d", got, len(got), c.max)
		}
		if isPlain([]byte(c.in), c.max) != (got == c.in && !strings.Contains(c.in, "\u00e9")) {
			t.Errorf("%q: plain is %v", c.in, isPlain([]byte(c.in), c.max))
		}
	}
}

// TestNothingSecret holds that what reports should not carry is not kept.
func TestNothingSecret(t *testing.T) {
	for _, s := range []script{
		`> "GET /login?password=secret HTTP/1.1\r\nHost: example.com\r\nAuthorization: Basic secret\r\nCookie: secret\r\n\r\n"`,
		`> "GET http://user:secret@example.com/ HTTP/1.1\r\n\r\n"`,
		`> "DESCRIBE rtsp://user:secret@192.0.2.1/a RTSP/1.0\r\n\r\n"`,
		`< "220 ready FTP\r\n"
		 > "USER secret\r\nPASS secret\r\n"`,
		`< "220 ready SMTP\r\n"
		 > "AUTH PLAIN secret\r\nMAIL FROM:<secret@example.com>\r\n"`,
		`< "+OK\r\n"
		 > "USER secret\r\nPASS secret\r\n"`,
		`< "* OK\r\n"
		 > "a1 LOGIN secret secret\r\n"`,
		`> "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n"`,
		`> "*3\r\n$3\r\nSET\r\n$6\r\nsecret\r\n$6\r\nsecret\r\n"`,
		`< "INFO {}\r\n"
		 > "CONNECT {\"pass\":\"secret\"}\r\nPUB secret 6\r\nsecret\r\n"`,
		`> "NICK a\r\nPASS secret\r\nPRIVMSG secret :secret\r\n"`,
		`> [be32+4 00030000 "user" 00 "secret" 00 00] "p" [be32+4 "secret" 00] "Q" [be32+4 "SELECT 'secret'" 00]`,
		`> 05 02 00 02
		 < 05 02
		 > 01 [be8 "secret"] [be8 "secret"]`,
	} {
		names := NewNames()
		st := play(t, names, s, 0)
		st.Summary(names)
		for _, text := range names.texts {
			if strings.Contains(text, "secret") {
				t.Errorf("%s\nkept %q", s, text)
			}
		}
	}
}

// TestSweep holds that the strings go which no State names, and no others.
func TestSweep(t *testing.T) {
	n := newNames(100, 1<<20)
	const each, kept = 50, 3
	states := make([]State, each)
	for i := range states {
		text := fmt.Sprintf("GET /%d HTTP/1.1\r\nHost: host%d.example\r\nUser-Agent: agent\r\n\r\n", i, i)
		states[i].Say(n, 0, i+1, 1_700_000_000_000_000_000, []byte(text), uint32(len(text)))
	}
	if !n.Full() {
		t.Fatal("101 strings are not many")
	}
	before := n.Memory()
	n.Sweep(func(keep func(*State)) {
		for i := range kept {
			keep(&states[i])
		}
	})
	if n.Full() || n.Memory() >= before {
		t.Errorf("still %d bytes of %d", n.Memory(), before)
	}
	if strings := len(n.index) - len(fixedTexts); strings != 2*kept+1 {
		t.Errorf("%d strings are left, want %d", strings, 2*kept+1)
	}
	for i := range each {
		n.intern(fmt.Appendf(nil, "GET /%d", 1000+i), maxText) // into the places of those that went
	}
	for i := range kept {
		s := states[i].Summary(n)
		if want := fmt.Sprintf("GET /%d", i); s.Request.Text != want || s.Host != fmt.Sprintf("host%d.example", i) || s.UserAgent != "agent" {
			t.Errorf("%d: %q of %q by %q", i, s.Request.Text, s.Host, s.UserAgent)
		}
	}
	if got := n.get(n.intern([]byte("GET /1"), maxText)); got != "GET /1" {
		t.Errorf("GET /1 became %q", got)
	}
}

func TestNamesFixed(t *testing.T) {
	n := NewNames()
	for i, text := range fixedTexts {
		if i > 0 && text == "" {
			t.Errorf("fixed text %d is empty", i)
		}
		if got := n.intern([]byte(text), maxText); got != id(i) {
			t.Errorf("%q is %d, want %d", text, got, i)
		}
	}
}

// TestBegunMessages holds that messages are completed however many have begun, and that nothing is left of them.
func TestBegunMessages(t *testing.T) {
	names := NewNames()
	begun := make([]State, 2000)
	for i := range begun {
		begun[i].Say(names, 0, i+1, 1_700_000_000_000_000_000, []byte("GET /a HT"), 9)
	}
	rest := []byte("TP/1.1\r\nHost: example.com\r\n\r\n")
	for i := range begun {
		if i%2 == 0 {
			begun[i].Release(names)
			continue
		}
		begun[i].Say(names, 0, i+4, 1_700_000_000_001_000_000, rest, uint32(len(rest)))
		if s := begun[i].Summary(names); s.Request.Text != "GET /a" || s.Guess || s.Pending != 1 {
			t.Fatalf("%d: told %q, guess %v, pending %d", i, s.Request.Text, s.Guess, s.Pending)
		}
	}
	if len(names.scraps.free) != len(names.scraps.slots) {
		t.Errorf("%d of %d scraps are free", len(names.scraps.free), len(names.scraps.slots))
	}
}

// TestSnapshot holds that a Snapshot keeps the Summary of its moment.
func TestSnapshot(t *testing.T) {
	for _, seed := range seeds {
		names := NewNames()
		st := perform(spell(t, seed), names)
		want := st.Summary(names)
		shot := st.Snapshot(names)
		for _, text := range []string{"POST /later HTTP/1.1\r\n", "x", "\r\n\r\n"} {
			st.Say(names, 0, 1000, 1_700_000_100_000_000_000, []byte(text), uint32(len(text)))
			st.Say(names, 1, 1001, 1_700_000_101_000_000_000, []byte(text), uint32(len(text)))
		}
		st.Release(names)
		if got := shot.Summary(names); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%+v\nwas\n%+v", seed, got, want)
		}
	}
}

// TestFrames holds which frames and times a message has, when segments cut it.
func TestFrames(t *testing.T) {
	names := NewNames()
	var st State
	say := func(side, frame int, text string) {
		st.Say(names, side, frame, int64(frame)*1e6, []byte(text), uint32(len(text)))
	}
	say(0, 10, "GET /a HTTP/1.1\r\nHo")
	say(0, 11, "st: example.com\r\n\r\nGE")
	say(0, 12, "T /b HTTP/1.1\r\n\r\n")
	say(1, 13, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234")
	say(1, 14, "56789HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n")
	s := st.Summary(names)
	if m := s.Last[0]; m.Frame != 11 || m.Time != 11e6 || m.End != 12 || m.Len != 19 || m.Text != "GET /b" {
		t.Errorf("request: %+v", m)
	}
	if m := s.Last[1]; m.Frame != 14 || m.End != 14 || m.Kind != Partial || m.Len != 38 {
		t.Errorf("response: %+v", m)
	}
	if s.BodySide != 1 || s.BodyWant != 3 || s.BodyGot != 0 {
		t.Errorf("body of %d: %d of %d", s.BodySide, s.BodyGot, s.BodyWant)
	}
	if s.Request != s.Last[0] || s.RequestSide != 0 {
		t.Errorf("last request: %+v of %d", s.Request, s.RequestSide)
	}
}
