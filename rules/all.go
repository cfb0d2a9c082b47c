package rules

// ordered lists the rules in the order in which they are asked: the first that matches gives the label.
// The order is explained in docs/design.md: who was asked to open, who gave up, what was over before, who closed
// and with what left undone. The last ones know least and say so.
var ordered = []*Rule{
	// Opening a connection.
	backscatter,
	policyReject,
	synFlood,
	portScan,
	restartWindow,
	noListener,
	tupleReuse,
	badHandshakeACK,
	synUnanswered,
	spoofedSYN,
	synProbe,
	lateSYNACK,
	connectWithdrawn,
	handshakeUnanswered,
	acceptQueueOverflow,

	// A device on the path.
	deviceReply,
	idleReset,
	idleExpiry,
	injectedAnswer,
	forgedReset,

	// A peer that stopped answering.
	mtuBlackHole,
	dataUnacked,
	keepaliveUnanswered,
	zeroWindow,
	gaveUpSilently,

	// Connections that were over, or never were.
	straySegment,
	lateSegment,

	// The sender had closed by FIN.
	capturedFromClose,
	healthProbe,
	closeNotifyRace,
	earlyResponse,
	keepaliveRace,
	resetAfterFIN,
	lateGoodbye,
	dataAfterFIN,

	// The peer had closed, or the sender's state was gone.
	resetInsteadOfFIN,
	wrongHost,
	stateLostKeepalive,
	endedUnseen,
	stateLost,

	// The sender's own decision.
	mptcpSubflow,
	tlsRejected,
	acceptedThenDropped,
	applicationTimeout,
	abortMidTransfer,
	unreadData,
	idleRelease,
	abortiveClose,

	// Nothing else fits.
	unexplainedReply,
	unexplainedAbort,
	unexplainedRelease,
}

// All returns the rules in the order in which they are asked.
func All() []*Rule { return append([]*Rule(nil), ordered...) }

// Find returns the rule named id, nil without one.
func Find(id string) *Rule {
	for _, r := range ordered {
		if r.ID == id {
			return r
		}
	}
	return nil
}
