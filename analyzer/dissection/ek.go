package dissection

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// An ekWalker reads tshark -T ek: two objects for each packet, one with the name of an index and one with the layers,
// whose fields have underscores where Wireshark has dots: "tcp_tcp_len" is tcp.len of the layer tcp.
type ekWalker struct{ jsonWalker }

func (w *ekWalker) next(f *fields) error {
	for {
		layers, err := w.packet(f)
		switch {
		case errors.Is(err, io.EOF):
			return io.EOF
		case err != nil:
			return w.damaged(err)
		case layers && f.rawOnly && !f.tcp.hasFlags:
			return ErrRawOnly
		case layers:
			return nil
		}
	}
}

// packet reads one object, and reports whether it holds layers. At the end of the export it returns io.EOF alone.
func (w *ekWalker) packet(f *fields) (layers bool, err error) {
	t, err := w.dec.Token()
	if err != nil {
		return false, err
	}
	if t != json.Delim('{') {
		return false, errNoObject
	}
	for w.dec.More() {
		k, err := w.dec.Token()
		if err != nil {
			return false, unended(err)
		}
		key, _ := k.(string)
		layers = layers || key == "layers"
		if err := w.value(key, "", f, 1); err != nil {
			return false, unended(err)
		}
	}
	_, err = w.dec.Token()
	return layers, unended(err)
}

var errNoObject = errors.New("no object begins here")

// unended makes of the end of the text within a packet an error that is not the end of the export.
func unended(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// value reads the value of key in a layer.
func (w *ekWalker) value(key, layer string, f *fields, depth int) error {
	if depth > nestingMax {
		return errNesting
	}
	t, err := w.dec.Token()
	if err != nil {
		return err
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '{' {
			if layer = key; key == "layers" {
				layer = ""
			}
			f.layer(layer)
		}
		for w.dec.More() {
			inner := key
			if t == '{' {
				k, err := w.dec.Token()
				if err != nil {
					return err
				}
				inner, _ = k.(string)
			}
			if err := w.value(inner, layer, f, depth+1); err != nil {
				return err
			}
		}
		_, err := w.dec.Token()
		return err
	case string:
		if key == "frame_raw" {
			f.rawOnly = true
		}
		f.field(dotted(key, layer), t)
	case bool:
		show := "0"
		if t {
			show = "1"
		}
		f.field(dotted(key, layer), show)
	}
	return nil
}

// dotted returns the name of the field that stands as key in a layer, "" for one that is not read.
func dotted(key, layer string) string {
	if rest, ok := strings.CutPrefix(key, layer); ok && layer != "" && strings.HasPrefix(rest, "_") {
		if name, ok := ekNames[rest[1:]]; ok {
			return name
		}
	}
	if name, ok := ekNames[key]; ok {
		return name
	}
	// In a tree within a layer, of an option for example, stands the layer's name: "mptcp": {"tcp_tcp_options_…"}.
	if proto, rest, ok := strings.Cut(key, "_"); ok && strings.HasPrefix(rest, proto+"_") {
		return ekNames[rest]
	}
	return ""
}

// ekNames are the fields that are read, by their names with underscores. What other fields are called does not tell
// where a dot was.
var ekNames = func() map[string]string {
	names := map[string]string{}
	for _, n := range [...]string{
		"frame.number", "frame.time_epoch", "eth.src", "sll.src.eth", "vlan.id",
		"ip.src", "ip.dst", "ip.ttl", "ip.id", "ip.flags.df", "ipv6.src", "ipv6.dst", "ipv6.hlim",
		"icmp.type", "icmp.code", "icmp.mtu", "icmpv6.type", "icmpv6.code", "icmpv6.mtu",
		"tcp.srcport", "tcp.dstport", "tcp.seq", "tcp.seq_raw", "tcp.ack", "tcp.ack_raw",
		"tcp.len", "tcp.flags", "tcp.hdr_len",
		"tcp.window_size_value", "tcp.urgent_pointer", "tcp.payload", "tcp.option_kind", "tcp.options.mss_val",
		"tcp.options.wscale.shift", "tcp.options.sack_perm", "tcp.options.sack", "tcp.options.timestamp.tsval",
		"tcp.options.timestamp.tsecr", "tcp.options.mptcp.subtype", "tcp.options.mptcp.rst_reason",
	} {
		names[strings.ReplaceAll(n, ".", "_")] = n
	}
	return names
}()
