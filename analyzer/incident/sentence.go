package incident

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules"
	"github.com/rstexplain/rstexplain/rules/words"
)

// sentence says in plain words what happened. It says no more than the claims and counts of the findings.
func (t *tale) sentence(kind Kind) string {
	w := t.w
	switch kind {
	case Scan:
		return t.scan()
	case ServiceRestart, HostRestart:
		if t.parts[rules.Outage] != nil {
			return t.outage(kind)
		}
		return fmt.Sprintf("%s had lost %s on %s of its ports, %s.", plain(w.hosts.only()), conns(w.conns),
			w.services.count(), t.when())
	case ServiceDown:
		return fmt.Sprintf("%s refused %s %s %s; the capture shows none that it accepted.", t.servers(),
			all(w.conns, "connection", "attempt", w.resets), t.from(), t.when())
	case PortsRefused:
		return fmt.Sprintf("%s refused %s %s on %s (%s) %s.", plain(w.hosts.only()), counted(w.resets,
			"attempt", "attempts"), t.from(),
			counts(w.services.count(), "port", "ports"), w.services.portList(6), t.when())
	case OnPath:
		return t.device()
	case CutAtOnce:
		return fmt.Sprintf("%s cut %s at once, %s.", t.who(), conns(w.conns), t.when())
	case StoppedAnswering:
		return t.silence()
	case SYNFlood:
		return fmt.Sprintf("%s from %s to %s were not completed %s.", counted(w.conns, "handshake", "handshakes"),
			counts(w.clients.count(), "host", "hosts"), t.servers(), t.when())
	case Backscatter:
		return fmt.Sprintf("%s answered %s that had not asked for a connection, %s: somebody else most likely used their "+
			"addresses.",
			t.servers(), counts(w.clients.count(), "host", "hosts"), t.when())
	case IdleTimeout:
		return t.idle()
	case HealthCheck:
		s := fmt.Sprintf("%s checked %s %s whether %s", t.clients(), words.Times(w.conns), t.when(), t.answers())
		if w.every.seen {
			s += ", about every " + words.Span(time.Duration(w.every.least+w.every.most)/2)
		}
		return s + "."
	case TimeLimit:
		if w.senders[flows.Originator] == 0 && !w.waited.seen {
			return fmt.Sprintf("%s ended %s with a request that was not complete, or not answered, in time, %s.", t.servers(),
				conns(w.conns), t.when())
		}
		if w.senders[flows.Originator] == 0 {
			return fmt.Sprintf("%s ended %s with a request that it had not answered %s, %s.", t.servers(), conns(w.conns),
				within(w.waited), t.when())
		}
		return fmt.Sprintf("%s gave up on %s to %s that had not been answered %s, %s.", t.who(), counted(w.found,
			"request", "requests"), t.servers(),
			within(w.waited), t.when())
	case KeepAliveRace:
		s := fmt.Sprintf("%s closed %s, %s", t.servers(), plural(w.conns, "a connection that its client still used: data of "+
			"the client reached the closed socket", conns(w.conns)+" that clients still used: their data reached closed sockets"),
			t.when())
		if hours := w.last.Sub(w.first).Hours(); hours >= 1 {
			s += fmt.Sprintf(": %.3g an hour", float64(w.found)/hours)
		}
		return s + "."
	case PortReuse:
		return fmt.Sprintf("%s used addresses and ports again for %s to %s, which still had the old "+
			"ones, %s.", t.clients(), conns(w.conns), t.servers(), t.when())
	case NotKept:
		return fmt.Sprintf("%s of %s were counted together, because a report keeps %s incidents apart and this one has "+
			"more: %s.",
			counted(w.resets, "reset", "resets"), conns(w.conns), thousands(MaxStrands), lower(t.best.title))
	}
	return t.alike()
}

// alike is the sentence for what only its rule tells.
func (t *tale) alike() string {
	title := strings.TrimSuffix(lower(t.best.title), ".")
	if title == "" {
		title = t.best.detail
	}
	return fmt.Sprintf("%s reset by %s %s: %s.", t.connsWere(), t.bySide(), t.when(), title)
}

// connsWere begins a sentence about the connections: "A connection from 10.0.0.1 to 10.0.0.5:80 was".
func (t *tale) connsWere() string {
	n := t.w.conns
	return plural(n, "A connection", conns(n)) + " from " + t.clients() + " to " + t.servers() + plural(n, " was", " were")
}

