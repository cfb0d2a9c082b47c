package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"io"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// hostileTexts are what a stranger may put where text of the network ends up.
var hostileTexts = []string{
	"\x1b[2J\x1b]0;owned\x07",
	"<script>alert(1)</script>",
	"</summary></details><img src=x onerror=alert(1)>",
	"| a | b |\n|---|---|",
	"```\n# heading\n```",
	"`code` *bold* [link](javascript:alert(1)) @everyone #123",
	"=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1",
	"\xff\xfe\xc3\x28",
	"\u202egnp.exe\u202c \u2066x\u2069 \u200b",
	"a\nb\r\nc\x00d\u0085e\u2028f",
	`"quoted", 'and' \escaped\`,
	strings.Repeat("x", 5000),
	"GET http://203.0.113.9/login HTTP/1.1", "see www.example.com, HTTPS://EXAMPLE.COM/a|b`c`d or ftp://x", "mail me@example.com, mailto:a@b.c",
	"!12 GH-3 $4 %5 &6 a/b@0123456789abcdef0123456789abcdef01234567",
	"＝cmd|' /C calc'!A0", " =1+1", "－1", "＠SUM(A1)", "＋1",
	"\x7f\u0080\u009b2J\u009d0;owned\u009c é\u00a0\u00ff",
}

// allFormats renders a report in every format.
var allFormats = map[string]func(io.Writer) Renderer{
	"text":     func(w io.Writer) Renderer { return Text(w, TextOptions{}) },
	"markdown": func(w io.Writer) Renderer { return Markdown(w, MarkdownOptions{}) },
	"brief":    func(w io.Writer) Renderer { return Markdown(w, MarkdownOptions{Brief: true}) },
	"all":      func(w io.Writer) Renderer { return Text(w, TextOptions{All: true}) },
	"summary":  func(w io.Writer) Renderer { return Text(w, TextOptions{Summary: true}) },
	"html":     func(w io.Writer) Renderer { return HTML(w, HTMLOptions{}) },
	"json":     JSON, "jsonl": JSONL, "csv": CSV, "list": List,
	"junit": func(w io.Writer) Renderer { return JUnit(w, JUnitOptions{}) },
}

// fillTexts sets every text that v points to, at any depth, to s: in a report that was read back from JSON, each can be
// a stranger's.
func fillTexts(v reflect.Value, s string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Pointer:
		if !v.IsNil() {
			fillTexts(v.Elem(), s)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fillTexts(v.Field(i), s)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			fillTexts(v.Index(i), s)
		}
	}
}

// What of a hostileReport is no hostile text.
type kept int

const (
	nothing kept = iota
	labels       // what no capture chooses: the cause, the detail and the severity
	valid        // and all else that has few values, so that Replay takes the report
)

// hostileReport is a finding with all there can be of it, and its file; every text in them is s, but what is kept.
func hostileReport(s string, keep kept) (*Reset, *File) {
	rst, finding := dataAfterFIN()
	var b Builder
	m := b.Reset(rst, finding).Clone()
	m.OriginWhy = []Evidence{{Frames: []int{1}, Says: s}}
	m.Conn.Defects = []string{"snap-cut"}
	m.Timeline[1].Notes = []string{s, s}
	m.Places = []Place{{Path: s, Frames: []int{1, 2}, Filter: s}}
	file := &File{Packets: 1, Connections: 1, First: 1, Last: 2, Partial: true,
		Warnings: []Warning{{Count: 2, Frame: 1}, {Lost: true, Offset: 7}}, Notes: []Evidence{{Frames: []int{1}, Says: s}},
		Parts: []Part{{Path: s, First: 1, Packets: 1}}}
	b.Finish(file)
	was, summary := m.Clone(), slices.Clone(file.Summary)
	fillTexts(reflect.ValueOf(m), s)
	fillTexts(reflect.ValueOf(file), s)
	if keep >= labels {
		m.Cause, m.Detail, m.Severity = was.Cause, was.Detail, was.Severity
	}
	if keep == valid {
		m.Sender, m.Origin = was.Sender, was.Origin
		for i := range m.Alternatives {
			m.Alternatives[i].Cause = was.Alternatives[i].Cause
		}
		for i := range m.Prints {
			m.Prints[i].By = was.Prints[i].By
		}
		for i := range m.Timeline {
			m.Timeline[i].Sender, m.Timeline[i].Role = was.Timeline[i].Sender, was.Timeline[i].Role
		}
		for i := range file.Summary {
			file.Summary[i].Cause, file.Summary[i].Severity = summary[i].Cause, summary[i].Severity
		}
	}
	return m, file
}

// hostileRows is how many resets rendered tells.
const hostileRows = 4

// rendered returns the report of two files in which every text is s.
func rendered(t testing.TB, format, s string) string {
	t.Helper()
	return renderedKeeping(t, format, s, labels, nothing)
}

// renderedKeeping is rendered, with what is kept of the first finding and of the others.
func renderedKeeping(t testing.TB, format, s string, first, others kept) string {
	t.Helper()
	m, file := hostileReport(s, first)
	again := m.Clone()
	again.Frame, again.Repeats = m.Frame+1, FrameRef(m.Frame)
	other, _ := hostileReport(s, others)
	other.Frame += 2
	var out bytes.Buffer
	r := allFormats[format](&out)
	for _, err := range []error{r.Begin(s), r.BeginFile(s), r.Reset(m), r.Reset(again), r.Reset(other), r.EndFile(file),
		r.BeginFile(s), r.Reset(other), r.EndFile(file), r.End()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// plains keeps what plain has rendered, by format.
var plains sync.Map

// plain returns the report whose texts are plain, which others are compared with.
func plain(t testing.TB, format string) string {
	t.Helper()
	out, ok := plains.Load(format)
	if !ok {
		out, _ = plains.LoadOrStore(format, rendered(t, format, "plain"))
	}
	return out.(string)
}

// harmless fails the test when the report in a format does more with s than show it.
func harmless(t *testing.T, format, s string) {
	t.Helper()
	out := rendered(t, format, s)
	if !utf8.ValidString(out) {
		t.Errorf("%s of %q is no valid UTF-8", format, s)
	}
	switch format {
	case "json", "jsonl":
		for dec := json.NewDecoder(strings.NewReader(out)); ; {
			var v any
			if err := dec.Decode(&v); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s of %q: %v", format, s, err)
			}
		}
		for _, r := range out {
			if r != '\n' && unicode.IsControl(r) {
				t.Errorf("%s of %q holds %U", format, s, r)
				break
			}
		}
	case "csv":
		rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
		if err != nil || len(rows) != 1+hostileRows {
			t.Fatalf("csv of %q has %d rows: %v", s, len(rows), err)
		}
		for _, cell := range slices.Concat(rows[1:]...) {
			if cell != "" && slices.ContainsFunc([]string{"=", "+", "-", "@", "＝", "＋", "－", "＠"}, func(sign string) bool { return strings.HasPrefix(strings.TrimSpace(cell), sign) }) {
				t.Errorf("csv of %q has the formula %q", s, cell)
			}
		}
		noControls(t, format, s, out, "\n")
	case "html":
		noControls(t, format, s, out, "\n")
		if got, want := tags(t, out), tags(t, plain(t, format)); got != want {
			t.Errorf("html of %q has other elements than html of plain text", s)
		}
	case "markdown", "brief":
		noControls(t, format, s, out, "\n")
		got, gotBlocks := outsideCode(out)
		want, wantBlocks := outsideCode(plain(t, format))
		if got, want := strings.Count(outsideSpans(got), "<"), strings.Count(outsideSpans(want), "<"); got != want {
			t.Errorf("%s of %q has %d tags, of plain text %d", format, s, got, want)
		}
		if got, want := strings.Count(got, "\n"), strings.Count(want, "\n"); got != want || gotBlocks != wantBlocks {
			t.Errorf("%s of %q has %d lines and %d blocks of code, of plain text %d and %d", format, s, got, gotBlocks, want, wantBlocks)
		}
		if link := links.FindString(outsideSpans(got)); link != "" && !strings.Contains(outsideSpans(want), link) {
			t.Errorf("%s of %q has what readers make a link of: %s", format, s, link)
		}
	case "text":
		noControls(t, format, s, out, "\n")
		// No text begins a line of its own, in which it could speak for the program: what ends a line is shown as any
		// other control character is.
		flat := strings.Map(func(r rune) rune {
			if strings.ContainsRune("\n\r\v\f\u0085\u2028\u2029", r) {
				return '\x01'
			}
			return r
		}, s)
		if utf8.ValidString(s) && out != rendered(t, format, flat) {
			t.Errorf("text of %q has a line that it brought", s)
		}
	case "junit":
		noControls(t, format, s, out, "\n")
		if got, want := elements(t, out), elements(t, plain(t, format)); got != want {
			t.Errorf("junit of %q has other elements than junit of plain text:\n%s", s, got)
		}
	}
}

// outsideCode returns what of a Markdown text is not in blocks of code, and how many blocks there are.
func outsideCode(text string) (outside string, blocks int) {
	fence := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case fence == "" && strings.HasPrefix(line, "```"):
			fence = strings.TrimRight(line, "tex")
			blocks++
		case fence == "":
			outside += line + "\n"
		case line == fence:
			fence = ""
		}
	}
	return outside, blocks
}

