"""The gateway's side of the dispatch protocol, against workers that are slow, silent, wrong or dead.

Needs Debian's python3-zmq and python3-msgpack.
"""
import json
import os
import unittest

import lmdb
import msgpack
import zmq

import fcgi_client as fcgi
from gateway_process import JSON, Case, form

READY, DONE, BYE, JOBS, BEAT, FELL = range(1, 7)
SCORE, FAIL = 0, 1


class Worker:
    """A worker that says only what the test tells it to."""

    def __init__(self, gateway):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(f"ipc://{gateway.folder}/data/run/dispatch.sock")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def say(self, *message):
        self.socket.send(msgpack.packb([1, *message]))

    def ready(self, credit):
        self.say(READY, credit)

    def done(self, *jobs):
        self.say(DONE, [[job[0], job[1]] for job in jobs])

    def hear(self):
        if not self.socket.poll(fcgi.TIMEOUT_S * 1000):
            raise TimeoutError("the gateway says nothing")
        version, *message = msgpack.unpackb(self.socket.recv())
        assert version == 1
        return message

    def jobs(self, credit=None):
        """The next jobs: [id, attempt, mode, submission]. With a credit: keeps the heart beating meanwhile."""
        while True:
            if credit is not None and not self.socket.poll(100):
                self.ready(credit)
                continue
            kind, *rest = self.hear()
            if kind == JOBS:
                return rest[0]

    def collect(self, n, credit=None):
        taken = []
        while len(taken) < n:
            taken += self.jobs(credit)
        return taken

    def hears_no_jobs(self):
        """What was said before the answer to this READY has arrived by now; so has what the gateway did of it."""
        self.ready(0)
        kind, *rest = self.hear()
        return kind == BEAT


class DispatchCase(Case):
    def submit(self, gateway, n):
        """n different forms; their ids in the order of acceptance."""
        ids = []
        with gateway.connect() as connection:
            for _ in range(n):
                self.made = getattr(self, "made", 0) + 1
                body = json.loads(form())
                body["project_name"] = f"dispatch {self.made}"
                answer = connection.ask("POST", "/v1/submissions", json.dumps(body, ensure_ascii=False).encode(), **JSON)
                self.assertEqual(answer.status, 202, answer)
                ids.append(bytes.fromhex(answer.headers["location"].rsplit("/", 1)[1].replace("-", "")))
        return ids

    def assert_all_done(self, gateway):
        gateway.wait_for_metric("pending", 0)
        self.assert_clean_stop(gateway)


class Delivery(DispatchCase):
    def test_pending_jobs_arrive_in_order_of_acceptance_with_their_record(self):
        gateway = self.gateway()
        ids = self.submit(gateway, 5)
        with Worker(gateway) as worker:
            worker.ready(100)
            jobs = worker.collect(5)
            self.assertEqual([job[0] for job in jobs], ids)
            self.assertEqual({(job[1], job[2]) for job in jobs}, {(1, SCORE)})
            self.assertIn("dispatch 3".encode(), jobs[2][3])
            worker.done(*jobs)
            self.assert_all_done(gateway)

    def test_new_submission_reaches_a_waiting_worker(self):
        gateway = self.gateway()
        with Worker(gateway) as worker:
            worker.ready(10)
            self.assertEqual(worker.hear(), [BEAT])
            ids = self.submit(gateway, 1)
            jobs = worker.jobs(10)
            self.assertEqual([job[0] for job in jobs], ids)
            worker.done(*jobs)
            self.assert_all_done(gateway)

    def test_credit_bounds_what_is_out(self):
        gateway = self.gateway()
        self.submit(gateway, 5)
        with Worker(gateway) as worker:
            worker.ready(2)
            first = worker.collect(2)
            self.assertTrue(worker.hears_no_jobs())
            worker.done(first[0])
            worker.ready(2)
            self.assertEqual(len(worker.jobs()), 1)
            self.assert_clean_stop(gateway)

    def test_season_of_jobs_passes_a_small_credit(self):
        gateway = self.gateway()
        ids = self.submit(gateway, 300)
        with Worker(gateway) as worker:
            worker.ready(70)
            seen = []
            while len(seen) < len(ids):
                jobs = worker.jobs(70)
                self.assertLessEqual(len(jobs), 64)
                seen += [job[0] for job in jobs]
                worker.done(*jobs)
            self.assertEqual(seen, ids)
            self.assert_all_done(gateway)


