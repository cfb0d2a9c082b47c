package capture

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// recognizeNeed is how many bytes are needed to recognise a file that is not a capture.
const recognizeNeed = 4096

// A likeness is what a file that this package cannot read looks like.
type likeness struct {
	what string // completes "looks like …"
	try  string
}

const (
	viaEditcap = "convert it with Wireshark's editcap: editcap -F pcapng IN OUT"
	giveSource = "use the capture that it was made from; rstexplain render reads reports made with --format json"
	unpack     = "unpack it first, and use the capture in it"
	moreFields = "it lacks sequence numbers and flags: save the packets (File, Save As), or export dissections as JSON " +
		"or PDML"
)

// dissectionExport begins what the exports that [ExportError] is for look like.
const dissectionExport = "a packet dissection export"

// readable reports whether a file is text that may show packets. [ExportError] is for it too.
func (l likeness) readable() bool {
	switch l.what {
	case "text", printedPackets, "text (UTF-16)", "a hex dump of packets",
		"a packet list export (CSV)", "a packet list export (plain text)", "a packet list export (PSML)":
		return true
	}
	return false
}

// k12text is a format that does not state the link type of its packets.
const k12text = "a Tektronix K12 text capture"

// printedPackets is what the print of a capture program looks like.
const printedPackets = "the printed output of tcpdump or tshark"

// magics are the beginnings of files that people hand to a capture reader by mistake, or that Wireshark can convert.
var magics = []struct {
	prefix string
	likeness
}{
	{"snoop\x00\x00\x00", likeness{"a Solaris snoop capture", viaEditcap}},
	{"GMBU", likeness{"a Microsoft Network Monitor capture", viaEditcap}},
	{"RTSS", likeness{"a Microsoft Network Monitor 1 capture", viaEditcap}},
	{"TRSNIFF data    \x1a", likeness{"a DOS Sniffer capture", viaEditcap}},
	{"XCP\x00", likeness{"a NetXRay or Windows Sniffer capture", viaEditcap}},
	{"\x05VNF", likeness{"a Visual Networks capture", viaEditcap}},
	{"\x7fver", likeness{"an OmniPeek capture", viaEditcap}},
	{"ObserverPktBufferVersion=", likeness{"a Network Instruments Observer capture", viaEditcap}},
	{"iptrace ", likeness{"an AIX iptrace capture", viaEditcap}},
	{"\x54\x52\x00\x64\x00", likeness{"an HP-UX nettl trace", viaEditcap}},
	{"\xaa\xaa\xaa\xaa", likeness{"a 5View capture", viaEditcap}},
	{"\x00\x00\x02\x00\x12\x05\x00\x10", likeness{"a Tektronix K12 capture", viaEditcap}},
	{"+---------+---------------+----------+", likeness{k12text, viaEditcap}},
	{"cpse", likeness{"a Colasoft Capsa capture", viaEditcap}},
	{"btsnoop\x00", likeness{"a Bluetooth capture (btsnoop)", "it contains no TCP"}},
	{"\x1f\x9d", likeness{"a file compressed with compress (.Z)", "unpack it: gzip -dc IN > OUT"}},
	{"LZIP", likeness{"an lzip-compressed file", "unpack it: lzip -dc IN > OUT"}},
	{"PK\x03\x04", likeness{"a zip archive", unpack}},
	{"7z\xbc\xaf\x27\x1c", likeness{"a 7-Zip archive", unpack}},
	{"Rar!\x1a\x07", likeness{"a RAR archive", unpack}},
	{"!<arch>\n", likeness{"an ar archive", unpack}},
	{"\x7fELF", likeness{"a program (ELF)", ""}},
	{"MZ", likeness{"a Windows program", ""}},
	{"\xcf\xfa\xed\xfe", likeness{"a macOS program", ""}},
	{"#!", likeness{"a script", ""}},
	{"%PDF-", likeness{"a PDF document", giveSource}},
	{"\x89PNG", likeness{"a picture (PNG)", giveSource}},
	{"\xff\xd8\xff", likeness{"a picture (JPEG)", giveSource}},
	{"GIF8", likeness{"a picture (GIF)", giveSource}},
	{"SQLite format 3\x00", likeness{"an SQLite database", ""}},
	{"LPKSHHRH", likeness{"a systemd journal", ""}},
	{"\x0c\xa5", likeness{"an nfcapd flow file, which contains no packets", giveSource}},
	{"#separator ", likeness{"a Zeek log", giveSource}},
	// The section header's type holds CR and LF so that a transfer that changed them shows.
	{"\x0a\x0a", likeness{}}, {"\x0d\x0a\x0d\x0d\x0a", likeness{}}, {"\x0d\x0d\x0d\x0d", likeness{}},
}

var damagedInTransfer = likeness{"a pcapng file that was transferred in text mode, which changed its line endings",
	"transfer it again in binary mode"}

