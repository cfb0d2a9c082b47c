package programs

// runtimes are what programs print whatever they speak: the words of their runtime alone.
var runtimes = []Program{
	{"C and others", nil, phrases{
		NoResponse:   "Connection reset by peer",
		MidBody:      "Connection reset by peer",
		EOF:          "end of file, or Broken pipe",
		EOFMidBody:   "end of file, or Broken pipe",
		GiveUp:       "Connection timed out",
		Push:         "Connection reset by peer, or Broken pipe",
		EOFPush:      "Broken pipe, or Connection reset by peer",
		ClientGone:   "Connection reset by peer, or Broken pipe",
		ClientClosed: "end of file, or Broken pipe",
	}},
	{"Go", nil, phrases{
		NoResponse:   "read tcp …: read: connection reset by peer",
		MidBody:      "read tcp …: read: connection reset by peer",
		EOF:          "EOF, or write tcp …: write: broken pipe",
		EOFMidBody:   "unexpected EOF, or write tcp …: write: broken pipe",
		GiveUp:       "read tcp …: read: connection timed out",
		OwnLimit:     "read tcp …: i/o timeout",
		Push:         "write tcp …: write: connection reset by peer, or write: broken pipe",
		EOFPush:      "write tcp …: write: broken pipe, or write: connection reset by peer",
		ClientGone:   "read tcp …: read: connection reset by peer, or write tcp …: write: broken pipe",
		ClientClosed: "EOF, or write tcp …: write: broken pipe",
	}},
	{"Python", nil, phrases{
		NoResponse: "ConnectionResetError: [Errno 104] Connection reset by peer",
		MidBody:    "ConnectionResetError: [Errno 104] Connection reset by peer",
		EOF:        "an empty read, then BrokenPipeError: [Errno 32] Broken pipe",
		EOFMidBody: "an empty read, then BrokenPipeError: [Errno 32] Broken pipe",
		GiveUp:     "TimeoutError: [Errno 110] Connection timed out",
		OwnLimit:   "TimeoutError: timed out",
		Push:       "ConnectionResetError: [Errno 104] Connection reset by peer, or BrokenPipeError: [Errno 32] Broken pipe",
		EOFPush: "BrokenPipeError: [Errno 32] Broken pipe, or ConnectionResetError: [Errno 104] Connection reset " +
			"by peer",
		ClientGone: "ConnectionResetError: [Errno 104] Connection reset by peer, or BrokenPipeError: [Errno 32] " +
			"Broken pipe",
		ClientClosed: "an empty read, or BrokenPipeError: [Errno 32] Broken pipe",
	}},
	{"Node.js", nil, phrases{
		NoResponse:   "Error: read ECONNRESET",
		MidBody:      "Error: read ECONNRESET",
		EOF:          "the socket's 'end', then Error: write EPIPE",
		EOFMidBody:   "the socket's 'end', then Error: write EPIPE",
		GiveUp:       "Error: read ETIMEDOUT",
		Push:         "Error: write ECONNRESET, or write EPIPE",
		EOFPush:      "Error: write EPIPE, or write ECONNRESET",
		ClientGone:   "Error: read ECONNRESET, or write EPIPE",
		ClientClosed: "the socket's 'end', or Error: write EPIPE",
	}},
	{"Java", nil, phrases{
		NoResponse:   "java.net.SocketException: Connection reset",
		MidBody:      "java.net.SocketException: Connection reset",
		EOF:          "java.io.EOFException, or java.net.SocketException: Broken pipe",
		EOFMidBody:   "java.io.EOFException, or java.net.SocketException: Broken pipe",
		GiveUp:       "java.net.SocketException: Connection timed out",
		OwnLimit:     "java.net.SocketTimeoutException: Read timed out",
		Push:         "java.net.SocketException: Connection reset, or Broken pipe",
		EOFPush:      "java.net.SocketException: Broken pipe, or Connection reset",
		ClientGone:   "java.net.SocketException: Connection reset, or Broken pipe",
		ClientClosed: "java.io.EOFException, or java.net.SocketException: Broken pipe",
	}},
}

// protocols lists the protocols whose usual programs have words of their own.
var protocols = []string{"SMTP", "SSH", "MySQL", "PostgreSQL", "Redis"}

