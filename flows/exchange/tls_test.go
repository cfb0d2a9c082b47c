package exchange

import "testing"

// tls12Hello is a handshake of TLS 1.2 with AES-GCM and ALPN h2, up to both Finished; tls13Hello is one of
// TLS 1.3, up to the client's Finished.
const (
	tls12Hello = `
	> $ch12
	< $sh12 160303+900 160303+333 $shd
	> $cke $ccs 160303+40
	< $ccs 160303+40
`
	tls13Hello = `
	> $ch13
	< $sh13 $ccs 170303+600 170303+300 170303+53
	> $ccs 170303+53
`
)

func TestTLS(t *testing.T) {
	dialogues{
		{"hello alone", "> $ch13", `TLS| client hello "Client Hello"; none; waiting 1 0; tls ok=false; unused`},
		{"hello begun", `
			> 16030100b0 010000ac 0303 0000000000000000000000000000000000000000000000000000000000000000 00 0002 1301 01 00 0083 0000 0010 000e 00 000b 6578616d706c652e636f6d 0017`, `TLS| client hello "Client Hello" open; none; waiting 1 0; tls ok=false; unused`},
		{"hello, fatal alert", `
			> $ch13
			< 15030300020228`, `TLS| client hello "Client Hello"; alert "alert: handshake_failure (40)"; waiting 0 0; tls ok=false; unused`},
		{"hello, close_notify instead of an answer", `
			> $ch13
			< 15030300020100`, `TLS| client hello "Client Hello"; goodbye "close_notify"; waiting 1 0; tls ok=false; unused`},
		{"1.2: handshake", tls12Hello, `TLS 1.2| handshake "Finished"; handshake "Finished"; waiting 0 0; tls ok=true; unused`},
		{"1.2: the last message has its name", `
			> $ch12
			< $sh12 160303 0004 0e000000`, `TLS 1.2| client hello "Client Hello"; handshake "Server Hello Done"; waiting 0 0; tls ok=false; unused`},
		{"1.2: messages in one record", `
			> $ch12
			< $sh12 160303 000f 0b 000003 000000 0c 000000 0e000000`, `TLS 1.2| client hello "Client Hello"; handshake "Server Hello Done"; waiting 0 0; tls ok=false; unused`},
		{"1.2: a message over two records", `
			> $ch12
			< $sh12 160303 0006 0b 00000a 0000 160303 0008 0000000000000000`, `TLS 1.2| client hello "Client Hello"; handshake "Certificate"; waiting 0 0; tls ok=false; unused`},
		{"1.2: the client's key exchange", `
			> $ch12
			< $sh12 160303 0004 0e000000
			> $cke`, `TLS 1.2| handshake "Client Key Exchange"; handshake "Server Hello Done"; waiting 0 0; tls ok=false; unused`},
		{"1.2: an alert behind records that were cut", `# as captured
			> $ch12
			< snap 90 $sh12 160303+900 160303+333 $shd
			> snap 20 $cke $ccs 160303+40
			< snap 20 160303 00ba 04 0000b6 +182 $ccs 160303+40
			> 150303+26`, `TLS 1.2| goodbye "close_notify"; handshake "New Session Ticket"; waiting 0 0; tls ok=true; unused; guess`},
		{"1.2: an alert in a handshake that was cut", `# as captured
			> $ch12
			< snap 90 $sh12 160303+900 160303+333 $shd
			> snap 20 $cke $ccs 160303+40
			> 150303+26`, `TLS 1.2| alert "encrypted alert"; handshake "Server Hello"; waiting 0 0; tls ok=false; unused; guess`},
		{"1.2: request and response", tls12Hello + `
			> 170303+500
			< 170303+1500`, `TLS 1.2| request "application data"; response "application data"; waiting 0 0; tls ok=true; guess`},
		{"1.2: request unanswered", tls12Hello + `
			> 170303+500`, `TLS 1.2| request "application data"; handshake "Finished"; waiting 1 0; tls ok=true; guess`},
		{"1.2: response cut in a record", tls12Hello + `
			> 170303+500
			< 170303+16408 17030340
			< 18
			< 5*1460`, `TLS 1.2| request "application data"; partial response "application data" open; waiting 0 0; tls ok=true; guess`},
		{"1.2: response ends with a full record", tls12Hello + `
			> 170303+500
			< 170303+16408`, `TLS 1.2| request "application data"; response "application data" likely; waiting 0 0; tls ok=true; guess`},
		{"1.2: close_notify by both", tls12Hello + `
			> 170303+500
			< 170303+1500
			> 150303+26
			< 150303+26`, `TLS 1.2| goodbye "close_notify"; goodbye "close_notify"; waiting 0 0; tls ok=true; guess`},
		{"1.2: server's Finished missing, encrypted alert", `
			> $ch12
			< $sh12 160303+900 $shd
			> $cke $ccs 160303+40
			< 150303+26`, `TLS 1.2| handshake "Finished"; alert "encrypted alert"; waiting 0 0; tls ok=false; unused`},
		{"1.2: HTTP/2 preface alone, SETTINGS, GOAWAY, close_notify", tls12Hello + `
			> 170303+88
			< 170303+57 170303+33
			> 170303+33 170303+41 150303+26`, `TLS 1.2| goodbye "close_notify"; housekeeping "application data"; waiting 0 0; tls ok=true; unused`},
		{"1.2: HTTP/2 preface, then a request", tls12Hello + `
			> 170303+88 170303+120
			< 170303+57 170303+33`, `TLS 1.2| request "application data"; housekeeping "application data"; waiting 1 0; tls ok=true; guess`},
		{"1.3: handshake", tls13Hello, `TLS 1.3| handshake "Finished"; handshake "Server Hello"; waiting 0 0; tls ok=true; unused`},
		{"1.3: tickets are no answer", tls13Hello + `
			> 170303+600
			< 170303+250 170303+250`, `TLS 1.3| request "application data"; handshake "New Session Ticket"; waiting 1 0; tls ok=true; guess`},
		{"1.3: tickets and an answer", tls13Hello + `
			> 170303+600
			< 170303+250 170303+250
			< 170303+1500`, `TLS 1.3| request "application data"; response "application data"; waiting 0 0; tls ok=true; guess`},
		{"1.3: a ticket as long as the server's handshake is no answer", `
			> $ch13
			< $sh13 $ccs 170303+4600
			> $ccs 170303+53 170303+600
			< 170303+4700`, `TLS 1.3| request "application data"; handshake "New Session Ticket"; waiting 1 0; tls ok=true; guess`},
		{"1.3: an answer and no ticket", tls13Hello + `
			> 170303+600
			< 170303+1500`, `TLS 1.3| request "application data"; response "application data"; waiting 0 0; tls ok=true; guess`},
		{"1.3: unused", tls13Hello + `
			< 170303+250 170303+250
			> 170303+19`, `TLS 1.3| goodbye "close_notify"; handshake "New Session Ticket"; waiting 0 0; tls ok=true; unused`},
		{"1.3: no SETTINGS, so no HTTP/2: the preface was a request", tls13Hello + `
			> 170303+93
			< 170303+250 170303+250
			< 170303+19`, `TLS 1.3| request "application data"; goodbye "close_notify"; waiting 1 0; tls ok=true; guess`},
		{"1.3: the server ends it without SETTINGS and close_notify", tls13Hello + `
			> 170303+93
			< fin`, `TLS 1.3| request "application data"; handshake "Server Hello"; waiting 1 0; tls ok=true; guess`},
		{"1.3: unused HTTP/2", tls13Hello + `
			> 170303+81
			< 170303+250 170303+250 170303+57
			> 170303+26 170303+34 170303+19
			< 170303+26 170303+19`, `TLS 1.3| goodbye "close_notify"; goodbye "close_notify"; waiting 0 0; tls ok=true; unused`},
		{"1.3: close_notify by both after an answer", tls13Hello + `
			> 170303+600
			< 170303+250 170303+1500
			> 170303+19
			< 170303+19`, `TLS 1.3| goodbye "close_notify"; goodbye "close_notify"; waiting 0 0; tls ok=true; guess`},
		{"1.3: the server refuses the client behind its Finished", tls13Hello + `
			> 170303+83
			< 170303+19`, `TLS 1.3| request "application data"; alert "encrypted alert"; waiting 0 0; tls ok=true; guess`},
		{"1.3: close_notify behind a ticket", tls13Hello + `
			> 170303+83
			< 170303+250 170303+19`, `TLS 1.3| request "application data"; goodbye "close_notify"; waiting 1 0; tls ok=true; guess`},
		{"1.3: two bytes that were no close_notify", tls13Hello + `
			> 170303+600
			< 170303+250 170303+1500
			> 170303+19
			> 170303+700`, `TLS 1.3| request "application data"; response "application data"; waiting 1 0; tls ok=true; guess`},
		{"1.3: server refuses the client's hello in the handshake", `
			> $ch13
			< $sh13 $ccs 170303+600 170303+19`, `TLS 1.3| client hello "Client Hello"; alert "encrypted alert"; waiting 0 0; tls ok=false; unused`},
		{"1.3: client refuses the certificate", `
			> $ch13
			< $sh13 $ccs 170303+600 170303+53
			> $ccs 170303+19`, `TLS 1.3| alert "encrypted alert"; handshake "Server Hello"; waiting 0 0; tls ok=false; unused`},
		{"1.3: the client pads, unused HTTP/2 but for a request that is answered", `
			> $ch13
			< $sh13 $ccs 170303+600 170303+53
			> $ccs 170303+69 170303+57 170303+48 170303+46
			> 170303+77
			< 170303+56 170303+39 170303+85
			> 170303+42`, `TLS 1.3| housekeeping "application data"; response "application data"; waiting 0 0; tls ok=true; guess`},
		{"1.3: HTTP/2 preface and a request in one record", tls13Hello + `
			> 170303+147
			< 170303+56 170303+39
			> 170303+26`, `TLS 1.3| housekeeping "application data"; housekeeping "application data"; waiting 1 0; tls ok=true; guess`},
		{"1.3: HTTP/2 preface of Firefox", tls13Hello + `
			> 170303+151
			< 170303+56 170303+39
			> 170303+26`, `TLS 1.3| housekeeping "application data"; housekeeping "application data"; waiting 0 0; tls ok=true; unused`},
		{"1.3: the client pads its close_notify", `
			> $ch13
			< $sh13 $ccs 170303+600 170303+53
			> $ccs 170303+69 170303+500
			< 170303+1500
			> 170303+50 170303+35`, `TLS 1.3| goodbye "close_notify"; response "application data"; waiting 0 0; tls ok=true; guess`},
		{"1.3: who does not pad asks with 35 bytes", tls13Hello + `
			> 170303+500
			< 170303+1500
			> 170303+35`, `TLS 1.3| request "application data"; response "application data"; waiting 1 0; tls ok=true; guess`},
		{"1.3: the server pads its close_notify", `
			> $ch13
			< $sh13 $ccs 170303+45 170303+69
			> $ccs 170303+53 170303+500
			< 170303+1500 170303+35`, `TLS 1.3| request "application data"; goodbye "close_notify"; waiting 0 0; tls ok=true; guess`},
		{"1.3: a client that pads refuses the certificate", `
			> $ch13
			< $sh13 $ccs 170303+600 170303+53
			> $ccs 170303+35`, `TLS 1.3| alert "encrypted alert"; handshake "Server Hello"; waiting 0 0; tls ok=false; unused`},
		{"1.3: Hello Retry Request, then nothing", `
			> $ch13
			< $hrr $ccs`, `TLS 1.3| client hello "Client Hello"; handshake "Hello Retry Request"; waiting 0 0; tls ok=false; unused`},
		{"1.3: Hello Retry Request, second hello", `
			> $ch13
			< $hrr $ccs
			> $ccs $ch13`, `TLS 1.3| client hello "Client Hello"; handshake "Hello Retry Request"; waiting 1 0; tls ok=false; unused`},
		{"1.3: client certificate, request, answer", `
			> $ch13
			< $sh13 $ccs 170303+600 170303+53
			> $ccs 170303+900 170303+281 170303+53 170303+400
			< 170303+1200 170303+2000`, `TLS 1.3| request "application data"; response "application data"; waiting 0 0; tls ok=true; guess`},
		{"1.3: Finished shares its record", `
			> $ch13
			< $sh13 $ccs 170303+600 170303+53
			> $ccs 170303+63`, `TLS 1.3| handshake "Finished"; handshake "Server Hello"; waiting 0 0; tls ok=true; unused`},
		{"server speaks first", `
			> $ch13plain
			< $sh13 $ccs 170303+600 170303+300 170303+53
			> $ccs 170303+53
			< 170303+250 170303+250
			< 170303+60`, `TLS 1.3| handshake "Finished"; greeting "application data"; waiting 0 0; tls ok=true; unused`},
		{"QUIT and close_notify at once", tls12Hello + `
			> 170303+500
			< 170303+600
			> 170303+30 150303+26`, `TLS 1.2| goodbye "close_notify"; response "application data"; waiting 0 0; tls ok=true; guess`},
		{"capture begins in a session", `
			# as captured
			< 170303+1400
			> 170303+300
			< 170303+1400
			> 150303+26`, `TLS| goodbye "close_notify"; response "application data"; waiting 0 0; tls ok=true; guess`},
		{"records missing", `
			# as captured` + tls12Hello + `
			> 170303+500
			< 170303+16408
			< lost 16413
			< 3*1460
			< 170303+200
			> 170303+400`, `TLS 1.2| request "application data"; response "application data"; waiting 1 0; tls ok=true; guess`},
		{"client's side alone, 1.3", `
			> $ch13
			> $ccs 170303+53
			> 170303+400
			> 170303+19`, `TLS 1.3| goodbye "close_notify"; none; waiting 0 0; tls ok=true; guess`},
		{"client's side alone, 1.2", `
			> $ch12
			> $cke $ccs 160303+40
			> 170303+400
			> 150303+26`, `TLS 1.2| goodbye "close_notify"; none; waiting 0 0; tls ok=true; guess`},
		{"hello in the form of SSL 2.0", `
			> 802e 01 0301 0015 0000 0010 000000000000000000000000000000000000000000 00000000000000000000000000000000`, `TLS| client hello "Client Hello"; none; waiting 1 0; tls ok=false; unused`},
		{"hello in segments behind snaplen", `
			# as captured
			> snap 60 $ch13
			< snap 60 $sh13 $ccs 170303+600 170303+53
			> snap 60 $ccs 170303+53
			> snap 60 170303+500
			< snap 60 170303+1400`, `TLS 1.3| request "application data"; response "application data"; waiting 0 0; tls ok=true; guess`},
	}.run(t)
}
