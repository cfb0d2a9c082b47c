package pasted

import (
	"html"
	"slices"
	"strings"
	"testing"
)

const wrappedTcpdump = `10:00:00.000000 IP 192.0.2.1.40000 > 198.51.100.7.8080: Flags [S], seq 3000000000, win 64240, options [mss 1460,sackOK,TS val 1560244117 ecr 0,nop,wscale 10], length 0
10:00:00.010000 IP 198.51.100.7.8080 > 192.0.2.1.40000: Flags [S.], seq 4000000000, ack 3000000001, win 65160, options [mss 1460,sackOK,TS val 3354070360 ecr 1560244117,nop,wscale 10], length 0
10:00:00.020000 IP 192.0.2.1.40000 > 198.51.100.7.8080: Flags [P.], seq 1:101, ack 1, win 63, options [nop,nop,TS val 1560244148 ecr 3354070360], length 100
10:00:00.030000 IP 198.51.100.7.8080 > 192.0.2.1.40000: Flags [R.], seq 1, ack 101, win 0, length 0
`

const wrappedVerbose = `10:00:00.000000 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 60)
    192.0.2.1.40000 > 198.51.100.7.8080: Flags [S], cksum 0x1111 (correct), seq 3000000000, win 64240, options [mss 1460], length 0
10:00:00.010000 IP (tos 0x0, ttl 60, id 0, offset 0, flags [DF], proto TCP (6), length 60)
    198.51.100.7.8080 > 192.0.2.1.40000: Flags [S.], cksum 0x1111 (correct), seq 4000000000, ack 3000000001, win 65160, options [mss 1460], length 0
10:00:00.020000 IP (tos 0x0, ttl 64, id 2, offset 0, flags [DF], proto TCP (6), length 140)
    192.0.2.1.40000 > 198.51.100.7.8080: Flags [P.], cksum 0x1111 (correct), seq 1:101, ack 1, win 63, length 100
10:00:00.030000 IP (tos 0x0, ttl 60, id 0, offset 0, flags [DF], proto TCP (6), length 40)
    198.51.100.7.8080 > 192.0.2.1.40000: Flags [R.], cksum 0x1111 (correct), seq 1, ack 101, win 0, length 0
`

const wrappedList = `    1 0.000000000    192.0.2.1 → 198.51.100.7 TCP 74 40000 → 8080 [SYN] Seq=0 Win=64240 Len=0 MSS=1460 SACK_PERM TSval=1560244117 TSecr=0 WS=1024
    2 0.010000000 198.51.100.7 → 192.0.2.1    TCP 74 8080 → 40000 [SYN, ACK] Seq=0 Ack=1 Win=65160 Len=0 MSS=1460 SACK_PERM TSval=3354070360 TSecr=1560244117 WS=1024
    3 0.020000000    192.0.2.1 → 198.51.100.7 TCP 154 40000 → 8080 [PSH, ACK] Seq=1 Ack=1 Win=64512 Len=100
    4 0.030000000 198.51.100.7 → 192.0.2.1    TCP 54 8080 → 40000 [RST, ACK] Seq=1 Ack=101 Win=0 Len=0
`

// each puts something around each line.
func each(wrap func(string) string) func(string) string {
	return func(text string) string {
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		for i := range lines {
			lines[i] = wrap(lines[i])
		}
		return strings.Join(lines, "\n") + "\n"
	}
}

// broken breaks lines behind at most so many characters: between words, or anywhere.
func broken(width int, anywhere bool, indent string) func(string) string {
	return each(func(line string) string {
		var out []string
		for rest := []rune(line); len(rest) > 0; {
			n := min(width, len(rest))
			if !anywhere && n < len(rest) {
				for k := n; k > 0; k-- {
					if rest[k] == ' ' && strings.TrimSpace(string(rest[:k])) != "" {
						n = k
						break
					}
				}
			}
			out = append(out, string(rest[:n]))
			rest = rest[n:]
			if !anywhere && len(rest) > 0 {
				rest = rest[1:]
			}
		}
		return strings.Join(out, "\n"+indent)
	})
}

