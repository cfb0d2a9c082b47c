package pasted

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const timelessTcpdump = `IP 192.0.2.1.40000 > 198.51.100.7.8080: Flags [S], seq 3000000000, win 64240, options [mss 1460], length 0
IP 198.51.100.7.8080 > 192.0.2.1.40000: Flags [S.], seq 4000000000, ack 3000000001, win 65160, options [mss 1460], length 0
IP 192.0.2.1.40000 > 198.51.100.7.8080: Flags [P.], seq 1:101, ack 1, win 63, length 100
IP 198.51.100.7.8080 > 192.0.2.1.40000: Flags [R.], seq 1, ack 101, win 0, length 0
`

const listWithHead = `No.     Time        Source                Destination           Protocol Length Info
      1 0.000000    192.0.2.1             198.51.100.7          TCP      74     40000 → 8080 [SYN] Seq=0 Win=64240 Len=0 MSS=1460
      2 0.010000    198.51.100.7          192.0.2.1             TCP      74     8080 → 40000 [SYN, ACK] Seq=0 Ack=1 Win=65160 Len=0 MSS=1460
      3 0.020000    192.0.2.1             198.51.100.7          HTTP     154    GET /list?count=12 HTTP/1.1
      4 0.030000    198.51.100.7          192.0.2.1             TCP      54     8080 → 40000 [RST, ACK] Seq=1 Ack=101 Win=0 Len=0
`

const listAsCSV = `"1","0.000000","192.0.2.1","198.51.100.7","TCP","74","40000  >  8080 [SYN] Seq=0 Win=64240 Len=0 MSS=1460"
"2","0.010000","198.51.100.7","192.0.2.1","TCP","74","8080  >  40000 [SYN, ACK] Seq=0 Ack=1 Win=65160 Len=0 MSS=1460"
"3","0.020000","192.0.2.1","198.51.100.7","HTTP","154","GET /list?count=12 HTTP/1.1"
"4","0.030000","198.51.100.7","192.0.2.1","TCP","54","8080  >  40000 [RST, ACK] Seq=1 Ack=101 Win=0 Len=0"
`

const listWithDates = `1 2026-11-30 10:00:00.000000 192.0.2.1 198.51.100.7 TCP 74 40000 > 8080 [SYN] Seq=0 Win=64240 Len=0 MSS=1460
2 2026-11-30 10:00:00.010000 198.51.100.7 192.0.2.1 TCP 74 8080 > 40000 [SYN, ACK] Seq=0 Ack=1 Win=65160 Len=0 MSS=1460
3 2026-11-30 10:00:00.020000 192.0.2.1 198.51.100.7 TCP 154 40000 > 8080 [PSH, ACK] Seq=1 Ack=1 Win=64240 Len=100
4 2026-11-30 10:00:00.030000 198.51.100.7 192.0.2.1 TCP 54 8080 > 40000 [RST, ACK] Seq=1 Ack=101 Win=0 Len=0
`

const oldTcpdump = `10:00:00.000000 192.0.2.1.40000 > 198.51.100.7.8080: S 3000000000:3000000000(0) win 64240 <mss 1460> (DF)
10:00:00.010000 198.51.100.7.8080 > 192.0.2.1.40000: S 4000000000:4000000000(0) ack 3000000001 win 65160 <mss 1460>
10:00:00.020000 192.0.2.1.40000 > 198.51.100.7.8080: P 1:101(100) ack 1 win 63
10:00:00.030000 198.51.100.7.8080 > 192.0.2.1.40000: R 1:1(0) ack 101 win 0
`

const asaCapture = `   1: 10:00:00.000000       192.0.2.1.40000 > 198.51.100.7.8080: S 3000000000:3000000000(0) win 64240 <mss 1460>
   2: 10:00:00.010000       802.1Q vlan#12 P0 198.51.100.7.8080 > 192.0.2.1.40000: S 4000000000:4000000000(0) ack 3000000001 win 65160 <mss 1460>
   3: 10:00:00.020000       192.0.2.1.40000 > 198.51.100.7.8080: P 3000000001:3000000101(100) ack 4000000001 win 63
   4: 10:00:00.030000       198.51.100.7.8080 > 192.0.2.1.40000: R 4000000001:4000000001(0) ack 3000000101 win 0
`

