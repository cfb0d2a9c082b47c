package claims

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The captures that most cases use.
const (
	// A request that is not answered; the server aborts, and the client sends on.
	aborted = `
0   > S  100 ws=7 ts=10/0
10  < SA 500 101 ws=7 ts=900/10
20  > A  101 501 ts=11/900
30  > PA 101 501 ts=12/900 data=GET_/_HTTP/1.1~~
40  < A  501 119 ts=901/12
500 < RA 501 119 ts=950/12 win=0
501 > PA 119 501 ts=13/901 len=10
510 < R  501 win=0
700 > PA 119 501 ts=14/901 len=10`

	// The server closes; data of the client arrives afterwards, and the RST answers it.
	closed = `
0   > S  100
10  < SA 500 101
20  > A  101 501
30  > PA 101 501 data=GET_/a_HTTP/1.1~~
40  < PA 501 120 data=HTTP/1.1_200_OK~Content-Length:_2~~ok
50  > A  120 540
5000 < FA 540 120 ttl=64
5010 > PA 120 540 len=30
5020 > A  150 541
5030 < R  540`

	// Housekeeping of the server follows a request; it aborts without a response.
	pushed = `
0   > S  100
10  < SA 500 101
20  > A  101 501
30  > PA 101 501 len=40
40  < PA 501 141 len=9
50  > PA 141 510 len=9
60  < A  510 150
70  < RA 510 150`

	// A file is sent on a data connection of FTP; the client leaves, and both connections are reset.
	ftp = `
0  > S  100 dp=21
1  < SA 500 101 sp=21
2  < PA 501 101 sp=21 data=229_Entering_Extended_Passive_Mode_(|||80|)~
3  > PA 101 548 dp=21 data=RETR_f~
4  < PA 548 109 sp=21 data=150_Opening_connection_for_f_(900_bytes).~
5  > S  900 dp=80
6  < SA 500 901 sp=80
7  > A  901 501 dp=80
8  < PA 501 901 sp=80 len=50
20 > FA 901 551 dp=80
21 > R  902 dp=80
22 > RA 109 590 dp=21`

	// The same, with the control connection on port 80.
	ftpControl = `
0  > S  100
1  < SA 500 101
2  < PA 501 101 data=229_Entering_Extended_Passive_Mode_(|||50006|)~
3  > PA 101 548 data=RETR_f~
4  < PA 548 109 data=150_Opening_connection_for_f_(900_bytes).~
5  > S  900 dp=50006
6  < SA 500 901 sp=50006
7  > A  901 501 dp=50006
8  < PA 501 901 sp=50006 len=50
20 > FA 901 551 dp=50006
21 > R  902 dp=50006
22 > RA 109 590`

	// A SYN is refused.
	refused = `
0  > S  100 ws=7
1000 > S 100 ws=7
1005 < RA 0 101 ttl=60
1010 > S 100 ws=7`

	// Data is sent three times and never acknowledged; then the sender gives up.
	lost = `
0    > S  100
10   < SA 500 101
20   > A  101 501
25   > PA 101 501 len=10
26   < A  501 111
30   > PA 111 501 len=50
230  > PA 111 501 len=50
240  < A  501 111
630  > PA 111 501 len=50
5000 > RA 161 501`

	// Keep-alive probes of the client, unanswered.
	probed = `
0     > S  100
10    < SA 500 101
20    > A  101 501
10000 > A  100 501
20000 > A  100 501
30000 > A  100 501
40000 > RA 101 501`
)

// traced is the trace that a kernel could have made of closed.
const traced = `
 x-1 [000] ..s1. 5.030: tcp_send_reset: skbaddr=01 skaddr=02 src=RESPONDER dest=ORIGINATOR state=TCP_CLOSE reason=TCP_ABORT_ON_DATA
 x-1 [000] ..s1. 5.031: tcp_receive_reset: family=AF_INET ORIGINATOR_SOCKET sock_cookie=1
 x-1 [000] ..s1. 5.012: tcp_retransmit_skb: skbaddr=03 skaddr=02 family=AF_INET ORIGINATOR_SOCKET state=TCP_ESTABLISHED err=0
 x-1 [000] ..s1. 5.018: tcp_retransmit_skb: skbaddr=03 skaddr=02 family=AF_INET ORIGINATOR_SOCKET state=TCP_ESTABLISHED err=0`

// withTrace gives a capture a trace, with the addresses of its first connection.
func withTrace(c *Capture, text string) *Capture {
	if text == "" {
		return c
	}
	p := c.Packets[0]
	socket := fmt.Sprintf("sport=%d dport=%d saddr=%v daddr=%v", p.Src.Port(), p.Dst.Port(), p.Src.Addr(), p.Dst.Addr())
	c.Trace = strings.Split(strings.NewReplacer("ORIGINATOR_SOCKET", socket, "ORIGINATOR", p.Src.String(), "RESPONDER", p.Dst.String()).Replace(text), "\n")
	return c
}

