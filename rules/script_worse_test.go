package rules

import (
	"slices"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/rules/claim"
)

// says returns the first claim of a kind in the evidence, nil without one.
func says(f *Finding, k claim.Kind) *Evidence {
	if i := slices.IndexFunc(f.Evidence, func(e Evidence) bool { return e.Kind == k }); i >= 0 {
		return &f.Evidence[i]
	}
	return nil
}

// A response of which the snaplen left half of the header is no proof of a complete exchange.
func TestCutResponse(t *testing.T) {
	const request = opened + `+0.001 > P. 1:28 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < . 1 ack 28
`
	whole := last(t, request+`+0.001 < P. 1:44 ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
+0 > . 28 ack 44
+0.001 > R. 28 ack 44`)
	cut := last(t, request+`+0.001 < P. 1:1001(1000) ack 28 snap 27 "HTTP/1.1 200 OK\r\nContent-Le"
+0 > . 28 ack 1001
+0.001 > R. 28 ack 1001`)
	if whole.Cause != FastClose || whole.Severity != Info || whole.Confidence <= cutComplete {
		t.Errorf("whole: %s, %v, %.2f\n%s", whole.Cause, whole.Severity, whole.Confidence, tell(whole))
	}
	if cut.Cause == FastClose && (cut.Severity == Info || cut.Confidence > cutComplete) || cut.Severity == Error {
		t.Errorf("cut: %s, %v, %.2f\n%s", cut.Cause, cut.Severity, cut.Confidence, tell(cut))
	}
}

// Data after a close shows a lost exchange, unless the snaplen cut it: it may be a closing message.
func TestCutDataAfterClose(t *testing.T) {
	const closed = opened + `+0.001 < F. 1 ack 1
`
	whole := last(t, closed+`+0.01 > P. 1:28 ack 2 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0 < R 2`)
	cut := last(t, opened+`+0.001 > P. 1:101(100) ack 1 snap 0
+0.020 < . 1 ack 101
+0.7 < F. 1 ack 101
+0.01 > P. 101:132(31) ack 2 snap 0
+0 < R 2`)
	if whole.Cause != PeerCrash || whole.Severity != Error || whole.Confidence < 0.9 {
		t.Errorf("whole: %s, %v, %.2f\n%s", whole.Cause, whole.Severity, whole.Confidence, tell(whole))
	}
	if cut.Severity == Error || cut.Confidence >= 0.9 {
		t.Errorf("cut: %s, %v, %.2f\n%s", cut.Cause, cut.Severity, cut.Confidence, tell(cut))
	}
}

// Where nothing of the peer was captured, nothing is known to be unacknowledged.
func TestUnackedInOneDirection(t *testing.T) {
	f := last(t, `0 < S. 0 ack 1
+0.05 < . 1 ack 28
+0.01 < P. 1:44 ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
+0.3 < R. 44 ack 28`)
	if e := says(f, claim.UnackedData); e != nil {
		t.Errorf("%s", tell(f))
	}
	f = last(t, opened+`+0.001 > P. 1:28 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < . 1 ack 28
+0.01 < P. 1:44 ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
+0.3 < R. 44 ack 28`)
	if e := says(f, claim.UnackedData); e == nil || e.Bytes != 43 {
		t.Errorf("%s", tell(f))
	}
}

// Of probes whose answers would not be in the capture, none is said to be unanswered. At growing distances they are
// those of the persist timer.
func TestProbesInOneDirection(t *testing.T) {
	const from = `0 < S. 0 ack 1
+0.02 < . 1 ack 1
+0.01 < P. 1:1001(1000) ack 1
`
	for _, test := range []struct {
		probes, rule string
		most         float64
	}{
		{"+5 < . 1000 ack 1\n+2 < . 1000 ack 1\n+2 < . 1000 ack 1\n+2 < R. 1001 ack 1", "keepalive-unanswered", 0.8},
		{"+0.3 < . 1000 ack 1\n+0.5 < . 1000 ack 1\n+1 < . 1000 ack 1\n+2 < . 1000 ack 1\n+0.2 < R. 1001 ack 1",
			"zero-window", 0.8},
	} {
		f := last(t, from+test.probes)
		if f.Rule.ID != test.rule || f.Confidence > test.most || strings.Contains(f.Summary, "unanswered") {
			t.Errorf("%s\n%s", test.probes, tell(f))
		}
	}
	f := last(t, opened+`+0.001 > P. 1:1001(1000) ack 1
+0.02 < . 1 ack 1001
+2 > . 1000 ack 1
+2 > . 1000 ack 1
+2 > . 1000 ack 1
+2 > R. 1001 ack 1`)
	if f.Rule.ID != "keepalive-unanswered" || !strings.Contains(f.Summary, "unanswered") {
		t.Errorf("%s", tell(f))
	}
}

// A window that was not captured is not known.
func TestWindowNotCaptured(t *testing.T) {
	const from = `0 < P. 1:44 ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
`
	note := func(f *Finding) bool {
		return slices.ContainsFunc(f.Notes, func(e Evidence) bool { return e.Kind == claim.OutOfWindow })
	}
	if f := last(t, from+"+0.1 < R. 9000044 ack 28"); note(f) {
		t.Errorf("%s", tell(f))
	}
	if f := last(t, from+"+0.01 > . 28 ack 44 win 500\n+0.1 < R. 90000044 ack 28"); !note(f) {
		t.Errorf("a SEQ far outside of a window that was captured\n%s", tell(f))
	}
}

