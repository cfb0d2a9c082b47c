package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/wire"
	"github.com/rstexplain/rstexplain/rules/claim"
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

// blocked is a request that somebody 6 hops nearer than the server answers in its name.
const blocked = `
> ttl 64
< ttl 53
0.000  > S  0:0(0)
+0.197 < S. 0:0(0) ack 1 ipid 0
+0.000 > .  1:1(0) ack 1
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.041 < F. 1 ack 28 ttl 59 ipid 0 "HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nNo."
`

// nearBy is a complete exchange with a server 14 routers away.
const nearBy = "< ttl 50\n" + answered

// fellAlike is n connections that are opened one after the other, and that the server's side resets at their second
// request.
func fellAlike(n int) string {
	text := ""
	for i := range n {
		text += fmt.Sprintf("conn %d 192.0.2.1:%d > 198.51.100.1:80\n", i+1, 5000+i) + openedAgain + "+0.3 > P. 6 ack 1 \"hello\"\n+0.020 < R 1:1(0) win 0 ipid 0\n"
	}
	return text
}

// fellAtOnce is n connections that are opened one after the other, and all reset when they are used next.
func fellAtOnce(n int) string {
	text := ""
	for i := range n {
		text += fmt.Sprintf("conn %d 192.0.2.1:%d > 198.51.100.1:80\n", i+1, 5000+i) + openedAgain
	}
	text += "+0.1 1> P. 6 ack 1 \"hello\"\n+0.020 1< R 1:1(0) win 0 ipid 0\n"
	for i := range n - 1 {
		text += fmt.Sprintf("+0.1 %d> P. 6 ack 1 \"hello\"\n+0.020 %d< R 1:1(0) win 0 ipid 0\n", i+2, i+2)
	}
	return text
}

// TestOutageOrRestart: connections that fall together after a long silence may have been given up one by one behind a path
// that had failed; after a short one their host has lost them.
func TestOutageOrRestart(t *testing.T) {
	after := func(silence string) *Finding {
		return last(t, strings.Replace(fellAtOnce(2), "+0.1 1> P. 6", "+"+silence+" 1> P. 6", 1))
	}
	f := after("14")
	if f.Rule != stateLost || f.Confidence > 0.7 || len(f.Alternatives) == 0 || f.Alternatives[0].Cause != RetransmitTimeout {
		t.Errorf("%s %.2f: %s\n%s", f.Rule.ID, f.Confidence, f.Summary, tell(f))
	}
	if f = after("2"); f.Rule != stateLost || f.Confidence < 0.9 {
		t.Errorf("%s %.2f: %s\n%s", f.Rule.ID, f.Confidence, f.Summary, tell(f))
	}
}

// TestNearerTrigger: a device that is nearer than the host answers sooner than the host can.
func TestNearerTrigger(t *testing.T) {
	const ended = answered + "+0.100 > . 28:28(0) ack 44\n+0.100 > P. 28 ack 44 \"next\"\n+0.00003 < R 44:44(0) win 0 ipid 7777"
	for ttl, want := range map[string]int{"64": 9, "63": 8} { // the host itself answers what came before
		resets, _ := explain(t, "< ttl 63\n"+ended+" ttl "+ttl)
		if r := resets[len(resets)-1]; r.Trigger == nil || r.Trigger.Frame != want {
			t.Errorf("TTL %s: %+v", ttl, r.Trigger)
		}
	}
}

// TestEarlyExpiry: a device that has lost a connection after seconds had most likely not timed it.
func TestEarlyExpiry(t *testing.T) {
	after := func(silence string) *Finding {
		return last(t, "< ttl 50\n"+answered+"+"+silence+" > P. 28 ack 44 \"GET /2 HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\"\n"+
			"+0.001 < R  44:44(0) win 0 ipid 7777 ttl 63")
	}
	if f := after("5"); f.Rule != idleExpiry || says(f, claim.MatchesTimeout) != nil || !strings.Contains(f.Remedy, "fail-over") {
		t.Errorf("%s: %s\n%s", f.Rule.ID, f.Remedy, tell(f))
	}
	if f := after("60"); f.Rule != idleExpiry || says(f, claim.MatchesTimeout) != nil || !strings.Contains(f.Remedy, "at most 60.0 s") {
		t.Errorf("%s: %s\n%s", f.Rule.ID, f.Remedy, tell(f))
	}
}

