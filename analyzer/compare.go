package analyzer

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/analyzer/vantage"
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules"
	"github.com/rstexplain/rstexplain/rules/words"
)

// A VantagePoint names the captures that were made at one place.
type VantagePoint struct {
	Name  string
	Paths []string // of several, a rotating capture, which is read as one
}

// Bounds of what Compare keeps of resets until all captures are read.
const (
	maxResetsKept = 8192 // of each capture, with all that is known of them: up to 16 KiB each
	maxLadders    = 2048 // resets that are reported with their packets

	resetKept = 16384    // bytes at most of what is known of a reset
	roomy     = 48 << 20 // bytes for a capture: with less, fewer resets are kept
)

// Compare explains the captures of several vantage points together. Each is read once. What cannot be read stands in
// the warnings of the comparison.
func Compare(ctx context.Context, points []VantagePoint, opts Options) (*report.Comparison, error) {
	x, err := compare(ctx, points, opts)
	if err != nil {
		return nil, err
	}
	return x.report(), nil
}

// compare reads the captures and pairs what they hold.
func compare(ctx context.Context, points []VantagePoint, opts Options) (*comparing, error) {
	views := make([]*view, len(points))
	list := make([]vantage.Vantage, len(points))
	errs := make([]error, len(points))
	most := maxResetsKept
	if opts.Flows.MaxMemory > 0 {
		opts.Flows.MaxMemory /= int64(len(points)) // they are read at the same time
		each := int64(resetKept)
		if opts.Flows.MaxMemory < roomy {
			each *= 4 // the tables of connections need the memory
		}
		most = int(min(maxResetsKept, opts.Flows.MaxMemory/each))
	}
	var reading sync.WaitGroup
	share := opts.Flows.MaxMemory
	tight := share > 0 && share < roomy
	if tight {
		opts.Flows.MaxMemory = share * 3 / 4 // what is recorded needs the rest
	}
	for i, p := range points {
		v := &view{recorder: vantage.NewRecorder(share), at: map[int]int{}, most: most}
		views[i] = v
		list[i] = vantage.Vantage{Name: p.Name, Recorder: v.recorder}
		if tight { // one table of connections at a time
			errs[i] = v.read(ctx, p, opts)
			continue
		}
		reading.Go(func() { errs[i] = v.read(ctx, p, opts) })
	}
	reading.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	for i, v := range views {
		list[i].Dropped = lacksPackets(v.file)
		list[i].First, list[i].Last = flows.Time(v.file.First), flows.Time(v.file.Last)
	}
	return &comparing{points: points, views: views, opts: opts, result: vantage.Compare(list)}, nil
}

// lacksPackets reports whether a capture itself says that it has not all packets: what it does not hold proves nothing.
func lacksPackets(f *report.File) bool {
	return f.Partial || slices.ContainsFunc(f.Warnings, func(w report.Warning) bool {
		return strings.HasPrefix(w.Says, "packets dropped on ") // as package capture has it
	})
}

// A view is what one capture alone shows.
type view struct {
	recorder *vantage.Recorder
	file     *report.File
	resets   []alone
	at       map[int]int // frame → index in resets
	most     int         // resets of which all is kept
}

// alone is what one capture says of a RST.
type alone struct {
	reset   *flows.Reset // nil beyond as many as are kept
	summary brief
	trigger int
	opened  bool
	doubt   bool
	faults  int  // of the capture that touch the connection
	cut     bool // one of them is that packets were cut
	local   bool // it has no Ethernet source, as on the loopback interface, and its sender's other packets have
	mac     bool // it has another Ethernet source than its sender's other packets
}

func (v *view) read(ctx context.Context, p VantagePoint, opts Options) error {
	opts.watch = v.recorder.Add
	opts.keep = v.keep
	opts.Kernel = nil // they speak when all captures are read
	explain := func() (*report.File, error) { return explainFile(ctx, p.Paths[0], discard{}, opts) }
	if len(p.Paths) > 1 {
		explain = func() (*report.File, error) { return explainJoined(ctx, p.Paths, discard{}, opts) }
	}
	f, err := explain()
	v.file = f
	v.recorder.Finish()
	return err
}

