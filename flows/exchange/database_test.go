package exchange

import "testing"

func TestRedis(t *testing.T) {
	dialogues{
		{"get", `
			> "*2\r\n$3\r\nGET\r\n$1\r\na\r\n"
			< "$5\r\nhello\r\n"`, `Redis| request "GET"; response "bulk string"; waiting 0 0`},
		{"request alone", `> "*2\r\n$3\r\nget\r\n$1\r\na\r\n"`, `Redis| request "GET"; none; waiting 1 0`},
		{"request begun", `> "*2\r\n$3\r\nGET\r\n$1\r\n"`, `Redis| request "GET" open; none; waiting 1 0`},
		{"answer cut", `
			> "*2\r\n$3\r\nGET\r\n$1\r\na\r\n"
			< "$500\r\nhello"`, `Redis| request "GET"; partial response "bulk string" open; waiting 0 0`},
		{"nested answer", `
			> "*1\r\n$4\r\nEXEC\r\n"
			< "*2\r\n*2\r\n:1\r\n:2\r\n+OK\r\n"`, `Redis| request "EXEC"; response "array"; waiting 0 0`},
		{"nested answer cut", `
			> "*1\r\n$4\r\nEXEC\r\n"
			< "*2\r\n*2\r\n:1\r\n:2\r\n"`, `Redis| request "EXEC"; partial response "array" open; waiting 0 0`},
		{"pipelined", `
			> "*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n"
			< "+PONG\r\n"`, `Redis| request "PING"; response "+PONG"; waiting 1 0`},
		{"null and error", `
			> "*1\r\n$3\r\nFOO\r\n"
			< "-ERR unknown command\r\n"
			> "*2\r\n$3\r\nGET\r\n$1\r\na\r\n"
			< "$-1\r\n"`, `Redis| request "GET"; response "bulk string"; waiting 0 0`},
		{"quit", `
			> "*1\r\n$4\r\nQUIT\r\n"
			< "+OK\r\n"`, `Redis| goodbye "QUIT"; response "+OK"; waiting 0 0; unused`},
		{"published", `
			> "*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n"
			< "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
			< "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n"`, `Redis| request "SUBSCRIBE"; housekeeping "array"; waiting 0 0`},
	}.run(t)
}

