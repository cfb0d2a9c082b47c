package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// editcap is the program of Wireshark that converts captures.
const editcap = "editcap"

// offer returns what to do with a capture of another program: convert it, or, where editcap is installed, also have it
// converted.
func offer() string {
	if _, err := exec.LookPath(editcap); err != nil {
		return viaEditcap
	}
	return "add --convert, which has Wireshark's editcap convert it; or convert it yourself: editcap -F pcapng IN OUT"
}

// openConverted reads the capture at path as editcap converts it, through a pipe; refused is why it cannot be read
// otherwise. Frames keep their numbers.
func openConverted(path string, opts Options, refused *Error) (*Reader, error) {
	c, err := startConversion(path, refused)
	if err != nil {
		return nil, err
	}
	return c.reader(path, c, c, opts, refused)
}

// refusedStream says of a capture of another program that was to be converted, and is no file, what to do.
func refusedStream(err error, opts Options) error {
	if refused := (*Error)(nil); opts.Convert && errors.Is(err, ErrForeign) && errors.As(err, &refused) {
		return &Error{refused.File, refused.What, "save it to a file first, because editcap converts files only", ErrForeign}
	}
	return err
}

// startConversion begins to convert the capture at path. Errors are of type [*Error].
func startConversion(path string, refused *Error) (*conversion, error) {
	program, err := exec.LookPath(editcap)
	if err != nil {
		return nil, &Error{path, refused.What + ", and editcap, which can convert it, is not installed",
			"install Wireshark's command line tools (tshark)", ErrForeign}
	}
	from := path
	if strings.HasPrefix(from, "-") {
		from = "./" + from // a name, and no flag
	}
	args := []string{"-F", "pcapng"}
	if strings.HasSuffix(refused.What, k12text) {
		args = append(args, "-T", "ether")
	}
	c := &conversion{cmd: exec.Command(program, append(args, from, "-")...)}
	c.cmd.Stderr = &c.says
	if c.out, err = c.cmd.StdoutPipe(); err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		return nil, &Error{path, refused.What + ", and editcap cannot be run: " + err.Error(), viaEditcap, ErrForeign}
	}
	return c, nil
}

// reader reads what comes out of c, by way of in.
func (c *conversion) reader(path string, in io.Reader, done io.Closer, opts Options, refused *Error) (*Reader, error) {
	opts.Convert = false // it is pcapng
	r, err := newReader(path, in, done, opts)
	if err != nil {
		c.Close()
		var e *Error
		if errors.As(err, &e) && c.failed != nil {
			return nil, &Error{path, refused.What + ", and cannot be converted: " + c.failed.Error(),
				"check that Wireshark opens it", ErrForeign}
		}
		return nil, err
	}
	return r, nil
}

// A conversion is a run of editcap, whose output it reads.
type conversion struct {
	cmd    *exec.Cmd
	out    io.ReadCloser
	says   firstLine
	done   bool
	failed error // of the run, once it has ended
}

// Read implements io.Reader. At the end it returns what editcap complained about, if it failed.
func (c *conversion) Read(b []byte) (int, error) {
	if c.done {
		return 0, c.end()
	}
	n, err := c.out.Read(b)
	if err == nil || n > 0 {
		return n, nil
	}
	c.done = true
	err = c.cmd.Wait()
	switch line := c.says.String(); {
	case strings.HasPrefix(line, editcap+": "): // also of a file that is cut, for which its exit code is 0
		c.failed = errors.New(line)
	case err != nil:
		c.failed = fmt.Errorf("%s: %w", editcap, err)
	}
	return 0, c.end()
}

func (c *conversion) end() error {
	if c.failed != nil {
		return c.failed
	}
	return io.EOF
}

// Close ends editcap if it is still running.
func (c *conversion) Close() error {
	if !c.done {
		c.done = true
		c.cmd.Process.Kill()
		c.cmd.Wait()
	}
	return nil
}

// A firstLine keeps the first line that is written to it.
type firstLine struct{ b bytes.Buffer }

const lineMax = 400

func (l *firstLine) Write(p []byte) (int, error) {
	if room := lineMax - l.b.Len(); room > 0 {
		l.b.Write(p[:min(len(p), room)])
	}
	return len(p), nil
}

// String returns the line.
func (l *firstLine) String() string {
	line, _, _ := strings.Cut(strings.TrimSpace(l.b.String()), "\n")
	return strings.TrimSpace(line)
}
