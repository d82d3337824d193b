"""ziping-notifier as subscribers see it: every event in order and without gaps, and what was missed by number.

Events come from a real worker, which the test feeds in the gateway's place.
"""
import contextlib
import fcntl
import itertools
import json
import os
import resource
import selectors
import signal
import socket
import stat
import struct
import subprocess
import threading
import unittest

import msgpack
import zmq

from actors import BUILD, GUARD_S, NOTIFIER, WORKER, Case, Gateway, Replay, Subscriber, new_id, sanitizers, str_of, submission
from service import free_port

ENDPOINTS = ("events.sock", "replay.sock", "poke.sock")
PIECE = 256 * 1024


class NotifierCase(Case):
    def start_worker(self):
        self.gateway = self.playing(Gateway)
        self.worker = self.start(WORKER)
        self.peer = self.gateway.wait_for_worker()

    def commit(self, count, **more):
        """That many new events; the ids, in order."""
        ids = [new_id() for _ in range(count)]
        jobs = [(ident, submission(project=str_of(ident), **more)) for ident in ids]
        for at in range(0, count, 100):
            self.gateway.send_jobs(self.peer, *jobs[at:at + 100])
            self.gateway.wait_for_done(*((ident, 1) for ident, _ in jobs[at:at + 100]))
        return ids

    def raw(self, endpoint):
        peer = socket.socket(socket.AF_UNIX)
        self.addCleanup(peer.close)
        peer.settimeout(GUARD_S)
        peer.connect(os.path.join(self.folder.run, endpoint))
        return peer


class Publishing(NotifierCase):
    def test_events_come_in_order_without_gaps(self):
        self.start(NOTIFIER)
        live = self.playing(Subscriber)
        self.start_worker()
        ids = self.commit(300)
        events = live.events(len(ids))
        self.assertEqual([number for _, number, _ in events], list(range(1, len(ids) + 1)))
        self.assertEqual([msgpack.unpackb(frozen)["subject"] for _, _, frozen in events], [str_of(ident) for ident in ids])
        for topic, _, frozen in events:
            data = msgpack.unpackb(frozen)["data"]
            self.assertEqual(topic, f"scored/2022/{data['unit']}/{data['grade']}/{data['outcome']}")

    def test_a_topic_prefix_selects(self):
        self.start(NOTIFIER)
        live = self.playing(Subscriber, b"failed/")
        self.start_worker()
        self.commit(3)
        bad = new_id()
        self.gateway.send_jobs(self.peer, (bad, b"\xc1"))
        (topic, number, frozen), = live.events(1)
        self.assertEqual((topic.split("/")[0], number, msgpack.unpackb(frozen)["subject"]), ("failed", 4, str_of(bad)))

    def test_what_is_published_and_what_is_replayed_are_the_same_bytes(self):
        self.start(NOTIFIER)
        live, replay = self.playing(Subscriber), self.playing(Replay)
        self.start_worker()
        self.commit(20)
        published = [(number, frozen) for _, number, frozen in live.events(20)]
        self.assertEqual(replay.events(after=0), published)
        self.assertEqual(replay.events(after=13), published[13:])

    def test_beats_carry_the_newest_number(self):
        self.start(NOTIFIER)
        live = self.playing(Subscriber)
        self.assertEqual(live.wait_for_beat(), 0)
        self.start_worker()
        self.commit(5)
        self.assertEqual(live.wait_for_beat(at_least=5), 5)

    def test_a_poke_is_not_needed(self):
        self.start_worker()
        first = self.start(NOTIFIER)
        poke = self.context.socket(zmq.PULL)
        self.addCleanup(poke.close)
        os.remove(os.path.join(self.folder.run, "poke.sock"))
        poke.bind(self.folder.ipc("poke.sock"))  # whatever the worker's PUSH reaches from now on is not the notifier
        live = self.playing(Subscriber)
        self.commit(3)
        self.assertEqual([number for _, number, _ in live.events(3)], [1, 2, 3])
        self.assertEqual(first.stop(), 0)

    def test_after_a_restart_it_goes_on_and_the_past_is_replayed(self):
        first = self.start(NOTIFIER)
        live = self.playing(Subscriber)
        self.start_worker()
        self.commit(5)
        published = [(number, frozen) for _, number, frozen in live.events(5)]
        first.kill()
        self.commit(5)
        self.assertIn("position=10", self.start(NOTIFIER).log())
        again, replay = self.playing(Subscriber), self.playing(Replay)
        self.commit(5)
        self.assertEqual([number for _, number, _ in again.events(5)], [11, 12, 13, 14, 15])
        everything = replay.events()
        self.assertEqual([number for number, _ in everything], list(range(1, 16)))
        self.assertEqual(everything[:5], published)

    def test_a_subscriber_that_does_not_read_misses_events_and_nobody_waits_for_it(self):
        self.folder.write(**{**self.folder.settings, "notifier": {"beat_ms": 100, "queue": 500}})
        self.start(NOTIFIER)
        live, lazy, replay = self.playing(Subscriber), self.playing(Subscriber, b"", 1), self.playing(Replay)
        self.start_worker()
        for n in range(0, 4000, 100):
            self.commit(100)
            self.assertEqual([number for _, number, _ in live.events(100)], list(range(n + 1, n + 101)))
        last, gap = 0, None
        while not gap:
            topic, number, _ = lazy.receive()
            gap = (last, number) if number > last + 1 else None
            last = max(last, number)
        self.assertEqual(replay.events(after=gap[0], credit=1)[0][0], gap[0] + 1)


