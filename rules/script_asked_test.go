package rules

import (
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/rules/claim"
)

// bothWays is a stream of no known protocol in which either side speaks when it likes.
const bothWays = opened + `
+0.001 > P. 1 ack 1 "aaaaaaaa"
+0.030 < P. 1 ack 9 "bbbb"
+0.040 > P. 9 ack 5 "aaaaaaaa"
+0.030 < P. 5 ack 17 "bbbb"
+0.040 > P. 17 ack 9 "aaaaaaaa"
+0.030 < P. 9 ack 25 "bbbb"
+0.040 > P. 25 ack 13 "aaaaaaaa"
+0.030 < P. 13 ack 33 "bbbb"
+0.040 > P. 33 ack 17 "aaaaaaaa"
+0.020 < .  17 ack 41
`

// TestTurnsAreAGuess: the last of many messages of no known protocol is no request for sure.
func TestTurnsAreAGuess(t *testing.T) {
	f := last(t, bothWays+"+0.400 > R. 41 ack 17 win 502")
	if f.Confidence > 0.65 || f.Severity == Error || strings.Contains(f.Summary+tell(f), "request") ||
		len(f.Alternatives) == 0 || f.Alternatives[0].Cause != FastClose {
		t.Errorf("%s %.2f %s %s\n%s", f.Rule.ID, f.Confidence, f.Severity, f.Summary, tell(f))
	}
	f = last(t, opened+"+0.001 > P. 1 ack 1 \"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\"\n+0.02 < . 1 ack 28\n+0.4 > R. 28 ack 1 win 502")
	if f.Confidence < 0.9 || says(f, claim.Unanswered) == nil || !strings.Contains(f.Summary, "request") {
		t.Errorf("HTTP: %s %.2f %s\n%s", f.Rule.ID, f.Confidence, f.Summary, tell(f))
	}
}

// TestAnswerBehindReset: an answer that was captured right behind the RST is named, and the request was not answered
// before the RST only.
func TestAnswerBehindReset(t *testing.T) {
	const asked = answered + "+0.1 > P. 28 ack 44 \"GET /2 HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\"\n+0.016 > R. 56 ack 44 win 502\n"
	f := last(t, asked+"+0.011 < P. 44 ack 56 \"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello\"")
	if e := says(f, claim.SendsOn); e == nil || e.Frames[0] != 10 || !strings.Contains(tell(f), "not answered before the RST") {
		t.Errorf("%s\n%s", f.Summary, tell(f))
	}
	if f = last(t, asked); says(f, claim.SendsOn) != nil || strings.Contains(tell(f), "before the RST") {
		t.Errorf("nothing behind it: %s\n%s", f.Summary, tell(f))
	}
}

// TestBothAsk: in a capture of one side, bytes that it acknowledges after a request of its own may be the answer.
func TestBothAsk(t *testing.T) {
	const server = `
0.000  < S. 0:0(0) ack 1 win 65160 ipid 0
+0.020 < .  1 ack 101
`
	const binding = `"\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl"`
	f := last(t, server+"+0.001 < P. 1 ack 101 "+binding+"\n+0.050 < . 21 ack 301\n+0.010 < R. 21 ack 301 win 501")
	if f.Confidence > 0.6 || strings.Contains(f.Summary, "unanswered") {
		t.Errorf("%s %.2f %s\n%s", f.Rule.ID, f.Confidence, f.Summary, tell(f))
	}
}

// TestMaybeGaveUp: a host that was silent for a second or more before data draws its RST may have given up, with
// retransmissions that were lost before the capture.
func TestMaybeGaveUp(t *testing.T) {
	given := func(f *Finding) bool {
		for _, a := range f.Alternatives {
			if a.Cause == RetransmitTimeout {
				return true
			}
		}
		return false
	}
	const push = "+%s < P. 44 ack 28 \"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello\"\n+0.019 > R 28 win 0 ipid 0 hdr 20"
	if f := last(t, answered+strings.Replace(push, "%s", "3.9", 1)); f.Rule.ID != stateLostID || !given(f) {
		t.Errorf("%s %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
	if f := last(t, answered+strings.Replace(push, "%s", "0.2", 1)); f.Rule.ID != stateLostID || given(f) {
		t.Errorf("%s %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
}
