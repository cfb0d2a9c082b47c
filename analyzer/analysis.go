package analyzer

import (
	"context"
	"io"

	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
	"github.com/rstexplain/rstexplain/rules"
)

// What waits between two stages at the most: enough that a worker seldom has to change, and few enough to stay in the
// cache.
const (
	piecesWaiting = 8  // of the input
	groupsWaiting = 2  // of resets
	resetsAtOnce  = 64 // in a group, so that a piece which holds thousands is no burst of memory
)

// An analysis explains one input in five stages, which are its methods.
type analysis struct {
	ctx  context.Context // its end is that of the input
	in   input
	to   report.Renderer
	opts Options

	headers   decoding
	decoded   *pipe[*segments]
	deferred  *pipe[*segments]
	table     *track.Table
	span      timeSpan
	failed    unreachables
	live      liveClock
	left      bool           // something of the input has not been followed
	found     []*flows.Reset // by the table, not yet passed on
	resets    *pipe[[]*flows.Reset]
	engine    *rules.Engine
	builder   report.Builder
	joined    *joinedInput
	text      *pastedInput
	explained *pipe[[]*report.Reset]
}

func newAnalysis(ctx context.Context, in input, to report.Renderer, opts Options) *analysis {
	x := &analysis{ctx: ctx, in: in, to: to, opts: opts,
		decoded:   &pipe[*segments]{most: piecesWaiting},
		deferred:  &pipe[*segments]{most: piecesWaiting},
		left:      true,
		resets:    &pipe[[]*flows.Reset]{most: groupsWaiting},
		engine:    rules.NewEngine(opts.Rules),
		joined:    joinedOf(in),
		text:      pastedOf(in),
		explained: &pipe[[]*report.Reset]{most: groupsWaiting},
	}
	x.table = track.NewTable(opts.Flows, func(r *flows.Reset) {
		if x.found = append(x.found, r); len(x.found) == resetsAtOnce {
			x.pass()
		}
	})
	return x
}

// pipeline returns the stages in their order. Reading may block for ever, on a pipe that brings nothing: it is not
// waited for, and what it still reads after the end of the context is dropped.
func (x *analysis) pipeline() *pipeline {
	return newPipeline(2,
		&stage{step: x.read, end: x.shut},
		&stage{step: x.putBy, in: x.decoded},
		&stage{step: x.follow, also: x.called, in: x.deferred},
		&stage{step: x.explain, in: x.resets},
		&stage{step: x.write, in: x.explained},
	)
}

// read reads a piece of the input, and its headers while its octets are in the processor's cache.
func (x *analysis) read() error {
	s, err := x.headers.next(x.in, x.table, x.opts.Read)
	if err == nil {
		x.decoded.put(s)
	}
	return err
}

// shut ends the reading: all is read, or nothing more is wanted.
func (x *analysis) shut() { x.in.close() }

// putBy puts by the segments in good order.
func (x *analysis) putBy() error {
	s, err := x.decoded.take()
	if err == nil {
		s.putBy()
		x.deferred.put(s)
	}
	return err
}

// follow follows the connections.
func (x *analysis) follow() error {
	s, err := x.deferred.take()
	x.left = err != io.EOF
	if x.ctx.Err() != nil || !x.left {
		x.table.Flush()
		x.pass()
		return io.EOF
	}
	if err == nil {
		if !x.span.seen && s.seen {
			x.builder.Start(report.Time(s.start))
		}
		x.span.add(&s.timeSpan)
		x.live.heard(s.last)
		s.follow(x.table, &x.failed)
		s.release()
	}
	if x.live.ticked() {
		x.table.Settle(x.live.now())
	}
	if x.opts.Follow {
		x.pass()
	}
	return nil
}

// called reports whether there is something for follow to do though no segments have come.
func (x *analysis) called() bool { return x.ctx.Err() != nil || x.live.due.Load() }

// pass passes on the resets that the table has found.
func (x *analysis) pass() {
	if len(x.found) > 0 {
		x.resets.put(x.found)
		x.found = nil
	}
}

// explain names the causes of resets.
func (x *analysis) explain() error {
	some, err := x.resets.take()
	if err != nil {
		return err
	}
	list := make([]*report.Reset, len(some))
	for i, reset := range some {
		list[i] = x.builder.Reset(reset, x.engine.Explain(reset))
		x.joined.place(list[i])
		x.text.place(list[i])
		track.Release(reset)
	}
	x.explained.put(list)
	return nil
}

// write writes them into the report.
func (x *analysis) write() error {
	some, err := x.explained.take()
	for _, m := range some {
		if err = x.to.Reset(m); err != nil {
			break
		}
		x.builder.Release(m)
	}
	return err
}
