"""The real worker and notifier in a data folder of their own, and the parts that tests play towards them.

ZP_BIN names the build directory. Submissions are packed here from the record's documented layout, not by the program's
own code. Nothing sleeps: every wait is for a message, a log line or an end, and a hang ends by the test's own alarm.
"""
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import threading
import unittest
import uuid

import msgpack
import zmq

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("ZP_BIN", os.path.join(ROOT, "build"))
WORKER = os.path.join(BUILD, "worker", "ziping-worker")
NOTIFIER = os.path.join(BUILD, "worker", "notifier", "ziping-notifier")
HANG_S = 120
GUARD_S = 30

VERSION, READY, DONE, BYE, JOBS, BEAT, FELL = 1, 1, 2, 3, 4, 5, 6
SCORE, FAIL = 0, 1
HEARTBEAT_MS = 200
BEAT_MS = 100
FUNDS_ROWS = ("total", "current_year_appropriation", "carryover", "other")
FUNDS_CELLS = ("initial_budget", "annual_budget", "executed", "weight", "execution_rate", "score")
INDICATOR_CELLS = ("level1", "level2", "level3", "target", "actual", "weight", "score", "deviation")


def text(cell):
    return None if cell is None else str(cell)


def seed(number):
    """One of the six real forms, as parsed JSON."""
    with open(os.path.join(ROOT, "tests", "forms", f"seed-{number}.json"), encoding="utf-8") as source:
        form = json.load(source)
    return form.get("form", form)


def pack_form(form):
    funds = [[text(form["funds"].get(row, {}).get(cell)) for cell in FUNDS_CELLS] for row in FUNDS_ROWS]
    indicators = [[text(row.get(cell)) for cell in INDICATOR_CELLS] for row in form["indicators"]]
    header = [text(form.get(cell)) for cell in ("project_name", "department", "unit", "unit_code", "money_unit")]
    trailer = [text(form.get(cell)) for cell in ("total_weight", "declared_total", "declared_grade", "profile")]
    goals = [text(form.get("goals", {}).get(cell)) for cell in ("expected", "actual")]
    return msgpack.packb([1, text(form["year"]), *header, funds, *goals, indicators, *trailer])


def pack_submission(form, revision=1, replaces=None, first=None, received_ms=1767225600000):
    return msgpack.packb([2, received_ms, revision, first or replaces, replaces, None, "tester", None, bytes(32), pack_form(form)])


def submission(number=1, project=None, **more):
    form = seed(number)
    if project is not None:
        form["project_name"] = project
    return pack_submission(form, **more)


def sanitizers():
    """What the programs are built with: "address,undefined", "thread", or ""."""
    with open(os.path.join(BUILD, "CMakeCache.txt"), encoding="utf-8") as cache:
        return re.search(r"^ZP_SANITIZE:\w+=(.*)$", cache.read(), re.M).group(1)


_serial = 0


def str_of(ident):
    """The id as events and log lines have it."""
    return str(uuid.UUID(bytes=ident))


def new_id():
    """A UUIDv7; later ones are larger."""
    global _serial
    _serial += 1
    return ((1767225600000 + _serial) << 80 | 0x7 << 76 | 0x2 << 62 | uuid.uuid4().int & (1 << 62) - 1).to_bytes(16, "big")


