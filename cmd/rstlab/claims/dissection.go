package claims

import (
	"bytes"
	"os/exec"
	"strconv"
	"strings"
)

// UseTshark lets the checker ask tshark what applications said, where it is installed. It reads each capture once, and
// only when a claim needs it.
var UseTshark = false

// A dissection is what tshark makes of a capture's messages.
type dissection struct {
	lines    map[int]string // request and status lines, by frame
	response map[int]bool   // frames that hold a HTTP response
	answered map[int]int    // frame of the response, by that of the HTTP request
	alert    map[int]bool   // frames that hold a TLS alert
}

// dissect returns tshark's dissection, nil where it cannot be had.
func (c *Capture) dissect() *dissection {
	if !UseTshark || c.Path == "" {
		return nil
	}
	if c.tshark != nil {
		return c.tshark
	}
	d := &dissection{map[int]string{}, map[int]bool{}, map[int]int{}, map[int]bool{}}
	c.tshark = d
	out, err := exec.Command("tshark", "-n", "-r", c.Path, "-Y", "http || tls.alert_message",
		"-T", "fields", "-E", "occurrence=f",
		"-e", "frame.number", "-e", "_ws.col.Info", "-e", "http.response", "-e",
		"http.response_in", "-e", "tls.alert_message").Output()
	if err != nil && len(out) == 0 {
		return d
	}
	for line := range bytes.SplitSeq(out, []byte("\n")) {
		f := strings.Split(string(line), "\t")
		n, err := strconv.Atoi(f[0])
		if err != nil || len(f) < 5 {
			continue
		}
		d.lines[n] = f[1]
		d.response[n] = f[2] != ""
		if in, err := strconv.Atoi(f[3]); err == nil {
			d.answered[n] = in
		}
		d.alert[n] = f[4] != ""
	}
	return d
}

// says reports whether tshark shows a text for a frame.
func (d *dissection) says(frame int, text string) bool {
	return strings.Contains(d.lines[frame], text)
}