const openedAgain = "+0.010 > S 0:0(0) win 64240 <mss 1460,sackOK>\n+0.020 < S. 0:0(0) ack 1\n+0.0001 > . 1:1(0) ack 1\n+0.001 > P. 1 ack 1 \"hello\"\n+0.020 < . 1:1(0) ack 6\n"

// everyMinute is n connections, one a minute, each of which the client resets after its request.
func everyMinute(n int) string {
	text := ""
	for i := range n {
		text += fmt.Sprintf("conn %d 192.0.2.1:%d > 198.51.100.1:80\n", i+1, 5000+i) + openedAgain + "+0.3 > R. 6:6(0) ack 1 win 500\n+59.6 icmp 3/1 from 10.0.0.1 quotes >\n"
	}
	return text
}

// TestPeriodicity: connections that end alike at even distances are noted, whatever was sent on them.
func TestPeriodicity(t *testing.T) {
	for n, want := range map[int]bool{6: true, 3: false} {
		f := last(t, everyMinute(n))
		noted := slices.ContainsFunc(f.Notes, func(e Evidence) bool {
			return e.Kind == claim.Probes && e.Every > 59*time.Second && e.Every < 61*time.Second
		})
		if noted != want {
			t.Errorf("%d connections: %v, want %v: %s", n, noted, want, f.Summary)
		}
	}
}

// TestForgedInVain: a forged RST after which both ends go on did no harm, and the headline says so.
func TestForgedInVain(t *testing.T) {
	f := last(t, nearBy+`
+1 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.001 < R 45:45(0) win 0 ttl 62
+0.02 < P. 44 ack 56 "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
+0.001 > . 56:56(0) ack 82
+0.1 > P. 56 ack 82 "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.02 < P. 82 ack 84 "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"`)
	if f.Rule != forgedReset || f.Severity != Info || f.Harm != noEffect || !strings.Contains(f.Summary, "went on") {
		t.Errorf("%s, %s, %s: %s", f.Rule.ID, f.Severity, f.Harm, f.Summary)
	}
}

// TestRepeatsNoRefusal: the reset of a SYN-ACK that nobody asked for does not belong to an earlier refusal.
func TestRepeatsNoRefusal(t *testing.T) {
	f := last(t, `
0.000  > S  0:0(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
+0.010 < R. =0:=0(0) ack 1 win 0 ipid 0
+5     < S. 7000:7000(0) ack 1
+0.001 > R  1:1(0) win 0`)
	if f.Repeats != 0 || f.Cause != UnknownConnection {
		t.Errorf("repeats %d: %s, %s", f.Repeats, f.Cause, f.Summary)
	}
}

