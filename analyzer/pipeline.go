package analyzer

import (
	"cmp"
	"errors"
	"io"
	"runtime"
	"slices"
	"sync"
)

// A pipeline is a row of stages with a pipe between each two. Stages are no goroutines of their own: workers, about
// as many as there are processors, stay with a stage for as long as they can, so that most of what it works with
// stays in the cache of one processor. A stage is run by one worker at a time and takes things in their order, so
// what comes out does not depend on who runs what.
type pipeline struct {
	mu      sync.Mutex // guards what follows, and what changes in stages and pipes
	stages  []*stage
	workers []*worker
	relief  sync.Cond      // for stages that wait for room in a pipe
	waiting int            // of them
	awaited int            // number of the first stage that do waits for, with all behind it
	over    sync.WaitGroup // until these have ended
}

// A worker is one of the goroutines that run stages.
type worker struct {
	call sync.Cond
	idle bool // it rests until it is called
}

// A stage makes things of what the stage before it has made.
type stage struct {
	step func() error // takes one thing, and puts what comes of it; an error ends the stage, io.EOF when nothing more will come
	also func() bool  // where set, reports whether step has something to do though there is nothing to take
	end  func()       // where set, called when the stage ends
	in   joint        // nil for the first

	out    joint // the next one's in, nil for the last
	number int
	home   int // the worker whose own it is
	busy   bool
	ended  bool
	err    error // what ended it, other than io.EOF
}

// ready reports whether the stage can be run.
func (s *stage) ready() bool {
	return !s.busy && !s.ended && (s.out == nil || s.out.room()) &&
		(s.in == nil || s.in.some() || s.also != nil && s.also())
}

// A joint is a pipe without what goes through it.
type joint interface {
	join(p *pipeline, from, to *stage)
	some() bool // something can be taken, or nothing will come any more
	room() bool // something can be put
	dead() bool // nothing is taken any more
	drop()      // forgets what it holds
}

// A pipe holds things between two stages.
type pipe[T any] struct {
	most int // that wait for a stage to take them

	*pipeline
	from, to *stage
	things   []T
}

func (q *pipe[T]) join(p *pipeline, from, to *stage) { q.pipeline, q.from, q.to = p, from, to }
func (q *pipe[T]) some() bool                        { return len(q.things) > 0 || q.from.ended }
func (q *pipe[T]) room() bool                        { return len(q.things) < q.most }
func (q *pipe[T]) dead() bool                        { return q.to.ended }
func (q *pipe[T]) drop()                             { q.things = nil }

// errNothing says that nothing has come through a pipe yet.
var errNothing = errors.New("nothing to take yet")

// take returns the next thing, or errNothing, or io.EOF when nothing will come any more.
func (q *pipe[T]) take() (v T, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.things) == 0 {
		if q.from.ended {
			return v, io.EOF
		}
		return v, errNothing
	}
	v = q.things[0]
	n := copy(q.things, q.things[1:])
	clear(q.things[n:])
	q.things = q.things[:n]
	q.tell()
	return v, nil
}

// put passes v on. Where there is no room, its caller works at the stages that follow until there is.
func (q *pipe[T]) put(v T) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.room() {
		if s := q.last(func(s *stage) bool { return s.ready() }, q.to.number); s != nil {
			q.run(s)
			continue
		}
		q.waiting++
		q.relief.Wait()
		q.waiting--
	}
	if !q.to.ended {
		q.things = append(q.things, v)
		q.tell()
	}
}

// newPipeline returns a pipeline of stages, of which those from number awaited on are waited for.
func newPipeline(awaited int, stages ...*stage) *pipeline {
	workers := min(max(runtime.GOMAXPROCS(0), 2), len(shares)-1)
	p := &pipeline{stages: stages, workers: make([]*worker, workers), awaited: awaited}
	p.relief.L = &p.mu
	for i := range p.workers {
		p.workers[i] = &worker{call: sync.Cond{L: &p.mu}}
	}
	p.over.Add(len(stages) - awaited)
	for i, s := range stages {
		s.number, s.home = i, shares[workers][i]
		if s.in != nil {
			from := stages[i-1]
			from.out = s.in
			s.in.join(p, from, s)
		}
	}
	return p
}

