package kernel

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// open reads a record of testdata.
func open(t *testing.T, name string) *Record {
	t.Helper()
	r, err := Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// counts says what a record holds: "format send receive retransmit state drop, drops, other, lost, unknown".
func counts(r *Record) string {
	var n [numKinds]int
	for _, e := range r.Events {
		n[e.Kind]++
	}
	dropped := 0
	for _, d := range r.Drops {
		dropped += d
	}
	return fmt.Sprintf("%s: %v events, %d drops, %d other, %d lost, %d unknown, %d counters, %d sockets", r.Format, n, dropped, r.Other, r.Lost, r.Unknown, len(r.Counters), len(r.Sockets))
}

// text prints an event without its line.
func text(e Event) string {
	at := "untimed"
	if e.Timed() {
		at = fmt.Sprint(e.Time)
	}
	return strings.Join(strings.Fields(fmt.Sprintf("%s %s %v > %v %s %s %s %s", at, e.Kind, e.Src, e.Dst, e.Old, e.State, e.Reason, e.Program)), " ")
}

// Each format is recognised by its content, and read to its end.
func TestFormats(t *testing.T) {
	for name, want := range map[string]string{
		"tracefs.txt":          "tracefs trace: [5 5 0 26 0] events, 3 drops, 0 other, 0 lost, 0 unknown, 0 counters, 0 sockets",
		"trace-cmd.txt":        "trace-cmd report: [5 5 0 26 0] events, 3 drops, 0 other, 0 lost, 0 unknown, 0 counters, 0 sockets",
		"perf.txt":             "perf script: [5 5 0 26 0] events, 3 drops, 0 other, 0 lost, 0 unknown, 0 counters, 0 sockets",
		"bpftrace.txt":         "bpftrace: [5 0 0 0 0] events, 0 drops, 0 other, 0 lost, 0 unknown, 0 counters, 0 sockets",
		"old-tracefs.txt":      "tracefs trace: [1 1 1 0 0] events, 0 drops, 1 other, 12 lost, 0 unknown, 0 counters, 0 sockets",
		"tcpdrop.txt":          "bcc tcpdrop: [0 0 0 0 2] events, 2 drops, 0 other, 0 lost, 0 unknown, 0 counters, 0 sockets",
		"tcpdrop-bpftrace.txt": "bcc tcpdrop: [0 0 0 0 1] events, 1 drops, 0 other, 0 lost, 0 unknown, 0 counters, 0 sockets",
		"tcpretrans.txt":       "bcc tcpretrans: [0 0 2 0 0] events, 0 drops, 0 other, 0 lost, 0 unknown, 0 counters, 0 sockets",
		"tcpstates.txt":        "bcc tcpstates: [0 0 0 3 0] events, 0 drops, 0 other, 0 lost, 0 unknown, 0 counters, 0 sockets",
		"tcplife.txt":          "bcc tcplife: [0 0 0 2 0] events, 0 drops, 0 other, 0 lost, 0 unknown, 0 counters, 0 sockets",
		"retis.json":           "retis: [1 0 0 0 1] events, 1 drops, 1 other, 0 lost, 0 unknown, 0 counters, 0 sockets",
		"retis-one.json":       "retis: [0 0 0 0 1] events, 2 drops, 0 other, 0 lost, 0 unknown, 0 counters, 0 sockets",
		"pwru.txt":             "pwru: [1 0 0 0 1] events, 1 drops, 2 other, 0 lost, 0 unknown, 0 counters, 0 sockets",
		"nstat-after.txt":      "nstat: [0 0 0 0 0] events, 0 drops, 0 other, 0 lost, 0 unknown, 390 counters, 0 sockets",
		"ss.txt":               "ss: [0 0 0 0 0] events, 0 drops, 0 other, 0 lost, 0 unknown, 0 counters, 3 sockets",
		"netstat.txt":          "/proc/net/netstat: [0 0 0 0 0] events, 0 drops, 0 other, 0 lost, 0 unknown, 7 counters, 0 sockets",
	} {
		t.Run(name, func(t *testing.T) {
			if got := counts(open(t, name)); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// The first events of some records, in full.
func TestEvents(t *testing.T) {
	for name, want := range map[string][]string{
		"old-tracefs.txt": {
			"812400100000 tcp_send_reset 192.0.2.9:8080 > 192.0.2.7:40000 CLOSE <idle>",
			"812400180000 tcp_receive_reset [2001:db8::7]:40001 > [2001:db8::9]:443 curl",
			"812500180000 tcp_retransmit_skb 192.0.2.7:40002 > 192.0.2.9:443 ESTABLISHED curl",
		},
		"tcpdrop.txt": {
			"74946000000000 kfree_skb 192.0.2.7:40000 > 192.0.2.9:8080 CLOSE",
			"74990000000000 kfree_skb [2001:db8::7]:40001 > [2001:db8::9]:443 ESTABLISHED",
		},
		"tcpretrans.txt": {
			"6905000000000 tcp_retransmit_skb 192.0.2.7:22 > 192.0.2.9:34619 ESTABLISHED",
			"6917000000000 tcp_retransmit_skb [2001:db8::7]:22 > [2001:db8::9]:34620 SYN_SENT",
		},
		"tcpstates.txt": {
			"0 inet_sock_set_state 192.0.2.7:40000 > 192.0.2.9:80 CLOSE SYN_SENT",
			"12345000 inet_sock_set_state 192.0.2.7:40000 > 192.0.2.9:80 SYN_SENT ESTABLISHED",
			"1500000000 inet_sock_set_state 192.0.2.7:40000 > 192.0.2.9:80 ESTABLISHED FIN_WAIT1",
		},
		"retis.json": {
			"7322460997041 kfree_skb 192.0.2.7:40000 > 192.0.2.9:8080 NO_SOCKET curl",
			"7322460997141 tcp_send_reset 192.0.2.9:8080 > 192.0.2.7:40000",
		},
		"pwru.txt": {
			"untimed tcp_send_reset 192.0.2.9:8080 > 192.0.2.7:40000",
			"untimed kfree_skb 192.0.2.7:40000 > 192.0.2.9:8080 NO_SOCKET",
		},
		"bpftrace.txt": {
			"30433742467994 tcp_send_reset 10.9.8.7:9999 > 10.9.8.7:38744 NO_SOCKET python3",
			"30434296486416 tcp_send_reset 10.9.8.7:8080 > 10.9.8.7:57090 CLOSE TCP_ABORT_ON_CLOSE python3",
			"30434801026724 tcp_send_reset 10.9.8.7:8081 > 10.9.8.7:43000 CLOSE TCP_STATE python3",
			"30435268614849 tcp_send_reset 10.9.8.7:8082 > 10.9.8.7:37844 TIME_WAIT TCP_TIMEWAIT_SOCKET python3",
			"30436077846827 tcp_send_reset [fd00::7]:9998 > [fd00::7]:34266 NO_SOCKET python3",
		},
	} {
		var got []string
		for _, e := range open(t, name).Events {
			got = append(got, text(e))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

// One recording, printed by three programs, holds the same resets: perf prints states as numbers.
func TestThreePrintsAgree(t *testing.T) {
	resets := func(name string) (out []string) {
		for _, e := range open(t, name).Events {
			if e.Kind == SendReset {
				out = append(out, fmt.Sprint(e.Src, e.Dst, e.State, e.Reason, e.Program))
			}
		}
		return out
	}
	want := resets("tracefs.txt")
	for _, name := range []string{"trace-cmd.txt", "perf.txt"} {
		if diff := cmp.Diff(want, resets(name)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

// A socket that begins to connect has no port yet; the next event of the same socket tells it.
func TestConnectingSocketGetsItsPort(t *testing.T) {
	const lines = `
 a-1 [000] ..... 5.000001: inet_sock_set_state: skaddr=77 family=AF_INET protocol=IPPROTO_TCP sport=0 dport=80 saddr=192.0.2.7 daddr=192.0.2.9 oldstate=TCP_CLOSE newstate=TCP_SYN_SENT
 a-1 [000] ..... 5.010001: inet_sock_set_state: skaddr=77 family=AF_INET protocol=IPPROTO_TCP sport=40000 dport=80 saddr=192.0.2.7 daddr=192.0.2.9 oldstate=TCP_SYN_SENT newstate=TCP_CLOSE`
	r, err := Read(strings.NewReader(lines), "x")
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Events) != 2 || r.Events[0].Src.Port != 40000 || r.Events[0].State != "SYN_SENT" {
		t.Errorf("got %+v", r.Events)
	}
}

// What is no record is refused in words that help.
func TestRefused(t *testing.T) {
	for in, want := range map[string]string{
		"PERFILE2\x00\x01":         "perf script",
		"\x17\x08\x44tracing6\x00": "trace-cmd report",
		"\x0a\x0d\x0d\x0a\x00\x00": "not text",
		"hello\nworld\n":           "no event of a kernel's trace",
		`{"files": []}`:            "no event of a kernel's trace",
		`{"events": 7}`:            "events is no list",
		"{\"common\": {\"a\": \"" + strings.Repeat("x", 2<<20) + `"}}`: "larger than",
	} {
		_, err := Read(strings.NewReader(in), "x")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: got %v, want %q", in, err, want)
		}
	}
	for _, empty := range []string{"", "# tracer: nop\n#\n"} {
		if r, err := Read(strings.NewReader(empty), "x"); empty != "" && (err != nil || r.Format != "tracefs trace") {
			t.Errorf("%q: %v", empty, err)
		}
	}
}

// Memory is bounded: what is beyond is counted, and a line without an end is one unknown line.
func TestBounds(t *testing.T) {
	var b strings.Builder
	const n = maxResets + 100
	for i := range n {
		fmt.Fprintf(&b, "x-1 [000] ..... %d.000001: tcp_send_reset: src=192.0.2.9:80 dest=192.0.2.7:%d state=TCP_CLOSE reason=TCP_STATE\n", i, i%60000+1)
	}
	b.WriteString(strings.Repeat("y", 3*maxLine) + "\n")
	r, err := Read(strings.NewReader(b.String()), "x")
	if err != nil {
		t.Fatal(err)
	}
	few := filepath.Join(t.TempDir(), "trace")
	if err := os.WriteFile(few, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := OpenMost(few, 2000); err != nil || len(r.Events) != 1000 || r.LeftOut != n-1000 {
		t.Errorf("with room for 2000 events: %v, %d kept, %d left out", err, len(r.Events), r.LeftOut)
	}
	if len(r.Events) != maxResets || r.LeftOut != 100 || r.Unknown != 1 || r.FirstWrong != n+1 {
		t.Errorf("%d events, %d left out, %d unknown, the first in line %d", len(r.Events), r.LeftOut, r.Unknown, r.FirstWrong)
	}
}

// ss and nstat are read as what they count.
func TestCounters(t *testing.T) {
	ss := open(t, "ss.txt")
	if s := ss.Sockets[1]; s.RecvQ != 27 || s.Retrans != "1/7" || s.Unacked != 3 || s.Lost != 2 || s.State != "ESTABLISHED" {
		t.Errorf("got %+v", s)
	}
	if s := ss.Sockets[2]; s.SendQ != 120 || s.Retrans != "0/3" {
		t.Errorf("got %+v", s)
	}
	got := Counters([]*Record{open(t, "nstat-before.txt"), ss, open(t, "nstat-after.txt")})
	want := []string{
		"TcpOutRsts grew by 5: RSTs were sent",
		"TcpEstabResets grew by 5: established connections were reset, by either side",
		"TcpAttemptFails grew by 2: connections failed while they were opened",
		"TcpExtTCPAbortOnData grew by 1: data arrived for a socket that was closed already, or was closed with SO_LINGER 0: the connection was reset",
		"TcpExtTCPAbortOnClose grew by 1: sockets were closed with received data unread: the connections were reset",
		"ss showed the accept queue of 0.0.0.0:8080 full: 129 connections wait, and 128 may",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// FuzzRead: no input makes the readers fail otherwise than with an error, and events have what their kind promises.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b[:min(len(b), 4096)]))
	}
	f.Add("a 1 [0] 1.1: tcp:tcp_send_reset: src=0.0.0.0:0 dest=[::]:0 state=0xff reason=255")
	f.Add("CPU:0 [LOST 99999999999999999999 EVENTS]")
	f.Fuzz(func(t *testing.T, in string) {
		r, err := Read(strings.NewReader(in), "x")
		if err != nil {
			return
		}
		for i := range r.Events {
			e := &r.Events[i]
			if e.Kind >= numKinds || e.Kind != Drop && e.Kind != SetState && e.Src.Port == 0 || len(e.Reason) > maxWord {
				t.Errorf("%s", text(*e))
			}
		}
		s := Summary{Record: r, Sent: 1}
		s.Says()
		Counters([]*Record{r, r})
		NewJoin([]*Record{r}).Summaries(0, 1)
	})
}
