package programs

// A Program is a program or runtime, and what it prints at each Outcome. That was measured on Linux:
// testdata/article/*/symptom.jsonl holds programs, versions and words. Chrome, Apache httpd, Tomcat and Android
// were not at hand; their words are those of their sources.
type Program struct {
	Name  string
	marks []string // what its User-Agent or Server header contains, in lower case
	says  phrases
}

// phrases are what is printed in each situation, "" where nothing is known.
type phrases [outcomeCount]string

// clients are the clients whose words are known, most common first.
var clients = []Program{
	{"curl", []string{"curl/"}, phrases{
		Refused:      "(7) Failed to connect to … port …: Couldn't connect to server",
		NoResponse:   "(56) Recv failure: Connection reset by peer",
		MidBody:      "(56) Recv failure: Connection reset by peer",
		EOF:          "(52) Empty reply from server",
		EOFMidBody:   "(18) transfer closed with … bytes remaining to read",
		Handshake:    "(35) Recv failure: Connection reset by peer",
		EOFHandshake: "(35) OpenSSL SSL_connect: SSL_ERROR_SYSCALL",
		Stream:       "(56) Recv failure: Connection reset by peer",
		EOFStream:    "(92) HTTP/2 stream … was not closed cleanly before end of the underlying stream",
		GiveUp:       "(28) Operation timed out, or (56) Recv failure: Connection timed out",
		OwnLimit:     "(28) Operation timed out after … milliseconds",
		ConnectLimit: "(28) Failed to connect to … port … after … ms: Timeout was reached",
		Untrusted:    "(60) SSL certificate problem: …",
		Push:         "(55) Send failure: Connection reset by peer",
		EOFPush:      "(55) Send failure: Broken pipe",
		Reused:       "nothing: on a connection that has served before it sends the request again on a new one",
	}},
	{"Go", []string{"go-http-client", "go-resty"}, phrases{
		Refused:      "dial tcp …: connect: connection refused",
		NoResponse:   "read tcp …: read: connection reset by peer",
		MidBody:      "read tcp …: read: connection reset by peer",
		EOF:          `"…": EOF, or http: server closed idle connection`,
		EOFMidBody:   "unexpected EOF",
		Handshake:    "read tcp …: read: connection reset by peer",
		EOFHandshake: `"…": EOF`,
		Stream:       "read tcp …: read: connection reset by peer, unexpected EOF, or http2: client connection lost",
		EOFStream:    "unexpected EOF",
		GiveUp:       "read tcp …: read: connection timed out",
		OwnLimit:     "context deadline exceeded (Client.Timeout exceeded …)",
		ConnectLimit: "dial tcp …: i/o timeout",
		Untrusted:    "tls: failed to verify certificate: …",
		Push:         "write tcp …: use of closed network connection, write: connection reset by peer, or write: broken pipe",
		EOFPush:      "write tcp …: use of closed network connection, or write: broken pipe",
	}},
	{"requests (Python)", []string{"python-requests"}, phrases{
		Refused: "ConnectionError: … Failed to establish a new connection: [Errno 111] Connection refused",
		NoResponse: "ConnectionError: ('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer')), " +
			"or behind TLS RemoteDisconnected('Remote end closed connection without response')",
		MidBody: "ChunkedEncodingError: ('Connection broken: …', ConnectionResetError(104, 'Connection reset by " +
			"peer')), or IncompleteRead(…) behind TLS",
		EOF: "ConnectionError: ('Connection aborted.', RemoteDisconnected('Remote end closed connection without " +
			"response'))",
		EOFMidBody:   "ChunkedEncodingError: ('Connection broken: IncompleteRead(…)', …)",
		Handshake:    "ConnectionError: ('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer'))",
		EOFHandshake: "SSLError: … UNEXPECTED_EOF_WHILE_READING",
		GiveUp:       "ReadTimeout: … Read timed out, or ConnectionError: [Errno 110] Connection timed out",
		OwnLimit:     "ReadTimeout: … Read timed out",
		ConnectLimit: "ConnectTimeout: … timed out",
		Untrusted:    "SSLError: … CERTIFICATE_VERIFY_FAILED",
		Push: "ConnectionError: ('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer')), " +
			"or RemoteDisconnected('Remote end closed connection without response')",
		EOFPush: "ConnectionError: ('Connection aborted.', RemoteDisconnected('Remote end closed connection without " +
			"response')), or BrokenPipeError(32, 'Broken pipe')",
	}},
	{"Python", []string{"python", "aiohttp", "urllib", "httpx"}, phrases{
		Refused: "ConnectionRefusedError: [Errno 111] Connection refused",
		NoResponse: "ConnectionResetError: [Errno 104] Connection reset by peer, or behind TLS RemoteDisconnected: " +
			"Remote end closed connection without response",
		MidBody:      "ConnectionResetError: [Errno 104] Connection reset by peer, or IncompleteRead(…) behind TLS",
		EOF:          "RemoteDisconnected: Remote end closed connection without response",
		EOFMidBody:   "IncompleteRead(… bytes read, … more expected)",
		Handshake:    "ConnectionResetError: [Errno 104] Connection reset by peer",
		EOFHandshake: "SSLEOFError: … UNEXPECTED_EOF_WHILE_READING",
		Stream:       "ConnectionResetError: [Errno 104] Connection reset by peer",
		GiveUp:       "TimeoutError: [Errno 110] Connection timed out",
		OwnLimit:     "TimeoutError: timed out",
		ConnectLimit: "TimeoutError: timed out",
		Untrusted:    "SSLCertVerificationError: … CERTIFICATE_VERIFY_FAILED",
		Push: "ConnectionResetError: [Errno 104] Connection reset by peer, or BrokenPipeError: [Errno 32] " +
			"Broken pipe",
		EOFPush: "BrokenPipeError: [Errno 32] Broken pipe, or ConnectionResetError: [Errno 104] Connection reset " +
			"by peer",
	}},
	{"Node.js", []string{"node", "axios", "undici", "got ("}, phrases{
		Refused:      "Error: connect ECONNREFUSED …",
		NoResponse:   "Error: read ECONNRESET",
		MidBody:      "Error: aborted (code ECONNRESET), or from fetch terminated, cause read ECONNRESET",
		EOF:          "Error: socket hang up (code ECONNRESET), or from fetch SocketError: other side closed",
		EOFMidBody:   "Error: aborted, or from fetch terminated, cause other side closed",
		Handshake:    "Error: read ECONNRESET",
		EOFHandshake: "Client network socket disconnected before secure TLS connection was established",
		Stream:       "Error: read ECONNRESET, or the stream's 'close' with code 8 and no error",
		EOFStream:    "the stream's 'close' with code 8 and no error",
		GiveUp:       "Error: read ETIMEDOUT",
		OwnLimit:     "AbortError: The operation was aborted …",
		ConnectLimit: "AbortError: The operation was aborted …",
		Untrusted:    "Error: unable to verify the first certificate",
		Push:         "Error: read ECONNRESET, write ECONNRESET or write EPIPE",
		EOFPush:      "Error: socket hang up, or write EPIPE, or from fetch SocketError: other side closed",
	}},
	{"OkHttp", []string{"okhttp"}, phrases{
		Refused:    "java.net.ConnectException: Failed to connect to …",
		NoResponse: "java.net.SocketException: Connection reset, or Connection reset by peer",
		MidBody:    "java.net.SocketException: Connection reset",
		EOF:        "java.io.IOException: unexpected end of stream on Connection{…}",
		EOFMidBody: "java.net.ProtocolException: unexpected end of stream",
		Handshake: "javax.net.ssl.SSLException or SSLHandshakeException: Connection reset, or Connection closed by " +
			"peer (Android)",
		EOFHandshake: "javax.net.ssl.SSLHandshakeException: Remote host terminated the handshake",
		Stream: "okhttp3.internal.http2.StreamResetException: stream was reset: CANCEL, stream was reset: " +
			"PROTOCOL_ERROR, or ConnectionShutdownException",
		EOFStream: "okhttp3.internal.http2.StreamResetException: stream was reset: CANCEL, stream was reset: " +
			"PROTOCOL_ERROR, or ConnectionShutdownException",
		GiveUp:       "java.net.SocketException: Connection timed out, or SocketTimeoutException: timeout",
		OwnLimit:     "java.net.SocketTimeoutException: timeout or Read timed out (cause SocketException: Socket closed)",
		ConnectLimit: "java.net.SocketTimeoutException: Connect timed out, or connect timed out",
		Untrusted:    "SSLHandshakeException: … unable to find valid certification path to requested target",
		Push:         "java.net.SocketException: Connection reset by peer, or Broken pipe",
		EOFPush:      "java.net.SocketException: Broken pipe, or Connection reset by peer",
	}},
	{"JDK HttpClient", []string{"java-http-client"}, phrases{
		Refused:      "java.net.ConnectException, cause ClosedChannelException",
		NoResponse:   "java.io.IOException: HTTP/1.1 header parser received no bytes, cause Connection reset",
		MidBody:      "java.io.IOException: fixed content-length: …, or chunked transfer encoding, cause Connection reset",
		EOF:          "java.io.IOException: HTTP/1.1 header parser received no bytes",
		EOFMidBody:   "java.io.IOException: … EOF reached while reading",
		Handshake:    "SSLHandshakeException: Remote host terminated the handshake",
		EOFHandshake: "SSLHandshakeException: Remote host terminated the handshake",
		Stream:       "java.io.IOException: Connection reset",
		EOFStream:    "java.io.IOException: EOF reached while reading",
		GiveUp:       "java.io.IOException: HTTP/1.1 header parser received no bytes, cause Connection timed out",
		OwnLimit:     "HttpTimeoutException: request timed out",
		ConnectLimit: "HttpConnectTimeoutException: HTTP connect timed out",
		Untrusted:    "SSLHandshakeException: … unable to find valid certification path to requested target",
		Push:         "java.io.IOException: HTTP/1.1 header parser received no bytes, cause Connection reset",
		EOFPush:      "java.io.IOException: HTTP/1.1 header parser received no bytes",
	}},
	{"Java", []string{"java/", "apache-httpclient", "jakarta"}, phrases{
		Refused:      "java.net.ConnectException: Connection refused",
		NoResponse:   "java.net.SocketException: Connection reset",
		MidBody:      "java.net.SocketException: Connection reset",
		EOF:          "java.net.SocketException: Unexpected end of file from server",
		EOFMidBody:   "java.io.IOException: Premature EOF, or a short body without an error",
		Handshake:    "javax.net.ssl.SSLException: Connection reset",
		EOFHandshake: "SSLHandshakeException: Remote host terminated the handshake",
		GiveUp:       "java.net.SocketException: Connection timed out",
		OwnLimit:     "java.net.SocketTimeoutException: Read timed out",
		ConnectLimit: "java.net.SocketTimeoutException: Connect timed out, or connect timed out",
		Untrusted:    "SSLHandshakeException: … unable to find valid certification path to requested target",
		Push:         "java.io.IOException: Error writing request body to server, or SocketException: Connection reset",
		EOFPush:      "java.io.IOException: Error writing request body to server, or SocketException: Broken pipe",
	}},
	{"a browser", []string{"mozilla/"}, phrases{
		Refused:      "ERR_CONNECTION_REFUSED (Chrome)",
		NoResponse:   "ERR_CONNECTION_RESET (Chrome)",
		MidBody:      "ERR_CONNECTION_RESET (Chrome)",
		EOF:          "ERR_EMPTY_RESPONSE or ERR_CONNECTION_CLOSED (Chrome)",
		EOFMidBody:   "ERR_CONTENT_LENGTH_MISMATCH or ERR_INCOMPLETE_CHUNKED_ENCODING (Chrome)",
		Handshake:    "ERR_CONNECTION_RESET (Chrome)",
		EOFHandshake: "ERR_CONNECTION_CLOSED (Chrome)",
		Stream:       "ERR_CONNECTION_RESET (Chrome)",
		EOFStream:    "ERR_CONNECTION_CLOSED (Chrome)",
		GiveUp:       "ERR_CONNECTION_TIMED_OUT (Chrome)",
		ConnectLimit: "ERR_CONNECTION_TIMED_OUT (Chrome)",
		Push:         "ERR_CONNECTION_RESET (Chrome)",
		EOFPush:      "ERR_CONNECTION_RESET (Chrome)",
	}},
}

