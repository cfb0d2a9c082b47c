package exchange

import "testing"

func TestMQTT(t *testing.T) {
	const open = `
		> 10 [be8 0004 "MQTT" 04 02 003c 0003 "dev"]
		< 20 02 0000
	`
	dialogues{
		{"connect alone", `> 10 [be8 0004 "MQTT" 04 02 003c 0003 "dev"]`, `MQTT| handshake "CONNECT"; none; waiting 1 0; unused`},
		{"connected", open, `MQTT| handshake "CONNECT"; handshake "CONNACK"; waiting 0 0; unused`},
		{"refused", `
			> 10 [be8 0004 "MQTT" 04 02 003c 0003 "dev"]
			< 20 02 0005`, `MQTT| handshake "CONNECT"; refusal "CONNACK: not authorized"; waiting 0 0; unused`},
		{"publish with QoS 0", open + `
			> 30 [be8 0001 "t" "payload"]`, `MQTT| one-way message "PUBLISH"; handshake "CONNACK"; waiting 0 0`},
		{"publish with QoS 1 unanswered", open + `
			> 32 [be8 0001 "t" 0001 "payload"]`, `MQTT| request "PUBLISH"; handshake "CONNACK"; waiting 1 0`},
		{"publish with QoS 2", open + `
			> 34 [be8 0001 "t" 0001 "payload"]
			< 50 02 0001
			> 62 02 0001
			< 70 02 0001`, `MQTT| housekeeping "PUBREL"; response "PUBCOMP"; waiting 0 0`},
		{"ping unanswered", open + `> c000`, `MQTT| housekeeping "PINGREQ"; handshake "CONNACK"; waiting 1 0; pings of 0: 1; unused`},
		{"ping answered", open + `
			> c000
			< d000`, `MQTT| housekeeping "PINGREQ"; housekeeping "PINGRESP"; waiting 0 0; unused`},
		{"disconnect", open + `> e000`, `MQTT| goodbye "DISCONNECT"; handshake "CONNACK"; waiting 0 0; unused`},
		{"a ping behind the disconnect asks nothing", open + `> e000 c000`, `MQTT| goodbye "DISCONNECT"; handshake "CONNACK"; waiting 0 0; unused`},
		{"long publish cut", open + `
			< 30 e807 0001 "t" "payload"`, `MQTT| handshake "CONNECT"; partial response "PUBLISH" open; waiting 0 0; unused`},
	}.run(t)
}

func TestAMQP(t *testing.T) {
	const open = `
		> "AMQP" 00000901
		< 01 0000 [be32 000a 000a 0009] ce
		> 01 0000 [be32 000a 000b 00] ce
		< 01 0000 [be32 000a 001e 00] ce
		> 01 0000 [be32 000a 001f 00] ce 01 0000 [be32 000a 0028 00] ce
		< 01 0000 [be32 000a 0029 00] ce
	`
	dialogues{
		{"header alone", `> "AMQP" 00000901`, `AMQP 0-9-1| handshake "protocol header"; none; waiting 1 0; unused`},
		{"opened", open, `AMQP 0-9-1| handshake "handshake"; handshake "handshake"; waiting 0 0; unused`},
		{"queue declare unanswered", open + `
			> 01 0001 [be32 0032 000a 00] ce`, `AMQP 0-9-1| request "method"; handshake "handshake"; waiting 1 0`},
		{"publish wants no answer", open + `
			> 01 0001 [be32 003c 0028 00] ce 02 0001 [be32 003c0000] ce 03 0001 [be32 "body"] ce`, `AMQP 0-9-1| request "Basic"; handshake "handshake"; waiting 0 0`},
		{"heartbeat", open + `
			< 08 0000 00000000 ce`, `AMQP 0-9-1| handshake "handshake"; housekeeping "heartbeat"; waiting 0 0; unused`},
		{"closed", open + `
			> 01 0000 [be32 000a 0032 00] ce
			< 01 0000 [be32 000a 0033] ce`, `AMQP 0-9-1| goodbye "Connection.Close"; goodbye "Connection.Close"; waiting 0 0; unused`},
		{"1.0", `
			> "AMQP" 00010000
			< "AMQP" 00010000
			> [be32+4 02 00 0000 00 53 10 c0]
			< [be32+4 02 00 0000 00 53 10 c0]
			> [be32+4 02 00 0000]
			> [be32+4 02 00 0000 00 53 18 c0]`, `AMQP 1.0| goodbye "Close"; handshake "handshake"; waiting 0 0; unused`},
	}.run(t)
}