class Failures(DispatchCase):
    def test_done_with_a_wrong_attempt_changes_nothing(self):
        gateway = self.gateway()
        self.submit(gateway, 1)
        gateway.wait_for_metric("pending", 1)
        with Worker(gateway) as worker:
            worker.ready(1)
            job = worker.jobs()[0]
            worker.say(DONE, [[job[0], job[1] + 1]])
            gateway.wait_for_metric("messages_dropped", 1)
            self.assertEqual(gateway.metric("jobs_done"), 0)
            self.assertEqual(gateway.metric("pending"), 1)
            worker.done(job)
            worker.done(job)  # said twice: the second changes nothing
            gateway.wait_for_metric("messages_dropped", 2)
            self.assertEqual(gateway.metric("jobs_done"), 1)
            self.assert_all_done(gateway)

    def test_what_is_no_message_is_dropped_and_counted(self):
        gateway = self.gateway()
        with Worker(gateway) as worker:
            noise = [b"", b"\xc1", b"\x93\x01\x01", msgpack.packb([2, READY, 1]), msgpack.packb([1, 99]),
                     msgpack.packb([1, READY, "much"]), msgpack.packb([1, READY, 1]) + b"\0",
                     msgpack.packb([1, DONE, [[b"short", 1]]]), msgpack.packb([1, JOBS, []]),
                     msgpack.packb([1, FELL, [[bytes(16), 1]] * 2])]
            for bytes_ in noise:
                worker.socket.send(bytes_)
            worker.socket.send_multipart([b"two", b"frames"])
            gateway.wait_for_metric("messages_dropped", len(noise) + 1)
            worker.ready(1)
            self.assertEqual(worker.hear(), [BEAT])
            self.assert_clean_stop(gateway)

    def test_lease_that_runs_out_gives_the_job_a_new_attempt_and_a_late_done_nothing(self):
        gateway = self.gateway(lease_ms=1000)
        self.submit(gateway, 1)
        with Worker(gateway) as worker:
            worker.ready(5)
            late = worker.jobs()[0]
            again = worker.jobs(5)[0]
            self.assertEqual((again[0], again[1]), (late[0], 2))
            worker.done(late)
            gateway.wait_for_metric("messages_dropped", 1)
            self.assertEqual(gateway.metric("jobs_done"), 0)
            worker.done(again)
            self.assert_all_done(gateway)

    def test_jobs_of_a_silent_worker_go_one_by_one_to_the_next_and_none_is_charged(self):
        gateway = self.gateway(heartbeat_ms=100)
        ids = self.submit(gateway, 4)
        with Worker(gateway) as dead, Worker(gateway) as next_:
            dead.ready(10)
            self.assertEqual(len(dead.collect(4)), 4)
            seen = []
            while len(seen) < 4:
                jobs = next_.jobs(10)
                self.assertEqual(len(jobs), 1, "suspects travel alone")
                self.assertEqual(jobs[0][1], 1, "nobody knows that it was this one")
                gateway.wait_for_metric("jobs_sent", 5 + len(seen))  # and no more than that
                seen.append(jobs[0][0])
                next_.done(*jobs)
            self.assertEqual(sorted(seen), ids)
            self.assert_all_done(gateway)

    def test_what_a_worker_fell_over_is_known_and_charged_alone(self):
        gateway = self.gateway(heartbeat_ms=10000)
        ids = self.submit(gateway, 5)
        with Worker(gateway) as fallen, Worker(gateway) as next_:
            fallen.ready(10)
            self.assertEqual(len(fallen.collect(5)), 5)
            next_.say(FELL, [[ids[2], 1]])
            next_.ready(10)
            seen = next_.collect(4)  # at once: nobody waits for the silence to be noticed
            self.assertEqual(sorted((job[0], job[1]) for job in seen), [(ids[i], 1) for i in (0, 1, 3, 4)])
            next_.done(*seen)
            last = next_.jobs()
            self.assertEqual([(job[0], job[1]) for job in last], [(ids[2], 2)])
            next_.done(*last)
            self.assert_all_done(gateway)

    def test_what_a_lost_worker_fell_over_can_be_told_later(self):
        gateway = self.gateway(heartbeat_ms=100)
        ids = self.submit(gateway, 5)
        with Worker(gateway) as fallen, Worker(gateway) as next_:
            fallen.ready(10)
            self.assertEqual(len(fallen.collect(5)), 5)
            gateway.wait_for_metric("workers", 0)
            next_.say(FELL, [[ids[2], 1]])
            next_.ready(10)
            first = next_.jobs(10)
            self.assertEqual(len(first), 4, "the others are suspects no longer")
            self.assertEqual({job[1] for job in first}, {1})
            next_.done(*first)
            second = next_.jobs(10)
            self.assertEqual([(job[0], job[1]) for job in second], [(ids[2], 2)])
            next_.done(*second)
            self.assert_all_done(gateway)

    def test_of_a_worker_that_fell_over_none_no_job_is_a_suspect(self):
        for noticed in (False, True):
            with self.subTest(noticed=noticed):
                gateway = self.gateway(heartbeat_ms=100 if noticed else 10000)
                ids = self.submit(gateway, 5)
                with Worker(gateway) as fallen, Worker(gateway) as next_:
                    fallen.ready(10)
                    self.assertEqual(len(fallen.collect(5)), 5)
                    if noticed:
                        gateway.wait_for_metric("workers", 0)
                    next_.say(FELL, [])
                    next_.ready(10)
                    seen = next_.collect(5)
                    self.assertEqual(sorted((job[0], job[1]) for job in seen), [(ident, 1) for ident in ids])
                    next_.say(FELL, [])  # its own are not concerned, should that come late
                    next_.done(*seen)
                    self.assert_all_done(gateway)

    def test_an_old_word_about_who_fell_changes_nothing(self):
        gateway = self.gateway(heartbeat_ms=10000)
        ids = self.submit(gateway, 2)
        with Worker(gateway) as worker, Worker(gateway) as other:
            worker.ready(10)
            jobs = worker.collect(2)
            worker.say(FELL, [[ids[0], 1]])  # its own jobs: said of somebody before it, and late
            other.say(FELL, [[ids[0], 2]])
            other.say(FELL, [[b"\xff" * 16, 1]])
            gateway.wait_for_metric("messages_dropped", 3)
            worker.done(*jobs)
            gateway.wait_for_metric("jobs_done", 2)
            other.say(FELL, [[ids[0], 1]])
            gateway.wait_for_metric("messages_dropped", 4)
            self.assertEqual(gateway.metric("jobs_retried"), 0)
            self.assert_all_done(gateway)

    def test_a_form_that_ends_every_worker_is_given_up_and_no_other_is_charged(self):
        gateway = self.gateway(heartbeat_ms=10000, max_attempts=3)
        ids = self.submit(gateway, 20)
        poison, charged, fell, given_up = ids[7], {}, [], None
        while given_up is None:
            with Worker(gateway) as worker:
                for job in fell:
                    worker.say(FELL, [job])
                worker.ready(10)
                fell = []
                while not fell and given_up is None:
                    for job in worker.jobs(10):
                        charged[job[0]] = max(job[1], charged.get(job[0], 0))
                        if job[0] == poison and job[2] == SCORE:
                            fell = [[poison, job[1]]]
                        elif not fell:
                            worker.done(job)
                        given_up = job if job[2] == FAIL else given_up
                if given_up:
                    self.assertEqual((given_up[0], given_up[1]), (poison, 4))
                    while gateway.metric("pending"):
                        if worker.socket.poll(10):
                            kind, *rest = worker.hear()
                            worker.done(*(rest[0] if kind == JOBS else []))
        self.assertEqual(charged.pop(poison), 4)
        self.assertEqual(set(charged.values()), {1})
        self.assert_all_done(gateway)

    def test_nothing_new_travels_with_a_suspect(self):
        gateway = self.gateway(heartbeat_ms=100)
        self.submit(gateway, 1)
        with Worker(gateway) as dead, Worker(gateway) as next_:
            dead.ready(10)
            dead.jobs()
            suspect = next_.jobs(10)
            self.submit(gateway, 1)
            gateway.wait_for_metric("pending", 2)
            for _ in range(3):  # each answer to a READY comes after whatever the one before it set off
                next_.ready(10)
                self.assertEqual(next_.hear()[0], BEAT)
            next_.done(*suspect)
            next_.done(*next_.jobs(10))
            self.assert_all_done(gateway)

    def test_bye_returns_jobs_without_a_failure(self):
        gateway = self.gateway()
        ids = self.submit(gateway, 3)
        with Worker(gateway) as leaving, Worker(gateway) as next_:
            leaving.ready(10)
            jobs = leaving.collect(3)
            leaving.done(jobs[1])
            leaving.say(BYE)
            next_.ready(10)
            rest = next_.collect(2)
            self.assertEqual({(job[0], job[1], job[2]) for job in rest}, {(ids[0], 1, SCORE), (ids[2], 1, SCORE)})
            next_.done(*rest)
            self.assert_all_done(gateway)

    def test_hopeless_job_is_handed_out_to_be_failed_and_stops_nobody(self):
        gateway = self.gateway(lease_ms=1000, max_attempts=2)
        poison, = self.submit(gateway, 1)
        with Worker(gateway) as worker:
            worker.ready(5)
            modes = [(job[1], job[2]) for job in worker.collect(3, credit=5)]
            self.assertEqual(modes, [(1, SCORE), (2, SCORE), (3, FAIL)])
            worker.done([poison, 3])
            healthy = self.submit(gateway, 2)
            jobs = worker.collect(2, credit=5)
            self.assertEqual([(job[0], job[1]) for job in jobs], [(healthy[0], 1), (healthy[1], 1)])
            worker.done(*jobs)
            gateway.wait_for_metric("jobs_failed", 1)
            self.assert_all_done(gateway)

    def test_worker_that_disappears_with_its_socket_loses_nothing(self):
        gateway = self.gateway(heartbeat_ms=100)
        ids = self.submit(gateway, 2)
        with Worker(gateway) as dead:
            dead.ready(10)
            dead.collect(2)
        more = self.submit(gateway, 2)
        with Worker(gateway) as next_:
            seen = {}
            while len(seen) < 4:
                for job in next_.jobs(10):
                    seen[job[0]] = job[1]
                    next_.done(job)
            self.assertEqual(seen, dict.fromkeys(ids + more, 1))
            self.assert_all_done(gateway)


