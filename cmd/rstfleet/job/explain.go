package job

import (
	"context"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// Counts are what a step adds to the counters of the job.
type Counts struct {
	Captures, Partial    int64
	Bytes, Packets       int64
	Resets, Intermediate int64
}

// Explain explains a unit and leaves the report in the store. A capture that cannot be read is part of the report and
// no error.
func (w *Worker) Explain(ctx context.Context, u Unit) (Explained, Counts, error) {
	return w.explain(ctx, u, reading{})
}

// explain explains a unit, with excerpts in place of captures.
func (w *Worker) explain(ctx context.Context, u Unit, r reading) (Explained, Counts, error) {
	out := Explained{Index: u.Index, Group: u.Group, Path: w.job.work("explained", fmt.Sprintf("%08d.json.zst", u.Index))}
	var file *report.File
	n, err := w.store.Write(ctx, out.Path, func(to io.Writer) error {
		z, err := zstd.NewWriter(to, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
		if err != nil {
			return err
		}
		if w.job.Ring {
			file, err = analyzer.ExplainJoined(ctx, u.Paths, counting{report.JSON(z), r.more}, w.options(ctx, r))
		} else {
			file, err = analyzer.Explain(ctx, u.Paths[0], report.JSON(z), w.options(ctx, r))
		}
		if err != nil {
			return err
		}
		return z.Close()
	})
	if err == nil {
		err = ctx.Err() // what was interrupted is not the result
	}
	if err != nil {
		return out, Counts{}, err
	}
	out.Resets = file.ResetCount
	c := Counts{Captures: int64(len(u.Paths)), Bytes: file.Bytes, Packets: int64(file.Packets),
		Resets: int64(file.ResetCount), Intermediate: n}
	if file.Partial {
		c.Partial = 1
	}
	return out, c, nil
}