// keep notes what is said of a reset, and reports whether it keeps r.
func (v *view) keep(r *flows.Reset, f *rules.Finding, m *report.Reset) bool {
	a := alone{
		summary: brief{frame: m.Frame, time: m.Time, relative: m.Relative, stream: m.Stream, originator: m.Originator,
			responder: m.Responder, sender: m.Sender, cause: m.Cause, detail: m.Detail, title: m.Title,
			confidence: m.Confidence, severity: m.Severity, origin: m.Origin},
		trigger: f.Trigger,
		opened:  r.Conn.SYNACK.Seen() && r.Conn.HandshakeACK.Seen() || !r.Conn.SYN.Seen(),
		mac:     r.MAC != 0 && r.Conn.End(r.Side).MAC != 0 && r.MAC != r.Conn.End(r.Side).MAC,
		local:   r.MAC == 0 && r.Conn.End(r.Side).MAC != 0,
		faults:  faults(r.Conn.Defects),
		cut:     r.Conn.Defects.Has(flows.SnapCut),
		doubt:   m.Origin == rules.OriginUnknown && len(m.OriginWhy) > 0, // not where nothing can be compared with it
	}
	keep := len(v.resets) < v.most
	if keep {
		a.reset = r
	}
	v.at[m.Frame] = len(v.resets)
	v.resets = append(v.resets, a)
	return keep
}

// A brief is what is needed of the report on a RST.
type brief struct {
	frame                         int
	time                          report.Time
	relative                      int64
	stream                        int
	originator, responder, sender string
	cause                         rules.Cause
	detail, title                 string
	confidence                    float64
	severity                      rules.Severity
	origin                        rules.Origin
}

// report returns a report that says nothing else.
func (b *brief) report() *report.Reset {
	return &report.Reset{Frame: b.frame, Time: b.time, Relative: b.relative, Stream: b.stream, Originator: b.originator,
		Responder: b.responder, Sender: b.sender, Cause: b.cause, Detail: b.detail, Title: b.title,
		Confidence: b.confidence, Severity: b.severity, Origin: b.origin}
}

// faults counts the faults of a capture that limit what may be concluded from a connection.
func faults(d flows.Defects) int {
	n := 0
	for _, f := range [...]flows.Defects{flows.NoHandshake, flows.OneDirection, flows.MissedPackets, flows.SnapCut,
		flows.Evicted} {
		if d.Has(f) {
			n++
		}
	}
	return n
}

// clearest returns the packet of a RST in the capture from which most can be concluded: the one nearest to where it was
// made, unless that has more faults than another. If packets were cut there, and that is all, it counts whether
// the connection looks alike in both.
func (x *comparing) clearest(d *vantage.Verdict, all []*vantage.Verdict) vantage.Place {
	best := d.View
	least := x.faultsAt(best)
	cut := least == 1 && x.views[best.Vantage].resets[x.views[best.Vantage].at[best.Frame]].cut
	for _, p := range d.Seen {
		if n := x.faultsAt(p); n < least && !(cut && x.showsMore(d, all, p.Vantage)) {
			best, least = p, n
		}
	}
	return best
}

// showsMore reports whether the capture nearest to where a RST was made shows more of the connection before than the
// one at v does: another RST, a segment that was lost on the way to v, or that another machine sent this one.
func (x *comparing) showsMore(d *vantage.Verdict, all []*vantage.Verdict, v int) bool {
	if x.alone(d.View).OtherMAC {
		return true
	}
	for i := range d.Claims {
		if k := &d.Claims[i]; k.Kind == vantage.SegmentsLost && k.To == v && k.Places[0].Vantage == d.View.Vantage {
			return true
		}
	}
	here := func(o *vantage.Verdict, v int) bool {
		return slices.ContainsFunc(o.Seen, func(p vantage.Place) bool { return p.Vantage == v })
	}
	return slices.ContainsFunc(all, func(o *vantage.Verdict) bool {
		return o.Group == d.Group && o.Time < d.Time && here(o, d.View.Vantage) && !here(o, v)
	})
}

func (x *comparing) faultsAt(p vantage.Place) int {
	if i, ok := x.views[p.Vantage].at[p.Frame]; ok {
		return x.views[p.Vantage].resets[i].faults
	}
	return 1 << 10
}

// discard is a Renderer that prints nothing.
type discard struct{}

func (discard) Begin(string) error         { return nil }
func (discard) BeginFile(string) error     { return nil }
func (discard) Reset(*report.Reset) error  { return nil }
func (discard) EndFile(*report.File) error { return nil }
func (discard) End() error                 { return nil }

// comparing makes the report of what was compared.
type comparing struct {
	points []VantagePoint
	views  []*view
	opts   Options
	result *vantage.Comparison
}

func (x *comparing) name(v int) string { return x.points[v].Name }

