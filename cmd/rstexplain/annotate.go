package main

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/analyzer/rewrite"
)

func annotateCommand(stderr io.Writer) *cobra.Command {
	var to string
	var convert bool
	var bounds boundFlags
	cmd := &cobra.Command{
		Use:   "annotate IN -o OUT.pcapng",
		Short: "Copy a capture with the explanation as packet comments",
		Long: `annotate copies a capture bit for bit and adds packet comments: the explanation
at each RST, and at each frame of the evidence what it shows. Wireshark displays
them with the packets; the display filter frame.comment finds them. The data,
names and decryption secrets of the capture are copied too; annotate lists them.

IN is read twice. A pipe, or - for standard input, is first copied to a
temporary file in the directory named by TMPDIR.

` + exitCodes(false),
		Example: `  rstexplain annotate capture.pcapng -o explained.pcapng
  zstdcat big.pcap.zst | rstexplain annotate - -o explained.pcapng`,
		Args:              oneCapture("annotate"),
		ValidArgsFunction: completeCaptures,
		RunE: func(cmd *cobra.Command, args []string) error {
			return annotate(cmd.Context(), args[0], to, convert, bounds, stderr)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&to, "output", "o", "", "write the annotated capture to `OUT.pcapng`")
	convertFlag(f, &convert)
	bounds.register(cmd)
	return cmd
}

func annotate(ctx context.Context, in, to string, convert bool, bounds boundFlags, stderr io.Writer) error {
	comments := rewrite.Comments{MaxMemory: int64(bounds.memory) / 16}
	defer comments.Close()
	var carried rewrite.Carried
	return rewriting{
		in: in, to: to, bounds: bounds, convert: convert, first: &comments,
		again: func(ctx context.Context, r *capture.Reader, w io.Writer) (err error) {
			carried, err = rewrite.Annotate(ctx, r, w, &comments)
			return err
		},
		done: func() {
			note(stderr, "%s: %s explained in packet comments", to, resetCount(comments.Resets))
			if comments.Waited > 0 {
				note(stderr, "%s: comments of %d bytes did not fit in memory and were kept in a "+
					"temporary file", to, comments.Waited)
			}
			if comments.Lost > 0 {
				note(stderr, "%s: comments left out because the temporary file is full: %d", to, comments.Lost)
			}
			noteCarried(stderr, to, carried)
		},
	}.run(ctx, stderr)
}

// noteCarried lists what a copy contains that others may not be meant to see.
func noteCarried(stderr io.Writer, to string, carried rewrite.Carried) {
	if what := carried.String(); what != "" {
		note(stderr, "%s: contains %s, as the original does; use slice --anonymize for a capture to share", to, what)
	}
}

// A rewriting makes a capture of another: it explains the capture in, and reads it a second time to write what becomes
// of it to the file to. Both times it reads the same file, which it opens once.
type rewriting struct {
	in, to  string
	bounds  boundFlags
	convert bool             // a capture of another program
	opts    analyzer.Options // set from bounds
	first   report.Renderer
	check   func() error // nil, or what may refuse to go on after the first pass
	again   func(context.Context, *capture.Reader, io.Writer) error
	place   func() (undo func(), err error) // nil, or what has to be in its place before the new capture is
	done    func()                          // reports what was done
}

func (x rewriting) run(ctx context.Context, stderr io.Writer) error {
	switch {
	case x.to == "" || x.to == "-":
		return errNoRewriteOutput
	case overwritten(x.to, []string{x.in}) != "":
		return errSameFile(x.in)
	}
	in, err := capture.OpenFile(ctx, x.in)
	if ctx.Err() != nil {
		return x.interrupted(stderr, "before "+x.in+" was read")
	}
	if err != nil {
		note(stderr, "%v", err)
		return lossError{}
	}
	defer in.Close()
	x.bounds.apply(&x.opts)
	x.opts.Capture.Convert = x.convert
	file, err := analyzer.ExplainFile(ctx, in, x.first, x.opts)
	if ctx.Err() != nil {
		return x.interrupted(stderr, "while "+x.in+" was being explained")
	}
	if err != nil {
		return errTemporary(err)
	}
	if err := in.Same(); err != nil { // the explanation is of no use then
		note(stderr, "%v", err)
		return lossError{}
	}
	for _, w := range file.Warnings {
		if w.Lost {
			warn(stderr, in.Name(), w)
		}
	}
	r, err := in.Reader(capture.Options{})
	if err != nil {
		return lossError{} // reported above
	}
	if x.check != nil {
		if err := x.check(); err != nil {
			r.Close()
			return err
		}
	}
	defer r.Close()
	switch n := in.Spooled(); {
	case in.Converted():
		note(stderr, "%s: converted by editcap; the output is made from what it wrote", in.Name())
	case n > 0:
		note(stderr, "%s: copied to a temporary file because it is read twice: %d bytes", in.Name(), n)
	}
	if in.Replaced() {
		note(stderr, "%s: replaced or removed while it was being read; the output is made from the file that was "+
			"explained", x.in)
	}
	if err := x.write(ctx, in, r, stderr); err != nil {
		return err
	}
	x.done()
	if file.Partial {
		return lossError{}
	}
	return nil
}

// write is the second pass.
func (x rewriting) write(ctx context.Context, in *capture.File, r *capture.Reader, stderr io.Writer) error {
	out, err := await(ctx, func() (*output, error) { return openOutput(x.to, nil) })
	if ctx.Err() != nil {
		if out != nil {
			out.discard()
		}
		return x.interrupted(stderr, "before anything was written")
	}
	if err != nil {
		return err
	}
	defer out.discard()
	counted := &countingWriter{to: out}
	_, err = await(ctx, func() (bool, error) { return true, x.again(ctx, r, counted) })
	switch {
	case ctx.Err() != nil:
		return x.interrupted(stderr, "while it was being written")
	case err != nil:
		return outputError{x.to, err}
	case counted.n == 0: // an empty file is no capture
		note(stderr, "%s: not written: not even the header of %s could be read", x.to, x.in)
		return lossError{}
	}
	if err := in.Same(); err != nil {
		note(stderr, "%v", err)
		return lossError{}
	}
	undo := func() {}
	if x.place != nil {
		if undo, err = x.place(); err != nil {
			return err
		}
	}
	if err := out.commit(); err != nil {
		undo()
		return err
	}
	return nil
}

// A countingWriter counts what is written to another.
type countingWriter struct {
	to io.Writer
	n  int64
}

func (c *countingWriter) Write(b []byte) (int, error) {
	n, err := c.to.Write(b)
	c.n += int64(n)
	return n, err
}

// interrupted reports that nothing is written.
func (x rewriting) interrupted(stderr io.Writer, when string) error {
	note(stderr, "%s: not written: interrupted %s", x.to, when)
	return lossError{}
}

// interruptGrace is how long await gives an interrupted operation to end by itself.
const interruptGrace = 50 * time.Millisecond

// await returns what do returns, or the error of ctx soon after ctx ends: what do waits for may never come.
func await[T any](ctx context.Context, do func() (T, error)) (T, error) {
	type result struct {
		v   T
		err error
	}
	done := make(chan result, 1)
	go func() {
		v, err := do()
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		return r.v, r.err
	case <-ctx.Done():
	}
	select {
	case r := <-done:
		return r.v, r.err
	case <-time.After(interruptGrace):
		var none T
		return none, ctx.Err()
	}
}

// oneCapture wants exactly one capture on the command line.
func oneCapture(command string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return errOneCapture(command, len(args))
		}
		return nil
	}
}