// proxies are the reverse proxies whose words about their upstream are known. They pass the User-Agent of
// their client on, so that no header names them.
var proxies = []Program{
	{"nginx", nil, phrases{
		Refused:    "connect() failed (111: Connection refused) while connecting to upstream, 502",
		NoResponse: "recv() failed (104: Connection reset by peer) while reading response header from upstream, 502",
		MidBody:    "readv() failed (104: Connection reset by peer) while reading upstream, a truncated 200",
		EOF:        "upstream prematurely closed connection while reading response header from upstream, 502",
		EOFMidBody: "upstream prematurely closed connection while reading upstream",
		Handshake: "peer closed connection in SSL handshake (104: Connection reset by peer) while SSL handshaking to " +
			"upstream",
		GiveUp:       "upstream timed out (110: Connection timed out), 504",
		OwnLimit:     "upstream timed out (110: Connection timed out) while reading response header from upstream, 504",
		ConnectLimit: "upstream timed out (110: Connection timed out) while connecting to upstream, 504",
		Push:         "writev() or recv() failed (104: Connection reset by peer) while sending request to upstream, 502",
		EOFPush: "writev() failed (32: Broken pipe) or recv() failed (104: Connection reset by peer) while sending " +
			"request to upstream, or upstream prematurely closed connection while reading response header, 502",
	}},
	{"HAProxy", nil, phrases{
		Refused:      "termination state SC--, 503",
		NoResponse:   "SH--, 502",
		MidBody:      "SD--",
		EOF:          "SH--, 502",
		EOFMidBody:   "SD--",
		Handshake:    "SC--",
		GiveUp:       "SH-- or sH--, 504",
		OwnLimit:     "sH--, 504",
		ConnectLimit: "sC--, 503",
		Push:         "SH-- or SD--, 502",
		EOFPush:      "SH-- or SD--, 502",
	}},
	{"Caddy", nil, phrases{
		Refused:      "dial tcp …: connect: connection refused, 502",
		NoResponse:   "read tcp …: read: connection reset by peer, 502",
		MidBody:      "aborting with incomplete response: read tcp …: read: connection reset by peer",
		EOF:          "EOF, 502",
		EOFMidBody:   "aborting with incomplete response: unexpected EOF",
		GiveUp:       "read tcp …: read: connection timed out, 502",
		OwnLimit:     "net/http: timeout awaiting response headers, 504",
		ConnectLimit: "dial tcp …: i/o timeout, 502",
		Push:         "write tcp …: use of closed network connection, 502",
		EOFPush:      "write tcp …: use of closed network connection, 502",
	}},
	{"mitmproxy", nil, phrases{
		Refused:    "error establishing server connection, 502",
		NoResponse: "server closed connection, 502",
		MidBody:    "peer closed connection without sending complete message body",
		EOF:        "server closed connection, 502",
		EOFMidBody: "peer closed connection without sending complete message body",
		GiveUp:     "server closed connection, 502",
		Push:       "server closed connection, 502",
		EOFPush:    "server closed connection, 502",
	}},
}

