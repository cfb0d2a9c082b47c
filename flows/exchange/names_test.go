package exchange

import (
	"fmt"
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
			t.Errorf("%q in %d octets: %q, want %q", c.in, c.max, got, c.want)
		}
		if len(got) > c.max {
			t.Errorf("%q: %d octets, more than %d", got, len(got), c.max)
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
		for _, slot := range names.slots {
			if strings.Contains(slot.text, "secret") {
				t.Errorf("%s\nkept %q", s, slot.text)
			}
		}
	}
}

func TestNamesBounds(t *testing.T) {
	first := len(fixedTexts)
	n := newNames(first+4, 1000, 2)
	often := n.intern([]byte("often"), maxText)
	var old id
	for i := range 100 {
		one := n.intern(fmt.Appendf(nil, "once %d", i), maxText)
		if i == 0 {
			old = one
		}
		if n.intern([]byte("often"), maxText) != often {
			t.Fatalf("after %d others, a string that is asked for again and again had to go", i)
		}
		if got, want := n.get(one), fmt.Sprintf("once %d", i); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	}
	if got := n.get(old); got != "" {
		t.Errorf("a string that went is now %q", got)
	}
	if strings, _ := n.Recycled(); strings != 97 {
		t.Errorf("%d strings went, want 97: 101 came, and 4 are there", strings)
	}
	if len(n.slots) != first+4 {
		t.Errorf("%d slots", len(n.slots)-first)
	}

	n = newNames(1000, 100, 2)
	for i := range 100 {
		n.intern(fmt.Appendf(nil, "%030d", i), maxText)
	}
	if n.octets > 100 {
		t.Errorf("%d octets, more than 100", n.octets)
	}
	if n.intern([]byte(strings.Repeat("x", 200)), 300) != 0 {
		t.Error("a string beyond the bound was kept")
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

// TestScrapsBounds holds that begun messages beyond the bound are given up, the oldest first, and read as
// if octets had been missing.
func TestScrapsBounds(t *testing.T) {
	names := newNames(1000, 10000, 2)
	begun := make([]State, 3)
	for i := range begun {
		begun[i].Say(names, 0, i+1, 1_700_000_000_000_000_000, []byte("GET /a HT"), 9)
	}
	if _, n := names.Recycled(); n != 1 {
		t.Errorf("%d begun messages went, want 1", n)
	}
	rest := []byte("TP/1.1\r\nHost: example.com\r\n\r\n")
	for i := range begun {
		begun[i].Say(names, 0, i+4, 1_700_000_000_001_000_000, rest, uint32(len(rest)))
		s := begun[i].Summary(names)
		want := "GET /a"
		if i == 0 {
			want = ""
		}
		if s.Request.Text != want || s.Guess != (i == 0) {
			t.Errorf("%d: told %q, guess %v", i, s.Request.Text, s.Guess)
		}
		if s.Pending != 1 {
			t.Errorf("%d: pending %d", i, s.Pending)
		}
	}
	if len(names.scraps.free) != len(names.scraps.slots) {
		t.Errorf("%d of %d scraps are free", len(names.scraps.free), len(names.scraps.slots))
	}
}

// TestFrames holds which frames and times a message is told by, when segments cut it.
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
