package exchange

import "testing"

func TestSMTP(t *testing.T) {
	const mail = `
		< "220 mail.example.com ESMTP Postfix\r\n"
		> "EHLO client.example.com\r\n"
		< "250-mail.example.com\r\n250-PIPELINING\r\n250 STARTTLS\r\n"
		> "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"
		< "250 ok\r\n250 ok\r\n354 go ahead\r\n"
	`
	dialogues{
		{"greeting alone", `< "220 mail.example.com ESMTP Postfix\r\n"`, `SMTP| none; greeting "220 mail.example.com ESMTP Postfix"; waiting 0 0; unused`},
		{"greeting of unknown kind", `< "220 welcome\r\n"`, `SMTP or FTP| none; greeting "220 welcome"; waiting 0 0; unused`},
		{"greeting of unknown kind, EHLO", `
			< "220 welcome\r\n"
			> "EHLO a\r\n"`, `SMTP| request "EHLO"; greeting "220 welcome"; waiting 1 0`},
		{"refused at the door", `< "554 no SMTP service here\r\n"`, `SMTP| none; refusal "554 no SMTP service here"; waiting 0 0; unused`},
		{"multi-line reply not ended", `
			< "220 mail.example.com ESMTP Postfix\r\n"
			> "EHLO client.example.com\r\n"
			< "250-mail.example.com\r\n250-PIPELINING\r\n"`, `SMTP| request "EHLO"; partial response "250-mail.example.com"; waiting 1 0`},
		{"in the message", mail + `
			> "Subject: x\r\n\r\nhello\r\n"`, `SMTP| request "message text"; response "354 go ahead"; waiting 1 0`},
		{"message ended, unanswered", mail + `
			> "Subject: x\r\n\r\nhello\r\n.\r\n"`, `SMTP| request "message text"; response "354 go ahead"; waiting 1 0`},
		{"message with a line of two dots", mail + `
			> "Subject: x\r\n\r\n..\r\n.x\r\n"`, `SMTP| request "message text"; response "354 go ahead"; waiting 1 0`},
		{"empty message", mail + `
			> ".\r\n"`, `SMTP| request "message text"; response "354 go ahead"; waiting 1 0`},
		{"message accepted, QUIT", mail + `
			> "Subject: x\r\n\r\nhello\r\n.\r\n"
			< "250 queued\r\n"
			> "QUIT\r\n"
			< "221 bye\r\n"`, `SMTP| goodbye "QUIT"; goodbye "221 bye"; waiting 0 0`},
		{"QUIT before the answer", mail + `
			> "Subject: x\r\n\r\nhello\r\n.\r\nQUIT\r\n"`, `SMTP| goodbye "QUIT"; response "354 go ahead"; waiting 1 0`},
		{"refused for good", mail + `
			> "Subject: x\r\n\r\nhello\r\n.\r\n"
			< "521 go away\r\n"`, `SMTP| request "message text"; refusal "521 go away"; waiting 0 0`},
		{"timed out", `
			< "220 mail.example.com ESMTP Postfix\r\n"
			wait 300s
			< "421 timeout\r\n"`, `SMTP| none; refusal "421 timeout"; waiting 0 0; unused`},
		{"password is not reported", `
			< "220 mail.example.com ESMTP Postfix\r\n"
			> "EHLO client.example.com\r\n"
			< "250 AUTH LOGIN\r\n"
			> "AUTH LOGIN\r\n"
			< "334 VXNlcm5hbWU6\r\n"
			> "c2VjcmV0\r\n"`, `SMTP| request "(continued)"; response "334 VXNlcm5hbWU6"; waiting 1 0`},
		{"words that are no commands", `
			< "220 mail.example.com ESMTP Postfix\r\n"
			> "EHLO client.example.com\r\n"
			< "250 ok\r\n"
			> "BAD 1\r\nBAD 2\r\nBAD 3\r\n"
			< "500 bad\r\n"`, `SMTP| request "unknown command"; response "500 bad"; waiting 2 0`},
		{"421 answers all commands", `
			< "220 mail.example.com ESMTP Postfix\r\n"
			> "EHLO client.example.com\r\n"
			< "250 ok\r\n"
			> "BAD 1\r\nBAD 2\r\nBAD 3\r\n"
			< "500 bad\r\n421 too many errors\r\n"`, `SMTP| request "unknown command"; refusal "421 too many errors"; waiting 0 0`},
		{"AUTH with its answers at once", `
			< "220 mail.example.com ESMTP Postfix\r\n"
			> "AUTH LOGIN\r\ndXNlcg==\r\nc2VjcmV0\r\n"`, `SMTP| request "(continued)"; greeting "220 mail.example.com ESMTP Postfix"; waiting 3 0`},
		{"BDAT", mail + `
			< "250 ok\r\n"
			> "BDAT 20 LAST\r\n12345678901234567890QUIT\r\n"`, `SMTP| request "message text"; response "250 ok"; waiting 1 0`},
		{"STARTTLS", `
			< "220 mail.example.com ESMTP Postfix\r\n"
			> "EHLO client.example.com\r\n"
			< "250 STARTTLS\r\n"
			> "STARTTLS\r\n"
			< "220 ready\r\n"
			> $ch13plain
			< $sh13`, `TLS 1.3| client hello "Client Hello"; handshake "Server Hello"; waiting 0 0; tls ok=false; unused`},
		{"STARTTLS refused", `
			< "220 mail.example.com ESMTP Postfix\r\n"
			> "STARTTLS\r\n"
			< "454 not now\r\n"`, `SMTP| request "STARTTLS"; response "454 not now"; waiting 0 0`},
		{"STARTTLS in a decrypted capture", `
			< "220 mail.example.com ESMTP Postfix\r\n"
			> "STARTTLS\r\n"
			< "220 ready\r\n"
			> "EHLO client.example.com\r\n"`, `SMTP| request "EHLO"; response "220 ready"; waiting 1 0`},
	}.run(t)
}

