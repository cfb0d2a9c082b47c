package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/cmd/rstexplain/assistant"
)

func mcpCommand() *cobra.Command {
	var bounds boundFlags
	slices := ""
	cmd := &cobra.Command{
		Use:   "mcp DIRECTORY...",
		Short: "Answer an assistant's questions about captures",
		Long: `mcp speaks the Model Context Protocol on standard input and output, so that an
assistant can list the incidents of a capture, have a reset explained, see its
segments, and look up causes. Only captures in and below the directories are
read. Nothing is written, unless --slices names a directory for new captures.

Answers have at most 8,000 characters, with further pages. Texts of requests and
responses are left out unless the assistant asks for them, and are marked then:
a stranger may have written them.`,
		Example: `  rstexplain mcp /var/traces
  rstexplain mcp --slices /tmp/tickets /var/traces ~/captures`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errNoDirectory
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			opts := assistant.Options{Directories: args, Slices: slices, Version: version(),
				Analysis: analyzer.Options{Generator: "rstexplain " + version()}, Files: slicesOf{&temporaries}}
			bounds.apply(&opts.Analysis)
			return serveAssistant(cmd.Context(), opts, cmd.InOrStdin(), outOf(cmd))
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&slices, "slices", "", "let the assistant write slices of captures to `DIRECTORY`, as new files")
	bounds.register(cmd)
	return cmd
}

// serveAssistant answers one client until it closes its end, or ctx ends.
func serveAssistant(ctx context.Context, opts assistant.Options, in io.Reader, out io.Writer) error {
	server, err := assistant.NewServer(opts)
	if err != nil {
		return errDirectory(err)
	}
	err = server.Run(ctx, &mcp.IOTransport{Reader: io.NopCloser(in), Writer: unclosed{out}})
	if ctx.Err() != nil {
		temporaries.remove() // a slice may still be written
	}
	if ctx.Err() != nil || errors.Is(err, io.EOF) || errors.Is(err, os.ErrClosed) {
		return nil
	}
	return wrapOutput("", err)
}

// slicesOf writes the slices of an assistant.
type slicesOf struct{ *temporaryFiles }

// Create implements assistant.Files.
func (s slicesOf) Create(path string) (*os.File, error) { return s.create(path) }

// Place implements assistant.Files.
func (s slicesOf) Place(name, path string) error {
	err := os.Link(name, path)
	if err != nil && !errors.Is(err, fs.ErrExist) { // a file system without hard links
		err = copyNew(name, path)
	}
	return err
}

// Discard implements assistant.Files.
func (s slicesOf) Discard(name string) { s.discard(name) }

// unclosed is a writer that the protocol does not close.
type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }
