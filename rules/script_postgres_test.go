package rules

import (
	"strings"
	"testing"
)

// pgSession is a session of PostgreSQL: a login, a statement, and ReadyForQuery with a status.
const pgSession = opened + `
+0.001 > P. 1 ack 1 "\x00\x00\x00\x17\x00\x03\x00\x00user\x00postgres\x00\x00"
+0.020 < P. 1 ack 24 "R\x00\x00\x00\x08\x00\x00\x00\x00Z\x00\x00\x00\x05I"
+0.001 > P. 24 ack 16 "Q\x00\x00\x00\x0abegin\x00"
+0.020 < P. 16 ack 35 "C\x00\x00\x00\x0aBEGIN\x00Z\x00\x00\x00\x05STATUS"
+0.001 > .  35:35(0) ack 33
`

// pgLate is what the client sends when the server has closed, whose next number is ack, and the RST.
func pgLate(ack string) string {
	return `
+0.020 > .  35:35(0) ack ` + ack + `
+1.500 > P. 35 ack ` + ack + ` "Q\x00\x00\x00\x0dselect 2\x00"
+0.020 < R  ` + ack + `:` + ack + `(0) win 0 ipid 0`
}

// pgScripts: a server that says why it ends the session, in an error or in a notice, and one that dies without a word.
var pgScripts = []script{
	{
		rule: "late-goodbye",
		hit: strings.Replace(pgSession, "STATUS", "I", 1) + `
+1.000 < P. 33 ack 35 "E\x00\x00\x00\x32SFATAL\x00VFATAL\x00C57P01\x00Mterminating connection\x00\x00"
+0.001 < F. 84:84(0) ack 35` + pgLate("85"),
		// An error that ends only the statement.
		miss: strings.Replace(pgSession, "STATUS", "I", 1) + `
+1.000 < P. 33 ack 35 "N\x00\x00\x00\x32SNOTIC\x00VNOTIC\x00C01000\x00Mterminating connection\x00\x00"
+0.001 < F. 84:84(0) ack 35` + pgLate("85"),
	},
	{
		rule: "late-goodbye",
		hit: strings.Replace(pgSession, "STATUS", "T", 1) + `
+1.000 < P. 33 ack 35 "N\x00\x00\x00\x30SWARNING\x00VWARNING\x00C57P02\x00Mcrash of another\x00\x00"
+0.001 < F. 82:82(0) ack 35` + pgLate("83"),
	},
	{
		rule: "data-after-fin",
		hit: strings.Replace(pgSession, "STATUS", "T", 1) + `
+1.000 < F. 33:33(0) ack 35` + pgLate("34"),
		// After a long time a proxy may have closed.
		miss: strings.Replace(pgSession, "STATUS", "T", 1) + `
+60.00 < F. 33:33(0) ack 35` + pgLate("34"),
	},
}

// TestTransaction: a transaction that was open is lost, whoever ends the session.
func TestTransaction(t *testing.T) {
	const abort = `
+1.000 > R. 35:35(0) ack 33`
	for _, c := range []struct {
		text     string
		severity Severity
		says     string
	}{
		{strings.Replace(pgScripts[0].hit, `\x05I"
+0.001 > .  35`, `\x05T"
+0.001 > .  35`, 1), Error, "a transaction was open, and the database rolls it back"},
		{pgScripts[0].hit, Warning, "57P01"},
		{pgScripts[1].hit, Error, "57P02"},
		{strings.Replace(pgSession, "STATUS", "E", 1) + abort, Warning, "had failed before"},
		{strings.Replace(pgSession, "STATUS", "T", 1) + abort, Warning, "a transaction was open"},
		{strings.Replace(pgSession, "STATUS", "I", 1) + abort, Info, "the exchange was complete"},
	} {
		f := last(t, c.text)
		if f.Severity != c.severity || !strings.Contains(f.Harm+f.Summary, c.says) {
			t.Errorf("%s, want %s with %q: %s %s\n%s", f.Severity, c.severity, c.says, f.Harm, f.Summary, tell(f))
		}
	}
	if f := last(t, pgScripts[1].hit); !strings.Contains(f.Remedy, "process that a signal terminated") {
		t.Errorf("remedy: %s", f.Remedy)
	}
}
