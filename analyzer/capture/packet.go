// Package capture reads packets from capture files: pcapng and pcap, compressed or not, from a file or a stream. Begin
// with [Open], which recognises the format by content, and [Reader.Next], which returns packets in batches, without
// copying or allocating. Frame numbers, times and lengths are Wireshark's.
//
// Nothing in a file is trusted: memory is bounded whatever its lengths claim, reading continues after damage, and
// [Reader.Problems] lists what could not be read. Only a file of which nothing can be read is an error, of type
// [*Error].
package capture

// A Packet is one captured packet: its bytes and where they come from.
type Packet struct {
	// captured bytes, and in its capacity what follows; valid until the Batch that holds the packet is released
	Data      []byte
	Frame     int    // 1-based, as Wireshark numbers it
	Time      int64  // nanoseconds since the Unix epoch
	Length    uint32 // bytes on the wire
	Link      uint16 // link type (LINKTYPE_ value, https://www.tcpdump.org/linktypes.html)
	Interface uint16 // pcapng interface number within its section, 0 for pcap
	Offset    int64  // of the packet's block or record in the uncompressed stream
}

// oneMore returns list with one more packet, which holds old values. All fields of it must be set: that takes less
// time than to append a Packet, which is made elsewhere and copied.
func oneMore(list []Packet) []Packet {
	if n := len(list); n < cap(list) {
		return list[:n+1]
	}
	return append(list, Packet{})
}
