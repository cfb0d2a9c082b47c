// Package truth holds what is known about the resets of the test captures: for each RST frame, why it was
// sent and by whom. The knowledge comes from what was done when the capture was made and from the
// kernel's own record, never from the look of the packets.
package truth

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// A Line is the truth about one RST frame.
type Line struct {
	Path   string `json:"path"`   // capture, relative to the truth file
	Frame  int    `json:"frame"`  // as tshark numbers it
	Stream int    `json:"stream"` // tcp.stream of tshark

	Cause  string   `json:"cause"`   // one of the five labels
	AlsoOK []string `json:"also_ok"` // labels that the packets of this capture cannot rule out
	Detail string   `json:"detail"`  // the rule that should speak, "" when several may

	Origin string `json:"origin"` // "endpoint", "middlebox" or "unsure"
	// Blind marks a reset whose cause the packets of this capture do not tell: it lies behind a loss or before
	// the beginning, or in bytes that were cut or that cannot be read. Each label in AlsoOK is as good an
	// answer as Cause.
	Blind bool `json:"blind,omitempty"`
	// Payload marks a reset whose cause only the bytes of the data tell: with a short snaplen it is Blind.
	Payload bool `json:"payload,omitempty"`
	// Hidden marks a reset of a middlebox that the packets of this capture do not give away.
	Hidden bool `json:"hidden,omitempty"`

	KernelReason string `json:"kernel_reason,omitempty"` // enum sk_rst_reason of the sender's kernel
	KernelState  string `json:"kernel_state,omitempty"`  // state of the sender's socket at that moment

	Situation   string `json:"situation"`
	Constructed bool   `json:"constructed,omitempty"` // written after published behaviour, not captured
	Source      string `json:"source"`                // who sent it, and how that is known
	Why         string `json:"why"`
}

// OK reports whether cause is the label or one that the packets leave open.
func (l *Line) OK(cause string) bool {
	if l.Cause == cause {
		return true
	}
	for _, c := range l.AlsoOK {
		if c == cause {
			return true
		}
	}
	return false
}

// Cut makes the line that of a capture whose snaplen cuts the data off.
func (l *Line) Cut() {
	if l.Payload {
		l.Blind = true
		for _, c := range []string{"peer-crash", "fast-close"} {
			if !l.OK(c) {
				l.AlsoOK = append(l.AlsoOK[:len(l.AlsoOK):len(l.AlsoOK)], c)
			}
		}
	}
}

// Read reads a truth file.
func Read(name string) ([]Line, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var lines []Line
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for n := 1; sc.Scan(); n++ {
		var l Line
		if err := json.Unmarshal(sc.Bytes(), &l); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		lines = append(lines, l)
	}
	return lines, sc.Err()
}

// Write writes a truth file.
func Write(name string, lines []Line) error {
	for i := range lines {
		if lines[i].AlsoOK == nil {
			lines[i].AlsoOK = []string{}
		}
	}
	return WriteLines(name, lines)
}

// WriteLines writes values to a file, each as a line of JSON.
func WriteLines[T any](name string, values []T) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for i := range values {
		if err := enc.Encode(&values[i]); err != nil {
			f.Close()
			return err
		}
	}
	if err := w.Flush(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// Find returns the truth files below a directory.
func Find(root string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() == "truth.jsonl" {
			files = append(files, path)
		}
		return err
	})
	return files, err
}
