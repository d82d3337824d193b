"""ziping-worker as the gateway sees it: a job is acknowledged when its result is on disk, and counts once.

The test is the gateway (ROUTER) and looks at the outcome through the notifier's replay.
"""
import os
import signal
import struct
import subprocess
import unittest

import msgpack
import zmq

from actors import (BEAT, BYE, DONE, FAIL, FELL, GUARD_S, HEARTBEAT_MS, JOBS, NOTIFIER, READY, SCORE, VERSION, WORKER,
                    Case, Gateway, Program, Replay, new_id, str_of, submission)

# declared, computed, confirmed, grade: the domain's table for the six real forms
SEEDS = {1: ("97.60", "99.61", "97.60", "优"), 2: ("99.96", "99.96", "99.96", "优"), 3: ("97.17", "97.27", "97.17", "优"),
         4: ("99.29", "99.29", "99.29", "优"), 5: ("99.98", "99.98", "99.98", "优"), 6: ("99.69", "99.69", "99.69", "优")}


class WorkerCase(Case):
    def setUp(self):
        super().setUp()
        self.gateway = self.playing(Gateway)

    def events(self):
        """Every event of the log, as maps."""
        if not hasattr(self, "replay"):
            self.start(NOTIFIER)
            self.replay = self.playing(Replay)
        found = []
        while page := self.replay.events(after=len(found)):
            found += [msgpack.unpackb(frozen) for _, frozen in page]
        return found

    def score(self, peer, *jobs):
        self.gateway.send_jobs(peer, *jobs)
        return self.gateway.wait_for_done(*((job[0], job[2] if len(job) > 2 else 1) for job in jobs))


class Scoring(WorkerCase):
    def test_the_six_forms_are_scored_as_the_rules_say(self):
        self.start(WORKER)
        jobs = {number: (new_id(), submission(number)) for number in SEEDS}
        self.score(self.gateway.wait_for_worker(), *jobs.values())
        by_subject = {event["subject"]: event["data"] for event in self.events()}
        self.assertEqual(len(by_subject), len(SEEDS))
        for number, (ident, _) in jobs.items():
            data = by_subject[str_of(ident)]
            found = tuple(data[key] for key in ("declared_total", "computed_total", "confirmed_total", "grade"))
            self.assertEqual(found, SEEDS[number], f"seed-{number}")
            self.assertEqual(data["status"], "scored")

    def test_a_job_delivered_twice_gives_one_event(self):
        self.start(WORKER)
        peer = self.gateway.wait_for_worker()
        job = (new_id(), submission())
        self.gateway.send_jobs(peer, job, job)
        self.assertEqual(self.gateway.wait_for_done((job[0], 1)).count((job[0], 1)), 2)
        self.score(peer, (*job, 2))
        self.assertEqual([event["subject"] for event in self.events()], [str_of(job[0])])

    def test_a_job_that_may_not_be_tried_again_is_recorded_as_failed(self):
        worker = self.start(WORKER)
        job = (new_id(), submission(), 6, FAIL)
        self.score(self.gateway.wait_for_worker(), job)
        event, = self.events()
        self.assertEqual((event["type"], event["data"]["status"]), ("ziping.submission.failed", "failed"))
        self.assertEqual((event["data"]["year"], event["data"]["unit"]), (2022, "上海市人力资源和社会保障局咨询服务中心"))
        self.assertIn(str_of(job[0]), worker.wait_for("failed").log())

    def test_a_submission_that_cannot_be_read_fails_alone(self):
        worker = self.start(WORKER)
        good, bad, cut = new_id(), new_id(), new_id()
        self.score(self.gateway.wait_for_worker(), (good, submission()), (bad, b"\xc1 not a submission"),
                   (cut, submission(2)[:-1]))
        states = {event["subject"]: event["data"]["status"] for event in self.events()}
        self.assertEqual(states, {str_of(good): "scored", str_of(bad): "failed", str_of(cut): "failed"})
        worker.wait_for("failed", 2)

    def test_a_later_revision_supersedes_the_earlier_one(self):
        self.start(WORKER)
        peer = self.gateway.wait_for_worker()
        first, second = new_id(), new_id()
        self.score(peer, (first, submission()))
        self.score(peer, (second, submission(revision=2, replaces=first)))
        story = sorted((event["data"]["status"], event["subject"]) for event in self.events())
        self.assertEqual(story, sorted([("scored", str_of(first)), ("superseded", str_of(first)),
                                        ("scored", str_of(second))]))


