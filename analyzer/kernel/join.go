package kernel

import (
	"slices"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/words"
)

// A Join finds what records say of the resets of one capture. Give it each reset, in the order of their frames: Know
// before the rules explain it, and Settle after. It is not safe for concurrent use.
type Join struct {
	traces  []*trace
	sockets map[tuple]*Socket
	now     Word
	known   *Reason
	event   *Event
	settled map[int]bool  // frames of resets whose cause a kernel's reason decided
	earlier map[int]match // of frames, for their copies
	first   flows.Time    // of the resets
	last    flows.Time
}

type match struct {
	trace *trace
	event int
}

// A tuple is a direction of a connection.
type tuple struct{ src, dst flows.Addr }

// A trace is a record that is being joined.
type trace struct {
	*Record
	clock   clock
	by      [numKinds]map[tuple][]int32 // events in their order; of listening sockets without dst
	used    map[int32]bool
	hosts   map[[16]byte]bool // addresses of the host itself
	joined  int
	sent    int // RSTs of the capture whose source is the host
	begin   int64
	end     int64
	resets  int // SendReset events
	accepts int // of ReceiveReset events, those joined
}

// What a join remembers of resets at most.
const maxFrames = 1 << 16

// NewJoin returns a join of records.
func NewJoin(records []*Record) *Join {
	j := &Join{sockets: map[tuple]*Socket{}, settled: map[int]bool{}, earlier: map[int]match{}}
	for _, r := range records {
		j.traces = append(j.traces, newTrace(r))
		for i := range r.Sockets {
			s := &r.Sockets[i]
			j.sockets[tuple{s.Local, s.Peer}] = s
		}
	}
	return j
}

func newTrace(r *Record) *trace {
	t := &trace{Record: r, clock: clock{resolution: r.resolution}, used: map[int32]bool{}, hosts: map[[16]byte]bool{}}
	for k := range t.by {
		t.by[k] = map[tuple][]int32{}
	}
	for i := range r.Events {
		e := &r.Events[i]
		if e.Timed() {
			if t.begin == 0 && t.end == 0 {
				t.begin, t.end = e.Time, e.Time
			}
			t.begin, t.end = min(t.begin, e.Time), max(t.end, e.Time)
		}
		k := tuple{e.Src, e.Dst}
		if e.Kind == SendReset {
			t.resets++
			if e.Dst.Port == 0 {
				k.dst = flows.Addr{}
			}
		}
		t.by[e.Kind][k] = append(t.by[e.Kind][k], int32(i))
		if e.Kind != Drop && e.Src.IP != [16]byte{} && len(t.hosts) < 4096 {
			t.hosts[e.Src.IP] = true
		}
	}
	return t
}

// A Word is what the kernels say of one reset.
type Word struct {
	Host    string // the name of the record, or the role of the host whose kernel speaks
	Path    string // of the record
	Line    int
	Reason  string
	State   string
	Means   string // the reason in words
	Time    flows.Time
	Program string

	Received flows.Time // a socket of the receiver accepted the RST; 0: not recorded
	Silent   bool       // the sender's kernel has no record of it, and should have

	// What the packets alone say, where the kernel's reason excludes it.
	Packets           *rules.Rule
	PacketsConfidence float64
	Decided           bool // the reason decides the cause
}

// Know returns what is known of a reset before the rules explain it.
func (j *Join) Know(r *flows.Reset) rules.Known {
	j.now, j.known, j.event = Word{}, nil, nil
	if j.first == 0 {
		j.first = r.Time
	}
	j.last = max(j.last, r.Time)
	t, e := j.sender(r)
	j.receiver(r)
	if e == nil {
		return rules.Known{}
	}
	j.event = e
	j.now.Host, j.now.Path, j.now.Line, j.now.Reason, j.now.State, j.now.Program = t.Name, t.Path, e.Line, e.Reason,
		e.State, e.Program
	if e.Timed() && len(t.clock.guesses) > 0 {
		j.now.Time = flows.Time(e.Time + t.clock.offset())
	} else {
		j.now.Time = r.Time
	}
	known := rules.Known{Origin: rules.OriginEndpoint}
	if why := reasonFor(e.Reason, answersSYN(r), t.wasReset(r, e)); why != nil {
		j.known, j.now.Means = why, why.Means
		known.Fits = func(rule *rules.Rule) bool { return why.fits(rule.ID) }
	}
	return known
}

// wasReset reports whether the socket that should have had r's connection had accepted a RST before e.
func (t *trace) wasReset(r *flows.Reset, e *Event) bool {
	for _, i := range t.by[ReceiveReset][tuple{r.Conn.Ends[r.Side].Addr, r.Conn.Ends[r.Side.Peer()].Addr}] {
		if x := &t.Events[i]; x.Timed() && e.Timed() && x.Time < e.Time &&
			e.Time-x.Time < int64(r.Time-r.Conn.Start.Time)+slack {
			return true
		}
	}
	return false
}