func TestNATS(t *testing.T) {
	const open = `
		< "INFO {\"server_id\":\"x\"}\r\n"
		> "CONNECT {\"verbose\":false}\r\nPING\r\n"
		< "PONG\r\n"
	`
	dialogues{
		{"opened", open, `NATS| request "PING"; response "PONG"; waiting 0 0`},
		{"connect not answered", `
			< "INFO {\"server_id\":\"x\"}\r\n"
			> "CONNECT {\"verbose\":false}\r\nPING\r\n"`, `NATS| request "PING"; greeting "INFO"; waiting 1 0`},
		{"later ping", open + `
			> "PING\r\n"`, `NATS| housekeeping "PING"; response "PONG"; waiting 1 0; pings of 0: 1`},
		{"published", open + `
			> "PUB subject 5\r\nhello\r\n"`, `NATS| request "PUB"; response "PONG"; waiting 0 0`},
		{"message cut", open + `
			> "SUB subject 1\r\n"
			< "MSG subject 1 5\r\nhe"`, `NATS| housekeeping "SUB"; partial response "MSG" open; waiting 0 0`},
		{"refused", open + `
			< "-ERR 'Authorization Violation'\r\n"`, `NATS| request "PING"; refusal "-ERR 'Authorization Violation'"; waiting 0 0`},
		{"ping of the server unanswered", open + `
			< "PING\r\n"`, `NATS| request "PING"; housekeeping "PING"; waiting 0 1; pings of 1: 1`},
	}.run(t)
}

func TestSSH(t *testing.T) {
	const open = `
		< "SSH-2.0-OpenSSH_9.6\r\n"
		> "SSH-2.0-OpenSSH_9.7\r\n"
		> [be32 04 14 "key exchange init" 00000000]
		< [be32 04 14 "key exchange init" 00000000]
		> [be32 04 1e "key" 00000000]
		< [be32 04 1f "reply" 00000000] [be32 0a 15 00000000000000000000]
		> [be32 0a 15 00000000000000000000]
	`
	dialogues{
		{"greeting alone", `< "SSH-2.0-OpenSSH_9.6\r\n"`, `SSH| none; greeting "SSH-2.0-OpenSSH_9.6"; waiting 0 0; unused`},
		{"turned away, and the text cut", `
			> "SSH-2.0-OpenSSH_9.6\r\n"
			< snap 4 "Exceeded MaxStartups\r\n"`, `SSH| handshake "SSH-2.0-OpenSSH_9.6"; refusal "Exce…"; waiting 0 0; unused; guess`},
		{"turned away", `< "Exceeded MaxStartups\r\n"`, `SSH| none; refusal "Exceeded MaxStartups"; waiting 0 0; unused`},
		{"in the key exchange", `
			< "SSH-2.0-OpenSSH_9.6\r\n"
			> "SSH-2.0-OpenSSH_9.7\r\n"
			> [be32 04 14 "key exchange init" 00000000]`, `SSH| handshake "key exchange"; greeting "SSH-2.0-OpenSSH_9.6"; waiting 0 0; unused`},
		{"disconnect in clear", `
			< "SSH-2.0-OpenSSH_9.6\r\n"
			> "SSH-2.0-OpenSSH_9.7\r\n"
			> [be32 04 01 "too many" 00000000]`, `SSH| goodbye "disconnect"; greeting "SSH-2.0-OpenSSH_9.6"; waiting 0 0; unused`},
		{"keystroke answered", open + `
			> 0102030405060708
			< 0102030405060708`, `SSH| request; response; waiting 0 0; guess`},
		{"keystroke unanswered", open + `
			> 0102030405060708`, `SSH| request; handshake "key exchange"; waiting 1 0; guess`},
		{"left at once", open + `
			> 0102030405060708
			< 0102030405060708
			> 0102030405060708
			> fin`, `SSH| goodbye; response; waiting 0 0; guess`},
	}.run(t)
}

