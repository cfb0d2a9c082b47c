package rules

import (
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/rules/claim"
)

// ftpSession is an FTP control connection (connection 1) with a data connection (2) in passive mode: the server is about
// to send 3,000,000 bytes.
const ftpSession = `
conn 1 192.0.2.1:40000 > 198.51.100.7:21
0.000  > S  0:0(0) win 64240 <mss 1460>
+0.020 < S. 0:0(0) ack 1 win 65160 ipid 0 <mss 1460>
+0.000 > .  1:1(0) ack 1
+0.001 < P. 1 ack 1 "220 ready\r\n"
+0.001 > P. 1 ack 12 "EPSV\r\n"
+0.020 < P. 12 ack 7 "229 Entering Extended Passive Mode (|||50006|)\r\n"
+0.001 > .  7:7(0) ack 60
conn 2 192.0.2.1:40602 > 198.51.100.7:50006
+0.001 > S  0:0(0) win 64240 <mss 1460>
+0.020 < S. 0:0(0) ack 1 win 65160 ipid 0 <mss 1460>
+0.000 > .  1:1(0) ack 1
conn 1
+0.001 > P. 7 ack 60 "RETR f\r\n"
`

// ftpTransfer is the same with the first segments of the file.
const ftpTransfer = ftpSession + `
+0.020 < P. 60 ack 15 "150 Opening BINARY mode data connection for f (3000000 bytes).\r\n"
conn 2
+0.001 < .  1:1449(1448) ack 1
+0.000 < .  1449:2897(1448) ack 1
+0.001 > .  1:1(0) ack 2897
`

var ftpScripts = []script{
	{
		// The client leaves in the middle of a file: the data that still comes had been asked for on the other connection.
		rule: dataAfterFINID,
		hit: ftpTransfer + `
+0.500 > F. 1:1(0) ack 2897
+0.010 < .  2897:4345(1448) ack 1
+0.000 > R  1:1(0) win 0 ipid 0`,
		// Nobody has asked for what the server sends.
		miss: `
conn 2 192.0.2.1:40602 > 198.51.100.7:50006
0.000  > S  0:0(0) win 64240 <mss 1460>
+0.020 < S. 0:0(0) ack 1 win 65160 ipid 0 <mss 1460>
+0.000 > .  1:1(0) ack 1
+0.001 < .  1:101(100) ack 1
+0.001 > .  1:1(0) ack 101
+0.500 > F. 1:1(0) ack 101
+0.010 < .  101:201(100) ack 1
+0.000 > R  1:1(0) win 0 ipid 0`,
	},
	{
		// The same with an abort.
		rule: abortMidTransferID,
		hit: ftpTransfer + `
+0.500 > R. 1:1(0) ack 2897`,
		// All of the file had come, and the server had closed.
		miss: ftpTransfer + `
+0.001 < F. 2897:2897(0) ack 1
+0.500 > R. 1:1(0) ack 2898`,
	},
	{
		// The control connection is idle while a file is sent, expires in a NAT, and the 226 never comes.
		rule: idleExpiryID,
		hit: ftpTransfer + `
+7.000 < F. 2897:2897(0) ack 1
+0.000 > F. 1:1(0) ack 2898
+0.020 < .  2898:2898(0) ack 2
conn 1
+12.00 > F. 15:15(0) ack 124
+0.020 < R  124:124(0) win 0 ipid 0`,
		// The 226 came: that the server has closed since is another matter.
		miss: ftpTransfer + `
+7.000 < F. 2897:2897(0) ack 1
+0.000 > F. 1:1(0) ack 2898
+0.020 < .  2898:2898(0) ack 2
conn 1
+0.001 < FP. 124 ack 15 "226 done\r\n"
+0.001 > .  15:15(0) ack 135
+2.00 > F. 15:15(0) ack 135
+0.020 < R  135:135(0) win 0 ipid 0`,
	},
}

// TestTransferCut: what a report says of a transfer that was cancelled, on both of its connections.
func TestTransferCut(t *testing.T) {
	_, found := explain(t, ftpTransfer+`
+0.500 > F. 1:1(0) ack 2897
conn 1
+0.000 > F. 15:15(0) ack 124
conn 2
+0.010 < .  2897:4345(1448) ack 1
+0.000 > R  1:1(0) win 0 ipid 0
conn 1
+0.200 < P. 124 ack 16 "426 Failure writing network stream.\r\n"
+0.000 > R  16:16(0) win 0 ipid 0`)
	data, control := found[0], found[1]
	if s := data.Summary + tell(data); !strings.Contains(s, "2896 bytes of 3.0 MB") || strings.Contains(s, "unsolicited") ||
		!data.Claims(claim.FTPTransfer) || !data.Claims(claim.TransferCut) || data.Severity != Error {
		t.Errorf("%s\n%s", data.Summary, tell(data))
	}
	if control.Rule != dataAfterFIN || !control.Claims(claim.TransferLeft) || control.Confidence > afterFINMoved ||
		strings.Contains(control.Remedy, "took so long") || strings.Contains(control.Symptom, "time limit") ||
		strings.Contains(tell(control), "no response to it") {
		t.Errorf("%s %.2f %s\n%s%s", control.Rule.ID, control.Confidence, control.Summary, tell(control), control.Remedy)
	}
	// Upload in active mode: the server opens the data connection from port 20.
	f := last(t, ftpSession[:strings.Index(ftpSession, "+0.001 > P. 1 ack 12")]+`
+0.001 > P. 1 ack 12 "PORT 192,0,2,1,200,7\r\n"
+0.020 < P. 12 ack 23 "200 PORT command successful\r\n"
+0.001 > P. 23 ack 41 "STOR f\r\n"
+0.020 < P. 41 ack 31 "150 Ok to send data.\r\n"
conn 3 198.51.100.7:20 > 192.0.2.1:51207
+0.001 > S  0:0(0) win 64240 <mss 1460>
+0.000 < S. 0:0(0) ack 1 win 65160 ipid 0 <mss 1460>
+0.020 > .  1:1(0) ack 1
+0.001 < .  1:1449(1448) ack 1
+0.020 > .  1:1(0) ack 1449
+0.010 < .  1449:2897(1448) ack 1
+0.020 > R. 1:1(0) ack 1449`)
	if f.Rule != abortMidTransfer || !strings.Contains(tell(f), "STOR f") {
		t.Errorf("%s %s\n%s", f.Rule.ID, f.Summary, tell(f))
	}
}