// alone returns what the capture of a packet says of it.
func (x *comparing) alone(p vantage.Place) vantage.View {
	v := x.views[p.Vantage]
	i, ok := v.at[p.Frame]
	if !ok {
		return vantage.View{}
	}
	a := &v.resets[i]
	return vantage.View{Device: a.summary.origin == rules.OriginMiddlebox, Doubtful: a.doubt, Trigger: a.trigger,
		Unopened: !a.opened, OtherMAC: a.mac, Local: a.local}
}

func (x *comparing) report() *report.Comparison {
	out := &report.Comparison{SchemaVersion: report.SchemaVersion, Generator: x.opts.generator(),
		Resets: []report.SharedReset{}, Warnings: []report.Warning{}, Stretches: []report.Stretch{}}
	verdicts := x.result.Verdicts(x.alone)
	of := map[*vantage.Group][]*vantage.Verdict{}
	for _, d := range verdicts {
		of[d.Group] = append(of[d.Group], d)
	}
	views := make([]vantage.Place, len(verdicts))
	for i, d := range verdicts {
		views[i] = x.clearest(d, of[d.Group])
	}
	for i, d := range verdicts {
		d.View = views[i]
	}
	x.vantages(out)
	x.connections(out)
	out.Warnings = append(out.Warnings, comparisonWarnings(out, x.views, x.result)...)
	for _, s := range x.result.Lost {
		out.Stretches = append(out.Stretches, report.Stretch{From: x.name(s.From), To: x.name(s.To), Sent: s.Sent,
			Lost: s.Lost, Data: s.Data})
	}
	explained := x.explainAgain(verdicts)
	listed := map[vantage.Place]bool{}
	for i, d := range verdicts {
		m := report.SharedReset{Origin: origin(d), Proven: d.Proven, At: x.name(d.View.Vantage), MadeAt: x.madeAt(d),
			Reset: explained[i]}
		for _, p := range d.Seen {
			listed[p] = true
			m.Seen = append(m.Seen, report.PacketAt{At: x.name(p.Vantage), Frame: p.Frame})
		}
		m.Reset.Origin = m.Origin
		if d.Proven {
			m.CaptureNext = "" // nothing stays open
		}
		if d.Made == vantage.OnPeer {
			firewall := fmt.Sprintf(" firewall of the %s's own host", role(d.Side.Peer().String()))
			m.Summary = strings.NewReplacer("A device on the path", "A"+firewall, "a device on the path", "a"+firewall).Replace(m.Summary)
			m.Remedy = fmt.Sprintf("Look at the firewall of the %s's own host: nft list ruleset or iptables -S show rules that reject "+
				"what it sends.", role(d.Side.Peer().String()))
		}
		m.Other = x.translated(d)
		limited := false
		for _, k := range d.Claims {
			shows := x.claim(d, &k)
			if shows.Limited && !limited { // once is enough
				limited = true
				shows.Says += fmt.Sprintf(" (%s)", x.notRunning("the capture at "+shows.Not))
			}
			m.Shows = append(m.Shows, shows)
		}
		x.relayed(&m, d, of)
		x.icmp(&m, d)
		m.Alone = x.aloneViews(d, &m)
		m.Says = x.verdict(d, &m)
		if i < maxLadders {
			m.Ladder = x.ladder(d)
		}
		out.Resets = append(out.Resets, m)
	}
	for v := range x.views { // of connections beyond the bound of what is compared
		for i := range x.views[v].resets {
			a := &x.views[v].resets[i]
			if p := (vantage.Place{Vantage: v, Frame: a.summary.frame}); !listed[p] {
				out.Resets = append(out.Resets, report.SharedReset{Seen: []report.PacketAt{{At: x.name(v), Frame: p.Frame}},
					At:     x.name(v),
					Origin: a.summary.origin, MadeAt: "unknown", Says: "This connection was not compared: there were " +
						"too many.", Reset: a.summary.report()})
			}
		}
	}
	return out
}

// translated lists the addresses of the connection in captures where they are not those of the view.
func (x *comparing) translated(d *vantage.Verdict) []report.AddressesAt {
	var out []report.AddressesAt
	from, to := d.Group.At(d.View.Vantage)
	for v, t := range d.Group.Traces {
		if t == nil {
			continue
		}
		a, b := d.Group.At(v)
		for _, ends := range append(d.Group.Translations(v), [2]flows.Addr{a, b}) {
			if ends[0] != from || ends[1] != to {
				out = append(out, report.AddressesAt{At: x.name(v), Originator: ends[0].String(), Responder: ends[1].String()})
			}
		}
	}
	return out
}

