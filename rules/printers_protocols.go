package rules

// runtimes are what programs print whatever they speak: the words of their runtime alone.
var runtimes = []printer{
	{"C and others", nil, words{
		sawNoResponse:   "Connection reset by peer",
		sawMidBody:      "Connection reset by peer",
		sawEOF:          "end of file, or Broken pipe",
		sawEOFMidBody:   "end of file, or Broken pipe",
		sawGiveUp:       "Connection timed out",
		sawPush:         "Connection reset by peer, or Broken pipe",
		sawEOFPush:      "Broken pipe, or Connection reset by peer",
		sawClientGone:   "Connection reset by peer, or Broken pipe",
		sawClientClosed: "end of file, or Broken pipe",
	}},
	{"Go", nil, words{
		sawNoResponse:   "read tcp …: read: connection reset by peer",
		sawMidBody:      "read tcp …: read: connection reset by peer",
		sawEOF:          "EOF, or write tcp …: write: broken pipe",
		sawEOFMidBody:   "unexpected EOF, or write tcp …: write: broken pipe",
		sawGiveUp:       "read tcp …: read: connection timed out",
		sawOwnLimit:     "read tcp …: i/o timeout",
		sawPush:         "write tcp …: write: connection reset by peer, or write: broken pipe",
		sawEOFPush:      "write tcp …: write: broken pipe, or write: connection reset by peer",
		sawClientGone:   "read tcp …: read: connection reset by peer, or write tcp …: write: broken pipe",
		sawClientClosed: "EOF, or write tcp …: write: broken pipe",
	}},
	{"Python", nil, words{
		sawNoResponse:   "ConnectionResetError: [Errno 104] Connection reset by peer",
		sawMidBody:      "ConnectionResetError: [Errno 104] Connection reset by peer",
		sawEOF:          "an empty read, then BrokenPipeError: [Errno 32] Broken pipe",
		sawEOFMidBody:   "an empty read, then BrokenPipeError: [Errno 32] Broken pipe",
		sawGiveUp:       "TimeoutError: [Errno 110] Connection timed out",
		sawOwnLimit:     "TimeoutError: timed out",
		sawPush:         "ConnectionResetError: [Errno 104] Connection reset by peer, or BrokenPipeError: [Errno 32] Broken pipe",
		sawEOFPush:      "BrokenPipeError: [Errno 32] Broken pipe, or ConnectionResetError: [Errno 104] Connection reset by peer",
		sawClientGone:   "ConnectionResetError: [Errno 104] Connection reset by peer, or BrokenPipeError: [Errno 32] Broken pipe",
		sawClientClosed: "an empty read, or BrokenPipeError: [Errno 32] Broken pipe",
	}},
	{"Node.js", nil, words{
		sawNoResponse:   "Error: read ECONNRESET",
		sawMidBody:      "Error: read ECONNRESET",
		sawEOF:          "the socket's 'end', then Error: write EPIPE",
		sawEOFMidBody:   "the socket's 'end', then Error: write EPIPE",
		sawGiveUp:       "Error: read ETIMEDOUT",
		sawPush:         "Error: write ECONNRESET, or write EPIPE",
		sawEOFPush:      "Error: write EPIPE, or write ECONNRESET",
		sawClientGone:   "Error: read ECONNRESET, or write EPIPE",
		sawClientClosed: "the socket's 'end', or Error: write EPIPE",
	}},
	{"Java", nil, words{
		sawNoResponse:   "java.net.SocketException: Connection reset",
		sawMidBody:      "java.net.SocketException: Connection reset",
		sawEOF:          "java.io.EOFException, or java.net.SocketException: Broken pipe",
		sawEOFMidBody:   "java.io.EOFException, or java.net.SocketException: Broken pipe",
		sawGiveUp:       "java.net.SocketException: Connection timed out",
		sawOwnLimit:     "java.net.SocketTimeoutException: Read timed out",
		sawPush:         "java.net.SocketException: Connection reset, or Broken pipe",
		sawEOFPush:      "java.net.SocketException: Broken pipe, or Connection reset",
		sawClientGone:   "java.net.SocketException: Connection reset, or Broken pipe",
		sawClientClosed: "java.io.EOFException, or java.net.SocketException: Broken pipe",
	}},
}

// protocolNames lists the protocols whose usual programs have words of their own.
var protocolNames = []string{"SMTP", "SSH", "MySQL", "PostgreSQL", "Redis"}

