package main

import (
	"net/netip"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/rules"
)

// A selection is a filter for resets: one of the values of every flag must match.
type selection struct {
	hosts      []string
	ports      numbers
	frames     numbers
	streams    numbers
	causes     []string
	details    []string
	severities []string
	senders    []string
	sinceText  string
	untilText  string

	nets         []netip.Prefix
	senderNets   []netip.Prefix
	senderSides  []string
	since, until moment
}

// A moment is a time, or a time since the first packet of a capture.
type moment struct {
	set      bool
	relative bool
	ns       int64
}

var severityNames = []string{string(rules.Error), string(rules.Warning), string(rules.Info)}

func (s *selection) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSliceVar(&s.hosts, "host", nil, "only resets of connections of `ADDRESS` or a network (10.0.0.0/8)")
	s.ports, s.frames, s.streams = portNumbers(), frameNumbers(), streamNumbers()
	f.Var(&s.ports, "port", "only resets of connections with port `N` on either side")
	f.Var(&s.frames, "frame", "only the reset in frame `N`, or in line N of a text")
	f.Var(&s.streams, "stream", "only resets of Wireshark's tcp.stream `N`")
	f.StringSliceVar(&s.causes, "cause", nil, "only resets with this `CAUSE`")
	f.StringSliceVar(&s.details, "detail", nil, "only resets with this `DETAIL`; \"rstexplain rules\" lists them")
	f.StringSliceVar(&s.severities, "severity", nil, "only resets of this `SEVERITY`: error, warning or info")
	f.StringSliceVar(&s.senders, "sender", nil,
		"only resets sent by `WHO`: originator, responder, an address or a network")
	f.StringVar(&s.sinceText, "since", "", "only resets from this `TIME` on: 2026-01-31T12:00:00Z, or 90s for 90 "+
		"seconds after the first packet")
	f.StringVar(&s.untilText, "until", "", "only resets before this `TIME`")
	for flag, values := range map[string][]string{"cause": causeNames(), "detail": ruleIDs(),
		"severity": severityNames, "sender": {"originator", "responder"}} {
		cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
}

func (s *selection) check() error {
	for _, c := range [...]struct {
		flag           string
		given, allowed []string
	}{{"cause", s.causes, causeNames()}, {"detail", s.details, ruleIDs()}, {"severity", s.severities, severityNames}} {
		for _, v := range c.given {
			if !slices.Contains(c.allowed, v) {
				return errUnknownValue(c.flag, v, c.allowed)
			}
		}
	}
	for _, h := range s.hosts {
		n, err := network(h)
		if err != nil {
			return errNoAddress("--host", h)
		}
		s.nets = append(s.nets, n)
	}
	for _, h := range s.senders {
		if h == "originator" || h == "responder" {
			s.senderSides = append(s.senderSides, h)
			continue
		}
		n, err := network(h)
		if err != nil {
			return errNoAddress("--sender", h)
		}
		s.senderNets = append(s.senderNets, n)
	}
	var err error
	if s.since, err = momentOf("--since", s.sinceText); err != nil {
		return err
	}
	s.until, err = momentOf("--until", s.untilText)
	return err
}

// network reads an address or a network.
func network(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err
}

func momentOf(flag, s string) (moment, error) {
	if s == "" {
		return moment{}, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return moment{true, false, t.UnixNano()}, nil
	}
	if d, err := time.ParseDuration(s); err == nil {
		return moment{true, true, int64(d)}, nil
	}
	return moment{}, errNoTime(flag, s)
}

// some reports whether the selection excludes anything.
func (s *selection) some() bool {
	return len(s.hosts)+len(s.ports.list)+len(s.frames.list)+len(s.streams.list)+len(s.causes)+len(s.details)+len(s.severities)+len(s.senders) > 0 || s.since.set || s.until.set
}

// wants reports whether r is selected.
func (s *selection) wants(r *report.Reset) bool {
	o, _ := netip.ParseAddrPort(r.Originator)
	p, _ := netip.ParseAddrPort(r.Responder)
	sender := o
	if r.Sender == "responder" {
		sender = p
	}
	within := func(list []netip.Prefix, a netip.Addr) bool {
		return slices.ContainsFunc(list, func(n netip.Prefix) bool { return n.Contains(a) })
	}
	port := func(a netip.AddrPort) bool { return slices.Contains(s.ports.list, int(a.Port())) }
	return (len(s.hosts) == 0 || within(s.nets, o.Addr()) || within(s.nets, p.Addr())) &&
		(len(s.ports.list) == 0 || port(o) || port(p)) &&
		(len(s.frames.list) == 0 || slices.Contains(s.frames.list, placeOfReset(r))) &&
		(len(s.streams.list) == 0 || slices.Contains(s.streams.list, r.Stream)) &&
		(len(s.causes) == 0 || slices.Contains(s.causes, string(r.Cause))) &&
		(len(s.details) == 0 || slices.Contains(s.details, r.Detail)) &&
		(len(s.severities) == 0 || slices.Contains(s.severities, string(r.Severity))) &&
		(len(s.senders) == 0 || slices.Contains(s.senderSides, r.Sender) || within(s.senderNets, sender.Addr())) &&
		(!s.since.set || s.since.of(r) >= s.since.ns) && (!s.until.set || s.until.of(r) < s.until.ns)
}

// placeOfReset returns the number by which a report names r: its frame or, in a text, its line.
func placeOfReset(r *report.Reset) int {
	if r.Line > 0 {
		return r.Line
	}
	return r.Frame
}

// of returns the time of r on the clock of m.
func (m moment) of(r *report.Reset) int64 {
	if m.relative {
		return r.Relative
	}
	return int64(r.Time)
}
