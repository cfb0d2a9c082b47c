// Package deferral lets the segments of a batch wait that are in good order, until something asks for their connection.
// It knows nothing of what the table makes of segments: it keeps its own account of sequence numbers, and takes what
// fits in. Begin with Batch: Add puts segments in it, Defer decides which wait, Lines are what the table gets.
package deferral
