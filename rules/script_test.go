package rules

import (
	"slices"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/wire"
)

// A script is one situation as segments in text. Its last RST is the one in question.
type script struct {
	rule string
	hit  string // the rule matches
	miss string // nearly the same, and the rule must not match
}

// opened is a handshake with a round trip of 20 ms, captured at the client.
const opened = `
0.000  > S  0:0(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
+0.020 < S. 0:0(0) ack 1 win 65160 ipid 0 <mss 1460,sackOK,TS val 9 ecr 1,nop,wscale 7>
+0.000 > .  1:1(0) ack 1
`

// answered is a complete exchange after it: a request of 27 bytes, an answer of 43.
const answered = opened + `
+0.001 > P. 1:28 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  1:1(0) ack 28
+0.001 < P. 1:44 ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
+0.000 > .  28:28(0) ack 44
`

// explain runs a script and returns its resets and what an engine makes of them.
func explain(t *testing.T, text string) ([]*flows.Reset, []*Finding) {
	t.Helper()
	resets, err := wire.Resets(text)
	if err != nil {
		t.Fatal(err)
	}
	e := NewEngine(Options{})
	var out []*Finding
	for _, r := range resets {
		out = append(out, e.Explain(r).Clone())
	}
	return resets, out
}

// last returns the finding about the last RST of a script.
func last(t *testing.T, text string) *Finding {
	t.Helper()
	_, found := explain(t, text)
	if len(found) == 0 {
		t.Fatal("the script holds no RST")
	}
	return found[len(found)-1]
}

// scripts are the situations of all rules.
func scripts() []script {
	return slices.Concat(openingScripts, givingUpScripts, overScripts, closingScripts, appScripts, lostScripts, decisionScripts, pathScripts, weakScripts, numberScripts,
		gapScripts, cutScripts,
		oneWayLossScripts, halfCloseScripts, refusalScripts, readingScripts, alertScripts, mailScripts, ftpScripts,
		answerScripts, pgScripts, layerScripts, mqttScripts)
}

// TestScripts: each rule explains its situation, and not the one that nearly is it.
func TestScripts(t *testing.T) {
	tried := map[string]bool{}
	for _, s := range scripts() {
		tried[s.rule] = true
		t.Run(s.rule, func(t *testing.T) {
			rule := Find(s.rule)
			if rule == nil {
				t.Fatal("no such rule")
			}
			f := last(t, s.hit)
			if f.Rule != rule {
				t.Errorf("explained by %s: %s\n%s", f.Rule.ID, f.Summary, tell(f))
			}
			if f.Cause != rule.Cause {
				t.Errorf("cause %s, want %s", f.Cause, rule.Cause)
			}
			if s.miss != "" {
				if f := last(t, s.miss); f.Rule == rule {
					t.Errorf("explains its near miss: %s\n%s", f.Summary, tell(f))
				}
			}
		})
	}
	for _, r := range All() {
		if !tried[r.ID] {
			t.Errorf("rule %s has no script", r.ID)
		}
	}
}

// tell prints a finding for a failing test.
func tell(f *Finding) string {
	var b strings.Builder
	for _, e := range f.Evidence {
		b.WriteString("  - " + e.Says + "\n")
	}
	for _, a := range f.Alternatives {
		b.WriteString("  ? " + string(a.Cause) + " " + a.Detail + ": " + a.WhyNot + "\n")
	}
	return b.String()
}

// TestFindings: whatever the script, a finding keeps its promises.
func TestFindings(t *testing.T) {
	for _, s := range scripts() {
		for _, text := range []string{s.hit, s.miss} {
			if text == "" {
				continue
			}
			resets, found := explain(t, text)
			segs := wire.MustParse(text)
			for i, f := range found {
				checkFinding(t, s.rule, resets[i], f, len(segs))
			}
		}
	}
}

// checkFinding checks what must hold of every finding.
func checkFinding(t *testing.T, rule string, r *flows.Reset, f *Finding, frames int) {
	t.Helper()
	sum := f.Confidence
	for i, a := range f.Alternatives {
		sum += a.Confidence
		if a.Cause == f.Cause {
			t.Errorf("%s: the cause %s is its own alternative", rule, a.Cause)
		}
		if a.WhyNot == "" {
			t.Errorf("%s: nothing is said against the alternative %s", rule, a.Cause)
		}
		if a.Detail != "" && Find(a.Detail) == nil {
			t.Errorf("%s: alternative %s names no rule", rule, a.Detail)
		}
		if i > 0 && a.Confidence > f.Alternatives[i-1].Confidence {
			t.Errorf("%s: alternatives are not in order", rule)
		}
	}
	if f.Confidence <= 0 || sum > 1+1e-9 {
		t.Errorf("%s: confidence %.3f, with the alternatives %.3f", rule, f.Confidence, sum)
	}
	for _, text := range []struct{ what, says string }{{"summary", f.Summary}, {"symptom", f.Symptom}, {"remedy", f.Remedy}} {
		if text.says == "" {
			t.Errorf("%s: no %s", rule, text.what)
		}
		if strings.Contains(text.says, "%!") || strings.Contains(text.says, "  ") {
			t.Errorf("%s: %s is garbled: %s", rule, text.what, text.says)
		}
	}
	if len(f.Evidence) == 0 {
		t.Errorf("%s: no evidence", rule)
	}
	for _, e := range slices.Concat(f.Evidence, f.OriginWhy, f.Notes) {
		if e.Says == "" || strings.Contains(e.Says, "%!") {
			t.Errorf("%s: garbled evidence %q", rule, e.Says)
		}
		if !slices.IsSorted(e.Frames) {
			t.Errorf("%s: frames %v are not in order", rule, e.Frames)
		}
		for _, n := range e.Frames {
			if n < 1 || n > frames {
				t.Errorf("%s: frame %d does not exist: %s", rule, n, e.Says)
			}
		}
	}
}
