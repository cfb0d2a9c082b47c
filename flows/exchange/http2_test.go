package exchange

import "testing"

func TestHTTP2(t *testing.T) {
	const open = `
		> "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" 000000 04 00 00000000
		< 000000 04 00 00000000 000000 04 01 00000000
	`
	// GET http://example.com/a/b by static table and literals, RFC 7541 appendix C style.
	const get = `82 86 44 04 "/a/b" 41 0b "example.com"`
	dialogues{
		{"opened", open, `HTTP/2| housekeeping "SETTINGS"; housekeeping "SETTINGS ACK"; waiting 0 0; unused`},
		{"request", open + `
			> [h2/01/05/1 ` + get + `]`, `HTTP/2| request "GET /a/b"; housekeeping "SETTINGS ACK"; waiting 1 0`},
		{"request and whole answer", open + `
			> [h2/01/05/1 ` + get + `]
			< 000001 01 04 00000001 88 000005 00 01 00000001 "hello"`, `HTTP/2| request "GET /a/b"; response "HTTP/2 200"; waiting 0 0`},
		{"answer without its end", open + `
			> [h2/01/05/1 ` + get + `]
			< 000001 01 04 00000001 88 000005 00 00 00000001 "hello"`, `HTTP/2| request "GET /a/b"; partial response "HTTP/2 200"; waiting 1 0`},
		{"answer cut in a frame", open + `
			> [h2/01/05/1 ` + get + `]
			< 000001 01 04 00000001 88 004000 00 01 00000001 "hello"`, `HTTP/2| request "GET /a/b"; partial response "HTTP/2 200" open; waiting 0 0`},
		{"answer without a body", open + `
			> [h2/01/05/1 ` + get + `]
			< 000001 01 05 00000001 8b`, `HTTP/2| request "GET /a/b"; response "HTTP/2 304"; waiting 0 0`},
		{"two streams, one answered", open + `
			> [h2/01/05/1 ` + get + `] [h2/01/05/3 ` + get + `]
			< 000001 01 05 00000003 88`, `HTTP/2| request "GET /a/b"; response "HTTP/2 200"; waiting 1 0`},
		{"gRPC: trailers end the answer", open + `
			> [h2/01/04/1 83 86 44 0f "/pkg.Svc/Method" 41 0b "example.com" 5f 02 "te" 0f0d 01 "x"] 000005 00 01 00000001 "\x00\x00\x00\x00\x00"
			< 000001 01 04 00000001 88 000005 00 00 00000001 "\x00\x00\x00\x00\x00" 000001 01 05 00000001 88`, `HTTP/2| request "POST /pkg.Svc/Method"; response "HTTP/2 200"; waiting 0 0`},
		{"stream reset by the client", open + `
			> [h2/01/05/1 ` + get + `] 000004 03 00 00000001 00000008`, `HTTP/2| housekeeping "RST_STREAM"; housekeeping "SETTINGS ACK"; waiting 0 0`},
		{"goodbye", open + `
			> [h2/01/05/1 ` + get + `]
			< 000001 01 05 00000001 88
			> 000008 07 00 00000000 0000000000000000`, `HTTP/2| goodbye "GOAWAY"; response "HTTP/2 200"; waiting 0 0`},
		{"ping unanswered", open + `
			> 000008 06 00 00000000 0000000000000000`, `HTTP/2| housekeeping "PING"; housekeeping "SETTINGS ACK"; waiting 1 0; pings of 0: 1; unused`},
		{"padded and with priority", open + `
			> [h2/01/2d/1 02 0000000010 ` + get + ` 0000]`, `HTTP/2| request "GET /a/b"; housekeeping "SETTINGS ACK"; waiting 1 0`},
		{"Huffman", open + `
			> [h2/01/05/1 82 86 84 41 8c f1e3c2e5f23a6ba0ab90f4ff]`, `HTTP/2| request "GET /"; housekeeping "SETTINGS ACK"; waiting 1 0`},
		{"upgrade from HTTP/1.1", `
			> "GET /x HTTP/1.1\r\nHost: example.com\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n"
			< "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
			> "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" 000000 04 00 00000000`, `HTTP/2| housekeeping "SETTINGS"; response "HTTP/1.1 101 Switching Protocols"; waiting 0 0; unused`},
		{"frames missing", `
			# as captured` + open + `
			> lost 500
			> 000008 06 00 00000000 0000000000000000`, `HTTP/2| housekeeping "PING"; housekeeping "SETTINGS ACK"; waiting 1 0; pings of 0: 1; unused; guess`},
	}.run(t)
}

// TestHTTP2Words holds what is named of a request.
func TestHTTP2Words(t *testing.T) {
	s := hear(t, `
		> "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" 000000 04 00 00000000 [h2/01/05/1 82 86 84 41 8c f1e3c2e5f23a6ba0ab90f4ff]
		< 000000 04 00 00000000 000001 01 05 00000001 8d`)
	if s.Method != "GET" || s.Path != "/" || s.Host != "www.example.com" || s.Status != 404 {
		t.Errorf("told %s %s of %s: %d", s.Method, s.Path, s.Host, s.Status)
	}
}
