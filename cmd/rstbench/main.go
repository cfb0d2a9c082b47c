// Rstbench makes the captures that rstexplain is measured on and measures it beside the tools that network
// engineers use today, in one run on one machine.
//
//	go run ./cmd/rstbench generate -kind mixed -packets 2700000 FILE
//	go run ./cmd/rstbench ring [-taps 4] [-files 16] [-packets 64000] DIRECTORY
//	go run ./cmd/rstbench compare [-scale 1] [-rounds 5] [-only mixed,small]
//	go run ./cmd/rstbench follow [-for 30m] [-resets 500] PROGRAM [FLAG...]
//	go run ./cmd/rstbench mutate [-n 200000] [-for 1h] [-only KIND,KIND] CAPTURE...
//	go run ./cmd/rstbench profile [-rounds 8] cmd/rstexplain/default.pgo
//
// The captures are the same bytes for the same flags: nothing in them depends on the clock or the machine.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "rstbench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("say generate, ring, compare, follow, mutate or profile; -h after each lists its flags")
	}
	switch args[0] {
	case "generate":
		return generateCommand(args[1:])
	case "compare":
		return compareCommand(args[1:])
	case "follow":
		return followCommand(args[1:])
	case "mutate":
		return mutateCommand(args[1:])
	case "profile":
		return profileCommand(args[1:])
	case "ring":
		return ringCommand(args[1:])
	case "measure": // for compare itself
		return measureCommand(args[1:])
	}
	return fmt.Errorf("unknown command %q: say generate, ring, compare, follow, mutate or profile", args[0])
}

func generateCommand(args []string) error {
	fs := flag.NewFlagSet("generate", flag.ExitOnError)
	var t Traffic
	fs.StringVar(&t.Kind, "kind", "mixed", "one of "+strings.Join(kindNames(), ", "))
	fs.IntVar(&t.Packets, "packets", 0, "how many packets, about; 0 takes the kind's own number")
	fs.IntVar(&t.Open, "open", 0, "connections open at a time; 0 takes the kind's own number")
	fs.Uint64Var(&t.Seed, "seed", 1, "seed of the traffic")
	_ = fs.Parse(args)
	if fs.NArg() != 1 {
		return fmt.Errorf("name one output file, or - for standard output")
	}
	out := os.Stdout
	if name := fs.Arg(0); name != "-" {
		f, err := os.Create(name)
		if err != nil {
			return err
		}
		out = f
	}
	made, err := t.Write(out)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, made)
	return out.Close()
}
