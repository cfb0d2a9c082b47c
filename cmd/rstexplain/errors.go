package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/analyzer/rewrite"
)

// Every message for users stands in this file: lower case, what and where, and what to try.

// A usageError means that the command line asks for something that cannot be done.
type usageError struct{ what, try string }

func (e usageError) Error() string { return e.what + "\n" + e.try }

var errNoFile = usageError{"no capture named",
	"try: rstexplain capture.pcapng, or rstexplain - to read standard input; see rstexplain --help"}

func errUnknownValue(flag, got string, allowed []string) error {
	try := "allowed: " + strings.Join(allowed, ", ")
	if near := nearest(got, allowed); near != "" {
		try = "did you mean " + near + "? " + try
	}
	return usageError{fmt.Sprintf("unknown %s %q", flag, got), try}
}

func errUnknownGate(got string, allowed []string) error {
	try := "allowed: any, " + strings.Join(causeNames(), ", ") + ", and the details that rstexplain rules lists"
	if near := nearest(got, allowed); near != "" {
		try = "did you mean " + near + "? " + try
	}
	if slices.Contains(severityNames, got) {
		try = fmt.Sprintf("a severity is for --fail-severity: --fail-on any --fail-severity %s", got)
	}
	return usageError{fmt.Sprintf("--fail-on: no cause or detail %q", got), try}
}

func errNoAddress(flag, got string) error {
	return usageError{fmt.Sprintf("%s: %q is not an address", flag, got),
		"give an IP address or a network, such as 192.0.2.1, 2001:db8::1 or 10.0.0.0/8; names are not resolved"}
}

func errNoNumber(n *numbers, got string) error {
	return usageError{fmt.Sprintf("%s: %q is not a %s", n.flag, got, n.is), n.try}
}

// The errors of compare.
var errOneVantage = usageError{"compare takes two captures or more, made at " +
	"different places",
	"try: rstexplain compare client=client.pcapng server=server.pcapng"}

func errVantage(arg string) error {
	return usageError{fmt.Sprintf("%q is no capture with a name", arg),
		"give the place and the file, such as client=client.pcapng"}
}

func errVantageTwice(name string) error {
	return usageError{fmt.Sprintf("two captures are named %s", name),
		"give each place a name of its own; files of a rotating capture are one directory or pattern"}
}

// errCommand suggests the command that the name of a file that does not exist probably means.
func errCommand(got, near string) error {
	return usageError{fmt.Sprintf("no command and no file %q", got), fmt.Sprintf("did you mean rstexplain %s? a FILE "+
		"is a capture, a directory, or - for standard input", near)}
}

// errHelp is for help on something that is not a command.
func errHelp(got string, commands []string) error {
	try := "commands: " + strings.Join(commands, ", ")
	if near := nearest(got, commands); near != "" {
		try = "did you mean rstexplain help " + near + "? " + try
	}
	return usageError{fmt.Sprintf("no command %q", got), try}
}

// errHelpRule is for help on a detail, which the rules command documents.
func errHelpRule(id string) error {
	return usageError{fmt.Sprintf("%s is a detail, not a command", id), "try: rstexplain rules " + id}
}

// errRenderCapture is for a capture where a report was to be rendered.
func errRenderCapture(path, format string) error {
	if path == "-" {
		return usageError{"standard input is a capture, but render takes a report made with --format json",
			fmt.Sprintf("to explain a capture, try: rstexplain --format %s -", format)}
	}
	return usageError{fmt.Sprintf("%s is a capture, but render takes a report made with --format json", path),
		fmt.Sprintf("to explain a capture, try: rstexplain --format %s %s", format, path)}
}

// errNoResetAt is for frames of --frame that are no resets.
func errNoResetAt(in string, s *frameSearch) error {
	frame := s.frames[0]
	what := fmt.Sprintf("--frame: frame %d is not a reset", frame)
	if len(s.frames) > 1 {
		what = fmt.Sprintf("--frame: frame %d and %d others are not resets", frame, len(s.frames)-1)
	}
	if in != "" {
		what += " of " + in
	}
	switch reset, ok := s.beside[frame]; {
	case ok:
		return usageError{what, fmt.Sprintf("it is a packet of a connection that frame %d resets: --frame %d", reset, reset)}
	case s.seen == 0:
		return usageError{what, "there are no resets"}
	}
	return usageError{what, "resets: " + resetHints(s.some, s.seen)}
}

