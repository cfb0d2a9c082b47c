package exchange

import "testing"

// TestOneWay: messages that want no answer wait for none; commands of the same protocols that ask do.
func TestOneWay(t *testing.T) {
	dialogues{
		{"syslog, a line each", `
			> "<34>1 2003-10-11T22:14:15Z host su - - - failed\n"
			> "<34>Oct 11 22:14:15 host su: failed\n"`, `syslog| one-way message "syslog message"; none; waiting 0 0`},
		{"syslog, bytes counted", `
			> "13 <34>1 - - - x15 <34>1 - - - x y"`, `syslog| one-way message "syslog message"; none; waiting 0 0`},
		{"a priority without its end is none", `
			> "<34567890 hello world\n"`, `| opaque; none; waiting 1 0; guess`},
		{"StatsD", `
			> "app.requests:1|c\napp.time:320|ms|@0.1\n"`, `StatsD| one-way message "StatsD metric"; none; waiting 0 0`},
		{"a key and a value are no metric", `
			> "app.requests: 1\n"`, `| opaque; none; waiting 1 0; guess`},
		{"C37.118: data on", `
			> aa41 0012 0001 00000000 00000000 0002 0000
			< aa01 0014 0001 00000000 00000000 00000000 0000
			< aa01 0014 0001 00000000 00000000 00000000 0000`, `C37.118| one-way message "command: data on"; one-way message "data frame"; waiting 0 0`},
		{"C37.118: a configuration is asked for", `
			> aa41 0012 0001 00000000 00000000 0005 0000`, `C37.118| request "command"; none; waiting 1 0`},
		{"C37.118: and sent", `
			> aa41 0012 0001 00000000 00000000 0005 0000
			< aa31 0014 0001 00000000 00000000 00000000 0000`, `C37.118| request "command"; response "configuration frame"; waiting 0 0`},
	}.run(t)
}

func TestPPTP(t *testing.T) {
	const (
		header = "0001 1a2b3c4d "
		open   = `
			> 0020 ` + header + `0007 0000 0001 0000 00000000 00000000 00000000 00000000
			< 0020 ` + header + `0008 0000 0001 0001 01 00 0000 00000000 0000 0000 00000000`
	)
	dialogues{
		{"a call", open, `PPTP| request "Outgoing-Call-Request"; response "Outgoing-Call-Reply"; waiting 0 0`},
		{"an echo is not answered", open + `
			< 0010 ` + header + `0005 0000 00000001`, `PPTP| request "Outgoing-Call-Request"; housekeeping "Echo-Request"; waiting 0 1; pings of 1: 1`},
		{"a call is cleared", open + `
			> 0010 ` + header + `000c 0000 0001 0000
			< 0094 ` + header + `000d 0000 0001 01 00 0000 0000`, `PPTP| goodbye "Call-Clear-Request"; goodbye "Call-Disconnect-Notify" open; waiting 0 0`},
	}.run(t)
}

