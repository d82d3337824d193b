"""A disk that fails or is full: nobody is told that a form is on file when it is not, or the other way round.

The real service runs behind a shim (tests/faults/failing.c) that has LMDB's calls fail when the test says so; a disk
that is really full is a small tmpfs, where mounting is permitted.
"""
import errno
import json
import os
import subprocess
import sys
import unittest

from actors import GUARD_S, ROOT, WORKER
from service import GATEWAY, body_of, form_of
from test_outages import Load, OutageCase

sys.path.insert(0, os.path.join(ROOT, "tests", "faults"))

from failing import FOR_EVER, META, PAGES, SHORT_WRITE, SYNC, Faults  # noqa: E402
from shim import FAILING, preloaded  # noqa: E402
from stores import look  # noqa: E402

IN_DOUBT = 75  # EX_TEMPFAIL: gateway and worker end with it when they cannot know what is on disk
DISK = 12 << 20


class DiskCase(OutageCase):
    def failing_service(self, **gateway):
        self.faults = Faults()
        self.addCleanup(self.faults.discard)
        s = self.service(**gateway)
        s.environment = preloaded(FAILING, ZP_FAULTS=self.faults.path)
        return s

    @staticmethod
    def store(s, name):
        return os.path.join(s.data, name, "data.mdb")

    def assert_ends_in_doubt(self, s, program):
        self.assertEqual(program.wait_for_end(), IN_DOUBT, program.log())
        self.assertTrue(program.has_logged("commit-in-doubt"), program.log())
        for word in ("Sanitizer", "runtime error"):
            self.assertNotIn(word, program.log())
        s.programs.remove(program)


