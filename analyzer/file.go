package analyzer

import (
	"context"
	"io"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// ExplainFile does as Explain with a capture that is open, and stays so: to be read again.
func ExplainFile(ctx context.Context, f *capture.File, r report.Renderer, opts Options) (*report.File, error) {
	if err := r.BeginFile(f.Name()); err != nil {
		return nil, err
	}
	in, err := f.Reader(opts.Capture)
	return explainReader(ctx, f.Name(), in, err, r, opts)
}

// ExplainReader does as Explain with a capture from anywhere, an object store or a browser for example, which the report
// calls name. It reads in to its end, or until ctx ends, and does not close it.
func ExplainReader(ctx context.Context, name string, in io.Reader, r report.Renderer, opts Options) (*report.File, error) {
	if err := r.BeginFile(name); err != nil {
		return nil, err
	}
	reader, err := capture.NewReader(in, opts.Capture)
	return explainReader(ctx, name, reader, err, r, opts)
}

// explainReader explains what in brings, or reports err, with which it could not be opened.
func explainReader(ctx context.Context, name string, in *capture.Reader, err error, r report.Renderer, opts Options) (*report.File, error) {
	file := &report.File{Path: name}
	if err != nil {
		refused(file, err)
		return file, r.EndFile(file)
	}
	return explainInput(ctx, captureInput{in}, file, r, opts)
}
