// Package wireshark has the plugin for Wireshark and tshark, and prints what it asks for. The plugin is one Lua file:
// it runs "rstexplain plugin fields" on the loaded capture and shows the answer as fields of the packets.
package wireshark

import (
	"bufio"
	_ "embed"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/rstexplain/rstexplain/analyzer/report"
)

// Name is the name of the plugin's file.
const Name = "rstexplain.lua"

//go:embed rstexplain.lua
var plugin string

// programLine is the line of the plugin that names the program.
const programLine = `local PROGRAM = "rstexplain"`

// Plugin returns the plugin, which runs the program at path; "" is rstexplain, wherever the shell finds it.
func Plugin(path string) string {
	if path == "" {
		return plugin
	}
	return strings.Replace(plugin, programLine, "local PROGRAM = "+luaString(path), 1)
}

// luaString quotes a string for Lua, byte by byte where it is not plain ASCII.
func luaString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			fmt.Fprintf(&b, `\%03d`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String() + `"`
}

// ColoringRule colours the resets, in the format of Wireshark's colorfilters file.
const ColoringRule = "@rstexplain@rstexplain.cause && tcp.flags.reset == 1@[65535,57825,54998][29555,4626,0]"

// Fields is a report.Renderer that prints what the plugin shows, for one capture. Values are separated by tabs, and a
// line is one of
//
//	R frame cause detail confidence incident summary evidence…   a reset
//	E frame reset evidence                                       what a frame shows about a reset
//	I number incident                                            incidents that are one after all
//	end
func Fields(w io.Writer) report.Renderer { return &fields{out: bufio.NewWriterSize(w, 64<<10)} }

type fields struct {
	out    *bufio.Writer
	groups report.Grouping
}

func (f *fields) line(values ...string) error {
	for i, v := range values {
		if i > 0 {
			f.out.WriteByte('\t')
		}
		f.out.WriteString(report.Clean(v)) // neither tabs nor newlines
	}
	return f.out.WriteByte('\n')
}

func (f *fields) Begin(string) error { return f.line("rstexplain-fields", "1") }

func (f *fields) BeginFile(path string) error {
	f.groups.BeginFile(path)
	return nil
}

func (f *fields) Reset(r *report.Reset) error {
	f.groups.Add(r)
	values := []string{"R", strconv.Itoa(r.Frame), string(r.Cause), r.Detail,
		strconv.FormatFloat(r.Confidence, 'g', -1, 64), strconv.Itoa(r.Incident), r.Verdict()}
	if r.Repeats != 0 {
		values[6] = ""
	}
	for _, e := range r.Evidence {
		values = append(values, e.Says)
	}
	err := f.line(values...)
	for _, list := range [...][]report.Evidence{r.Evidence, r.OriginWhy} {
		for _, e := range list {
			for _, frame := range e.Frames {
				if frame != r.Frame {
					err = f.line("E", strconv.Itoa(frame), strconv.Itoa(r.Frame), e.Says)
				}
			}
		}
	}
	return err
}

func (f *fields) EndFile(*report.File) error {
	for number, incident := range f.groups.Now() {
		if number != incident {
			f.line("I", strconv.Itoa(number), strconv.Itoa(incident))
		}
	}
	return f.line("end")
}

func (f *fields) End() error { return f.out.Flush() }