// answersSYN reports whether the RST refuses a SYN: there was no more of the connection.
func answersSYN(r *flows.Reset) bool {
	return r.Trigger != nil && r.Trigger.Flags.Has(flows.SYN) && !r.Trigger.Flags.Has(flows.ACK)
}

// sender finds the event that is the sending of r.
func (j *Join) sender(r *flows.Reset) (*trace, *Event) {
	if m, ok := j.earlier[r.DuplicateOf]; ok && r.DuplicateOf != 0 {
		m.trace.sent, m.trace.joined = m.trace.sent+1, m.trace.joined+1
		return m.trace, &m.trace.Events[m.event]
	}
	from := r.Conn.Ends[r.Side].Addr
	to := r.Conn.Ends[r.Side.Peer()].Addr
	for _, t := range j.traces {
		if t.hosts[from.IP] {
			t.sent++
		}
		list := t.unused(SendReset, tuple{from, to})
		exact := len(list)
		if r.Class != flows.ClassActive {
			list = append(list, t.unused(SendReset, tuple{src: from})...)
		}
		i, ok := t.choose(list, exact, r)
		if !ok {
			if t.hosts[from.IP] && t.reasons && t.Lost+t.LeftOut == 0 && t.covers(r.Time) {
				j.now.Silent = true
			}
			continue
		}
		e := &t.Events[i]
		t.used[i] = true
		t.joined++
		if e.Timed() {
			t.clock.sent(int64(r.Time), e.Time)
		}
		if len(j.earlier) < maxFrames {
			j.earlier[r.Frame] = match{t, int(i)}
		}
		j.now.Silent = false
		return t, e
	}
	return nil, nil
}

// unused returns the events of a tuple that no reset has taken.
func (t *trace) unused(k Kind, of tuple) []int32 {
	var out []int32
	for _, i := range t.by[k][of] {
		if !t.used[i] {
			out = append(out, i)
		}
	}
	return out
}

// choose returns which of the events is the reset's: those of its own connection come first, of which there are exact.
func (t *trace) choose(list []int32, exact int, r *flows.Reset) (int32, bool) {
	if len(list) == 0 || len(t.Record.Events) == 0 {
		return 0, false
	}
	if exact > 0 {
		list = list[:exact]
	}
	if !t.Events[list[0]].Timed() {
		return list[0], true
	}
	times := make([]int64, len(list))
	for i, e := range list {
		times[i] = t.Events[e].Time
	}
	var others []flows.Time
	for _, m := range r.After.SenderRSTs {
		others = append(others, m.Time)
	}
	place := 0
	for _, p := range r.Prior {
		if p.Side == r.Side {
			place++
		}
	}
	if place > 0 && len(t.clock.guesses) > 0 {
		place = 0 // those before were taken
	}
	i := t.clock.pick(times, int64(r.Time), others, place)
	if i < 0 {
		return 0, false
	}
	return list[i], true
}

// covers reports whether the trace was running at a time of the capture.
func (t *trace) covers(at flows.Time) bool {
	if !t.clock.known() {
		return false
	}
	x := int64(at) - t.clock.offset()
	return x > t.begin && x < t.end
}

// receiver looks for the event that the peer's socket accepted r.
func (j *Join) receiver(r *flows.Reset) {
	local, peer := r.Conn.Ends[r.Side.Peer()].Addr, r.Conn.Ends[r.Side].Addr
	for _, t := range j.traces {
		list := t.unused(ReceiveReset, tuple{local, peer})
		if len(list) == 0 {
			continue
		}
		var times []int64
		for _, i := range list {
			if !t.Events[i].Timed() {
				continue
			}
			times = append(times, t.Events[i].Time)
		}
		if len(times) != len(list) {
			continue
		}
		i := t.clock.pick(times, int64(r.Time), nil, 0)
		if i < 0 {
			continue
		}
		t.used[list[i]] = true
		t.accepts++
		t.clock.hears(int64(r.Time), times[i])
		j.now.Received = flows.Time(times[i] + t.clock.offset())
		if j.now.Path == "" {
			j.now.Path, j.now.Line, j.now.Host = t.Path, t.Events[list[i]].Line, t.Name
		}
		return
	}
}

