package analyzer

import (
	"context"
	"io"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// ExplainFile does as Explain with a capture that is open, and stays so: to be read again.
func ExplainFile(ctx context.Context, f *capture.File, r report.Renderer, opts Options) (*report.File, error) {
	return explainReader(ctx, f.Name(), func() (*capture.Reader, error) { return f.Reader(opts.Capture) }, r, opts)
}

// ExplainReader does as Explain with a capture from anywhere, which the report calls name: a browser, a test. It reads in
// to its end, or until ctx ends, and does not close it.
func ExplainReader(ctx context.Context, name string, in io.Reader, r report.Renderer, opts Options) (*report.File, error) {
	return explainReader(ctx, name, func() (*capture.Reader, error) { return capture.NewReader(in, opts.Capture) }, r, opts)
}

// ExplainOpener does as ExplainReader with what open opens, an object in a store for example. That it cannot be opened
// is a warning of the File, as for a path. It is closed in the end.
func ExplainOpener(ctx context.Context, name string, open func(context.Context) (io.ReadCloser, error), r report.Renderer, opts Options) (*report.File, error) {
	var in io.ReadCloser
	defer func() {
		if in != nil {
			in.Close()
		}
	}()
	return explainReader(ctx, name, func() (_ *capture.Reader, err error) {
		if in, err = open(ctx); err != nil {
			return nil, err
		}
		return capture.NewReader(in, opts.Capture)
	}, r, opts)
}

// explainReader explains what the opened reader brings.
func explainReader(ctx context.Context, name string, open func() (*capture.Reader, error), r report.Renderer, opts Options) (*report.File, error) {
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
		return explainInput(ctx, captureInput{in}, file, r, opts)
	})
}
