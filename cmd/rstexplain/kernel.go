package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/rstexplain/rstexplain/analyzer/kernel"
)

// kernelFlag registers --kernel.
func kernelFlag(f *pflag.FlagSet, to *[]string) {
	f.StringArrayVar(to, "kernel", nil, "join the trace of a host's kernel in `[NAME=]FILE` with the resets: tracefs, "+
		"trace-cmd, perf, bpftrace, "+
		"bcc, retis, pwru, nstat, ss; rstexplain record-help shows how to record it")
}

// splitKernel returns the name of the host, "" without one, and the file. A file whose name has an equals sign can be
// given as ./FILE.
func splitKernel(arg string) (name, path string) {
	if _, err := os.Stat(arg); err == nil {
		return "", arg
	}
	if name, path, ok := strings.Cut(arg, "="); ok && name != "" && !strings.ContainsAny(name, "/\\.") {
		return name, path
	}
	return "", arg
}

// kernelFiles returns the files named by --kernel.
func kernelFiles(args []string) []string {
	var out []string
	for _, a := range args {
		_, path := splitKernel(a)
		out = append(out, path)
	}
	return out
}

// eventMemory is what an event of a kernel's record takes at most, in bytes, until it is joined.
const eventMemory = 512

// kernelRecords reads the files named by --kernel, whose events may take a fourth of the memory.
func kernelRecords(args []string, memory memorySize) ([]*kernel.Record, error) {
	var out []*kernel.Record
	for _, a := range args {
		name, path := splitKernel(a)
		r, err := kernel.OpenMost(path, int(memory)/4/eventMemory/len(args))
		if err != nil {
			return nil, errKernel(path, err)
		}
		r.Name = name
		out = append(out, r)
	}
	return out, nil
}

func errKernel(path string, err error) error {
	what := err.Error()
	if !strings.Contains(what, path) {
		what = fmt.Sprintf("%s: %s", path, what)
	}
	return usageError{"--kernel: " + what, "rstexplain record-help lists what is read, and the commands that record it"}
}
