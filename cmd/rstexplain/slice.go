package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/analyzer/rewrite"
	"github.com/rstexplain/rstexplain/rules"
)

// sliceFlags are the flags of slice.
type sliceFlags struct {
	output string
	selection
	headersOnly bool
	anonymize   bool
	key         string
	convert     bool
	bounds      boundFlags
}

func sliceCommand(stderr io.Writer) *cobra.Command {
	var flags sliceFlags
	cmd := &cobra.Command{
		Use:   "slice IN -o OUT.pcapng",
		Short: "Reduce a capture to the connections of its resets, for a ticket",
		Long: `slice copies only the connections of the selected resets (all, unless a flag
selects some) and those that their evidence cites.

--headers-only truncates every packet after its TCP header. --anonymize builds
each packet anew, as Ethernet, IP and TCP without data, and keeps only times,
ports, flags, sequence numbers and other numbers, lengths, and numeric TCP
options. IP addresses are mapped so that prefixes are kept (Crypto-PAn), MAC
addresses are mapped too, and the TCP timestamps of each host, which can reveal
its uptime, are shifted. What is left out is counted. The key of the mapping is
kept in --key-file, for you alone: the same key gives the same addresses again.
The slice contains only a fingerprint of it.

IN is read twice. A pipe, or - for standard input, is first copied to a
temporary file in the directory named by TMPDIR.

` + severalValues + `

` + exitCodes(false),
		Example: `  rstexplain slice capture.pcapng -o resets.pcapng
  rstexplain slice capture.pcapng -o one.pcapng --frame 131
  rstexplain slice capture.pcapng -o bad.pcapng --host 10.0.0.5 --severity error
  rstexplain slice capture.pcapng -o share.pcapng --cause peer-crash --anonymize`,
		Args:              oneCapture("slice"),
		ValidArgsFunction: completeCaptures,
		RunE: func(cmd *cobra.Command, args []string) error {
			return slice(cmd.Context(), args[0], &flags, stderr)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&flags.output, "output", "o", "", "write the slice to `OUT.pcapng`")
	flags.selection.flags(cmd)
	f.BoolVar(&flags.headersOnly, "headers-only", false, "truncate the packets after their TCP header")
	f.BoolVar(&flags.anonymize, "anonymize", false,
		"build the packets anew, without data and names, with mapped addresses")
	f.StringVar(&flags.key, "key-file", "", "key of --anonymize, created if `FILE` does not exist (default "+
		"OUT.pcapng.key)")
	convertFlag(f, &flags.convert)
	flags.bounds.register(cmd)
	return cmd
}

func slice(ctx context.Context, in string, flags *sliceFlags, stderr io.Writer) error {
	if err := flags.selection.check(); err != nil {
		return err
	}
	if flags.key != "" && !flags.anonymize {
		return errKeyAlone
	}
	var bounded analyzer.Options
	flags.bounds.apply(&bounded)
	opts := rewrite.SliceOptions{HeadersOnly: flags.headersOnly, Flows: bounded.Flows}
	var key *keyFile
	if flags.anonymize && flags.output != "" {
		path := flags.key
		if path == "" {
			path = flags.output + ".key"
		}
		if samePlace(path, flags.output) {
			return errKeyOutput(path)
		}
		var err error
		if key, err = awaited(ctx, path, func() (*keyFile, error) { return readKey(path) }); err != nil {
			return err
		}
		if opts.Anonymize, err = rewrite.NewCryptoPAn(key.key); err != nil {
			return err
		}
	}
	asked := searchFrames(flags.frames.list)
	choose := func(r *report.Reset) bool {
		asked.look(r)
		return flags.selection.wants(r)
	}
	streams := &rewrite.Streams{Choose: choose, MaxMemory: int64(flags.bounds.memory) / 8}
	var n rewrite.Sliced
	x := rewriting{in: in, to: flags.output, bounds: flags.bounds, convert: flags.convert, first: streams,
		check: func() error { return asked.missing(in) }}
	x.again = func(ctx context.Context, r *capture.Reader, w io.Writer) (err error) {
		n, err = rewrite.Slice(ctx, r, w, streams, opts)
		return err
	}
	if key != nil {
		x.place = key.place
	}
	x.done = func() {
		to := flags.output
		if key != nil && key.made {
			note(stderr, "%s: a new key; keep it secret, because it reverses the mapping of addresses", key.path)
		}
		note(stderr, "%s: %d of %d packets, %s", to, n.Kept, n.Packets, resetCount(streams.Resets))
		if streams.Resets == 0 {
			note(stderr, "%s", nothingChosen(in, &asked))
		} else if flags.headersOnly || flags.anonymize {
			note(stderr, "%s: contains no data, so requests and responses are not visible: explanations can differ from "+
				"those of the original", to)
		}
		if streams.Forgotten > 0 {
			note(stderr, "%s: resets for which other connections on the same ports may be missing, for lack of memory "+
				"(--max-memory): %d", to, streams.Forgotten)
		}
		if what := n.Left.String(); what != "" {
			note(stderr, "%s: left out: %s", to, what)
		}
		noteCarried(stderr, to, n.Carried)
	}
	return x.run(ctx, stderr)
}

func causeNames() []string {
	var names []string
	for _, c := range rules.Causes {
		names = append(names, string(c))
	}
	return names
}

func resetCount(n int) string {
	if n == 1 {
		return "1 reset"
	}
	return fmt.Sprintf("%d resets", n)
}