// Pages, mails, chats and logs put things around lines, and break them. Nothing of that changes what is read.
func TestWrapping(t *testing.T) {
	before := func(prefix string) func(string) string { return each(func(l string) string { return prefix + l }) }
	wrappings := map[string]func(string) string{
		"CRLF":                    func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"quoted":                  before("> "),
		"quoted twice":            before(">> "),
		"quoted without a blank":  before(">"),
		"indented":                before("    "),
		"indented by a tab":       before("\t"),
		"diff":                    before("+"),
		"docker-compose":          before("web-1  | "),
		"kubectl logs --prefix":   before("[pod/web-7d9f-abcde/tcpdump] "),
		"kubectl logs, with time": before("2026-03-01T10:00:00.123456789Z "),
		"CRI":                     before("2026-03-01T10:00:00.123456789Z stdout F "),
		"syslog":                  before("Mar  1 10:00:00 host1 tcpdump[1234]: "),
		"grep":                    before("dump.txt:"),
		"HTML":                    func(s string) string { return "<pre><code>" + html.EscapeString(s) + "</code></pre>" },
		"HTML, lines":             each(func(l string) string { return `<p class="x">` + html.EscapeString(l) + "</p><br/>" }),
		"no-break spaces":         func(s string) string { return strings.ReplaceAll(html.EscapeString(s), " ", "&nbsp;") },
		"JIRA":                    func(s string) string { return "{code:bash}" + s + "{code}\n" },
		"code":                    each(func(l string) string { return "`" + l + "`" }),
		"blank lines between":     each(func(l string) string { return l + "\n" }),
		"quoted-printable":        func(s string) string { return strings.ReplaceAll(s, "=", "=3D") },
		"72 columns":              broken(72, false, ""),
		"72 columns, flowed":      each(func(l string) string { return strings.ReplaceAll(broken(71, false, "")(l), "\n", " \n") }),
		"72 columns, indented":    broken(72, false, "    "),
		"a terminal of 80":        broken(80, true, ""),
		"a terminal of 120":       broken(120, true, ""),
	}
	for name, text := range map[string]string{"tcpdump": wrappedTcpdump, "tcpdump -v": wrappedVerbose, "tshark": wrappedList} {
		_, want := read(t, text)
		if len(want) != 4 {
			t.Fatalf("%s: %q", name, want)
		}
		for how, wrap := range wrappings {
			_, got := read(t, wrap(text))
			for i := range got {
				_, got[i], _ = strings.Cut(got[i], " ") // lines are counted otherwise
			}
			same := slices.Clone(want)
			for i := range same {
				_, same[i], _ = strings.Cut(same[i], " ")
			}
			if !slices.Equal(got, same) {
				t.Errorf("%s, %s: read\n%s", name, how, strings.Join(got, "\n"))
			}
		}
	}
}