class Delivery(WorkerCase):
    def test_ready_is_repeated_as_a_heartbeat(self):
        self.start(WORKER)
        peer, (credit,) = self.gateway.wait_for(READY)
        self.assertGreater(credit, 0)
        for _ in range(3):
            self.assertEqual(self.gateway.wait_for(READY), (peer, [credit]))

    def test_more_jobs_than_a_batch_are_all_acknowledged(self):
        self.start(WORKER)
        peer = self.gateway.wait_for_worker()
        jobs = [(new_id(), submission(project=f"project {n}")) for n in range(1500)]
        for at in range(0, len(jobs), 100):
            self.gateway.send_jobs(peer, *jobs[at:at + 100])
        self.gateway.wait_for_done(*((ident, 1) for ident, _ in jobs))
        self.assertEqual([event["subject"] for event in self.events()], [str_of(ident) for ident, _ in jobs])

    def test_acknowledged_results_survive_sigkill_and_redelivery_counts_once(self):
        first = self.start(WORKER)
        peer = self.gateway.wait_for_worker()
        jobs = [(new_id(), submission(project=f"project {n}")) for n in range(300)]
        for at in range(0, len(jobs), 20):
            self.gateway.send_jobs(peer, *jobs[at:at + 20])
        _, (pairs,) = self.gateway.wait_for(DONE)
        first.kill()
        acknowledged = {str_of(ident) for ident, _ in pairs}
        self.start(WORKER)
        peer = self.gateway.wait_for_worker(not_peer=peer)
        self.assertLessEqual(acknowledged, {event["subject"] for event in self.events()})
        again = [(*job, 2) for job in jobs]
        for at in range(0, len(again), 100):
            self.gateway.send_jobs(peer, *again[at:at + 100])
        self.gateway.wait_for_done(*((ident, 2) for ident, _ in jobs))
        self.assertEqual(sorted(event["subject"] for event in self.events()), sorted(str_of(ident) for ident, _ in jobs))

    def test_a_gateway_that_starts_again_finds_its_worker(self):
        worker = self.start(WORKER)
        self.gateway.wait_for_worker()
        self.gateway.close()
        worker.wait_for("gateway-silent")
        self.gateway = self.playing(Gateway)
        self.score(self.gateway.wait_for_worker(), (new_id(), submission()))

    def test_the_notifier_is_poked_with_the_newest_number(self):
        poke = self.context.socket(zmq.PULL)
        self.addCleanup(poke.close)
        poke.rcvtimeo = GUARD_S * 1000
        poke.bind(self.folder.ipc("poke.sock"))
        self.start(WORKER)
        peer = self.gateway.wait_for_worker()
        number = 0
        while not number:  # until its PUSH is connected, pokes may be lost
            job = (new_id(), submission(project=str(new_id())))
            self.score(peer, job)
            if poke.poll(100):
                number = struct.unpack(">Q", poke.recv())[0]
        self.assertLessEqual(number, len(self.events_without_poke(poke)))

    def events_without_poke(self, poke):
        poke.close()  # the notifier binds it
        return self.events()

    def test_garbage_from_the_gateway_changes_nothing(self):
        worker = self.start(WORKER)
        peer = self.gateway.wait_for_worker()
        good = msgpack.packb([VERSION, JOBS, [[new_id(), 1, SCORE, submission()]]])
        garbage = [[b""], [b"\xc1"], [os.urandom(1000)], [b"", b""], [good, b"more"], [good + b"\0"], [good[:-1]],
                   [msgpack.packb([2, BEAT])], [msgpack.packb([VERSION, 9])], [msgpack.packb([VERSION, READY, 1])],
                   [b"\x93\x01\x04\xdd\xff\xff\xff\xff"], [b"\x91" * 100000]]
        for frames in garbage:
            self.gateway.send_raw(peer, *frames)
        self.score(peer, (new_id(), submission(2)))
        worker.wait_for("message-dropped", len(garbage))
        self.assertEqual(len(self.events()), 1)


class FullStore(WorkerCase):
    def test_what_does_not_fit_is_not_acknowledged_and_not_lost(self):
        roomy = dict(self.folder.settings)
        self.folder.write(**{**roomy, "map_size": 4 << 20})
        worker = self.start(WORKER)
        peer = self.gateway.wait_for_worker()
        sent, done = [], set()
        while True:
            jobs = [(new_id(), submission(project=f"project {len(sent)} {n}")) for n in range(50)]
            sent += jobs
            self.gateway.send_jobs(peer, *jobs)
            kind = READY
            while kind == READY:
                _, kind, rest = self.gateway.receive()
            if kind == BYE:
                break
            done |= {ident for ident, _ in rest[0]}
        worker.wait_for("store-refuses")
        self.assertLess(len(done), len(sent))
        self.assertEqual(worker.stop(), 0)
        self.folder.write(**roomy)
        self.start(WORKER)
        peer = self.gateway.wait_for_worker(not_peer=peer)
        for at in range(0, len(sent), 100):
            self.gateway.send_jobs(peer, *((*job, 2) for job in sent[at:at + 100]))
        self.gateway.wait_for_done(*((ident, 2) for ident, _ in sent))
        self.assertEqual(sorted(event["subject"] for event in self.events()), sorted(str_of(ident) for ident, _ in sent))


