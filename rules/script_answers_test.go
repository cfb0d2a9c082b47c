package rules

import (
	"fmt"
	"strings"
	"testing"
)

// answerScripts: servers that answer before they have the whole request, and answers that have no end.
var answerScripts = []script{
	{
		// A request stalls in its header; the server gives up on it, and the rest comes too late.
		rule: "early-response",
		hit: opened + `
+0.001 > P. 1 ack 1 "GET /a HTTP/1.1\r\nHost: a\r\n"
+0.020 < .  1:1(0) ack 27
+2.000 < P. 1 ack 27 "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 110\r\n\r\n"
+0.000 < P. 73:183(110) ack 27
+0.000 < F. 183:183(0) ack 27
+0.020 > .  27:27(0) ack 184
+0.600 > P. 27 ack 184 "X-Part: 1\r\n"
+0.020 < R  184:184(0) win 0 ipid 0`,
		// The header is complete, and what comes later is another request.
		miss: opened + `
+0.001 > P. 1 ack 1 "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  1:1(0) ack 29
+2.000 < P. 1 ack 29 "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
+0.000 < F. 75:75(0) ack 29
+0.020 > .  29:29(0) ack 76
+0.600 > P. 29 ack 76 "GET /b HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R  76:76(0) win 0 ipid 0`,
	},
	{
		// The body that waits for 100 Continue is sent although the final answer has come in its place.
		rule: "early-response",
		hit: opened + `
+0.001 > P. 1 ack 1 "PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\nExpect: 100-continue\r\n\r\n"
+0.020 < .  1:1(0) ack 73
+0.001 < P. 1 ack 73 "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"
+0.000 < F. 55:55(0) ack 73
+0.020 > .  73:73(0) ack 56
+0.200 > P. 73:1521(1448) ack 56
+0.020 < R  56:56(0) win 0 ipid 0`,
		// The next request in its place is one.
		miss: opened + `
+0.001 > P. 1 ack 1 "PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\nExpect: 100-continue\r\n\r\n"
+0.020 < .  1:1(0) ack 73
+0.001 < P. 1 ack 73 "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"
+0.000 < F. 55:55(0) ack 73
+0.020 > .  73:73(0) ack 56
+0.200 > P. 73 ack 56 "GET /b HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R  56:56(0) win 0 ipid 0`,
	},
	{
		// A connection that is opened, stays silent for a while and is reset is hardly a check.
		rule: "health-probe",
		hit: opened + `
+1.500 > R. 1:1(0) ack 1`,
	},
}

// eventStream is an answer that goes on until one side closes.
const eventStream = opened + `
+0.001 > P. 1 ack 1 "GET /events HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  1:1(0) ack 34
+0.001 < P. 1 ack 34 "HTTP/1.1 200 OK\r\nContent-Type: TYPE\r\nTransfer-Encoding: chunked\r\n\r\n"
+0.300 < P. 81 ack 34 "a\r\ndata: 1234\r\n"
+0.300 < P. 96 ack 34 "a\r\ndata: 1234\r\n"
+0.001 > .  34:34(0) ack 111
`

