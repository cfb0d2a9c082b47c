package report

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/rstexplain/rstexplain/rules"
)

// CompareText renders a comparison for a terminal.
func CompareText(w io.Writer, c *Comparison, opts TextOptions) error {
	b := bufio.NewWriter(w)
	p := newPage(opts)
	for _, line := range c.head() {
		b.WriteString(p.wrap("", line))
	}
	for _, line := range c.limits() {
		b.WriteString(p.field("Note", line))
	}
	for i := range c.Resets {
		b.WriteString(p.shared(c, &c.Resets[i]))
	}
	if len(c.Resets) == 0 {
		b.WriteString("No TCP connection was reset in these captures.\n")
	}
	return b.Flush()
}

// head says what was compared.
func (c *Comparison) head() []string {
	var lines []string
	for _, v := range c.Vantages {
		s := fmt.Sprintf("%s: %s · %s packets · %s · %s", v.Name, v.Path, thousands(v.Packets), counted(v.Connections,
			"connection", "connections"), counted(v.ResetCount, "RST", "RSTs"))
		switch {
		case v.Offset == nil:
			s += " · how its clock differs is not known"
		case *v.Offset != 0 || *v.Uncertainty != 0:
			s += fmt.Sprintf(" · clock %+.3f ms ± %.3f ms", *v.Offset, *v.Uncertainty)
			if v.Drift != 0 {
				s += fmt.Sprintf(", drift %+.2f ppm", v.Drift)
			}
		}
		lines = append(lines, s)
	}
	s := fmt.Sprintf("Path: %s. In more than one capture: %s", strings.Join(c.Path, " – "), counted(c.Connections.Paired,
		"connection", "connections"))
	for _, v := range c.Vantages {
		if n := c.Connections.Only[v.Name]; n > 0 {
			s += fmt.Sprintf("; only at %s: %d", v.Name, n)
		}
	}
	if n := c.Connections.Relayed; n > 0 {
		s += fmt.Sprintf("; the same request in two connections, relayed by a proxy: %d", n)
	}
	if c.Connections.Doubtful > 0 {
		s += fmt.Sprintf("; not paired, because several fit equally well: %d", c.Connections.Doubtful)
	}
	lines = append(lines, s+".")
	for _, t := range c.Stretches {
		if t.Lost > 0 {
			lines = append(lines, fmt.Sprintf("From %s to %s: %s of %s packets did not arrive, %s of them "+
				"with data.", t.From, t.To, thousands(t.Lost), thousands(t.Sent), thousands(t.Data)))
		}
	}
	return lines
}

// limits lists what could not be read or compared.
func (c *Comparison) limits() []string {
	var lines []string
	for _, w := range c.Warnings {
		lines = append(lines, w.String())
		if w.Hint != "" {
			lines[len(lines)-1] += ". " + capitalized(w.Hint)
		}
	}
	for _, v := range c.Vantages {
		for _, w := range v.Warnings {
			lines = append(lines, v.Name+": "+w.String())
		}
	}
	return lines
}

// where names the packets of a RST: "#12 at client, #9 at server".
func (r *SharedReset) where() string {
	var list []string
	for _, s := range r.Seen {
		list = append(list, fmt.Sprintf("#%d at %s", s.Frame, s.At))
	}
	return strings.Join(list, ", ")
}

// sentBy says who sent the RST, and whether that is proven.
func (r *SharedReset) sentBy() string {
	who, proven := "the "+r.Sender, "not proven"
	if r.Origin == rules.OriginMiddlebox {
		who = "a device, in the name of the " + r.Sender
	} else if r.Origin == rules.OriginUnknown {
		who = "the " + r.Sender + " or a device in its name"
	}
	if r.Proven {
		proven = "proven"
	}
	s := fmt.Sprintf("sent by %s (%s); made at: %s", who, proven, r.MadeAt)
	for _, o := range r.Other {
		s += fmt.Sprintf("; at %s its addresses are %s → %s (NAT)", o.At, o.Originator, o.Responder)
	}
	return s
}