// The columns of the packet list in tables of several forms.
func TestTables(t *testing.T) {
	rows := [][]string{
		{"1", "0.000000", "192.0.2.1", "198.51.100.7", "TCP", "74", "40000 → 8080 [SYN] Seq=0 Win=64240 Len=0"},
		{"2", "0.010000", "198.51.100.7", "192.0.2.1", "TCP", "54", "8080 → 40000 [RST, ACK] Seq=1 Ack=1 Win=0 Len=0"},
	}
	names := []string{"No.", "Time", "Source", "Destination", "Protocol", "Length", "Info"}
	want := []string{"192.0.2.1:40000>198.51.100.7:8080 SYN 0 +0", "198.51.100.7:8080>192.0.2.1:40000 RST, ACK 0 1 +0"}
	cells := func(row []string, open, close string) string {
		out := ""
		for _, c := range row {
			out += open + c + close
		}
		return out
	}
	join := func(sep string) func([]string) string {
		return func(row []string) string { return strings.Join(row, sep) }
	}
	ports := func(row []string) string { // with columns for the ports
		s, d := "40000", "8080"
		if row[0] == "2" {
			s, d = d, s
		}
		return strings.Join([]string{row[0], row[1], row[2], s, row[3], d, row[4], row[5], "64", row[6]}, "\t")
	}
	times := func(row []string) string { // three columns of times
		return strings.Join([]string{row[0], "2026-03-01 10:00:00.0" + row[0], row[1], "0.0001", row[2], row[3], row[4], row[5], row[6]}, "\t")
	}
	for name, c := range map[string]struct {
		head bool
		row  func([]string) string
	}{
		"commas":               {true, join(",")},
		"commas, no head":      {false, join(",")},
		"semicolons":           {true, join(";")},
		"HTML":                 {true, func(r []string) string { return "<tr>" + cells(r, "<td>", "</td>") + "</tr>" }},
		"columns for ports":    {false, ports},
		"three times":          {false, times},
		"pipes without a rule": {false, func(r []string) string { return "|" + strings.Join(r, "|") + "|" }},
	} {
		text := ""
		if c.head {
			text = c.row(names) + "\n"
		}
		for _, r := range rows {
			text += c.row(r) + "\n"
		}
		_, got := read(t, text)
		for i := range got {
			_, got[i], _ = strings.Cut(got[i], " ")
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: read %q of\n%s", name, got, text)
		}
	}
}

// Addresses and ports that people made unreadable, or that no host has.
func TestVeiledAddresses(t *testing.T) {
	for _, ends := range [][2]string{
		{"[client vm ip].[port]", "[server lb ip].https"}, {"<client ip>.51234", "<server ip>.443"}, {"10.##.##.5.51234", "10.##.##.6.443"},
		{"███.███.█.12.51234", "███.███.█.13.443"}, {"$CLIENT.51234", "$SERVER.443"}, {"{client}.51234", "{server}.443"},
		{"300.1.2.3.51234", "10.2.2.2.443"}, {"10.10.10.51234", "10.10.11.443"}, {"x.x.x.x.51234", "y.y.y.y.443"},
	} {
		_, got := read(t, "10:00:00.000000 eth0 Out IP "+ends[0]+" > "+ends[1]+": Flags [S], seq 1000000000, win 1, length 0\n"+
			"10:00:00.010000 eth0 In  IP "+ends[1]+" > "+ends[0]+": Flags [R.], seq 0, ack 1000000001, win 0, length 0\n")
		if len(got) != 2 || !strings.HasSuffix(got[1], ":443>"+strings.Fields(got[0] + " x")[1][:strings.IndexByte(strings.Fields(got[0] + " x")[1], '>')]+" RST, ACK 0 1 +0") {
			t.Errorf("%q: read %q", ends, got)
		}
	}
}

// Of packets whose layers are folded, the line of the packet list before them, or the heading of TCP, has the flags.
func TestFoldedDissection(t *testing.T) {
	const text = `    Frame 1: 66 bytes on wire (528 bits), 66 bytes captured (528 bits) on interface 0
    Internet Protocol Version 4, Src: 192.0.2.1, Dst: 198.51.100.7
    Transmission Control Protocol, Src Port: 40000, Dst Port: 443, Seq: 0, Len: 0

    Frame 3: 571 bytes on wire (4568 bits), 571 bytes captured (4568 bits) on interface 0
    Internet Protocol Version 4, Src: 192.0.2.1, Dst: 198.51.100.7
    Transmission Control Protocol, Src Port: 40000, Dst Port: 443, Seq: 1, Ack: 1, Len: 517
    Transport Layer Security

    No.     Time           Source                Destination           Protocol Length Info
          4 0.010000       198.51.100.7          192.0.2.1             TCP      64     443 → 40000 [RST, ACK] Seq=1 Ack=518 Win=0 Len=0

    Frame 4: 64 bytes on wire (512 bits), 64 bytes captured (512 bits) on interface 0
    Internet Protocol Version 4, Src: 198.51.100.7, Dst: 192.0.2.1
    Transmission Control Protocol, Src Port: 443, Dst Port: 40000, Seq: 1, Ack: 518, Len: 0
`
	want := []string{"SYN 0 +0", "PSH, ACK 1 1 +517", "RST, ACK 1 518 +0"}
	for _, indent := range []string{"", "    "} {
		_, got := read(t, strings.ReplaceAll("\n"+text, "\n    ", "\n"+indent))
		if len(got) != len(want) {
			t.Errorf("indented by %d: %q", len(indent), got)
			continue
		}
		for i := range got {
			if i == 0 && !strings.HasSuffix(got[i], want[i]) || !strings.Contains(got[i], strings.Fields(want[i])[0]) {
				t.Errorf("indented by %d: %q, want %q", len(indent), got[i], want[i])
			}
		}
	}
}

