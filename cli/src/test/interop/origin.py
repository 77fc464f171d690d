"""The Python origin of the interop tests: HTTP/1.0 in the clear, HTTP/1.1 over TLS.

Prints its ports as one line of JSON, then a line for each request it has answered, as it saw it.
Ends when its standard input ends.
"""
import hashlib, json, ssl, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TEXT = "Grüße vom Ursprung\n".encode()


class Handler(BaseHTTPRequestHandler):
    def answer(self, body, length=True, status=200):
        self.send_response_only(status)
        self.send_header("Content-Type", "text/plain")
        if length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        down = 0 if self.command == "HEAD" else len(body)
        self.wfile.write(body[:down])
        up = getattr(self, "received", b"")
        self.received = b""
        scheme = "https" if isinstance(self.connection, ssl.SSLSocket) else "http"
        tell({
            "version": self.request_version, "method": self.command, "status": status,
            "url": scheme + "://" + self.headers["Host"] + self.path, "target": self.path,
            "headers": self.headers.items(), "up": len(up), "down": down,
            "body": hashlib.sha256(up).hexdigest()[:16],
        })

    def do_GET(self):
        if self.path == "/until-close":
            self.close_connection = True
            self.answer(TEXT * 1000, length=False)
        else:
            self.answer(TEXT, status=200 if self.path == "/text" else 404)

    do_HEAD = do_GET

    def do_POST(self):
        self.received = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(self.received)


class Secure(Handler):
    protocol_version = "HTTP/1.1"


lock = threading.Lock()


def tell(line):
    with lock:
        print(json.dumps(line), flush=True)


certificate, key = sys.argv[1:]
tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
tls.load_cert_chain(certificate, key)
plain = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
secure = ThreadingHTTPServer(("127.0.0.1", 0), Secure)
secure.socket = tls.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=False)
for server in (plain, secure):
    threading.Thread(target=server.serve_forever, daemon=True).start()
tell({"http": plain.server_port, "https": secure.server_port})
sys.stdin.read()
