package rules

import (
	"testing"

	"github.com/rstexplain/rstexplain/rules/claim"
)

// listening is a client that requests nothing and acknowledges what the server sends now and then.
const listening = opened + `
+0.050 < P. 1:24 ack 1
+0.000 > .  1:1(0) ack 24
`

// unreadable is a client whose window is closed half a second after the response begins.
const unreadable = opened + `
+0.001 > P. 1:28 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < P. 1:1001 ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n"
+0.000 > .  28:28(0) ack 1001
+0.020 < .  1001:2001 ack 28
+0.480 > .  28:28(0) ack 2001 win 0
+0.400 < .  2000:2000(0) ack 28
`

// behindRouter is a connection whose server's packets arrive with TTL 63, a hop away.
const behindRouter = `
0.000  > S  0:0(0) win 64240 ttl 64 <mss 1460>
+0.020 < S. 0:0(0) ack 1 win 65160 ttl 63 <mss 1460>
+0.000 > .  1:1(0) ack 1 ttl 64
+0.001 > P. 1:11 ack 1 ttl 64
+0.021 < P. 1:11 ack 11 ttl 63
+0.300 > P. 11:21 ack 11 ttl 64
+0.021 < P. 11:21 ack 21 ttl 63
+0.000 > .  21:21(0) ack 21 ttl 64
+0.300 > P. 21:31 ack 21 ttl 64
`

var halfCloseScripts = []script{
	{
		// The FIN closes one direction; what comes after it is received, and acknowledged.
		rule: "abortive-close",
		hit: opened + `
+0.001 > P. 1:6 ack 1
+0.000 > F. 6:6(0) ack 1
+0.023 < .  1:1(0) ack 7
+0.000 < P. 1:8 ack 7
+0.000 > .  7:7(0) ack 8
+0.200 < P. 8:15 ack 7
+0.000 > .  7:7(0) ack 15
+0.100 > R. 7:7(0) ack 15 win 502`,
		// The data that comes after the FIN meets a closed socket.
		miss: opened + `
+0.001 > P. 1:6 ack 1
+0.000 > F. 6:6(0) ack 1
+0.023 < .  1:1(0) ack 7
+0.000 < P. 1:8 ack 7
+0.000 > R  7:7(0) win 0 ipid 0`,
	},
	{
		// A listener that closes between two messages requested nothing, but is no check of the port.
		rule: "late-goodbye",
		hit: listening + `
+0.100 < P. 24:47 ack 1
+0.000 > F. 1:1(0) ack 24
+0.000 > R  1:1(0) win 0 ipid 0`,
		// One that closes before the greeting comes.
		miss: opened + `
+0.001 > F. 1:1(0) ack 1
+0.020 < P. 1:24 ack 1
+0.000 > R  1:1(0) win 0 ipid 0`,
	},
	{
		rule: "forged-reset",
		hit: behindRouter + `
+0.021 < R  21:21(0) win 0 ttl 64 ipid 0`,
		// With the TTL of the server's packets the host itself answers.
		miss: behindRouter + `
+0.021 < R  21:21(0) win 0 ttl 63 ipid 0`,
	},
	{
		// The probes are answered: the reset is the program's decision.
		rule: "zero-window",
		hit: unreadable + `
+0.000 > .  28:28(0) ack 2001 win 0
+0.500 < .  2000:2000(0) ack 28
+0.000 > .  28:28(0) ack 2001 win 0
+0.600 < R. 2001:2001(0) ack 28 win 502`,
		// The window opens again before the reset.
		miss: unreadable + `
+0.000 > .  28:28(0) ack 2001 win 0
+0.500 < .  2000:2000(0) ack 28
+0.000 > .  28:28(0) ack 2001 win 64240
+0.600 < R. 2001:2001(0) ack 28 win 502`,
	},
}

// TestLikelyDevice: an exact reply with another TTL is left open between a rule and a lost state.
func TestLikelyDevice(t *testing.T) {
	f := last(t, behindRouter+"+0.021 < R  21:21(0) win 0 ttl 64 ipid 0")
	if f.Confidence > 0.6 || len(f.Alternatives) == 0 || f.Alternatives[0].Cause != UnknownConnection || !f.Claims(claim.ReplyTo) {
		t.Errorf("%.2f, %s\n%s", f.Confidence, f.Summary, tell(f))
	}
	// Sooner than the host answers, and with an IP ID that no stack gives a reply: a device that makes its own segment.
	if f := last(t, behindRouter+"+0.002 < R  21:21(0) win 0 ttl 64 ipid 777"); f.Confidence < 0.9 {
		t.Errorf("too soon: %.2f, %s\n%s", f.Confidence, f.Summary, tell(f))
	}
}

