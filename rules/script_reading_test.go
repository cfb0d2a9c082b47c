package rules

import (
	"slices"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
)

// readingScripts are those of exchanges that have to be read to their end: by the lengths of their messages, by what a
// request still lacks.
var readingScripts = []script{
	{
		// Redis, spoken to in lines: the server closes in the middle of a message that it publishes.
		rule: "data-after-fin",
		hit: opened + `
+0.001 > P. 1 ack 1 "SUBSCRIBE a\r\n"
+0.020 < P. 1 ack 14 "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
+0.000 > .  14:14(0) ack 34
+1.000 < P. 34 ack 14 "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$3000\r\nabc"
+0.000 < .  71:1519(1448) ack 14
+0.000 < F. 1519:1519(0) ack 14
+0.001 > P. 14 ack 1520 "PING\r\n"
+0.020 < R  1520:1520(0) win 0 ipid 0`,
		// The message is whole.
		miss: opened + `
+0.001 > P. 1 ack 1 "SUBSCRIBE a\r\n"
+0.020 < P. 1 ack 14 "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
+0.000 > .  14:14(0) ack 34
+1.000 < P. 34 ack 14 "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1448\r\n"
+0.000 < .  68:1516(1448) ack 14
+0.000 < P. 1516 ack 14 "\r\n"
+0.000 < F. 1518:1518(0) ack 14
+0.001 > P. 14 ack 1519 "PING\r\n"
+0.020 < R  1519:1519(0) win 0 ipid 0`,
	},
}

// TestLastMessageEnds: a message of several segments is named by its first and its last.
func TestLastMessageEnds(t *testing.T) {
	f := last(t, opened+`
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < P. 1 ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhell"
+0.000 < P. 43 ack 28 "oooo"
+0.000 > .  28:28(0) ack 47
+2.000 > R. 28:28(0) ack 47`)
	for _, e := range f.Evidence {
		if e.Kind == claim.LastMessage {
			if !slices.Equal(e.Frames, []int{5, 6}) || e.Says != "the last message is the server's response "+
				"(HTTP/1.1 200 OK), from its first segment to its last" {
				t.Errorf("%v %s", e.Frames, e.Says)
			}
			return
		}
	}
	t.Errorf("no last message:\n%s", tell(f))
}

// TestOtherHostHasIt: of one direction only. Segments of the peer still reach the receiver after the RST, as its
// timestamps show.
func TestOtherHostHasIt(t *testing.T) {
	const before = `
0.000  > .  1:1(0) ack 100 <TS val 10 ecr 500>
+1.000 > .  1:1(0) ack 100 <TS val 20 ecr 510>
+0.001 < R  100:100(0) win 0
+4.000 > .  1:1(0) ack 100 <TS val 60 ecr 550>`
	moved := last(t, before+`
+8.000 > .  1:1(0) ack 100 <TS val 140 ecr 630>`)
	stands := last(t, before+`
+8.000 > .  1:1(0) ack 100 <TS val 140 ecr 550>`)
	if !moved.Claims(claim.EchoMoves) || moved.Harm != ignoredHarm || moved.Confidence < 0.85 {
		t.Errorf("%.2f %s %s\n%s", moved.Confidence, moved.Harm, moved.Summary, tell(moved))
	}
	if stands.Claims(claim.EchoMoves) || stands.Harm == ignoredHarm || stands.Confidence > 0.8 {
		t.Errorf("%.2f %s %s\n%s", stands.Confidence, stands.Harm, stands.Summary, tell(stands))
	}
	if !slices.ContainsFunc(moved.Notes, func(e Evidence) bool { return e.Kind == claim.RolesGuessed }) {
		t.Error("it is not said that the roles are a guess")
	}
}

