package incident

import (
	"cmp"
	"slices"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules"
)

// What makes strands one incident.
const (
	scanWidth   = 8                // ports or hosts that a client tries in a scan (as in the rule)
	scanTries   = 2                // connections to one service that may be part of a scan
	scanNear    = time.Minute      // before and after it
	floodNear   = 10 * time.Second // before and after it: refusals by the service that is flooded
	outageNear  = 10 * time.Second // before the first refusal: what the service cut when it ended
	refusedNear = 2 * time.Minute  // before and after it: refusals that do not show that the service ever accepts
	awayNear    = 2 * time.Second  // between the outages of services of a host that restarted
	hostNear    = 30 * time.Second // between connections that a host lost, on several services
	pathNear    = 5 * time.Second  // between the last segments of hosts that stopped answering together
	inTurn      = 4                // ports of a host that refuse one client
	manyAlike   = 4                // services where one client, or host, has the same habit
	idleLeast   = 5 * time.Second  // an idle time that says whose timeout it is
	deviceTick  = 2 * time.Second  // in which devices look for connections that have been idle too long
	atOnce      = 5                // connections that were cut together
	atOnceSpan  = 5 * time.Second
	scattered   = 2 // connections of an incident that is too small to stand alone, if it is harmless
)

// A union joins strands: parent[i] is the place of an older strand of the same group, or i.
type union struct {
	strands []*strand
	parent  []int
}

func (u *union) root(i int) int {
	for u.parent[i] != i {
		u.parent[i] = u.parent[u.parent[i]]
		i = u.parent[i]
	}
	return i
}

func (u *union) join(a, b *strand) {
	x, y := u.root(a.number-1), u.root(b.number-1)
	u.parent[max(x, y)] = min(x, y)
}

// joined reports whether s has been joined with an older strand, or a younger one with it.
func (u *union) alone() func(*strand) bool {
	size := make([]int, len(u.parent))
	for i := range u.parent {
		size[u.root(i)]++
	}
	return func(s *strand) bool { return size[u.root(s.number-1)] == 1 }
}

// groups returns the strands by incident. It does not depend on the order in which strands were begun: each step joins
// all that belong together by what they add up to.
func (f *Finder) groups() [][]*strand {
	u := &union{f.strands, make([]int, len(f.strands))}
	for i := range u.parent {
		u.parent[i] = i
	}
	by := map[rules.Pattern][]*strand{}
	for _, s := range f.strands {
		if !s.rest {
			by[s.pattern] = append(by[s.pattern], s)
		}
	}
	taken := u.scans(by)
	u.floods(by, taken)
	u.outages(by, taken)
	u.refusals(by[rules.Refusal], taken)
	u.losses(by[rules.Loss])
	u.devices(by[rules.Device])
	u.idles(by[rules.Idle])
	u.silences(by)
	u.runs()
	u.habits()
	u.scattered()

	var out [][]*strand
	at := map[int]int{}
	for i, s := range f.strands {
		r := u.root(i)
		if r == i {
			at[i] = len(out)
			out = append(out, nil)
		}
		out[at[r]] = append(out[at[r]], s)
	}
	return out
}

// near reports whether the times of two strands overlap, or are at most d apart.
func near(a, b *strand, d time.Duration) bool {
	return a.first.Sub(b.last) <= d && b.first.Sub(a.last) <= d
}

// wide reports whether a strand of probes tried enough for a scan.
func (s *strand) wide() bool { return s.services.count().N >= scanWidth }

// scans joins a scan with what else the same client tried meanwhile, once or twice each, and returns what was joined.
func (u *union) scans(by map[rules.Pattern][]*strand) (taken map[*strand]bool) {
	taken = map[*strand]bool{}
	scans := map[string][]*strand{} // by client
	for _, s := range by[rules.Scan] {
		if s.wide() {
			scans[s.key.client] = append(scans[s.key.client], s)
		}
	}
	if len(scans) == 0 {
		return taken
	}
	for _, p := range []rules.Pattern{rules.Refusal, rules.Probe, rules.Unreached, rules.Alike, rules.Habit} {
		for _, s := range by[p] {
			for _, scan := range scans[s.clients.only()] {
				tries := s.services.count().N
				if tries > 0 && s.conns <= scanTries*tries && near(s, scan, scanNear) {
					u.join(scan, s)
					taken[s] = true
				}
			}
		}
	}
	return taken
}

// floods joins a flood of handshakes that are not completed with its beginning, which looked like refusals.
func (u *union) floods(by map[rules.Pattern][]*strand, taken map[*strand]bool) {
	for _, flood := range by[rules.HalfOpen] {
		if flood.clients.count().N < floodHosts {
			continue
		}
		for _, s := range by[rules.Refusal] {
			service := s.services.only()
			if !taken[s] && service != "" && service == flood.services.only() && near(s, flood, floodNear) {
				u.join(flood, s)
				taken[s] = true
			}
		}
	}
}