class Program:
    """A started program; its log is read as it comes."""

    news = threading.Condition()  # of all programs: a test may wait for any of them

    def __init__(self, path, config, stdin=subprocess.DEVNULL, before=(), **environment):
        self.path = path
        self.process = subprocess.Popen([*before, path, "--config", config], stdin=stdin,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
                                        env={**os.environ, **environment})
        self.lines = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            with self.news:
                self.lines.append(line)
                self.news.notify_all()
        with self.news:
            self.process.stderr.close()
            self.lines.append(None)
            self.news.notify_all()

    def wait_for(self, event, count=1):
        """Until the event has been logged `count` times."""
        with self.news:
            self.news.wait_for(lambda: self.has_logged(event, count) or self.lines[-1:] == [None], GUARD_S)
            if not self.has_logged(event, count):
                raise AssertionError(f"{event} was not logged:\n{self.log()}")
        return self

    def has_logged(self, event, count=1):
        return sum(1 for line in self.lines if line and f" {event} " in line) >= count

    def log(self):
        return "".join(line for line in self.lines if line)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait_for_end()

    def wait_for_end(self):
        code = self.process.wait(GUARD_S)
        self.reader.join()
        return code

    def discard(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join()


class Gateway:
    """The dispatcher's part: ROUTER on run/dispatch.sock."""

    def __init__(self, context, folder):
        self.socket = context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.router_mandatory = True
        self.socket.rcvtimeo = GUARD_S * 1000
        self.socket.bind(folder.ipc("dispatch.sock"))

    def receive(self):
        """(peer, kind, the rest of the message)"""
        peer, body = self.socket.recv_multipart()
        version, kind, *rest = msgpack.unpackb(body)
        assert version == VERSION
        return peer, kind, rest

    def wait_for(self, kind, peer=None):
        while True:
            who, what, rest = self.receive()
            if what == READY:
                self.answer(who)
            if what == kind and peer in (None, who):
                return who, rest

    def answer(self, peer):
        """A heartbeat's answer; its sender may have been killed meanwhile."""
        try:
            self.send(peer, [VERSION, BEAT])
        except zmq.ZMQError as fault:
            if fault.errno != zmq.EHOSTUNREACH:
                raise

    def wait_for_worker(self, not_peer=None):
        while True:
            peer, _ = self.wait_for(READY)
            if peer != not_peer:
                return peer

    def send(self, peer, message):
        self.send_raw(peer, msgpack.packb(message))

    def send_raw(self, peer, *frames):
        self.socket.send_multipart([peer, *frames])

    def send_jobs(self, peer, *jobs):
        """Each job: id, submission and, if need be, attempt and mode."""
        rows = []
        for ident, record, *rest in jobs:
            attempt, mode = (rest + [1, SCORE][len(rest):])
            rows.append([ident, attempt, mode, record])
        self.send(peer, [VERSION, JOBS, rows])

    def wait_for_done(self, *wanted):
        """Until all (id, attempt) pairs have been acknowledged; returns everything that was, in order."""
        done = []
        while not set(wanted) <= set(done):
            _, (pairs,) = self.wait_for(DONE)
            done += [tuple(pair) for pair in pairs]
        return done

    def close(self):
        self.socket.close()


def replayed(events):
    """[(number, bytes)…] of the last frame of an answer."""
    unpacker = msgpack.Unpacker()
    unpacker.feed(events)
    return [tuple(event) for event in unpacker]


class Replay:
    """A DEALER that asks the notifier for what it missed."""

    def __init__(self, context, folder):
        self.socket = context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.rcvtimeo = GUARD_S * 1000
        self.socket.connect(folder.ipc("replay.sock"))

    def ask(self, after, credit=1 << 20):
        self.socket.send_multipart([b"AFTER", struct.pack(">Q", after), struct.pack(">I", credit)])

    def piece(self, after):
        """The next message, which begins behind `after`: (newest number, [(number, bytes)…], whether more follows)."""
        kind, *frames = self.socket.recv_multipart()
        assert kind == b"EVENTS", (kind, frames)
        newest, begins, upto = struct.unpack(">QQQ", b"".join(frames[:3]))
        more, events = frames[3], replayed(frames[4])
        assert begins == after and upto == (events[-1][0] if events else after), (after, begins, upto)
        assert more in (b"\0", b"\1"), more
        return newest, events, more == b"\1"

    def answer(self, after=0):
        """All of it: (newest number, [(number, bytes)…])"""
        found, more = [], True
        while more:
            newest, events, more = self.piece(found[-1][0] if found else after)
            found += events
        return newest, found

    def events(self, after=0, credit=1 << 20):
        self.ask(after, credit)
        return self.answer(after)[1]

    def close(self):
        self.socket.close()


class Subscriber:
    """A SUB of the live feed; it knows that it is connected when the first beat has come."""

    def __init__(self, context, folder, topic=b"", queue=1000):
        self.socket = context.socket(zmq.SUB)
        self.socket.linger = 0
        self.socket.rcvhwm = queue
        self.socket.rcvtimeo = GUARD_S * 1000
        self.socket.subscribe(topic)
        self.socket.subscribe(b"beat")
        self.socket.connect(folder.ipc("events.sock"))
        self.wait_for_beat()

    def receive(self):
        topic, number, body = self.socket.recv_multipart()
        return topic.decode(), struct.unpack(">Q", number)[0], body

    def wait_for_beat(self, at_least=0):
        while True:
            topic, number, body = self.receive()
            if topic == "beat" and number >= at_least:
                assert body == b""
                return number

    def events(self, count):
        """The next `count` events: (topic, number, bytes)."""
        found = []
        while len(found) < count:
            message = self.receive()
            if message[0] != "beat":
                found.append(message)
        return found

    def close(self):
        self.socket.close()


class Folder:
    """A data folder and its ziping.yaml."""

    def __init__(self, map_size=1 << 30, **settings):
        self.path = tempfile.mkdtemp(prefix="zp-stack-")
        self.run = os.path.join(self.path, "data", "run")
        self.config = os.path.join(self.path, "ziping.yaml")
        profile = os.path.join(ROOT, "conf", "profiles", "mof-2020.yaml")
        self.write(data_dir=f"{self.path}/data", profiles=[profile], log_level="debug", map_size=map_size,
                   worker={"heartbeat_ms": HEARTBEAT_MS}, notifier={"beat_ms": BEAT_MS}, **settings)

    def write(self, **settings):
        self.settings = settings
        with open(self.config, "w", encoding="utf-8") as out:
            for key, value in settings.items():
                if isinstance(value, dict):
                    out.write(f"{key}:\n" + "".join(f"  {k}: {v}\n" for k, v in value.items()))
                else:
                    out.write(f"{key}: {value}\n")

    def ipc(self, name):
        return "ipc://" + os.path.join(self.run, name)

    def make_run(self):
        os.makedirs(self.run, mode=0o750, exist_ok=True)

    def discard(self):
        shutil.rmtree(self.path)


def hang(*_):
    raise AssertionError(f"nothing happened for {HANG_S} s")


class Case(unittest.TestCase):
    def setUp(self):
        signal.signal(signal.SIGALRM, hang)
        signal.alarm(HANG_S)
        self.addCleanup(signal.alarm, 0)
        self.context = zmq.Context()
        self.addCleanup(self.context.term)
        self.folder = Folder()
        self.addCleanup(self.folder.discard)
        self.folder.make_run()

    def playing(self, actor, *more):
        actor = actor(self.context, self.folder, *more)
        self.addCleanup(actor.close)
        return actor

    def start(self, path, event="ready", **environment):
        program = Program(path, self.folder.config, **environment)
        self.addCleanup(self.check, program)
        return program.wait_for(event)

    def check(self, program):
        program.discard()
        for word in ("Sanitizer", "runtime error", "Assertion"):
            self.assertNotIn(word, program.log())

    def refusal(self, path, *options):
        """Runs a program that is not to start; its one line, and that it exits with 2."""
        ended = subprocess.run([path, "--config", self.folder.config, *options], stdin=subprocess.DEVNULL,
                               capture_output=True, text=True, timeout=GUARD_S, check=False)
        self.assertEqual(ended.returncode, 2, ended.stderr)
        lines = ended.stderr.splitlines()
        self.assertEqual(len(lines), 1, ended.stderr)
        return lines[0]