func TestTPKT(t *testing.T) {
	const open = `
		> 0300 [be16+4 11 e0 0000 0001 00 c1020100 c2020102 c0010a]
		< 0300 [be16+4 11 d0 0001 0001 00 c1020100 c2020102 c0010a]
	`
	dialogues{
		{"opened", open, `TPKT| handshake "connection request"; handshake "connection confirm"; waiting 0 0; unused`},
		{"S7 job", open + `
			> 0300 [be16+4 02 f0 80 32 01 0000 0000 0008 0000 f00000010001 01e0]`, `TPKT| request "S7 job"; handshake "connection confirm"; waiting 1 0`},
		{"S7 job answered", open + `
			> 0300 [be16+4 02 f0 80 32 01 0000 0000 0008 0000 f00000010001 01e0]
			< 0300 [be16+4 02 f0 80 32 03 0000 0000 0008 0000 0000 f00000010001 00f0]`, `TPKT| request "S7 job"; response "S7 ack"; waiting 0 0`},
		{"S7 plus", open + `
			> 0300 [be16+4 02 f0 80 72 01 0010 31 0000 04ca 0000 0001]
			< 0300 [be16+4 02 f0 80 72 01 0010 32 0000 04ca 0000 0001]`, `TPKT| request "S7 plus request"; response "S7 plus response"; waiting 0 0`},
		{"fragments", open + `
			> 0300 [be16+4 02 f0 00 "MMS begins"]`, `TPKT| request "DATA"; handshake "connection confirm"; waiting 1 0; guess`},
		{"RDP disconnect", open + `
			> 0300 [be16+4 02 f0 80 64 00 06 03 ec 70]
			> 0300 [be16+4 02 f0 80 21 80]`, `TPKT| goodbye "MCS Disconnect Provider Ultimatum"; handshake "connection confirm"; waiting 0 0; guess`},
		{"disconnect", open + `
			> 0300 [be16+4 06 80 0001 0001 00]`, `TPKT| goodbye "disconnect request"; handshake "connection confirm"; waiting 0 0; unused`},
		{"RDP goes on in TLS", open + `
			> $ch13plain`, `TLS| client hello "Client Hello"; handshake "connection confirm"; waiting 1 0; tls ok=false; unused`},
	}.run(t)
}

func TestOPCUA(t *testing.T) {
	const open = `
		> "HELF" [le32+8 00000000 ffff0000 ffff0000 00000000 00000000 ffffffff]
		< "ACKF" [le32+8 00000000 ffff0000 ffff0000 00000000 00000000]
		> "OPNF" [le32+8 00000000 "security and the request"]
		< "OPNF" [le32+8 01000000 "security and the response"]
	`
	dialogues{
		{"hello alone", `> "HELF" [le32+8 00000000 ffff0000 ffff0000 00000000 00000000 ffffffff]`, `OPC UA| handshake "Hello"; none; waiting 1 0; unused`},
		{"refused", `
			> "HELF" [le32+8 00000000 ffff0000 ffff0000 00000000 00000000 ffffffff]
			< "ERRF" [le32+8 00008080 00000000]`, `OPC UA| handshake "Hello"; refusal "Error"; waiting 0 0; unused`},
		{"opened", open, `OPC UA| handshake "OpenSecureChannel"; handshake "OpenSecureChannel"; waiting 0 0; unused`},
		{"session request unanswered", open + `
			> "MSGF" [le32+8 01000000 01000000 02000000 02000000 0100cd01 "the request"]`, `OPC UA| request "CreateSession"; handshake "OpenSecureChannel"; waiting 1 0`},
		{"read answered", open + `
			> "MSGF" [le32+8 01000000 01000000 02000000 02000000 01007702 "the request"]
			< "MSGF" [le32+8 01000000 01000000 02000000 02000000 01007a02 "the response"]`, `OPC UA| request "Read"; response "Read"; waiting 0 0`},
		{"answer in chunks, cut", open + `
			> "MSGF" [le32+8 01000000 01000000 02000000 02000000 01007702 "the request"]
			< "MSGC" [le32+8 01000000 01000000 02000000 02000000 01007a02 "the response"]`, `OPC UA| request "Read"; partial response "Read"; waiting 0 0`},
		{"publish waits by design", open + `
			> "MSGF" [le32+8 01000000 01000000 02000000 02000000 01003a03 "the request"]`, `OPC UA| request "Publish"; handshake "OpenSecureChannel"; waiting 0 0`},
		{"closed", open + `
			> "CLOF" [le32+8 01000000 01000000 02000000 02000000 0100c401 "the request"]`, `OPC UA| goodbye "CloseSecureChannel"; handshake "OpenSecureChannel"; waiting 0 0; unused`},
	}.run(t)
}

