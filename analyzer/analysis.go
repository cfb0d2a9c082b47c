package analyzer

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
	"github.com/rstexplain/rstexplain/rules"
)

// What waits between two stages at the most: enough that a stage seldom has to wait for another, and few enough to stay
// in the cache.
const (
	piecesWaiting = 8  // of the input
	groupsWaiting = 2  // of resets
	resetsAtOnce  = 64 // in a group, so that a piece which holds thousands is no burst of memory
)

// An analysis explains one input in four stages, each a goroutine: read, putBy, follow, explain.
type analysis struct {
	ctx  context.Context // its end is that of the input
	in   input
	to   report.Renderer
	opts Options

	headers  decoding
	decoded  pipe[*segments]
	deferred pipe[*segments]
	reading  *track.Table // for what is read
	table    *track.Table // for what is followed
	span     timeSpan
	failed   unreachables
	live     liveClock
	left     bool    // something of the input has not been followed
	found    []found // by the table, not yet passed on
	resets   pipe[[]found]
	unwanted bool // resets are not taken any more
	explainer
	early  *explainer // of resets before all is known that follows them; nil where the input is not followed
	joined *joinedInput
	text   *pastedInput
	export *exportInput // nil where the input is no export
}

// A found is a reset that the table has found. It comes twice where the input is followed: early, and when all is known
// that follows it.
type found struct {
	*flows.Reset
	early bool
}

// An explainer names the causes of resets, and makes models of them.
type explainer struct {
	engine  *rules.Engine
	builder report.Builder
	kernel  *witness
}

func newExplainer(opts *Options) explainer {
	return explainer{engine: rules.NewEngine(opts.Rules), kernel: newWitness(opts.Kernel)}
}

func (e *explainer) model(r *flows.Reset) (*rules.Finding, *report.Reset) {
	finding := e.kernel.explain(e.engine, r)
	m := e.builder.Reset(r, finding)
	e.kernel.tell(m)
	return finding, m
}

func newAnalysis(ctx context.Context, in input, to report.Renderer, opts Options) *analysis {
	x := &analysis{ctx: ctx, in: in, to: to, opts: opts,
		decoded:   newPipe[*segments](piecesWaiting),
		deferred:  newPipe[*segments](piecesWaiting),
		left:      true,
		resets:    newPipe[[]found](groupsWaiting),
		explainer: newExplainer(&opts),
	}
	// Of another input these are nil, and do nothing.
	x.joined, _ = in.(*joinedInput)
	x.text, _ = in.(*pastedInput)
	x.export, _ = in.(*exportInput)
	if opts.Follow {
		early := newExplainer(&opts)
		x.early = &early
		x.opts.Flows.Early = func(r *flows.Reset) { x.find(r, true) }
	}
	x.table = x.newTable()
	x.reading = x.table
	x.headers.watch = opts.watch
	return x
}

// newTable returns a table that passes on the resets that it finds.
func (x *analysis) newTable() *track.Table {
	return track.NewTable(x.opts.Flows, func(r *flows.Reset) { x.find(r, false) })
}

// find takes a reset that the table has found.
func (x *analysis) find(r *flows.Reset, early bool) {
	if x.found = append(x.found, found{r, early}); len(x.found) == resetsAtOnce {
		x.pass()
	}
}

// run runs the stages and returns their errors. Reading may block for ever, on a pipe that brings nothing: it and putBy
// are not waited for, and what they bring after the end of the context is dropped.
func (x *analysis) run() error {
	var reading, puttingBy, following, explaining error
	var over sync.WaitGroup
	go stage(&reading, x.read, x.decoded.end)
	go stage(&puttingBy, x.putBy, x.deferred.end, x.decoded.leave)
	over.Go(func() { stage(&following, x.follow, x.resets.end, x.deferred.leave) })
	over.Go(func() { stage(&explaining, x.explain, x.resets.leave) })
	over.Wait()
	if x.left { // the first two may be at work still
		return errors.Join(following, explaining)
	}
	return errors.Join(reading, puttingBy, following, explaining)
}

// read reads the input, and the headers of each piece while its bytes are in the processor's cache.
func (x *analysis) read() error {
	defer x.in.close() // all is read, or nothing more is wanted
	for {
		s, err := x.headers.next(x.in, &x.reading, x.newTable, x.opts.Read)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if !x.decoded.put(s) {
			return nil
		}
	}
}

// putBy puts by the segments in good order.
func (x *analysis) putBy() error {
	for s := range x.decoded.things {
		s.list.Defer() // puts by what can wait
		if !x.deferred.put(s) {
			break
		}
	}
	return nil
}

// follow follows the connections. While a live capture brings nothing, its clock goes on.
func (x *analysis) follow() error {
	ticks, stop := x.live.ticks()
	defer stop()
	for x.left && !x.unwanted && x.ctx.Err() == nil {
		select {
		case s, more := <-x.deferred.things:
			if x.left = more; more {
				x.add(s)
			}
		case <-ticks:
			x.table.Settle(x.live.now())
		case <-x.ctx.Done():
		}
		if x.opts.Follow {
			x.pass()
		}
	}
	x.table.Flush()
	x.pass()
	return nil
}

// add adds segments to their connections.
func (x *analysis) add(s *segments) {
	if !x.span.seen && s.seen {
		x.builder.Start(report.Time(s.start))
		if x.early != nil {
			x.early.builder.Start(report.Time(s.start))
		}
	}
	x.span.add(&s.timeSpan)
	x.live.heard(s.last)
	if s.table != x.table {
		x.table.Flush()
		s.table.Succeed(x.table)
		x.table = s.table
	}
	s.follow(x.table, &x.failed)
	s.release()
}

// pass passes on the resets that the table has found.
func (x *analysis) pass() {
	if len(x.found) > 0 {
		x.unwanted = !x.resets.put(x.found)
		x.found = nil
	}
}

// explain names the causes of resets, and writes them into the report.
func (x *analysis) explain() error {
	for some := range x.resets.things {
		for _, reset := range some {
			by := &x.explainer
			if reset.early {
				by = x.early
			}
			finding, m := by.model(reset.Reset)
			m.Provisional = reset.early
			x.joined.place(m)
			x.text.place(m)
			x.export.place(m)
			if !reset.early && (x.opts.keep == nil || !x.opts.keep(reset.Reset, finding, m)) {
				track.Release(reset.Reset)
			}
			if err := x.to.Reset(m); err != nil {
				return err
			}
			by.builder.Release(m)
		}
	}
	return nil
}
