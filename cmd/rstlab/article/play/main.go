//go:build linux

// Play plays the article's experiments with the programs of this machine, and writes captures, truth and
// what each program said:
//
//	go run ./cmd/rstlab/article/play              everything (needs root, some ten minutes)
//	go run ./cmd/rstlab/article/play -run okhttp  experiments whose name matches
//
// What is missing of the lab ends it; a program that is missing is named and left out.
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"

	"github.com/rstexplain/rstexplain/cmd/rstlab/actor"
	"github.com/rstexplain/rstexplain/cmd/rstlab/article"
	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
)

func main() {
	actor.Main()
	run := flag.String("run", "", "play only the experiments whose name matches this regular expression")
	dir := flag.String("o", "testdata/article", "directory to write to")
	atOnce := flag.Int("p", 2, "experiments to play at once")
	list := flag.Bool("list", false, "list the experiments and exit")
	flag.Parse()
	match, err := regexp.Compile(*run)
	if err != nil {
		fatal(err)
	}
	if *list {
		for _, e := range article.Experiments() {
			if match.MatchString(e.Name) {
				fmt.Printf("%-32s %s\n", e.Name, e.Title)
			}
		}
		return
	}
	if err := stage.Enter(); err != nil {
		fatal(fmt.Errorf("the experiments cannot be played here: %w", err))
	}
	if err := article.PlayAll(match, *dir, *atOnce, os.Stdout); err != nil {
		fatal(err)
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
