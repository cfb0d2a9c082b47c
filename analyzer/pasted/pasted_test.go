package pasted

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/flows"
)

// read returns what is read of a text, a line for each segment: line of the text, ends, flags, SEQ and ACK relative to the
// first SYN of each side where there is one, length.
func read(t *testing.T, text string) (*Reader, []string) {
	t.Helper()
	r := NewReader(strings.NewReader(text))
	base := map[flows.Addr]flows.Seq{}
	var out []string
	for {
		it, err := r.Next()
		if errors.Is(err, io.EOF) {
			return r, out
		}
		if err != nil {
			t.Fatal(err)
		}
		s := &it.Segment
		if s.Flags.Has(flows.SYN) {
			base[s.Src] = s.SEQ
		}
		line := fmt.Sprintf("%d %v>%v %v", it.Line, s.Src, s.Dst, s.Flags)
		seq := s.SEQ
		if seq != 0 {
			seq -= base[s.Src]
		}
		line += fmt.Sprintf(" %d", seq)
		if s.Flags.Has(flows.ACK) {
			line += fmt.Sprintf(" %d", s.ACK-base[s.Dst])
		}
		out = append(out, fmt.Sprintf("%s +%d", line, s.DataLen))
	}
}

// The same refused connection and the same short exchange, as different programs print them. Every text is constructed.
func TestStyles(t *testing.T) {
	refused := []string{
		"192.0.2.1:40000>198.51.100.7:8080 SYN 0 +0",
		"198.51.100.7:8080>192.0.2.1:40000 RST, ACK 0 1 +0",
	}
	for _, c := range []struct {
		name, text string
		style      Style
		want       []string // without the line
	}{
		{"tcpdump", `10:00:00.000000 IP 192.0.2.1.40000 > 198.51.100.7.8080: Flags [S], seq 3000000000, win 64240, options [mss 1460], length 0
10:00:00.010000 IP 198.51.100.7.8080 > 192.0.2.1.40000: Flags [R.], seq 0, ack 3000000001, win 0, length 0`, Tcpdump, refused},
		{"tcpdump, port reused: relative to an old base", `10:00:00.000000 IP 192.0.2.1.40000 > 198.51.100.7.8080: Flags [S], seq 3000000000, win 64240, length 0
10:00:00.010000 IP 198.51.100.7.8080 > 192.0.2.1.40000: Flags [R.], seq 0, ack 1, win 0, length 0`, Tcpdump, refused},
		{"tcpdump before version 4", `10:00:00.000000 192.0.2.1.40000 > 198.51.100.7.8080: S 3000000000:3000000000(0) win 64240 <mss 1460> (DF)
10:00:00.010000 198.51.100.7.8080 > 192.0.2.1.40000: R 0:0(0) ack 3000000001 win 0`, Tcpdump, refused},
		{"tcpdump -v, wrapped by a mail program and quoted", `> 10:00:00.000000 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP
> (6), length 44)
>     192.0.2.1.40000 > 198.51.100.7.8080: Flags [S], cksum 0x0000 (correct),
> seq 3000000000, win 64240, options [mss 1460], length 0
> 10:00:00.010000 IP (tos 0x0, ttl 60, id 0, offset 0, flags [DF], proto TCP (6), length 40)
>     198.51.100.7.8080 > 192.0.2.1.40000: Flags [R.], cksum 0x0000 (correct), seq 0, ack 3000000001, win 0, length 0`, Tcpdump, refused},
		{"Cisco ASA", `   1: 10:00:00.000000       192.0.2.1.40000 > 198.51.100.7.8080: S 3000000000:3000000000(0) win 64240 <mss 1460>
   2: 10:00:00.010000       802.1Q vlan#10 P0 198.51.100.7.8080 > 192.0.2.1.40000: R 0:0(0) ack 3000000001 win 0`, Tcpdump, refused},
		{"F5", `10:00:00.000000 IP 192.0.2.1.40000 > 198.51.100.7.8080: Flags [S], seq 3000000000, win 64240, options [mss 1460], length 0 in slot1/tmm0 lis=
10:00:00.010000 IP 198.51.100.7.8080 > 192.0.2.1.40000: Flags [R.], seq 0, ack 3000000001, win 0, length 0 out slot1/tmm0 lis=`, Tcpdump, refused},
		{"FortiGate", `filters=[host 192.0.2.1]
2.429703 port1 in 192.0.2.1.40000 -> 198.51.100.7.8080: syn 3000000000
2.439703 port1 out 198.51.100.7.8080 -> 192.0.2.1.40000: rst 0 ack 3000000001`, FortiGate, refused},
		{"Network Monitor", `12	10:00:00 AM 1/2/2014	0.1000000	app.exe	192.0.2.1	198.51.100.7	TCP	TCP:Flags=......S., SrcPort=40000, DstPort=HTTP Alternate(8080), PayloadLen=0, Seq=3000000000, Ack=0, Win=8192 ( Negotiating scale factor 0x8 ) = 8192	{TCP:5, IPv4:4}
13	10:00:00 AM 1/2/2014	0.1100000	app.exe	198.51.100.7	192.0.2.1	TCP	TCP:Flags=...A.R.., SrcPort=HTTP Alternate(8080), DstPort=40000, PayloadLen=0, Seq=0, Ack=3000000001, Win=0	{TCP:5, IPv4:4}`, NetMon, refused},
		{"pktmon", `10:00:00.0000000 PktGroupId 1, PktNumber 1, Appearance 1, Direction Tx , Type Ethernet , Component 12, Edge 1, Filter 1, OriginalSize 66, LoggedSize 66
	00-15-5D-00-00-01 > 00-15-5D-00-00-02, ethertype IPv4 (0x0800), length 66: 192.0.2.1.40000 > 198.51.100.7.8080: Flags [S], seq 3000000000, win 64240, options [mss 1460], length 0
10:00:00.0100000 PktGroupId 2, PktNumber 1, Appearance 1, Direction Rx , Type Ethernet , Component 12, Edge 1, Filter 1, OriginalSize 60, LoggedSize 60
	00-15-5D-00-00-02 > 00-15-5D-00-00-01, ethertype IPv4 (0x0800), length 60: 198.51.100.7.8080 > 192.0.2.1.40000: Flags [R.], seq 0, ack 3000000001, win 0, length 0`, Pktmon, refused},
		{"tshark", `    1 0.000000000    192.0.2.1 → 198.51.100.7 TCP 74 40000 → 8080 [SYN] Seq=0 Win=64240 Len=0 MSS=1460
    2 0.010000000 198.51.100.7 → 192.0.2.1    TCP 54 8080 → 40000 [RST, ACK] Seq=1 Ack=1 Win=0 Len=0`, PacketList, refused},
		{"Wireshark's CSV", `"No.","Time","Source","Destination","Protocol","Length","Info"
"1","0.000000","192.0.2.1","198.51.100.7","TCP","74","40000  >  8080 [SYN] Seq=0 Win=64240 Len=0 MSS=1460"
"2","0.010000","198.51.100.7","192.0.2.1","TCP","54","8080  >  40000 [RST, ACK] Seq=1 Ack=1 Win=0 Len=0"`, PacketList, refused},
		{"a table of Markdown with other columns", `| Time | Source | Destination | Protocol | Info |
|------|--------|-------------|----------|------|
| 0.000000 | 192.0.2.1 | 198.51.100.7 | TCP | 40000 → 8080 [SYN] Seq=0 Win=64240 Len=0 |
| 0.010000 | 198.51.100.7 | 192.0.2.1 | TCP | 8080 → 40000 [RST, ACK] Seq=1 Ack=1 Win=0 Len=0 |`, PacketList, refused},
		{"a dissection tree", `Frame 1: 74 bytes on wire (592 bits), 74 bytes captured (592 bits)
    Epoch Time: 1767225600.000000000 seconds
Internet Protocol Version 4, Src: 192.0.2.1, Dst: 198.51.100.7
    Time to Live: 64
Transmission Control Protocol, Src Port: 40000, Dst Port: 8080, Seq: 0, Len: 0
    Sequence Number (raw): 3000000000
    Flags: 0x002 (SYN)
    Window: 64240

Frame 2: 54 bytes on wire (432 bits), 54 bytes captured (432 bits)
    Epoch Time: 1767225600.010000000 seconds
Internet Protocol Version 4, Src: 198.51.100.7, Dst: 192.0.2.1
    Time to Live: 60
Transmission Control Protocol, Src Port: 8080, Dst Port: 40000, Seq: 1, Ack: 1, Len: 0
    Sequence Number (raw): 0
    Acknowledgment number (raw): 3000000001
    Flags: 0x014 (RST, ACK)
    Window: 0
`, DissectionTree, refused},
		{"a hex dump", `0000  45 00 00 28 00 01 40 00 40 06 00 00 c0 00 02 01   E..(..@.@.......
0010  c6 33 64 07 9c 40 1f 90 b2 d0 5e 00 00 00 00 00   .3d..@....^.....
0020  50 02 fa f0 00 00 00 00                           P.......

0000  45 00 00 28 00 00 40 00 3c 06 00 00 c6 33 64 07   E..(..@.<....3d.
0010  c0 00 02 01 1f 90 9c 40 00 00 00 00 b2 d0 5e 01   .......@......^.
0020  50 14 00 00 00 00 00 00                           P.......`, HexDump, refused},
		{"tshark -T fields", "frame.number\tframe.time_epoch\tip.src\tip.dst\ttcp.srcport\ttcp.dstport\ttcp.flags\ttcp.seq\ttcp.ack\ttcp.len\n" +
			"1\t1767225600.000000000\t192.0.2.1\t198.51.100.7\t40000\t8080\t0x0002\t0\t0\t0\n" +
			"2\t1767225600.010000000\t198.51.100.7\t192.0.2.1\t8080\t40000\t0x0014\t1\t1\t0", Fields, refused},
		{"tshark -T fields, raw numbers before others, flags one by one, quoted", `"ip.src","ip.dst","tcp.ack_raw","tcp.seq","tcp.seq_raw","tcp.srcport","tcp.dstport","tcp.flags.syn","tcp.flags.ack","tcp.flags.reset"
"192.0.2.1","198.51.100.7","0","0","3000000000","40000","8080","1","0","0"
"198.51.100.7","192.0.2.1","3000000001","1","0","8080","40000","0","1","1"`, Fields, refused},
		{"tshark -T fields, no ACK, letters for flags", "ip.src|ip.dst|tcp.port|tcp.flags.str|tcp.seq\n" +
			"192.0.2.1|198.51.100.7|40000,8080|··········S·|0\n198.51.100.7|192.0.2.1|8080,40000|·······A·R··|1", Fields, refused},
		{"tshark -T psml", `<?xml version="1.0" encoding="utf-8"?>
<psml version="0" creator="wireshark/4.0.17">
<structure>
<section>No.</section>
<section>Time</section>
<section>Source</section>
<section>Destination</section>
<section>Protocol</section>
<section>Length</section>
<section>Info</section>
</structure>

<packet>
<section>1</section>
<section>0.000000000</section>
<section>192.0.2.1</section>
<section>198.51.100.7</section>
<section>TCP</section>
<section>74</section>
<section>40000 → 8080 [SYN] Seq=0 Win=64240 Len=0 MSS=1460</section>
</packet>

<packet>
<section>2</section>
<section>0.010000000</section>
<section>198.51.100.7</section>
<section>192.0.2.1</section>
<section>TCP</section>
<section>54</section>
<section>8080 &gt; 40000 [RST, ACK] Seq=1 Ack=1 Win=0 Len=0</section>
</packet>

</psml>`, PSML, refused},
		{"no times, no windows, prose around it", `Look at this:
  192.0.2.1.40000 > 198.51.100.7.8080: Flags [S], seq 3000000000
  198.51.100.7.8080 > 192.0.2.1.40000: Flags [R.], seq 0, ack 3000000001 ... refused at once
so what do I do?`, Tcpdump, refused},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, lines := read(t, c.text)
			var got []string
			for _, l := range lines {
				_, l, _ = strings.Cut(l, " ")
				got = append(got, l)
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			if r.Styles[c.style] != len(c.want) {
				t.Errorf("read as %v, want %s", r.Styles, c.style)
			}
		})
	}
}

