package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/rules/claim"
)

// many returns a script in which one client was refused by n ports.
func many(n int) string {
	text := ""
	for i := range n {
		text += scanOf(i + 1)
	}
	return text
}

func scanOf(i int) string {
	port := string([]byte{byte('0' + i/10), byte('0' + i%10)})
	return "conn " + port + " 192.0.2.1:500" + port + " > 198.51.100.1:20" + port + "\n" +
		"+0.010 > S 0:0(0) <mss 1460>\n+0.010 < R. =0:=0(0) ack 1 win 0 ipid 0\n"
}

// flood returns a script in which n hosts, one after the other, are refused by one port; their SYNs have these options.
func flood(n int, options string) string {
	text := ""
	for i := range n {
		text += fmt.Sprintf("conn %d 203.0.113.%d:%d > 198.51.100.1:22\n+0.050 > S 0:0(0) win 5005 %s\n+0.0001 < R. =0:=0(0) ack 1 win 0 ipid 0\n", i+1, i+1, 5000+i, options)
	}
	return text
}

// unasked returns a script in which a server answers SYNs that nobody sent on n connections.
func unasked(n int, answer string) string {
	text := ""
	for i := range n {
		text += fmt.Sprintf("conn %d 192.0.2.1:%d > 198.51.100.1:80\n+0.050 %s\n", i+1, 5000+i, answer)
	}
	return text
}

// filtered returns a script in which one client asks n ports, of which the last refuses and the others do not answer.
func filtered(n int) string {
	text := ""
	for i := range n {
		text += fmt.Sprintf("conn %d 192.0.2.1:50000 > 198.51.100.1:%d\n+0.010 > S 0:0(0) <mss 1460>\n", i+1, 1000+i)
	}
	return text + "+0.010 < R. =0:=0(0) ack 1 win 0 ipid 0"
}

// visitor returns a script in which one client asks one port of n servers, which accept, but for the last.
func visitor(n int) string {
	text := ""
	for i := range n {
		text += fmt.Sprintf("conn %d 192.0.2.1:50000 > 198.51.100.%d:443\n+0.010 > S 0:0(0) <mss 1460>\n", i+1, i+1)
		if i+1 < n {
			text += "+0.010 < S. 0:0(0) ack 1\n+0.000 > . 1:1(0) ack 1\n"
		}
	}
	return text + "+0.010 < R. =0:=0(0) ack 1 win 0 ipid 0"
}

const resetUnasked = "< S. 0:0(0) ack 1\n+0.0001 > R 1:1(0) win 0 ipid 0"