// TestVerdict: what a server refused stays known until it grants something.
func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		name   string
		script script
		want   string
	}{
		{"SMTP", `
			< "220 mail ESMTP\r\n"
			> "EHLO a\r\n"
			< "250 mail\r\n"
			> "MAIL FROM:<a@b>\r\n"
			< "550 5.7.1 rejected\r\n"
			> "QUIT\r\n"
			< "221 bye\r\n"`, "550 5.7.1 rejected"},
		{"SMTP, and the next is accepted", `
			< "220 mail ESMTP\r\n"
			> "RCPT TO:<a@b>\r\n"
			< "550 no such user\r\n"
			> "RCPT TO:<c@b>\r\n"
			< "250 ok\r\n"`, ""},
		{"SMB 2", `
			> 00000040 fe534d42 4000 0000 00000000 0100 0000 00000000 00000000 0100000000000000 00000000 00000000 0000000000000000 00000000000000000000000000000000
			< 00000040 fe534d42 4000 0000 6d0000c0 0100 0000 01000000 00000000 0100000000000000 00000000 00000000 0000000000000000 00000000000000000000000000000000`,
			"SESSION_SETUP STATUS_LOGON_FAILURE"},
		{"SMB 2, more to come", `
			> 00000040 fe534d42 4000 0000 00000000 0100 0000 00000000 00000000 0100000000000000 00000000 00000000 0000000000000000 00000000000000000000000000000000
			< 00000040 fe534d42 4000 0000 160000c0 0100 0000 01000000 00000000 0100000000000000 00000000 00000000 0000000000000000 00000000000000000000000000000000`,
			""},
		{"LDAP", `
			> 300c 020101 6007 020103 0400 8000
			< 300c 020101 6107 0a0131 0400 0400`, "bind result: invalidCredentials"},
		{"LDAP, granted", `
			> 300c 020101 6007 020103 0400 8000
			< 300c 020101 6107 0a0100 0400 0400`, ""},
		{"POP3", `
			< "+OK ready\r\n"
			> "PASS x\r\n"
			< "-ERR no\r\n"
			> "QUIT\r\n"
			< "+OK bye\r\n"`, "-ERR no"},
		{"IMAP", `
			< "* OK ready\r\n"
			> "a LOGIN b c\r\n"
			< "a NO wrong\r\n"
			> "b LOGOUT\r\n"
			< "* BYE\r\n"`, "NO wrong"},
		{"TDS", `
			> 1201 [be16+4 0000 0000 00 001a0006 01 00200001 ff 080001550000 00]
			< 0401 [be16+4 0000 0100 00 001a0006 01 00200001 ff 080001550000 00]
			> 1001 [be16+4 0000 0100 "login"]
			< 0401 [be16+4 0033 0100 ab 0100 00 aa 1800 18480000 01 0e 0600 "L\x00o\x00g\x00i\x00n\x00 \x00" 00 00 01000000 fd 0200 0000 00000000]`,
			"18456 Login "},
		{"TDS, logged in", `
			> 1201 [be16+4 0000 0000 00 001a0006 01 00200001 ff 080001550000 00]
			< 0401 [be16+4 0000 0100 00 001a0006 01 00200001 ff 080001550000 00]
			> 1001 [be16+4 0000 0100 "login"]
			< 0401 [be16+4 0033 0100 ab 0100 00 ad 0100 00 fd 0000 0000 00000000]`, ""},
		{"AMQP 0-9-1", `
			> "AMQP" 00000901
			< 01 0000 [be32 000a 000a 0009] ce
			> 01 0000 [be32 000a 000b 00] ce
			< 01 0000 [be32 000a 0032 0193 09 "NO_ACCESS" 0000 0000] ce`, "Close 403 NO_ACCESS"},
		{"AMQP 0-9-1, closed in good order", `
			> "AMQP" 00000901
			< 01 0000 [be32 000a 000a 0009] ce
			> 01 0000 [be32 000a 000b 00] ce
			< 01 0000 [be32 000a 0032 00c8 03 "bye" 0000 0000] ce`, ""},
		{"AMQP 1.0", `
			> "AMQP" 00010000
			< "AMQP" 00010000
			> [be32+4 02 00 0000 00 53 10 c0]
			< [be32+4 02 00 0000 00 53 18 c0 20 01 00 53 1d c0 1a 01 a3 16 "amqp:connection:forced"]`, "Close amqp:connection:forced"},
		{"HTTP", `
			> "GET / HTTP/1.1\r\n\r\n"
			< "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"`, "HTTP/1.1 404 Not Found"},
		{"HTTP, granted", `
			> "GET / HTTP/1.1\r\n\r\n"
			< "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"`, ""},
		{"STARTTLS forgets it", `
			< "220 mail ESMTP\r\n"
			> "VRFY a\r\n"
			< "502 no\r\n"
			> "STARTTLS\r\n"
			< "220 go\r\n"
			> $ch13`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := hear(t, c.script)
			if s.Verdict.Text != c.want || (s.VerdictSide == 1) != (c.want != "") || (s.Verdict.Frame != 0) != (c.want != "") {
				t.Errorf("verdict %q of side %d in frame %d, want %q", s.Verdict.Text, s.VerdictSide, s.Verdict.Frame, c.want)
			}
		})
	}
}
