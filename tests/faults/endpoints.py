"""Receivers of webhooks that write down what they were sent: one that takes everything, and one that answers with
errors, redirects, never, or by hanging up."""
import random
import threading

from receiver import Receiver

HANGS_S = 1.0
FAILURES = ("500", "500", "500", "404", "302", "drop", "drop", "drop", "hang")


class HungUp(Exception):
    """Ends the request without an answer; the server closes the connection."""


class Endpoint(Receiver):
    def __init__(self, service, history, name, seed, unreliable=0.0):
        super().__init__()
        self.history, self.name, self.unreliable = history, name, unreliable
        self.dice, self.given_up = random.Random(f"{seed}-{name}"), threading.Event()
        done = service.ziping("webhook", "add", self.url, "--allow-http", "--allow-private", "--after", "0")
        assert done.returncode == 0, done.stdout + done.stderr
        added = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
        self.ident, self.secret = added["endpoint"], added["secret"]

    def take(self, request):
        with self.news:  # one at a time: the order in which they are written down is that of the answers
            failure = self.dice.choice(FAILURES) if self.dice.random() < self.unreliable else None
            self.history.delivery(self.name, request.number, request.ident, request.body,
                                  request.is_signed_by(self.secret), taken=failure is None)
            self.history.count(f"deliveries {f'answered by {failure}' if failure else 'taken'}")
        if failure == "hang":
            self.given_up.wait(HANGS_S)
        if failure in ("hang", "drop"):
            raise HungUp
        return int(failure or 204), {"Location": self.url} if failure == "302" else {}, b""

    def close(self):
        self.given_up.set()
        super().close()
