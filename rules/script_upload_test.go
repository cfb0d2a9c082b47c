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