// recognize returns what a file looks like from its beginning; what is "" if that is not known.
func recognize(head []byte) likeness {
	for _, m := range magics {
		switch {
		case !bytes.HasPrefix(head, []byte(m.prefix)):
		case m.what != "":
			return m.likeness
		case bytes.Contains(head[:min(len(head), 32)], []byte{0x1a, 0x2b, 0x3c, 0x4d}),
			bytes.Contains(head[:min(len(head), 32)], []byte{0x4d, 0x3c, 0x2b, 0x1a}):
			return damagedInTransfer
		}
	}
	switch {
	case len(head) > 262 && bytes.Equal(head[257:262], []byte("ustar")):
		return likeness{"a tar archive", unpack}
	case len(bytes.Trim(head, "\x00")) == 0:
		return likeness{"a file of zero bytes only, as left by an interrupted copy or a full disk", "copy it again"}
	// what follows has no magic number, and text can look like it
	case isText(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))):
	case isETL(head):
		return likeness{"a Windows event trace (netsh trace, pktmon)",
			"convert it: etl2pcapng IN.etl OUT.pcapng, or pktmon etl2pcap IN.etl"}
	case isERF(head):
		return likeness{"an Endace ERF capture", viaEditcap}
	}
	return recognizeText(head)
}

// isETL looks for the header of the first buffer of an event trace log: its size, and after the 72 bytes
// of WMI_BUFFER_HEADER the marker of a system trace header.
func isETL(b []byte) bool {
	return len(b) >= 76 && binary.LittleEndian.Uint32(b) >= 1024 && binary.LittleEndian.Uint32(b)%1024 == 0 &&
		(b[74] == 1 || b[74] == 2) && b[75] == 0xc0
}

// isERF follows two Extensible Record Format headers, which have no magic number: a little-endian time,
// a type, and a record length that leads to the next.
func isERF(b []byte) bool {
	for range 2 {
		if len(b) < 16 {
			return false
		}
		sec, typ, n := binary.LittleEndian.Uint32(b[4:]), b[8]&0x7f, int(binary.BigEndian.Uint16(b[10:]))
		if sec < 1<<28 || typ == 0 || typ > 48 || n < 16 || n > len(b) {
			return false
		}
		b = b[n:]
	}
	return true
}

// recognizeText distinguishes the output of packet tools.
func recognizeText(head []byte) likeness {
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return likeness{"text (UTF-16)", giveSource}
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	if !isText(text) {
		return likeness{}
	}
	has := func(s string) bool { return bytes.Contains(text, []byte(s)) }
	begins := func(s string) bool { return bytes.HasPrefix(text, []byte(s)) }
	switch {
	case beginsJSON(text):
		switch {
		case has(": Flags [") && !has(`"layers"`), has("] Seq=") && !has(`"layers"`):
			return likeness{printedPackets, "use what the log was made from"} // in strings of a log
		case begins(`{"index"`) && has(`"layers"`), begins(`{"timestamp"`) && has(`"layers"`):
			return likeness{dissectionExport + " (JSON for Elasticsearch, tshark -T ek)", giveSource}
		case has(`"_source"`) && has(`"layers"`), has(`"layers"`) && has(`"frame`):
			return likeness{dissectionExport + " (JSON)", giveSource}
		case has(`"log"`) && has(`"creator"`):
			return likeness{"a browser's HTTP archive (HAR), which contains no packets", giveSource}
		}
		return likeness{"JSON", giveSource}
	case has("<pdml"):
		return likeness{dissectionExport + " (PDML)", giveSource}
	case has("<psml"):
		return likeness{"a packet list export (PSML)", moreFields}
	case begins("<!DOCTYPE html"), begins("<!doctype html"), begins("<html"):
		return likeness{"a web page, as left by a failed download", "download the capture again"}
	case begins("<?xml"):
		return likeness{"XML", giveSource}
	case begins(`"No."`), has(`"Time","Source","Destination"`):
		return likeness{"a packet list export (CSV)", moreFields}
	case begins("No. ") && has("Time") && has("Source"):
		return likeness{"a packet list export (plain text)", moreFields}
	case begins("000000  "), begins("0000  "), begins("0x0000: "), has("\n\t0x0000: "):
		return likeness{"a hex dump of packets", "convert it with Wireshark's text2pcap: text2pcap IN OUT"}
	case has(" IP ") && has(" > "), has(" IP6 ") && has(" > "), begins("Frame 1: "), has(" → ") && has(" TCP "):
		return likeness{printedPackets, "write packets instead of text: tcpdump -w OUT, tshark -w OUT"}
	}
	return likeness{"text", ""}
}

// beginsJSON reports whether text begins as JSON does. A shell's prompt and an omission mark may begin with a bracket
// too.
func beginsJSON(text []byte) bool {
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return false
	}
	rest := bytes.TrimLeft(text[1:], " \t\r\n")
	return len(rest) == 0 || rest[0] == '"' || rest[0] == text[0]+2 || text[0] == '[' && (rest[0] == '{' || rest[0] == '[')
}

// isText reports whether b is text: it has no NUL, and few bytes that are no UTF-8, as an old encoding of an accent is
// none, or control characters but those of plain text, which programs print when the traffic has them. Its last
// character may be cut.ut.
func isText(b []byte) bool {
	const oneIn = 16
	odd, all := 0, len(b)
	for len(b) > 0 {
		c, n := utf8.DecodeRune(b)
		switch {
		case c == utf8.RuneError && n == 1:
			if len(b) < utf8.UTFMax && !utf8.FullRune(b) {
				return odd*oneIn <= all
			}
			odd++
		case c == 0:
			return false
		case c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b:
			odd++
		}
		b = b[n:]
	}
	return odd*oneIn <= all
}