// links is what readers of Markdown make links of on their own (GitHub Flavored Markdown §6.9), and trackers too.
var links = regexp.MustCompile(`(?i)[a-z]://|www\.[a-z]|mailto:[a-z0-9]|[a-z]@[a-z]|&#64;`)

// outsideSpans returns what of Markdown is not in code spans (CommonMark §6.1); blocks of code are out already, a line
// is a block of its own, and in one of HTML there are no spans.
func outsideSpans(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "<") {
			b.WriteString(line)
		} else {
			b.WriteString(outsideSpansOf(line))
		}
	}
	return b.String()
}

func outsideSpansOf(text string) string {
	var b strings.Builder
	for {
		at := strings.IndexAny(text, "\\`")
		if at < 0 {
			return b.String() + text
		}
		b.WriteString(text[:at])
		text = text[at:]
		if text[0] == '\\' {
			b.WriteString(text[:min(2, len(text))])
			text = text[min(2, len(text)):]
			continue
		}
		n := len(text) - len(strings.TrimLeft(text, "`"))
		fence := text[:n]
		_, rest, closed := strings.Cut(text[n:], fence)
		if !closed {
			b.WriteString(fence)
			rest = text[n:]
		} else {
			b.WriteString("code")
		}
		text = rest
	}
}

// elements lists the elements and attributes of an XML document.
func elements(t *testing.T, document string) string {
	t.Helper()
	var b strings.Builder
	for dec := xml.NewDecoder(strings.NewReader(document)); ; {
		token, err := dec.Token()
		if err == io.EOF {
			return b.String()
		}
		if err != nil {
			t.Fatalf("%v in %s", err, document)
		}
		if e, ok := token.(xml.StartElement); ok {
			b.WriteString(e.Name.Local)
			for _, a := range e.Attr {
				b.WriteString(" " + a.Name.Local)
			}
			b.WriteString("\n")
		}
	}
}