// shared prints a RST.
func (p page) shared(c *Comparison, r *SharedReset) string {
	var b strings.Builder
	b.WriteString(p.rule())
	title := p.style.bold(r.where())
	b.WriteString(title + "   " + p.style.severity(r.Severity)(fmt.Sprintf("%s · %s · %s", r.Cause, r.Detail,
		percent(r.Confidence))) + "\n")
	b.WriteString(p.wrap("", fmt.Sprintf("%s → %s · %s", r.Originator, r.Responder, r.sentBy())))
	b.WriteString(p.wrap("", "at "+r.Reset.Time.Std().Format("2006-01-02 15:04:05.000000")+" UTC by the clock of "+r.At))
	b.WriteString("\n" + p.wrap("", r.Says+" "+r.Verdict()))
	if r.Repeats != 0 { // its evidence and its packets are the first one's; JSON has all of them
		return b.String()
	}
	b.WriteString("\n")
	label := "Together"
	for _, k := range r.Shows {
		b.WriteString(p.field(label, k.Says))
		label = ""
	}
	label = "At " + clipped(r.At, gutter-4)
	for _, e := range r.Evidence {
		b.WriteString(p.hang(label, e.marks(), e.Says, 4))
		label = ""
	}
	label = "Alone"
	for _, a := range r.Alone {
		b.WriteString(p.field(label, a.says()))
		label = ""
	}
	for _, a := range r.Alternatives {
		if a.Confidence >= 0.01 {
			b.WriteString(p.field("Alternative", fmt.Sprintf("%s  %s: %s", percentLeft(a.Confidence), a.Cause, a.WhyNot)))
		}
	}
	b.WriteString(p.field("To confirm", r.next(c)))
	b.WriteString(p.field("Remedy", r.Remedy))
	if s := lanes(c, r); s != "" {
		b.WriteString("\n" + s)
	}
	return b.String()
}

// says tells what one capture alone says.
func (a *AloneView) says() string {
	verdict := "wrong, "
	switch {
	case a.Confirmed:
		verdict = "right, "
	case a.Right:
		verdict = ""
	case a.Open:
		verdict = "left open, "
	}
	return fmt.Sprintf("%s (#%d) says %s · %s, origin %s: %s%s", a.At, a.Frame, a.Cause, a.Detail, a.Origin, verdict,
		a.Why)
}

// next says what to capture to decide what stays open.
func (r *SharedReset) next(c *Comparison) string {
	switch {
	case r.Proven:
		return ""
	case strings.HasPrefix(r.MadeAt, "beyond "):
		return "capture on the host of the " + r.Sender + " itself"
	case r.MadeAt == "unknown":
		return "capture the connection at both of its ends at the same time"
	case strings.HasPrefix(r.MadeAt, "between "):
		return "capture longer, so that the captures show that they lose nothing; and on the device in between, on both " +
			"of its sides"
	}
	return r.CaptureNext
}

// CompareJSON renders a comparison as JSON, one reset per line.
func CompareJSON(w io.Writer, c *Comparison) error {
	b := bufio.NewWriter(w)
	head := *c
	head.Resets = []SharedReset{}
	text, err := sharedJSON(&head)
	if err != nil {
		return err
	}
	// The resets come last but for the warnings, each in a line.
	before, after, _ := bytes.Cut(text, []byte(`"resets":[]`))
	b.Write(before)
	b.WriteString("\"resets\":[")
	for i := range c.Resets {
		line, err := sharedJSON(&c.Resets[i])
		if err != nil {
			return err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
		b.Write(line)
	}
	b.WriteString("\n]")
	b.Write(after)
	b.WriteByte('\n')
	return b.Flush()
}

func sharedJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// CompareJSONL renders a comparison as JSON Lines: each reset is a line.
func CompareJSONL(w io.Writer, c *Comparison) error {
	b := bufio.NewWriter(w)
	for i := range c.Resets {
		line, err := sharedJSON(&c.Resets[i])
		if err != nil {
			return err
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	return b.Flush()
}

// CompareCSV renders a comparison for spreadsheets: a row per reset, with a column for its frame in each capture.
func CompareCSV(w io.Writer, c *Comparison) error {
	t := csv.NewWriter(w)
	row := []string{"time", "originator", "responder", "sender", "origin", "proven",
		"made_at", "cause", "detail", "confidence", "severity", "at", "verdict", "summary"}
	for _, v := range c.Vantages {
		row = append(row, inert("frame_at_"+v.Name))
	}
	if err := t.Write(row); err != nil {
		return err
	}
	for i := range c.Resets {
		r := &c.Resets[i]
		row = append(row[:0], r.Reset.Time.Std().Format(timeLayout), r.Originator, r.Responder, r.Sender,
			string(r.Origin), strconv.FormatBool(r.Proven), r.MadeAt, string(r.Cause), r.Detail,
			strconv.FormatFloat(r.Confidence, 'f', 3, 64), string(r.Severity), r.At, r.Says, r.Summary)
		for _, v := range c.Vantages {
			var frames []string
			for _, s := range r.Seen {
				if s.At == v.Name {
					frames = append(frames, strconv.Itoa(s.Frame))
				}
			}
			row = append(row, strings.Join(frames, " "))
		}
		for n := range row {
			row[n] = inert(row[n])
		}
		if err := t.Write(row); err != nil {
			return err
		}
	}
	t.Flush()
	return t.Error()
}

// capitalized returns s with its first letter in upper case.
func capitalized(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
