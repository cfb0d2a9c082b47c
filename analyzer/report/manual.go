package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/rstexplain/rstexplain/rules"
)

// causeWords tell each cause in a line: the situation of the stack that sent the RST.
var causeWords = map[rules.Cause]string{
	rules.ClosedPort:        "It was asked to open a connection that nothing there accepts.",
	rules.PeerCrash:         "It had let go of the connection with unfinished business.",
	rules.UnknownConnection: "A segment reached it for a connection that it does not have.",
	rules.RetransmitTimeout: "It gave up on a peer that stopped answering.",
	rules.FastClose:         "It released the connection on purpose, and nothing was left undone.",
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

// RuleText prints all about one rule for a terminal.
func RuleText(w io.Writer, r *rules.Rule, opts TextOptions) error {
	p := newPage(opts)
	var b strings.Builder
	b.WriteString(p.style.bold(r.ID) + p.style.dim(fmt.Sprintf("  %s, usually %s", r.Cause, r.Severity)) + "\n")
	b.WriteString(p.wrap("", r.Doc.Title))
	for _, part := range ruleParts {
		b.WriteString("\n" + p.style.bold(part.heading) + "\n" + p.wrap("  ", part.text(&r.Doc)))
	}
	b.WriteString("\n" + p.style.bold("Standard") + "\n" + p.wrap("  ", strings.Join(r.RFC, ", ")))
	_, err := io.WriteString(w, b.String())
	return err
}

// CausesPage writes docs/causes.md: every cause, and all about every rule.
func CausesPage(w io.Writer, list []*rules.Rule) error {
	var b strings.Builder
	b.WriteString("<!-- Made from the rules by go test -update ./cmd/rstexplain; do not edit. -->\n\n# Why a RST was sent\n\n" +
		"Every RST gets one of five causes, which answers why the stack that sent it did so, and one of these details:\n\n" +
		"| cause | the sender's situation | details |\n|---|---|---|\n")
	for _, cause := range rules.Causes {
		var links []string
		for _, r := range list {
			if r.Cause == cause {
				links = append(links, "["+r.ID+"](#"+r.ID+")")
			}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", cause, causeWords[cause], strings.Join(links, ", "))
	}
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
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