// noControls fails the test when out holds characters that a terminal obeys instead of showing, or that
// turn the direction of writing, but for the allowed ones.
func noControls(t *testing.T, format, s, out, allowed string) {
	t.Helper()
	for _, r := range out {
		if strings.ContainsRune(allowed, r) {
			continue
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			t.Errorf("%s of %q holds %U", format, s, r)
			return
		}
	}
}

// tags lists the elements of a page and the names of their attributes.
func tags(t *testing.T, page string) string {
	t.Helper()
	var b strings.Builder
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		switch z.Next() {
		case html.ErrorToken:
			if z.Err() != io.EOF {
				t.Fatal(z.Err())
			}
			return b.String()
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			tok := z.Token()
			b.WriteString(tok.Data)
			for _, a := range tok.Attr {
				b.WriteString(" " + a.Key)
			}
			b.WriteString("\n")
		}
	}
}

func TestHostileText(t *testing.T) {
	for format := range allFormats {
		for _, s := range hostileTexts {
			harmless(t, format, s)
		}
	}
}

// A report with any text in any place gives the same bytes by way of its JSON as directly. (What is no UTF-8 is
// replaced there.)
func TestReplayOfHostileText(t *testing.T) {
	for _, s := range hostileTexts {
		if s = strings.ToValidUTF8(s, "\uFFFD"); len(s) > 100 {
			s = s[:100]
		}
		asJSON := renderedKeeping(t, "json", s, valid, valid)
		for format, make := range allFormats {
			var replayed bytes.Buffer
			if err := Replay(strings.NewReader(asJSON), make(&replayed)); err != nil {
				t.Fatalf("%s of %q: %v", format, s, err)
			}
			if direct := renderedKeeping(t, format, s, valid, valid); direct != replayed.String() {
				t.Errorf("%s of %q: %d bytes directly, %d by way of JSON", format, s, len(direct), replayed.Len())
			}
		}
	}
}

// FuzzRenderers tries one format at a time, so that what an input reaches is kept apart from what others reach.
func FuzzRenderers(f *testing.F) {
	formats := slices.Sorted(maps.Keys(allFormats))
	for _, s := range hostileTexts {
		for i := range formats {
			f.Add(uint8(i), s[:min(len(s), 300)])
		}
	}
	f.Fuzz(func(t *testing.T, format uint8, s string) {
		if s == "" || len(s) > 300 { // nothing to say; long texts are TestHostileText's
			return
		}
		harmless(t, formats[int(format)%len(formats)], s)
	})
}