func (t *tale) scan() string {
	w := t.w
	scan := t.parts[rules.Scan]
	what := fmt.Sprintf("%s of %s", counts(w.services.count(), "port", "ports"), plain(w.hosts.only()))
	if w.hosts.count().N > 1 {
		what = fmt.Sprintf("%s on %s", counts(w.services.count(), "port", "ports"), counts(w.hosts.count(), "host", "hosts"))
	}
	s := fmt.Sprintf("%s tried %s %s", plain(scan.clients.only()), what, t.when())
	if w.refusals > 0 {
		s += fmt.Sprintf("; %s refused", counted(w.refusals, "attempt was", "attempts were"))
	}
	if n := w.senders[flows.Responder] - w.refusals; n > 0 {
		s += fmt.Sprintf("; %s a RST", counted(n, "other segment drew", "other segments drew"))
	}
	open := t.open()
	if n := open.count(); n.N > 0 {
		s += fmt.Sprintf("; %s open", counts(n, "port was", "ports were"))
		if w.hosts.count().N == 1 && open.ports == nil {
			s += ": " + open.portList(10)
		}
	}
	if p := t.parts[rules.Unreached]; p != nil {
		s += fmt.Sprintf("; %s not answer", counts(p.services.count(), "port did", "ports did"))
	}
	return s + "."
}

// open returns the services that accepted a connection of the scan, which its client then reset.
func (t *tale) open() *services {
	var open services
	for _, p := range []rules.Pattern{rules.Probe, rules.Alike, rules.Habit} {
		if part := t.parts[p]; part != nil {
			open.merge(&part.services)
		}
	}
	if t.parts[rules.Scan].open.len() > 0 {
		open.merge(&t.parts[rules.Scan].open)
	}
	return &open
}

// outage says when a service, or several of a host, was away.
func (t *tale) outage(kind Kind) string {
	w, out := t.w, t.parts[rules.Outage]
	refused, cut := out.resets, 0
	if p := t.parts[rules.Refusal]; p != nil {
		refused += p.resets
	}
	for _, p := range ending {
		if t.parts[p] != nil {
			cut += t.parts[p].conns
		}
	}
	name, was, it := t.servers(), " was", "it"
	if kind == HostRestart {
		name, was, it = fmt.Sprintf("%s of %s", counts(w.services.count(), "service", "services"), plain(w.hosts.only())),
			" were", "they"
	}
	what := counted(refused, "attempt was", "attempts were") + " refused"
	if cut > 0 {
		what = counted(cut, "connection was", "connections were") + " cut, " + what
	}
	before := out.acceptedBefore != 0 || cut > 0
	away, back, at := t.returned()
	until := max(w.last, at)
	switch {
	case back == away && !before:
		return name + was + " not there yet " + t.clock.span(w.first, until) + ": " + what +
			", then " + it + " accepted connections."
	case back == away:
		return name + was + " away " + t.clock.span(w.first, until) + ": " + what + ", then " + it +
			" accepted connections again."
	case back > 0:
		return fmt.Sprintf("%s were away %s: %s; %d of them accepted connections again.", name, t.clock.span(w.first, until),
			what, back)
	case before:
		return name + " went away: " + what + " " + t.when() +
			"; the capture does not show that " + it + " accepted connections again."
	}
	return name + was + " not there: " + what + " " + t.when() + ", and connections accepted at other times."
}

// returned counts the services that were away, and those of which the capture shows that they accepted connections
// afterwards; at is when the last of these did.
func (t *tale) returned() (away, back int, at flows.Time) {
	last := map[string]*strand{}
	for _, s := range t.outages {
		if o := last[s.key.server]; o == nil || s.last > o.last {
			last[s.key.server] = s
		}
	}
	for _, s := range last {
		if s.acceptedAfter > s.last {
			back++
			at = max(at, s.acceptedAfter)
		}
	}
	return len(last), back, at
}

func (t *tale) device() string {
	w := t.w
	does := "cut " + conns(w.conns)
	if w.found > 0 && t.best.cause == rules.ClosedPort {
		does = "rejected " + counted(w.resets, "attempt", "attempts") + " to connect"
	}
	s := fmt.Sprintf("A device on the path %s from %s to %s %s", does, t.clients(), t.servers(), t.when())
	if w.ttl.seen && w.ttl.least == w.ttl.most {
		field := "hop limit"
		if w.over4 {
			field = "TTL"
		}
		s += fmt.Sprintf("; its %s %s %d", plural(w.resets, "RST has", "RSTs have"), field, w.ttl.least)
		if w.wnd.seen && w.wnd.least == w.wnd.most {
			s += fmt.Sprintf(" and window %d", w.wnd.least)
		}
	}
	return s + "."
}

func (t *tale) silence() string {
	w := t.w
	silent, other := t.servers(), t.clients()
	if w.silent[flows.Originator] > w.silent[flows.Responder] {
		silent, other = other, silent
	}
	if t.parts[rules.Silence] == nil {
		return fmt.Sprintf("%s did not answer %s from %s to connect, %s.", silent, counted(w.found,
			"attempt", "attempts"), other, t.when())
	}
	does := silent + " stopped answering " + other
	switch {
	case w.silent[flows.Originator] > 0 && w.silent[flows.Responder] > 0:
		does = t.clients() + " and " + t.servers() + " no longer reached each other"
	case w.heard > w.found/2:
		does = silent + " stopped acknowledging data from " + other
	}
	s := does + " on " + plural(w.conns, "one connection, which was", conns(w.conns)+", which were") + " reset " + t.when()
	if w.since.seen && w.conns > 1 && w.since.brief() {
		s += "; last heard " + t.clock.between(flows.Time(w.since.least), flows.Time(w.since.most))
	}
	return s + "."
}