class Intake(DiskCase):
    FAULTS = {"a sync": (SYNC, errno.EIO), "the pages": (PAGES, errno.EIO), "half of the pages": (PAGES, SHORT_WRITE),
              "the pages, read-only since just now": (PAGES, errno.EROFS), "the meta page": (META, errno.EIO),
              "the meta page, for want of space": (META, errno.ENOSPC), "half of the meta page": (META, SHORT_WRITE)}

    def test_after_an_error_the_outcome_is_unknown_and_the_same_key_resolves_it(self):
        for what, (call, error) in self.FAULTS.items():
            with self.subTest(what):
                self.leave_in_doubt(is_there=False, calls=call, error=error)

    def test_what_is_on_disk_after_all_is_found_by_its_key(self):
        self.leave_in_doubt(is_there=True, calls=META, error=errno.EIO, done=True, gone=True)

    def leave_in_doubt(self, is_there, **fault):
        s = self.failing_service().start()
        before = s.scored(s.submit(form_of(1, "前"), **{"Idempotency-Key": "before"}).json()["id"])
        s.wait(lambda: s.metric("ziping_pending") == 0)  # so that the next commit is the next form's
        key = {"Idempotency-Key": "doubt"}
        self.faults.give(self.store(s, "intake"), **fault)
        problem = self.assert_problem(s.submit(form_of(2, "疑"), **key), 503, "OUTCOME_UNKNOWN")
        self.assertIn("same Idempotency-Key", problem["detail"])
        self.assertGreater(self.faults.failed(), 0)
        self.assert_ends_in_doubt(s, s.gateway)
        self.faults.heal()
        found, there = look(s.data), 1 + is_there  # all of the put, or nothing
        self.assertEqual((len(found.forms), found.keys, found.revisions, len(found.pending)),
                         (there, there, there, int(is_there)))
        s.start_gateway()
        again = s.submit(form_of(2, "疑"), **key)
        self.assertIn(again.status_code, (200, 202), again.text)
        self.assertEqual(again.headers.get("Idempotency-Replayed"), "true" if is_there else None)
        once_more = s.submit(form_of(2, "疑"), **key)
        self.assertEqual((once_more.headers["Idempotency-Replayed"], once_more.json()["id"]),
                         ("true", again.json()["id"]))
        self.assert_each_scored_once(s, {"前": before["id"], "疑": again.json()["id"]})
        self.assertEqual(s.status(before["id"]), before)

    def test_a_retry_is_promised_when_it_is_on_disk(self):
        s = self.failing_service()
        s.start_gateway()
        s.start_nginx()
        ident = s.submit(form_of(1, "再")).json()["id"]
        s.lose_workers(3)
        worker = s.start_worker()
        self.assertEqual(s.scored(ident)["status"], "failed")
        self.assertEqual(worker.stop(), 0)
        s.wait(lambda: s.metric("ziping_pending") == 0)
        self.faults.give(self.store(s, "intake"), SYNC, errno.EIO)
        retry = f"{s.url}/v1/submissions/{ident}/retry"
        self.assert_problem(s.http.post(retry), 503, "OUTCOME_UNKNOWN")
        self.assert_ends_in_doubt(s, s.gateway)
        s.start_gateway()
        self.assertEqual(s.metric("ziping_pending"), 0)
        self.assertEqual(s.http.post(retry).status_code, 202)
        s.gateway.kill()
        s.start_gateway()
        s.start_worker()
        s.wait(lambda: s.status(ident)["status"] == "scored")
        self.assertEqual([event["type"].rsplit(".", 1)[1] for event in s.events()], ["failed", "scored"])

    def test_of_a_batch_in_doubt_no_line_is_said_to_be_on_file(self):
        s = self.failing_service().start()
        self.faults.give(self.store(s, "intake"), SYNC, errno.EIO)
        lines = b"\n".join(body_of(form_of(1, f"批{i}")) for i in range(20))
        batch = {"data": lines, "headers": {"Content-Type": "application/x-ndjson"}}
        answer = s.http.post(s.url + "/v1/submissions:batch", **batch)
        codes = [json.loads(line)["problem"]["code"] for line in answer.text.splitlines()]
        self.assertEqual((len(codes), codes[0]), (20, "OUTCOME_UNKNOWN"))
        # Lines that were not looked at yet when the disk failed were not stored, and say so.
        self.assertLessEqual(set(codes), {"OUTCOME_UNKNOWN", "STOPPING"})
        self.assert_ends_in_doubt(s, s.gateway)
        s.start_gateway()
        verdicts = s.http.post(s.url + "/v1/submissions:batch", **batch)
        self.assertEqual(verdicts.text.count('"status":202'), 20, verdicts.text)
        s.wait(lambda: s.metric("ziping_pending") == 0)
        self.assertEqual(len({event["subject"] for event in s.events()}), 20)
        self.assertEqual(len(s.events()), 20)

    def test_a_disk_that_fails_again_and_again_under_load(self):
        s = self.failing_service().start()
        load = Load(s, "bad", 120)
        for turn in range(1, 4):
            load.wait_for(20 * turn)
            self.faults.give(self.store(s, "intake"), SYNC, errno.EIO)
            self.assert_ends_in_doubt(s, s.gateway)
            s.start_gateway()
        self.assert_each_scored_once(s, load.end())

    def test_without_room_nothing_is_stored_and_it_goes_on_when_there_is_some(self):
        s = self.failing_service().start()
        before = s.scored(s.submit(form_of(1, "前")).json()["id"])
        s.wait(lambda: s.metric("ziping_pending") == 0)
        self.faults.give(self.store(s, "intake"), PAGES, errno.ENOSPC, times=FOR_EVER)
        key = {"Idempotency-Key": "no-room"}
        for turn in range(3):
            response = s.submit(form_of(2, "满"), **key)
            self.assert_problem(response, 503, "STORE_FULL")
            self.assertRegex(response.headers["Retry-After"], r"^\d+$")
            self.assertEqual(s.get(f"/v1/submissions/{before['id']}").json(), before)
            self.assertEqual(s.get("/v1/submissions?idempotency_key=no-room").status_code, 404)
        self.faults.heal()
        after = s.submit(form_of(2, "满"), **key)
        self.assertEqual(after.status_code, 202, after.text)
        self.assert_each_scored_once(s, {"前": before["id"], "满": after.json()["id"]})


class Scores(DiskCase):
    def test_what_a_worker_could_not_sync_stays_queued_for_the_next(self):
        for call in (PAGES, SYNC, META):
            with self.subTest(call=call):
                s = self.failing_service(lease_ms=1000).start()
                worker = s.programs[1]
                self.faults.give(self.store(s, "scores"), call, errno.EIO)
                ident = s.submit(form_of(1, "疑")).json()["id"]
                self.assert_ends_in_doubt(s, worker)
                self.assertEqual(s.status(ident)["status"], "queued")
                self.assertEqual(s.metric("ziping_pending"), 1)
                self.assertEqual(s.events(), [])
                s.start_worker()
                self.assert_each_scored_once(s, {"疑": ident})

    def test_a_standby_takes_over_under_load(self):
        s = self.failing_service(lease_ms=1000).start(workers=2)
        active, standby = s.programs[1:3]
        load = Load(s, "over", 150)
        load.wait_for(20)
        self.faults.give(self.store(s, "scores"), SYNC, errno.EIO)
        self.assert_ends_in_doubt(s, active)
        standby.wait_for("ready")
        self.assert_each_scored_once(s, load.end())

    def test_without_room_for_scores_forms_wait(self):
        s = self.failing_service().start()
        worker = s.programs[1]
        self.faults.give(self.store(s, "scores"), PAGES, errno.ENOSPC, times=FOR_EVER)
        idents = {str(i): s.submit(form_of(1, f"等{i}")).json()["id"] for i in range(5)}
        worker.wait_for("store-refuses")
        self.assertEqual({s.status(ident)["status"] for ident in idents.values()}, {"queued"})
        self.faults.heal()
        self.assert_each_scored_once(s, idents)
        self.assertIsNone(worker.process.poll())


