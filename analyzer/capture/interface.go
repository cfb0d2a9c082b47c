package capture

// An Interface describes where packets were captured: a pcapng Interface Description Block with what
// Interface Statistics Blocks said of it, or the file header of a pcap.
type Interface struct {
	Section     int    // 0-based number of the pcapng section
	Index       int    // within the section: Packet.Interface
	Link        uint16 // LINKTYPE_ value
	SnapLen     uint32 // bytes kept of each packet, 0: no limit
	Resolution  uint8  // if_tsresol: a tick is 10**-n seconds, or 2**-(n&127) with the top bit set
	FCSLen      int    // bytes of frame check sequence at the end of each packet, -1: unknown
	Name        string // "eth0"
	Description string
	OS          string
	Hardware    string
	Filter      string // the capture filter, as text
	Packets     int64  // packets of it in the file
	Received    uint64 // packets it received while capturing, 0: unknown
	Dropped     uint64 // packets lost by the interface or the operating system for want of buffers
}

// interfacesKept is how many interfaces of a file are described by Reader.Interfaces; a file of a
// million sections has a million. Packets are counted by link type for all.
const interfacesKept = 1024

// interfacesMax is how many interfaces a section may have, as Packet.Interface holds 16 bits.
const interfacesMax = 1 << 16

// A spill counts the interfaces of a file beyond interfacesMax of their section.
type spill struct {
	interfaces int
	offset     int64 // of the first
	frame      int   // the last one before it
}

// An iface is what reading a packet needs of its interface.
type iface struct {
	clock   clock
	packets int64
	dropped uint64 // as its packets tell
	snap    uint32
	link    uint16
	kept    int32 // index into Reader.described, -1: not among them
}
