package main

import (
	"os"
	"os/exec"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

// TestTuneCollector: the first collection comes late, those after it at the pace of what is in use. It runs in a
// process of its own, because the collector of this one has begun.
func TestTuneCollector(t *testing.T) {
	if os.Getenv("RSTEXPLAIN_TEST_COLLECTOR") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestTuneCollector$", "-test.v")
		cmd.Env = append(os.Environ(), "RSTEXPLAIN_TEST_COLLECTOR=1", "GOGC=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	percent := func() uint64 {
		sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	reaches := func(what string, least, most uint64) {
		t.Helper()
		for end := time.Now().Add(10 * time.Second); percent() < least || percent() > most; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: %d percent, want %d to %d", what, percent(), least, most)
			}
		}
	}
	tuneCollector()
	reaches("before the first collection", firstGCPercent, firstGCPercent)
	use := make([]byte, heapFloor/4)
	runtime.GC()
	reaches("with a little in use", 200, 299)
	more := make([]byte, heapFloor)
	runtime.GC()
	reaches("with much in use", gcPercent, gcPercent)
	runtime.KeepAlive(use)
	runtime.KeepAlive(more)
}
