package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/pasted"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

func renderCommand() *cobra.Command {
	var v view
	var bounds boundFlags
	cmd := &cobra.Command{
		Use:   "render REPORT.json",
		Short: "Print a JSON report in another format",
		Long: `render reads a report made with --format json and prints it in any format,
byte for byte as from the capture, which it does not need. The flags that select
resets, and --fail-on, work in the same way. A REPORT of - is standard input.

` + severalValues + `

` + exitCodes(true),
		Example: `  rstexplain --format json -o report.json capture.pcapng
  rstexplain render report.json
  rstexplain render report.json --format html -o report.html --severity error`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errOneReport(len(args))
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"json"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			bounds.bound()
			return render(cmd.Context(), args[0], &v, cmd.InOrStdin(), outOf(cmd))
		},
	}
	cmd.Flags().SortFlags = false
	v.flags(cmd)
	bounds.registerMemory(cmd)
	return cmd
}

func render(ctx context.Context, path string, v *view, in io.Reader, stdout io.Writer) error {
	if err := v.check(); err != nil {
		return err
	}
	if overwritten(v.output, []string{path}) != "" {
		return errSameFile(path)
	}
	if path != "-" {
		f, err := awaited(ctx, path, func() (*os.File, error) {
			f, err := os.Open(path)
			if err != nil {
				return nil, inputError{path, err}
			}
			return f, nil
		})
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	buffered := bufio.NewReaderSize(&interruptibleReader{ctx: ctx, in: in}, 64<<10)
	head, _ := buffered.Peek(4 << 10)
	head = bytes.Clone(head)
	if ctx.Err() != nil {
		return interruptedError{path}
	}
	err := v.show(ctx, stdout, func(r report.Renderer) error {
		err := report.Replay(buffered, r)
		var wrong *report.ReplayError
		switch {
		case err == nil:
			return nil
		case !errors.As(err, &wrong):
			return outputError{v.output, err}
		case ctx.Err() != nil:
			return interruptedError{path}
		case isCapture(head):
			return errRenderCapture(path, v.format)
		}
		return inputError{path, err}
	})
	if err != nil {
		return err
	}
	if err := v.gate.verdict(); err != nil {
		return err
	}
	return v.asked.missing("")
}

// isCapture reports whether a file that begins with head is a capture or an export by Wireshark.
func isCapture(head []byte) bool {
	r, err := capture.NewReader(bytes.NewReader(head), capture.Options{Exports: true})
	if export := (*capture.ExportError)(nil); errors.As(err, &export) {
		defer export.Text.Close()
		return !export.Prose || pasted.Recognise(export.Text)
	}
	if err != nil {
		return false
	}
	r.Close()
	return true
}
