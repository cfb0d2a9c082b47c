"""Python's http.server as the server of the experiments: /wait answers late, /drip piece by piece, /up
reads a body. What its handlers raise is told as the interpreter would print it."""

import errno
import http.server
import json
import sys
import threading
import time
import traceback

settings = dict(a.split("=", 1) for a in sys.argv[1:])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/wait":
            time.sleep(0.6)
        self.send_response(200)
        self.send_header("Content-Length", "512" if self.path == "/wait" else "100000")
        self.end_headers()
        pieces, gap = {"/wait": (1, 0), "/slow": (5, 0.3)}.get(self.path, (40, 0.03))
        for _ in range(pieces):
            self.wfile.write(b"0123456789abcdef" * 32)
            time.sleep(gap)

    def do_POST(self):
        n = int(self.headers["Content-Length"])
        got = len(self.rfile.read(n))
        if got < n:
            print(f"@quiet rfile.read returned {got} of {n} bytes, no exception", flush=True)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        e = sys.exc_info()[1]
        print("@words " + json.dumps("".join(traceback.format_exception_only(type(e), e)).rstrip("\n")), flush=True)
        if isinstance(e, OSError) and e.errno in errno.errorcode:
            print(f"@errno {e.errno}", flush=True)


host, port = settings["listen"].rsplit(":", 1)
server = Server((host, int(port)), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("@listening", flush=True)
sys.stdin.read()
