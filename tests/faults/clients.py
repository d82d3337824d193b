"""Clients as careful users write them, each in a thread of its own, until the campaign tells them to end."""
import json
import random
import socket
import struct
import threading

import requests
import zmq

from actors import replayed
from history import Form, History
from service import JSON, body_of, form_of

PATIENCE_S = 20
NDJSON = {"Content-Type": "application/x-ndjson"}
POISON = "毒"


class Client(threading.Thread):
    def __init__(self, service, history, name, seed):
        super().__init__(name=name)
        self.service, self.history, self.dice = service, history, random.Random(f"{seed}-{name}")
        self.ending = threading.Event()
        self.fault = None
        self.http = requests.Session()

    def run(self):
        try:
            while not self.ending.is_set():
                self.turn()
                self.rest(self.service.pace)
        except Exception as fault:  # told by the campaign
            self.fault = fault
        finally:
            self.http.close()

    def rest(self, seconds=0.05):
        """Between two requests; a client that is told to end does not wait it out."""
        self.ending.wait(seconds)

    def ask(self, method, path, **more):
        """The response, or None when no whole answer came."""
        try:
            return self.http.request(method, self.service.url + path, timeout=PATIENCE_S, **more)
        except requests.RequestException:
            self.history.count("requests without an answer")
            return None


class Submitter(Client):
    """Submits, revises and repeats; each form again with the same key until the answer is final."""

    def __init__(self, *arguments, poison=0.0):
        super().__init__(*arguments)
        self.number, self.poison = 0, poison

    def turn(self):
        choice = self.dice.random()
        mine = [form for form in self.history.known() if form.key.startswith(self.name + "-")]
        if mine and choice < 0.1:
            self.repeat(self.dice.choice(mine))
        elif mine and choice < 0.2:
            self.revise(self.dice.choice(mine))
        elif choice < 0.3:
            self.batch(self.dice.randint(2, 30))
        else:
            self.submit(self.new_form())

    def new_form(self, **more):
        self.number += 1
        poison = self.dice.random() < self.poison
        key = f"{self.name}-{self.number}"
        return self.history.begin(Form(key, f"{POISON if poison else ''}{key}", poison, **more))

    @staticmethod
    def body(form):
        cells = {"declared_total": None} if form.replaces else {}
        return form_of(1, form.project, **cells)

    def submit(self, form):
        headers = {**JSON, "Idempotency-Key": form.key}
        if form.replaces:
            headers["If-Match"] = f'"{form.replaces}"'
        body = body_of(self.body(form))
        while True:
            asked = History.now()
            response = self.ask("POST", "/v1/submissions", data=body, headers=headers)
            if response is None or response.status_code in (502, 503, 504):
                if response is not None:
                    self.history.count(f"{response.status_code}")
                self.rest()
                continue
            if response.status_code in (200, 201, 202):
                self.history.acknowledged(form, asked, response.status_code, response.json())
                self.history.count("acknowledged")
            else:
                self.history.refused(form, asked, response.status_code, response.json().get("code"))
                self.history.contradiction(f"{form.key}: a good form was answered {response.status_code} "
                                           f"{response.text[:300]}")
            return

    def repeat(self, form):
        self.history.count("repeated")
        self.submit(form)

    def revise(self, form):
        """Only what nobody has revised: a form has one client, so there is no race about it."""
        if any(other.replaces == form.id for other in self.history.known()) or form.poison or form.replaces:
            return
        self.number += 1
        revision = self.history.begin(Form(f"{self.name}-{self.number}", form.project, replaces=form.id))
        self.history.count("revisions")
        self.submit(revision)

    def batch(self, count):
        """Without keys: the same content is the same submission. What got no verdict goes out again."""
        open_forms = [self.new_form() for _ in range(count)]
        self.history.count("batches")
        while open_forms:
            body = b"\n".join(body_of(self.body(form)) for form in open_forms)
            asked = History.now()
            response = self.ask("POST", "/v1/submissions:batch", data=body, headers=NDJSON)
            if response is None or response.status_code != 200:
                self.rest()
                continue
            left = list(open_forms)
            for line in response.text.splitlines():
                verdict = json.loads(line)
                form = open_forms[verdict["line"] - 1]
                if verdict["status"] in (200, 202):
                    self.history.acknowledged(form, asked, verdict["status"], verdict["document"])
                    self.history.count("acknowledged")
                    left.remove(form)
                elif verdict["status"] != 503:
                    self.history.contradiction(f"{form.key}: line answered {line[:300]}")
                    left.remove(form)
            open_forms = left


