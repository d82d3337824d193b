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
from service import Service, ServiceCase, body_of, form_of

sys.path.insert(0, os.path.join(ROOT, "tests", "faults"))

from night import Night  # noqa: E402
from replay import FOLDER, NEVER, SYNC, WRITE, WRITE_SYNCED, Cut  # noqa: E402
from stores import SEAL, Damaged, look  # noqa: E402

CRASHES = int(os.environ.get("ZP_POWER_CRASHES", "400"))
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
        recording.lay_down(recording.left(crash, Cut(kind, self.random)), data)
        try:
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
        recording = self.night.recording()
        self.check(recording, {(crash, kind) for crash in recording.points() if crash <= self.night.ready
                               for kind in Cut.KINDS})


if __name__ == "__main__":
    unittest.main()
