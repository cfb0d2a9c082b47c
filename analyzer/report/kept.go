package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rstexplain/rstexplain/analyzer/incident"
)

// keptFindings are the texts of those findings that a report by incidents may show in full: the candidates to
// represent an incident, and the first findings of each. Which of them are shown is known only when all resets have
// passed.
type keptFindings struct {
	groups   Grouping
	each     int                      // findings that are kept of each number of an incident, beside the candidates
	most     int                      // findings that are kept in all, beside the candidates
	only     int                      // number of the one incident that is shown, 0 for all
	repeated func(says string) string // formats the list of repeats

	file  int // index of the present one
	texts store
	list  []keptFinding
	at    map[[2]int]int // index in list, by file and frame
	count map[int]int    // of those kept, by number
}

// A keptFinding is the text of a finding, cut where the frames of its repeats go.
type keptFinding struct {
	number     int // of its incident, when it passed
	file       int
	frame      int
	line       bool // repeats are lines of a text
	head, tail extent
	repeats    []int
	count      int
}

func (k *keptFindings) beginFile(path string) {
	k.groups.BeginFile(path)
	k.file = len(k.groups.paths) - 1
}

// add counts r with its incident. If its text is to be kept, it calls render, which returns it in two parts: its
// repeats go between them.
func (k *keptFindings) add(r *Reset, render func() (head, tail string)) error {
	candidate := k.groups.Add(r)
	if k.at == nil {
		k.at, k.count = map[[2]int]int{}, map[int]int{}
	}
	if r.Repeats != 0 {
		if i, ok := k.at[[2]int{k.file, int(r.Repeats)}]; ok {
			f := &k.list[i]
			f.count++
			if len(f.repeats) < maxListed {
				f.repeats = append(f.repeats, r.position())
			}
			return nil
		}
		if k.count[r.Incident] > 0 { // the finding that it repeats is one of those that are not kept
			return nil
		}
	}
	if !candidate && (k.count[r.Incident] >= k.each || len(k.list) >= k.most) {
		return nil
	}
	f := keptFinding{number: r.Incident, file: k.file, frame: r.Frame, line: r.Line > 0}
	head, tail := render()
	var err error
	if f.head, err = k.texts.add(head); err != nil {
		return err
	}
	if f.tail, err = k.texts.add(tail); err != nil {
		return err
	}
	k.at[[2]int{k.file, r.Frame}] = len(k.list)
	k.list = append(k.list, f)
	k.count[r.Incident]++
	return nil
}

// position is the frame of r, or its line in a text.
func (r *Reset) position() int {
	if r.Line > 0 {
		return r.Line
	}
	return r.Frame
}

// A story is an incident with the findings that are kept of it: first the one that represents it, then the others in
// their order.
type story struct {
	Incident
	findings []*keptFinding
}

// showOnly makes k keep all findings, and return one incident alone: the one with a number, unless it is 0.
func (k *keptFindings) showOnly(number int) {
	if k.only = number; number != 0 {
		k.each, k.most = 1<<30, 1<<30
	}
}

// stories returns all incidents that are shown, the worst first.
func (k *keptFindings) stories() ([]story, error) {
	incidents := k.groups.Incidents()
	now := numbersOf(incidents)
	by := map[int][]*keptFinding{}
	for i := range k.list {
		f := &k.list[i]
		by[now[f.number]] = append(by[now[f.number]], f)
	}
	if k.only != 0 {
		i, err := find(incidents, k.only)
		if err != nil {
			return nil, err
		}
		incidents = incidents[i : i+1]
	}
	out := make([]story, len(incidents))
	for i := range incidents {
		s := story{incidents[i], by[incidents[i].Number]}
		best := slices.IndexFunc(s.findings, func(f *keptFinding) bool {
			return f.frame == s.Example.Frame && k.groups.path(int32(f.file)) == s.Example.Path
		})
		if best > 0 {
			f := s.findings[best]
			copy(s.findings[1:], s.findings[:best])
			s.findings[0] = f
		}
		out[i] = s
	}
	return out, nil
}

// text returns the text of a finding, with its repeats.
func (k *keptFindings) text(f *keptFinding) (string, error) {
	head, err := k.texts.text(f.head)
	if err != nil {
		return "", err
	}
	tail, err := k.texts.text(f.tail)
	if err != nil || f.count == 0 {
		return head + tail, err
	}
	marks := frameList(f.repeats)
	if f.line {
		marks = lineList(f.repeats)
	}
	says := fmt.Sprintf("%s of the same event: %s", counted(f.count, "more RST", "more RSTs"), marks)
	if more := f.count - len(f.repeats); more > 0 {
		says += fmt.Sprintf(" and %s more", thousands(more))
	}
	return head + k.repeated(says) + tail, nil
}

// size is the number of bytes that text returns, about.
func (f *keptFinding) size() int { return f.head.n + f.tail.n + 200 }

// when prints the time span of an incident: "2026-11-22 15:30:56.413 UTC", or until when it lasted.
func (in *Incident) when() string {
	s, end := in.First.shown(3), in.Last.shown(3)
	switch {
	case end == s:
		return s
	case len(s) > 20 && len(end) > 20 && end[:10] == s[:10]:
		end = end[11:]
	}
	return strings.TrimSuffix(s, " UTC") + " to " + end
}

// size lists how much an incident is: "17 resets in 12 findings · 17 connections · 2 clients".
func (in *Incident) size() []string {
	parts := []string{counted(in.Resets, "reset", "resets")}
	if in.Findings < in.Resets && in.Findings > 0 {
		parts[0] += " in " + counted(in.Findings, "finding", "findings")
	}
	if in.Connections > 1 || in.Resets > 1 {
		parts = append(parts, counted(in.Connections, "connection", "connections"))
	}
	least := ""
	if in.AtLeast {
		least = "at least "
	}
	if in.Clients > 1 {
		parts = append(parts, least+counted(in.Clients, "client", "clients"))
	}
	if in.Services > 1 {
		s := least + counted(in.Services, "service", "services")
		if in.Servers > 1 {
			s += " of " + counted(in.Servers, "host", "hosts")
		}
		parts = append(parts, s)
	}
	return parts
}

// kindName is the kind of an incident in words: "service restart". Incidents without a kind of their own have the name
// of their detail.
func (in *Incident) kindName() string {
	name := string(in.Kind)
	if in.Kind == incident.Alike && in.Detail != "" {
		name = Clean(in.Detail)
	}
	return strings.ReplaceAll(name, "-", " ")
}
