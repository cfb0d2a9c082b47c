package report

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/rstexplain/rstexplain/analyzer/incident"
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules"
	"github.com/rstexplain/rstexplain/rules/claim"
)

// An Incident is what one person would tell another as one thing that happened: a service that was away, a scan, a
// firewall that forgets idle connections. Each reset belongs to exactly one. Package incident says how they are found.
//
// A renderer that shows incidents has a [Grouping]: it tells the Grouping of each capture and reset, and gets the
// incidents at the end, the worst first. What a page shows of an incident in full is its representative finding,
// Example, whose Reset the Grouping has marked as a candidate when it passed.
type Incident struct {
	Number int `json:"number,omitempty"` // its place among the incidents of the report, the worst first; 0 in between
	ID     int `json:"id"`               // the incident of its first reset
	// further incidents that its resets carry: it was recognised later that they belong to it
	Also []int         `json:"also,omitempty"`
	Kind incident.Kind `json:"kind"`
	Says string        `json:"says"` // what happened, in one sentence

	First    Time           `json:"first_time"`
	Last     Time           `json:"last_time"`
	Severity rules.Severity `json:"severity"` // the worst
	Cause    rules.Cause    `json:"cause"`    // this and the next three are those of the representative finding
	Detail   string         `json:"detail"`
	Remedy   string         `json:"remedy"`
	Example  Example        `json:"example"`

	Client string `json:"client,omitempty"` // host, if it was one
	Server string `json:"server,omitempty"` // host and port, or host, if it was one

	Resets      int        `json:"reset_count"`
	Findings    int        `json:"finding_count"` // resets less those that repeat an earlier one
	Connections int        `json:"connection_count"`
	Clients     int        `json:"client_count"` // hosts; at least so many, if AtLeast
	Servers     int        `json:"server_count"` // likewise
	Services    int        `json:"service_count"`
	AtLeast     bool       `json:"at_least,omitempty"` // not all clients, servers and services could be told apart
	Severities  Severities `json:"findings_by_severity"`

	// the rules of its resets, the most frequent first; at most incident.MaxDetails
	Details []IncidentDetail `json:"details"`

	// Where its resets are: at most incident.MaxRefs of them. The resets themselves carry its number, all of them.
	Captures []IncidentPart `json:"captures"`
	LeftOut  int            `json:"left_out,omitempty"` // resets that Captures does not name
}

// An IncidentDetail counts the resets of an incident by rule.
type IncidentDetail struct {
	Detail string `json:"detail"`
	Resets int    `json:"reset_count"`
}

// An IncidentPart names the resets of an incident in one capture.
type IncidentPart struct {
	Path    string `json:"path"`
	Frames  []int  `json:"frames"`
	Streams []int  `json:"streams"` // without repetitions
}

// A Grouping finds the incidents of a report as its resets pass. The zero Grouping is ready to use.
type Grouping struct {
	finder *incident.Finder
	paths  []string
	rules  map[string]*rules.Rule
	in     incident.Reset // used again
	live   *liveGrouping  // nil unless the report is live
}

// BeginFile says that the resets which follow are those of the capture at path.
func (g *Grouping) BeginFile(path string) { g.paths = append(g.paths, path) }

// Add sets r.Incident, and says what has become of a reset that came before as provisional. It reports whether r
// represents its incident better than those before: of all resets for which it does, one is the Example of an Incident.
func (g *Grouping) Add(r *Reset) (candidate bool) {
	if g.finder == nil {
		g.finder, g.rules = incident.NewFinder(), map[string]*rules.Rule{}
	}
	g.describe(r)
	if r.Provisional {
		if g.live == nil {
			return false
		}
		candidate = g.live.add(r, &g.in)
		g.live.shown = append(g.live.shown, shownOf(r))
		return candidate
	}
	r.Incident, candidate = g.finder.Add(&g.in)
	if g.live != nil {
		candidate = g.live.settle(r, &g.in, r.Incident)
	}
	return candidate
}

