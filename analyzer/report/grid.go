package report

import (
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// A grid is a table without lines: columns aligned, two blanks apart.
type grid struct {
	header []string
	right  []int // columns that are aligned to the right
	rows   [][]string
	colors []func(string) string // of each row
}

func (g *grid) row(color func(string) string, cells ...string) {
	g.rows = append(g.rows, cells)
	g.colors = append(g.colors, color)
}

// text prints the table, every line after indent.
func (g *grid) text(s style, indent string) string { return g.paint(s, indent, g.lines()) }

// paint colours lines that g laid out.
func (g *grid) paint(s style, indent string, lines []string) string {
	var b strings.Builder
	for i, line := range lines {
		if i == 0 {
			line = s.dim(line)
		} else {
			line = g.colors[i-1](line)
		}
		b.WriteString(indent + line + "\n")
	}
	return b.String()
}

// lines lays the table out, the header first. Colours are none of its business: they go around lines.
func (g *grid) lines() []string {
	align := make(tw.Alignment, len(g.header))
	for i := range align {
		align[i] = tw.AlignLeft
		if slices.Contains(g.right, i) {
			align[i] = tw.AlignRight
		}
	}
	var b strings.Builder
	t := tablewriter.NewTable(&b,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		})),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithPadding(tw.Padding{Right: "  ", Overwrite: true}),
		tablewriter.WithAlignment(align),
	)
	t.Header(g.header)
	for _, r := range g.rows {
		if err := t.Append(r); err != nil {
			panic(err) // a row of strings can always be appended
		}
	}
	if err := t.Render(); err != nil {
		panic(err) // and written to memory
	}
	lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}