// tcpdump counts from the first segment with ACK, of which it shows no SEQ where that is the handshake's.
func TestCountedFromTheHandshakesACK(t *testing.T) {
	_, got := read(t, `10:00:00.000000 IP 192.0.2.1.40000 > 198.51.100.7.80: Flags [S], seq 582262404, win 29200, length 0
10:00:00.000100 IP 192.0.2.1.40000 > 198.51.100.7.80: Flags [.], ack 3436793995, win 29, length 0
10:00:00.000200 IP 192.0.2.1.40000 > 198.51.100.7.80: Flags [P.], seq 0:157, ack 1, win 29, length 157
10:00:00.000300 IP 192.0.2.1.40000 > 198.51.100.7.80: Flags [R], seq 582262562, win 0, length 0`)
	if len(got) != 4 || !strings.Contains(got[2], "PSH, ACK 1 ") || !strings.Contains(got[3], "RST 158 ") {
		t.Errorf("read %q", got)
	}
}

// The first packets of a text that was cut in the middle of one have no time: they get that of the next one.
func TestTimeOfACutPacket(t *testing.T) {
	r := NewReader(strings.NewReader("    192.0.2.1.40000 > 198.51.100.7.80: Flags [S], seq 1, win 1, length 0\n" +
		"10:00:00.000100 IP 198.51.100.7.80 > 192.0.2.1.40000: Flags [R.], seq 0, ack 2, win 0, length 0\n"))
	a, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	at := a.Segment.Time
	b, err := r.Next()
	if err != nil || at != b.Segment.Time {
		t.Errorf("times %d and %d (%v)", at, b.Segment.Time, err)
	}
}

// A paste may begin with an application's line: addresses, a time and a length are enough to know it.
func TestBeginsWithAnApplicationsLine(t *testing.T) {
	_, got := read(t, `100	10.000000	10.1.1.1	10.2.2.2	HTTP	500	GET /a HTTP/1.1
102	10.220000	10.1.1.1	10.2.2.2	TCP	54	50000 → 80 [ACK] Seq=447 Ack=747 Win=64256 Len=0
250	130.020000	10.2.2.2	10.1.1.1	TCP	54	80 → 50000 [RST, ACK] Seq=747 Ack=447 Win=0 Len=0`)
	if len(got) != 3 || !strings.HasPrefix(got[0], "1 10.1.1.1:50000>10.2.2.2:80 PSH, ACK") {
		t.Errorf("read %q", got)
	}
}

// The first segment with ACK is shown as it is, also where it belongs to an older connection of the same ports.
func TestAnswerOfAnOlderConnection(t *testing.T) {
	_, got := read(t, `10:00:00.000000 IP 10.1.1.1.50000 > 10.2.2.2.80: Flags [S], seq 100000000, win 29200, length 0
10:00:00.000100 IP 10.2.2.2.80 > 10.1.1.1.50000: Flags [.], ack 399999999, win 229, length 0
10:00:00.000200 IP 10.1.1.1.50000 > 10.2.2.2.80: Flags [R], seq 399999999, win 0, length 0`)
	if len(got) != 3 || !strings.Contains(got[1], " 299999999 +0") || !strings.Contains(got[2], "RST 299999999 ") {
		t.Errorf("read %q", got)
	}
}