class Poller(Client):
    """Asks where submissions stand, with and without If-None-Match and Prefer: wait."""

    def turn(self):
        known = self.history.known()
        if not known:
            self.rest()
            return
        form = self.dice.choice(known[-200:] if self.dice.random() < 0.7 else known)
        headers = {"Prefer": "wait=1"} if self.dice.random() < 0.1 else {}
        asked = History.now()
        response = self.ask("GET", f"/v1/submissions/{form.id}", headers=headers)
        if response is None or response.status_code in (502, 503, 504):
            self.rest()
            return
        self.history.count("polls")
        if response.status_code != 200:
            self.history.contradiction(f"{form.key}: an acknowledged submission was answered {response.status_code}")
            return
        document = response.json()
        self.history.seen(form.id, asked, document)
        again = self.ask("GET", f"/v1/submissions/{form.id}", headers={"If-None-Match": response.headers["ETag"]})
        if again is not None and again.status_code == 200:
            self.history.seen(form.id, asked, again.json())


class Reader(Client):
    """Reads the log over HTTP from its beginning, by pages of changing length."""
    after = 0

    def turn(self):
        response = self.ask("GET", f"/v1/events?after={self.after}&limit={self.dice.randint(1, 200)}")
        if response is None or response.status_code != 200:
            self.rest()
            return
        page = response.json()["events"]
        for event in page:
            number = int(event["id"])
            if number != self.after + 1:
                self.history.contradiction(f"a page of events has {number} behind {self.after}")
            self.after = number
            self.history.count("events read")
        if not page:
            self.rest()


class Subscriber(Client):
    """Joins replay and live publication, leaves at random and comes back where it was."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.position = 0

    def turn(self):
        with zmq.Context() as context, context.socket(zmq.SUB) as live, context.socket(zmq.DEALER) as replay:
            live.linger = replay.linger = 0
            live.subscribe(b"")
            live.connect(f"ipc://{self.service.run}/events.sock")
            replay.connect(f"ipc://{self.service.run}/replay.sock")
            stays, received = self.dice.randint(20, 400), 0
            while received < stays and not self.ending.is_set():
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
        while self.position < newest and not self.ending.is_set():
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


class Nuisance(Client):
    """Hangs up, sends byte by byte, never reads, sends what is no HTTP: nobody else may notice."""

    def turn(self):
        try:
            with socket.create_connection(("127.0.0.1", self.service.port), timeout=2) as raw:
                body = body_of(form_of(1, "扰"))
                head = b"POST /v1/submissions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                self.dice.choice([self.hang_up, self.trickle, self.never_read, self.noise])(raw, head % len(body), body)
        except OSError:
            pass
        self.history.count("nuisances")
        self.rest(0.1)

    def hang_up(self, raw, head, body):
        raw.sendall(head + body[:self.dice.randint(0, len(body) - 1)])

    def trickle(self, raw, head, body):
        for i in range(self.dice.randint(1, 20)):
            raw.sendall((head + body)[i:i + 1])
            self.rest(0.02)

    def never_read(self, raw, head, _):
        raw.sendall(b"GET /v1/events?after=0&limit=1000 HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
        self.rest(0.5)

    def noise(self, raw, *_):
        raw.sendall(self.dice.randbytes(self.dice.randint(1, 2000)))
