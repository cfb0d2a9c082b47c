package main

import (
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A progress shows on a terminal how much of all files has been read: octets, their rate, and the time left.
type progress struct {
	bar  *progressbar.ProgressBar
	read atomic.Int64
	stop chan struct{}
	done chan struct{}
}

// How long nothing is shown, for most captures are explained by then, and how often it changes after.
const (
	progressAfter = time.Second
	progressEvery = 100 * time.Millisecond
)

// startProgress shows the progress on stderr, where that is a terminal; elsewhere it returns nil.
func startProgress(paths []string, stderr io.Writer) *progress {
	f, ok := stderr.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	total := int64(0)
	for _, path := range paths {
		st, err := os.Stat(path)
		if err != nil || !st.Mode().IsRegular() { // it is not known how much comes
			total = -1
			break
		}
		total += st.Size()
	}
	p := &progress{stop: make(chan struct{}), done: make(chan struct{})}
	p.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(stderr), progressbar.OptionShowBytes(true),
		progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(progressEvery), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetDescription("reading"), progressbar.OptionFullWidth())
	go func() {
		defer close(p.done)
		wait := time.NewTimer(progressAfter)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-p.stop:
			return
		}
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				_ = p.bar.Set64(min(p.read.Load(), max(total, p.read.Load()-1))) // a bar that cannot be drawn harms nothing
			case <-p.stop:
				_ = p.bar.Clear()
				return
			}
		}
	}()
	return p
}

// counter is what the octets read are added to, nil where nothing is shown.
func (p *progress) counter() *atomic.Int64 {
	if p == nil {
		return nil
	}
	return &p.read
}

// end removes the bar.
func (p *progress) end() {
	if p != nil {
		close(p.stop)
		<-p.done
	}
}
