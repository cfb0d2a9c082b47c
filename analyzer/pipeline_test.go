package analyzer

import (
	"errors"
	"io"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// A row is a pipeline that counts: the first stage makes numbers, the next pass them on, the last collects them.
type row struct {
	pipes  [4]*pipe[int]
	stages [5]*stage
	first  int // the number that comes next
	got    []int
}

func newRow(most, numbers int) *row {
	r := &row{}
	for i := range r.pipes {
		r.pipes[i] = &pipe[int]{most: most}
	}
	r.stages[0] = &stage{step: func() error {
		if r.first == numbers {
			return io.EOF
		}
		r.pipes[0].put(r.first)
		r.first++
		return nil
	}}
	for i := 1; i < 4; i++ {
		in, out := r.pipes[i-1], r.pipes[i]
		r.stages[i] = &stage{in: in, step: func() error {
			v, err := in.take()
			if err == nil {
				out.put(v)
			}
			return err
		}}
	}
	r.stages[4] = &stage{in: r.pipes[3], step: func() error {
		v, err := r.pipes[3].take()
		if err == nil {
			r.got = append(r.got, v)
		}
		return err
	}}
	return r
}

// do runs the row and fails the test when it does not end.
func (r *row) do(t *testing.T) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- newPipeline(0, r.stages[:]...).do() }()
	select {
	case err := <-done:
		return err
	case <-time.After(time.Minute):
		t.Fatal("the pipeline does not end")
		return nil
	}
}

// whole fails the test unless the row has passed on so many numbers, in order.
func (r *row) whole(t *testing.T, numbers int) {
	t.Helper()
	if len(r.got) != numbers || !slices.IsSorted(r.got) || numbers > 0 && r.got[numbers-1] != numbers-1 {
		t.Errorf("%d numbers came out, want %d in order", len(r.got), numbers)
	}
}

// With any number of workers all comes out, in order, and no stage is run twice at a time.
func TestPipelineOrder(t *testing.T) {
	before := runtime.NumGoroutine()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for cores := 1; cores <= 6; cores++ {
		runtime.GOMAXPROCS(cores)
		for _, most := range []int{1, 8} {
			const numbers = 2000
			r := newRow(most, numbers)
			for i, s := range r.stages {
				step, running, turn := s.step, new(atomic.Int32), 0
				s.step = func() error {
					if running.Add(1) != 1 {
						t.Errorf("stage %d is run twice at a time", i)
					}
					defer running.Add(-1)
					if turn++; turn/50%5 == i { // every stage is the slowest at times
						runtime.Gosched()
					}
					return step()
				}
			}
			if err := r.do(t); err != nil {
				t.Fatal(err)
			}
			r.whole(t, numbers)
		}
	}
	for deadline := time.Now().Add(time.Minute); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d workers do not end", runtime.NumGoroutine()-before)
		}
	}
}

// bursting makes the stage in the middle put so many numbers in one step.
func (r *row) bursting(burst int) {
	r.stages[2].step = func() error {
		v, err := r.pipes[1].take()
		for i := 0; err == nil && i < burst; i++ {
			r.pipes[2].put(v*burst + i)
		}
		return err
	}
}

// A stage that puts many things in one step works at those behind it, and no more wait than may.
func TestPipelineBursts(t *testing.T) {
	const bursts, burst, most = 20, 100, 2
	r := newRow(most, bursts)
	r.bursting(burst)
	step, waited := r.stages[3].step, 0
	r.stages[3].step = func() error {
		time.Sleep(time.Microsecond) // it is the slowest
		r.pipes[2].mu.Lock()
		waited = max(waited, len(r.pipes[2].things))
		r.pipes[2].mu.Unlock()
		return step()
	}
	if err := r.do(t); err != nil {
		t.Fatal(err)
	}
	r.whole(t, bursts*burst)
	if waited != most {
		t.Errorf("%d things waited at a time, want %d", waited, most)
	}
}

// A stage that waits for room is not left waiting when the one behind it ends.
func TestPipelineRelief(t *testing.T) {
	r := newRow(1, 0)
	p := newPipeline(0, r.stages[:]...)
	q := r.pipes[2]
	q.put(1)
	p.mu.Lock()
	r.stages[3].busy = true // another worker is at it
	p.mu.Unlock()
	done := make(chan struct{})
	go func() {
		q.put(2)
		close(done)
	}()
	for waits := false; !waits; {
		p.mu.Lock()
		waits = p.waiting > 0
		p.mu.Unlock()
	}
	p.mu.Lock()
	p.finish(r.stages[3], io.EOF)
	p.mu.Unlock()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("it still waits")
	}
	if len(q.things) > 0 {
		t.Errorf("%d things were put though nobody takes them", len(q.things))
	}
}

// When a stage fails or panics, those before it end too, those behind it get what was made until then, and the error
// comes back.
func TestPipelineFails(t *testing.T) {
	broken := errors.New("broken")
	for i := range 5 {
		for _, panics := range []bool{false, true} {
			const numbers, whole = 1 << 40, 100
			r := newRow(3, numbers)
			ended := atomic.Bool{}
			r.stages[0].end = func() { ended.Store(true) }
			step, steps := r.stages[i].step, 0
			r.stages[i].step = func() error {
				if steps++; steps <= whole {
					return step()
				}
				if panics {
					panic("broken")
				}
				return broken
			}
			err := r.do(t)
			if b := (*bug)(nil); panics != errors.As(err, &b) || !panics && !errors.Is(err, broken) {
				t.Errorf("stage %d, panics %v: got %v", i, panics, err)
			}
			if !ended.Load() {
				t.Errorf("stage %d, panics %v: the first stage was not told of its end", i, panics)
			}
			r.whole(t, whole)
			for j, q := range r.pipes[:i] {
				if len(q.things) > 0 {
					t.Errorf("stage %d, panics %v: pipe %d still holds %d things", i, panics, j, len(q.things))
				}
			}
		}
	}
}

// A first stage that waits for ever holds up nobody: what came before goes all the way, and the others end when they
// must.
func TestPipelineBlocked(t *testing.T) {
	for numbers := range 200 {
		blocked(t, numbers)
	}
}

func blocked(t *testing.T, numbers int) {
	r := newRow(2, 1<<40)
	never := make(chan struct{})
	defer close(never)
	var over atomic.Bool
	for i, s := range r.stages {
		step := s.step
		s.step = func() error {
			if i == 0 && r.first == numbers {
				<-never
			}
			if i > 0 && (i+numbers)%3 == 0 { // now these, now those are slow
				time.Sleep(time.Microsecond)
			}
			switch err := step(); {
			case i == 2 && over.Load():
				return io.EOF
			case err == errNothing:
				t.Errorf("stage %d was asked for nothing", i)
				return nil
			default:
				return err
			}
		}
	}
	r.stages[2].also = over.Load
	p := newPipeline(2, r.stages[:]...)
	done := make(chan error, 1)
	go func() { done <- p.do() }()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Microsecond) {
		p.mu.Lock()
		come := !r.stages[4].busy && len(r.got) == numbers
		p.mu.Unlock()
		if come {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("of %d numbers %d have come", numbers, len(r.got))
		}
	}
	over.Store(true)
	p.rouse()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the stages that are waited for do not end")
	}
	r.whole(t, numbers)
}
