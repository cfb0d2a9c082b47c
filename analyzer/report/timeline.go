package report

import "github.com/rstexplain/rstexplain/flows"

// timeline fills in m.Timeline: the connection's events, the reset among them, and what came after it.
func (b *Builder) timeline(m *Reset, r *flows.Reset) {
	events := r.Conn.Events
	trigger := r.Trigger
	if trigger != nil && trigger.Frame != int(m.Trigger) {
		trigger = nil // it matches by number only, or another segment matches better
	}
	for i := range events {
		if int(m.Trigger) == events[i].Frame && trigger == nil {
			b.event(m, &events[i], RoleTrigger)
			continue
		}
		if trigger != nil && trigger.Frame != 0 && trigger.Frame <= events[i].Frame {
			if trigger.Frame != events[i].Frame { // older than what the timeline kept
				b.event(m, trigger, RoleTrigger)
				b.event(m, &events[i], "")
			} else {
				b.event(m, &events[i], RoleTrigger)
			}
			trigger = nil
			continue
		}
		b.event(m, &events[i], "")
	}
	if trigger != nil && trigger.Frame != 0 {
		b.event(m, trigger, RoleTrigger)
	}
	b.event(m, &r.Event, RoleReset)
	for i := range r.After.Events {
		b.event(m, &r.After.Events[i], "")
	}
}

func (b *Builder) event(m *Reset, e *flows.Event, role string) {
	base := &m.Conn.SeqBase
	v := Event{
		Frame:   e.Frame,
		Time:    Time(e.Time),
		Sender:  e.Side.String(),
		Flags:   flagNames[e.Flags&flagMask],
		SEQ:     uint32(e.SEQ) - uint32(base[e.Side]),
		LEN:     e.DataLen,
		WND:     e.WND,
		From:    [2]string{e.From[0].String(), e.From[1].String()},
		To:      [2]string{e.To[0].String(), e.To[1].String()},
		TTL:     e.TTL,
		IPID:    e.IPID,
		Notes:   b.noteNames(e.Notes),
		Role:    role,
		Skipped: int(e.Skipped),
	}
	if e.Flags.Has(flows.ACK) {
		v.ACK = uint32(e.ACK) - uint32(base[e.Side.Peer()])
	} else if e.Flags.Has(flows.RST) && e.SEQ == 0 {
		v.SEQ = 0
	}
	if e.Flags.Has(flows.RST|flows.ACK) && e.SEQ == 0 {
		v.SEQ = 0 // answers a segment that had no ACK: this 0 is no place in the stream
	}
	m.Timeline = append(m.Timeline, v)
}

// seqBases returns what to subtract from the sequence numbers of each side: its ISS where its SYN was
// seen, else one less than the first of its numbers that the timeline holds, as Wireshark does.
func seqBases(r *flows.Reset) (base [2]int64) {
	var known [2]bool
	set := func(s flows.Side, n flows.Seq) {
		if !known[s] {
			base[s], known[s] = int64(n), true
		}
	}
	for s := range r.Conn.Ends {
		if e := &r.Conn.Ends[s]; e.HasISS {
			set(flows.Side(s), e.SND.ISS)
		}
	}
	for i := range r.After.Events { // whatever came before a SYN has no part in its numbers
		if e := &r.After.Events[i]; e.Flags.Has(flows.SYN) && !e.Flags.Has(flows.RST) {
			set(e.Side, e.SEQ)
		}
	}
	for _, events := range [...][]flows.Event{r.Conn.Events, r.After.Events} {
		for i := range events {
			e := &events[i]
			if e.Flags.Has(flows.RST) {
				continue
			}
			set(e.Side, e.SEQ-1)
			if e.Flags.Has(flows.ACK) {
				set(e.Side.Peer(), e.ACK-1)
			}
		}
	}
	return base
}

const flagMask = flows.AE<<1 - 1

// flagNames has every combination of flags as text.
var flagNames = func() (names [flagMask + 1]string) {
	for f := range names {
		names[f] = flows.Flags(f).String()
	}
	return names
}()

var noteWords = []struct {
	is   flows.Notes
	name string
}{
	{flows.Retransmitted, "retransmitted"},
	{flows.OutOfOrder, "out-of-order"},
	{flows.KeepAlive, "keep-alive"},
	{flows.ZeroWindow, "zero-window"},
	{flows.WindowProbe, "window-probe"},
	{flows.Duplicate, "duplicate"},
	{flows.ChallengeACK, "challenge-ack"},
	{flows.DupACK, "dup-ack"},
	{flows.AckedUnseen, "acked-unseen"},
	{flows.Gap, "gap"},
	{flows.TupleReuse, "tuple-reuse"},
	{flows.NotAccepted, "not-accepted"},
}

// noteNames returns the names of n. Few combinations occur, and each is built once.
func (b *Builder) noteNames(n flows.Notes) []string {
	if n == 0 {
		return nil
	}
	names, ok := b.notes[n]
	if !ok {
		for _, w := range noteWords {
			if n&w.is != 0 {
				names = append(names, w.name)
			}
		}
		if b.notes == nil {
			b.notes = map[flows.Notes][]string{}
		}
		b.notes[n] = names
	}
	return names
}