// tcpdump leaves out the SEQ of pure ACKs: it is the number that comes next, and of a keep-alive probe, which shows by its
// rhythm, the one before it. The answer to a probe comes at once and is none.
func TestProbesShowByTheirRhythm(t *testing.T) {
	r, got := read(t, `14:44:08.000000 IP 192.0.2.1.40000 > 198.51.100.7.22: Flags [S], seq 100, win 65535, length 0
14:44:08.010000 IP 198.51.100.7.22 > 192.0.2.1.40000: Flags [S.], seq 500, ack 101, win 65535, length 0
14:44:08.020000 IP 192.0.2.1.40000 > 198.51.100.7.22: Flags [.], ack 1, win 1000, length 0
14:44:18.020000 IP 192.0.2.1.40000 > 198.51.100.7.22: Flags [.], ack 1, win 1000, length 0
14:44:18.030000 IP 198.51.100.7.22 > 192.0.2.1.40000: Flags [.], ack 1, win 1000, length 0
14:44:28.020000 IP 192.0.2.1.40000 > 198.51.100.7.22: Flags [.], ack 1, win 1000, length 0`)
	want := []string{
		"1 192.0.2.1:40000>198.51.100.7:22 SYN 0 +0",
		"2 198.51.100.7:22>192.0.2.1:40000 SYN, ACK 0 1 +0",
		"3 192.0.2.1:40000>198.51.100.7:22 ACK 1 1 +0",
		"4 192.0.2.1:40000>198.51.100.7:22 ACK 0 1 +0",
		"5 198.51.100.7:22>192.0.2.1:40000 ACK 1 1 +0",
		"6 192.0.2.1:40000>198.51.100.7:22 ACK 0 1 +0",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	if r.numbers.Probes.Count != 2 || r.numbers.Probes.Line != 4 {
		t.Errorf("probes: %+v", r.numbers.Probes)
	}
}

// What brings no segment is counted, with its first line.
func TestLeftOut(t *testing.T) {
	for _, c := range []struct {
		name, text string
		why        Reason
		line       int
	}{
		{"ss", "State Recv-Q Send-Q Local Peer\nESTAB 0 0 192.0.2.1:22 198.51.100.7:40000", Sockets, 2},
		{"netstat", "tcp 0 0 192.0.2.1:22 198.51.100.7:40000 TIME_WAIT", Sockets, 1},
		{"a stream that was followed", "\n===================================================================\nFollow: tcp,ascii\nFilter: tcp.stream eq 0\nNode 0: 192.0.2.1:40000\nNode 1: 198.51.100.7:80\nGET / HTTP/1.1\n", Stream, 3},
		{"RouterOS, print detail", " 0 time=0.1 num=1 direction=rx src-mac=02:00:00:00:00:01 interface=ether1 src-address=192.0.2.1:40000 dst-address=198.51.100.7:443 (https) protocol=ip ip-protocol=tcp size=66", RouterOS, 1},
		{"RouterOS, quick", "ether1  0.076  4 ->  02:00:00:00:00:01 02:00:00:00:00:02  192.0.2.1:40000  198.51.100.7:443 (https)  ip:tcp  66  0", RouterOS, 1},
		{"UDP", "10:00:00.000000 IP 192.0.2.1.53 > 198.51.100.7.40000: UDP, length 3", OtherProtocol, 1},
		{"-q", "10:00:00.000000 IP 192.0.2.1.80 > 198.51.100.7.40000: tcp 0", Quiet, 1},
		{"beyond 32 bits", "10:00:00.000000 IP 192.0.2.1.80 > 198.51.100.7.40000: Flags [R], seq 18446744073709551616, win 0, length 0", TooLarge, 1},
		{"a long line", "x\n" + strings.Repeat("a", 3*maxLine) + "\ny", LongLine, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, got := read(t, c.text)
			if len(got) > 0 || r.Left[c.why] != (Lines{1, c.line}) {
				t.Errorf("read %v; left out %v", got, r.Left)
			}
		})
	}
}

