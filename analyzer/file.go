package analyzer

import (
	"context"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// ExplainFile does as Explain with a capture that is open, and stays so: to be read again.
func ExplainFile(ctx context.Context, f *capture.File, r report.Renderer, opts Options) (*report.File, error) {
	if err := r.BeginFile(f.Name()); err != nil {
		return nil, err
	}
	file := &report.File{Path: f.Name()}
	in, err := f.Reader(opts.Capture)
	if err != nil {
		refused(file, err)
		return file, r.EndFile(file)
	}
	return explainInput(ctx, captureInput{in}, file, r, opts)
}
