package report

import (
	"bufio"
	"cmp"
	"encoding/xml"
	"fmt"
	"io"

	"github.com/rstexplain/rstexplain/rules"
)

// JUnitOptions define what counts as a failed test.
type JUnitOptions struct {
	Fails func(*Reset) bool // nil: severity error
}

// JUnit renders a report as XML test results for continuous integration: a test suite for each capture, in it a test
// case for each incident, which fails if opts.Fails says so of one of its findings, or a passed one if there is none.
// An incident of several captures stands with the finding that represents it. A capture that could not be read
// completely has a test case with an error too.
//
// The format has no standard; this is the part of it that Jenkins, GitLab and GitHub's reporters agree on
// (https://github.com/testmoapp/junitxml).
func JUnit(w io.Writer, opts JUnitOptions) Renderer {
	if opts.Fails == nil {
		opts.Fails = func(r *Reset) bool { return r.Severity == rules.Error }
	}
	return &junitRenderer{w: bufio.NewWriterSize(w, 64<<10), opts: opts}
}

type junitRenderer struct {
	w      *bufio.Writer
	opts   JUnitOptions
	page   page
	suites []junitSuite
	groups Grouping
	failed map[int]int // findings that fail, by the number of their incident
	blocks exampleList
}

// A junitSuite is a testsuite element, except for its incidents.
type junitSuite struct {
	path   string
	first  Time
	resets int
	errors []junitCase
}

// A junitCase is a testcase element.
type junitCase struct {
	XMLName xml.Name    `xml:"testcase"`
	Class   string      `xml:"classname,attr"`
	Name    string      `xml:"name,attr"`
	Time    string      `xml:"time,attr"`
	Failure *junitFault `xml:"failure"`
	Error   *junitFault `xml:"error"`
	Output  string      `xml:"system-out,omitempty"`
}

type junitFault struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func (j *junitRenderer) Begin(string) error {
	j.page, j.failed = newPage(TextOptions{}), map[int]int{}
	_, err := j.w.WriteString(xml.Header + "<testsuites name=\"rstexplain\">\n")
	return err
}

func (j *junitRenderer) BeginFile(path string) error {
	j.groups.BeginFile(path)
	j.suites = append(j.suites, junitSuite{path: path})
	return nil
}

func (j *junitRenderer) Reset(r *Reset) error {
	j.suites[len(j.suites)-1].resets++
	candidate := j.groups.Add(r)
	if r.Repeats != 0 {
		return nil
	}
	if j.opts.Fails(r) {
		j.failed[r.Incident]++
	}
	if !candidate {
		return nil
	}
	head, tail := j.page.finding(r.byLine())
	return j.blocks.add(r, j.suites[len(j.suites)-1].path, head+tail)
}

// add writes a test case; encoding/xml replaces characters that are not allowed in XML.
func (j *junitRenderer) add(w io.Writer, c *junitCase) error {
	b, err := xml.MarshalIndent(c, "    ", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

func (j *junitRenderer) EndFile(f *File) error {
	suite := &j.suites[len(j.suites)-1]
	suite.first = f.First
	for _, w := range f.Warnings {
		if w.Lost {
			suite.errors = append(suite.errors, junitCase{Class: "capture",
				Name: fmt.Sprintf("read completely (%d)", len(suite.errors)+1), Time: "0",
				Error: &junitFault{"unread", Clean(w.String()), Clean(w.Hint)}})
		}
	}
	return nil
}

func (j *junitRenderer) End() error {
	defer j.blocks.close()
	of := map[string][]Incident{} // by capture
	list := j.groups.Incidents()
	for _, in := range list {
		of[in.Example.Path] = append(of[in.Example.Path], in)
	}
	failed, now := map[int]int{}, numbersOf(list)
	for id, n := range j.failed { // add up those of one incident
		failed[now[id]] += n
	}
	j.failed = failed
	for i := range j.suites {
		list := of[j.suites[i].path]
		delete(of, j.suites[i].path) // a capture that is named twice has them once
		if err := j.suite(&j.suites[i], list); err != nil {
			return err
		}
	}
	j.w.WriteString("</testsuites>\n")
	return j.w.Flush()
}

// suite writes a test suite.
func (j *junitRenderer) suite(s *junitSuite, list []Incident) error {
	cases := s.errors
	failures := 0
	for i := range list {
		if j.failed[list[i].Number] > 0 {
			failures++
		}
	}
	if len(list)+len(cases) == 0 {
		name := "no resets"
		if s.resets > 0 {
			name = "no incidents but those of other captures"
		}
		cases = append(cases, junitCase{Class: "capture", Name: name, Time: "0"})
	}
	j.w.WriteString(`  <testsuite name="`)
	if err := xml.EscapeText(j.w, []byte(Clean(s.path))); err != nil {
		return err
	}
	fmt.Fprintf(j.w, `" tests="%d" failures="%d" errors="%d"`, len(list)+len(cases), failures, len(s.errors))
	if s.first != 0 {
		fmt.Fprintf(j.w, ` timestamp="%s"`, s.first.Std().Format("2006-01-02T15:04:05"))
	}
	j.w.WriteString(">\n")
	for i := range list {
		if err := j.incident(&list[i]); err != nil {
			return err
		}
	}
	for i := range cases {
		if err := j.add(j.w, &cases[i]); err != nil {
			return err
		}
	}
	j.w.WriteString("  </testsuite>\n")
	return nil
}

// incident writes the test case of an incident. Its name has neither numbers nor times, so that it is the same in the
// next run.
func (j *junitRenderer) incident(in *Incident) error {
	block, err := j.blocks.of(in)
	if err != nil {
		return err
	}
	who := func(host string) string { return cmp.Or(host, "several") }
	c := junitCase{Class: Clean(string(in.Cause) + "." + in.Detail), Time: "0",
		Name: Clean(fmt.Sprintf("%s: %s → %s", in.Kind, who(in.Client), who(in.Server)))}
	text := fmt.Sprintf("Incident %d: %s\n%s", in.Number, Clean(in.Says), block)
	if n := j.failed[in.Number]; n > 0 {
		c.Failure = &junitFault{Clean(string(in.Cause)), Clean(in.Says), text}
	} else {
		c.Output = text
	}
	return j.add(j.w, &c)
}
