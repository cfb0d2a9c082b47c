package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"syscall"
)

// How much is allocated between two garbage collections: gcPercent of what is in use, but never less than
// minGarbage. Most of what is in use holds no pointer and costs a collection little, and little is thrown away: to
// collect often is cheap where much is in use, and the peak of memory is that and an eighth.
const (
	gcPercent  = 12
	minGarbage = 6 << 20
)

// firstGCPercent holds until the first collection, which so comes when some 40 MB are in use: the runtime begins
// at 4 MB for 100 percent. A heap that grows by an eighth at a time would be collected twenty times on the way
// there, and most captures need no more than this.
const firstGCPercent = 800

// tuneCollector sets how often garbage is collected, now and after each collection.
func tuneCollector() {
	percent := firstGCPercent
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}} // what the last collection found in use
	if metrics.Read(live); live[0].Value.Uint64() > 0 {
		percent = max(gcPercent, int(100*minGarbage/live[0].Value.Uint64()))
	}
	debug.SetGCPercent(percent)
	// What nothing points to goes with the next collection, and so tells of it.
	runtime.AddCleanup(new([64]byte), func(struct{}) { tuneCollector() }, struct{}{})
}

func main() {
	if os.Getenv("GOGC") == "" {
		tuneCollector()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the program at once
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
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
	cmd.SetArgs(args)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	return told(cmd.ExecuteContext(ctx), stderr)
}

// version is the module's version as the go command recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
