"""A power cut at any moment: nothing that was acknowledged or told is missing or changed, and the service goes on.

The real service runs once under a recorder (tests/faults/recorder.c) that writes down each write and each sync in their
order. Then, for moments of that order, the disks that a power cut could have left are made and looked at.
ZP_POWER_CRASHES sets how many moments are sampled, ZP_POWER_SEED makes another choice of them.
"""
import os
import random
import shutil
import sys
import tempfile
import unittest

from actors import ROOT
from service import Service, ServiceCase, form_of

sys.path.insert(0, os.path.join(ROOT, "tests", "faults"))

from night import Night  # noqa: E402
from replay import SYNC, WRITE_SYNCED, Cut  # noqa: E402
from stores import SEAL, Damaged, look  # noqa: E402

CRASHES = int(os.environ.get("ZP_POWER_CRASHES", "300"))
SEED = int(os.environ.get("ZP_POWER_SEED", "1"))
STARTS = max(1, CRASHES // 40)  # so many of them are also started on: a second or two each
COMMITS = 3                     # of each store, looked at from every side


class Power(ServiceCase):
    @classmethod
    def setUpClass(cls):
        cls.night = Night()
        cls.addClassCleanup(cls.night.discard)

    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.folder = tempfile.mkdtemp(prefix="zp-crash-")
        self.addCleanup(shutil.rmtree, self.folder)

    # ---- what must hold ----

    def losses(self, found, crash):
        """What is missing, changed or forgotten in those stores, of what anybody had in hand at that number."""
        night, end, lost = self.night, self.night.stores, []
        acknowledged = {ident for number, ident, _, _ in night.receipts if number <= crash}
        lost += [f"acknowledged, and missing: {ident}" for ident in acknowledged - found.forms.keys()]
        lost += [f"another record than was accepted: {ident}" for ident, record in found.forms.items()
                 if end.forms.get(ident) != record]
        numbers = list(range(1, len(found.events) + 1))
        if sorted(found.events) != numbers:
            lost.append(f"events with gaps: {sorted(found.events)}")
        lost += [f"another event under a number: {number}" for number, event in found.events.items()
                 if end.events.get(number) != event]
        lost += [f"told, and missing: event {event}" for number, event, _ in night.told
                 if number <= crash and event not in found.events]
        scored = {ident for _, ident, _ in found.events.values()}
        lost += [f"neither scored nor pending: {ident}" for ident in found.forms.keys() - scored - found.pending]
        lost += [f"a result without its event: {ident}" for ident in found.results ^ scored]
        return lost

    def look_at(self, recording, crash, kind):
        """The losses of one crash."""
        data = os.path.join(self.folder, "data")
        try:
            recording.lay_down(recording.left(crash, Cut(kind, self.random)), data)
            return self.losses(look(data), crash)
        except Damaged as fault:
            return [f"cannot be read: {fault}"]
        finally:
            shutil.rmtree(data, ignore_errors=True)

    def check(self, recording, crashes):
        for crash, kind in sorted(crashes):
            with self.subTest(crash=crash, left=kind):
                self.assertEqual(self.look_at(recording, crash, kind), [])

    # ---- the recording itself ----

    def test_the_recording_is_complete(self):
        """All replayed, the files are what they are: nothing has changed them unseen."""
        recording = self.night.recording()
        end = recording.points()[-1]
        tree = recording.left(end, Cut("all", self.random))
        for name, content in self.night.files.items():
            self.assertEqual(bytes(tree[os.path.join(self.night.root, name)]), content, name)
        self.assertEqual(len(self.night.receipts), len(self.night.stores.forms))
        self.assertEqual([(number, self.night.stores.events[number][2][SEAL:]) for _, number, _ in self.night.told],
                         [(number, frozen) for _, number, frozen in self.night.told])
        for name, code, log in self.night.ended:
            self.assertEqual(code, 0, f"{name}:\n{log}")
            self.assertNotIn("Sanitizer", log)

    # ---- crashes ----

    def test_at_sampled_moments_of_the_whole_run(self):
        recording = self.night.recording()
        points = recording.points()
        self.check(recording, [(self.random.choice(points), self.random.choice(Cut.KINDS)) for _ in range(CRASHES)])

    def test_at_every_step_of_some_commits(self):
        for name in self.night.files:
            recording = self.night.recording()
            commits = [commit for commit in recording.commits(os.path.join(self.night.root, name))
                       if commit[0] > self.night.ready]
            crashes = {(crash, kind) for first, end in self.random.sample(commits, COMMITS)
                       for crash in range(first, end + 1) for kind in Cut.KINDS}
            self.check(recording, crashes)

    def test_at_every_step_of_the_first_start(self):
        """Nothing is promised yet, but whatever is left can be started on."""
        recording = self.night.recording()
        crashes = {(crash, kind) for crash in recording.points() if crash <= self.night.ready for kind in Cut.KINDS}
        self.check(recording, crashes)
        recording = self.night.recording()
        for crash, kind in sorted(self.random.sample(sorted(crashes), STARTS)):
            with self.subTest(crash=crash, left=kind):
                self.go_on(recording, crash, kind)

    def test_the_service_goes_on(self):
        recording = self.night.recording()
        points = [point for point in recording.points() if point > self.night.ready]
        for crash in sorted(self.random.sample(points, STARTS)):
            kind = self.random.choice(Cut.KINDS)
            with self.subTest(crash=crash, left=kind):
                self.go_on(recording, crash, kind)

    def go_on(self, recording, crash, kind):
        s = Service()
        try:
            recording.lay_down(recording.left(crash, Cut(kind, self.random)), s.data)
            self.spoil_locks(s.data)
            s.start()
            self.ask_for_all(s, crash)
        finally:
            self.check_end(s)

    def spoil_locks(self, data):
        """The lock files are not synced by anybody: they may be missing, of zeros, or anything."""
        for name in ("intake", "scores"):
            leaves = self.random.choice((None, bytes(32768), self.random.randbytes(32768)))
            if leaves and os.path.isdir(os.path.join(data, name)):
                with open(os.path.join(data, name, "lock.mdb"), "wb") as out:
                    out.write(leaves)

    def ask_for_all(self, s, crash):
        had = [receipt for receipt in self.night.receipts if receipt[0] <= crash]
        for _, ident, digest, _ in had:
            self.assertEqual(s.status(ident)["receipt"]["digest"], digest)
        # Who had no answer sends again, and so may who had one.
        for _, ident, digest, project in had[-2:] + self.night.receipts[len(had):len(had) + 4]:
            answer = s.submit(form_of(int(project.rpartition("-")[2]) % 6 + 1, project),
                              **{"Idempotency-Key": project})
            self.assertIn(answer.status_code, (200, 202), answer.text)
            self.assertEqual(answer.json()["receipt"]["digest"], digest)
            if project in {receipt[3] for receipt in had}:
                self.assertEqual(answer.json()["id"], ident)
        s.wait(lambda: s.metric("ziping_pending") == 0)
        self.assert_one_event_each(s, crash)

    def assert_one_event_each(self, s, crash):
        inspected = s.ziping("inspect")
        self.assertEqual(inspected.returncode, 0, inspected.stderr)
        figures = dict(line.split("=") for line in inspected.stdout.splitlines())
        events = s.events()
        self.assertEqual([int(event["id"]) for event in events], list(range(1, len(events) + 1)))
        self.assertEqual(len({event["subject"] for event in events}), len(events))
        self.assertEqual(int(figures["intake.forms"]), len(events))
        for number, event, _ in self.night.told:
            if number <= crash:
                self.assertEqual(events[event - 1]["subject"], self.night.stores.events[event][1])

    # ---- that these tests can fail: disks that say "synced" and have not ----

    def lied_to(self, *steps, left=Cut.KINDS):
        """What is found when, once all is ready, those steps promise nothing: the losses of the first such crash."""
        recording = self.night.recording(lies=lambda step: step.begin > self.night.ready and step.kind in steps)
        points = [point for point in recording.points() if point > self.night.ready]
        for crash in sorted(self.random.choices(points, k=100)):
            if lost := self.look_at(recording, crash, self.random.choice(left)):
                return lost
        return []

    def test_a_disk_that_keeps_nothing_loses_what_was_acknowledged(self):
        """As MDB_NOSYNC would: no sync, and the meta page through an ordinary descriptor."""
        lost = self.lied_to(SYNC, WRITE_SYNCED, left=("none",))  # in part, it might not even be readable
        self.assertTrue(any("acknowledged, and missing" in loss for loss in lost), lost)

    def test_a_disk_that_changes_the_order_damages_the_store(self):
        """The meta page is there, and the pages that it names are not."""
        self.assertTrue(self.lied_to(SYNC))


if __name__ == "__main__":
    unittest.main()
