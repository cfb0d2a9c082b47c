package report

// Live returns a Renderer that prints each reset at once, if the format of r prints resets one by one. The number of
// its incident is the one that is known then.
func Live(r Renderer) Renderer {
	if l, ok := r.(interface{ live() Renderer }); ok {
		r = l.live()
	}
	return live{r}
}

type live struct{ Renderer }

func (l live) Reset(r *Reset) error {
	if err := l.Renderer.Reset(r); err != nil {
		return err
	}
	if f, ok := l.Renderer.(interface{ flush() error }); ok {
		return f.flush()
	}
	return nil
}

func (j *jsonlRenderer) flush() error { return j.w.Flush() }

func (c *csvRenderer) flush() error {
	c.w.Flush()
	return c.w.Error()
}