func origin(d *vantage.Verdict) rules.Origin {
	switch {
	case d.Device:
		return rules.OriginMiddlebox
	case d.Unknown:
		return rules.OriginUnknown
	}
	return rules.OriginEndpoint
}

// madeAt names the place where a RST was made.
func (x *comparing) madeAt(d *vantage.Verdict) string {
	switch d.Made {
	case vantage.OnHost, vantage.On, vantage.OnLink, vantage.OnPeer:
		return x.name(d.From)
	case vantage.Beyond:
		return "beyond " + x.name(d.From)
	case vantage.Between:
		if d.Here {
			return x.name(d.To)
		}
		a, b := d.From, d.To
		if slices.Index(x.result.Order, a) > slices.Index(x.result.Order, b) {
			a, b = b, a
		}
		return "between " + x.name(a) + " and " + x.name(b)
	}
	return "unknown"
}

// explainAgain explains each RST at the capture that shows it best, with what the captures together prove.
func (x *comparing) explainAgain(verdicts []*vantage.Verdict) []*report.Reset {
	out := make([]*report.Reset, len(verdicts))
	want := map[vantage.Place]int{}
	proof := map[vantage.Place]flows.Proof{}
	lost := map[vantage.Place]bool{} // whether no earlier RST of the sender arrived
	arrived := map[*vantage.Group]*[2]int{}
	made := map[vantage.Place]int{} // at the host that made it, where another capture shows it best
	for i, d := range verdicts {
		want[d.View] = i
		for _, p := range d.Seen {
			if d.Made == vantage.OnHost && p.Vantage == d.From && p != d.View {
				made[p] = i
			}
		}
		n := arrived[d.Group]
		if n == nil {
			n = &[2]int{}
			arrived[d.Group] = n
		}
		if n[d.Side] == 0 {
			lost[d.View] = true
		}
		if !d.Lost() {
			n[d.Side]++
		}
		for _, p := range d.Seen {
			switch {
			case d.Elsewhere || d.Mapped:
				proof[p] = flows.ByOther
			case d.Device && (d.Proven || d.Made == vantage.Between):
				proof[p] = flows.ByDevice
			case d.Proven:
				proof[p] = flows.ByHost
			}
		}
	}
	atHost := make([]*report.Reset, len(verdicts)) // what the host's kernel says
	for v, view := range x.views {
		engine := rules.NewEngine(x.opts.Rules)
		kernel := newWitness(recordsOf(x.opts.Kernel, x.name(v)))
		var builder report.Builder
		builder.Start(view.file.First)
		for i := range view.resets {
			a := &view.resets[i]
			p := vantage.Place{Vantage: v, Frame: a.summary.frame}
			n, wanted := want[p]
			if a.reset == nil {
				if wanted {
					out[n] = a.summary.report()
				}
				continue
			}
			a.reset.Proof, a.reset.PriorLost = proof[p], lost[p]
			f := kernel.explain(engine, a.reset)
			to := out
			if !wanted {
				if n, wanted = made[p]; !wanted || !kernel.heard() {
					continue
				}
				to = atHost
			}
			m := builder.Reset(a.reset, f)
			kernel.tell(m)
			to[n] = m.Clone()
			builder.Release(m)
		}
	}
	for i, m := range atHost {
		switch {
		case m == nil || out[i].Kernel != nil:
		case m.Kernel.PacketsCause != "" && m.Cause != out[i].Cause: // it knows better than the packets
			out[i], verdicts[i].View = m, vantage.Place{Vantage: verdicts[i].From, Frame: m.Frame}
		default:
			out[i].Kernel = m.Kernel
		}
	}
	return out
}

func (x *comparing) vantages(out *report.Comparison) {
	for v, view := range x.views {
		f := view.file
		p := report.VantagePoint{Name: x.name(v), Path: strings.Join(x.points[v].Paths, ", "), Packets: f.Packets,
			TCPSegments: f.TCPSegments,
			Connections: f.Connections, ResetCount: len(view.resets), Start: f.First, End: f.Last, Partial: f.Partial,
			Warnings: f.Warnings}
		if k := x.result.Clocks[v]; k.Known {
			offset, uncertainty := milliseconds(float64(k.Offset)), milliseconds(float64(k.Uncertainty))
			p.Offset, p.Uncertainty, p.Drift = &offset, &uncertainty, math.Round(k.Drift*1e8)/100
		}
		out.Vantages = append(out.Vantages, p)
	}
	for _, v := range x.result.Order {
		out.Path = append(out.Path, x.name(v))
	}
}

