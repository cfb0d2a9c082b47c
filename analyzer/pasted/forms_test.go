package pasted

import (
	"slices"
	"strings"
	"testing"
)

// The same refused connection as mails, web pages and people leave it. Every text is constructed.
func TestForms(t *testing.T) {
	refused := []string{
		"192.0.2.1:40000>198.51.100.7:8080 SYN 0 +0",
		"198.51.100.7:8080>192.0.2.1:40000 RST, ACK 0 1 +0",
	}
	byPort := []string{
		"203.0.113.1:40000>203.0.113.2:8080 SYN 0 +0",
		"203.0.113.2:8080>203.0.113.1:40000 RST, ACK 0 1 +0",
	}
	list := func(arrow string) string {
		return "1 0.000000 192.0.2.1 " + arrow + " 198.51.100.7 TCP 74 40000 " + arrow + " 8080 [SYN] Seq=0 Win=64240 Len=0 MSS=1460\n" +
			"2 0.010000 198.51.100.7 " + arrow + " 192.0.2.1 TCP 54 8080 " + arrow + " 40000 [RST, ACK] Seq=1 Ack=1 Win=0 Len=0"
	}
	for _, c := range []struct {
		name, text string
		want       []string
		lines      []int
	}{
		{"quoted-printable, wrapped before it was encoded, and quoted", `> >   1 2026-03-01 10:00:00.000000 192.0.2.1 =E2=86=92 198.51.1=
00.7 TCP 74
> > 40000 =E2=86=92 8080 [SYN] Seq=3D0 Win=3D64240 Len=3D0 MSS=3D=
1460
> >   2 2026-03-01 10:00:00.010000 198.51.100.7 =E2=86=92 192.0.2.1 TCP 54
> > 8080 =E2=86=92 40000 [RST, ACK] Seq=3D1 Ack=3D1 Win=3D0 Len=3D0`, refused, []int{1, 5}},
		{"quoted-printable of tcpdump, with a header", `Content-Transfer-Encoding: quoted-printable

10:00:00.000000 IP 192.0.2.1.40000 > 198.51.100.7.8080: Flags [S], seq 30=
00000000, win 64240, length 0
10:00:00.010000 IP 198.51.100.7.8080 > 192.0.2.1.40000: Flags [R.], seq 0=
, ack 3000000001, win 0, length 0`, refused, []int{3, 5}},
		{"quoted-printable of tcpdump, without", `10:00:00.000000 IP 192.0.2.1.40000 > 198.51.100.7.8080: Flags [S], seq 30=
00000000, win 64240, length 0
10:00:00.010000 IP 198.51.100.7.8080 > 192.0.2.1.40000: Flags [R.], seq 0=
, ack 3000000001, win 0, length 0`, refused, []int{1, 3}},
		{"the arrow lost to an encoding", list("?"), refused, []int{1, 2}},
		{"the arrow as Windows-1252", list("\u00e2\u2020\u2019"), refused, []int{1, 2}},
		{"the arrow as a mail program's symbol", list("\uf0e0"), refused, []int{1, 2}},
		{"the arrow in a font that the mail has lost", list("\u00e0"), refused, []int{1, 2}},
		{"the arrow as an entity", list("&rarr;"), refused, []int{1, 2}},
		{"the arrow taken for the end of a tag", `10:00:00.000000 IP 192.0.2.1.40000 198.51.100.7.8080: S 3000000000:3000000000(0) win 64240 <mss 1460>
10:00:00.010000 IP 198.51.100.7.8080 192.0.2.1.40000: R 0:0(0) ack 3000000001 win 0`, refused, []int{1, 2}},
		{"no hosts", `--> 40000 > 8080: Flags [S], seq 3000000000, ack 0, win 65535, length 0
<-- 8080 > 40000: Flags [R.], seq 0, ack 3000000001, win 0, length 0  checksum=OK`, byPort, []int{1, 2}},
		{"Info alone, in a numbered list", `1: 40000 → 8080 [SYN] Seq=0 Win=64240 Len=0
2: 8080 → 40000 [RST, ACK] Seq=1 Ack=1 Win=0 Len=0`, byPort, []int{1, 2}},
		{"Info alone, behind a protocol and a length", `TCP 74 40000 → 8080 [SYN] Seq=0 Win=64240 Len=0
TCP 54 8080 → 40000 [RST, ACK] Seq=1 Ack=1 Win=0 Len=0`, byPort, []int{1, 2}},
		{"numbers of the wire in Wireshark's list", `1: 40000 → 8080 [SYN] Seq=3000000000
2: [TCP Out-Of-Order] 40000 → 8080 [PSH, ACK] Seq=1132949130 Ack=1202969688 Len=0
3: 8080 → 40000 [RST, ACK] Seq=0 Ack=3000000001`, []string{byPort[0],
			"203.0.113.1:40000>203.0.113.2:8080 PSH, ACK 2427916426 1202969688 +0", byPort[1]}, []int{1, 2, 3}},
		{"a list without a column Protocol, its line breaks lost to tags", `<p>better:</p><p><code> Time    Source          Destination Info</code></p><p><code>15:33.3 192.0.2.1    198.51.100.7   40000 &gt; 8080 [SYN] Seq=0 Win=8192 Len=0 15:33.4 198.51.100.7   192.0.2.1    8080 &gt; 40000 [RST, ACK] Seq=1 Ack=1 Win=0 Len=0</code></p>`,
			refused, []int{1, 1}},
		{"tags for line breaks", `10:00:00.000000 IP 192.0.2.1.40000 &gt; 198.51.100.7.8080: Flags [S], seq 3000000000<br>10:00:00.010000 IP 198.51.100.7.8080 &gt; 192.0.2.1.40000: Flags [R.], seq 0, ack 3000000001`, refused, []int{1, 1}},
		{"F5's words before the ports", `1 0.000000 192.0.2.1 198.51.100.7 TCP 192 IN  s1/tmm0 : 40000 → 8080 [SYN] Seq=0 Win=64240 Len=0 MSS=1460
2 0.005000 192.0.2.1 198.51.100.7 TCP 192 IN  s1/tmm0 : [TCP Retransmission] 40000 → 8080 [SYN] Seq=0 Win=64240 Len=0 MSS=1460
3 0.010000 198.51.100.7 192.0.2.1 TCP 220 OUT s1/tmm0 : 8080 → 40000 [RST, ACK] Seq=1 Ack=1 Win=0 Len=0 [F5RST: [0x2409a71:1087] No available SNAT address]`,
			[]string{refused[0], refused[0], refused[1]}, []int{1, 2, 3}},
		{"typographic quotation marks", "see “10:00:00.000000 IP 192.0.2.1.40000 > 198.51.100.7.8080: Flags [S], seq 3000000000, win 64240, length 0” and\n" +
			"then “10:00:00.010000 IP 198.51.100.7.8080 > 192.0.2.1.40000: Flags [R.], seq 0, ack 3000000001, win 0, length 0”", refused, []int{1, 2}},
		{"a name that begins with an address", `10:00:00.000000 IP 192.0.2.9.pool.example.net.40000 > 198.51.100.7.8080: S 3000000000:3000000000(0) win 64240
10:00:00.010000 IP 198.51.100.7.8080 > 192.0.2.9.pool.example.net.40000: R 0:0(0) ack 3000000001 win 0`, []string{
			"203.0.113.1:40000>198.51.100.7:8080 SYN 0 +0", "198.51.100.7:8080>203.0.113.1:40000 RST, ACK 0 1 +0"}, []int{1, 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := NewReader(strings.NewReader(c.text))
			for i := 0; ; i++ {
				it, err := r.Next()
				if err != nil {
					break
				}
				if i < len(c.lines) && it.Line != c.lines[i] {
					t.Errorf("packet %d in line %d, not %d", i+1, it.Line, c.lines[i])
				}
			}
			_, lines := read(t, c.text)
			var got []string
			for _, l := range lines {
				_, l, _ = strings.Cut(l, " ")
				got = append(got, l)
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// What looks encoded is not where the numbers beside it are not.
func TestNotQuotedPrintable(t *testing.T) {
	_, got := read(t, "1 0.000000 192.0.2.1 → 198.51.100.7 TCP 74 40000 → 80 [SYN] Seq=0 Win=64240 Len=0\n"+
		"2 0.010000 192.0.2.1 → 198.51.100.7 HTTP 100 GET /?a=3D&b=20 HTTP/1.1\n"+
		"3 0.020000 192.0.2.1 → 198.51.100.7 TCP 74 40000 → 80 [RST, ACK] Seq=20 Ack=30 Win=64240 Len=0\n")
	if len(got) != 3 || !strings.HasSuffix(got[2], " 20 30 +0") && !strings.Contains(got[2], "RST, ACK 20 ") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// What F5 writes beside its own RSTs is passed on.
func TestF5Causes(t *testing.T) {
	for _, text := range []string{
		`10:00:00.000000 IP 192.0.2.1.40000 > 198.51.100.7.443: Flags [S], seq 3000000000, win 64240, length 0 in slot1/tmm0 lis= flowtype=0
10:00:00.010000 IP 198.51.100.7.443 > 192.0.2.1.40000: Flags [R.], seq 0, ack 3000000001, win 0, length 0 out slot1/tmm0 lis=/Common/vs rst_cause="[0x2409a71:1087] No available SNAT address"`,
		`1 0.000000 192.0.2.1 198.51.100.7 TCP 192 IN  s1/tmm0 : 40000 → 443 [SYN] Seq=0 Win=64240 Len=0 MSS=1460
2 0.010000 198.51.100.7 192.0.2.1 TCP 220 OUT s1/tmm0 : 443 → 40000 [RST, ACK] Seq=1 Ack=1 Win=0 Len=0 [F5RST(peer): [0x2409a71:1087] No available SNAT address]`,
	} {
		r, _ := read(t, text)
		want := `the RST was sent by an F5 device, which wrote its own reason beside it: "No available SNAT address" (line 2)`
		if !slices.ContainsFunc(r.Notes(), func(n Note) bool { return n.Says == want }) {
			t.Errorf("notes %+v", r.Notes())
		}
	}
}

// Fields without their names are refused with a word on what prints these.
func TestFieldsWithoutNames(t *testing.T) {
	r, got := read(t, "1\t0.000000\t192.0.2.1\t198.51.100.7\t40000\t8080\t0x0002\t0\t0\t0\n2\t0.010000\t198.51.100.7\t192.0.2.1\t8080\t40000\t0x0014\t1\t1\t0\n")
	if why, ok := r.Unfit(); len(got) != 0 || !ok || why != Headless || r.Left[Headless] != (Lines{2, 1}) {
		t.Errorf("%v, %v, left out %v", got, why, r.Left)
	}
}

// A print with the time of day and one with dates are two pastes: no time passed from one to the other.
func TestClocksOfTwoKinds(t *testing.T) {
	r, got := read(t, `10:00:00.000000 IP 192.0.2.1.40000 > 198.51.100.7.8080: Flags [.], seq 5:10, ack 3000000001, win 64240, length 5
and
2026-03-01 10:00:00.010000 IP 192.0.2.1.40002 > 198.51.100.7.8080: Flags [.], seq 5:10, ack 3000000001, win 64240, length 5
`)
	if len(got) != 2 || len(r.Pastes) != 2 {
		t.Errorf("%d packets in %d pastes", len(got), len(r.Pastes))
	}
}