// TestAnswersWords: what is said of an answer that came early, and of one without an end.
func TestAnswersWords(t *testing.T) {
	stalled, withheld := answerScripts[0].hit, answerScripts[1].hit
	says := func(text string) (*Finding, string) {
		f := last(t, text)
		return f, f.Summary + "\n" + tell(f) + f.Symptom + "\n" + f.Remedy + "\n" + printed(f)
	}
	_, text := says(stalled)
	for _, want := range []string{"408 Request Timeout", "header of the client's request", "26 bytes of it", "data (11 bytes) came 620 ms later and reached a closed socket"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	for _, not := range []string{"upload", "110 bytes", "(52) Empty reply"} {
		if strings.Contains(text, not) {
			t.Errorf("%q in %s", not, text)
		}
	}
	if _, text = says(withheld); !strings.Contains(text, "417 Expectation Failed") || !strings.Contains(text, "whose body waits") ||
		strings.Contains(text, "(52) Empty reply") {
		t.Errorf("%s", text)
	}
	events := strings.Replace(eventStream, "TYPE", "text/event-stream", 1)
	plain := strings.Replace(eventStream, "TYPE", "application/x-row", 1) + `
+0.100 > F. 34:34(0) ack 111
+0.020 < .  111:111(0) ack 35
+0.100 < P. 111 ack 35 "a\r\ndata: 1234\r\n"
+0.001 > R  35:35(0) win 0 ipid 0`
	for _, end := range []string{`
+0.100 > F. 34:34(0) ack 111
+0.020 < .  111:111(0) ack 35
+0.100 < P. 111 ack 35 "a\r\ndata: 1234\r\n"
+0.001 > R  35:35(0) win 0 ipid 0`, `
+0.100 > R. 34:34(0) ack 111`} {
		if f, text := says(events + end); !strings.Contains(text, "stream of events") || strings.Contains(text, "framing") ||
			f.Confidence > 0.7 || f.Severity != Warning {
			t.Errorf("%.2f %s: %s", f.Confidence, f.Severity, text)
		}
	}
	if f, text := says(plain); strings.Contains(text, "stream of events") || f.Confidence < 0.9 {
		t.Errorf("%.2f: %s", f.Confidence, text)
	}
	if f, text := says(answerScripts[2].hit); f.Confidence > 0.8 || !strings.Contains(text, "perhaps") {
		t.Errorf("%.2f: %s", f.Confidence, text)
	}
}

// printed returns what programs print.
func printed(f *Finding) (s string) {
	for _, p := range f.Prints {
		s += p.Program + ": " + p.Says + "\n"
	}
	return s
}

// TestReused: curl repeats a request by itself where the connection had served one before, and prints that nothing came
// where none had.
func TestReused(t *testing.T) {
	request := `"GET /b HTTP/1.1\r\nHost: a\r\nUser-Agent: curl/8.5.0\r\n\r\n"`
	reused := answered + `
+6.000 < F. 44:44(0) ack 28
+0.020 > .  28:28(0) ack 45
+0.100 > P. 28 ack 45 ` + request + `
+0.020 < R  45:45(0) win 0 ipid 0`
	fresh := opened + `
+0.001 > P. 1 ack 1 ` + request + `
+0.020 < .  1:1(0) ack 54
+0.100 < F. 1:1(0) ack 54
+0.001 > P. 54 ack 2 ` + request + `
+0.020 < R  2:2(0) win 0 ipid 0`
	if s := printed(last(t, reused)); strings.Contains(s, "(52)") || !strings.Contains(s, "again on a new one") {
		t.Errorf("reused: %s", s)
	}
	if s := printed(last(t, fresh)); !strings.Contains(s, "(52)") {
		t.Errorf("fresh: %s", s)
	}
}

// clientHelloSent is a Client Hello of 65 bytes.
const clientHelloSent = opened + `
+0.001 > P. 1 ack 1 "\x16\x03\x01\x00\x3c\x01\x00\x00\x38\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x13\x01\x01\x00\x00\x0d\x00\x2b\x00\x03\x02\x03\x04\x00\x2d\x00\x02\x01\x01"
+0.020 < .  1:1(0) ack 66
`

// layerScripts: TLS to a server that speaks plain HTTP.
var layerScripts = []script{
	{
		rule: "tls-rejected",
		hit: clientHelloSent + `
+0.001 < P. 1 ack 66 "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
+0.000 > .  66:66(0) ack 48
+0.001 < F. 48:48(0) ack 66
+0.001 > R. 66:66(0) ack 49`,
		// A device on the path answers with a page of its own and resets.
		miss: clientHelloSent + `
+0.000 < P. 1 ack 66 ttl 59 ipid 0 "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
+0.000 < R. 48:48(0) ack 900000000 ttl 59 ipid 0`,
	},
	{
		// The client's alert reaches the closed socket.
		rule: "tls-rejected",
		hit: clientHelloSent + `
+0.001 < P. 1 ack 66 "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
+0.000 < F. 48:48(0) ack 66
+0.001 > P. 66 ack 49 "\x15\x03\x01\x00\x02\x02\x46"
+0.020 < R  49:49(0) win 0 ipid 0`,
	},
}

// TestOtherLayer: it is said which side speaks what.
func TestOtherLayer(t *testing.T) {
	for _, s := range layerScripts {
		if f := last(t, s.hit); !strings.Contains(f.Summary, "speaks TLS") || !strings.Contains(f.Summary, "plain HTTP") ||
			f.Severity != Error {
			t.Errorf("%s: %s\n%s", f.Severity, f.Summary, tell(f))
		}
	}
	if f := last(t, layerScripts[0].miss); strings.Contains(f.Summary, "speaks TLS") {
		t.Errorf("an injected answer: %s", f.Summary)
	}
	doubtful := strings.Replace(layerScripts[0].miss, "ack 900000000", "ack 66", 1)
	if f := last(t, doubtful); strings.Contains(f.Summary, "speaks TLS") || f.Confidence > 0.6 {
		t.Errorf("%.2f, perhaps an injected answer: %s", f.Confidence, f.Summary)
	}
	f := last(t, opened+`
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < P. 1 ack 28 "\x15\x03\x01\x00\x02\x02\x0a"
+0.000 < F. 8:8(0) ack 28
+0.001 > R. 28:28(0) ack 9`)
	if !strings.Contains(f.Remedy, "expects TLS") || !strings.Contains(f.Summary, "unexpected_message") {
		t.Errorf("%s\n%s", f.Summary, f.Remedy)
	}
	for _, c := range []struct{ asks, answer, want string }{
		{`+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"`, "SSH-2.0-a\\r\\n", "another protocol (SSH-2.0-a)"},
		{`+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"`, "AMQP\\x00\\x00\\x09\\x01", "another protocol (AMQP)"},
		{clientHelloSent[len(opened):], "SSH-2.0-a\\r\\n", "in plain text (SSH-2.0-a)"},
	} {
		n := 28
		if strings.Contains(c.want, "plain") {
			n = 66
		}
		f := last(t, fmt.Sprintf("%s%s\n+0.020 < P. 1 ack %d \"%s\"\n+0.000 < R. 12:12(0) ack %[3]d win 5", opened, c.asks, n, c.answer))
		if !strings.Contains(f.Summary, c.want) || f.Harm == harmless || !strings.Contains(f.Remedy, "another protocol") {
			t.Errorf("%s: %s\n%s\n%s", c.answer, f.Summary, f.Remedy, tell(f))
		}
	}
	// A page that begins like none of them is an answer.
	f = last(t, opened+`
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < P. 1 ack 28 "SSHD is down\r\n"
+0.000 < R. 15:15(0) ack 28 win 5`)
	if strings.Contains(f.Summary, "another protocol") {
		t.Errorf("%s", f.Summary)
	}
}