// pastes lists the pastes of a text: the line where each begins, and its heading.
func pastes(r *Reader) (list []string) {
	for _, p := range r.Pastes {
		list = append(list, fmt.Sprintf("%d %s", p.Line, p.Heading))
	}
	return list
}

// Several prints in one text are told apart by clocks, packet numbers, headings and what programs say when they begin; what
// a person writes between the packets of one does not part it.
func TestPastes(t *testing.T) {
	const (
		syn    = "10:00:00.000000 IP 192.0.2.1.40000 > 198.51.100.7.80: Flags [S], seq 1000000000, win 1, length 0\n"
		answer = "10:00:00.010000 IP 198.51.100.7.80 > 192.0.2.1.40000: Flags [S.], seq 2000000000, ack 1000000001, win 1, length 0\n"
		ack    = "10:00:00.020000 IP 192.0.2.1.40000 > 198.51.100.7.80: Flags [.], ack 1, win 1, length 0\n"
		late   = "10:05:00.000000 IP 192.0.2.1.40001 > 198.51.100.7.80: Flags [S], seq 3000000000, win 1, length 0\n"
		bare   = "IP 192.0.2.1.40000 > 198.51.100.7.80: Flags [P.], seq 5:9, ack 1, win 1, length 4\n"
		reset  = "IP 198.51.100.7.80 > 192.0.2.1.40000: Flags [R.], seq 1, ack 9, win 0, length 0\n"
	)
	list := func(no int, at string) string {
		return fmt.Sprintf("%d %s 192.0.2.1 → 198.51.100.7 TCP 74 40000 → 80 [ACK] Seq=1 Ack=1 Win=1 Len=0\n", no, at)
	}
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"one, with remarks", syn + "the server answers:\n" + answer + "and the client is content\n" + ack, []string{"1 "}},
		{"client and server, clocks 5 ms apart", "Client:\n" + syn + answer + ack + "\nServer side\n" + strings.ReplaceAll(syn+answer+ack, "10:00:00.0", "10:00:00.00"),
			[]string{"2 Client", "7 Server side"}},
		{"the clock goes back by much", syn + late + answer, []string{"1 ", "3 "}},
		{"reordered by 1 ms", "a word\n" + answer + "and\n" + strings.Replace(ack, "00.02", "00.009", 1), []string{"2 "}},
		{"working and failing, in the order of the clock", "### Working\n" + syn + answer + "### Failing\n" + late, []string{"2 Working", "5 Failing"}},
		{"a heading within a connection", "### Start\n" + syn + answer + "### Then\n" + ack, []string{"2 Start"}},
		{"no times, the first packet again", bare + reset + "On the other node:\n" + bare + reset, []string{"1 ", "4 On the other node"}},
		{"no times, sent again", bare + bare + reset, []string{"1 "}},
		{"two runs of tcpdump", "tcpdump: listening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes\n" + syn + "listening on eth1, link-type EN10MB\n" + late, []string{"2 ", "4 "}},
		{"packet numbers begin anew", list(7, "0.1") + list(8, "0.2") + list(1, "0.3") + list(2, "0.4"), []string{"1 ", "3 "}},
		{"packet numbers go on", list(7, "0.5") + "some words\n" + list(8, "0.2"), []string{"1 "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, _ := read(t, c.text)
			if got := pastes(r); !slices.Equal(got, c.want) {
				t.Errorf("pastes %q, want %q", got, c.want)
			}
		})
	}
	// A table of pastes is bounded, and the packets behind it are read all the same.
	r, got := read(t, strings.Repeat(late+syn, 500))
	if len(r.Pastes) != maxPastes || len(got) != 1000 {
		t.Errorf("%d pastes, %d packets", len(r.Pastes), len(got))
	}
}

