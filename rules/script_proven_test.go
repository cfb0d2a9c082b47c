package rules

import (
	"strings"
	"testing"
)

// TestProven: what the packets show is said without a doubt, and nothing is that they do not show.
func TestProven(t *testing.T) {
	hellos := tls13Done[:strings.Index(tls13Done, "+0.000 <")]
	refuses := func(alert string) string {
		return hellos + `
+0.001 > P. 66 ack 56 "\x15\x03\x03\x00\x02\x02` + alert + `"
+0.000 > R. 73:73(0) ack 56`
	}
	if f := last(t, refuses(`\x30`)); !strings.Contains(f.Symptom, "rejected the server's certificate") {
		t.Errorf("unknown_ca: %s\n%s", f.Symptom, tell(f))
	}
	if f := last(t, refuses(`\x0a`)); strings.Contains(f.Symptom, "certificate") {
		t.Errorf("unexpected_message: %s\n%s", f.Symptom, tell(f))
	}
}

// TestLateCopy: where the host was away, what its RST answers is the last copy of the data, and not the first.
func TestLateCopy(t *testing.T) {
	const closed = answered + `
+6.000 < F. 44:44(0) ack 28
+0.020 > .  28:28(0) ack 45
+1.000 > P. 28:56(28) ack 45 "GET /b HTTP/1.1\r\nHost: a\r\n\r\n"`
	f := last(t, closed+`
+0.300 > P. 28:56(28) ack 45 "GET /b HTTP/1.1\r\nHost: a\r\n\r\n"
+0.600 > P. 28:56(28) ack 45 "GET /b HTTP/1.1\r\nHost: a\r\n\r\n"
+1.200 > P. 28:56(28) ack 45 "GET /b HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R  45:45(0) win 0 ipid 0`)
	says := f.Summary + "\n" + tell(f)
	for _, want := range []string{"came 3.1 s later, retransmitted for 2.1 s, and reached", "28 bytes of data for the first time",
		"retransmits 28 bytes of data 3 times within 2.1 s", "retransmission (28 bytes) (GET /b) reached a closed socket, 3.1 s later"} {
		if !strings.Contains(says, want) {
			t.Errorf("no %q in %s", want, says)
		}
	}
	// The first copy is answered.
	f = last(t, closed+`
+0.020 < R  45:45(0) win 0 ipid 0`)
	if says = f.Summary + "\n" + tell(f); strings.Contains(says, "retransmi") || !strings.Contains(says, "came 1.0 s later") {
		t.Errorf("%s", says)
	}
}
