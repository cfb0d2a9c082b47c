package pasted

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/flows"
)

// What other programs print of a refused connection. Every text is constructed.
func TestOtherPrinters(t *testing.T) {
	refused := []string{"10.1.1.5:50000>10.2.2.6:443 SYN 0 +0", "10.2.2.6:443>10.1.1.5:50000 RST, ACK 0 1 +0"}
	for _, c := range []struct {
		style Style
		text  string
		want  []string
	}{
		{CheckPoint, `[vs_0][fw_1] eth1:i[60]: 10.1.1.5 -> 10.2.2.6 (TCP) len=60 id=4321
TCP: 50000 -> 443 .S.... seq=3b9aca00 ack=00000000
[vs_0][fw_1] eth0:i[40]: 10.2.2.6 -> 10.1.1.5 (TCP) len=40 id=0
TCP: 443 -> 50000 ..R.A. seq=00000000 ack=3b9aca01
`, refused},
		{NetfilterLog, `Nov 18 10:21:07 fw kernel: [12345.678901] IN=eth0 OUT= MAC=00:11:22:33:44:55:00:11:22:33:44:66:08:00 SRC=10.1.1.5 DST=10.2.2.6 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=4321 DF PROTO=TCP SPT=50000 DPT=443 SEQ=1000000000 ACK=0 WINDOW=64240 RES=0x00 SYN URGP=0
Nov 18 10:21:07 fw kernel: [12345.679901] IN= OUT=eth0 SRC=10.2.2.6 DST=10.1.1.5 LEN=40 TOS=0x00 PREC=0x00 TTL=64 ID=0 DF PROTO=TCP SPT=443 DPT=50000 SEQ=0 ACK=1000000001 WINDOW=0 RES=0x00 ACK RST URGP=0
`, refused},
		{Snoop, `  1   0.00000     10.1.1.5 -> 10.2.2.6     TCP D=443 S=50000 Syn Seq=1000000000 Len=0 Win=64240 Options=<mss 1460>
  2   0.00050     10.2.2.6 -> 10.1.1.5     TCP D=50000 S=443 Rst Ack=1000000001 Seq=0 Len=0 Win=0
`, refused},
		{IPReport, `IPTRACE version: 2.0

====( 58 bytes received on interface en0 )==== 10:00:00.000000000
ETHERNET packet : [ 02:00:00:00:00:01 -> 02:00:00:00:00:02 ]  type 800  (IP)
IP header breakdown:
        < SRC =      10.1.1.5 >
        < DST =      10.2.2.6 >  (server.example)
        ip_v=4, ip_hl=20, ip_tos=0, ip_len=44, ip_id=4321, ip_off=0 DF
        ip_ttl=64, ip_sum=4a1c, ip_p = 6 (TCP)
TCP header breakdown:
        <source port=50000, destination port=443(https) >
        th_seq=1000000000, th_ack=0
        th_off=6, flags<SYN>
        th_win=16384, th_sum=3ff7, th_urp=0
                mss 1460
00000000     00000000                               |....            |

====( 54 bytes transmitted on interface en0 )==== 10:00:00.000300000
ETHERNET packet : [ 02:00:00:00:00:02 -> 02:00:00:00:00:01 ]  type 800  (IP)
IP header breakdown:
        < SRC =      10.2.2.6 >
        < DST =      10.1.1.5 >
        ip_v=4, ip_hl=20, ip_tos=0, ip_len=40, ip_id=4322, ip_off=0
        ip_ttl=60, ip_sum=4a1c, ip_p = 6 (TCP)
TCP header breakdown:
        <source port=443(https), destination port=50000 >
        th_seq=0, th_ack=1000000001
        th_off=5, flags<RST | ACK>
        th_win=0, th_sum=3ff7, th_urp=0
`, refused},
		{IPReport, `Packet Number 7
ETH: ====( 58 bytes received on interface en0 )==== 10:00:00.000000000
ETH:    [ 02:00:00:00:00:01 -> 02:00:00:00:00:02 ]  type 800  (IP)
IP:     < SRC =      10.1.1.5 >
IP:     < DST =      10.2.2.6 >
IP:     ip_v=4, ip_hl=20, ip_tos=0, ip_len=44, ip_id=4321, ip_off=0 DF
IP:     ip_ttl=64, ip_sum=4a1c, ip_p = 6 (TCP)
TCP:    <source port=50000, destination port=443(https) >
TCP:    th_seq=3b9aca00, th_ack=0
TCP:    th_off=6, flags<SYN>
TCP:    th_win=16384, th_sum=3ff7, th_urp=0
TCP:            mss 1460

Packet Number 8
ETH: ====( 54 bytes transmitted on interface en0 )==== 10:00:00.000300000
IP:     < SRC =      10.2.2.6 >
IP:     < DST =      10.1.1.5 >
IP:     ip_v=4, ip_hl=20, ip_tos=0, ip_len=40, ip_id=4322, ip_off=0
IP:     ip_ttl=60, ip_sum=4a1c, ip_p = 6 (TCP)
TCP:    <source port=443(https), destination port=50000 >
TCP:    th_seq=0, th_ack=3b9aca01
TCP:    th_off=5, flags<RST | ACK>
TCP:    th_win=0, th_sum=3ff7, th_urp=0
`, refused},
		{FortiGate, `2026-11-30 10:00:00 id=20085 trace_id=1 func=print_pkt_detail line=5810 msg="vd-root:0 received a packet(proto=6, 10.1.1.5:50000->10.2.2.6:443) from lan. flag [S], seq 1000000000, ack 0, win 14600"
2026-11-30 10:00:00 id=20085 trace_id=1 func=init_ip_session_common line=5981 msg="allocate a new session-00000001"
2026-11-30 10:00:00 id=20085 trace_id=2 func=print_pkt_detail line=5810 msg="vd-root:0 received a packet(proto=6, 10.2.2.6:443->10.1.1.5:50000) from wan. flag [R.], seq 0, ack 1000000001, win 0"
`, refused},
		{NetMon, `41	*DateTime*	4.1983388	(0)	10.1.1.5	10.2.2.6	TCP	64240	TCP: [Bad CheckSum]Flags=......S., SrcPort=50000, DstPort=HTTPS(443), PayloadLen=0, Seq=1000000000, Ack=0
42	*DateTime*	4.1993388	0.0010000	(0)	10.2.2.6	10.1.1.5	TCP	0	TCP:Flags=...A.R.., SrcPort=HTTPS(443), DstPort=50000, PayloadLen=0, Seq=0, Ack=1000000001
`, refused},
	} {
		r, got := read(t, c.text)
		for i := range got {
			_, got[i], _ = strings.Cut(got[i], " ")
		}
		if !slices.Equal(got, c.want) || r.Styles[c.style] != len(c.want) {
			t.Errorf("%s: read %q as %v", c.style, got, r.Styles)
		}
	}
}