// What the text leaves out is known to the next segment of each connection: by dots, by a word, by numbers that jump.
func TestOmissions(t *testing.T) {
	const packets = `10:00:00.000000 IP 192.0.2.1.1000 > 198.51.100.7.80: Flags [P.], seq 1000000000:1000000010, ack 2000000000, win 1, length 10
10:00:00.000000 IP 192.0.2.1.1001 > 198.51.100.7.80: Flags [P.], seq 1000000000:1000000010, ack 2000000000, win 1, length 10
%s
10:09:00.000000 IP 198.51.100.7.80 > 192.0.2.1.1000: Flags [.], ack 10, win 1, length 0
10:09:00.000000 IP 198.51.100.7.80 > 192.0.2.1.1001: Flags [R.], seq 0, ack 10, win 0, length 0
10:09:01.000000 IP 198.51.100.7.80 > 192.0.2.1.1000: Flags [.], ack %d, win 1, length 0`
	for _, c := range []struct {
		between string
		ack     int
		want    []int // lines behind a gap
	}{
		{"", 10, nil},
		{"...", 10, []int{4, 5}},
		{"[snip]", 10, []int{4, 5}},
		{"... 200 more lines ...", 10, []int{4, 5}},
		{"<lots of lines removed>", 10, []int{4, 5}},
		{"--8<--", 10, []int{4, 5}},
		{"---", 10, nil},
		{"and nine minutes later:", 10, nil},
		{"", 5000, []int{6}},
	} {
		r := NewReader(strings.NewReader(fmt.Sprintf(packets, c.between, c.ack)))
		var got []int
		for it, err := r.Next(); err == nil; it, err = r.Next() {
			if it.Segment.Unknown.Has(flows.FieldsBefore) {
				got = append(got, it.Line)
			}
		}
		if !slices.Equal(got, c.want) || len(r.Pastes) != 1 {
			t.Errorf("%q, ack %d: lines %v, want %v; pastes %q", c.between, c.ack, got, c.want, pastes(r))
		}
	}
}

