package rules

var decisionScripts = []script{
	{
		rule: "tls-rejected",
		hit: opened + `
+0.001 > P. 1:206(205) ack 1 "\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03"
+0.020 < P. 1:8(7) ack 206 "\x15\x03\x03\x00\x02\x02\x28"
+0.000 < R. 8:8(0) ack 206 win 502`,
		miss: tlsDone + `
+0.100 > R. 391:391(0) ack 752 win 502`,
	},
	{
		rule: "accepted-then-dropped",
		hit: opened + `
+0.001 < R. 1:1(0) ack 1 win 509`,
		miss: answered + `
+0.001 < R. 44:44(0) ack 28 win 509`,
	},
	{
		// A RST alone does not show that the connection was new.
		rule: "accepted-then-dropped",
		hit: opened + `
+0.001 < R. 1:1(0) ack 1 win 509`,
		miss: `
0.000 < R. 5000:5000(0) ack 9000 win 509`,
	},
	{
		rule: "application-timeout",
		hit: opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  1:1(0) ack 28
+9.980 > R. 28:28(0) ack 1 win 502`,
		// Ten seconds after the answer: idle.
		miss: answered + `
+10.00 > R. 28:28(0) ack 44 win 502`,
	},
	{
		rule: "abort-mid-transfer",
		hit: opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  1:1401(1400) ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n"
+0.000 > R. 28:28(0) ack 1401 win 502`,
		miss: answered + `
+0.000 > R. 28:28(0) ack 44 win 502`,
	},
	{
		rule: "unread-data",
		hit: answered + `
+0.100 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < R. 44:44(0) ack 56 win 502`,
		miss: answered + `
+0.100 < R. 44:44(0) ack 28 win 502`,
	},
	{
		rule: "idle-release",
		hit: answered + `
+12.00 > R. 28:28(0) ack 44 win 502`,
		miss: answered + `
+0.001 > R. 28:28(0) ack 44 win 502`,
	},
	{
		// Only the RST's ACK shows that the server had gone on sending: a gap of the capture, and no idle time.
		rule: "idle-release",
		hit: answered + `
+12.00 > R. 28:28(0) ack 44 win 502`,
		miss: answered + `
+12.00 > R. 28:28(0) ack 90044 win 502`,
	},
	{
		rule: "abortive-close",
		hit: answered + `
+0.001 > R. 28:28(0) ack 44 win 502`,
		miss: opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  1:1(0) ack 28
+0.001 > R. 28:28(0) ack 1 win 502`,
	},
}

// weakScripts are what is left: little is known, and the finding says so.
var weakScripts = []script{
	{
		// Nothing but the RST is in the capture: that a handshake came just before is not known.
		rule: "unexplained-abort",
		hit: `
0.000  < R. 1:1(0) ack 1 win 0`,
		miss: opened + `
+0.001 < R. 1:1(0) ack 1 win 0`,
	},
	{
		rule: "unexplained-reply",
		hit: `
0.000  > .  1:1(0) ack 1
+0.020 < .  1:1(0) ack 1
+0.000 < F. 1:1(0) ack 1
+0.000 > .  1:1(0) ack 2
+0.010 > .  1:1(0) ack 2
+0.020 < R  2:2(0) win 0 ipid 0`,
	},
	{
		rule: "unexplained-abort",
		hit: opened + `
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.020 < .  1:1(0) ack 28
+0.100 < F. 1:1(0) ack 28
+0.000 > .  28:28(0) ack 2
+0.100 < R. 2:2(0) ack 28 win 502`,
	},
	{
		rule: "unexplained-release",
		hit: `
0.000  > .  1:1(0) ack 1
+0.010 < .  1:1(0) ack 1
+0.010 > R. 1:1(0) ack 1 win 502`,
	},
}
