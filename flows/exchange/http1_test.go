package exchange

import "testing"

func TestHTTP1(t *testing.T) {
	dialogues{
		{"request and response", `
			> "GET /a HTTP/1.1\r\nHost: example.com\r\nUser-Agent: curl/8.5.0\r\n\r\n"
			< "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 5\r\n\r\nhello"`, `HTTP/1.1| request "GET /a"; response "HTTP/1.1 200 OK"; waiting 0 0; body 1: 5 of 5`},
		{"request alone", `
			> "GET /a HTTP/1.1\r\nHost: example.com\r\n\r\n"`, `HTTP/1.1| request "GET /a"; none; waiting 1 0`},
		{"request begun", `
			> "GET /a HTTP/1.1\r\nHost: exam"`, `HTTP/1.1| request "GET /a" open; none; waiting 1 0`},
		{"response cut", `
			> "GET /a HTTP/1.1\r\nHost: example.com\r\n\r\n"
			< "HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\nhello"
			< 3*1460`, `HTTP/1.1| request "GET /a"; partial response "HTTP/1.1 200 OK" open; waiting 0 0; body 1: 4385 of 50000`},
		{"response header cut", `
			> "GET /a HTTP/1.1\r\nHost: example.com\r\n\r\n"
			< "HTTP/1.1 200 OK\r\nContent-Le"`, `HTTP/1.1| request "GET /a"; partial response "HTTP/1.1 200 OK" open; waiting 1 0`},
		{"kept alive twice", `
			> "GET /a HTTP/1.1\r\nHost: example.com\r\n\r\n"
			< "HTTP/1.1 200 OK\r\nContent-Length: 1460\r\n\r\n"
			< 1*1460
			> "GET /b HTTP/1.1\r\nHost: example.com\r\n\r\n"`, `HTTP/1.1| request "GET /b"; response "HTTP/1.1 200 OK"; waiting 1 0; body 1: 1460 of 1460`},
		{"chunked, ended", `
			> "GET /a HTTP/1.1\r\n\r\n"
			< "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
			< "5b4;x=y\r\n"
			< 1*1460
			< "\r\n0\r\nX-Trailer: 1\r\n\r\n"`, `HTTP/1.1| request "GET /a"; response "HTTP/1.1 200 OK"; waiting 0 0; body 1: 1465 of -1`},
		{"chunked, between chunks", `
			> "GET /a HTTP/1.1\r\n\r\n"
			< "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"`, `HTTP/1.1| request "GET /a"; partial response "HTTP/1.1 200 OK" open; waiting 0 0; body 1: 5 of -1`},
		{"chunked, in a chunk", `
			> "GET /a HTTP/1.1\r\n\r\n"
			< "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nhello\r\n"`, `HTTP/1.1| request "GET /a"; partial response "HTTP/1.1 200 OK" open; waiting 0 0; body 1: 7 of -1`},
		{"ends with the connection", `
			> "GET /a HTTP/1.0\r\n\r\n"
			< "HTTP/1.0 200 OK\r\n\r\nhello"
			< 2*1460`, `HTTP/1.1| request "GET /a"; partial response "HTTP/1.0 200 OK"; waiting 0 0; body 1: 2925 of -1`},
		{"ends with the connection, ended", `
			> "GET /a HTTP/1.0\r\n\r\n"
			< "HTTP/1.0 200 OK\r\n\r\nhello"
			< 2*1460
			< fin`, `HTTP/1.1| request "GET /a"; response "HTTP/1.0 200 OK"; waiting 0 0; body 1: 2925 of -1`},
		{"no body: 204", `
			> "DELETE /a HTTP/1.1\r\n\r\n"
			< "HTTP/1.1 204 No Content\r\n\r\n"`, `HTTP/1.1| request "DELETE /a"; response "HTTP/1.1 204 No Content"; waiting 0 0`},
		{"no body: 304 with a length", `
			> "GET /a HTTP/1.1\r\n\r\n"
			< "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n"`, `HTTP/1.1| request "GET /a"; response "HTTP/1.1 304 Not Modified"; waiting 0 0`},
		{"no body: HEAD", `
			> "HEAD /a HTTP/1.1\r\n\r\n"
			< "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"`, `HTTP/1.1| request "HEAD /a"; response "HTTP/1.1 200 OK"; waiting 0 0`},
		{"pipelined, HEAD in the middle, one unanswered", `
			> "GET /a HTTP/1.1\r\n\r\nHEAD /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\n\r\n"
			< "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"`, `HTTP/1.1| request "GET /c"; response "HTTP/1.1 200 OK"; waiting 1 0`},
		{"upload answered early", `
			> "POST /up HTTP/1.1\r\nContent-Length: 100000\r\n\r\n"
			> 5*1460
			< "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nno\n"
			> 2*1460`, `HTTP/1.1| request "POST /up" open; refusal "HTTP/1.1 413 Content Too Large"; waiting 0 0; body 0: 10220 of 100000`},
		{"expect 100-continue, whole upload", `
			> "PUT /up HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
			< "HTTP/1.1 100 Continue\r\n\r\n"
			> "body"
			< "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"`, `HTTP/1.1| request "PUT /up"; response "HTTP/1.1 201 Created"; waiting 0 0; body 0: 4 of 4`},
		{"100-continue alone answers nothing", `
			> "PUT /up HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
			< "HTTP/1.1 100 Continue\r\n\r\n"`, `HTTP/1.1| request "PUT /up" open; housekeeping "HTTP/1.1 100 Continue"; waiting 1 0; body 0: 0 of 4`},
		{"answer within 408", `
			< "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"`, `HTTP/1.1| none; refusal "HTTP/1.1 408 Request Timeout"; waiting 0 0; unused`},
		{"503 and close", `
			> "GET /a HTTP/1.1\r\n\r\n"
			< "HTTP/1.0 503 Service Unavailable\r\nConnection: close\r\n\r\n<html>"`, `HTTP/1.1| request "GET /a"; refusal "HTTP/1.0 503 Service Unavailable"; waiting 0 0; body 1: 6 of -1`},
		{"404 and close is an answer", `
			> "GET /a HTTP/1.1\r\n\r\n"
			< "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno"`, `HTTP/1.1| request "GET /a"; response "HTTP/1.1 404 Not Found"; waiting 0 0; body 1: 2 of 2`},
		{"HTTP/0.9", `
			> "GET /\r\n"
			< "<html>"`, `HTTP/1.1| request "GET /"; response; waiting 0 0; guess`},
		{"body lost in the middle", `
			> "GET /a HTTP/1.1\r\n\r\n"
			< "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"
			< 1*1460
			< lost 1460
			< 1*1460
			< 1*620`, `HTTP/1.1| request "GET /a"; response "HTTP/1.1 200 OK"; waiting 0 0; body 1: 5000 of 5000`},
		{"header lost, next request read", `
			# as captured
			> "GET /a HTTP/1.1\r\nHost: a\r\n"
			> lost 200
			< lost 500
			< "tail of a body"
			> "GET /b HTTP/1.1\r\nHost: b\r\n\r\n"`, `HTTP/1.1| request "GET /b"; response; waiting 1 0; guess`},
		{"snaplen", `
			# as captured
			> snap 20 "GET /a HTTP/1.1\r\nHost: example.com\r\n\r\n"
			< snap 20 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
			> snap 20 "GET /b HTTP/1.1\r\nHost: example.com\r\n\r\n"`, `HTTP/1.1| request "GET /b"; response "HTTP/1.1 200 OK"; waiting 1 0; guess`},
		{"snaplen nothing", `
			# as captured
			> snap 0 "GET /a HTTP/1.1\r\nHost: example.com\r\n\r\n"
			< snap 0 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
			> snap 0 "GET /b HTTP/1.1\r\nHost: example.com\r\n\r\n"`, `| opaque; opaque; waiting 1 0; guess`},
		{"capture begins in a response", `
			# as captured
			< 2*1460
			< "the end"
			> "GET /b HTTP/1.1\r\nHost: example.com\r\n\r\n"
			< "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"`, `HTTP/1.1| request "GET /b"; response "HTTP/1.1 200 OK"; waiting 0 0; body 1: 5 of 5`},
		{"CONNECT, then TLS", `
			> "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n"
			< "HTTP/1.1 200 Connection established\r\n\r\n"
			> 1603010031 0100002d 0303 0000000000000000000000000000000000000000000000000000000000000000 00 0002 1301 01 00 0002 0000`, `TLS| client hello "Client Hello"; response "HTTP/1.1 200 Connection established"; waiting 1 0; tls ok=false; unused`},
		{"CONNECT refused", `
			> "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n"
			< "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"`, `HTTP/1.1| request "CONNECT example.com:443"; response "HTTP/1.1 403 Forbidden"; waiting 0 0; body 1: 2 of 2`},
	}.run(t)
}

