// Package claims checks what a report of rstexplain states about packets. It is a second program: it shares no code
// with the one that wrote the report, reads the capture with gopacket, keeps plain lists of segments, and decides each
// claim by searching them, straight from the meaning that rules/claim gives to its kind.
//
// Read a capture with [Read], its report with [ReadReport], and hand both to [Check]:
//
//	c, err := claims.Read("capture.pcapng")
//	…
//	files, err := claims.ReadReport(reportJSON)
//	…
//	result := claims.Check(c, &files[0])
//	for _, v := range result.Violations { … }
//
// Before and after go by the order of the file, or by that of the timestamps where those of a connection run backwards.
//
// An absence that is claimed without "limited" is wrong not only where the thing is in the capture, but also where the
// capture could not have shown it.
package claims