// outages joins the outage of a service with the connections that it cut then, and with refusals that do not show that
// it accepts at other times; and the outages of several services of a host at the same time.
func (u *union) outages(by map[rules.Pattern][]*strand, taken map[*strand]bool) {
	of, hosts := map[string][]*strand{}, map[string][]*strand{}
	for _, o := range by[rules.Outage] {
		of[o.key.server] = append(of[o.key.server], o)
		hosts[hostOf(o.key.server)] = append(hosts[hostOf(o.key.server)], o)
	}
	if len(of) == 0 {
		return
	}
	for _, s := range by[rules.Refusal] {
		if taken[s] {
			continue
		}
		if o := nearest(of[s.services.only()], s, refusedNear); o != nil {
			u.join(o, s)
			taken[s] = true
		}
	}
	for _, p := range ending {
		for _, s := range by[p] {
			for _, o := range of[s.services.only()] {
				if s.senders[flows.Originator] == 0 && o.first.Sub(s.first) <= outageNear && s.last <= o.last {
					u.join(o, s)
				}
			}
		}
	}
	for _, list := range hosts {
		for i, a := range list {
			for _, b := range list[:i] {
				if a.key.server != b.key.server && a.first.Sub(b.back()) <= awayNear && b.first.Sub(a.back()) <= awayNear {
					u.join(a, b)
				}
			}
		}
	}
}

// back returns when a service that was away accepted again, as far as is known.
func (s *strand) back() flows.Time { return max(s.last, s.acceptedAfter) }

// ending are the patterns of what a service does to its connections when it ends.
var ending = []rules.Pattern{rules.Cut, rules.Loss, rules.TimeLimit, rules.Idle, rules.Habit}

// nearest returns the strand of a list that is nearest to s, at most d away.
func nearest(list []*strand, s *strand, d time.Duration) (found *strand) {
	least := d
	for _, o := range list {
		if away := max(o.first.Sub(s.last), s.first.Sub(o.last), 0); away < least || away == least && found == nil {
			found, least = o, away
		}
	}
	return found
}

// together joins strands of a list that are of one time.
func (u *union) together(list []*strand, d time.Duration) {
	slices.SortFunc(list, func(a, b *strand) int { return cmp.Or(cmp.Compare(a.first, b.first), a.number-b.number) })
	for i, last := 1, (*strand)(nil); i < len(list); i++ {
		if last == nil || list[i-1].last > last.last {
			last = list[i-1] // of those before, the one that ends last
		}
		if near(last, list[i], d) {
			u.join(last, list[i])
		}
	}
}

// oneTime reports whether two strands are of one capture, or of captures of one time.
func (s *strand) oneTime(o *strand) bool {
	return s.files[0] <= o.files[1] && o.files[0] <= s.files[1] || near(s, o, filePause)
}

// times divides a list into the strands of captures of one time. One strand alone has none to be joined with: nil.
func times(list []*strand) [][]*strand {
	if len(list) < 2 {
		return nil
	}
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b *strand) int { return cmp.Or(cmp.Compare(a.first, b.first), a.number-b.number) })
	var out [][]*strand
next:
	for _, s := range list {
		for i := len(out) - 1; i >= 0; i-- {
			if slices.ContainsFunc(out[i], s.oneTime) {
				out[i] = append(out[i], s)
				continue next
			}
		}
		out = append(out, []*strand{s})
	}
	return out
}

// refusals joins the refusals of several ports of a host, if one client alone met them, and those of one service.
func (u *union) refusals(list []*strand, taken map[*strand]bool) {
	clients := map[string]int{} // strands of a service
	for _, s := range list {
		if !taken[s] {
			clients[s.key.server]++
		}
	}
	turns, services := map[key][]*strand{}, map[string][]*strand{}
	for _, s := range list {
		if taken[s] {
			continue
		}
		pair := key{client: s.key.client, server: hostOf(s.key.server)}
		if s.key.server == "" {
			pair.server = s.hosts.only()
		}
		if s.key.client != "" && (s.key.server == "" || clients[s.key.server] == 1) {
			turns[pair] = append(turns[pair], s)
		}
		if s.key.server != "" {
			services[s.key.server] = append(services[s.key.server], s)
		}
	}
	for _, list := range turns {
		for _, list := range times(list) {
			ports := 0
			for _, s := range list {
				ports += s.services.count().N
			}
			if ports >= inTurn {
				u.all(list)
			}
		}
	}
	for _, list := range services {
		for _, list := range times(list) {
			u.all(list)
		}
	}
}

func (u *union) all(list []*strand) {
	for _, s := range list[1:] {
		u.join(list[0], s)
	}
}

// losses joins connections that one host lost at the same time, on several of its services.
func (u *union) losses(list []*strand) {
	hosts := map[string][]*strand{}
	for _, s := range list {
		if host := s.hosts.only(); host != "" && s.senders[flows.Originator] == 0 {
			hosts[host] = append(hosts[host], s)
		}
	}
	for _, list := range hosts {
		u.together(list, hostNear)
	}
}