// natsReady is a connection of NATS up to the client's PING behind CONNECT.
const natsReady = opened + `
+0.007 < P. 1 ack 1 "INFO {\"server_id\":\"x\"}\r\n"
+0.000 > .  1:1(0) ack 25
+0.001 > P. 1 ack 25 "CONNECT {\"verbose\":false}\r\nPING\r\n"
+0.020 < .  25:25(0) ack 34
`

// TestPingBehindConnect: NATS accepts a connection by answering the PING behind CONNECT.
func TestPingBehindConnect(t *testing.T) {
	answered := last(t, natsReady+`
+0.001 < P. 25 ack 34 "PONG\r\n"
+0.000 > F. 34:34(0) ack 31
+0.020 < .  31:31(0) ack 35
+0.000 > R. 35:35(0) ack 31 win 0`)
	open := last(t, natsReady+`
+0.100 > F. 34:34(0) ack 25
+0.020 < .  25:25(0) ack 35
+0.000 > R. 35:35(0) ack 25 win 0`)
	if answered.Severity != Info || !strings.Contains(answered.Summary, "after the exchange was complete (last: PONG)") {
		t.Errorf("%s: %s\n%s", answered.Severity, answered.Summary, tell(answered))
	}
	if open.Severity == Info || !open.Claims(claim.Unanswered) {
		t.Errorf("%s: %s\n%s", open.Severity, open.Summary, tell(open))
	}
}

// TestWithdrawnAfterLongWait: FIN and RST end a wait of a minute; that a time limit ran out is left open.
func TestWithdrawnAfterLongWait(t *testing.T) {
	const asked = opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  1:1(0) ack 28
`
	long := last(t, asked+`
+63.00 > F. 28:28(0) ack 1
+0.020 < .  1:1(0) ack 29
+0.000 > R. 29:29(0) ack 1 win 0`)
	short := last(t, asked+`
+0.100 > F. 28:28(0) ack 1
+0.020 < .  1:1(0) ack 29
+0.000 > R. 29:29(0) ack 1 win 0`)
	if long.Rule != resetAfterFIN || long.Alternatives[0].Cause != PeerCrash || long.Alternatives[0].Confidence < 0.15 ||
		strings.Contains(long.Remedy, "harmless") {
		t.Errorf("%s %.2f: %s\n%s", long.Rule.ID, long.Confidence, long.Remedy, tell(long))
	}
	if short.Rule != resetAfterFIN || short.Confidence < 0.8 {
		t.Errorf("%s %.2f\n%s", short.Rule.ID, short.Confidence, tell(short))
	}
}

// TestUserAgentPassedOn: the request names curl, and a proxy may have sent it.
func TestUserAgentPassedOn(t *testing.T) {
	f := last(t, opened+`
+0.001 > P. 1 ack 1 "GET / HTTP/1.0\r\nUser-Agent: curl/8.0\r\n\r\n"
+0.020 < .  1:1(0) ack 41
+2.000 > F. 41:41(0) ack 1
+0.020 < .  1:1(0) ack 42
+1.000 < P. 1 ack 42 "HTTP/1.0 200 OK\r\n\r\nhello"
+0.000 > R  42:42(0) win 0`)
	if !strings.HasSuffix(f.Symptom, "; its request carries the User-Agent of curl, which a proxy passes on") {
		t.Errorf("%s %v", f.Symptom, f.Prints)
	}
}

// TestKilledWhileWaiting: a server that resets after a wait of no round length was killed or closed, and one whose
// wait was a round time, seen from the client a round trip later, had a time limit.
func TestKilledWhileWaiting(t *testing.T) {
	const asked = opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  1:1(0) ack 28
`
	if f := last(t, asked+`
+1.315 < R. 1:1(0) ack 28`); f.Rule != unreadData {
		t.Errorf("after 1.3 s: %s %s", f.Rule.ID, f.Summary)
	}
	if f := last(t, asked+`
+2.000 < R. 1:1(0) ack 28`); f.Rule != applicationTimeout {
		t.Errorf("after 2.0 s: %s %s", f.Rule.ID, f.Summary)
	}
	// The client may stop waiting at any time.
	if f := last(t, asked+`
+1.315 > R. 28:28(0) ack 1`); f.Rule != applicationTimeout {
		t.Errorf("the client after 1.3 s: %s %s", f.Rule.ID, f.Summary)
	}
}