// Each kind has a claim that is true, and one that is not.
var kindCases = []struct {
	script string
	frame  int // of the RST
	yes    string
	no     string
	other  string // the script of no, when it is another
	trace  string // of a kernel
}{
	{script: closed, frame: 10, yes: `{"claim":"reply-to","side":"responder","frames":[8,10],"values":{"what":"data","bytes":30,"span_ns":20000000}}`, no: `{"claim":"reply-to","side":"responder","frames":[9,10],"values":{"what":"ack"}}`},
	{script: refused, frame: 3, yes: `{"claim":"reply-to","side":"responder","frames":[2,3],"values":{"what":"syn"}}`, no: `{"claim":"reply-to","side":"responder","frames":[3,4],"values":{"what":"syn"}}`},
	{script: "0 > A 100 700\n5 < R 701", frame: 2, yes: `{"claim":"reply-unseen","side":"responder"}`, no: `{"claim":"reply-unseen","side":"responder"}`, other: "0 > A 100 701\n5 < R 701"},
	{script: "0 > PA 100 700 len=5\n5 < RA 700 105", frame: 2, yes: `{"claim":"echoes-both","side":"responder","frames":[1,2],"values":{"what":"data","bytes":5}}`, no: `{"claim":"echoes-both","side":"responder","frames":[1,2],"values":{"what":"data","bytes":5}}`, other: "0 > PA 100 700 len=5\n5 < RA 700 100"},
	{script: aborted, frame: 6, yes: `{"claim":"abort","side":"responder"}`, no: `{"claim":"abort","side":"responder"}`, other: "0 > A 100 700\n1 < PA 700 100 len=9\n2 > A 100 709\n3 < R 700\n4 > A 9 9\n5 < RA 700 9"},
	{script: "0 > A 100 700\n1 < PA 700 100 len=9\n2 > A 100 709\n5 < R 709", frame: 4, yes: `{"claim":"reply-or-abort","side":"responder"}`, no: `{"claim":"reply-or-abort","side":"responder"}`, other: "0 > A 100 700\n1 < PA 700 100 len=9\n2 > A 100 709\n5 < RA 709 100"},
	{script: "0 > A 100 700\n1 < PA 700 100 len=9\n5 < RA 700 100", frame: 3, yes: `{"claim":"abort-offset","side":"responder","values":{"bytes":-9}}`, no: `{"claim":"abort-offset","side":"responder","values":{"bytes":9}}`},
	{script: "0 > A 100 700\n5 < RA 700 100", frame: 2, yes: `{"claim":"abort-alone","side":"responder"}`, no: `{"claim":"abort-alone","side":"responder"}`, other: "0 > A 100 700\n1 < PA 700 100 len=9\n5 < RA 709 100"},
	{script: "0 > A 100 700\n1 < PA 700 100 len=9\n5 < R 703", frame: 3, yes: `{"claim":"seq-not-next","side":"responder","frames":[2,3],"values":{"bytes":-6}}`, no: `{"claim":"seq-not-next","side":"responder","frames":[2,3],"values":{"bytes":3}}`},
	{script: "0 > A 100 700\n1 < PA 700 100 len=9\n5 < R 709", frame: 3, yes: `{"claim":"reply-or-abort","side":"responder","frames":[2,3]}`, no: `{"claim":"reply-or-abort","side":"responder","frames":[2,3]}`, other: "0 > A 100 700\n1 < PA 700 100 len=9\n5 < R 703"},
	{script: "0 > S 100\n5 < RA 0 105", frame: 2, yes: `{"claim":"refusal-offset","side":"responder","frames":[1],"values":{"bytes":4,"span_ns":5000000}}`, no: `{"claim":"refusal-offset","side":"responder","frames":[1],"values":{"bytes":5}}`},
	{script: "0 > A 100 700 ts=5/6\n5 < R 700 ts=7/9", frame: 2, yes: `{"claim":"wrong-echo","side":"responder","values":{"number":9,"expected":5}}`, no: `{"claim":"wrong-echo","side":"responder","values":{"number":5,"expected":5}}`},

	{script: refused, frame: 3, yes: `{"claim":"syn","side":"originator","frames":[1,2],"values":{"count":2,"number":100,"text":"10.0.0.2:80"}}`, no: `{"claim":"syn","side":"originator","frames":[1,2],"values":{"count":3}}`},
	{script: closed, frame: 10, yes: `{"claim":"syn-ack","side":"responder","frames":[2],"values":{"span_ns":10000000}}`, no: `{"claim":"syn-ack","side":"responder","frames":[5]}`},
	{script: "0 > S 100\n5 < SA 500 101 win=0\n10 > A 101 501\n20 < RA 501 101", frame: 4, yes: `{"claim":"proxy-syn-ack","side":"responder","frames":[2]}`, no: `{"claim":"proxy-syn-ack","side":"responder","frames":[4]}`},
	{script: closed, frame: 10, yes: `{"claim":"handshake","side":"originator","frames":[3]}`, no: `{"claim":"handshake","side":"originator","frames":[4]}`},
	{script: "0 > S 100\n5 < SA 500 909\n6 > R 909", frame: 3, yes: `{"claim":"bad-ack","side":"originator","frames":[2],"values":{"number":909,"expected":101}}`, no: `{"claim":"bad-ack","side":"originator","frames":[2],"values":{"number":909,"expected":909}}`},
	{script: "0 > S 100 win=31337\n5 < RA 0 101", frame: 2, yes: `{"claim":"odd-syn","side":"originator","frames":[1],"values":{"number":31337}}`, no: `{"claim":"odd-syn","side":"originator","frames":[1],"values":{"count":1,"number":31337}}`},
	{script: "0 > S 100\n5 < A 500 909\n6 > R 909", frame: 3, yes: `{"claim":"other-ack","side":"responder","frames":[2],"values":{"number":909,"expected":101}}`, no: `{"claim":"other-ack","side":"responder","frames":[2],"values":{"number":101,"expected":101}}`, other: "0 > S 100\n5 < A 500 101\n6 > R 101"},
	{script: refused, frame: 3, yes: `{"claim":"syn-again","side":"originator","frames":[4],"values":{"span_ns":5000000}}`, no: `{"claim":"syn-again","side":"originator","frames":[2]}`},
	{script: refused, frame: 3, yes: `{"claim":"no-syn-ack","side":"responder"}`, no: `{"claim":"no-syn-ack","side":"responder"}`, other: "0 > S 100\n1 < SA 500 101\n2 < RA 501 101"},
	{script: "0 > S 100\n1 < RA 0 101\n2 < SA 500 101\n3 > A 101 501", frame: 2, yes: `{"claim":"opened-after","side":"originator","frames":[2,4],"values":{"span_ns":2000000}}`, no: `{"claim":"opened-after","side":"originator","frames":[2,4]}`, other: "0 > S 100\n1 < RA 0 101\n2 < A 500 101\n3 > A 101 501"},
	{script: "0 > A 100 700\n5 < R 700", frame: 2, yes: `{"claim":"no-handshake","frames":[1]}`, no: `{"claim":"no-handshake","frames":[1]}`, other: "0 > S 100\n5 < RA 0 101"},
	{script: "0 > A 100 700\n5 < R 700", frame: 2, yes: `{"claim":"roles-guessed","frames":[1]}`, no: `{"claim":"roles-guessed","frames":[1]}`, other: "0 > S 100\n5 < RA 0 101"},
	{script: "0 < A 700 100 ts=50/10\n1 > R 100\n9 < A 700 100 ts=59/18\n20 < A 700 100 ts=70/29", frame: 2, yes: `{"claim":"echo-moves","side":"responder","frames":[3,4],"values":{"span_ns":19000000}}`, no: `{"claim":"echo-moves","side":"responder","frames":[3,4],"values":{"span_ns":19000000}}`, other: "0 < A 700 100 ts=50/10\n1 > R 100\n9 < A 700 100 ts=59/18\n20 < A 700 100 ts=70/18"},
	{script: "0 > A 100 700\n1 < A 700 150\n2 < RA 700 150", frame: 3, yes: `{"claim":"acked-unseen","side":"originator","frames":[2],"values":{"bytes":50}}`, no: `{"claim":"acked-unseen","side":"originator","frames":[2],"values":{"bytes":51}}`},

	{script: lost, frame: 10, yes: `{"claim":"first-sent","side":"originator","frames":[6],"values":{"what":"data","bytes":50}}`, no: `{"claim":"first-sent","side":"originator","frames":[7],"values":{"what":"data","bytes":50}}`},
	{script: lost, frame: 10, yes: `{"claim":"retransmitted","side":"originator","frames":[7,9],"values":{"what":"data","count":2,"span_ns":600000000}}`, no: `{"claim":"retransmitted","side":"originator","frames":[6,9],"values":{"what":"data","count":3}}`},
	{script: lost, frame: 10, yes: `{"claim":"unacked","side":"originator","frames":[9],"from":6,"until":10}`, no: `{"claim":"unacked","side":"originator","frames":[4],"from":4,"until":10}`},
	{script: lost, frame: 10, yes: `{"claim":"peer-heard","side":"originator","frames":[8,9]}`, no: `{"claim":"peer-heard","side":"originator","frames":[4,5]}`},
	{script: lost, frame: 10, yes: `{"claim":"silent","side":"responder","from":8,"until":10,"values":{"span_ns":4760000000}}`, no: `{"claim":"silent","side":"responder","from":6,"until":10}`},
	{script: "0 > PA 100 700 len=5\n1 < A 700 105\n2 > PA 100 700 len=5\n3 < A 700 105\n4 > RA 105 700", frame: 5, yes: `{"claim":"acked-each-time","side":"originator","frames":[3]}`, no: `{"claim":"acked-each-time","side":"originator","frames":[3]}`, other: "0 > PA 100 700 len=5\n1 < A 700 100\n2 > PA 100 700 len=5\n3 < A 700 105\n4 > RA 105 700"},
	{script: "0 > PA 100 700 len=5 ts=10/90\n1 < A 700 105 ts=91/10\n2 > PA 100 700 len=5 ts=12/90\n3 < A 700 105 ts=93/12\n4 > RA 105 700 ts=14/90", frame: 5, yes: `{"claim":"echo-unmoved","side":"originator","frames":[1,3,5]}`, no: `{"claim":"echo-unmoved","side":"originator","frames":[1,3,5]}`, other: "0 > PA 100 700 len=5 ts=10/90\n1 < A 700 105 ts=90/10\n2 > PA 100 700 len=5 ts=12/90\n3 < A 700 105 ts=90/12\n4 > RA 105 700 ts=14/90"},
	{script: probed, frame: 7, yes: `{"claim":"keep-alive-probes","side":"originator","frames":[4,5,6],"values":{"count":3,"every_ns":10000000000}}`, no: `{"claim":"keep-alive-probes","side":"originator","frames":[3,4,5,6],"values":{"count":4}}`},
	{script: "0 > A 100 700 win=0\n1 < PA 700 100 len=1\n9 < R 701", frame: 3, yes: `{"claim":"window-probes","side":"responder","frames":[2],"values":{"count":1}}`, no: `{"claim":"window-probes","side":"responder","frames":[2],"values":{"count":1}}`, other: "0 > A 100 700 win=9\n1 < PA 700 100 len=1\n9 < R 701"},
	{script: "0 > A 100 700 win=0\n1 < PA 700 100 len=1\n2 > A 100 700 win=0\n9 < RA 701 100", frame: 4, yes: `{"claim":"probes-answered","side":"originator","frames":[3]}`, no: `{"claim":"probes-answered","side":"originator","frames":[1]}`},
	{script: "0 > A 100 700 win=0\n1 < A 700 100\n9 < R 700", frame: 3, yes: `{"claim":"window-closed","side":"originator","frames":[1],"until":3,"values":{"span_ns":9000000}}`, no: `{"claim":"window-closed","side":"originator","frames":[1],"until":4}`, other: "0 > A 100 700 win=0\n1 < A 700 100\n2 > A 100 700\n9 < R 700"},
	{script: lost, frame: 10, yes: `{"claim":"max-acked","side":"originator","values":{"bytes":10,"of":50}}`, no: `{"claim":"max-acked","side":"originator","values":{"bytes":20,"of":50}}`},
	{script: "0 > S 100\n1 > S 100 icmp=3/13/0/10.9.9.9\n9 < RA 0 101", frame: 3, yes: `{"claim":"icmp","frames":[2],"values":{"number":781,"text":"10.9.9.9","what":"syn"}}`, no: `{"claim":"icmp","frames":[2],"values":{"number":769,"text":"10.9.9.9","what":"syn"}}`},

	{script: aborted, frame: 6, yes: `{"claim":"request","side":"originator","frames":[4],"values":{"text":"GET / HTTP/1.1"}}`, no: `{"claim":"request","side":"originator","frames":[4],"values":{"text":"POST / HTTP/1.1"}}`},
	{script: pushed, frame: 8, yes: `{"claim":"no-response","side":"originator","frames":[4],"until":8,"values":{"bytes":9}}`, no: `{"claim":"no-response","side":"originator","frames":[4],"until":8,"values":{"bytes":18}}`, other: aborted},
	{script: pushed, frame: 8, yes: `{"claim":"sent-after","side":"originator","frames":[4],"until":8,"values":{"bytes":9}}`, no: `{"claim":"sent-after","side":"originator","frames":[6],"until":8}`},
	{script: closed, frame: 10, yes: `{"claim":"response","side":"responder","frames":[5],"values":{"text":"HTTP/1.1 200 OK"}}`, no: `{"claim":"response","side":"responder","frames":[4]}`},
	{script: aborted, frame: 6, yes: `{"claim":"unanswered","side":"originator","frames":[4],"until":6,"values":{"text":"GET / HTTP/1.1","span_ns":470000000}}`, no: `{"claim":"unanswered","side":"originator","frames":[4],"until":10,"values":{"text":"GET /a HTTP/1.1"}}`, other: closed},
	{script: "0 > PA 100 700 hex=160301000101\n1 < A 700 106\n5 < RA 700 106", frame: 3, yes: `{"claim":"handshake-open","side":"originator","frames":[1],"until":3}`, no: `{"claim":"handshake-open","side":"originator","frames":[1],"until":4}`, other: "0 > PA 100 700 hex=160301000101\n1 < A 700 106\n3 < PA 700 106 len=1\n5 < RA 701 106"},
	{script: "0 > PA 100 700 data=GET_/_HTTP/1.1~~\n1 < PA 700 118 data=HTTP/1.1_200_OK~Content-Length:_20~~half\n5 < RA 743 118", frame: 3, yes: `{"claim":"delivered","side":"responder","frames":[2],"until":3,"values":{"what":"response","bytes":4,"of":20}}`, no: `{"claim":"delivered","side":"responder","frames":[2],"until":3,"values":{"what":"response","bytes":5,"of":20}}`},
	{script: "0 > PA 100 700 len=3\n1 < PA 700 103 data=HTTP/1.1_200_OK~Transfer-Encoding:_chunked~~4~half~\n5 < RA 743 103", frame: 3, yes: `{"claim":"not-ended","side":"responder","frames":[2],"until":3,"values":{"what":"response"}}`, no: `{"claim":"not-ended","side":"responder","frames":[2],"until":3,"values":{"what":"response"}}`, other: "0 > PA 100 700 len=3\n1 < PA 700 103 data=HTTP/1.1_200_OK~Transfer-Encoding:_chunked~~4~half~0~~\n5 < RA 743 103"},
	{script: lost, frame: 10, yes: `{"claim":"unacked-data","side":"originator","frames":[9,10],"values":{"bytes":50}}`, no: `{"claim":"unacked-data","side":"originator","frames":[9,10],"values":{"bytes":60}}`},
	{script: aborted, frame: 6, yes: `{"claim":"sends-on","side":"originator","frames":[7]}`, no: `{"claim":"sends-on","side":"originator","frames":[9]}`},
	{script: "0 > PA 100 700 hex=170303000201021703030003010203\n1 < A 700 115\n5 > FA 115 700\n6 < R 700", frame: 4, yes: `{"claim":"no-close-notify","side":"originator","frames":[3],"values":{"span_ns":5000000}}`, no: `{"claim":"no-close-notify","side":"originator","frames":[3]}`, other: "0 > PA 100 700 hex=17030300020102150303000201005\n1 < A 700 114\n5 > FA 114 700\n6 < R 700"},
	{script: "0 > S 100\n1 < SA 500 101\n2 > A 101 501\n3 < PA 501 101 data=220_hello~\n4 > A 101 512\n9 < RA 512 101", frame: 6, yes: `{"claim":"nothing-asked","side":"responder","frames":[4],"until":6,"values":{"text":"220 hello"}}`, no: `{"claim":"nothing-asked","side":"responder","frames":[2],"until":6}`},
	{script: "0 > S 100\n1 < SA 500 101\n2 > A 101 501\n9 < RA 501 101", frame: 4, yes: `{"claim":"nothing-sent","until":4}`, no: `{"claim":"nothing-sent","until":6}`, other: aborted},
	{script: closed, frame: 10, yes: `{"claim":"last-message","side":"responder","frames":[5],"values":{"what":"response","text":"HTTP/1.1 200 OK"}}`, no: `{"claim":"last-message","side":"originator","frames":[4]}`},
	{script: "0 > PA 100 700 hex=15030300020100\n5 < R 700", frame: 2, yes: `{"claim":"goodbye","side":"originator","frames":[1],"values":{"what":"close-notify"}}`, no: `{"claim":"goodbye","side":"originator","frames":[1],"values":{"what":"close-notify"}}`, other: "0 > PA 100 700 hex=17030300020100\n5 < R 700"},
	{script: "0 > PA 100 700 hex=15030300020230\n5 < R 700", frame: 2, yes: `{"claim":"alert","side":"originator","frames":[1],"values":{"text":"unknown_ca"}}`, no: `{"claim":"alert","side":"originator","frames":[1],"values":{"text":"bad_certificate"}}`},
	{script: "0 > PA 100 700 hex=160301000b01000000000004612e6465\n5 < R 700", frame: 2, yes: `{"claim":"server-name","side":"originator","frames":[1],"values":{"text":"a.de"}}`, no: `{"claim":"server-name","side":"originator","frames":[1],"values":{"text":"b.de"}}`},
	{script: "0 > PA 100 700 hex=16030100330100002f0303000000000000000000000000000000000000000000000000000000000000000000000213010100000400000000\n5 < R 700", frame: 2, yes: `{"claim":"tls-version","side":"originator","frames":[1],"values":{"what":"client-hello","text":"TLS 1.2"}}`, no: `{"claim":"tls-version","side":"originator","frames":[1],"values":{"what":"client-hello","text":"TLS 1.3"}}`},
	{script: "0 > PA 100 700 data=EHLO~\n1 < PA 700 106 data=550_no~\n5 < RA 707 106", frame: 3, yes: `{"claim":"verdict","side":"responder","frames":[2],"values":{"text":"550 no"}}`, no: `{"claim":"verdict","side":"responder","frames":[2],"values":{"text":"250 no"}}`, other: "0 > PA 100 700 data=EHLO~\n1 < PA 700 106 data=250_no~\n5 < RA 707 106"},
	{script: "0 > PA 100 700 len=11\n1 < PA 700 111 hex=5a0000000554\n5 < RA 706 111", frame: 3, yes: `{"claim":"transaction","side":"responder","frames":[2],"until":3,"values":{"text":"status T"}}`, no: `{"claim":"transaction","side":"responder","frames":[2],"until":3,"values":{"text":"status E"}}`, other: "0 > PA 100 700 len=11\n1 < PA 700 111 hex=5a0000000549\n5 < RA 706 111"},
	{script: "0 > PA 100 700 hex=100c00044d5154540402000200\n9 < FA 700 113\n12 > A 113 701\n15 < R 701", frame: 4, yes: `{"claim":"keep-alive","side":"originator","frames":[1],"values":{"every_ns":2000000000}}`, no: `{"claim":"keep-alive","side":"originator","frames":[1],"values":{"every_ns":3000000000}}`},
	{script: "0 > PA 100 700 hex=100d00044d51545404020002000161\n5 > PA 100 700 sp=40001 hex=100d00044d51545404020002000161\n9 < FA 700 115\n12 > PA 115 701 len=2\n15 < R 701", frame: 5, yes: `{"claim":"same-client","side":"originator","stream":1,"frames":[2],"values":{"span_ns":4000000}}`, no: `{"claim":"same-client","side":"originator","stream":1,"frames":[2],"values":{"span_ns":4000000}}`, other: "0 > PA 100 700 hex=100d00044d51545404020002000162\n5 > PA 100 700 sp=40001 hex=100d00044d51545404020002000161\n9 < FA 700 115\n12 > PA 115 701 len=2\n15 < R 701"},
	{script: "0 > PA 100 700 len=9\n9 < FA 700 109\n12 > PA 109 701 len=5\n15 < R 701", frame: 4, yes: `{"claim":"last-sent","side":"originator","frames":[1,2],"values":{"span_ns":9000000}}`, no: `{"claim":"last-sent","side":"originator","frames":[1,4],"values":{"span_ns":15000000}}`},
	{script: "0 > PA 100 700 len=50\n1 < A 700 150\n2 > PA 150 700 len=50\n3 < A 700 200\n5 > RA 200 700", frame: 5, yes: `{"claim":"sending","side":"originator","frames":[2,4],"values":{"bytes":50,"span_ns":2000000}}`, no: `{"claim":"sending","side":"originator","frames":[2,4],"values":{"bytes":100}}`, other: "0 > PA 100 700 len=50\n1 < A 700 150\n2 > PA 150 700 len=50\n3 < PA 700 200 len=5\n5 > RA 200 705"},
	{script: "0 > S 99 win=9000\n1 < SA 699 100 win=9000\n2 > A 100 700 win=9000\n3 < PA 700 100 len=500\n4 > A 100 1200 win=8500\n9 > RA 100 1200", frame: 6, yes: `{"claim":"window-fell","side":"originator","frames":[3,5],"values":{"bytes":500,"span_ns":2000000}}`, no: `{"claim":"window-fell","side":"originator","frames":[3,5],"values":{"bytes":400}}`, other: "0 > S 99 win=9000\n1 < SA 699 100 win=9000\n2 > A 100 700 win=9000\n3 < PA 700 100 len=500\n4 > A 100 1200 win=9000\n9 > RA 100 1200"},
	{script: closed, frame: 10, yes: `{"claim":"unread","side":"responder","frames":[8],"values":{"bytes":30,"span_ns":20000000}}`, no: `{"claim":"unread","side":"responder","frames":[8],"values":{"bytes":31}}`},

	{script: closed, frame: 10, yes: `{"claim":"closed-by","side":"responder","frames":[7]}`, no: `{"claim":"closed-by","side":"originator","frames":[9]}`},
	{script: "0 < PA 700 100 len=5\n1 > A 100 706\n2 > PA 100 706 len=3\n3 < R 706", frame: 4, yes: `{"claim":"closed-unseen","side":"responder","frames":[2]}`, no: `{"claim":"closed-unseen","side":"responder","frames":[9]}`, other: closed},
	{script: "0 > S 100\n10 < SA 500 101\n20 > A 101 501\n100 < FA 501 101\n110 > A 101 502\n120 > PA 101 502 len=19\n121 < A 502 120\n900 > PA 120 502 len=1\n901 < R 502", frame: 9, yes: `{"claim":"receives-on","side":"responder","from":4,"frames":[7],"values":{"bytes":19,"span_ns":21000000}}`, no: `{"claim":"receives-on","side":"responder","from":4,"frames":[7],"values":{"bytes":20,"span_ns":21000000}}`},
	{script: closed, frame: 10, yes: `{"claim":"fin-acked","side":"responder","frames":[7,9]}`, no: `{"claim":"fin-acked","side":"responder","frames":[7,8]}`},
	{script: closed, frame: 10, yes: `{"claim":"no-fin","side":"originator"}`, no: `{"claim":"no-fin","side":"responder"}`},
	{script: closed, frame: 10, yes: `{"claim":"after-close","side":"responder","from":7,"frames":[8],"values":{"what":"data","bytes":30,"span_ns":10000000}}`, no: `{"claim":"after-close","side":"responder","from":7,"frames":[4],"values":{"what":"data"}}`},
	{script: aborted, frame: 6, yes: `{"claim":"all-acked"}`, no: `{"claim":"all-acked"}`, other: "0 > PA 100 700 len=9\n1 < A 700 100\n2 > A 109 700\n3 < A 700 105\n4 > A 109 700\n5 < RA 700 105"},
	{script: closed, frame: 10, yes: `{"claim":"nothing-between","side":"originator","from":4,"until":8}`, no: `{"claim":"nothing-between","side":"originator","from":4,"until":9}`},
	{script: closed, frame: 10, yes: `{"claim":"idle","from":5,"until":7,"values":{"span_ns":4960000000}}`, no: `{"claim":"idle","from":5,"until":9}`},
	{script: closed, frame: 10, yes: `{"claim":"matches-timeout","values":{"span_ns":4960000000,"text":"something"}}`, no: `{"claim":"matches-timeout","values":{"span_ns":4961000000}}`},
	{script: aborted, frame: 8, yes: `{"claim":"reset-before","side":"responder","frames":[6],"values":{"span_ns":10000000}}`, no: `{"claim":"reset-before","side":"responder","frames":[5]}`},
	{script: aborted, frame: 8, yes: `{"claim":"last-segment","side":"responder","frames":[5],"values":{"span_ns":470000000}}`, no: `{"claim":"last-segment","side":"responder","frames":[2]}`},

	{script: lost, frame: 10, yes: `{"claim":"last-data","side":"originator","frames":[6],"values":{"span_ns":4970000000}}`, no: `{"claim":"last-data","side":"originator","frames":[9]}`},

	{script: refused + "\n1100 > S 9 sp=40001\n1105 < SA 8 10 dp=40001", frame: 3, yes: `{"claim":"accepted-elsewhere","side":"responder","stream":1,"frames":[6],"values":{"span_ns":100000000}}`, no: `{"claim":"accepted-elsewhere","side":"responder","stream":0,"frames":[6]}`},
	{script: "0 > S 100 sp=40001\n1 < SA 500 101 dp=40001\n2 > S 9\n3 < RA 0 10\n9 < SA 500 101 dp=40001", frame: 4, yes: `{"claim":"syn-ack-again","side":"responder","stream":0,"frames":[5],"values":{"span_ns":6000000}}`, no: `{"claim":"accepted-elsewhere","side":"responder","stream":0,"frames":[5]}`},
	{script: "0 > S 100 dp=81\n1 < SA 500 101 sp=81\n2 > S 9\n3 < SA 7 10\n9 > R 10", frame: 5, yes: `{"claim":"opened-elsewhere","side":"responder","stream":0,"frames":[2],"values":{"span_ns":-8000000}}`, no: `{"claim":"opened-elsewhere","side":"responder","stream":0,"frames":[1]}`},
	{script: "0 > S 100 dst=10.0.0.9\n1 > S 100\n2 < SA 7 101\n3 > R 101", frame: 4, yes: `{"claim":"same-syn","side":"originator","stream":0,"frames":[1],"values":{"text":"10.0.0.9:80"}}`, no: `{"claim":"same-syn","side":"originator","stream":1,"frames":[2],"values":{"text":"10.0.0.2:80"}}`, other: "0 > S 99 dst=10.0.0.9\n1 > S 100\n2 < SA 7 101\n3 > R 101"},
	{script: "0 > S 100 dst=10.0.0.9 id=7\n0 > S 100 id=7 ttl=63\n3 < RA 0 101", frame: 3, yes: `{"claim":"translated-syn","side":"originator","stream":0,"frames":[1],"values":{"what":"syn","text":"10.0.0.1:40000 > 10.0.0.9:80"}}`, no: `{"claim":"translated-syn","side":"originator","stream":0,"frames":[1],"values":{"what":"syn","text":"10.0.0.1:40000 > 10.0.0.9:80"}}`, other: "0 > S 100 dst=10.0.0.9 id=7\n0 > S 100 id=7\n3 < RA 0 101"},
	{script: ftp, frame: 11, yes: `{"claim":"ftp-transfer","side":"responder","stream":0,"frames":[3,4,5],"values":{"text":"RETR f","bytes":900}}`, no: `{"claim":"ftp-transfer","side":"originator","stream":0,"frames":[3,4,5],"values":{"text":"STOR f","bytes":900}}`},
	{script: ftp, frame: 11, yes: `{"claim":"transfer-cut","side":"responder","frames":[10],"until":10,"values":{"bytes":50,"of":900}}`, no: `{"claim":"transfer-cut","side":"responder","frames":[10],"until":10,"values":{"bytes":49,"of":900}}`},
	{script: ftpControl, frame: 12, yes: `{"claim":"transfer-left","side":"originator","stream":1,"frames":[10],"values":{"text":"RETR f","span_ns":2000000}}`, no: `{"claim":"transfer-left","side":"originator","stream":1,"frames":[11],"values":{"text":"RETR f"}}`},
	{script: strings.Replace(ftpControl, "20 > FA 901 551 dp=50006", "20 < FA 551 901 sp=50006", 1), frame: 12, yes: `{"claim":"transfer-ended","side":"responder","stream":1,"frames":[10],"values":{"span_ns":2000000}}`, no: `{"claim":"transfer-ended","side":"responder","stream":1,"frames":[9]}`},
	{script: refused + "\n1100 > S 9 sp=40001\n1105 < RA 0 10 dp=40001", frame: 3, yes: `{"claim":"refused-elsewhere","side":"responder","stream":1,"frames":[6],"values":{"span_ns":100000000}}`, no: `{"claim":"refused-elsewhere","side":"responder","stream":1,"frames":[5]}`},
	{script: refused + "\n1100 > S 9 sp=40001\n1105 < RA 0 10 dp=40001", frame: 3, yes: `{"claim":"refused-count","side":"responder","values":{"count":2}}`, no: `{"claim":"refused-count","side":"responder","values":{"count":3,"at_least":true}}`},
	{script: aborted + "\n1105 < RA 3 10 dp=40001", frame: 6, yes: `{"claim":"also-reset","side":"responder","stream":1,"frames":[10],"values":{"span_ns":605000000}}`, no: `{"claim":"also-reset","side":"originator","stream":1,"frames":[10]}`},
	{script: aborted + "\n1105 < RA 3 10 dp=40001", frame: 6, yes: `{"claim":"also-reset-count","side":"responder","values":{"count":1,"span_ns":1000000000}}`, no: `{"claim":"also-reset-count","side":"responder","values":{"count":1,"span_ns":100000000}}`},
	{script: "0 < RA 0 101\n100 < RA 0 10 sp=81", frame: 1, yes: `{"claim":"scan","side":"originator","values":{"count":2,"span_ns":100000000}}`, no: `{"claim":"scan","side":"originator","values":{"count":3}}`},
	{script: refused + "\n1100 > S 9 dp=81\n1105 < RA 0 10 sp=81", frame: 3, yes: `{"claim":"scan","side":"originator","values":{"count":2,"span_ns":100000000}}`, no: `{"claim":"scan","side":"originator","values":{"count":3}}`},
	{script: refused + "\n1100 > S 9 dp=81\n1105 < SA 5 10 sp=81", frame: 3, yes: `{"claim":"asked","side":"originator","values":{"count":2,"hosts":1,"of":2,"number":1,"span_ns":1100000000,"at_least":true}}`, no: `{"claim":"asked","side":"originator","values":{"count":3,"hosts":1,"at_least":true}}`},
	{script: refused + "\n1100 > S 9 src=10.0.0.9", frame: 3, yes: `{"claim":"askers","side":"responder","values":{"count":2,"span_ns":1100000000}}`, no: `{"claim":"askers","side":"responder","values":{"count":3,"at_least":true}}`},
	{script: "0 < SA 500 101\n1 > R 101\n9 < RA 0 77 sp=81", frame: 2, yes: `{"claim":"unasked","side":"originator","values":{"count":2}}`, no: `{"claim":"unasked","side":"originator","values":{"count":1}}`, other: "0 > S 100\n1 < SA 500 101\n2 > R 101"},
	{script: "0 > SF 100\n1 < SA 500 101\n2 > R 101", frame: 3, yes: `{"claim":"odd-flags","side":"originator","frames":[1],"values":{"text":"FIN, SYN"}}`, no: `{"claim":"odd-flags","side":"responder","frames":[2]}`, other: "0 > S 100\n1 < SA 500 101\n2 > R 101"},
	{script: "0 > F 100\n5 < RA 0 101", frame: 2, yes: `{"claim":"odd-flags","side":"originator","frames":[1],"values":{"text":"FIN"}}`, no: `{"claim":"odd-flags","side":"originator","frames":[1],"values":{"text":"FIN"}}`, other: "0 > FA 100 700\n5 < R 700"},
	{script: "0 > F 100\n5 < RA 0 101\n10 > S 9 win=1 sp=41", frame: 2, yes: `{"claim":"crafted","side":"originator","values":{"count":2}}`, no: `{"claim":"crafted","side":"originator","values":{"count":3}}`},
	{script: "0 > S 100 data=GET_/\n1 < SA 500 101\n2 > R 101", frame: 3, yes: `{"claim":"syn-data","side":"originator","frames":[1],"values":{"bytes":5}}`, no: `{"claim":"syn-data","side":"originator","frames":[1],"values":{"bytes":6}}`, other: "0 > S 100\n1 < SA 500 101\n2 > R 101"},
	{script: "0 < SA 500 101\n1 > R 101", frame: 2, yes: `{"claim":"no-syn","side":"originator","frames":[1]}`, no: `{"claim":"no-syn","side":"originator","frames":[1]}`, other: "0 > S 100\n1 < SA 500 101\n2 > R 101"},
	{script: "0 > S 9 sp=40001\n5 < RA 0 10 dp=40001\n10 > S 100\n15 < RA 0 101", frame: 4, yes: `{"claim":"probes","values":{"count":1}}`, no: `{"claim":"probes","values":{"count":2}}`},
	{script: "0 > S 9 sp=40001\n5 < RA 0 10 dp=40001\n10 > S 100\n15 < RA 0 101", frame: 4, yes: `{"claim":"probe-before","stream":0,"frames":[2],"values":{"span_ns":-10000000}}`, no: `{"claim":"probe-before","stream":0,"frames":[2],"values":{"span_ns":10000000}}`},

	{script: closed, frame: 10, yes: `{"claim":"ttl-same","side":"responder","frames":[7,10],"values":{"number":64}}`, no: `{"claim":"ttl-same","side":"responder","frames":[2,3],"values":{"number":60}}`, other: refused},
	{script: "0 > A 100 700\n1 < A 700 100 ttl=60\n9 < R 700", frame: 3, yes: `{"claim":"ttl-differs","side":"responder","frames":[2,3],"values":{"number":64,"expected":60}}`, no: `{"claim":"ttl-differs","side":"responder","frames":[2,3],"values":{"number":60,"expected":64}}`},
	{script: closed, frame: 10, yes: `{"claim":"ip-id-continues","side":"responder","frames":[7,10],"values":{"number":4,"expected":3}}`, no: `{"claim":"ip-id-continues","side":"responder","frames":[7,10],"values":{"number":5,"expected":3}}`},
	{script: "0 > S 100 id=77\n5 < RA 0 101 id=77", frame: 2, yes: `{"claim":"ip-id-copied","side":"responder","frames":[1,2],"values":{"number":77}}`, no: `{"claim":"ip-id-copied","side":"responder","frames":[1,2],"values":{"number":77}}`, other: "0 > S 100 id=78\n5 < RA 0 101 id=77"},
	{script: "0 > A 100 700\n1 < A 700 100 id=10\n9 < R 700 id=9000", frame: 3, yes: `{"claim":"ip-id-breaks","side":"responder","frames":[2,3],"values":{"number":9000,"expected":10}}`, no: `{"claim":"ip-id-breaks","side":"responder","frames":[2,3],"values":{"number":11,"expected":10}}`, other: "0 > A 100 700\n1 < A 700 100 id=10\n9 < R 700 id=11"},
	{script: "0 > A 100 700 win=777\n9 < R 700 win=777", frame: 2, yes: `{"claim":"window-copied","side":"responder","frames":[1,2],"values":{"number":777}}`, no: `{"claim":"window-copied","side":"responder","frames":[1,2],"values":{"number":778}}`},
	{script: aborted, frame: 6, yes: `{"claim":"timestamp-continues","side":"responder","frames":[5,6],"values":{"number":950,"expected":901}}`, no: `{"claim":"timestamp-continues","side":"responder","frames":[2,6],"values":{"number":950,"expected":900}}`},
	{script: "0 > A 100 700\n1 < A 700 100\n9 < R 700 mac=02:00:00:00:00:09", frame: 3, yes: `{"claim":"mac-differs","side":"responder","frames":[2,3],"values":{"text":"02:00:00:00:00:09/02:00:00:00:00:02"}}`, no: `{"claim":"mac-differs","side":"responder","frames":[2,3],"values":{"text":"02:00:00:00:00:02/02:00:00:00:00:02"}}`, other: "0 > A 100 700\n1 < A 700 100\n9 < R 700"},
	{script: "0 > A 100 700\n1 < A 700 100\n2 < R 700\n9 < PA 700 100 len=5", frame: 3, yes: `{"claim":"sends-after-reset","side":"responder","frames":[3,4],"values":{"span_ns":7000000}}`, no: `{"claim":"sends-after-reset","side":"responder","frames":[3,4]}`, other: "0 > A 100 700\n1 < PA 700 100 len=5\n2 < R 700\n9 < PA 700 100 len=5"},
	{script: "0 > A 100 700\n1 < A 700 100\n2 < R 700\n3 > PA 100 700 len=3\n9 < A 700 103", frame: 3, yes: `{"claim":"acks-after-reset","side":"responder","frames":[3,5],"values":{"count":1,"span_ns":7000000}}`, no: `{"claim":"acks-after-reset","side":"responder","frames":[3,5]}`, other: "0 > A 100 700\n1 < A 700 100\n2 < R 700\n3 > PA 100 700 len=3\n9 < A 700 100"},
	{script: "0 > S 100\n1 < RA 0 101\n9 < SA 500 101", frame: 2, yes: `{"claim":"accepts-after-reset","side":"responder","frames":[2,3],"values":{"span_ns":8000000}}`, no: `{"claim":"accepts-after-reset","side":"responder","frames":[2,4]}`, other: "0 > S 100\n1 < RA 0 101\n5 > S 100\n9 < SA 500 101"},
	{script: "0 > A 100 700\n1 < A 700 100\n2 < R 900", frame: 3, yes: `{"claim":"seq-outside","side":"responder","values":{"bytes":200}}`, no: `{"claim":"seq-outside","side":"responder","values":{"bytes":-200}}`},
	{script: "0 > A 100 700\n1 < A 700 100\n2 < R 700\n3 < R 900", frame: 3, yes: `{"claim":"guesses-seq","side":"responder","frames":[4],"values":{"bytes":200}}`, no: `{"claim":"guesses-seq","side":"responder","frames":[4],"values":{"bytes":300}}`},
	{script: "0 > A 100 700\n2 < R 700\n2 < R 700", frame: 2, yes: `{"claim":"repeated","side":"responder","values":{"count":2}}`, no: `{"claim":"repeated","side":"responder","values":{"count":3}}`},
	{script: "0 > A 100 700\n1 < A 700 100 id=0\n9 < R 700 id=9", frame: 3, yes: `{"claim":"ip-id-not-zero","side":"responder","frames":[2,3],"values":{"number":9}}`, no: `{"claim":"ip-id-not-zero","side":"responder","frames":[2,3],"values":{"number":9}}`, other: "0 > A 100 700\n1 < A 700 100 id=5\n9 < R 700 id=9"},
	{script: "0 > A 100 700\n1 > R 100\n2 < RA 0 100", frame: 3, yes: `{"claim":"answers-reset","side":"responder","frames":[2,3],"values":{"span_ns":1000000}}`, no: `{"claim":"answers-reset","side":"responder","frames":[2,3]}`, other: "0 > A 100 700\n1 > R 100\n2 < RA 0 101"},
	{script: "0 > A 100 700\n1 < A 700 100\n2 < RA 700 3000000000", frame: 3, yes: `{"claim":"ack-outside","side":"responder","frames":[1,3],"values":{"bytes":-1294967396}}`, no: `{"claim":"ack-outside","side":"responder","frames":[1,3],"values":{"bytes":5}}`, other: "0 > A 100 700\n1 < A 700 100\n2 < RA 700 3000"},
	{script: "0 > PA 100 700 data=GET_/_HTTP/1.1~\n2 < RA 700 116 data=GET_/_HTTP/1.1~", frame: 2, yes: `{"claim":"mirrors-data","side":"responder","frames":[1,2]}`, no: `{"claim":"mirrors-data","side":"responder","frames":[2]}`, other: "0 > PA 100 700 data=GET_/_HTTP/1.1~\n2 < RA 700 116 data=Go_away"},
	{script: "0 > S 100\n10 < RA 0 101", frame: 2, yes: `{"claim":"too-soon-elsewhere","side":"responder","frames":[1,2],"values":{"span_ns":10000000,"every_ns":90000000}}`, no: `{"claim":"too-soon-elsewhere","side":"responder","frames":[1,2],"values":{"span_ns":10000000,"every_ns":70000000}}`},
	{script: "0 > S 100\n10 < SA 500 101\n20 > A 101 501\n21 > PA 101 501 len=5\n22 < RA 501 106", frame: 5, yes: `{"claim":"too-soon","side":"responder","frames":[4],"values":{"span_ns":1000000,"every_ns":10000000}}`, no: `{"claim":"too-soon","side":"responder","frames":[4],"values":{"span_ns":1000000,"every_ns":11000000}}`},
	{script: "0 > A 100 700\n2 < R 700\n4 > R 100", frame: 2, yes: `{"claim":"both-reset","frames":[2,3],"values":{"span_ns":2000000}}`, no: `{"claim":"both-reset","frames":[2,3]}`, other: "0 > A 100 700\n2 < R 700\n4 < R 701"},
	{script: "0 > A 100 700 id=5\n0 > A 100 700 id=5 ttl=63\n1 < A 700 100 id=7\n1 < A 700 100 id=7 ttl=63\n2 < R 700 id=9", frame: 5, yes: `{"claim":"captured-once","side":"responder","values":{"count":2,"hosts":2}}`, no: `{"claim":"captured-once","side":"responder","values":{"count":2,"hosts":2}}`, other: "0 > A 100 700 id=5\n0 > A 100 700 id=5 ttl=63\n2 < R 700 id=9\n1 < A 700 100 id=7\n1 < A 700 100 id=7 ttl=63\n2 < R 700 id=9 ttl=63"},
	{script: aborted, frame: 6, yes: `{"claim":"after-first-data","side":"responder","frames":[4]}`, no: `{"claim":"after-first-data","side":"responder","frames":[8]}`, other: closed},
	{script: "0 > A 100 700\n1 < FA 700 100\n2 > PA 100 701 len=5\n3 < RA 701 105", frame: 4, yes: `{"claim":"reply-with-ack","side":"responder","frames":[3]}`, no: `{"claim":"reply-with-ack","side":"responder","frames":[3]}`, other: "0 > A 100 700\n1 < A 700 100\n2 > PA 100 700 len=5\n3 < RA 700 105"},
	{script: aborted, frame: 8, yes: `{"claim":"over-before","side":"originator","frames":[6],"values":{"what":"rst","span_ns":10000000}}`, no: `{"claim":"over-before","side":"originator","frames":[5],"values":{"what":"rst"}}`},
	{script: "0 > FA 100 700\n1 < FA 700 101\n2 > A 101 701\n9 < R 701", frame: 4, yes: `{"claim":"over-before","side":"responder","frames":[3],"values":{"what":"fin","span_ns":7000000}}`, no: `{"claim":"over-before","side":"responder","frames":[2],"values":{"what":"fin"}}`},
	{script: closed, frame: 10, yes: `{"claim":"compared-with","side":"responder","frames":[7],"values":{"number":64}}`, no: `{"claim":"compared-with","side":"responder","frames":[8],"values":{"number":64}}`},

	{script: "0 > A 100 700\n1 < A 700 100\n2 < R 710\n3 > A 100 700", frame: 3, yes: `{"claim":"challenge-ack","side":"originator","frames":[3,4]}`, no: `{"claim":"challenge-ack","side":"originator","frames":[3,4]}`, other: "0 > A 100 700\n1 < A 700 100\n2 < R 710\n3 > PA 100 700 len=1"},
	{script: "0 > S 100\n1 < SA 500 101\n2 > A 101 501\n9 < R 1502", frame: 4, yes: `{"claim":"out-of-window","side":"responder"}`, no: `{"claim":"out-of-window","side":"responder"}`, other: "0 > S 100\n1 < SA 500 101\n2 > A 101 501\n9 < R 1500"},
	{script: "0 > S 100\n1 < SA 500 101\n2 > A 101 501\n9 < R 1500", frame: 4, yes: `{"claim":"in-window","side":"responder"}`, no: `{"claim":"in-window","side":"responder"}`, other: "0 > S 100\n1 < SA 500 101\n2 > A 101 501\n9 < R 501"},
	{script: "0 > A 100 700\n1 < FA 700 100\n2 > A 100 701\n9 < R 700", frame: 4, yes: `{"claim":"at-fin","side":"responder","frames":[2,3]}`, no: `{"claim":"at-fin","side":"responder","frames":[2,3]}`, other: "0 > A 100 700\n1 < FA 700 100\n2 > A 100 701\n9 < R 701"},
	{script: "0 > A 100 700\n1 < FA 700 100\n9 < R 700\n20 > A 100 701", frame: 3, yes: `{"claim":"goes-on","side":"originator","frames":[4],"values":{"span_ns":11000000}}`, no: `{"claim":"goes-on","side":"originator","frames":[4],"values":{"span_ns":20000000}}`},
	{script: "0 > A 100 700\n9 > RF 100", frame: 2, yes: `{"claim":"impossible-flags","side":"originator","frames":[2]}`, no: `{"claim":"impossible-flags","side":"originator","frames":[2]}`, other: "0 > A 100 700\n9 > R 100"},
	{script: "0 > S 100\n1 < RA 0 99", frame: 2, yes: `{"claim":"not-for-syn","side":"responder"}`, no: `{"claim":"not-for-syn","side":"responder"}`, other: "0 > S 100\n1 < RA 0 101"},
	{script: refused, frame: 3, yes: `{"claim":"syn-after","side":"originator","frames":[3,4],"values":{"count":1}}`, no: `{"claim":"syn-after","side":"originator","frames":[3,4],"values":{"count":2}}`},
	{script: aborted, frame: 8, yes: `{"claim":"retransmits-after","side":"originator","frames":[8,9],"values":{"count":1}}`, no: `{"claim":"retransmits-after","side":"originator","frames":[8,9],"values":{"count":2}}`},
	{script: "0 > A 100 700\n1 < R 700 data=Blocked_by_rule", frame: 2, yes: `{"claim":"reset-text","side":"responder","values":{"text":"Blocked by rule"}}`, no: `{"claim":"reset-text","side":"responder","values":{"text":"Dropped"}}`},
	{script: "0 > A 100 700\n1 < R 700 mptcp=8003", frame: 2, yes: `{"claim":"mptcp-reason","side":"responder","values":{"number":3}}`, no: `{"claim":"mptcp-reason","side":"responder","values":{"number":2}}`},
	{script: "0 > A 100 700\n1 < RA 700 100 mptcp=70000102030405060708", frame: 2, yes: `{"claim":"mptcp-fastclose","side":"responder"}`, no: `{"claim":"mptcp-fastclose","side":"responder"}`, other: "0 > A 100 700\n1 < R 700 mptcp=8003"},
	{script: aborted, frame: 6, yes: `{"claim":"further-resets","side":"responder","frames":[8],"values":{"count":1}}`, no: `{"claim":"further-resets","side":"responder","frames":[8],"values":{"count":2}}`},

	{script: "0 > S 100\n1 > S 100 icmp=3/13/0/10.9.9.9\n9 < RA 0 101", frame: 3, yes: `{"claim":"icmp-refused","frames":[2],"values":{"number":781,"count":1,"text":"10.9.9.9 > 10.0.0.2:80"}}`, no: `{"claim":"icmp-refused","frames":[2],"values":{"number":781,"count":1,"text":"10.9.9.9 > 10.0.0.2:81"}}`},
	{script: "0 > S 100\n1 > S 100 icmp=3/13/0/10.9.9.9\n9 < RA 0 101", frame: 3, yes: `{"claim":"icmp-refused-more","values":{"count":1}}`, no: `{"claim":"icmp-refused-more","values":{"count":2}}`},
	{script: aborted, frame: 8, yes: `{"claim":"same-event","side":"responder","frames":[6],"values":{"span_ns":10000000}}`, no: `{"claim":"same-event","side":"responder","frames":[5]}`},
	{script: "0 > A 100 700\n2 < R 700 id=7\n2 < R 700 id=7 ttl=63", frame: 3, yes: `{"claim":"duplicate","side":"responder","frames":[2,3]}`, no: `{"claim":"duplicate","side":"responder","frames":[2,3]}`, other: "0 > A 100 700\n2 < R 700 id=7\n2 < R 700 id=8"},

	{script: closed, frame: 10, trace: traced, yes: `{"claim":"kernel-sent","side":"responder","frames":[10],"values":{"text":"TCP_ABORT_ON_DATA in CLOSE","number":5}}`, no: `{"claim":"kernel-sent","side":"responder","frames":[10],"values":{"text":"TCP_STATE in CLOSE","number":5}}`},
	{script: closed, frame: 10, trace: traced, yes: `{"claim":"kernel-received","side":"originator","frames":[10],"values":{"number":5}}`, no: `{"claim":"kernel-received","side":"originator","frames":[10],"values":{"number":5}}`, other: "0 > A 100 700\n1 > A 100 700\n2 > A 100 700\n3 > A 100 700\n4 > A 100 700\n5 > A 100 700\n6 > A 100 700\n7 > A 100 700\n8 < A 700 100\n9 > R 100"},
	{script: "0 > A 100 700\n5 < A 700 100\n9 > R 100", frame: 3, trace: traced, yes: `{"claim":"kernel-silent","side":"originator","frames":[3],"values":{"count":1}}`, no: `{"claim":"kernel-silent","side":"responder","frames":[3],"values":{"count":1}}`, other: closed},
	{script: closed, frame: 10, trace: traced, yes: `{"claim":"kernel-retransmits","side":"originator","frames":[10],"values":{"count":2}}`, no: `{"claim":"kernel-retransmits","side":"originator","frames":[10],"values":{"count":3}}`},
}