// TestSendLimit: who answers probes does not make the other side's system give up.
func TestSendLimit(t *testing.T) {
	answered := last(t, halfCloseScripts[3].hit)
	if !answered.Claims(claim.ProbesAnswered) || answered.Confidence > 0.9 {
		t.Errorf("%.2f %s\n%s", answered.Confidence, answered.Summary, tell(answered))
	}
	silent := last(t, unreadable+`
+0.800 < .  2000:2000(0) ack 28
+1.600 < .  2000:2000(0) ack 28
+3.200 < R. 2001:2001(0) ack 28 win 502`)
	if silent.Claims(claim.ProbesAnswered) || silent.Confidence < 0.9 {
		t.Errorf("%.2f %s\n%s", silent.Confidence, silent.Summary, tell(silent))
	}
}

// TestTimersNeverEarly: what comes before a time limit is not that limit.
func TestTimersNeverEarly(t *testing.T) {
	waited := func(span string) *Finding {
		return last(t, answered+`
+1.000 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  44:44(0) ack 56
+`+span+` < R. 44:44(0) ack 56 win 502`)
	}
	if f := waited("19.780"); f.Claims(claim.MatchesTimeout) {
		t.Errorf("19.8 s matches 20 s:\n%s", tell(f))
	}
	if f := waited("19.990"); !f.Claims(claim.MatchesTimeout) {
		t.Errorf("20.01 s does not match 20 s:\n%s", tell(f))
	}
}

// TestGuessesBeforeSender: further RSTs with growing numbers are guesses, although the true sender goes on after them.
func TestGuessesBeforeSender(t *testing.T) {
	f := func(between string) *Finding {
		_, found := explain(t, behindRouter+`
+0.002 < R  21:21(0) win 512 ttl 255`+between+`
+0.000 < R  521:521(0) win 512 ttl 255
+0.000 < R  1021:1021(0) win 512 ttl 255
+0.020 < .  21:21(0) ack 31 ttl 63`)
		return found[0]
	}
	if g := f(""); !g.Claims(claim.GuessesSEQ) {
		t.Errorf("no guesses:\n%s", tell(g))
	}
}

// TestFirstFrame: where the capture begins with a SYN-ACK, that no SYN was sent is not known.
func TestFirstFrame(t *testing.T) {
	const answer = `
0.000  < S. 0:0(0) ack 1 win 65160 <mss 1460>
+0.000 > R  1:1(0) win 0 ipid 0`
	if f := last(t, answer); f.Claims(claim.NoSYN) {
		t.Errorf("%s\n%s", f.Summary, tell(f))
	}
	if f := last(t, `
0.000  2> S  0:0(0) win 64240 <mss 1460>
5.000  < S. 0:0(0) ack 1 win 65160 <mss 1460>
+0.000 > R  1:1(0) win 0 ipid 0`); !f.Claims(claim.NoSYN) {
		t.Errorf("captured for 5 s before: %s\n%s", f.Summary, tell(f))
	}
}

// TestServiceEnds: what a service that ends had not answered for a while is no time limit.
func TestServiceEnds(t *testing.T) {
	const waits = opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  1:1(0) ack 28
+5.030 < R. 1:1(0) ack 28 win 502`
	explainFirst := func(text string) *Finding {
		_, found := explain(t, text)
		return found[0]
	}
	if f := explainFirst(waits); f.Rule.ID != applicationTimeoutID {
		t.Errorf("alone: %s", f.Rule.ID)
	}
	if f := explainFirst(waits + `
+0.100 2> S  0:0(0) win 64240 <mss 1460>
+0.020 2< R. =0:=0(0) ack 1 win 0 ipid 0`); f.Rule.ID == applicationTimeoutID {
		t.Errorf("the port refuses afterwards: %s\n%s", f.Summary, tell(f))
	}
}