// A summary that rests on an absence says so where the capture could not have shown the opposite.
func TestHedgedSummary(t *testing.T) {
	const hedge = "as far as this capture shows"
	lost := opened + `+0.001 > P. 1:28 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.25 > P. 1:28 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.5 > P. 1:28 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+1 > P. 1:28 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+4 > R. 28 ack 1`
	if f := last(t, lost); strings.Contains(f.Summary, hedge) || !strings.Contains(f.Summary, "without an acknowledgment") {
		t.Errorf("%s", tell(f))
	}
	// The server was not captured.
	alone := `0 > P. 1:28 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.25 > P. 1:28 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.5 > P. 1:28 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+1 > P. 1:28 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+4 > R. 28 ack 1`
	if f := last(t, alone); !strings.Contains(f.Summary, hedge) {
		t.Errorf("%s", tell(f))
	}
}

// A device's RST with a number above all that the server had sent cuts the answer off that comes behind it.
func TestCutOff(t *testing.T) {
	const request = opened + `+0.001 > P. 1:28 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
`
	forged := last(t, request+`+0.005 < R. 44 ack 28 ttl 200
+0.015 < . 1 ack 28
+0.001 < P. 1:44 ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
+0 > . 28 ack 44
+0.05 > P. 28:55 ack 44 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.02 < P. 44:87 ack 55 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"`)
	if forged.Origin != OriginMiddlebox || strings.Contains(forged.Summary, "complete") || says(forged, claim.SendsOn) == nil {
		t.Errorf("%s", tell(forged))
	}
}

// An ACK that acknowledges new data answers that data, and not the RST before it.
func TestNoChallenge(t *testing.T) {
	challenged := func(f *Finding) bool {
		return slices.ContainsFunc(f.Notes, func(e Evidence) bool { return e.Kind == claim.Challenged })
	}
	const sent = answered + `+0.001 < P. 44:87 ack 28
`
	if f := last(t, sent+`+0.001 < R 90 ipid 7
+0.02 > . 28 ack 87`); challenged(f) {
		t.Errorf("%s", tell(f))
	}
	if f := last(t, answered+`+0.001 < R 90 ipid 7
+0.02 > . 28 ack 44`); !challenged(f) {
		t.Errorf("an ACK of nothing new, for a RST in the window\n%s", tell(f))
	}
}

// A connection that went on after the RST can be used again.
func TestSymptomWhereItWentOn(t *testing.T) {
	_, found := explain(t, opened+`+0.001 > P. 1:28 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.02 < . 1:1001(1000) ack 28
+0.02 < . 1001:2001(1000) ack 28
+0.001 > . 28 ack 2001
+0.01 < R 1401
+0.002 < . 2001:3001(1000) ack 28
+0.001 > . 28 ack 3001
+0.002 < . 3001:4001(1000) ack 28
+0.001 > . 28 ack 4001`)
	f := found[0]
	if f.Harm != noEffect || strings.Contains(f.Symptom, "use the connection again") {
		t.Errorf("%s %s\n%s", f.Harm, f.Symptom, tell(f))
	}
}

// Where the same RST comes several times, it is not known which segment the first answers.
func TestSeriesOfReplies(t *testing.T) {
	const closing = opened + `+0.001 > P. 1:28 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.02 < P. 1:44 ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
+0.001 > F. 28 ack 44
+0.02 < P. 44:75(31) ack 29
+0.0001 < F. 75 ack 29
`
	for replies, count := range map[string]int{"+0.0001 > R 29:29(0) win 0": 0, "+0.0001 > R 29:29(0) win 0\n+0.0001 > R 29:29(0) win 0": 2} {
		_, found := explain(t, closing+replies)
		if e := says(found[0], claim.ReplyTo); e == nil || e.Count != count {
			t.Errorf("%s\n%s", replies, tell(found[0]))
		}
	}
}

// In a capture of one side its acknowledgments show what the other had sent, and when.
func TestAcknowledgedInOneDirection(t *testing.T) {
	for _, test := range []struct{ text, rule, not string }{
		// 25 bytes came just before the RST: nothing was idle
		{"0 < . 100 ack 28\n+1.6 < . 100 ack 53\n+0.001 < R. 100 ack 53", "", "idle-release"},
		{"0 < . 100 ack 28\n+1.6 < R. 100 ack 28", "", "keepalive-unanswered"},
		// the request came at once before the RST: no time limit ran out
		{"0 < P. 1:44 ack 28 \"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello\"\n+9 < . 44 ack 177\n+0.00002 < R. 44 ack 177",
			"unread-data", "application-timeout"},
		// an upload goes on after its refusal
		{"0 < P. 1:61 ack 2001 \"HTTP/1.1 413 Content Too Large\\r\\nConnection: close\\r\\n\\r\\n\"\n+0.01 < . 61 ack 3449\n+0.01 < . 61 ack 4897\n+0.01 < R. 61 ack 4897",
			"early-response", "unread-data"},
	} {
		f := last(t, test.text)
		if test.rule != "" && f.Rule.ID != test.rule || f.Rule.ID == test.not {
			t.Errorf("%s: %s\n%s", test.text, f.Rule.ID, tell(f))
		}
	}
}
