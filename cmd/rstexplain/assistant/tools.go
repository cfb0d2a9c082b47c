package assistant

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/analyzer/rewrite"
	"github.com/rstexplain/rstexplain/rules"
)

// addTools registers what a caller can ask.
func (s *server) addTools(to *mcp.Server) {
	closed := false
	reads := func(title string) *mcp.ToolAnnotations {
		return &mcp.ToolAnnotations{Title: title, ReadOnlyHint: true, IdempotentHint: true, OpenWorldHint: &closed}
	}
	mcp.AddTool(to, &mcp.Tool{Name: "list_captures", Annotations: reads("List captures"),
		Description: "List the packet captures that can be read, with their sizes."}, s.listCaptures)
	mcp.AddTool(to, &mcp.Tool{Name: "list_incidents", Annotations: reads("List the incidents of a capture"),
		Description: "Read a capture and list what happened in it: resets that are one incident, the worst first, with a " +
			"frame that represents each."}, s.listIncidents)
	mcp.AddTool(to, &mcp.Tool{Name: "list_resets", Annotations: reads("List the resets of a capture"),
		Description: "List resets, one line each, of a whole capture or of one incident, cause, detail or " +
			"stream."}, s.listResets)
	mcp.AddTool(to, &mcp.Tool{Name: "explain_reset", Annotations: reads("Explain one reset"),
		Description: "Explain the reset in one frame: who sent it, why, how probable that is, the evidence with its " +
			"frames, other possible causes, what to do, and the display filter that shows its packets."}, s.explainReset)
	mcp.AddTool(to, &mcp.Tool{Name: "show_ladder", Annotations: reads("Show the segments of a connection that was reset"),
		Description: "List the segments before and after one reset, with flags, relative sequence numbers and the states " +
			"of both sides."}, s.showLadder)
	mcp.AddTool(to, &mcp.Tool{Name: "compare_captures", Annotations: reads("Compare captures of the same traffic"),
		Description: "Read captures that were made at several places at the same time, such as client and server, and say " +
			"of each RST where it was seen, where it was made, and whether the captures prove it."}, s.compareCaptures)
	mcp.AddTool(to, &mcp.Tool{Name: "explain_text", Annotations: reads("Explain packets pasted as text"),
		Description: "Explain the resets in text that tcpdump, tshark, Wireshark or others printed, with prose around it " +
			"or without."}, s.explainText)
	mcp.AddTool(to, &mcp.Tool{Name: "lookup_rule", Annotations: reads("Look up a cause"),
		Description: "The documentation of a detail, such as data-after-fin: what happened, how it is recognised, what to " +
			"do. Without an ID, the list of details."}, s.lookupRule)
	if s.Slices != "" {
		additive := false
		mcp.AddTool(to, &mcp.Tool{Name: "slice_capture", Annotations: &mcp.ToolAnnotations{Title: "Write a small capture " +
			"for a ticket", DestructiveHint: &additive, OpenWorldHint: &closed},
			Description: "Write a new capture with only the connections of the resets in the frames named, to attach it to a " +
				"ticket. Packets end after their TCP header, unless payload is asked for."}, s.sliceCapture)
	}
}

type captureArgs struct {
	Capture string `json:"capture" jsonschema:"path of the capture, as list_captures gives it"`
}

// paging is common to the tools that list something.
type paging struct {
	Offset        int `json:"offset,omitempty" jsonschema:"next_offset of the page before"`
	MaxCharacters int `json:"max_characters,omitempty" jsonschema:"most characters of the answer; default 8000, at most 60000"`
}

type listCapturesArgs struct{ paging }

