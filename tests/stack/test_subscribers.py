"""Subscribers of a real notifier: the installed C library, pyzmq and `ziping tail`, plain and with CURVE.

The library is installed into a folder of its own and its example compiled by what pkg-config says, as a user would.
ZP_FLOW sets how many events flow while subscribers are killed (2000).
"""
import contextlib
import json
import os
import random
import re
import resource
import signal
import shutil
import socket
import stat
import struct
import subprocess
import tempfile
import threading

import msgpack
import zmq

from actors import (BUILD, GUARD_S, NOTIFIER, WORKER, Case, Gateway, Replay, Subscriber, new_id, replayed, sanitizers, str_of,
                    submission)
from service import ZIPING, free_port

FLOW = int(os.environ.get("ZP_FLOW", "2000"))
SEED = 20260101
PAGE = 100


def setUpModule():
    global PREFIX, EXAMPLE
    PREFIX = tempfile.mkdtemp(prefix="zp-prefix-")
    subprocess.run(["cmake", "--install", BUILD, "--prefix", PREFIX, "--component", "subscriber"], check=True,
                   stdout=subprocess.DEVNULL)
    folder, = [path for path, _, files in os.walk(PREFIX) if "Makefile" in files]
    flags = f"-fsanitize={sanitizers()}" if sanitizers() else ""
    subprocess.run(["make", "-s", "-C", folder, f"CFLAGS=-O1 -Wall -Wextra -Werror {flags}",
                    f"LDFLAGS=-Wl,-rpath,{library_folder()}"], check=True, env=pkg_config())
    EXAMPLE = os.path.join(folder, "subscriber")


def tearDownModule():
    shutil.rmtree(PREFIX)


def library_folder():
    return next(path for path, _, files in os.walk(PREFIX) if "libziping_subscriber.a" in files)


def pkg_config():
    return {**os.environ, "PKG_CONFIG_PATH": os.path.join(library_folder(), "pkgconfig")}


class Example:
    """The installed example, which appends to a file what it has not seen yet."""

    def __init__(self, case, *more, publish=None, replay=None, path=None):
        self.case = case
        self.path = path or os.path.join(case.folder.path, f"seen-{id(self)}.ndjson")
        self.arguments = [EXAMPLE, publish or case.folder.ipc("events.sock"), replay or case.folder.ipc("replay.sock"),
                          self.path, *more]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.arguments, stderr=subprocess.PIPE, text=True)
        self.case.addCleanup(self.end)

    def kill(self):
        self.process.kill()
        self.process.communicate()

    def end(self):
        """SIGTERM; the exit code and what it said."""
        if self.process.poll() is None:
            # In this order: a SIGCONT that meets the leak sanitizer's look at the end takes its SIGSTOP away for good.
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(signal.SIGTERM)
        if not self.process.stderr.closed:
            self.said = self.process.communicate(timeout=GUARD_S)[1]
        return self.process.returncode, self.said

    def ids(self):
        """The subjects of the whole lines that the file has."""
        with open(self.path, encoding="utf-8") as file:
            return [json.loads(line)["subject"] for line in file if line.endswith("\n")]

    def wait_for(self, count):
        """Until the file has so many lines; its subjects."""
        while True:
            if os.path.exists(self.path):
                with open(self.path, "rb") as file:
                    if file.read().count(b"\n") >= count:
                        return self.ids()
            if self.process.poll() is not None:
                raise AssertionError(f"the example has ended: {self.end()}")