// resetHints lists resets that can be selected.
func resetHints(some []resetInHint, of int) string {
	var list []string
	for _, r := range some {
		list = append(list, fmt.Sprintf("frame %d (stream %d, %s)", r.frame, r.stream, r.cause))
	}
	s := strings.Join(list, ", ")
	if more := of - len(some); more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

// nothingChosen returns why the slice of a capture is empty.
func nothingChosen(in string, asked *frameSearch) string {
	if asked.seen == 0 {
		return in + ": contains no resets, so there is nothing to keep"
	}
	return fmt.Sprintf("%s: contains %s, but none that matches: %s; rstexplain slice --help lists the flags "+
		"that select", in,
		resetCount(asked.seen), resetHints(asked.some, asked.seen))
}

func errOneRule(n int) error {
	return usageError{fmt.Sprintf("rules takes one ID, not %d", n),
		"try: rstexplain rules keepalive-race, or rstexplain rules for the list"}
}

func errNoTime(flag, got string) error {
	return usageError{fmt.Sprintf("%s: %q is not a time", flag, got),
		"give a time, such as 2026-01-31T12:00:00Z, or a time since the first packet, such as 90s or 1h30m"}
}

func errBadGlob(got string) error {
	return usageError{fmt.Sprintf("--glob: %q is not a pattern", got), "use the shell's syntax: *.pcapng, trace-[0-9]*"}
}

var errTooManyTimeouts = fmt.Errorf("more than %d bytes of idle times", maxTimeouts)

func errTimeouts(path string, err error) error {
	var at *os.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return usageError{fmt.Sprintf("--timeouts: %s: %v", path, err),
		"write each line as: 90<tab>path<tab>our load balancer"}
}

func errOneReport(n int) error {
	return usageError{fmt.Sprintf("render takes one report, not %d", n),
		"try: rstexplain render report.json --format html"}
}

// errFlag suggests the flag that an unknown one probably means.
func errFlag(cmd *cobra.Command, err error) error {
	try := cmd.CommandPath() + " --help lists the flags"
	var unknown *pflag.NotExistError
	var value *pflag.InvalidValueError
	if errors.As(err, &value) {
		var usage usageError
		if errors.As(value.Unwrap(), &usage) {
			return usage
		}
		return usageError{fmt.Sprintf("--%s: %q: %v", value.GetFlag().Name, value.GetValue(), value.Unwrap()), try}
	}
	if errors.As(err, &unknown) {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := nearest(unknown.GetSpecifiedName(), names); near != "" {
			try = "did you mean --" + near + "? " + try
		}
	}
	return usageError{err.Error(), try}
}

func errUnknownRule(got string, ids []string) error {
	try := "rstexplain rules lists them all"
	if near := nearest(got, ids); near != "" {
		try = "did you mean " + near + "? " + try
	}
	return usageError{fmt.Sprintf("no detail %q", got), try}
}

func errStdinTwice() error {
	return usageError{"standard input (-) is named twice", "it can be read only once"}
}

func errOneCapture(command string, n int) error {
	return usageError{fmt.Sprintf("%s takes one capture, not %d", command, n), fmt.Sprintf("try: rstexplain %s "+
		"capture.pcapng -o out.pcapng", command)}
}

// errDirectory is for a directory of mcp that cannot be used.
func errDirectory(err error) error {
	return usageError{err.Error(), "name directories with captures that may be read, such as: rstexplain mcp /var/traces"}
}

// errNotPage is for a file that cmd/rstpage did not make.
func errNotPage(path string) error {
	return usageError{path + " is not the page that rstexplain serves", "build it with make page: dist/page/index.html"}
}

// errListen is for an address on which serve cannot listen.
func errListen(address string, err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return usageError{fmt.Sprintf("--listen: %s: %v", address, err), "try: rstexplain serve --listen 127.0.0.1:0"}
}

var (
	errNoPage = usageError{"this program was built without the page",
		"releases have it; in the source, make page builds it: rstexplain serve --page dist/page/index.html"}
	errNoDirectory = usageError{"mcp needs the directories whose captures may be read", "try: rstexplain mcp /var/traces"}

	errBriefFormat  = usageError{"--brief is for --format text and markdown", "leave out one of both"}
	errFollowBrief  = usageError{"--brief does not support --follow", "a summary is known last: leave out one of both"}
	errFollowFormat = usageError{"--follow does not support this format",
		"allowed: text, list, jsonl, csv; the other formats start with totals, which are known last"}
	errIncidentFlags  = usageError{"--summary, --all and --incident exclude each other", "give one of them"}
	errIncidentFormat = usageError{"--summary, --all and --incident require --format text (--all also html, --incident " +
		"also html and markdown), without --brief or --follow",
		"the other formats have all incidents"}

	errFollowOne = usageError{"--follow reads one capture", "try: tcpdump -U -w - | rstexplain --follow -"}
	errJoinStdin = usageError{"--join cannot read standard input", "name the files, or their directory"}
	errListStdin = usageError{"standard input cannot be both a capture and a list", "give one of them as a file"}

	errNoRewriteOutput = usageError{"no output named", "name the new capture: -o out.pcapng"}
	errKeyAlone        = usageError{"--key-file without --anonymize", "the key is for --anonymize; give both, or neither"}
)

func errImportCapture(path string) error {
	return usageError{path + " is a capture, and import takes text that a program printed",
		"to explain it, try: rstexplain " + path}
}

func errImportExport(path string) error {
	return usageError{path + " is an export of Wireshark in JSON or PDML, and import takes text as it is " +
		"printed",
		"to explain it, try: rstexplain " + path}
}

func errNoPackets(path string) error {
	return usageError{path + " shows no packets of TCP",
		"paste what this prints: tcpdump -nn -tttt -S -v 'tcp and host X'"}
}

func errSameFile(path string) error {
	return usageError{fmt.Sprintf("%s is both input and output", path),
		"write to another file: the input is never changed"}
}

func errBadKey(path string) error {
	return usageError{fmt.Sprintf("%s is not an anonymization key", path), fmt.Sprintf("a key is %d hexadecimal "+
		"digits; name a file that does not exist, and a key is created", 2*rewrite.KeySize)}
}

// errKeyOutput is for a key that would be replaced by the slice that it is the key of.
func errKeyOutput(path string) error {
	return usageError{fmt.Sprintf("%s is both key and output", path), "give the key a file of its own"}
}

// errKeyLink is for a dangling symbolic link: a key would replace it.
func errKeyLink(path string) error {
	return usageError{fmt.Sprintf("%s is a symbolic link to a file that does not exist", path),
		"name the file for the key itself"}
}

// errKeyChanged means that another process has written the key file meanwhile.
func errKeyChanged(path string) error {
	return outputError{path,
		errors.New("another key was written there meanwhile, so nothing was written; run the command again to use that key")}
}

// errTemporary means that what does not fit in memory cannot be kept on disk.
func errTemporary(err error) error {
	return inputError{os.TempDir(), fmt.Errorf("cannot write a temporary file: %v; free some space, set TMPDIR, or "+
		"raise --max-memory", bare(err))}
}

// errDanglingLink is for an output that would replace a dangling symbolic link.
func errDanglingLink(path, to string) error {
	return usageError{fmt.Sprintf("%s is a symbolic link to %s, which does not exist", path, to),
		"name that file itself, or remove the link"}
}

// An interruptedError means that a signal came during a wait, before anything was explained.
type interruptedError struct{ waitedFor string }

func (e interruptedError) Error() string {
	switch e.waitedFor {
	case "":
		return "interrupted"
	case "-":
		return "interrupted while reading standard input"
	}
	return fmt.Sprintf("interrupted while opening or reading %s", e.waitedFor)
}

// sameFile reports whether two paths lead to one file.
func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// note prints a line that is not an error.
func note(stderr io.Writer, format string, args ...any) {
	fmt.Fprintln(stderr, "rstexplain: "+shown(fmt.Sprintf(format, args...)))
}

func errNoIncident(n int) error {
	return usageError{fmt.Sprintf("--incident %d: no number of an incident", n),
		"give a number of the table of incidents, such as --incident 1"}
}

// errMissingIncident is for the number of an incident that a report does not have.
func errMissingIncident(e *report.NoIncidentError) error {
	try := "there are no incidents"
	if n := len(e.Have); n > 0 {
		var numbers []string
		for _, i := range e.Have[:min(n, maxHints)] {
			numbers = append(numbers, strconv.Itoa(i))
		}
		try = "incidents: " + strings.Join(numbers, ", ")
		if n > maxHints {
			try += fmt.Sprintf(" and %d more", n-maxHints)
		}
		try += "; --summary lists them"
	}
	return usageError{fmt.Sprintf("--incident: there is no incident %d", e.Number), try}
}

// A lossError means that a capture was not read completely. It has been reported already.
type lossError struct{}

func (lossError) Error() string { return "something could not be read completely" }

// A gateError means that there are findings of a kind that --fail-on or --fail-severity names.
type gateError struct{ findings, incidents int }

func (e gateError) Error() string {
	if e.findings == 1 {
		return "1 finding fails the run"
	}
	if e.incidents == 1 {
		return fmt.Sprintf("%d findings of 1 incident fail the run", e.findings)
	}
	return fmt.Sprintf("%d findings in %d incidents fail the run", e.findings, e.incidents)
}

// An inputError means that a report or a list could not be read.
type inputError struct {
	path string
	err  error
}

func (e inputError) Error() string {
	where := e.path
	if where == "-" {
		where = "standard input"
	}
	return where + ": " + bare(e.err).Error()
}

// An outputError means that the report could not be written.
type outputError struct {
	path string // "" for standard output
	err  error
}

func (e outputError) Error() string {
	where := e.path
	if where == "" {
		where = "standard output"
	}
	s := fmt.Sprintf("cannot write the report to %s: %v", where, bare(e.err))
	var spool *report.SpoolError
	switch {
	case errors.As(e.err, &spool):
		return fmt.Sprintf("cannot write a temporary file in %s: %v; free some space, or name another directory "+
			"in TMPDIR", spool.Dir, bare(spool.Err))
	case errors.Is(e.err, fs.ErrPermission):
		s += "; name a file that you may write with --output"
	case errors.Is(e.err, fs.ErrNotExist):
		s += "; create its directory first"
	case errors.Is(e.err, syscall.ENOSPC):
		s += "; free some space, or name another file with --output"
	}
	return s
}

// wrapOutput makes an outputError of err, if there is one.
func wrapOutput(path string, err error) error {
	if err == nil {
		return nil
	}
	return outputError{path, err}
}

func (e outputError) Unwrap() error { return e.err }

// bare removes the operation and path that an os error repeats.
func bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// reportError prints err for the user and returns the exit code.
func reportError(err error, stderr io.Writer) int {
	var usage usageError
	var loss lossError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &loss):
		return exitLoss
	case errors.Is(err, syscall.EPIPE): // the reader has closed the pipe
		return exitOK
	case errors.As(err, &interruptedError{}):
		fmt.Fprintf(stderr, "rstexplain: %s\n", shown(err.Error()))
		return exitLoss
	case errors.As(err, &gateError{}):
		fmt.Fprintf(stderr, "rstexplain: %s\n", shown(err.Error()))
		return exitGate
	case errors.As(err, &outputError{}), errors.As(err, &inputError{}):
		fmt.Fprintf(stderr, "rstexplain: %s\n", shown(err.Error()))
		return exitLoss
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "rstexplain: %s\n%s\n", shown(usage.what), shown(usage.try))
		return exitUsage
	}
	fmt.Fprintf(stderr, "rstexplain: %s\nrstexplain --help lists the flags\n", shown(err.Error()))
	return exitUsage
}

// warn prints a line about a part of a file that could not be read.
func warn(stderr io.Writer, path string, w report.Warning) {
	s := "rstexplain: " + path + ": " + w.String()
	if w.Hint != "" {
		s += "; " + w.Hint
	}
	fmt.Fprintln(stderr, shown(s))
}

// nearest returns the word that a mistyped one most likely means, or "".
func nearest(got string, words []string) string {
	best, dist := "", 4
	for _, w := range words {
		if d := distance(got, w); d < dist {
			best, dist = w, d
		}
		if len(got) > 2 && strings.Contains(w, got) && best == "" {
			best = w
		}
	}
	return best
}

// distance counts the letters to insert, remove or change between a and b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = slices.Min([]int{change, row[j] + 1, row[j+1] + 1})
		}
	}
	return row[len(b)]
}
