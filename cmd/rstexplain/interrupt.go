package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// interruptible returns a context that ends with the first SIGINT or SIGTERM. A second signal ends the program at once,
// as by default, but removes its temporary files first.
func interruptible() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		again := <-signals
		temporaries.remove()
		signal.Reset()
		if self, err := os.FindProcess(os.Getpid()); err == nil && self.Signal(again) == nil {
			time.Sleep(time.Second) // until it is delivered
		}
		os.Exit(exitLoss)
	}()
	return ctx
}

// awaited returns what f returns, or an interruptedError for name once ctx ends. f may then wait forever, for example
// for a pipe without a writer.
func awaited[T any](ctx context.Context, name string, f func() (T, error)) (T, error) {
	type result struct {
		v   T
		err error
	}
	done := make(chan result, 1)
	go func() {
		v, err := f()
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		return r.v, r.err
	case <-ctx.Done():
		var none T
		return none, interruptedError{name}
	}
}

// An interruptibleReader reads until ctx ends, even if a read in progress cannot be cancelled.
type interruptibleReader struct {
	ctx context.Context
	in  io.Reader
	buf []byte // of the read in progress, which may outlast the caller's
}

func (r *interruptibleReader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, interruptedError{}
	}
	if r.buf == nil {
		r.buf = make([]byte, 64<<10)
	}
	n, err := awaited(r.ctx, "", func() (int, error) { return r.in.Read(r.buf[:min(len(p), len(r.buf))]) })
	return copy(p, r.buf[:n]), err
}

// temporaries are the temporary files of outputs that are being written.
var temporaries = temporaryFiles{paths: map[string]bool{}}

type temporaryFiles struct {
	mu    sync.Mutex
	paths map[string]bool
}

// create makes a temporary file in the directory of path.
func (t *temporaryFiles) create(path string) (*os.File, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err == nil {
		t.paths[f.Name()] = true
	}
	return f, err
}

// discard removes a file.
func (t *temporaryFiles) discard(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	os.Remove(name)
	delete(t.paths, name)
}

// rename puts a file in its place.
func (t *temporaryFiles) rename(name, to string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	err := os.Rename(name, to)
	if err != nil {
		os.Remove(name)
	}
	delete(t.paths, name)
	return err
}

// remove removes all files and keeps new ones from being made, as the program ends.
func (t *temporaryFiles) remove() {
	t.mu.Lock()
	for name := range t.paths {
		os.Remove(name)
	}
}
