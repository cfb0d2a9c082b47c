package rewrite

import (
	"fmt"
	"io"
	"strings"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// Comments gathers from a report what Annotate writes into the capture. It is a report.Renderer for one
// file.
type Comments struct {
	byFrame map[int][]string

	Resets int // resets that got a comment
}

// Begin implements report.Renderer.
func (c *Comments) Begin(string) error { return nil }

// BeginFile implements report.Renderer.
func (c *Comments) BeginFile(string) error {
	*c = Comments{byFrame: map[int][]string{}}
	return nil
}

// Reset implements report.Renderer.
func (c *Comments) Reset(r *report.Reset) error {
	c.Resets++
	if r.Repeats != 0 {
		c.add(r.Frame, fmt.Sprintf("rstexplain: %s (%s): the same event as the reset in frame %d", r.Cause, r.Detail, int(r.Repeats)))
		return nil
	}
	lines := []string{fmt.Sprintf("rstexplain: %s (%s), %.0f %% sure, %s. %s", r.Cause, r.Detail, 100*r.Confidence, r.Severity, r.Summary)}
	if r.Symptom != "" {
		symptom := r.SymptomLines()
		lines = append(append(lines, "Symptom: "+symptom[0]), symptom[1:]...)
	}
	if r.Remedy != "" {
		lines = append(lines, "Remedy: "+r.Remedy)
	}
	c.add(r.Frame, lines...)
	for _, list := range [...][]report.Evidence{r.Evidence, r.OriginWhy} {
		for _, e := range list {
			for _, frame := range e.Frames {
				if frame != r.Frame {
					c.add(frame, fmt.Sprintf("rstexplain, on the reset in frame %d: %s", r.Frame, e.Says))
				}
			}
		}
	}
	return nil
}

// EndFile implements report.Renderer.
func (c *Comments) EndFile(*report.File) error { return nil }

// End implements report.Renderer.
func (c *Comments) End() error { return nil }

// maxComments bounds the comments of one frame: one SYN can be evidence for thousands of resets.
const maxComments = 16

// add puts a comment of some lines at a frame. The lines hold text of the network, which programs that show
// comments print as it is.
func (c *Comments) add(frame int, lines ...string) {
	for i := range lines {
		lines[i] = report.Clean(lines[i])
	}
	says, list := strings.Join(lines, "\n"), c.byFrame[frame]
	for _, said := range list {
		if said == says {
			return
		}
	}
	switch {
	case len(list) < maxComments:
		c.byFrame[frame] = append(list, says)
	case len(list) == maxComments:
		c.byFrame[frame] = append(list, "rstexplain: evidence for more resets than are named here")
	}
}

// Annotate copies the capture that in reads to out as pcapng, bit for bit, with the comments at their
// packets. Errors are those of writing; what could not be read stands in in.Problems.
func Annotate(in *capture.Reader, out io.Writer, c *Comments) error {
	return in.Rewrite(out, func(p *capture.Packet) capture.Edit {
		return capture.Edit{Comments: c.byFrame[p.Frame]}
	})
}
