package analyzer

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rstexplain/rstexplain/flows"
)

// side names the sender of a packet of the RST's connection.
func (c *claim) side(v *seen) string {
	if v.Src.String() == c.r.Originator {
		return "client"
	}
	return "server"
}

// count checks how many frames the sentence cites.
func (c *claim) count(n int) error { return same("number of cited frames", len(c.cited), n) }

// sender checks that the RST is of this side.
func (c *claim) sender(side string) error { return same("sender of the RST", c.side(c.reset), side) }

// by checks who sent the i-th cited frame.
func (c *claim) by(i int, side string) error {
	if i >= len(c.cited) {
		return fmt.Errorf("it cites %d frames only", len(c.cited))
	}
	return same(fmt.Sprintf("sender of frame %d", c.cited[i].Frame), c.side(c.cited[i]), side)
}

// flags checks that the i-th cited frame has control bits.
func (c *claim) flags(i int, want flows.Flags) error {
	if i >= len(c.cited) {
		return fmt.Errorf("it cites %d frames only", len(c.cited))
	}
	if v := c.cited[i]; !v.Flags.Has(want) {
		return fmt.Errorf("frame %d has %v, not %v", v.Frame, v.Flags, want)
	}
	return nil
}

// gap checks the time from one cited frame to another.
func (c *claim) gap(span string, from, to int) error {
	if max(from, to) >= len(c.cited) {
		return fmt.Errorf("it cites %d frames only", len(c.cited))
	}
	return spanIs(span, c.cited[to].Time.Sub(c.cited[from].Time))
}

// sinceRoot checks the time of the first cited frame after (1) or before (−1) the first RST of the event.
func (c *claim) sinceRoot(span string, sign int) error {
	for _, root := range c.all {
		d := c.cited[0].Time.Sub(root.Time)
		if sign < 0 {
			d = -d
		}
		if root != c.reset && root.Flags.Has(flows.RST) && spanIs(span, d) == nil {
			return nil
		}
	}
	return fmt.Errorf("no earlier RST is cited that came at this time")
}

// resetLast returns the cited frames with the RST at the end: a capture on several interfaces can hold the
// answer before its cause.
func (c *claim) resetLast() []*seen {
	if len(c.cited) == 2 && c.cited[0] == c.reset {
		return []*seen{c.cited[1], c.cited[0]}
	}
	return c.cited
}

// answers checks the numbers of a reply (RFC 9293 §3.10.7.1).
func (c *claim) answers(trigger *seen) error {
	if c.reset.Flags.Has(flows.ACK) {
		return same("SEG.ACK", c.reset.ACK, trigger.End())
	}
	return same("SEG.SEQ", c.reset.SEQ, trigger.ACK)
}

// is checks that the i-th cited frame is the segment that the words name.
func (c *claim) is(i int, what string) error {
	if i >= len(c.cited) {
		return fmt.Errorf("it cites %d frames only", len(c.cited))
	}
	v := c.cited[i]
	side, kind, _ := strings.Cut(strings.ToLower(what)[len("the "):], "'s ")
	kind, resent := strings.CutPrefix(kind, "resent ")
	var err error
	switch m := regexp.MustCompile(`^data \((.*)\)( and fin)?$`).FindStringSubmatch(kind); {
	case m != nil:
		err = all(octetsAre(m[1], int64(v.DataLen)), same("FIN", v.Flags.Has(flows.FIN), m[2] != ""))
	case kind == "syn-ack":
		err = c.flags(i, flows.SYN|flows.ACK)
	case kind == "syn", kind == "fin":
		err = c.flags(i, map[string]flows.Flags{"syn": flows.SYN, "fin": flows.FIN}[kind])
	case kind == "ack", kind == "challenge ack":
		err = all(same("length", v.LEN(), 0), c.flags(i, flows.ACK))
	case kind == "segment without ack":
		err = same("ACK", v.Flags.Has(flows.ACK), false)
	case kind == "keep-alive probe":
		err = atMost(v.DataLen, 1)
	}
	if resent && err == nil && !slices.ContainsFunc(c.w.all, func(o *seen) bool {
		return o.Frame < v.Frame && o.stream == v.stream && o.Src == v.Src && o.LEN() > 0 && o.End().Sub(v.SEQ) > 0
	}) {
		err = fmt.Errorf("nothing of it was sent before")
	}
	return all(c.by(i, side), err)
}

func atMost(n, limit uint32) error {
	if n > limit {
		return fmt.Errorf("it has %d octets", n)
	}
	return nil
}

// A standing is how far the RST's sender had come before the RST: the end of what it had sent, and of what
// the other side had acknowledged.
type standing struct {
	sent, acked   flows.Seq
	known, anyACK bool
}

func (c *claim) before() (b standing) {
	for _, v := range c.w.all {
		if v.Frame >= c.reset.Frame || v.stream != c.reset.stream || v.Flags&flows.RST != 0 {
			continue
		}
		switch {
		case v.Src == c.reset.Src:
			if !b.known || v.End().Sub(b.sent) > 0 {
				b.sent, b.known = v.End(), true
			}
		case v.Flags.Has(flows.ACK):
			if !b.anyACK || v.ACK.Sub(b.acked) > 0 {
				b.acked, b.anyACK = v.ACK, true
			}
		}
	}
	if b.anyACK && (!b.known || b.acked.Sub(b.sent) > 0) {
		b.sent, b.known = b.acked, true
	}
	return b
}

