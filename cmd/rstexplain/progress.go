package main

import (
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A progress shows on a terminal how much of all files has been read: bytes, their rate, and the time left.
type progress struct {
	bar   *progressbar.ProgressBar
	read  atomic.Int64
	total int64 // -1 where it is not known
	stop  chan struct{}
	done  chan struct{}
	ended sync.Once

	mu      sync.Mutex // the bar and the report share a terminal
	drawn   bool       // the bar is there
	midline bool       // the report has begun a line and not ended it
}

// Progress is shown after progressAfter, when most captures have been explained, and updated every progressEvery.
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
	p := newProgress(total, stderr)
	go p.run()
	return p
}

func newProgress(total int64, stderr io.Writer) *progress {
	p := &progress{total: total, stop: make(chan struct{}), done: make(chan struct{})}
	p.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(stderr), progressbar.OptionShowBytes(true),
		progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(progressEvery), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetDescription("reading"), progressbar.OptionFullWidth())
	return p
}

// run draws the bar until the end.
func (p *progress) run() {
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
			p.draw()
		case <-p.stop:
			p.mu.Lock()
			p.clear()
			p.mu.Unlock()
			return
		}
	}
}

// draw shows the progress, unless the line contains a part of the report.
func (p *progress) draw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.midline {
		p.drawn = true
		_ = p.bar.Set64(min(p.read.Load(), max(p.total, p.read.Load()-1))) // failing to draw does no harm
	}
}

// clear removes the bar; p.mu is held.
func (p *progress) clear() {
	if p.drawn {
		p.drawn = false
		_ = p.bar.Clear()
	}
}

// writer returns a writer to report. If both are on a terminal, it removes the bar before it writes.
func (p *progress) writer(report io.Writer) io.Writer {
	f, ok := report.(*os.File)
	if p == nil || !ok || !term.IsTerminal(int(f.Fd())) {
		return report
	}
	return barWriter{p, f, f.Fd()}
}

// A barWriter writes to a terminal that also shows a progress bar.
type barWriter struct {
	p  *progress
	to io.Writer
	fd uintptr
}

// Fd identifies the terminal.
func (b barWriter) Fd() uintptr { return b.fd }

func (b barWriter) Write(text []byte) (int, error) {
	b.p.mu.Lock()
	defer b.p.mu.Unlock()
	b.p.clear()
	if len(text) > 0 {
		b.p.midline = text[len(text)-1] != '\n'
	}
	return b.to.Write(text)
}

// counter returns the counter of the bytes read, nil if no progress is shown.
func (p *progress) counter() *atomic.Int64 {
	if p == nil {
		return nil
	}
	return &p.read
}

// end removes the bar.
func (p *progress) end() {
	if p != nil {
		p.ended.Do(func() { close(p.stop) })
		<-p.done
	}
}
