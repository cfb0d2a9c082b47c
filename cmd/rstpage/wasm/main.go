//go:build js && wasm

// Wasm is rstexplain for a browser: the worker of the page that cmd/rstpage builds runs it. It defines one function,
// rstexplain, and waits for calls.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall/js"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/analyzer/rewrite"
)

// generator names the program in reports; cmd/rstpage sets it to what the command line says.
var generator = "rstexplain (devel)"

func main() {
	// rstexplain(name, size, read, format, write, done): read(offset, n) returns bytes of the capture, write takes bytes
	// of the result, and done(error, about) ends it.
	js.Global().Set("rstexplain", js.FuncOf(func(_ js.Value, args []js.Value) any {
		in := &input{size: args[1].Int(), read: args[2]}
		name, format, out, done := args[0].String(), args[3].String(), output{args[4]}, args[5]
		go func() {
			about, err := explain(name, in, format, out)
			if err != nil {
				done.Invoke(err.Error(), js.Null())
				return
			}
			done.Invoke(js.Null(), about)
		}()
		return nil
	}))
	select {}
}

// explain writes what is asked for, and returns what was read.
func explain(name string, in *input, format string, out io.Writer) (js.Value, error) {
	ctx := context.Background()
	opts := analyzer.Options{Generator: generator}
	var comments rewrite.Comments
	defer comments.Close()
	renderer, ok := map[string]func() report.Renderer{
		"html":     func() report.Renderer { return report.HTML(out, report.HTMLOptions{}) },
		"markdown": func() report.Renderer { return report.Markdown(out, report.MarkdownOptions{}) },
		"json":     func() report.Renderer { return report.JSON(out) },
		"pcapng":   func() report.Renderer { return &comments },
	}[format]
	if !ok {
		return js.Null(), fmt.Errorf("no format %q", format)
	}
	file, err := analyzer.ExplainReader(ctx, name, in, renderer(), opts)
	if err != nil {
		return js.Null(), err
	}
	if format == "pcapng" {
		in.offset = 0
		r, err := capture.NewReader(in, capture.Options{})
		if export := (*capture.ExportError)(nil); errors.As(err, &export) {
			return js.Null(), errors.New("this is no capture, so it cannot be annotated")
		}
		if err != nil {
			return js.Null(), err
		}
		defer r.Close()
		if _, err := rewrite.Annotate(ctx, r, out, &comments); err != nil {
			return js.Null(), err
		}
	}
	var warnings []any
	for _, w := range file.Warnings {
		s := w.String()
		if w.Hint != "" {
			s += "; " + w.Hint
		}
		warnings = append(warnings, report.Clean(s))
	}
	return js.ValueOf(map[string]any{
		"packets": file.Packets, "resets": file.ResetCount, "findings": file.FindingCount,
		"partial": file.Partial, "text": file.ReadAs != "", "warnings": warnings,
	}), nil
}

// An input reads the capture from the page.
type input struct {
	offset, size int
	read         js.Value
}

func (in *input) Read(p []byte) (int, error) {
	if in.offset >= in.size {
		return 0, io.EOF
	}
	b := in.read.Invoke(in.offset, min(len(p), in.size-in.offset))
	n := js.CopyBytesToGo(p, b)
	if n == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	in.offset += n
	return n, nil
}

// An output gives the result to the page.
type output struct{ write js.Value }

func (out output) Write(p []byte) (int, error) {
	b := js.Global().Get("Uint8Array").New(len(p))
	js.CopyBytesToJS(b, p)
	out.write.Invoke(b)
	return len(p), nil
}