func TestMySQL(t *testing.T) {
	const login = `
		< [my0 0a "8.0.36" 00 01000000 "saltsalt" 00 fff7 21 0200 ff81 15 00000000000000000000 "saltsaltsalt" 00 "mysql_native_password" 00]
		> [my1 85a20f00 00000001 21 0000000000000000000000000000000000000000000000 "root" 00]
		< [my2 00 00 00 0200 0000]
	`
	dialogues{
		{"greeting", `< [my0 0a "8.0.36" 00 01000000 "saltsalt" 00 fff7 21 0200 ff81 15 00000000000000000000 "saltsaltsalt" 00 "mysql_native_password" 00]`, `MySQL| none; greeting "8.0.36"; waiting 0 0; unused`},
		{"refused", `< [my0 ff 1004 "#08004Too many connect"]`, `MySQL| none; refusal "error 1040 Too many connect"; waiting 0 0; unused`},
		{"logged in", login, `MySQL| handshake "login"; handshake "OK"; waiting 0 0; unused`},
		{"login refused", `
			< [my0 0a "8.0.36" 00 01000000 "saltsalt" 00 fff7 21 0200 ff81 15 00000000000000000000 "saltsaltsalt" 00 "mysql_native_password" 00]
			> [my1 85a20f00 00000001 21 0000000000000000000000000000000000000000000000 "root" 00]
			< [my2 ff 1504 "#28000Access denied"]`, `MySQL| handshake "login"; refusal "error 1045 Access denied"; waiting 0 0; unused`},
		{"refused with a query behind the startup", `
			> [be32+4 00030000 "user" 00 "a" 00 00]
			> "Q" [be32+4 "SELECT 1" 00]
			< "E" [be32+4 "SFATAL" 00 "VFATAL" 00 "C53300" 00 "Mtoo many clients" 00 00]`, `PostgreSQL| request "Query"; refusal "53300 too many clients"; waiting 0 0`},
		{"PostgreSQL from a query on", `
			> "Q" [be32+4 "BEGIN" 00]
			< snap 40 "T" [be32+4 "0123456789012345678901234567890123456789012345678901234567890123456789"]
			< snap 30 "E" [be32+4 "SFATAL" 00 "VFATAL" 00 "C57P01" 00 "Mterminating connection" 00 00]`, `PostgreSQL| request "Query"; refusal "57P01 ter…"; waiting 0 0`},
		{"PostgreSQL from a prepared statement on", `
			> "P" [be32+4 "S_1" 00 "select 1" 00 0000]
			> "B" [be32+4 00 "S_1" 00 0000 0000 0000] "E" [be32+4 00 00000000] "S" 00000004`, `PostgreSQL| request "Parse"; none; waiting 1 0`},
		{"no statement where one would be", `> "Q" [be32+4 "BEGIN"]`, `| opaque; none; waiting 1 0; guess`},
		{"no verb", `> "P" [be32+4 "S_1" 00 "123" 00 0000]`, `| opaque; none; waiting 1 0; guess`},
		{"query unanswered", login + `
			> [my0 03 "SELECT secret;"]`, `MySQL| request "Query SELECT"; handshake "OK"; waiting 1 0`},
		{"query answered OK", login + `
			> [my0 03 "UPDATE secret;"]
			< [my1 00 01 00 0200 0000]`, `MySQL| request "Query UPDATE"; response "OK"; waiting 0 0`},
		{"result set", login + `
			> [my0 03 "SELECT 1"]
			< [my1 01] [my2 "def"] [my3 fe 0000 0200] [my4 0131] [my5 fe 0000 0200]`, `MySQL| request "Query SELECT"; response "result set"; waiting 0 0`},
		{"result set cut", login + `
			> [my0 03 "SELECT 1"]
			< [my1 01] [my2 "def"] [my3 fe 0000 0200] [my4 0131]`, `MySQL| request "Query SELECT"; partial response "result set"; waiting 0 0`},
		{"two results", login + `
			> [my0 03 "CALL proc()"]
			< [my1 01] [my2 "def"] [my3 fe 0000 0200] [my4 0131] [my5 fe 0000 0a00]`, `MySQL| request "Query CALL"; partial response "result set"; waiting 1 0`},
		{"query failed", login + `
			> [my0 03 "SELECT x"]
			< [my1 ff 1e04 "#42S22no such column"]`, `MySQL| request "Query SELECT"; response "error 1054 no such column"; waiting 0 0`},
		{"quit", login + `
			> [my0 01]`, `MySQL| goodbye "Quit"; handshake "OK"; waiting 0 0; unused`},
		{"TLS", `
			< [my0 0a "8.0.36" 00 01000000 "saltsalt" 00 fff7 21 0200 ff81 15 00000000000000000000 "saltsaltsalt" 00 "mysql_native_password" 00]
			> [my1 85ae0f00 00000001 21 0000000000000000000000000000000000000000000000]
			> $ch13plain`, `TLS| client hello "Client Hello"; greeting "8.0.36"; waiting 1 0; tls ok=false; unused`},
	}.run(t)
}

func TestPostgres(t *testing.T) {
	const login = `
		> [be32+4 00030000 "user" 00 "a" 00 00]
		< "R" [be32+4 00000005 01020304]
		> "p" [be32+4 "md5secret" 00]
		< "R" [be32+4 00000000] "S" [be32+4 "a" 00 "b" 00] "K" [be32+4 0000000100000002] "Z" [be32+4 "I"]
	`
	dialogues{
		{"startup alone", `> [be32+4 00030000 "user" 00 "a" 00 00]`, `PostgreSQL| handshake "Startup"; none; waiting 1 0; unused`},
		{"logged in", login, `PostgreSQL| handshake "password"; handshake "Authentication"; waiting 0 0; unused`},
		{"wrong password", `
			> [be32+4 00030000 "user" 00 "a" 00 00]
			< "R" [be32+4 00000005 01020304]
			> "p" [be32+4 "md5secret" 00]
			< "E" [be32+4 "SFATAL" 00 "VFATAL" 00 "C28P01" 00 "Mpassword authentication failed" 00 00]`, `PostgreSQL| handshake "password"; refusal "28P01 password authentication failed"; waiting 0 0; unused`},
		{"query unanswered", login + `
			> "Q" [be32+4 "SELECT secret" 00]`, `PostgreSQL| request "Query"; handshake "Authentication"; waiting 1 0`},
		{"query answered", login + `
			> "Q" [be32+4 "SELECT 1" 00]
			< "T" [be32+4 0000] "D" [be32+4 0001 00000001 31] "C" [be32+4 "SELECT 1" 00] "Z" [be32+4 "I"]`, `PostgreSQL| request "Query"; response "result"; waiting 0 0`},
		{"answer cut", login + `
			> "Q" [be32+4 "SELECT 1" 00]
			< "T" [be32+4 0000] "D" [be32+4 0001 00000001 31]`, `PostgreSQL| request "Query"; partial response "result"; waiting 1 0`},
		{"query failed", login + `
			> "Q" [be32+4 "SELECT x" 00]
			< "E" [be32+4 "SERROR" 00 "VERROR" 00 "C42703" 00 "Mno such column" 00 00] "Z" [be32+4 "I"]`, `PostgreSQL| request "Query"; response "42703 no such column"; waiting 0 0`},
		{"extended query", login + `
			> "P" [be32+4 00 "SELECT 1" 00 0000] "B" [be32+4 00 00 0000 0000 0000] "E" [be32+4 00 00000000] "S" [be32+4 ]
			< "1" [be32+4 ] "2" [be32+4 ] "D" [be32+4 0001 00000001 31] "C" [be32+4 "SELECT 1" 00]`, `PostgreSQL| request "Parse"; partial response "result"; waiting 1 0`},
		{"terminate", login + `
			> "X" [be32+4 ]`, `PostgreSQL| goodbye "Terminate"; handshake "Authentication"; waiting 0 0; unused`},
		{"shut down by the administrator", login + `
			< "E" [be32+4 "SFATAL" 00 "VFATAL" 00 "C57P01" 00 "Mterminating connection" 00 00]`, `PostgreSQL| handshake "password"; refusal "57P01 terminating connection"; waiting 0 0; unused`},
		{"TLS", `
			> [be32+4 04d2162f]
			< "S"
			> $ch13plain`, `TLS| client hello "Client Hello"; handshake "S"; waiting 1 0; tls ok=false; unused`},
		{"TLS refused", `
			> [be32+4 04d2162f]
			< "N"
			> [be32+4 00030000 "user" 00 "a" 00 00]`, `PostgreSQL| handshake "Startup"; handshake "N"; waiting 1 0; unused`},
		{"TLS, Terminate inside", `
			> [be32+4 04d2162f]
			< "S"
			> $ch12
			< $sh12 160303+900 $shd
			> $cke $ccs 160303+40
			< $ccs 160303+40
			> 170303+80
			< 170303+400
			> 170303+29 150303+26`, `TLS 1.2| goodbye "close_notify"; response "application data"; waiting 0 0; tls ok=true; guess`},
	}.run(t)
}