class Replaying(NotifierCase):
    def test_an_answer_has_at_most_what_was_asked_for(self):
        self.start(NOTIFIER)
        replay = self.playing(Replay)
        self.start_worker()
        self.commit(10)
        sizes = [15 + len(frozen) for _, frozen in replay.events()]
        for credit, wanted in ((1, [3]), (sizes[2], [3]), (sum(sizes[2:5]) - 1, [3, 4]), (sum(sizes[2:5]), [3, 4, 5]),
                               (2 ** 32 - 1, [3, 4, 5, 6, 7, 8, 9, 10])):
            self.assertEqual([number for number, _ in replay.events(after=2, credit=credit)], wanted, credit)
        for after, credit in ((10, 5), (11, 5), (2 ** 64 - 1, 5), (3, 0)):
            replay.ask(after, credit)
            self.assertEqual(replay.answer(after), (10, []))

    def test_answers_come_in_pieces_that_follow_each_other_to_the_end(self):
        self.start(NOTIFIER)
        replay = self.playing(Replay)
        self.start_worker()
        ids = self.commit(2300)
        seen, pieces, newest = [], 0, 1
        while len(seen) < newest:
            replay.ask(len(seen), 1 << 20)
            bought, more = 0, True
            while more:
                newest, events, more = replay.piece(len(seen))
                size = sum(15 + len(frozen) for _, frozen in events)
                self.assertLessEqual(size, PIECE)
                self.assertTrue(size > PIECE - 4096 or not more, "a message that others follow is a full one")
                bought += size
                seen += events
                pieces += 1
            self.assertLessEqual(bought, 1 << 20)
        self.assertGreaterEqual(pieces, 5)
        self.assertEqual([number for number, _ in seen], list(range(1, len(ids) + 1)))
        self.assertEqual([msgpack.unpackb(frozen)["subject"] for _, frozen in seen], [str_of(ident) for ident in ids])

    def test_who_wants_the_whole_log_delays_nobody_elses_answer(self):
        self.start(NOTIFIER)
        greedy = [self.playing(Replay) for _ in range(20)]  # more than are served at once
        quick = self.playing(Replay)
        self.start_worker()
        ids = self.commit(3000)
        for asker in greedy:
            asker.ask(0, 2 ** 32 - 1)
        self.assertEqual(len(quick.events(after=2999)), 1)
        for asker in greedy:
            newest, events = asker.answer()
            self.assertEqual((newest, [number for number, _ in events]), (3000, list(range(1, len(ids) + 1))))

    def test_an_asker_that_does_not_read_is_dropped_and_the_others_are_served(self):
        notifier = self.start(NOTIFIER)
        replay, lazy = self.playing(Replay), self.context.socket(zmq.DEALER)
        self.addCleanup(lazy.close, 0)
        lazy.rcvhwm = 1
        lazy.connect(self.folder.ipc("replay.sock"))
        self.start_worker()
        self.commit(1000)
        for _ in range(200):
            lazy.send_multipart([b"AFTER", bytes(8), struct.pack(">I", 1 << 20)])
        self.assertEqual(len(replay.events()), 1000)
        while not dropped(notifier):  # the tally is logged at the end at the latest
            self.assertEqual(len(replay.events(credit=1)), 1)
            if notifier.process.poll() is None:
                notifier.stop()
                break
        self.assertGreater(dropped(notifier), 0)