// milliseconds rounds nanoseconds to microseconds.
func milliseconds(ns float64) float64 { return math.Round(ns/1e3) / 1e3 }

func (x *comparing) connections(out *report.Comparison) {
	out.Connections = report.SharedConns{Doubtful: x.result.Doubtful, Relayed: x.result.Requests(), Only: map[string]int{}}
	for _, p := range x.points {
		out.Connections.Only[p.Name] = 0
	}
	for _, g := range x.result.Groups {
		if g.Vantages() > 1 {
			out.Connections.Paired++
			continue
		}
		for v, t := range g.Traces {
			if t != nil {
				out.Connections.Only[x.name(v)]++
			}
		}
	}
}

func (x *comparing) places(list []vantage.Place) []report.PacketAt {
	out := []report.PacketAt{}
	for _, p := range list {
		out = append(out, report.PacketAt{At: x.name(p.Vantage), Frame: p.Frame})
	}
	return out
}

// relayed says which other connections carry the request of the one that a RST ends.
func (x *comparing) relayed(m *report.SharedReset, d *vantage.Verdict, of map[*vantage.Group][]*vantage.Verdict) {
	for _, r := range x.result.Relayed(d) {
		from, to, v := r.Other.Addr()
		o := report.Relayed{At: x.name(v), Originator: from.String(), Responder: to.String(), Here: x.place(r.Here),
			There: x.place(r.There), Evidence: r.Signs, Resets: []report.PacketAt{}}
		for _, other := range of[r.Other] {
			o.Resets = append(o.Resets, x.place(other.View))
		}
		m.Relayed = append(m.Relayed, o)
		k := vantage.Claim{Kind: vantage.SameRequest, Places: []vantage.Place{r.Here, r.There}, Text: strings.Join(r.Signs,
			", ")}
		c := x.claim(d, &k)
		c.Says = fmt.Sprintf("the same request, relayed: %s → %s at %s carries it (frame %d at %s, frame %d at %s; same "+
			"%s). These "+
			"are two connections, with a proxy between them", o.Originator, o.Responder, o.At, o.Here.Frame, o.Here.At,
			o.There.Frame, o.There.At, strings.Join(r.Signs, ", same "))
		switch n := len(o.Resets); n {
		case 0:
			c.Says += "; the other one was not reset"
		case 1:
			c.Says += fmt.Sprintf("; the other one has a RST of its own (frame %d at %s)", o.Resets[0].Frame, o.Resets[0].At)
		default:
			c.Says += fmt.Sprintf("; the other one has %d RSTs of its own, the first in frame %d at %s", n, o.Resets[0].Frame,
				o.Resets[0].At)
		}
		m.Shows = append(m.Shows, c)
	}
}

// icmp says which ICMP errors about the connection one capture alone holds: of those that hold the RST too.
func (x *comparing) icmp(m *report.SharedReset, d *vantage.Verdict) {
	notes := func(p vantage.Place) []flows.ICMPNote {
		v := x.views[p.Vantage]
		if i, ok := v.at[p.Frame]; ok && v.resets[i].reset != nil {
			r := v.resets[i].reset
			ends := [2]flows.Addr{r.Conn.End(flows.Originator).Addr, r.Conn.End(flows.Responder).Addr}
			return slices.DeleteFunc(slices.Clone(r.Related.ICMP), func(n flows.ICMPNote) bool {
				return !slices.Contains(ends[:], n.Src) || !slices.Contains(ends[:], n.Dst)
			})
		}
		return nil
	}
	seen := map[string]bool{}
	for _, p := range d.Seen {
		for _, o := range d.Seen {
			if p.Vantage == o.Vantage {
				continue
			}
			there := notes(o)
			for _, n := range notes(p) {
				like := func(k flows.ICMPNote) bool { return k.Type == n.Type && k.Code == n.Code && k.V6 == n.V6 }
				at, text := vantage.Place{Vantage: p.Vantage, Frame: n.Frame}, words.ICMP(&n)
				if text == "" || seen[text] || slices.ContainsFunc(there, like) || !x.result.Ran(p.Vantage, o.Vantage, n.Time) {
					continue
				}
				seen[text] = true // the first of each kind
				k := vantage.Claim{Kind: vantage.ICMPAtOne, Places: []vantage.Place{at}, To: o.Vantage, Text: text}
				m.Shows = append(m.Shows, x.claim(d, &k))
			}
		}
	}
}

func (x *comparing) place(p vantage.Place) report.PacketAt {
	return report.PacketAt{At: x.name(p.Vantage), Frame: p.Frame}
}
