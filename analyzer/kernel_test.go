package analyzer_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/kernel"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

var vantagesDir = flag.String("vantages", "../testdata/lab/vantages", "directory of captures along the path, as rstlab vantages makes them")

// A pathTruth is what truth.json of such captures says.
type pathTruth struct {
	Situation string `json:"situation"`
	Resets    []struct {
		Seen []struct {
			At    string `json:"at"`
			Frame int    `json:"frame"`
		} `json:"seen"`
		Sender string   `json:"sender"`
		Hand   string   `json:"hand"`
		Cause  string   `json:"cause"`
		Detail string   `json:"detail"`
		AlsoOK []string `json:"also_ok"`
		State  string   `json:"kernel_state"`
		Reason string   `json:"kernel_reason"`
	} `json:"resets"`
}

// withRecords explains a capture with traces of kernels.
func withRecords(t *testing.T, path string, records ...string) *report.File {
	t.Helper()
	var opts analyzer.Options
	for _, name := range records {
		r, err := kernel.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		opts.Kernel = append(opts.Kernel, r)
	}
	var out strings.Builder
	if _, err := analyzer.Explain(context.Background(), path, report.JSON(&out), opts); err != nil {
		t.Fatal(err)
	}
	var rep report.Report
	if err := json.Unmarshal([]byte(out.String()), &rep); err != nil {
		t.Fatal(err)
	}
	return &rep.Files[0]
}

// A kernelScore is how the trace of a host's kernel was joined with the capture of the same host.
type kernelScore struct {
	situations, sent, joined, top, open, proven, details, named, others, wrong, missing int
}