const fortiSniffer = `2026-11-30 10:00:00.000000 port1 in 192.0.2.1.40000 -> 198.51.100.7.8080: syn 3000000000
2026-11-30 10:00:00.010000 port1 out 198.51.100.7.8080 -> 192.0.2.1.40000: syn 4000000000 ack 3000000001
2026-11-30 10:00:00.020000 port1 in 192.0.2.1.40000 -> 198.51.100.7.8080: ack 4000000001
2026-11-30 10:00:00.030000 port1 out 198.51.100.7.8080 -> 192.0.2.1.40000: rst 4000000001 ack 3000000001
`

const anyInterface = `2026-11-30 10:00:00.000000 eth0  In  IP 192.0.2.1.40000 > 198.51.100.7.8080: Flags [S], seq 3000000000, win 64240, options [mss 1460], length 0
2026-11-30 10:00:00.010000 eth0  Out IP 198.51.100.7.8080 > 192.0.2.1.40000: Flags [S.], seq 4000000000, ack 3000000001, win 65160, options [mss 1460], length 0
2026-11-30 10:00:00.020000 eth0  In  IP 192.0.2.1.40000 > 198.51.100.7.8080: Flags [P.], seq 1:101, ack 1, win 63, length 100
2026-11-30 10:00:00.030000 eth0  Out IP 198.51.100.7.8080 > 192.0.2.1.40000: Flags [R.], seq 1, ack 101, win 0, length 0
`

const withEthernet = `10:00:00.000000 02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype IPv4 (0x0800), length 58: 192.0.2.1.40000 > 198.51.100.7.8080: Flags [S], seq 3000000000, win 64240, options [mss 1460], length 0
10:00:00.010000 02:00:00:00:00:02 > 02:00:00:00:00:01, ethertype IPv4 (0x0800), length 58: 198.51.100.7.8080 > 192.0.2.1.40000: Flags [S.], seq 4000000000, ack 3000000001, win 65160, options [mss 1460], length 0
10:00:00.020000 02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype IPv4 (0x0800), length 154: 192.0.2.1.40000 > 198.51.100.7.8080: Flags [P.], seq 1:101, ack 1, win 63, length 100
10:00:00.030000 02:00:00:00:00:02 > 02:00:00:00:00:01, ethertype IPv4 (0x0800), length 54: 198.51.100.7.8080 > 192.0.2.1.40000: Flags [R.], seq 1, ack 101, win 0, length 0
`

const netfilterLog = `Nov 30 10:00:00 fw kernel: [100.000000] IN=eth0 OUT= SRC=192.0.2.1 DST=198.51.100.7 LEN=60 TTL=64 ID=1 DF PROTO=TCP SPT=40000 DPT=8080 SEQ=3000000000 ACK=0 WINDOW=64240 RES=0x00 SYN URGP=0
Nov 30 10:00:00 fw kernel: [100.010000] IN= OUT=eth0 SRC=198.51.100.7 DST=192.0.2.1 LEN=40 TTL=64 ID=0 DF PROTO=TCP SPT=8080 DPT=40000 SEQ=0 ACK=3000000001 WINDOW=0 RES=0x00 ACK RST URGP=0
`

// packetsOf returns what is read of a text, without lines.
func packetsOf(t *testing.T, text string) (*Reader, []string) {
	t.Helper()
	r, got := read(t, text)
	for i := range got {
		_, got[i], _ = strings.Cut(got[i], " ")
	}
	return r, got
}

