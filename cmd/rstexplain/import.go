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

// importFlags are the flags of import.
type importFlags struct {
	output    string
	anonymize bool
	key       string
	bounds    boundFlags
}

func importCommand(stderr io.Writer) *cobra.Command {
	var flags importFlags
	cmd := &cobra.Command{
		Use:   "import TEXT -o OUT.pcapng",
		Short: "Make a capture of packets that a program printed",
		Long: `import reads what tcpdump, tshark, Wireshark and others print, with prose around
it or without, and writes the packets of TCP in it, and ICMP errors about them, as
pcapng. Headers are made of what the text shows; a comment on each packet says
which line it is from, which fields are from the text, and which are made up.
Names become addresses of documentation, which Wireshark shows as these names.
Frame N is the packet that a report on the text calls frame N. - is standard
input.

--anonymize maps IP addresses so that prefixes are kept (Crypto-PAn), shifts TCP
timestamps, and leaves out data and names, as slice does. The key of the mapping
is kept in --key-file.

` + exitCodes(false),
		Example: `  rstexplain import issue.txt -o issue.pcapng
  tcpdump -nn -tttt -S -v -r old.pcap | rstexplain import - -o new.pcapng
  rstexplain import issue.txt -o share.pcapng --anonymize`,
		Args: oneCapture("import"),
		RunE: func(cmd *cobra.Command, args []string) error {
			flags.bounds.bound()
			_, err := await(cmd.Context(), func() (bool, error) { return true, importText(args[0], flags, stderr) })
			if cmd.Context().Err() != nil && err != nil {
				temporaries.remove()
				note(stderr, "%s: not written: interrupted while %s was being read", flags.output, args[0])
				return lossError{}
			}
			return err
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&flags.output, "output", "o", "", "write the capture to `OUT.pcapng`")
	f.BoolVar(&flags.anonymize, "anonymize", false, "map addresses, and leave out data and names")
	f.StringVar(&flags.key, "key-file", "", "key of --anonymize, created if `FILE` does not exist (default "+
		"OUT.pcapng.key)")
	flags.bounds.registerMemory(cmd)
	return cmd
}

func importText(in string, flags importFlags, stderr io.Writer) error {
	to := flags.output
	switch {
	case flags.key != "" && !flags.anonymize:
		return errKeyAlone
	case to == "" || to == "-":
		return errNoRewriteOutput
	case overwritten(to, []string{in}) != "", in != "-" && sameFile(in, to):
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
	var key *keyFile
	var pan *rewrite.CryptoPAn
	if flags.anonymize {
		path := flags.key
		if path == "" {
			path = to + ".key"
		}
		if samePlace(path, to) {
			return errKeyOutput(path)
		}
		if key, err = readKey(path); err != nil {
			return err
		}
		if pan, err = rewrite.NewCryptoPAn(key.key); err != nil {
			return err
		}
	}
	out, err := openOutput(to, os.Stdout)
	if err != nil {
		return err
	}
	defer out.discard()
	y, err := rewrite.NewSynthetic(out, pan)
	if err != nil {
		return outputError{to, err}
	}
	reader := pasted.NewReader(text.Text)
	named, errs := 0, 0
	for {
		it, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return inputError{in, err}
		}
		for names := reader.Names(); named < len(names); named++ {
			if err := y.Name(reader.Address(names[named]), names[named]); err != nil {
				return outputError{to, err}
			}
		}
		if it.ICMP {
			errs++
			err = y.ICMP(&it.Note, fmt.Sprintf("line %d; from the text: time, addresses, type; not in the text: TTL, what it "+
				"quotes beside addresses and ports", it.Line))
		} else {
			err = y.Segment(&it.Segment, it.SACK, importComment(it))
		}
		if err != nil {
			return outputError{to, err}
		}
	}
	if reader.Packets == 0 {
		return errNoPackets(in)
	}
	if err := y.Close(); err != nil {
		return outputError{to, err}
	}
	if key != nil {
		undo, err := key.place()
		if err != nil {
			return err
		}
		if err := out.commit(); err != nil {
			undo()
			return err
		}
		if key.made {
			note(stderr, "%s: a new key; keep it secret, because it reverses the mapping of addresses", key.path)
		}
	} else if err := out.commit(); err != nil {
		return err
	}
	note(stderr, "%s: %d TCP packets from %s", to, reader.Packets-errs, in)
	if errs > 0 {
		note(stderr, "%s: %d ICMP errors", to, errs)
	}
	for why, l := range reader.Left {
		if l.Count > 0 {
			note(stderr, "%s: left out: %s (%d, the first in line %d)", to, pasted.Reason(why), l.Count, l.First)
		}
	}
	return nil
}

// importComment names the line of a packet, the fields that are from the text, and those that it does not show.
func importComment(it *pasted.Item) string {
	shown, made := []string{"addresses", "ports", "flags"}, []string(nil)
	for _, f := range [...]struct {
		field flows.Fields
		name  string
	}{
		{flows.FieldTime, "time"}, {flows.FieldSEQ, "SEQ"}, {flows.FieldWindow, "window"}, {flows.FieldTTL,
			"TTL"}, {flows.FieldIPID, "IP ID"},
		{flows.FieldOptions, "options"}, {flows.FieldPayload, "data"},
	} {
		switch {
		case it.Segment.Unknown.Has(f.field):
			made = append(made, f.name)
		case f.field != flows.FieldPayload || it.Segment.DataLen > 0:
			shown = append(shown, f.name)
		}
	}
	s := fmt.Sprintf("line %d; from the text: %s", it.Line, strings.Join(shown, ", "))
	if len(made) > 0 {
		s += "; not in the text: " + strings.Join(made, ", ")
	}
	if it.Segment.Unknown.Has(flows.FieldsBefore) {
		s += "; the text leaves packets out before it"
	}
	return s
}
