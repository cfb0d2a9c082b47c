// Package track follows the TCP connections of a capture the way RFC 9293 says their two ends do, and makes a
// flows.Reset of each RST. It reads no files: segments may come from anywhere.
//
//	t := track.NewTable(track.TableOptions{}, func(r *flows.Reset) { … })
//	for … {
//		t.Add(&segment) // in the order of the capture
//	}
//	t.Flush()
//
// Table.Add is the plain way in, one segment at a time. A Batch is the fast way for captures of many millions of
// packets, with the same results.
package track