// Incidents returns what was found so far, the worst first. In a live report they have the numbers that were printed.
func (g *Grouping) Incidents() []Incident {
	if g.finder == nil {
		return []Incident{}
	}
	found := g.finder.Incidents()
	out := make([]Incident, len(found))
	for i := range found {
		out[i] = g.model(&found[i])
		out[i].Number = i + 1
		if g.live != nil {
			out[i].ID = g.live.final[out[i].ID]
			for j, n := range out[i].Also {
				out[i].Also[j] = g.live.final[n]
			}
		}
	}
	return out
}

// Now returns for each Incident that a reset carries the number of its incident.
func (g *Grouping) Now() map[int]int {
	if g.finder == nil {
		return nil
	}
	return numbersOf(g.Incidents())
}

// numbersOf returns the numbers of incidents by what their resets carry.
func numbersOf(list []Incident) map[int]int {
	now := map[int]int{}
	for i := range list {
		now[list[i].ID] = list[i].Number
		for _, n := range list[i].Also {
			now[n] = list[i].Number
		}
	}
	return now
}

// soFar returns the incident that a reset of a live report carries, as far as it is known, nil if there is none. It has
// no number yet.
func (g *Grouping) soFar(id int) *Incident {
	found, ok := g.live.incident(id)
	if !ok {
		return nil
	}
	in := g.model(&found)
	in.ID, in.Also = id, nil
	return &in
}

// A NoIncidentError means that a report has no incident with the number that was asked for.
type NoIncidentError struct {
	Number int
	Have   []int // the numbers that there are, the worst incident first
}

func (e *NoIncidentError) Error() string { return fmt.Sprintf("there is no incident %d", e.Number) }

// find returns the place in list of the incident with a number, or a [NoIncidentError].
func find(list []Incident, number int) (int, error) {
	i := slices.IndexFunc(list, func(in Incident) bool { return in.Number == number })
	if i >= 0 {
		return i, nil
	}
	err := &NoIncidentError{Number: number}
	for j := range list {
		err.Have = append(err.Have, list[j].Number)
	}
	return 0, err
}

// model makes an Incident.
func (g *Grouping) model(f *incident.Incident) Incident {
	in := Incident{
		ID: f.Number, Also: f.Also, Kind: f.Kind, Says: f.Says, First: Time(f.First), Last: Time(f.Last),
		Severity: f.Severity, Cause: f.Cause, Detail: f.Detail, Remedy: f.Remedy,
		Example: Example{g.path(f.Best.File), f.Best.Frame, int(f.Best.Line)},
		Client:  f.Client, Server: f.Server, Resets: f.Resets, Findings: f.Findings, Connections: f.Connections,
		Clients: f.Clients.N, Servers: f.Servers.N, Services: f.Services.N,
		AtLeast:    f.Clients.AtLeast || f.Servers.AtLeast || f.Services.AtLeast,
		Severities: Severities{f.BySeverity[0], f.BySeverity[1], f.BySeverity[2]},
		Details:    make([]IncidentDetail, len(f.Details)), Captures: []IncidentPart{}, LeftOut: f.Resets - len(f.Refs),
	}
	for i, d := range f.Details {
		in.Details[i] = IncidentDetail{d.Detail, d.Resets}
	}
	part := map[int32]int{} // of each capture
	seen := map[[2]int]bool{}
	for _, ref := range f.Refs {
		i, ok := part[ref.File]
		if !ok {
			i = len(in.Captures)
			part[ref.File] = i
			in.Captures = append(in.Captures, IncidentPart{Path: g.path(ref.File)})
		}
		c := &in.Captures[i]
		c.Frames = append(c.Frames, ref.Frame)
		if stream := [2]int{int(ref.File), ref.Stream}; !seen[stream] {
			seen[stream] = true
			c.Streams = append(c.Streams, ref.Stream)
		}
	}
	return in
}

func (g *Grouping) path(i int32) string {
	if i < 0 || int(i) >= len(g.paths) {
		return ""
	}
	return g.paths[i]
}

