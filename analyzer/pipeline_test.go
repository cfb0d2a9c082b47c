package analyzer

import (
	"errors"
	"io"
	"slices"
	"testing"
	"time"
)

// A row is a pipeline that counts: the first stage makes numbers, the next passes them on, the last collects them.
type row struct {
	pipes [2]pipe[int]
	steps [3]func() error // one step of each stage; io.EOF ends it
	got   []int
	next  int // the number that comes next
}

func newRow(waiting, numbers int) *row {
	r := &row{pipes: [2]pipe[int]{newPipe[int](waiting), newPipe[int](waiting)}}
	r.steps[0] = func() error {
		if r.next == numbers || !r.pipes[0].put(r.next) {
			return io.EOF
		}
		r.next++
		return nil
	}
	r.steps[1] = func() error {
		v, more := <-r.pipes[0].things
		if !more || !r.pipes[1].put(v) {
			return io.EOF
		}
		return nil
	}
	r.steps[2] = func() error {
		v, more := <-r.pipes[1].things
		if !more {
			return io.EOF
		}
		r.got = append(r.got, v)
		return nil
	}
	return r
}

// do runs the stages until all have ended, and fails the test when they do not.
func (r *row) do(t *testing.T) (errs [3]error) {
	t.Helper()
	ended := make(chan struct{}, 3)
	for i, finally := range [3][]func(){
		{r.pipes[0].end}, {r.pipes[1].end, r.pipes[0].leave}, {r.pipes[1].leave},
	} {
		work := func() error {
			for {
				if err := r.steps[i](); err == io.EOF {
					return nil
				} else if err != nil {
					return err
				}
			}
		}
		go stage(&errs[i], work, append(finally, func() { ended <- struct{}{} })...)
	}
	for range 3 {
		select {
		case <-ended:
		case <-time.After(time.Minute):
			t.Fatal("a stage does not end")
		}
	}
	return errs
}

// whole fails the test unless the row has passed on so many numbers, in order.
func (r *row) whole(t *testing.T, numbers int) {
	t.Helper()
	if len(r.got) != numbers || !slices.IsSorted(r.got) || numbers > 0 && r.got[numbers-1] != numbers-1 {
		t.Errorf("%d numbers came out, want %d in order", len(r.got), numbers)
	}
}

func TestPipelineOrder(t *testing.T) {
	for _, waiting := range []int{1, 8} {
		r := newRow(waiting, 2000)
		if errs := r.do(t); errs != [3]error{} {
			t.Fatal(errs)
		}
		r.whole(t, 2000)
	}
}

// When a stage fails or panics, those before it end too, those behind it get what was made until then, and the error
// is kept.
func TestPipelineFails(t *testing.T) {
	broken := errors.New("broken")
	for i := range 3 {
		for _, panics := range []bool{false, true} {
			const whole = 100
			r := newRow(3, 1<<40)
			step, steps := r.steps[i], 0
			r.steps[i] = func() error {
				if steps++; steps <= whole {
					return step()
				}
				if panics {
					panic("broken")
				}
				return broken
			}
			for j, err := range r.do(t) {
				b := (*bug)(nil)
				if want := j == i; want != (err != nil) || want && panics != errors.As(err, &b) || want && !panics && err != broken {
					t.Errorf("stage %d of which %d breaks, panics %v: got %v", j, i, panics, err)
				}
			}
			r.whole(t, whole)
		}
	}
}