// devices joins what has one signature, and what happens to one service by one rule.
func (u *union) devices(list []*strand) {
	by := map[key]*strand{}
	for _, s := range list {
		for _, k := range [...]key{{what: s.key.what, client: s.key.client}, {what: s.key.what, server: s.services.only()}} {
			if k.client == "" && k.server == "" {
				continue
			}
			if o := by[k]; o != nil {
				u.join(o, s)
			} else {
				by[k] = s
			}
		}
	}
}

// idles joins connections that ended after the same idle time, at the same host, or by a device before one host.
func (u *union) idles(list []*strand) {
	for i, s := range list {
		for _, o := range list[:i] {
			if s.best.detail == o.best.detail && s.sameOwner(o) {
				least := time.Duration(0)
				if s.remote == s.found {
					least = deviceTick
				}
				both := s.idle
				both.merge(o.idle)
				if s.idle.same(least) && o.idle.same(least) && both.same(least) && both.least >= int64(idleLeast) {
					u.join(o, s)
				}
			}
		}
	}
}

// same reports whether all values are about the same, or differ by no more than least.
func (s span) same(least time.Duration) bool {
	return s.seen && s.most-s.least <= max(s.most/20, int64(200*time.Millisecond), int64(least))
}

// sameOwner reports whether what ended the connections of both can be one host or device: one host alone sent the
// resets, or a device did, and one host alone is behind it.
func (s *strand) sameOwner(o *strand) bool {
	if s.remote == s.found && o.remote == o.found && s.found > 0 && o.found > 0 {
		a, b := s.clients.only(), s.hosts.only()
		return a != "" && a == o.clients.only() || b != "" && b == o.hosts.only()
	}
	host := s.sender()
	return host != "" && host == o.sender()
}

// sender returns the host that all resets name as their sender, "" for several.
func (s *strand) sender() string {
	switch {
	case s.senders[flows.Responder] == 0:
		return s.clients.only()
	case s.senders[flows.Originator] == 0:
		return s.hosts.only()
	}
	return ""
}

// silences joins hosts that stopped answering at the same time, as when the path to them fails, and what different
// rules say about one.
func (u *union) silences(by map[rules.Pattern][]*strand) {
	list := slices.Concat(by[rules.Silence], by[rules.Unreached])
	slices.SortFunc(list, func(a, b *strand) int { return a.number - b.number })
	for i, s := range list {
		for _, o := range list[:i] {
			if s.since.brief() && o.since.brief() {
				both := s.since
				both.merge(o.since)
				if time.Duration(both.most-both.least) <= pathNear {
					u.join(o, s)
				}
			}
		}
	}
}

// brief reports whether values that are times lie close together.
func (s span) brief() bool { return s.seen && time.Duration(s.most-s.least) <= pathNear }

// burst reports whether many connections ended together.
func (s *strand) burst() bool { return s.conns >= atOnce && s.last.Sub(s.first) <= atOnceSpan }

// stands reports whether one run of a key is an incident, though there are others.
func (s *strand) stands() bool {
	switch s.pattern {
	case rules.Outage:
		return true
	case rules.Scan:
		return s.wide()
	case rules.Cut, rules.Loss:
		return s.burst()
	case rules.Silence, rules.Unreached:
		return s.conns > 1
	}
	return false
}

// runs joins the runs of a key again that are nothing on their own.
func (u *union) runs() {
	alone := u.alone()
	lists := map[key][]*strand{}
	for _, s := range u.strands {
		if !s.stands() && alone(s) {
			lists[s.key] = append(lists[s.key], s)
		}
	}
	for _, list := range lists {
		for _, list := range times(list) {
			u.all(list)
		}
	}
}

// habits joins what one client does, or one host, at several services in the same way.
func (u *union) habits() {
	lists := map[key][]*strand{}
	alone := u.alone()
	for _, s := range u.strands {
		switch s.pattern {
		case rules.Habit, rules.Probe, rules.Alike, rules.TimeLimit, rules.Reuse, rules.Aftermath, rules.Idle:
			if host := s.sender(); host != "" && alone(s) && !s.rest {
				k := key{what: s.best.detail, client: host}
				lists[k] = append(lists[k], s)
			}
		}
	}
	for _, list := range lists {
		for _, list := range times(list) {
			if len(list) >= manyAlike {
				u.all(list)
			}
		}
	}
}

// scattered joins harmless resets of one rule that are single ones at many services.
func (u *union) scattered() {
	lists := map[string][]*strand{}
	alone := u.alone()
	for _, s := range u.strands {
		if alone(s) && s.conns <= scattered && s.severities[0]+s.severities[1] == 0 && !s.rest {
			k := s.best.detail + sides[s.side()]
			lists[k] = append(lists[k], s)
		}
	}
	for _, list := range lists {
		if len(list) >= manyAlike {
			u.all(list)
		}
	}
}

// side returns who sent more of the resets.
func (s *strand) side() flows.Side {
	if s.senders[flows.Originator] > s.senders[flows.Responder] {
		return flows.Originator
	}
	return flows.Responder
}
