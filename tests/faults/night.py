"""One recorded run of the whole service: what it did to the disk, and what clients and a subscriber had in hand when."""
import os
import shutil
import tempfile
import threading

import requests
import zmq

from actors import GUARD_S
from replay import Order, Recording
from service import JSON, Service, body_of, form_of
from shim import RECORDER, preloaded
from stores import look

CLIENTS, FORMS_EACH = 8, 40


class Witness:
    """A thread that writes down what it saw at which number."""

    def __init__(self):
        self.saw, self.fault = [], None
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            self.look()
        except Exception as fault:  # raised by end(), in the test's own thread
            self.fault = fault

    def end(self):
        self.thread.join()
        if self.fault:
            raise self.fault
        return self.saw


class Client(Witness):
    """Submits one form after the other: (number, id, digest, project) of each 202."""

    def __init__(self, url, order, name):
        self.url, self.order, self.name = url, order, name
        super().__init__()

    def look(self):
        with requests.Session() as http:
            for turn in range(FORMS_EACH):
                project = f"{self.name}-{turn}"
                answer = http.post(self.url + "/v1/submissions", data=body_of(form_of(turn % 6 + 1, project)),
                                   headers={**JSON, "Idempotency-Key": project}, timeout=GUARD_S)
                number = self.order.now()
                assert answer.status_code == 202, answer.text
                document = answer.json()
                self.saw.append((number, document["id"], document["receipt"]["digest"], project))


class Listener(Witness):
    """Subscribes: (number, the event's number, its bytes) of each."""

    def __init__(self, run, order, count):
        self.order, self.count = order, count
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.SUB)
        self.socket.rcvtimeo = GUARD_S * 1000
        self.socket.subscribe(b"")
        self.socket.connect(f"ipc://{run}/events.sock")
        while self.socket.recv_multipart()[0] != b"beat":
            pass
        super().__init__()

    def look(self):
        with self.context, self.socket:
            last = 0
            while last < self.count:
                topic, number, frozen = self.socket.recv_multipart()
                last = int.from_bytes(number, "big")
                if topic != b"beat":
                    self.saw.append((self.order.now(), last, frozen))


class Night:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="zp-night-")
        self.order = Order(self.folder)
        self.service = Service()
        self.root = self.service.data
        self.service.environment = preloaded(RECORDER, ZP_RECORD_ROOT=self.root, ZP_RECORD_LOG=self.folder)
        try:
            self.pass_by(self.service.start())
        finally:
            self.ended = self.service.end()

    def pass_by(self, service):
        self.ready = self.order.now()
        listener = Listener(service.run, self.order, CLIENTS * FORMS_EACH)
        clients = [Client(service.url, self.order, f"night-{i}") for i in range(CLIENTS)]
        self.receipts = sorted(receipt for client in clients for receipt in client.end())
        self.told = listener.end()
        service.wait(lambda: service.metric("ziping_pending") == 0)
        for program in service.programs:
            assert program.stop() == 0, program.log()
        self.stores = look(self.root)
        self.files = {name: self.read(name) for name in ("intake/data.mdb", "scores/data.mdb")}

    def read(self, name):
        with open(os.path.join(self.root, name), "rb") as source:
            return source.read()

    def recording(self, **lies):
        return Recording(self.folder, self.root, **lies)

    def discard(self):
        shutil.rmtree(self.folder)
