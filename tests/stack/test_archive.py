"""A season that is over is moved out of the stores; what is left is as it was, and what went can be read where it went."""
import errno
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import unittest
import uuid

import lmdb
import msgpack
import zmq

from actors import GUARD_S, ROOT, hang, replayed
from season import corrected, figures, told_by, ziping
from service import ZIPING, Service, ServiceCase, body_of, form_of

sys.path.insert(0, os.path.join(ROOT, "tests", "faults"))

from failing import FOR_EVER, PAGES, Faults  # noqa: E402
from shim import FAILING, preloaded  # noqa: E402

STORES = ("intake", "scores")
FINISHED = "\nremoved.forms="


def has_hooks():
    with open(ZIPING, "rb") as program:
        return b"ZIPING_HOOK" in program.read()


def of(year, events):
    return [event for event in events if event["data"]["year"] == year]


def contents(folder):
    """What both stores hold: counts, seasons, where the log starts."""
    done = ziping("inspect", folder)
    assert done.returncode == 0, done.stderr
    return {key: value for key, value in (line.split("=") for line in done.stdout.splitlines())
            if not key.endswith(("_size", "_used", "_permille", "readers", "_transaction", "_ms"))}


class Seasons:
    """Two seasons on a service: revisions, a failure, keys; the last event of the first season behind the second's."""

    def __init__(self, service):
        s = self.service = service
        s.start_gateway()
        s.start_nginx()
        self.failed = s.submit(form_of(3, "不成", department="别处")).json()["id"]
        s.lose_workers(3)
        s.start_worker()
        s.start_notifier()
        assert s.scored(self.failed)["status"] == "failed"
        self.first = [self.take(form_of(n), f"key-{n}") for n in range(1, 7)]
        self.revised = self.revise(self.revise(self.first[0], corrected(form_of(1), 1)), corrected(form_of(1), 2))
        self.second = [self.take(form_of(n, year=2023), f"key-2023-{n}") for n in range(1, 4)]
        self.revise(self.second[1], corrected(form_of(2, year=2023), 1))
        self.late = self.take(form_of(4, "补报"), "late")
        self.told, self.events = told_by(s), s.events()
        self.behind = int(of(2023, self.events)[0]["id"])  # the first event that has to stay

    def take(self, form, key):
        answer = self.service.submit(form, **{"Idempotency-Key": key})
        assert answer.status_code == 202, answer.text
        return self.service.scored(answer.json()["id"])["id"]

    def revise(self, ident, form):
        answer = self.service.submit(form, **{"If-Match": f'"{ident}"'})
        assert answer.status_code == 202, answer.text
        return self.service.scored(answer.json()["id"])["id"]

    def archived(self):
        return [ident for ident, document in self.told["documents"].items() if document["year"] == 2022]

    def kept(self):
        return {ident: document for ident, document in self.told["documents"].items() if document["year"] != 2022}

    def stop(self):
        s = self.service
        s.wait(lambda: s.metric("ziping_pending") == 0)
        for program in reversed(s.programs):
            if program.process.poll() is None:
                assert program.stop() == 0, program.log()


class ArchiveCase(ServiceCase):
    def place(self):
        folder = tempfile.mkdtemp(prefix="zp-archive-")
        self.addCleanup(shutil.rmtree, folder)
        return os.path.join(folder, "season")

    def archive(self, service, year, place, code=0):
        done = service.ziping("archive", "--year", str(year), "--to", place)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertNotIn("Sanitizer", done.stderr)
        return done

    def assert_sound(self, folder):
        done = ziping("verify", folder)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return figures(done.stdout)

    def tail(self, folder, *options):
        done = ziping("tail", "--archive", folder, *options)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return [json.loads(line) for line in done.stdout.splitlines()]

    def begin_again(self, service):
        service.start_gateway()
        service.start_worker()
        service.start_notifier()
        service.wait(lambda: service.http.get(service.url + "/readyz").status_code == 200)

    def assert_archived(self, service, ident, year=2022):
        for path in ("", "/form", "/changes"):
            problem = self.assert_problem(service.get(f"/v1/submissions/{ident}{path}"), 410, "SUBMISSION_ARCHIVED")
            self.assertEqual(problem["year"], year)