func TestIndustrial(t *testing.T) {
	dialogues{
		{"Modbus read unanswered", `
			> 0001 0000 [be16 01 03 0000 000a]`, `Modbus| request "function 3"; none; waiting 1 0`},
		{"Modbus read answered", `
			> 0001 0000 [be16 01 03 0000 0001]
			< 0001 0000 [be16 01 03 02 1234]`, `Modbus| request "function 3"; response "function 3"; waiting 0 0`},
		{"ADS read state", `
			> 0000 [le32 c0a800010101 5203 c0a800020101 8000 0400 0400 00000000 00000000 01000000]
			< 0000 [le32 c0a800020101 8000 c0a800010101 5203 0400 0500 08000000 00000000 01000000 0000000005000000]`, `ADS| request "ReadState"; response "ReadState"; waiting 0 0`},
		{"ADS notification", `
			> 0000 [le32 c0a800010101 5203 c0a800020101 8000 0400 0400 00000000 00000000 01000000]
			< 0000 [le32 c0a800020101 8000 c0a800010101 5203 0400 0500 08000000 00000000 01000000 0000000005000000]
			< 0000 [le32 c0a800020101 8000 c0a800010101 5203 0800 0400 04000000 00000000 01000000 00000000]`, `ADS| request "ReadState"; housekeeping "Notification"; waiting 0 0`},
	}.run(t)
}

func TestRouting(t *testing.T) {
	const marker = `ffffffffffffffffffffffffffffffff`
	dialogues{
		{"BGP opened", `
			> ` + marker + ` [be16+18 01 04 fc00 00b4 0a000001 00]
			< ` + marker + ` [be16+18 01 04 fc01 00b4 0a000002 00] ` + marker + ` [be16+18 04]
			> ` + marker + ` [be16+18 04]`, `BGP| housekeeping "KEEPALIVE"; housekeeping "KEEPALIVE"; waiting 0 0; unused`},
		{"BGP open unanswered", `
			> ` + marker + ` [be16+18 01 04 fc00 00b4 0a000001 00]`, `BGP| handshake "OPEN"; none; waiting 1 0; unused`},
		{"BGP collision", `
			> ` + marker + ` [be16+18 01 04 fc00 00b4 0a000001 00]
			< ` + marker + ` [be16+18 03 06 07]`, `BGP| handshake "OPEN"; goodbye "NOTIFICATION"; waiting 0 0; unused`},
		{"LDP keep-alives", `
			> 0001 [be16 0a000001 0000 0200 [be16 00000001 0500 000e 0001 00b4 00 00 0000 0a000002 0000]]
			< 0001 [be16 0a000002 0000 0201 [be16 00000001]]`, `LDP| handshake "initialization"; housekeeping "keep-alive"; waiting 0 0; unused`},
		{"MSDP keep-alives", `
			> 040003
			< 040003`, `MSDP| housekeeping "keep-alive"; housekeeping "keep-alive"; waiting 0 0; unused`},
		{"OpenFlow: the controller asks", `
			> 04 00 [be16+4 00000001 0001 0008 00000010]
			< 04 00 [be16+4 00000001 0001 0008 00000010] 04 05 [be16+4 00000002]`, `OpenFlow| handshake "HELLO"; request "request"; waiting 0 1; unused`},
		{"OpenFlow: version refused", `
			> 04 00 [be16+4 00000001 0001 0008 00000010]
			< 01 00 [be16+4 00000001]
			> 04 01 [be16+4 00000001 0000 0000 "incompatible"]`, `OpenFlow| refusal "ERROR"; handshake "HELLO"; waiting 0 0; unused`},
		{"OpenFlow: echo", `
			> 01 00 [be16+4 00000001]
			< 01 00 [be16+4 00000001]
			> 01 02 [be16+4 00000002]`, `OpenFlow| housekeeping "ECHO_REQUEST"; handshake "HELLO"; waiting 1 0; pings of 0: 1; unused`},
	}.run(t)
}

