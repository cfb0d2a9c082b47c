package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/pasted"
	"github.com/rstexplain/rstexplain/analyzer/rewrite"
	"github.com/rstexplain/rstexplain/flows"
)

func importCommand(stderr io.Writer) *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "import TEXT -o OUT.pcapng",
		Short: "Make a capture of packets that a program printed",
		Long: `import reads what tcpdump, tshark, Wireshark and others print, with prose around
it or without, and writes the packets of TCP in it as pcapng. Headers are made of
what the text shows; a comment on each packet says which line it is from and
which fields are made up. Names become addresses of documentation. Frame N is the
packet that a report on the text calls frame N. - is standard input.

` + exitCodes(false),
		Example: `  rstexplain import issue.txt -o issue.pcapng
  tcpdump -nn -tttt -S -v -r old.pcap | rstexplain import - -o new.pcapng`,
		Args: oneCapture("import"),
		RunE: func(_ *cobra.Command, args []string) error { return importText(args[0], to, stderr) },
	}
	cmd.Flags().StringVarP(&to, "output", "o", "", "write the capture to `OUT.pcapng`")
	return cmd
}

func importText(in, to string, stderr io.Writer) error {
	switch {
	case to == "" || to == "-":
		return errNoRewriteOutput
	case in != "-" && sameFile(in, to):
		return errSameFile(in)
	}
	r, err := capture.Open(in, capture.Options{Exports: true})
	var text *capture.ExportError
	switch {
	case err == nil:
		r.Close()
		return errImportCapture(in)
	case !errors.As(err, &text):
		return inputError{in, err}
	case !text.Prose:
		text.Text.Close()
		return errImportExport(in)
	}
	defer text.Text.Close()
	out, err := openOutput(to, os.Stdout)
	if err != nil {
		return err
	}
	defer out.discard()
	y, err := rewrite.NewSynthetic(out)
	if err != nil {
		return outputError{to, err}
	}
	reader := pasted.NewReader(text.Text)
	for {
		it, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return inputError{in, err}
		}
		if it.ICMP {
			continue
		}
		if err := y.Write(&it.Segment, importComment(it)); err != nil {
			return outputError{to, err}
		}
	}
	if reader.Packets == 0 {
		return errNoPackets(in)
	}
	if err := y.Close(); err != nil {
		return outputError{to, err}
	}
	note(stderr, "%s: %d TCP packets from %s", to, reader.Packets, in)
	return out.commit()
}

// importComment names the line of a packet and the fields that the text does not show.
func importComment(it *pasted.Item) string {
	var made []string
	for _, f := range [...]struct {
		field flows.Fields
		name  string
	}{
		{flows.FieldTime, "time"}, {flows.FieldSEQ, "SEQ"}, {flows.FieldWindow, "window"}, {flows.FieldTTL, "TTL"}, {flows.FieldIPID, "IP ID"},
		{flows.FieldOptions, "options"}, {flows.FieldPayload, "data"},
	} {
		if it.Segment.Unknown.Has(f.field) {
			made = append(made, f.name)
		}
	}
	s := fmt.Sprintf("line %d", it.Line)
	if len(made) > 0 {
		s += "; not in the text: " + strings.Join(made, ", ")
	}
	return s
}
