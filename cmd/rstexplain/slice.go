package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/analyzer/rewrite"
	"github.com/rstexplain/rstexplain/rules"
)

// sliceFlags are the flags of slice.
type sliceFlags struct {
	output      string
	frames      numbers
	streams     numbers
	causes      []string
	headersOnly bool
	anonymize   bool
	key         string
}

func sliceCommand(stderr io.Writer) *cobra.Command {
	var flags sliceFlags
	cmd := &cobra.Command{
		Use:   "slice IN -o OUT.pcapng",
		Short: "Cut a capture down to the connections of its resets, for a ticket",
		Long: `slice copies only the connections of the chosen resets (all, unless --frame,
--stream or --cause choose), and those that their evidence cites.

--headers-only cuts every packet behind its TCP header. --anonymize does that
too, maps IP addresses so that subnets stay subnets (Crypto-PAn) and MAC
addresses, shifts each host's TCP timestamps, which can tell since when it runs,
and leaves out names, comments and everything else that tells where the capture
comes from. The key that the mapping needs stays with you, in --key-file: the
same key gives the same addresses again. Times of packets, ports, sequence
numbers and lengths stay.`,
		Example: `  rstexplain slice capture.pcapng -o resets.pcapng
  rstexplain slice capture.pcapng -o one.pcapng --frame 131
  rstexplain slice capture.pcapng -o share.pcapng --cause peer-crash --anonymize`,
		Args:              oneCapture("slice"),
		ValidArgsFunction: completeCaptures,
		RunE: func(cmd *cobra.Command, args []string) error {
			return slice(cmd.Context(), args[0], flags, stderr)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&flags.output, "output", "o", "", "write the slice to `OUT.pcapng`")
	flags.frames, flags.streams = frameNumbers(), streamNumbers()
	f.Var(&flags.frames, "frame", "only the reset in frame `N`; can be given again")
	f.Var(&flags.streams, "stream", "only resets of the connection with Wireshark's tcp.stream `N`")
	f.StringSliceVar(&flags.causes, "cause", nil, "only resets of this `CAUSE`")
	f.BoolVar(&flags.headersOnly, "headers-only", false, "cut the packets behind their TCP header")
	f.BoolVar(&flags.anonymize, "anonymize", false, "map addresses, shift TCP timestamps, cut payload, leave out names and comments")
	f.StringVar(&flags.key, "key-file", "", "key of --anonymize, made when `FILE` does not exist (default OUT.pcapng.key)")
	cmd.RegisterFlagCompletionFunc("cause", cobra.FixedCompletions(causeNames(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func slice(ctx context.Context, in string, flags sliceFlags, stderr io.Writer) error {
	for _, c := range flags.causes {
		if !slices.Contains(causeNames(), c) {
			return errUnknownValue("cause", c, causeNames())
		}
	}
	if flags.key != "" && !flags.anonymize {
		return errKeyAlone
	}
	opts := rewrite.SliceOptions{HeadersOnly: flags.headersOnly}
	if flags.anonymize && flags.output != "" {
		pan, err := cryptoPAn(flags, stderr)
		if err != nil {
			return err
		}
		opts.Anonymize = pan
	}
	streams := &rewrite.Streams{Choose: flags.choose}
	return rewriteCapture(ctx, in, flags.output, stderr, streams, func(r *capture.Reader, w io.Writer) error {
		n, err := rewrite.Slice(r, w, streams, opts)
		if err != nil {
			return err
		}
		tell(stderr, "%s: %d of %d packets, %s", flags.output, n.Kept, n.Kept+n.Dropped+n.Unmapped, resetCount(streams.Resets))
		if streams.Resets == 0 {
			tell(stderr, "%s", sayNothingChosen(in, streams))
			return nil
		}
		if flags.headersOnly || flags.anonymize {
			tell(stderr, "%s: without the data, what was asked and answered is not seen: its explanations can differ from those of the whole", flags.output)
		}
		if n.Unmapped > 0 {
			tell(stderr, "%s: %d packets left out because not every address in them can be mapped", flags.output, n.Unmapped)
		}
		return nil
	})
}

// choose reports whether a reset is one of those that were asked for.
func (f sliceFlags) choose(r *report.Reset) bool {
	in := func(list []int, n int) bool { return len(list) == 0 || slices.Contains(list, n) }
	return in(f.frames.list, r.Frame) && in(f.streams.list, r.Stream) && (len(f.causes) == 0 || slices.Contains(f.causes, string(r.Cause)))
}

// cryptoPAn reads the key, or makes one and keeps it where only its owner can read it.
func cryptoPAn(flags sliceFlags, stderr io.Writer) (*rewrite.CryptoPAn, error) {
	path := flags.key
	if path == "" {
		path = flags.output + ".key"
	}
	text, err := os.ReadFile(path)
	var key []byte
	switch {
	case err == nil:
		if key, err = hex.DecodeString(strings.TrimSpace(string(text))); err != nil || len(key) != rewrite.KeySize {
			return nil, errBadKey(path)
		}
	case errors.Is(err, fs.ErrNotExist):
		key = make([]byte, rewrite.KeySize)
		rand.Read(key) // never fails
		if err := os.WriteFile(path, []byte(hex.EncodeToString(key)+"\n"), 0o600); err != nil {
			return nil, outputError{path, err}
		}
		tell(stderr, "%s: a new key; keep it to yourself, it turns the addresses back", path)
	default:
		return nil, outputError{path, err}
	}
	return rewrite.NewCryptoPAn(key)
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
