package main

import (
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rstexplain/rstexplain/analyzer"
)

// boundFlags are the flags that bound memory, whatever the capture contains.
type boundFlags struct {
	connections connectionCount
	memory      memorySize
}

// The defaults suit a laptop: a million connections at once, and a gigabyte in all.
const (
	defaultConnections = 1 << 20
	defaultMemory      = 1 << 30
	leastMemory        = 64 << 20
)

// registerMemory registers the flag of a command that follows no connections.
func (b *boundFlags) registerMemory(cmd *cobra.Command) {
	b.memory = defaultMemory
	cmd.Flags().Var(&b.memory, "max-memory", "use about `SIZE` of memory in total (512M, 4G)")
}

// bound bounds the memory of the program.
func (b *boundFlags) bound() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(b.memory))
	}
}

func (b *boundFlags) register(cmd *cobra.Command) {
	b.connections, b.memory = defaultConnections, defaultMemory
	f := cmd.Flags()
	f.Var(&b.connections, "max-connections",
		"track at most `N` connections at a time; the longest idle are dropped first, and counted")
	f.Var(&b.memory, "max-memory", "use about `SIZE` of memory in total (512M, 4G); connections are dropped to stay "+
		"below it")
}

// apply bounds an analysis. Connections may take three quarters of the memory; the rest is for the
// resets that wait for what comes after them, for the file, and for what the collector has yet to free.
func (b *boundFlags) apply(o *analyzer.Options) {
	o.Flows.MaxConnections = int(b.connections)
	o.Flows.MaxMemory = int64(b.memory) / 4 * 3
	o.Capture.MaxWindow = int(min(int64(b.memory)/8, 128<<20)) // a decompressor takes twice as much
	b.bound()
}

// A connectionCount is the value of --max-connections.
type connectionCount int

func (c *connectionCount) String() string { return strconv.Itoa(int(*c)) }
func (c *connectionCount) Type() string   { return "N" }

func (c *connectionCount) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > math.MaxInt32 {
		return fmt.Errorf("must be a number from 1 to %d, such as 100000", math.MaxInt32)
	}
	*c = connectionCount(n)
	return nil
}

// A memorySize is the value of --max-memory: bytes, or, as ulimit and Docker take them, with one of the
// suffixes K, M, G and T for powers of 1024.
type memorySize int64

func (m *memorySize) Type() string { return "SIZE" }

func (m *memorySize) String() string {
	for i, unit := range []string{"T", "G", "M", "K"} {
		if n := int64(*m) >> (40 - 10*i); n > 0 && n<<(40-10*i) == int64(*m) {
			return strconv.FormatInt(n, 10) + unit
		}
	}
	return strconv.FormatInt(int64(*m), 10)
}

func (m *memorySize) Set(s string) error {
	digits := strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(s), "B"), "I")
	shift := 0
	if i := strings.IndexAny("KMGT", digits[max(len(digits)-1, 0):]); i >= 0 && digits != "" {
		digits, shift = digits[:len(digits)-1], 10*(i+1)
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64>>shift {
		return fmt.Errorf("must be a size, such as 512M or 4G")
	}
	if n <<= shift; n < leastMemory {
		return fmt.Errorf("%d bytes is too little: the minimum is 64M", n)
	}
	*m = memorySize(n)
	return nil
}