def dropped(notifier):
    found = [line.split("dropped=")[1].split()[0] for line in notifier.lines if line and " tally " in line]
    return int(found[-1]) if found else 0


def resident(program):
    """Bytes of memory."""
    with open(f"/proc/{program.process.pid}/statm", encoding="ascii") as source:
        return int(source.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Hostility(NotifierCase):
    def assert_serves(self, live, replay):
        before = len(replay.events())
        self.commit(3)
        self.assertEqual([number for _, number, _ in live.events(3)], [before + 1, before + 2, before + 3])
        self.assertEqual(len(replay.events()), before + 3)

    def test_malformed_requests_are_answered_with_an_error(self):
        self.start(NOTIFIER)
        live, replay = self.playing(Subscriber), self.playing(Replay)
        self.start_worker()
        eight, four = bytes(8), bytes(4)
        for frames in ([b""], [b"AFTER"], [b"AFTER", eight], [b"AFTER", eight, four, b""], [b"AFTER", four, four],
                       [b"AFTER", eight, eight], [b"BEFORE", eight, four], [b"", b"AFTER", eight, four],
                       [os.urandom(200)], [b"x"] * 500):
            replay.socket.send_multipart(frames)
            kind, text = replay.socket.recv_multipart()
            self.assertEqual(kind, b"ERROR", frames)
            self.assertIn(b"AFTER", text)
        self.assert_serves(live, replay)

    def test_garbage_pokes_and_subscriptions_change_nothing(self):
        self.start(NOTIFIER)
        live, replay = self.playing(Subscriber), self.playing(Replay)
        poke, noise = self.context.socket(zmq.PUSH), self.context.socket(zmq.XSUB)
        for peer in (poke, noise):
            self.addCleanup(peer.close, 0)
        poke.connect(self.folder.ipc("poke.sock"))
        noise.connect(self.folder.ipc("events.sock"))
        for body in (b"", b"x", bytes(8), b"\xff" * 8, os.urandom(400), os.urandom(100000)):
            poke.send(body)
            poke.send_multipart([body, body])
            noise.send(body)
            noise.send(b"\x01" + body)
        self.start_worker()
        self.assert_serves(live, replay)

    def test_a_subscriber_may_choose_among_many_topics(self):
        self.start(NOTIFIER)
        live = self.playing(Subscriber, b"failed/")
        for number in range(800):
            live.socket.subscribe(b"scored/2022/%04d/" % number)
        live.socket.subscribe("scored/2022/上海".encode())
        live.wait_for_beat()
        self.start_worker()
        self.commit(1)
        self.assertEqual(live.events(1)[0][1], 1)

    def greeted(self, peer, kind):
        """The connection behind ZMTP's handshake (NULL), as a socket of that kind."""
        ready = b"\x05READY\x0bSocket-Type" + struct.pack(">I", len(kind)) + kind
        peer.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(48) + bytes([4, len(ready)]) + ready)
        heard = b""
        while b"READY" not in heard:
            heard += peer.recv(4096)
        return peer

    def hang_up_in_the_middle(self, connect, kind, body):
        """More than the socket takes in at once, a PING that libzmq has read and not looked at, and an end."""
        for count in [20, 200, 1000] * 10:
            peer = self.greeted(connect(), kind)
            with contextlib.suppress(OSError):
                peer.sendall((bytes([0, len(body)]) + body) * count + b"\x04\x07\x04PING\x00\x00")
            if peer.family != socket.AF_UNIX:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
            peer.close()

    def test_peers_that_hang_up_in_the_middle_end_nothing(self):
        ports = [free_port() for _ in range(2)]
        tcp = {name: f"tcp://127.0.0.1:{port}" for name, port in zip(("publish", "replay"), ports)}
        notifier = self.start(NOTIFIER)
        for endpoint, kind, body in (("events.sock", b"SUB", b"\x01abc"), ("replay.sock", b"DEALER", b"x"),
                                     ("poke.sock", b"PUSH", bytes(8))):
            self.hang_up_in_the_middle(lambda: self.raw(endpoint), kind, body)
        live, replay = self.playing(Subscriber), self.playing(Replay)
        self.start_worker()
        self.assert_serves(live, replay)
        self.assertEqual(notifier.stop(), 0)
        self.folder.write(**{**self.folder.settings, "notifier": tcp})
        notifier = self.start(NOTIFIER)
        for port, kind, body in zip(ports, (b"SUB", b"DEALER"), (b"\x01abc", b"x")):
            self.hang_up_in_the_middle(lambda: socket.create_connection(("127.0.0.1", port)), kind, body)
        self.assertEqual(notifier.stop(), 0)

    def subscribe_until_cut_off(self, peers):
        """All of them at once, each as quickly as it is read, until none is left."""
        numbers = itertools.count()
        ready = selectors.DefaultSelector()
        for peer in peers:
            peer.setblocking(False)
            ready.register(peer, selectors.EVENT_WRITE, b"")
        while ready.get_map():
            writable = ready.select(GUARD_S)
            self.assertTrue(writable, "neither read nor cut off")
            for key, _ in writable:
                rest = key.data or b"".join(b"\x02" + (405).to_bytes(8, "big") + b"\x01" + next(numbers).to_bytes(4, "big") +
                                            bytes(400) for _ in range(100))
                try:
                    ready.modify(key.fileobj, selectors.EVENT_WRITE, rest[key.fileobj.send(rest):])
                except BlockingIOError:
                    pass
                except OSError:
                    ready.unregister(key.fileobj)

    def test_who_subscribes_without_end_is_cut_off_and_fills_no_memory(self):
        # AddressSanitizer would keep 256 MB of what was freed, as much as is allowed below.
        asan = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=8")))
        notifier = self.start(NOTIFIER, ASAN_OPTIONS=asan)
        live, replay = self.playing(Subscriber), self.playing(Replay)
        before = resident(notifier)
        for size in (8, 450):
            noise = self.context.socket(zmq.XSUB)
            self.addCleanup(noise.close, 0)
            noise.sndhwm = 0  # it would drop what it cannot send
            noise.connect(self.folder.ipc("events.sock"))
            monitor = noise.get_monitor_socket(zmq.EVENT_DISCONNECTED)
            self.addCleanup(monitor.close)
            for number in range(5000):
                noise.send(b"\x01" + number.to_bytes(8, "big") + bytes(size))
            self.assertTrue(monitor.poll(GUARD_S * 1000), "the connection has ended")
            noise.disable_monitor()
        for crowd in (1, 24):  # a node for each of these bytes would be some 10 GB for one alone
            self.subscribe_until_cut_off([self.greeted(self.raw("events.sock"), b"SUB") for _ in range(crowd)])
        notifier.wait_for("subscriber-cut-off", 5)
        shadows = 4 if "thread" in sanitizers() else 1  # what that one keeps for each byte
        self.assertLess(resident(notifier) - before, shadows * 256 << 20)
        self.start_worker()
        self.assert_serves(live, replay)

    def test_peers_that_do_not_speak_zeromq_change_nothing(self):
        self.start(NOTIFIER)
        live, replay = self.playing(Subscriber), self.playing(Replay)
        self.start_worker()
        greeting = b"\xff" + bytes(8) + b"\x7f"
        for endpoint in ENDPOINTS:
            for noise in (b"", b"GET / HTTP/1.1\r\n\r\n", os.urandom(4096), greeting, greeting + os.urandom(200),
                          greeting + b"\x03\x00NULL" + bytes(48) + b"\x02" + b"\xff" * 8 + b"x",
                          b"\x01\x00" * 500, b"\x00" * 1000):
                peer = self.raw(endpoint)
                try:
                    peer.sendall(noise)
                    peer.shutdown(socket.SHUT_WR)
                except (BrokenPipeError, ConnectionResetError, OSError):
                    pass
        self.assert_serves(live, replay)