// byProtocol are these programs, by the protocol. Their words are those of their sources.
var byProtocol = map[string][]Program{
	"SMTP": {{"Postfix", nil, phrases{
		NoResponse:   "lost connection with … while …",
		MidBody:      "lost connection with … while …",
		EOF:          "lost connection with … while …",
		EOFMidBody:   "lost connection with … while …",
		Push:         "lost connection with … while sending …",
		EOFPush:      "lost connection with … while sending …",
		OwnLimit:     "conversation with … timed out while …",
		ClientGone:   "lost connection after … from …",
		ClientClosed: "lost connection after … from …",
	}}},
	"SSH": {{"OpenSSH", nil, phrases{
		NoResponse:   "Connection reset by … port …, or kex_exchange_identification: read: Connection reset by peer",
		MidBody:      "Connection reset by … port …",
		EOF:          "Connection closed by … port …",
		EOFMidBody:   "Connection closed by … port …",
		Push:         "client_loop: send disconnect: Connection reset by peer",
		EOFPush:      "client_loop: send disconnect: Broken pipe",
		ClientGone:   "Connection reset by … port …",
		ClientClosed: "Connection closed by … port …",
	}}},
	"MySQL": {
		{"mysql (libmysqlclient)", nil, phrases{
			NoResponse: "ERROR 2013 (HY000): Lost connection to MySQL server during query",
			MidBody:    "ERROR 2013 (HY000): Lost connection to MySQL server during query",
			EOF: "ERROR 2013 (HY000): Lost connection to MySQL server during query, or on a connection out of a pool " +
				"ERROR 2006 (HY000): MySQL server has gone away",
			EOFMidBody: "ERROR 2013 (HY000): Lost connection to MySQL server during query",
			Push:       "ERROR 2006 (HY000): MySQL server has gone away",
			EOFPush:    "ERROR 2006 (HY000): MySQL server has gone away",
		}},
		{"mysqld", nil, phrases{
			ClientGone: "Aborted connection … (Got an error reading communication packets), or before the login in MariaDB " +
				"(This connection closed normally without authentication)",
			ClientClosed: "Aborted connection … (Got an error reading communication packets), or before the login in MariaDB " +
				"(This connection closed normally without authentication)",
		}},
		{"MySQL Connector/J", nil, phrases{
			NoResponse: "CommunicationsException: Communications link failure",
			MidBody:    "CommunicationsException: Communications link failure",
			EOF:        "CommunicationsException: Communications link failure",
			EOFMidBody: "CommunicationsException: Communications link failure",
			Push:       "CommunicationsException: Communications link failure",
			EOFPush:    "CommunicationsException: Communications link failure",
		}},
	},
	"PostgreSQL": {
		{"psql (libpq)", nil, phrases{
			NoResponse: "server closed the connection unexpectedly",
			MidBody:    "server closed the connection unexpectedly",
			EOF:        "server closed the connection unexpectedly",
			EOFMidBody: "server closed the connection unexpectedly",
			Push:       "server closed the connection unexpectedly",
			EOFPush:    "server closed the connection unexpectedly",
		}},
		{"postgres", nil, phrases{
			ClientGone:   "could not receive data from client: Connection reset by peer",
			ClientClosed: "could not send data to client: Broken pipe",
		}},
		{"PostgreSQL JDBC", nil, phrases{
			NoResponse: "PSQLException: An I/O error occurred while sending to the backend.",
			MidBody:    "PSQLException: An I/O error occurred while sending to the backend.",
			EOF:        "PSQLException: An I/O error occurred while sending to the backend.",
			EOFMidBody: "PSQLException: An I/O error occurred while sending to the backend.",
		}},
	},
	"Redis": {
		{"redis-cli (hiredis)", nil, phrases{
			NoResponse: "Error: Connection reset by peer",
			MidBody:    "Error: Connection reset by peer",
			EOF:        "Error: Server closed the connection",
			EOFMidBody: "Error: Server closed the connection",
		}},
		{"Jedis", nil, phrases{
			NoResponse: "JedisConnectionException: java.net.SocketException: Connection reset",
			MidBody:    "JedisConnectionException: java.net.SocketException: Connection reset",
			EOF:        "JedisConnectionException: Unexpected end of stream.",
			EOFMidBody: "JedisConnectionException: Unexpected end of stream.",
		}},
	},
}
