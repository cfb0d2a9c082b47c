package analyzer

import (
	"fmt"

	"github.com/rstexplain/rstexplain/analyzer/kernel"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules"
	"github.com/rstexplain/rstexplain/rules/words"
)

// A witness joins the traces of kernels with the resets of one capture; nil: there are none.
type witness struct {
	*kernel.Join
	records []*kernel.Record
	word    *kernel.Word // of the reset in hand
}

func newWitness(records []*kernel.Record) *witness {
	if len(records) == 0 {
		return nil
	}
	return &witness{Join: kernel.NewJoin(records), records: records}
}

// recordsOf returns the records for the captures of a vantage point: those with its name, and those without one.
func recordsOf(records []*kernel.Record, vantage string) (out []*kernel.Record) {
	for _, r := range records {
		if r.Name == "" || r.Name == vantage {
			out = append(out, r)
		}
	}
	return out
}

// explain has the engine explain a reset in the knowledge of what the kernels recorded.
func (w *witness) explain(e *rules.Engine, r *flows.Reset) *rules.Finding {
	if w == nil {
		return e.Explain(r)
	}
	f := e.ExplainKnowing(r, w.Know(r))
	w.word = w.Settle(r, f)
	return f
}

// heard reports whether a kernel recorded the reset in hand.
func (w *witness) heard() bool { return w != nil && w.word != nil }

// tell adds to the model of the reset what the kernels say of it.
func (w *witness) tell(m *report.Reset) {
	if w == nil || w.word == nil {
		return
	}
	k := w.word
	m.Kernel = &report.Kernel{Host: k.Host, Path: k.Path, Line: k.Line, Reason: k.Reason, State: k.State, Means: k.Means,
		Time:    report.Time(k.Time),
		Program: k.Program, Received: report.Time(k.Received), Silent: k.Silent}
	if p := k.Packets; p != nil {
		m.Kernel.PacketsCause, m.Kernel.PacketsDetail, m.Kernel.PacketsConfidence = p.Cause, p.ID, k.PacketsConfidence
	}
}

// finish adds to the file what the records say of it as a whole.
func (w *witness) finish(f *report.File) {
	if w == nil {
		return
	}
	note := func(says string) { f.Notes = append(f.Notes, report.Evidence{Frames: []int{}, Says: says}) }
	events := func(list []kernel.Event) []report.KernelEvent {
		out := []report.KernelEvent{}
		for i := range list {
			e := &list[i]
			v := report.KernelEvent{Time: report.Time(e.Time), Src: e.Src.String(), Reason: e.Reason, State: e.State,
				Line: e.Line}
			if e.Dst.Port != 0 {
				v.Dst = e.Dst.String()
			}
			out = append(out, v)
		}
		return out
	}
	sums := w.Summaries(flows.Time(f.First), flows.Time(f.Last))
	for i := range sums {
		s := &sums[i]
		r := s.Record
		for _, says := range s.Says() {
			note(says)
		}
		f.Kernel = append(f.Kernel, report.KernelTrace{Path: r.Path, Name: r.Name, Format: r.Format, Events: len(r.Events),
			Unknown: r.Unknown, Lost: r.Lost,
			LeftOut: r.LeftOut, Clock: s.Clock, Offset: s.Offset, Uncertainty: s.Uncertain, Sent: s.Sent, Joined: s.Joined,
			Accepted: s.Accepted, Resets: s.Resets,
			Lacks: s.Lacks, Missing: events(s.Missing), Outside: s.Outside, Dropped: s.Dropped, Drops: events(s.Drops)})
		warn := func(n int, what, hint string) {
			if n > 0 {
				f.Warnings = append(f.Warnings, report.Warning{Says: fmt.Sprintf("%s: %s", r.Path, what), Hint: hint})
			}
		}
		warn(r.Unknown, fmt.Sprintf("%s could not be read, the first is line %d", words.Count(r.Unknown,
			"line"), r.FirstWrong), "rstexplain record-help lists what is read, and the commands that record it")
		warn(r.Lost, fmt.Sprintf("the kernel lost %s: what is not in this trace may have happened all "+
			"the same", words.Count(r.Lost, "event")), "record with a larger buffer, or fewer events")
		warn(r.LeftOut, fmt.Sprintf("%s beyond what is kept were left out", words.Count(r.LeftOut,
			"event")), "record less, or cut the trace to the time of the capture")
	}
	for _, says := range kernel.Counters(w.records) {
		note(says)
	}
}
