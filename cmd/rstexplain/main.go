package main

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"

	"github.com/spf13/cobra"
)

// Garbage is collected when gcPercent of the live heap has been allocated since the last collection, but not before
// heapFloor bytes are in use. Most live memory contains no pointers, so that frequent collections are cheap and keep
// the peak a tenth above it. Most captures need none at all.
const (
	gcPercent = 10
	heapFloor = 66 << 20
)

// firstGCPercent applies until the first collection: the runtime counts the program's variables, some 5 MB, as live.
const firstGCPercent = 1280

// captures is how many times heapFloor is needed, once for each capture that is read at a time; 0 while the collector
// is not tuned.
var captures atomic.Int64

// expect says how many times heapFloor is needed.
func expect(n int) {
	if captures.Load() > 0 {
		captures.Store(int64(n))
		setPercent()
	}
}

// tuneCollector sets how often garbage is collected, now and after each collection.
func tuneCollector() {
	captures.CompareAndSwap(0, 1)
	setPercent()
	// An unreachable object is freed by the next collection, and its cleanup runs after it.
	runtime.AddCleanup(new([64]byte), func(struct{}) { tuneCollector() }, struct{}{})
}

// setPercent sets when garbage is collected next.
func setPercent() {
	floor := captures.Load() * heapFloor
	percent := firstGCPercent * int(captures.Load())
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}} // what the last collection found in use
	if metrics.Read(live); live[0].Value.Uint64() > 0 {
		n := int64(live[0].Value.Uint64())
		percent = max(gcPercent, int(100*(floor-n)/n))
	}
	debug.SetGCPercent(percent)
}

func main() {
	if os.Getenv("GOGC") == "" {
		tuneCollector()
	}
	os.Exit(run(interruptible(), os.Args[1:], os.Stdout, os.Stderr))
}

// The exit codes, as documented in doc.go.
const (
	exitOK    = 0
	exitLoss  = 1
	exitUsage = 2
	exitGate  = 3
)

// run is the whole program except for the process around it.
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

// A checkedOutput keeps the error of a write, because cobra ignores errors when it prints help, versions and
// completions.
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

// tag is the version of a release, set when it is linked.
var tag string

// version is the tag, or else the module's version as the go command recorded it.
func version() string {
	if tag != "" {
		return tag
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
