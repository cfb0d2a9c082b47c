package claims

import (
	"maps"
	"slices"
)

// checks decide the kinds of claims, by the names that reports give them.
var checks map[string]func(*question)

func init() {
	checks = map[string]func(*question){
		"reply-to":       checkReplyTo,
		"reply-unseen":   checkReplyUnseen,
		"echoes-both":    checkEchoesBoth,
		"abort":          checkAbort,
		"abort-offset":   checkAbortOffset,
		"abort-alone":    checkAbortAlone,
		"seq-not-next":   checkSEQNotNext,
		"refusal-offset": checkRefusalOffset,
		"wrong-echo":     checkWrongEcho,

		"syn":          checkSYN,
		"syn-ack":      checkSYNACK,
		"handshake":    checkHandshake,
		"bad-ack":      checkBadACK,
		"odd-syn":      checkOddSYN,
		"other-ack":    checkOtherACK,
		"syn-again":    checkSYNAgain,
		"no-syn-ack":   checkNoSYNACK,
		"opened-after": checkOpenedAfter,
		"no-handshake": checkNoHandshake,
		"acked-unseen": checkAckedUnseen,

		"first-sent":        checkFirstSent,
		"retransmitted":     checkRetransmitted,
		"unacked":           checkUnacked,
		"peer-heard":        checkPeerHeard,
		"silent":            checkSilent,
		"acked-each-time":   checkAckedEachTime,
		"keep-alive-probes": checkKeepAliveProbes,
		"window-probes":     checkWindowProbes,
		"window-closed":     checkZeroWindow,
		"max-acked":         checkMaxAcked,
		"icmp":              checkICMP,

		"request":         checkRequest,
		"unanswered":      checkUnanswered,
		"handshake-open":  checkHandshakeOpen,
		"delivered":       checkDelivered,
		"not-ended":       checkNotEnded,
		"unacked-data":    checkUnackedData,
		"sends-on":        checkSendsOn,
		"no-close-notify": checkNoCloseNotify,
		"nothing-asked":   checkNothingAsked,
		"nothing-sent":    checkNothingSent,
		"last-message":    checkLastMessage,
		"last-data":       checkLastData,
		"no-response":     checkNoResponse,
		"sent-after":      checkSentAfter,
		"response":        checkResponse,
		"goodbye":         checkGoodbye,
		"alert":           checkAlert,
		"tls-version":     checkTLSVersion,
		"unread":          checkUnread,

		"closed-by":       checkClosedBy,
		"closed-unseen":   checkClosedUnseen,
		"fin-acked":       checkFINAcked,
		"no-fin":          checkNoFIN,
		"after-close":     checkAfterClose,
		"all-acked":       checkAllAcked,
		"nothing-between": checkNothingBetween,
		"idle":            checkIdle,
		"matches-timeout": checkMatchesTimeout,
		"reset-before":    checkResetBefore,
		"last-segment":    checkLastSegment,

		"accepted-elsewhere": checkAccepted,
		"refused-elsewhere":  checkRefused,
		"refused-count":      checkRefusedCount,
		"also-reset":         checkAlsoReset,
		"also-reset-count":   checkAlsoResetCount,
		"scan":               checkScan,
		"probes":             checkProbes,
		"probe-before":       checkProbeBefore,

		"ttl-same":            checkTTLSame,
		"ttl-differs":         checkTTLDiffers,
		"ip-id-continues":     checkIPIDContinues,
		"ip-id-copied":        checkIPIDCopied,
		"ip-id-breaks":        checkIPIDBreaks,
		"window-copied":       checkWindowCopied,
		"timestamp-continues": checkTimestampContinues,
		"mac-differs":         checkMACDiffers,
		"sends-after-reset":   checkSendsAfterReset,
		"acks-after-reset":    checkAcksAfterReset,
		"accepts-after-reset": checkAcceptsAfterReset,
		"seq-outside":         checkSEQOutside,
		"guesses-seq":         checkGuessesSEQ,
		"repeated":            checkRepeated,
		"too-soon":            checkTooSoon,
		"both-reset":          checkBothReset,
		"captured-once":       checkCapturedOnce,
		"after-first-data":    checkAfterFirstData,
		"reply-with-ack":      checkReplyWithACK,
		"over-before":         checkOverBefore,
		"compared-with":       checkComparedWith,
		"too-soon-elsewhere":  checkTooSoonElsewhere,
		"ip-id-not-zero":      checkIPIDNotZero,

		"challenge-ack":     checkChallenged,
		"out-of-window":     checkOutOfWindow,
		"in-window":         checkInWindow,
		"not-for-syn":       checkNotForSYN,
		"syn-after":         checkSYNAfter,
		"retransmits-after": checkRetransmitsAfter,
		"reset-text":        checkResetText,
		"mptcp-reason":      checkMPTCPReason,
		"mptcp-fastclose":   checkMPTCPFastClose,
		"further-resets":    checkFurtherResets,

		"same-event": checkSameEvent,
		"duplicate":  checkDuplicate,
	}
}

// Names returns the names of the kinds that the checker can decide.
func Names() []string { return slices.Sorted(maps.Keys(checks)) }
