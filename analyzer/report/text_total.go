package report

import (
	"fmt"
	"strings"
)

// total summarises all files.
func (p page) total(t *Total) string {
	var b strings.Builder
	b.WriteString("\n" + p.style.dim(strings.Repeat("═", p.width)) + "\n")
	b.WriteString(p.style.bold("Total") + "\n" + p.wrap("", t.lead()))
	for _, table := range t.tables() {
		if len(table.rows) == 0 {
			continue
		}
		n := len(table.header)
		g := grid{header: append(table.header, "Resets", "Findings", "Captures", "Severity",
			"Example"), right: []int{n, n + 1, n + 2}}
		for i := range table.rows {
			s := &table.rows[i]
			row := append(cleaned(table.name(s)), thousands(s.Resets), thousands(s.Findings), thousands(s.Files),
				Clean(s.Severities.cell(s.Severity)), s.Example.mark()+" "+Clean(s.Example.Path))
			g.row(p.style.severity(s.Severity), row...)
		}
		b.WriteString("\n" + p.fitted(&g, n, func(i int) (string, []string) {
			s := &table.rows[i]
			return strings.Join(table.name(s), nameDot), append(sumCounts(s.Resets, s.Findings),
				"in "+counted(s.Files, "capture", "captures"),
				s.Severities.cell(s.Severity), s.Example.mark()+" "+s.Example.Path)
		}))
		if more := table.count - len(table.rows); more > 0 {
			b.WriteString(fmt.Sprintf("  and %s more\n", thousands(more)))
		}
	}
	return b.String()
}