// A print whose line breaks a browser or a ticket removed is read as with them.
func TestLinesRunTogether(t *testing.T) {
	for name, text := range map[string]string{"tcpdump": wrappedTcpdump, "tcpdump -v": wrappedVerbose, "tcpdump before version 4": oldTcpdump} {
		_, want := packetsOf(t, text)
		r, got := packetsOf(t, strings.ReplaceAll(text, "\n", ""))
		if !slices.Equal(got, want) || r.Left != [reasons]Lines{} {
			t.Errorf("%s, nothing between: left out %v, read\n%s", name, r.Left, strings.Join(got, "\n"))
		}
	}
	removals := map[string]func(string) string{
		"blanks": func(s string) string { return strings.ReplaceAll(strings.TrimSpace(s), "\n", " ") },
		"prose": func(s string) string {
			return "Here is the trace: " + strings.ReplaceAll(s, "\n", " ") + "and it fails."
		},
		"quoted":  func(s string) string { return "> " + strings.ReplaceAll(strings.TrimSpace(s), "\n", " > ") },
		"escaped": func(s string) string { return "the output was " + strconv.Quote(s) },
		"twice":   func(s string) string { return `{"text": ` + strconv.Quote(strconv.Quote(s)) + "}" },
	}
	for name, text := range map[string]string{
		"tcpdump": wrappedTcpdump, "tcpdump -v": wrappedVerbose, "tcpdump -t": timelessTcpdump, "tcpdump -i any": anyInterface,
		"tcpdump -e": withEthernet, "tcpdump before version 4": oldTcpdump, "ASA": asaCapture, "FortiGate": fortiSniffer,
		"CSV": listAsCSV, "tshark": wrappedList, "packet list": listWithHead, "packet list with dates": listWithDates, "netfilter": netfilterLog,
	} {
		before, want := packetsOf(t, text)
		if len(want) != strings.Count(text, "8080") && len(want) != 4 && len(want) != 2 {
			t.Fatalf("%s: %q", name, want)
		}
		for how, join := range removals {
			r, got := packetsOf(t, join(text))
			if !slices.Equal(got, want) || r.Left != before.Left {
				t.Errorf("%s, %s: left out %v, read\n%s", name, how, r.Left, strings.Join(got, "\n"))
			}
			if fmt.Sprint(r.Lacks) != fmt.Sprint(before.Lacks) {
				t.Errorf("%s, %s: lacks %v, want %v", name, how, r.Lacks, before.Lacks)
			}
		}
	}
}

// A line of packets that is longer than what is looked at of one is read piece by piece.
func TestLongLineOfPackets(t *testing.T) {
	for _, sep := range []string{" ", `\n`} {
		const packets = 2000
		var b strings.Builder
		for i := range packets {
			fmt.Fprintf(&b, "10:00:%02d.%06d IP 192.0.2.1.%d > 198.51.100.7.8080: Flags [S], seq %d, win 64240, length 0%s",
				i/1000, i, 10000+i, 1<<31+i, sep)
		}
		r, got := read(t, b.String())
		if b.Len() < 3*maxLine || len(got) != packets || r.Left != [reasons]Lines{} || cap(r.lines.buf) > 3*maxLine {
			t.Errorf("%d bytes with %q between: read %d packets, left out %v, kept %d bytes",
				b.Len(), sep, len(got), r.Left, cap(r.lines.buf))
		}
	}
}

// What a log, a quotation or a tunnel puts into a line is no packet of its own.
func TestOnePacketInALine(t *testing.T) {
	const packet = "IP 192.0.2.1.40000 > 198.51.100.7.8080: Flags [S], seq 1000, win 64240, length 0"
	want := []string{"192.0.2.1:40000>198.51.100.7:8080 SYN 0 +0"}
	for _, text := range []string{
		"10:00:00.000001 host1 tcpdump[77]: 10:00:00.000000 " + packet,
		"2026-11-30T10:00:00.000001Z stdout F 10:00:00.000000 " + packet,
		"10:00:00.000000 IP 203.0.113.1 > 203.0.113.2: GREv0, length 60: " + packet,
		"10:00:00.000000 IP 203.0.113.1.5000 > 203.0.113.2.4789: VXLAN, flags [I] (0x08), vni 7 " + packet,
		"10:00:00.000000 " + packet + " # at 10:00:00.5 the client had given up after 1.5 seconds",
		"1 0.000000 192.0.2.1 198.51.100.7 TCP 74 40000 > 8080 [SYN] Seq=0 Win=1 Len=0 TSval=1 TSecr=0 0.5 seconds later",
	} {
		r, got := packetsOf(t, text)
		if !slices.Equal(got, want) || r.Left != [reasons]Lines{} {
			t.Errorf("%s: read %q, left out %v", text, got, r.Left)
		}
	}
	for _, text := range []string{wrappedTcpdump, wrappedVerbose, wrappedList, listWithHead, listWithDates, oldTcpdump, asaCapture, fortiSniffer,
		anyInterface, withEthernet, netfilterLog} {
		for line := range strings.Lines(text) {
			if parts := separate(nil, []byte(line)); len(parts) != 1 {
				t.Errorf("%q was taken for %q", line, parts)
			}
		}
	}
}

