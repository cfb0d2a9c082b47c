package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// CompareMarkdown renders a comparison for tickets. It fits an issue: what does not fit is left out and counted.
func CompareMarkdown(w io.Writer, c *Comparison) error {
	b := bufio.NewWriter(w)
	n := 0
	add := func(s string) { n += len([]rune(s)); b.WriteString(s) }
	add("## Why these connections were reset\n\n")
	shown := *c
	shown.Vantages = append([]VantagePoint(nil), c.Vantages...)
	for i := range shown.Vantages {
		shown.Vantages[i].Path = ticketPath(shown.Vantages[i].Path)
	}
	for _, line := range append(shown.head(), shown.limits()...) {
		add("- " + markdownCell(line) + "\n")
	}
	add("\n| seen | connection | cause | sent by |\n|---|---|---|---|\n")
	left := 0
	for i := range c.Resets {
		r := &c.Resets[i]
		row := fmt.Sprintf("| %s | %s | %s · %s, %s | %s |\n", markdownText(r.where()), markdownText(r.Originator+
			" → "+r.Responder), r.Cause, markdownText(r.Detail), percent(r.Confidence), markdownText(r.sentBy()))
		if n+len(row) > tableBytes {
			left++
			continue
		}
		add(row)
	}
	for i := range c.Resets {
		r := &c.Resets[i]
		s := r.markdown(c)
		if n+len([]rune(s)) > MarkdownMax-leftOutRoom {
			left++
			continue
		}
		add(s)
	}
	if left > 0 {
		add(fmt.Sprintf("\nLeft out to fit an issue: %s. The JSON has all.\n", counted(left,
			"row or section", "rows and sections")))
	}
	return b.Flush()
}

// markdown prints a RST as a folded section.
func (r *SharedReset) markdown(c *Comparison) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n<details><summary>%s: %s · %s</summary>\n\n", markdownText(r.where()), r.Cause,
		markdownText(r.Detail))
	b.WriteString(markdownCell(r.Says+" "+r.Verdict()) + "\n\n")
	for _, k := range r.Shows {
		b.WriteString("- " + markdownCell(k.Says) + "\n")
	}
	for _, a := range r.Alone {
		b.WriteString("- " + markdownCell(a.says()) + "\n")
	}
	if r.Remedy != "" {
		b.WriteString("\n" + markdownCell(r.Remedy) + "\n")
	}
	if s := lanes(c, r); s != "" {
		b.WriteString("\n```\n" + strings.ReplaceAll(s, "```", "'''") + "```\n")
	}
	b.WriteString("\n</details>\n")
	return b.String()
}