var openingScripts = []script{
	{
		rule: "backscatter-reset",
		hit:  unasked(4, resetUnasked),
		// The host had asked, and gave up.
		miss: "0.000 > S 0:0(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>\n+0.020 " + resetUnasked,
	},
	{
		rule: "backscatter-reset",
		// Refusals come to a host that the capture shows, and that asked for none.
		hit: "conn 9\n" + answered + strings.Replace(unasked(4, "< R. =0:=0(0) ack 1 win 0 ipid 0"), "+0.050", "+1.050", 1),
		// One of several SYNs was not captured.
		miss: "conn 9\n" + answered + unasked(1, "< R. =0:=0(0) ack 1 win 0 ipid 0"),
	},
	{
		rule: "spoofed-syn",
		// Another gateway, and another distance.
		hit: `
0.000  > S  0:0(0) win 64240 ttl 240 mac 02:00:00:00:00:01 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
+0.020 < S. 0:0(0) ack 1
+0.080 > R  1:1(0) win 0 ipid 0 ttl 52 mac 02:00:00:00:00:02`,
		// nmap gives its SYNs a TTL of its own.
		miss: `
0.000  > S  0:0(0) win 1 ttl 38 mac 02:00:00:00:00:01 <mss 1460,sackOK,TS val 4294967295 ecr 0,nop,wscale 10>
+0.020 < S. 0:0(0) ack 1
+0.080 > R  1:1(0) win 0 ipid 0 ttl 64 mac 02:00:00:00:00:01`,
	},
	{
		rule: "spoofed-syn",
		// A SYN with a request, as for reflection by devices on the path.
		hit: `
0.000  > S  0 win 64240 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < S. 0:0(0) ack 1
+0.000 > R  1:1(0) win 0 ipid 0`,
		// TCP Fast Open: the SYN-ACK acknowledges the data.
		miss: `
0.000  > S  0 win 64240 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < S. 0:0(0) ack 28
+0.000 > R  28:28(0) win 0 ipid 0`,
	},
	{
		rule: "syn-flood-refused",
		hit:  flood(40, ""),
		// Clients of a service that is down.
		miss: flood(40, "<mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>"),
	},
	{
		rule: "port-scan",
		// A filter drops what it does not refuse: one refusal of 40 SYNs.
		hit: filtered(40),
		// Three ports are no scan.
		miss: filtered(3),
	},
	{
		rule: "port-scan",
		hit:  filtered(40),
		// A client of many servers, which accept, is none.
		miss: visitor(40),
	},
	{
		rule: "syn-probe",
		// nmap -O: a window of 1, the largest timestamp; and flags that no system sends.
		hit: `
0.000  > FSPU 0:0(0) win 256 <nop,wscale 10,nop,mss 265,TS val 4294967295 ecr 0,sackOK>
+0.020 < S. 0:0(0) ack 1
+0.000 > R  1:1(0) win 0 ipid 0`,
		miss: `
0.000  > S 0:0(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
+0.020 < S. 0:0(0) ack 1
+0.000 > R  1:1(0) win 0 ipid 0`,
	},
	{
		rule: "syn-probe",
		// Xmas; the reply leaves the FIN out.
		hit: `
0.000  > FPU 0:0(0) win 1024
+0.020 < R. =0:=0(0) ack 0 win 0 ipid 0`,
		// An ACK probe has no odd flag.
		miss: `
0.000  > . 0:0(0) ack 1 win 1024
+0.020 < R 1:1(0) win 0 ipid 0`,
	},
	{
		rule: "syn-probe",
		// NULL
		hit: `
0.000  > - 0:0(0) win 1024
+0.020 < R. =0:=0(0) ack 0 win 0 ipid 0`,
		miss: `
0.000  > S 0:0(0) win 1024
+0.020 < R. =0:=0(0) ack 1 win 0 ipid 0`,
	},
	{
		rule: "no-listener",
		hit: `
0.000  > S  0:0(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
+0.020 < R. =0:=0(0) ack 1 win 0 ipid 0`,
		// The same RST in answer to data that no opening precedes.
		miss: `
0.000  > P. 1 ack 1 "hello"
+0.020 < R  1:1(0) win 0 ipid 0`,
	},
	{
		rule: "policy-reject",
		// The server's other connections show TTL 50 and its distance, twice; the refusal comes with 63 and at once.
		hit: `
conn 1
< ttl 50
0.000  > S  0:0(0)
+0.020 < S. 0:0(0) ack 1
+0.000 > .  1:1(0) ack 1
+0.001 > P. 1 ack 1 "a"
+0.020 < .  1:1(0) ack 2
conn 3 192.0.2.1:50003 > 198.51.100.1:80
< ttl 50
+0.001 > S  0:0(0)
+0.020 < S. 0:0(0) ack 1
+0.000 > .  1:1(0) ack 1
conn 2 192.0.2.1:50000 > 198.51.100.1:81
+0.100 > S  0:0(0)
+0.0001 < R. =0:=0(0) ack 1 win 0 ttl 63 ipid 0`,
		miss: `
conn 1
< ttl 50
0.000  > S  0:0(0)
+0.020 < S. 0:0(0) ack 1
+0.000 > .  1:1(0) ack 1
conn 2 192.0.2.1:50000 > 198.51.100.1:81
< ttl 50
+0.100 > S  0:0(0)
+0.020 < R. =0:=0(0) ack 1 win 0 ipid 0`,
	},
	{
		rule: "restart-window",
		hit: `
conn 1 192.0.2.1:50001 > 198.51.100.1:80
0.000  > S  0:0(0)
+0.020 < S. 0:0(0) ack 1
+0.000 > .  1:1(0) ack 1
conn 2 192.0.2.1:50002 > 198.51.100.1:80
+1.000 > S  0:0(0)
+0.020 < R. =0:=0(0) ack 1 win 0 ipid 0`,
		// Another port of the same host accepts: that says nothing of this one.
		miss: `
conn 1 192.0.2.1:50001 > 198.51.100.1:80
0.000  > S  0:0(0)
+0.020 < S. 0:0(0) ack 1
+0.000 > .  1:1(0) ack 1
conn 2 192.0.2.1:50002 > 198.51.100.1:81
+1.000 > S  0:0(0)
+0.020 < R. =0:=0(0) ack 1 win 0 ipid 0`,
	},
	{rule: "port-scan", hit: many(16), miss: many(3)},
	// The same where the SYNs were not captured; and one port that is tried again and again.
	{rule: "port-scan", hit: manyUnseen(16, 1), miss: manyUnseen(16, 0)},
	{
		rule: "tuple-reuse",
		hit: `
0.000  > S  0:0(0)
+0.020 < .  7000:7000(0) ack 99000
+0.000 > R  99000:99000(0) win 0 ipid 0`,
		miss: `
0.000  > S  0:0(0)
+0.020 < S. 0:0(0) ack 1
+0.000 > R  1:1(0) win 0 ipid 0`,
	},
	{
		rule: "bad-handshake-ack",
		hit: `
0.000  > S  0:0(0)
+0.020 < S. 0:0(0) ack 99000
+0.000 > R  99000:99000(0) win 0 ipid 0`,
		miss: `
0.000  > S  0:0(0)
+0.020 < S. 0:0(0) ack 1
+0.000 > R  1:1(0) win 0 ipid 0`,
	},
	{
		rule: "syn-unanswered",
		hit: `
0.000  > S  0:0(0)
1.000  > S  0:0(0)
3.000  > S  0:0(0)
7.000  > R. 1:1(0) ack 0`,
		miss: `
0.000  > S  0:0(0)
1.000  > S  0:0(0)
1.020  < S. 0:0(0) ack 1
1.021  > R. 1:1(0) ack 1`,
	},
	{
		rule: "syn-probe",
		hit: `
0.000  > S  0:0(0) win 1024 <mss 1460>
+0.020 < S. 0:0(0) ack 1
+0.000 > R  1:1(0) win 0 ipid 0`,
		miss: `
0.000  > S  0:0(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
+0.020 < S. 0:0(0) ack 1
+0.000 > R  1:1(0) win 0 ipid 0`,
	},
	{
		rule: "late-syn-ack",
		hit: `
0.000  > S  0:0(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
1.000  > S  0:0(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
2.500  < S. 0:0(0) ack 1
+0.000 > R  1:1(0) win 0 ipid 0`,
		miss: `
0.000  > S  0:0(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
+0.100 < S. 0:0(0) ack 1
+0.000 > R  1:1(0) win 0 ipid 0`,
	},
	{
		rule: "connect-withdrawn",
		hit: `
0.000  > S  0:0(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
+0.100 < S. 0:0(0) ack 1
+0.000 > R  1:1(0) win 0 ipid 0`,
		// RST+ACK comes from a socket that is closed on purpose.
		miss: `
0.000  > S  0:0(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
+0.100 < S. 0:0(0) ack 1
+0.000 > R. 1:1(0) ack 1 win 502`,
	},
	{
		rule: "handshake-unanswered",
		hit: `
0.000  > S  0:0(0)
+0.000 < S. 0:0(0) ack 1
1.000  < S. 0:0(0) ack 1
3.000  < S. 0:0(0) ack 1
7.000  < R. 1:1(0) ack 1`,
		miss: opened + `
+0.001 < R. 1:1(0) ack 1 win 509`,
	},
	{
		rule: "accept-queue-overflow",
		hit: opened + `
+0.020 < R  1:1(0) win 0 ipid 0`,
		miss: opened + `
+0.020 < R. 1:1(0) ack 1 win 509`,
	},
	{
		// A SYN-ACK that is sent again shows that the port listens all the time: handshakes fill its queue.
		rule: "accept-queue-overflow",
		hit:  halfOpen + "+1.000 2> S 0:0(0)\n+0.001 2< R. =0:=0(0) ack 1 win 0\n+0.300 1< S. 0:0(0) ack 1",
		// That SYN-ACK belongs to a connection that was begun after the refusal.
		miss: "0 2> S 0:0(0)\n+0.001 2< R. =0:=0(0) ack 1 win 0\n" + strings.Replace(halfOpen, "0.000", "+0.100", 1) + "+1 1< S. 0:0(0) ack 1",
	},
	{
		// The SYN-ACK that comes after the refusal answers a SYN from before it, and says nothing of a restart.
		rule: "restart-window",
		hit:  "0 2> S 0:0(0)\n+0.001 2< R. =0:=0(0) ack 1 win 0\n" + strings.Replace(halfOpen, "0.000", "+0.100", 1),
		miss: "0 1> S 0:0(0)\n+0.0001 2> S 0:0(0)\n+0.001 2< R. =0:=0(0) ack 1 win 0\n+0.100 1< S. 0:0(0) ack 1",
	},
	{
		// A bare RST behind the SYN-ACK of a scanner's SYN is a reply, however late.
		rule: "syn-probe",
		hit:  "0 > S 0:0(0) win 1024 <mss 1460>\n+0.001 < S. 0:0(0) ack 1 <mss 1460>\n+2.000 > R 1:1(0) win 0",
		miss: "0 > S 0:0(0) win 1024 <mss 1460>\n+0.001 < S. 0:0(0) ack 1 <mss 1460>\n+2.000 > R. 1:1(0) ack 1 win 1024",
	},
}

