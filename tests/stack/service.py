"""The whole service as its users meet it: nginx, gateway, workers and notifier in a folder of their own.

ZP_BIN names the build directory. Clients are requests, curl and pyzmq. Nothing sleeps for a time: every wait is for a
state that can be seen, and a hang ends by the test's own alarm.
"""
import copy
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

import msgpack
import requests
import zmq

from actors import BUILD, GUARD_S, JOBS, NOTIFIER, READY, ROOT, VERSION, WORKER, Program, hang, seed

GATEWAY = os.path.join(BUILD, "gateway", "ziping-gateway")
ZIPING = os.path.join(BUILD, "common", "cli", "ziping")
WEBHOOKS = os.path.join(BUILD, "worker", "webhooks", "ziping-webhooks")
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin")
HANG_S = 240
LEAST_PORT = 10000
JSON = {"Content-Type": "application/json"}


def free_port():
    """One that no outgoing connection is given meanwhile: from below the system's range for those."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as source:
        above = int(source.read().split()[0])
    while True:
        port = random.SystemRandom().randrange(LEAST_PORT, above)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass  # somebody has it


def form_of(number=1, project=None, **cells):
    """One of the six real forms, under another project's name."""
    form = copy.deepcopy(seed(number))
    if project is not None:
        form["project_name"] = project
    form.update(cells)
    return form


def body_of(form):
    return json.dumps(form, ensure_ascii=False).encode()