// apart checks how far the RST's sequence number is from another.
func (c *claim) apart(octets string, from flows.Seq) error {
	d := int64(c.reset.SEQ.Sub(from))
	return octetsAre(octets, max(d, -d))
}

// other returns the cited frame that is not the RST, the RST itself without one.
func (c *claim) other() *seen {
	for _, v := range c.cited {
		if v != c.reset {
			return v
		}
	}
	return c.reset
}

// cite returns a frame of any of the sentences that is like this.
func (c *claim) cite(like func(*seen) bool) *seen {
	if i := slices.IndexFunc(c.all, like); i >= 0 {
		return c.all[i]
	}
	return nil
}

// synsBefore counts the SYNs of the same connection and side as syn, up to the RST, copies left out.
func (c *claim) synsBefore(syn *seen) int {
	ids := map[string]bool{}
	for _, v := range c.w.all {
		if v.Frame < c.reset.Frame && v.stream == syn.stream && v.Src == syn.Src && v.Flags.Has(flows.SYN) {
			ids[fmt.Sprint(v.SEQ, v.IPID, v.Opts.TSval)] = true
		}
	}
	return len(ids)
}

// run checks a number of resends or probes: all are cited, up to the dozen that a run keeps, and they say
// the same.
func (c *claim) run(n string) error {
	want, _ := strconv.Atoi(n)
	for i, v := range c.cited {
		if v.SEQ != c.cited[0].SEQ {
			return fmt.Errorf("frame %d begins at another sequence number than frame %d", v.Frame, c.cited[0].Frame)
		}
		if err := c.by(i, c.side(c.cited[0])); err != nil {
			return err
		}
	}
	return same("number of cited frames", len(c.cited), min(want, flows.MaxRunFrames))
}

// refused counts what refused the RST's receiver.
func (c *claim) refused(what func(*seen) any, like func(*seen) bool) int {
	out := map[any]bool{}
	for _, v := range c.w.all {
		if v.Flags.Has(flows.RST|flows.ACK) && v.SEQ == 0 && v.Dst.IP == c.reset.Dst.IP && like(v) {
			out[what(v)] = true
		}
	}
	return len(out)
}

// alike counts the connections before the RST that the same client opened to the same port and reset.
func (c *claim) alike() int {
	streams := map[int]bool{}
	for _, v := range c.w.all {
		if v.Frame < c.reset.Frame && v.stream != c.reset.stream && v.Flags.Has(flows.RST) && v.Src.IP == c.reset.Src.IP && v.Dst == c.reset.Dst {
			streams[v.stream] = true
		}
	}
	return len(streams)
}

// quotes checks that the words in parentheses are those of a cited frame. What a protocol's messages are
// called is no quotation; it has no digits but those of an alert.
func (c *claim) quotes(q string) error {
	text := strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(q, " ("), ")"), "…")
	for _, v := range c.cited {
		if bytes.Contains(v.Payload, []byte(text)) {
			return nil
		}
		if m := regexp.MustCompile(`^alert: \w+ \((\d+)\)$`).FindStringSubmatch(text); m != nil {
			code, _ := strconv.Atoi(m[1])
			if bytes.HasSuffix(v.Payload, []byte{byte(code)}) || bytes.Contains(v.Payload, []byte{2, 2, byte(code)}) || bytes.Contains(v.Payload, []byte{2, 1, byte(code)}) {
				return nil
			}
		}
	}
	if strings.ContainsAny(text, "0123456789") && !strings.HasPrefix(text, "HTTP/2 ") { // whose status is packed (RFC 7541)
		return fmt.Errorf("%q is in none of the cited frames", text)
	}
	return nil
}

// contentLength checks the length that a message announces: as text in a cited frame, where it is text.
func (c *claim) contentLength(octets string) error {
	for _, v := range c.cited {
		if m := regexp.MustCompile(`(?i)\r\nContent-Length: *([0-9]+)`).FindSubmatch(v.Payload); m != nil {
			n, _ := strconv.ParseInt(string(m[1]), 10, 64)
			return octetsAre(octets, n)
		}
	}
	return fmt.Errorf("no cited frame announces a length")
}

// bodySeen checks how much of a message's body was seen before the RST's sender let go: all that its sender
// sent from the cited frame on, less the header.
func (c *claim) bodySeen(octets string) error {
	head := c.cited[0]
	at := bytes.Index(head.Payload, []byte("\r\n\r\n"))
	if at < 0 {
		return nil
	}
	from := head.SEQ.Add(uint32(at) + 4)
	var least, most int32
	for _, v := range c.w.all {
		if v.stream != head.stream || v.Src != head.Src || v.DataLen == 0 {
			continue
		}
		end := v.SEQ.Add(v.DataLen).Sub(from)
		if v.Frame < c.letGo() {
			least = max(least, end)
		}
		if v.Frame < c.reset.Frame {
			most = max(most, end)
		}
	}
	if octetsAre(octets, int64(least)) == nil {
		return nil
	}
	if bytes.Contains(head.Payload[:at], []byte("chunked")) { // less the headers of chunks, which nobody announces
		for _, n := range []int32{least, most} {
			for less := range n / 20 {
				if octetsAre(octets, int64(n-less)) == nil {
					return nil
				}
			}
		}
	}
	return octetsAre(octets, int64(most))
}

// letGo returns the frame of the first FIN or RST of the RST's sender.
func (c *claim) letGo() int {
	for _, v := range c.w.all {
		if v.stream == c.reset.stream && v.Src == c.reset.Src && v.Flags&(flows.FIN|flows.RST) != 0 {
			return v.Frame
		}
	}
	return c.reset.Frame
}