func (t *tale) idle() string {
	w := t.w
	who := t.bySide()
	if w.remote > w.found/2 {
		who = "a device on the path"
	}
	s := t.connsWere() + " ended by " + who
	if t.best.cause == rules.UnknownConnection {
		s = t.connsWere() + " forgotten while idle"
	}
	if w.idle.seen {
		s += " " + within(w.idle) + " without data"
	}
	return s + ", " + t.when() + "."
}

// within prints a range of durations.
func within(s span) string {
	switch {
	case !s.seen:
		return "in time"
	case words.Span(time.Duration(s.least)) == words.Span(time.Duration(s.most)):
		return "after " + words.Span(time.Duration(s.least))
	}
	return "after " + words.Span(time.Duration(s.least)) + " to " + words.Span(time.Duration(s.most))
}

// servers names the servers: the one service, or the one host, or how many.
func (t *tale) servers() string {
	return named(t.w.services.only(), &t.w.hosts, t.w.services.count(), "services")
}

func (t *tale) clients() string { return named("", &t.w.clients, t.w.clients.count(), "clients") }

func named(one string, hosts *set, n Count, things string) string {
	if one != "" {
		return one
	}
	if host := hosts.only(); host != "" {
		if n.N > 1 {
			return fmt.Sprintf("%s (%s ports)", plain(host), n)
		}
		return plain(host)
	}
	return n.String() + " " + things
}

// who names the host that sent the resets, else the side.
func (t *tale) who() string {
	if t.w.senders[flows.Originator] == 0 {
		return t.servers()
	}
	if t.w.senders[flows.Responder] == 0 {
		return t.clients()
	}
	return "Both sides"
}

// bySide names the side that sent the resets, within a sentence.
func (t *tale) bySide() string {
	switch {
	case t.w.senders[flows.Originator] == 0:
		return "the server"
	case t.w.senders[flows.Responder] > 0:
		return "both sides"
	case t.w.clients.count().N > 1:
		return "the clients"
	}
	return "the client"
}

// from says whose the attempts were.
func (t *tale) from() string { return "from " + t.clients() }

func (t *tale) answers() string {
	if t.w.services.only() != "" {
		return t.servers() + " answers"
	}
	return t.servers() + " answer"
}

// when says at what time it was.
func (t *tale) when() string { return t.clock.between(t.w.first, t.w.last) }

// A clock prints times, in UTC like all times of a report.
type clock struct {
	dated bool // with their dates, because a report has resets of several days
}

// clock returns the clock for the sentences of all incidents.
func (f *Finder) clock() clock {
	var all span
	for _, s := range f.strands {
		all.add(int64(s.first))
		all.add(int64(s.last))
	}
	return clock{day(flows.Time(all.least)) != day(flows.Time(all.most))}
}

func day(t flows.Time) string { return t.Std().Format(time.DateOnly) }

// ends prints the first and the last of some times, which can look the same.
func (c clock) ends(first, last flows.Time) (from, to string) {
	sameDay := day(first) == day(last)
	layout := time.TimeOnly
	if c.dated || !sameDay {
		layout = time.DateTime
	}
	from, to = first.Std().Format(layout), last.Std().Format(layout)
	if sameDay && to != from {
		to = last.Std().Format(time.TimeOnly)
	}
	return from, to
}

// between says when single events were: "at 14:00:01", or "between 14:00:01 and 14:00:07".
func (c clock) between(first, last flows.Time) string {
	if first == 0 && last == 0 {
		return "at an unknown time" // of a text without times
	}
	from, to := c.ends(first, last)
	if from == to {
		return "at " + from
	}
	return "between " + from + " and " + to
}

// span says when something lasted: "from 14:01:07 to 14:01:42".
func (c clock) span(first, last flows.Time) string {
	from, to := c.ends(first, last)
	if from == to {
		return "at " + from
	}
	return "from " + from + " to " + to
}

func conns(n int) string { return counted(n, "connection", "connections") }

// all prints a number of connections, and that of the attempts where there were more.
func all(n int, thing, attempt string, attempts int) string {
	s := counted(n, thing, thing+"s")
	if attempts > n {
		s += " (" + counted(attempts, attempt, attempt+"s") + ")"
	}
	return s
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func counted(n int, one, many string) string { return thousands(n) + " " + plural(n, one, many) }

func counts(c Count, one, many string) string { return c.String() + " " + plural(c.N, one, many) }

// String prints "12", or "at least 12".
func (c Count) String() string {
	if c.AtLeast {
		return "at least " + thousands(c.N)
	}
	return thousands(c.N)
}

// thousands prints n with commas between its thousands.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// lower returns s with its first letter in lower case, unless it begins with an abbreviation.
func lower(s string) string {
	if len(s) < 2 || s[0] < 'A' || s[0] > 'Z' || s[1] >= 'A' && s[1] <= 'Z' {
		return s
	}
	return string(s[0]-'A'+'a') + s[1:]
}