// TestIdleSinceNewData: a server's timer runs from its response on, not from the copy of it that was sent again.
func TestIdleSinceNewData(t *testing.T) {
	const request = opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < P. 1:44 ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
+0.400 < P. 1:44 ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
+0.000 > .  28:28(0) ack 44
`
	matches := func(text string) bool { return last(t, request+text).Claims(claim.MatchesTimeout) }
	if !matches(`
+4.610 < R. 44:44(0) ack 28`) {
		t.Error("5.01 s after the response, no timer of 5 s matches")
	}
	if matches(`
+5.010 < R. 44:44(0) ack 28`) {
		t.Error("5.01 s after the copy, a timer of 5 s matches")
	}
}

// TestTimersOfHTTP: the timer of an HTTP server is none of a server that speaks something else, known or not.
func TestTimersOfHTTP(t *testing.T) {
	const idle = `
+5.010 < R. 44:44(0) ack 28`
	if f := last(t, answered+idle); !strings.Contains(tell(f), "Node.js keepAliveTimeout") {
		t.Errorf("no timer of an HTTP server:\n%s", tell(f))
	}
	if f := last(t, opened+`
+0.001 > P. 1 ack 1 "\x00\x01query of its own kind\x02\x03\x04\x05"
+0.020 < P. 1:44 ack 28 "\x00\x02an answer of forty-three bytes\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c"
+0.000 > .  28:28(0) ack 44`+idle); strings.Contains(tell(f), "Node.js") || !strings.Contains(tell(f), "round time of 5.0 s") {
		t.Errorf("a protocol that is not known:\n%s", tell(f))
	}
}

// TestRequestNotFinished: a server that waits for the rest of a request is not slow to answer.
func TestRequestNotFinished(t *testing.T) {
	const end = `
+0.020 < .  1:1(0) ack 28
+2.000 < R. 1:1(0) ack 28`
	if f := last(t, opened+`
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: aaaa\r\n"`+end); f.Rule != applicationTimeout || !f.Claims(claim.NotEnded) ||
		!strings.Contains(f.Summary, "before the header of the request was complete") || !strings.Contains(f.Remedy, "rest of the request") {
		t.Errorf("%s: %s %s\n%s", f.Rule.ID, f.Summary, f.Remedy, tell(f))
	}
	if f := last(t, opened+`
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"`+end); f.Claims(claim.NotEnded) || !f.Claims(claim.Unanswered) {
		t.Errorf("a finished request: %s\n%s", f.Summary, tell(f))
	}
}

// TestSYNACKMetClosed: a side that answers the SYN-ACK with a RST never was in ESTABLISHED.
func TestSYNACKMetClosed(t *testing.T) {
	const late = `
0.000  > S  0:0(0) win 64240 <mss 1460>
+1.500 < S. 0:0(0) ack 1 win 65160 <mss 1460>
`
	states := func(text string) flows.State {
		resets, _ := explain(t, text)
		r := resets[len(resets)-1]
		if e := r.Conn.Events[1]; e.To[flows.Originator] != r.From[flows.Originator] {
			t.Errorf("%v behind the SYN-ACK, %v before the RST", e.To, r.From)
		}
		return r.From[flows.Originator]
	}
	if s := states(late + `+0.000 > R  1:1(0) win 0`); s != flows.SynSent {
		t.Errorf("%v: the SYN-ACK met CLOSED", s)
	}
	if s := states(late + `+0.000 > R. 1:1(0) ack 1 win 64`); s != flows.Established {
		t.Errorf("%v: a RST of its own decision ends a connection", s)
	}
}
