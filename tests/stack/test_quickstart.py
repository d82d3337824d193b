"""conf/quickstart, as the README's first command says. It runs an ordinary build of its own, whatever ZP_BIN is."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import requests

from actors import ROOT
from service import ServiceCase, form_of, free_port

QUICKSTART = os.path.join(ROOT, "conf", "quickstart")
ZIPING_OF_QUICKSTART = os.path.join(ROOT, "build", "common", "cli", "ziping")
TABLE = {"12333热线咨询平台项目经费": ("97.60", "99.61", "97.60", "优"), "工作服装制作费": ("99.96", "99.96", "99.96", "优"),
         "12345服务热线专项经费": ("97.17", "97.27", "97.17", "优"), "办公房电费": ("99.29", "99.29", "99.29", "优"),
         "业务保障专项经费": ("99.98", "99.98", "99.98", "优"), "设备场地维修维护费": ("99.69", "99.69", "99.69", "优")}


USERS_PATH = "/usr/local/bin:/usr/bin:/bin"  # what Debian gives to who is not root: nginx is not there


def run(*arguments):
    return subprocess.run([QUICKSTART, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=230, check=False, env={**os.environ, "PATH": USERS_PATH})


class Quickstart(ServiceCase):
    def folder(self):
        folder = tempfile.mkdtemp(prefix="zp-qs-")
        self.addCleanup(shutil.rmtree, folder)
        self.addCleanup(run, "--stop", "--data", folder)
        return folder

    def start(self, folder, *more):
        port = free_port()
        done = run("--detach", "--port", str(port), "--data", folder, *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return port, done.stdout

    def pids(self, folder):
        with open(os.path.join(folder, "run", "quickstart.pids"), encoding="utf-8") as source:
            return {name: int(pid) for name, pid, _ in map(str.split, source)}

    def test_from_nothing_to_six_scored_forms_and_back(self):
        folder = self.folder()
        port, out = self.start(folder, "--workers", "3")
        for project, figures in TABLE.items():
            self.assertRegex(out, rf"{project} +scored +" + " +".join(figures).replace(".", r"\.") + r" +\d+ ms")
        self.assertIn("综合服务率: declared 7.6, computed 9.61 (SCORE_TOO_LOW, ACTUAL_X_WEIGHT+TRUNC1)", out)
        self.assertEqual(set(self.pids(folder)), {"notifier", "webhooks", "worker-1", "worker-2", "worker-3", "gateway",
                                                   "nginx"})

        begin, *commands = [line.strip() for line in out.splitlines() if line.startswith("  ")]
        self.assertRegex(begin, "^export PATH=.* ZIPING_CONFIG=.* ZIPING_URL=")
        self.assertGreaterEqual(len(commands), 6)
        for command in commands:  # they work when pasted
            done = subprocess.run(["bash", "-c", f"{begin}; {command}"], capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 0, (command, done.stderr))
            self.assertNotIn("problem", done.stdout, command)
            self.assertTrue(done.stdout, command)

        self.assertRegex(run("--detach", "--port", str(free_port()), "--data", folder).stderr, "it is running already")
        self.assertIn("stopped", run("--stop", "--data", folder).stdout)
        with self.assertRaises(requests.ConnectionError):
            requests.get(f"http://127.0.0.1:{port}/healthz", timeout=30)

        port, out = self.start(folder)
        self.assertIn("12333热线咨询平台项目经费", out)
        totals = requests.get(f"http://127.0.0.1:{port}/v1/totals?year=2022", timeout=30).json()["sum"]
        self.assertEqual((totals["scored"], totals["confirmed_sum"]), (6, "593.69"))
        events = requests.get(f"http://127.0.0.1:{port}/v1/events?after=0", timeout=30).json()["events"]
        self.assertEqual(len(events), 6)

    def test_stop_ends_only_what_runs_under_its_folder(self):
        first, second = self.folder(), self.folder()
        _, _ = self.start(first)
        port, _ = self.start(second)
        self.assertIn("stopped", run("--stop", "--data", first).stdout)
        self.assertEqual(requests.get(f"http://127.0.0.1:{port}/readyz", timeout=30).status_code, 200)
        for pid in self.pids(second).values():
            os.kill(pid, 0)
        again = run("--stop", "--data", first)
        self.assertEqual((again.returncode, again.stdout), (0, f"nothing that was started under {first} is running\n"))

    def test_a_season_that_has_been_archived_does_not_keep_it_from_starting(self):
        folder = self.folder()
        self.start(folder)
        run("--stop", "--data", folder)
        archived = subprocess.run([ZIPING_OF_QUICKSTART, "archive", "--year", "2022", "--to", os.path.join(folder, "2022")],
                                  env={**os.environ, "ZIPING_CONFIG": os.path.join(folder, "ziping.yaml")},
                                  capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(archived.returncode, 0, archived.stderr)
        port, out = self.start(folder)
        self.assertIn("the samples were refused", out)
        self.assertEqual(requests.get(f"http://127.0.0.1:{port}/readyz", timeout=30).status_code, 200)

    def test_killing_the_active_worker_lets_the_other_take_over(self):
        folder = self.folder()
        port, _ = self.start(folder)
        os.kill(self.pids(folder)["worker-1"], 9)
        answer = requests.post(f"http://127.0.0.1:{port}/v1/submissions", json=form_of(1, "接管"), timeout=60,
                               headers={"Prefer": "wait=25"})
        self.assertEqual((answer.status_code, answer.json()["status"]), (201, "scored"))

    def test_options(self):
        helped = run("--help")
        self.assertEqual(helped.returncode, 0)
        for option in ("--detach", "--port", "--data", "--workers", "--stop"):
            self.assertIn(option, helped.stdout)
        for wrong, told in ((["--port", "x"], "--port takes a whole number from 1 to 65535"),
                            (["--nothing"], "no option --nothing"), (["--workers"], "--workers needs a value"),
                            (["--data", "/proc/x"], "/proc/x cannot be made"),
                            (["--data", "/tmp/a b"], "characters that nginx's settings cannot hold")):
            done = run(*wrong)
            self.assertNotEqual(done.returncode, 0)
            self.assertTrue(re.match(r"quickstart: .*\n$", done.stderr), done.stderr)
            self.assertIn(told, done.stderr)


if __name__ == "__main__":
    unittest.main()