class Full(DiskCase):
    """A small file system of its own, filled to the last byte."""

    def small_disk(self, **gateway):
        s = self.service(**gateway)
        os.mkdir(s.data)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "ziping-test", s.data],
                                 capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            self.skipTest(f"mounting is not permitted: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", s.data], check=True)
        return s

    @staticmethod
    def fill(s):
        """Takes all that is left; the file's name."""
        ballast = os.path.join(s.data, "ballast")
        with open(ballast, "wb", buffering=0) as out:
            block = 1 << 20
            while block:
                try:
                    out.write(bytes(block))
                except OSError as fault:
                    if fault.errno != errno.ENOSPC:
                        raise
                    block //= 2
        return ballast

    def test_a_full_disk_refuses_and_intake_resumes_when_there_is_room(self):
        s = self.small_disk(min_free_disk=0).start()
        taken = {str(i): s.submit(form_of(1, f"前{i}")).json()["id"] for i in range(5)}
        for ident in taken.values():
            s.scored(ident)
        ballast = self.fill(s)
        refused = None
        for number in range(200):  # free pages of the store take in a few more
            response = s.submit(form_of(2, f"满{number}"))
            if response.status_code == 503:
                refused = response
                break
            self.assertEqual(response.status_code, 202, response.text)
            taken[f"满{number}"] = response.json()["id"]
        self.assert_problem(refused, 503, "STORE_FULL")
        for ident in taken.values():
            self.assertIn(s.status(ident)["status"], ("queued", "scored"))
        self.assertIsNone(s.gateway.process.poll())
        os.unlink(ballast)
        response = s.submit(form_of(2, f"满{number}"))
        self.assertEqual(response.status_code, 202, response.text)
        taken["resumed"] = response.json()["id"]
        self.assert_each_scored_once(s, taken)

    def test_on_a_disk_that_became_read_only_nothing_starts_and_nothing_is_lost(self):
        s = self.small_disk().start()
        taken = {str(i): s.submit(form_of(1, f"前{i}")).json()["id"] for i in range(5)}
        for program in s.programs:
            program.kill()
        remount = ["mount", "-o", "remount,ro", s.data]
        subprocess.run(remount, check=True)
        for program in (GATEWAY, WORKER):
            ended = subprocess.run([program, "--config", s.config], stdin=subprocess.DEVNULL, capture_output=True,
                                   text=True, timeout=GUARD_S, check=False)
            self.assertEqual((ended.returncode, ended.stderr.count("\n")), (2, 1), ended.stderr)
            self.assertRegex(ended.stderr, f"{s.data}/.*: Read-only file system; ")
        remount[2] = "remount,rw"
        subprocess.run(remount, check=True)
        s.start_gateway()
        s.start_worker()
        self.assert_each_scored_once(s, taken)

    def test_a_disk_that_fills_is_refused_before_it_is_full(self):
        s = self.small_disk(min_free_disk=4 << 20).start()
        first = s.scored(s.submit(form_of(1, "前")).json()["id"])
        ballast = self.fill(s)
        s.gateway.wait_for("intake-gate")
        self.assert_problem(s.submit(form_of(2, "后")), 503, "DISK_FULL")
        self.assertEqual(s.get(f"/v1/submissions/{first['id']}").json(), first)
        os.unlink(ballast)
        s.gateway.wait_for("intake-gate", 2)
        second = s.submit(form_of(2, "后"))
        self.assertEqual(second.status_code, 202, second.text)
        self.assert_each_scored_once(s, {"前": first["id"], "后": second.json()["id"]})


if __name__ == "__main__":
    unittest.main()