class Nginx:
    """conf/nginx.conf, its words filled in as its comment says."""

    def __init__(self, folder, port, gateway_socket, patience, www):
        for name in ("log", "nginx", "run"):
            os.makedirs(os.path.join(folder, name), exist_ok=True)
        with open(os.path.join(ROOT, "conf", "fastcgi.conf"), encoding="utf-8") as source:
            text = source.read()
        with open(os.path.join(folder, "nginx", "fastcgi.conf"), "w", encoding="utf-8") as out:
            out.write(text.replace("fastcgi_read_timeout 40s;", f"fastcgi_read_timeout {patience};"))
        with open(os.path.join(ROOT, "conf", "nginx.conf"), encoding="utf-8") as template:
            text = template.read()
        words = {"@USER@": "user root;" if os.getuid() == 0 else "", "@PORT@": str(port), "@DATA@": folder,
                 "@SOCKET@": gateway_socket, "@WWW@": www}
        for word, value in words.items():
            text = text.replace(word, value)
        self.folder, self.path = folder, os.path.join(folder, "nginx.conf")
        with open(self.path, "w", encoding="utf-8") as out:
            out.write(text)
        self.log_path = os.path.join(folder, "log", "nginx.log")
        self.start()

    def start(self):
        self.process = subprocess.Popen([NGINX, "-e", self.log_path, "-p", self.folder, "-c", self.path, "-g", "daemon off;"],
                                        stdin=subprocess.DEVNULL)

    def stop(self):
        """SIGTERM; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(GUARD_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as source:
            return source.read()


class Service:
    """A folder with settings, and what has been started on it. The arguments are settings of the gateway's."""

    def __init__(self, **gateway):
        self.folder = tempfile.mkdtemp(prefix="zp-svc-")
        self.data = os.path.join(self.folder, "data")
        self.run = os.path.join(self.data, "run")
        self.config = os.path.join(self.folder, "ziping.yaml")
        self.settings = {"data_dir": self.data, "map_size": 1 << 28,
                         "profiles": f"[{os.path.join(ROOT, 'conf', 'profiles', 'mof-2020.yaml')}]"}
        self.blocks = {"gateway": {"threads": 2, "min_free_disk": 1 << 20, **gateway},
                       "worker": {"heartbeat_ms": 200}, "notifier": {"beat_ms": 100}}
        self.write_settings()
        self.www = os.path.join(ROOT, "conf", "www")
        self.environment = {}  # more of it, for programs started from then on
        self.programs = []
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.nginx = self.gateway = self.notifier = None
        self.http = requests.Session()

    def write_settings(self, **changes):
        self.settings.update(changes)
        with open(self.config, "w", encoding="utf-8") as out:
            for key, value in self.settings.items():
                out.write(f"{key}: {value}\n")
            for name, block in self.blocks.items():
                out.write(f"{name}:\n" + "".join(f"  {key}: {value}\n" for key, value in block.items()))

    # ---- starting and ending ----

    def start_program(self, path, config=None, **environment):
        program = Program(path, config or self.config, **{**self.environment, **environment})
        self.programs.append(program)
        return program

    def start_gateway(self, **more):
        self.gateway = self.start_program(GATEWAY, **more).wait_for("ready")
        return self.gateway

    def start_worker(self, event="ready"):
        return self.start_program(WORKER).wait_for(event)

    def start_notifier(self):
        self.notifier = self.start_program(NOTIFIER).wait_for("ready")
        return self.notifier

    def start_webhooks(self):
        return self.start_program(WEBHOOKS).wait_for("ready")

    def start_nginx(self, patience="40s"):
        self.nginx = Nginx(self.folder, self.port, os.path.join(self.run, "gateway.sock"), patience, self.www)
        self.wait(self.is_listening)

    def is_listening(self):
        assert self.nginx.process.poll() is None, "nginx has ended"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def start(self, workers=1, **nginx):
        self.start_gateway()
        for number in range(workers):
            self.start_worker("standby" if number else "ready")
        self.start_notifier()
        self.start_nginx(**nginx)
        self.wait(lambda: self.http.get(self.url + "/readyz").status_code == 200)
        return self

    def end(self):
        """Ends what still runs, last started first. Gives for each program that ran: name, exit code, log."""
        try:
            return self.end_programs()
        finally:
            self.discard()

    def end_programs(self):
        ended = []
        if self.nginx:
            ended.append(("nginx", self.nginx.stop(), self.nginx.log()))
        for program in reversed(self.programs):
            if program.process.poll() is None:
                program.process.send_signal(signal.SIGTERM)
            code = program.wait_for_end()
            ended.append((os.path.basename(program.path), code, program.log()))
        return ended

    def discard(self):
        self.http.close()
        for program in self.programs:
            program.discard()
        shutil.rmtree(self.folder)

    # ---- asking ----

    @staticmethod
    def wait(condition):
        """Until the condition holds; the test's alarm ends what never comes."""
        while not condition():
            pass

    def submit(self, form, **headers):
        body = form if isinstance(form, bytes) else body_of(form)
        return self.http.post(self.url + "/v1/submissions", data=body, headers={**JSON, **headers})

    def get(self, path, **headers):
        return self.http.get(self.url + path, headers=headers)

    def status(self, ident, wait=0):
        return self.get(f"/v1/submissions/{ident}", **({"Prefer": f"wait={wait}"} if wait else {})).json()

    def scored(self, ident):
        """The status document once the form has its score."""
        document = {}
        self.wait(lambda: document.update(self.status(ident, wait=5)) or document["status"] != "queued")
        return document

    def events(self, after=0):
        """All events after that number, by as many pages as it takes."""
        found = []
        while page := self.get(f"/v1/events?after={after}&limit=1000").json()["events"]:
            found += page
            after = int(page[-1]["id"])
        return found

    def lose_workers(self, count):
        """One after the other, workers that take whatever they are given and are never heard again."""
        with zmq.Context() as context:
            for _ in range(count):
                with context.socket(zmq.DEALER) as worker:
                    worker.linger = 0
                    worker.connect(f"ipc://{self.run}/dispatch.sock")
                    worker.send(msgpack.packb([VERSION, READY, 10]))
                    while msgpack.unpackb(worker.recv(), strict_map_key=False)[1] != JOBS:
                        pass
                self.wait(lambda: self.metric("ziping_workers") == 0)

    def metric(self, name):
        text = self.get("/metrics").text
        return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(name + " "))

    def ziping(self, *arguments, stdin=None, timeout=GUARD_S):
        """Runs the ziping command towards this service."""
        environment = {**os.environ, "ZIPING_URL": self.url, "ZIPING_CONFIG": self.config,
                       "ZIPING_PROFILE": os.path.join(ROOT, "conf", "profiles", "mof-2020.yaml")}
        return subprocess.run([ZIPING, *arguments], input=stdin, capture_output=True, text=True, timeout=timeout,
                              env=environment, check=False)


class ServiceCase(unittest.TestCase):
    def setUp(self):
        signal.signal(signal.SIGALRM, hang)
        signal.alarm(HANG_S)
        self.addCleanup(signal.alarm, 0)

    def service(self, **gateway):
        service = Service(**gateway)
        self.addCleanup(self.check_end, service)
        return service

    def check_end(self, service):
        for name, code, log in service.end():
            # Killed by the test, or ended in order; a sanitizer's report has an exit code of its own.
            self.assertIn(code, (0, -signal.SIGKILL), f"{name}:\n{log}")
            for word in ("Sanitizer", "runtime error", "Assertion", "exited on signal", "[emerg]"):
                self.assertNotIn(word, log, name)

    def assert_problem(self, response, status, code):
        self.assertEqual(response.status_code, status, response.text)
        self.assertEqual(response.headers["Content-Type"], "application/problem+json")
        problem = response.json()
        self.assertEqual((problem["status"], problem["code"]), (status, code), problem)
        for key in ("type", "title", "detail", "detail_zh", "errors"):
            self.assertIn(key, problem)
        return problem