// halfOpen is a handshake that the client does not complete.
const halfOpen = "0.000 1> S 0:0(0)\n+0.001 1< S. 0:0(0) ack 1\n"

// TestCancelledConnect: a time limit for connecting is a guess only where the client had waited; attempts that were begun
// together are a race.
func TestCancelledConnect(t *testing.T) {
	const attempt = "%s > S 0:0(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>\n%s < S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 9 ecr 1,nop,wscale 7>\n+0.030 > R 1:1(0) win 0"
	other := "conn 2 192.0.2.1:50002 > 198.51.100.1:445\n0.000 > S 0:0(0)\n+0.001 < S. 0:0(0) ack 1\nconn 1 192.0.2.1:50001 > 198.51.100.1:139\n"
	for text, want := range map[string]string{
		fmt.Sprintf(attempt, "0", "+0.300"):              "closed the socket",
		fmt.Sprintf(attempt, "0", "+1.000"):              "time limit",
		other + fmt.Sprintf(attempt, "+0.001", "+0.001"): "another connection to the server's host",
		other + fmt.Sprintf(attempt, "+0.001", "+1.000"): "time limit",
		other + fmt.Sprintf(attempt, "+30", "+0.001"):    "closed the socket",
	} {
		if f := last(t, text); !strings.Contains(f.Symptom, want) || strings.HasPrefix(want, "another") && !f.Claims(claim.OpenedElsewhere) {
			t.Errorf("want %q: %s, %s\n%s", want, f.Rule.ID, f.Symptom, tell(f))
		}
	}
}