func TestTDS(t *testing.T) {
	dialogues{
		{"login and batch", `
			> 1201 [be16+4 0000 0000 00 001a0006 01 00200001 ff 080001550000 00]
			< 0401 [be16+4 0000 0100 00 001a0006 01 00200001 ff 080001550000 00]
			> 0101 [be16+4 0000 0100 "S E L E C T"]`, `TDS| request "SQL batch"; handshake "login"; waiting 1 0`},
		{"result in two packets", `
			> 1201 [be16+4 0000 0000 00 001a0006 01 00200001 ff 080001550000 00]
			< 0401 [be16+4 0000 0100 00 001a0006 01 00200001 ff 080001550000 00]
			> 0101 [be16+4 0000 0100 "S E L E C T"]
			< 0400 [be16+4 0033 0100 "rows"]`, `TDS| request "SQL batch"; partial response "result"; waiting 0 0`},
	}.run(t)
}

func TestMongoDB(t *testing.T) {
	dialogues{
		{"find", `
			> [le32+4 01000000 00000000 dd070000 00000000 00 [le32+4 02 "find" 00 02000000 "a" 00 00]]
			< [le32+4 09000000 01000000 dd070000 00000000 00 05000000 00]`, `MongoDB| request "find"; response "DATA"; waiting 0 0`},
		{"find unanswered", `
			> [le32+4 01000000 00000000 dd070000 00000000 00 [le32+4 02 "find" 00 02000000 "a" 00 00]]`, `MongoDB| request "find"; none; waiting 1 0`},
		{"monitor", `
			> [le32+4 01000000 00000000 dd070000 00000000 00 [le32+4 10 "hello" 00 01000000 00]]
			< [le32+4 09000000 01000000 dd070000 00000000 00 05000000 00]
			> [le32+4 02000000 00000000 dd070000 00000000 00 [le32+4 10 "hello" 00 01000000 00]]`, `MongoDB| housekeeping "hello"; housekeeping "hello"; waiting 0 0; unused`},
	}.run(t)
}

func TestKafka(t *testing.T) {
	dialogues{
		{"produce unanswered, fetch waits by design", `
			> [be32 0012 0003 00000001 0003 "app" 00]
			< [be32 00000001 0000]
			> [be32 0001 000b 00000002 0003 "app" 00]
			> [be32 0000 0008 00000003 0003 "app" 00]`, `Kafka| request "Produce"; response "DATA"; waiting 1 0`},
		{"fetch answered, metadata not", `
			> [be32 0012 0003 00000001 0003 "app" 00]
			< [be32 00000001 0000]
			> [be32 0001 000b 00000002 0003 "app" 00]
			> [be32 0003 0008 00000003 0003 "app" 00]
			< [be32 00000002 0000]`, `Kafka| request "Metadata"; response "DATA"; waiting 1 0`},
	}.run(t)
}