func (s *server) listCaptures(ctx context.Context, _ *mcp.CallToolRequest, in listCapturesArgs) (*mcp.CallToolResult,
	any, error) {
	type found struct {
		Capture string `json:"capture"`
		Bytes   int64  `json:"bytes"`
	}
	list := []found{}
	for _, root := range s.roots {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err != nil || !d.Type().IsRegular() ||
				!slices.ContainsFunc(captureNames, func(ext string) bool { return strings.Contains(d.Name(), ext) }):
				return nil
			}
			if st, err := d.Info(); err == nil {
				list = append(list, found{clean(path), st.Size()})
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	part, p := fill(list, in.Offset, limit(in.MaxCharacters)-200)
	return reply(struct {
		Captures []found `json:"captures"`
		Page     page    `json:"page"`
	}{part, p}, nil)
}

// captureNames are parts of the names of captures.
var captureNames = []string{".pcapng", ".pcap", ".cap", ".ntar", ".dmp"}

type listIncidentsArgs struct {
	captureArgs
	paging
}

func (s *server) listIncidents(ctx context.Context, _ *mcp.CallToolRequest, in listIncidentsArgs) (*mcp.CallToolResult,
	any, error) {
	l := &listener{reset: func(*report.Reset, bool) error { return nil }}
	file, err := s.explain(ctx, in.Capture, l)
	if err != nil {
		return nil, nil, err
	}
	return reply(incidents(in.Capture, file, l, in.paging), nil)
}

type incidentsAnswer struct {
	Notice string `json:"notice"`
	overview
	Incidents []incident `json:"incidents"`
	Page      page       `json:"page"`
}

func incidents(name string, file *report.File, l *listener, in paging) incidentsAnswer {
	q := &quote{}
	var list []incident
	for _, one := range l.groups.Incidents() {
		list = append(list, incidentOf(&one, q))
	}
	a := incidentsAnswer{Notice: untrusted, overview: overviewOf(name, file)}
	a.Incidents, a.Page = fill(list, in.Offset, limit(in.MaxCharacters)-size(a)-80)
	return a
}

type listResetsArgs struct {
	captureArgs
	Incident int    `json:"incident,omitempty" jsonschema:"only the resets of the incident with this number"`
	Cause    string `json:"cause,omitempty" jsonschema:"only this cause"`
	Detail   string `json:"detail,omitempty" jsonschema:"only this detail"`
	Stream   *int   `json:"stream,omitempty" jsonschema:"only this tcp.stream"`
	paging
}

// Bounds of the resets that are kept for a page, the second for one of them.
const (
	maxListed    = 1 << 20
	listedMemory = 4 << 10
)

// mostListed returns how many resets are kept.
func (s *server) mostListed() int {
	if m := s.Analysis.Flows.MaxMemory; m > 0 {
		return int(min(maxListed, m/listedMemory))
	}
	return maxListed
}

func (s *server) listResets(ctx context.Context, _ *mcp.CallToolRequest, in listResetsArgs) (*mcp.CallToolResult, any,
	error) {
	var list []finding
	left, most := 0, s.mostListed()
	l := &listener{reset: func(r *report.Reset, _ bool) error {
		wanted := (in.Cause == "" || in.Cause == string(r.Cause)) && (in.Detail == "" || in.Detail == r.Detail) &&
			(in.Stream == nil || *in.Stream == r.Stream)
		switch {
		case wanted && len(list) < most:
			list = append(list, line(r))
		case wanted:
			left++
		}
		return nil
	}}
	if _, err := s.explain(ctx, in.Capture, l); err != nil {
		return nil, nil, err
	}
	now := l.groups.Now()
	kept := list[:0]
	for _, f := range list {
		if f.Incident = cmp.Or(now[f.Incident], f.Incident); in.Incident == 0 || f.Incident == in.Incident {
			kept = append(kept, f)
		}
	}
	part, p := fill(kept, in.Offset, limit(in.MaxCharacters)-200)
	return reply(struct {
		Resets  []finding `json:"resets"`
		Page    page      `json:"page"`
		LeftOut int       `json:"left_out_for_lack_of_memory,omitempty"` // of the end; cause, detail or stream select
	}{part, p, left}, nil)
}

type frameArgs struct {
	captureArgs
	Frame int `json:"frame" jsonschema:"number of a frame with a RST"`
}

type explainResetArgs struct {
	frameArgs
	Payload       bool `json:"payload,omitempty" jsonschema:"show the texts of requests and responses, which strangers may have written; left out by default"`
	MaxCharacters int  `json:"max_characters,omitempty" jsonschema:"most characters of the answer; default 8000, at most 60000"`
}

type explainAnswer struct {
	Notice  string   `json:"notice"`
	Capture string   `json:"capture"`
	Reset   finding  `json:"reset"`
	LeftOut []string `json:"left_out,omitempty"`
}

func (s *server) explainReset(ctx context.Context, _ *mcp.CallToolRequest, in explainResetArgs) (*mcp.CallToolResult,
	any, error) {
	r, err := s.find(ctx, in.frameArgs)
	if err != nil {
		return nil, nil, err
	}
	a := explainAnswer{Notice: untrusted, Capture: clean(in.Capture), Reset: full(r, in.Payload)}
	a.LeftOut = a.Reset.shorten(limit(in.MaxCharacters) - 500)
	return reply(a, nil)
}

// find returns the reset in a frame of a capture.
func (s *server) find(ctx context.Context, in frameArgs) (*report.Reset, error) {
	var found *report.Reset
	var frames []int
	seen := 0
	l := &listener{reset: func(r *report.Reset, _ bool) error {
		if seen++; len(frames) < 10 {
			frames = append(frames, r.Frame)
		}
		if r.Frame == in.Frame && found == nil {
			found = r.Clone()
		}
		return nil
	}}
	file, err := s.explain(ctx, in.Capture, l)
	switch {
	case err != nil:
		return nil, err
	case found == nil && seen == 0 && file.Packets == 0 && len(file.Warnings) > 0:
		return nil, errors.New(clean(file.Warnings[0].String()))
	case found == nil && seen == 0:
		return nil, fmt.Errorf("%s: contains no resets", in.Capture)
	case found == nil:
		return nil, fmt.Errorf("frame %d is not a reset; of %d resets the first are in frames %v; list_resets "+
			"lists them", in.Frame, seen, frames)
	}
	found.Incident = cmp.Or(l.groups.Now()[found.Incident], found.Incident)
	return found, nil
}

type showLadderArgs struct {
	frameArgs
	paging
}

// A rung is one segment of a ladder. States are given where the segment changes one.
type rung struct {
	Frame      int      `json:"frame"`
	Line       int      `json:"line,omitempty"`
	AfterStart float64  `json:"s"` // seconds since the first rung
	Sender     string   `json:"sender"`
	Flags      string   `json:"flags"`
	SEQ        uint32   `json:"seq"`
	ACK        uint32   `json:"ack"`
	LEN        uint32   `json:"len"`
	WND        uint32   `json:"window"`
	TTL        uint8    `json:"ttl,omitempty"`
	States     []string `json:"states,omitempty"` // of originator and responder
	Notes      []string `json:"notes,omitempty"`
	Role       string   `json:"role,omitempty"`
	Skipped    int      `json:"skipped_before,omitempty"`
}

func (s *server) showLadder(ctx context.Context, _ *mcp.CallToolRequest, in showLadderArgs) (*mcp.CallToolResult, any,
	error) {
	r, err := s.find(ctx, in.frameArgs)
	if err != nil {
		return nil, nil, err
	}
	if r.Repeats != 0 && len(r.Timeline) == 0 {
		return nil, nil, fmt.Errorf("frame %d repeats the reset in frame %d: ask for that one", r.Frame, int(r.Repeats))
	}
	rungs := []rung{}
	for i, e := range r.Timeline {
		one := rung{Frame: e.Frame, Line: e.Line, AfterStart: (e.Time.Std().Sub(r.Timeline[0].Time.Std())).Seconds(),
			Sender: e.Sender, Flags: e.Flags,
			SEQ: e.SEQ, ACK: e.ACK, LEN: e.LEN, WND: e.WND, TTL: e.TTL, Role: e.Role, Skipped: e.Skipped}
		if e.From != e.To || i == 0 {
			one.States = e.To[:]
		}
		for _, n := range e.Notes {
			one.Notes = append(one.Notes, clean(n))
		}
		rungs = append(rungs, one)
	}
	a := struct {
		Capture    string `json:"capture"`
		Frame      int    `json:"reset_frame"`
		Originator string `json:"originator"`
		Responder  string `json:"responder"`
		Filter     string `json:"filter"`
		Rungs      []rung `json:"rungs"`
		Page       page   `json:"page"`
	}{clean(in.Capture), r.Frame, r.Originator, r.Responder, r.Filter, nil, page{}}
	a.Rungs, a.Page = fill(rungs, in.Offset, limit(in.MaxCharacters)-size(a)-80)
	return reply(a, nil)
}

type explainTextArgs struct {
	Text    string `json:"text" jsonschema:"packets as a program printed them"`
	Payload bool   `json:"payload,omitempty" jsonschema:"show the texts of requests and responses; left out by default"`
	paging
}

// maxPasted bounds the text of explain_text, in bytes.
const maxPasted = 4 << 20

// maxShown is more findings than an answer has room for.
const maxShown = MaxBudget / 100

func (s *server) explainText(ctx context.Context, _ *mcp.CallToolRequest, in explainTextArgs) (*mcp.CallToolResult, any,
	error) {
	if len(in.Text) > maxPasted {
		return nil, nil, fmt.Errorf("the text has %d bytes, and %d are read at most: save it as a file, and "+
			"name that", len(in.Text), maxPasted)
	}
	release, err := s.acquire(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer release()
	var list []finding
	l := &listener{reset: func(r *report.Reset, _ bool) error {
		switch offset := max(in.Offset, 0); {
		case r.Repeats != 0:
		case len(list) >= offset && len(list) < offset+maxShown:
			list = append(list, full(r, in.Payload))
		default:
			list = append(list, finding{}) // it is on another page
		}
		return nil
	}}
	file, err := analyzer.ExplainReader(ctx, "the text", strings.NewReader(in.Text), l, s.Analysis)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, nil, err
	}
	now := l.groups.Now()
	for i := range list {
		list[i].Incident = cmp.Or(now[list[i].Incident], list[i].Incident)
	}
	a := struct {
		Notice string `json:"notice"`
		overview
		Findings []finding `json:"findings"`
		Page     page      `json:"page"`
	}{Notice: untrusted, overview: overviewOf("the text", file)}
	room := limit(in.MaxCharacters) - size(a) - 80
	for i := range list {
		if list[i].explanation != nil {
			list[i].shorten(room)
		}
	}
	a.Findings, a.Page = fill(list, in.Offset, room)
	return reply(a, nil)
}

type lookupRuleArgs struct {
	ID string `json:"id,omitempty" jsonschema:"a detail such as data-after-fin; empty for the list"`
	paging
}

func (s *server) lookupRule(_ context.Context, _ *mcp.CallToolRequest, in lookupRuleArgs) (*mcp.CallToolResult, any,
	error) {
	if in.ID == "" {
		type entry struct {
			ID    string `json:"id"`
			Cause string `json:"cause"`
			Title string `json:"title"`
		}
		var list []entry
		for _, r := range rules.All() {
			list = append(list, entry{r.ID, string(r.Cause), r.Doc.Title})
		}
		part, p := fill(list, in.Offset, limit(in.MaxCharacters)-200)
		return reply(struct {
			Details []entry `json:"details"`
			Page    page    `json:"page"`
		}{part, p}, nil)
	}
	text, err := documentation(in.ID)
	if err != nil {
		return nil, nil, err
	}
	lines := strings.SplitAfter(text, "\n")
	part, p := fill(lines, in.Offset, limit(in.MaxCharacters)-200)
	return reply(struct {
		ID   string `json:"id"`
		Text string `json:"text"`
		Page page   `json:"page"`
	}{in.ID, strings.Join(part, ""), p}, nil)
}

// documentation returns what rstexplain rules prints for an ID.
func documentation(id string) (string, error) {
	r := rules.Find(id)
	if r == nil {
		return "", fmt.Errorf("no detail %q; they are: %s", id, strings.Join(ruleIDs(), ", "))
	}
	var b strings.Builder
	err := report.RuleText(&b, r, report.TextOptions{Width: 100})
	return b.String(), err
}

type sliceArgs struct {
	captureArgs
	Frames    []int  `json:"frames" jsonschema:"numbers of frames with a RST"`
	Name      string `json:"name" jsonschema:"name of the new file, ending in .pcapng, without a directory"`
	Payload   bool   `json:"payload,omitempty" jsonschema:"keep the data of the packets"`
	Anonymize bool   `json:"anonymize,omitempty" jsonschema:"build the packets anew with mapped addresses and without data"`
}

func (s *server) sliceCapture(ctx context.Context, _ *mcp.CallToolRequest, in sliceArgs) (*mcp.CallToolResult, any,
	error) {
	switch {
	case len(in.Frames) == 0:
		return nil, nil, errors.New("no frames named; list_incidents gives a frame for each incident")
	case in.Name != filepath.Base(in.Name) || !filepath.IsLocal(in.Name) || !strings.HasSuffix(in.Name,
		".pcapng") || in.Name != clean(in.Name):
		return nil, nil, fmt.Errorf("%q is not a name for the slice: it must end in .pcapng and have no directory", in.Name)
	case in.Payload && in.Anonymize:
		return nil, nil, errors.New("an anonymized slice has no data: leave out payload or anonymize")
	}
	path, err := s.resolve(in.Capture)
	if err != nil {
		return nil, nil, err
	}
	release, err := s.acquire(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer release()
	to := filepath.Join(s.Slices, in.Name)
	kept, err := s.slice(ctx, path, to, in)
	if err != nil {
		return nil, nil, err
	}
	return reply(struct {
		Slice   string `json:"slice"`
		Resets  int    `json:"reset_count"`
		Packets int    `json:"packets"`
		Of      int    `json:"of_packets"`
		LeftOut string `json:"left_out,omitempty"`
	}{to, kept.resets, kept.Kept, kept.Packets, kept.Left.String()}, nil)
}

type sliced struct {
	rewrite.Sliced
	resets int
}

// slice writes a slice to a new file.
func (s *server) slice(ctx context.Context, path, to string, in sliceArgs) (n sliced, err error) {
	file, err := capture.OpenFile(ctx, path)
	if err != nil {
		return n, err
	}
	defer file.Close()
	streams := &rewrite.Streams{Choose: func(r *report.Reset) bool { return slices.Contains(in.Frames, r.Frame) }}
	if _, err := analyzer.ExplainFile(ctx, file, streams, s.Analysis); err != nil {
		return n, err
	}
	if streams.Resets == 0 {
		return n, fmt.Errorf("none of the frames %v is a reset; list_resets lists them", in.Frames)
	}
	opts := rewrite.SliceOptions{Flows: s.Analysis.Flows, HeadersOnly: !in.Payload}
	if in.Anonymize {
		if opts.Anonymize, err = rewrite.NewCryptoPAn(newKey()); err != nil {
			return n, err
		}
	}
	r, err := file.Reader(capture.Options{})
	if err != nil {
		return n, err
	}
	defer r.Close()
	taken := fmt.Errorf("%s exists already, and nothing is ever replaced: give another name", to)
	if _, err := os.Lstat(to); err == nil {
		return n, taken
	}
	out, err := s.Files.Create(to)
	if err != nil {
		return n, err
	}
	defer s.Files.Discard(out.Name())
	n.resets = streams.Resets
	n.Sliced, err = rewrite.Slice(ctx, r, out, streams, opts)
	if err = errors.Join(err, out.Close()); err == nil {
		err = s.Files.Place(out.Name(), to)
	}
	if errors.Is(err, fs.ErrExist) {
		return n, taken
	}
	return n, err
}
