"""What is measured, and beside what: the whole service, the echo with and without kept connections, the durable peer.

Each stands on a folder and a port of its own, takes the same loads, and is ended by whoever started it.
"""
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request

from actors import BUILD, ROOT
from machine import children_of
from service import Nginx, Service, body_of, form_of, free_port

HERE = os.path.dirname(os.path.abspath(__file__))
BENCH = os.path.join(BUILD, "tests", "bench")
REDIS = shutil.which("redis-server")
PATIENCE_S = 120
IDS = 500  # submissions that the polls go round


def wait_until(condition, what="the service"):
    """Looks fifty times a second: looking costs time, too."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {PATIENCE_S} s for {what}")
        time.sleep(0.02)


def fetch(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


def write_form(path):
    with open(path, "wb") as out:
        out.write(body_of(form_of(1, "@PROJECT@")))


class Load:
    """One run of the load generator, begun by the constructor; `end` waits for it and gives its figures."""

    def __init__(self, port, connections, seconds, *words, **options):
        command = [os.path.join(BENCH, "load"), "--port", str(port), "--connections", str(connections), "--seconds",
                   str(seconds)]
        for name, value in options.items():
            command += ["--" + name, str(value)]
        self.process = subprocess.Popen([*command, *map(str, words)], stdout=subprocess.PIPE, text=True)

    def end(self):
        text, _ = self.process.communicate()
        assert self.process.returncode == 0, "the load did not end in order"
        return Figures(json.loads(text))

    def give_up(self):
        """Harmless once it has ended in order."""
        if not self.process.stdout.closed:
            self.process.kill()
            self.process.communicate()


class Figures:
    def __init__(self, told):
        self.told = told
        self.seconds, self.connections = told["seconds"], told["connections"]
        self.good, self.rate = told["good"], told["good_in_time"] / told["seconds"]
        self.items = told["items_in_time"] / told["seconds"]
        self.busy = told["busy_in_time"] / told["seconds"]
        self.faults = told["busy"] + told["bad"] + told["broken"] + told["unanswered"]
        self.slowest, self.middle, self.quickest = (told[f"{which}_client"] for which in ("slowest", "middle", "quickest"))

    def ms(self, share, verdict="good", since="latency"):
        return self.told[since][verdict][f"{share}_us"] / 1000


def told_otherwise(nginx, *changes):
    """Starts it again with changes of its files: (name, pattern, what stands there instead)."""
    wait_until(lambda: os.path.exists(os.path.join(nginx.folder, "run", "nginx.pid")), "nginx")
    for name, pattern, instead in changes:
        path = os.path.join(nginx.folder, name)
        with open(path, encoding="utf-8") as source:
            text, count = re.subn(pattern, instead, source.read())
        assert count, f"{path} is not as this expects it"
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
    nginx.stop()
    nginx.start()


class Echo:
    """nginx with the service's own configuration, and the least that a libfcgi program can do behind it."""

    def __init__(self, keep):
        self.name = "echo, kept connections" if keep else "echo, a connection each"
        self.folder = tempfile.mkdtemp(prefix="zp-echo-")
        self.form = os.path.join(self.folder, "form.json")
        self.paths = os.path.join(self.folder, "paths")
        self.port, self.nginx, self.process, self.keep = free_port(), None, None, keep
        write_form(self.form)
        with open(self.paths, "w", encoding="utf-8") as out:
            out.write("/v1/submissions/01a208b5-a57a-7000-8ff6-fe53412ffce8\n")

    def start(self):
        socket = os.path.join(self.folder, "echo.sock")
        self.process = subprocess.Popen([os.path.join(BENCH, "echo_fcgi"), socket], stdout=subprocess.DEVNULL)
        wait_until(lambda: os.path.exists(socket) or self.process.poll() is not None, "the echo's socket")
        self.nginx = Nginx(self.folder, self.port, socket, "40s", os.path.join(ROOT, "conf", "www"))
        if not self.keep:
            self.let_go()
        wait_until(self.answers, "the echo")

    def let_go(self):
        """The same nginx, told to make a connection for each request."""
        told_otherwise(self.nginx, ("nginx.conf", r"\n *keepalive \d+;", ""),
                       ("nginx.conf", r"(upstream \w+ \{[^}]*?)\n *keepalive_requests \d+;", r"\1"),
                       ("nginx/fastcgi.conf", r"fastcgi_keep_conn on;", "fastcgi_keep_conn off;"))

    def answers(self):
        assert self.process.poll() is None and self.nginx.process.poll() is None, f"{self.name} has ended"
        return subprocess.run(["curl", "-fs", "-o", "/dev/null", f"http://127.0.0.1:{self.port}/healthz"],
                              check=False).returncode == 0

    def drain(self):
        """Nothing is left to do once the answer is out."""

    def end(self):
        if self.nginx:
            self.nginx.stop()
        if self.process:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder)


