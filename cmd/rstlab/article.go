//go:build linux

package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"

	"github.com/rstexplain/rstexplain/cmd/rstlab/article"
	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
)

// articleCommand plays the article's experiments with the programs of this machine, and writes captures,
// truth and what each program said.
func articleCommand(args []string) error {
	fs := flag.NewFlagSet("article", flag.ExitOnError)
	run := fs.String("run", "", "play only the experiments whose name matches this regular expression")
	dir := fs.String("o", "testdata/article", "directory to write to")
	atOnce := fs.Int("p", 2, "experiments to play at once")
	list := fs.Bool("list", false, "list the experiments and exit")
	_ = fs.Parse(args)
	match, err := regexp.Compile(*run)
	if err != nil {
		return err
	}
	if *list {
		for _, e := range article.Experiments() {
			if match.MatchString(e.Name) {
				fmt.Printf("%-32s %s\n", e.Name, e.Title)
			}
		}
		return nil
	}
	if err := stage.Enter(); err != nil {
		return fmt.Errorf("the experiments cannot be played here: %w", err)
	}
	return article.PlayAll(match, *dir, *atOnce, os.Stdout)
}