// pathScripts are situations in which somebody else than the two ends has a hand.
var pathScripts = []script{
	{
		// The server acknowledges, just behind "its" RST, bytes that had left before the RST and that the RST does not
		// acknowledge: it sent that segment later, and no host does so after its RST.
		rule: "forged-reset",
		hit: answered + `
+0.100 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.010 < R. 44:44(0) ack 28 win 502
+0.010 < .  44:44(0) ack 56`,
		// The RST acknowledges them too: the segment behind it may have been overtaken.
		miss: answered + `
+0.100 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R. 44:44(0) ack 56 win 502
+0.001 < .  44:44(0) ack 56`,
	},
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
		rule: "device-reply",
		// The client had reset the connection; a device answers a late segment of it.
		hit: nearBy + `
+1 > R. 28:28(0) ack 44
+10 > . 28:28(0) ack 44
+0.001 < R 44:44(0) win 0 ttl 250`,
		// The server's own stack does.
		miss: nearBy + `
+1 > R. 28:28(0) ack 44
+10 > . 28:28(0) ack 44
+0.02 < R 44:44(0) win 0 ttl 50`,
	},
	{
		rule: "device-reply",
		// The server had closed, and the client closes later.
		hit: nearBy + `
+1 < F. 44:44(0) ack 28
+0.001 > . 28:28(0) ack 45
+70 > F. 28:28(0) ack 45
+0.001 < R 45:45(0) win 0 ttl 250`,
		// A device cuts a connection in use.
		miss: nearBy + `
+1 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.001 < R 44:44(0) win 0 ttl 250`,
	},
	{
		rule: "device-reply",
		// Both had closed; the device gives both numbers of an answer.
		hit: nearBy + `
+1 < F. 44:44(0) ack 28
+0.001 > F. 28:28(0) ack 45
+0.02 < . 45:45(0) ack 29
+30 > F. 28:28(0) ack 45
+0.001 < R. 45:45(0) ack 29 win 0 ttl 250`,
	},
	{
		rule: "device-reply",
		// A NAT engine answers a RST+ACK, with a number outside of the stream.
		hit: nearBy + `
+1 > R. 28:28(0) ack 44 win 0
+0.001 < R. =777:=777(0) ack 28 win 0 ttl 255`,
		// A device resets both ends of an idle connection.
		miss: nearBy + `
+350 > R. 28:28(0) ack 44 win 0 ttl 250 ipid 1
+0.0001 < R. 44:44(0) ack 28 win 0 ttl 250 ipid 2`,
	},
	{
		rule: "injected-answer",
		// A filter answers in the server's name; only the SYN-ACK is the server's.
		hit: blocked + `
+0.000 < R. 1:1(0) ack 3000000000 win 27 ttl 59 ipid 0`,
		// A load balancer opens connections for the servers behind it: all that follows is theirs.
		miss: `
> ttl 64
< ttl 53
0.000  > S  0:0(0)
+0.197 < S. 0:0(0) ack 1 ipid 0
+0.000 > .  1:1(0) ack 1
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.200 < .  1:1(0) ack 28 ttl 59 ipid 0
+0.100 < P. 1 ack 28 ttl 59 ipid 0 "HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nNo."
+0.000 > .  28:28(0) ack 48
+2.000 < R. 48:48(0) ack 28 win 27 ttl 59 ipid 0`,
	},
	{
		rule: "state-lost",
		// All connections fall from one moment on.
		hit: fellAtOnce(4),
		// Each falls as the one before it, which the server had reset when it accepted the next.
		miss: fellAlike(4),
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

// TestWhoSentIt: who sent the RST, and by which sign.
func TestWhoSentIt(t *testing.T) {
	const far = "> ttl 64\n< ttl 50\n" + opened
	for _, c := range []struct {
		what, text string
		origin     Origin
		says       string // among the reasons
	}{
		{"the RST has the TTL of its own injected data, not the SYN-ACK's", blocked + `
+0.000 < R. 1:1(0) ack 3000000000 win 27 ttl 59 ipid 0`, OriginMiddlebox, "SYN-ACK arrived with 53"},
		{"a TTL that differs from the SYN-ACK's, alone", blocked + `
+0.000 < R. 49:49(0) ack 28 win 27 ttl 59 ipid 0`, OriginUnknown, "SYN-ACK arrived with 53"},
		{"a RST that answers beside a SYN-ACK, and copies the SYN's IP ID", `
0.000  > S  0:0(0) ipid 5461
+0.010 < R. =0:=0(0) ack 1 win 0 ttl 46 ipid 5461
+0.030 < S. 0:0(0) ack 1 ttl 49`, OriginMiddlebox, "SYN-ACK arrived with 49"},
		{"it carries the client's own data", far + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.005 < R. 1 ack 28 ttl 50 "GET / HTTP/1.1\r\n"`, OriginMiddlebox, "begins with the client's own data"},
		{"it says why", far + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R. 1 ack 28 ttl 50 "Go away"`, OriginEndpoint, ""},
		{"it has the IP ID of the client's segment, and another TTL", "> ipid 7000\n< ttl 50 ipid 30000\n" + opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.001 < .  1:1(0) ack 28
+0.001 < R  1:1(0) win 0 ttl 54 ipid 7002`, OriginMiddlebox, "copied from a segment of the client"},
		{"a late RST, with another TTL than all before it", "< ttl 50\n" + answered + `
+0.001 > F. 28:28(0) ack 44
+0.020 < F. 44:44(0) ack 29
+0.000 > .  29:29(0) ack 45
+300   > .  29:29(0) ack 45
+0.001 < R  45:45(0) win 0 ttl 250`, OriginMiddlebox, "arrive with 50"},
		{"BGP between neighbours: TTL 1, and the kernel's own TTL of a reply", "> ttl 1\n< ttl 1\n" + answered + `
+0.001 > P. 28 ack 44 "more"
+0.020 < R  44:44(0) win 0 ttl 255`, OriginEndpoint, ""},
		{"a TTL unlike that of another connection, alone", nearBy + `
conn 2 192.0.2.1:55555 > 198.51.100.1:80
+7200  > P. =91028 ack =501044 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R  =501044:=501044(0) win 0 ttl 64`, OriginUnknown, "arrive with 50"},
		{"one host", "conn 1 127.0.0.1:40000 > 127.0.0.1:80\n< ttl 64\n" + answered + `
+0.001 > P. 28 ack 44 "more"
+0.020 < R  44:44(0) win 0 ttl 50`, OriginEndpoint, ""},
		{"no other packet of the sender", `
0.000  > P. 1 ack 1 "hello"
+0.020 < R  1:1(0) win 0 ipid 0`, OriginUnknown, ""},
	} {
		f := last(t, c.text)
		says := ""
		for _, e := range f.OriginWhy {
			says += e.Says + "\n"
		}
		if f.Origin != c.origin || !strings.Contains(says, c.says) {
			t.Errorf("%s: %s, want %s\n%s%s: %s", c.what, f.Origin, c.origin, says, f.Rule.ID, f.Summary)
		}
	}
}

// TestForgedInMidResponse: after a forged RST the server sends on; neither that RST nor the client's answers to what comes
// then are harmless, and the exchange was not complete.
func TestForgedInMidResponse(t *testing.T) {
	_, found := explain(t, nearBy+`
+1 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.02 < P. 44:1044(1000) ack 56
+0.001 > . 56:56(0) ack 1044
+0.001 < R. 1044:1044(0) ack 56 win 6699 ttl 62
+0.005 < P. 1044:2044(1000) ack 56
+0.001 > R 56:56(0) win 0
+0.005 < P. 2044:3044(1000) ack 56
+0.001 > R 56:56(0) win 0`)
	if f := found[0]; f.Rule != forgedReset || strings.Contains(f.Summary, "complete") || f.Severity == Info {
		t.Errorf("%s, %s: %s", f.Rule.ID, f.Severity, f.Summary)
	}
	if f := found[1]; f.Cause != UnknownConnection || f.Severity == Info || strings.Contains(f.Symptom, "noticed nothing") {
		t.Errorf("%s, %s, %s: %s", f.Rule.ID, f.Severity, f.Symptom, f.Summary)
	}
}

// TestIdleResetOneSided: where the other side's segments would not be in the capture, a RST after a silence may answer one.
func TestIdleResetOneSided(t *testing.T) {
	const one = `0 < S. 0 ack 1 ttl 57 ipid 0
+0.05 < . 1 ack 28 ttl 57 ipid 4000
+0.01 < P. 1:44 ack 28 ttl 57 ipid 4001 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
+30 < R 44 ttl 255 win 0 ipid 40009`
	if f := last(t, one); f.Rule != idleReset || f.Confidence >= 0.9 {
		t.Errorf("one side: %s %.2f", f.Rule.ID, f.Confidence)
	}
	if f := last(t, "> ttl 64\n< ttl 50\n"+answered+"+350.0 < R. 44:44(0) ack 28 ttl 63 ipid 5000"); f.Rule != idleReset || f.Confidence < 0.9 {
		t.Errorf("both sides: %s %.2f", f.Rule.ID, f.Confidence)
	}
}

// TestLostCopy: on a router a RST of its own shows once; where another packet does too, but what the RST answers shows
// twice, the capture lacks copies.
func TestLostCopy(t *testing.T) {
	ipid := 100
	twice := func(text string) string {
		var b strings.Builder
		for line := range strings.SplitSeq(text, "\n") {
			if f := strings.Fields(line); len(f) > 4 {
				ipid++
				rest := fmt.Sprintf("%s ipid %d %s\n", strings.Join(f[1:4], " "), ipid, strings.Join(f[4:], " "))
				b.WriteString(f[0] + " " + rest + "+0.00001 " + rest)
			}
		}
		return b.String()
	}
	before := twice(answered)
	const asks, rst = "+9.000 > P. 28:64(36) ack 44\n", "+0.021 < R 44:44(0) win 0 ipid 0"
	if f := last(t, before+asks+rst); f.Origin != OriginMiddlebox {
		t.Errorf("made on the router: %s: %s\n%s", f.Origin, f.Summary, tell(f))
	}
	const single = "+0.100 < P. 44:64(20) ack 28 ipid 99\n"
	if f := last(t, before+single+twice(strings.Replace(asks, "ack 44", "ack 64", 1))+"+0.021 < R 64:64(0) win 0 ipid 0"); f.Origin == OriginMiddlebox {
		t.Errorf("a copy lost: %s: %s\n%s", f.Origin, f.Summary, tell(f))
	}
}