func TestWebSocket(t *testing.T) {
	const open = `
		> "GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
		< "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
	`
	dialogues{
		{"opened", open, `WebSocket| request "GET /chat"; response "HTTP/1.1 101 Switching Protocols"; waiting 0 0`},
		{"text and its answer", open + `
			> 8185 00000000 "hello"
			< 8105 "world"`, `WebSocket| request "text message"; response "text message"; waiting 0 0; guess`},
		{"ping unanswered", open + `
			> 8980 00000000`, `WebSocket| housekeeping "PING"; response "HTTP/1.1 101 Switching Protocols"; waiting 1 0; pings of 0: 1`},
		{"ping unanswered, news of the responder", open + `
			> 8980 00000000
			< 8105 "world"`, `WebSocket| housekeeping "PING"; response "text message"; waiting 1 0; pings of 0: 1`},
		{"ping, and goodbye without waiting", open + `
			> 8980 00000000 8880 00000000`, `WebSocket| goodbye "Close"; response "HTTP/1.1 101 Switching Protocols"; waiting 0 0`},
		{"ping answered", open + `
			> 8980 00000000
			< 8a00`, `WebSocket| housekeeping "PING"; housekeeping "PONG"; waiting 0 0`},
		{"close by both", open + `
			> 8882 00000000 03e8
			< 8802 03e8`, `WebSocket| goodbye "Close"; goodbye "Close"; waiting 0 0`},
		{"long message cut", open + `
			< 827e 2000
			< 2*1460`, `WebSocket| request "GET /chat"; partial response "binary message" open; waiting 0 0`},
		{"fragmented, not ended", open + `
			< 0102 "he"
			< 0002 "ll"`, `WebSocket| request "GET /chat"; partial response "text message"; waiting 0 0`},
	}.run(t)
}
