package kernel

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Open reads the record at path.
func Open(path string) (*Record, error) { return OpenMost(path, maxResets+maxOthers) }

// OpenMost does the same, and keeps so many events at most, half of them for RSTs.
func OpenMost(path string, most int) (*Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a directory", path)
	}
	return read(f, &Record{Path: path, most: most})
}

// ErrNothing says that a file holds nothing that a kernel recorded.
var ErrNothing = errors.New("no event of a kernel's trace in it, and no counters")

// Read reads a record; path names it in messages.
func Read(in io.Reader, path string) (*Record, error) {
	return read(in, &Record{Path: path, most: maxResets + maxOthers})
}

func read(in io.Reader, r *Record) (*Record, error) {
	b := bufio.NewReaderSize(in, maxLine)
	head, _ := b.Peek(512)
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		b.Discard(3)
		head = head[3:]
	}
	var err error
	switch text := bytes.TrimLeft(head, " \t\r\n"); {
	case bytes.HasPrefix(head, []byte("PERFILE2")) || bytes.HasPrefix(head, []byte("\x17\x08\x44tracing")):
		return nil, binaryRecord(head)
	case bytes.IndexByte(head, 0) >= 0:
		return nil, fmt.Errorf("not text: the trace of a kernel is read as text")
	case len(text) > 0 && text[0] == '{':
		err = r.readJSON(b)
	default:
		err = r.readLines(b)
	}
	if err == nil && len(r.Events)+len(r.Drops)+len(r.Counters)+len(r.Sockets)+r.Other+r.LeftOut == 0 &&
		(r.Format == "" || r.Unknown > 0) { // of one in which nothing happened, the header says whose it is
		err = ErrNothing
	}
	r.names, r.open = nil, nil
	return r, err
}

// A binaryRecord is the data of perf or trace-cmd, which must be printed as text.
type binaryRecord []byte

func (b binaryRecord) Error() string {
	if bytes.HasPrefix(b, []byte("PERFILE2")) {
		return "the data of perf record, which is not read; print it: perf script -i FILE --ns > trace.txt"
	}
	return "the data of trace-cmd record, which is not read; print it: trace-cmd report -i FILE > trace.txt"
}

// readLines reads text line by line. Lines that are too long for any event are not held.
func (r *Record) readLines(b *bufio.Reader) error {
	p := lines{Record: r}
	for {
		line, err := b.ReadSlice('\n')
		p.at++
		if err == bufio.ErrBufferFull {
			for err == bufio.ErrBufferFull {
				_, err = b.ReadSlice('\n')
			}
			p.unknown()
			if err != nil && err != io.EOF {
				return err
			}
			if err == io.EOF {
				return nil
			}
			continue
		}
		if s := strings.TrimRight(string(line), " \t\r\n"); s != "" {
			p.line(s)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// A lines reads lines, each of which is tried as one of the formats.
type lines struct {
	*Record
	table  table // of the tool whose header came last
	within bool  // the line before was an event, and a stack may follow it
	prefix []string
	clock  int     // pwru's column of times, 0 without one
	socket *Socket // of ss, whose second line follows
}

func (p *lines) unknown() {
	p.Lines++
	if p.Unknown++; p.Unknown == 1 {
		p.FirstWrong = p.at
	}
}

// named sets the format, unless a line before has.
func (p *lines) named(format string) {
	if p.Format == "" {
		p.Format = format
	}
}

func (p *lines) line(s string) {
	switch {
	case strings.HasPrefix(s, "# tracer:"):
		p.named("tracefs trace")
		return
	case strings.HasPrefix(s, "cpus="):
		p.named("trace-cmd report")
		return
	case s == "#kernel":
		p.named("nstat")
		p.table = tableNstat
		return
	case strings.HasPrefix(s, "#"), strings.HasPrefix(s, "Attaching "), strings.HasPrefix(s,
		"Tracing "), strings.HasPrefix(s, "Buffer: "):
		return
	}
	if n, ok := lostEvents(s); ok {
		p.Lost += n
		return
	}
	p.Lines++
	switch {
	case p.tracepoint(s):
		p.within = true
		return
	case p.pwru(s):
		return
	case p.header(s):
		p.Lines--
		return
	case p.row(s):
		p.within = true
		return
	case p.within && stack(s):
		p.Lines--
		return
	}
	p.Lines--
	p.unknown()
}

// stack reports whether a line is one of a stack trace, which the tools print below an event.
func stack(s string) bool {
	t := strings.TrimLeft(s, " \t")
	return len(t) < len(s) || strings.HasPrefix(t, "=>") || strings.HasPrefix(t, "b'") || strings.HasPrefix(t,
		"<stack trace>") || plusOffset(t)
}

// plusOffset reports whether s ends as a frame of a stack does: "tcp_drop+0x1".
func plusOffset(s string) bool {
	name, off, ok := strings.Cut(s, "+")
	if !ok || name == "" || off == "" || strings.ContainsAny(name, " \t") {
		return false
	}
	return strings.Trim(off, "0123456789abcdefx'") == ""
}

// lostEvents reads what the tools print where the kernel's buffer was full.
func lostEvents(s string) (int, bool) {
	if !strings.Contains(s, "EVENTS") && !strings.Contains(s, "Lost ") && !strings.Contains(s, "LOST ") {
		return 0, false
	}
	f := strings.Fields(strings.NewReplacer("[", " ", "]", " ", "!", " ").Replace(s))
	for i, w := range f {
		switch {
		case w == "LOST" && i+2 < len(f) && strings.EqualFold(f[i+2], "events"),
			w == "Lost" && i+2 < len(f) && strings.HasPrefix(f[i+2], "event"):
			return max(number(f[i+1]), 1), true
		case w == "EVENTS" && i > 0 && i+1 < len(f) && f[i+1] == "DROPPED":
			return max(number(f[i-1]), 1), true
		}
	}
	return 0, false
}

func number(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' || n > 1<<40 {
			return 0
		}
		n = n*10 + int(s[i]-'0')
	}
	return n
}
