package exchange

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A script is a conversation, one message to a line, as one reads it aloud:
//
//	> "GET / HTTP/1.1\r\n\r\n"     the originator says these bytes
//	< 160303 002a 02               the responder says these, in hexadecimal
//	> $ch13                        a message of hello_test.go
//	< 5*1460                       five segments of 1460 bytes of no meaning
//	> lost 100                     100 bytes of the originator are missing from the capture
//	< snap 10 "HTTP/1.1 200 OK"    as said, but the capture holds ten bytes only
//	< fin                          the responder's FIN
//	wait 2s                        nothing is said for a while; lines are otherwise 1 ms apart
//
// Each segment is a frame, numbered from 1.
type script string

type segment struct {
	side int
	data []byte
	cut  int // bytes captured, −1 all
	lost uint32
	fin  bool
	wait int64
}

func (s script) segments(tb testing.TB) (out []segment) {
	tb.Helper()
	for _, line := range strings.Split(string(s), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if d, ok := strings.CutPrefix(line, "wait "); ok {
			var n int64
			if _, err := fmt.Sscanf(d, "%ds", &n); err != nil {
				tb.Fatalf("script: %q: %v", line, err)
			}
			out = append(out, segment{wait: n * 1e9})
			continue
		}
		g := segment{cut: -1}
		switch line[0] {
		case '>':
		case '<':
			g.side = 1
		default:
			tb.Fatalf("script: %q", line)
		}
		rest := strings.TrimSpace(line[1:])
		switch {
		case rest == "fin":
			g.fin = true
			out = append(out, g)
			continue
		case strings.HasPrefix(rest, "lost "):
			if _, err := fmt.Sscanf(rest, "lost %d", &g.lost); err != nil {
				tb.Fatalf("script: %q: %v", line, err)
			}
			out = append(out, g)
			continue
		case strings.HasPrefix(rest, "snap "):
			if _, err := fmt.Sscanf(rest, "snap %d", &g.cut); err != nil {
				tb.Fatalf("script: %q: %v", line, err)
			}
			_, rest, _ = strings.Cut(rest[5:], " ")
		}
		times := 1
		if n, size := 0, 0; strings.Count(rest, "*") == 1 && !strings.Contains(rest, `"`) {
			if _, err := fmt.Sscanf(rest, "%d*%d", &n, &size); err != nil {
				tb.Fatalf("script: %q: %v", line, err)
			}
			times, g.data = n, []byte(strings.Repeat("x", size))
		} else {
			g.data = octets(tb, rest)
		}
		for range times {
			out = append(out, g)
		}
	}
	return out
}

// bytes reads quoted strings with Go's escapes, hexadecimal, names of messages, TLS records of bytes
// without meaning (170303+100), and what has its length in front of it: [be16 …], [le24 …], and [be32+4 …]
// where the length counts four more, as its own; [my1 …] is a packet of MySQL with its number,
// [h2/01/05/3 …] a frame of HTTP/2 with type, flags and stream.
func octets(tb testing.TB, s string) []byte {
	tb.Helper()
	out, rest := octetList(tb, s)
	if rest != "" {
		tb.Fatalf("script: %q is left over", rest)
	}
	return out
}

func octetList(tb testing.TB, s string) (out []byte, rest string) {
	tb.Helper()
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		switch s[0] {
		case ']':
			return out, s[1:]
		case '"':
			quoted, err := strconv.QuotedPrefix(s)
			if err != nil {
				tb.Fatalf("script: %s: %v", s, err)
			}
			text, _ := strconv.Unquote(quoted)
			out, s = append(out, text...), s[len(quoted):]
			continue
		case '[':
			kind, tail, _ := strings.Cut(s[1:], " ")
			var inner []byte
			inner, s = octetList(tb, tail)
			out = append(append(out, prefixed(tb, kind, len(inner))...), inner...)
			continue
		}
		i := strings.IndexAny(s, " ]")
		if i < 0 {
			i = len(s)
		}
		word := s[:i]
		s = s[i:]
		if message, ok := named[word]; ok {
			out = append(out, message...)
			continue
		}
		head, size, sized := strings.Cut(word, "+")
		b, err := hex.DecodeString(head)
		if err != nil {
			tb.Fatalf("script: %q: %v", word, err)
		}
		out = append(out, b...)
		if sized {
			n, err := strconv.Atoi(size)
			if err != nil {
				tb.Fatalf("script: %q: %v", word, err)
			}
			out = append(out, byte(n>>8), byte(n))
			out = append(out, strings.Repeat("\xa5", n)...)
		}
	}
	return out, ""
}

