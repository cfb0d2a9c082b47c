//go:build linux

// Play plays the article's experiments: go run ./testdata/lab/article/play [-run name] [-o testdata/article]
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"

	"github.com/rstexplain/rstexplain/testdata/lab/actor"
	"github.com/rstexplain/rstexplain/testdata/lab/article"
	"github.com/rstexplain/rstexplain/testdata/lab/ktrace"
	"github.com/rstexplain/rstexplain/testdata/lab/netns"
	"github.com/rstexplain/rstexplain/testdata/lab/stage"
)

func main() {
	actor.Main()
	run := flag.String("run", "", "play only the experiments whose name matches this regular expression")
	dir := flag.String("o", "testdata/article", "directory to write to")
	atOnce := flag.Int("p", 2, "experiments to play at once")
	flag.Parse()
	missing := stage.Missing()
	if os.Geteuid() == 0 {
		if err := netns.Isolate(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := ktrace.Check(); err != nil {
			missing = append(missing, err.Error())
		}
	}
	if len(missing) > 0 {
		fmt.Fprintln(os.Stderr, "the experiments cannot be played here; missing:", missing)
		os.Exit(1)
	}
	if err := article.PlayAll(regexp.MustCompile(*run), *dir, *atOnce, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
