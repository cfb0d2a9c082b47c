package main

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"

	"github.com/spf13/cobra"
)

// When garbage is collected: when gcPercent of what was in use has been allocated since, but not before roomOctets
// are in use. Most of what is in use holds no pointer and costs a collection little, and little is thrown away: to
// collect often is cheap where much is in use, and the peak of memory is that and a tenth. What most captures need
// is there before the first collection.
const (
	gcPercent = 10
	heapFloor = 66 << 20
)

// firstGCPercent holds until the first collection: the runtime counts the program's variables, some 5 MB, as in use.
const firstGCPercent = 1280

// tuneCollector sets how often garbage is collected, now and after each collection.
func tuneCollector() {
	percent := firstGCPercent
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}} // what the last collection found in use
	if metrics.Read(live); live[0].Value.Uint64() > 0 {
		n := int64(live[0].Value.Uint64())
		percent = max(gcPercent, int(100*(heapFloor-n)/n))
	}
	debug.SetGCPercent(percent)
	// What nothing points to goes with the next collection, and so tells of it.
	runtime.AddCleanup(new([64]byte), func(struct{}) { tuneCollector() }, struct{}{})
}

func main() {
	if os.Getenv("GOGC") == "" {
		tuneCollector()
	}
	os.Exit(run(interruptible(), os.Args[1:], os.Stdout, os.Stderr))
}

// The exit codes, as doc.go tells them.
const (
	exitOK    = 0
	exitLoss  = 1
	exitUsage = 2
	exitGate  = 3
)

// run is the whole program but for the process around it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cmd := rootCommand(stderr)
	out := &checkedOutput{Writer: stdout}
	cmd.SetArgs(args)
	cmd.SetOut(out)
	cmd.SetErr(stderr)
	err := cmd.ExecuteContext(ctx)
	if out.err != nil && (err == nil || errors.Is(err, out.err)) {
		err = outputError{"", out.err}
	}
	return reportError(err, stderr)
}

// A checkedOutput keeps the error of a write: cobra prints help, versions and completions, and looks at none.
type checkedOutput struct {
	io.Writer
	err error
}

func (c *checkedOutput) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	if c.err == nil {
		c.err = err
	}
	return n, err
}

// outOf returns the standard output of a command, as it was given to run.
func outOf(cmd *cobra.Command) io.Writer {
	if c, ok := cmd.OutOrStdout().(*checkedOutput); ok {
		return c.Writer
	}
	return cmd.OutOrStdout()
}

// version is the module's version as the go command recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
