package report

import (
	"bytes"
	_ "embed"
	"html/template"
	"io"
	"strings"
	"sync"
)

//go:embed web/compare.html
var compareSource string

var compareTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("compare").Funcs(template.FuncMap{"class": cssName,
		"percent": percent}).Parse(compareSource))
})

// maxComparePage is how many resets of a comparison a page shows in full.
const maxComparePage = 500

// CompareHTML renders a comparison as one self-contained page without scripts.
func CompareHTML(w io.Writer, c *Comparison) error {
	type finding struct {
		*SharedReset
		Where, SentBy, Text, Lanes, Next, CauseClass, SeverityClass, Percent string
		Alone                                                                []string
	}
	page := struct {
		Policy         string
		Generator      string
		Style          template.HTML
		Head, Limits   []string
		Resets         []finding
		LeftOut, Total int
	}{
		Policy: "default-src 'none'; style-src " + hashOf(htmlStyle), Generator: c.Generator,
		Style: template.HTML("<style>" + htmlStyle + "</style>"), Head: c.head(), Limits: c.limits(), Total: len(c.Resets),
	}
	for i := range c.Resets {
		r := &c.Resets[i]
		if i == maxComparePage {
			page.LeftOut = len(c.Resets) - i
			break
		}
		f := finding{SharedReset: r, Where: r.where(), SentBy: r.sentBy(), Text: r.Says + " " + r.Verdict(),
			Lanes: lanes(c, r), Next: r.next(c),
			CauseClass: cssName(string(r.Cause)), SeverityClass: cssName(string(r.Severity)), Percent: percent(r.Confidence)}
		for _, a := range r.Alone {
			f.Alone = append(f.Alone, a.says())
		}
		page.Resets = append(page.Resets, f)
	}
	var b bytes.Buffer
	if err := compareTemplate().Execute(&b, page); err != nil {
		return err
	}
	_, err := io.WriteString(w, strings.Map(func(r rune) rune {
		if r != '\n' && obeyed(r) {
			return '·'
		}
		return r
	}, b.String()))
	return err
}
