"""What is stored can be proved sound, and derived again from the forms."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import unittest
import uuid

import lmdb

from actors import GUARD_S, hang
from season import Season, corrected, figures, numbered_forms, told_by, ziping
from service import GATEWAY, ZIPING, Service, ServiceCase, form_of


class Soundness(ServiceCase):
    def test_a_store_is_sound_while_submissions_flow(self):
        s = self.service().start(workers=2)
        with tempfile.NamedTemporaryFile("w", suffix=".ndjson", encoding="utf-8") as forms:
            forms.write(numbered_forms(3000))
            forms.flush()
            submitting = subprocess.Popen([ZIPING, "submit", "--url", s.url, forms.name], stdout=subprocess.DEVNULL)
            self.addCleanup(submitting.wait)
            looks, current = 0, s.submit(form_of(2)).json()["id"]
            while submitting.poll() is None or not looks:
                etag = s.get(f"/v1/submissions/{current}").headers["ETag"]
                current = s.submit(corrected(form_of(2), looks), **{"If-Match": etag}).json()["id"]
                done = s.ziping("verify")
                self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
                looks += 1
        s.wait(lambda: s.metric("ziping_pending") == 0)
        counts = figures(s.ziping("verify").stdout)
        self.assertEqual((counts["intake.forms"], counts["scores.results"], counts["faults"]),
                         (3001 + looks, 3001 + looks, 0))


class Damage(unittest.TestCase):
    """Each kind of damage is named with its id, and the rest is still looked at."""

    @classmethod
    def setUpClass(cls):
        signal.signal(signal.SIGALRM, hang)
        signal.alarm(120)
        cls.addClassCleanup(signal.alarm, 0)
        service = Service()
        try:
            cls.keep(Season(service))
        finally:
            service.end()
        cls.sound = ziping("verify", cls.kept)

    @classmethod
    def keep(cls, season):
        cls.ids, cls.failed, cls.second, cls.third = season.ids, season.failed, season.second, season.third
        cls.kept = tempfile.mkdtemp(prefix="zp-kept-")
        cls.addClassCleanup(shutil.rmtree, cls.kept)
        for program in season.service.programs:
            assert program.stop() == 0, program.log()
        for name in ("intake", "scores"):
            shutil.copytree(os.path.join(season.service.data, name), os.path.join(cls.kept, name))

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="zp-damaged-")
        self.addCleanup(shutil.rmtree, self.folder)
        for name in ("intake", "scores"):
            shutil.copytree(os.path.join(self.kept, name), os.path.join(self.folder, name))

    def change(self, database, alter):
        """alter(transaction, database) behind the service's back."""
        store, name = database.split(".")
        environment = lmdb.open(os.path.join(self.folder, store), map_size=1 << 28, max_dbs=8)
        with environment:
            handle = environment.open_db(name.encode())
            with environment.begin(write=True, db=handle) as transaction:
                alter(transaction)

    def copy_record(self, database, of, to):
        """In the place of another submission's."""
        self.change(database, lambda transaction: transaction.put(uuid.UUID(to).bytes, transaction.get(uuid.UUID(of).bytes)))

    def flip(self, database, key, at):
        def alter(transaction):
            value = bytearray(transaction.get(key))
            value[at] ^= 1
            transaction.put(key, bytes(value))
        self.change(database, alter)

    def assert_faults(self, *faults):
        """Exactly these, and everything else was looked at."""
        done = ziping("verify", self.folder)
        lines = [line for line in done.stdout.splitlines() if ": " in line]
        self.assertEqual(sorted(lines), sorted(faults))
        self.assertEqual(done.returncode, 1)
        return figures(done.stdout)

    def test_what_the_service_left_is_sound(self):
        self.assertEqual(self.sound.returncode, 0, self.sound.stdout)
        self.assertEqual(figures(self.sound.stdout)["faults"], 0)
        self.assertEqual(figures(self.sound.stdout)["scores.results"], 12)

    def test_a_byte_of_a_form(self):
        self.flip("intake.forms", uuid.UUID(self.ids[3]).bytes, 200)
        counts = self.assert_faults(f"intake.forms {self.ids[3]}: the checksum does not hold")
        self.assertEqual(counts["intake.forms"], 12)

    def test_a_byte_of_a_result(self):
        self.flip("scores.results", uuid.UUID(self.ids[3]).bytes, -1)
        self.assert_faults(f"scores.results {self.ids[3]}: the checksum does not hold",
                           "scores.totals: not compared, since 1 results or events cannot be read")

    def test_a_byte_of_an_event(self):
        self.flip("scores.events", (4).to_bytes(8, "big"), 20)
        counts = self.assert_faults("scores.events 4: the checksum does not hold",
                                    "scores.totals: not compared, since 1 results or events cannot be read")
        self.assertEqual(counts["scores.events"], figures(self.sound.stdout)["scores.events"])

    def test_an_event_that_is_missing(self):
        self.change("scores.events", lambda transaction: transaction.delete((1).to_bytes(8, "big")))
        self.assert_faults(f"scores.results {self.failed}: its event, 1, is not there",
                           "scores.events 2: the event before it, 1, is missing")

    def test_an_event_under_another_number(self):
        def alter(transaction):
            transaction.put((2).to_bytes(8, "big"), transaction.get((3).to_bytes(8, "big")))
        self.change("scores.events", alter)
        self.assert_faults("scores.events 2: it calls itself 3 and 3")

    def test_a_listing_entry_that_is_missing_and_one_too_many(self):
        ident = uuid.UUID(self.ids[4]).bytes
        entry = b"y" + (2022).to_bytes(8, "big") + ident
        surplus = b"y" + (2021).to_bytes(8, "big") + ident

        def alter(transaction):
            self.assertTrue(transaction.delete(entry))
            transaction.put(surplus, b"")
        self.change("scores.index", alter)
        self.assert_faults(f"scores.results {self.ids[4]}: index has no entry y/7e6 for it",
                           f"scores.index y/7e5/{self.ids[4]}: its result does not belong in this listing")

    def test_a_wrong_total(self):
        """A row as it was once: well sealed, and not true any more."""
        def alter(transaction):
            rows = list(transaction.cursor())
            self.assertGreater(len(rows), 1)
            (first, _), (_, value) = rows[:2]
            transaction.put(first, value)
        self.change("scores.totals", alter)
        done = ziping("verify", self.folder)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"scores.totals 2022/.*: it does not say what the results add up to: scored \d")
        self.assertEqual(figures(done.stdout)["scores.results"], 12)

    def test_a_total_that_is_missing(self):
        self.change("scores.totals", lambda transaction: transaction.delete(next(iter(transaction.cursor()))[0]))
        done = ziping("verify", self.folder)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"scores.totals 2022/.*: it is not there, though there are results for it")

    def test_a_form_that_is_gone(self):
        self.change("intake.forms", lambda transaction: transaction.delete(uuid.UUID(self.ids[5]).bytes))
        done = ziping("verify", self.folder)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"scores.results {self.ids[5]}: its form is not there\n", done.stdout)
        self.assertRegex(done.stdout, f"intake.revisions .*: the form that it names, {self.ids[5]}, is not there\n")
        self.assertRegex(done.stdout, f"intake.idempotency .*: the form that it names, {self.ids[5]}, is not there\n")

    def test_a_result_that_is_gone(self):
        self.change("scores.results", lambda transaction: transaction.delete(uuid.UUID(self.ids[5]).bytes))
        done = ziping("verify", self.folder)
        self.assertIn(f"intake.forms {self.ids[5]}: it has no result and is not pending\n", done.stdout)
        self.assertRegex(done.stdout, f"scores.events .*: its subject, {self.ids[5]}, has no result\n")

    def test_a_revision_that_is_damaged(self):
        self.flip("intake.revisions", uuid.UUID(self.ids[3]).bytes, 10)
        self.assert_faults(f"intake.revisions {self.ids[3]}: the checksum does not hold")

    def test_a_revision_that_is_gone(self):
        self.change("intake.revisions", lambda transaction: transaction.delete(uuid.UUID(self.second).bytes))
        self.assert_faults(f"intake.forms {self.second}: revisions has no entry for it",
                           f"intake.revisions {self.third}: what it replaced, {self.second}, is not revision 2 of its form")

    def test_a_revision_that_is_there_twice(self):
        self.copy_record("intake.revisions", self.second, self.third)
        self.assert_faults(f"intake.revisions {self.third}: its form has another revision 2",
                           f"intake.revisions {self.third}: its form has another digest or revision",
                           f"intake.revisions {self.third}: what it replaced, {self.second}, is not revision 1 of its form")

    def test_a_revision_of_another_form(self):
        self.copy_record("intake.revisions", self.ids[4], self.ids[5])
        self.assert_faults(f"intake.revisions {self.ids[5]}: its form has another revision 1",
                           f"intake.revisions {self.ids[5]}: its form has another digest or revision",
                           f"intake.revisions {self.ids[5]}: its form is of another year, unit or project")

    def test_an_idempotency_key_that_is_there_twice(self):
        self.copy_record("intake.idempotency", self.ids[4], self.ids[5])
        self.assert_faults(f"intake.idempotency {self.ids[5]}: the same key is there twice",
                           f"intake.forms {self.ids[5]}: idempotency has something else in the place of its key")

    def test_an_idempotency_key_that_is_gone(self):
        self.change("intake.idempotency", lambda transaction: transaction.delete(uuid.UUID(self.ids[5]).bytes))
        self.assert_faults(f"intake.forms {self.ids[5]}: its idempotency key is not there")

    def test_a_file_that_is_cut_short(self):
        path = os.path.join(self.folder, "scores", "data.mdb")
        os.truncate(path, os.path.getsize(path) // 2 // 4096 * 4096)
        done = ziping("verify", self.folder)
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertIn("restore it from a backup", done.stderr)

    def test_a_folder_without_stores(self):
        with tempfile.TemporaryDirectory() as empty:
            done = ziping("verify", empty)
        self.assertEqual(done.returncode, 3)
        self.assertIn("the store was never begun", done.stderr)


class Lost(ServiceCase):
    """A store that somebody has removed, put back as it was, or cut short."""

    def stopped_season(self):
        season = Season(self.service())
        before = season.told()
        for program in reversed(season.service.programs):
            if program.process.poll() is None:
                self.assertEqual(program.stop(), 0)
        return season, before

    def started_again(self, s):
        s.start_gateway().wait_for("results-missing")
        s.start_worker()
        s.wait(lambda: s.metric("ziping_pending") == 0)
        verified = s.ziping("verify")
        self.assertEqual(verified.returncode, 0, verified.stdout)

    def assert_same_results(self, s, before):
        for ident, document in before["documents"].items():
            if document["result"]:  # what had failed is scored now
                self.assertEqual(s.status(ident)["result"], document["result"])

    def test_without_scores_every_form_is_scored_again(self):
        season, before = self.stopped_season()
        s = season.service
        shutil.rmtree(os.path.join(s.data, "scores"))
        self.started_again(s)
        self.assert_same_results(s, before)

    def test_with_scores_of_an_earlier_time_what_is_missing_is_scored_again(self):
        season, before = self.stopped_season()
        s = season.service
        kept = os.path.join(s.folder, "kept")
        shutil.copytree(os.path.join(s.data, "scores"), kept)
        s.start_gateway()
        worker = s.start_worker()
        later = s.submit(form_of(1, "其后")).json()["id"]
        s.scored(later)
        s.wait(lambda: s.metric("ziping_pending") == 0)
        for program in (worker, s.gateway):
            self.assertEqual(program.stop(), 0)
        shutil.rmtree(os.path.join(s.data, "scores"))
        shutil.copytree(kept, os.path.join(s.data, "scores"))
        self.started_again(s)
        self.assertEqual(s.status(later)["status"], "scored")
        self.assert_same_results(s, before)

    def refused(self, s, **environment):
        return subprocess.run([GATEWAY, "--config", s.config], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=GUARD_S, check=False, env={**os.environ, **environment})

    def test_without_intake_nothing_begins_anew(self):
        season, _ = self.stopped_season()
        s = season.service
        shutil.rmtree(os.path.join(s.data, "intake"))
        ended = self.refused(s)
        self.assertEqual(ended.returncode, 2, ended.stderr)
        self.assertIn("restore intake from a backup", ended.stderr)

    def test_a_store_that_is_cut_short_is_said_to_be(self):
        season, _ = self.stopped_season()
        s = season.service
        os.truncate(os.path.join(s.data, "intake", "data.mdb"), 8192)
        ended = self.refused(s, ASAN_OPTIONS="handle_sigbus=0", TSAN_OPTIONS="handle_sigbus=0")
        self.assertEqual(ended.returncode, -signal.SIGBUS, ended.stderr)
        self.assertIn("cut short", ended.stderr)
        self.assertIn("restore the store from a backup", ended.stderr)


class DamagedRevision(ServiceCase):
    def test_its_form_does_not_pass_for_a_new_one(self):
        s = self.service()
        s.start_gateway()
        s.start_nginx()
        damaged, sound = (s.submit(form_of(n)).json()["id"] for n in (1, 2))
        self.assertEqual(s.gateway.stop(), 0)
        with lmdb.open(os.path.join(s.data, "intake"), map_size=1 << 28, max_dbs=8) as environment:
            revisions = environment.open_db(b"revisions")
            with environment.begin(write=True, db=revisions) as transaction:
                value = bytearray(transaction.get(uuid.UUID(damaged).bytes))
                value[8] ^= 1  # of what says which form it is
                transaction.put(uuid.UUID(damaged).bytes, bytes(value))
        s.start_gateway()
        self.assertEqual(s.submit(form_of(1)).status_code, 503)
        self.assertEqual(s.submit(corrected(form_of(1), 1)).status_code, 503)
        self.assertEqual(s.submit(form_of(2)).json()["id"], sound)
        self.assertEqual(s.submit(form_of(3)).status_code, 202)


class Rebuild(ServiceCase):
    """From the forms of one season, in which everything has happened."""

    def setUp(self):
        super().setUp()
        self.season = Season(self.service())
        folder = tempfile.mkdtemp(prefix="zp-rebuilt-")
        self.addCleanup(shutil.rmtree, folder)
        self.place = os.path.join(folder, "anew")

    def stop(self):
        for program in reversed(self.season.service.programs):
            if program.process.poll() is None:
                self.assertEqual(program.stop(), 0)

    def rebuild(self, *options):
        done = self.season.service.ziping("rebuild", *options, self.place)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return figures(done.stdout), done.stderr

    def told_anew(self):
        """What a service says that is started on what was made."""
        other = self.service()
        other.data, other.run = self.place, os.path.join(self.place, "run")
        other.write_settings(data_dir=self.place)
        return told_by(other.start())

    def change(self, store, name, alter):
        path = os.path.join(self.season.service.data, store)
        with lmdb.open(path, map_size=1 << 28, max_dbs=8) as environment:
            database = environment.open_db(name)
            with environment.begin(write=True, db=database) as transaction:
                alter(transaction)

    def flip(self, store, name, *keys):
        def alter(transaction):
            for key in keys:
                value = bytearray(transaction.get(key))
                value[100] ^= 1
                transaction.put(key, bytes(value))
        self.change(store, name, alter)

    def test_the_same_rules_give_the_same_documents_events_and_totals(self):
        before = self.season.told()
        self.assertEqual(sorted(document["status"] for document in before["documents"].values()),
                         ["failed"] + 8 * ["scored"] + 3 * ["superseded"])
        self.stop()
        counts, complaints = self.rebuild()
        self.assertEqual(complaints, "")
        self.assertEqual((counts["results.same"], counts["events.same"], counts["events.different"], counts["faults"]),
                         (12, len(json.loads(before["events"])["events"]), 0, 0))
        self.assertEqual((counts["still_failed"], counts["unordered"], counts["lost_events"]), (2, 0, 0))
        self.assertEqual(before, self.told_anew())

    def test_beside_the_running_service(self):
        before = self.season.told()
        counts, told = self.rebuild()
        self.assertEqual(counts["results.same"], 12)
        self.assertIn("a service runs on", told)
        self.assertEqual(before, self.season.told())

    def test_what_is_damaged_is_mended(self):
        before = self.season.told()
        events = json.loads(before["events"])["events"]
        self.stop()
        superseded = max(int(e["id"]) for e in events if e["type"].endswith("superseded"))
        scored = next(int(e["id"]) for e in events if e["subject"] == self.season.ids[2])
        self.flip("scores", b"events", scored.to_bytes(8, "big"), superseded.to_bytes(8, "big"))
        for name in (b"totals", b"index"):
            self.change("scores", name, lambda transaction: transaction.delete(next(iter(transaction.cursor()))[0]))
        self.change("scores", b"results", lambda transaction: transaction.delete(uuid.UUID(self.season.ids[4]).bytes))
        counts, _ = self.rebuild()
        self.assertEqual((counts["lost_events"], counts["events.different"], counts["results.new"], counts["faults"]),
                         (2, 2, 1, 0))
        self.assertEqual(before, self.told_anew())

    def test_without_the_recorded_scores_the_forms_are_enough(self):
        before = self.season.told()
        self.stop()
        with open(os.path.join(self.season.service.data, "scores", "data.mdb"), "r+b") as data:
            data.write(bytes(8192))
        counts, complaints = self.rebuild()
        self.assertIn("in the order of their ids", complaints)
        self.assertEqual((counts["unordered"], counts["faults"]), (12, 0))
        after = self.told_anew()
        # What attempts had failed on is not in the form, so it is scored now.
        self.assertEqual(after["totals"]["sum"]["scored"], before["totals"]["sum"]["scored"] + 1)
        for ident, document in before["documents"].items():
            if document["status"] == "scored":
                self.assertEqual(after["documents"][ident]["result"], document["result"])

    def test_other_rules_are_counted(self):
        s = self.season.service
        self.stop()
        with open(s.settings["profiles"].strip("[]"), encoding="utf-8") as profile:
            text = profile.read()
        with open(os.path.join(s.folder, "other.yaml"), "w", encoding="utf-8") as other:
            other.write(text + "# another file\n")
        s.write_settings(profiles=f"[{s.folder}/other.yaml]")
        counts, _ = self.rebuild()
        self.assertEqual((counts["results.other_profile"], counts["results.same"], counts["events.different"]),
                         (10, 2, 0))

    def test_a_form_that_cannot_be_read_keeps_its_result(self):
        before = self.season.told()
        self.stop()
        ident = self.season.ids[1]
        self.flip("intake", b"forms", uuid.UUID(ident).bytes)
        done = self.season.service.ziping("rebuild", self.place)
        counts = figures(done.stdout)
        self.assertEqual((done.returncode, counts["taken_over"], counts["results.same"], counts["events.different"]),
                         (1, 1, 12, 0))
        self.assertIn(f"intake.forms {ident}: the checksum does not hold", done.stdout)
        self.assertEqual(before, self.told_anew())


if __name__ == "__main__":
    unittest.main()