class Pace(WorkerCase):
    def start_paced(self):
        settings = self.folder.settings
        self.folder.write(**{**settings, "log_level": "debug", "worker": {**settings["worker"], "pace_ms": 1000}})
        worker = self.start(WORKER)
        self.peer = self.gateway.wait_for_worker()
        self.score(self.peer, (new_id(), submission()))
        return worker

    def send_one_by_one(self, worker, count):
        """The first batch after a pause went at once: these come behind it."""
        jobs = [(new_id(), submission(project=f"project {n}")) for n in range(count)]
        for n, job in enumerate(jobs):
            self.gateway.send_jobs(self.peer, job)
            worker.wait_for("scored", n + 2)
        return [ident for ident, _ in jobs]

    def test_while_jobs_keep_coming_commits_hold_several(self):
        worker = self.start_paced()
        idents = self.send_one_by_one(worker, 20)
        self.gateway.wait_for_done(*((ident, 1) for ident in idents))
        self.assertLess(worker.log().count(" committed "), 20)

    def test_what_waits_for_its_commit_is_done_before_sigterm_ends_it(self):
        worker = self.start_paced()
        idents = self.send_one_by_one(worker, 5)
        worker.process.send_signal(signal.SIGTERM)
        done, kind = set(), None
        while kind != BYE:
            _, kind, rest = self.gateway.receive()
            if kind == DONE:
                done |= {ident for ident, _ in rest[0]}
        self.assertEqual(done, set(idents))
        self.assertEqual(worker.wait_for_end(), 0)


class Lease(WorkerCase):
    def test_a_standby_takes_over_when_the_active_worker_is_killed(self):
        active = self.start(WORKER)
        peer = self.gateway.wait_for_worker()
        job = (new_id(), submission())
        self.score(peer, job)
        standby = self.start(WORKER, event="standby")
        active.kill()
        standby.wait_for("ready")
        successor = self.gateway.wait_for_worker(not_peer=peer)
        self.score(successor, (*job, 2), (new_id(), submission(2)))
        self.assertEqual(len(self.events()), 2)

    def test_a_standby_says_nothing_to_the_gateway(self):
        self.start(WORKER)
        peer = self.gateway.wait_for_worker()
        self.start(WORKER, event="standby")
        for _ in range(10):
            self.assertEqual(self.gateway.receive()[0], peer)

    def test_of_many_standbys_exactly_one_takes_over(self):
        active = self.start(WORKER)
        standbys = [self.start(WORKER, event="standby") for _ in range(3)]
        peer = self.gateway.wait_for_worker()
        while standbys:
            active.kill()
            peer = self.gateway.wait_for_worker(not_peer=peer)
            with Program.news:
                self.assertTrue(Program.news.wait_for(lambda: any(p.has_logged("ready") for p in standbys), GUARD_S))
            active, = [program for program in standbys if program.has_logged("ready")]
            standbys.remove(active)

    def test_a_standby_ends_when_it_is_told_to(self):
        self.start(WORKER)
        for order in (signal.SIGTERM, signal.SIGINT):
            standby = self.start(WORKER, event="standby")
            standby.process.send_signal(order)
            self.assertEqual(standby.wait_for_end(), 0)