func TestSmall(t *testing.T) {
	dialogues{
		{"DNS query unanswered", `
			> [be16 1234 0100 0001 0000 0000 0000 07 "example" 03 "com" 00 0001 0001]`, `DNS| request "query"; none; waiting 1 0`},
		{"DNS transfer, an answer cut", `
			> [be16 1234 0100 0001 0000 0000 0000 07 "example" 03 "com" 00 00fc 0001]
			< 0400 1234 8400 0001 0005 0000 0000 07 "example" 03 "com" 00 00fc 0001`, `DNS| request "query"; partial response "response" open; waiting 0 0`},
		{"STUN", `
			> 0001 [be16-16 2112a442 000102030405060708090a0b]
			< 0101 [be16-16 2112a442 000102030405060708090a0b]`, `STUN| request "STUN request"; response "STUN success"; waiting 0 0`},
		{"STUN in frames", `
			> [be16 0001 [be16-16 2112a442 000102030405060708090a0b]]
			< [be16 0101 [be16-16 2112a442 000102030405060708090a0b]]`, `STUN| request "STUN request"; response "STUN success"; waiting 0 0`},
		{"Telnet", `
			< fffd18 fffd20
			> fffb18 fffc20
			< "login: "
			> "root\r\n"`, `Telnet| request "text message"; response "text message"; waiting 1 0; guess`},
		{"Telnet subnegotiation", `
			< fffd18 fffd20
			< fffa18 01 fff0 "login: "`, `Telnet| none; response "text message"; waiting 0 0; unused`},
	}.run(t)
}

func TestOpenVPN(t *testing.T) {
	dialogues{
		{"reset unanswered", `
			> [be16 38 0102030405060708 00 00000000]`, `OpenVPN| handshake "hard reset"; none; waiting 1 0; unused`},
		{"in the tunnel", `
			> [be16 38 0102030405060708 00 00000000]
			< [be16 40 0807060504030201 01 00000000 0102030405060708 00000000]
			> [be16 28 0102030405060708 01 00000000 0807060504030201]
			> [be16 20 0102030405060708 00 00000001 "client hello"]
			< [be16 20 0807060504030201 00 00000001 "server hello"]
			> [be16 48 000000 "sealed"]`, `OpenVPN| housekeeping "tunnelled packet"; handshake "control"; waiting 0 0`},
	}.run(t)
}