// Settle writes into the finding what the kernels say. The word is lent until the next reset; nil: they say nothing.
func (j *Join) Settle(r *flows.Reset, f *rules.Finding) *Word {
	w := &j.now
	if e := j.event; e != nil {
		text := e.Reason
		if e.State != "" {
			if text == "" {
				text = "socket"
			}
			text += " in " + e.State
		}
		if w.Host == "" {
			w.Host = role(r.Side)
		}
		n := len(f.Evidence)
		f.Say(claim.Claim{Kind: claim.KernelSent, Side: r.Side, Text: text, Number: uint64(w.Time)}, r.Frame)
		if w.Means != "" {
			f.Evidence = append(f.Evidence, rules.Evidence{Claim: claim.Claim{Stream: claim.Own}, Says: e.Reason +
				": " + w.Means})
		}
		own := slices.Clone(f.Evidence[n:])
		f.Evidence = slices.Insert(f.Evidence[:n], 0, own...)
		f.OriginWhy = append(f.OriginWhy[:0], own[0])
		j.decide(r, f)
	}
	if w.Received != 0 {
		f.Note(claim.Claim{Kind: claim.KernelReceived, Side: r.Side.Peer(), Number: uint64(w.Received)}, r.Frame)
		if w.Host == "" {
			w.Host = role(r.Side.Peer())
		}
	}
	if w.Silent {
		sent := 0
		for _, t := range j.traces {
			if t.hosts[r.Conn.Ends[r.Side].Addr.IP] {
				sent += t.resets
			}
		}
		f.Note(claim.Claim{Kind: claim.KernelSilent, Side: r.Side, Count: sent}, r.Frame)
	}
	j.retransmissions(r, f)
	j.snapshot(r, f)
	if j.event == nil && w.Received == 0 && !w.Silent {
		return nil
	}
	return w
}

func role(s flows.Side) string {
	if s == flows.Originator {
		return "client"
	}
	return "server"
}

// proof is the confidence in a cause that the kernel's reason confirms.
const proof = 0.99

// decide lets the kernel's reason decide the cause.
func (j *Join) decide(r *flows.Reset, f *rules.Finding) {
	why := j.known
	if why == nil {
		return
	}
	w := &j.now
	if f.Repeats != 0 {
		if j.settled[f.Repeats] {
			f.Confidence, w.Decided = proof, true
		}
		return
	}
	w.Decided = true
	if len(j.settled) < maxFrames {
		j.settled[r.Frame] = true
	}
	if f.Refused != nil {
		w.Packets, w.PacketsConfidence = f.Refused, f.RefusedConfidence
	}
	if !why.fits(f.Rule.ID) { // the packets fit none of the rules that the reason leaves
		if w.Packets == nil {
			w.Packets, w.PacketsConfidence = f.Rule, f.Confidence
		}
		if rule := rules.Find(why.Rule); rule != nil {
			f.Rule, f.Cause, f.Severity, f.Remedy = rule, rule.Cause, rule.Severity, rule.Doc.Remedy
		}
		f.Summary = "The kernel of " + words.Side(r.Side) + " reset the connection: " + why.Means + "."
		f.CaptureNext = ""
	}
	f.Confidence = proof
	left := 0.0
	kept := f.Alternatives[:0]
	for _, a := range f.Alternatives {
		if a.Detail == "" || why.fits(a.Detail) {
			left += a.Confidence
			kept = append(kept, a)
		}
	}
	f.Alternatives = kept
	for i := range kept { // what is left over is theirs
		kept[i].Confidence *= (1 - proof) / max(left, 1-proof)
	}
	if p := w.Packets; p != nil && p.ID != f.Rule.ID {
		f.Notes = append(f.Notes, rules.Evidence{Claim: claim.Claim{Stream: claim.Own},
			Says: "the packets alone look like " + p.ID + " (" + string(p.Cause) + "); the kernel's reason excludes it"})
	}
}

// retransmissions says how often a kernel sent data of the connection again.
func (j *Join) retransmissions(r *flows.Reset, f *rules.Finding) {
	if f.Repeats != 0 {
		return
	}
	for _, side := range []flows.Side{flows.Originator, flows.Responder} {
		n := 0
		for _, t := range j.traces {
			for _, i := range t.by[Retransmit][tuple{r.Conn.Ends[side].Addr, r.Conn.Ends[side.Peer()].Addr}] {
				e := &t.Events[i]
				if !e.Timed() || len(t.clock.guesses) == 0 || e.Time+t.clock.offset() <= int64(r.Time)+slack+t.resolution {
					n++
				}
			}
		}
		if n > 0 {
			f.Note(claim.Claim{Kind: claim.KernelRetransmits, Side: side, Count: n}, r.Frame)
		}
	}
}

// snapshot says what ss printed of the sender's socket.
func (j *Join) snapshot(r *flows.Reset, f *rules.Finding) {
	if len(j.sockets) == 0 || f.Repeats != 0 {
		return
	}
	for _, side := range []flows.Side{flows.Originator, flows.Responder} {
		if s := j.sockets[tuple{r.Conn.Ends[side].Addr, r.Conn.Ends[side.Peer()].Addr}]; s != nil {
			f.Notes = append(f.Notes, rules.Evidence{Claim: claim.Claim{Stream: claim.Own}, Says: s.says(words.Side(side))})
		}
	}
}
