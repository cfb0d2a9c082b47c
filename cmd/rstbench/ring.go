package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// A rotation goes on to the next file of a ring after a number of packets, as capture programs do.
type rotation struct {
	every   int // packets; 0: never
	packets int // in the present file
	next    func() (io.WriteCloser, error)
	file    io.Closer
	skew    time.Duration // of the clock
}

// turn goes on to the next file where the present one is full.
func (w *writer) turn() {
	r := &w.rotation
	if r.every == 0 {
		return
	}
	if r.packets++; r.packets <= r.every {
		return
	}
	r.packets = 1
	if w.err == nil {
		w.err = w.out.Flush()
	}
	if err := r.file.Close(); w.err == nil {
		w.err = err
	}
	if w.err != nil {
		return
	}
	var to io.WriteCloser
	if to, w.err = r.next(); w.err != nil {
		return
	}
	r.file = to
	w.out.Reset(to)
	w.header()
}

// ringCommand writes the rings of several taps, each in a directory of its own. The traffic of each tap is another one,
// connections go on over the borders of files, and the clock of the last tap is wrong.
func ringCommand(args []string) error {
	fs := flag.NewFlagSet("ring", flag.ExitOnError)
	t := Traffic{}
	fs.StringVar(&t.Kind, "kind", "mixed", "as of generate")
	taps := fs.Int("taps", 4, "how many taps")
	files := fs.Int("files", 16, "how many files of each tap, about")
	fs.IntVar(&t.Packets, "packets", 64_000, "packets of each tap, about")
	fs.IntVar(&t.Open, "open", 200, "connections open at a time")
	skew := fs.Duration("skew", 250*time.Millisecond, "how far the clock of the last tap is ahead")
	fs.Uint64Var(&t.Seed, "seed", 1, "seed of the traffic of the first tap")
	_ = fs.Parse(args)
	if fs.NArg() != 1 {
		return fmt.Errorf("name the directory to write to")
	}
	for tap := range *taps {
		dir := filepath.Join(fs.Arg(0), fmt.Sprintf("tap%d", tap+1))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		n := 0
		next := func() (io.WriteCloser, error) {
			n++
			return os.Create(filepath.Join(dir, fmt.Sprintf("ring_%05d_20240101000000.pcapng", n)))
		}
		r := rotation{every: (t.Packets + *files - 1) / *files, next: next}
		if tap == *taps-1 && tap > 0 {
			r.skew = *skew
		}
		made, err := t.writeRing(r)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%s: %d files, %v\n", dir, n, made)
		t.Seed++
	}
	return nil
}

// writeRing writes the capture as the files of a ring.
func (t Traffic) writeRing(r rotation) (Made, error) {
	first, err := r.next()
	if err != nil {
		return Made{}, err
	}
	r.file = first
	var last io.Closer
	made, err := t.write(first, func(w *writer) {
		w.rotation = r
		last = closing{w}
	})
	if e := last.Close(); err == nil {
		err = e
	}
	return made, err
}

// closing closes the file that a writer has come to.
type closing struct{ *writer }

func (c closing) Close() error { return c.rotation.file.Close() }