func measureKernel(t *testing.T) (s kernelScore) {
	files, err := filepath.Glob(filepath.Join(*vantagesDir, "*", "truth.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures along the path below %s (%v)", *vantagesDir, err)
	}
	for _, name := range files {
		s.situations++
		var truth pathTruth
		b, err := os.ReadFile(name)
		if err == nil {
			err = json.Unmarshal(b, &truth)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range []string{"client", "server"} {
			dir := filepath.Dir(name)
			f := withRecords(t, filepath.Join(dir, host+".pcapng"), filepath.Join(dir, host+".trace"))
			s.missing += f.Kernel[0].Lacks
			if n := f.Kernel[0].Unknown; n != 0 {
				t.Errorf("%s %s: %d unknown lines", truth.Situation, host, n)
			}
			by := map[int]*report.Reset{}
			for i := range f.Resets {
				by[f.Resets[i].Frame] = &f.Resets[i]
			}
			for _, x := range truth.Resets {
				i := slices.IndexFunc(x.Seen, func(p struct {
					At    string `json:"at"`
					Frame int    `json:"frame"`
				}) bool {
					return p.At == host
				})
				if i < 0 {
					continue
				}
				r := by[x.Seen[i].Frame]
				if r == nil {
					t.Errorf("%s %s: no reset in frame %d", truth.Situation, host, x.Seen[i].Frame)
					continue
				}
				k := r.Kernel
				if k == nil {
					k = &report.Kernel{}
				}
				if x.Hand != "kernel" || x.Sender != host {
					s.others++
					if k.Reason != "" {
						s.wrong++
						t.Errorf("%s %s frame %d: not of this host's kernel, but joined with its %s", truth.Situation, host, r.Frame, k.Reason)
					}
					continue
				}
				s.sent++
				state := x.State
				if state == "UNKNOWN" {
					state = ""
				}
				if k.Reason == x.Reason && k.State == state {
					s.joined++
				} else {
					t.Logf("%s %s frame %d: the kernel's record is %s in %s, the report says %s in %s", truth.Situation, host, r.Frame, x.Reason, x.State, k.Reason, k.State)
				}
				if string(r.Cause) == x.Cause {
					s.top++
				} else {
					t.Logf("%s %s frame %d: %s, the report says %s (%s)", truth.Situation, host, r.Frame, x.Cause, r.Cause, r.Detail)
				}
				if string(r.Cause) == x.Cause || slices.Contains(x.AlsoOK, string(r.Cause)) {
					s.open++
				}
				if string(r.Origin) == "endpoint" {
					s.proven++
				}
				if x.Detail != "" {
					s.details++
					if r.Detail == x.Detail {
						s.named++
					}
				}
			}
		}
	}
	return s
}

func share(n, of int) float64 { return float64(n) / float64(max(of, 1)) }

func (s *kernelScore) text() string {
	return fmt.Sprintf(`
## With the kernel's trace

%d situations of testdata/lab/vantages, each explained at the client and at the server with the trace of that host's kernel (--kernel).
%d resets were sent by the host's own kernel, %d by somebody else. RSTs in a trace that the capture lacks: %d.

| figure | value |
|---|---:|
| joined with the kernel's record of it, reason and state right | %.3f |
| joined although another one sent it | %d |
| the true label is the one said | %.3f |
| what is said is true or cannot be ruled out by the packets | %.3f |
| the rule is the true one, where there is one | %.3f |
| origin: said to be the endpoint's, and is | %.3f |
`, s.situations, s.sent, s.others, s.missing, share(s.joined, s.sent), s.wrong, share(s.top, s.sent), share(s.open, s.sent), share(s.named, s.details), share(s.proven, s.sent))
}

// kernelPart is the part of docs/accuracy.md about traces of kernels.
func kernelPart(t *testing.T) string {
	s := measureKernel(t)
	return s.text()
}

// vantagesPart is the part of docs/accuracy.md about several vantage points, which TestComparePath measures.
func vantagesPart(t *testing.T) string {
	b, err := os.ReadFile(accuracyPage)
	if err != nil {
		t.Fatal(err)
	}
	const title = "\n## Several vantage points\n"
	_, part, ok := strings.Cut(string(b), title)
	if !ok {
		return ""
	}
	part, _, _ = strings.Cut(part, "\n## ")
	return title + part
}

// Each RST that a host's kernel sent is joined with the kernel's record of it, and its cause is one that the reason allows.
// The figures are those of docs/accuracy.md; -update writes them.
func TestKernelAccuracy(t *testing.T) {
	s := measureKernel(t)
	t.Log(s.text())
	if share(s.joined, s.sent) < 0.995 || s.wrong > 0 || s.open != s.sent || s.proven != s.sent || s.missing > 0 {
		t.Errorf("got %+v", s)
	}
	if *vantagesDir != "../testdata/lab/vantages" {
		return
	}
	b, err := os.ReadFile(accuracyPage)
	if err != nil {
		t.Fatal(err)
	}
	const title = "\n## With the kernel's trace\n"
	before, rest, _ := strings.Cut(string(b), title)
	after := ""
	if i := strings.Index(rest, "\n## "); i >= 0 {
		after = rest[i:]
	}
	page := before + s.text() + after
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(accuracyPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if page != string(b) {
		t.Error("docs/accuracy.md has other figures for the kernel's trace; run with -update")
	}
}

// One play, printed by four programs: each RST is joined in each print.
func TestKernelPrints(t *testing.T) {
	const dir = "kernel/testdata/"
	for _, x := range []struct{ capture, record string }{
		{"reset.pcap", "tracefs.txt"}, {"reset.pcap", "trace-cmd.txt"}, {"reset.pcap", "perf.txt"}, {"bpftrace.pcap", "bpftrace.txt"},
	} {
		var got []string
		f := withRecords(t, dir+x.capture, dir+x.record)
		for i := range f.Resets {
			r := &f.Resets[i]
			if r.Kernel == nil {
				t.Errorf("%s frame %d: not joined", x.record, r.Frame)
				continue
			}
			got = append(got, fmt.Sprintf("%s %s %s %s %.2f", r.Kernel.Reason, r.Kernel.State, r.Cause, r.Origin, r.Confidence))
		}
		want := []string{"NO_SOCKET  closed-port endpoint 0.99", "TCP_ABORT_ON_CLOSE CLOSE peer-crash endpoint 0.99", "TCP_STATE CLOSE fast-close endpoint 0.99",
			"TCP_TIMEWAIT_SOCKET TIME_WAIT peer-crash endpoint 0.99", "NO_SOCKET  closed-port endpoint 0.99"}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q", x.record, got)
		}
	}
}

// The kernel's reason excludes what the packets look like: the report says both.
func TestKernelContradictsPackets(t *testing.T) {
	dir := t.TempDir()
	b, err := os.ReadFile("../testdata/lab/vantages/killed-unread-http/server.trace")
	if err != nil {
		t.Fatal(err)
	}
	record := filepath.Join(dir, "server.trace")
	other := strings.ReplaceAll(string(b), "state=TCP_CLOSE reason=TCP_ABORT_ON_CLOSE", "state=TCP_ESTABLISHED reason=TCP_KEEPALIVE_TIMEOUT")
	if other == string(b) {
		t.Fatal("the trace has no TCP_ABORT_ON_CLOSE")
	}
	if err := os.WriteFile(record, []byte(other), 0o666); err != nil {
		t.Fatal(err)
	}
	f := withRecords(t, "../testdata/lab/vantages/killed-unread-http/server.pcapng", record)
	r := &f.Resets[0]
	if r.Cause != "retransmit-timeout" || r.Detail != "keepalive-unanswered" || r.Kernel.PacketsDetail != "unread-data" || r.Kernel.PacketsCause != "peer-crash" {
		t.Errorf("got %s %s, kernel %+v", r.Cause, r.Detail, r.Kernel)
	}
	if !slices.ContainsFunc(r.Notes, func(e report.Evidence) bool {
		return strings.Contains(e.Says, "the packets alone look like unread-data (peer-crash)")
	}) {
		t.Errorf("the contradiction is not among the notes: %+v", r.Notes)
	}
}

// A RST in the host's name that its kernel has no record of, while it has others; and one in the record that the capture
// lacks.
func TestKernelSilentAndMissing(t *testing.T) {
	dir := t.TempDir()
	b, err := os.ReadFile("../testdata/lab/vantages/no-listener/server.trace")
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	sent := 0
	for _, l := range strings.Split(string(b), "\n") {
		if strings.Contains(l, "tcp_send_reset: ") {
			if sent++; sent == 2 { // the second of three leaves the record, and another one is in it
				l = strings.Replace(l, "dest=", "dest=203.0.113.5:7 was=", 1)
			}
		}
		kept = append(kept, l)
	}
	record := filepath.Join(dir, "server.trace")
	if err := os.WriteFile(record, []byte(strings.Join(kept, "\n")), 0o666); err != nil {
		t.Fatal(err)
	}
	f := withRecords(t, "../testdata/lab/vantages/no-listener/server.pcapng", record)
	var silent []bool
	for i := range f.Resets {
		silent = append(silent, f.Resets[i].Kernel != nil && f.Resets[i].Kernel.Silent)
	}
	if !slices.Equal(silent, []bool{false, true, false}) {
		t.Errorf("silent: %v", silent)
	}
	k := f.Kernel[0]
	if k.Lacks != 1 || k.Missing[0].Dst != "203.0.113.5:7" || k.Missing[0].Reason != "NO_SOCKET" || k.Sent != 3 || k.Joined != 2 {
		t.Errorf("got %+v", k)
	}
	if d := k.Missing[0].Time - f.Resets[1].Time; d < -1e6 || d > 1e6 {
		t.Errorf("the missing one is %d ns from where it was", d)
	}
}

// With several vantage points, a record belongs to the captures of the place that it is named after.
func TestKernelInComparison(t *testing.T) {
	const dir = "../testdata/lab/vantages/killed-unread-http/"
	for _, name := range []string{"server", "elsewhere"} {
		r, err := kernel.Open(dir + "server.trace")
		if err != nil {
			t.Fatal(err)
		}
		r.Name = name
		c, err := analyzer.Compare(context.Background(), []analyzer.VantagePoint{{Name: "client", Paths: []string{dir + "client.pcapng"}},
			{Name: "server", Paths: []string{dir + "server.pcapng"}}}, analyzer.Options{Kernel: []*kernel.Record{r}})
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if err := json.NewEncoder(&out).Encode(c.Resets); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(out.String(), "recorded why it sent this RST: TCP_ABORT_ON_CLOSE in CLOSE"); got != (name == "server") {
			t.Errorf("a record of %s: in the comparison %v: %s", name, got, out.String())
		}
	}
}
