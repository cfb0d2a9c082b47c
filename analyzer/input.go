package analyzer

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// An input brings the packets of what is explained as one: of a capture file, of several that belong
// together, or of an export of Wireshark.
type input interface {
	next(*piece) error // the packets that follow, io.EOF after the last
	frames() int       // number of the last frame met; read after the last call of next
	bytesRead() int64  // bytes read so far; any goroutine may call it
	stop()             // ends a wait for more; any goroutine may call it
	close() error
	tell(*report.File) // what could not be read
}

// A piece is a run of packets: a batch to decode, or, where there are no bytes to decode, a part of an export.
type piece struct {
	batch  capture.Batch
	export *exported // nil for a batch
}

// errNotOpened is for an input that had brought nothing when the context ended.
var errNotOpened = errors.New("interrupted before anything could be read")

// awaitInput is openInput, until ctx ends: a pipe without a writer cannot be opened, nor its format be
// recognised. What is opened after that is closed again.
func awaitInput(ctx context.Context, path string, opts capture.Options) (input, error) {
	return awaited(ctx, func() (input, error) { return openInput(path, opts) })
}

// awaited returns what open returns, or errNotOpened once ctx ends. A panic becomes an error of type *bug.
func awaited[T input](ctx context.Context, open func() (T, error)) (in T, err error) {
	type opened struct {
		in  T
		err error
	}
	done := make(chan opened, 1)
	go func() {
		var o opened
		if err := guarded(func() error { o.in, o.err = open(); return nil }); err != nil {
			o.err = err
		}
		done <- o
	}()
	select {
	case o := <-done:
		return o.in, o.err
	case <-ctx.Done():
	}
	go func() {
		if o := <-done; o.err == nil {
			o.in.close()
		}
	}()
	return in, errNotOpened
}

// openInput opens the capture or export at path.
func openInput(path string, opts capture.Options) (input, error) {
	opts.Exports = true
	return asInput(capture.Open(path, opts))
}

// readInput recognises the capture or export that in brings.
func readInput(in io.Reader, opts capture.Options) (input, error) {
	opts.Exports = true
	return asInput(capture.NewReader(in, opts))
}

// asInput returns what was opened: a capture, or an export where that is the reader's refusal.
func asInput(r *capture.Reader, err error) (input, error) {
	if export := (*capture.ExportError)(nil); errors.As(err, &export) {
		return openExport(export)
	}
	if err != nil {
		return nil, err
	}
	return captureInput{r}, nil
}

// A captureInput is one capture file.
type captureInput struct{ *capture.Reader }

func (c captureInput) next(p *piece) error { return c.Next(&p.batch) }
func (c captureInput) frames() int         { return c.Frames() }
func (c captureInput) bytesRead() int64    { return c.BytesRead() }
func (c captureInput) stop()               { c.Stop() }
func (c captureInput) close() error        { return c.Close() }
func (c captureInput) tell(f *report.File) { f.Warnings = append(f.Warnings, problems(c.Reader)...) }

// problems lists what a reader could not read.
func problems(r *capture.Reader) []report.Warning {
	var list []report.Warning
	for _, p := range r.Problems() {
		w := report.Warning{Says: p.What, Frame: p.Frame, Offset: max(p.Offset, 0), Hint: p.Try, Lost: p.Reason.Loss()}
		if p.Count > 1 {
			w.Says += fmt.Sprintf(" (and %d more like it)", p.Count-1)
		}
		list = append(list, w)
	}
	return list
}