// A name has one address, and none that the text shows.
func TestNames(t *testing.T) {
	r, got := read(t, `10:00:00.000000 IP 203.0.113.1.5 > 203.0.113.2.6: Flags [R], seq 1, win 0, length 0
10:00:00.000000 IP client.40000 > xxx.xxx.xxx.xxx.http: Flags [R], seq 1, win 0, length 0
10:00:01.000000 IP xxx.xxx.xxx.xxx.http > client.40000: Flags [R], seq 1, win 0, length 0`)
	if len(got) != 3 || got[1] != "2 203.0.113.3:40000>203.0.113.4:80 RST 1 +0" || got[2] != "3 203.0.113.4:80>203.0.113.3:40000 RST 1 +0" {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	if len(r.names.order) != 2 {
		t.Errorf("names: %v", r.names.order)
	}
}

// endless is a text without an end of line, or of one line again and again.
type endless struct {
	line string
	left int64
	at   int
}

func (e *endless) Read(b []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := 0
	for n < len(b) && e.left > 0 {
		k := copy(b[n:min(len(b), n+int(e.left))], e.line[e.at:])
		n, e.left, e.at = n+k, e.left-int64(k), (e.at+k)%len(e.line)
	}
	return n, nil
}

// A line of 100 MB is passed over in bounded memory.
func TestEndlessLine(t *testing.T) {
	r := NewReader(&endless{line: "10:00:00 IP 1.1.1.1.1 > ", left: 100 << 20})
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	if r.Left[LongLine] != (Lines{1, 1}) || cap(r.lines.buf) > 2*maxLine {
		t.Errorf("left out %v, kept %d bytes", r.Left, cap(r.lines.buf))
	}
}

func FuzzPasted(f *testing.F) {
	for _, s := range []string{
		"10:00:00.000000 IP 192.0.2.1.40000 > 198.51.100.7.8080: Flags [S], seq 3000000000, win 64240, options [mss 1460,sack 1 {1:2}], length 0\n\t0x0000:  4500 0028",
		"12:00:00 a.1 > b.2: P 1:2(1) ack 1 win 2 <nop,timestamp 1 2> (DF) (ttl 64, id 1)", "1 0.1 a → b TCP 54 1 → 2 [RST, ACK] Seq=1 Ack=1 Win=0 Len=0\n2 0.2 a → b HTTP 99 GET /",
		"\"1\",\"0.0\",\"192.0.2.1\",\"192.0.2.2\",\"TCP\",\"54\",\"1 > 2 [SYN] Seq=0 Len=0\"", "| 1 | 0.0 | a | b | TCP | 54 | 1 > 2 [SYN] Seq=0 Len=0 |",
		"Frame 1: 74 bytes on wire\nInternet Protocol Version 4, Src: 192.0.2.1, Dst: 192.0.2.2\nTransmission Control Protocol, Src Port: 1, Dst Port: 2, Seq: 0, Len: 0\n    Flags: 0x002 (SYN)\n",
		"2.4 port1 in 192.0.2.1.1 -> 192.0.2.2.2: psh 1 ack 2", "1 0.1 192.0.2.1 192.0.2.2 TCP TCP:Flags=...A.R.., SrcPort=1, DstPort=2, PayloadLen=0, Seq=1, Ack=1, Win=0",
		"10:00 PktGroupId 1, Component 2\n a > b: Flags [S]", "\xff\xfea\x00", "&gt; \x1b[31m...", "ip.src\tip.dst\ttcp.srcport\ttcp.dstport\ttcp.flags\ttcp.seq\n192.0.2.1\t192.0.2.2\t1\t2\t0x4\t9\n",
		"<structure>\n<section>Source</section>\n<section>Destination</section>\n<section>Info</section>\n</structure>\n<packet>\n<section>192.0.2.1</section>\n<section>192.0.2.2</section>\n<section>1 > 2 [RST] Seq=1 Len=0</section>\n</packet>",
		"{\"log\":\"1 0.1 a b TCP 54 1 > 2 [RST] Seq=1\\n2 0.2 b a TCP 54 2 > 1 [RST] Seq=1\"}", "10:00:00.1 IP a.1 > b.2: Flags [S], seq 1 10:00:00.2 IP b.2 > a.1: Flags [R], seq 0",
		"====( 60 bytes received on interface en0 )==== 12:12:33.3\n < SRC = 192.0.2.1 >\n < DST = 192.0.2.2 >\n ip_hl=20, ip_len=44\n <source port=1, destination port=2 >\n th_seq=a, th_ack=0\n th_off=6, flags<SYN>\n",
		"1 2 E E:f", "x received a packet(proto=6, 192.0.2.1:1->192.0.2.2:2) from l. flag [S.], seq 1, ack 0, win 1", "IN= SRC=192.0.2.1 DST=192.0.2.2 LEN=99 PROTO=TCP SPT=1 DPT=2 SEQ=1 ACK=1 WINDOW=1 ACK PSH\nIN= SRC=192.0.2.1 DST=192.0.2.2 LEN=99 PROTO=TCP SPT=1 DPT=2 SEQ=48 ACK=1 WINDOW=1 ACK PSH",
		"12:00:00 IP 192.0.2.1.1 > 192.0.2.2.2: Flags [S], seq 1, win 1, length 0\n## Server\n12:00:00 IP 192.0.2.3 > 192.0.2.1: ICMP host 192.0.2.2 unreachable, length 9\n\tIP\n    a.1 > b.2: Flags [S]", "No. Time Source Destination Protocol Length Info",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r := NewReader(strings.NewReader(string(text)))
		n := 0
		for {
			it, err := r.Next()
			if err != nil {
				break
			}
			if n++; it.Line < 1 || it.Line > r.lines.n || !it.ICMP && it.Segment.Frame != r.Packets && it.Segment.Frame > r.Packets {
				t.Fatalf("item %+v after %d packets and %d lines", it, r.Packets, r.lines.n)
			}
		}
		if n != r.Packets {
			t.Fatalf("%d items, %d packets", n, r.Packets)
		}
		r.Notes()
	})
}

