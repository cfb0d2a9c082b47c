package incident

import (
	"cmp"
	"slices"

	"github.com/rstexplain/rstexplain/rules"
)

// Incidents returns the incidents of all resets so far, the worst first: by severity, then by the findings of it, and
// then in the order of their numbers.
func (f *Finder) Incidents() []Incident {
	groups, clock := f.groups(), f.clock()
	out := make([]Incident, 0, len(groups))
	for _, g := range groups {
		out = append(out, describe(g, clock))
	}
	slices.SortStableFunc(out, func(a, b Incident) int {
		r := rank(a.Severity)
		return cmp.Or(r-rank(b.Severity), b.BySeverity[r]-a.BySeverity[r], a.Number-b.Number)
	})
	return out
}

// Incident returns the incident that the number stands for by now, and whether there is one, for a live report, which
// asks again and again. Strands are joined anew each time as many resets have come as a thirtieth of the strands; one
// begun since then stands alone. What is said of the strands themselves is of now.
func (f *Finder) Incident(number int) (Incident, bool) {
	if f.joined == nil || f.unjoined > len(f.strands)/30 {
		f.joined, f.unjoined = map[int][]*strand{}, 0
		for _, g := range f.groups() {
			for _, s := range g {
				f.joined[s.number] = g
			}
		}
	}
	if g := f.joined[number]; g != nil {
		return describe(g, f.clock()), true
	}
	if number < 1 || number > len(f.strands) {
		return Incident{}, false
	}
	return describe(f.strands[number-1:number], f.clock()), true
}

// describe makes the incident of a group of strands.
func describe(group []*strand, clock clock) Incident {
	w := whole(group)
	t := &tale{w: w, parts: map[rules.Pattern]*strand{}, clock: clock}
	byPattern := map[rules.Pattern][]*strand{}
	for _, s := range group {
		byPattern[s.pattern] = append(byPattern[s.pattern], s)
	}
	for p, list := range byPattern {
		t.parts[p] = whole(list)
	}
	t.outages = byPattern[rules.Outage]
	kind, leads := t.kind()
	b := bestOf(group, leads)
	t.best = b
	in := Incident{
		Number: w.number, Kind: kind, Says: t.sentence(kind), First: w.first, Last: w.last,
		Severity: severityOf(w.severities, b.severity), Cause: b.cause, Detail: b.detail, Remedy: b.remedy, Best: b.Ref,
		Client: plain(w.clients.only()), Server: w.services.only(), Senders: w.senders,
		Resets: w.resets, Findings: w.found, Connections: w.conns, BySeverity: w.severities,
		Clients: w.clients.count(), Services: w.services.count(), Servers: w.hosts.count(), Details: w.details, Refs: w.refs,
	}
	if in.Server == "" {
		in.Server = plain(w.hosts.only())
	}
	for _, s := range group[1:] {
		in.Also = append(in.Also, s.number)
	}
	slices.SortStableFunc(in.Details, func(a, b DetailCount) int { return b.Resets - a.Resets })
	return in
}

// severityOf returns the worst severity that a finding has.
func severityOf(n [3]int, none rules.Severity) rules.Severity {
	for i, s := range [...]rules.Severity{rules.Error, rules.Warning, rules.Info} {
		if n[i] > 0 {
			return s
		}
	}
	return cmp.Or(none, rules.Info) // repeats alone: their first reset was filtered out
}

// bestOf returns the finding that represents a group: of those of the pattern that leads, the worst, and then the
// first.
func bestOf(group []*strand, leads rules.Pattern) best {
	var found *strand
	worse := func(a, b *strand) bool {
		if x, y := a.pattern == leads, b.pattern == leads; x != y {
			return x
		}
		return cmp.Or(rank(a.best.severity)-rank(b.best.severity), a.number-b.number) < 0
	}
	for _, s := range group {
		if s.best.Frame != 0 && (found == nil || worse(s, found)) {
			found = s
		}
	}
	if found == nil {
		s := group[0]
		b := best{severity: rules.Info}
		if len(s.refs) > 0 {
			b.Ref = s.refs[0]
		}
		if len(s.details) > 0 {
			b.detail = s.details[0].Detail
		}
		return b
	}
	return found.best
}

// A tale is what there is to say of one incident.
type tale struct {
	w       *strand                   // all of it
	parts   map[rules.Pattern]*strand // by what their rules have in common
	outages []*strand                 // of services, each for a time
	best    best
	clock   clock
}

// kind returns the kind of the incident, and the pattern whose findings represent it best.
func (t *tale) kind() (kind Kind, leads rules.Pattern) {
	w := t.w
	if w.rest {
		return NotKept, rules.Alike
	}
	has := func(p rules.Pattern) bool { return t.parts[p] != nil }
	for _, c := range [...]struct {
		is    bool
		kind  Kind
		leads rules.Pattern
	}{
		{has(rules.Scan) && (t.parts[rules.Scan].services.count().N > 1 || w.refusals > 0), Scan, rules.Scan},
		{has(rules.HalfOpen) && w.clients.count().N >= floodHosts, SYNFlood, rules.HalfOpen},
		{has(rules.Outage) && t.parts[rules.Outage].services.count().N > 1, HostRestart, rules.Outage},
		{has(rules.Outage), ServiceRestart, rules.Outage},
		{has(rules.Device), OnPath, rules.Device},
		{has(rules.Refusal) && w.clients.count().N == 1 && w.hosts.count().N == 1 && w.services.count().N >= inTurn,
			PortsRefused, rules.Refusal},
		{has(rules.Refusal), ServiceDown, rules.Refusal},
		{has(rules.Loss) && w.services.count().N > 1 && w.hosts.count().N == 1, HostRestart, rules.Loss},
		{(has(rules.Loss) || has(rules.Cut)) && w.burst(), CutAtOnce, rules.Loss},
		{has(rules.Silence), StoppedAnswering, rules.Silence},
		{has(rules.Unreached), StoppedAnswering, rules.Unreached},
		{has(rules.Unasked) && w.toSYNACK > w.found/2 && w.clients.count().N >= floodHosts, Backscatter, rules.Unasked},
		{has(rules.Idle), IdleTimeout, rules.Idle},
		{has(rules.Probe), HealthCheck, rules.Probe},
		{has(rules.Habit) && w.found > 1, ClosingHabit, rules.Habit},
		{has(rules.TimeLimit), TimeLimit, rules.TimeLimit},
		{has(rules.Race), KeepAliveRace, rules.Race},
		{has(rules.Reuse), PortReuse, rules.Reuse},
	} {
		if c.is {
			return c.kind, c.leads
		}
	}
	return Alike, rules.Alike
}

// floodHosts is how many hosts begin handshakes, or are answered unasked, in a flood.
const floodHosts = 16
