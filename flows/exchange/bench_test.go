package exchange

import "testing"

// exchanges are one request and its answer in each of the protocols that are met most, after what a
// connection begins with.
var exchanges = []struct {
	name              string
	before            script
	request, response script
}{
	{"HTTP", ``,
		`> "GET /index.html?a=1 HTTP/1.1\r\nHost: example.com\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n"`,
		`< "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"`},
	{"HTTP2", `> "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" 000000 04 00 00000000`,
		`> 000004 01 05 00000001 82 86 84 41`,
		`< 000001 01 04 00000001 88 000005 00 01 00000001 "hello"`},
	{"TLS", tls13Hello, `> 170303+600`, `< 170303+1300`},
	{"SMTP", `< "220 example.com ESMTP\r\n"`, `> "RCPT TO:<a@example.com>\r\n"`, `< "250 2.1.5 Ok\r\n"`},
	{"Redis", ``, `> "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n"`, `< "$5\r\nvalue\r\n"`},
	{"PostgreSQL", `> [be32+4 00030000 "user" 00 "a" 00 00]
		< "R" [be32+4 00000000] "Z" [be32+4 "I"]`,
		`> "Q" [be32+4 "SELECT 1" 00]`, `< "C" [be32+4 "SELECT 1" 00] "Z" [be32+4 "I"]`},
	{"MQTT", `> 10 [be8 0004 "MQTT" 04 02 003c 0003 "dev"]
		< 20020000`, `> 32 [be8 0001 "t" 0001 "payload"]`, `< 40020001`},
	{"DNS", ``, `> [be16 1234 0100 0001 0000 0000 0000 07 "example" 00 0001 0001]`,
		`< [be16 1234 8180 0001 0000 0000 0000 07 "example" 00 0001 0001]`},
	{"opaque", ``, `> "\x99\x01\x02\x03 what is this"`, `< "\x99\x01\x02\x03 it is that"`},
}

// bytes returns what the one segment of a script says.
func (s script) octets(tb testing.TB) []byte { return s.segments(tb)[0].data }

// BenchmarkSay is one segment, by protocol: the first of a connection, and the requests and answers of one
// that goes on.
func BenchmarkSay(b *testing.B) {
	for _, e := range exchanges {
		request, response := e.request.octets(b), e.response.octets(b)
		first := request
		if e.before != "" {
			first = e.before.octets(b)
		}
		side := 0
		if e.name == "SMTP" {
			side = 1
		}
		b.Run(e.name+"/first", func(b *testing.B) {
			names, st := NewNames(), new(State)
			b.ReportAllocs()
			for b.Loop() {
				*st = State{}
				st.Say(names, side, 1, 1_700_000_000_000_000_000, first, uint32(len(first)))
			}
		})
		b.Run(e.name+"/message", func(b *testing.B) {
			names := NewNames()
			st := play(b, names, e.before, 0)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if said := request; i&1 == 0 {
					st.Say(names, 0, i, 1_700_000_000_100_000_000+int64(i), said, uint32(len(said)))
				} else {
					said = response
					st.Say(names, 1, i, 1_700_000_000_100_000_000+int64(i), said, uint32(len(said)))
				}
			}
		})
	}
}

// TestSayMessages holds that a message like one before allocates nothing, whatever is spoken.
func TestSayMessages(t *testing.T) {
	for _, e := range exchanges {
		names := NewNames()
		st := play(t, names, e.before, 0)
		request, response := e.request.octets(t), e.response.octets(t)
		if n := testing.AllocsPerRun(100, func() {
			st.Say(names, 0, 9, 1_700_000_000_100_000_000, request, uint32(len(request)))
			st.Say(names, 1, 9, 1_700_000_000_100_000_000, response, uint32(len(response)))
		}); n != 0 {
			t.Errorf("%s: %v allocations for a request and its answer", e.name, n)
		}
		if s := st.Summary(names); s.Guess != (e.name == "opaque" || e.name == "TLS") {
			t.Errorf("%s: guess %v: %+v", e.name, s.Guess, s)
		}
	}
}
