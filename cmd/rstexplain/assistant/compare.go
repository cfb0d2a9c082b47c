package assistant

import (
	"context"
	"errors"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

type compareArgs struct {
	Captures []compareArg `json:"captures" jsonschema:"two or more captures of the same traffic, in the order of the path from the client"`
	Payload  bool         `json:"payload,omitempty" jsonschema:"show the texts of requests and responses; left out by default"`
	paging
}

type compareArg struct {
	Name    string `json:"name" jsonschema:"where it was made, such as client or server"`
	Capture string `json:"capture" jsonschema:"path of the capture"`
}

// maxVantages bounds the captures that are compared.
const maxVantages = 16

// A sharedReset is what an answer says of one RST in several captures.
type sharedReset struct {
	Seen   []report.PacketAt `json:"seen"`
	Origin string            `json:"origin"`
	Proven bool              `json:"proven"`
	MadeAt string            `json:"made_at"`
	Says   string            `json:"verdict"`
	Shows  []shown           `json:"comparison,omitempty"`
	At     string            `json:"frames_are_of"` // the capture that the frames of the finding are of
	finding
}

// A shown is one statement about several captures.
type shown struct {
	Says   string            `json:"says"`
	Frames []report.PacketAt `json:"frames,omitempty"`
}

func (s *server) compareCaptures(ctx context.Context, _ *mcp.CallToolRequest, in compareArgs) (*mcp.CallToolResult, any,
	error) {
	if len(in.Captures) < 2 || len(in.Captures) > maxVantages {
		return nil, nil, fmt.Errorf("%d captures named; name 2 to %d of the same traffic", len(in.Captures), maxVantages)
	}
	var points []analyzer.VantagePoint
	names := map[string]bool{}
	for _, c := range in.Captures {
		path, err := s.resolve(c.Capture)
		if err != nil {
			return nil, nil, err
		}
		if c.Name == "" || names[c.Name] {
			return nil, nil, errors.New("each capture needs a name of its own, such as client or server")
		}
		names[c.Name] = true
		points = append(points, analyzer.VantagePoint{Name: clean(c.Name), Paths: []string{path}})
	}
	release, err := s.acquire(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer release()
	c, err := analyzer.Compare(ctx, points, s.Analysis)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, nil, err
	}
	type vantage struct {
		Name        string   `json:"name"`
		Resets      int      `json:"reset_count"`
		Offset      *float64 `json:"offset_ms,omitempty"`
		Uncertainty *float64 `json:"uncertainty_ms,omitempty"`
		Partial     bool     `json:"partial,omitempty"`
	}
	a := struct {
		Notice      string             `json:"notice"`
		Path        []string           `json:"path"`
		Vantages    []vantage          `json:"vantages"`
		Connections report.SharedConns `json:"connections"`
		Warnings    []string           `json:"warnings,omitempty"`
		Resets      []sharedReset      `json:"resets"`
		Page        page               `json:"page"`
	}{Notice: untrusted, Path: c.Path, Connections: c.Connections}
	for _, v := range c.Vantages {
		a.Vantages = append(a.Vantages, vantage{v.Name, v.ResetCount, v.Offset, v.Uncertainty, v.Partial})
	}
	for i, w := range c.Warnings {
		if i < maxWarnings {
			a.Warnings = append(a.Warnings, clean(w.String()))
		}
	}
	room := limit(in.MaxCharacters) - size(a) - 80
	list := make([]sharedReset, len(c.Resets))
	for i := range c.Resets {
		list[i] = shared(&c.Resets[i], in.Payload)
		list[i].finding.shorten(room - 1_500)
	}
	a.Resets, a.Page = fill(list, in.Offset, room)
	return reply(a, nil)
}

func shared(r *report.SharedReset, payload bool) sharedReset {
	q := &quote{show: payload}
	one := sharedReset{Seen: r.Seen, Origin: string(r.Origin), Proven: r.Proven, MadeAt: r.MadeAt, At: r.At}
	if r.Reset != nil {
		q = quoting(r.Reset, payload)
		one.finding = full(r.Reset, payload)
	}
	one.Says = q.inSummary(r.Says)
	for _, c := range r.Shows {
		one.Shows = append(one.Shows, shown{q.in(c.Says), c.Frames})
	}
	return one
}