class SubscribersCase(Case):
    def start_worker(self):
        self.gateway = self.playing(Gateway)
        self.worker = self.start(WORKER)
        self.peer = self.gateway.wait_for_worker()

    def commit(self, count):
        """That many new events; the ids, in order."""
        ids = [new_id() for _ in range(count)]
        for at in range(0, count, PAGE):
            page = [(ident, submission(project=str_of(ident))) for ident in ids[at:at + PAGE]]
            self.gateway.send_jobs(self.peer, *page)
            self.gateway.wait_for_done(*((ident, 1) for ident, _ in page))
        return [str_of(ident) for ident in ids]

    def set_notifier(self, **settings):
        block = {**self.folder.settings["notifier"], **settings}
        self.folder.write(**{**self.folder.settings, "notifier": block})

    def tail(self, *arguments):
        process = subprocess.Popen([ZIPING, "tail", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env={**os.environ, "ZIPING_CONFIG": self.folder.config})
        self.addCleanup(self.end_tail, process)
        return process

    @staticmethod
    def end_tail(process):
        if process.poll() is None:
            process.kill()
        if not process.stdout.closed:
            process.communicate()


class Installed(SubscribersCase):
    def test_the_library_shows_its_functions_and_needs_zeromq_only(self):
        shared = os.path.join(library_folder(), "libziping_subscriber.so")
        dynamic = subprocess.run(["objdump", "-p", shared], capture_output=True, text=True, check=True).stdout
        self.assertIn("libziping_subscriber.so.1", re.findall(r"SONAME +(\S+)", dynamic))
        if not sanitizers():
            needed = {name.split(".so")[0] for name in re.findall(r"NEEDED +(\S+)", dynamic)}
            self.assertLessEqual(needed, {"libzmq", "libc", "libpthread"})
        for option, file in (("-D", shared), ("-g", shared.replace(".so", ".a"))):
            symbols = subprocess.run(["nm", option, "--defined-only", file], capture_output=True, text=True,
                                     check=True).stdout
            names = [line.split()[-1].split("@")[0] for line in symbols.splitlines() if re.search(r" [TDBR] ", line)]
            self.assertIn("ziping_subscriber_next", names)
            strangers = [name for name in names if not name.startswith(("ziping_subscriber_", "__asan", "__odr_asan"))]
            self.assertEqual(strangers, [], file)

    def test_the_header_stands_alone_in_c_and_cpp(self):
        flags = subprocess.run(["pkg-config", "--cflags", "ziping-subscriber"], capture_output=True, text=True, check=True,
                               env=pkg_config()).stdout.split()
        for compiler in (["cc", "-x", "c", "-std=c99"], ["c++", "-x", "c++", "-std=c++11"]):
            subprocess.run([*compiler, "-pedantic-errors", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", *flags,
                            os.path.join(PREFIX, "include", "ziping_subscriber.h")], check=True)

    def test_a_program_may_link_it_statically(self):
        program = os.path.join(self.folder.path, "static")
        flags = [f"-fsanitize={sanitizers()}"] if sanitizers() else []
        subprocess.run(["cc", *flags, f"-I{PREFIX}/include", "-o", program, EXAMPLE + ".c",
                        os.path.join(library_folder(), "libziping_subscriber.a"), "-lzmq", "-lpthread"], check=True)
        self.assertEqual(subprocess.run([program], capture_output=True, check=False).returncode, 2)

    def test_the_example_gets_the_past_and_what_comes(self):
        self.start_worker()
        ids = self.commit(250)
        self.start(NOTIFIER)
        example = Example(self)
        self.assertEqual(example.wait_for(len(ids)), ids)
        ids += self.commit(250)
        self.assertEqual(example.wait_for(len(ids)), ids)
        code, said = example.end()
        self.assertEqual((code, said), (0, ""))


class Faults(SubscribersCase):
    def check_flow(self, fault, *examples):
        """Events flow in a thread of their own while faults come at random; in the end each file has the whole log."""
        dice, ids = random.Random(SEED), []
        flow = threading.Thread(target=lambda: ids.extend(self.commit(FLOW)))
        flow.start()
        while flow.is_alive():
            fault(dice)
            flow.join(dice.random() * 0.2)
        for example in examples:
            self.assertEqual(example.wait_for(FLOW), ids)
            self.assertEqual(example.end(), (0, ""))

    def test_a_subscriber_killed_at_random_ends_with_exactly_the_log(self):
        self.start_worker()
        self.start(NOTIFIER)
        examples = [Example(self) for _ in range(3)]

        def fault(dice):
            victim = dice.choice(examples)
            victim.kill()
            victim.start()
        self.check_flow(fault, *examples)

    def test_a_notifier_killed_at_random_costs_nobody_an_event(self):
        self.start_worker()
        notifiers = [self.start(NOTIFIER)]
        example = Example(self)

        def fault(_):
            notifiers.pop().kill()
            notifiers.append(self.start(NOTIFIER))
        self.check_flow(fault, example)

    def test_the_stuck_change_nothing_for_the_others(self):
        self.set_notifier(queue=200)
        notifier = self.start(NOTIFIER)
        self.start_worker()
        stuck = [Example(self) for _ in range(5)]
        for example in stuck:
            example.process.send_signal(signal.SIGSTOP)
        deaf = [self.context.socket(zmq.SUB) for _ in range(5)]
        for peer in deaf:  # whose queues are full at once
            self.addCleanup(peer.close, 0)
            peer.rcvhwm = 1
            peer.subscribe(b"")
            peer.connect(self.folder.ipc("events.sock"))
        live = self.playing(Subscriber)
        ids, before = [], None
        for _ in range(0, 4000, PAGE):
            first = len(ids) + 1
            ids += self.commit(PAGE)
            numbers = [number for _, number, _ in live.events(PAGE)]
            self.assertEqual(numbers, list(range(first, first + PAGE)))
            before = before or own_memory(notifier)
        if not sanitizers():  # they keep what was freed
            self.assertLess(own_memory(notifier) - before, 8 << 20)
        for example in stuck:
            example.process.send_signal(signal.SIGCONT)
        for example in stuck:
            self.assertEqual(example.wait_for(len(ids)), ids)


def own_memory(program):
    """Bytes that are its own: without the pages of the stores that it maps."""
    with open(f"/proc/{program.process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"RssAnon:\s+(\d+) kB", file.read()).group(1)) << 10


class Encrypted(SubscribersCase):
    def setUp(self):
        super().setUp()
        self.keys = os.path.join(self.folder.path, "keys")
        self.allowed = os.path.join(self.folder.path, "allowed")
        os.makedirs(self.keys)
        os.makedirs(self.allowed)
        self.keygen("service", "audit", "budget", "stranger")
        self.publish, self.replay = (f"tcp://127.0.0.1:{free_port()}" for _ in range(2))
        self.set_notifier(publish=self.publish, replay=self.replay, curve="{secret_key_file: keys/service.secret, "
                          "allowed_keys: allowed}")

    def keygen(self, *names):
        subprocess.run([ZIPING, "keygen", "--dir", self.keys, *names], check=True, stdout=subprocess.DEVNULL)

    def path(self, name):
        return os.path.join(self.keys, name)

    def key(self, name):
        with open(self.path(name), encoding="ascii") as file:
            return file.read().split()[0].encode()

    def allow(self, *names):
        for name in names:
            shutil.copy(self.path(f"{name}.pub"), os.path.join(self.folder.path, "new"))
            os.rename(os.path.join(self.folder.path, "new"), os.path.join(self.allowed, f"{name}.pub"))

    def forbid(self, name):
        os.remove(os.path.join(self.allowed, f"{name}.pub"))

    def example(self, name, server="service"):
        return Example(self, self.path(f"{server}.pub"), self.path(f"{name}.secret"), publish=self.publish,
                       replay=self.replay)

    def encrypted_tail(self, name, *arguments, server="service"):
        return self.tail(*arguments, "--server-key", self.path(f"{server}.pub"), "--key", self.path(f"{name}.secret"))

    def pyzmq(self, kind, name, *endpoints):
        peer = self.context.socket(kind)
        self.addCleanup(peer.close, 0)
        peer.rcvtimeo = GUARD_S * 1000
        peer.curve_serverkey = self.key("service.pub")
        peer.curve_publickey, peer.curve_secretkey = self.key(f"{name}.pub"), self.key(f"{name}.secret")
        if kind == zmq.SUB:
            peer.subscribe(b"")
        for endpoint in endpoints:
            peer.connect(endpoint)
        return peer

    def test_who_is_listed_gets_everything(self):
        self.allow("audit", "budget")
        notifier = self.start(NOTIFIER)
        self.assertIn("curve=on", notifier.log())
        self.start_worker()
        live = self.pyzmq(zmq.SUB, "audit", self.publish)
        self.assertEqual(live.recv_multipart()[0], b"beat")
        ids = self.commit(5)
        numbers = []
        while len(numbers) < 5:
            topic, number, _ = live.recv_multipart()
            numbers += [number] if topic != b"beat" else []
        replay = self.pyzmq(zmq.DEALER, "audit", self.replay)
        replay.send_multipart([b"AFTER", bytes(8), (1 << 20).to_bytes(4, "big")])
        events = replayed(replay.recv_multipart()[5])
        self.assertEqual([struct.pack(">Q", number) for number, _ in events], numbers)
        self.assertEqual([msgpack.unpackb(frozen)["subject"] for _, frozen in events], ids)
        self.assertEqual(self.example("budget").wait_for(5), ids)
        tail = self.encrypted_tail("audit", "--after", "0", "--count", "5")
        out, err = tail.communicate(timeout=GUARD_S)
        self.assertEqual([json.loads(line)["subject"] for line in out.splitlines()], ids, err)
        self.assertEqual({name for name in re.findall(r'admitted .* name="(\w+)"', notifier.log())}, {"audit", "budget"})

    def test_a_tail_finds_its_keys_in_the_settings(self):
        self.allow("audit")
        self.folder.write(**{**self.folder.settings, "subscriber": {"server_key_file": "keys/service.pub",
                                                                    "key_file": "keys/audit.secret"}})
        self.start(NOTIFIER)
        self.start_worker()
        self.commit(2)
        out, err = self.tail("--after", "0", "--count", "2").communicate(timeout=GUARD_S)
        self.assertEqual(len(out.splitlines()), 2, err)

    def test_who_is_not_listed_is_told_so_logged_and_counted(self):
        self.allow("audit")
        notifier = self.start(NOTIFIER)
        tail = self.encrypted_tail("stranger")
        err = tail.communicate(timeout=GUARD_S)[1]
        self.assertEqual(tail.returncode, 3, err)
        self.assertIn("does not list this key", err)
        notifier.wait_for("denied")
        self.assertIn("key=" + self.key("stranger.pub").decode(), notifier.log())
        stranger = self.pyzmq(zmq.SUB, "stranger", self.publish)
        self.assertEqual(self.pyzmq(zmq.SUB, "audit", self.publish).recv_multipart()[0], b"beat")
        notifier.wait_for("denied", count=3)
        self.assertFalse(stranger.poll(0))
        notifier.stop()
        self.assertGreaterEqual(int(re.findall(r" tally .* denied=(\d+)", notifier.log())[-1]), 2)

    def test_a_crowd_of_strangers_does_not_fill_the_log(self):
        notifier = self.start(NOTIFIER)  # nobody is listed
        for _ in range(40):
            stranger = self.pyzmq(zmq.DEALER, "stranger")
            monitor = stranger.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH)
            monitor.rcvtimeo = GUARD_S * 1000
            stranger.connect(self.replay)
            monitor.recv_multipart()
            stranger.disable_monitor()
            monitor.close(0)
        notifier.stop()
        self.assertLessEqual(sum(" denied " in line for line in notifier.lines if line), 20)
        self.assertGreaterEqual(int(re.findall(r" tally .* denied=(\d+)", notifier.log())[-1]), 40)

    def test_strangers_that_take_every_descriptor_have_them_for_moments(self):
        """They are dropped when they have not proved a key in time; whoever is in goes on, and others get in after them."""
        self.allow("audit", "budget")
        notifier = self.start(NOTIFIER)
        self.start_worker()
        inside = self.example("audit")
        ids = self.commit(3)
        inside.wait_for(3)
        taken = len(os.listdir(f"/proc/{notifier.process.pid}/fd"))
        resource.prlimit(notifier.process.pid, resource.RLIMIT_NOFILE, (taken + 20, taken + 20))
        strangers = []
        for endpoint in (self.publish, self.replay) * 30:
            peer = socket.create_connection(("127.0.0.1", int(endpoint.rpartition(":")[2])))
            self.addCleanup(peer.close)
            peer.settimeout(GUARD_S)
            strangers.append(peer)
        while len(os.listdir(f"/proc/{notifier.process.pid}/fd")) < taken + 20:
            pass
        ids += self.commit(3)
        self.assertEqual(inside.wait_for(6), ids)
        self.assertEqual(self.example("budget").wait_for(6), ids)
        for peer in strangers:
            with contextlib.suppress(ConnectionResetError):
                while peer.recv(4096):
                    pass
        self.assertEqual(notifier.stop(), 0)

    def test_a_wrong_server_key_or_none_is_told(self):
        self.allow("audit")
        self.start(NOTIFIER)
        for tail in (self.encrypted_tail("audit", server="budget"), self.tail()):
            err = tail.communicate(timeout=GUARD_S)[1]
            self.assertEqual(tail.returncode, 3, err)
            self.assertIn("check its server key", err)

    def test_an_encrypted_client_of_a_plain_service_is_told(self):
        self.folder.write(**{**self.folder.settings, "notifier": {"publish": self.publish, "replay": self.replay}})
        self.start(NOTIFIER)
        tail = self.encrypted_tail("audit")
        err = tail.communicate(timeout=GUARD_S)[1]
        self.assertEqual(tail.returncode, 3, err)
        self.assertIn("both sides use CURVE", err)

    def test_the_list_changes_while_it_runs(self):
        self.allow("audit")
        notifier = self.start(NOTIFIER)
        self.start_worker()
        ids = self.commit(3)
        early, steady = self.example("budget"), self.example("audit")
        self.assertEqual(steady.wait_for(3), ids)
        notifier.wait_for("denied")
        self.allow("budget")
        self.assertEqual(early.wait_for(3), ids)
        budget = self.encrypted_tail("budget", "--after", "0")
        for ident in ids:
            self.assertEqual(json.loads(budget.stdout.readline())["subject"], ident)
        self.forbid("budget")
        notifier.wait_for("doors-renewed")
        err = budget.communicate(timeout=GUARD_S)[1]
        self.assertEqual(budget.returncode, 3, err)
        self.assertIn("does not list this key", err)
        ids += self.commit(3)
        self.assertEqual(steady.wait_for(6), ids)
        self.assertEqual(early.ids(), ids[:3])
        code, said = early.end()
        self.assertEqual(code, 0)
        self.assertIn("trying on", said)

    def test_a_broken_list_changes_nothing_and_sighup_reads_it(self):
        self.allow("audit")
        notifier = self.start(NOTIFIER)
        with open(os.path.join(self.allowed, "broken.pub"), "w", encoding="ascii") as file:
            file.write("this is no key\n")
        notifier.wait_for("keys-not-read")
        self.assertIn("broken.pub:1: is not a key", notifier.log())
        self.assertEqual(self.pyzmq(zmq.SUB, "audit", self.publish).recv_multipart()[0], b"beat")
        os.remove(os.path.join(self.allowed, "broken.pub"))
        self.allow("budget")
        notifier.process.send_signal(signal.SIGHUP)
        notifier.wait_for("reading-keys")
        self.assertEqual(self.pyzmq(zmq.SUB, "budget", self.publish).recv_multipart()[0], b"beat")
        self.assertEqual(notifier.stop(), 0)

    def test_whatever_lies_in_the_folder_a_withdrawn_key_is_turned_out(self):
        self.allow("audit", "budget")
        notifier = self.start(NOTIFIER)
        audit, budget = (self.pyzmq(zmq.SUB, name, self.publish) for name in ("audit", "budget"))
        for subscriber in (audit, budget):
            self.assertEqual(subscriber.recv_multipart()[0], b"beat")
        with open(os.path.join(self.allowed, "half-written.pub"), "w", encoding="ascii") as file:
            file.write("no key")
        self.forbid("audit")
        notifier.wait_for("doors-renewed")
        with self.pyzmq(zmq.SUB, "budget", self.publish) as again:
            self.assertEqual(again.recv_multipart()[0], b"beat")
        shutil.rmtree(self.allowed)
        notifier.wait_for("doors-renewed", 2)
        self.assertIn("in_force=0", notifier.log())
        self.assertEqual(notifier.stop(), 0)

    def test_one_file_may_list_them_and_ipc_may_be_encrypted_too(self):
        path = os.path.join(self.folder.path, "allowed.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"# who may\n\n  {self.key('audit.pub').decode()}\t审计 office  \r\n{self.key('budget.pub').decode()}")
        self.folder.write(**{**self.folder.settings, "notifier": {"beat_ms": 50, "curve": "{secret_key_file: "
                             "keys/service.secret, allowed_keys: allowed.txt}"}})
        notifier = self.start(NOTIFIER)
        publish = self.folder.ipc("events.sock")
        steady = self.pyzmq(zmq.SUB, "audit", publish)
        self.assertEqual(steady.recv_multipart()[0], b"beat")
        self.assertEqual(self.pyzmq(zmq.SUB, "budget", publish).recv_multipart()[0], b"beat")
        self.assertIn('name="审计 office"', notifier.log())
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(self.key("audit.pub").decode())
        os.rename(path + ".new", path)
        notifier.wait_for("doors-renewed")
        while steady.poll(0):
            steady.recv_multipart()
        self.assertEqual(steady.recv_multipart()[0], b"beat")
        self.assertEqual(stat.S_IMODE(os.stat(publish.removeprefix("ipc://")).st_mode), 0o660)

    def test_mistakes_with_keys_are_one_line(self):
        self.allow("audit")
        os.chmod(self.path("service.secret"), 0o644)
        self.assertIn("chmod 600", self.refusal(NOTIFIER))
        os.chmod(self.path("service.secret"), 0o640)
        shutil.rmtree(self.allowed)
        self.assertIn("name a file of public keys", self.refusal(NOTIFIER))
        os.makedirs(self.allowed)
        os.remove(self.path("service.secret"))
        self.assertIn("keys/service.secret", self.refusal(NOTIFIER, "--check"))

    def test_keygen_keeps_secrets_and_writes_over_nothing(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.path("audit.secret")).st_mode), 0o600)
        before = self.key("audit.secret")
        for name in ("audit", "../audit", ".hidden", "", "x" * 64):
            again = subprocess.run([ZIPING, "keygen", "--dir", self.keys, name], capture_output=True, text=True, check=False)
            self.assertEqual(again.returncode, 2, name)
        self.assertEqual(self.key("audit.secret"), before)
        os.remove(self.path("audit.secret"))  # half a pair is no reason to lose the other half
        again = subprocess.run([ZIPING, "keygen", "--dir", self.keys, "audit"], capture_output=True, text=True, check=False)
        self.assertEqual(again.returncode, 2)
        self.assertFalse(os.path.exists(self.path("audit.secret")))