func TestProxies(t *testing.T) {
	dialogues{
		{"PROXY 1, then HTTP", `
			> "PROXY TCP4 192.0.2.1 192.0.2.2 4711 80\r\nGET /a HTTP/1.1\r\nHost: example.com\r\n\r\n"
			< "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"`, `HTTP/1.1| request "GET /a"; response "HTTP/1.1 200 OK"; waiting 0 0`},
		{"PROXY 2, then SMTP", `
			> "\r\n\r\n\x00\r\nQUIT\n" 21 11 [be16 c0000201 c0000202 1234 0019]
			< "220 mail ESMTP\r\n"`, `SMTP| handshake "PROXY"; greeting "220 mail ESMTP"; waiting 0 0; unused`},
		{"SOCKS 5, then TLS", `
			> 05 01 00
			< 05 00
			> 05 01 00 03 [be8 "example.com"] 01bb
			< 05 00 00 01 00000000 0000
			> $ch13plain`, `TLS| client hello "Client Hello"; response "connected"; waiting 1 0; tls ok=false; unused`},
		{"SOCKS 5 refused", `
			> 05 01 00
			< 05 00
			> 05 01 00 03 [be8 "example.com"] 01bb
			< 05 05 00 01 00000000 0000`, `SOCKS5| request "CONNECT example.com:443"; refusal "refused"; waiting 0 0`},
		{"SOCKS 5 with a password", `
			> 05 02 00 02
			< 05 02
			> 01 [be8 "user"] [be8 "secret"]
			< 01 00
			> 05 01 00 01 c0000201 0050`, `SOCKS5| request "CONNECT"; handshake "method"; waiting 1 0`},
		{"SOCKS 4a", `
			> 04 01 01bb 00000001 "user" 00 "example.com" 00
			< 00 5a 0000 00000000
			> $ch13plain`, `TLS| client hello "Client Hello"; response "connected"; waiting 1 0; tls ok=false; unused`},
	}.run(t)
}

func TestRTSPAndSIP(t *testing.T) {
	dialogues{
		{"RTSP with media between", `
			> "OPTIONS rtsp://192.0.2.1/a RTSP/1.0\r\nCSeq: 1\r\n\r\n"
			< "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"
			> "PLAY rtsp://192.0.2.1/a RTSP/1.0\r\nCSeq: 2\r\n\r\n"
			< "$" 00 [be16 "media"] "RTSP/1.0 200 OK\r\nCSeq: 2\r\n\r\n" "$" 00 [be16 "media"]`, `RTSP| request "PLAY rtsp://192.0.2.1/a"; response "RTSP/1.0 200 OK"; waiting 0 0`},
		{"RTSP unanswered", `
			> "GET_PARAMETER rtsp://u:p@192.0.2.1/a RTSP/1.0\r\nCSeq: 1\r\n\r\n"`, `RTSP| request "GET_PARAMETER rtsp://192.0.2.1/a"; none; waiting 1 0`},
		{"SIP, a request of the responder", `
			> "REGISTER sip:example.com SIP/2.0\r\nl: 0\r\n\r\n"
			< "SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"
			< "OPTIONS sip:a@example.com SIP/2.0\r\nContent-Length: 0\r\n\r\n"`, `SIP| request "REGISTER sip:example.com"; request "OPTIONS sip:a@example.com"; waiting 0 1`},
	}.run(t)
}

func TestOpaque(t *testing.T) {
	dialogues{
		{"asked and answered", `
			> 99 "what"
			< 98 "that"`, `| opaque; opaque; waiting 0 0; guess`},
		{"unanswered", `
			> 99 "what"`, `| opaque; none; waiting 1 0; guess`},
		{"responder first", `
			< 98 "hello"`, `| none; opaque; waiting 0 0; unused; guess`},
		{"answered, and asked again", `
			> 99 "what"
			< 98 "that"
			> 99 "what"`, `| opaque; opaque; waiting 1 0; guess`},
		{"a stream that is not answered", `
			> 99 "one"
			wait 10s
			> 99 "two"
			wait 10s
			> 99 "three"
			wait 10s
			> 99 "four"`, `| opaque; none; waiting 0 0; guess`},
		{"TLS after something unknown", `
			# as captured
			> 99 "start"
			< 98 "go on, I am listening"
			> $ch13plain
			< $sh13`, `TLS 1.3| client hello "Client Hello"; handshake "Server Hello"; waiting 0 0; tls ok=false; unused`},
		{"one byte that could be anything", `
			> 16
			< 98 "that"`, `| opaque; opaque; waiting 0 0; guess`},
	}.run(t)
}