func TestFTP(t *testing.T) {
	dialogues{
		{"login and list", `
			< "220-FTP\r\n welcome\r\n220 ready\r\n"
			> "USER anonymous\r\n"
			< "331 password\r\n"
			> "PASS secret\r\n"
			< "230 ok\r\n"
			> "RETR a.txt\r\n"
			< "150 opening\r\n"`, `FTP| request "RETR a.txt"; housekeeping "150 opening"; waiting 1 0`},
		{"transfer complete", `
			< "220 FTP ready\r\n"
			> "RETR a.txt\r\n"
			< "150 opening\r\n226 done\r\n"`, `FTP| request "RETR a.txt"; response "226 done"; waiting 0 0`},
		{"AUTH TLS", `
			< "220 FTP ready\r\n"
			> "AUTH TLS\r\n"
			< "234 go\r\n"
			> $ch13plain`, `TLS| client hello "Client Hello"; response "234 go"; waiting 1 0; tls ok=false; unused`},
		{"idle and told so", `
			< "220 FTP ready\r\n"
			> "NOOP\r\n"
			< "200 ok\r\n"
			< "421 Timeout\r\n"`, `FTP| request "NOOP"; refusal "421 Timeout"; waiting 0 0`},
	}.run(t)
}

func TestPOP3(t *testing.T) {
	dialogues{
		{"retrieve", `
			< "+OK ready\r\n"
			> "USER a\r\n"
			< "+OK\r\n"
			> "PASS b\r\n"
			< "+OK\r\n"
			> "RETR 1\r\n"
			< "+OK\r\nSubject: x\r\n\r\nhello\r\n.\r\n"`, `POP3| request "RETR"; response "+OK"; waiting 0 0`},
		{"retrieval cut", `
			< "+OK ready\r\n"
			> "RETR 1\r\n"
			< "+OK\r\nSubject: x\r\n\r\nhel"`, `POP3| request "RETR"; partial response "+OK"; waiting 0 0`},
		{"list refused has one line", `
			< "+OK ready\r\n"
			> "LIST\r\n"
			< "-ERR no\r\n"`, `POP3| request "LIST"; response "-ERR no"; waiting 0 0`},
		{"quit", `
			< "+OK ready\r\n"
			> "QUIT\r\n"
			< "+OK bye\r\n"`, `POP3| goodbye "QUIT"; goodbye "+OK bye"; waiting 0 0; unused`},
		{"STLS", `
			< "+OK ready\r\n"
			> "STLS\r\n"
			< "+OK\r\n"
			> $ch13plain`, `TLS| client hello "Client Hello"; response "+OK"; waiting 1 0; tls ok=false; unused`},
		{"word that is no command", `
			< "+OK ready\r\n"
			> "FOO\r\n"`, `POP3| request "unknown command"; greeting "+OK ready"; waiting 1 0`},
		{"AUTH goes on", `
			< "+OK ready\r\n"
			> "AUTH PLAIN\r\n"
			< "+ \r\n"
			> "AGEAYg==\r\n"`, `POP3| request "(continued)"; response "+"; waiting 1 0`},
		{"refused", `< "-ERR too many connections\r\n"`, `POP3| none; refusal "-ERR too many connections"; waiting 0 0; unused`},
	}.run(t)
}

