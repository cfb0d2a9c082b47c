package analyzer

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/facts"
)

// shapesOfEvidence are the forms of the sentences that cite frames, and what they claim of them.
var shapesOfEvidence = []shape{
	// The RST itself.
	{"{W}'s RST answers {WHAT} {SPAN} later: by its numbers a reply, as a host without the connection sends it", func(c *claim, a []string) error {
		return all(c.count(2), c.sender(a[0]), c.is(0, a[1]), c.gap(a[2], 0, 1), c.answers(c.cited[0]))
	}},
	{"{W}'s RST answers {WHAT} {SPAN} later: it takes both its numbers from it", func(c *claim, a []string) error {
		return all(c.count(2), c.sender(a[0]), c.is(0, a[1]), c.gap(a[2], 0, 1), c.answers(c.cited[0]), same("SEG.SEQ", c.reset.SEQ, c.cited[0].ACK))
	}},
	{"{W}'s RST continues its own sequence numbers and answers no segment: its own decision", func(c *claim, a []string) error {
		return all(c.count(1), c.sender(a[0]))
	}},
	{"{W}'s RST answers no segment: its own decision; its sequence number is {B} {*}", func(c *claim, a []string) error {
		return all(c.sender(a[0]), c.apart(a[1], c.before().sent))
	}},
	{"{WHAT}, {SPAN} after it; this RST answers it", func(c *claim, a []string) error {
		c.cited = c.resetLast()
		return all(c.count(2), c.is(0, a[0]), c.sinceRoot(a[1], 1), c.answers(c.cited[0]))
	}},
	{"{WHAT}, {SPAN} before it; this RST answers it", func(c *claim, a []string) error {
		c.cited = c.resetLast()
		return all(c.count(2), c.is(0, a[0]), c.sinceRoot(a[1], -1), c.answers(c.cited[0]))
	}},
	{"{WHAT} comes {SPAN} after it; this RST answers it", func(c *claim, a []string) error {
		return all(c.count(2), c.is(0, a[0]), c.someGap(a[1], c.all), c.answers(c.cited[0]))
	}},
	{"the first RST of this event", func(c *claim, _ []string) error {
		return all(c.count(1), c.flags(0, flows.RST), same("frame", c.cited[0].Frame, int(c.r.Repeats)))
	}},
	{"same addresses, numbers and IP ID: a copy that the capture made", func(c *claim, _ []string) error {
		x, y := c.cited[0], c.cited[1]
		return all(c.count(2), same("SEQ", x.SEQ, y.SEQ), same("ACK", x.ACK, y.ACK), same("IP ID", x.IPID, y.IPID), same("source", x.Src, y.Src))
	}},
	{"{N} further RST{S} of it answer{S} {*}", func(c *claim, a []string) error {
		n := 0
		for _, v := range c.w.all {
			if v.Frame > c.reset.Frame && v.stream == c.reset.stream && v.Src == c.reset.Src && v.Flags.Has(flows.RST) {
				n++
			}
		}
		return all(c.flags(0, flows.RST), atLeast(a[0], n))
	}},

	{"it was sent {N} times at one moment, with the same numbers", func(c *claim, a []string) error {
		n := 0
		for _, v := range c.w.all {
			if d := v.Time.Sub(c.reset.Time); v.stream == c.reset.stream && v.Src == c.reset.Src && v.Flags.Has(flows.RST) && v.SEQ == c.reset.SEQ && d > -time.Second && d < time.Second {
				n++
			}
		}
		return atLeast(a[0], n)
	}},
	{"{W} acknowledges {N} times more after its RST, step by step, where no other segments come out of order", func(c *claim, a []string) error {
		var acks []*seen
		for _, v := range c.cited {
			if v != c.reset && v.Frame > c.reset.Frame {
				acks = append(acks, v)
				if v.Src != c.reset.Src || !v.Flags.Has(flows.ACK) || v.Flags.Has(flows.RST) {
					return fmt.Errorf("frame %d is no later ACK of the RST's sender", v.Frame)
				}
			}
		}
		for i := 1; i < len(acks); i++ {
			if acks[i].ACK.Less(acks[i-1].ACK) {
				return fmt.Errorf("frame %d acknowledges less than the one before", acks[i].Frame)
			}
		}
		return all(c.sender(a[0]), number(a[1], len(acks)))
	}},

	// Opening.
	{"{W} asks for a connection to port {N}", func(c *claim, a []string) error {
		return all(c.flags(0, flows.SYN), c.by(0, a[0]), number(a[1], int(c.cited[0].Dst.Port)))
	}},
	{"{W} asks for a connection ({N} SYN{S})", func(c *claim, a []string) error {
		return all(c.flags(0, flows.SYN), c.by(0, a[0]), number(a[1], c.synsBefore(c.cited[0])))
	}},
	{"{W} asks for a {*}connection", func(c *claim, a []string) error { return all(c.flags(0, flows.SYN), c.by(0, a[0])) }},
	{"the RST follows the SYN by {SPAN}, but does not acknowledge it: its ACK is {B} {*}", func(c *claim, a []string) error {
		return all(c.count(2), c.flags(0, flows.SYN), c.gap(a[0], 0, 1), octetsAre(a[1], max(int64(c.reset.ACK.Sub(c.cited[0].End())), int64(c.cited[0].End().Sub(c.reset.ACK)))))
	}},
	{"it echoes the timestamp {N}, which {W} never sent: its SYN bears {N}", func(c *claim, a []string) error {
		return all(c.count(2), c.flags(0, flows.SYN), number(a[0], int(c.reset.Opts.TSecr)), number(a[2], int(c.cited[0].Opts.TSval)))
	}},
	{"it echoes the timestamp {N}, which {W} never sent", func(c *claim, a []string) error {
		return all(c.count(1), number(a[0], int(c.reset.Opts.TSecr)))
	}},
	{"{W} completes the handshake {SPAN} after the RST", func(c *claim, a []string) error {
		return all(c.count(2), c.gap(a[1], 0, 1))
	}},
	{"the SYN-ACK comes {SPAN} later, and {W} completes the handshake", func(c *claim, a []string) error {
		return all(c.count(3), c.flags(1, flows.SYN|flows.ACK), c.gap(a[0], 0, 1))
	}},
	{"its IP ID {X} is copied from the SYN: somebody on the path made it", func(c *claim, a []string) error {
		return all(c.count(2), c.flags(0, flows.SYN), same("IP ID", c.cited[0].IPID, c.cited[1].IPID))
	}},
	{"the RST acknowledges exactly this SYN, {SPAN} later", func(c *claim, a []string) error {
		return all(c.count(2), c.flags(0, flows.SYN), c.gap(a[0], 0, 1), same("ACK", c.reset.ACK, c.cited[0].End()))
	}},
	{"{W} had sent its SYN {N} times by then", func(c *claim, a []string) error {
		return all(c.flags(0, flows.SYN), c.by(0, a[0]), number(a[1], c.synsBefore(c.cited[0])))
	}},
	{"the SYN was sent {N} times", func(c *claim, a []string) error {
		return all(c.flags(0, flows.SYN), number(a[0], c.synsBefore(c.cited[0])))
	}},
	{"{N} SYNs, no answer", func(c *claim, a []string) error {
		return all(c.flags(0, flows.SYN), number(a[0], c.synsBefore(c.cited[0])))
	}},
	{"{W} accepts{*}", func(c *claim, a []string) error { return all(c.flags(0, flows.SYN|flows.ACK), c.by(0, a[0])) }},
	{"{W} accepts {SPAN} later", func(c *claim, a []string) error {
		return all(c.count(2), c.flags(0, flows.SYN), c.flags(1, flows.SYN|flows.ACK), c.by(1, a[0]), c.gap(a[1], 0, 1))
	}},
	{"the handshake is complete{*}", func(c *claim, _ []string) error { return c.flags(0, flows.ACK) }},
	{"{W}'s first SYN-ACK", func(c *claim, a []string) error { return all(c.flags(0, flows.SYN|flows.ACK), c.by(0, a[0])) }},
	{"{N} resend{S} of it within {SPAN}", func(c *claim, a []string) error {
		return all(c.flags(0, flows.SYN|flows.ACK), atLeast(a[0], len(c.cited)), c.someGap(a[1], c.all))
	}},
	{"{W} asks with sequence number {N}", func(c *claim, a []string) error {
		return all(c.flags(0, flows.SYN), number(a[1], int(c.cited[0].SEQ)))
	}},
	{"the SYN-ACK acknowledges {N}; right would be {N}", func(c *claim, a []string) error {
		syn := c.cite(func(v *seen) bool { return v.Flags.Has(flows.SYN) && !v.Flags.Has(flows.ACK) })
		if syn == nil {
			return fmt.Errorf("no SYN is cited")
		}
		return all(c.flags(0, flows.SYN|flows.ACK), number(a[0], int(c.cited[0].ACK)), number(a[1], int(syn.SEQ.Add(1))))
	}},
	{"{SPAN} later a bare RST with the number that only a SYN-ACK can have asked for", func(c *claim, a []string) error { return c.someGap(a[0], c.all) }},
	{"the SYN is not one of an ordinary system: {N} option{S}, window {N}", func(c *claim, a []string) error {
		return all(number(a[0], int(c.cited[0].Opts.Kinds)), number(a[1], int(c.cited[0].WND)))
	}},
	{"{W} sends its SYN again {SPAN} later", func(c *claim, a []string) error {
		return all(c.flags(0, flows.SYN), c.by(0, a[0]), spanIs(a[1], c.cited[0].Time.Sub(c.reset.Time)))
	}},
	{"the same port accept{*} a connection {SPAN} later", func(c *claim, a []string) error {
		return all(c.flags(0, flows.SYN|flows.ACK), same("service", c.cited[0].Src, c.reset.Src), spanIs(a[1], c.cited[0].Time.Sub(c.reset.Time)))
	}},
	{"the same port accepted a connection {SPAN} earlier", func(c *claim, a []string) error {
		return all(c.flags(0, flows.SYN|flows.ACK), same("service", c.cited[0].Src, c.reset.Src), spanIs(a[0], c.reset.Time.Sub(c.cited[0].Time)))
	}},

	// Closing, and what was left undone.
	{"{W} closes: its FIN", func(c *claim, a []string) error { return all(c.flags(0, flows.FIN), c.by(0, a[0])) }},
	{"{W} had closed, and that was acknowledged", func(c *claim, a []string) error { return c.flags(0, flows.FIN) }},
	{"{W} asks{Q}; no answer to it comes before the connection is given up", func(c *claim, a []string) error {
		return all(c.by(0, a[0]), c.quotes(a[1]))
	}},
	{"{W} asks again{Q}, {SPAN} later", func(c *claim, a []string) error {
		return all(c.count(2), c.by(1, a[0]), c.quotes(a[1]), c.gap(a[2], 0, 1))
	}},
	{"{W} asks again{Q}, {SPAN} earlier", func(c *claim, a []string) error {
		return all(c.count(2), c.by(0, a[0]), c.quotes(a[1]), c.gap(a[2], 0, 1))
	}},
	{"{W} says goodbye{Q}", func(c *claim, a []string) error { return all(c.by(0, a[0]), c.quotes(a[1])) }},
	{"{W} answers all the same{Q}", func(c *claim, a []string) error { return all(c.by(0, a[0]), c.quotes(a[1])) }},
	{"the last message is {W}'s answer{Q}", func(c *claim, a []string) error {
		if len(c.cited) == 0 {
			return nil // its side was not captured
		}
		return all(c.by(0, a[0]), c.quotes(a[1]))
	}},
	{"{W} has asked for nothing yet; the last message is {W}'s{Q}", func(c *claim, a []string) error { return all(c.by(0, a[1]), c.quotes(a[2])) }},
	{"the handshake is not finished: the last message is {W}'s{Q}", func(c *claim, a []string) error { return all(c.by(0, a[0]), c.quotes(a[1])) }},
	{"the {*} announces {B}; {B} of it were seen", func(c *claim, a []string) error {
		if err := c.contentLength(a[1]); err != nil {
			return err
		}
		return c.bodySeen(a[2])
	}},
	{"version: TLS {N}.{N}", nil}, // what the hello names is decoded by the exchange's own tests
	{"version offered: TLS {N}.{N}", nil},
	{"{B} of its own had not been acknowledged: the RST may destroy them", func(c *claim, a []string) error {
		b := c.before()
		return octetsAre(a[0], int64(b.sent.Sub(b.acked)))
	}},
	{"{W}'s last {B} had not been acknowledged by {W} when it let go", func(c *claim, a []string) error { return c.by(0, a[0]) }},

	{"{B} of {W}'s data met the closed socket", func(c *claim, a []string) error {
		var n int64
		for i, v := range c.cited {
			n += int64(v.DataLen)
			if err := c.by(i, a[1]); err != nil {
				return err
			}
		}
		if len(c.cited) == flows.MaxRunFrames { // there may be more of them
			return nil
		}
		return octetsAre(a[0], n)
	}},
	{"the request has not ended by its own rules; {B} of it were seen", func(c *claim, a []string) error { return c.bodySeen(a[0]) }},
	{"{W}'s alert{Q}", func(c *claim, a []string) error { return all(c.by(0, a[0]), c.quotes(a[1])) }},

	// Time.
	{"the last data of {W}, {SPAN} before the RST{*}", func(c *claim, a []string) error {
		return all(c.count(2), c.by(0, a[0]), c.gap(a[1], 0, 1))
	}},
	{"nothing was said for {SPAN} before that", silent},
	{"nothing was said for {SPAN} before that, about {SPAN}: a configured time, most likely", silent},
	{"nothing was said for {SPAN} before that, which matches the default of {ANY}", silent},
	{"{SPAN} of silence before it", silent},
	{"{SPAN} of silence before it, which matches the default of {ANY}", silent},
	{"no packet for {SPAN}, then a RST that answers nothing", silent},
	{"no packet for {SPAN}, then a RST that answers nothing; the silence matches the default of {ANY}", silent},
	{"{SPAN} of silence, then {WHAT}", func(c *claim, a []string) error { return all(c.count(2), c.gap(a[0], 0, 1), c.is(1, a[1])) }},
	{"{SPAN} without progress", silent},
	{"{SPAN} without progress: about {SPAN}, most likely a configured limit", silent},
	{"{SPAN} without progress: about {SPAN}, most likely a configured limit; it matches the default of {ANY}", silent},
	{"{SPAN} without progress; it matches the default of {ANY}", silent},
	{"the last that is heard of {W}, {SPAN} before", func(c *claim, a []string) error {
		return all(c.by(0, a[0]), spanIs(a[1], c.reset.Time.Sub(c.cited[0].Time)))
	}},

	// Giving up.
	{"{W} sends {B} of data for the first time", func(c *claim, a []string) error {
		return all(c.by(0, a[0]), octetsAre(a[1], int64(c.cited[0].DataLen)))
	}},
	{"{N} resend{S}, {SPAN} to {SPAN} after the first sending", func(c *claim, a []string) error {
		return all(c.run(a[0]), c.someGap(a[1], c.all), c.someGap(a[2], c.all))
	}},
	{"{N} resend{S} of {*} without an answer", func(c *claim, a []string) error { return c.run(a[0]) }},
	{"{N} window probe{S} of {W}, and the window stays closed", func(c *claim, a []string) error { return all(c.run(a[0]), c.by(0, a[1])) }},
	{"{N} keep-alive probe{S} about {SPAN} apart", func(c *claim, a []string) error {
		every := c.cited[len(c.cited)-1].Time.Sub(c.cited[0].Time) / time.Duration(max(len(c.cited)-1, 1))
		return all(c.run(a[0]), spanIs(a[1], every))
	}},
	{"the biggest segment of {W} that was ever acknowledged has {B}, the lost one {B}", func(c *claim, a []string) error {
		return octetsAre(a[2], int64(c.cited[len(c.cited)-1].DataLen))
	}},
	{"before that {W} acknowledged {B} that the capture does not hold", func(c *claim, a []string) error { return c.by(0, a[0]) }},

	// Other connections.
	{"{W} reset this connection too, {SPAN} later", func(c *claim, a []string) error {
		return all(c.flags(0, flows.RST), same("host", c.cited[0].Src.IP, c.reset.Src.IP), spanIs(a[1], c.cited[0].Time.Sub(c.reset.Time)))
	}},
	{"{W} reset this connection too, {SPAN} earlier", func(c *claim, a []string) error {
		return all(c.flags(0, flows.RST), same("host", c.cited[0].Src.IP, c.reset.Src.IP), spanIs(a[1], c.reset.Time.Sub(c.cited[0].Time)))
	}},
	{"and {N} more connections of it within {SPAN}", func(c *claim, a []string) error {
		streams := map[int]bool{}
		for _, v := range c.w.all {
			if v.Flags.Has(flows.RST) && v.Src.IP == c.reset.Src.IP && v.stream != c.reset.stream && max(v.Time.Sub(c.reset.Time), c.reset.Time.Sub(v.Time)) <= flows.TogetherWindow {
				streams[v.stream] = true
			}
		}
		return all(spanIs(a[1], flows.TogetherWindow), atLeast(a[0], len(streams)-8))
	}},
	{"from then on its port refuses connections ({SPAN} later)", func(c *claim, a []string) error {
		return all(c.flags(0, flows.RST), same("service", c.cited[0].Src, c.reset.Src), c.someGap(a[0], c.all))
	}},
	{"the same from the same client {SPAN} earlier", func(c *claim, a []string) error {
		return all(c.flags(0, flows.RST), spanIs(a[0], c.reset.Time.Sub(c.cited[0].Time)))
	}},
	{"{N} earlier connection{S} of the same client to the same port ended in the same way", func(c *claim, a []string) error { return atLeast(a[0], c.alike()) }},
	{"{N} earlier connection{S} of the same client to the same port ended in the same way, about every {SPAN}", func(c *claim, a []string) error {
		return all(atLeast(a[0], c.alike()), c.someGap(a[1], c.all))
	}},
	{"{W} was refused by {N} different ports of this host in this capture, within {SPAN}", func(c *claim, a []string) error {
		return atLeast(a[1], c.refused(func(v *seen) any { return v.Src.Port }, func(v *seen) bool { return v.Src.IP == c.reset.Src.IP }))
	}},
	{"{W} was refused by port {N} of {N} different hosts in this capture, within {SPAN}", func(c *claim, a []string) error {
		return all(number(a[1], int(c.reset.Src.Port)),
			atLeast(a[2], c.refused(func(v *seen) any { return v.Src.IP }, func(v *seen) bool { return v.Src.Port == c.reset.Src.Port })))
	}},
	{"{N} connections to this port were refused in the capture", func(c *claim, a []string) error {
		streams := map[int]bool{}
		for _, v := range c.w.all {
			if v.Flags.Has(flows.RST|flows.ACK) && v.SEQ == 0 && v.Src == c.reset.Src {
				streams[v.stream] = true
			}
		}
		return atLeast(a[0], len(streams))
	}},

	// Origin.
	{"its TTL {N} is that of {W}'s other packets", func(c *claim, a []string) error {
		return all(c.count(2), number(a[0], int(c.reset.TTL)), number(a[0], int(c.other().TTL)), same("host", c.other().Src.IP, c.reset.Src.IP))
	}},
	{"its TTL is {N}; {W}'s other packets in this connection arrive with {N}", func(c *claim, a []string) error {
		return all(c.count(2), number(a[0], int(c.reset.TTL)), number(a[2], int(c.other().TTL)), same("host", c.other().Src.IP, c.reset.Src.IP))
	}},
	{"its TTL is {N}; {W}'s other packets in its other connections arrive with {N}", func(c *claim, a []string) error {
		other := c.cite(func(v *seen) bool {
			return v.stream != c.reset.stream && v.Src.IP == c.reset.Src.IP && strconv.Itoa(int(v.TTL)) == a[2]
		})
		if other == nil {
			return fmt.Errorf("no such packet is cited")
		}
		return number(a[0], int(c.reset.TTL))
	}},
	{"its TTL {N} is that of {W}'s other packets in its other connections", func(c *claim, a []string) error {
		other := c.cite(func(v *seen) bool { return v.stream != c.reset.stream && v.Src.IP == c.reset.Src.IP })
		if other == nil {
			return fmt.Errorf("no such packet is cited")
		}
		return all(number(a[0], int(c.reset.TTL)), number(a[0], int(other.TTL)))
	}},
	{"its timestamp goes on from {W}'s last one", func(c *claim, a []string) error {
		if d := int32(c.reset.Opts.TSval - c.other().Opts.TSval); d < 0 {
			return fmt.Errorf("it goes back by %d", -d)
		}
		return c.count(2)
	}},
	{"its IP ID {X} goes on where {W}'s last packet stopped ({X})", ids},
	{"its IP ID {X} is out of {W}'s count (last {X})", ids},
	{"its IP ID {X} is copied from the segment it answers", func(c *claim, a []string) error {
		return all(hex(a[0], c.reset.IPID), hex(a[0], c.other().IPID))
	}},
	{"so is its window {N}", func(c *claim, a []string) error { return number(a[0], int(c.reset.WND)) }},
	{"its IP ID is {X}; all of {W}'s other packets have 0", func(c *claim, a []string) error {
		return all(hex(a[0], c.reset.IPID), hex("0x0000", c.other().IPID))
	}},
	{"it follows what it answers by {SPAN}; {W} needs {SPAN} at least to be reached and to answer", func(c *claim, a []string) error {
		return all(c.count(2), c.gap(a[0], 0, 1))
	}},
	{"{W} goes on {*} {SPAN} after its RST, as if nothing had happened", func(c *claim, a []string) error {
		return all(c.count(2), c.by(1, a[0]), c.gap(a[2], 0, 1))
	}},
	{"{W} accepts the connection {SPAN} after the RST that refused it, although nobody asked again", func(c *claim, a []string) error {
		return all(c.count(2), c.by(1, a[0]), c.gap(a[1], 0, 1))
	}},
	{"{W}'s connection had been ended {SPAN} before by a RST of the other side", func(c *claim, a []string) error {
		return all(c.count(2), c.flags(0, flows.RST), c.gap(a[1], 0, 1))
	}},
	{"its sequence number lies {B} beyond all that {W} had sent", func(c *claim, a []string) error {
		return all(c.sender(a[1]), c.apart(a[0], c.before().sent))
	}},
	{"its sequence number lies {B} behind what {W} had already sent, and answers no segment", func(c *claim, a []string) error {
		return all(c.sender(a[1]), c.apart(a[0], c.before().sent))
	}},
	{"further resets in {W}'s name guess sequence numbers up to {B} beyond all that it had sent", nil},
	{"within {SPAN} both ends get a RST in the other's name", func(c *claim, a []string) error {
		return all(c.count(2), c.flags(0, flows.RST), c.flags(1, flows.RST), c.gap(a[0], 0, 1))
	}},
	{"nothing had been said for {SPAN}", silent},
	{"{W} closes without close_notify, {SPAN} after its last data: not as a program does that has said all", func(c *claim, a []string) error {
		return all(c.by(0, a[0]), c.someGap(a[1], c.all))
	}},
	{"it was captured once; of the connection's {N} other packets {N} were captured twice, as on a router that forwards them", nil},
	{"it comes from another Ethernet address ({MAC}) than {W}'s other packets ({MAC})", func(c *claim, a []string) error {
		return all(mac(a[0], c.reset.MAC), mac(a[2], c.other().MAC))
	}},

	{"{W} had opened the connection and not sent anything since, for {SPAN}: what it sent may have been lost on the way", func(c *claim, a []string) error {
		return all(c.count(2), c.by(0, a[0]), c.gap(a[1], 0, 1))
	}},

	// Beside.
	{"{W} goes on resending after this RST ({N} resend{S}): it visibly did not arrive", func(c *claim, a []string) error {
		n := 0
		for _, v := range c.w.all {
			if v.Frame > c.reset.Frame && v.stream == c.reset.stream && v.Src == c.reset.Dst {
				n++
			}
		}
		return atLeast(a[1], n)
	}},
	{"{W} asks again after this RST ({N} resend{S}): it did not arrive, or {W}'s system tries again by itself, as Windows does", func(c *claim, a []string) error {
		n := 0
		for _, v := range c.w.all {
			if v.Frame > c.reset.Frame && v.stream == c.reset.stream && v.Src == c.reset.Dst && v.Flags.Has(flows.SYN) {
				n++
			}
		}
		return atLeast(a[1], n)
	}},
	{"both sides had closed {SPAN} before: {W} itself had nothing left to reset", func(c *claim, a []string) error { return c.someGap(a[0], c.all) }},
	{"MP_TCPRST gives reason {N}: {*} (RFC 8684 §3.6)", func(c *claim, a []string) error { return number(a[0], int(c.reset.Opts.MPTCPReason)) }},
	{"the RST carries the text \"{ANY}\" (RFC 9293 §3.5.3 allows it): devices state their reason there", func(c *claim, a []string) error {
		if !bytes.Contains(c.reset.Payload, []byte(a[0])) {
			return fmt.Errorf("its payload is %q", c.reset.Payload)
		}
		return nil
	}},
	{"ICMP from {ANY} about a {ANY} of this connection: {ANY}", func(c *claim, a []string) error {
		n := c.cited[0].icmp
		if n == nil || n.From.AddrPort().Addr().String() != a[0] {
			return fmt.Errorf("the frame is no ICMP error of this host")
		}
		return nil
	}},
}

