package rules

import (
	"strings"
	"testing"
)

// smtpBad is an SMTP client that sends four words at once that are no commands; the server has received them.
const smtpBad = opened + `
+0.001 < P. 1 ack 1 "220 mx.example ESMTP\r\n"
+0.000 > P. 1 ack 23 "EHLO a\r\n"
+0.020 < P. 23 ack 9 "250 mx.example\r\n"
+0.001 > P. 9 ack 39 "BAD 1\r\nBAD 2\r\nBAD 3\r\nBAD 4\r\n"
`

// imapLogin is an IMAP client that has logged in with a command behind it.
const imapLogin = opened + `
+0.001 < P. 1 ack 1 "* OK ready\r\n"
+0.001 > P. 1 ack 13 "a LOGIN u p\r\n"
+0.020 < .  13:13(0) ack 14
`

// mailScripts: a server that ends the session by its own words closes on purpose, whatever commands it leaves.
var mailScripts = []script{
	{
		// A 421 answers all that was sent at once.
		rule: lateGoodbyeID,
		hit: smtpBad + `
+0.030 < P. 39 ack 37 "500 bad\r\n500 bad\r\n421 too many errors\r\n"
+0.003 < F. 78:78(0) ack 37
+0.020 > .  37:37(0) ack 79
+0.200 > P. 37 ack 79 "QUIT\r\n"
+0.030 < R  79:79(0) win 0 ipid 0`,
		// It answered one of the commands, and died.
		miss: smtpBad + `
+0.030 < P. 39 ack 37 "250 fine\r\n"
+0.003 < F. 49:49(0) ack 37
+0.020 > .  37:37(0) ack 50
+0.200 > P. 37 ack 50 "QUIT\r\n"
+0.030 < R  50:50(0) win 0 ipid 0`,
	},
	{
		// An error with the FIN directly behind refuses the session.
		rule: lateGoodbyeID,
		hit: imapLogin + `
+0.012 < P. 13 ack 14 "a NO [LIMIT] Maximum number of connections\r\n"
+0.0001 < F. 57:57(0) ack 14
+0.044 > .  14:14(0) ack 58
+0.300 > P. 14 ack 58 "b SELECT INBOX\r\n"
+0.030 < R  58:58(0) win 0 ipid 0`,
		// The server went on after the error, and its FIN has to do with something else.
		miss: imapLogin + `
+0.012 < P. 13 ack 14 "a NO [LIMIT] Maximum number of connections\r\n"
+0.200 < F. 57:57(0) ack 14
+0.044 > .  14:14(0) ack 58
+0.300 > P. 14 ack 58 "b SELECT INBOX\r\n"
+0.030 < R  58:58(0) win 0 ipid 0`,
	},
	{
		// The same with a command behind the refused one, which the server leaves.
		rule: lateGoodbyeID,
		hit: imapLogin + `
+0.001 > P. 14 ack 13 "b SELECT INBOX\r\n"
+0.020 < P. 13 ack 30 "a NO [LIMIT] Maximum number of connections\r\n"
+0.0001 < F. 57:57(0) ack 30
+0.044 > .  30:30(0) ack 58
+0.300 > P. 30 ack 58 "c NOOP\r\n"
+0.030 < R  58:58(0) win 0 ipid 0`,
		miss: imapLogin + `
+0.001 > P. 14 ack 13 "b SELECT INBOX\r\n"
+0.020 < P. 13 ack 30 "a OK done\r\n"
+0.0001 < F. 24:24(0) ack 30
+0.044 > .  30:30(0) ack 25
+0.300 > P. 30 ack 25 "c NOOP\r\n"
+0.030 < R  25:25(0) win 0 ipid 0`,
	},
}

// TestUnknownCommand: a word that is no command is one all the same, and what the server answers to it is its answer.
func TestUnknownCommand(t *testing.T) {
	f := last(t, opened+`
+0.001 < P. 1 ack 1 "+OK ready\r\n"
+0.001 > P. 1 ack 12 "FOO\r\n"
+0.020 < P. 12 ack 6 "-ERR Unknown command.\r\n-ERR Too many bad commands.\r\n"
+0.0001 < F. 64:64(0) ack 6
+0.001 > P. 6 ack 65 "FOO\r\n"
+0.030 < R  65:65(0) win 0 ipid 0`)
	s := tell(f) + f.Summary
	if f.Rule != lateGoodbye || strings.Contains(s, "continued") || !strings.Contains(s, "unknown command") {
		t.Errorf("%s %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
}

// TestLeftCommands: a command that the server left with its refusal may be a loss; one that it never had is none.
func TestLeftCommands(t *testing.T) {
	left, none := last(t, mailScripts[2].hit), last(t, mailScripts[1].hit)
	if left.Severity != Warning || left.Confidence > 0.76 || none.Severity != Info || none.Confidence < 0.85 {
		t.Errorf("%v %.2f, %v %.2f", left.Severity, left.Confidence, none.Severity, none.Confidence)
	}
	if !strings.Contains(none.Remedy, "last message") {
		t.Error(none.Remedy)
	}
}

// TestCommandAfterGoodbye: a client that sends a command behind its own QUIT gets an error for it.
func TestCommandAfterGoodbye(t *testing.T) {
	const quit = opened + `
+0.001 < P. 1 ack 1 "+OK ready\r\n"
+0.001 > P. 1 ack 12 "QUIT\r\n"
+0.020 < FP. 12 ack 7 "+OK bye\r\n"
+0.044 > .  7:7(0) ack 22
`
	f := last(t, quit+`
+0.500 > P. 7 ack 22 "NOOP\r\n"
+0.030 < R  22:22(0) win 0 ipid 0`)
	if f.Rule != lateGoodbye || !strings.Contains(f.Summary, "NOOP") || strings.Contains(f.Summary, "went wrong") ||
		strings.Contains(f.Symptom, "noticed nothing") {
		t.Errorf("%s %s\n%s", f.Rule.ID, f.Summary, f.Symptom)
	}
	f = last(t, quit+`
+0.500 > F. 7:7(0) ack 22
+0.030 < R  22:22(0) win 0 ipid 0`)
	if f.Rule != lateGoodbye || !strings.Contains(f.Symptom, "noticed nothing") {
		t.Errorf("%s %s\n%s", f.Rule.ID, f.Summary, f.Symptom)
	}
}

// TestPipelinedBehindQUIT: what a client sends in one segment behind its QUIT is void, and no request that is open.
func TestPipelinedBehindQUIT(t *testing.T) {
	const pipelined = opened + `
+0.001 < P. 1 ack 1 "+OK ready\r\n"
+0.001 > P. 1 ack 12 "USER u\r\nPASS p\r\n%sLIST\r\n"
+0.020 < P. 12 ack 30 "+OK\r\n"
+0.001 < P. 17 ack 30 "+OK in\r\n"
+0.001 < P. 25 ack 30 "+OK bye\r\n"
+0.001 < F. 34:34(0) ack 30
+0.200 > P. 30 ack 35 "NOOP\r\n"
+0.030 < R  35:35(0) win 0 ipid 0`
	if f := last(t, strings.Replace(pipelined, "%s", "QUIT\\r\\n", 1)); f.Rule != lateGoodbye {
		t.Errorf("%s %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
	if f := last(t, strings.Replace(pipelined, "%s", "NOOP\\r\\n", 1)); f.Cause != PeerCrash {
		t.Errorf("%s %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
}