// The names of the claims that incidents are found by.
var (
	claimAccepted   = claim.Accepted.String()
	claimIdle       = claim.Idle.String()
	claimUnanswered = claim.Unanswered.String()
	claimNoResponse = claim.NoResponse.String()
	claimProbes     = claim.Probes.String()
	claimReplyTo    = claim.ReplyTo.String()
	claimSentAgain  = claim.SentAgain.String()
	claimKeepAlive  = claim.KeepAliveProbes.String()
	claimWindow     = claim.WindowProbes.String()
	claimPeerHeard  = claim.PeerHeard.String()
	claimMaxAcked   = claim.MaxAcked.String()
	claimAckedEach  = claim.AckedEachTime.String()
	claimOddSYN     = claim.OddSYN.String()
	claimOddFlags   = claim.OddFlags.String()
	whatSYNACK      = claim.SYNACK.String()
)

// describe sets g.in to what a Finder needs to know about r.
func (g *Grouping) describe(r *Reset) {
	sender := flows.Responder
	if r.Sender == sides[flows.Originator] {
		sender = flows.Originator
	}
	g.in = incident.Reset{
		File: len(g.paths) - 1, Frame: r.Frame, Stream: r.Stream, Line: r.Line, Time: flows.Time(r.Time),
		Client: r.Originator, Server: r.Responder, Sender: sender, Protocol: r.Conn.Protocol,
		Cause: r.Cause, Detail: r.Detail, Title: r.Title, Severity: r.Severity, Remote: r.Origin == rules.OriginMiddlebox,
		Repeats: int(r.Repeats), Remedy: r.Remedy, TTL: r.Segment.TTL, WND: r.Segment.WND, Silent: sender.Peer(),
	}
	if rule := g.rule(r.Detail); rule != nil {
		g.in.Pattern = rule.Pattern
	}
	for i := range r.Evidence {
		g.claimed(r, &r.Evidence[i])
	}
	if p := g.in.Pattern; p == rules.Silence || p == rules.Unreached {
		g.in.Since = lastOf(r, sides[g.in.Silent])
	}
}

// claimed adds what a claim of r says.
func (g *Grouping) claimed(r *Reset, e *Evidence) {
	span := time.Duration(e.Values.Span)
	switch e.Claim {
	case claimAccepted:
		if t := flows.Time(int64(r.Time) + e.Values.Span); e.Values.Span < 0 {
			g.in.AcceptedBefore = max(g.in.AcceptedBefore, t)
		} else if g.in.AcceptedAfter == 0 || t < g.in.AcceptedAfter {
			g.in.AcceptedAfter = t
		}
	case claimIdle:
		g.in.Idle = max(g.in.Idle, span)
	case claimUnanswered, claimNoResponse:
		g.in.Waited = max(g.in.Waited, span)
	case claimProbes:
		g.in.Every = time.Duration(e.Values.Every)
	case claimSentAgain, claimKeepAlive, claimWindow:
		g.in.Silent = flows.Responder
		if e.Side == sides[flows.Responder] {
			g.in.Silent = flows.Originator
		}
	case claimPeerHeard, claimMaxAcked, claimAckedEach:
		g.in.Heard = true
	case claimOddSYN, claimOddFlags:
		if g.in.Pattern == rules.Refusal {
			g.in.Pattern = rules.Scan
		}
	case claimReplyTo:
		g.in.ToSYNACK = e.Values.What == whatSYNACK
	}
}

// lastOf returns when a side was heard last before r, 0 if r's timeline does not show it.
func lastOf(r *Reset, side string) flows.Time {
	last := flows.Time(math.MinInt64)
	for i := range r.Timeline {
		e := &r.Timeline[i]
		if e.Role == RoleReset {
			break
		}
		if e.Sender == side {
			last = max(last, flows.Time(e.Time))
		}
	}
	if last == math.MinInt64 {
		return 0
	}
	return last
}

// rule returns the rule that has an ID, nil if this program has none: in reports of other versions, and with rules of
// one's own.
func (g *Grouping) rule(id string) *rules.Rule {
	r, ok := g.rules[id]
	if !ok && len(g.rules) < 1<<10 {
		r = rules.Find(id)
		g.rules[id] = r
	}
	return r
}