class Exposure(SubscribersCase):
    def test_plain_events_do_not_leave_the_machine_unasked(self):
        for address in ("0.0.0.0", "*", "[::]", "192.0.2.1", "eth0"):
            for name in ("publish", "replay"):
                self.folder.write(**{**self.folder.settings, "notifier": {name: f'"tcp://{address}:7301"'}})
                for options in ((), ("--check",)):
                    self.assertIn("unencrypted", self.refusal(NOTIFIER, *options))
        port = free_port()
        for settings in ({"publish": f"tcp://127.0.0.1:{port}"}, {"publish": f"tcp://0.0.0.0:{port}", "allow_plain": "true"}):
            self.folder.write(**{**self.folder.settings, "notifier": settings})
            self.assertEqual(self.start(NOTIFIER).stop(), 0)

    def test_what_does_not_speak_zeromq_is_dropped_and_the_others_go_on(self):
        port = free_port()
        self.set_notifier(publish=f"tcp://127.0.0.1:{port}")
        self.start(NOTIFIER)
        idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(50)]
        for peer in idle:
            self.addCleanup(peer.close)
            peer.settimeout(GUARD_S)
        live = self.context.socket(zmq.SUB)
        self.addCleanup(live.close, 0)
        live.rcvtimeo = GUARD_S * 1000
        live.subscribe(b"beat")
        live.connect(f"tcp://127.0.0.1:{port}")
        self.assertEqual(live.recv_multipart()[0], b"beat")
        for peer in idle:
            while peer.recv(4096):  # until the notifier closes, its patience with handshakes over
                pass
