// Package vantage compares captures of the same connections that were made at several places of a path, its vantage
// points.
//
// One capture can only infer who sent a RST. Two can prove it: a RST that its sender's own capture holds left that
// host, and one that arrives at the other end without having left was made on the way.
//
// Begin with a [Recorder] for each capture, give it every segment, finish it, and pass the recorders to
// [Compare]. The result
// pairs connections without trusting addresses (pair.go), estimates how far the clocks are apart (clock.go), pairs the
// segments of each connection (match.go), and says of each RST where it was seen and where it was made (verdict.go).
package vantage
