package pasted

import (
	"net/netip"

	"github.com/rstexplain/rstexplain/flows"
)

// A Packet is one packet as a text shows it: each field is known, or it is not. A style makes it of lines; what its
// numbers and its time mean is found out afterwards.
type Packet struct {
	Line     int // of the text, where it begins
	Number   int // as the text numbers it, 0: it does not
	Style    Style
	Has      Has
	Src, Dst Host
	Clock    Clock
	Time     int64 // nanoseconds, by Clock
	Flags    flows.Flags
	Form     Numbering
	SEQ, ACK uint32 // as printed
	Len      uint32 // bytes of data
	Least    uint32 // with SaysRough
	Most     uint32
	Window   uint32 // as printed
	Wire     uint32 // bytes of the frame
	TTL      uint8
	IPID     uint16
	DF       bool
	MAC      uint64
	VLAN     uint32
	Face     uint16 // interface, numbered in the order in which the text names them
	Opts     flows.Options
	OptLen   uint8    // bytes that the options take
	SACK     []uint32 // edges of the blocks, as printed; valid until the next packet is read
	Words    Words
	Dump     []byte // the bytes of the packet, where the text shows them; valid until the next packet is read
}

// Has says which fields of a Packet the text holds.
type Has uint32

// The fields.
const (
	HasFlags Has = 1 << iota
	HasSEQ
	HasACK
	HasLen
	HasWindow
	HasTTL
	HasIPID
	HasOptions // a text that shows options and none here says that there were none
	HasPorts
	HasWire
	HasDump
)

// Words are what the printer's own analysis says of a packet.
type Words uint16

// The words.
const (
	SaysRetransmission Words = 1 << iota
	SaysKeepAlive
	SaysKeepAliveACK
	SaysReused       // [TCP Port numbers reused]
	SaysWindowUpdate // [TCP Window Update]
	SaysDupACK
	SaysLostBefore  // [TCP Previous segment not captured], [TCP ACKed unseen segment]
	SaysApplication // the words of an application stand where those of TCP would: HTTP, TLS
	SaysPart        // [TCP segment of a reassembled PDU]: of a message that goes on
	SaysScaled      // Window is what Wireshark calculated, where it knew the scale
	SaysRough       // Len is an estimate, of Least to Most bytes
)

// A Host is one end of a packet.
type Host struct {
	IP   netip.Addr
	Port uint16
	Name bool // IP stands for a name, or for an address that was made unreadable
}

// A Clock is a form in which a text shows times.
type Clock uint8

// The clocks.
const (
	NoClock  Clock = iota
	Absolute       // since the Unix epoch
	OfDay          // since midnight of a day that is not named
	Since          // since the first packet, or since some moment
	Delta          // since the packet before
)

// Numbering is the form of sequence numbers.
type Numbering uint8

// The forms.
const (
	ByTcpdump   Numbering = iota // absolute at first, then relative, as print-tcp.c of tcpdump has it
	ByWireshark                  // relative to the first number of the stream
	Raw                          // as on the wire
)

// A Style names the program whose print was recognised, and its form.
type Style string

// The styles.
const (
	Tcpdump        Style = "tcpdump"
	PacketList     Style = "wireshark-packet-list"
	Fields         Style = "tshark-fields"
	PSML           Style = "wireshark-psml"
	DissectionTree Style = "wireshark-dissection-tree"
	HexDump        Style = "hex-dump"
	FortiGate      Style = "fortigate-sniffer"
	NetMon         Style = "network-monitor"
	Pktmon         Style = "pktmon"
	CheckPoint     Style = "fw-monitor"
	NetfilterLog   Style = "netfilter-log"
	Snoop          Style = "snoop"
	IPReport       Style = "ipreport"
)
