package analyzer

// A pipe passes things from one stage to the next, in their order. A stage is a goroutine.
type pipe[T any] struct {
	things chan T        // closed when the stage before has ended
	left   chan struct{} // closed when the stage behind has ended, and takes nothing more
}

func newPipe[T any](waiting int) pipe[T] {
	return pipe[T]{make(chan T, waiting), make(chan struct{})}
}

// put passes v on, and reports whether it may still be taken.
func (p pipe[T]) put(v T) bool {
	select {
	case p.things <- v:
		return true
	case <-p.left:
		return false
	}
}

// end says that nothing more is put.
func (p pipe[T]) end() { close(p.things) }

// leave says that nothing more is taken.
func (p pipe[T]) leave() { close(p.left) }

// stage runs work until it ends, fails or panics, keeps its error, and then does what must follow in any case: its
// pipes are ended and left. So the stages behind it get what was made until then, and those before it end.
func stage(failed *error, work func() error, finally ...func()) {
	defer func() {
		for _, f := range finally {
			f()
		}
	}()
	*failed = guarded(work)
}
