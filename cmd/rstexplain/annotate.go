package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/analyzer/rewrite"
)

func annotateCommand(stderr io.Writer) *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "annotate IN -o OUT.pcapng",
		Short: "Copy a capture with the explanation as packet comments",
		Long: `annotate copies a capture bit for bit and adds packet comments: the explanation
at each RST, and what they show at the frames of its evidence. Wireshark shows
them with the packets; the display filter frame.comment finds them.`,
		Example:           `  rstexplain annotate capture.pcapng -o explained.pcapng`,
		Args:              oneCapture("annotate"),
		ValidArgsFunction: completeCaptures,
		RunE: func(cmd *cobra.Command, args []string) error {
			return annotate(cmd.Context(), args[0], to, stderr)
		},
	}
	cmd.Flags().StringVarP(&to, "output", "o", "", "write the annotated capture to `OUT.pcapng`")
	return cmd
}

func annotate(ctx context.Context, in, to string, stderr io.Writer) error {
	var comments rewrite.Comments
	return rewriteCapture(ctx, in, to, stderr, &comments, func(r *capture.Reader, w io.Writer) error {
		if err := rewrite.Annotate(r, w, &comments); err != nil {
			return err
		}
		tell(stderr, "%s: %s explained in packet comments", to, resetCount(comments.Resets))
		return nil
	})
}

// rewriteCapture explains the capture in to first and then lets again read it a second time and write what
// becomes of it to the file to.
func rewriteCapture(ctx context.Context, in, to string, stderr io.Writer, first report.Renderer, again func(*capture.Reader, io.Writer) error) error {
	switch {
	case to == "" || to == "-":
		return errNoRewriteOutput
	case in == "-":
		return errRewriteStdin
	case sameFile(in, to):
		return errSameFile(in)
	}
	file, err := analyzer.Explain(ctx, in, first, analyzer.Options{})
	if err != nil {
		return err
	}
	for _, w := range file.Warnings {
		if w.Lost {
			warn(stderr, in, w)
		}
	}
	r, err := capture.Open(in, capture.Options{})
	if err != nil {
		return lossError{} // told above
	}
	defer r.Close()
	out, err := openOutput(to, nil)
	if err != nil {
		return err
	}
	defer out.discard()
	if err := again(r, out); err != nil {
		return outputError{to, err}
	}
	if ctx.Err() != nil {
		return lossError{}
	}
	if err := out.commit(); err != nil {
		return err
	}
	if file.Partial {
		return lossError{}
	}
	return nil
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