// TestImpossibleFlags: a RST with SYN or FIN set is a damaged segment, above all where its sender goes on.
func TestImpossibleFlags(t *testing.T) {
	for flags, want := range map[string]bool{"FR": true, "R": false} {
		f := last(t, answered+"+0.1 > "+flags+" 28:28(0)\n+0.1 > P. 28:38(10) ack 44\n+0.02 < . 44 ack 38")
		if f.Claims(claim.ImpossibleFlags) != want || want && (f.Confidence > 0.5 || !f.Claims(claim.SendsAfterReset) || f.Severity != Info) {
			t.Errorf("%s: %s %.2f %s\n%s", flags, f.Rule.ID, f.Confidence, f.Severity, tell(f))
		}
	}
}

// TestLateRefusal: a RST a minute after the last SYN does not say that nothing listens.
func TestLateRefusal(t *testing.T) {
	f := last(t, `
0.000  > S  0:0(0)
+1     > S  0:0(0)
+2     > S  0:0(0)
+60    < R. =0:=0(0) ack 1 win 0`)
	if f.Cause == ClosedPort {
		t.Errorf("a refusal after a minute: %s", f.Summary)
	}
	if f := last(t, "0.000  > S  0:0(0)\n+3 < R. =0:=0(0) ack 1 win 0"); f.Cause != ClosedPort {
		t.Errorf("a refusal after 3 s: %s", f.Summary)
	}
}

// TestNothingToCompare: without another packet of its sender, who sent a RST is not known; on one host nothing lies
// between the ends.
func TestNothingToCompare(t *testing.T) {
	if f := last(t, "0 > S 0:0(0)\n+0.020 < R. =0:=0(0) ack 1 win 0"); f.Origin != OriginUnknown {
		t.Errorf("origin %s", f.Origin)
	}
	if f := last(t, answered+"+0.1 < R. 44:44(0) ack 28"); f.Origin != OriginEndpoint {
		t.Errorf("origin %s", f.Origin)
	}
}