class Programs(NotifierCase):
    def tail(self):
        """`ziping tail` from the first event on."""
        tail = subprocess.Popen([os.path.join(BUILD, "common", "cli", "ziping"), "tail", "--after", "0", "--config",
                                 self.folder.config], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (tail.kill(), tail.communicate()))
        return tail

    def test_notifiers_that_end_during_handshakes_are_waited_for(self):
        self.folder.make_run()
        tail = self.tail()
        for endpoint in ("events.sock", "replay.sock"):
            with socket.socket(socket.AF_UNIX) as ends:
                ends.bind(os.path.join(self.folder.run, endpoint))
                ends.listen()
                ends.settimeout(GUARD_S)
                for _ in range(4):
                    ends.accept()[0].close()
        self.start(NOTIFIER)
        self.start_worker()
        self.commit(1)
        self.assertEqual(json.loads(tail.stdout.readline())["id"], "1")

    def test_one_that_has_not_read_for_long_survives_the_notifiers_end(self):
        """And goes on where it was. What is in libzmq's queues must not end it meanwhile."""
        notifier = self.start(NOTIFIER)
        self.start_worker()
        tail = self.tail()
        self.commit(1)
        self.assertEqual(json.loads(tail.stdout.readline())["id"], "1")
        live = self.playing(Subscriber)
        for _ in range(30):
            self.commit(100)
            live.events(100)
        notifier.kill()
        self.start(NOTIFIER)
        live = self.playing(Subscriber)
        for _ in range(60):  # longer than any timer of a connection
            live.wait_for_beat()
        self.commit(1)
        self.assertEqual([json.loads(tail.stdout.readline())["id"] for _ in range(3001)],
                         [str(number) for number in range(2, 3003)])


