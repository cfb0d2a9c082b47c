// Package track follows the TCP connections of a capture the way RFC 9293 says their two ends do, and makes a
// flows.Reset of each RST. It reads no files: segments may come from anywhere.
//
//	t := track.NewTable(track.TableOptions{}, func(r *flows.Reset) { … })
//	for … {
//		t.Add(&segment) // in the order of the capture
//	}
//	t.Flush()
//
// Table.Add is the plain way in, and where to begin to read: Add finds or opens the connection's record, take follows a
// segment (sequence, acknowledge, transition, reassemble), and reset makes a Reset of a RST (classify), which waits for
// what comes after it.
//
// A Batch is the fast way, for captures of many millions of packets. It gives the same resets; a test compares them.
// Everything that it needs lies behind Batch, in internal packages: deferral (segments in good order wait until
// something asks for their connection), tuple (IPv6 addresses in 32 bits), prefetch, pages and slab; and syncache (SYN
// cache entries for floods). docs/design.md says what each gives. The build tag plain leaves Table.Add alone: a
// batch is then a list of what goes through it, no SYN cache entries are made, and nothing is fetched ahead.
package track
