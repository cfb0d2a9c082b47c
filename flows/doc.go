// Package flows follows the TCP connections of a capture the way RFC 9293 says their two ends do, and
// tells what it saw of each reset. It imports nothing that reads files: segments may come from anywhere.
//
//	t := flows.NewTable(flows.TableOptions{}, func(r *flows.Reset) { … })
//	for … {
//		t.Add(&segment) // in the order of the capture
//	}
//	t.Flush()
//
// # What comes in and what goes out
//
// A Segment (segment.go) goes in. A Reset (reset.go) comes out for each RST, with the Conn (conn.go) as it
// stood before, its two Endpoints (endpoint.go), the timeline of Events (event.go), the segment that
// the RST answers, what happened after it, and what other connections tell.
//
// # Where things are
//
// A connection, as the table keeps it:
//
//	table.go        Add, and the way of a segment through the table
//	calm.go         the short way of segments that come in order
//	batch.go        many segments at once; ordinary.go the form that most of them have
//	fetch.go        what they need, asked of the memory before their turn
//	journal.go      segments in good order, which wait until something asks for their connection
//	backlog.go      where they wait; handed.go how the table gets them after all
//	tuple.go        finding the record of a 4-tuple; alias.go IPv6 addresses in 32 bits
//	incarnation.go  where connections begin, and their numbers (Wireshark's tcp.stream)
//	record.go       what is kept of every connection; annex.go of few; fall.go of those that were reset
//	embryo.go       what is kept of a SYN that nothing has followed, in a flood of them
//	grave.go        what is kept of connections that were forgotten
//	memory.go       the bounds; slab.go, cache.go and numbers.go keep within them
//
// What a segment does:
//
//	transition.go   the state machine; state.go its states
//	sequence.go     SND.UNA, SND.NXT, RCV.NXT; seq.go their arithmetic; gap.go octets that are missing
//	resend.go       resends, keep-alive and window probes
//	copies.go       packets captured more than once
//	timeline.go     the last events; history.go Zeek's letters
//	talk.go         what the applications say, told in order.go's order; letgo.go the moment of giving up
//
// What is told of a reset:
//
//	reset_make.go   the Reset; conn_make.go its Conn
//	form.go         its form, and whether it is acceptable; trigger.go what it answers
//	waiting.go      its aftermath; surroundings.go other connections; icmp.go ICMP errors
//
// Scripts of segments as text, for tests, are read by package wire.
package flows