// ICMP errors are about the connection that they quote, or else about the one between their receiver and the host that they
// name which was seen last.
func TestICMPErrors(t *testing.T) {
	const syn = "10:00:00.000000 IP 192.0.2.1.4000%d > 198.51.100.7.8080: Flags [S], seq 1, win 1, length 0\n"
	for _, c := range []struct{ text, want string }{
		{"10:00:01.000000 IP 192.0.2.254 > 192.0.2.1: ICMP host 198.51.100.7 unreachable - admin prohibited filter, length 68", "3/13 mtu 0 192.0.2.1:40002>198.51.100.7:8080 true"},
		{"10:00:01.000000 IP 192.0.2.254 > 192.0.2.1: ICMP 198.51.100.7 tcp port 8080 unreachable, length 68", "3/3 mtu 0 192.0.2.1:40002>198.51.100.7:8080 true"},
		{"10:00:01.000000 IP 192.0.2.254 > 192.0.2.1: ICMP 198.51.100.7 unreachable - need to frag (mtu 1400), length 556", "3/4 mtu 1400 192.0.2.1:40002>198.51.100.7:8080 true"},
		{"10:00:01.000000 IP (tos 0xc0, ttl 64, id 1, offset 0, flags [none], proto ICMP (1), length 88)\n    192.0.2.254 > 192.0.2.1: ICMP host 198.51.100.7 unreachable, length 68\n" +
			"\tIP (tos 0x0, ttl 63, id 2, offset 0, flags [DF], proto TCP (6), length 60)\n    192.0.2.1.40001 > 198.51.100.7.8080: Flags [.], seq 1:3, ack 2, win 1, length 2",
			"3/1 mtu 0 192.0.2.1:40001>198.51.100.7:8080 false"},
		{"10:00:01.000000 IP 192.0.2.254 > 192.0.2.1: ICMP 198.51.100.7 tcp port 8081 unreachable, length 68", ""}, // of no connection in the text
		{"10:00:01.000000 IP 192.0.2.254 > 192.0.2.1: ICMP echo request, id 1, seq 1, length 64", ""},
	} {
		r := NewReader(strings.NewReader(fmt.Sprintf(syn+syn, 1, 2) + c.text + "\n"))
		got := ""
		for it, err := r.Next(); err == nil; it, err = r.Next() {
			if n := &it.Note; it.ICMP {
				got = fmt.Sprintf("%d/%d mtu %d %v>%v %v", n.Type, n.Code, n.MTU, n.Src, n.Dst, n.QuotedSYN)
				if n.From.String() != "192.0.2.254:0" || it.Line != 3 || n.Frame != 3 {
					t.Errorf("%s: %+v", c.text, it)
				}
			}
		}
		if got != c.want || (got == "") != (r.Left[OtherProtocol] == Lines{1, 3}) {
			t.Errorf("%s\nread as %q, want %q; left out %v", c.text, got, c.want, r.Left[OtherProtocol])
		}
	}
}

// A hex dump may begin with any link layer. Known ones are decoded; behind others the IP header is found; where there is
// none, the line before the dump is read, which is said.
func TestDumpsOfLinkLayers(t *testing.T) {
	const syn = "4500 0028 0001 4000 4006 4e93 c000 0201 c633 6407 9c40 1f90 b2d0 5e00 0000 0000 5002 faf0 0000 0000"
	const syn6 = "6000 0000 0014 0640 20010db8000000000000000000000001 20010db8000000000000000000000002 9c40 1f90 b2d0 5e00 0000 0000 5002 faf0 0000 0000"
	const line = "10:00:00.000000 IP 192.0.2.1.40000 > 198.51.100.7.8080: Flags [S], seq 3000000000, win 64240, length 0"
	const four, six = "192.0.2.1:40000>198.51.100.7:8080 SYN 0 +0", "[2001:db8::1]:40000>[2001:db8::2]:8080 SYN 0 +0"
	for _, c := range []struct {
		name, line, header, packet, want string
		style                            Style
		byLine                           int
	}{
		{"Ethernet", "", "0200 0000 0002 0200 0000 0001 0800", syn, four, HexDump, 0},
		{"raw IP", "", "", syn, four, HexDump, 0},
		{"raw IPv6", "", "", syn6, six, HexDump, 0},
		{"null", "", "0200 0000", syn, four, HexDump, 0},
		{"Linux cooked", "", "0004 0001 0006 0200 0000 0001 0000 0800", syn, four, HexDump, 0},
		{"Linux cooked, version 2", "", "0800 0000 0000 0002 0001 0406 0200 0000 0001 0000", syn, four, HexDump, 0},
		{"FDDI", "", "5000 000c 7e59 a000 e034 1560 60aa aa03 0000 0008 00", syn, four, HexDump, 0},
		{"FDDI, IPv6", "", "5000 000c 7e59 a000 e034 1560 60aa aa03 0000 0086 dd", syn6, six, HexDump, 0},
		{"NFLOG, IPv6", "10:00:00.000000 version 0, resource ID 1, family Unknown (7), length 76: ", "0700 0001 0800 0100 86dd 0300 4000 0900", syn6, six, HexDump, 0},
		{"an unknown one", line, "fe01 0203 0405 0607 0809", syn, four, Tcpdump, 0},
		{"cut in the IP header", line, "0200 0000 0002 0200 0000 0001 0800 4500 0028 0001", "", four, Tcpdump, 1},
		{"nothing of IP", line, "dead beef dead beef dead beef dead beef dead beef", "", four, Tcpdump, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			bytes := strings.ReplaceAll(c.header+c.packet, " ", "")
			var text strings.Builder
			if c.line != "" {
				fmt.Fprintln(&text, c.line)
			}
			for at := 0; at < len(bytes); at += 32 {
				row := bytes[at:min(at+32, len(bytes))]
				fmt.Fprintf(&text, "\t0x%04x: ", at/2)
				for i := 0; i < len(row); i += 4 {
					fmt.Fprintf(&text, " %s", row[i:min(i+4, len(row))])
				}
				fmt.Fprintln(&text)
			}
			r, got := read(t, text.String())
			if len(got) != 1 || !strings.HasSuffix(got[0], c.want) {
				t.Fatalf("got %q, left out %v of\n%s", got, r.Left, &text)
			}
			if r.Styles[c.style] != 1 || r.byLines.Count != c.byLine {
				t.Errorf("read as %v, %d by their line", r.Styles, r.byLines.Count)
			}
		})
	}
}