class Fallen(WorkerCase):
    """What a worker was at when it ended, as its successor tells the gateway. Needs a build with hooks."""

    def start_with_hook(self, hook):
        with open(WORKER, "rb") as program:
            if b"ZIPING_HOOK" not in program.read():
                self.skipTest("a build without hooks")
        program = Program(WORKER, self.folder.config, ZIPING_HOOK=hook)
        self.addCleanup(self.check, program)
        return program.wait_for("ready")

    def first_words(self):
        """The kind and body of the first message of the next worker to come, which is given an answer."""
        peer, kind, rest = self.gateway.receive()
        self.gateway.answer(peer)
        return kind, rest

    def fall(self, hook, *jobs):
        """A worker that ends there; the messages that it sent meanwhile are taken."""
        fallen = self.start_with_hook(hook)
        peer = self.gateway.wait_for_worker()
        self.gateway.send_jobs(peer, *jobs)
        self.assertEqual(fallen.wait_for_end(), -signal.SIGKILL)
        self.hear_it_out()

    def hear_it_out(self):
        """All that a worker has said which is no more."""
        while self.gateway.socket.poll(2 * HEARTBEAT_MS):
            self.gateway.receive()

    def test_the_successor_says_at_which_job_it_was_before_it_asks_for_more(self):
        jobs = [(new_id(), submission(1, project)) for project in ("好", "毒", "后")]
        self.fall("score:毒", *((ident, record, attempt) for (ident, record), attempt in zip(jobs, (1, 2, 1))))
        self.start(WORKER)
        self.assertEqual(self.first_words(), (FELL, [[[jobs[1][0], 2]]]))
        peer = self.gateway.wait_for_worker()
        self.score(peer, jobs[0], jobs[2])
        self.assertEqual(len(self.events()), 2)

    def test_it_is_said_once(self):
        self.fall("score:毒", (new_id(), submission(1, "毒")))
        second = self.start(WORKER)
        self.assertEqual(self.first_words()[0], FELL)
        self.gateway.wait_for_worker()
        second.kill()
        self.hear_it_out()
        self.start(WORKER)
        kind, rest = self.first_words()
        self.assertIn((kind, rest), ((READY, rest), (FELL, [[]])))

    def test_a_standby_knows_it_too_and_a_gateway_that_comes_late_is_told(self):
        fallen = self.start_with_hook("score:毒")
        standby = self.start(WORKER, "standby")
        peer = self.gateway.wait_for_worker()
        job = new_id()
        standby.process.send_signal(signal.SIGSTOP)  # else it may tell the gateway that goes
        self.gateway.send_jobs(peer, (job, submission(1, "毒")))
        self.assertEqual(fallen.wait_for_end(), -signal.SIGKILL)
        self.gateway.close()
        standby.process.send_signal(signal.SIGCONT)
        standby.wait_for("ready")
        self.gateway = self.playing(Gateway)
        self.assertEqual(self.first_words(), (FELL, [[[job, 1]]]))

    def test_who_ended_between_jobs_or_in_a_commit_fell_over_none(self):
        for hook in ("scores-written", "scores-committed"):
            self.fall(hook, (new_id(), submission()))
            worker = self.start(WORKER)
            self.assertEqual(self.first_words(), (FELL, [[]]))
            self.gateway.wait_for_worker()
            self.assertEqual(worker.stop(), 0)
            self.hear_it_out()
        self.start(WORKER)
        self.assertEqual(self.first_words()[0], READY, "who ended in order has said so itself")

    def test_a_form_that_ends_its_worker_while_it_is_written_is_known_too(self):
        jobs = [(new_id(), submission(1, project)) for project in ("好", "毒", "后")]
        self.fall("write:毒", *jobs)
        self.start(WORKER)
        self.assertEqual(self.first_words(), (FELL, [[[jobs[1][0], 1]]]))


class StartAndEnd(WorkerCase):
    def test_sigterm_ends_with_done_then_bye(self):
        worker = self.start(WORKER)
        peer = self.gateway.wait_for_worker()
        self.score(peer, (new_id(), submission()))
        worker.process.send_signal(signal.SIGTERM)
        self.gateway.wait_for(BYE, peer)
        self.assertEqual(worker.wait_for_end(), 0)
        worker.wait_for("stopped")

    def test_jobs_taken_before_sigterm_are_done_or_given_back(self):
        worker = self.start(WORKER)
        peer = self.gateway.wait_for_worker()
        jobs = [(new_id(), submission(project=f"project {n}")) for n in range(500)]
        self.gateway.send_jobs(peer, *jobs)
        worker.process.send_signal(signal.SIGTERM)
        done, kind = set(), None
        while kind != BYE:
            _, kind, rest = self.gateway.receive()
            if kind == DONE:
                done |= {str_of(ident) for ident, _ in rest[0]}
        self.assertEqual(worker.wait_for_end(), 0)
        self.assertEqual({event["subject"] for event in self.events()}, done)

    def test_it_starts_without_a_gateway(self):
        self.gateway.close()
        worker = self.start(WORKER)
        self.gateway = self.playing(Gateway)
        self.score(self.gateway.wait_for_worker(), (new_id(), submission()))
        self.assertEqual(worker.stop(), 0)

    def test_mistakes_in_the_settings_are_one_line_that_names_the_file(self):
        good = dict(self.folder.settings)
        for wrong in ({"no_such_setting": 1}, {"profiles": ["/nonexistent/profile.yaml"]}, {"log_level": "loud"},
                      {"worker": {"batch": 0}}, {"worker": {"heartbeat_ms": "soon"}}):
            self.folder.write(**{**good, **wrong})
            for options in ([], ["--check"]):
                line = self.refusal(WORKER, *options)
                self.assertTrue(line.startswith("ziping-worker: "), line)
                self.assertIn(".yaml", line)
        os.remove(self.folder.config)
        self.assertIn(self.folder.config, self.refusal(WORKER))

    def test_check_starts_nothing(self):
        ended = subprocess.run([WORKER, "--config", self.folder.config, "--check"], capture_output=True, text=True,
                               timeout=GUARD_S, check=False)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertEqual(sorted(os.listdir(self.folder.run)), ["dispatch.sock"])


if __name__ == "__main__":
    unittest.main()
