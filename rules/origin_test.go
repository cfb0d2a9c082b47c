package rules

import "testing"

// TestOrigin: a device on the path is named when strong signs or several agree, never for one weak sign.
func TestOrigin(t *testing.T) {
	const request = `+0.001 > P. 28 ack 44 "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"` + "\n"
	far := "< ttl 50\n" + answered
	for _, test := range []struct {
		name, text string
		want       Origin
	}{
		{"an ordinary RST", far + request + `+0.020 < R. 44:44(0) ack 56 win 502`, OriginEndpoint},
		{"an ordinary reply", far + request + `+0.020 < R  44:44(0) win 0 ipid 0`, OriginEndpoint},
		{"the sender goes on", far + request + `+0.020 < R. 44:44(0) ack 56 win 502
+0.005 < P. 44 ack 56 "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"`, OriginMiddlebox},
		{"sooner than the sender can answer", far + request + `+0.0002 < R. 44:44(0) ack 56 win 502 ipid 777`, OriginMiddlebox},
		{"another TTL, from nearer", far + request + `+0.020 < R. 44:44(0) ack 56 win 502 ttl 61 ipid 777`, OriginMiddlebox},
		{"TTL one off, no more", far + request + `+0.020 < R. 44:44(0) ack 56 win 502 ttl 49 ipid 777`, OriginUnknown},
		{"another initial TTL, as many hops", "< ttl 114\n" + answered + request + `+0.020 < R  44:44(0) win 0 ipid 0 ttl 50`, OriginEndpoint},
		{"another Ethernet address, no more", "< mac 02:00:00:00:00:01\n" + answered + request + `+0.020 < R. 44:44(0) ack 56 win 502 mac 02:00:00:00:00:02 ipid 777`, OriginUnknown},
		{"guesses through the window", far + `+0.001 < R  60:60(0) win 0 ipid 500
+0.00001 < R  1500:1500(0) win 0 ipid 501
+0.00001 < R  3000:3000(0) win 0 ipid 502
+0.500 > P. 28 ack 44 "x"`, OriginMiddlebox},
		{"the refused connection opens all the same", `
0.000  > S  0:0(0) ipid 21930 win 16384
+0.200 < R. 0:0(0) ack 0 win 16384 ipid 21930 ttl 46
+1.000 < S. 0:0(0) ack 1 ttl 49
+0.001 > .  1:1(0) ack 1`, OriginMiddlebox},
		{"a scanner's system has another TTL", `
0.000  > S  0:0(0) win 1024 ttl 41 <mss 1460>
+0.020 < S. 0:0(0) ack 1
+0.000 > R  1:1(0) win 0 ipid 0 ttl 64`, OriginEndpoint},
		{"the client asks again after a wrong SYN-ACK", `
0.000  > S  0:0(0)
+0.020 < .  7000:7000(0) ack 99000
+0.000 > R  99000:99000(0) win 0 ipid 0
+0.010 > S  0:0(0)
+0.020 < S. 0:0(0) ack 1
+0.000 > .  1:1(0) ack 1`, OriginEndpoint},
		{"asked again and accepted", `
0.000  > S  0:0(0)
+0.020 < R. =0:=0(0) ack 1 win 0 ipid 0
+1.000 > S  0:0(0)
+0.020 < S. 0:0(0) ack 1`, OriginEndpoint},
		{"both ends at an idle moment", answered + `+350.0 < R. 44:44(0) ack 28 win 502 ipid 777
+0.0001 > R. 28:28(0) ack 44 win 502 ipid 778`, OriginMiddlebox},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, found := explain(t, test.text)
			if f := found[0]; f.Origin != test.want {
				t.Errorf("origin %s, want %s: %s\n%v", f.Origin, test.want, f.Summary, f.OriginWhy)
			}
		})
	}
}

// TestOriginIsTold: a verdict comes with its signs, and changes the sentence.
func TestOriginIsTold(t *testing.T) {
	for _, s := range scripts() {
		_, found := explain(t, s.hit)
		for _, f := range found {
			if f.Origin == OriginMiddlebox && f.Repeats == 0 && (len(f.OriginWhy) == 0 || f.CaptureNext == "") {
				t.Errorf("%s: a middlebox without a reason, or without a way to make sure", s.rule)
			}
		}
	}
}
