"""A tiny raw FastCGI client, for tests that must send what nginx never would.

Records are built by hand (FastCGI 1.0, section 3), so a test can leave out, cut, repeat or forge any of them.
Standard library only.
"""
import socket
import struct

BEGIN_REQUEST, ABORT_REQUEST, END_REQUEST, PARAMS, STDIN, STDOUT, STDERR = range(1, 8)
RESPONDER, AUTHORIZER = 1, 2
TIMEOUT_S = 30  # a test that waits so long has failed


def record(kind, content=b"", padding=0, request_id=1):
    return struct.pack(">BBHHBx", 1, kind, request_id, len(content), padding) + content + bytes(padding)


def begin(keep=True, role=RESPONDER):
    return record(BEGIN_REQUEST, struct.pack(">HB5x", role, 1 if keep else 0))


def pair(name, value):
    def length(n):
        return struct.pack(">B", n) if n < 128 else struct.pack(">I", n | 0x80000000)

    name, value = name.encode(), value.encode()
    return length(len(name)) + length(len(value)) + name + value


def pairs(variables):
    return b"".join(pair(name, value) for name, value in variables.items())


def stream(kind, content):
    """The content in as many records as it needs, and the empty one that ends it."""
    cut = [content[i:i + 32768] for i in range(0, len(content), 32768)]
    return b"".join(record(kind, piece) for piece in cut) + record(kind)


def variables(method, path, body=b"", query="", **more):
    return {"REQUEST_METHOD": method, "DOCUMENT_URI": path, "QUERY_STRING": query, "CONTENT_TYPE": "",
            "CONTENT_LENGTH": str(len(body)) if body else "", **more}


def request(method, path, body=b"", keep=True, **more):
    return begin(keep) + stream(PARAMS, pairs(variables(method, path, body, **more))) + stream(STDIN, body)


class Response:
    def __init__(self, text):
        head, _, self.body = text.partition(b"\r\n\r\n")
        lines = [line.partition(b": ") for line in head.split(b"\r\n")]
        self.headers = {name.decode().lower(): value.decode() for name, _, value in lines}
        self.status = int(self.headers["status"].split()[0])

    def __repr__(self):
        return f"{self.status} {self.body[:200]!r}"


class Connection:
    """One connection to the gateway's socket; `with` closes it."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(TIMEOUT_S)
        self.socket.connect(path)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def close(self):
        self.socket.close()

    def send(self, raw):
        self.socket.sendall(raw)

    def _take(self, n):
        while len(self.rest) < n:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError("the gateway closed the connection")
            self.rest += more
        taken, self.rest = self.rest[:n], self.rest[n:]
        return taken

    def answer(self):
        """The next whole answer; EOFError when the gateway closes instead."""
        text = b""
        while True:
            _, kind, _, n, padding = struct.unpack(">BBHHBx", self._take(8))
            content = self._take(n + padding)[:n]
            if kind == STDOUT:
                text += content
            elif kind == END_REQUEST:
                return Response(text)

    def ask(self, method, path, body=b"", **more):
        self.send(request(method, path, body, **more))
        return self.answer()

    def is_closed(self):
        """Waits until the gateway closes; False when it says something instead."""
        try:
            return not self.rest and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
