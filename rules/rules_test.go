package rules

import (
	"strings"
	"testing"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// TestValidate: every rule is fit to be shown, and a rule that is not is refused by name.
func TestValidate(t *testing.T) {
	if err := Validate(All()); err != nil {
		t.Error(err)
	}
	spoil := map[string]func(*Rule){
		"kebab-case": func(r *Rule) { r.ID = "NoListener" },
		"five":       func(r *Rule) { r.Cause = "crash" },
		"severity":   func(r *Rule) { r.Severity = "bad" },
		"missing":    func(r *Rule) { r.Match = nil },
		"no RFC":     func(r *Rule) { r.RFC = nil },
		"form":       func(r *Rule) { r.RFC = []string{"RFC 793 page 36"} },
		"Doc.Remedy": func(r *Rule) { r.Doc.Remedy = "" },
		"Doc.Limits": func(r *Rule) { r.Doc.Limits = "" },
	}
	for want, f := range spoil {
		r := *noListener
		f(&r)
		if err := Validate([]*Rule{&r}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	if err := Validate([]*Rule{noListener, noListener}); err == nil {
		t.Error("a rule named twice passes")
	}
	if err := Validate([]*Rule{unexplainedRelease, noListener}); err == nil || !strings.Contains(err.Error(), "fallback") {
		t.Errorf("a rule that would not be asked: %v", err)
	}
}

// TestOrder: the rules are asked in the order that docs/design.md tells, and the weak ones last.
func TestOrder(t *testing.T) {
	at := map[string]int{}
	for i, r := range All() {
		at[r.ID] = i
	}
	before := [][2]string{
		{"policy-reject", "no-listener"}, {"port-scan", "no-listener"}, {"restart-window", "no-listener"},
		{"no-listener", "accept-queue-overflow"},
		{"syn-probe", "connect-withdrawn"}, {"late-syn-ack", "connect-withdrawn"},
		{"mtu-black-hole", "data-unacked"},
		{"data-unacked", "late-segment"}, {"gave-up-silently", "late-segment"}, {"gave-up-silently", "data-after-fin"},
		{"late-segment", "late-goodbye"}, {"late-segment", "close-notify-race"},
		{"keepalive-race", "data-after-fin"}, {"late-goodbye", "data-after-fin"}, {"early-response", "data-after-fin"},
		{"reset-instead-of-fin", "state-lost"}, {"ended-unseen", "state-lost"},
		{"application-timeout", "unread-data"}, {"abort-mid-transfer", "unread-data"},
	}
	for _, b := range before {
		if at[b[0]] >= at[b[1]] {
			t.Errorf("%s is asked after %s", b[0], b[1])
		}
	}
	for _, r := range All() {
		if r.Fallback && at[r.ID] < len(All())-3 {
			t.Errorf("%s is not asked last", r.ID)
		}
	}
}

// TestRepeats: the RSTs of one event carry the label of the first and point to it.
func TestRepeats(t *testing.T) {
	abort := opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  1:1401(1400) ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n"
+0.0001 > R. 28:28(0) ack 1401 win 502
`
	tests := []struct {
		name, text string
		causes     []Cause
		repeats    []int // frame of the first, 0: an event of its own
	}{
		{"a segment in flight", abort + `
+0.001 < .  1401:2801(1400) ack 28
+0.0001 > R  28:28(0) win 0 ipid 0`, []Cause{PeerCrash, PeerCrash}, []int{0, 6}},
		{"a flight longer than a round trip", abort + `
+0.020 < .  1401:2801(1400) ack 28
+0.0001 > R  28:28(0) win 0 ipid 0
+0.020 < .  2801:4201(1400) ack 28
+0.0001 > R  28:28(0) win 0 ipid 0
+0.020 < .  4201:5601(1400) ack 28
+0.0001 > R  28:28(0) win 0 ipid 0`, []Cause{PeerCrash, PeerCrash, PeerCrash, PeerCrash}, []int{0, 6, 6, 6}},
		{"a bare segment much later", abort + `
+9.000 < F. 1401:1401(0) ack 28
+0.0001 > R  28:28(0) win 0 ipid 0`, []Cause{PeerCrash, UnknownConnection}, []int{0, 0}},
		{"a late segment after giving up", answered + `
+1.000 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.200 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.400 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.800 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+1.600 > R. 56:56(0) ack 44 win 502
+60.00 < F. 44:44(0) ack 56
+0.0001 > R  56:56(0) win 0 ipid 0`, []Cause{RetransmitTimeout, RetransmitTimeout}, []int{0, 12}},
		{"refused again", `
0.000  > S  0:0(0)
+0.020 < R. =0:=0(0) ack 1 win 0 ipid 0
+0.500 > S  0:0(0)
+0.020 < R. =0:=0(0) ack 1 win 0 ipid 0`, []Cause{ClosedPort, ClosedPort}, []int{0, 2}},
		{"each side for itself", answered + `
+0.001 > F. 28:28(0) ack 44
+0.020 < P. 44 ack 29 "x"
+0.0001 > R  29:29(0) win 0 ipid 0
+0.0001 < R. 45:45(0) ack 29 win 502`, nil, []int{0, 0}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, found := explain(t, test.text)
			if len(found) != len(test.repeats) {
				t.Fatalf("%d RSTs, want %d", len(found), len(test.repeats))
			}
			for i, f := range found {
				if test.causes != nil && f.Cause != test.causes[i] {
					t.Errorf("RST %d: %s (%s), want %s: %s", i, f.Cause, f.Rule.ID, test.causes[i], f.Summary)
				}
				if f.Repeats != test.repeats[i] {
					t.Errorf("RST %d points to frame %d, want %d: %s", i, f.Repeats, test.repeats[i], f.Summary)
				}
			}
		})
	}
}

// TestCopy: a copy that the capture made repeats its original, whoever sent it.
func TestCopy(t *testing.T) {
	_, found := explain(t, `
0.000  > S  0:0(0) ipid 7
+0.00001 > S  0:0(0) ipid 7
+0.020 < R. =0:=0(0) ack 1 win 0 ipid 9
+0.00001 < R. =0:=0(0) ack 1 win 0 ipid 9`)
	if len(found) != 2 || found[1].Repeats != 3 || found[1].Cause != ClosedPort || found[1].Confidence != found[0].Confidence {
		t.Errorf("%+v", found[len(found)-1])
	}
}

// TestMemory: the engine forgets the connection that was reset least recently, and stays within its bound.
func TestMemory(t *testing.T) {
	m := memory{limit: 3, by: map[int]*recollection{}}
	add := func(stream, frame int) {
		c := &facts.Facts{Reset: &flows.Reset{Event: flows.Event{Mark: flows.Mark{Frame: frame}}, Conn: &flows.Conn{Stream: stream}}}
		m.add(c, &Finding{Rule: noListener})
	}
	for i := range 5 {
		add(i, i+1)
		add(0, 100+i) // stays in use
	}
	if len(m.by) != 3 || m.of(0) == nil || m.of(4) == nil || m.of(1) != nil {
		t.Errorf("remembers %d connections", len(m.by))
	}
	for i := range 100 {
		add(0, 200+i)
	}
	found := m.of(0)
	if len(found) > maxEarlier || found[0].Frame != 1 || found[len(found)-1].Frame != 299 {
		t.Errorf("keeps %d findings, from frame %d to %d", len(found), found[0].Frame, found[len(found)-1].Frame)
	}
}

// TestTimeouts: gaps match a timer's time and a little more, and a user's table is read or refused with its line.
func TestTimeouts(t *testing.T) {
	known := facts.KnownTimeouts()
	answered := exchange.Summary{Protocol: "HTTP/1.1", Messages: [2]int{1, 1}}
	for _, test := range []struct {
		gap  time.Duration
		want string // part of one of the matches, "" for none
	}{
		{5 * time.Second, "Node.js"}, {5080 * time.Millisecond, "Apache"}, {5400 * time.Millisecond, ""}, {2150 * time.Millisecond, ""}, {4 * time.Second, ""}, {60100 * time.Millisecond, "Application Load Balancer"},
		{58 * time.Second, ""}, {351 * time.Second, "Network Load Balancer"}, {2 * time.Hour, "tcp_keepalive_time"}, {100 * time.Second, ""},
	} {
		got := whose(known.Mine(test.gap, flows.Responder, &answered))
		if test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%v matches %q, want %q", test.gap, got, test.want)
		}
	}
	if got := whose(known.Mine(5*time.Second, flows.Originator, &exchange.Summary{})); got != "" {
		t.Errorf("a client's silence of 5 s matches a server's timer: %q", got)
	}
	if got := whose(known.Mine(540*time.Second, flows.Originator, &exchange.Summary{})); !strings.Contains(got, "Kafka client") {
		t.Errorf("a client's silence of 540 s matches %q", got)
	}
	if got := whose(known.Mine(30*time.Second, flows.Responder, &exchange.Summary{Protocol: "Redis"})); got != "" {
		t.Errorf("a Redis server's silence of 30 s matches the timer of an HTTP server: %q", got)
	}
	for server, want := range map[string]string{"": "the default of Node.js keepAliveTimeout; Apache httpd KeepAliveTimeout; uvicorn --timeout-keep-alive",
		"Apache/2.4.41 (Ubuntu)": "the default of Apache httpd KeepAliveTimeout", "uvicorn": "the default of uvicorn --timeout-keep-alive",
		"Werkzeug/3.0 Python/3.12": ""} {
		if got := whose(known.Mine(5*time.Second, flows.Responder, &exchange.Summary{Protocol: "HTTP/1.1", Server: server, Messages: answered.Messages})); got != want {
			t.Errorf("5 s of server %q match %q, want %q", server, got, want)
		}
	}
	// Between a request and its response no keep-alive timer runs.
	asking := answered
	asking.Pending = 1
	if got := whose(known.Mine(5*time.Second, flows.Responder, &asking)); got != "" {
		t.Errorf("5 s without a response match %q", got)
	}
	own := &facts.Timeouts{}
	if err := own.Add(strings.NewReader("# mine\n\n42\tserver\tour gateway\n")); err != nil || whose(own.Mine(42*time.Second, flows.Originator, &exchange.Summary{})) == "" {
		t.Errorf("own timeout: %v", err)
	}
	for text, want := range map[string]string{"x\tserver\ta": "line 1", "1\tserver": "line 1", "\n5\tmoon\tb": "line 2", "-1\tpath\tc": "line 1", "NaN\tpath\tc": "line 1"} {
		if err := (&facts.Timeouts{}).Add(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, e := range known.All() {
		if !strings.HasPrefix(e.Source, "https://") {
			t.Errorf("%s has no source", e.Who)
		}
	}
}

// TestConfidenceChangesTheSentence: what is less sure is said with less certainty.
func TestConfidenceChangesTheSentence(t *testing.T) {
	said := []string{words.Probably(0.98), words.Probably(0.95), words.Probably(0.8), words.Probably(0.4)}
	for i, a := range said {
		for _, b := range said[:i] {
			if a == b {
				t.Errorf("%q twice", a)
			}
		}
	}
	for _, s := range weakScripts {
		if f := last(t, s.hit); !strings.Contains(f.Summary, "perhaps") || f.Confidence > 0.75 {
			t.Errorf("a weak explanation does not say so: %.2f %s", f.Confidence, f.Summary)
		}
	}
}

// TestSymptom: the words are those of the program that the bytes name, else those of the common ones.
func TestSymptom(t *testing.T) {
	const ask = `+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: %s\r\n\r\n"
+0.020 < R. 1:1(0) ack %d win 502`
	for agent, want := range map[string]string{
		"curl/8.5.0":          "curl: (56)",
		"okhttp/4.12.0":       "OkHttp: java.net.SocketException: Connection reset",
		"python-requests/2.3": "requests (Python): ConnectionError: ('Connection aborted.', ConnectionResetError(104,",
		"Go-http-client/1.1":  "Go: read tcp",
		"Something else":      "curl: (56)",
	} {
		end := 1 + len("GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: \r\n\r\n") + len(agent)
		text := opened + strings.NewReplacer("%s", agent, "%d", itoa(end)).Replace(ask)
		f := last(t, text)
		if len(f.Prints) == 0 || f.MorePrints == 0 || !strings.Contains(f.Symptom, "ECONNRESET") {
			t.Fatalf("%s: %+v", agent, f)
		}
		if first := f.Prints[0]; !strings.HasPrefix(first.Program+": "+first.Says, want) || first.By != flows.Originator {
			t.Errorf("%s: %+v", agent, first)
		}
	}
}

// TestSymptomOfOtherProtocols: what HTTP clients print is not told of protocols that they do not speak.
func TestSymptomOfOtherProtocols(t *testing.T) {
	f := last(t, opened+"+0.001 > P. 1:101(100) ack 1\n+0.020 < R. 1:1(0) ack 101 win 502")
	for _, p := range f.Prints {
		if p.Program == "curl" || p.Program == "nginx" {
			t.Errorf("%+v", p)
		}
	}
	if len(f.Prints) == 0 || f.Prints[0].Program != "C and others" {
		t.Errorf("%+v", f.Prints)
	}
}

// TestErrorsOfHoldsWhatIsPrinted: what a finding leaves out is where it says it is.
func TestErrorsOfHoldsWhatIsPrinted(t *testing.T) {
	for _, r := range All() {
		if len(ErrorsOf(r)) == 0 {
			t.Errorf("%s: no words", r.ID)
		}
		for _, s := range ErrorsOf(r) {
			if s.When == "" {
				t.Errorf("%s: a situation without a name", r.ID)
			}
		}
	}
}

func itoa(n int) string {
	if n == 0 {
		return ""
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

// TestBeside: what is told beside the cause.
func TestBeside(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{answered + `+0.001 > R. 28:60(32) ack 44 win 502 "blocked by policy 7, user guest!"`, "blocked by policy 7"},
		{answered + `+0.001 > R. 28:28(0) ack 44 win 502 <mp_tcprst 0>`, "unspecified error"},
		{answered + `+0.001 icmp 3/4 from 203.0.113.1 quotes > mtu 1400
+0.001 > R. 28:28(0) ack 44 win 502`, "takes 1400 bytes"},
		{answered + `+0.001 > R. 99999999:99999999(0) ack 44 win 502`, "outside of the server's receive window"},
	} {
		f := last(t, test.text)
		told := ""
		for _, e := range f.Notes {
			told += e.Says + "\n"
		}
		if !strings.Contains(told, test.want) {
			t.Errorf("want %q beside %s, got:\n%s", test.want, f.Summary, told)
		}
	}
}

// TestRefusedSetUp: a client that turns down the server's HELLO has not gone before anything was said.
func TestRefusedSetUp(t *testing.T) {
	f := last(t, opened+`
+0.001 > P. 1:9 ack 1 "\x01\x00\x00\x08\x00\x00\x00\x01"
+0.020 < P. 1:9 ack 9 "\x04\x00\x00\x08\x00\x00\x00\x02"
+0.001 > P. 9:21 ack 9 "\x01\x01\x00\x0c\x00\x00\x00\x02\x00\x00\x00\x00"
+0.001 > F. 21:21(0) ack 9
+0.020 < P. 9:17 ack 22 "\x04\x05\x00\x08\x00\x00\x00\x03"
+0.000 > R  22:22(0) win 0 ipid 0`)
	if f.Rule.ID != "data-after-fin" || !strings.Contains(f.Summary, "before the handshake was finished") || !strings.Contains(f.Remedy, "ERROR") {
		t.Errorf("%s: %s %s\n%s", f.Rule.ID, f.Summary, f.Remedy, tell(f))
	}
}

// TestSymptomBehindFIN: behind a client's FIN a server reads the end of the stream, and no ECONNRESET.
func TestSymptomBehindFIN(t *testing.T) {
	const asked = opened + `
+0.001 > P. 1:28 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  1:1(0) ack 28
`
	for _, c := range []struct{ script, gets string }{
		{asked + "+0.5 > F. 28:28(0) ack 1\n+0.02 < P. 1:44 ack 29 \"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello\"\n+0 > R 29:29(0) win 0 ipid 0", "end of file on reading, EPIPE"},
		{asked + "+0.5 > R. 28:28(0) ack 1 win 502", "ECONNRESET (connection reset by peer) on reading"},
	} {
		if f := last(t, c.script); !strings.Contains(f.Symptom, c.gets) || len(f.Prints) == 0 {
			t.Errorf("%s: %q, want %q", f.Rule.ID, f.Symptom, c.gets)
		}
	}
}

// TestMuteClients: two clients that opened a connection and were never heard again answer the server's late words
// at nearly the same moment. That is the server's timing, and no sign that they fell together.
func TestMuteClients(t *testing.T) {
	f := last(t, opened+`
+0.000 2> S  0:0(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
+0.020 2< S. 0:0(0) ack 1
+0.000 2> .  1:1(0) ack 1
+5.000 < P. 1 ack 1 "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"
+0.020 > R  1:1(0) win 0 ipid 0
+0.060 2< F. 1:1(0) ack 1
+0.020 2> R  1:1(0) win 0 ipid 0`)
	if f.Rule.ID != "state-lost" || f.Confidence > stateLostMute || len(f.Alternatives) == 0 || f.Alternatives[0].Cause != RetransmitTimeout {
		t.Errorf("%s %.2f: %s\n%s", f.Rule.ID, f.Confidence, f.Summary, tell(f))
	}
}
