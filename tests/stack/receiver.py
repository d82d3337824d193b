"""An endpoint of webhooks: an HTTP server that keeps what it was sent, and answers as a test says."""
import base64
import hashlib
import hmac
import http.server
import json
import threading

from actors import GUARD_S


class Request:
    def __init__(self, path, headers, body):
        self.path, self.headers, self.body = path, headers, body
        self.event = json.loads(body)
        self.ident = headers["webhook-id"]
        self.seconds = int(headers["webhook-timestamp"])

    @property
    def number(self):
        return int(self.event["id"])

    def is_signed_by(self, secret):
        """As a receiver checks it: any of the signatures may be the one."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{self.ident}.{self.seconds}.".encode() + self.body
        wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return any(hmac.compare_digest(wanted, given) for given in self.headers["webhook-signature"].split())


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = GUARD_S

    def do_POST(self):
        request = Request(self.path, self.headers, self.rfile.read(int(self.headers["Content-Length"])))
        status, headers, body = self.server.receiver.take(request)
        try:
            self.send_response(status)
            length = {} if "Transfer-Encoding" in headers else {"Content-Length": str(len(body))}
            for name, value in {**headers, **length}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # whoever asked has not waited

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 100

    def handle_error(self, *_):
        pass  # a client that was killed


class Receiver:
    """answer: what a request gets, (status, headers, body); it may wait."""

    def __init__(self, answer=lambda request: (204, {}, b""), wrap=lambda socket: socket):
        self.answer = answer
        self.requests = []
        self.news = threading.Condition()
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.receiver = self
        self.server.socket = wrap(self.server.socket)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, request):
        with self.news:
            self.requests.append(request)
            self.news.notify_all()
        return self.answer(request)

    def wait_for(self, count):
        """The first `count` requests, once they are there."""
        with self.news:
            assert self.news.wait_for(lambda: len(self.requests) >= count, GUARD_S), self.numbers()
            return self.requests[:count]

    def wait_for_number(self, number):
        with self.news:
            assert self.news.wait_for(lambda: any(r.number == number for r in self.requests), GUARD_S), self.numbers()

    def numbers(self):
        return [request.number for request in self.requests]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