class Archive(ArchiveCase):
    def setUp(self):
        super().setUp()
        self.seasons = Seasons(self.service())
        self.seasons.stop()
        self.s = self.seasons.service

    def test_what_went_is_in_the_archive_and_what_stays_is_as_it_was(self):
        s, seasons, place = self.s, self.seasons, self.place()
        told = figures(self.archive(s, 2022, place).stdout)
        self.assertEqual((told["removed.forms"], told["removed.results"]), (10, 10))
        self.assertEqual((told["log_start"], told["last_event"]), (seasons.behind, len(seasons.events)))

        gone = self.assert_sound(place)
        self.assertEqual((gone["intake.forms"], gone["intake.idempotency_keys"], gone["scores.results"]), (10, 7, 10))
        self.assertEqual(self.tail(place), of(2022, seasons.events))
        self.assertEqual(self.tail(place, "--after", "3", "--count", "2"), of(2022, seasons.events)[3:5])
        self.assertEqual(contents(place)["archive_of"], "2022")
        left = self.assert_sound(s.data)
        self.assertEqual((left["intake.forms"], left["scores.results"], left["intake.archived"]), (4, 4, 10))
        self.assertEqual(left["scores.events"], len(seasons.events) - seasons.behind + 1)

        for _ in range(2):  # and after a restart
            self.begin_again(s)
            self.assertEqual({ident: s.status(ident) for ident in seasons.kept()}, seasons.kept())
            for ident in seasons.archived():
                self.assert_archived(s, ident)
            self.assert_problem(s.get(f"/v1/submissions/{'0' * 8}-0000-7000-8000-{'0' * 12}"), 404, "NO_SUCH_SUBMISSION")
            self.assertEqual(s.get("/v1/submissions?year=2022").json()["items"], [])
            self.assertEqual({item["id"] for item in s.get("/v1/submissions?limit=200").json()["items"]},
                             set(seasons.kept()))
            totals = s.get("/v1/totals").json()
            self.assertEqual({row["year"] for row in totals["totals"]}, {2023})
            self.assertEqual(totals["totals"],
                             [row for row in seasons.told["totals"]["totals"] if row["year"] == 2023])
            seasons.stop()

    def test_the_log_starts_later_and_says_so(self):
        s, seasons = self.s, self.seasons
        self.archive(s, 2022, self.place())
        self.begin_again(s)
        for after in ("", "?after=0", f"?after={seasons.behind - 2}"):
            problem = self.assert_problem(s.get(f"/v1/events{after}"), 410, "EVENTS_ARCHIVED")
            self.assertEqual(problem["log_start"], seasons.behind)
            self.assertIn(f"after={seasons.behind - 1}", problem["detail"])
        self.assertEqual(s.events(seasons.behind - 1), seasons.events[seasons.behind - 1:])
        self.assertIn(seasons.late, {event["subject"] for event in s.events(seasons.behind - 1)})

        done = s.ziping("tail", "--after", "0", "--count", "1")
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertIn(f"starts with event {seasons.behind}", done.stderr)
        self.assertIn(f"--after {seasons.behind - 1}", done.stderr)
        rest = s.ziping("tail", "--after", str(seasons.behind - 1), "--count", str(len(seasons.events) - seasons.behind + 1))
        self.assertEqual([json.loads(line) for line in rest.stdout.splitlines()], seasons.events[seasons.behind - 1:])

        with zmq.Context() as context, context.socket(zmq.DEALER) as asker:
            asker.linger, asker.rcvtimeo = 0, GUARD_S * 1000
            asker.connect(f"ipc://{s.run}/replay.sock")

            def ask(after, credit):
                asker.send_multipart([b"AFTER", struct.pack(">Q", after), struct.pack(">I", credit)])
                return asker.recv_multipart()
            self.assertEqual(ask(1, 1000), [b"GONE", struct.pack(">Q", seasons.behind), struct.pack(">Q", 1)])
            self.assertEqual(ask(0, 0)[:2], [b"EVENTS", struct.pack(">Q", len(seasons.events))])
            answer = ask(seasons.behind - 1, 1 << 20)
            self.assertEqual([msgpack.unpackb(frozen)["subject"] for _, frozen in replayed(answer[5])],
                             [event["subject"] for event in seasons.events[seasons.behind - 1:]])

    def test_a_closed_season_takes_nothing(self):
        s, seasons = self.s, self.seasons
        self.archive(s, 2022, self.place())
        self.begin_again(s)
        before = contents(s.data)
        for headers in ({}, {"Idempotency-Key": "key-1"}, {"Idempotency-Key": "new"}, {"If-Match": f'"{seasons.first[1]}"'}):
            for form in (form_of(1), form_of(2, "另一个")):
                problem = self.assert_problem(s.submit(form, **headers), 409, "SEASON_CLOSED")
                self.assertEqual(problem["year"], 2022)
        lines = b"\n".join(body_of(form) for form in (form_of(1), form_of(1, "新", year=2024), form_of(5)))
        answer = s.http.post(s.url + "/v1/submissions:batch", data=lines, headers={"Content-Type": "application/x-ndjson"})
        verdicts = [json.loads(line) for line in answer.text.splitlines()]
        self.assertEqual([verdict["status"] for verdict in verdicts], [409, 202, 409])
        self.assertEqual(verdicts[0]["problem"]["code"], "SEASON_CLOSED")
        done = s.ziping("submit", "-", stdin=json.dumps(form_of(6), ensure_ascii=False))
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("SEASON_CLOSED", done.stdout + done.stderr)
        s.wait(lambda: s.metric("ziping_pending") == 0)
        after = contents(s.data)
        for name, more in (("forms", 1), ("idempotency_keys", 0), ("revisions", 1)):
            self.assertEqual(int(after[f"intake.{name}"]), int(before[f"intake.{name}"]) + more, name)
        self.assertEqual(s.get("/v1/submissions?idempotency_key=key-1").status_code, 404)
        # The other seasons go on, with the numbers that come next.
        revised = seasons.revise(seasons.second[0], corrected(form_of(1, year=2023), 5))
        self.assertEqual(s.status(revised)["revision"], 2)
        numbers = [int(event["id"]) for event in s.events(seasons.behind - 1)]
        self.assertEqual(numbers, list(range(seasons.behind, len(seasons.events) + 4)))
        self.assert_sound(s.data)

    def test_when_all_seasons_have_gone_numbers_still_go_on(self):
        s, seasons = self.s, self.seasons
        first, second = self.place(), self.place()
        self.archive(s, 2022, first)
        self.assertEqual(figures(self.archive(s, 2023, second).stdout)["log_start"], len(seasons.events) + 1)
        for folder in (first, second, s.data):
            self.assert_sound(folder)
        self.assertEqual(self.tail(second), of(2023, seasons.events))
        self.assertEqual(sorted(self.tail(first) + self.tail(second), key=lambda event: int(event["id"])), seasons.events)
        self.begin_again(s)
        self.assert_archived(s, seasons.second[0], 2023)
        ident = seasons.take(form_of(1, year=2024), "2024")
        event, = s.events(len(seasons.events))
        self.assertEqual((event["id"], event["subject"]), (str(len(seasons.events) + 1), ident))
        self.assert_sound(s.data)

    def test_a_rebuild_and_a_backup_of_what_is_left(self):
        s, seasons = self.s, self.seasons
        archived, copy, anew = self.place(), self.place(), self.place()
        self.archive(s, 2022, archived)
        self.assertEqual(s.ziping("backup", copy).returncode, 0)
        self.assert_sound(copy)
        done = s.ziping("rebuild", anew)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        counts, late = figures(done.stdout), len(of(2022, seasons.events[seasons.behind - 1:]))
        self.assertEqual((counts["archived_events"], counts["lost_events"], counts["events.different"]), (late, 0, 0))
        self.assertEqual((counts["results.same"], counts["results.different"]), (4, 0))
        for folder in (copy, anew):
            other = self.service()
            other.data, other.run = folder, os.path.join(folder, "run")
            other.write_settings(data_dir=folder)
            other.start()
            self.assertEqual(other.events(seasons.behind - 1), seasons.events[seasons.behind - 1:])
            self.assertEqual({ident: other.status(ident) for ident in seasons.kept()}, seasons.kept())
            self.assert_archived(other, seasons.late)

    def test_nothing_is_written_to_an_archive(self):
        s, place, copy = self.s, self.place(), self.place()
        self.archive(s, 2022, place)
        s.write_settings(data_dir=place)
        for verb in ("ziping-gateway", "ziping-worker"):
            path = os.path.join(os.path.dirname(ZIPING), "..", "..", verb.split("-")[1], verb)
            done = subprocess.run([path, "--config", s.config], capture_output=True, text=True, timeout=GUARD_S, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("an archive of 2022", done.stderr)
        self.assertIn("an archive of 2022", s.ziping("rebuild", copy).stderr)
        self.assertEqual(s.ziping("backup", copy).returncode, 0)
        self.assertEqual(self.tail(copy), self.tail(place))
        self.assert_sound(place)


class Refusals(ArchiveCase):
    def test_a_service_that_runs_is_left_alone(self):
        s, place = self.service().start(), self.place()
        self.assertEqual(s.submit(form_of(1)).status_code, 202)
        for program, name in ((s.gateway, "ziping-gateway"), (s.programs[1], "ziping-worker")):
            done = self.archive(s, 2022, place, code=3)
            self.assertIn(f"stop every {name}", done.stderr)
            s.wait(lambda: not s.gateway or s.metric("ziping_pending") == 0)
            self.assertEqual(program.stop(), 0)
            s.gateway = None
        self.archive(s, 2022, place)
        self.assert_sound(place)

    def test_what_is_not_scored_is_not_archived(self):
        s, place = self.service(), self.place()
        s.start_gateway()
        s.start_nginx()
        for n in (1, 2):
            self.assertEqual(s.submit(form_of(n)).status_code, 202)
        self.assertEqual(s.submit(form_of(1, year=2023)).status_code, 202)
        self.assertEqual(s.gateway.stop(), 0)
        done = self.archive(s, 2022, place, code=1)
        self.assertIn("2 of the 2 submissions of 2022 are still to be scored", done.stderr)
        self.assertEqual(os.listdir(os.path.dirname(place)), [])
        self.assertEqual(self.assert_sound(s.data)["intake.pending"], 3)

    def test_folders_and_years_that_will_not_do(self):
        seasons = Seasons(self.service())
        seasons.stop()
        s, place, other = seasons.service, self.place(), self.place()
        self.assertIn("there are no submissions of 2021", self.archive(s, 2021, place, code=1).stderr)
        for arguments in (("--year", "2022"), ("--to", place), ("--year", "x", "--to", place), ("--year", "22", "--to", place)):
            self.assertEqual(s.ziping("archive", *arguments).returncode, 2)
        os.mkdir(place)
        with open(os.path.join(place, "mine"), "w", encoding="utf-8") as mine:
            mine.write("mine")
        self.assertIn("--to takes a new folder", self.archive(s, 2022, place, code=1).stderr)
        self.assertEqual(os.listdir(place), ["mine"])
        shutil.rmtree(place)
        self.assertEqual(s.ziping("backup", place).returncode, 0)  # sound stores, and no archive
        self.assertIn("it is no archive of", self.archive(s, 2022, place, code=1).stderr)
        self.archive(s, 2023, other)
        self.assertIn("it is no archive of", self.archive(s, 2022, other, code=1).stderr)
        self.assertIn("archived already", self.archive(s, 2023, self.place(), code=1).stderr)
        self.assertEqual(figures(self.archive(s, 2023, other).stdout)["removed.forms"], 0)  # again is harmless
        self.assertEqual(self.assert_sound(s.data)["intake.forms"], 10)

    def test_a_damaged_season_is_not_archived(self):
        seasons = Seasons(self.service())
        seasons.stop()
        s, place = seasons.service, self.place()
        key = uuid.UUID(seasons.second[0]).bytes  # of another year, as far as one could know
        with lmdb.open(os.path.join(s.data, "intake"), map_size=1 << 28, max_dbs=8) as environment:
            with environment.begin(write=True, db=environment.open_db(b"forms")) as transaction:
                value = bytearray(transaction.get(key))
                value[100] ^= 1
                transaction.put(key, bytes(value))
        before = contents(s.data)
        done = self.archive(s, 2022, place, code=1)
        self.assertIn(f"intake.forms {seasons.second[0]}: it cannot be read, so its year is not known", done.stderr)
        self.assertEqual((contents(s.data), os.listdir(os.path.dirname(place))), (before, []))


class Kept(unittest.TestCase):
    """The stores of two seasons, once, for runs of the command on copies of them."""

    @classmethod
    def setUpClass(cls):
        signal.signal(signal.SIGALRM, hang)
        signal.alarm(300)
        cls.addClassCleanup(signal.alarm, 0)
        cls.folder = tempfile.mkdtemp(prefix="zp-seasons-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        service = Service()
        try:
            cls.seasons = Seasons(service)
            cls.seasons.stop()
            for name in STORES:
                shutil.copytree(os.path.join(service.data, name), os.path.join(cls.folder, "kept", name))
        finally:
            service.end()
        cls.settings = service.settings

    def setUp(self):
        self.data = tempfile.mkdtemp(prefix="data-", dir=self.folder)
        for name in STORES:
            shutil.copytree(os.path.join(self.folder, "kept", name), os.path.join(self.data, name))
        self.config = self.data + ".yaml"
        with open(self.config, "w", encoding="utf-8") as out:
            for key, value in {**self.settings, "data_dir": self.data}.items():
                out.write(f"{key}: {value}\n")
        self.to = self.data + "-2022"

    def run_archive(self, **environment):
        return subprocess.run([ZIPING, "archive", "--year", "2022", "--to", self.to, "--config", self.config],
                              capture_output=True, text=True, timeout=GUARD_S, check=False,
                              env={**os.environ, **environment})

    def assert_is_sound(self, folder):
        done = ziping("verify", folder)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout

    def assert_ends_well(self):
        done = self.run_archive()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(FINISHED, done.stdout)
        self.assertNotIn("is being archived", self.assert_is_sound(self.data))
        self.assert_is_sound(self.to)
        told = contents(self.data)
        self.assertEqual((told["season.2022"], told["intake.forms"], told["scores.results"], told["intake.archived"]),
                         ("archived", "4", "4", "10"))
        self.assertEqual(int(told["scores.log_start"]), self.seasons.behind)
        events = [json.loads(line) for line in ziping("tail", "--archive", self.to).stdout.splitlines()]
        self.assertEqual(events, of(2022, self.seasons.events))
        base = os.path.basename(self.to)
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith(base)], [base])


