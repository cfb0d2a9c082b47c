//go:build linux

// Rstlab makes the test captures: it plays every situation in which a TCP is reset on a real kernel with
// real programs, captures it at several places, and writes beside the captures why each RST was sent, as
// the kernel itself recorded it.
//
//	go run ./cmd/rstlab                      everything (needs root, some minutes)
//	go run ./cmd/rstlab -run keepalive       situations whose name matches
//	go run ./cmd/rstlab article              the article's experiments (needs root, some ten minutes)
//	go run ./cmd/rstlab article -run okhttp  experiments whose name matches
//	go run ./cmd/rstlab vantages             captures along the path, with the kernel's trace (needs root)
//	go run ./cmd/rstlab vantages -run forged situations whose name matches
//
// It stops where a part of the lab itself is missing; an experiment whose program is missing is named and
// left out.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/rstexplain/rstexplain/cmd/rstlab/actor"
	"github.com/rstexplain/rstexplain/cmd/rstlab/constructed"
	"github.com/rstexplain/rstexplain/cmd/rstlab/netns"
	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
)

func main() {
	actor.Main()
	if len(os.Args) > 1 && os.Args[1] == "article" {
		if err := articleCommand(os.Args[2:]); err != nil {
			fatal(err)
		}
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "vantages" {
		if err := vantagesCommand(os.Args[2:]); err != nil {
			fatal(err)
		}
		return
	}
	run := flag.String("run", "", "play only the situations whose name matches this regular expression")
	dir := flag.String("o", "testdata", "directory to write to")
	atOnce := flag.Int("p", 4, "situations to play at once")
	list := flag.Bool("list", false, "list the situations and exit")
	flag.Parse()
	match, err := regexp.Compile(*run)
	if err != nil {
		fatal(err)
	}
	var chosen []stage.Situation
	for _, s := range situations() {
		if match.MatchString(s.Name) {
			chosen = append(chosen, s)
		}
	}
	if *list {
		for _, s := range chosen {
			fmt.Printf("%-44s %s\n", s.Name, s.Says)
		}
		return
	}
	if err := writeConstructed(*dir, match); err != nil {
		fatal(err)
	}
	if len(chosen) == 0 {
		return
	}
	needs := map[string]bool{"haproxy": true, "nginx": true}
	for _, s := range chosen {
		for _, p := range s.Needs {
			needs[p] = true
		}
	}
	if err := stage.Enter(sortedKeys(needs)...); err != nil {
		fatal(fmt.Errorf("the lab cannot run here: %w", err))
	}
	err = stage.PlayAll(chosen, *atOnce, os.Stdout, func(out *stage.Outcome) error {
		if err := stage.Write(filepath.Join(*dir, "lab", "captures"), out); err != nil {
			return err
		}
		if out.Rule != "" {
			if err := stage.WriteRule(*dir, out.Rule, "capture", out); err != nil {
				return err
			}
		}
		if out.NearMiss != "" {
			return stage.WriteRule(*dir, out.NearMiss, "near-miss", out)
		}
		return nil
	})
	if err != nil {
		fatal(err)
	}
}

// writeConstructed writes the captures that need no machine, those made of segment scripts.
func writeConstructed(dir string, match *regexp.Regexp) error {
	if netns.Isolated() {
		return nil // done by the process outside
	}
	captures, err := constructed.All()
	if err != nil {
		return err
	}
	for _, c := range captures {
		if match.MatchString("constructed-" + c.Name) {
			if err := stage.WriteConstructed(dir, c); err != nil {
				return err
			}
		}
	}
	return nil
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
