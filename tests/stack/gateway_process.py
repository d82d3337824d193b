"""A real ziping-gateway in a folder of its own, for black-box tests. ZP_BIN names the build directory."""
import glob
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

import fcgi_client as fcgi

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.join(os.environ.get("ZP_BIN", os.path.join(ROOT, "build")), "gateway", "ziping-gateway")
JSON = {"CONTENT_TYPE": "application/json"}
MAX_BODY = 65536


class Gateway:
    """A gateway with a data folder of its own. stdin: the inherited socket, when there is one; the rest: its settings."""

    def __init__(self, peer_users=(), listen=None, stdin=subprocess.DEVNULL, heartbeat_ms=1000, descriptors=None,
                 **settings):
        self.before = ["prlimit", f"--nofile={descriptors}:{descriptors}"] if descriptors else []
        self.folder = tempfile.mkdtemp(prefix="zp-fastcgi-")
        self.socket = os.path.join(self.folder, "s", "gateway.sock")
        self.config = os.path.join(self.folder, "ziping.yaml")
        profile = os.path.join(ROOT, "conf", "profiles", "mof-2020.yaml")
        users = "  peer_users: [%s]\n" % ", ".join(peer_users) if peer_users else ""
        settings = {"threads": 1, "max_body": MAX_BODY, "max_parked": 100, "min_free_disk": 1048576,
                    "listen": listen or self.socket, **settings}
        if peer_users:
            settings["peer_users"] = "[%s]" % ", ".join(peer_users)
        with open(self.config, "w", encoding="utf-8") as out:
            out.write(f"data_dir: {self.folder}/data\nprofiles: [{profile}]\nmap_size: 1073741824\n"
                      "gateway:\n" + "".join(f"  {name}: {value}\n" for name, value in settings.items()) +
                      f"worker:\n  heartbeat_ms: {heartbeat_ms}\n")
        try:
            self.start(stdin)
        except AssertionError:
            self.discard()
            raise

    def start(self, stdin=subprocess.DEVNULL):
        self.process = subprocess.Popen([*self.before, PROGRAM, "--config", self.config], stdin=stdin,
                                        stderr=subprocess.PIPE, text=True)
        self.log = ""
        for line in self.process.stderr:
            self.log += line
            if " ready " in line:
                return
        self.process.communicate()
        raise AssertionError("the gateway did not start:\n" + self.log)

    def connect(self):
        return fcgi.Connection(self.socket)

    def is_serving(self):
        with self.connect() as connection:
            return connection.ask("GET", "/healthz").status == 200

    def metric(self, name):
        with self.connect() as connection:
            text = connection.ask("GET", "/metrics").body.decode()
        return int(float(re.search(rf"^\w*{name}(?:_total)? (\S+)", text, re.M).group(1)))

    def wait_for_metric(self, name, value):
        while self.metric(name) != value:  # the test's own timeout ends this
            pass

    def stop(self):
        """SIGTERM; the exit code, and what was logged in `log`."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        _, rest = self.process.communicate(timeout=fcgi.TIMEOUT_S)
        self.log += rest or ""
        return self.process.returncode

    def try_second(self, config):
        """The exit code of another gateway that starts beside this one, and what it said in `said`."""
        done = subprocess.run([PROGRAM, "--config", config], capture_output=True, text=True, timeout=fcgi.TIMEOUT_S,
                              check=False)
        self.said = done.stderr
        return done.returncode

    def kill(self):
        """As a power cut would."""
        self.process.kill()
        self.process.communicate()

    def discard(self):
        if self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder)


def form():
    with open(sorted(glob.glob(os.path.join(ROOT, "tests", "forms", "seed-*.json")))[0], "rb") as source:
        return source.read()


class Case(unittest.TestCase):
    def setUp(self):
        signal.signal(signal.SIGALRM, self.on_hang)
        signal.alarm(60)
        self.addCleanup(signal.alarm, 0)

    def on_hang(self, *_):
        self.fail("what this test waits for did not happen")

    def gateway(self, **settings):
        gateway = Gateway(**settings)
        self.addCleanup(gateway.discard)
        return gateway

    def assert_clean_stop(self, gateway):
        self.assertEqual(gateway.stop(), 0, gateway.log)
        self.assertNotIn("Sanitizer", gateway.log)
        self.assertNotIn("runtime error", gateway.log)