func TestLDAP(t *testing.T) {
	dialogues{
		{"search", `
			> 30 0c 020101 6007 020103 0400 8000
			< 30 0c 020101 6107 0a0100 0400 0400
			> 30 06 020102 63 01 00
			< 30 06 020102 64 01 00 30 06 020102 64 01 00`, `LDAP| request "search"; partial response "search result"; waiting 1 0`},
		{"search done", `
			> 30 06 020102 63 01 00
			< 30 06 020102 64 01 00 30 06 020102 65 01 00`, `LDAP| request "search"; response "search result"; waiting 0 0`},
		{"unbind", `
			> 30 0c 020101 6007 020103 0400 8000
			< 30 0c 020101 6107 0a0100 0400 0400
			> 30 05 020102 4200`, `LDAP| goodbye "unbind"; response "result"; waiting 0 0`},
		{"unbind withdraws a search", `
			> 30 06 020102 63 01 00
			> 30 05 020103 4200`, `LDAP| goodbye "unbind"; none; waiting 0 0`},
		{"abandon withdraws one search of two", `
			> 30 06 020102 63 01 00
			> 30 06 020103 63 01 00
			> 30 06 020104 50 01 02`, `LDAP| housekeeping "abandon"; none; waiting 1 0`},
		{"two results in one token", `
			> 30 06 020102 63 01 00
			< [be32 0504 01ff 0000 0000 0000000000000000 30 06 020102 64 01 00 30 06 020102 65 01 00]`,
			`LDAP| request "search"; response "search result"; waiting 0 0`},
		{"an entry alone in a token", `
			> 30 06 020102 63 01 00
			< [be32 0504 01ff 0000 0000 0000000000000000 30 06 020102 64 01 00]`,
			`LDAP| request "search"; partial response "search result"; waiting 1 0`},
		{"StartTLS", `
			> 30 1d 020101 7718 8016 "1.3.6.1.4.1.1466.20037"
			< 30 0c 020101 7807 0a0100 0400 0400
			> $ch13plain`, `TLS| client hello "Client Hello"; response "StartTLS"; waiting 1 0; tls ok=false; unused`},
		{"notice of disconnection", `
			> 30 0c 020101 6007 020103 0400 8000
			< 30 0c 020101 6107 0a0100 0400 0400
			< 30 0c 020100 7807 0a0134 0400 0400`, `LDAP| request "bind"; refusal "notice of disconnection"; waiting 0 0`},
	}.run(t)
}

func TestSMB(t *testing.T) {
	dialogues{
		{"read answered", `
			> [be32 fe "SMB" 4000 0000 00000000 0800 0100 00000000 00000000 0500000000000000 "rest of the header and the body"]
			< [be32 fe "SMB" 4000 0000 00000000 0800 0100 01000000 00000000 0500000000000000 "rest of the header and the body"]`, `SMB| request "READ"; response "READ"; waiting 0 0`},
		{"read pending", `
			> [be32 fe "SMB" 4000 0000 00000000 0800 0100 00000000 00000000 0500000000000000 "rest of the header and the body"]
			< [be32 fe "SMB" 4000 0000 03010000 0800 0100 03000000 00000000 0500000000000000 "rest of the header and the body"]`, `SMB| request "READ"; housekeeping "READ"; waiting 1 0`},
		{"change notify waits by design", `
			> [be32 fe "SMB" 4000 0000 00000000 0f00 0100 00000000 00000000 0500000000000000 "rest of the header and the body"]`, `SMB| request "CHANGE_NOTIFY"; none; waiting 0 0`},
		{"echo", `
			> [be32 fe "SMB" 4000 0000 00000000 0d00 0100 00000000 00000000 0500000000000000 "rest of the header and the body"]`, `SMB| housekeeping "ECHO"; none; waiting 1 0; pings of 0: 1; unused`},
		{"logoff", `
			> [be32 fe "SMB" 4000 0000 00000000 0200 0100 00000000 00000000 0500000000000000 "rest of the header and the body"]
			< [be32 fe "SMB" 4000 0000 00000000 0200 0100 01000000 00000000 0500000000000000 "rest of the header and the body"]`, `SMB| goodbye "LOGOFF"; goodbye "LOGOFF"; waiting 0 0; unused`},
		{"session refused", `
			> 81 [be24 20 "CKFDENECFDEFFCFGEFFCCACACACACACA" 00 20 "EKEPECFEEJEFFECACACACACACACACAAA" 00]
			< 83000001 82`, `SMB| handshake "session request"; refusal "negative session response"; waiting 0 0; unused`},
	}.run(t)
}
