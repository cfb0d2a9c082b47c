package rules

// aborted is a download that the client breaks off, 100 ms away from the capture, while the server sends on.
const aborted = `
> ttl 116
< ttl 58
0.000  > S  0:0(0)
+0.010 < S. 0:0(0) ack 1
+0.100 > .  1:1(0) ack 1
+0.001 > P. 1 ack 1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
+0.010 < .  1:1401(1400) ack 28 "HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n"
+0.100 > .  28:28(0) ack 1401
+0.010 < .  1401:2801(1400) ack 28
+0.001 < .  2801:4201(1400) ack 28
+0.025 > R. 28:28(0) ack 1401 win 0
`

// pathScripts are situations in which somebody else than the two ends has a hand.
var pathScripts = []script{
	{
		rule: "late-segment",
		// The device that let the client's RST pass, 45 ms away, answers what the server had under way.
		hit: aborted + `
+0.010 > R. 28:28(0) ack 2801 win 0 ttl 244 ipid 46339
+0.001 > R. 28:28(0) ack 4201 win 0 ttl 244 ipid 46340`,
		// The client's own stack answers with the same numbers: one event.
		miss: aborted + `
+0.090 > R. 28:28(0) ack 2801 win 0
+0.001 > R. 28:28(0) ack 4201 win 0`,
	},
	{
		rule: "idle-expiry",
		// A device answers the first segment after a silence.
		hit: `
< ttl 50
` + answered + `
+60.00 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
+0.001 < R  44:44(0) win 0 ipid 7777 ttl 63`,
		// A device answers what was under way when the client reset: no silence.
		miss: aborted + `
+0.010 > R. 28:28(0) ack 2801 win 0 ttl 244 ipid 46339`,
	},
}