func TestIMAP(t *testing.T) {
	dialogues{
		{"greeting", `< "* OK ready\r\n"`, `IMAP| none; greeting "* OK ready"; waiting 0 0; unused`},
		{"fetch", `
			< "* OK ready\r\n"
			> "a1 LOGIN user secret\r\n"
			< "a1 OK done\r\n"
			> "a2 FETCH 1 BODY[]\r\n"
			< "* 1 FETCH (BODY[] {10}\r\n1234567890)\r\na2 OK done\r\n"`, `IMAP| request "FETCH"; response "OK done"; waiting 0 0`},
		{"fetch cut in a literal", `
			< "* OK ready\r\n"
			> "a2 FETCH 1 BODY[]\r\n"
			< "* 1 FETCH (BODY[] {10}\r\n12345"`, `IMAP| request "FETCH"; partial response "untagged data" open; waiting 1 0`},
		{"idle waits by design", `
			< "* OK ready\r\n"
			> "a3 IDLE\r\n"
			< "+ idling\r\n"
			< "* 4 EXISTS\r\n"`, `IMAP| housekeeping "IDLE"; housekeeping "untagged data"; waiting 0 0`},
		{"logout", `
			< "* OK ready\r\n"
			> "a4 LOGOUT\r\n"
			< "* BYE\r\na4 OK done\r\n"`, `IMAP| goodbye "LOGOUT"; goodbye "OK done"; waiting 0 0; unused`},
		{"thrown out", `
			< "* OK ready\r\n"
			< "* BYE autologout\r\n"`, `IMAP| none; refusal "* BYE autologout"; waiting 0 0; unused`},
		{"word that is no command", `
			< "* OK ready\r\n"
			> "a5 FOO\r\n"
			< "a5 BAD unknown\r\n"`, `IMAP| request "FOO"; response "BAD unknown"; waiting 0 0`},
		{"append with a literal of the client", `
			< "* OK ready\r\n"
			> "a5 APPEND INBOX {5+}\r\nhello\r\n"`, `IMAP| request "APPEND"; greeting "* OK ready"; waiting 1 0`},
		{"STARTTLS", `
			< "* OK ready\r\n"
			> "a6 STARTTLS\r\n"
			< "a6 OK go\r\n"
			> $ch13plain`, `TLS| client hello "Client Hello"; response "OK go"; waiting 1 0; tls ok=false; unused`},
	}.run(t)
}

func TestIRC(t *testing.T) {
	dialogues{
		{"ping answered", `
			> "NICK a\r\nUSER a b c :d\r\n"
			< ":srv 001 a :welcome\r\n"
			< "PING :x\r\n"
			> "PONG :x\r\n"`, `IRC| housekeeping "PONG"; housekeeping "PING"; waiting 0 0; guess`},
		{"quit", `
			> "NICK a\r\nUSER a b c :d\r\n"
			< ":srv 001 a :welcome\r\n"
			> "QUIT :bye\r\n"
			< "ERROR :closing\r\n"`, `IRC| goodbye "QUIT"; goodbye "ERROR"; waiting 0 0; guess`},
	}.run(t)
}