func TestKinds(t *testing.T) {
	covered := map[string]bool{}
	for _, c := range kindCases {
		read := func(text string) (e Evidence) {
			if err := json.Unmarshal([]byte(text), &e); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			return e
		}
		yes, no := read(c.yes), read(c.no)
		t.Run(yes.Claim, func(t *testing.T) {
			covered[yes.Claim] = true
			for _, v := range ask(t, withTrace(script(t, c.script), c.trace), c.frame, yes) {
				t.Errorf("the true claim %s is taken for wrong: %s", c.yes, v.Wrong)
			}
			text, frame := c.script, c.frame
			if c.other != "" {
				text = c.other
			}
			capture := withTrace(script(t, text), c.trace)
			if c.other != "" {
				frame = lastRST(capture)
			}
			wrong := ask(t, capture, frame, no)
			if len(wrong) == 0 {
				t.Errorf("the false claim %s is taken for right", c.no)
			}
			for _, v := range wrong {
				if strings.Contains(v.Wrong, "there is no frame") {
					t.Errorf("the false claim %s is wrong for another reason: %s", c.no, v.Wrong)
				}
			}
		})
	}
	for name := range checks {
		if !covered[name] {
			t.Errorf("no case has a claim of the kind %s", name)
		}
	}
}

func lastRST(c *Capture) int {
	for _, p := range slices.Backward(c.Packets) {
		if p.Has(RST) {
			return p.Frame
		}
	}
	return 0
}