// silent checks the silence between the first and the last frame that a sentence cites.
func silent(c *claim, a []string) error {
	if _, who, ok := strings.Cut(c.says, " matches the default of "); ok {
		var near []string
		for _, t := range facts.KnownTimeouts().Near(c.cited[len(c.cited)-1].Time.Sub(c.cited[0].Time)) {
			near = append(near, t.Who)
		}
		if err := same("list of idle times", who, strings.Join(near, "; ")); err != nil {
			return err
		}
	}
	return c.gap(a[0], 0, len(c.cited)-1)
}

// ids checks the IP IDs of the RST and of the other packet.
func ids(c *claim, a []string) error {
	return all(c.count(2), hex(a[0], c.reset.IPID), hex(a[2], c.other().IPID))
}

// all returns the first error.
func all(errs ...error) error {
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return errs[i]
	}
	return nil
}

func same[T comparable](what string, got, want T) error {
	if got != want {
		return fmt.Errorf("%s is %v, not %v", what, got, want)
	}
	return nil
}

func number(said string, true int) error { return same("the number", strconv.Itoa(true), said) }

func hex(said string, true uint16) error {
	return same("the number", fmt.Sprintf("0x%04x", true), said)
}

func mac(said string, a uint64) error {
	return same("address", fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", byte(a>>40), byte(a>>32), byte(a>>24), byte(a>>16), byte(a>>8), byte(a)), said)
}

func atLeast(said string, true int) error {
	if n, _ := strconv.Atoi(said); n > true {
		return fmt.Errorf("%s are said, only %d are there", said, true)
	}
	return nil
}