// What shows no packets, or none that could be explained, is counted as what it is.
func TestUnfitPrints(t *testing.T) {
	for why, text := range map[Reason]string{
		Netfilter: "Nov 18 10:21:07 fw kernel: IN=eth0 OUT= SRC=10.1.1.5 DST=10.2.2.6 LEN=60 TTL=64 ID=1 DF PROTO=TCP SPT=50000 DPT=443 WINDOW=64240 RES=0x00 SYN URGP=0\n",
		Conntrack: " [NEW] tcp      6 120 SYN_SENT src=10.1.1.5 dst=10.2.2.6 sport=50000 dport=443 [UNREPLIED] src=10.2.2.6 dst=10.1.1.5 sport=443 dport=50000\n",
		Kernel:    "0xffff91e7c90a98e8 6   <empty>:0        4026531840 0            ens33:2      0x0800 1500  74    10.1.1.5:32956->10.2.2.6:8080(tcp:SYN) tcp_wfree\n",
		NoPlace:   "41 0.5 10.1.1.5 10.2.2.6 SMB2 SMB2:C NEGOTIATE (0x0), GUID={0}\n",
		Ngrep:     "T 10.2.2.6:443 -> 10.1.1.5:50000 [AR] #7\n",
	} {
		r, got := read(t, text)
		if said, ok := r.Unfit(); len(got) != 0 || !ok || said != why {
			t.Errorf("%q: read %q, unfit: %v", text, got, said)
		}
	}
}