// protocolPrinters are these programs, by the protocol. Their words are those of their sources.
var protocolPrinters = map[string][]printer{
	"SMTP": {{"Postfix", nil, words{
		sawNoResponse:   "lost connection with … while …",
		sawMidBody:      "lost connection with … while …",
		sawEOF:          "lost connection with … while …",
		sawEOFMidBody:   "lost connection with … while …",
		sawPush:         "lost connection with … while sending …",
		sawEOFPush:      "lost connection with … while sending …",
		sawOwnLimit:     "conversation with … timed out while …",
		sawClientGone:   "lost connection after … from …",
		sawClientClosed: "lost connection after … from …",
	}}},
	"SSH": {{"OpenSSH", nil, words{
		sawNoResponse:   "Connection reset by … port …, or kex_exchange_identification: read: Connection reset by peer",
		sawMidBody:      "Connection reset by … port …",
		sawEOF:          "Connection closed by … port …",
		sawEOFMidBody:   "Connection closed by … port …",
		sawPush:         "client_loop: send disconnect: Connection reset by peer",
		sawEOFPush:      "client_loop: send disconnect: Broken pipe",
		sawClientGone:   "Connection reset by … port …",
		sawClientClosed: "Connection closed by … port …",
	}}},
	"MySQL": {
		{"mysql (libmysqlclient)", nil, words{
			sawNoResponse: "ERROR 2013 (HY000): Lost connection to MySQL server during query",
			sawMidBody:    "ERROR 2013 (HY000): Lost connection to MySQL server during query",
			sawEOF:        "ERROR 2013 (HY000): Lost connection to MySQL server during query, or on a connection out of a pool ERROR 2006 (HY000): MySQL server has gone away",
			sawEOFMidBody: "ERROR 2013 (HY000): Lost connection to MySQL server during query",
			sawPush:       "ERROR 2006 (HY000): MySQL server has gone away",
			sawEOFPush:    "ERROR 2006 (HY000): MySQL server has gone away",
		}},
		{"mysqld", nil, words{
			sawClientGone:   "Aborted connection … (Got an error reading communication packets)",
			sawClientClosed: "Aborted connection … (Got an error reading communication packets)",
		}},
		{"MySQL Connector/J", nil, words{
			sawNoResponse: "CommunicationsException: Communications link failure",
			sawMidBody:    "CommunicationsException: Communications link failure",
			sawEOF:        "CommunicationsException: Communications link failure",
			sawEOFMidBody: "CommunicationsException: Communications link failure",
			sawPush:       "CommunicationsException: Communications link failure",
			sawEOFPush:    "CommunicationsException: Communications link failure",
		}},
	},
	"PostgreSQL": {
		{"psql (libpq)", nil, words{
			sawNoResponse: "server closed the connection unexpectedly",
			sawMidBody:    "server closed the connection unexpectedly",
			sawEOF:        "server closed the connection unexpectedly",
			sawEOFMidBody: "server closed the connection unexpectedly",
			sawPush:       "server closed the connection unexpectedly",
			sawEOFPush:    "server closed the connection unexpectedly",
		}},
		{"postgres", nil, words{
			sawClientGone:   "could not receive data from client: Connection reset by peer",
			sawClientClosed: "could not send data to client: Broken pipe",
		}},
		{"PostgreSQL JDBC", nil, words{
			sawNoResponse: "PSQLException: An I/O error occurred while sending to the backend.",
			sawMidBody:    "PSQLException: An I/O error occurred while sending to the backend.",
			sawEOF:        "PSQLException: An I/O error occurred while sending to the backend.",
			sawEOFMidBody: "PSQLException: An I/O error occurred while sending to the backend.",
		}},
	},
	"Redis": {
		{"redis-cli (hiredis)", nil, words{
			sawNoResponse: "Error: Connection reset by peer",
			sawMidBody:    "Error: Connection reset by peer",
			sawEOF:        "Error: Server closed the connection",
			sawEOFMidBody: "Error: Server closed the connection",
		}},
		{"Jedis", nil, words{
			sawNoResponse: "JedisConnectionException: java.net.SocketException: Connection reset",
			sawMidBody:    "JedisConnectionException: java.net.SocketException: Connection reset",
			sawEOF:        "JedisConnectionException: Unexpected end of stream.",
			sawEOFMidBody: "JedisConnectionException: Unexpected end of stream.",
		}},
	},
}
