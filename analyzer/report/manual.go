package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/rstexplain/rstexplain/rules"
)

// causeWords describe each cause in a line: the situation of the TCP that sent the RST.
var causeWords = map[rules.Cause]string{
	rules.ClosedPort:        "It was asked to open a connection that nothing there accepts.",
	rules.PeerCrash:         "It had closed or lost the connection in mid-exchange.",
	rules.UnknownConnection: "A segment reached it for a connection that it does not have.",
	rules.RetransmitTimeout: "It gave up on a peer that stopped answering.",
	rules.FastClose:         "It ended the connection on purpose, and no exchange was lost.",
}

// ruleParts are the parts of a rule's documentation, with their headings.
var ruleParts = []struct {
	heading string
	text    func(*rules.Doc) string
}{
	{"What happened", func(d *rules.Doc) string { return d.Happened }},
	{"How it is recognised", func(d *rules.Doc) string { return d.Recognised }},
	{"What looks the same", func(d *rules.Doc) string { return d.LookAlikes }},
	{"What the application prints", func(d *rules.Doc) string { return d.Prints }},
	{"What to do", func(d *rules.Doc) string { return d.Remedy }},
	{"What cannot be known", func(d *rules.Doc) string { return d.Limits }},
}

// RuleList lists the details that a reset can have, by cause, for a terminal.
func RuleList(w io.Writer, list []*rules.Rule, opts TextOptions) error {
	p := newPage(opts)
	var b strings.Builder
	longest := 0
	for _, r := range list {
		longest = max(longest, len(r.ID))
	}
	for i, cause := range rules.Causes {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(p.style.bold(string(cause)) + "  " + p.style.dim(causeWords[cause]) + "\n")
		for _, r := range list {
			if r.Cause == cause {
				pad := strings.Repeat(" ", longest+4)
				b.WriteString("  " + padded(r.ID, longest+2) + strings.TrimPrefix(p.wrap(pad, r.Doc.Title), pad))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// paragraphs wraps each paragraph of s.
func (p page) paragraphs(indent, s string) string {
	var b strings.Builder
	for _, paragraph := range strings.Split(strings.TrimRight(s, "\n"), "\n") {
		b.WriteString(p.wrap(indent, paragraph))
	}
	return b.String()
}

// RuleText prints the documentation of a rule for a terminal.
func RuleText(w io.Writer, r *rules.Rule, opts TextOptions) error {
	p := newPage(opts)
	var b strings.Builder
	b.WriteString(p.style.bold(r.ID) + p.style.dim(fmt.Sprintf("  %s, usually %s", r.Cause, r.Severity)) + "\n")
	b.WriteString(p.wrap("", r.Doc.Title))
	for _, part := range ruleParts {
		b.WriteString("\n" + p.style.bold(part.heading) + "\n" + p.paragraphs("  ", part.text(&r.Doc)))
		if part.heading == "What the application prints" {
			for _, s := range rules.ErrorsOf(r) {
				b.WriteString(p.wrap("  ", "Where "+s.When+":"))
				for _, x := range s.Prints {
					b.WriteString(p.wrap("    ", x.Program+": "+x.Says))
				}
			}
		}
	}
	b.WriteString("\n" + p.style.bold("Standard") + "\n" + p.wrap("  ", strings.Join(r.RFC, ", ")))
	_, err := io.WriteString(w, b.String())
	return err
}

// readLadder explains how to read a ladder.
const readLadder = `Each detail comes with an example from a capture of testdata, drawn as a ladder: one line a segment, with its
frame number and the time since the line before. The originator (the client) is on the left and the responder (the
server) on the right, each with the state that the segment puts it in; the arrow points to the receiver. SEQ and ACK
are relative to each side's first sequence number, LEN is bytes of data. On the right margin stand the trigger, which
is the segment that the RST answers, and the reset itself.

Two questions decide most of it. *Does the RST answer a segment?* A reply takes its sequence number from the
ACK of the segment that it answers, has no ACK and a window of 0; a RST by which a program or its system aborts a
connection has ACK, the sender's own next sequence number and often a window (RFC 9293 §3.5.2, §3.10.7).
*Was an exchange unfinished when the sender closed the connection?* A request without an answer, a response cut short,
data in flight: an exchange was lost. Nothing of that: the RST is only an abrupt close, and harmless.
`

// CausesPage writes docs/causes.md: every cause and the documentation of every rule, with a ladder of the reset that
// example returns for its ID, if it is not nil.
func CausesPage(w io.Writer, list []*rules.Rule, example func(id string) *Reset) error {
	var b strings.Builder
	b.WriteString("<!-- Made from the rules by go test -update ./cmd/rstexplain; do not edit. -->\n\n# Why a RST " +
		"was sent\n\nEvery RST gets one of five causes, which answers why the stack that sent it did so, and one of " +
		"these details:\n\n| cause | the sender's situation | details |\n|---|---|---|\n")
	for _, cause := range rules.Causes {
		var links []string
		for _, r := range list {
			if r.Cause == cause {
				links = append(links, "["+r.ID+"](#"+r.ID+")")
			}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", cause, causeWords[cause], strings.Join(links, ", "))
	}
	b.WriteString("\n## How to read an example\n\n" + readLadder)
	for _, cause := range rules.Causes {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", cause, causeWords[cause])
		for _, r := range list {
			if r.Cause != cause {
				continue
			}
			fmt.Fprintf(&b, "\n### %s\n\n**%s** (usually %s; %s)\n", r.ID, r.Doc.Title, r.Severity, strings.Join(r.RFC, ", "))
			for _, part := range ruleParts {
				fmt.Fprintf(&b, "\n*%s.* %s\n", part.heading, strings.Join(strings.Fields(part.text(&r.Doc)), " "))
			}
			if e := example(r.ID); e != nil {
				ladder := newPage(TextOptions{Width: 110}).ladder(e)
				fmt.Fprintf(&b, "\n*An example*, frame %d of [testdata/%s/capture.pcapng](../testdata/%s/README.md): "+
					"%s\n\n```\n%s\n```\n",
					e.Frame, r.ID, r.ID, strings.Join(strings.Fields(e.Summary), " "), strings.TrimRight(ladder, "\n"))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