class Restarts(DispatchCase):
    @staticmethod
    def record(gateway, ident):
        """What a worker does before it says DONE, as far as a gateway that starts looks for it: there is a result."""
        with lmdb.open(os.path.join(gateway.folder, "data", "scores"), map_size=1 << 30, max_dbs=16) as scores:
            results = scores.open_db(b"results", create=False)
            with scores.begin(write=True, db=results) as transaction:
                transaction.put(ident, b"")

    def test_killed_gateway_hands_out_what_was_not_acknowledged(self):
        gateway = self.gateway()
        ids = self.submit(gateway, 3)
        with Worker(gateway) as worker:
            worker.ready(10)
            jobs = worker.collect(3)
            self.record(gateway, jobs[0][0])
            worker.done(jobs[0])
            gateway.wait_for_metric("pending", 2)
        gateway.kill()
        gateway.start()
        with Worker(gateway) as worker:
            worker.ready(10)
            jobs = worker.collect(2)
            self.assertEqual([(job[0], job[1]) for job in jobs], [(ids[1], 1), (ids[2], 1)])
            worker.done(*jobs)
            self.assert_all_done(gateway)

    def test_attempts_survive_a_kill(self):
        gateway = self.gateway(lease_ms=1000)
        suspect, = self.submit(gateway, 1)
        with Worker(gateway) as worker:
            worker.ready(5)
            self.assertEqual([job[1] for job in worker.collect(2, credit=5)], [1, 2])
        gateway.kill()
        innocent, = self.submit_after_restart(gateway)
        with Worker(gateway) as worker:
            worker.ready(5)
            first = worker.jobs(5)
            self.assertEqual([(job[0], job[1]) for job in first], [(suspect, 2)], "alone, and not as new")
            worker.done(*first)
            second = worker.jobs(5)
            self.assertEqual([(job[0], job[1]) for job in second], [(innocent, 1)])
            worker.done(*second)
            self.assert_all_done(gateway)

    def submit_after_restart(self, gateway):
        gateway.start()
        return self.submit(gateway, 1)

    def test_acknowledged_before_the_stop_is_not_handed_out_after(self):
        gateway = self.gateway()
        ids = self.submit(gateway, 2)
        with Worker(gateway) as worker:
            worker.ready(10)
            first = worker.collect(2)[0]
            self.record(gateway, first[0])
            worker.done(first)
            gateway.wait_for_metric("jobs_done", 1)
            self.assertEqual(gateway.stop(), 0)
        gateway.start()
        with Worker(gateway) as worker:
            worker.ready(10)
            self.assertEqual([job[0] for job in worker.jobs()], [ids[1]])
            self.assert_clean_stop(gateway)

    def test_second_gateway_does_not_steal_the_dispatch_socket(self):
        gateway = self.gateway()
        with open(gateway.config, encoding="utf-8") as settings:
            other = settings.read().replace(gateway.socket, gateway.socket + "2")
        path = os.path.join(gateway.folder, "other.yaml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(other)
        self.assertEqual(gateway.try_second(path), 2)
        with Worker(gateway) as worker:
            worker.ready(1)
            self.assertEqual(worker.hear(), [BEAT])
            self.assert_clean_stop(gateway)


if __name__ == "__main__":
    unittest.main()
