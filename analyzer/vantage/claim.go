package vantage

import (
	"time"
)

// A Kind is what a Claim says. Each can be decided from the captures alone.
type Kind string

// The kinds of claims about packets of several captures.
const (
	LeftHost Kind = "left-host" // the RST leaves its sender's host: its own capture holds it
	// it was captured at To too, with a TTL lowered by Count, Span later
	Arrived Kind = "arrived"
	// it arrives at its place, and To, which it must have passed, does not hold it
	NeverLeft    Kind = "never-left"
	LostOnTheWay Kind = "lost-on-the-way" // it was sent, and To does not hold it
	Altered      Kind = "altered"         // fields, named by Text, are not the same at the two places
	GoesOn       Kind = "goes-on"         // the named sender goes on, Span after it would have sent the RST
	// the RST has TTL Number, Count other packets of the sender at that place have Expected
	OtherTTL            Kind = "other-ttl"
	TooSoon             Kind = "too-soon"              // it follows what it answers by Span, and there and back takes Need
	TriggerNeverArrived Kind = "trigger-never-arrived" // what it answers is not in the capture at To
	TriggerArrived      Kind = "trigger-arrived"       // what it answers is, at the second place
	SYNNeverArrived     Kind = "syn-never-arrived"     // the SYN is not in the capture at To
	SYNArrived          Kind = "syn-arrived"           // the SYN is, at the second place
	// the capture at To holds no packet of the connection, and others of the host
	NotHere    Kind = "connection-not-here"
	EmptyThere Kind = "capture-empty" // the capture at To holds no TCP segment at all
	// the SYN-ACK is not in the capture at To, where the SYN is refused
	AnsweredBetween Kind = "answered-between"
	// the connection of the other frames carries the same request, by the signs in Text: a proxy passed it on
	SameRequest  Kind = "same-request-relayed"
	BothReset    Kind = "both-reset"     // each end got a RST in the other's name that the other never sent
	SegmentsLost Kind = "segments-lost"  // Count segments of Side were sent and are not in the capture at To
	FullSizeLost Kind = "full-size-lost" // of these all have Number bytes or more, and smaller ones arrived
	// packets passed before; after Span without any, they do not reach To
	IdleDropped Kind = "idle-dropped"
	// an ICMP error about the connection, in the words of Text, is at its place, and none like it at To
	ICMPAtOne Kind = "icmp-at-one-place"
)

// A Claim is one statement about packets of several captures.
type Claim struct {
	Kind     Kind
	Places   []Place
	To       int // a vantage point, of kinds that say so
	Side     string
	Text     string
	Count    int
	Number   int64
	Expected int64
	Span     time.Duration
	Need     time.Duration
	Limited  bool // that To lacks something shows little: it holds no packet of that time, and may not have run
}
