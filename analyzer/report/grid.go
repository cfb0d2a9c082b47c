package report

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// A grid is a table without lines: aligned columns, two blanks apart.
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

// tableIndent is the indent of tables.
const tableIndent = "  "

// nameDot separates the parts of a name.
const nameDot = " · "

// fitted prints g. If it is too wide for the page, its last column is cut at the front; if that is not enough, the rows
// become a list under the headers of the first columns, with the name and the details that item returns.
func (p page) fitted(g *grid, names int, item func(row int) (name string, details []string)) string {
	lines := g.lines()
	if over := len(tableIndent) + longest(lines) - p.width; over > 0 && g.cutLast(over) {
		lines = g.lines()
	}
	if len(tableIndent)+longest(lines) <= p.width {
		return g.paint(p.style, tableIndent, lines)
	}
	var b strings.Builder
	b.WriteString(tableIndent + p.style.dim(strings.Join(g.header[:names], nameDot)) + "\n")
	for i := range g.rows {
		name, details := item(i)
		b.WriteString(g.colors[i](strings.TrimSuffix(p.wrap(tableIndent, name), "\n")) + "\n")
		b.WriteString(p.wrap(tableIndent+tableIndent, strings.Join(details, nameDot)))
	}
	return b.String()
}

// leastCut is the width to which the last column of a table may be cut.
const leastCut = 24

// cutLast narrows the last column by over columns and reports whether it is wide enough for that.
func (g *grid) cutLast(over int) bool {
	last, widest := len(g.header)-1, 0
	for _, r := range g.rows {
		widest = max(widest, width(r[last]))
	}
	if widest-over < leastCut {
		return false
	}
	for _, r := range g.rows {
		r[last] = cutFront(r[last], widest-over)
	}
	return true
}

// cutFront shortens "#7 a/long/path" to n columns, keeping the end of the path.
func cutFront(s string, n int) string {
	if width(s) <= n {
		return s
	}
	frame, path, _ := strings.Cut(s, " ")
	for path != "" && width(frame)+2+width(path) > n {
		_, size := utf8.DecodeRuneInString(path)
		path = path[size:]
	}
	return frame + " …" + path
}

// cleaned is Clean for several texts.
func cleaned(texts []string) []string {
	for i := range texts {
		texts[i] = Clean(texts[i])
	}
	return texts
}

// sumCounts lists a number of resets, and that of findings if it is different.
func sumCounts(resets, findings int) []string {
	counts := []string{counted(resets, "reset", "resets")}
	if findings < resets {
		counts = append(counts, counted(findings, "finding", "findings"))
	}
	return counts
}

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

// lines lays the table out, the header first, without colours.
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
		})), tablewriter.WithHeaderAutoFormat(tw.Off), tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone), tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithPadding(tw.Padding{Right: "  ", Overwrite: true}), tablewriter.WithAlignment(align),
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