// servers say what servers log when their client closes.
var servers = []Program{
	{"nginx", []string{"nginx", "openresty"}, phrases{
		ClientGone: "client prematurely closed connection, with (104: Connection reset by peer) where the RST was read, " +
			"status 499",
		ClientClosed: "client prematurely closed connection, status 499",
	}},
	{"Apache httpd", []string{"apache"}, phrases{
		ClientGone: "(104)Connection reset by peer: … (at LogLevel info)",
	}},
	{"Caddy", []string{"caddy"}, phrases{
		ClientGone:   "aborting with incomplete response: write tcp …: write: broken pipe, or read: connection reset by peer",
		ClientClosed: "aborting with incomplete response: write tcp …: write: broken pipe",
	}},
	{"Go", []string{"go"}, phrases{
		ClientGone:   "write: broken pipe, or read: connection reset by peer, and the request's context canceled",
		ClientClosed: "write: broken pipe, and the request's context canceled",
	}},
	{"Python", []string{"gunicorn", "uvicorn", "werkzeug", "basehttp", "simplehttp", "python"}, phrases{
		ClientGone: "ConnectionResetError: [Errno 104] Connection reset by peer, or BrokenPipeError: [Errno 32] " +
			"Broken pipe",
		ClientClosed: "BrokenPipeError: [Errno 32] Broken pipe",
	}},
	{"Node.js", []string{"express", "node"}, phrases{
		ClientGone:   "Error: aborted or read ECONNRESET, and the response's 'close' before 'finish'",
		ClientClosed: "Error: aborted (code ECONNRESET), and the response's 'close' before 'finish'",
	}},
	{"Java", []string{"jetty", "tomcat", "coyote", "undertow"}, phrases{
		ClientGone: "java.io.IOException: Connection reset by peer, Connection reset or Broken pipe (Tomcat: " +
			"ClientAbortException)",
		ClientClosed: "java.io.IOException: Broken pipe (Tomcat: ClientAbortException)",
	}},
	{"HAProxy", nil, phrases{
		ClientGone:   "termination state CD-- or CH--",
		ClientClosed: "termination state CD-- or CH--",
	}},
}