class StartAndEnd(NotifierCase):
    def test_it_takes_as_many_descriptors_as_it_may(self):
        """libzmq would end the process with those of the usual soft limit."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
        try:
            notifier = self.start(NOTIFIER)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        many = [self.playing(Subscriber) for _ in range(80)]  # each has heard a beat
        self.start_worker()
        self.commit(1)
        for subscriber in many:
            self.assertEqual([number for _, number, _ in subscriber.events(1)], [1])
        self.assertEqual(notifier.stop(), 0)

    def test_a_hangup_changes_nothing(self):
        notifier = self.start(NOTIFIER)
        live = self.playing(Subscriber)
        self.start_worker()
        for program in (notifier, self.worker):
            program.process.send_signal(signal.SIGHUP)
        self.commit(2)
        self.assertEqual([number for _, number, _ in live.events(2)], [1, 2])
        self.assertEqual((self.worker.stop(), notifier.stop()), (0, 0))

    def test_a_second_notifier_is_refused_and_the_first_stays(self):
        self.start(NOTIFIER)
        live, replay = self.playing(Subscriber), self.playing(Replay)
        line = self.refusal(NOTIFIER)
        self.assertTrue(line.startswith("ziping-notifier: ipc://"), line)
        self.start_worker()
        self.commit(2)
        self.assertEqual([number for _, number, _ in live.events(2)], [1, 2])
        self.assertEqual(len(replay.events()), 2)

    def test_an_endpoint_that_someone_else_has_is_not_taken_over(self):
        for name in ENDPOINTS:
            for leftover in os.listdir(self.folder.run):
                os.remove(os.path.join(self.folder.run, leftover))
            path = os.path.join(self.folder.run, name)
            with socket.socket(socket.AF_UNIX) as owner:
                owner.bind(path)
                owner.listen()
                self.assertIn(path, self.refusal(NOTIFIER))
                with socket.socket(socket.AF_UNIX) as friend:
                    friend.connect(path)
                    owner.settimeout(GUARD_S)
                    for _ in ("the refused notifier's look", "the friend"):
                        owner.accept()[0].close()

    def test_of_two_that_start_at_once_one_is_refused(self):
        for name in ENDPOINTS:
            path = os.path.join(self.folder.run, name)
            with open(f"{path}.lock", "w", encoding="utf-8") as other:  # has looked, and is about to bind
                fcntl.flock(other, fcntl.LOCK_EX)
                self.assertIn(path, self.refusal(NOTIFIER))
        self.start(NOTIFIER)

    def test_a_file_in_the_way_is_not_removed(self):
        path = os.path.join(self.folder.run, "events.sock")
        with open(path, "w", encoding="utf-8") as out:
            out.write("mine")
        self.assertIn(path, self.refusal(NOTIFIER))
        with open(path, encoding="utf-8") as kept:
            self.assertEqual(kept.read(), "mine")

    def test_a_killed_notifiers_sockets_are_no_obstacle(self):
        self.start(NOTIFIER).kill()
        self.assertTrue(os.path.exists(os.path.join(self.folder.run, "events.sock")))
        self.start(NOTIFIER)
        self.playing(Subscriber)

    def test_strangers_cannot_connect(self):
        before = os.umask(0)
        try:
            self.start(NOTIFIER)
        finally:
            os.umask(before)
        for name in ENDPOINTS:
            mode = stat.S_IMODE(os.stat(os.path.join(self.folder.run, name)).st_mode)
            self.assertEqual(mode & 0o117, 0, f"{name} {mode:o}")

    def test_it_starts_before_anything_else_and_makes_its_folders(self):
        os.rmdir(self.folder.run)
        os.rmdir(os.path.dirname(self.folder.run))
        notifier = self.start(NOTIFIER)
        self.assertEqual(stat.S_IMODE(os.stat(self.folder.run).st_mode) & 0o027, 0)
        self.assertEqual(self.playing(Replay).events(), [])
        self.assertEqual(notifier.stop(), 0)

    def test_mistakes_in_the_settings_are_one_line(self):
        good = dict(self.folder.settings)
        for wrong in ({"no_such_setting": 1}, {"notifier": {"publish": "nonsense"}},
                      {"notifier": {"replay": "ipc:///nonexistent-folder/replay.sock"}},
                      {"notifier": {"publish": "ipc:///" + "x" * 120}}):
            self.folder.write(**{**good, **wrong})
            self.assertTrue(self.refusal(NOTIFIER).startswith("ziping-notifier: "))

    def test_a_tcp_endpoint_can_be_had_and_is_not_shared(self):
        with socket.socket() as owner:
            owner.bind(("127.0.0.1", 0))
            owner.listen()
            port = owner.getsockname()[1]
            self.folder.write(**{**self.folder.settings, "notifier": {"publish": f"tcp://127.0.0.1:{port}"}})
            self.assertIn(str(port), self.refusal(NOTIFIER))

    def test_sigterm_ends_it_while_it_is_busy(self):
        notifier = self.start(NOTIFIER)
        self.start_worker()
        asking = threading.Thread(target=self.ask_for_ever, args=(notifier,))
        asking.start()
        self.addCleanup(asking.join)
        self.commit(200)
        self.assertEqual(notifier.stop(), 0)

    def ask_for_ever(self, notifier):
        with self.context.socket(zmq.DEALER) as asker:
            asker.linger = 0
            asker.connect(self.folder.ipc("replay.sock"))
            while notifier.process.poll() is None:
                events = asker.poll(10, zmq.POLLIN | zmq.POLLOUT)
                if events & zmq.POLLIN:
                    asker.recv_multipart()
                if events & zmq.POLLOUT:
                    asker.send_multipart([b"AFTER", bytes(8), struct.pack(">I", 1 << 20)])


if __name__ == "__main__":
    unittest.main()