// Packets that nothing parts are counted, and so are lines that only look like packets.
func TestWhatCannotBeParted(t *testing.T) {
	const half = "TCP: 1 -> 2 ..R.A. seq=1 ack=2 [vs_0][fw_1] eth0:i[40]: 192.0.2.1 -> 198.51.100.7 (TCP) len=40 id=1 "
	for _, c := range []struct {
		text string
		why  Reason
		want Lines
	}{
		{"x\n" + strings.Repeat(half, 3), Joined, Lines{2, 2}},
		{"10:00:00.0 IP 192.0.2.1.1 ; 198.51.100.7.2: Flags [R.], seq 1, ack 2, win 0, length 0\n\n1 foo [RST] Seq=1\n", Unread, Lines{2, 1}},
	} {
		if r, _ := read(t, c.text); r.Left[c.why] != c.want {
			t.Errorf("%q: left out %v, want %v", c.text, r.Left, c.want)
		}
	}
}

// Logs wrap each line of a print in an object of JSON, or put a prefix before it.
func TestLogs(t *testing.T) {
	object := func(format string) func(string) string {
		return each(func(l string) string {
			s, _ := json.Marshal(l + "\n") // with > as \u003e
			return fmt.Sprintf(format, s)
		})
	}
	before := func(prefix string) func(string) string { return each(func(l string) string { return prefix + l }) }
	logs := map[string]func(string) string{
		"docker":         object(`{"log":%s,"stream":"stdout","time":"2026-11-30T10:00:00.5Z"}`),
		"journal":        object(`{"_PID":"77","SYSLOG_IDENTIFIER":"tcpdump","MESSAGE":%s,"__REALTIME_TIMESTAMP":"1796032800000000"}`),
		"cloud":          object(`{"insertId":"a","jsonPayload":{"message":%s},"timestamp":"2026-11-30T10:00:00.5Z"}`),
		"strings":        object(`  %s,`),
		"RFC 3164":       before("<30>Nov 30 10:00:00 host1 tcpdump[77]: "),
		"RFC 5424":       before("<30>1 2026-11-30T10:00:00.5Z host1 tcpdump 77 - - "),
		"short-iso":      before("2026-11-30T10:00:00+0000 host1 tcpdump[77]: "),
		"short-precise":  before("Nov 30 10:00:00.500000 host1 tcpdump[77]: "),
		"short-unix":     before("1796032800.500000 host1 tcpdump[77]: "),
		"short-full":     before("Mon 2026-11-30 10:00:00 UTC host1 tcpdump[77]: "),
		"stern":          before("web-7d9f tcpdump "),
		"logger":         before("2026-11-30 10:00:00,500 INFO capture: "),
		"GitHub Actions": before("2026-11-30T10:00:00.1234567Z "),
	}
	for name, text := range map[string]string{"tcpdump": wrappedTcpdump, "tcpdump -v": wrappedVerbose, "tshark": wrappedList} {
		_, want := packetsOf(t, text)
		for how, wrap := range logs {
			if r, got := packetsOf(t, wrap(text)); !slices.Equal(got, want) || r.Left != [reasons]Lines{} {
				t.Errorf("%s, %s: left out %v, read\n%s", name, how, r.Left, strings.Join(got, "\n"))
			}
		}
	}
}