// Where tshark -x prints several dumps of a packet, the one under "Frame" is the packet, and the others are not.
func TestDumpsWithHeadings(t *testing.T) {
	const frame = `0000  45 00 00 28 00 01 40 00 40 06 4e c7 c0 00 02 01   E..(..@.@.......
0010  c6 33 64 07 9c 40 1f 90 b2 d0 5e 00 00 00 00 00   .3d..@....^.....
0020  50 02 fa f0 00 00 00 00                           P.......
`
	const other = `0000  45 00 00 28 00 02 40 00 40 06 4e c6 c0 00 02 01   E..(..@.@.......
0010  c6 33 64 07 9c 41 1f 90 b2 d0 5e 00 00 00 00 00   .3d..A....^.....
0020  50 04 fa f0 00 00 00 00                           P.......
`
	const line = "    7   1.500000    192.0.2.1 → 198.51.100.7 TLSv1.2 40 Application Data\n\n"
	for name, text := range map[string]string{
		"under a line": line + "Frame (40 bytes):\n" + frame + "Reassembled TCP (40 bytes):\n" + other + "\n" + strings.Replace(line, "7", "8", 1) + frame,
		"alone":        "Frame (40 bytes):\n" + frame + "Decrypted TLS (40 bytes):\n" + other + "\n" + frame,
	} {
		r, got := read(t, text)
		if len(got) != 2 || !strings.HasSuffix(got[0], "SYN 0 +0") || !strings.HasSuffix(got[1], "SYN 0 +0") || r.Left != [reasons]Lines{} {
			t.Errorf("%s: %q, left out %v", name, got, r.Left)
		}
	}
}

// Bytes of another encoding and control characters are no reason not to read a text, and are not passed on.
func TestOtherEncodings(t *testing.T) {
	r, got := read(t, "Gr\xfc\xdfe vom Client:\n10:00:00.000000 IP 192.0.2.1.40000 > 198.51.100.7.8080: Flags [S], seq 3000000000, win 64240, length 0\n\x03\x01\n"+
		"Gr\xfc\xdfe vom Server:\n10:00:00.000000 IP 192.0.2.1.40000 > 198.51.100.7.8080: Flags [S], seq 3000000000, win 64240, length 0\n")
	if len(got) != 2 || len(r.Pastes) != 2 || r.Pastes[0].Heading != "Gr??e vom Client" {
		t.Errorf("%q, %+v", got, r.Pastes)
	}
}

// Wireshark's packet list shows an ICMP error without the packet that it quotes. It is about the connection with its sender, or,
// of a router, about the only one that was not answered; what is guessed is counted. Where that is not clear it is left out.
func TestICMPInPacketList(t *testing.T) {
	const syn = "    1 0.000000000    192.0.2.1 → 198.51.100.7 TCP 74 40000 → 8080 [SYN] Seq=0 Win=64240 Len=0 MSS=1460\n"
	for _, c := range []struct {
		name, text string
		typ, code  uint8
		errors     int
	}{
		{"the host itself", syn + "    2 0.010000000 198.51.100.7 → 192.0.2.1    ICMP 102 Destination unreachable (Port unreachable)\n", 3, 3, 1},
		{"a router", syn + "    2 0.010000000 203.0.113.1 → 192.0.2.1    ICMP 102 Destination unreachable (Host administratively prohibited)\n", 3, 10, 1},
		{"a router, two hosts asked", syn + "    2 0.001 192.0.2.1 → 198.51.100.8 TCP 74 40001 → 8080 [SYN] Seq=0 Win=64240 Len=0 MSS=1460\n" +
			"    3 0.010000000 203.0.113.1 → 192.0.2.1    ICMP 102 Destination unreachable (Host unreachable)\n", 0, 0, 0},
		{"no error", syn + "    2 0.010000000 198.51.100.7 → 192.0.2.1    ICMP 98 Echo (ping) reply    id=0x0001, seq=1/256, ttl=64\n", 0, 0, 0},
	} {
		r := NewReader(strings.NewReader(c.text))
		errs := 0
		for {
			it, err := r.Next()
			if err != nil {
				break
			}
			if it.ICMP {
				errs++
				if n := &it.Note; n.Type != c.typ || n.Code != c.code || n.Src.Port != 40000 || n.Dst.String() != "198.51.100.7:8080" || !n.QuotedSYN {
					t.Errorf("%s: %+v", c.name, n)
				}
			}
		}
		if errs != c.errors || r.guessed.Count != errs || r.Left[OtherProtocol].Count != 1-errs {
			t.Errorf("%s: %d errors, %d guessed, left out %v", c.name, errs, r.guessed.Count, r.Left)
		}
	}
}

