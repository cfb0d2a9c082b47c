package rules

import (
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/wire"
)

// aborted is a download that the client breaks off, 100 ms away from the capture, while the server sends on.
const aborted = `
> ttl 116
< ttl 58
0.000  > S  0:0(0)
+0.010 < S. 0:0(0) ack 1
+0.100 > .  1:1(0) ack 1
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.010 < .  1:1401(1400) ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n"
+0.100 > .  28:28(0) ack 1401
+0.010 < .  1401:2801(1400) ack 28
+0.001 < .  2801:4201(1400) ack 28
+0.025 > R. 28:28(0) ack 1401 win 0
`

// forgedRefusal is a SYN that somebody on the path answers with a RST which does not acknowledge it; the server
// answers later, and the connection opens.
const forgedRefusal = `
0.000  > S  0:0(0) ipid 5461
+0.230 < R. =0:=0(0) ack 0 win 0 ttl 46 ipid 5461
+1.030 < S. 0:0(0) ack 1 ttl 49
+0.002 > .  1:1(0) ack 1
`

// forgedFIN is a SYN that somebody on the path answers with a FIN; it echoes a timestamp that was never sent, so
// that Linux answers with a RST and goes on opening.
const forgedFIN = `
0.000  > S  0:0(0) ipid 58846 <mss 1460,sackOK,TS val 1821165629 ecr 0,nop,wscale 7>
+0.060 < F. =0:=0(0) ack 1 ipid 58846 <nop,nop,TS val 100 ecr 100>
+0.000 > R  1:1(0) win 0 ipid 0
`

// pathScripts are situations in which somebody else than the two ends has a hand.
var pathScripts = []script{
	{
		rule: "late-segment",
		// The device that let the client's RST pass, 45 ms away, answers what the server had under way.
		hit: aborted + `
+0.010 > R. 28:28(0) ack 2801 win 0 ttl 244 ipid 46339
+0.001 > R. 28:28(0) ack 4201 win 0 ttl 244 ipid 46340`,
		// The client's own stack answers with the same numbers: one event.
		miss: aborted + `
+0.090 > R. 28:28(0) ack 2801 win 0
+0.001 > R. 28:28(0) ack 4201 win 0`,
	},
	{
		rule: "device-reply",
		// A NAT engine answers the client's RST.
		hit: `
> ttl 128
< ttl 64
0.000  > S  0:0(0)
+0.001 < S. 0:0(0) ack 1
+0.005 > .  1:1(0) ack 1
+0.015 > F. 1:1(0) ack 1
+0.001 < .  1:1(0) ack 2
+0.080 < P. 1:44(43) ack 2 "220 mx.example ESMTP ready, how do you do\r\n"
+0.002 > R  2:2(0) win 0
+0.001 < R. =0:=0(0) ack 2 win 0 ttl 255`,
		// The server's host answers late data of the client.
		miss: `
0.000  > S  0:0(0)
+0.001 < S. 0:0(0) ack 1
+0.005 > .  1:1(0) ack 1
+0.015 > F. 1:1(0) ack 1
+0.001 < F. 1:1(0) ack 2
+0.001 > .  2:2(0) ack 2
+30    > .  2:2(0) ack 2
+0.001 < R  2:2(0) win 0`,
	},
	{
		rule: "policy-reject",
		// A forged refusal that acknowledges the SYN's own number: the client throws it away.
		hit: forgedRefusal,
		miss: `
0.000  > S  0:0(0)
+0.050 < R. =0:=0(0) ack 0 win 0 ipid 0`,
	},
	{
		rule: "unread-data",
		// After a forged refusal the connection opened: the request had been heard, and was not answered. Most of
		// the time it was on its way.
		hit: forgedRefusal + `
+0.001 > P. 1 ack 1 "hello, is anybody there?"
+1.580 < .  1:1(0) ack 25
+0.001 < R. 1:1(0) ack 25 win 0`,
		miss: forgedRefusal + `
+0.001 > P. 1 ack 1 "hello, is anybody there?"
+1.580 < .  1:1(0) ack 25
+10.00 < R. 1:1(0) ack 25 win 0`,
	},
	{
		rule: "stray-segment",
		// A forged FIN in place of the SYN-ACK, which comes after it with numbers of its own.
		hit: forgedFIN + `
+0.002 < S. 26175:26175(0) ack 1 ipid 7
+0.000 > .  1:1(0) ack 26176`,
		// An older connection answers with a number of its own: that is a pair in use.
		miss: `
0.000  > S  0:0(0)
+0.020 < .  7000:7000(0) ack 99000
+0.000 > R  99000:99000(0) win 0 ipid 0`,
	},
	{
		rule: "tuple-reuse",
		hit: `
0.000  > S  0:0(0)
+0.020 < .  7000:7000(0) ack 99000
+0.000 > R  99000:99000(0) win 0 ipid 0
+1.000 > S  0:0(0)`,
		miss: forgedFIN,
	},
	{
		rule: "idle-expiry",
		// A device answers the first segment after a silence.
		hit: `
< ttl 50
` + answered + `
+60.00 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.001 < R  44:44(0) win 0 ipid 7777 ttl 63`,
		// A device answers what was under way when the client reset: no silence.
		miss: aborted + `
+0.010 > R. 28:28(0) ack 2801 win 0 ttl 244 ipid 46339`,
	},
}

// TestForgedRefusal: a refusal that its receiver drops is told as such, and what comes after it as if it had not
// been.
func TestForgedRefusal(t *testing.T) {
	for _, c := range []struct{ what, text, drops string }{
		{"its ACK is one short of the SYN's end", forgedRefusal, "does not acknowledge the client's SYN"},
		{"it echoes a timestamp that was never sent", `
0.000  > S  0:0(0) ipid 58846 <mss 1460,sackOK,TS val 1821165629 ecr 0,nop,wscale 7>
+0.060 < R. =0:=0(0) ack 1 ipid 58846 <nop,nop,TS val 100 ecr 100>
+0.002 < S. 26175:26175(0) ack 1 ipid 7
+0.000 > .  1:1(0) ack 26176`, "echoes the timestamp"},
	} {
		resets, err := wire.Resets(c.text)
		if err != nil {
			t.Fatal(err)
		}
		r := resets[0]
		f := NewEngine(Options{}).Explain(r)
		if r.To[flows.Originator] != flows.SynSent || r.Accept != flows.AcceptOutside {
			t.Errorf("%s: the client is in %s, accept %d", c.what, r.To[flows.Originator], r.Accept)
		}
		if !strings.Contains(f.Summary, "did not accept") || !strings.HasPrefix(f.Symptom, "nothing") || f.Origin != OriginMiddlebox {
			t.Errorf("%s: %s / %s / %s", c.what, f.Summary, f.Symptom, f.Origin)
		}
		says := ""
		for _, e := range append(f.Evidence, f.Notes...) {
			says += e.Says + "\n"
		}
		if !strings.Contains(says, c.drops) {
			t.Errorf("%s: %s", c.what, says)
		}
		for _, e := range append(f.Evidence, f.OriginWhy...) {
			if strings.Contains(e.Says, "other connections") || strings.Contains(e.Says, "not in the capture") {
				t.Errorf("%s: %s", c.what, e.Says)
			}
		}
	}
}
