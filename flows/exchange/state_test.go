package exchange

import (
	"strings"
	"testing"
	"unsafe"
)

// TestStateSize holds the size of a State: a million of them may live at a time.
func TestStateSize(t *testing.T) {
	const limit = 168
	if n := unsafe.Sizeof(State{}); n > limit {
		t.Errorf("a State takes %d bytes, more than %d", n, limit)
	} else {
		t.Logf("a State takes %d bytes", n)
	}
}

// talkHTTP returns a State in the middle of a long HTTP body, talkTLS one in an established TLS session.
func talkHTTP(tb testing.TB, names *Names) *State {
	return play(tb, names, `
		> "GET /a HTTP/1.1\r\nHost: example.com\r\n\r\n"
		< "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n"`, 0)
}

func talkTLS(tb testing.TB, names *Names) *State {
	return play(tb, names, tls13Hello+`
		> 170303+600
		< 170303+250 170303+250 170303+1500`, 0)
}

var plain = []byte(strings.Repeat("x", 1460))

// tlsSegments returns segments of a stream of full records, each with the record boundaries where they fall.
func tlsSegments() [][]byte {
	var stream []byte
	for len(stream) < 1460*200 {
		stream = append(stream, 0x17, 3, 3, 0x40, 0x11)
		stream = append(stream, strings.Repeat("\xa5", 0x4011)...)
	}
	var out [][]byte
	for i := 0; i+1460 <= 1460*200; i += 1460 {
		out = append(out, stream[i:i+1460])
	}
	return out
}

func BenchmarkSayBody(b *testing.B) {
	names := NewNames()
	st := talkHTTP(b, names)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		st.Say(names, 1, i, 1_700_000_000_100_000_000+int64(i), plain, uint32(len(plain)))
	}
}

func BenchmarkSayRecords(b *testing.B) {
	names := NewNames()
	st := talkTLS(b, names)
	segments := tlsSegments()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s := segments[i%len(segments)]
		st.Say(names, 1, i, 1_700_000_000_100_000_000+int64(i), s, uint32(len(s)))
	}
}

func BenchmarkSayOpaque(b *testing.B) {
	names := NewNames()
	st := play(b, names, `> "\x99\x01\x02\x03 what is this"`, 0)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		st.Say(names, 0, i, 1_700_000_000_100_000_000+int64(i), plain, uint32(len(plain)))
	}
}

// BenchmarkSayOpaqueTurns is the first cost of an unknown protocol: every segment is a turn.
func BenchmarkSayOpaqueTurns(b *testing.B) {
	names := NewNames()
	st := play(b, names, `> "\x99\x01\x02\x03 what is this"`, 0)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		st.Say(names, i&1, i, 1_700_000_000_100_000_000+int64(i), plain, uint32(len(plain)))
	}
}

func BenchmarkSummary(b *testing.B) {
	names := NewNames()
	st := talkHTTP(b, names)
	b.ReportAllocs()
	for b.Loop() {
		s := st.Summary(names)
		_ = s
	}
}

// TestSayAllocates holds that hearing what was heard before allocates nothing.
func TestSayAllocates(t *testing.T) {
	names := NewNames()
	body, records := talkHTTP(t, names), talkTLS(t, names)
	segments := tlsSegments()
	request, response := []byte("GET /a HTTP/1.1\r\nHost: example.com\r\n\r\n"), []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
	web, first := new(State), new(State)
	i := 0
	for name, f := range map[string]func(){
		"body":   func() { body.Say(names, 1, i, 1_700_000_000_100_000_000, plain, uint32(len(plain))) },
		"record": func() { records.Say(names, 1, i, 1_700_000_000_100_000_000, segments[i%200], 1460) },
		"http": func() {
			web.Say(names, 0, i, 1_700_000_000_100_000_000, request, uint32(len(request)))
			web.Say(names, 1, i, 1_700_000_000_100_000_000, response, uint32(len(response)))
		},
		"first": func() {
			*first = State{}
			first.Say(names, 0, i, 1_700_000_000_100_000_000, request, uint32(len(request)))
		},
	} {
		i = 0
		if n := testing.AllocsPerRun(1000, func() { f(); i++ }); n != 0 {
			t.Errorf("%s: %v allocations for each segment", name, n)
		}
	}
}