class Peer:
    """peer.go and a Redis that syncs each command before it answers (appendfsync always), by Debian's packages."""
    proxied = False

    def __init__(self, program):
        self.folder = tempfile.mkdtemp(prefix="zp-peer-")
        self.form, self.paths = os.path.join(self.folder, "form.json"), os.path.join(self.folder, "paths")
        self.port, self.processes, self.taken = free_port(), [], 0
        self.program, self.nginx = program, None
        write_form(self.form)

    def start(self):
        socket = os.path.join(self.folder, "redis.sock")
        self.run(REDIS, "--port", "0", "--unixsocket", socket, "--dir", self.folder, "--appendonly", "yes",
                   "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0", "--save", "", "--loglevel", "warning")
        wait_until(lambda: os.path.exists(socket), "Redis")
        self.run(self.program, "-listen", f"127.0.0.1:{self.port}", "-redis", socket)
        if self.proxied:
            self.go_behind_nginx()
        wait_until(self.answers, "the peer")
        self.submit_ids()

    def go_behind_nginx(self):
        """The same nginx, told to speak HTTP to it."""
        behind, self.port = self.port, free_port()
        self.nginx = Nginx(self.folder, self.port, "unused", "40s", os.path.join(ROOT, "conf", "www"))
        told_otherwise(self.nginx, ("nginx.conf", r"server unix:[^;]*;", f"server 127.0.0.1:{behind};"),
                       ("nginx.conf", r"fastcgi_pass \$ziping;", "proxy_pass http://$ziping;"),
                       ("nginx.conf", r"location ~ \^/\(v1/", "location ~ ^/(scored|v1/"),
                       ("nginx/fastcgi.conf", r"(?s)\A.*\Z", 'proxy_http_version 1.1;\nproxy_set_header Connection "";\n'))

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def run(self, *command):
        self.processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))

    def answers(self):
        assert all(process.poll() is None for process in self.processes), "the peer or its Redis has ended"
        try:
            return fetch(self.url + "/scored") is not None
        except OSError:
            return False

    def submit_ids(self):
        with open(self.paths, "w", encoding="utf-8") as out:
            for number in range(IDS):
                request = urllib.request.Request(self.url + "/v1/submissions", body_of(form_of(1 + number % 6, f"轮询{number}")))
                with urllib.request.urlopen(request, timeout=30) as answer:
                    out.write(answer.headers["Location"] + "\n")
        self.taken = IDS
        self.drain()

    def drain(self):
        wait_until(lambda: int(fetch(self.url + "/scored")) >= self.taken, "the peer's line")

    def end(self):
        if self.nginx:
            self.nginx.stop()
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        shutil.rmtree(self.folder)


class ProxiedPeer(Peer):
    proxied = True


class Ziping:
    """The whole service as it is shipped: nginx, gateway, two workers of which one stands by, notifier."""
    name = "Ziping"

    def __init__(self, map_size=32 << 30, **gateway):
        self.service = Service(**gateway)
        self.service.settings["map_size"] = map_size
        self.service.blocks = {"gateway": gateway} if gateway else {}
        self.service.write_settings()
        self.form, self.paths = (os.path.join(self.service.folder, name) for name in ("form.json", "paths"))
        write_form(self.form)
        self.doubts = []

    def start(self):
        """Seconds from nothing to ready."""
        begun = time.perf_counter()
        self.service.start(workers=2)
        return time.perf_counter() - begun

    def stop(self):
        """Keeps the data."""
        self.service.end_programs()
        for program in self.service.programs:
            program.discard()
        self.service.programs, self.service.nginx = [], None

    def end(self):
        self.service.end()

    @property
    def port(self):
        return self.service.port

    def submit_ids(self):
        with open(self.paths, "w", encoding="utf-8") as out:
            for number in range(IDS):
                path = self.service.submit(form_of(1 + number % 6, f"轮询{number}"), Prefer="wait=20").headers["Location"]
                out.write(f"{path} {self.service.get(path).headers['ETag']}\n")

    # ---- looking ----

    def counters(self):
        text = self.service.get("/metrics").text
        return {words[0].removeprefix("ziping_"): float(words[1]) for words in map(str.split, text.splitlines())
                if words[0].startswith("ziping_") and len(words) == 2}

    def drain(self):
        wait_until(lambda: self.counters()["pending"] == 0, "the queue to be empty")

    def workers(self):
        """Those that run, the active one first."""
        return [program for program in self.service.programs
                if program.process.args[0].endswith("worker") and program.process.poll() is None]

    def pids(self):
        named = list(zip(("worker", "standby"), self.workers()))
        named += [("gateway", self.service.gateway), ("notifier", self.service.notifier)]
        return [(name, program.process.pid) for name, program in named] + \
               [("nginx", pid) for pid in children_of(self.service.nginx.process.pid)]

    def bytes_on_disk(self):
        return {store: os.stat(os.path.join(self.service.data, store, "data.mdb")).st_blocks * 512
                for store in ("intake", "scores")}

    def doubt(self, what):
        self.doubts.append(what)
