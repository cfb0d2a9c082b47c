package analyzer

import (
	"context"
	"io"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// ExplainFile does as Explain with a capture that is open, and stays so: to be read again.
func ExplainFile(ctx context.Context, f *capture.File, r report.Renderer, opts Options) (*report.File, error) {
	return explainOpened(ctx, f.Name(), func() (input, error) { return asInput(f.Reader(opts.Capture)) }, r, opts)
}

// ExplainReader does as Explain with what in brings, which the report calls name. It reads in
// to its end, or until ctx ends, and does not close it.
func ExplainReader(ctx context.Context, name string, in io.Reader, r report.Renderer, opts Options) (*report.File,
	error) {
	return explainOpened(ctx, name, func() (input, error) { return readInput(in, opts.capture()) }, r, opts)
}

// ExplainOpener does as ExplainReader with what open opens, an object in a store for example. That it cannot be opened
// is a warning of the File, as for a path. It is closed in the end.
func ExplainOpener(ctx context.Context, name string, open func(context.Context) (io.ReadCloser, error),
	r report.Renderer, opts Options) (*report.File, error) {
	var in io.ReadCloser
	defer func() {
		if in != nil {
			in.Close()
		}
	}()
	return explainOpened(ctx, name, func() (_ input, err error) {
		if in, err = open(ctx); err != nil {
			return nil, err
		}
		return readInput(in, opts.capture())
	}, r, opts)
}

// explainOpened explains the input that open opens.
func explainOpened(ctx context.Context, name string, open func() (input, error), r report.Renderer,
	opts Options) (*report.File, error) {
	return opts.report(r, func() (*report.File, error) {
		if err := r.BeginFile(name); err != nil {
			return nil, err
		}
		file := &report.File{Path: name}
		in, err := open()
		if err != nil {
			refused(file, err)
			return file, r.EndFile(file)
		}
		return explainInput(ctx, in, file, r, opts)
	})
}
