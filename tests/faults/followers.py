"""Those who keep a copy of the log: over ZeroMQ with replay, and as Server-Sent Events. At the campaign's end each goes
on until it has the last event, so that the checker can hold its copy against the log."""
import socket
import struct
import threading
import time

import zmq

from actors import replayed
from clients import Client

CATCH_UP_S = 60


class Follower(Client):
    """Knows the number of the last event that it has; `upto` is set by the campaign before it tells it to end."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.position, self.upto, self.patience_ends = 0, 0, None
        self.never = threading.Event()

    def rest(self, seconds=0.05):
        """Also after it was told to end: it has a way to go."""
        self.never.wait(seconds)

    def is_over(self):
        if not self.ending.is_set():
            return False
        if self.patience_ends is None:
            self.patience_ends = time.monotonic() + CATCH_UP_S
        return self.position >= self.upto or time.monotonic() > self.patience_ends

    def run(self):
        super().run()
        self.history.ended_at(self.name, self.position)


class Subscriber(Follower):
    """Joins replay and live publication, leaves at random and comes back where it was."""

    def turn(self):
        with zmq.Context() as context, context.socket(zmq.SUB) as live, context.socket(zmq.DEALER) as replay:
            live.linger = replay.linger = 0
            live.subscribe(b"")
            live.connect(f"ipc://{self.service.run}/events.sock")
            replay.connect(f"ipc://{self.service.run}/replay.sock")
            stays, received = self.dice.randint(20, 400), 0
            while received < stays and not self.is_over():
                if not live.poll(200):
                    continue
                topic, number, frozen = live.recv_multipart()
                number = int.from_bytes(number, "big")
                if number > self.position + (topic != b"beat"):
                    received += self.catch_up(replay, number)
                elif topic != b"beat" and number == self.position + 1:
                    self.take(number, frozen)
                    received += 1

    def take(self, number, frozen):
        self.history.event(number, bytes(frozen), self.name)
        self.history.count("events received")
        self.position = number

    def catch_up(self, replay, newest):
        """Asks for what it missed; an answer that does not come is asked for again at the next event or beat."""
        begun = self.position
        while self.position < newest and not self.is_over():
            replay.send_multipart([b"AFTER", struct.pack(">Q", self.position), struct.pack(">I", 300 << 10)])
            more = b"\1"
            while more == b"\1":
                if not replay.poll(1000):
                    return self.position - begun
                kind, *frames = replay.recv_multipart()
                if kind != b"EVENTS" or not frames[4]:
                    return self.position - begun
                more, events = frames[3:]
                for number, frozen in replayed(events):
                    if number == self.position + 1:
                        self.take(number, frozen)
        return self.position - begun


class StreamReader(Follower):
    """Reads Server-Sent Events and goes on behind Last-Event-ID; what was cut off in the middle does not count.

    Over a socket of its own and HTTP/1.0: the answer is the stream itself, until either side hangs up.
    """
    begins_now = False  # instead of at the first event

    def turn(self):
        try:
            with socket.create_connection(("127.0.0.1", self.service.port), timeout=2) as raw:
                raw.sendall(self.request())
                self.history.count("streams opened")
                self.read(raw, self.dice.randint(20, 1500))
        except OSError:
            self.history.count("streams broken")
            self.rest()

    def request(self):
        query, place = f"?after={self.position}", ""
        if self.position and self.dice.random() < 0.7:
            query, place = "", f"Last-Event-ID: {self.position}\r\n"
        elif not self.position and self.begins_now:
            query = ""
        return f"GET /v1/events{query} HTTP/1.0\r\nHost: x\r\nAccept: text/event-stream\r\n{place}\r\n".encode()

    def read(self, raw, stays):
        head, rest = self.head_of(raw)
        if b" 200 " not in head:
            self.history.count("streams refused")
            self.rest()
            return
        while stays > 0 and not self.is_over():
            *blocks, rest = rest.split(b"\n\n")
            for block in blocks:
                stays -= self.take(block)
            try:
                more = raw.recv(65536)
            except TimeoutError:
                continue
            if not more:
                self.history.count("streams broken")
                return
            rest += more

    @staticmethod
    def head_of(raw):
        """The first line, and what has come of the body."""
        found = b""
        while b"\r\n\r\n" not in found:
            more = raw.recv(65536)
            if not more:
                return b"", b""
            found += more
        head, _, body = found.partition(b"\r\n\r\n")
        return head.split(b"\r\n")[0] + b" ", body

    def take(self, block):
        """How many events that was: 1, or 0 for a comment."""
        fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if b": " in line and not line.startswith(b":"))
        if b"data" not in fields:
            return 0
        number = int(fields[b"id"])
        if self.position == 0 and self.begins_now:
            self.history.began_behind(self.name, number - 1)
        elif number != self.position + 1:
            self.history.contradiction(f"{self.name} was sent event {number} behind {self.position}")
        self.history.document(number, fields[b"data"], self.name)
        self.history.count("events streamed")
        self.position = number
        return 1
