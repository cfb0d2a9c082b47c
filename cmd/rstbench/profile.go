package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/pprof"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// profileCommand notes what explaining and comparing captures spends its time on, for the compiler (go build -pgo).
func profileCommand(args []string) (err error) {
	fs := flag.NewFlagSet("profile", flag.ExitOnError)
	var c captures
	c.flags(fs)
	rounds := fs.Int("rounds", 8, "how often each is explained")
	_ = fs.Parse(args)
	if fs.NArg() != 1 {
		return errors.New("name one output file")
	}
	var paths []string
	for _, name := range c.names() {
		k, err := kindOf(name)
		if err != nil {
			return err
		}
		path, _, err := c.make(&k)
		if err != nil {
			return err
		}
		paths = append(paths, path)
	}
	out, err := os.Create(fs.Arg(0))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if err := pprof.StartCPUProfile(out); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	for i := range *rounds {
		for _, path := range paths {
			if err := explain(path); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if i%4 > 0 { // far fewer runs compare
				continue
			}
			if _, err := analyzer.Compare(context.Background(), []analyzer.VantagePoint{{Name: "a", Paths: []string{path}},
				{Name: "b", Paths: []string{path}}}, analyzer.Options{}); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	return nil
}

// explain does what the program does with path, but for the file that it writes.
func explain(path string) error {
	_, err := analyzer.Explain(context.Background(), path, report.JSON(io.Discard), analyzer.Options{})
	return err
}
