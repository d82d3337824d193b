"""Clients that count for themselves: whether a kept connection starves, which wrk's sums would hide."""
import re
import selectors
import socket
import time

HEAD = "POST /v1/submissions HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"
LENGTH = re.compile(rb"^content-length: *(\d+)", re.I | re.M)


class Client:
    def __init__(self, port, number, form):
        self.number, self.form = number, form
        self.count, self.got, self.wrong = 0, b"", {}
        self.socket = socket.create_connection(("127.0.0.1", port))

    def send(self):
        body = self.form.replace(b"@PROJECT@", f"公平{self.number}-{self.count}".encode())
        self.socket.sendall(HEAD.format(len(body)).encode() + body)

    def receive(self):
        """True once a whole answer has come."""
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError(f"client {self.number} was hung up on after {self.count} answers")
        self.got += piece
        head, found, body = self.got.partition(b"\r\n\r\n")
        if not found or len(body) < int(LENGTH.search(head).group(1)):
            return False
        status = head.split(b" ", 2)[1].decode()
        if status == "202":
            self.count += 1
        else:
            self.wrong[status] = self.wrong.get(status, 0) + 1
        self.got = b""
        return True


def answers_by_client(port, form, clients, seconds):
    """(answers of 202 by client, other answers by status); each client sends its next form when it has its answer."""
    wrong = {}
    with selectors.DefaultSelector() as selector:
        everyone = [Client(port, number, form) for number in range(clients)]
        for client in everyone:
            selector.register(client.socket, selectors.EVENT_READ, client)
            client.send()
        end = time.monotonic() + seconds
        under_way = clients
        while under_way:
            for key, _ in selector.select(30) or [(None, None)]:
                if key is None:
                    raise TimeoutError("no answer within 30 s")
                if not key.data.receive():
                    continue
                if time.monotonic() < end:
                    key.data.send()
                else:
                    under_way -= 1
        for client in everyone:
            client.socket.close()
            for status, count in client.wrong.items():
                wrong[status] = wrong.get(status, 0) + count
    return [client.count for client in everyone], wrong