// prefixed returns a length as kind says: be or le, its bits, and what it counts beside the bytes behind it.
func prefixed(tb testing.TB, kind string, n int) (out []byte) {
	tb.Helper()
	if strings.HasPrefix(kind, "my") {
		return []byte{byte(n), byte(n >> 8), byte(n >> 16), kind[2] - '0'}
	}
	if strings.HasPrefix(kind, "h2/") {
		f := strings.Split(kind, "/")
		head, err := hex.DecodeString(f[1] + f[2] + "0000000" + f[3])
		if err != nil {
			tb.Fatalf("script: %q: %v", kind, err)
		}
		return append([]byte{byte(n >> 16), byte(n >> 8), byte(n)}, head...)
	}
	head, extra := kind, ""
	if i := strings.IndexAny(kind, "+-"); i >= 0 {
		head, extra = kind[:i], kind[i:]
	}
	if extra != "" {
		more, err := strconv.Atoi(extra)
		if err != nil {
			tb.Fatalf("script: %q: %v", kind, err)
		}
		n += more
	}
	bits, err := strconv.Atoi(strings.TrimLeft(head, "bel"))
	if err != nil {
		tb.Fatalf("script: %q: %v", kind, err)
	}
	for i := 0; i < bits; i += 8 {
		if head[0] == 'b' {
			out = append(out, byte(n>>(bits-8-i)))
		} else {
			out = append(out, byte(n>>i))
		}
	}
	return out
}

// play has a State hear the script. With step > 0 each segment comes in pieces of that many bytes,
// which all have the frame and the time of the whole.
func play(tb testing.TB, names *Names, s script, step int) *State {
	tb.Helper()
	st, frame, now := new(State), 0, int64(1_700_000_000_000_000_000)
	for _, g := range s.segments(tb) {
		now += 1e6 + g.wait
		switch {
		case g.wait > 0:
		case g.fin:
			st.Fin(g.side, now)
		case g.lost > 0:
			st.Lost(g.side, g.lost)
		case g.cut >= 0:
			frame++
			st.Say(names, g.side, frame, now, g.data[:g.cut], uint32(len(g.data)))
		case step == 0:
			frame++
			st.Say(names, g.side, frame, now, g.data, uint32(len(g.data)))
		default:
			frame++
			for b := g.data; len(b) > 0; {
				n := min(step, len(b))
				piece := append([]byte(nil), b[:n]...) // the bytes are the State's only while it hears them
				st.Say(names, g.side, frame, now, piece, uint32(n))
				for i := range piece {
					piece[i] = 0xee
				}
				b = b[n:]
			}
		}
	}
	return st
}

// hear returns the Summary of a script, and holds that it is the same however segments cut the bytes. A
// script that begins with "# as captured" is one where the place of the cuts is what counts: after lost
// bytes, a message is looked for where a segment begins.
func hear(t *testing.T, s script) Summary {
	t.Helper()
	names := NewNames()
	want := play(t, names, s, 0).Summary(names)
	if strings.HasPrefix(strings.TrimSpace(string(s)), "# as captured") {
		return want
	}
	for _, step := range []int{1, 2, 3, 7, 100} {
		names := NewNames()
		got := play(t, names, s, step).Summary(names)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("in pieces of %d bytes (−whole +pieces):\n%s", step, diff)
			break
		}
	}
	return want
}

// brief tells the outcome of an exchange in a line, so that a table of tests can be read.
func brief(s Summary) string {
	var w strings.Builder
	fmt.Fprintf(&w, "%s|", s.Protocol)
	for i := range s.Last {
		fmt.Fprintf(&w, " %v", s.Last[i].Kind)
		if s.Last[i].Text != "" {
			fmt.Fprintf(&w, " %q", s.Last[i].Text)
		}
		if s.Open[i] {
			w.WriteString(" open")
		}
		if s.Likely[i] {
			w.WriteString(" likely")
		}
		w.WriteString(";")
	}
	fmt.Fprintf(&w, " waiting %d %d", s.Waiting[0], s.Waiting[1])
	if s.BodySide >= 0 {
		fmt.Fprintf(&w, "; body %d: %d of %d", s.BodySide, s.BodyGot, s.BodyWant)
	}
	if s.TLS {
		fmt.Fprintf(&w, "; tls ok=%v", s.HandshakeOK)
	}
	for i, p := range s.Pings {
		if p > 0 {
			fmt.Fprintf(&w, "; pings of %d: %d", i, p)
		}
	}
	if s.Unused[0] {
		w.WriteString("; unused")
	}
	if s.Guess {
		w.WriteString("; guess")
	}
	return w.String()
}

// dialogues is a table of scripts and what is understood of them.
type dialogues []struct {
	name   string
	script script
	want   string
}

func (table dialogues) run(t *testing.T) {
	t.Helper()
	for _, c := range table {
		t.Run(c.name, func(t *testing.T) {
			if got := brief(hear(t, c.script)); got != c.want {
				t.Errorf("told  %s\nwanted %s", got, c.want)
			}
		})
	}
}