// Without addresses, ends of Network Monitor's descriptions are told apart by their ports.
func TestDescriptionsAlone(t *testing.T) {
	r, got := packetsOf(t, `TCP:Flags=CE....S., SrcPort=50000, DstPort=Kerberos(88), PayloadLen=0, Seq=1000, Ack=0, Win=64240 ( Negotiating scale factor 0x8 ) = 64240	{TCP:142, IPv4:31}
TCP:Flags=...A.R.., SrcPort=Kerberos(88), DstPort=50000, PayloadLen=0, Seq=0, Ack=1001, Win=0	{TCP:142, IPv4:31}
`)
	if len(got) != 2 || !strings.HasSuffix(got[1], ":50000 RST, ACK 0 1 +0") ||
		!slices.Equal(r.Names(), []string{"host-at-port-50000", "host-at-port-88"}) {
		t.Errorf("read %q with %q", got, r.Names())
	}
}

// Where options are not shown, the length of the data is what neighbours leave for it, or an estimate that is said to be
// one, behind which nothing is known to be missing.
func TestRoughLengths(t *testing.T) {
	const (
		out = "Nov 30 10:00:0%d fw kernel: IN=eth0 OUT= SRC=10.1.1.5 DST=10.2.2.6 LEN=%d TTL=64 ID=1 DF PROTO=TCP SPT=50000 DPT=443 SEQ=%d ACK=5000 WINDOW=500 RES=0x00 ACK PSH URGP=0\n"
		in  = "Nov 30 10:00:0%d fw kernel: IN= OUT=eth0 SRC=10.2.2.6 DST=10.1.1.5 LEN=40 TTL=64 ID=1 DF PROTO=TCP SPT=443 DPT=50000 SEQ=5000 ACK=%d WINDOW=500 RES=0x00 ACK %s URGP=0\n"
	)
	for _, c := range []struct {
		name, text string
		lengths    []uint32
		rough      int
	}{
		{"the next segment tells", fmt.Sprintf(out+out+in, 0, 552, 1000, 1, 252, 1512, 2, 1712, ""), []uint32{512, 200, 0}, 0},
		{"its acknowledgment tells", fmt.Sprintf(out+in, 0, 552, 1000, 1, 1500, "RST"), []uint32{500, 0}, 0},
		{"no data: the next segment has the same SEQ", fmt.Sprintf(out+out+in, 0, 52, 1000, 0, 552, 1000, 1, 1500, "RST"), []uint32{0, 500, 0}, 0},
		{"nothing tells", fmt.Sprintf(out+in, 0, 552, 1000, 1, 1000, "RST"), []uint32{500, 0}, 1},
		{"another connection comes between", fmt.Sprintf(out, 0, 552, 1000) + strings.ReplaceAll(fmt.Sprintf(out, 1, 40, 1), "50000", "50001") +
			fmt.Sprintf(in, 2, 1512, ""), []uint32{500, 0, 0}, 1},
		{"FortiGate", "1.0 port1 in 10.1.1.5.50000 -> 10.2.2.6.443: psh 1000 ack 5000\n1.1 port1 out 10.2.2.6.443 -> 10.1.1.5.50000: ack 1300\n" +
			"1.2 port1 in 10.1.1.5.50000 -> 10.2.2.6.443: psh 1300 ack 5000\n1.3 port1 out 10.2.2.6.443 -> 10.1.1.5.50000: rst 5000 ack 1300\n", []uint32{300, 0, 1, 0}, 1},
		{"fw monitor", "[vs_0][fw_1] eth1:i[540]: 10.1.1.5 -> 10.2.2.6 (TCP) len=540 id=1\nTCP: 50000 -> 443 ...PA. seq=00001000 ack=00005000\n" +
			"[vs_0][fw_1] eth1:i[40]: 10.1.1.5 -> 10.2.2.6 (TCP) len=40 id=2\nTCP: 50000 -> 443 ..R.A. seq=000011f4 ack=00005000\n", []uint32{500, 0}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := NewReader(strings.NewReader(c.text))
			var lengths []uint32
			unsure := 0
			for it, err := r.Next(); err == nil; it, err = r.Next() {
				lengths = append(lengths, it.Segment.DataLen)
				if it.Segment.Unknown.Has(flows.FieldsBefore) {
					unsure++
				}
			}
			if !slices.Equal(lengths, c.lengths) || r.numbers.Rough.Count != c.rough || unsure != c.rough {
				t.Errorf("lengths %v, of which %d are estimates, %d behind them; want %v and %d",
					lengths, r.numbers.Rough.Count, unsure, c.lengths, c.rough)
			}
		})
	}
}
