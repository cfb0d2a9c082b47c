// Package wire reads TCP segments written as text, so that a test shows the wire to a reader who has no
// Wireshark at hand. The notation follows packetdrill and tcpdump:
//
//	# a request that meets a closed port
//	conn 1 192.0.2.1:40000 > 198.51.100.7:80
//	> iss 1000 ttl 64 ipid 1
//	< iss 90000 ttl 57 ipid 0
//	0.000  > S  0:0(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
//	+0.010 < S. 0:0(0) ack 1 win 65160 <mss 1460>
//	+0.000 > .  1:1(0) ack 1 win 502
//	+0.020 > P. 1:38(37) ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
//	+0.010 < R  1:1(0) ttl 52 ipid 0
//
// # Lines
//
// A "#" outside of a string starts a comment. Three kinds of line are directives:
//
//	conn N [ADDR > ADDR]   names a connection, makes it the current one, and may set its addresses
//	> KEY VALUE …          sets what the originator's segments of the current connection carry by default
//	< KEY VALUE …          the same for the responder
//	start TIME             moment of second 0, RFC 3339 (default 2024-01-01T00:00:00Z)
//	frame N                number of the next frame (default: one more than the last)
//
// Side defaults are iss N, ttl N, win N, ipid N (the first of a running count; 0 stays 0), mac ADDR,
// vlan N, if N, df 0|1, ts N (timestamps on every segment but RSTs, in milliseconds from N, echoing the
// peer's last one). Connection N uses 192.0.2.1 with port 40000+N and 198.51.100.1 with port 80 unless told
// otherwise; ISS is 1000·N for the originator and 500000+1000·N for the responder.
//
// # Segments
//
//	TIME [N]DIRECTION FLAGS SEQ:END(LEN) [KEY VALUE] … [<OPTIONS>] ["PAYLOAD"]
//
// TIME is seconds from the start, or, with +, from the line before. DIRECTION is > from the originator
// or < from the responder; a number before it means that connection instead of the current one. FLAGS
// are F S R P . U E W e (tcpdump's letters; W is CWR, e is AE), or "-" for none. SEQ and END are
// relative to the sender's ISS and "ack N" to the peer's; "=N" is the number itself. END and (LEN) may be left
// out: then the payload decides the length.
//
// Keys: ack N; win N; ttl N; ipid N; mac ADDR; vlan N; if N; df 0|1; hdr N (header length); urg N;
// snap N (captured bytes of data); cut (options cut by the snaplen); rawack N (an ACK field without the ACK
// flag); frame N; copies N is not a key: write the line twice.
//
// Options: mss N, sackOK, sack, wscale N, TS val N ecr N, nop, eol, mptcp, mp_fastclose, mp_tcprst N.
//
// The payload is a Go string literal. Where it is shorter than LEN, the rest is filled with "x"; it must not
// be longer.
//
// # ICMP
//
//	TIME [N]icmp TYPE/CODE from ADDR quotes DIRECTION [syn | flags F] [seq N] [len N] [mtu N] [v6]
//
// is an ICMP error about a segment of the connection in that direction, of which it quotes len bytes
// of the TCP header (default 8).
package wire
