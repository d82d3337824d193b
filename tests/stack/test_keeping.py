"""What is stored can be proved sound, copied while the service runs, and derived again from the forms."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest
import uuid

import lmdb

from service import ZIPING, Service, ServiceCase, form_of


def ziping(*arguments):
    """Runs the command without any service; what it answered."""
    return subprocess.run([ZIPING, *arguments], capture_output=True, text=True, timeout=120, check=False)


def figures(text):
    """The key=value lines."""
    return {key: int(value) for key, value in (line.split("=") for line in text.splitlines() if "=" in line)}


def numbered_forms(count):
    return "".join(json.dumps(form_of(1 + n % 6, f"项目{n}"), ensure_ascii=False) + "\n" for n in range(count))


class Season:
    """A service on which everything has happened that can: revisions, failures, retries, keys."""

    def __init__(self):
        s = self.service = Service(lease_ms=2000)
        s.start_gateway()
        s.start_nginx()
        self.failed, self.retried, self.corrected = (s.submit(form_of(n, f"试过三次{n}")).json()["id"] for n in (1, 2, 3))
        s.lose_workers(3)
        s.start_worker()
        s.start_notifier()
        for ident in (self.failed, self.retried, self.corrected):
            assert s.scored(ident)["status"] == "failed"
        assert s.ziping("retry", self.retried).returncode == 0
        s.wait(lambda: s.status(self.retried)["status"] == "scored")
        self.revise(self.corrected, form_of(3, "试过三次3", goals={"expected": "改", "actual": "改"}))
        self.ids = [s.submit(form_of(n), **{"Idempotency-Key": f'"key-{n}"'}).json()["id"] for n in range(1, 7)]
        for ident in self.ids:
            assert s.scored(ident)["status"] == "scored"
        second = self.revise(self.ids[0], form_of(1, declared_total="99"))
        self.revise(second, form_of(1, declared_total="98"))

    def revise(self, ident, form):
        s = self.service
        answer = s.submit(form, **{"If-Match": s.get(f"/v1/submissions/{ident}").headers["ETag"]})
        assert answer.status_code == 202, answer.text
        s.scored(answer.json()["id"])
        return answer.json()["id"]

    def told(self):
        """Everything that the service says about what it holds."""
        s = self.service
        listed = s.get("/v1/submissions?limit=200").json()["items"]
        return {"documents": {item["id"]: s.status(item["id"]) for item in listed},
                "events": s.get("/v1/events?after=0&limit=1000").content, "totals": s.get("/v1/totals").json()}


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
                current = s.submit(form_of(2, declared_total=str(looks % 100)), **{"If-Match": etag}).json()["id"]
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
        season = Season()
        cls.ids, cls.failed = season.ids, season.failed
        cls.kept = tempfile.mkdtemp(prefix="zp-kept-")
        for program in season.service.programs:
            assert program.stop() == 0, program.log()
        for name in ("intake", "scores"):
            shutil.copytree(os.path.join(season.service.data, name), os.path.join(cls.kept, name))
        season.service.end()
        cls.sound = ziping("verify", cls.kept)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.kept)

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

    def test_an_idempotency_key_that_is_gone(self):
        self.change("intake.idempotency", lambda transaction: transaction.delete(next(iter(transaction.cursor()))[0]))
        done = ziping("verify", self.folder)
        self.assertRegex(done.stdout, "intake.expiry .*: the idempotency key that it names is not there\n")
        self.assertIn("intake.idempotency: 5 keys, and 6 entries in expiry\n", done.stdout)

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


if __name__ == "__main__":
    unittest.main()