// Numbers that are small on the wire look like those that count from a base: what follows tells which they are. Where
// the base is made up, all numbers of a connection are moved alike, those of bare RSTs too.
func TestSmallNumbers(t *testing.T) {
	line := func(from, to, rest string) string {
		return "10:00:00.000000 IP " + from + " > " + to + ": Flags " + rest + ", win 100, length 0\n"
	}
	const c, s = "192.0.2.1.40000", "198.51.100.7.80"
	for _, x := range []struct {
		name, text string
		want       []string // SEQ and ACK less SEQ of the client's first segment and ACK there
	}{
		{"begins in the middle, numbers as they are (-S)", line(c, s, "[P.], seq 5000:5100, ack 9000") + line(s, c, "[.], ack 5100") +
			line(s, c, "[P.], seq 9000:9010, ack 5100") + line(c, s, "[R], seq 5100"),
			[]string{"0 0", "0 100", "0 100", "100"}},
		{"begins in the middle, the first as it is, then relative", line(c, s, "[P.], seq 5000000:5000100, ack 9000000") + line(s, c, "[.], ack 100") +
			line(s, c, "[P.], seq 1:11, ack 100") + line(c, s, "[R], seq 5000100"),
			[]string{"0 0", "0 100", "0 100", "100"}},
		{"begins with ACKs alone, numbers as they are", line(c, s, "[.], ack 3343152432") + line(c, s, "[F.], seq 773912652, ack 3343152432") +
			line(s, c, "[.], ack 773912653") + line(c, s, "[R], seq 773912652") + line(c, s, "[R], seq 773912653"),
			[]string{"0 0", "0 0", "0 1", "0", "1"}},
		{"SYNs with small numbers, relative, a part left out", line(c, s, "[S], seq 1000") + line(s, c, "[S.], seq 500, ack 1001") + line(c, s, "[.], ack 1") +
			"...\n" + line(c, s, "[P.], seq 50000:50000, ack 1"),
			[]string{"0 0", "0 1", "1 1", "50000 1"}},
		{"SYNs with small numbers, as they are, a part left out", line(c, s, "[S], seq 1000") + line(s, c, "[S.], seq 500, ack 1001") + line(c, s, "[.], ack 501") +
			"...\n" + line(c, s, "[P.], seq 50000:50000, ack 501"),
			[]string{"0 0", "0 1", "1 1", "49000 1"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := NewReader(strings.NewReader(x.text))
			var got []string
			var seq [2]flows.Seq // by whether it is the client's: where the numbers begin
			for it, err := r.Next(); err == nil; it, err = r.Next() {
				s := &it.Segment
				k, mine := 0, s.Src.Port == 40000
				if mine {
					k = 1
				}
				if len(got) == 0 {
					seq[1], seq[0] = s.SEQ, s.ACK
				}
				if s.Flags.Has(flows.SYN | flows.ACK) {
					seq[0] = s.SEQ
				}
				line := fmt.Sprint(s.SEQ.Sub(seq[k]))
				if s.Flags&flows.ACK != 0 {
					line += fmt.Sprint(" ", s.ACK.Sub(seq[1-k]))
				} else if s.Flags&flows.SYN != 0 {
					line += " 0"
				}
				got = append(got, line)
			}
			if !slices.Equal(got, x.want) {
				t.Errorf("got %q, want %q", got, x.want)
			}
		})
	}
}

// An ICMP error whose print shows what it quotes names its connection, also where others were seen later.
func TestQuotedByICMP(t *testing.T) {
	const fields = "frame.number\tip.src\tip.dst\ttcp.srcport\ttcp.dstport\ttcp.flags\ttcp.seq\ticmp.type\ticmp.code\n" +
		"1\t192.0.2.1\t198.51.100.7\t40000\t8080\t0x0002\t0\t\t\n" +
		"2\t192.0.2.1\t198.51.100.7\t40001\t443\t0x0002\t0\t\t\n" +
		"3\t203.0.113.9,192.0.2.1\t192.0.2.1,198.51.100.7\t40000\t8080\t0x0002\t1000\t3\t10\n"
	const tree = `Frame 3: 82 bytes on wire (656 bits), 82 bytes captured (656 bits)
Internet Protocol Version 4, Src: 203.0.113.9, Dst: 192.0.2.1
    Time to Live: 64
Internet Control Message Protocol
    Type: 3 (Destination unreachable)
    Code: 10 (Host administratively prohibited)
    Internet Protocol Version 4, Src: 192.0.2.1, Dst: 198.51.100.7
        Time to Live: 63
    Transmission Control Protocol, Src Port: 40000, Dst Port: 8080
        Source Port: 40000
        Flags: 0x002 (SYN)
`
	for name, text := range map[string]string{"tshark -T fields": fields, "tshark -V": tree} {
		r := NewReader(strings.NewReader(text))
		var notes []flows.ICMPNote
		for it, err := r.Next(); err == nil; it, err = r.Next() {
			if it.ICMP {
				notes = append(notes, it.Note)
			}
		}
		if len(notes) != 1 {
			t.Errorf("%s: %d ICMP errors", name, len(notes))
			continue
		}
		got := fmt.Sprint(notes[0].From.IP, notes[0].Src, notes[0].Dst, notes[0].Type, notes[0].Code, notes[0].QuotedSYN)
		want := fmt.Sprint(addr(&Host{IP: netip.MustParseAddr("203.0.113.9")}).IP, "192.0.2.1:40000 198.51.100.7:8080 3 10 true")
		if strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(want, " ", "") {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// Where a line shows no length at all, the numbers that follow in its connection say it.
func TestLengthsFollow(t *testing.T) {
	_, got := read(t, `No. Time Source Destination Protocol Info
1 0.0 192.0.2.1 198.51.100.7 TCP 40000 → 80 [SYN] Seq=0 Win=1 Len=0
2 0.1 198.51.100.7 192.0.2.1 TCP 80 → 40000 [SYN, ACK] Seq=0 Ack=1 Win=1 Len=0
3 0.2 192.0.2.1 198.51.100.7 HTTP GET / HTTP/1.1
4 0.3 198.51.100.7 192.0.2.1 TCP 80 → 40000 [ACK] Seq=1 Ack=78 Win=1 Len=0
5 0.4 198.51.100.7 192.0.2.1 HTTP HTTP/1.1 200 OK
6 0.5 198.51.100.7 192.0.2.1 TCP 80 → 40000 [RST, ACK] Seq=501 Ack=78 Win=1 Len=0`)
	want := []string{
		"2 192.0.2.1:40000>198.51.100.7:80 SYN 0 +0",
		"3 198.51.100.7:80>192.0.2.1:40000 SYN, ACK 0 1 +0",
		"4 192.0.2.1:40000>198.51.100.7:80 PSH, ACK 1 1 +77",
		"5 198.51.100.7:80>192.0.2.1:40000 ACK 1 78 +0",
		"6 198.51.100.7:80>192.0.2.1:40000 PSH, ACK 1 78 +500",
		"7 198.51.100.7:80>192.0.2.1:40000 RST, ACK 501 78 +0",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}
