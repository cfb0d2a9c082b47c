package report

import (
	"bufio"
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
// case for each finding, which fails if opts.Fails says so, or a passed one if there are no findings. A capture that
// could not be read completely has a test case with an error too.
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
	w        *bufio.Writer
	opts     JUnitOptions
	cases    spool // of the present file
	findings int
	failures int
	page     page
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
	j.page = newPage(TextOptions{})
	_, err := j.w.WriteString(xml.Header + "<testsuites name=\"rstexplain\">\n")
	return err
}

func (j *junitRenderer) BeginFile(string) error {
	j.findings, j.failures = 0, 0
	return nil
}

func (j *junitRenderer) Reset(r *Reset) error {
	if r.Repeats != 0 {
		return nil
	}
	head, tail := j.page.finding(r.byLine())
	c := junitCase{Class: Clean(string(r.Cause) + "." + r.Detail), Time: "0",
		Name: Clean(fmt.Sprintf("%s: %s → %s", r.Named(), r.Originator, r.Responder))}
	j.findings++
	if j.opts.Fails(r) {
		j.failures++
		c.Failure = &junitFault{Clean(string(r.Cause)), Clean(r.Summary), head + tail}
	} else {
		c.Output = head + tail
	}
	return j.add(&j.cases, &c)
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
	errors := 0
	for _, w := range f.Warnings {
		if !w.Lost {
			continue
		}
		errors++
		if err := j.add(&j.cases, &junitCase{Class: "capture", Name: fmt.Sprintf("read completely (%d)", errors), Time: "0",
			Error: &junitFault{"unread", Clean(w.String()), Clean(w.Hint)}}); err != nil {
			return err
		}
	}
	if j.findings+errors == 0 {
		if err := j.add(&j.cases, &junitCase{Class: "capture", Name: "no resets", Time: "0"}); err != nil {
			return err
		}
	}
	j.w.WriteString(`  <testsuite name="`)
	if err := xml.EscapeText(j.w, []byte(Clean(f.Path))); err != nil {
		return err
	}
	fmt.Fprintf(j.w, `" tests="%d" failures="%d" errors="%d"`, max(j.findings+errors, 1), j.failures, errors)
	if f.First != 0 {
		fmt.Fprintf(j.w, ` timestamp="%s"`, f.First.Std().Format("2006-01-02T15:04:05"))
	}
	j.w.WriteString(">\n")
	if err := j.cases.drain(j.w); err != nil {
		return err
	}
	j.w.WriteString("  </testsuite>\n")
	return j.w.Flush()
}

func (j *junitRenderer) End() error {
	j.w.WriteString("</testsuites>\n")
	return j.w.Flush()
}