// TestFloodOfOpenPort: the resets of half-open connections of a flood say so; a few probes are no flood.
func TestFloodOfOpenPort(t *testing.T) {
	for n, want := range map[int]bool{40: true, 5: false} {
		text := ""
		for i := range n {
			text += fmt.Sprintf("conn %d 192.0.2.%d:%d > 198.51.100.1:80\n+0.010 > S 0:0(0) win 5393\n+0.001 < S. 0:0(0) ack 1 win 64240 <mss 1460>\n+0.020 > R 1:1(0) win 0\n", i+1, i+1, 5000+i)
		}
		f := last(t, text)
		if f.Cause != UnknownConnection || f.Claims(claim.Askers) != want || strings.HasPrefix(f.Summary, "A SYN flood") != want {
			t.Errorf("%d hosts: %s: %s", n, f.Rule.ID, f.Summary)
		}
	}
}

// TestQueueNeedsLoad: a RST that answers the last ACK of a handshake shows a full queue only where more connections wait.
func TestQueueNeedsLoad(t *testing.T) {
	f := last(t, opened+"+0.020 < R 1 win 0 ipid 0")
	if f.Rule.ID != acceptQueueOverflowID || f.Confidence > 0.6 || f.Severity == Error || f.Alternatives[0].Cause != PeerCrash {
		t.Errorf("alone: %s %.2f %s\n%s", f.Rule.ID, f.Confidence, f.Severity, tell(f))
	}
	again := strings.Replace(opened, "+0.000 >", "+1.000 < S. 0:0(0) ack 1 win 65160 ipid 0 <mss 1460,sackOK,TS val 9 ecr 1,nop,wscale 7>\n+0.000 >", 1)
	if f = last(t, again+"+0.020 < R 1 win 0 ipid 0"); f.Confidence < 0.85 {
		t.Errorf("SYN-ACK sent again: %s %.2f\n%s", f.Rule.ID, f.Confidence, tell(f))
	}
}

// TestUnofferedACK: a client that acknowledges what the server, as its later SYN-ACK shows, never offered has no
// connection.
func TestUnofferedACK(t *testing.T) {
	const replayed = `
0.000   > S  0:0(0) win 64240 <mss 1460>
+0.0005 > .  1:1(0) ack 777777
+0.0003 > P. 1 ack 777777 "POST / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.0009 < R  777777 win 0 ipid 0 ttl 128
`
	f := last(t, replayed+"+0.030 < S. 0:0(0) ack 1 win 65160 ipid 0")
	if f.Rule.ID != "bad-handshake-ack" || says(f, claim.BadACK) == nil {
		t.Errorf("%s %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
	if f = last(t, replayed); f.Rule.ID == "bad-handshake-ack" {
		t.Errorf("only one side captured: %s\n%s", f.Summary, tell(f))
	}
}

// TestBehindSYNProxy: a SYN-ACK with a window of 0 is a SYN proxy's, so the server itself may have refused.
func TestBehindSYNProxy(t *testing.T) {
	handshake := func(window int) string {
		return fmt.Sprintf("0.000 > S 0:0(0) win 64240 <mss 1460,sackOK,nop,wscale 10>\n"+
			"+0.048 < S. 0:0(0) ack 1 win %d ttl 64 ipid 0 <mss 1460,sackOK,nop,wscale 7>\n"+
			"+0.00005 > . 1:1(0) ack 1 win 63\n+0.056 < R. 1:1(0) ack 1 win 0 ttl 63 ipid 0\n", window)
	}
	f := last(t, handshake(0))
	if f.Confidence > 0.7 || says(f, claim.ProxySYNACK) == nil ||
		!slices.ContainsFunc(f.Alternatives, func(a Alternative) bool { return a.Cause == ClosedPort && a.Confidence > 0.3 }) {
		t.Errorf("%.2f %s %v", f.Confidence, f.Summary, f.Alternatives)
	}
	if f = last(t, handshake(65160)); f.Rule.ID != "accepted-then-dropped" || says(f, claim.ProxySYNACK) != nil {
		t.Errorf("%s %s", f.Rule.ID, f.Summary)
	}
}

// manyUnseen is n refusals of SYNs that were not captured, by ports that differ by step.
func manyUnseen(n, step int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "conn %d 192.0.2.9:%d > 198.51.100.1:%d\n+0.003 < R. =0 ack 1 win 0 ipid 0\n", i, 50000+i, 20+i*step)
	}
	return b.String()
}