@unittest.skipUnless(has_hooks(), "built without hooks")
class Killed(Kept):
    def kill(self, point):
        """True: it was killed there."""
        done = self.run_archive(ZIPING_HOOK=point)
        self.assertIn(done.returncode, (0, -signal.SIGKILL), done.stderr)
        return done.returncode != 0

    def test_before_its_name_nothing_has_changed(self):
        before = contents(self.data)
        self.assertTrue(self.kill("archive-written"))
        self.assertEqual(contents(self.data), before)
        self.assertFalse(os.path.exists(self.to))
        self.assert_is_sound(self.data)
        self.assert_ends_well()

    def test_with_its_name_nothing_has_been_removed(self):
        before = contents(self.data)
        self.assertTrue(self.kill("archive-named"))
        self.assertEqual(contents(self.data), before)
        self.assert_is_sound(self.to)
        self.assert_ends_well()

    def test_at_each_step_of_the_removal(self):
        steps = 0
        while self.kill(f"archive-removed#{steps + 1}"):
            steps += 1
            with self.subTest(steps=steps):
                self.assert_is_sound(self.to)
                done = ziping("verify", self.data)
                self.assertEqual(done.returncode, 0, done.stdout)
                self.assertEqual("is being archived" in done.stdout, contents(self.data)["season.2022"] == "archiving")
                self.assert_ends_well()
            self.setUp()
        self.assertGreaterEqual(steps, 7)  # the season's record, keys, forms, results, totals, the log, the record

    def test_again_and_again(self):
        for turn in range(1, 8):
            self.kill(f"archive-removed#{turn}")
            self.assert_is_sound(self.data)
        self.assert_ends_well()

    def test_an_archive_that_others_have_come_to_since(self):
        self.assertTrue(self.kill("archive-named"))
        service = Service()
        try:
            service.data, service.run = self.data, os.path.join(self.data, "run")
            service.write_settings(data_dir=self.data)
            service.start()
            service.scored(service.submit(form_of(1, "其间")).json()["id"])
            service.wait(lambda: service.metric("ziping_pending") == 0)
        finally:
            service.end_programs()
            service.data = service.folder
            service.discard()
        done = self.run_archive()
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("the archive lacks it", done.stderr)
        self.assertEqual(contents(self.data)["intake.forms"], "15")
        shutil.rmtree(self.to)
        self.assertEqual(self.run_archive().returncode, 0)
        self.assertEqual(contents(self.to)["intake.forms"], "11")

    def test_a_season_under_way_goes_to_its_own_archive_only(self):
        self.assertTrue(self.kill("archive-removed#3"))
        first, self.to = self.to, self.to + "-other"
        done = self.run_archive()
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("is being moved to an archive", done.stderr)
        self.assertFalse(os.path.exists(self.to))
        self.to = first
        self.assertEqual(self.run_archive().returncode, 0)


