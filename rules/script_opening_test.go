package rules

import "testing"

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

var openingScripts = []script{
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
		// The server's other connection shows TTL 50, the refusal comes with 63 and at once.
		hit: `
conn 1
< ttl 50
0.000  > S  0:0(0)
+0.020 < S. 0:0(0) ack 1
+0.000 > .  1:1(0) ack 1
+0.001 > P. 1 ack 1 "a"
+0.020 < .  1:1(0) ack 2
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
