package rules

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/rules/claim"
)

// upload is one-way data of the client at a pace, in n segments of 1000 bytes that the server acknowledges two by two.
func upload(n int, pace string) string {
	var b strings.Builder
	b.WriteString(opened)
	for i := range n {
		fmt.Fprintf(&b, "%s > . %d:%d ack 1\n", pace, 1+1000*i, 1001+1000*i)
		if i%2 == 1 {
			fmt.Fprintf(&b, "+0.0001 < . 1:1(0) ack %d\n", 1001+1000*i)
		}
	}
	fmt.Fprintf(&b, "+0.0001 < R. 1:1(0) ack %d win 502", 1+1000*n)
	return b.String()
}

// TestFastUpload: of a fast upload the timeline holds less than a round trip; it is no unanswered request all the same.
func TestFastUpload(t *testing.T) {
	if f := last(t, upload(200, "+0.0004")); f.Claims(claim.Unanswered) {
		t.Errorf("%s\n%s", f.Summary, tell(f))
	}
	// One burst is a request that has just arrived.
	if f := last(t, upload(4, "+0.0004")); !f.Claims(claim.Unanswered) {
		t.Errorf("a burst: %s\n%s", f.Summary, tell(f))
	}
}

// TestUploadOfUnseenSide: in a capture of the server alone, acknowledgments that rise up to its abort show an upload, and
// no request that was unanswered.
func TestUploadOfUnseenSide(t *testing.T) {
	unseen := func(steps int) string {
		var b strings.Builder
		b.WriteString("0.000 < S. 0:0(0) ack 1 win 65160 ipid 0\n")
		for i := range steps {
			fmt.Fprintf(&b, "+0.030 < . 1:1(0) ack %d win 500\n", 1+1448*(i+1))
		}
		fmt.Fprintf(&b, "+0.001 < R. 1:1(0) ack %d win 500\n", 1+1448*steps)
		return b.String()
	}
	f := last(t, unseen(12))
	if says(f, claim.Sending) == nil || strings.Contains(f.Summary, "request") {
		t.Errorf("%s: %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
	f = last(t, unseen(2)) // two segments may be a request
	if says(f, claim.Sending) != nil {
		t.Errorf("%s: %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
}

// TestUploadWholeInCapture: a request that the capture of its sender holds whole was not whole for the server that closed
// before it had acknowledged its end.
func TestUploadWholeInCapture(t *testing.T) {
	refused := func(acked string) string {
		return opened + `
+0.001 > P. 1 ack 1 "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n"
+0.020 < .  1:1(0) ack 52
+0.001 > .  52:3052(3000) ack 1
+0.020 < P. 1 ack 3052 "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
+0.001 > .  3052:6052(3000) ack 46
+0.001 > .  6052:9052(3000) ack 46
+0.020 < F. 46:46(0) ack ` + acked + `
+0.001 < R  47:47(0) win 0`
	}
	f := last(t, refused("6052"))
	if f.Rule.ID != earlyResponse.ID || says(f, claim.UnackedData) == nil || says(f, claim.UnackedData).Bytes != 3000 ||
		f.Claims(claim.NotEnded) {
		t.Errorf("%s: %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
	if f := last(t, refused("9052")); f.Rule.ID == earlyResponse.ID || f.Claims(claim.UnackedData) {
		t.Errorf("%s: %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
}

// TestBodyIsNoGoodbye: what a side sends before its FIN ends a session only where it is small.
func TestBodyIsNoGoodbye(t *testing.T) {
	closes := func(size int) string {
		return fmt.Sprintf(opened+`
+0.001 < P. 1 ack 1 "\x01hello"
+0.020 > .  1:%d(%d) ack 7
+0.000 > F. %[1]d:%[1]d(0) ack 7
+0.020 < F. 7:7(0) ack 1
+0.001 < R  8:8(0) win 0`, 1+size, size)
	}
	if f := last(t, closes(9000)); says(f, claim.GoodbyeSent) != nil {
		t.Errorf("%s: %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
	if f := last(t, closes(9)); says(f, claim.GoodbyeSent) == nil {
		t.Errorf("%s: %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
}

// TestResponseCutInUpload: a server that closes in the middle of its response has not responded early.
func TestResponseCutInUpload(t *testing.T) {
	sent := func(body string) *Finding {
		return last(t, opened+`
+0.001 > P. 1 ack 1 "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n"
+0.0001 < . 1:1(0) ack 54
+0.001 < P. 1 ack 54 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n`+body+`"
+0.0001 < F. 43:43(0) ack 54
+0.020 > . 54:1502(1448) ack 1
+0.0001 < R 44:44(0) win 0`)
	}
	if f := sent("hell"); f.Rule != earlyResponse || !f.Claims(claim.NotEnded) || !strings.Contains(f.Summary, "mid-response") {
		t.Errorf("%s: %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
	if f := sent("hello"); f.Rule != earlyResponse || strings.Contains(f.Summary, "mid-response") {
		t.Errorf("%s: %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
}