class NoRoom(Kept):
    def test_for_the_archive(self):
        """A disk of its own, on which the season has no room: the live stores stay untouched."""
        disk = os.path.join(self.folder, "disk")
        os.mkdir(disk)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160k", "ziping-test", disk],
                                 capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            self.skipTest(f"mounting is not permitted: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        before, elsewhere = contents(self.data), self.to
        self.to = os.path.join(disk, "season")
        done = self.run_archive()
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertIn("full", done.stderr)
        self.assertEqual((contents(self.data), os.listdir(disk)), (before, []))
        self.assert_is_sound(self.data)
        self.to = elsewhere
        self.assert_ends_well()

    def test_for_the_removal(self):
        """Removing writes as well; what cannot be written is done another time."""
        faults = Faults()
        self.addCleanup(faults.discard)
        shim = preloaded(FAILING, ZP_FAULTS=faults.path)
        for store, skip in (("intake", 0), ("intake", 2), ("scores", 0), ("scores", 1)):
            with self.subTest(store=store, skip=skip):
                faults.give(os.path.join(self.data, store, "data.mdb"), PAGES, errno.ENOSPC, skip=skip, times=FOR_EVER)
                done = self.run_archive(**shim)
                self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
                self.assertIn("do the same again (full)", done.stderr)
                self.assertGreater(faults.failed(), 0)
                faults.heal()
                self.assert_is_sound(self.data)
                self.assert_ends_well()
            self.setUp()


if __name__ == "__main__":
    unittest.main()
