"""What is stored can be copied while the service runs, and the copy is sound."""
import glob
import json
import os
import shutil
import signal
import subprocess
import tempfile

import lmdb

from season import figures, numbered_forms, ziping
from service import ZIPING, ServiceCase, form_of


class Backup(ServiceCase):
    def started_on(self, folder):
        """A service of its own on that data folder."""
        other = self.service()
        other.data, other.run = folder, os.path.join(folder, "run")
        other.write_settings(data_dir=folder)
        return other.start()

    def place(self):
        folder = tempfile.mkdtemp(prefix="zp-backup-")
        self.addCleanup(shutil.rmtree, folder)
        return os.path.join(folder, "copy")

    def frozen_between_the_stores(self, s, place):
        """A backup that is stopped when the copy of the scores has begun and that of intake has not."""
        while True:
            copying = subprocess.Popen([ZIPING, "backup", "--config", s.config, "--max-rate", "1", place],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.addCleanup(copying.kill)
            s.wait(lambda: any(os.path.getsize(file) for file in self.unfinished(place, "scores/data.mdb")))
            copying.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, copying.pid, os.WSTOPPED)
            if not self.unfinished(place, "intake"):
                return copying
            copying.kill()  # this machine was too slow to stop it in time
            copying.communicate()

    @staticmethod
    def unfinished(place, name):
        return glob.glob(f"{place}.unfinished-*/{name}")

    def test_a_copy_under_load_is_sound_and_a_service_runs_on_from_it(self):
        s, place = self.service().start(), self.place()
        done = s.ziping("submit", "-", stdin=numbered_forms(400))
        self.assertEqual(done.returncode, 0, done.stderr)
        copying = self.frozen_between_the_stores(s, place)
        s.scored(s.submit(form_of(2, "两份之间")).json()["id"])
        s.wait(lambda: s.metric("ziping_pending") == 0)
        copying.send_signal(signal.SIGCONT)
        last = None
        while copying.poll() is None:
            last = s.scored(s.submit(form_of(1, f"其间{last and last['id']}")).json()["id"])
        told, complaints = copying.communicate()
        self.assertEqual((copying.returncode, complaints), (0, ""), told)
        counts = figures(told)
        self.assertEqual(counts["faults"], 0)
        self.assertGreater(counts["put_back"], 0)
        self.assertEqual(counts["intake.pending"], counts["intake.forms"] - counts["scores.results"])
        self.assertEqual(counts["bytes"], counts["intake.bytes"] + counts["scores.bytes"])
        self.assertEqual(sorted(os.listdir(place)), ["intake", "scores"])

        other = self.started_on(place)
        other.wait(lambda: other.metric("ziping_pending") == 0)
        after = figures(other.ziping("verify").stdout)
        self.assertEqual((after["faults"], after["scores.results"]), (0, counts["intake.forms"]))
        # What the copy had scored is told by it in the same words.
        self.assertEqual(other.events()[:400], s.events()[:400])

    def test_what_waits_is_scored_on_the_copy(self):
        s, place = self.service(), self.place()
        s.start_gateway()
        s.start_nginx()
        waiting = [s.submit(form_of(1, f"待评{n}")).json()["id"] for n in range(20)]
        self.assertEqual(s.ziping("backup", "--no-verify", place).returncode, 0)
        other = self.started_on(place)
        for ident in waiting:
            self.assertEqual(other.scored(ident)["status"], "scored")
            self.assertEqual(s.status(ident)["status"], "queued")

    def test_what_is_there_is_not_written_over(self):
        s, place = self.service().start(), self.place()
        os.mkdir(place)
        done = s.ziping("backup", place)
        self.assertEqual(done.returncode, 3)
        self.assertIn("File exists", done.stderr)
        self.assertEqual(os.listdir(place), [])

    def test_a_copy_that_is_given_up_leaves_nothing(self):
        s, place = self.service().start(), self.place()
        self.assertEqual(s.ziping("submit", "-", stdin=numbered_forms(1000)).returncode, 0)
        copying = subprocess.Popen([ZIPING, "backup", "--config", s.config, "--max-rate", "1", place],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        s.wait(lambda: os.listdir(os.path.dirname(place)))
        copying.send_signal(signal.SIGTERM)
        complaints = copying.communicate()[1]
        self.assertEqual(copying.returncode, 3)
        self.assertIn("interrupted", complaints)
        self.assertEqual(os.listdir(os.path.dirname(place)), [])

    def test_a_source_with_a_fault_is_copied_and_the_fault_told(self):
        s, place = self.service().start(), self.place()
        ident = s.submit(form_of(1)).json()["id"]
        s.scored(ident)
        for program in s.programs:
            program.stop()
        with lmdb.open(os.path.join(s.data, "scores"), map_size=1 << 28, max_dbs=8) as environment:
            index = environment.open_db(b"index")
            with environment.begin(write=True, db=index) as transaction:
                transaction.delete(next(iter(transaction.cursor()))[0])
        done = s.ziping("backup", place)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"scores.results {ident}: index has no entry", done.stdout)
        self.assertTrue(os.path.exists(os.path.join(place, "scores", "data.mdb")))