// shares[n] are the workers, of n, whose own the stages are: those of one take about as long as those of another
// (docs/benchmarks.md). There are two at least, because one may wait for input.
var shares = [...][]int{
	2: {0, 0, 1, 1, 1},
	3: {0, 1, 2, 1, 1},
	4: {0, 1, 2, 3, 3},
	5: {0, 1, 2, 3, 4},
}

// do runs the pipeline until the stages that are waited for have ended, and returns the errors of all that have.
func (p *pipeline) do() error {
	for i := range p.workers {
		go p.work(i)
	}
	p.over.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, s := range p.stages {
		errs = append(errs, s.err)
	}
	return errors.Join(errs...)
}

// work runs stages until all have ended.
func (p *pipeline) work(worker int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for s := (*stage)(nil); ; {
		if s = p.next(worker, s); s != nil {
			p.run(s)
		} else if p.allEnded() {
			for _, w := range p.workers {
				w.wake() // they end too
			}
			return
		} else {
			p.workers[worker].rest()
		}
	}
}

// next returns the stage that a worker runs after s: s again where it is its own, another of its own, and only when
// these have nothing to do one of others, of which it stays with s too.
func (p *pipeline) next(worker int, s *stage) *stage {
	if s != nil && s.home == worker && s.ready() {
		return s
	}
	if own := p.last(func(s *stage) bool { return s.home == worker && s.ready() }, 0); own != nil {
		return own
	}
	if s != nil && s.ready() {
		return s
	}
	for _, s := range p.stages {
		if s.ready() {
			return s
		}
	}
	return nil
}

// last returns the last stage, from number from on, that is as wanted, nil if none is.
func (p *pipeline) last(wanted func(*stage) bool, from int) *stage {
	for i := len(p.stages) - 1; i >= from; i-- {
		if wanted(p.stages[i]) {
			return p.stages[i]
		}
	}
	return nil
}

// run lets s take one step. p.mu is held before and after, but not meanwhile. What has become ready by it the caller
// sees to.
func (p *pipeline) run(s *stage) {
	s.busy = true
	p.tell()
	err := error(io.EOF)
	if s.out == nil || !s.out.dead() {
		p.mu.Unlock()
		err = guarded(s.step)
		p.mu.Lock()
	}
	if err != nil {
		p.finish(s, err)
	}
	s.busy = false
}

// finish ends s, because of err.
func (p *pipeline) finish(s *stage, err error) {
	if s.end != nil {
		p.mu.Unlock()
		err = cmp.Or(guarded(func() error { s.end(); return nil }), err)
		p.mu.Lock()
	}
	s.ended = true
	if err != io.EOF {
		s.err = err
	}
	if s.in != nil {
		s.in.drop()
	}
	if s.number >= p.awaited {
		p.over.Done()
	}
	p.tell()
}

func (p *pipeline) allEnded() bool {
	for _, s := range p.stages {
		if !s.ended {
			return false
		}
	}
	return true
}

// rouse has workers look again for something to do. Any goroutine may call it.
func (p *pipeline) rouse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tell()
}

// tell wakes an idle worker for each stage that is ready, the one whose own it is if that is idle; and those who wait
// for room.
func (p *pipeline) tell() {
	if p.waiting > 0 {
		p.relief.Broadcast()
	}
	for _, s := range p.stages {
		w := p.workers[s.home]
		if !w.idle {
			i := slices.IndexFunc(p.workers, func(w *worker) bool { return w.idle })
			if i < 0 {
				return
			}
			w = p.workers[i]
		}
		if s.ready() {
			w.wake()
		}
	}
}

// rest waits until the worker is woken.
func (w *worker) rest() {
	for w.idle = true; w.idle; {
		w.call.Wait()
	}
}

// wake wakes the worker if it rests.
func (w *worker) wake() {
	w.idle = false
	w.call.Signal()
}
